/*
 * Buckets are of 1024, worked out with the xxHash library itself from the canonical bytes: they
 * are on disk in every installation, so these numbers may never change.
 */
#include "shardward/route/key.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { BUCKETS = 1024, OF_42 = 968, OF_ABC = 336, OF_123_TEXT = 154, OF_UUID = 918 };

static const struct sw_shard shard = {.name = "s"};
static struct sw_bucket buckets[BUCKETS];

#define UUID "00112233-4455-6677-8899-aabbccddeeff"
#define UUID_BYTES "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff"
#define STRING(t) .kind = SW_VALUE_STRING, .text = (t), .text_len = sizeof(t) - 1
#define INTEGER(n) .kind = SW_VALUE_INTEGER, .integer = (n)
#define PARAMETER .kind = SW_VALUE_PARAMETER, .parameter = 1
#define TEXT(t)                                                                                \
    {                                                                                          \
        (const uint8_t *)(t), sizeof(t) - 1, false                                             \
    }
#define BINARY(t)                                                                              \
    {                                                                                          \
        (const uint8_t *)(t), sizeof(t) - 1, true                                              \
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
};

static struct sw_placement placement_of(enum sw_key_type type)
{
    for (int i = 0; i < BUCKETS; i++)
        buckets[i].shard = &shard;
    return (struct sw_placement){
        .name = "p", .key_type = type, .buckets = buckets, .bucket_count = BUCKETS};
}

static void run_row(void **state)
{
    const struct row *row = *state;
    struct sw_placement placement = placement_of(row->type);
    struct sw_parameters parameters = {&row->bound, 1, &row->oid, 1};
    struct sw_error err = {0};
    int bucket = -1;
    enum sw_key_status status = sw_key_locate(&placement, &row->value, &row->has_other_uses,
                                              &parameters, &bucket, &err);

    assert_int_equal(status, row->status);
    if (row->sqlstate != NULL)
        assert_string_equal(err.sqlstate, row->sqlstate);
    if (status != SW_KEY_KNOWN)
        assert_int_equal(bucket, -1);
    else if (row->bucket != 0)
        assert_int_equal(bucket, row->bucket);
}

static void an_unbound_parameter_is_unbound(void **state)
{
    struct sw_placement placement = placement_of(SW_KEY_BIGINT);
    struct sw_parameters parameters = {0};
    struct sw_value value = {PARAMETER};
    struct sw_error err;
    int bucket;

    assert_int_equal(sw_key_locate(&placement, &value, NULL, &parameters, &bucket, &err),
                     SW_KEY_UNBOUND);
    assert_int_equal(sw_key_locate(&placement, &value, NULL, NULL, &bucket, &err),
                     SW_KEY_UNBOUND);
}

static void a_parameter_beyond_the_last_is_a_protocol_error(void **state)
{
    struct sw_placement placement = placement_of(SW_KEY_BIGINT);
    struct sw_parameter bound = TEXT("42");
    struct sw_parameters parameters = {&bound, 1, NULL, 0};
    struct sw_value value = {.kind = SW_VALUE_PARAMETER, .parameter = 2};
    struct sw_error err;
    int bucket;

    assert_int_equal(sw_key_locate(&placement, &value, NULL, &parameters, &bucket, &err),
                     SW_KEY_UNKNOWN);
    assert_string_equal(err.sqlstate, "08P01");
}

static void a_wrong_key_is_quoted_in_the_error(void **state)
{
    struct sw_placement placement = placement_of(SW_KEY_BIGINT);
    const struct sw_shard *found = NULL;
    struct sw_error err;
    int bucket;

    assert_false(sw_key_locate_text(&placement, "abc", &bucket, &found, &err));
    assert_string_equal(err.message, "invalid input syntax for type bigint: \"abc\"");
    assert_false(sw_key_locate_text(&placement, "99999999999999999999", &bucket, &found, &err));
    assert_string_equal(err.message,
                        "value \"99999999999999999999\" is out of range for type bigint");
    assert_null(found);
}

static void a_dba_locates_a_text(void **state)
{
    struct sw_placement placement = placement_of(SW_KEY_UUID);
    const struct sw_shard *found = NULL;
    struct sw_error err;
    int bucket;

    assert_true(sw_key_locate_text(&placement, UUID, &bucket, &found, &err));
    assert_int_equal(bucket, OF_UUID);
    assert_ptr_equal(found, &shard);
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof *rows };
    const struct CMUnitTest more[] = {
        cmocka_unit_test(an_unbound_parameter_is_unbound),
        cmocka_unit_test(a_parameter_beyond_the_last_is_a_protocol_error),
        cmocka_unit_test(a_wrong_key_is_quoted_in_the_error),
        cmocka_unit_test(a_dba_locates_a_text),
    };
    struct CMUnitTest tests[ROWS];

    for (int i = 0; i < ROWS; i++)
        tests[i] = (struct CMUnitTest){.name = rows[i].name,
                                       .test_func = run_row,
                                       .initial_state = (void *)(uintptr_t)&rows[i]};
    return _cmocka_run_group_tests("values", tests, ROWS, NULL, NULL) +
           cmocka_run_group_tests_name("key", more, NULL, NULL);
}
