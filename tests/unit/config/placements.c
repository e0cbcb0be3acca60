/*
 * One placement and the key of its table, put into a file that is good otherwise. The
 * placement's first line is line 12 of the file, and stands in column 13.
 */
#include "shardward/config/config.h"

#include "shardward/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char file[] = "listen: 127.0.0.1:6432\n"
                           "clusters:\n"
                           "  c: {nodes: [{name: n, address: 127.0.0.1, port: 5432}]}\n"
                           "users: {app: {password: secret, server: {user: app}}}\n"
                           "databases:\n"
                           "  shop:\n"
                           "    catalog: {cluster: c, dbname: shop}\n"
                           "    businesses:\n"
                           "      b:\n"
                           "        shards: {s0: {cluster: c, dbname: s0}, s1: {cluster: c, "
                           "dbname: s1}, s2: {cluster: c, dbname: s2}}\n"
                           "        placements: {p: {\n"
                           "            %s}}\n"
                           "        tables: {t: {key: %s, placement: p}}\n";

enum { LINE = 12 };

struct row {
    const char *name, *placement, *key;
    int line, column; /* from the placement's first line, which is 0 */
    const char *text; /* a part of the fault; NULL: there is none */
};

#define HASH(type) "hash: {type: " type ", buckets: 4}, map: {s0: 0-1, s1: 2-3}"
#define LIST(map) "list: {type: text}, map: {" map "}"
#define DAYS(map) "range: {type: date}, map: {" map "}"
#define THEN(map) "list: {type: text}, then: {hash: {type: bigint, buckets: 4}}, map: {" map "}"
#define GOOD 0, 0, NULL

static const struct row rows[] = {
    {"smallint_is_a_key_type", HASH("smallint"), "k", GOOD},
    {"int_is_a_key_type", HASH("int"), "k", GOOD},
    {"integer_is_a_key_type", HASH("integer"), "k", GOOD},
    {"bigint_is_a_key_type", HASH("bigint"), "k", GOOD},
    {"text_is_a_key_type", HASH("text"), "k", GOOD},
    {"varchar_is_a_key_type", HASH("varchar"), "k", GOOD},
    {"uuid_is_a_key_type", HASH("uuid"), "k", GOOD},
    {"date_is_a_key_type", HASH("date"), "k", GOOD},
    {"timestamp_is_a_key_type", HASH("timestamp"), "k", GOOD},
    {"timestamptz_is_a_key_type", HASH("timestamptz"), "k", GOOD},
    {"float_is_no_key_type", HASH("float8"), "k", 0, 26, "write smallint, int, bigint, text"},
    {"numeric_is_no_key_type", HASH("numeric"), "k", 0, 26, "'type: numeric'"},
    {"a_fault_of_the_type_is_the_only_one", HASH("[bigint, money]"), "k", 0, 35,
     "'type: money'"},

    {"columns_may_be_hashed_together", HASH("[text, bigint]"), "[a, b]", GOOD},
    {"eight_columns_may_be_hashed", HASH("[int, int, int, int, int, int, int, int]"),
     "[a, b, c, d, e, f, g, h]", GOOD},
    {"nine_columns_may_not", HASH("[int, int, int, int, int, int, int, int, int]"), "k", 0, 67,
     "at most 8 columns"},
    {"a_key_of_nine_columns_is_refused", HASH("[int, int, int, int, int, int, int, int]"),
     "[a, b, c, d, e, f, g, h, i]", 1, 52, "at most 8 columns"},
    {"a_key_has_as_many_columns_as_the_placement_types", HASH("[text, bigint]"), "k", 1, 18,
     "has 1 column, placement 'p' needs 2"},
    {"and_no_more_of_them", HASH("bigint"), "[a, b]", 1, 18,
     "has 2 columns, placement 'p' needs 1"},
    {"a_column_stands_once_in_a_key", HASH("[text, text]"), "[a, a]", 1, 31,
     "'a' stands twice"},

    {"a_placement_needs_a_way", "map: {s0: a}", "k", -1, 22, "needs one of the keys 'hash'"},
    {"a_placement_has_one_way", "list: {type: text}, " HASH("bigint"), "k", 0, 33,
     "one of 'hash', 'list' and 'range'"},
    {"list_and_range_exclude_each_other",
     "range: {type: date}, list: {type: text}, map: {s0: a}", "k", 0, 13,
     "one of 'hash', 'list' and 'range'"},
    {"then_is_not_behind_hash", "then: {hash: {type: int, buckets: 4}}, " HASH("bigint"), "k",
     0, 13, "write their types as a list"},
    {"then_is_a_hash",
     "list: {type: text}, then: {hash: {type: int, buckets: 1}, list: {}}, "
     "map: {g: {values: a, map: {s0: 0}}}",
     "[a, b]", 0, 71, "unknown key 'list'"},
    {"a_list_is_of_one_column", "list: {type: [text, text]}, map: {s0: a}", "[a, b]", 0, 26,
     "is a list"},

    {"a_list_names_values", LIST("s0: [Harbin, Changchun], s1: Guangzhou, default: s2"), "k",
     GOOD},
    {"a_list_needs_no_default", LIST("s0: [a], s1: [b]"), "k", GOOD},
    {"the_default_may_be_alone", LIST("default: s0"), "k", GOOD},
    {"a_map_may_not_be_empty", LIST(""), "k", 0, 38, "'map' is empty"},
    {"a_value_stands_once_in_a_list", LIST("s0: [a, b], s1: [c, a]"), "k", 0, 59,
     "'a' stands twice in this map (first in line 12)"},
    {"a_value_stands_once_in_whatever_form",
     "list: {type: int}, map: {s0: [1, 2], s1: ['+01']}", "k", 0, 55, "'1' stands twice"},
    {"a_value_of_a_list_is_of_its_type", "list: {type: int}, map: {s0: [1, b]}", "k", 0, 46,
     "invalid input syntax for type bigint: \"b\""},
    {"a_value_of_a_list_is_no_null", LIST("s0: [a, null]"), "k", 0, 47, "has no value"},
    {"null_in_quotes_is_a_text", LIST("s0: [a, 'null']"), "k", GOOD},
    {"a_list_names_shards_of_its_business", LIST("s9: [a]"), "k", 0, 39, "has no shard 's9'"},
    {"so_does_its_default", LIST("s0: [a], default: s9"), "k", 0, 57, "has no shard 's9'"},
    {"a_default_is_a_shard", LIST("s0: [a], default: [s1]"), "k", 0, 57, "is a list"},
    {"dates_may_be_listed", "list: {type: date}, map: {s0: [2026-01-01, infinity]}", "k", GOOD},
    {"uuids_may_be_listed",
     "list: {type: uuid}, map: {s0: 00112233-4455-6677-8899-aabbccddeeff}", "k", GOOD},

    {"ranges_have_ends", DAYS("s0: [[2026-01-01, 2026-07-01]], s1: [[2026-07-01, null]]"), "k",
     GOOD},
    {"a_range_may_be_open_below", DAYS("s0: [[null, 2026-01-01]], s1: [[2026-01-01, ~]]"), "k",
     GOOD},
    {"one_range_needs_no_list", DAYS("s0: [2026-01-01, 2026-07-01]"), "k", GOOD},
    {"one_range_may_hold_everything", DAYS("s0: [null, null]"), "k", GOOD},
    {"ranges_may_have_holes", DAYS("s0: [[2026-01-01, 2026-02-01], [2026-03-01, 2026-04-01]]"),
     "k", GOOD},
    {"ranges_may_have_a_default", DAYS("s0: [2026-01-01, null], default: s1"), "k", GOOD},
    {"ranges_of_numbers", "range: {type: bigint}, map: {s0: [null, 0], s1: [0, null]}", "k",
     GOOD},
    {"a_range_runs_upwards", DAYS("s0: [[2026-07-01, 2026-01-01]]"), "k", 0, 45,
     "ends before it begins"},
    {"a_range_is_not_empty", DAYS("s0: [[2026-01-01, 2026-01-01]]"), "k", 0, 45,
     "ends before it begins"},
    {"ranges_do_not_overlap",
     DAYS("s0: [[2026-01-01, 2026-07-01]],\n s1: [[2026-06-30, 2026-08-01]]"), "k", 1, 7,
     "overlaps the one in line 12"},
    {"a_range_is_not_within_another", DAYS("s0: [null, null],\n s1: [2026-06-30, 2026-08-01]"),
     "k", 1, 6, "overlaps the one in line 12"},
    {"an_overlap_is_reported_where_it_stands_second",
     DAYS("s0: [2026-06-30, 2026-08-01],\n s1: [null, 2026-07-01]"), "k", 1, 6,
     "overlaps the one in line 12"},
    {"a_range_that_reaches_far_meets_a_later_one",
     DAYS("s0: [[2026-01-01, 2026-12-01],\n [2027-01-01, null]], s1: [2026-02-01, 2026-03-01]"),
     "k", 1, 27, "overlaps the one in line 12"},
    {"a_range_has_two_bounds", DAYS("s0: [[2026-01-01]]"), "k", 0, 45, "[from, to]"},
    {"a_range_has_no_third_bound", DAYS("s0: [[2026-01-01, 2026-02-01, 2026-03-01]]"), "k", 0,
     45, "[from, to]"},
    {"a_range_is_no_value", DAYS("s0: 2026-01-01"), "k", 0, 44, "[from, to]"},
    {"a_bound_is_of_its_type", DAYS("s0: [01/02/2026, null]"), "k", 0, 45,
     "may mean something else under other settings; Write it in ISO form, as 2026-01-31"},
    {"a_bound_is_on_the_calendar", DAYS("s0: [2026-02-30, null]"), "k", 0, 45, "out of range"},
    {"a_bound_of_timestamptz_has_an_offset",
     "range: {type: timestamptz}, map: {s0: ['2026-01-01 00:00', null]}", "k", 0, 52,
     "depends on the session's TimeZone"},

    {"a_list_may_lead_to_buckets",
     THEN("n: {values: [a, b], map: {s0: 0-1, s1: 2-3}}, default: {map: {s2: 0-3}}"), "[a, b]",
     GOOD},
    {"a_range_may_lead_to_buckets",
     "range: {type: date}, then: {hash: {type: [int, uuid], buckets: 2}}, "
     "map: {old: {ranges: [null, 2026-01-01], map: {s0: 0-1}}, "
     "new: {ranges: [[2026-01-01, null]], map: {s1: 0, s2: 1}}}",
     "[a, b, c]", GOOD},
    {"each_group_has_all_buckets", THEN("n: {values: a, map: {s0: 0-1}}"), "[a, b]", 0, 96,
     "no shard has the buckets 2-3"},
    {"buckets_of_a_group_do_not_overlap", THEN("n: {values: a, map: {s0: 0-3, s1: 3}}"),
     "[a, b]", 0, 115, "the buckets 3-3 belong to 's0' already"},
    {"a_group_has_values", THEN("n: {map: {s0: 0-3}}"), "[a, b]", 0, 81,
     "needs the key 'values'"},
    {"a_group_has_a_map", THEN("n: {values: a}"), "[a, b]", 0, 81, "needs the key 'map'"},
    {"the_default_group_has_no_values", THEN("default: {values: a, map: {s0: 0-3}}"), "[a, b]",
     0, 91, "unknown key 'values'"},
    {"groups_do_not_share_values",
     THEN("n: {values: a, map: {s0: 0-3}}, m: {values: a, map: {s0: 0-3}}"), "[a, b]", 0, 125,
     "'a' stands twice"},
};

static struct sw_config *read_row(const struct row *row, struct sw_config_faults *faults)
{
    char path[] = "/tmp/shardward-config-XXXXXX";
    int fd = mkstemp(path);
    char *text = sw_format(file, row->placement, row->key);
    struct sw_config *config;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fd);
    config = sw_config_read(path, faults);
    (void)unlink(path);
    free(text);
    return config;
}

static void run_row(void **state)
{
    const struct row *row = *state;
    struct sw_config_faults faults;
    struct sw_config *config = read_row(row, &faults);
    const struct sw_config_fault *fault = &faults.faults[0];

    if (row->text == NULL && faults.count > 0)
        fail_msg("%d:%d: %s", fault->line - LINE, fault->column, fault->text);
    assert_int_equal(faults.count, row->text == NULL ? 0 : 1);
    if (row->text != NULL && (fault->line - LINE != row->line || fault->column != row->column ||
                              strstr(fault->text, row->text) == NULL))
        fail_msg("%d:%d: %s", fault->line - LINE, fault->column, fault->text);
    sw_config_free(config);
}

static void spans_are_kept_in_order(void **state)
{
    const struct row row = {.placement =
                                DAYS("s1: [[2026-07-01, null]], default: s2, "
                                     "s0: [[2026-01-01, 2026-07-01], [null, 2020-01-01]]"),
                            .key = "k"};
    struct sw_config_faults faults;
    struct sw_config *config = read_row(&row, &faults);
    const struct sw_config_placement *placement;

    assert_non_null(config);
    placement = &config->databases[0].businesses[0].placements[0];
    assert_int_equal(placement->span_count, 3);
    assert_true(placement->spans[0].is_from_open);
    assert_int_equal(placement->spans[0].group, 2);
    assert_int_equal(placement->spans[1].from.number, 9497);
    assert_int_equal(placement->spans[2].group, 0);
    assert_true(placement->spans[2].is_to_open);
    assert_int_equal(placement->group_count, 3);
    assert_int_equal(placement->default_group, 1);
    assert_string_equal(placement->groups[1], "default");
    assert_int_equal(placement->ranges[1].shard, 2);
    assert_int_equal(placement->hashed_from, placement->part_count);
    sw_config_free(config);
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof *rows };
    const struct CMUnitTest more[] = {cmocka_unit_test(spans_are_kept_in_order)};
    struct CMUnitTest tests[ROWS];

    for (int i = 0; i < ROWS; i++)
        tests[i] = (struct CMUnitTest){.name = rows[i].name,
                                       .test_func = run_row,
                                       .initial_state = (void *)(uintptr_t)&rows[i]};
    return _cmocka_run_group_tests("placements", tests, ROWS, NULL, NULL) +
           cmocka_run_group_tests_name("spans", more, NULL, NULL);
}
