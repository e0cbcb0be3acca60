/*
 * numeric - as numeric_send() writes it: how many digits, the weight of the first one, sign and
 * display scale, and then the digits, of base 10000; 16 bits each.
 *
 *   12345.6780   3 digits, weight 1, +, scale 4:   1 2345 6780
 *
 * There are no leading zeros, so that of two numbers of one sign the greater weight tells the
 * greater magnitude, and digits compare as bytes do. Zero has no digits. The scale does not
 * count: 1.0 equals 1.00.
 */
#include "internal.h"

enum {
    HEADER = 8,
    LARGEST_DIGIT = 9999,
    /* Signs. */
    POSITIVE = 0x0000,
    NEGATIVE = 0x4000,
    NAN_SIGN = 0xc000,
    PLUS_INFINITY = 0xd000,
    MINUS_INFINITY = 0xf000,
    /* A head has room for so many digits, of 14 bits. */
    HEAD_DIGITS = 3,
    DIGIT_BITS = 14,
};

/* Where numbers stand of which that is all there is to know. */
enum rank { BELOW_ALL, BELOW_ZERO, ZERO, ABOVE_ZERO, ABOVE_ALL, NO_NUMBER };

static int digit_count(const uint8_t *bytes)
{
    return sw_get_int16(bytes);
}

static enum rank rank_of(const uint8_t *bytes)
{
    switch (sw_get_int16(bytes + 4)) {
    case MINUS_INFINITY:
        return BELOW_ALL;
    case PLUS_INFINITY:
        return ABOVE_ALL;
    case NAN_SIGN:
        return NO_NUMBER;
    case NEGATIVE:
        return digit_count(bytes) == 0 ? ZERO : BELOW_ZERO;
    default:
        return digit_count(bytes) == 0 ? ZERO : ABOVE_ZERO;
    }
}

bool sw_numeric_admits(const uint8_t *bytes, size_t len)
{
    uint16_t sign;

    if (len < HEADER || len != HEADER + 2 * (size_t)digit_count(bytes))
        return false;
    sign = sw_get_int16(bytes + 4);
    if (sign == NAN_SIGN || sign == PLUS_INFINITY || sign == MINUS_INFINITY)
        return true;
    if (sign != POSITIVE && sign != NEGATIVE)
        return false;
    for (size_t at = HEADER; at < len; at += 2)
        if (sw_get_int16(bytes + at) > LARGEST_DIGIT)
            return false;
    return len == HEADER || sw_get_int16(bytes + HEADER) != 0;
}

static int weight_of(const uint8_t *bytes)
{
    return (int16_t)sw_get_int16(bytes + 2);
}

/* Of numbers other than zero; below 2^58. */
static uint64_t magnitude_head(const uint8_t *bytes)
{
    uint64_t head = (uint64_t)(weight_of(bytes) - INT16_MIN);

    for (int i = 0; i < HEAD_DIGITS; i++) {
        head <<= DIGIT_BITS;
        if (i < digit_count(bytes))
            head |= sw_get_int16(bytes + HEADER + (size_t)i * 2);
    }
    return head;
}

uint64_t sw_numeric_head(const uint8_t *bytes)
{
    const uint64_t middle = (uint64_t)1 << 63;

    switch (rank_of(bytes)) {
    case BELOW_ALL:
        return 0;
    case BELOW_ZERO:
        return middle - 1 - magnitude_head(bytes);
    case ZERO:
        return middle;
    case ABOVE_ZERO:
        return middle + 1 + magnitude_head(bytes);
    case ABOVE_ALL:
        return UINT64_MAX - 1;
    case NO_NUMBER:
        break;
    }
    return UINT64_MAX;
}

static bool has_digits_from(const uint8_t *bytes, int from)
{
    for (int i = from; i < digit_count(bytes); i++)
        if (sw_get_int16(bytes + HEADER + (size_t)i * 2) != 0)
            return true;
    return false;
}

static int compare_magnitudes(const uint8_t *a, const uint8_t *b)
{
    int common = digit_count(a) < digit_count(b) ? digit_count(a) : digit_count(b);
    int result = weight_of(a) - weight_of(b);

    if (result == 0)
        result = memcmp(a + HEADER, b + HEADER, (size_t)common * 2);
    if (result == 0)
        result = has_digits_from(a, common) - has_digits_from(b, common);
    return result;
}

int sw_numeric_compare(const uint8_t *a, const uint8_t *b)
{
    enum rank rank = rank_of(a);

    if (rank != rank_of(b))
        return (int)rank - (int)rank_of(b);
    if (rank == ABOVE_ZERO)
        return compare_magnitudes(a, b);
    return rank == BELOW_ZERO ? compare_magnitudes(b, a) : 0;
}
