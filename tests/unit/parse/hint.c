#include "shardward/parse/hint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct row {
    const char *sql, *hint; /* NULL: none */
};

static const struct row rows[] = {
    {"", NULL},
    {"SELECT 1", NULL},
    {"/* shardward: replica */ SELECT 1", "replica"},
    {"/*shardward:replica*/SELECT 1", "replica"},
    {" \n\t/*\n shardward: \t prefer_replica \n*/ SELECT 1", "prefer_replica"},
    {"-- shardward: primary\nSELECT 1", "primary"},
    {"-- shardward: primary", "primary"},
    {"/* by ORM */ -- and\n /* shardward: replica */ SELECT 1", "replica"},
    {"/* shardward: replica */ /* shardward: primary */ SELECT 1", "replica"},
    {"/* shardward: two words */", "two words"},
    {"/* shardward: */", ""},
    {"/* a /* shardward: replica */ b */ SELECT 1", NULL},
    {"/* a /* b */ c */ /* shardward: replica */ SELECT 1", "replica"},
    {"/* Shardward: replica */ SELECT 1", NULL},
    {"/* shardward : replica */ SELECT 1", NULL},
    {"SELECT /* shardward: replica */ 1", NULL},
    {"SELECT 1 /* shardward: replica */", NULL},
    {"/* shardward: replica", NULL},
    {"/* a /* shardward: replica */", NULL},
    {"/", NULL},
    {"/*", NULL},
    {"/*/", NULL},
    {"/**/", NULL},
    {"--", NULL},
    {"-", NULL},
};

static void run_row(void **state)
{
    const struct row *row = *state;
    size_t len = 0;
    const char *hint = sw_hint_find(row->sql, &len);

    if (row->hint == NULL) {
        assert_null(hint);
        return;
    }
    assert_non_null(hint);
    assert_int_equal(len, strlen(row->hint));
    assert_memory_equal(hint, row->hint, len);
}

int main(void)
{
    struct CMUnitTest tests[sizeof rows / sizeof *rows];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        tests[i] =
            (struct CMUnitTest){rows[i].sql, run_row, NULL, NULL, (void *)(uintptr_t)&rows[i]};
    return _cmocka_run_group_tests("hint", tests, sizeof rows / sizeof *rows, NULL, NULL);
}
