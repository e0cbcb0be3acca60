#include "shardward/base/histogram.h"

enum { SINGLE = 8, FIRST_POWER = 3 /* 2^3 is the first value that shares a bucket */ };

int sw_histogram_bucket(uint64_t value)
{
    int power;

    if (value < SINGLE)
        return (int)value;
    if (value > SW_HISTOGRAM_HIGHEST)
        value = SW_HISTOGRAM_HIGHEST;
    power = 63 - __builtin_clzll(value);
    return SINGLE + (power - FIRST_POWER) * 4 + (int)(value >> (power - 2) & 3);
}

uint64_t sw_histogram_most(int bucket)
{
    int power = FIRST_POWER + (bucket - SINGLE) / 4;
    uint64_t quarter = (uint64_t)((bucket - SINGLE) % 4);

    if (bucket < SINGLE)
        return (uint64_t)bucket;
    return ((4 + quarter + 1) << (power - 2)) - 1;
}

void sw_histogram_merge(struct sw_histogram *into, const struct sw_histogram *from)
{
    for (int i = 0; i < SW_HISTOGRAM_BUCKETS; i++)
        into->counts[i] += from->counts[i];
}

uint64_t sw_histogram_percentile(const struct sw_histogram *histogram, int per_cent)
{
    uint64_t all = 0, wanted, seen = 0;

    for (int i = 0; i < SW_HISTOGRAM_BUCKETS; i++)
        all += histogram->counts[i];
    if (all == 0)
        return 0;
    wanted = (all * (uint64_t)per_cent + 99) / 100;
    for (int i = 0; i < SW_HISTOGRAM_BUCKETS; i++) {
        seen += histogram->counts[i];
        if (seen >= wanted && histogram->counts[i] > 0)
            return sw_histogram_most(i);
    }
    return SW_HISTOGRAM_HIGHEST;
}
