#include "shardward/parse/parse.h"
#include "shardward/plan/plan.h"

#include "unit/plan/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct sw_map *map;

static int build(void **state)
{
    struct sw_config_faults faults;
    struct sw_config *config = sw_config_read(BOOKING_YAML, &faults);

    if (config == NULL)
        return -1;
    map = sw_map_build(config);
    return 0;
}

static int drop(void **state)
{
    sw_map_unref(map);
    return 0;
}

static void route(const char *sql, const struct sw_user *user, struct sw_error *err)
{
    const struct sw_plan_context context = {.database = sw_map_database(map, "booking"),
                                            .user = user,
                                            .is_search_path_plain = true,
                                            .map = map};
    const struct sw_parameters none = {.values = NULL};
    struct sw_script *script = sw_parse(sql, err);
    struct sw_route found;

    assert_non_null(script);
    *err = (struct sw_error){.sqlstate = ""};
    (void)sw_plan_route(&context, &script->statements[0], &none, &found, err);
    sw_script_unref(script);
}

#define UPDATE "UPDATE patients SET visits = 1 WHERE patient_id = 1"

/* Of a user who may use the businesses users and orders, and of one who may only read. */
static const struct {
    const char *sql, *of_some, *of_reader, *words;
} rows[] = {
    {"SELECT * FROM patients WHERE patient_id = 1", "", "", ""},
    {"SELECT * FROM hospitals", "42501", "", "permission denied for table hospitals"},
    {"SELECT * FROM public.hospitals", "42501", "", "permission denied for table hospitals"},
    {"SELECT 1 WHERE EXISTS (SELECT FROM doctors)", "42501", "",
     "permission denied for table doctors"},
    {"SELECT 1", "", "", ""},
    {"SELECT * FROM pg_class", "", "", ""},
    {"BEGIN READ WRITE", "", "", ""},
    {"SET default_transaction_read_only = off", "", "", ""},
    {UPDATE, "", "25006", "cannot execute UPDATE in a read-only transaction"},
    {"UPDATE hospitals SET name = ''", "42501", "25006", ""},
    {"INSERT INTO patients (patient_id, name) VALUES (1, '')", "", "25006",
     "cannot execute INSERT in a read-only transaction"},
    {"DELETE FROM patients WHERE patient_id = 1", "", "25006",
     "cannot execute DELETE in a read-only transaction"},
    {"WITH w AS (" UPDATE " RETURNING 1) SELECT * FROM w", "", "25006",
     "cannot execute SELECT in a read-only transaction"},
    {"SELECT * FROM patients WHERE patient_id = 1 FOR UPDATE", "", "25006",
     "cannot execute SELECT FOR UPDATE in a read-only transaction"},
    {"TRUNCATE patients", "", "25006", "cannot execute TRUNCATE TABLE in a read-only"},
    {"TRUNCATE hospitals", "42501", "25006", "permission denied for business institutions"},
    {"ALTER TABLE patients ADD COLUMN note text", "", "25006",
     "cannot execute ALTER TABLE in a read-only transaction"},
    {"ALTER TABLE hospitals ADD COLUMN note text", "42501", "25006",
     "permission denied for business institutions"},
    {"CREATE SCHEMA more", "42501", "25006", "permission denied for business"},
};

static void rights_are_asked_of_every_table_and_write(void **state)
{
    static const char *const some[] = {"users", "orders"};
    const struct sw_user *everybody = sw_map_user(map, "booking");
    struct sw_user of_some = *everybody, reader = *everybody;

    of_some.rights.businesses = some;
    of_some.rights.business_count = 2;
    reader.rights.is_read_only = true;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_error err;
        bool is_told = false;

        route(rows[i].sql, everybody, &err);
        assert_string_equal(err.sqlstate, "");
        route(rows[i].sql, NULL, &err);
        assert_string_equal(err.sqlstate, "");
        route(rows[i].sql, &of_some, &err);
        assert_string_equal(err.sqlstate, rows[i].of_some);
        is_told = strncmp(err.message, rows[i].words, strlen(rows[i].words)) == 0;
        route(rows[i].sql, &reader, &err);
        assert_string_equal(err.sqlstate, rows[i].of_reader);
        is_told |= strncmp(err.message, rows[i].words, strlen(rows[i].words)) == 0;
        assert_true(is_told);
    }
}

static void rights_name_databases_and_businesses(void **state)
{
    static const char *const booking[] = {"booking"}, *const other[] = {"other"},
                             *const users[] = {"users"};
    const struct sw_database *database = sw_map_database(map, "booking");
    const struct sw_table *patients = sw_database_table(database, "public", "patients");
    const struct sw_table *hospitals = sw_database_table(database, "public", "hospitals");
    struct sw_user user = *sw_map_user(map, "booking");

    assert_true(sw_user_may_connect(&user, database));
    assert_true(sw_user_may_reach(&user, hospitals->shard));
    user.rights.databases = booking;
    user.rights.database_count = 1;
    user.rights.businesses = users;
    user.rights.business_count = 1;
    assert_true(sw_user_may_connect(&user, database));
    assert_true(sw_user_may_reach(&user, database->catalog));
    assert_true(sw_user_may_reach(&user, patients->placement->shards[0]));
    assert_false(sw_user_may_reach(&user, hospitals->shard));
    assert_true(sw_user_may_use(&user, patients->business));
    assert_false(sw_user_may_use(&user, hospitals->business));
    user.rights.databases = other;
    assert_false(sw_user_may_connect(&user, database));
    assert_false(sw_user_may_reach(&user, database->catalog));
    assert_false(sw_user_may_reach(&user, patients->placement->shards[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rights_are_asked_of_every_table_and_write),
        cmocka_unit_test(rights_name_databases_and_businesses),
    };

    return cmocka_run_group_tests(tests, build, drop);
}
