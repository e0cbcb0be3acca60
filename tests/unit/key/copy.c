#include "shardward/key/copy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/*
 * Rows have three columns; the key is the third and the first of them, in this order. What is
 * read of them is written
 *
 *   [c|a] a row, - for NULL   ! broken   ? unsure   . the end
 *
 * and what the end of the data brings, behind a slash.
 */
static const int columns[] = {2, 0};

static void print_row(const struct sw_copy_rows *rows, struct sw_buf *out)
{
    for (int p = 0; p < rows->part_count; p++) {
        (void)sw_buf_append_text(out, p == 0 ? "[" : "|");
        if (rows->fields[p].bytes == NULL)
            (void)sw_buf_append_text(out, "-");
        else
            (void)sw_buf_append(out, rows->fields[p].bytes, rows->fields[p].len);
    }
    (void)sw_buf_append_text(out, "]");
}

static void print_step(const struct sw_copy_rows *rows, enum sw_copy_step step,
                       struct sw_buf *out)
{
    static const char *const signs[] = {[SW_COPY_MORE] = "",
                                        [SW_COPY_BROKEN] = "!",
                                        [SW_COPY_UNSURE] = "?",
                                        [SW_COPY_END] = "."};

    if (step == SW_COPY_ROW)
        print_row(rows, out);
    else
        (void)sw_buf_append_text(out, signs[step]);
}

/* In pieces of @size bytes. */
static void read_all(struct sw_copy_rows *rows, const char *data, size_t len, size_t size,
                     struct sw_buf *out)
{
    enum sw_copy_step step = SW_COPY_MORE;

    for (size_t at = 0; at < len && (step == SW_COPY_MORE || step == SW_COPY_ROW);) {
        size_t piece = len - at < size ? len - at : size;

        at += sw_copy_rows_read(rows, (const uint8_t *)data + at, piece, &step);
        print_step(rows, step, out);
    }
    if (step != SW_COPY_MORE && step != SW_COPY_ROW)
        return;
    (void)sw_buf_append_text(out, "/");
    print_step(rows, sw_copy_rows_end(rows), out);
}

static void check(const struct sw_copy_style *style, const char *data, size_t len,
                  const char *expected)
{
    for (size_t size = 1; size <= len + 1; size++) {
        struct sw_copy_rows rows;
        struct sw_buf out;

        sw_copy_rows_init(&rows, style, 3, columns, 2);
        sw_buf_init(&out, SIZE_MAX);
        read_all(&rows, data, len, size, &out);
        (void)sw_buf_append(&out, "", 1);
        assert_string_equal((const char *)sw_buf_bytes(&out), expected);
        sw_buf_finish(&out);
        sw_copy_rows_finish(&rows);
    }
}

struct row {
    const char *data, *expected;
};

static void check_rows(const struct sw_copy_style *style, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check(style, rows[i].data, strlen(rows[i].data), rows[i].expected);
}

static void text_is_split_at_tabs_and_newlines(void **state)
{
    static const struct sw_copy_style style = {
        .format = SW_COPY_TEXT, .delimiter = '\t', .null = "\\N"};
    static const struct row rows[] = {
        {"", "/"},
        {"1\t2\t3\n", "[3|1]/"},
        {"1\t2\t3", "/[3|1]"},
        {"1\t2\t3\n4\t5\t6\n", "[3|1][6|4]/"},
        {"1\t2\t3\r\n4\t5\t6\r\n", "[3|1][6|4]/"},
        {"1\t2\t3\r4\t5\t6\r", "[3|1][6|4]/"},
        {"\t\t\n", "[|]/"},
        {"1\t2\t3\t4\n", "[3|1]/"},
        {"1\t2\n", "!"},
        {"1\t2", "/!"},
        {"\n", "!"},
        {"\\N\t2\t\\N\n", "[-|-]/"},
        {"\\\\N\t2\tN\n", "[N|\\N]/"},
        {"a\\\tb\t2\tc\\\nd\n", "[c\nd|a\tb]/"},
        {"a\\\\\t2\t\\t\\n\\r\\b\\f\\v\\z\n", "[\t\n\r\b\f\vz|a\\]/"},
        {"\\101\\1012\\7x\t2\t\\x41\\x4g\\xg\\x4142\n", "[A\x04gxgA42|AA2\ax]/"},
        {"\\400\\377\t2\t\\x\n", "[x|"},
        {"1\t2\t3\\", "/[3|1]"},
        {"\\.\n", "."},
        {"\\.", "."},
        {"1\t2\t3\n\\.\nwhatever", "[3|1]."},
        {"1\t2\t3\\.\n", "?"},
        {"1\t2\t\\.\n", "?"},
        {"1\t2\t3.\\\\.\n", "[3.\\.|1]/"},
        {"\"1\t2\t3\"\n", "[3\"|\"1]/"},
    };

    /* \400 is a zero byte, at which the text that is compared ends. */
    check_rows(&style, rows, sizeof rows / sizeof *rows);
}

static void text_may_have_another_delimiter_and_null_and_a_header(void **state)
{
    static const struct sw_copy_style style = {
        .format = SW_COPY_TEXT, .delimiter = '|', .null = "no\\", .has_header = true};
    static const struct row rows[] = {
        {"", "/"},
        {"whatever\n", "/"},
        {"whatever", "/"},
        {"a|b|c\n1|2|3\n", "[3|1]/"},
        {"\n1\t|\\||no\\\\\n", "[no\\|1\t]/"},
        {"\nno\\||2|3|no\n", "[3|no|]/"},
        {"\\\n\n1|2|3\n", "[3|1]/"},
        {"\\.\n1|2|3\n", "."},
        {"\nno\\\\|2|no\\\\\\", "/[no\\|no\\]"},
    };

    check_rows(&style, rows, sizeof rows / sizeof *rows);
}

static void csv_is_split_outside_of_quotes(void **state)
{
    static const struct sw_copy_style style = {
        .format = SW_COPY_CSV, .delimiter = ',', .quote = '"', .escape = '"', .null = ""};
    static const struct row rows[] = {
        {"", "/"},
        {"1,2,3\n", "[3|1]/"},
        {"1,2,3\r\n4,5,6", "[3|1]/[6|4]"},
        {",2,\"\"\n", "[|-]/"},
        {"\"1\",2,\"3\"\n", "[3|1]/"},
        {"\"a,b\",2,\"c\nd\re\"\n", "[c\nd\re|a,b]/"},
        {"\"a\"\"b\",2,\"\"\"\"\n", "[\"|a\"b]/"},
        {"a\"b,\"c,2,3\"4\"\n", "[34|ab,c]/"},
        {"\"a\"b\"c\",2,\"\"3\n", "[3|abc]/"},
        {"1,\"\n\",3\n", "[3|1]/"},
        {"1,2,\"3\n", "/!"},
        {"1,2,\"3\"", "/[3|1]"},
        {"1,2\n", "!"},
        {"\n", "!"},
        {"\\N,2,\\x41\n", "[\\x41|\\N]/"},
        {"\\.\n1,2,3\n", "."},
        {"1,2,3\n\\.\n", "[3|1]."},
        {"1,2,3\r\n\\.\r\nx", "[3|1]."},
        {"\\.\r", "/"},
        {"\\.", "/!"},
        {"\\.,2,3\n", "[3|\\.]/"},
        {"\\.x,2,\\.\n", "[\\.|\\.x]/"},
        {" \\.,2,3\n", "[3| \\.]/"},
        {"1,\"\n\\.\n\",3\n", "[3|1]/"},
    };

    check_rows(&style, rows, sizeof rows / sizeof *rows);
}

static void csv_may_have_another_escape(void **state)
{
    static const struct sw_copy_style style = {.format = SW_COPY_CSV,
                                               .delimiter = ';',
                                               .quote = '\'',
                                               .escape = '!',
                                               .null = "no",
                                               .has_header = true};
    static const struct row rows[] = {
        {"a;'\n';c\n1;2;3\n", "[3|1]/"},  {"a;'b\n1;2;3\n", "/"},
        {"\n'1!'';2;'\n", "/!"},          {"\n'1!'2!!';2;'3!4'\n", "[3!4|1'2!]/"},
        {"\n1!;2;!'3'\n", "[!3|1!]/"},    {"\nno;2;'no'\n", "[no|-]/"},
        {"\n'!!';2;'a''b'\n", "[ab|!]/"},
    };

    check_rows(&style, rows, sizeof rows / sizeof *rows);
}

#define SIGNATURE "PGCOPY\n\377\r\n\0"

static void binary_is_split_by_its_lengths(void **state)
{
    static const struct sw_copy_style style = {.format = SW_COPY_BINARY, .null = ""};
    static const struct {
        const char *data;
        size_t len;
        const char *expected;
    } rows[] = {
#define ROW(data, expected) {data, sizeof(data) - 1, expected}
        ROW("", "/!"),
        ROW("PGCOPY", "/!"),
        ROW("PGCOPX", "!"),
        ROW(SIGNATURE "\0\0\0\0\0\0\0\0", "/"),
        ROW(SIGNATURE "\0\0\0\0\0\0\0", "/!"),
        ROW(SIGNATURE "\0\0\0\0\377\377\377\377", "!"),
        ROW(SIGNATURE "\0\0\0\0\0\0\0\0\377\377more", "."),
        ROW(SIGNATURE "\0\0\0\0\0\0\0\2xy\0\3\0\0\0\1a\0\0\0\0\0\0\0\2bc\377\377", "[bc|a]."),
        ROW(SIGNATURE "\0\0\0\0\0\0\0\0\0\3\377\377\377\377\0\0\0\1x\0\0\0\0\377\377", "[|-]."),
        ROW(SIGNATURE "\0\0\0\0\0\0\0\0\0\3\377\377\377\376", "!"),
        ROW(SIGNATURE "\0\0\0\0\0\0\0\0\0\2", "!"),
        ROW(SIGNATURE "\0\0\0\0\0\0\0\0\0\3\0\0\0\1", "/!"),
        ROW(SIGNATURE "\0\0\0\0\0\0\0\0\0", "/"),
#undef ROW
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(&style, rows[i].data, rows[i].len, rows[i].expected);
}

static void a_key_may_be_long_but_not_endless(void **state)
{
    static const struct sw_copy_style style = {
        .format = SW_COPY_TEXT, .delimiter = '\t', .null = "\\N"};

    for (size_t over = 0; over < 2; over++) {
        struct sw_copy_rows rows;
        struct sw_buf data;
        enum sw_copy_step step;

        sw_copy_rows_init(&rows, &style, 3, columns, 2);
        sw_buf_init(&data, SIZE_MAX);
        memset(sw_buf_room(&data, SW_COPY_KEY_LIMIT), 'x', SW_COPY_KEY_LIMIT);
        sw_buf_grown(&data, SW_COPY_KEY_LIMIT - 1 + over);
        (void)sw_buf_append_text(&data, "\ta long field, which is no part of it\t1\n2\t3\t4\n");
        (void)sw_copy_rows_read(&rows, sw_buf_bytes(&data), sw_buf_len(&data), &step);
        assert_int_equal(step, over ? SW_COPY_UNSURE : SW_COPY_ROW);
        if (!over)
            assert_int_equal(rows.fields[1].len, SW_COPY_KEY_LIMIT - 1);
        sw_buf_finish(&data);
        sw_copy_rows_finish(&rows);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_split_at_tabs_and_newlines),
        cmocka_unit_test(text_may_have_another_delimiter_and_null_and_a_header),
        cmocka_unit_test(csv_is_split_outside_of_quotes),
        cmocka_unit_test(csv_may_have_another_escape),
        cmocka_unit_test(binary_is_split_by_its_lengths),
        cmocka_unit_test(a_key_may_be_long_but_not_endless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
