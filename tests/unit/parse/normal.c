#include "shardward/parse/normal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct row {
    const char *sql, *normal;
};

static const struct row rows[] = {
    {"", ""},
    {"  \n ", ""},
    {"SELECT  1", "SELECT ?"},
    {"SELECT\t1;\n", "SELECT ?;"},
    {"SELECT -1", "SELECT -?"},
    {"SELECT a1, b_2 FROM t3", "SELECT a1, b_2 FROM t3"},
    {"SELECT 1.5e-10, .5, 0x1F, 1_000", "SELECT ?, ..."},
    {"SELECT 1-1", "SELECT ?-?"},
    {"SELECT 'it''s'", "SELECT ?"},
    {"SELECT 'back\\', 2", "SELECT ?, ..."},
    {"SELECT E'it\\'s', a", "SELECT ?, a"},
    {"SELECT e'\\\\' , a", "SELECT ?, a"},
    {"SELECT U&'d\\0061t' FROM u&v", "SELECT ? FROM u&v"},
    {"SELECT B'101', x'1F', N'a'", "SELECT ?, ..."},
    {"SELECT name'x'", "SELECT name?"},
    {"SELECT $$a'b$$, $t$ $$ $t$, a", "SELECT ?, ..., a"},
    {"SELECT $1, $2 + $10", "SELECT $1, $2 + $10"},
    {"SELECT a$1, $a", "SELECT a$1, $a"},
    {"SELECT \"a 'b' 1\", '\"'", "SELECT \"a 'b' 1\", ?"},
    {"SELECT 1 -- secret", "SELECT ?"},
    {"SELECT /* 'a' /* 2 */ b */ 1", "SELECT ?"},
    {"SELECT 1/*x*/+/*y*/2", "SELECT ? + ?"},
    {"SELECT 'no end", "SELECT ?"},
    {"SELECT $$ no end", "SELECT ?"},
    {"SELECT /* no end", "SELECT"},
    {"SELECT \"no end", "SELECT \"no end"},
    {"x IN (1, 2,3 , 4)", "x IN (?, ...)"},
    {"x IN (1,2,3,4) AND y = 5", "x IN (?, ...) AND y = ?"},
    {"x IN (1, 2)", "x IN (?, ...)"},
    {"x IN (1, 2, 3, 4, 5)", "x IN (?, ...)"},
    {"VALUES (1, 'a', b), (2, 'b', c)", "VALUES (?, ..., b), (?, ..., c)"},
    {"\xe5\x8c\xbb = '\xe9\x99\xa2'", "\xe5\x8c\xbb = ?"},
    {"a'", "a?"},
    {"$", "$"},
    {"u&", "u&"},
};

static void run_row(void **state)
{
    const struct row *row = *state;
    char out[200];

    assert_int_equal(sw_sql_normal(row->sql, out, sizeof out), strlen(row->normal));
    assert_string_equal(out, row->normal);
}

/* Whatever is put around it, a secret inside a literal or comment is gone, at any size. */
static void no_part_of_a_literal_is_left_over(void **state)
{
    static const char *const around[][2] = {
        {"SELECT '", "'"},          {"SELECT 'a''", "''b'"},
        {"SELECT E'\\'", "\\''"},   {"SELECT $$", "$$"},
        {"SELECT $a$ $", "$b$$a$"}, {"/*", "*/"},
        {"/* /* */ ", " */ b"},     {"-- ", "\n"},
        {"SELECT U&'", "'"},        {"INSERT INTO t VALUES (1, '", "', 2)"},
        {"SELECT '", ""},           {"SELECT 1", ".5e7"},
    };

    for (size_t i = 0; i < sizeof around / sizeof *around; i++) {
        char sql[128] = "", out[128];

        (void)strcat(strcat(strcat(sql, around[i][0]), "7777"), around[i][1]);
        for (size_t size = 1; size <= sizeof out; size++) {
            size_t len = sw_sql_normal(sql, out, size);

            assert_true(len < size && strlen(out) == len);
            assert_null(strchr(out, '7'));
        }
    }
}

static void a_cut_text_ends_with_a_whole_character(void **state)
{
    char out[9];

    assert_int_equal(sw_sql_normal("\xe5\x8c\xbb\xe5\x8c\xbb\xe5\x8c\xbb", out, 9), 6);
    assert_int_equal(sw_sql_normal("\xe5\x8c\xbb\xe5\x8c\xbb", out, 7), 6);
    assert_int_equal(sw_sql_normal("\xe5\x8c\xbb\xe5\x8c\xbb", out, 6), 3);
    assert_int_equal(sw_sql_normal("\xe5\x8c\xbb\xe5\x8c\xbb\xe5\x8c\xbb", out, 7), 6);
    assert_int_equal(sw_sql_normal("abcdefgh", out, 9), 8);
    assert_int_equal(sw_sql_normal("abcdefghi", out, 9), 8);
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof *rows };
    const struct CMUnitTest more[] = {
        cmocka_unit_test(no_part_of_a_literal_is_left_over),
        cmocka_unit_test(a_cut_text_ends_with_a_whole_character),
    };
    struct CMUnitTest tests[ROWS];

    for (int i = 0; i < ROWS; i++)
        tests[i] = (struct CMUnitTest){.name = rows[i].sql,
                                       .test_func = run_row,
                                       .initial_state = (void *)(uintptr_t)&rows[i]};
    return _cmocka_run_group_tests("rows", tests, ROWS, NULL, NULL) +
           cmocka_run_group_tests_name("normal", more, NULL, NULL);
}
