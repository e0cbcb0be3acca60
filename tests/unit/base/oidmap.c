#include "shardward/base/oidmap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { COUNT = 8, ARRAY_OF_INT = 1007, RECORD = 2249, ANYARRAY = 2277, RECORDS = 2287 };

static const struct sw_oid_pair pairs[COUNT] = {
    {.shard_oid = 16410, .catalog_oid = 20000},
    {.shard_oid = 16409, .catalog_oid = 20001, .shape = {.kind = SW_SHAPE_ARRAY}},
    {.shard_oid = 16408, .catalog_oid = 20002, .shape = {.kind = SW_SHAPE_COMPOSITE}},
    {.shard_oid = 16407, .catalog_oid = 20003, .shape = {SW_SHAPE_RANGE, 16408}},
    {.shard_oid = 16406, .catalog_oid = 20004, .shape = {SW_SHAPE_MULTIRANGE, 16407}},
    {.shard_oid = 16405, .catalog_oid = 20005, .shape = {SW_SHAPE_RANGE, 16410}},
    {.shard_oid = 16404, .catalog_oid = 20006, .shape = {SW_SHAPE_MULTIRANGE, 16405}},
    {.shard_oid = 16403, .catalog_oid = 20007, .shape = {SW_SHAPE_RANGE, 23}},
};

static void a_type_has_its_shape_by_either_oid(void **state)
{
    static const struct {
        uint32_t shard_oid, catalog_oid;
        enum sw_shape_kind kind;
    } rows[] = {
        {16410, 20000, SW_SHAPE_PLAIN},
        {16409, 20001, SW_SHAPE_ARRAY},
        {16408, 20002, SW_SHAPE_COMPOSITE},
        {16407, 20003, SW_SHAPE_RANGE},
        {16406, 20004, SW_SHAPE_MULTIRANGE},
        /* Ranges of what names no types. */
        {16405, 20005, SW_SHAPE_PLAIN},
        {16404, 20006, SW_SHAPE_PLAIN},
        {16403, 20007, SW_SHAPE_PLAIN},
        /* Those of initdb, and one that is not in the map. */
        {23, 23, SW_SHAPE_PLAIN},
        {ARRAY_OF_INT, ARRAY_OF_INT, SW_SHAPE_PLAIN},
        {RECORD, RECORD, SW_SHAPE_COMPOSITE},
        {RECORDS, RECORDS, SW_SHAPE_ARRAY},
        {ANYARRAY, ANYARRAY, SW_SHAPE_ARRAY},
        {17000, 17000, SW_SHAPE_PLAIN},
        {0, 0, SW_SHAPE_PLAIN},
    };
    struct sw_oid_map *map = sw_oid_map_create(pairs, COUNT);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(sw_shape_of_shard(map, rows[i].shard_oid).kind, rows[i].kind);
        assert_int_equal(sw_shape_of_catalog(map, rows[i].catalog_oid).kind, rows[i].kind);
        assert_int_equal(sw_oid_of_catalog(map, rows[i].shard_oid), rows[i].catalog_oid);
        assert_int_equal(sw_oid_of_shard(map, rows[i].catalog_oid), rows[i].shard_oid);
    }
    sw_oid_map_unref(map);
}

static void a_range_of_itself_is_no_trap(void **state)
{
    const struct sw_oid_pair odd[] = {
        {.shard_oid = 16400, .catalog_oid = 20000, .shape = {SW_SHAPE_RANGE, 16401}},
        {.shard_oid = 16401, .catalog_oid = 20001, .shape = {SW_SHAPE_RANGE, 16400}},
    };
    struct sw_oid_map *map = sw_oid_map_create(odd, 2);

    assert_int_equal(sw_shape_of_shard(map, 16400).kind, SW_SHAPE_RANGE);
    sw_oid_map_unref(map);
}

static void a_map_of_nothing_leaves_all_as_it_is(void **state)
{
    struct sw_oid_map *map = sw_oid_map_create(NULL, 0);

    assert_int_equal(sw_oid_of_catalog(map, 16400), 16400);
    assert_int_equal(sw_shape_of_shard(map, 16400).kind, SW_SHAPE_PLAIN);
    sw_oid_map_unref(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_type_has_its_shape_by_either_oid),
        cmocka_unit_test(a_range_of_itself_is_no_trap),
        cmocka_unit_test(a_map_of_nothing_leaves_all_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
