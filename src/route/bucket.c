#include "shardward/route/key.h"

#include <assert.h>
#include <string.h>

/* The last span that begins at or below the value; -1: none does. */
static int last_span_below(const struct sw_placement *placement,
                           const struct sw_key_value *value)
{
    int low = 0, high = placement->span_count;

    while (low < high) {
        int middle = low + (high - low) / 2;
        const struct sw_key_span *span = &placement->spans[middle];

        if (span->is_from_open || sw_key_value_compare(&span->from, value) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low - 1;
}

static bool holds(const struct sw_placement *placement, const struct sw_key_span *span,
                  const struct sw_key_value *value)
{
    if (placement->kind == SW_PLACEMENT_LIST)
        return sw_key_value_equals(&span->from, value);
    return span->is_to_open || sw_key_value_compare(value, &span->to) < 0;
}

int sw_key_group(const struct sw_placement *placement, const struct sw_key_value *first)
{
    int at;

    if (placement->kind == SW_PLACEMENT_HASH)
        return 0;
    at = last_span_below(placement, first);
    if (at >= 0 && holds(placement, &placement->spans[at], first))
        return placement->spans[at].group;
    return placement->default_group;
}

int sw_key_bucket_in_group(const struct sw_placement *placement,
                           const struct sw_key_value *hashed)
{
    int parts = placement->part_count - placement->hashed_from;

    if (parts == 0)
        return 0;
    return (int)(sw_key_hash(hashed, parts) % (uint64_t)placement->group_buckets);
}

int sw_key_bucket(const struct sw_placement *placement, const struct sw_key_value *parts)
{
    int group = sw_key_group(placement, &parts[0]);

    if (group < 0)
        return -1;
    return group * placement->group_buckets +
           sw_key_bucket_in_group(placement, parts + placement->hashed_from);
}

bool sw_key_locate_text(const struct sw_placement *placement, const char *const *texts,
                        int *bucket, struct sw_error *err)
{
    struct sw_key_value parts[SW_KEY_PARTS];

    assert(placement->part_count <= SW_KEY_PARTS);
    for (int i = 0; i < placement->part_count; i++)
        if (!sw_key_value_of_text(placement->types[i], texts[i], strlen(texts[i]), false,
                                  &parts[i], err))
            return false;
    *bucket = sw_key_bucket(placement, parts);
    return true;
}
