#include "shardward/topology/state.h"

#include "shardward/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char yaml[] =
    "listen: 127.0.0.1:6432\n"
    "clusters:\n"
    "  c1: {failover: %s, control: {user: u}, nodes: [%s]}\n"
    "users: {u: {password: p, server: {user: u}}}\n"
    "databases: {d: {catalog: {cluster: c1, dbname: d}, businesses: {}}}\n";

#define A "{name: a, address: 127.0.0.1, port: 1}"
#define B "{name: b, address: 127.0.0.2, port: 1}"
#define B_ELSEWHERE "{name: b, address: 127.0.0.3, port: 1}"

static struct sw_map *map_of(const char *failover, const char *nodes)
{
    char path[] = "/tmp/sw_unit_state_XXXXXX";
    struct sw_config_faults faults = {0};
    struct sw_config *config;
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_true(dprintf(fd, yaml, failover, nodes) > 0);
    (void)close(fd);
    config = sw_config_read(path, &faults);
    (void)unlink(path);
    if (config == NULL)
        fail_msg("%s", faults.faults[0].text);
    return sw_map_build(config);
}

static const struct sw_cluster *only_cluster(const struct sw_map *map)
{
    return &map->clusters[0];
}

static void the_first_node_is_the_primary_until_more_is_known(void **state)
{
    struct sw_map *map = map_of("off", A ", " B);
    struct sw_state *now = sw_state_create(map, NULL);
    const struct sw_cluster *cluster = only_cluster(map);

    (void)state;
    assert_ptr_equal(sw_state_primary(now, cluster), &cluster->nodes[0]);
    assert_int_equal(sw_state_cluster(now, cluster)->admission, SW_ADMIT);
    assert_int_equal(sw_state_node(now, cluster, &cluster->nodes[1])->lag_bytes, -1);
    sw_state_unref(now);
    sw_map_unref(map);
}

/* What becomes of a primary `b`, with a timeline that ended, in another map. */
struct row {
    const char *name;
    const char *failover, *nodes; /* of the next map */
    int primary, end_count;
};

static const struct row rows[] = {
    {"the_same_map", "follow", A ", " B, 1, 1},
    {"another_order", "follow", B ", " A, 0, 1},
    {"managed_from_now_on", "managed", A ", " B, 1, 1},
    {"the_primary_is_gone", "follow", A, -1, 1},
    {"the_primary_is_elsewhere", "follow", A ", " B_ELSEWHERE, -1, 1},
    {"nobody_watches_any_longer", "off", A ", " B, 0, 0},
};

static void check_row(void **state)
{
    const struct row *row = *state;
    struct sw_map *map = map_of("follow", A ", " B), *next_map;
    struct sw_state *now = sw_state_create(map, NULL), *next;
    struct sw_timeline_end *end = sw_arena_alloc(&now->arena, sizeof *end);

    *end = (struct sw_timeline_end){.timeline = 1, .lsn = 77};
    now->clusters[0].primary = 1;
    now->clusters[0].ends = end;
    now->clusters[0].end_count = 1;
    next_map = map_of(row->failover, row->nodes);
    next = sw_state_create(next_map, now);
    sw_state_unref(now);
    assert_int_equal(next->clusters[0].primary, row->primary);
    assert_int_equal(next->clusters[0].end_count, row->end_count);
    if (row->end_count > 0)
        assert_int_equal(next->clusters[0].ends[0].lsn, 77);
    if (row->primary < 0)
        assert_null(sw_state_primary(next, only_cluster(next_map)));
    sw_state_unref(next);
    sw_map_unref(next_map);
    sw_map_unref(map);
}

static void a_cluster_of_another_map_is_found_by_its_names(void **state)
{
    struct sw_map *map = map_of("follow", A ", " B), *other = map_of("follow", B ", " A);
    struct sw_state *now = sw_state_create(map, NULL);
    const struct sw_cluster *cluster = only_cluster(other);

    (void)state;
    now->clusters[0].primary = 1;
    assert_ptr_equal(sw_state_primary(now, cluster), &cluster->nodes[0]);
    sw_state_unref(now);
    sw_map_unref(other);
    sw_map_unref(map);
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof rows[0] };
    struct CMUnitTest tests[ROWS + 2] = {
        cmocka_unit_test(the_first_node_is_the_primary_until_more_is_known),
        cmocka_unit_test(a_cluster_of_another_map_is_found_by_its_names),
    };

    for (int i = 0; i < ROWS; i++)
        tests[i + 2] = (struct CMUnitTest){.name = rows[i].name,
                                           .test_func = check_row,
                                           .initial_state = (void *)(uintptr_t)&rows[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
