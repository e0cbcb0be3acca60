#include "shardward/plan/splice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct row {
    const char *text;
    const char *spliced; /* NULL: refused */
};

static const struct row rows[] = {
    {"insert into t values (1, 2)", "insert into t (\"a\", \"b\")  values (1, 2)"},
    {"INSERT INTO s.t VALUES (1,2),(3,4) RETURNING *",
     "INSERT INTO s.t (\"a\", \"b\")  VALUES (1,2),(3,4) RETURNING *"},
    {"insert into t as x values (1, 2)", "insert into t as x (\"a\", \"b\")  values (1, 2)"},
    {"insert into \"odd \"\"t\"\" as\" values (1, 2)",
     "insert into \"odd \"\"t\"\" as\" (\"a\", \"b\")  values (1, 2)"},
    {"insert into s . t\nAS \"x y\" values (1, 2)",
     "insert into s . t\nAS \"x y\" (\"a\", \"b\")  values (1, 2)"},
    {"/* a /* b */ c */ ; -- d\nInsert\tInto/**/t--\nvalues (1, 2);",
     "/* a /* b */ c */ ; -- d\nInsert\tInto/**/t (\"a\", \"b\") --\nvalues (1, 2);"},
    {"insert into täble$1 values (1, 2)", "insert into täble$1 (\"a\", \"b\")  values (1, 2)"},
    {"insert into assets values (1, 2)", "insert into assets (\"a\", \"b\")  values (1, 2)"},
    {"insert into t overriding system value values (1, 2)",
     "insert into t (\"a\", \"b\")  overriding system value values (1, 2)"},
    {"insert into t values (1, 2, 3)", NULL},
    {"insert into t values (1)", NULL},
    {"insert into t (x, y) values (1, 2)", NULL},
    {"insert into t select 1, 2", NULL},
    {"insert into t default values", NULL},
    {"insert into u&\"t\" values (1, 2)", NULL},
    {"with x as (select 1) insert into t values (1, 2)", NULL},
    {"select 1", NULL},
    {"insert into t values (1, 2); select 1", NULL},
    {"insert", NULL},
    {"insert into", NULL},
    {"insert into \"t", NULL},
    {"insert into t as", NULL},
    {"/*", NULL},
    {"", NULL},
};

static void columns_are_put_behind_the_table(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_error err = {.sqlstate = "-----"};
        struct sw_splice splice;
        char *spliced = sw_splice_columns(rows[i].text, "\"a\", \"b\"", &splice, &err);

        if ((spliced == NULL) != (rows[i].spliced == NULL) ||
            (spliced != NULL && strcmp(spliced, rows[i].spliced) != 0))
            fail_msg("%s: %s", rows[i].text, spliced == NULL ? "refused" : spliced);
        assert_string_equal(err.sqlstate, spliced == NULL ? "0A000" : "-----");
        free(spliced);
    }
}

/* Positions count characters from 1, and point into the text that was sent. */
static void a_position_is_one_of_the_text_that_the_client_wrote(void **state)
{
    static const char text[] = "insert into tä values ('ö', x)";
    struct sw_splice splice;
    struct sw_error err;
    char *spliced = sw_splice_columns(text, "\"ü\", \"b\"", &splice, &err);

    assert_non_null(spliced);
    assert_int_equal(splice.at, 14);
    assert_int_equal(splice.len, 12);
    assert_int_equal(sw_splice_position(&splice, 1), 1);
    assert_int_equal(sw_splice_position(&splice, 14), 14);
    assert_int_equal(sw_splice_position(&splice, 15), 15);
    assert_int_equal(sw_splice_position(&splice, 26), 15);
    assert_int_equal(sw_splice_position(&splice, 27), 15);
    assert_int_equal(sw_splice_position(&splice, 28), 16);
    free(spliced);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_put_behind_the_table),
        cmocka_unit_test(a_position_is_one_of_the_text_that_the_client_wrote),
    };

    return cmocka_run_group_tests_name("splice", tests, NULL, NULL);
}
