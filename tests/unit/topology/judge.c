/*
 * A row is a table as the only shard that was read holds it, and why it is refused. The YAML
 * has table t, key k, on two shards; u beside it with the same placement; v with another one;
 * w without constraints to promise; and on a single shard tables one and two.
 */
#include "shardward/topology/catalog.h"

#include "shardward/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char config_text[] =
    "listen: 127.0.0.1:6432\n"
    "clusters:\n"
    "  c1: {nodes: [{name: n1, address: 127.0.0.1, port: 5432}]}\n"
    "users:\n"
    "  app: {password: p, server: {user: app}}\n"
    "databases:\n"
    "  shop:\n"
    "    catalog: {cluster: c1, dbname: shop}\n"
    "    businesses:\n"
    "      small:\n"
    "        shards: {s: {cluster: c1, dbname: s}}\n"
    "        tables: {one: {}, two: {}}\n"
    "      large:\n"
    "        shards: {m0: {cluster: c1, dbname: m0}, m1: {cluster: c1, dbname: m1}}\n"
    "        placements:\n"
    "          p: {hash: {type: bigint, buckets: 2}, map: {m0: 0, m1: 1}}\n"
    "          q: {hash: {type: bigint, buckets: 2}, map: {m0: 1, m1: 0}}\n"
    "          r: {hash: {type: bigint, buckets: 2}, map: {m0: 0, m1: 1}}\n"
    "          words: {hash: {type: text, buckets: 2}, map: {m0: 0, m1: 1}}\n"
    "          times: {hash: {type: timestamptz, buckets: 2}, map: {m0: 0, m1: 1}}\n"
    "          two: {hash: {type: [bigint, text], buckets: 2}, map: {m0: 0, m1: 1}}\n"
    "        tables:\n"
    "          t: {key: k, placement: p}\n"
    "          u: {key: k, placement: p}\n"
    "          v: {key: k, placement: q}\n"
    "          x: {key: k, placement: r}\n"
    "          word: {key: k, placement: words}\n"
    "          time: {key: k, placement: times}\n"
    "          pair: {key: [k, l], placement: two}\n"
    "          ref: {reference: true}\n"
    "          ref2: {reference: true}\n"
    "          w: {key: k, placement: p, unique: local, foreign_keys: local, triggers: local,"
    " row_security: local}\n"
    "        functions:\n"
    "          tame(bigint): {harmless: true}\n";

#define TABLE(name) "table\tpublic\t" name "\tr\tf\t\t\\N\n"
#define COLUMN(table, name, oid, type, typmod)                                                 \
    "column\tpublic\t" table "\t" name "\t" oid "\t" oid "\t" type "\t" typmod                 \
    "\t\\N\tt\tt\t\\N\t\tf\t\\N\n"
#define KEYED(table) TABLE(table) COLUMN(table, "k", "20", "bigint", "-1")
#define PARTITION(table, name) "partition\tpublic\t" table "\tpublic\t" name "\n"
#define UNIQUE(table, kind, columns)                                                           \
    "constraint\tpublic\t" table "\tc\t" kind "\t" columns "\tUNIQUE (" columns ")\n"
#define FOREIGN(table, columns, other, others, more)                                           \
    "constraint\tpublic\t" table "\tfk\tf\t" columns "\tFOREIGN KEY" more "\tpublic\t" other   \
    "\t" others "\n"
#define TRIGGER(table, schema, function)                                                       \
    "trigger\tpublic\t" table "\ttr\t" schema "\t" function "\tCREATE TRIGGER tr\n"
#define USE(table, function, volatility, extension)                                            \
    "use\tpublic\t" table "\tthe default of column x\tpublic\t" function "\t" volatility       \
    "\t" extension "\n"

static const struct row {
    const char *name, *table, *text;
    const char *block, *write_block; /* parts of their messages; NULL: none */
} rows[] = {
    {"a_plain_table_is_open", "t", KEYED("t") UNIQUE("t", "p", "k"), NULL, NULL},
    {"int_and_smallint_are_numbers_too", "t",
     TABLE("t") COLUMN("t", "k", "23", "integer", "-1"), NULL, NULL},
    {"a_key_of_another_type_is_none", "t", TABLE("t") COLUMN("t", "k", "1700", "numeric", "-1"),
     "is of type numeric, the YAML says bigint", NULL},
    {"char_n_is_no_text", "word",
     TABLE("word") COLUMN("word", "k", "1042", "character(3)", "7"), "is of type character(3)",
     NULL},
    {"a_type_of_an_extension_is_no_text", "word",
     TABLE("word") COLUMN("word", "k", "16500", "public.citext", "-1"), "public.citext", NULL},
    {"varchar_is_text", "word",
     TABLE("word") COLUMN("word", "k", "1043", "character varying(3)", "7"), NULL, NULL},
    {"a_domain_is_what_it_is_made_of", "t",
     TABLE("t") "column\tpublic\tt\tk\t16500\t20\tpublic.id\t-1\t\\N\tt\tt\t\\N\t\tf\t\\N\n",
     NULL, NULL},
    {"a_nondeterministic_collation_is_none_for_keys", "word",
     TABLE(
         "word") "column\tpublic\tword\tk\t25\t25\ttext\t-1\tpublic.ci\tf\tt\t\\N\t\tf\t\\N\n",
     "nondeterministic collation public.ci", NULL},
    {"a_timestamp_that_rounds_is_no_key", "time",
     TABLE("time") COLUMN("time", "k", "1184", "timestamp(0) with time zone", "0"),
     "which rounds values", NULL},
    {"a_timestamp_of_full_precision_is_a_key", "time",
     TABLE("time") COLUMN("time", "k", "1184", "timestamp(6) with time zone", "6"), NULL, NULL},
    {"a_generated_key_is_none", "t",
     TABLE("t") "column\tpublic\tt\tk\t20\t20\tbigint\t-1\t\\N\tt\tt\tx + 1\t\tt\t\\N\n",
     "generated column", NULL},
    {"the_key_is_a_column", "t", TABLE("t") COLUMN("t", "other", "20", "bigint", "-1"),
     "no column \"k\"", NULL},
    {"a_single_table_needs_no_key", "one", TABLE("one"), NULL, NULL},
    {"every_part_of_a_key_is_a_column", "pair", KEYED("pair"), "no column \"l\"", NULL},

    {"a_view_is_no_table", "t", "table\tpublic\tt\tv\tf\t\t\\N\n", "it is a view", NULL},
    {"a_materialized_view_is_none", "one", "table\tpublic\tone\tm\tf\t\t\\N\n",
     "it is a materialized view", NULL},
    {"a_foreign_table_is_none", "one", "table\tpublic\tone\tf\tf\t\t\\N\n",
     "it is a foreign table", NULL},
    {"a_partition_elsewhere_is_found", "one", "table\tpublic\tone\tp\tf\t\tfar.away\n",
     "is the foreign table far.away", NULL},

    {"a_partition_placed_otherwise_is_refused", "t", KEYED("t") PARTITION("t", "v"),
     "the YAML places \"v\" otherwise than \"t\"", NULL},
    {"so_is_the_table_that_it_is_a_part_of", "v", KEYED("v") KEYED("t") PARTITION("t", "v"),
     "the YAML places \"v\" otherwise than \"t\"", NULL},
    {"a_partition_placed_alike_is_kept", "t", KEYED("t") PARTITION("t", "u"), NULL, NULL},
    {"a_partition_placed_by_the_same_rule_of_another_name_is_kept", "t",
     KEYED("t") PARTITION("t", "x"), NULL, NULL},
    {"a_partition_of_no_rule_is_kept", "t", KEYED("t") PARTITION("t", "other"), NULL, NULL},
    {"a_single_tables_partition_is_on_its_shard", "one", TABLE("one") PARTITION("one", "two"),
     NULL, NULL},

    {"a_unique_constraint_without_the_key_is_refused", "t", KEYED("t") UNIQUE("t", "u", "x"),
     "cannot hold over several shards", NULL},
    {"a_primary_key_without_the_key_is_refused", "t", KEYED("t") UNIQUE("t", "p", "x,y"),
     "cannot hold over several shards", NULL},
    {"an_exclusion_without_the_key_is_refused", "t", KEYED("t") UNIQUE("t", "x", "x"),
     "cannot hold over several shards", NULL},
    {"a_unique_index_on_an_expression_alone_is_refused", "t",
     KEYED("t") "constraint\tpublic\tt\ti\ti\t\\N\tUNIQUE (lower(x))\n",
     "cannot hold over several shards", NULL},
    {"a_unique_constraint_with_the_key_is_kept", "t", KEYED("t") UNIQUE("t", "u", "x,k"), NULL,
     NULL},
    {"a_unique_constraint_needs_every_part_of_the_key", "pair",
     KEYED("pair") COLUMN("pair", "l", "25", "text", "-1") UNIQUE("pair", "u", "k,x"),
     "cannot hold over several shards", NULL},
    {"a_reference_table_checks_all_its_rows", "ref", TABLE("ref") UNIQUE("ref", "u", "x"), NULL,
     NULL},
    {"a_single_table_checks_all_its_rows", "one", TABLE("one") UNIQUE("one", "u", "x"), NULL,
     NULL},
    {"unique_may_be_local", "w", KEYED("w") UNIQUE("w", "u", "x"), NULL, NULL},

    {"a_foreign_key_from_key_to_key_is_kept", "t",
     KEYED("t") FOREIGN("t", "x,k", "u", "id,k", ""), NULL, NULL},
    {"a_foreign_key_past_the_key_is_refused", "t", KEYED("t") FOREIGN("t", "k", "u", "id", ""),
     "may be on other shards", NULL},
    {"a_foreign_key_without_the_key_is_refused", "t",
     KEYED("t") FOREIGN("t", "x", "u", "k", ""), "may be on other shards", NULL},
    {"a_foreign_key_to_another_placement_is_refused", "t",
     KEYED("t") FOREIGN("t", "k", "v", "k", ""), "may be on other shards", NULL},
    {"a_foreign_key_to_another_business_is_refused", "t",
     KEYED("t") FOREIGN("t", "k", "one", "id", ""), "may be on other shards", NULL},
    {"a_foreign_key_to_an_unknown_table_is_refused", "t",
     KEYED("t") FOREIGN("t", "k", "unknown", "k", ""), "may be on other shards", NULL},
    {"a_foreign_key_on_one_shard_is_kept", "one",
     TABLE("one") FOREIGN("one", "x", "two", "id", ""), NULL, NULL},
    {"a_foreign_key_from_one_shard_to_several_is_refused", "one",
     TABLE("one") FOREIGN("one", "x", "t", "k", ""), "may be on other shards", NULL},
    {"a_foreign_key_to_a_reference_table_is_kept", "t",
     KEYED("t") FOREIGN("t", "x", "ref", "id", ""), NULL, NULL},
    {"a_foreign_key_between_reference_tables_is_kept", "ref",
     TABLE("ref") FOREIGN("ref", "x", "ref2", "id", ""), NULL, NULL},
    {"a_foreign_key_to_a_reference_table_of_another_business_is_refused", "one",
     TABLE("one") FOREIGN("one", "x", "ref", "id", ""), "may be on other shards", NULL},
    {"a_foreign_key_from_a_reference_table_is_refused", "ref",
     TABLE("ref") FOREIGN("ref", "x", "t", "k", ""), "may be on other shards", NULL},
    {"a_foreign_key_from_a_reference_table_to_a_single_one_is_refused", "ref",
     TABLE("ref") FOREIGN("ref", "x", "one", "id", ""), "may be on other shards", NULL},
    {"a_foreign_key_must_not_empty_the_key", "t",
     KEYED("t") FOREIGN("t", "k", "u", "k", " ON DELETE SET NULL"), "would change the key",
     NULL},
    {"a_foreign_key_may_empty_other_columns", "w",
     KEYED("w") FOREIGN("w", "x", "u", "k", " ON DELETE SET NULL"), NULL, NULL},
    {"foreign_keys_may_be_local", "w", KEYED("w") FOREIGN("w", "x", "one", "id", ""), NULL,
     NULL},

    {"row_security_is_refused", "one", "table\tpublic\tone\tr\tt\t\t\\N\n", "has row security",
     NULL},
    {"row_security_may_be_local", "w",
     "table\tpublic\tw\tr\tt\t\t\\N\n" COLUMN("w", "k", "20", "bigint", "-1"), NULL, NULL},
    {"a_trigger_keeps_writes_away", "t", KEYED("t") TRIGGER("t", "public", "audit"), NULL,
     "may touch other tables"},
    {"a_trigger_of_postgresql_does_not", "t",
     KEYED("t") TRIGGER("t", "pg_catalog", "suppress_redundant_updates_trigger"), NULL, NULL},
    {"triggers_may_be_local", "w", KEYED("w") TRIGGER("w", "public", "audit"), NULL, NULL},
    {"rules_keep_writes_away", "w",
     "table\tpublic\tw\tr\tf\tno_delete\t\\N\n" COLUMN("w", "k", "20", "bigint", "-1"), NULL,
     "has rules"},
    {"a_default_that_may_look_around_keeps_writes_away", "t",
     KEYED("t") USE("t", "f", "v", "\\N"), NULL, "calls public.f()"},
    {"a_stable_function_may_look_around", "t", KEYED("t") USE("t", "f", "s", "\\N"), NULL,
     "calls public.f()"},
    {"an_immutable_function_does_not", "t", KEYED("t") USE("t", "f", "i", "\\N"), NULL, NULL},
    {"a_function_declared_harmless_does_not", "t", KEYED("t") USE("t", "tame", "v", "\\N"),
     NULL, NULL},
    {"functions_of_pure_extensions_do_not", "t", KEYED("t") USE("t", "f", "v", "uuid-ossp"),
     NULL, NULL},
    {"functions_of_other_extensions_may", "t", KEYED("t") USE("t", "f", "v", "dblink"), NULL,
     "calls public.f()"},
    {"a_cast_that_may_look_around_is_refused", "t",
     KEYED("t") "cast\tinteger\ttext\tpublic\tf\tv\t\\N\n", "the cast from integer to text",
     NULL},
    {"a_function_of_a_known_name_is_refused", "t",
     KEYED("t") "function\tpublic\tlower\ttext\t1\t0\tf\tv\tsql\t\\N\tt\n",
     "bears the name of one of PostgreSQL's own", NULL},
    {"a_function_of_another_name_is_not", "t",
     KEYED("t") "function\tpublic\tmine\ttext\t1\t0\tf\tv\tsql\t\\N\tf\n", NULL, NULL},
    {"an_operator_that_may_look_around_is_refused", "t",
     KEYED("t") "operator\tpublic\t=\tpublic\tsame\ts\t\\N\n", "operator public.= calls", NULL},
    {"an_operator_of_a_pure_extension_is_not", "t",
     KEYED("t") "operator\tpublic\t=\tpublic\tsame\ts\tcitext\n", NULL, NULL},
    {"an_immutable_cast_is_not", "t", KEYED("t") "cast\tinteger\ttext\tpublic\tf\ti\t\\N\n",
     NULL, NULL},
};

static struct sw_map *map;

static int build(void **state)
{
    char path[] = "/tmp/judge-XXXXXX";
    int fd = mkstemp(path);
    struct sw_config_faults faults;
    struct sw_config *config;

    if (fd < 0 || write(fd, config_text, strlen(config_text)) != (ssize_t)strlen(config_text))
        return -1;
    (void)close(fd);
    config = sw_config_read(path, &faults);
    (void)unlink(path);
    if (config == NULL) {
        print_error("%d:%d: %s\n", faults.faults[0].line, faults.faults[0].column,
                    faults.faults[0].text);
        return -1;
    }
    map = sw_map_build(config);
    return 0;
}

static int drop(void **state)
{
    sw_map_unref(map);
    return 0;
}

static void assert_block(const struct sw_block *block, const char *part)
{
    if (part == NULL) {
        if (block != NULL)
            fail_msg("blocked: %s", block->message);
        return;
    }
    assert_non_null(block);
    assert_string_equal(block->sqlstate, "0A000");
    if (strstr(block->message, part) == NULL)
        fail_msg("%s", block->message);
}

static void check_row(void **state)
{
    const struct row *row = *state;
    struct sw_shard_reading *readings =
        sw_alloc_zero((size_t)map->shard_count, sizeof *readings);
    const struct sw_database *database = &map->databases[0];
    const struct sw_table *table = sw_database_table(database, "public", row->table);
    const struct sw_shard *shard =
        table->keys == NULL ? table->shard : table->placement->shards[0];
    const struct sw_catalog_table *found;
    struct sw_catalog *catalog;

    readings[shard->id] = (struct sw_shard_reading){row->text, strlen(row->text), NULL};
    catalog = sw_catalog_build(map, readings, 1);
    found = sw_catalog_table(&catalog->databases[0], "public", row->table);
    assert_non_null(found->facts);
    assert_block(found->block, row->block);
    assert_block(found->write_block, row->write_block);
    sw_catalog_unref(catalog);
    free(readings);
}

int main(void)
{
    enum { COUNT = sizeof rows / sizeof *rows };
    struct CMUnitTest tests[COUNT];

    for (int i = 0; i < COUNT; i++)
        tests[i] = (struct CMUnitTest){.name = rows[i].name,
                                       .test_func = check_row,
                                       .initial_state = (void *)(uintptr_t)&rows[i]};
    return cmocka_run_group_tests_name("judge", tests, build, drop);
}
