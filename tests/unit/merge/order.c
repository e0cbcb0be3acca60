/* Which values come first is told by a server: see tests/golden/orders.c. Here is the rest. */
#include "shardward/merge/order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void texts_are_known_under_a_bytewise_collation(void **state)
{
    static const struct {
        uint32_t oid;
        enum sw_order bytewise, other;
    } rows[] = {
        {25, SW_ORDER_BYTES, SW_ORDER_NONE},    /* text */
        {1042, SW_ORDER_PADDED, SW_ORDER_NONE}, /* bpchar */
        {19, SW_ORDER_BYTES, SW_ORDER_NONE},    /* name */
        {17, SW_ORDER_BYTES, SW_ORDER_BYTES},   /* bytea */
        {23, SW_ORDER_SIGNED, SW_ORDER_SIGNED}, /* int4 */
        {114, SW_ORDER_NONE, SW_ORDER_NONE},    /* json */
        {1007, SW_ORDER_NONE, SW_ORDER_NONE},   /* int4[] */
        {3802, SW_ORDER_NONE, SW_ORDER_NONE},   /* jsonb */
        {0, SW_ORDER_NONE, SW_ORDER_NONE},      {16384, SW_ORDER_NONE, SW_ORDER_NONE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(sw_order_of(rows[i].oid, true), rows[i].bytewise);
        assert_int_equal(sw_order_of(rows[i].oid, false), rows[i].other);
    }
}

#define BYTES(text) text, sizeof(text) - 1

static void only_what_a_type_sends_is_admitted(void **state)
{
    static const struct {
        enum sw_order order;
        const char *bytes;
        size_t len;
        bool is_admitted;
    } rows[] = {
        {SW_ORDER_SIGNED, BYTES(""), false},
        {SW_ORDER_SIGNED, BYTES("123"), false},
        {SW_ORDER_SIGNED, BYTES("1234"), true},
        {SW_ORDER_SIGNED, BYTES("123456789"), false},
        {SW_ORDER_FLOAT, BYTES("1"), false},
        {SW_ORDER_NUMERIC, BYTES("\0\0\0\0\0\0\0"), false},
        {SW_ORDER_NUMERIC, BYTES("\0\0\0\0\0\0\0\0"), true},
        {SW_ORDER_NUMERIC, BYTES("\0\1\0\0\0\0\0\0"), false},
        {SW_ORDER_NUMERIC, BYTES("\0\1\0\0\0\0\0\0\x27\x0f"), true},
        {SW_ORDER_NUMERIC, BYTES("\0\1\0\0\0\0\0\0\x27\x10"), false}, /* 10000 */
        {SW_ORDER_NUMERIC, BYTES("\0\1\0\0\0\0\0\0\0\0"), false},     /* begins with 0 */
        {SW_ORDER_NUMERIC, BYTES("\0\1\0\0\x10\0\0\0\0\1"), false},   /* a sign that is none */
        {SW_ORDER_BITS, BYTES("\0\0\0"), false},
        {SW_ORDER_BITS, BYTES("\0\0\0\0"), true},
        {SW_ORDER_BITS, BYTES("\0\0\0\10x"), true},
        {SW_ORDER_BITS, BYTES("\0\0\0\11x"), false},
        {SW_ORDER_BITS, BYTES("\xff\xff\xff\xffx"), false},
        {SW_ORDER_INET, BYTES("\2\40\0\4abcd"), true},
        {SW_ORDER_INET, BYTES("\2\41\0\4abcd"), false},
        {SW_ORDER_INET, BYTES("\3\40\0\4abcd"), false},
        {SW_ORDER_INET, BYTES("\2\40\0\4abcde"), false},
        {SW_ORDER_INET, BYTES(""), false},
        {SW_ORDER_TIMETZ, BYTES("12345678901"), false},
        {SW_ORDER_INTERVAL, BYTES("123456789012"), false},
        {SW_ORDER_BYTES, BYTES(""), true},
        {SW_ORDER_PADDED, BYTES("   "), true},
        {SW_ORDER_NONE, BYTES("a"), false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (sw_order_admits(rows[i].order, (const uint8_t *)rows[i].bytes, rows[i].len) !=
            rows[i].is_admitted)
            fail_msg("row %zu", i);
}

static void what_is_not_admitted_compares_as_its_bytes(void **state)
{
    const uint8_t *short_one = (const uint8_t *)"\xff", *other = (const uint8_t *)"\0\0\0";

    assert_true(sw_order_compare(SW_ORDER_FLOAT, short_one, 1, other, 3) > 0);
    assert_true(sw_order_compare(SW_ORDER_INTERVAL, other, 3, short_one, 1) < 0);
    assert_true(sw_order_compare(SW_ORDER_NUMERIC, other, 2, other, 3) < 0);
    assert_int_equal(sw_order_compare(SW_ORDER_INET, other, 0, short_one, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_known_under_a_bytewise_collation),
        cmocka_unit_test(only_what_a_type_sends_is_admitted),
        cmocka_unit_test(what_is_not_admitted_compares_as_its_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
