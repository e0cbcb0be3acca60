#include "shardward/parse/outline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct row {
    const char *sql;
    int relation;
    const char *wanted; /* of columns a, b */
};

/* clang-format off */
static const struct row rows[] = {
    {"select a from t", 0, "a"},
    {"select 1 from t", 0, ""},
    {"select * from t, u where b = 1", 0, "ab"},
    {"select * from t, u where b = 1", 1, "ab"},
    {"select t.* from t, u", 0, "ab"},
    {"select t.* from t, u", 1, ""},
    {"select public.t.* from public.t, u where u.b = 1", 0, "ab"},
    {"select public.t.* from public.t, u where u.b = 1", 1, "b"},
    {"select x.* from t as x, u as t", 0, "ab"},
    {"select x.* from t as x, u as t", 1, ""},
    {"select (select count(t.*) from u) from t", 0, "ab"},
    {"select (select count(t.*) from u) from t", 1, ""},
    {"select (select count(*) from u) from t", 0, ""},
    {"select (select count(u.*) from u as t) from u", 0, "ab"},
    {"select t from t, u", 0, "ab"},
    {"select (t).* from t, u", 0, "ab"},
    {"select (t).* from t, u", 1, ""},
    {"select j.* from (t join u on t.a = u.a) as j", 1, "ab"},
    {"select 1 from t natural join u", 0, "ab"},
    {"select j.* from t join u using (a) as j", 1, "a"},
    {"select 1 from t as x (c, d)", 0, "ab"},
};
/* clang-format on */

static void wants(void **state)
{
    const struct row *row = *state;
    struct sw_error err;
    struct sw_script *script = sw_parse_outlines(row->sql, &err);
    char wanted[3] = "";

    assert_non_null(script);
    for (const char *name = "ab"; *name != '\0'; name++)
        if (sw_outline_wants(sw_script_outline(script, 0), &script->statements[0],
                             row->relation, (const char[]){*name, '\0'}))
            wanted[strlen(wanted)] = *name;
    assert_string_equal(wanted, row->wanted);
    sw_script_unref(script);
}

int main(void)
{
    enum { COUNT = sizeof rows / sizeof *rows };
    struct CMUnitTest tests[COUNT];

    for (size_t i = 0; i < COUNT; i++)
        tests[i] = (struct CMUnitTest){
            .name = rows[i].sql, .test_func = wants, .initial_state = (void *)&rows[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
