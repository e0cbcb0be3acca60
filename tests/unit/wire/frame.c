#include "shardward/wire/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct row {
    const char *bytes;
    size_t len, limit;
    enum sw_frame_status status;
    size_t body_len, size;
};

static void check_rows(const struct row *rows, size_t count, bool is_typed)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *bytes = (const uint8_t *)rows[i].bytes;
        struct sw_frame frame = {.size = 77};
        enum sw_frame_status status =
            is_typed ? sw_frame_next(bytes, rows[i].len, rows[i].limit, &frame)
                     : sw_frame_next_untyped(bytes, rows[i].len, rows[i].limit, &frame);

        assert_int_equal(status, rows[i].status);
        if (status == SW_FRAME_BAD || status == SW_FRAME_SHORT) {
            assert_int_equal(frame.size, 77);
            continue;
        }
        assert_int_equal(frame.type, is_typed ? 'Q' : 0);
        assert_int_equal(frame.body_len, rows[i].body_len);
        assert_int_equal(frame.size, rows[i].size);
        assert_ptr_equal(frame.body, bytes + (is_typed ? 5 : 4));
    }
}

static void a_typed_frame_is_found(void **state)
{
    static const struct row rows[] = {
        {"", 0, 100, SW_FRAME_SHORT, 0, 0},
        {"Q", 1, 100, SW_FRAME_SHORT, 0, 0},
        {"Q\0\0\0", 4, 100, SW_FRAME_SHORT, 0, 0},
        {"Q\0\0\0\3", 5, 100, SW_FRAME_BAD, 0, 0},
        {"Q\0\0\0\4", 5, 100, SW_FRAME_WHOLE, 0, 5},
        {"Q\0\0\0\5", 5, 100, SW_FRAME_HEADER, 1, 6},
        {"Q\0\0\0\5x", 6, 100, SW_FRAME_WHOLE, 1, 6},
        {"Q\0\0\0\5xmore", 10, 100, SW_FRAME_WHOLE, 1, 6},
        {"Q\0\0\0\5x", 6, 6, SW_FRAME_WHOLE, 1, 6},
        {"Q\0\0\0\6x", 6, 6, SW_FRAME_LONG, 2, 7},
        {"Q\0\0\0\0", 5, 100, SW_FRAME_BAD, 0, 0},
        {"Q\x7f\xff\xff\xff", 5, SIZE_MAX, SW_FRAME_HEADER, 0x7ffffffb, 0x80000000},
        {"Q\x80\0\0\0", 5, SIZE_MAX, SW_FRAME_BAD, 0, 0},
        {"Q\xff\xff\xff\xff", 5, SIZE_MAX, SW_FRAME_BAD, 0, 0},
    };

    check_rows(rows, sizeof rows / sizeof *rows, true);
}

static void a_frame_without_type_is_found(void **state)
{
    static const struct row rows[] = {
        {"\0\0\0", 3, 100, SW_FRAME_SHORT, 0, 0},
        {"\0\0\0\3", 4, 100, SW_FRAME_BAD, 0, 0},
        {"\0\0\0\4", 4, 100, SW_FRAME_WHOLE, 0, 4},
        {"\0\0\0\7xy", 6, 100, SW_FRAME_HEADER, 3, 7},
        {"\0\0\0\7xyz", 7, 7, SW_FRAME_WHOLE, 3, 7},
        {"\0\0\0\10xyz", 7, 7, SW_FRAME_LONG, 4, 8},
        {"\xff\xff\xff\xff", 4, SIZE_MAX, SW_FRAME_BAD, 0, 0},
    };

    check_rows(rows, sizeof rows / sizeof *rows, false);
}

static struct sw_cursor cursor_of(const char *bytes, size_t len)
{
    const struct sw_frame frame = {.body = (const uint8_t *)bytes, .body_len = len};

    return sw_cursor_of(&frame);
}

static void fields_are_read_in_network_order(void **state)
{
    static const char body[] = "\xfe\xff\x01\x80\x02\x03\x04name\0\0rest";
    struct sw_cursor cursor = cursor_of(body, sizeof body - 1);

    assert_int_equal(sw_cursor_byte(&cursor), 0xfe);
    assert_int_equal(sw_cursor_int16(&cursor), 0xff01);
    assert_int_equal(sw_cursor_int32(&cursor), 0x80020304);
    assert_string_equal(sw_cursor_text(&cursor), "name");
    assert_string_equal(sw_cursor_text(&cursor), "");
    assert_false(sw_cursor_is_done(&cursor));
    assert_memory_equal(sw_cursor_bytes(&cursor, 4), "rest", 4);
    assert_true(sw_cursor_is_done(&cursor));
    assert_non_null(sw_cursor_bytes(&cursor, 0));
}

static void a_cursor_asked_beyond_its_end_stays_bad(void **state)
{
    struct sw_cursor cursor = cursor_of("\1\2\3", 3);

    assert_int_equal(sw_cursor_int32(&cursor), 0);
    assert_int_equal(cursor.is_bad, SW_CURSOR_SHORT);
    assert_int_equal(sw_cursor_byte(&cursor), 0);
    assert_int_equal(sw_cursor_int16(&cursor), 0);
    assert_string_equal(sw_cursor_text(&cursor), "");
    assert_null(sw_cursor_bytes(&cursor, 0));
    assert_false(sw_cursor_is_done(&cursor));
}

static void each_field_needs_all_its_bytes(void **state)
{
    struct sw_cursor cursor = cursor_of("", 0);

    assert_int_equal(sw_cursor_byte(&cursor), 0);
    assert_true(cursor.is_bad);
    cursor = cursor_of("\1", 1);
    assert_int_equal(sw_cursor_int16(&cursor), 0);
    assert_true(cursor.is_bad);
    cursor = cursor_of("abc", 3);
    assert_null(sw_cursor_bytes(&cursor, 4));
    assert_true(cursor.is_bad);
    cursor = cursor_of("abc", 3);
    assert_null(sw_cursor_bytes(&cursor, SIZE_MAX));
    assert_true(cursor.is_bad);
}

static void a_text_without_its_zero_byte_is_bad(void **state)
{
    struct sw_cursor cursor = cursor_of("abc", 3);

    assert_string_equal(sw_cursor_text(&cursor), "");
    assert_int_equal(cursor.is_bad, SW_CURSOR_UNENDED);
    cursor = cursor_of("", 0);
    assert_string_equal(sw_cursor_text(&cursor), "");
    assert_int_equal(cursor.is_bad, SW_CURSOR_UNENDED);
}

static void an_empty_body_is_done(void **state)
{
    struct sw_cursor cursor = cursor_of("", 0);

    assert_true(sw_cursor_is_done(&cursor));
    assert_string_equal(sw_cursor_text(&cursor), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_typed_frame_is_found),
        cmocka_unit_test(a_frame_without_type_is_found),
        cmocka_unit_test(fields_are_read_in_network_order),
        cmocka_unit_test(a_cursor_asked_beyond_its_end_stays_bad),
        cmocka_unit_test(each_field_needs_all_its_bytes),
        cmocka_unit_test(a_text_without_its_zero_byte_is_bad),
        cmocka_unit_test(an_empty_body_is_done),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
