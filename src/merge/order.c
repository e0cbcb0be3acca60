/*
 * order - what the comparison functions of PostgreSQL's default btree operator classes do, on
 * what its send functions write.
 *
 * Whatever fits into 64 bits is compared as its head, a number made so that unsigned comparison
 * does (see internal.h): signed integers get their sign bit turned, floats that and, when
 * negative, all others.
 */
#include "internal.h"

#include <math.h>

enum { SECOND_US = 1000000, DAYS_PER_MONTH = 30 };
static const int64_t day_us = (int64_t)86400 * SECOND_US;

struct known {
    uint32_t oid;
    enum sw_order order;
    bool is_collated;
};

enum sw_order sw_order_of(uint32_t oid, bool is_bytewise)
{
    static const struct known types[] = {
        {16, SW_ORDER_UNSIGNED, false},   /* bool */
        {17, SW_ORDER_BYTES, false},      /* bytea */
        {18, SW_ORDER_UNSIGNED, false},   /* "char" */
        {19, SW_ORDER_BYTES, true},       /* name */
        {20, SW_ORDER_SIGNED, false},     /* int8 */
        {21, SW_ORDER_SIGNED, false},     /* int2 */
        {23, SW_ORDER_SIGNED, false},     /* int4 */
        {25, SW_ORDER_BYTES, true},       /* text */
        {26, SW_ORDER_UNSIGNED, false},   /* oid */
        {27, SW_ORDER_BYTES, false},      /* tid */
        {650, SW_ORDER_INET, false},      /* cidr */
        {700, SW_ORDER_FLOAT, false},     /* float4 */
        {701, SW_ORDER_FLOAT, false},     /* float8 */
        {774, SW_ORDER_BYTES, false},     /* macaddr8 */
        {790, SW_ORDER_SIGNED, false},    /* money */
        {829, SW_ORDER_BYTES, false},     /* macaddr */
        {869, SW_ORDER_INET, false},      /* inet */
        {1042, SW_ORDER_PADDED, true},    /* bpchar */
        {1043, SW_ORDER_BYTES, true},     /* varchar */
        {1082, SW_ORDER_SIGNED, false},   /* date */
        {1083, SW_ORDER_SIGNED, false},   /* time */
        {1114, SW_ORDER_SIGNED, false},   /* timestamp */
        {1184, SW_ORDER_SIGNED, false},   /* timestamptz */
        {1186, SW_ORDER_INTERVAL, false}, /* interval */
        {1266, SW_ORDER_TIMETZ, false},   /* timetz */
        {1560, SW_ORDER_BITS, false},     /* bit */
        {1562, SW_ORDER_BITS, false},     /* varbit */
        {1700, SW_ORDER_NUMERIC, false},  /* numeric */
        {2950, SW_ORDER_BYTES, false},    /* uuid */
        {3220, SW_ORDER_UNSIGNED, false}, /* pg_lsn */
        {5069, SW_ORDER_UNSIGNED, false}, /* xid8 */
    };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i].oid == oid && (is_bytewise || !types[i].is_collated))
            return types[i].order;
    return SW_ORDER_NONE;
}

static bool is_width(size_t len)
{
    return len == 1 || len == 2 || len == 4 || len == 8;
}

static uint64_t get_unsigned(const uint8_t *bytes, size_t len)
{
    switch (len) {
    case 1:
        return bytes[0];
    case 2:
        return sw_get_int16(bytes);
    case 4:
        return sw_get_int32(bytes);
    default:
        return sw_get_int64(bytes);
    }
}

static const uint64_t sign_bit = (uint64_t)1 << 63;

static uint64_t head_of_signed(uint64_t number, size_t len)
{
    const unsigned spare = (unsigned)(8 - len) * 8;

    return (uint64_t)((int64_t)(number << spare) >> spare) ^ sign_bit;
}

static uint64_t head_of_float(const uint8_t *bytes, size_t len)
{
    double value;
    uint64_t bits;

    if (len == 4) {
        const uint32_t narrow_bits = sw_get_int32(bytes);
        float narrow;

        memcpy(&narrow, &narrow_bits, sizeof narrow);
        value = narrow;
    } else {
        bits = sw_get_int64(bytes);
        memcpy(&value, &bits, sizeof value);
    }
    if (isnan(value))
        return UINT64_MAX;
    if (value == 0)
        return sign_bit; /* whatever its sign */
    memcpy(&bits, &value, sizeof bits);
    return bits & sign_bit ? ~bits : bits | sign_bit;
}

static uint64_t head_of_bytes(const uint8_t *bytes, size_t len)
{
    uint8_t first[8] = {0};

    if (len >= sizeof first)
        return sw_get_int64(bytes);
    if (len > 0)
        memcpy(first, bytes, len);
    return sw_get_int64(first);
}

static int compare_bytes(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    const size_t common = a_len < b_len ? a_len : b_len;
    int result = common == 0 ? 0 : memcmp(a, b, common);

    return result != 0 ? result : (a_len > b_len) - (a_len < b_len);
}

static size_t without_blanks(const uint8_t *bytes, size_t len)
{
    while (len > 0 && bytes[len - 1] == ' ')
        len--;
    return len;
}

/* timetz_send(): microseconds, and seconds west of Greenwich. The same moment further east is
 * less. (timetz_cmp_internal) */
enum { TIMETZ_SIZE = 12 };

static int64_t zone_of(const uint8_t *bytes)
{
    return (int32_t)sw_get_int32(bytes + 8);
}

static uint64_t head_of_timetz(const uint8_t *bytes)
{
    /* Unsigned, for what no server sends must not overflow. */
    return (sw_get_int64(bytes) + (uint64_t)(zone_of(bytes) * SECOND_US)) ^ sign_bit;
}

static int compare_timetz(const uint8_t *a, const uint8_t *b)
{
    const uint64_t a_head = head_of_timetz(a), b_head = head_of_timetz(b);

    if (a_head != b_head)
        return a_head < b_head ? -1 : 1;
    return (zone_of(a) > zone_of(b)) - (zone_of(a) < zone_of(b));
}

/* interval_send(): microseconds, days, months. A month has 30 days, a day 24 hours.
 * (interval_cmp_value) */
enum { INTERVAL_SIZE = 16, SPARE_BITS = 10 /* a span has no more than 73 */ };

__extension__ typedef __int128 span;

static span span_of(const uint8_t *bytes)
{
    const int64_t days = (int32_t)sw_get_int32(bytes + 8);
    const int64_t months = (int32_t)sw_get_int32(bytes + 12);

    return (span)(months * DAYS_PER_MONTH + days) * day_us + (int64_t)sw_get_int64(bytes);
}

/* inet_send(): family, bits of the network, whether it is a cidr (which does not count), the
 * length of the address, and the address. */
enum { INET_HEADER = 4, FAMILY_4 = 2, FAMILY_6 = 3 };

static bool admits_inet(const uint8_t *bytes, size_t len)
{
    size_t size;

    if (len < INET_HEADER || (bytes[0] != FAMILY_4 && bytes[0] != FAMILY_6))
        return false;
    size = bytes[0] == FAMILY_4 ? 4 : 16;
    return bytes[3] == size && len == INET_HEADER + size && bytes[1] <= size * 8;
}

static int compare_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    const unsigned whole = bits / 8, shift = 8 - bits % 8;
    const int result = memcmp(a, b, whole);

    if (result != 0 || bits % 8 == 0)
        return result;
    return (a[whole] >> shift) - (b[whole] >> shift);
}

/* network_cmp_internal */
static int compare_inet(const uint8_t *a, const uint8_t *b)
{
    const unsigned common = a[1] < b[1] ? a[1] : b[1];
    int result = a[0] - b[0];

    if (result == 0)
        result = compare_bits(a + INET_HEADER, b + INET_HEADER, common);
    if (result == 0)
        result = a[1] - b[1];
    if (result == 0)
        result = memcmp(a + INET_HEADER, b + INET_HEADER, a[3]);
    return result;
}

/* varbit_send(): how many bits, and the bits; those that fill the last byte are zero. */
enum { BITS_HEADER = 4 };

static int compare_bit_strings(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    const int result = compare_bytes(a + BITS_HEADER, a_len - BITS_HEADER, b + BITS_HEADER,
                                     b_len - BITS_HEADER);
    const uint32_t a_bits = sw_get_int32(a), b_bits = sw_get_int32(b);

    return result != 0 ? result : (a_bits > b_bits) - (a_bits < b_bits);
}

bool sw_order_admits(enum sw_order order, const uint8_t *bytes, size_t len)
{
    switch (order) {
    case SW_ORDER_SIGNED:
    case SW_ORDER_UNSIGNED:
        return is_width(len);
    case SW_ORDER_FLOAT:
        return len == 4 || len == 8;
    case SW_ORDER_NUMERIC:
        return sw_numeric_admits(bytes, len);
    case SW_ORDER_BITS:
        return len >= BITS_HEADER && len - BITS_HEADER == ((size_t)sw_get_int32(bytes) + 7) / 8;
    case SW_ORDER_INET:
        return admits_inet(bytes, len);
    case SW_ORDER_TIMETZ:
        return len == TIMETZ_SIZE;
    case SW_ORDER_INTERVAL:
        return len == INTERVAL_SIZE;
    case SW_ORDER_BYTES:
    case SW_ORDER_PADDED:
        return true;
    case SW_ORDER_NONE:
        break;
    }
    return false;
}

size_t sw_order_length(enum sw_order order, const uint8_t *bytes, size_t len)
{
    return order == SW_ORDER_PADDED ? without_blanks(bytes, len) : len;
}

bool sw_order_is_exact(enum sw_order order)
{
    return order == SW_ORDER_SIGNED || order == SW_ORDER_UNSIGNED || order == SW_ORDER_FLOAT;
}

uint64_t sw_order_head(enum sw_order order, const uint8_t *bytes, size_t len)
{
    switch (order) {
    case SW_ORDER_SIGNED:
        return head_of_signed(get_unsigned(bytes, len), len);
    case SW_ORDER_UNSIGNED:
        return get_unsigned(bytes, len);
    case SW_ORDER_FLOAT:
        return head_of_float(bytes, len);
    case SW_ORDER_NUMERIC:
        return sw_numeric_head(bytes);
    case SW_ORDER_BYTES:
        return head_of_bytes(bytes, len);
    case SW_ORDER_PADDED:
        return head_of_bytes(bytes, without_blanks(bytes, len));
    case SW_ORDER_BITS:
        return head_of_bytes(bytes + BITS_HEADER, len - BITS_HEADER);
    case SW_ORDER_INET:
        return bytes[0];
    case SW_ORDER_TIMETZ:
        return head_of_timetz(bytes);
    case SW_ORDER_INTERVAL:
        return (uint64_t)(int64_t)(span_of(bytes) >> SPARE_BITS) ^ sign_bit;
    case SW_ORDER_NONE:
        break;
    }
    return 0;
}

static int compare_heads(enum sw_order order, const uint8_t *a, size_t a_len, const uint8_t *b,
                         size_t b_len)
{
    const uint64_t a_head = sw_order_head(order, a, a_len);
    const uint64_t b_head = sw_order_head(order, b, b_len);

    return (a_head > b_head) - (a_head < b_head);
}

static int compare_spans(const uint8_t *a, const uint8_t *b)
{
    const span a_span = span_of(a), b_span = span_of(b);

    return (a_span > b_span) - (a_span < b_span);
}

int sw_order_compare(enum sw_order order, const uint8_t *a, size_t a_len, const uint8_t *b,
                     size_t b_len)
{
    if (!sw_order_admits(order, a, a_len) || !sw_order_admits(order, b, b_len))
        return compare_bytes(a, a_len, b, b_len);
    switch (order) {
    case SW_ORDER_SIGNED:
    case SW_ORDER_UNSIGNED:
    case SW_ORDER_FLOAT:
        return compare_heads(order, a, a_len, b, b_len);
    case SW_ORDER_NUMERIC:
        return sw_numeric_compare(a, b);
    case SW_ORDER_PADDED:
        return compare_bytes(a, without_blanks(a, a_len), b, without_blanks(b, b_len));
    case SW_ORDER_BITS:
        return compare_bit_strings(a, a_len, b, b_len);
    case SW_ORDER_INET:
        return compare_inet(a, b);
    case SW_ORDER_TIMETZ:
        return compare_timetz(a, b);
    case SW_ORDER_INTERVAL:
        return compare_spans(a, b);
    case SW_ORDER_BYTES:
    case SW_ORDER_NONE:
        break;
    }
    return compare_bytes(a, a_len, b, b_len);
}
