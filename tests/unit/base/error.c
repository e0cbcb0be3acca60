#include "shardward/base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static char long_text[2000];

static int make_long_text(void **state)
{
    memset(long_text, 'x', sizeof long_text - 1);
    return 0;
}

static void an_error_starts_anew(void **state)
{
    struct sw_error err;

    memset(&err, 'x', sizeof err);
    assert_false(sw_error_set(&err, "42601", "no %s at %d", "table", 7));
    assert_string_equal(err.sqlstate, "42601");
    assert_string_equal(err.message, "no table at 7");
    assert_string_equal(err.detail, "");
    assert_string_equal(err.hint, "");
    assert_int_equal(err.position, 0);
}

static void detail_and_hint_are_added(void **state)
{
    struct sw_error err;

    (void)sw_error_set(&err, "42601", "no");
    sw_error_detail(&err, "why %d", 1);
    sw_error_hint(&err, "do %d", 2);
    assert_string_equal(err.message, "no");
    assert_string_equal(err.detail, "why 1");
    assert_string_equal(err.hint, "do 2");
}

static void what_was_tried_stands_before(void **state)
{
    struct sw_error err;

    (void)sw_error_set(&err, "08006", "connection refused");
    sw_error_detail(&err, "why");
    sw_error_trying(&err, "node %s", "c1");
    sw_error_trying(&err, "shard %d", 3);
    assert_string_equal(err.message, "shard 3: node c1: connection refused");
    assert_string_equal(err.sqlstate, "08006");
    assert_string_equal(err.detail, "why");
}

static void what_does_not_fit_is_cut(void **state)
{
    struct sw_error err;

    (void)sw_error_set(&err, "42601", "%s", long_text);
    sw_error_detail(&err, "%s", long_text);
    sw_error_hint(&err, "%s", long_text);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    assert_int_equal(strlen(err.detail), sizeof err.detail - 1);
    assert_int_equal(strlen(err.hint), sizeof err.hint - 1);
    sw_error_trying(&err, "node");
    assert_memory_equal(err.message, "node: xxx", 9);
    assert_true(strlen(err.message) < sizeof err.message);
    sw_error_trying(&err, "%s", long_text);
    assert_memory_equal(err.message, "xxx", 3);
    assert_true(strlen(err.message) < sizeof err.message);
}

static void an_error_is_known_by_its_sqlstate(void **state)
{
    struct sw_error err;

    (void)sw_error_set(&err, "57014", "cancelled");
    assert_true(sw_error_is(&err, "57014"));
    assert_false(sw_error_is(&err, "57P01"));
    assert_false(sw_error_is(&err, "5701"));
}

static void a_cut_leaves_no_half_character(void **state)
{
    /* The message holds 511 bytes: what ends beyond is left out whole. */
    static const struct {
        int ahead; /* plain bytes before */
        const char *character;
        size_t len;
    } rows[] = {
        {509, "\xc3\xab", 511},
        {510, "\xc3\xab", 510},
        {509, "\xe6\xbc\xa2", 509},
        {508, "\xe6\xbc\xa2", 511},
        {508, "\xf0\x9f\x8f\xa5", 508},
        {507, "\xf0\x9f\x8f\xa5", 511},
        {510, "xx", 511},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sw_error err;

        (void)sw_error_set(&err, "42601", "%*s%sand more", rows[i].ahead, "",
                           rows[i].character);
        assert_int_equal(strlen(err.message), rows[i].len);
    }
}

static void what_is_no_utf8_becomes_a_question_mark(void **state)
{
    static const struct {
        const char *text, *shown;
    } rows[] = {
        {"r\xc3\xab", "r\xc3\xab"},
        {"\xff", "?"},
        {"a\xff\xffz", "a??z"},
        {"\xc3", "?"},
        {"\xc3(", "?("},
        {"\x80\xc3\xab", "?\xc3\xab"},
        {"\xed\xa0\x80", "???"},
        {"\xf0\x9f\x8f", "???"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sw_error err;

        (void)sw_error_set(&err, "42601", "%s", rows[i].text);
        sw_error_detail(&err, "%s", rows[i].text);
        sw_error_hint(&err, "%s", rows[i].text);
        assert_string_equal(err.message, rows[i].shown);
        assert_string_equal(err.detail, rows[i].shown);
        assert_string_equal(err.hint, rows[i].shown);
        sw_error_trying(&err, "%s", rows[i].text);
        assert_memory_equal(err.message, rows[i].shown, strlen(rows[i].shown));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cut_leaves_no_half_character),
        cmocka_unit_test(an_error_starts_anew),
        cmocka_unit_test(what_is_no_utf8_becomes_a_question_mark),
        cmocka_unit_test(detail_and_hint_are_added),
        cmocka_unit_test(what_was_tried_stands_before),
        cmocka_unit_test(what_does_not_fit_is_cut),
        cmocka_unit_test(an_error_is_known_by_its_sqlstate),
    };

    return cmocka_run_group_tests(tests, make_long_text, NULL);
}
