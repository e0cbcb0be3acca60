#include "canonical.h"

#include <inttypes.h>
#include <stdio.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

void sw_canonical_integer(struct sw_canonical *canonical, int64_t value)
{
    for (int i = 0; i < 8; i++)
        canonical->own[i] = (uint8_t)((uint64_t)value >> (8 * i));
    sw_canonical_borrow(canonical, canonical->own, 8);
}

void sw_canonical_decimal(struct sw_canonical *canonical, int64_t value)
{
    int len = snprintf((char *)canonical->own, sizeof canonical->own, "%" PRId64, value);

    sw_canonical_borrow(canonical, canonical->own, (size_t)len);
}

void sw_canonical_borrow(struct sw_canonical *canonical, const void *bytes, size_t len)
{
    canonical->bytes = bytes;
    canonical->len = len;
}

int sw_canonical_bucket(const struct sw_placement *placement,
                        const struct sw_canonical *canonical)
{
    return (int)(XXH3_64bits(canonical->bytes, canonical->len) %
                 (uint64_t)placement->bucket_count);
}
