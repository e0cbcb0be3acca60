/*
 * exposition - metrics as text, in Prometheus' format (version 0.0.4,
 * https://prometheus.io/docs/instrumenting/exposition_formats/).
 *
 * A family is begun once, and its samples follow it at once: the same labels never twice. A
 * family without samples leaves no trace. Pure.
 */
#ifndef SW_ADMIN_EXPOSITION_H
#define SW_ADMIN_EXPOSITION_H

#include "shardward/base/buf.h"
#include "shardward/base/histogram.h"

enum sw_metric_type { SW_METRIC_COUNTER, SW_METRIC_GAUGE, SW_METRIC_HISTOGRAM };

/* "text/plain; version=0.0.4; charset=utf-8" */
extern const char sw_exposition_content_type[];

struct sw_label {
    const char *name;
    const char *value; /* NULL: as the empty text, which means that there is no such label */
};

struct sw_exposition {
    struct sw_buf *out; /* borrowed */
    const char *name, *help;
    enum sw_metric_type type;
    bool has_samples; /* the family has been introduced */
};

void sw_exposition_init(struct sw_exposition *to, struct sw_buf *out);
/* @name and @help are borrowed until the next family. */
void sw_exposition_family(struct sw_exposition *to, enum sw_metric_type type, const char *name,
                          const char *help);
void sw_exposition_count(struct sw_exposition *to, const struct sw_label *labels, int count,
                         uint64_t value);
void sw_exposition_real(struct sw_exposition *to, const struct sw_label *labels, int count,
                        double value);
/* A histogram of microseconds, whose sum is @sum_us, in seconds. */
void sw_exposition_histogram(struct sw_exposition *to, const struct sw_label *labels, int count,
                             const struct sw_histogram *histogram, uint64_t sum_us);

#endif
