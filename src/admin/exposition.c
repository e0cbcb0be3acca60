/*
 * The bounds of a histogram are those of buckets at powers of two, from 64 us to a minute: a
 * bucket of ours never lies on both sides of one.
 */
#include "shardward/admin/exposition.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_POWER = 6, LAST_POWER = 26, PER_POWER = 4, SINGLES = 8, SINGLE_POWERS = 3 };

const char sw_exposition_content_type[] = "text/plain; version=0.0.4; charset=utf-8";

void sw_exposition_init(struct sw_exposition *to, struct sw_buf *out)
{
    *to = (struct sw_exposition){.out = out};
}

void sw_exposition_family(struct sw_exposition *to, enum sw_metric_type type, const char *name,
                          const char *help)
{
    to->type = type;
    to->name = name;
    to->help = help;
    to->has_samples = false;
}

/* In a help a line end and a backslash are escaped, in a value a quote too. */
static void put_escaped(struct sw_buf *out, const char *text, const char *escaped)
{
    while (*text != '\0') {
        size_t plain = strcspn(text, escaped);

        (void)sw_buf_append(out, text, plain);
        text += plain;
        if (*text == '\0')
            return;
        (void)sw_buf_printf(out, "\\%c", *text == '\n' ? 'n' : *text);
        text++;
    }
}

static void introduce(struct sw_exposition *to)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};

    if (to->has_samples)
        return;
    to->has_samples = true;
    (void)sw_buf_printf(to->out, "# HELP %s ", to->name);
    put_escaped(to->out, to->help, "\\\n");
    (void)sw_buf_printf(to->out, "\n# TYPE %s %s\n", to->name, types[to->type]);
}

static void put_label(struct sw_buf *out, char before, const struct sw_label *label)
{
    (void)sw_buf_printf(out, "%c%s=\"", before, label->name);
    put_escaped(out, label->value == NULL ? "" : label->value, "\\\n\"");
    (void)sw_buf_append_text(out, "\"");
}

/* `name{labels} ` of a sample; @bound NULL: no `le` among the labels. */
static void put_name(struct sw_exposition *to, const char *suffix,
                     const struct sw_label *labels, int count, const char *bound)
{
    const struct sw_label le = {"le", bound};

    introduce(to);
    (void)sw_buf_printf(to->out, "%s%s", to->name, suffix);
    for (int i = 0; i < count; i++)
        put_label(to->out, i == 0 ? '{' : ',', &labels[i]);
    if (bound != NULL)
        put_label(to->out, count == 0 ? '{' : ',', &le);
    (void)sw_buf_append_text(to->out, count > 0 || bound != NULL ? "} " : " ");
}

static void put_count(struct sw_exposition *to, uint64_t value)
{
    (void)sw_buf_printf(to->out, "%" PRIu64 "\n", value);
}

static void put_real(struct sw_exposition *to, double value)
{
    if (isnan(value))
        (void)sw_buf_append_text(to->out, "NaN\n");
    else if (isinf(value))
        (void)sw_buf_append_text(to->out, value > 0 ? "+Inf\n" : "-Inf\n");
    else
        (void)sw_buf_printf(to->out, "%.15g\n", value);
}

void sw_exposition_count(struct sw_exposition *to, const struct sw_label *labels, int count,
                         uint64_t value)
{
    put_name(to, "", labels, count, NULL);
    put_count(to, value);
}

void sw_exposition_real(struct sw_exposition *to, const struct sw_label *labels, int count,
                        double value)
{
    put_name(to, "", labels, count, NULL);
    put_real(to, value);
}

/* The bucket that ends before 2^@power. */
static int last_bucket_below(int power)
{
    return SINGLES + (power - SINGLE_POWERS) * PER_POWER - 1;
}

void sw_exposition_histogram(struct sw_exposition *to, const struct sw_label *labels, int count,
                             const struct sw_histogram *histogram, uint64_t sum_us)
{
    uint64_t seen = 0;
    int bucket = 0;

    for (int power = FIRST_POWER; power <= LAST_POWER; power++) {
        int last = last_bucket_below(power);
        char bound[32];

        for (; bucket <= last; bucket++)
            seen += histogram->counts[bucket];
        (void)snprintf(bound, sizeof bound, "%.15g", (double)sw_histogram_most(last) / 1e6);
        put_name(to, "_bucket", labels, count, bound);
        put_count(to, seen);
    }
    for (; bucket < SW_HISTOGRAM_BUCKETS; bucket++)
        seen += histogram->counts[bucket];
    put_name(to, "_bucket", labels, count, "+Inf");
    put_count(to, seen);
    put_name(to, "_sum", labels, count, NULL);
    put_real(to, (double)sum_us / 1e6);
    put_name(to, "_count", labels, count, NULL);
    put_count(to, seen);
}
