#include "shardward/merge/copies.h"

#include "shardward/merge/copy_writer.h"

#include "rows_of.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { MAX_SOURCES = 3, BUDGET = 64 };

#define BYTES(text)                                                                            \
    {                                                                                          \
        text, sizeof(text) - 1                                                                 \
    }
#define SIGNATURE "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"

struct bytes {
    const char *bytes;
    size_t len;
};

/* H stands for a CopyOutResponse, D(x) for CopyData of one byte, T for the trailer. */
#define H "H\0\0\0\7\0\0\0"
#define D(x) "d\0\0\0\5" x
#define T "d\0\0\0\6\377\377"
#define S_T "d\0\0\0\31" SIGNATURE "\377\377"
#define S_D(x) "d\0\0\0\30" SIGNATURE x

static const struct row {
    const char *name;
    enum sw_copies_head head;
    struct bytes sources[MAX_SOURCES];
    struct bytes expected;
    int rows;
} rows[] = {
    {"no rows", SW_COPIES_BARE, {BYTES(H), BYTES(H)}, BYTES(H), 0},
    {"one source", SW_COPIES_BARE, {BYTES(H D("a") D("b"))}, BYTES(H D("a") D("b")), 2},
    {"rows one after the other",
     SW_COPIES_BARE,
     {BYTES(H D("a")), BYTES(H), BYTES(H D("b") D("c"))},
     BYTES(H D("a") D("b") D("c")),
     3},
    {"a row that is empty", SW_COPIES_BARE, {BYTES(H "d\0\0\0\4")}, BYTES(H "d\0\0\0\4"), 1},
    {"the line of names leaves once",
     SW_COPIES_LINE,
     {BYTES(H D("n")), BYTES(H D("n") D("a")), BYTES(H D("n") D("n"))},
     BYTES(H D("n") D("a") D("n")),
     2},
    {"in binary, no rows", SW_COPIES_BINARY, {BYTES(H S_T), BYTES(H S_T)}, BYTES(H S_T), 0},
    {"in binary, rows of the second one",
     SW_COPIES_BINARY,
     {BYTES(H S_T), BYTES(H S_D("a") D("b") T)},
     BYTES(H S_D("a") D("b") T),
     2},
    {"in binary, rows of all",
     SW_COPIES_BINARY,
     {BYTES(H S_D("a") T), BYTES(H S_D("b") T), BYTES(H S_D("c") D("d") T)},
     BYTES(H S_D("a") D("b") D("c") D("d") T),
     4},
    {"the trailer's bytes are a row in text", SW_COPIES_BARE, {BYTES(H T)}, BYTES(H T), 1},
};

static int count_sources(const struct row *row)
{
    int count = 0;

    while (count < MAX_SOURCES && row->sources[count].bytes != NULL)
        count++;
    return count;
}

static void pull_all(struct sw_copies *copies, struct sw_buf *out)
{
    while (sw_copies_pull(copies, out, sw_buf_len(out) + 1) > 0)
        ;
}

static void feed_pieces(struct sw_copies *copies, int source, const struct bytes *bytes,
                        size_t piece, struct sw_buf *out)
{
    struct sw_error err;

    for (size_t at = 0; at < bytes->len; at += piece) {
        size_t len = bytes->len - at < piece ? bytes->len - at : piece;

        assert_true(
            sw_copies_feed(copies, source, (const uint8_t *)bytes->bytes + at, len, &err));
        pull_all(copies, out);
        assert_true(sw_copies_wants(copies, source));
    }
    assert_true(sw_copies_end(copies, source, &err));
    assert_false(sw_copies_wants(copies, source));
}

static void several_become_one(void **state)
{
    static const size_t pieces[] = {1, 3, 1000};

    for (size_t i = 0; i < 3 * sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i / 3];
        int count = count_sources(row);
        struct sw_copies *copies = sw_copies_create(row->head, count, BUDGET);
        struct sw_buf out;

        sw_buf_init(&out, SIZE_MAX);
        for (int source = 0; source < count; source++) {
            assert_false(sw_copies_is_over(copies));
            feed_pieces(copies, source, &row->sources[source], pieces[i % 3], &out);
        }
        pull_all(copies, &out);
        if (sw_buf_len(&out) != row->expected.len ||
            memcmp(sw_buf_bytes(&out), row->expected.bytes, row->expected.len) != 0)
            fail_msg("%s, pieces of %zu: %zu bytes", row->name, pieces[i % 3],
                     sw_buf_len(&out));
        assert_true(sw_copies_is_over(copies));
        assert_int_equal(sw_copies_rows(copies), row->rows);
        sw_buf_finish(&out);
        sw_copies_destroy(copies);
    }
}

static void what_waits_is_bounded(void **state)
{
    struct sw_copies *copies = sw_copies_create(SW_COPIES_BARE, 2, 12);
    const struct bytes some = BYTES(D("a") D("b"));
    struct sw_error err;
    struct sw_buf out;

    sw_buf_init(&out, SIZE_MAX);
    assert_true(sw_copies_wants(copies, 1));
    assert_true(sw_copies_feed(copies, 0, (const uint8_t *)some.bytes, some.len, &err));
    assert_false(sw_copies_wants(copies, 0));
    assert_false(sw_copies_wants(copies, 1));
    assert_int_equal(sw_copies_pull(copies, &out, 1), some.len / 2);
    assert_true(sw_copies_wants(copies, 1));
    assert_int_equal(sw_copies_pull(copies, &out, sw_buf_len(&out)), 0);
    sw_buf_finish(&out);
    sw_copies_destroy(copies);
}

static void what_is_no_copy_is_refused(void **state)
{
    static const struct {
        const char *name;
        enum sw_copies_head head;
        struct bytes bytes;
        bool is_taken; /* it is the end that is refused */
    } refusals[] = {
        {"a row of a query", SW_COPIES_BARE, BYTES("D\0\0\0\6\0\0"), false},
        {"a length that cannot be", SW_COPIES_BARE, BYTES("d\0\0\0\3"), false},
        {"no signature", SW_COPIES_BINARY, BYTES(H T), false},
        {"another signature", SW_COPIES_BINARY,
         BYTES("d\0\0\0\31"
               "QGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0\377\377"),
         false},
        {"half a message", SW_COPIES_BARE, BYTES(H "d\0\0\0\6a"), true},
    };

    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        struct sw_copies *copies = sw_copies_create(refusals[i].head, 1, BUDGET);
        struct sw_error err = {.sqlstate = ""};
        bool is_taken = sw_copies_feed(copies, 0, (const uint8_t *)refusals[i].bytes.bytes,
                                       refusals[i].bytes.len, &err);

        if (is_taken != refusals[i].is_taken || (is_taken && sw_copies_end(copies, 0, &err)) ||
            !sw_error_is(&err, "08P01"))
            fail_msg("%s: %s", refusals[i].name, err.message);
        sw_copies_destroy(copies);
    }
}

/* What PostgreSQL writes is compared with ours elsewhere, by a PostgreSQL. */
static const struct {
    const char *name;
    struct sw_copy_style style;
    bool quotes; /* the first column */
    const char *rows;
    struct bytes expected;
} lines[] = {
    {"text",
     {SW_COPY_TEXT, '\t', 0, 0, "\\N", false},
     false,
     "a,-,",
     BYTES("d\0\0\0\12a\t\\N\t\n")},
    {"csv",
     {SW_COPY_CSV, ';', '"', '"', "", false},
     false,
     "a;b,-,",
     BYTES("d\0\0\0\16\"a;b\";;\"\"\n")},
    {"csv, quoted",
     {SW_COPY_CSV, ';', '\'', '\\', "x", false},
     true,
     "y\\,x,z",
     BYTES("d\0\0\0\20'y\\\\';'x';z\n")},
    {"a dot alone",
     {SW_COPY_CSV, ',', '"', '"', "", false},
     false,
     "\\.",
     BYTES("d\0\0\0\11\"\\.\"\n")},
    {"a dot beside others",
     {SW_COPY_CSV, ',', '"', '"', "", false},
     false,
     "\\.,x",
     BYTES("d\0\0\0\11\\.,x\n")},
    {"binary",
     {SW_COPY_BINARY, 0, 0, 0, NULL, false},
     false,
     "x,-",
     BYTES("d\0\0\0\42" SIGNATURE "\0\2\0\0\0\1x\377\377\377\377" T)},
};

static void rows_are_written(void **state)
{
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const bool quotes[8] = {lines[i].quotes};
        struct sw_copy_writer writer = {.style = lines[i].style, .quotes = quotes};
        struct sw_buf from, to;

        sw_buf_init(&from, SIZE_MAX);
        sw_buf_init(&to, SIZE_MAX);
        put_rows(&from, lines[i].rows);
        assert_true(sw_copy_write(&writer, sw_buf_bytes(&from), sw_buf_len(&from), &to));
        sw_copy_write_end(&writer, &to);
        if (sw_buf_len(&to) != lines[i].expected.len ||
            memcmp(sw_buf_bytes(&to), lines[i].expected.bytes, lines[i].expected.len) != 0)
            fail_msg("%s: %zu bytes", lines[i].name, sw_buf_len(&to));
        sw_buf_finish(&from);
        sw_buf_finish(&to);
    }
}

static void what_is_no_row_is_not_written(void **state)
{
    static const struct bytes broken[] = {BYTES("D\0\0\0\14\0\1\0\0\0\5ab"),
                                          BYTES("D\0\0\0\14\0\1\0\0\0"),
                                          BYTES("D\0\0\0\3\0\0\0\0\0")};

    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct sw_copy_writer writer = {.style = {SW_COPY_TEXT, '\t', 0, 0, "\\N", false}};
        struct sw_buf to;

        sw_buf_init(&to, SIZE_MAX);
        assert_false(
            sw_copy_write(&writer, (const uint8_t *)broken[i].bytes, broken[i].len, &to));
        sw_buf_finish(&to);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_become_one),
        cmocka_unit_test(what_waits_is_bounded),
        cmocka_unit_test(what_is_no_copy_is_refused),
        cmocka_unit_test(rows_are_written),
        cmocka_unit_test(what_is_no_row_is_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
