#include "shardward/topology/reads.h"

#include "shardward/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* --- how far behind --- */

struct lag_row {
    const char *name;
    bool is_read;
    int64_t bytes, ms;
    bool may;
};

static const struct lag_row lag_rows[] = {
    {"not_behind", false, 0, 0, true},
    {"read_up_to_the_limit", true, 1000, 100, true},
    {"one_byte_more", true, 1001, 0, false},
    {"one_millisecond_more", true, 0, 101, false},
    {"read_again_at_half_the_limit", false, 500, 50, true},
    {"not_yet_read_again_by_bytes", false, 501, 0, false},
    {"not_yet_read_again_by_time", false, 0, 51, false},
    {"bytes_are_not_known", true, -1, 0, false},
    {"time_is_not_known", true, 0, -1, false},
};

static void check_lag(void **state)
{
    static const struct sw_config_reads limits = {.max_lag_bytes = 1000, .max_lag_ms = 100};
    const struct lag_row *row = *state;

    assert_int_equal(sw_reads_may_serve(&limits, row->is_read, row->bytes, row->ms), row->may);
}

/* --- tokens --- */

/* Timeline 1 ended at 100, 2 at 200; 3 is now. */
static const struct sw_timeline_end ends[] = {{.timeline = 1, .lsn = 100},
                                              {.timeline = 2, .lsn = 200}};
static const struct sw_cluster_state cluster = {.timeline = 3, .ends = ends, .end_count = 2};

struct token_row {
    const char *name;
    struct sw_token token;
    int timeline; /* of a replica */
    bool fits, is_lost;
};

#define AT(timeline, lsn)                                                                      \
    {                                                                                          \
        SW_TOKEN_PLACE, timeline, lsn                                                          \
    }

static const struct token_row token_rows[] = {
    {"nothing_fits_all", {SW_TOKEN_NOTHING, 0, 0}, 0, true, false},
    {"what_is_not_known_fits_none", {SW_TOKEN_UNKNOWN, 0, 0}, 3, false, false},
    {"the_same_timeline", AT(3, 250), 3, true, false},
    {"the_replicas_timeline_is_not_known", AT(3, 250), 0, false, false},
    {"written_before_the_switch", AT(1, 100), 3, true, false},
    {"... and read where it was written", AT(1, 100), 1, true, false},
    {"... and read two timelines later", AT(1, 50), 2, true, false},
    {"lost_by_the_switch", AT(1, 101), 3, false, true},
    {"... also where it was written", AT(1, 101), 1, false, true},
    {"lost_by_the_last_switch", AT(2, 201), 3, false, true},
    {"a_replica_of_before_has_what_was_before", AT(3, 150), 2, true, false},
    {"a_replica_of_before_lacks_the_rest", AT(3, 201), 2, false, false},
    {"of_a_timeline_that_nobody_knows", AT(4, 10), 3, false, false},
    {"a_replica_of_another_history", AT(2, 150), 4, false, false},
    {"a_replica_that_has_just_been_switched", AT(4, 10), 4, true, false},
};

static void check_token(void **state)
{
    const struct token_row *row = *state;

    assert_int_equal(sw_token_fits(&row->token, &cluster, row->timeline), row->fits);
    assert_int_equal(sw_token_is_lost(&row->token, &cluster), row->is_lost);
}

static void a_place_is_not_lost_while_nobody_knows_the_timeline(void **state)
{
    static const struct sw_cluster_state unknown = {.timeline = 0};
    static const struct sw_token token = AT(1, 101);

    (void)state;
    assert_false(sw_token_is_lost(&token, &unknown));
}

struct join_row {
    const char *name;
    struct sw_token a, b, joined;
};

static const struct join_row join_rows[] = {
    {"the_later_place", AT(1, 10), AT(1, 20), AT(1, 20)},
    {"the_later_timeline", AT(1, 10), AT(2, 20), AT(2, 20)},
    {"the_later_timeline_of_who_is_behind", AT(1, 20), AT(2, 10), AT(2, 20)},
    {"something_beside_nothing", {SW_TOKEN_NOTHING, 0, 0}, AT(1, 1), AT(1, 1)},
    {"not_known_stays_so", {SW_TOKEN_UNKNOWN, 0, 0}, AT(1, 1), {SW_TOKEN_UNKNOWN, 0, 0}},
};

static void check_join(void **state)
{
    const struct join_row *row = *state;
    const struct sw_token both[] = {sw_token_join(row->a, row->b),
                                    sw_token_join(row->b, row->a)};

    for (int i = 0; i < 2; i++) {
        assert_int_equal(both[i].kind, row->joined.kind);
        assert_int_equal(both[i].timeline, row->joined.timeline);
        assert_int_equal(both[i].lsn, row->joined.lsn);
    }
}

struct text_row {
    const char *text;
    bool is_token;
    struct sw_token token;
};

static const struct text_row text_rows[] = {
    {"-", true, {SW_TOKEN_NOTHING, 0, 0}},
    {"?", true, {SW_TOKEN_UNKNOWN, 0, 0}},
    {"2:16/B374D848", true, AT(2, UINT64_C(0x16B374D848))},
    {"1:0/0", true, AT(1, 0)},
    {"999999999:FFFFFFFF/FFFFFFFF", true, AT(999999999, UINT64_MAX)},
    {"", false, {0}},
    {"--", false, {0}},
    {"0:0/1", false, {0}},
    {"1", false, {0}},
    {"1:", false, {0}},
    {"1:0", false, {0}},
    {"1:0/", false, {0}},
    {"1:/1", false, {0}},
    {"1:0/1 ", false, {0}},
    {"1:0/G", false, {0}},
    {"1:0/123456789", false, {0}},
    {"1:123456789/0", false, {0}},
    {"9999999999:0/1", false, {0}},
    {"-1:0/1", false, {0}},
};

static void check_text(void **state)
{
    const struct text_row *row = *state;
    struct sw_token read = {.timeline = 77};
    char text[SW_TOKEN_TEXT];

    assert_int_equal(sw_token_read(row->text, strlen(row->text), &read), row->is_token);
    if (!row->is_token) {
        assert_int_equal(read.timeline, 77);
        return;
    }
    assert_int_equal(read.kind, row->token.kind);
    assert_int_equal(read.timeline, row->token.timeline);
    assert_int_equal(read.lsn, row->token.lsn);
    sw_token_print(&read, text);
    assert_string_equal(text, row->text);
}

/* --- whom to ask --- */

static const char yaml[] =
    "listen: 127.0.0.1:6432\n"
    "clusters:\n"
    "  c1:\n"
    "    failover: follow\n"
    "    control: {user: u}\n"
    "    nodes:\n"
    "      - {name: p, address: 127.0.0.1, port: 1, cloud: east}\n"
    "      - {name: a, address: 127.0.0.2, port: 1, cloud: east}\n"
    "      - {name: b, address: 127.0.0.3, port: 1, cloud: west, weight: 3}\n"
    "      - {name: c, address: 127.0.0.4, port: 1, cloud: west}\n"
    "      - {name: z, address: 127.0.0.5, port: 1, cloud: east, weight: 0}\n"
    "users: {u: {password: p, server: {user: u}}}\n"
    "databases: {d: {catalog: {cluster: c1, dbname: d}, businesses: {}}}\n";

enum { P, A, B, C, Z, NODES };

static struct sw_map *make_map(void)
{
    char path[] = "/tmp/sw_unit_reads_XXXXXX";
    struct sw_config_faults faults = {0};
    struct sw_config *config;
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, yaml, sizeof yaml - 1), sizeof yaml - 1);
    (void)close(fd);
    config = sw_config_read(path, &faults);
    (void)unlink(path);
    if (config == NULL)
        fail_msg("%s", faults.faults[0].text);
    return sw_map_build(config);
}

struct choice_row {
    const char *name;
    const char *serving; /* names of the nodes that may serve */
    const char *cloud;
    int outstanding[NODES];
    const char *avoided, *late;
    int lagging; /* index of a node that is on another timeline; -1: none */
    uint32_t chance;
    int chosen, usable;
};

static const struct choice_row choice_rows[] = {
    {"the_near_one", "abc", "east", {0, 9, 0, 0, 0}, "", "", -1, 0, A, 3},
    {"another_when_it_is_not_usable", "bc", "east", {0}, "", "", -1, 0, B, 2},
    {"no_cloud_is_near", "abc", NULL, {0, 1, 0, 1, 0}, "", "", -1, 0, B, 3},
    {"weight_counts", "bc", "west", {0, 0, 2, 0, 0}, "", "", -1, 0, B, 2},
    {"... and so does what they have to do",
     "bc",
     "west",
     {0, 0, 3, 0, 0},
     "",
     "",
     -1,
     0,
     C,
     2},
    {"chance_decides_between_equals", "ac", NULL, {0}, "", "", -1, 0, A, 2},
    {"... otherwise another time", "ac", NULL, {0}, "", "", -1, 2, C, 2},
    {"never_the_primary", "p", "east", {0}, "", "", -1, 0, -1, 0},
    {"never_one_without_weight", "z", "east", {0}, "", "", -1, 0, -1, 0},
    {"not_one_that_failed", "ab", "east", {0}, "a", "", -1, 0, B, 1},
    {"not_one_of_another_history", "ab", "east", {0}, "", "", A, 0, B, 2},
    {"none_has_replayed_that", "a", "east", {0}, "", "", A, 0, -1, 1},
    {"none_is_usable", "", "east", {0}, "", "", -1, 0, -1, 0},
    {"not_one_that_is_late", "ab", "east", {0}, "", "a", -1, 0, B, 2},
    {"all_are_late", "ab", "east", {0}, "", "ab", -1, 0, -1, 2},
};

static void check_choice(void **state)
{
    static const char names[] = "pabcz";
    static const struct sw_token token = AT(1, 10);
    const struct choice_row *row = *state;
    struct sw_map *map = make_map();
    struct sw_state *now = sw_state_create(map, NULL);
    struct sw_node_state nodes[NODES] = {0};
    struct sw_read_wish wish = {.token = &token,
                                .cloud = row->cloud,
                                .outstanding = row->outstanding,
                                .chance = row->chance};
    int usable = -1;

    for (int i = 0; i < NODES; i++) {
        nodes[i].may_serve_reads = strchr(row->serving, names[i]) != NULL;
        nodes[i].timeline = i == row->lagging ? 7 : 1;
        if (strchr(row->avoided, names[i]) != NULL)
            wish.avoided |= UINT64_C(1) << i;
        if (strchr(row->late, names[i]) != NULL)
            wish.late |= UINT64_C(1) << i;
    }
    now->clusters[0].timeline = 1;
    now->clusters[0].nodes = nodes;
    assert_int_equal(sw_reads_choose(now, &map->clusters[0], &wish, &usable), row->chosen);
    assert_int_equal(usable, row->usable);
    nodes[A].is_fenced = nodes[B].is_fenced = nodes[C].is_fenced = true;
    assert_int_equal(sw_reads_choose(now, &map->clusters[0], &wish, NULL), -1);
    sw_state_unref(now);
    sw_map_unref(map);
}

#define ROWS(list) (sizeof(list) / sizeof *(list))

int main(void)
{
    struct CMUnitTest tests[ROWS(lag_rows) + ROWS(token_rows) + ROWS(join_rows) +
                            ROWS(text_rows) + ROWS(choice_rows) + 1];
    size_t count = 0;

    for (size_t i = 0; i < ROWS(lag_rows); i++)
        tests[count++] = (struct CMUnitTest){lag_rows[i].name, check_lag, NULL, NULL,
                                             (void *)(uintptr_t)&lag_rows[i]};
    for (size_t i = 0; i < ROWS(token_rows); i++)
        tests[count++] = (struct CMUnitTest){token_rows[i].name, check_token, NULL, NULL,
                                             (void *)(uintptr_t)&token_rows[i]};
    for (size_t i = 0; i < ROWS(join_rows); i++)
        tests[count++] = (struct CMUnitTest){join_rows[i].name, check_join, NULL, NULL,
                                             (void *)(uintptr_t)&join_rows[i]};
    for (size_t i = 0; i < ROWS(text_rows); i++)
        tests[count++] = (struct CMUnitTest){text_rows[i].text, check_text, NULL, NULL,
                                             (void *)(uintptr_t)&text_rows[i]};
    for (size_t i = 0; i < ROWS(choice_rows); i++)
        tests[count++] = (struct CMUnitTest){choice_rows[i].name, check_choice, NULL, NULL,
                                             (void *)(uintptr_t)&choice_rows[i]};
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(
        a_place_is_not_lost_while_nobody_knows_the_timeline);
    return _cmocka_run_group_tests("reads", tests, count, NULL, NULL);
}
