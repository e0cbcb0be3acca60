#include "../../../src/parse/function_names.h"

#include "shardward/parse/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check_order(const char *const *names, size_t count)
{
    assert_true(count > 50);
    for (size_t i = 1; i < count; i++)
        if (strcmp(names[i - 1], names[i]) >= 0)
            fail_msg("%s does not belong behind %s", names[i], names[i - 1]);
}

static void the_lists_are_sorted_without_repetition(void **state)
{
    check_order(sw_harmless_functions, sw_harmless_function_count);
    check_order(sw_catalog_functions, sw_catalog_function_count);
}

static void no_function_is_in_both_lists(void **state)
{
    for (size_t i = 0; i < sw_catalog_function_count; i++)
        if (sw_function_is_harmless(sw_catalog_functions[i]))
            fail_msg("%s is in both lists", sw_catalog_functions[i]);
}

static void common_functions_are_harmless(void **state)
{
    static const char *const names[] = {
        "abs",
        "array_agg",
        "avg",
        "btrim",
        "clock_timestamp",
        "concat",
        "count",
        "date_trunc",
        "extract",
        "format",
        "gen_random_uuid",
        "json_agg",
        "jsonb_set",
        "lag",
        "lower",
        "max",
        "min",
        "mod",
        "now",
        "overlay",
        "pg_sleep",
        "position",
        "random",
        "rank",
        "row_number",
        "round",
        "row_to_json",
        "string_agg",
        "substring",
        "sum",
        "to_char",
        "to_tsvector",
        "timezone",
        "unnest",
        "upper",
        "version",
        "array_cat",
        "starts_with",
        "generate_series",
        "similar_to_escape",
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!sw_function_is_harmless(names[i]))
            fail_msg("%s is not harmless", names[i]);
}

/* Each of them reads or changes what a shard does not share with the others. */
static void no_function_with_a_hidden_side_is_harmless(void **state)
{
    static const char *const names[] = {
        "",
        "Now",
        "book_slot",
        "currval",
        "currtid2",
        "cursor_to_xml",
        "database_to_xml",
        "dblink",
        "has_table_privilege",
        "hash_record",
        "hashenum",
        "inet_server_addr",
        "lastval",
        "lo_get",
        "lo_put",
        "loread",
        "mxid_age",
        "nextval",
        "pg_advisory_lock",
        "pg_advisory_unlock_all",
        "pg_backend_pid",
        "pg_cancel_backend",
        "pg_current_xact_id",
        "pg_export_snapshot",
        "pg_get_expr",
        "pg_logical_emit_message",
        "pg_ls_dir",
        "pg_notify",
        "pg_read_file",
        "pg_relation_size",
        "pg_reload_conf",
        "pg_stat_get_activity",
        "pg_switch_wal",
        "pg_terminate_backend",
        "pg_total_relation_size",
        "pg_try_advisory_xact_lock",
        "query_to_xml",
        "satisfies_hash_partition",
        "schema_to_xml",
        "set_config",
        "setseed",
        "setval",
        "table_to_xml",
        "table_to_xmlschema",
        "ts_rewrite",
        "ts_stat",
        "txid_current",
        "current_setting",
        "current_database",
        "plpgsql_validator",
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (sw_function_is_harmless(names[i]))
            fail_msg("%s is harmless", names[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lists_are_sorted_without_repetition),
        cmocka_unit_test(no_function_is_in_both_lists),
        cmocka_unit_test(common_functions_are_harmless),
        cmocka_unit_test(no_function_with_a_hidden_side_is_harmless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
