/*
 * internal - what the files of this room tell each other about values.
 *
 * A value's head is a number that says the most of where it stands: of two values of one order,
 * both admitted, the one with the smaller head comes first. Equal heads of an exact order mean
 * equal values; of others, that they have to be compared.
 */
#ifndef SW_MERGE_INTERNAL_H
#define SW_MERGE_INTERNAL_H

#include "shardward/merge/order.h"

#include <string.h>

static inline uint16_t sw_get_int16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static inline uint32_t sw_get_int32(const uint8_t *bytes)
{
    uint32_t number;

    memcpy(&number, bytes, sizeof number);
    return __builtin_bswap32(number);
}

static inline uint64_t sw_get_int64(const uint8_t *bytes)
{
    return (uint64_t)sw_get_int32(bytes) << 32 | sw_get_int32(bytes + 4);
}

/* How much of a value counts: not the blanks at the end of character(n). */
size_t sw_order_length(enum sw_order order, const uint8_t *bytes, size_t len);
uint64_t sw_order_head(enum sw_order order, const uint8_t *bytes, size_t len);
bool sw_order_is_exact(enum sw_order order);

/* numeric.c */
bool sw_numeric_admits(const uint8_t *bytes, size_t len);
uint64_t sw_numeric_head(const uint8_t *bytes);
int sw_numeric_compare(const uint8_t *a, const uint8_t *b);

#endif
