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
    {"with x as (select 1) insert into s.t as u values (1, 2)",
     "with x as (select 1) insert into s.t as u (\"a\", \"b\")  values (1, 2)"},
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
    const struct sw_insertion columns = {.columns = "\"a\", \"b\""};
    const struct sw_splice_values none = {.ids = NULL};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_error err = {.sqlstate = "-----"};
        struct sw_splice splice = {0};
        char *spliced = sw_splice(rows[i].text, &columns, &none, &splice, &err);

        if ((spliced == NULL) != (rows[i].spliced == NULL) ||
            (spliced != NULL && strcmp(spliced, rows[i].spliced) != 0))
            fail_msg("%s: %s", rows[i].text, spliced == NULL ? "refused" : spliced);
        assert_string_equal(err.sqlstate, spliced == NULL ? "0A000" : "-----");
        free(spliced);
        sw_splice_clear(&splice);
    }
}

/* What is drawn: 7, 8, 9 ... in the order of the rows; or parameters from $3. */
struct fill_row {
    const char *text;
    int at, count; /* of the column "id" in the rows, and of rows that lack it */
    const char *columns;
    bool overrides;
    const char *spliced; /* NULL: refused */
};

static const struct fill_row fill_rows[] = {
    {"insert into t (a) values (1)", -1, 1, NULL, false,
     "insert into t (\"id\", a) values (7, 1)"},
    {"insert into t(a, b)values(1, 2), (3, 4) returning id", -1, 2, NULL, false,
     "insert into t(\"id\", a, b)values(7, 1, 2), (8, 3, 4) returning id"},
    {"insert into t (id, a) values (default, 1), (5, 2), (DEFAULT /* , */ , 3)", 0, 2, NULL,
     false, "insert into t (id, a) values (7, 1), (5, 2), (8 /* , */ , 3)"},
    {"insert into t (a, id) values ('(,', default)", 1, 1, NULL, false,
     "insert into t (a, id) values ('(,', 7)"},
    {"insert into t (a, id) values (f(default_x, (1)), default)", 1, 1, NULL, false,
     "insert into t (a, id) values (f(default_x, (1)), 7)"},
    {"insert into t (a, id) values (array[1, 2], default)", 1, 1, NULL, false,
     "insert into t (a, id) values (array[1, 2], 7)"},
    {"insert into t (a, id) values (e'\\'),', default), ($$,($$, default), ($x$'$$,$x$, "
     "default)",
     1, 3, NULL, false,
     "insert into t (a, id) values (e'\\'),', 7), ($$,($$, 8), ($x$'$$,$x$, 9)"},
    {"insert into t (\"a)\", id) values ('it''s', default) on conflict (id) do nothing", 1, 1,
     NULL, false, "insert into t (\"a)\", id) values ('it''s', 7) on conflict (id) do nothing"},
    {"insert into t values ($1, default, $2)", 1, 1, "\"a\", \"id\", \"b\"", false,
     "insert into t (\"a\", \"id\", \"b\")  values ($1, 7, $2)"},
    {"insert into t values (1)", -1, 1, "\"a\"", false,
     "insert into t (\"id\", \"a\")  values (7, 1)"},
    {"insert into t default values", -1, 1, NULL, false, "insert into t (\"id\") VALUES (7)"},
    {"insert into t as x DEFAULT/**/VALUES returning x.id", -1, 1, NULL, true,
     "insert into t as x (\"id\") OVERRIDING SYSTEM VALUE  VALUES (7) returning x.id"},
    {"insert into t (a) values (1)", -1, 1, NULL, true,
     "insert into t (\"id\", a) OVERRIDING SYSTEM VALUE  values (7, 1)"},
    {"insert into t (a) overriding system value values (1)", -1, 1, NULL, false,
     "insert into t (\"id\", a) overriding system value values (7, 1)"},
    {"with x as (select ')') insert into t (a) values ((select 1 from x))", -1, 1, NULL, false,
     "with x as (select ')') insert into t (\"id\", a) values (7, (select 1 from x))"},
    /* The rows of the plan and those of the text are not the same. */
    {"insert into t (a) values (1), (2)", -1, 1, NULL, false, NULL},
    {"insert into t (id, a) values (default, 1)", 0, 2, NULL, false, NULL},
    {"insert into t (id, a) values (default, 1), (default, 2)", 0, 1, NULL, false, NULL},
    {"insert into t (a, id) values (default, 1)", 1, 1, NULL, false, NULL},
    {"insert into t (a) select 1", -1, 1, NULL, false, NULL},
    {"insert into t (a) (values (1))", -1, 1, NULL, false, NULL},
    {"insert into t (a) values (1); select 1", -1, 1, NULL, false, NULL},
    {"insert into t (a) values (e'x'\n'\\'')", -1, 1, NULL, false, NULL},
    {"insert into t (a) values ('", -1, 1, NULL, false, NULL},
    {"insert into t (a", -1, 1, NULL, false, NULL},
    {"insert into t default", -1, 1, NULL, false, NULL},
    {"insert into t (a) values (1), (", -1, 2, NULL, false, NULL},
};

static void check_fill(const struct fill_row *row)
{
    static const int64_t ids[] = {7, 8, 9};
    const struct sw_splice_values values = {.ids = ids};
    const struct sw_fill fill = {.column = "id", .at = row->at, .count = row->count};
    const struct sw_insertion insertion = {.columns = row->columns,
                                           .fills = &fill,
                                           .fill_count = 1,
                                           .id_count = row->count,
                                           .overrides = row->overrides};
    struct sw_error err = {.sqlstate = "-----"};
    struct sw_splice splice = {0};
    char *spliced = sw_splice(row->text, &insertion, &values, &splice, &err);

    if ((spliced == NULL) != (row->spliced == NULL) ||
        (spliced != NULL && strcmp(spliced, row->spliced) != 0))
        fail_msg("%s: %s", row->text, spliced == NULL ? "refused" : spliced);
    assert_string_equal(err.sqlstate, spliced == NULL ? "0A000" : "-----");
    assert_true((spliced == NULL) == (splice.count == 0));
    free(spliced);
    sw_splice_clear(&splice);
}

static void numbers_are_put_into_the_rows_that_lack_them(void **state)
{
    for (size_t i = 0; i < sizeof fill_rows / sizeof *fill_rows; i++)
        check_fill(&fill_rows[i]);
}

static void parameters_stand_for_numbers_that_come_later(void **state)
{
    const struct sw_fill fills[] = {{.column = "id", .at = 0, .first = 0, .count = 1},
                                    {.column = "n", .at = -1, .first = 1, .count = 2}};
    const struct sw_insertion insertion = {.fills = fills, .fill_count = 2, .id_count = 3};
    const struct sw_splice_values values = {.first_parameter = 3};
    struct sw_splice splice = {0};
    struct sw_error err;
    char *spliced = sw_splice("insert into t (id, a) values (default, $1), (4, $2)", &insertion,
                              &values, &splice, &err);

    assert_string_equal(spliced,
                        "insert into t (\"n\", id, a) values ($4, $3, $1), ($5, 4, $2)");
    free(spliced);
    sw_splice_clear(&splice);
}

/* Positions count characters from 1, and point into the text that was sent. */
static void a_position_is_one_of_the_text_that_the_client_wrote(void **state)
{
    static const char text[] = "insert into tä values ('ö', x)";
    const struct sw_insertion insertion = {.columns = "\"ü\", \"b\""};
    const struct sw_splice_values none = {.ids = NULL};
    struct sw_splice splice = {0}, copy;
    struct sw_error err;
    char *spliced = sw_splice(text, &insertion, &none, &splice, &err);

    assert_non_null(spliced);
    sw_splice_copy(&copy, &splice);
    sw_splice_clear(&splice);
    assert_int_equal(sw_splice_position(&copy, 1), 1);
    assert_int_equal(sw_splice_position(&copy, 14), 14);
    assert_int_equal(sw_splice_position(&copy, 15), 15);
    assert_int_equal(sw_splice_position(&copy, 26), 15);
    assert_int_equal(sw_splice_position(&copy, 27), 15);
    assert_int_equal(sw_splice_position(&copy, 28), 16);
    free(spliced);
    sw_splice_clear(&copy);
    assert_int_equal(sw_splice_position(&copy, 28), 28);
}

/*      insert into t (a, id) values ('ö', default), (x, default)
 *      insert into t (a, id) values ('ö', 7), (x, 8)               */
static void a_position_behind_what_is_gone_is_right_too(void **state)
{
    static const int64_t ids[] = {7, 8};
    const struct sw_splice_values values = {.ids = ids};
    const struct sw_fill fill = {.column = "id", .at = 1, .count = 2};
    const struct sw_insertion insertion = {.fills = &fill, .fill_count = 1, .id_count = 2};
    struct sw_splice splice = {0};
    struct sw_error err;
    char *spliced = sw_splice("insert into t (a, id) values ('ö', default), (x, default)",
                              &insertion, &values, &splice, &err);

    assert_non_null(spliced);
    assert_int_equal(sw_splice_position(&splice, 35), 35); /* the blank before */
    assert_int_equal(sw_splice_position(&splice, 36), 36); /* 7: default */
    assert_int_equal(sw_splice_position(&splice, 41), 47); /* x */
    assert_int_equal(sw_splice_position(&splice, 44), 50); /* 8: default */
    assert_int_equal(sw_splice_position(&splice, 45), 57); /* ) */
    free(spliced);
    sw_splice_clear(&splice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_put_behind_the_table),
        cmocka_unit_test(numbers_are_put_into_the_rows_that_lack_them),
        cmocka_unit_test(parameters_stand_for_numbers_that_come_later),
        cmocka_unit_test(a_position_is_one_of_the_text_that_the_client_wrote),
        cmocka_unit_test(a_position_behind_what_is_gone_is_right_too),
    };

    return cmocka_run_group_tests_name("splice", tests, NULL, NULL);
}
