#include "shardward/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void expect(const struct sw_buf *buf, const char *text)
{
    assert_int_equal(sw_buf_len(buf), strlen(text));
    assert_memory_equal(sw_buf_bytes(buf), text, strlen(text));
}

static void bytes_come_out_in_order(void **state)
{
    struct sw_buf buf;

    sw_buf_init(&buf, 100);
    assert_int_equal(sw_buf_len(&buf), 0);
    assert_true(sw_buf_append(&buf, "ab", 2));
    assert_true(sw_buf_append_text(&buf, "cd"));
    assert_true(sw_buf_printf(&buf, "%d-%s", 12, "ef"));
    expect(&buf, "abcd12-ef");
    sw_buf_take(&buf, 3);
    expect(&buf, "d12-ef");
    sw_buf_cut(&buf, 3);
    expect(&buf, "d12");
    assert_true(sw_buf_append_text(&buf, "!"));
    expect(&buf, "d12!");
    sw_buf_finish(&buf);
}

static void the_limit_is_of_the_bytes_held(void **state)
{
    struct sw_buf buf;

    sw_buf_init(&buf, 4);
    assert_true(sw_buf_append(&buf, "abcd", 4));
    sw_buf_take(&buf, 2);
    assert_true(sw_buf_append(&buf, "ef", 2));
    expect(&buf, "cdef");
    assert_false(buf.is_over);
    assert_false(sw_buf_append(&buf, "g", 1));
    assert_true(buf.is_over);
    expect(&buf, "cdef");
    sw_buf_finish(&buf);
}

static void beyond_the_limit_nothing_is_appended(void **state)
{
    struct sw_buf buf;

    sw_buf_init(&buf, 4);
    assert_true(sw_buf_append_text(&buf, "ab"));
    assert_null(sw_buf_room(&buf, 3));
    assert_false(sw_buf_append(&buf, "c", 1));
    assert_false(sw_buf_append(&buf, "", 0));
    assert_false(sw_buf_append_text(&buf, "c"));
    assert_false(sw_buf_printf(&buf, "c"));
    expect(&buf, "ab");
    sw_buf_take(&buf, 2);
    assert_false(sw_buf_append(&buf, "c", 1));
    sw_buf_clear(&buf);
    assert_true(sw_buf_append_text(&buf, "abcd"));
    sw_buf_finish(&buf);
}

static void an_absurd_length_is_beyond_every_limit(void **state)
{
    struct sw_buf buf;

    sw_buf_init(&buf, 100);
    assert_true(sw_buf_append_text(&buf, "ab"));
    assert_null(sw_buf_room(&buf, SIZE_MAX));
    assert_true(buf.is_over);
    sw_buf_finish(&buf);
}

static void room_is_filled_by_the_caller(void **state)
{
    struct sw_buf buf;
    uint8_t *room;

    sw_buf_init(&buf, 2000);
    assert_true(sw_buf_append_text(&buf, "ab"));
    room = sw_buf_room(&buf, 1998);
    assert_non_null(room);
    memset(room, 'x', 1998);
    sw_buf_grown(&buf, 3);
    expect(&buf, "abxxx");
    sw_buf_finish(&buf);
}

static void bytes_survive_growing_and_moving(void **state)
{
    uint8_t next_in = 0, next_out = 0;
    struct sw_buf buf;

    sw_buf_init(&buf, 1 << 20);
    for (size_t round = 0; round < 3000; round++) {
        for (size_t i = 0; i < round % 97; i++, next_in++)
            assert_true(sw_buf_append(&buf, &next_in, 1));
        for (size_t i = 0; i < round % 89 && sw_buf_len(&buf) > 0; i++, next_out++) {
            assert_int_equal(sw_buf_bytes(&buf)[0], next_out);
            sw_buf_take(&buf, 1);
        }
    }
    assert_int_equal((uint8_t)sw_buf_len(&buf), (uint8_t)(next_in - next_out));
    sw_buf_finish(&buf);
}

static void a_released_buffer_holds_no_memory(void **state)
{
    struct sw_buf buf;

    sw_buf_init(&buf, 10);
    assert_true(sw_buf_append_text(&buf, "ab"));
    sw_buf_release(&buf);
    assert_null(buf.memory);
    assert_int_equal(sw_buf_len(&buf), 0);
    assert_true(sw_buf_append_text(&buf, "cd"));
    expect(&buf, "cd");
    sw_buf_finish(&buf);
}

static void a_long_text_is_printed_whole(void **state)
{
    struct sw_buf buf;

    sw_buf_init(&buf, 10000);
    assert_true(sw_buf_printf(&buf, "%5000d", 7));
    assert_int_equal(sw_buf_len(&buf), 5000);
    assert_int_equal(sw_buf_bytes(&buf)[4999], '7');
    sw_buf_finish(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_out_in_order),
        cmocka_unit_test(the_limit_is_of_the_bytes_held),
        cmocka_unit_test(beyond_the_limit_nothing_is_appended),
        cmocka_unit_test(an_absurd_length_is_beyond_every_limit),
        cmocka_unit_test(room_is_filled_by_the_caller),
        cmocka_unit_test(bytes_survive_growing_and_moving),
        cmocka_unit_test(a_released_buffer_holds_no_memory),
        cmocka_unit_test(a_long_text_is_printed_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
