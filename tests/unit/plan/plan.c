/*
 * Facts made by hand, for what no SQL text brings about (golden plans hold the rest).
 */
#include "shardward/plan/plan.h"

#include "shardward/base/mem.h"
#include "unit/plan/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct sw_map *map;
static struct sw_plan_context context;

static int build(void **state)
{
    struct sw_config_faults faults;
    struct sw_config *config = sw_config_read(BOOKING_YAML, &faults);

    if (config == NULL)
        return -1;
    map = sw_map_build(config);
    context = (struct sw_plan_context){.database = sw_map_database(map, "booking"),
                                       .user = sw_map_user(map, "booking"),
                                       .is_search_path_plain = true};
    return 0;
}

static int drop(void **state)
{
    sw_map_unref(map);
    return 0;
}

static const struct sw_value forty_two = {.kind = SW_VALUE_INTEGER, .integer = 42};
static const struct sw_level one_select = {.kind = SW_LEVEL_SELECT, .parent = -1, .target = -1};
static const struct sw_relation patients = {.kind = SW_RELATION_TABLE, .name = "patients"};
static const struct sw_predicate key_is_42 = {
    .kind = SW_PREDICATE_IN,
    .prunes_to = 1,
    .column = {.relation = 0, .name = "patient_id"},
    .values = &forty_two,
    .value_count = 1,
    .other = {.relation = -1},
};

static struct sw_statement select_patients(const struct sw_predicate *predicate)
{
    return (struct sw_statement){.kind = SW_STATEMENT_SELECT,
                                 .levels = &one_select,
                                 .level_count = 1,
                                 .relations = &patients,
                                 .relation_count = 1,
                                 .predicates = predicate,
                                 .predicate_count = predicate == NULL ? 0 : 1};
}

static void a_predicate_that_prunes_routes(void **state)
{
    struct sw_statement statement = select_patients(&key_is_42);
    struct sw_route route;
    struct sw_error err;

    assert_true(sw_plan_route(&context, &statement, NULL, &route, &err));
    assert_int_equal(route.kind, SW_ROUTE_ONE);
    assert_string_equal(route.shard->name, "users_3");
    assert_null(route.placement);
}

static void a_predicate_of_another_range_does_not(void **state)
{
    struct sw_predicate predicate = key_is_42;
    struct sw_statement statement = select_patients(&predicate);
    struct sw_route route;
    struct sw_error err;

    predicate.prunes_from = predicate.prunes_to;
    assert_true(sw_plan_route(&context, &statement, NULL, &route, &err));
    assert_int_equal(route.kind, SW_ROUTE_SEVERAL);
}

static void a_predicate_of_another_level_does_not(void **state)
{
    struct sw_predicate predicate = key_is_42;
    struct sw_statement statement = select_patients(&predicate);
    struct sw_route route;
    struct sw_error err;

    predicate.level = 1;
    assert_true(sw_plan_route(&context, &statement, NULL, &route, &err));
    assert_int_equal(route.kind, SW_ROUTE_SEVERAL);
}

static void a_predicate_on_another_column_does_not(void **state)
{
    struct sw_predicate predicate = key_is_42;
    struct sw_statement statement = select_patients(&predicate);
    struct sw_route route;
    struct sw_error err;

    predicate.column.name = "visits";
    assert_true(sw_plan_route(&context, &statement, NULL, &route, &err));
    assert_int_equal(route.kind, SW_ROUTE_SEVERAL);
}

static void a_refused_statement_keeps_its_refusal(void **state)
{
    struct sw_statement statement = {.kind = SW_STATEMENT_REFUSED};
    struct sw_route route;
    struct sw_error err;

    sw_error_set(&statement.refusal, "0A000", "COPY is not supported yet");
    assert_false(sw_plan_route(&context, &statement, NULL, &route, &err));
    assert_string_equal(err.message, "COPY is not supported yet");
}

static void the_first_of_a_placement_stands_for_any_of_it(void **state)
{
    static const int uses = 1;
    const struct sw_value parameter = {.kind = SW_VALUE_PARAMETER, .parameter = 1};
    struct sw_predicate predicate = key_is_42;
    struct sw_statement statement = select_patients(&predicate);
    struct sw_route route;
    struct sw_error err;

    predicate.values = &parameter;
    statement.parameter_uses = &uses;
    statement.parameter_count = 1;
    assert_true(sw_plan_route(&context, &statement, NULL, &route, &err));
    assert_int_equal(route.kind, SW_ROUTE_ANY_OF);
    assert_string_equal(route.shard->name, "users_0");
    assert_ptr_equal(route.placement,
                     sw_database_table(context.database, "public", "patients")->placement);
}

/* Routes a self-join of @count relations in which each equals the one before, the last is 42.
 */
static bool route_chain(int count, struct sw_route *route, struct sw_error *err)
{
    struct sw_relation *relations = sw_alloc_zero((size_t)count, sizeof *relations);
    struct sw_predicate *predicates = sw_alloc_zero((size_t)count, sizeof *predicates);
    struct sw_statement statement = {.kind = SW_STATEMENT_SELECT,
                                     .levels = &one_select,
                                     .level_count = 1,
                                     .relations = relations,
                                     .relation_count = count,
                                     .predicates = predicates,
                                     .predicate_count = count};
    bool is_routed;

    for (int i = 0; i < count; i++) {
        relations[i] = patients;
        predicates[i] = key_is_42;
        predicates[i].prunes_to = count;
        predicates[i].column.relation = i;
        predicates[i].other = (struct sw_column){.relation = i + 1, .name = "patient_id"};
        if (i + 1 < count)
            predicates[i].kind = SW_PREDICATE_EQUALS;
    }
    is_routed = sw_plan_route(&context, &statement, NULL, route, err);
    free(relations);
    free(predicates);
    return is_routed;
}

static void a_key_goes_through_a_long_chain_of_equalities(void **state)
{
    struct sw_route route;
    struct sw_error err;

    assert_true(route_chain(1000, &route, &err));
    assert_string_equal(route.shard->name, "users_3");
}

static void a_statement_beyond_measure_is_refused(void **state)
{
    struct sw_route route;
    struct sw_error err;

    assert_false(route_chain(2000, &route, &err));
    assert_string_equal(err.sqlstate, "54001");
}

static void a_reason_that_is_too_long_is_cut_between_tables(void **state)
{
    struct sw_route route;
    struct sw_error err;

    assert_true(route_chain(20, &route, &err));
    assert_true(strlen(route.reason) < sizeof route.reason);
    assert_non_null(strstr(route.reason, "on users_3"));
    assert_string_equal(route.reason + strlen(route.reason) - strlen("users_3"), "users_3");
}

static void a_plan_is_located_as_often_as_values_come(void **state)
{
    static const int uses = 1;
    const struct sw_value parameter = {.kind = SW_VALUE_PARAMETER, .parameter = 1};
    struct sw_predicate predicate = key_is_42;
    struct sw_statement statement = select_patients(&predicate);
    struct sw_plan *plan;
    struct sw_error err;

    predicate.values = &parameter;
    statement.parameter_uses = &uses;
    statement.parameter_count = 1;
    plan = sw_plan_compile(&context, &statement, &err);
    assert_non_null(plan);
    for (int key = 0; key < 500; key++) {
        struct sw_parameter value = {.len = 0};
        struct sw_parameters parameters = {.values = &value, .count = 1};
        struct sw_route located, planned;
        char text[8];

        value.len = (size_t)snprintf(text, sizeof text, "%d", key);
        value.bytes = (const uint8_t *)text;
        assert_true(sw_plan_locate(plan, &parameters, &located, &err));
        assert_true(sw_plan_route(&context, &statement, &parameters, &planned, &err));
        assert_ptr_equal(located.shard, planned.shard);
        assert_int_equal(located.kind, SW_ROUTE_ONE);
        assert_string_equal(located.reason, "");
        assert_string_not_equal(planned.reason, "");
    }
    sw_plan_free(plan);
}

static void a_statement_that_no_value_saves_has_no_plan(void **state)
{
    struct sw_statement statement = {.kind = SW_STATEMENT_REFUSED};
    struct sw_error err;

    sw_error_set(&statement.refusal, "0A000", "COPY is not supported yet");
    assert_null(sw_plan_compile(&context, &statement, &err));
    assert_string_equal(err.message, "COPY is not supported yet");
}

static void every_kind_of_route_is_printed(void **state)
{
    struct sw_buf out;

    sw_buf_init(&out, 10000);
    for (int kind = SW_ROUTE_LOCAL; kind <= SW_ROUTE_SCHEMA; kind++) {
        const struct sw_table *table =
            sw_database_table(context.database, "public", "patients");
        struct sw_route route = {.kind = (enum sw_route_kind)kind,
                                 .shard = table->placement->shards[0],
                                 .placement = table->placement,
                                 .reason = "because"};

        sw_buf_clear(&out);
        sw_plan_print_route(context.database, &route, &out);
        sw_buf_append(&out, "", 1);
        assert_int_equal(strncmp((const char *)sw_buf_bytes(&out), "route: ", 7), 0);
        assert_non_null(strstr((const char *)sw_buf_bytes(&out), "\nreason: because\n"));
        assert_int_equal(strstr((const char *)sw_buf_bytes(&out), "\nshard: users_0\n") != NULL,
                         kind == SW_ROUTE_ONE);
    }
    sw_buf_finish(&out);
}

static void rows_of_several_shards_are_read_on_several(void **state)
{
    struct sw_statement statement = select_patients(NULL);
    struct sw_error err = {.sqlstate = ""};
    struct sw_plan *plan = sw_plan_compile(&context, &statement, &err);
    struct sw_route route;

    assert_non_null(plan);
    assert_true(sw_plan_locate(plan, NULL, &route, &err));
    assert_int_equal(route.kind, SW_ROUTE_SEVERAL);
    assert_string_equal(route.placement->name, "by_patient");
    assert_false(route.writes);
    sw_plan_free(plan);
}

static void a_write_needs_one_shard(void **state)
{
    struct sw_statement statement = select_patients(NULL);
    struct sw_error err = {.sqlstate = ""};
    struct sw_route route;
    struct sw_plan *plan;

    statement.writes = true;
    plan = sw_plan_compile(&context, &statement, &err);
    assert_non_null(plan);
    assert_false(sw_plan_locate(plan, NULL, &route, &err));
    sw_plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_predicate_that_prunes_routes),
        cmocka_unit_test(a_predicate_of_another_range_does_not),
        cmocka_unit_test(a_predicate_of_another_level_does_not),
        cmocka_unit_test(a_predicate_on_another_column_does_not),
        cmocka_unit_test(a_refused_statement_keeps_its_refusal),
        cmocka_unit_test(the_first_of_a_placement_stands_for_any_of_it),
        cmocka_unit_test(a_key_goes_through_a_long_chain_of_equalities),
        cmocka_unit_test(a_statement_beyond_measure_is_refused),
        cmocka_unit_test(a_reason_that_is_too_long_is_cut_between_tables),
        cmocka_unit_test(a_plan_is_located_as_often_as_values_come),
        cmocka_unit_test(a_statement_that_no_value_saves_has_no_plan),
        cmocka_unit_test(every_kind_of_route_is_printed),
        cmocka_unit_test(rows_of_several_shards_are_read_on_several),
        cmocka_unit_test(a_write_needs_one_shard),
    };

    return cmocka_run_group_tests_name("plan", tests, build, drop);
}
