#include "shardward/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void integers_are_read_as_by_postgresql(void **state)
{
    static const struct {
        const char *text;
        bool is_read;
        int64_t value;
    } rows[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"+7", true, 7},
        {"007", true, 7},
        {" \t\n\v\f\r42 \t\n\v\f\r", true, 42},
        {"9223372036854775807", true, INT64_MAX},
        {"9223372036854775808", false, 0},
        {"-9223372036854775808", true, INT64_MIN},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999", false, 0},
        {"18446744073709551616", false, 0},
        {"", false, 0},
        {" ", false, 0},
        {"-", false, 0},
        {"+", false, 0},
        {"--1", false, 0},
        {"- 1", false, 0},
        {"1 2", false, 0},
        {"1.0", false, 0},
        {"1e3", false, 0},
        {"0x10", false, 0},
        {"1_000", false, 0},
        {"/", false, 0},
        {":", false, 0},
        {"\xb2", false, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t value = -77;

        assert_int_equal(sw_text_to_int64(rows[i].text, strlen(rows[i].text), &value),
                         rows[i].is_read);
        assert_true(value == (rows[i].is_read ? rows[i].value : -77));
    }
}

static void an_integer_ends_where_it_is_told(void **state)
{
    int64_t value;

    assert_true(sw_text_to_int64("123", 2, &value));
    assert_int_equal(value, 12);
    assert_false(sw_text_to_int64("123", 0, &value));
    assert_false(sw_text_to_int64("1\0", 2, &value));
}

static void only_ascii_letters_are_lowered(void **state)
{
    char out[16];

    assert_true(sw_text_lower("AZaz@[`{09_-\xc3\x84", out, sizeof out));
    assert_string_equal(out, "azaz@[`{09_-\xc3\x84");
    assert_true(sw_text_lower("", out, 1));
    assert_string_equal(out, "");
}

static void a_lowered_text_must_fit(void **state)
{
    char out[4] = "xyz";

    assert_true(sw_text_lower("ABC", out, 4));
    assert_string_equal(out, "abc");
    assert_false(sw_text_lower("ABCD", out, 4));
    assert_false(sw_text_lower("", out, 0));
}

static void a_text_is_found_among_others(void **state)
{
    static const char *const sorted[] = {"A", "a", "ab", "b"};

    for (size_t i = 0; i < 4; i++)
        assert_true(sw_text_is_one_of(sorted[i], sorted, 4));
    assert_false(sw_text_is_one_of("", sorted, 4));
    assert_false(sw_text_is_one_of("aa", sorted, 4));
    assert_false(sw_text_is_one_of("c", sorted, 4));
    assert_false(sw_text_is_one_of("b", sorted, 3));
}

static void only_whole_characters_count(void **state)
{
    static const struct {
        const char *text;
        size_t valid;
    } rows[] = {
        {"", 0},
        {"select", 6},
        {"eight by eight bytes are read at once", 37},
        {"\x7f", 1},
        {"\x80", 0},
        {"ab\x80", 2},
        {"12345678\x80", 8},
        {"1234567\x80", 7},
        {"\xc1\xbf", 0},
        {"\xc2\x80", 2},
        {"\xc2", 0},
        {"\xc2\x7f", 0},
        {"\xc2\xc0", 0},
        {"\xdf\xbf", 2},
        {"\xe0\x9f\xbf", 0},
        {"\xe0\xa0\x80", 3},
        {"\xe2\x82", 0},
        {"\xe2\x82\xac\xe2\x82", 3},
        {"\xed\x9f\xbf", 3},
        {"\xed\xa0\x80", 0},
        {"\xef\xbf\xbf", 3},
        {"\xf0\x8f\xbf\xbf", 0},
        {"\xf0\x90\x80\x80", 4},
        {"\xf4\x8f\xbf\xbf", 4},
        {"\xf4\x90\x80\x80", 0},
        {"\xf5\x80\x80\x80", 0},
        {"\xff", 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(sw_text_utf8_len(rows[i].text, strlen(rows[i].text)), rows[i].valid);
    assert_int_equal(sw_text_utf8_len("a\0b", 3), 3);
}

static void a_literal_says_what_the_text_is(void **state)
{
    static const struct {
        const char *text, *literal;
    } rows[] = {
        {"", "''"},
        {"it's", "'it''s'"},
        {"''", "''''''"},
        {"a\\b", " E'a\\\\b'"},
        {"\\'", " E'\\\\'''"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *literal = sw_text_literal(rows[i].text);

        assert_string_equal(literal, rows[i].literal);
        free(literal);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_whole_characters_count),
        cmocka_unit_test(integers_are_read_as_by_postgresql),
        cmocka_unit_test(an_integer_ends_where_it_is_told),
        cmocka_unit_test(only_ascii_letters_are_lowered),
        cmocka_unit_test(a_lowered_text_must_fit),
        cmocka_unit_test(a_text_is_found_among_others),
        cmocka_unit_test(a_literal_says_what_the_text_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
