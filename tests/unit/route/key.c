/*
 * Buckets are of 1024, worked out with the xxHash library itself from the canonical bytes: they
 * are on disk in every installation, so these numbers may never change.
 */
#include "shardward/route/key.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
    BUCKETS = 1024,
    OF_42 = 968,
    OF_ABC = 336,
    OF_123_TEXT = 154,
    OF_UUID = 918,
    OF_DAY = 375,
    OF_MOMENT = 875,
};

#define UUID "00112233-4455-6677-8899-aabbccddeeff"
#define UUID_BYTES "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff"
#define STRING(t) .kind = SW_VALUE_STRING, .text = (t), .text_len = sizeof(t) - 1
#define INTEGER(n) .kind = SW_VALUE_INTEGER, .integer = (n)
#define PARAMETER .kind = SW_VALUE_PARAMETER, .parameter = 1
#define TEXT(t)                                                                                \
    {                                                                                          \
        .bytes = (const uint8_t *)(t), .len = sizeof(t) - 1                                    \
    }
#define BINARY(t)                                                                              \
    {                                                                                          \
        .bytes = (const uint8_t *)(t), .len = sizeof(t) - 1, .is_binary = true                 \
    }

struct row {
    const char *name;
    enum sw_key_type type;
    struct sw_value value;
    struct sw_parameter bound;
    uint32_t oid;
    bool has_other_uses;
    enum sw_key_status status;
    int bucket;
    const char *sqlstate;
};

#define BIGINT(...) SW_KEY_BIGINT, {__VA_ARGS__}, {0}, 0, false
#define OF_TEXT(...) SW_KEY_TEXT, {__VA_ARGS__}, {0}, 0, false
#define OF_UUID_KEY(...) SW_KEY_UUID, {__VA_ARGS__}, {0}, 0, false
#define IN(bucket) SW_KEY_KNOWN, (bucket), NULL
#define NOT(sqlstate) SW_KEY_UNKNOWN, 0, (sqlstate)

static const struct row rows[] = {
    {"an_integer_is_a_bigint", BIGINT(INTEGER(42)), IN(OF_42)},
    {"a_negative_integer_is_a_bigint", BIGINT(INTEGER(-42)), IN(619)},
    {"the_highest_bigint_has_a_bucket", BIGINT(INTEGER(INT64_MAX)), IN(838)},
    {"the_lowest_bigint_has_a_bucket", BIGINT(INTEGER(INT64_MIN)), IN(607)},
    {"an_int2_fits_up_to_32767", BIGINT(INTEGER(32767), .cast = SW_CAST_INT2), IN(0)},
    {"32768_is_no_int2", BIGINT(INTEGER(32768), .cast = SW_CAST_INT2), NOT("22003")},
    {"an_int2_fits_down_to_minus_32768", BIGINT(INTEGER(-32768), .cast = SW_CAST_INT2), IN(0)},
    {"minus_32769_is_no_int2", BIGINT(INTEGER(-32769), .cast = SW_CAST_INT2), NOT("22003")},
    {"2147483647_is_an_int4", BIGINT(INTEGER(INT32_MAX), .cast = SW_CAST_INT4), IN(0)},
    {"2147483648_is_no_int4", BIGINT(INTEGER(INT32_MAX + 1LL), .cast = SW_CAST_INT4),
     NOT("22003")},
    {"a_string_of_digits_is_a_bigint", BIGINT(STRING("42")), IN(OF_42)},
    {"int8in_takes_spaces_a_sign_and_zeros", BIGINT(STRING(" \t+0042 \n")), IN(OF_42)},
    {"the_highest_bigint_may_be_a_string", BIGINT(STRING("9223372036854775807")), IN(838)},
    {"one_more_is_out_of_range", BIGINT(STRING("9223372036854775808")), NOT("22003")},
    {"the_lowest_bigint_may_be_a_string", BIGINT(STRING("-9223372036854775808")), IN(607)},
    {"one_less_is_out_of_range", BIGINT(STRING("-9223372036854775809")), NOT("22003")},
    {"an_empty_string_is_no_bigint", BIGINT(STRING("")), NOT("22P02")},
    {"a_sign_is_no_bigint", BIGINT(STRING("-")), NOT("22P02")},
    {"a_fraction_is_no_bigint", BIGINT(STRING("42.0")), NOT("22P02")},
    {"a_word_is_no_bigint", BIGINT(STRING("abc")), NOT("22P02")},
    {"spaces_within_are_no_bigint", BIGINT(STRING("4 2")), NOT("22P02")},
    {"a_string_cast_to_int2_has_its_range", BIGINT(STRING("32768"), .cast = SW_CAST_INT2),
     NOT("22003")},
    {"a_string_cast_to_int8_is_a_bigint", BIGINT(STRING("42"), .cast = SW_CAST_INT8),
     IN(OF_42)},
    {"a_text_is_no_bigint", BIGINT(STRING("42"), .cast = SW_CAST_TEXT), NOT("0A000")},
    {"a_uuid_is_no_bigint", BIGINT(STRING("42"), .cast = SW_CAST_UUID), NOT("0A000")},
    {"null_equals_nothing", BIGINT(.kind = SW_VALUE_NULL), SW_KEY_NULL, 0, NULL},
    {"an_expression_cannot_be_told", BIGINT(.kind = SW_VALUE_UNKNOWN), NOT("0A000")},
    {"default_cannot_be_told", BIGINT(.kind = SW_VALUE_DEFAULT), NOT("0A000")},

    {"a_string_is_a_text", OF_TEXT(STRING("abc")), IN(OF_ABC)},
    {"a_string_may_be_empty", OF_TEXT(STRING("")), IN(194)},
    {"a_text_is_its_utf8_bytes", OF_TEXT(STRING("sch\xc3\xb6n")), IN(158)},
    {"digits_of_a_text_are_bytes", OF_TEXT(STRING("123")), IN(OF_123_TEXT)},
    {"a_string_cast_to_text_is_a_text", OF_TEXT(STRING("abc"), .cast = SW_CAST_TEXT),
     IN(OF_ABC)},
    {"an_integer_is_no_text", OF_TEXT(INTEGER(123)), NOT("42883")},
    {"an_integer_cast_to_text_is_its_digits", OF_TEXT(INTEGER(123), .cast = SW_CAST_TEXT),
     IN(OF_123_TEXT)},
    {"an_int4_is_no_text", OF_TEXT(INTEGER(123), .cast = SW_CAST_INT4), NOT("0A000")},
    {"a_uuid_is_no_text", OF_TEXT(STRING(UUID), .cast = SW_CAST_UUID), NOT("0A000")},

    {"a_uuid_has_hyphens", OF_UUID_KEY(STRING(UUID)), IN(OF_UUID)},
    {"a_uuid_may_have_braces", OF_UUID_KEY(STRING("{" UUID "}")), IN(OF_UUID)},
    {"a_uuid_needs_no_hyphens", OF_UUID_KEY(STRING("00112233445566778899AABBCCDDEEFF")),
     IN(OF_UUID)},
    {"hyphens_stand_behind_any_four_digits",
     OF_UUID_KEY(STRING("0011-2233-4455-6677-8899-aabb-ccdd-eeff")), IN(OF_UUID)},
    {"hyphens_stand_nowhere_else", OF_UUID_KEY(STRING("00-112233445566778899aabbccddeeff")),
     NOT("22P02")},
    {"no_hyphen_ends_a_uuid", OF_UUID_KEY(STRING(UUID "-")), NOT("22P02")},
    {"a_brace_is_closed", OF_UUID_KEY(STRING("{" UUID)), NOT("22P02")},
    {"a_brace_is_opened", OF_UUID_KEY(STRING(UUID "}")), NOT("22P02")},
    {"a_uuid_has_no_spaces", OF_UUID_KEY(STRING(" " UUID)), NOT("22P02")},
    {"31_digits_are_no_uuid", OF_UUID_KEY(STRING("00112233445566778899aabbccddeef")),
     NOT("22P02")},
    {"33_digits_are_no_uuid", OF_UUID_KEY(STRING("00112233445566778899aabbccddeeff0")),
     NOT("22P02")},
    {"an_empty_string_is_no_uuid", OF_UUID_KEY(STRING("")), NOT("22P02")},
    {"a_lone_brace_is_no_uuid", OF_UUID_KEY(STRING("{")), NOT("22P02")},
    {"a_letter_beyond_f_is_no_uuid", OF_UUID_KEY(STRING("g0112233445566778899aabbccddeeff")),
     NOT("22P02")},
    {"a_string_cast_to_uuid_is_a_uuid", OF_UUID_KEY(STRING(UUID), .cast = SW_CAST_UUID),
     IN(OF_UUID)},
    {"an_integer_is_no_uuid", OF_UUID_KEY(INTEGER(1)), NOT("0A000")},
    {"a_text_is_no_uuid", OF_UUID_KEY(STRING(UUID), .cast = SW_CAST_TEXT), NOT("0A000")},

#define BOUND(type, value, oid) (type), {PARAMETER}, value, (oid), false
#define BOUND_AS(type, to, value, oid) (type), {PARAMETER, .cast = (to)}, value, (oid), false
#define SHARED(type, value, oid) (type), {PARAMETER}, value, (oid), true
    {"a_text_parameter_is_a_bigint", BOUND(SW_KEY_BIGINT, TEXT("42"), 0), IN(OF_42)},
    {"a_parameter_that_only_a_server_can_tell_is_unknown",
     BOUND(SW_KEY_BIGINT, {.is_unknown = true}, 20), NOT("0A000")},
    {"unknown_is_no_declaration", BOUND(SW_KEY_BIGINT, TEXT("42"), 705), IN(OF_42)},
    {"an_int8_has_8_bytes", BOUND(SW_KEY_BIGINT, BINARY("\0\0\0\0\0\0\0\x2a"), 20), IN(OF_42)},
    {"an_int4_has_4_bytes", BOUND(SW_KEY_BIGINT, BINARY("\0\0\0\x2a"), 23), IN(OF_42)},
    {"an_int2_has_2_bytes", BOUND(SW_KEY_BIGINT, BINARY("\0\x2a"), 21), IN(OF_42)},
    {"an_int2_may_be_negative", BOUND(SW_KEY_BIGINT, BINARY("\xff\xd6"), 21), IN(619)},
    {"an_int4_may_be_negative", BOUND(SW_KEY_BIGINT, BINARY("\xff\xff\xff\xd6"), 23), IN(619)},
    {"an_int8_may_be_negative",
     BOUND(SW_KEY_BIGINT, BINARY("\xff\xff\xff\xff\xff\xff\xff\xd6"), 20), IN(619)},
    {"an_int8_of_4_bytes_is_refused", BOUND(SW_KEY_BIGINT, BINARY("\0\0\0\x2a"), 20),
     NOT("08P01")},
    {"an_int8_of_no_bytes_is_refused", BOUND(SW_KEY_BIGINT, BINARY(""), 20), NOT("08P01")},
    {"undeclared_binary_may_have_8_bytes",
     BOUND(SW_KEY_BIGINT, BINARY("\0\0\0\0\0\0\0\x2a"), 0), IN(OF_42)},
    {"undeclared_binary_has_no_3_bytes", BOUND(SW_KEY_BIGINT, BINARY("\0\0\x2a"), 0),
     NOT("08P01")},
    {"an_int2_as_text_has_its_range", BOUND(SW_KEY_BIGINT, TEXT("32768"), 21), NOT("22003")},
    {"an_int4_as_text_has_its_range", BOUND(SW_KEY_BIGINT, TEXT("2147483648"), 23),
     NOT("22003")},
    {"a_numeric_is_no_key", BOUND(SW_KEY_BIGINT, TEXT("42"), 1700), NOT("0A000")},
    {"a_float_is_no_key", BOUND(SW_KEY_BIGINT, TEXT("42"), 701), NOT("0A000")},
    {"a_declared_text_is_no_bigint", BOUND(SW_KEY_BIGINT, TEXT("42"), 25), NOT("0A000")},
    {"a_declared_text_may_be_cast", BOUND_AS(SW_KEY_BIGINT, SW_CAST_INT8, TEXT("42"), 25),
     IN(OF_42)},
    {"a_declared_text_in_binary_may_be_cast",
     BOUND_AS(SW_KEY_BIGINT, SW_CAST_INT4, BINARY("42"), 1043), IN(OF_42)},
    {"a_cast_text_has_the_range_of_its_cast",
     BOUND_AS(SW_KEY_BIGINT, SW_CAST_INT2, TEXT("32768"), 25), NOT("22003")},
    {"a_cast_declares_an_undeclared_parameter",
     BOUND_AS(SW_KEY_BIGINT, SW_CAST_INT4, BINARY("\0\0\0\x2a"), 0), IN(OF_42)},
    {"and_then_its_length_counts",
     BOUND_AS(SW_KEY_BIGINT, SW_CAST_INT4, BINARY("\0\0\0\0\0\0\0\x2a"), 0), NOT("22P03")},
    {"an_int8_may_be_cast_to_int2",
     BOUND_AS(SW_KEY_BIGINT, SW_CAST_INT2, BINARY("\0\0\0\0\0\0\0\x2a"), 20), IN(OF_42)},
    {"but_it_has_to_fit", BOUND_AS(SW_KEY_BIGINT, SW_CAST_INT2, BINARY("\0\0\0\0\0\1\0\0"), 20),
     NOT("22003")},
    {"a_parameter_cast_to_text_is_no_bigint",
     BOUND_AS(SW_KEY_BIGINT, SW_CAST_TEXT, TEXT("42"), 0), NOT("0A000")},
    {"a_null_parameter_equals_nothing", BOUND(SW_KEY_BIGINT, {0}, 20), SW_KEY_NULL, 0, NULL},

    {"a_shared_parameter_may_be_a_small_integer", SHARED(SW_KEY_BIGINT, TEXT("42"), 0),
     IN(OF_42)},
    {"a_float4_holds_2_to_the_24th", SHARED(SW_KEY_BIGINT, TEXT("16777216"), 0), IN(0)},
    {"a_float4_does_not_hold_more", SHARED(SW_KEY_BIGINT, TEXT("16777217"), 0), NOT("0A000")},
    {"a_negative_oid_is_another_number", SHARED(SW_KEY_BIGINT, TEXT("-1"), 0), NOT("0A000")},
    {"a_shared_parameter_may_be_no_integer", SHARED(SW_KEY_BIGINT, TEXT("4.5"), 0),
     NOT("0A000")},
    {"shared_binary_may_be_anything", SHARED(SW_KEY_BIGINT, BINARY("\0\0\0\x2a"), 0),
     NOT("0A000")},
    {"a_declared_type_settles_it", SHARED(SW_KEY_BIGINT, BINARY("\0\0\0\x2a"), 23), IN(OF_42)},
    {"a_shared_text_may_be_a_name", SHARED(SW_KEY_TEXT, TEXT("abc"), 0), NOT("0A000")},
    {"a_declared_text_may_be_shared", SHARED(SW_KEY_TEXT, TEXT("abc"), 25), IN(OF_ABC)},
    {"a_shared_uuid_is_a_uuid", SHARED(SW_KEY_UUID, TEXT(UUID), 0), IN(OF_UUID)},

    {"a_parameter_is_a_text", BOUND(SW_KEY_TEXT, TEXT("abc"), 0), IN(OF_ABC)},
    {"text_is_the_same_in_binary", BOUND(SW_KEY_TEXT, BINARY("abc"), 0), IN(OF_ABC)},
    {"a_varchar_is_a_text", BOUND(SW_KEY_TEXT, BINARY("abc"), 1043), IN(OF_ABC)},
    {"a_bpchar_is_no_text", BOUND(SW_KEY_TEXT, TEXT("abc"), 1042), NOT("0A000")},
    {"a_name_is_no_text", BOUND(SW_KEY_TEXT, TEXT("abc"), 19), NOT("0A000")},
    {"an_int4_parameter_is_no_text", BOUND(SW_KEY_TEXT, TEXT("123"), 23), NOT("0A000")},
    {"an_int4_parameter_cast_to_text_is_no_text",
     BOUND_AS(SW_KEY_TEXT, SW_CAST_TEXT, TEXT("123"), 23), NOT("0A000")},
    {"a_uuid_parameter_may_be_text", BOUND(SW_KEY_UUID, TEXT(UUID), 2950), IN(OF_UUID)},
    {"a_uuid_parameter_may_be_binary", BOUND(SW_KEY_UUID, BINARY(UUID_BYTES), 2950),
     IN(OF_UUID)},
    {"an_undeclared_uuid_may_be_binary", BOUND(SW_KEY_UUID, BINARY(UUID_BYTES), 0),
     IN(OF_UUID)},
    {"a_uuid_has_16_bytes", BOUND(SW_KEY_UUID, BINARY(UUID_BYTES "\0"), 2950), NOT("22P03")},
    {"a_declared_text_is_no_uuid", BOUND(SW_KEY_UUID, TEXT(UUID), 25), NOT("0A000")},
    {"a_declared_text_may_be_cast_to_uuid",
     BOUND_AS(SW_KEY_UUID, SW_CAST_UUID, BINARY(UUID), 25), IN(OF_UUID)},

#define OF_DATE(...) SW_KEY_DATE, {__VA_ARGS__}, {0}, 0, false
#define OF_TIMESTAMP(...) SW_KEY_TIMESTAMP, {__VA_ARGS__}, {0}, 0, false
#define OF_TIMESTAMPTZ(...) SW_KEY_TIMESTAMPTZ, {__VA_ARGS__}, {0}, 0, false
#define DAY "2026-11-24"
    {"a_string_is_a_date", OF_DATE(STRING(DAY)), IN(OF_DAY)},
    {"a_string_cast_to_date_is_a_date", OF_DATE(STRING(DAY), .cast = SW_CAST_DATE), IN(OF_DAY)},
    {"days_that_were_added_up_are_a_date", OF_DATE(INTEGER(9824), .cast = SW_CAST_DATE),
     IN(OF_DAY)},
    {"an_integer_is_no_date", OF_DATE(INTEGER(9824)), NOT("0A000")},
    {"a_timestamp_is_no_date", OF_DATE(STRING(DAY), .cast = SW_CAST_TIMESTAMP), NOT("0A000")},
    {"a_date_that_depends_on_datestyle_is_refused", OF_DATE(STRING("11/24/2026")),
     NOT("0A000")},
    {"a_day_that_is_on_no_calendar_is_an_error", OF_DATE(STRING("2026-02-30")), NOT("22008")},
    {"a_date_parameter_may_be_text", BOUND(SW_KEY_DATE, TEXT(DAY), 0), IN(OF_DAY)},
    {"a_date_parameter_may_carry_a_zone", BOUND(SW_KEY_DATE, TEXT(DAY " +08"), 0), IN(OF_DAY)},
    {"a_date_parameter_may_be_binary", BOUND(SW_KEY_DATE, BINARY("\0\0\x26\x60"), 1082),
     IN(OF_DAY)},
    {"an_undeclared_date_may_be_binary", BOUND(SW_KEY_DATE, BINARY("\0\0\x26\x60"), 0),
     IN(OF_DAY)},
    {"a_date_has_4_bytes", BOUND(SW_KEY_DATE, BINARY("\0\0\0\0\0\0\x26\x60"), 1082),
     NOT("22P03")},
    {"a_date_of_2_bytes_is_short", BOUND(SW_KEY_DATE, BINARY("\x26\x60"), 1082), NOT("08P01")},
    {"a_timestamp_parameter_is_no_date", BOUND(SW_KEY_DATE, TEXT(DAY), 1114), NOT("0A000")},
    {"a_text_parameter_is_no_date", BOUND(SW_KEY_DATE, TEXT(DAY), 25), NOT("0A000")},
    {"a_text_parameter_may_be_cast_to_date", BOUND_AS(SW_KEY_DATE, SW_CAST_DATE, TEXT(DAY), 25),
     IN(OF_DAY)},
    {"a_shared_date_may_be_a_timestamp", SHARED(SW_KEY_DATE, TEXT(DAY), 0), NOT("0A000")},
    {"a_declared_date_may_be_shared", SHARED(SW_KEY_DATE, TEXT(DAY), 1082), IN(OF_DAY)},
    {"a_string_is_a_timestamp", OF_TIMESTAMP(STRING("2026-11-24 09:30")), IN(OF_MOMENT)},
    {"a_timestamp_ignores_the_offset", OF_TIMESTAMP(STRING("2026-11-24T09:30:00+08")),
     IN(OF_MOMENT)},
    {"a_date_is_no_timestamp", OF_TIMESTAMP(STRING(DAY), .cast = SW_CAST_DATE), NOT("0A000")},
    {"a_timestamptz_is_no_timestamp", BOUND(SW_KEY_TIMESTAMP, TEXT(DAY), 1184), NOT("0A000")},
    {"a_timestamp_may_be_binary",
     BOUND(SW_KEY_TIMESTAMP, BINARY("\0\3\x04\x01\x1f\x7e\x96\0"), 1114), IN(OF_MOMENT)},
    {"a_timestamp_has_8_bytes", BOUND(SW_KEY_TIMESTAMP, BINARY("\0\0\x26\x60"), 1114),
     NOT("08P01")},
    {"a_timestamptz_is_the_moment_in_utc", OF_TIMESTAMPTZ(STRING("2026-11-24 17:30+08")),
     IN(OF_MOMENT)},
    {"a_timestamptz_needs_an_offset", OF_TIMESTAMPTZ(STRING("2026-11-24 09:30")), NOT("0A000")},
    {"a_timestamptz_may_be_binary",
     BOUND(SW_KEY_TIMESTAMPTZ, BINARY("\0\3\x04\x01\x1f\x7e\x96\0"), 1184), IN(OF_MOMENT)},
};

static void run_row(void **state)
{
    const struct row *row = *state;
    struct sw_parameters parameters = {&row->bound, 1, &row->oid, 1, NULL, NULL};
    struct sw_key_source source = {&parameters, &row->has_other_uses, false};
    struct sw_key_value key;
    struct sw_error err = {0};

    assert_int_equal(sw_key_read(row->type, &row->value, &source, &key, &err), row->status);
    if (row->sqlstate != NULL)
        assert_string_equal(err.sqlstate, row->sqlstate);
    if (row->status == SW_KEY_KNOWN && row->bucket != 0)
        assert_int_equal(sw_key_hash(&key, 1) % BUCKETS, row->bucket);
}

static void an_unbound_parameter_is_unbound(void **state)
{
    struct sw_parameters parameters = {0};
    struct sw_key_source source = {.parameters = &parameters};
    struct sw_value value = {PARAMETER};
    struct sw_key_value key;
    struct sw_error err;

    assert_int_equal(sw_key_read(SW_KEY_BIGINT, &value, &source, &key, &err), SW_KEY_UNBOUND);
    source.parameters = NULL;
    assert_int_equal(sw_key_read(SW_KEY_BIGINT, &value, &source, &key, &err), SW_KEY_UNBOUND);
}

static void a_parameter_beyond_the_last_is_a_protocol_error(void **state)
{
    struct sw_parameter bound = TEXT("42");
    struct sw_parameters parameters = {&bound, 1, NULL, 0, NULL, NULL};
    struct sw_key_source source = {.parameters = &parameters};
    struct sw_value value = {.kind = SW_VALUE_PARAMETER, .parameter = 2};
    struct sw_key_value key;
    struct sw_error err;

    assert_int_equal(sw_key_read(SW_KEY_BIGINT, &value, &source, &key, &err), SW_KEY_UNKNOWN);
    assert_string_equal(err.sqlstate, "08P01");
}

static void a_text_without_an_offset_is_utc_if_the_session_is(void **state)
{
    struct sw_key_source source = {.is_utc = false};
    struct sw_value value = {STRING("2026-11-24 09:30")};
    struct sw_key_value key;
    struct sw_error err;

    assert_int_equal(sw_key_read(SW_KEY_TIMESTAMPTZ, &value, &source, &key, &err),
                     SW_KEY_UNKNOWN);
    assert_string_equal(err.sqlstate, "0A000");
    source.is_utc = true;
    assert_int_equal(sw_key_read(SW_KEY_TIMESTAMPTZ, &value, &source, &key, &err),
                     SW_KEY_KNOWN);
    assert_int_equal(key.number, INT64_C(9824) * 86400000000 + INT64_C(34200000000));
}

/* The elements of one array parameter, joined by commas; or the SQLSTATE; or what it is. */
struct array_row {
    const char *name;
    enum sw_key_type type;
    enum sw_cast cast;
    struct sw_parameter bound;
    uint32_t oid;
    bool has_other_uses;
    const char *elements;
};

#define ARRAY(type, oid, value, elements) type, SW_CAST_NONE, value, oid, false, elements
#define INT4S                                                                                  \
    "\0\0\0\1"                                                                                 \
    "\0\0\0\0"                                                                                 \
    "\0\0\0\x17"                                                                               \
    "\0\0\0\2"                                                                                 \
    "\0\0\0\1"

static const struct array_row arrays[] = {
    {"an_array_of_bigints", ARRAY(SW_KEY_BIGINT, 1016, TEXT("{1,-2}"), "1,-2")},
    {"an_undeclared_array_is_one_of_keys", ARRAY(SW_KEY_BIGINT, 0, TEXT("{1,2}"), "1,2")},
    {"null_elements_equal_nothing", ARRAY(SW_KEY_BIGINT, 0, TEXT("{1,NULL,2}"), "1,2")},
    {"an_empty_array_has_no_element", ARRAY(SW_KEY_BIGINT, 0, TEXT("{}"), "")},
    {"a_null_array_is_null", ARRAY(SW_KEY_BIGINT, 0, {0}, "null")},
    {"int2_elements_have_their_range", ARRAY(SW_KEY_BIGINT, 1005, TEXT("{32768}"), "22003")},
    {"a_word_among_numbers_is_an_error", ARRAY(SW_KEY_BIGINT, 0, TEXT("{1,x}"), "22P02")},
    {"what_is_no_array_is_refused", ARRAY(SW_KEY_BIGINT, 0, TEXT("1,2"), "0A000")},
    {"an_array_of_arrays_is_refused", ARRAY(SW_KEY_BIGINT, 0, TEXT("{{1},{2}}"), "0A000")},
    {"texts_are_no_bigints", ARRAY(SW_KEY_BIGINT, 1009, TEXT("{1}"), "0A000")},
    {"numerics_are_no_bigints", ARRAY(SW_KEY_BIGINT, 1231, TEXT("{1}"), "0A000")},
    {"a_single_value_is_no_array", ARRAY(SW_KEY_BIGINT, 20, TEXT("1"), "0A000")},
    {"texts_may_be_quoted", ARRAY(SW_KEY_TEXT, 1009, TEXT("{a,\"b c\"}"), "a,b c")},
    {"varchars_are_texts", ARRAY(SW_KEY_TEXT, 1015, TEXT("{a}"), "a")},
    {"an_array_of_dates",
     ARRAY(SW_KEY_DATE, 1182, TEXT("{2000-01-02,infinity}"), "2000-01-02,infinity")},
    {"a_date_in_another_form_is_refused", ARRAY(SW_KEY_DATE, 0, TEXT("{01/02/2000}"), "0A000")},
    {"an_array_of_timestamps", ARRAY(SW_KEY_TIMESTAMP, 1115, TEXT("{\"2000-01-01 00:00:01\"}"),
                                     "2000-01-01 00:00:01.000000")},
    {"an_array_of_timestamptzs", ARRAY(SW_KEY_TIMESTAMPTZ, 1185, TEXT("{2000-01-01 02:00+02}"),
                                       "2000-01-01 00:00:00.000000+00")},
    {"an_array_of_uuids", ARRAY(SW_KEY_UUID, 2951, TEXT("{" UUID "}"), UUID)},
    {"int4s_in_binary", ARRAY(SW_KEY_BIGINT, 1007,
                              BINARY(INT4S "\0\0\0\4"
                                           "\0\0\0\7"
                                           "\xff\xff\xff\xff"),
                              "7")},
    {"undeclared_int4s_in_binary", ARRAY(SW_KEY_BIGINT, 0,
                                         BINARY(INT4S "\0\0\0\4"
                                                      "\0\0\0\7"
                                                      "\0\0\0\4"
                                                      "\xff\xff\xff\xff"),
                                         "7,-1")},
    {"an_element_has_its_length", ARRAY(SW_KEY_BIGINT, 1007,
                                        BINARY(INT4S "\0\0\0\2"
                                                     "\0\7"
                                                     "\xff\xff\xff\xff"),
                                        "08P01")},
    {"int4s_in_binary_are_no_texts", ARRAY(SW_KEY_TEXT, 1009,
                                           BINARY(INT4S "\0\0\0\1"
                                                        "a"
                                                        "\0\0\0\1"
                                                        "b"),
                                           "0A000")},
    {"half_an_array_is_refused", ARRAY(SW_KEY_BIGINT, 1007, BINARY("\0\0\0\1"), "0A000")},
    {"a_cast_names_the_elements", SW_KEY_BIGINT, SW_CAST_INT4, TEXT("{7}"), 0, false, "7"},
    {"a_shared_array_may_be_any", SW_KEY_BIGINT, SW_CAST_NONE, TEXT("{7}"), 0, true, "0A000"},
};

static void join(const struct sw_key_list *list, char *out, size_t size)
{
    size_t len = 0;

    out[0] = '\0';
    for (int i = 0; i < list->count; i++) {
        char value[SW_KEY_SHOWN];

        sw_key_value_print(&list->values[i], value);
        len += (size_t)snprintf(out + len, size - len, "%s%s", i == 0 ? "" : ",", value);
    }
}

static void run_array_row(void **state)
{
    const struct array_row *row = *state;
    struct sw_value value = {PARAMETER, .cast = row->cast, .is_array = true};
    struct sw_parameters parameters = {&row->bound, 1, &row->oid, 1, NULL, NULL};
    struct sw_key_source source = {&parameters, &row->has_other_uses, false};
    struct sw_key_list list = {0};
    struct sw_error err = {0};
    struct sw_arena arena;
    char text[200] = "null";

    sw_arena_init(&arena);
    switch (sw_key_read_array(row->type, &value, &source, &arena, &list, &err)) {
    case SW_KEY_KNOWN:
        join(&list, text, sizeof text);
        break;
    case SW_KEY_UNKNOWN:
        (void)snprintf(text, sizeof text, "%s", err.sqlstate);
        break;
    case SW_KEY_NULL:
    case SW_KEY_UNBOUND:
        break;
    }
    assert_string_equal(text, row->elements);
    sw_arena_finish(&arena);
}

int main(void)
{
    enum {
        ROWS = sizeof rows / sizeof *rows,
        ARRAYS = sizeof arrays / sizeof *arrays,
    };
    const struct CMUnitTest more[] = {
        cmocka_unit_test(an_unbound_parameter_is_unbound),
        cmocka_unit_test(a_parameter_beyond_the_last_is_a_protocol_error),
        cmocka_unit_test(a_text_without_an_offset_is_utc_if_the_session_is),
    };
    struct CMUnitTest tests[ROWS], array_tests[ARRAYS];

    for (int i = 0; i < ROWS; i++)
        tests[i] = (struct CMUnitTest){.name = rows[i].name,
                                       .test_func = run_row,
                                       .initial_state = (void *)(uintptr_t)&rows[i]};
    for (int i = 0; i < ARRAYS; i++)
        array_tests[i] = (struct CMUnitTest){.name = arrays[i].name,
                                             .test_func = run_array_row,
                                             .initial_state = (void *)(uintptr_t)&arrays[i]};
    return _cmocka_run_group_tests("values", tests, ROWS, NULL, NULL) +
           _cmocka_run_group_tests("arrays", array_tests, ARRAYS, NULL, NULL) +
           cmocka_run_group_tests_name("key", more, NULL, NULL);
}
