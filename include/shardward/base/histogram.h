/*
 * histogram - how values are spread, in buckets that grow with the value: a percentile is at
 * most a quarter too high. Values are whole numbers, as microseconds.
 *
 *   values 0..7 have a bucket each; from then on each power of two has four.
 */
#ifndef SW_BASE_HISTOGRAM_H
#define SW_BASE_HISTOGRAM_H

#include <stdint.h>

enum {
    SW_HISTOGRAM_BUCKETS = 120,
    SW_HISTOGRAM_HIGHEST = 0x7fffffff, /* larger values count as this one */
};

struct sw_histogram {
    uint64_t counts[SW_HISTOGRAM_BUCKETS];
};

int sw_histogram_bucket(uint64_t value);
uint64_t sw_histogram_most(int bucket); /* the largest value of a bucket */

static inline void sw_histogram_add(struct sw_histogram *histogram, uint64_t value)
{
    histogram->counts[sw_histogram_bucket(value)]++;
}

void sw_histogram_merge(struct sw_histogram *into, const struct sw_histogram *from);
/* The value that @per_cent of all values do not exceed, rounded up to the end of its bucket; 0
 * when there are none. */
uint64_t sw_histogram_percentile(const struct sw_histogram *histogram, int per_cent);

#endif
