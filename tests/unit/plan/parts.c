/* DDL that names an index, a sequence or a partition goes where its table is. */
#include "shardward/base/mem.h"
#include "shardward/parse/parse.h"
#include "shardward/plan/plan.h"
#include "unit/plan/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define TABLE(name) "table\tpublic\t" name "\tr\tf\t\t\\N\n"
#define PART(kind, table, name) kind "\tpublic\t" table "\tpublic\t" name "\n"
#define INDEX(table, name) PART("index", table, name)
#define SEQUENCE(name) "sequence\t\\N\t\\N\tpublic\t" name "\n"

/* Every shard holds this, which the map does not mind; */
static const char everything[] = TABLE("patients") TABLE("slots") TABLE("other")
    INDEX("patients", "by_name") INDEX("patients", "by_city") INDEX("slots", "by_day")
        INDEX("other", "by_other") INDEX("patients", "twice") INDEX("slots", "twice")
            PART("sequence", "patients", "numbers") PART("sequence", "slots", "turns")
                SEQUENCE("free") PART("partition", "patients", "children") TABLE("children")
                    INDEX("children", "by_age") INDEX("patients", "by_age") TABLE("everywhere");
/* shards of users this, too; */
static const char of_users[] =
    TABLE("archive") PART("sequence", "archive", "archived") SEQUENCE("cards");
/* and the catalog database this. */
static const char of_catalog[] = TABLE("copy") SEQUENCE("ids");

static struct sw_map *map;
static struct sw_catalog *catalog;
static struct sw_plan_context context;

static char *text_of(const struct sw_shard *shard)
{
    const char *more = shard->business == NULL                       ? of_catalog
                       : strcmp(shard->business->name, "users") == 0 ? of_users
                                                                     : "";

    return sw_format("%s%s", everything, more);
}

/* Of what was read from all shards but one. */
static struct sw_catalog *catalog_of(int but)
{
    struct sw_shard_reading *readings =
        sw_alloc_zero((size_t)map->shard_count, sizeof *readings);
    struct sw_catalog *built;

    for (int i = 0; i < map->shard_count; i++)
        if (i != but) {
            readings[i].text = text_of(map->shards[i]);
            readings[i].len = strlen(readings[i].text);
        }
    built = sw_catalog_build(map, readings, 1);
    for (int i = 0; i < map->shard_count; i++)
        free((char *)(uintptr_t)readings[i].text);
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
    catalog = catalog_of(-1);
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

static void a_sequence_leads_to_where_its_table_is_or_it_is_itself(void **state)
{
    static const struct {
        const char *sql, *outcome;
    } rows[] = {
        {"create sequence s", "*"},
        {"create sequence s owned by patients.patient_id", "users"},
        {"create sequence s owned by none", "*"},
        {"alter sequence numbers restart with 7", "users"},
        {"alter sequence public.turns increment 2", "orders"},
        {"alter sequence numbers owned by patients.patient_id", "users"},
        {"alter sequence numbers owned by slots.doctor_id", "0A000"},
        {"alter sequence numbers owner to booking", "users"},
        {"alter sequence numbers rename to n", "users"},
        {"alter sequence numbers set schema s", "users"},
        {"comment on sequence numbers is 'x'", "users"},
        {"grant usage on sequence numbers to booking", "users"},
        {"drop sequence numbers cascade", "users"},
        {"drop sequence numbers, turns", "0A000"},
        {"alter sequence free maxvalue 9", "*"},
        {"alter sequence free owned by patients.patient_id", "0A000"},
        {"drop sequence free", "*"},
        {"drop sequence free, numbers", "0A000"},
        {"drop sequence cards", "users"},
        {"alter sequence archived restart", "users"},
        {"alter sequence ids restart", "0A000"},
        {"drop sequence nothing", "42P01"},
        {"alter sequence nothing restart", "42P01"},
        {"drop sequence if exists nothing", "*"},
        {"alter sequence if exists nothing restart", "*"},
        {"drop sequence patients", "42809"},
        {"drop sequence by_name", "42809"},
        {"drop index numbers", "42809"},
    };
    struct sw_error err;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(outcome(rows[i].sql, &err), rows[i].outcome);
}

static void a_partition_leads_to_its_table_and_a_table_of_no_rule_is_only_dropped(void **state)
{
    static const struct {
        const char *sql, *outcome;
    } rows[] = {
        {"drop table children", "users"},
        {"drop table patients, children", "users"},
        {"drop table children, slots", "0A000"},
        {"truncate children", "users"},
        {"alter table children rename to kids", "users"},
        {"alter table children drop column patient_id", "0A000"},
        {"create index on children (name)", "users"},
        {"create unique index on children (name)", "0A000"},
        {"drop index by_age", "users"},
        {"vacuum children", "users"},
        {"alter table patients attach partition archive default", "users"},
        {"alter table patients detach partition children", "users"},
        {"create table babies partition of patients default", "users"},
        {"create table slots partition of patients default", "0A000"},
        {"alter table patients attach partition slots default", "0A000"},
        {"drop table archive", "users"},
        {"drop table archive, patients", "users"},
        {"alter table archive rename to attic", "42P01"},
        {"truncate archive", "42P01"},
        {"drop table everywhere", "0A000"},
        {"drop table copy", "0A000"},
        {"drop table nothing", "42P01"},
        {"drop table if exists nothing", "*"},
        {"drop table if exists nothing, patients", "0A000"},
        {"drop table by_name", "42809"},
    };
    struct sw_error err;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(outcome(rows[i].sql, &err), rows[i].outcome);
}

static void rows_of_a_partition_are_those_of_its_table(void **state)
{
    struct sw_error err;

    assert_string_equal(outcome("select * from children where patient_id = 1", &err), "0A000");
    assert_string_equal(err.message, "\"children\" is a partition of table \"patients\"");
    assert_string_equal(outcome("delete from public.children where patient_id = 1", &err),
                        "0A000");
    assert_string_equal(outcome("select * from archive", &err), "42P01");
}

static void an_unqualified_name_needs_the_plain_search_path(void **state)
{
    struct sw_error err;

    context.is_search_path_plain = false;
    assert_string_equal(outcome("drop index by_name", &err), "0A000");
    assert_string_equal(outcome("drop index public.by_name", &err), "users");
    assert_string_equal(outcome("drop sequence numbers", &err), "0A000");
    assert_string_equal(outcome("drop sequence public.numbers", &err), "users");
    assert_string_equal(outcome("drop table archive", &err), "0A000");
    assert_string_equal(outcome("drop table public.archive", &err), "users");
    context.is_search_path_plain = true;
}

static void what_an_unread_shard_may_have_is_not_said_to_be_missing(void **state)
{
    struct sw_catalog *partial = catalog_of(0);
    struct sw_error err;

    context.catalog = partial;
    assert_string_equal(outcome("drop index by_name", &err), "users");
    assert_string_equal(outcome("drop index nothing", &err), "0A000");
    assert_string_equal(outcome("drop index if exists nothing", &err), "0A000");
    assert_string_equal(outcome("drop sequence numbers", &err), "users");
    assert_string_equal(outcome("drop sequence cards", &err), "0A000");
    assert_string_equal(outcome("drop table archive", &err), "0A000");
    assert_string_equal(outcome("drop table if exists nothing", &err), "0A000");
    assert_string_equal(outcome("drop table children", &err), "users");
    context.catalog = NULL;
    assert_string_equal(outcome("drop index by_name", &err), "0A000");
    assert_string_equal(outcome("drop sequence numbers", &err), "0A000");
    assert_string_equal(outcome("drop table children", &err), "42P01");
    context.catalog = catalog;
    sw_catalog_unref(partial);
}

static void a_change_of_what_belongs_to_a_table_is_about_it(void **state)
{
    static const char *const rows[] = {"drop index by_name, nothing", "drop table children",
                                       "alter sequence numbers restart"};
    const struct sw_table *tables[2];
    struct sw_error err;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_script *script = sw_parse(rows[i], &err);
        const struct sw_ddl *ddl = script->statements[0].ddl;

        assert_int_equal(sw_plan_list_tables(context.database, catalog, ddl, tables, 2), 1);
        assert_string_equal(tables[0]->name, "patients");
        assert_int_equal(sw_plan_list_tables(context.database, NULL, ddl, tables, 2), 0);
        sw_script_unref(script);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_index_leads_to_the_shards_of_its_table),
        cmocka_unit_test(an_unqualified_name_needs_the_plain_search_path),
        cmocka_unit_test(what_an_unread_shard_may_have_is_not_said_to_be_missing),
        cmocka_unit_test(a_sequence_leads_to_where_its_table_is_or_it_is_itself),
        cmocka_unit_test(a_partition_leads_to_its_table_and_a_table_of_no_rule_is_only_dropped),
        cmocka_unit_test(rows_of_a_partition_are_those_of_its_table),
        cmocka_unit_test(a_change_of_what_belongs_to_a_table_is_about_it),
    };

    return cmocka_run_group_tests_name("parts", tests, build, drop);
}
