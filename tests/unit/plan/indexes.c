/* DDL that names an index goes where its table is. */
#include "shardward/base/mem.h"
#include "shardward/parse/parse.h"
#include "shardward/plan/plan.h"
#include "unit/plan/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define TABLE(name) "table\tpublic\t" name "\tr\tf\t\t\\N\n"
#define INDEX(table, name) "index\tpublic\t" table "\tpublic\t" name "\n"

/* Every shard holds the same, which the map does not mind. */
static const char everything[] = TABLE("patients") TABLE("slots") TABLE("other")
    INDEX("patients", "by_name") INDEX("patients", "by_city") INDEX("slots", "by_day")
        INDEX("other", "by_other") INDEX("patients", "twice") INDEX("slots", "twice");

static struct sw_map *map;
static struct sw_catalog *catalog;
static struct sw_plan_context context;

static struct sw_catalog *catalog_of(const char *text, int but)
{
    struct sw_shard_reading *readings =
        sw_alloc_zero((size_t)map->shard_count, sizeof *readings);
    struct sw_catalog *built;

    for (int i = 0; i < map->shard_count; i++)
        if (i != but)
            readings[i] = (struct sw_shard_reading){text, strlen(text), NULL};
    built = sw_catalog_build(map, readings, 1);
    free(readings);
    return built;
}

static int build(void **state)
{
    struct sw_config_faults faults;
    struct sw_config *config = sw_config_read(BOOKING_YAML, &faults);

    if (config == NULL)
        return -1;
    map = sw_map_build(config);
    catalog = catalog_of(everything, -1);
    context = (struct sw_plan_context){.database = sw_map_database(map, "booking"),
                                       .user = sw_map_user(map, "booking"),
                                       .catalog = catalog,
                                       .is_search_path_plain = true};
    return 0;
}

static int drop(void **state)
{
    sw_catalog_unref(catalog);
    sw_map_unref(map);
    return 0;
}

/* The SQLSTATE of the refusal, or the name of the business; "*" is all of them. */
static const char *outcome(const char *sql, struct sw_error *err)
{
    struct sw_script *script = sw_parse(sql, err);
    struct sw_route route;
    bool is_routed;

    assert_non_null(script);
    is_routed = sw_plan_route(&context, &script->statements[0], NULL, &route, err);
    sw_script_unref(script);
    if (!is_routed)
        return err->sqlstate;
    assert_int_equal(route.kind, SW_ROUTE_SCHEMA);
    return route.business == NULL ? "*" : route.business->name;
}

static void an_index_leads_to_the_shards_of_its_table(void **state)
{
    static const struct {
        const char *sql, *outcome;
    } rows[] = {
        {"drop index by_name", "users"},
        {"drop index concurrently public.by_day", "orders"},
        {"drop index by_name, by_city", "users"},
        {"drop index by_name, by_day", "0A000"},
        {"alter index by_name rename to x", "users"},
        {"alter index by_name set (fillfactor = 70)", "users"},
        {"alter index by_name reset (fillfactor)", "users"},
        {"alter index by_name alter column 1 set statistics 5", "users"},
        {"alter index by_name attach partition by_city", "users"},
        {"comment on index by_day is 'x'", "orders"},
        {"reindex index by_day", "orders"},
        {"reindex index concurrently by_name", "users"},
        {"drop index nothing", "42704"},
        {"drop index elsewhere.by_name", "42704"},
        {"alter index nothing rename to x", "42P01"},
        {"reindex index nothing", "42P01"},
        {"comment on index nothing is 'x'", "42P01"},
        {"drop index if exists nothing", "*"},
        {"drop index if exists by_name, nothing", "0A000"},
        {"drop index if exists nothing, by_name", "0A000"},
        {"drop index if exists nothing, nowhere", "*"},
        {"drop index if exists by_name", "users"},
        {"alter index if exists nothing rename to x", "*"},
        {"alter index if exists nothing set (fillfactor = 70)", "*"},
        {"drop index patients", "42809"},
        {"drop index if exists patients", "42809"},
        {"alter index if exists patients rename to x", "42809"},
        {"drop index by_other", "42P01"},
        {"drop index if exists by_other", "42P01"},
        {"drop index twice", "0A000"},
        {"drop index pg_catalog.pg_class_oid_index", "0A000"},
    };
    struct sw_error err;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(outcome(rows[i].sql, &err), rows[i].outcome);
}

static void an_unqualified_index_needs_the_plain_search_path(void **state)
{
    struct sw_error err;

    context.is_search_path_plain = false;
    assert_string_equal(outcome("drop index by_name", &err), "0A000");
    assert_string_equal(outcome("drop index public.by_name", &err), "users");
    context.is_search_path_plain = true;
}

static void what_an_unread_shard_may_have_is_not_said_to_be_missing(void **state)
{
    struct sw_catalog *partial = catalog_of(everything, 0);
    struct sw_error err;

    context.catalog = partial;
    assert_string_equal(outcome("drop index by_name", &err), "users");
    assert_string_equal(outcome("drop index nothing", &err), "0A000");
    assert_string_equal(outcome("drop index if exists nothing", &err), "0A000");
    context.catalog = NULL;
    assert_string_equal(outcome("drop index by_name", &err), "0A000");
    context.catalog = catalog;
    sw_catalog_unref(partial);
}

static void a_change_of_an_index_is_about_its_table(void **state)
{
    struct sw_error err;
    struct sw_script *script = sw_parse("drop index by_name, nothing", &err);
    const struct sw_ddl *ddl = script->statements[0].ddl;
    const struct sw_table *tables[2];

    assert_int_equal(sw_plan_list_tables(context.database, catalog, ddl, tables, 2), 1);
    assert_string_equal(tables[0]->name, "patients");
    assert_int_equal(sw_plan_list_tables(context.database, NULL, ddl, tables, 2), 0);
    sw_script_unref(script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_index_leads_to_the_shards_of_its_table),
        cmocka_unit_test(an_unqualified_index_needs_the_plain_search_path),
        cmocka_unit_test(what_an_unread_shard_may_have_is_not_said_to_be_missing),
        cmocka_unit_test(a_change_of_an_index_is_about_its_table),
    };

    return cmocka_run_group_tests_name("indexes", tests, build, drop);
}
