/*
 * What may run on a standby, and the settings of shardward itself.
 */
#include "shardward/base/mem.h"
#include "shardward/parse/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct sw_script *parse(const char *sql)
{
    struct sw_error err;
    struct sw_script *script = sw_parse(sql, &err);

    if (script == NULL)
        fail_msg("%s: %s", sql, err.message);
    return script;
}

/* --- what only reads --- */

struct row {
    const char *sql;
    bool only_reads;
    int functions; /* that are not known to be harmless */
};

static const struct row rows[] = {
    {"SELECT * FROM t WHERE k = 1", true, 0},
    {"SELECT count(*), max(a), lower(b), now(), random() FROM t GROUP BY 3", true, 0},
    {"WITH c AS (SELECT * FROM t) SELECT * FROM c JOIN u USING (k)", true, 0},
    {"SELECT * FROM t UNION ALL SELECT * FROM u", true, 0},
    {"VALUES (1), (2)", true, 0},
    {"TABLE t", true, 0},
    {"SELECT current_user, current_database()", true, 0},
    {"SELECT f(1)", true, 1},
    {"SELECT public.f(a), g(b) FROM t", true, 2},
    {"SELECT nextval('s')", true, 1},
    {"SELECT pg_is_in_recovery()", false, 0},
    {"SELECT * FROM t FOR UPDATE", false, 0},
    {"SELECT * FROM t FOR KEY SHARE", false, 0},
    {"SELECT * FROM (SELECT * FROM t FOR SHARE) s", false, 0},
    {"WITH c AS (DELETE FROM t RETURNING *) SELECT * FROM c", false, 0},
    {"SELECT shardward.next_id('t')", false, 0},
    {"SELECT pg_advisory_lock(1)", false, 0},
    {"SELECT pg_try_advisory_xact_lock(1) FROM t", false, 0},
    {"SELECT pg_notify('a', 'b')", false, 0},
    {"SELECT set_config('work_mem', '1MB', false)", false, 0},
    {"SELECT current_setting('transaction_read_only')", false, 0},
    {"SELECT 't'::regclass", false, 0},
    {"SELECT * FROM pg_stat_activity", false, 0},
    {"SELECT * FROM pg_catalog.pg_class", false, 0},
    {"SELECT * FROM information_schema.tables", false, 0},
    {"SELECT * FROM t, pg_class", false, 0},
    {"EXPLAIN SELECT * FROM t", false, 0},
    {"COPY t TO STDOUT", false, 0},
    {"DECLARE c CURSOR FOR SELECT * FROM t", false, 0},
    {"SELECT * INTO TEMP x FROM t", false, 0},
    {"UPDATE t SET a = 1", false, 0},
    {"INSERT INTO t VALUES (1)", false, 0},
    {"BEGIN", false, 0},
    {"SHOW work_mem", false, 0},
    {"SET work_mem = '1MB'", false, 0},
};

static void check_row(void **state)
{
    const struct row *row = *state;
    struct sw_script *script = parse(row->sql);

    assert_int_equal(script->count, 1);
    assert_int_equal(script->statements[0].only_reads, row->only_reads);
    assert_int_equal(script->statements[0].function_count, row->functions);
    sw_script_unref(script);
}

/* --- settings of shardward itself --- */

struct own_row {
    const char *sql;
    enum sw_own_setting setting;
    enum sw_setting_change change;
    const char *value;
};

static const struct own_row own_rows[] = {
    {"SET shardward.read = replica", SW_OWN_READ, SW_SETTING_SET, "replica"},
    {"SET SESSION shardward.read TO 'primary'", SW_OWN_READ, SW_SETTING_SET, "primary"},
    {"SET LOCAL ShardWard.Read = prefer_replica", SW_OWN_READ, SW_SETTING_SET_LOCAL,
     "prefer_replica"},
    {"SET LOCAL shardward.read TO DEFAULT", SW_OWN_READ, SW_SETTING_SET_LOCAL, NULL},
    {"SET shardward.read TO DEFAULT", SW_OWN_READ, SW_SETTING_RESET, NULL},
    {"RESET shardward.read", SW_OWN_READ, SW_SETTING_RESET, NULL},
    {"SET shardward.token = 'abc'", SW_OWN_TOKEN, SW_SETTING_SET, "abc"},
    {"SET shardward.read = 5", SW_OWN_READ, SW_SETTING_SET, "5"},
    {"SET shardward.read = true", SW_OWN_READ, SW_SETTING_SET, "true"},
};

static void check_own(void **state)
{
    const struct own_row *row = *state;
    struct sw_script *script = parse(row->sql);
    const struct sw_statement *statement = &script->statements[0];

    assert_int_equal(statement->kind, SW_STATEMENT_SET_OWN);
    assert_int_equal(statement->own->setting, row->setting);
    assert_int_equal(statement->own->change, row->change);
    if (row->value == NULL)
        assert_null(statement->own->value);
    else
        assert_string_equal(statement->own->value, row->value);
    assert_int_equal(statement->setting_count, 0);
    sw_script_unref(script);
}

static void others_are_refused(void **state)
{
    static const char *const texts[] = {
        "SET shardward.read = a, b",
        "SET shardward.read FROM CURRENT",
        "SELECT set_config('shardward.read', 'replica', false)",
        "SELECT set_config('ShardWard.Token', 'x', true)",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct sw_script *script = parse(texts[i]);

        assert_int_equal(script->statements[0].kind, SW_STATEMENT_REFUSED);
        assert_true(sw_error_is(&script->statements[0].refusal, "0A000"));
        sw_script_unref(script);
    }
}

enum { ROWS = sizeof rows / sizeof *rows, OWN_ROWS = sizeof own_rows / sizeof *own_rows };

int main(void)
{
    struct CMUnitTest tests[ROWS + OWN_ROWS + 1];

    for (int i = 0; i < ROWS; i++)
        tests[i] = (struct CMUnitTest){rows[i].sql, check_row, NULL, NULL,
                                       (void *)(uintptr_t)&rows[i]};
    for (int i = 0; i < OWN_ROWS; i++)
        tests[ROWS + i] = (struct CMUnitTest){own_rows[i].sql, check_own, NULL, NULL,
                                              (void *)(uintptr_t)&own_rows[i]};
    tests[ROWS + OWN_ROWS] = (struct CMUnitTest)cmocka_unit_test(others_are_refused);
    return _cmocka_run_group_tests("reads", tests, ROWS + OWN_ROWS + 1, NULL, NULL);
}
