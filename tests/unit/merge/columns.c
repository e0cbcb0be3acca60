#include "shardward/merge/columns.h"

#include "rows_of.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { MAX_COLUMNS = 3, BUDGET = 1000 };

#define BYTES(text) text, sizeof(text) - 1

struct row {
    const char *name;
    int count;
    const char *sources[2];
    int rows;
    struct {
        const char *bytes;
        size_t len;
    } arrays[MAX_COLUMNS];
};

/* Types are 23 and 25, and 17. */
static const struct row rows[] = {
    {"no row",
     2,
     {"", ""},
     0,
     {{BYTES("\0\0\0\0\0\0\0\0\0\0\0\27")}, {BYTES("\0\0\0\0\0\0\0\0\0\0\0\31")}}},
    {"one row",
     1,
     {"7", ""},
     1,
     {{BYTES("\0\0\0\1\0\0\0\0\0\0\0\27\0\0\0\1\0\0\0\1\0\0\0\4\0\0\0\7")}}},
    {"two sources, a NULL and an empty text",
     3,
     {"1,a,", "2,-,xyz"},
     2,
     {{BYTES("\0\0\0\1\0\0\0\0\0\0\0\27\0\0\0\2\0\0\0\1\0\0\0\4\0\0\0\1\0\0\0\4\0\0\0\2")},
      {BYTES("\0\0\0\1\0\0\0\1\0\0\0\31\0\0\0\2\0\0\0\1\0\0\0\1a\377\377\377\377")},
      {BYTES("\0\0\0\1\0\0\0\0\0\0\0\21\0\0\0\2\0\0\0\1\0\0\0\0\0\0\0\3xyz")}}},
};

static const uint32_t types[MAX_COLUMNS] = {23, 25, 17};

static void feed_pieces(struct sw_columns *columns, int source, const char *text, size_t piece)
{
    struct sw_error err;
    struct sw_buf bytes;

    sw_buf_init(&bytes, SIZE_MAX);
    put_rows(&bytes, text);
    while (sw_buf_len(&bytes) > 0) {
        const size_t len = sw_buf_len(&bytes) < piece ? sw_buf_len(&bytes) : piece;

        assert_true(sw_columns_feed(columns, source, sw_buf_bytes(&bytes), len, &err));
        sw_buf_take(&bytes, len);
    }
    assert_true(sw_columns_end(columns, source, &err));
    sw_buf_finish(&bytes);
}

static void columns_become_arrays(void **state)
{
    static const size_t pieces[] = {1, 5, 1000};

    for (size_t i = 0; i < 3 * sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i / 3];
        struct sw_columns *columns = sw_columns_create(
            &(struct sw_columns_layout){.types = types, .count = row->count}, 2, BUDGET);

        feed_pieces(columns, 0, row->sources[0], pieces[i % 3]);
        feed_pieces(columns, 1, row->sources[1], pieces[i % 3]);
        assert_int_equal(sw_columns_rows(columns), row->rows);
        for (int c = 0; c < row->count; c++) {
            struct sw_buf out;

            sw_buf_init(&out, SIZE_MAX);
            sw_columns_write_array(columns, c, &out);
            assert_int_equal(sw_buf_len(&out), row->arrays[c].len);
            assert_int_equal(sw_columns_array_size(columns, c), row->arrays[c].len);
            assert_memory_equal(sw_buf_bytes(&out), row->arrays[c].bytes, row->arrays[c].len);
            sw_buf_finish(&out);
        }
        sw_columns_destroy(columns);
    }
}

static void sources_may_be_cut_while_others_speak(void **state)
{
    struct sw_columns *columns =
        sw_columns_create(&(struct sw_columns_layout){.types = types, .count = 1}, 2, BUDGET);
    static const uint8_t a[] = "D\0\0\0\16\0\1\0\0\0\4\0\0\0\1",
                         b[] = "D\0\0\0\16\0\1\0\0\0\4\0\0\0\2";
    struct sw_error err;
    struct sw_buf out;

    sw_buf_init(&out, SIZE_MAX);
    for (size_t i = 0; i < sizeof a - 1; i++) {
        assert_true(sw_columns_feed(columns, 0, a + i, 1, &err));
        assert_int_equal(sw_columns_end(columns, 0, &err), i == sizeof a - 2);
        assert_true(sw_columns_feed(columns, 1, b + i, 1, &err));
    }
    sw_columns_write_array(columns, 0, &out);
    assert_memory_equal(sw_buf_bytes(&out) + 20, "\0\0\0\4\0\0\0\1\0\0\0\4\0\0\0\2", 16);
    sw_buf_finish(&out);
    sw_columns_destroy(columns);
}

static void rows_without_columns_are_counted(void **state)
{
    struct sw_columns *columns =
        sw_columns_create(&(struct sw_columns_layout){.types = NULL, .count = 0}, 1, 0);
    struct sw_error err;

    assert_true(
        sw_columns_feed(columns, 0, (const uint8_t *)"D\0\0\0\6\0\0D\0\0\0\6\0\0", 14, &err));
    assert_int_equal(sw_columns_rows(columns), 2);
    sw_columns_destroy(columns);
}

static void what_is_refused(void **state)
{
    static const struct {
        const char *name, *bytes;
        size_t len, budget;
        const char *sqlstate;
    } refusals[] = {
        {"a row", BYTES("D\0\0\0\16\0\1\0\0\0\4\0\0\0\1"), 8, NULL},
        {"a row above the budget", BYTES("D\0\0\0\16\0\1\0\0\0\4\0\0\0\1"), 7, "53400"},
        {"part of a row above it", BYTES("D\0\0\1\0\0\1\0\0\0\xf6"), 10, "53400"},
        {"part of a row", BYTES("D\0\0\1\0\0\1\0\0\0\xf6"), 11, NULL},
        {"another message", BYTES("C\0\0\0\5\0"), BUDGET, "08P01"},
        {"another count of fields", BYTES("D\0\0\0\6\0\0"), BUDGET, "08P01"},
        {"a field that is too long", BYTES("D\0\0\0\16\0\1\0\0\0\5\0\0\0\1"), BUDGET, "08P01"},
        {"bytes behind it", BYTES("D\0\0\0\16\0\1\0\0\0\3\0\0\0\1"), BUDGET, "08P01"},
    };

    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        struct sw_columns *columns = sw_columns_create(
            &(struct sw_columns_layout){.types = types, .count = 1}, 1, refusals[i].budget);
        struct sw_error err = {.sqlstate = ""};
        bool is_taken = sw_columns_feed(columns, 0, (const uint8_t *)refusals[i].bytes,
                                        refusals[i].len, &err);

        if (is_taken != (refusals[i].sqlstate == NULL) ||
            (!is_taken && !sw_error_is(&err, refusals[i].sqlstate)))
            fail_msg("%s: %s", refusals[i].name, is_taken ? "taken" : err.message);
        sw_columns_destroy(columns);
    }
}

static void rows_of_several_parts_are_told_apart(void **state)
{
    static const uint32_t of[] = {23, 25, 23};
    static const int parts[] = {0, 1, 1};
    static const struct sw_columns_layout layout = {of, parts, 3};
    static const struct {
        const char *bytes;
        size_t len;
    } arrays[] = {
        {BYTES("\0\0\0\1\0\0\0\0\0\0\0\27\0\0\0\2\0\0\0\1\0\0\0\4\0\0\0\7\0\0\0\4\0\0\0"
               "\11")},
        {BYTES("\0\0\0\1\0\0\0\0\0\0\0\31\0\0\0\1\0\0\0\1\0\0\0\1a")},
        {BYTES("\0\0\0\1\0\0\0\1\0\0\0\27\0\0\0\1\0\0\0\1\377\377\377\377")}};
    struct sw_columns *columns = sw_columns_create(&layout, 2, BUDGET);

    feed_pieces(columns, 0, "0,7,-,- 1,-,a,-", 5);
    feed_pieces(columns, 1, "0,9,-,-", 1000);
    assert_int_equal(sw_columns_rows(columns), 3);
    for (int i = 0; i < 3; i++) {
        struct sw_buf out;

        sw_buf_init(&out, SIZE_MAX);
        sw_columns_write_array(columns, i, &out);
        assert_int_equal(sw_buf_len(&out), arrays[i].len);
        assert_int_equal(sw_columns_array_size(columns, i), arrays[i].len);
        assert_memory_equal(sw_buf_bytes(&out), arrays[i].bytes, arrays[i].len);
        sw_buf_finish(&out);
    }
    sw_columns_destroy(columns);
}

static void a_row_of_no_part_is_refused(void **state)
{
    static const char *const strange[] = {"2,7,8", "-1,7,8", "-,7,8", "x,7,8"};
    static const int parts[] = {0, 1};
    static const struct sw_columns_layout layout = {types, parts, 2};

    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
        struct sw_columns *columns = sw_columns_create(&layout, 1, BUDGET);
        struct sw_error err;
        struct sw_buf bytes;

        sw_buf_init(&bytes, SIZE_MAX);
        put_rows(&bytes, strange[i]);
        assert_false(
            sw_columns_feed(columns, 0, sw_buf_bytes(&bytes), sw_buf_len(&bytes), &err));
        assert_true(sw_error_is(&err, "08P01"));
        sw_buf_finish(&bytes);
        sw_columns_destroy(columns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_several_parts_are_told_apart),
        cmocka_unit_test(a_row_of_no_part_is_refused),
        cmocka_unit_test(columns_become_arrays),
        cmocka_unit_test(sources_may_be_cut_while_others_speak),
        cmocka_unit_test(rows_without_columns_are_counted),
        cmocka_unit_test(what_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
