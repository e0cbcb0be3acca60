/*
 * Numbers were worked out with PostgreSQL itself (date - '2000-01-01', extract(epoch)), and
 * hashes with the xxHash library from the canonical bytes: they are on disk in every
 * installation and may never change.
 */
#include "shardward/key/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct row {
    const char *text;
    enum sw_key_type type;
    bool is_utc;
    const char *sqlstate; /* NULL: good */
    int64_t number;
};

#define DAY INT64_C(86400000000)
#define DATE(text, number)                                                                     \
    {                                                                                          \
        text, SW_KEY_DATE, false, NULL, number                                                 \
    }
#define NO_DATE(text, sqlstate)                                                                \
    {                                                                                          \
        text, SW_KEY_DATE, false, sqlstate, 0                                                  \
    }
#define TIMESTAMP(text, number)                                                                \
    {                                                                                          \
        text, SW_KEY_TIMESTAMP, false, NULL, number                                            \
    }
#define NO_TIMESTAMP(text, sqlstate)                                                           \
    {                                                                                          \
        text, SW_KEY_TIMESTAMP, false, sqlstate, 0                                             \
    }
#define ZONED(text, number)                                                                    \
    {                                                                                          \
        text, SW_KEY_TIMESTAMPTZ, false, NULL, number                                          \
    }
#define NOT_ZONED(text, sqlstate)                                                              \
    {                                                                                          \
        text, SW_KEY_TIMESTAMPTZ, false, sqlstate, 0                                           \
    }
#define UTC(text, number)                                                                      \
    {                                                                                          \
        text, SW_KEY_TIMESTAMPTZ, true, NULL, number                                           \
    }

static const struct row rows[] = {
    DATE("2000-01-01", 0),
    DATE("1999-12-31", -1),
    DATE("2000-02-29", 59),
    DATE("2000-03-01", 60),
    DATE("2026-11-24", 9824),
    DATE("1970-01-01", -10957),
    DATE("0001-01-01", -730119),
    DATE("1900-02-28", -36466),
    DATE("1900-03-01", -36465),
    DATE("5874897-12-31", 2145031948),
    DATE("2000-1-2", 1),
    DATE("  2000-01-02\t", 1),
    DATE("2000-01-02 23:59:59", 1),
    DATE("2000-01-02T23:59:59.999999Z", 1),
    DATE("2000-01-02 +02", 1),
    DATE("infinity", INT32_MAX),
    DATE("-Infinity", INT32_MIN),
    DATE(" INFINITY ", INT32_MAX),
    NO_DATE("5874898-01-01", "22008"),
    NO_DATE("2026-02-29", "22008"),
    NO_DATE("1900-02-29", "22008"),
    NO_DATE("2026-04-31", "22008"),
    NO_DATE("2026-13-01", "22008"),
    NO_DATE("2026-00-01", "22008"),
    NO_DATE("2026-01-00", "22008"),
    NO_DATE("0000-01-01", "22008"),
    NO_DATE("", "0A000"),
    NO_DATE("01/02/2026", "0A000"),
    NO_DATE("01-02-2026", "0A000"),
    NO_DATE("26-01-02", "0A000"),
    NO_DATE("20260102", "0A000"),
    NO_DATE("Jan 2 2026", "0A000"),
    NO_DATE("2026-Jan-02", "0A000"),
    NO_DATE("2026-01-02 BC", "0A000"),
    NO_DATE("2026-01-02x", "0A000"),
    NO_DATE("2026-01-02-02", "0A000"),
    NO_DATE("2026-01", "0A000"),
    NO_DATE("2026-001-02", "0A000"),
    NO_DATE("now", "0A000"),
    NO_DATE("today", "0A000"),
    NO_DATE("epoch", "0A000"),
    NO_DATE("infinit", "0A000"),
    NO_DATE("2026-01-02 25:00", "0A000"),

    TIMESTAMP("2000-01-01", 0),
    TIMESTAMP("2000-01-01 00:00", 0),
    TIMESTAMP("2000-01-01T00:00:01", 1000000),
    TIMESTAMP("2000-01-01 00:00:00.5", 500000),
    TIMESTAMP("2000-01-01 00:00:00.000001", 1),
    TIMESTAMP("2000-01-01 23:59:59.999999", DAY - 1),
    TIMESTAMP("1999-12-31 23:59:59.999999", -1),
    TIMESTAMP("2000-01-02 01:02:03+05", DAY + INT64_C(3723000000)),
    TIMESTAMP("2000-01-02   01:02", DAY + INT64_C(3720000000)),
    TIMESTAMP("294276-12-31 23:59:59.999999", INT64_C(9223371331199999999)),
    TIMESTAMP("infinity", INT64_MAX),
    TIMESTAMP("-infinity", INT64_MIN),
    NO_TIMESTAMP("294277-01-01", "22008"),
    NO_TIMESTAMP("2000-01-01 24:00", "0A000"),
    NO_TIMESTAMP("2000-01-01 00:60", "0A000"),
    NO_TIMESTAMP("2000-01-01 00:00:60", "0A000"),
    NO_TIMESTAMP("2000-01-01 00:00:00.1234567", "0A000"),
    NO_TIMESTAMP("2000-01-01 00:00:00.", "0A000"),
    NO_TIMESTAMP("2000-01-01 1:2", "0A000"),
    NO_TIMESTAMP("2000-01-01 10:30.5", "0A000"),
    NO_TIMESTAMP("2000-01-01 01:02 PM", "0A000"),
    NO_TIMESTAMP("2000-01-01 01:02 UTC", "0A000"),
    NO_TIMESTAMP("2000-01-01 0102", "0A000"),

    ZONED("2000-01-01 00:00:00+00", 0),
    ZONED("2000-01-01 00:00:00Z", 0),
    ZONED("2000-01-01 00:00:00 z", 0),
    ZONED("2000-01-01 02:00:00+02", 0),
    ZONED("2000-01-01 02:00:00+0200", 0),
    ZONED("2000-01-01 02:00:00+02:00", 0),
    ZONED("2000-01-01 02:00:00 +02:00:00", 0),
    ZONED("1999-12-31 18:30:00-05:30", 0),
    ZONED("2000-01-01 15:59:59+15:59:59", 0),
    ZONED("2000-01-01 +02", -INT64_C(7200000000)),
    ZONED("infinity", INT64_MAX),
    NOT_ZONED("2000-01-01 00:00:00", "0A000"),
    NOT_ZONED("2000-01-01", "0A000"),
    NOT_ZONED("2000-01-01 00:00:00+16", "0A000"),
    NOT_ZONED("2000-01-01 00:00:00+2", "0A000"),
    NOT_ZONED("2000-01-01 00:00:00+020", "0A000"),
    NOT_ZONED("2000-01-01 00:00:00+02:60", "0A000"),
    NOT_ZONED("2000-01-01 00:00:00 Europe/Berlin", "0A000"),
    NOT_ZONED("2000-01-01 00:00:00 CET", "0A000"),
    NOT_ZONED("294276-12-31 23:59:59-01", "22008"),
    UTC("2000-01-01 00:00:00", 0),
    UTC("2000-01-02", DAY),
    UTC("2000-01-01 02:00:00+02", 0),

    {"42", SW_KEY_BIGINT, false, NULL, 42},
    {" -42 ", SW_KEY_BIGINT, false, NULL, -42},
    {"4.2", SW_KEY_BIGINT, false, "22P02", 0},
    {"9223372036854775808", SW_KEY_BIGINT, false, "22003", 0},
};

static void texts_become_numbers_or_are_refused(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        struct sw_key_value value;
        struct sw_error err = {.sqlstate = "-----"};
        bool is_good = sw_key_value_of_text(row->type, row->text, strlen(row->text),
                                            row->is_utc, &value, &err);

        if (is_good != (row->sqlstate == NULL) ||
            (is_good ? value.number != row->number : !sw_error_is(&err, row->sqlstate)))
            fail_msg("%s \"%s\": %s %s %lld", sw_key_type_name(row->type), row->text,
                     err.sqlstate, err.message, is_good ? (long long)value.number : 0);
        if (!is_good && sw_error_is(&err, "0A000"))
            assert_true(err.hint[0] != '\0');
    }
}

static void numbers_are_shown_in_iso_form(void **state)
{
    static const struct {
        enum sw_key_type type;
        int64_t number;
        const char *text;
    } shown[] = {
        {SW_KEY_DATE, 0, "2000-01-01"},
        {SW_KEY_DATE, 59, "2000-02-29"},
        {SW_KEY_DATE, -36465, "1900-03-01"},
        {SW_KEY_DATE, -730119, "0001-01-01"},
        {SW_KEY_DATE, -730120, "0001-12-31 BC"},
        {SW_KEY_DATE, -2451545, "4714-11-24 BC"},
        {SW_KEY_DATE, 2145031948, "5874897-12-31"},
        {SW_KEY_DATE, INT32_MAX, "infinity"},
        {SW_KEY_DATE, INT32_MIN, "-infinity"},
        {SW_KEY_TIMESTAMP, -1, "1999-12-31 23:59:59.999999"},
        {SW_KEY_TIMESTAMPTZ, 1000000, "2000-01-01 00:00:01.000000+00"},
        {SW_KEY_TIMESTAMP, INT64_MAX, "infinity"},
        {SW_KEY_BIGINT, -7, "-7"},
    };

    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        struct sw_key_value value;
        char text[SW_KEY_SHOWN];

        sw_key_value_of_number(shown[i].type, shown[i].number, &value);
        sw_key_value_print(&value, text);
        assert_string_equal(text, shown[i].text);
    }
}

static void texts_that_are_no_ascii_are_not_shown(void **state)
{
    static const char *const texts[][2] = {
        {"Harbin", "Harbin"},
        {"", ""},
        {"sch\xc3\xb6n", "..."},
        {"a\nb", "..."},
        {"1234567890123456789012345678901234567890",
         "1234567890123456789012345678901234567890"},
        {"12345678901234567890123456789012345678901", "..."},
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct sw_key_value value;
        struct sw_error err;
        char text[SW_KEY_SHOWN];

        assert_true(sw_key_value_of_text(SW_KEY_TEXT, texts[i][0], strlen(texts[i][0]), false,
                                         &value, &err));
        sw_key_value_print(&value, text);
        assert_string_equal(text, texts[i][1]);
    }
}

static void binary_forms_have_their_length_and_range(void **state)
{
    static const struct {
        enum sw_key_type type;
        const char *bytes;
        size_t len, expected;
        bool is_good;
        int64_t number;
    } forms[] = {
        {SW_KEY_BIGINT, "\xff\xfe", 2, 0, true, -2},
        {SW_KEY_BIGINT, "\0\0\0\x2a", 4, 0, true, 42},
        {SW_KEY_BIGINT, "\0\0\0\0\0\0\0\x2a", 8, 0, true, 42},
        {SW_KEY_BIGINT, "", 0, 8, false, 0},
        {SW_KEY_DATE, "\0\0\x26\x60", 4, 0, true, 9824},
        {SW_KEY_DATE, "\x7f\xff\xff\xff", 4, 0, true, INT32_MAX},
        {SW_KEY_DATE, "\x80\0\0\0", 4, 0, true, INT32_MIN},
        {SW_KEY_DATE, "\x80\0\0\1", 4, 0, false, 0},
        {SW_KEY_DATE, "\0\0\0\0\0\0\0\0", 8, 4, false, 0},
        {SW_KEY_TIMESTAMP, "\0\0\0\0\0\0\0\1", 8, 0, true, 1},
        {SW_KEY_TIMESTAMP, "\x80\0\0\0\0\0\0\0", 8, 0, true, INT64_MIN},
        {SW_KEY_TIMESTAMPTZ, "\x80\0\0\0\0\0\0\1", 8, 0, false, 0},
        {SW_KEY_TIMESTAMPTZ, "\0\0\0\1", 4, 8, false, 0},
        {SW_KEY_UUID, "0123456789abcde", 15, 16, false, 0},
    };

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct sw_key_value value = {0};
        struct sw_error err = {.sqlstate = "-----"};
        size_t expected = 99;
        bool is_good = sw_key_value_of_binary(forms[i].type, (const uint8_t *)forms[i].bytes,
                                              forms[i].len, &value, &expected, &err);

        if (is_good != forms[i].is_good || expected != forms[i].expected ||
            (is_good && value.number != forms[i].number))
            fail_msg("form %zu", i);
        if (!is_good && expected == 0)
            assert_string_equal(err.sqlstate, "22008");
    }
}

static struct sw_key_value value_of(enum sw_key_type type, const char *text)
{
    struct sw_key_value value = {0};
    struct sw_error err;

    assert_true(sw_key_value_of_text(type, text, strlen(text), true, &value, &err));
    return value;
}

static void hashes_never_change(void **state)
{
    static const struct {
        enum sw_key_type type;
        const char *text;
        uint64_t hash;
    } hashes[] = {
        {SW_KEY_BIGINT, "42", UINT64_C(0xd5a6f8c838df27c8)},
        {SW_KEY_TEXT, "abc", UINT64_C(0x78af5f94892f3950)},
        {SW_KEY_UUID, "00112233-4455-6677-8899-aabbccddeeff", UINT64_C(0xc56cde21e711bf96)},
        {SW_KEY_DATE, "2026-11-24", UINT64_C(0xcb6ab0c0f9ce4177)},
        {SW_KEY_TIMESTAMP, "2026-11-24 09:30", UINT64_C(0xf90fa1c226b2876b)},
        {SW_KEY_TIMESTAMPTZ, "2026-11-24 09:30+00", UINT64_C(0xf90fa1c226b2876b)},
    };
    struct sw_key_value pair[] = {value_of(SW_KEY_TEXT, "Harbin"),
                                  value_of(SW_KEY_BIGINT, "42")};
    struct sw_key_value numbers[] = {value_of(SW_KEY_BIGINT, "7"),
                                     value_of(SW_KEY_DATE, "2026-11-24")};

    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++) {
        struct sw_key_value value = value_of(hashes[i].type, hashes[i].text);

        assert_int_equal(sw_key_hash(&value, 1), hashes[i].hash);
    }
    assert_int_equal(sw_key_hash(pair, 2), UINT64_C(0xadd4deec8c20052a));
    assert_int_equal(sw_key_hash(numbers, 2), UINT64_C(0x94fb28ac10365770));
}

static void values_are_ordered(void **state)
{
    static const struct {
        enum sw_key_type type;
        const char *less, *more;
    } orders[] = {
        {SW_KEY_BIGINT, "-1", "1"},
        {SW_KEY_TEXT, "", "a"},
        {SW_KEY_TEXT, "a", "aa"},
        {SW_KEY_TEXT, "B", "a"},
        {SW_KEY_TEXT, "z", "\xc3\xb6"},
        {SW_KEY_DATE, "-infinity", "0001-01-01"},
        {SW_KEY_DATE, "5874897-12-31", "infinity"},
        {SW_KEY_TIMESTAMPTZ, "2026-01-01 00:00+01", "2026-01-01 00:00+00"},
        {SW_KEY_UUID, "00112233-4455-6677-8899-aabbccddeeff",
         "f0112233-4455-6677-8899-aabbccddeeff"},
    };

    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        struct sw_key_value less = value_of(orders[i].type, orders[i].less);
        struct sw_key_value more = value_of(orders[i].type, orders[i].more);

        assert_true(sw_key_value_compare(&less, &more) < 0);
        assert_true(sw_key_value_compare(&more, &less) > 0);
        assert_true(sw_key_value_equals(&less, &less));
    }
}

static void days_are_added_within_the_calendar(void **state)
{
    int64_t sum = 0;

    assert_true(sw_key_date_add(0, -1, &sum));
    assert_int_equal(sum, -1);
    assert_true(sw_key_date_add(2145031947, 1, &sum));
    assert_false(sw_key_date_add(2145031948, 1, &sum));
    assert_true(sw_key_date_add(-2451544, -1, &sum));
    assert_false(sw_key_date_add(-2451545, -1, &sum));
    assert_false(sw_key_date_add(INT32_MAX, -1, &sum));
    assert_false(sw_key_date_add(INT32_MIN, 1, &sum));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_become_numbers_or_are_refused),
        cmocka_unit_test(numbers_are_shown_in_iso_form),
        cmocka_unit_test(texts_that_are_no_ascii_are_not_shown),
        cmocka_unit_test(binary_forms_have_their_length_and_range),
        cmocka_unit_test(hashes_never_change),
        cmocka_unit_test(values_are_ordered),
        cmocka_unit_test(days_are_added_within_the_calendar),
    };

    return cmocka_run_group_tests_name("value", tests, NULL, NULL);
}
