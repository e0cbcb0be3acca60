/*
 * A row is a change of a good map, and what is then told (a part of it; NULL: nothing).
 */
#include "shardward/topology/risks.h"

#include "shardward/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char good[] =
    "listen: 127.0.0.1:6432\n"
    "clusters:\n"
    "  c1:\n"
    "    control: {user: shardward}\n"
    "    nodes:\n"
    "      - {name: n1, address: 127.0.0.1, port: 5432, cloud: east}\n"
    "      - {name: n2, address: 127.0.0.1, port: 5433, cloud: west}\n"
    "users:\n"
    "  app: {password: p, server: {user: app}}\n"
    "databases:\n"
    "  shop:\n"
    "    catalog: {cluster: c1, dbname: shop}\n"
    "    businesses:\n"
    "      many:\n"
    "        shards: {m0: {cluster: c1, dbname: m0}, m1: {cluster: c1, dbname: m1}}\n"
    "        placements:\n"
    "          p: {hash: {type: bigint, buckets: 2}, map: {m0: 0, m1: 1}}\n"
    "        tables:\n"
    "          t: {key: k, placement: p}\n";

static const struct row {
    const char *name, *from, *to, *told;
} rows[] = {
    {"a_good_map_has_no_risk", "", "", NULL},
    {"a_cluster_needs_a_replica",
     "      - {name: n2, address: 127.0.0.1, port: 5433, cloud: west}\n", "",
     "c1 has one node"},
    {"a_replica_belongs_into_another_cloud", "cloud: west", "cloud: east",
     "replicas in the cloud of its primary only: east"},
    {"a_business_belongs_into_several_clouds", "cloud: west", "cloud: east",
     "business many is in a single cloud: east"},
    {"a_cloud_that_is_not_named_is_not_judged", ", cloud: west", "", NULL},
    {"without_a_control_user_nothing_is_checked", "    control: {user: shardward}\n", "",
     "no control user"},
    {"two_nodes_are_not_enough_to_promote", "    nodes:", "    failover: managed\n    nodes:",
     "c1 has two nodes: the standby is not promoted"},
    {"who_goes_on_alone_may_lose",
     "    nodes:", "    failover: managed\n    promotion: {goes_on_alone: true}\n    nodes:",
     "while no standby is there may be lost"},
    {"who_waits_for_nobody_may_lose",
     "    nodes:", "    failover: managed\n    promotion: {synchronous: false}\n    nodes:",
     "may be lost with their primary"},
    {"who_promotes_nobody_has_no_such_risk", "    nodes:",
     "    failover: follow\n    promotion: {synchronous: false}\n    nodes:", NULL},
    {"a_shard_without_buckets_holds_nothing", "{m0: 0, m1: 1}", "{m0: 0-1}",
     "shard m1 of business many holds no table"},
    {"a_list_needs_a_default", "hash: {type: bigint, buckets: 2}, map: {m0: 0, m1: 1}",
     "list: {type: bigint}, map: {m0: [0], m1: [1]}", "that is not listed has no shard"},
    {"a_list_with_a_default_has_a_place_for_all",
     "hash: {type: bigint, buckets: 2}, map: {m0: 0, m1: 1}",
     "list: {type: bigint}, map: {m0: [0], default: m1}", NULL},
    {"ranges_may_cover_everything", "hash: {type: bigint, buckets: 2}, map: {m0: 0, m1: 1}",
     "range: {type: bigint}, map: {m0: [[null, 5]], m1: [[5, null]]}", NULL},
    {"ranges_may_have_a_gap", "hash: {type: bigint, buckets: 2}, map: {m0: 0, m1: 1}",
     "range: {type: bigint}, map: {m0: [[null, 5]], m1: [[6, null]]}", "outside of its ranges"},
    {"ranges_may_end", "hash: {type: bigint, buckets: 2}, map: {m0: 0, m1: 1}",
     "range: {type: bigint}, map: {m0: [[null, 5]], m1: [[5, 9]]}", "outside of its ranges"},
};

static char *changed(const struct row *row)
{
    const char *at = strstr(good, row->from);

    assert_non_null(at);
    return sw_format("%.*s%s%s", (int)(at - good), good, row->to, at + strlen(row->from));
}

static struct sw_map *build(const struct row *row)
{
    char path[] = "/tmp/risks-XXXXXX", *text = changed(row);
    size_t len = strlen(text);
    struct sw_config_faults faults;
    struct sw_config *config;
    int fd = mkstemp(path);

    assert_true(fd >= 0 && write(fd, text, len) == (ssize_t)len);
    (void)close(fd);
    free(text);
    config = sw_config_read(path, &faults);
    (void)unlink(path);
    if (config == NULL)
        fail_msg("%d:%d: %s", faults.faults[0].line, faults.faults[0].column,
                 faults.faults[0].text);
    return sw_map_build(config);
}

struct heard {
    const char *wanted;
    int count, found;
};

static void on_risk(void *owner, const char *text)
{
    struct heard *heard = owner;

    heard->count++;
    heard->found += heard->wanted != NULL && strstr(text, heard->wanted) != NULL;
}

static void check_row(void **state)
{
    const struct row *row = *state;
    struct sw_map *map = build(row);
    struct heard heard = {.wanted = row->told};

    sw_map_risks(map, on_risk, &heard);
    assert_int_equal(heard.found, row->told != NULL);
    if (row->told == NULL)
        assert_int_equal(heard.count, 0);
    sw_map_unref(map);
}

int main(void)
{
    enum { COUNT = sizeof rows / sizeof *rows };
    struct CMUnitTest tests[COUNT];

    for (int i = 0; i < COUNT; i++)
        tests[i] = (struct CMUnitTest){.name = rows[i].name,
                                       .test_func = check_row,
                                       .initial_state = (void *)(uintptr_t)&rows[i]};
    return cmocka_run_group_tests_name("risks", tests, NULL, NULL);
}
