#include "shardward/topology/catalog.h"

#include "shardward/base/mem.h"
#include "unit/topology/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COLUMN(name, oid, type)                                                                \
    "column\tpublic\tpatients\t" name "\t" oid "\t" oid "\t" type                              \
    "\t-1\t\\N\tt\tt\t\\N\t\tf\t\\N\n"
#define PATIENTS "table\tpublic\tpatients\tr\tf\t\t\\N\n" COLUMN("patient_id", "20", "bigint")

static struct sw_map *map;
static struct sw_shard_reading *readings;

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

static int nothing_read(void **state)
{
    readings = sw_alloc_zero((size_t)map->shard_count, sizeof *readings);
    return 0;
}

static int forget(void **state)
{
    free(readings);
    return 0;
}

static const struct sw_shard *shard(const char *name)
{
    const struct sw_database *database = &map->databases[0];

    if (strcmp(name, "catalog") == 0)
        return database->catalog;
    for (int b = 0; b < database->business_count; b++)
        for (int s = 0; s < database->businesses[b].shard_count; s++)
            if (strcmp(database->businesses[b].shards[s].name, name) == 0)
                return &database->businesses[b].shards[s];
    fail_msg("no shard %s", name);
    return NULL;
}

static void reads(const char *name, const char *text)
{
    readings[shard(name)->id] = (struct sw_shard_reading){text, strlen(text), NULL};
}

static void all_read(const char *text)
{
    static const char *const names[] = {"catalog", "users_0", "users_1", "users_2", "users_3"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        reads(names[i], text);
}

static const struct sw_catalog_table *patients(const struct sw_catalog *catalog)
{
    return sw_catalog_table(&catalog->databases[0], "public", "patients");
}

static void equal_tables_are_not_blocked(void **state)
{
    struct sw_catalog *catalog;

    all_read(PATIENTS);
    catalog = sw_catalog_build(map, readings, 7);
    assert_int_equal(catalog->version, 7);
    assert_null(patients(catalog)->block);
    assert_int_equal(patients(catalog)->facts->column_count, 1);
    assert_int_equal(catalog->databases[0].difference_count, 0);
    assert_null(sw_catalog_table(&catalog->databases[0], "public", "nowhere"));
    assert_null(sw_catalog_database(catalog, "nowhere"));
    sw_catalog_unref(catalog);
}

static void a_difference_is_told_from_both_sides(void **state)
{
    static const struct {
        const char *shard, *text, *other, *left, *right;
    } rows[] = {
        {"users_2", PATIENTS COLUMN("city", "25", "text"), "users_0", NULL,
         "column city text not null"},
        {"users_0", PATIENTS COLUMN("city", "25", "text"), "users_0",
         "column city text not null", NULL},
        {"users_3", "", "users_0", "table", NULL},
        {"catalog", "", "users_0", "table", NULL},
        {"users_1", PATIENTS "trigger\tpublic\tpatients\ta\tpublic\tf\tCREATE TRIGGER a\n",
         "users_0", NULL, "trigger CREATE TRIGGER a"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sw_difference *found;
        struct sw_catalog *catalog;

        all_read(PATIENTS);
        reads(rows[i].shard, rows[i].text);
        catalog = sw_catalog_build(map, readings, 1);
        assert_true(catalog->databases[0].difference_count > 0);
        found = &catalog->databases[0].differences[0];
        assert_string_equal(found->table, "public.patients");
        assert_string_equal(found->left_shard, "users_0");
        assert_int_equal(found->left_text == NULL, rows[i].left == NULL);
        assert_int_equal(found->right_text == NULL, rows[i].right == NULL);
        if (rows[i].left != NULL)
            assert_string_equal(found->left_text, rows[i].left);
        if (rows[i].right != NULL)
            assert_string_equal(found->right_text, rows[i].right);
        assert_non_null(patients(catalog)->block);
        assert_string_equal(patients(catalog)->block->sqlstate, "0A000");
        sw_catalog_unref(catalog);
    }
}

static void the_catalog_database_needs_no_triggers(void **state)
{
    struct sw_catalog *catalog;

    all_read(PATIENTS "trigger\tpublic\tpatients\ta\tpublic\tf\tCREATE TRIGGER a\n");
    reads("catalog", PATIENTS);
    catalog = sw_catalog_build(map, readings, 1);
    assert_int_equal(catalog->databases[0].difference_count, 0);
    sw_catalog_unref(catalog);
}

static void a_shard_out_of_reach_is_believed_to_be_like_the_others(void **state)
{
    struct sw_catalog *catalog;

    all_read(PATIENTS);
    readings[shard("users_0")->id] = (struct sw_shard_reading){.why_not = "no route to host"};
    catalog = sw_catalog_build(map, readings, 1);
    assert_null(patients(catalog)->block);
    assert_non_null(patients(catalog)->facts);
    sw_catalog_unref(catalog);
}

static void a_table_that_nobody_could_read_is_not_known_yet(void **state)
{
    struct sw_catalog *catalog;

    for (int i = 0; i < map->shard_count; i++)
        readings[i].why_not = "no route to host";
    catalog = sw_catalog_build(map, readings, 1);
    assert_string_equal(patients(catalog)->block->sqlstate, "57P03");
    assert_string_equal(patients(catalog)->block->detail, "no route to host");
    sw_catalog_unref(catalog);
}

static void a_table_that_nobody_may_read_is_taken_on_trust(void **state)
{
    struct sw_catalog *catalog = sw_catalog_build(map, readings, 1);

    assert_null(patients(catalog)->facts);
    assert_null(patients(catalog)->block);
    sw_catalog_unref(catalog);
}

static void a_reading_that_makes_no_sense_is_no_reading(void **state)
{
    struct sw_catalog *catalog;

    all_read(PATIENTS);
    reads("users_0", "nonsense");
    catalog = sw_catalog_build(map, readings, 1);
    assert_null(patients(catalog)->block);
    sw_catalog_unref(catalog);
}

static void types_are_translated_both_ways(void **state)
{
    const struct sw_oid_map *types;
    struct sw_catalog *catalog;

    all_read(PATIENTS COLUMN("mood", "16400", "mood") "type\tpublic\tmood\t16400\tf\n"
                                                      "type\tpublic\talone\t16401\tf\n");
    reads("catalog", PATIENTS COLUMN("mood", "20000", "mood") "type\tpublic\tmood\t20000\tf\n");
    catalog = sw_catalog_build(map, readings, 1);
    types = sw_catalog_types(&catalog->databases[0], shard("users_1"));
    assert_non_null(types);
    assert_int_equal(sw_oid_of_catalog(types, 16400), 20000);
    assert_int_equal(sw_oid_of_shard(types, 20000), 16400);
    assert_int_equal(sw_oid_of_catalog(types, 16401), 16401);
    assert_int_equal(sw_oid_of_shard(types, 25), 25);
    assert_int_equal(patients(catalog)->facts->columns[1].type_oid, 20000);
    assert_null(sw_catalog_types(&catalog->databases[0], shard("catalog")));
    assert_null(sw_catalog_types(&catalog->databases[0], shard("orders_0")));
    sw_catalog_unref(catalog);
}

static void tables_are_called_as_the_catalog_database_calls_them(void **state)
{
    const struct sw_oid_map *types;
    struct sw_catalog *catalog;

    all_read(PATIENTS "type\tpublic\t_patients\t16400\tt\t0\n"
                      "type\tpublic\tpatients\t16401\tt\t16399\n");
    reads("catalog", PATIENTS "type\tpublic\t_patients\t16400\tt\t0\n"
                              "type\tpublic\tpatients\t16401\tt\t20000\n");
    catalog = sw_catalog_build(map, readings, 1);
    types = sw_catalog_types(&catalog->databases[0], shard("users_1"));
    assert_non_null(types);
    assert_non_null(types->tables);
    assert_int_equal(sw_oid_of_catalog(types->tables, 16399), 20000);
    assert_int_equal(sw_oid_of_catalog(types, 16399), 16399);
    assert_int_equal(sw_oid_of_catalog(types->tables, 0), 0);
    assert_null(sw_catalog_types(&catalog->databases[0], shard("catalog")));
    sw_catalog_unref(catalog);
}

static void a_map_knows_the_shapes_of_types(void **state)
{
    const struct sw_oid_map *types;
    struct sw_catalog *catalog;

    all_read(PATIENTS "type\tpublic\t_mood\t16400\tf\t0\ta\n"
                      "type\tpublic\tpair\t16401\tf\t16399\tc\n"
                      "type\tpublic\tspan\t16402\tf\t0\tr\t16401\n");
    reads("catalog", PATIENTS "type\tpublic\t_mood\t16400\tf\t0\ta\n"
                              "type\tpublic\tpair\t20001\tf\t20000\tc\n"
                              "type\tpublic\tspan\t16402\tf\t0\tr\t20001\n");
    catalog = sw_catalog_build(map, readings, 1);
    types = sw_catalog_types(&catalog->databases[0], shard("users_1"));
    assert_non_null(types);
    assert_int_equal(sw_shape_of_catalog(types, 16400).kind, SW_SHAPE_ARRAY);
    assert_int_equal(sw_shape_of_catalog(types, 20001).kind, SW_SHAPE_COMPOSITE);
    assert_int_equal(sw_shape_of_catalog(types, 16402).kind, SW_SHAPE_RANGE);
    assert_int_equal(sw_shape_of_catalog(types, 16402).of, 16401);
    sw_catalog_unref(catalog);
}

static void types_with_the_same_oid_everywhere_cost_nothing(void **state)
{
    struct sw_catalog *catalog;

    all_read(PATIENTS "type\tpublic\tmood\t16400\tf\n");
    catalog = sw_catalog_build(map, readings, 1);
    assert_false(catalog->databases[0].has_types);
    assert_null(sw_catalog_types(&catalog->databases[0], shard("users_1")));
    sw_catalog_unref(catalog);
}

static void a_function_of_several_shards_is_one(void **state)
{
    const struct sw_catalog_functions *functions;
    struct sw_catalog *catalog;

    all_read("function\tpublic\tbook\tbigint\t1\t0\tf\tv\tsql\t\\N\tf\n");
    reads("users_3", "function\tpublic\tbook\ttext\t1\t0\tf\tv\tsql\t\\N\tf\n");
    catalog = sw_catalog_build(map, readings, 1);
    functions = sw_textmap_get(&catalog->databases[0].functions, "book");
    assert_non_null(functions);
    assert_int_equal(functions->count, 2);
    sw_catalog_unref(catalog);
}

static void a_catalog_survives_saving(void **state)
{
    struct sw_catalog *catalog;
    struct sw_error err;
    struct sw_buf out;

    all_read(PATIENTS);
    sw_buf_init(&out, 1 << 20);
    sw_catalog_write_database(&map->databases[0], readings, &out);
    catalog = sw_catalog_read(map, (const char *)sw_buf_bytes(&out), sw_buf_len(&out), &err);
    assert_non_null(catalog);
    assert_int_equal(catalog->databases[0].difference_count, 0);
    assert_non_null(patients(catalog)->facts);
    sw_catalog_unref(catalog);
    sw_buf_finish(&out);
}

static void a_saved_file_that_is_none_is_refused(void **state)
{
    static const char *const texts[] = {"table\tpublic\n", "shard\tbooking\tnowhere\n",
                                        "shard\tother\tusers_0\n", "shard\tbooking\n",
                                        "shard\tbooking\tusers_0\nnonsense\n"};
    struct sw_error err;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_null(sw_catalog_read(map, texts[i], strlen(texts[i]), &err));
        assert_string_equal(err.sqlstate, "22P02");
    }
}

#define AGED(rows, tables, age)                                                                \
    "ddl\tid1\t2026-11-24 12:00:00.000000\tcatalog,users_0,users_1\t" tables "\t" rows         \
    "\tTRUNCATE patients\t" age "\n"
#define NOTE(rows, tables) AGED(rows, tables, "n")

static void what_some_shards_have_not_noted_is_unfinished(void **state)
{
    static const struct {
        const char *catalog, *users_0, *users_1; /* what each has noted */
        const char *made_on, *missing_on;        /* NULL: all is finished */
        bool is_blocked;
    } rows[] = {
#define ALL NOTE("t", "\"public.patients\"")
#define SHAPE NOTE("f", "\"public.patients\"")
#define OTHER NOTE("t", "\"public.slots\"")
#define SEEN AGED("t", "\"public.patients\"", "f")
#define OLD AGED("t", "\"public.patients\"", "o")
        {"", "", "", NULL, NULL, false},
        {ALL, ALL, ALL, NULL, NULL, false},
        {"", ALL, "", "users_0", "catalog, users_1", true},
        {"", ALL, ALL, "users_0, users_1", "catalog", true},
        {ALL, "", "", "catalog", "users_0, users_1", true},
        {"", SHAPE, "", "users_0", "catalog, users_1", false}, /* the tables are equal */
        {"", OTHER, "", "users_0", "catalog, users_1", false},
        {SEEN, SEEN, "", "catalog, users_0", "users_1",
         true}, /* lost since, as by a failover */
        {SEEN, ALL, SEEN, NULL, NULL, false},
        {OLD, OLD, "", NULL, NULL, false}, /* it is being deleted */
        {"", "", OLD, NULL, NULL, false},
        {OLD, SEEN, "", NULL, NULL, false},
#undef SHAPE
#undef OTHER
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char texts[3][1000];
        const char *const notes[] = {rows[i].catalog, rows[i].users_0, rows[i].users_1};
        const char *const names[] = {"catalog", "users_0", "users_1"};
        const struct sw_catalog_database *database;
        struct sw_catalog *catalog;

        all_read(PATIENTS);
        for (int n = 0; n < 3; n++) {
            (void)snprintf(texts[n], sizeof texts[n], "%s%s", PATIENTS, notes[n]);
            reads(names[n], texts[n]);
        }
        catalog = sw_catalog_build(map, readings, 1);
        database = &catalog->databases[0];
        assert_int_equal(database->unfinished_count, rows[i].made_on == NULL ? 0 : 1);
        if (rows[i].made_on != NULL) {
            assert_string_equal(database->unfinished[0].made_on, rows[i].made_on);
            assert_string_equal(database->unfinished[0].missing_on, rows[i].missing_on);
        }
        assert_int_equal(patients(catalog)->block != NULL, rows[i].is_blocked);
        sw_catalog_unref(catalog);
    }
}

/* Repair goes by the list. */
static void the_last_of_many_shards_is_listed_too(void **state)
{
    enum { MANY = 100 };
    char note[2000] = "ddl\tid1\t2026-11-24 12:00:00.000000\tusers_0", text[3000];
    struct sw_catalog *catalog;
    const char *missing;

    for (int i = 0; i < MANY; i++)
        (void)strncat(note, ",users_1", sizeof note - strlen(note) - 1);
    (void)snprintf(text, sizeof text, "%s%s,users_2\t\tf\tVACUUM\tn\n", PATIENTS, note);
    all_read(PATIENTS);
    reads("users_0", text);
    catalog = sw_catalog_build(map, readings, 1);
    assert_int_equal(catalog->databases[0].unfinished_count, 1);
    missing = catalog->databases[0].unfinished[0].missing_on;
    assert_string_equal(missing + strlen(missing) - strlen("users_1, users_2"),
                        "users_1, users_2");
    sw_catalog_unref(catalog);
}

static int count_due(const struct sw_catalog_database *database, const char *name, bool is_old)
{
    int count = 0;

    for (int i = 0; i < database->due_count; i++) {
        assert_string_equal(database->due[i].id, "id1");
        count +=
            database->due[i].shard_id == shard(name)->id && database->due[i].is_old == is_old;
    }
    return count;
}

static void a_note_is_marked_when_all_have_it_and_deleted_when_it_is_old(void **state)
{
    static const struct {
        const char *notes[3];  /* NULL: the shard was not read */
        const char *marked;    /* a letter for each: - nothing, m mark, d delete */
        const char *installed; /* the version of schema shardward on users_1 */
    } rows[] = {
        {{ALL, ALL, ALL}, "mmm", "4"},    {{ALL, ALL, ""}, "---", "4"},
        {{ALL, ALL, NULL}, "---", "4"},   {{ALL, ALL, ALL}, "---", "3"},
        {{SEEN, ALL, ALL}, "-mm", "4"},   {{SEEN, ALL, ""}, "---", "4"},
        {{SEEN, SEEN, SEEN}, "---", "4"}, {{OLD, SEEN, SEEN}, "---", "4"},
        {{OLD, OLD, SEEN}, "---", "4"},   {{OLD, OLD, OLD}, "ddd", "4"},
        {{OLD, OLD, ""}, "dd-", "4"},     {{"", "", OLD}, "--d", "4"},
        {{OLD, OLD, NULL}, "---", "4"},   {{OLD, SEEN, ""}, "---", "4"},
    };
    static const char *const names[] = {"catalog", "users_0", "users_1"};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char texts[3][1000];
        struct sw_catalog *catalog;

        all_read(PATIENTS);
        for (int n = 0; n < 3; n++) {
            (void)snprintf(texts[n], sizeof texts[n], "%sinstalled\t%s\t1\n%s", PATIENTS,
                           n == 2 ? rows[i].installed : "4",
                           rows[i].notes[n] == NULL ? "" : rows[i].notes[n]);
            reads(names[n], texts[n]);
            if (rows[i].notes[n] == NULL)
                readings[shard(names[n])->id] = (struct sw_shard_reading){NULL, 0, "down"};
        }
        catalog = sw_catalog_build(map, readings, 1);
        for (int n = 0; n < 3; n++) {
            const struct sw_catalog_database *database = &catalog->databases[0];

            assert_int_equal(count_due(database, names[n], false), rows[i].marked[n] == 'm');
            assert_int_equal(count_due(database, names[n], true), rows[i].marked[n] == 'd');
        }
        sw_catalog_unref(catalog);
    }
}

/* Then a name of the map may stand for another shard than it did when the note was written. */
static void nothing_is_done_to_notes_while_a_shard_has_accepted_another_map(void **state)
{
    static const char *const places[] = {"catalog", "users_0", "users_1"};
    static const char notes[] = PATIENTS "installed\t4\t1\n" ALL;
    static const char swapped[] =
        PATIENTS "installed\t4\t1\naccepted\tshard\tbooking.users_3\n";
    struct sw_catalog *catalog;

    all_read(PATIENTS);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        reads(places[i], notes);
    catalog = sw_catalog_build(map, readings, 1);
    assert_int_equal(catalog->databases[0].due_count, 3);
    sw_catalog_unref(catalog);
    reads("users_2", swapped);
    catalog = sw_catalog_build(map, readings, 1);
    assert_true(catalog->has_conflict);
    assert_int_equal(catalog->databases[0].due_count, 0);
    sw_catalog_unref(catalog);
}
#undef ALL
#undef SEEN
#undef OLD

/* What cannot be read is not said to lack anything. */
static void a_shard_out_of_reach_finishes_nothing_and_lacks_nothing(void **state)
{
    struct sw_catalog *catalog;

    all_read(PATIENTS NOTE("t", "\"public.patients\""));
    readings[shard("users_1")->id] = (struct sw_shard_reading){NULL, 0, "it is down"};
    catalog = sw_catalog_build(map, readings, 1);
    assert_int_equal(catalog->databases[0].unfinished_count, 0);
    sw_catalog_unref(catalog);
}

#define TABLE(name) "table\tpublic\t" name "\tr\tf\t\t\\N\n"
#define INDEX(table, name) "index\tpublic\t" table "\tpublic\t" name "\n"

static void a_part_tells_its_table_wherever_it_is(void **state)
{
    static const struct {
        const char *shard, *text, *index, *table; /* NULL: not found */
        bool is_ambiguous;
    } rows[] = {
        {"users_0", PATIENTS INDEX("patients", "i"), "i", "patients", false},
        {"users_3", PATIENTS INDEX("patients", "i"), "i", "patients", false},
        {"catalog", PATIENTS INDEX("patients", "i"), "i", "patients", false},
        {"users_1", PATIENTS, "i", NULL, false},
        {"users_1", PATIENTS INDEX("patients", "i"), "patients", NULL, false},
        {"users_1", PATIENTS TABLE("part") INDEX("part", "i") INDEX("patients", "i"), "i",
         "patients", false},
        {"users_1", PATIENTS TABLE("other") INDEX("other", "i"), "i", "other", false},
        {"catalog", PATIENTS TABLE("slots") INDEX("patients", "i") INDEX("slots", "i"), "i",
         "patients", true},
        {"users_1", PATIENTS "partition\tpublic\tpatients\tpublic\ti\n" TABLE("i"), "i",
         "patients", false},
        {"users_1", PATIENTS "sequence\tpublic\tpatients\tpublic\ti\n", "i", "patients", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sw_catalog_part *found;
        struct sw_catalog *catalog;

        all_read(PATIENTS);
        reads(rows[i].shard, rows[i].text);
        catalog = sw_catalog_build(map, readings, 1);
        found = sw_catalog_part(&catalog->databases[0], "public", rows[i].index);
        assert_int_equal(found != NULL, rows[i].table != NULL);
        if (found != NULL) {
            assert_int_equal(found->is_ambiguous, rows[i].is_ambiguous);
            assert_true(found->is_ambiguous || strcmp(found->table, rows[i].table) == 0);
        }
        assert_null(patients(catalog)->block);
        assert_false(sw_catalog_is_whole(&catalog->databases[0]));
        sw_catalog_unref(catalog);
    }
}

static void what_is_of_no_table_is_known_by_where_it_is(void **state)
{
    static const char sequence[] = PATIENTS "sequence\t\\N\t\\N\tpublic\ts\n";
    static const struct {
        const char *first, *second, *business; /* NULL: the catalog database's alone */
        bool is_ambiguous;
    } rows[] = {
        {"users_0", "users_1", "users", false},    {"catalog", "users_1", "users", false},
        {"catalog", "catalog", NULL, false},       {"users_0", "orders_0", "users", true},
        {"orders_0", "orders_1", "orders", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sw_catalog_part *found;
        struct sw_catalog *catalog;

        all_read(PATIENTS);
        reads(rows[i].first, sequence);
        reads(rows[i].second, sequence);
        catalog = sw_catalog_build(map, readings, 1);
        found = sw_catalog_part(&catalog->databases[0], "public", "s");
        assert_non_null(found);
        assert_int_equal(found->kind, SW_PART_SEQUENCE);
        assert_null(found->table);
        assert_int_equal(found->is_ambiguous, rows[i].is_ambiguous);
        assert_int_equal(found->business == NULL, rows[i].business == NULL);
        assert_true(found->business == NULL || strcmp(found->business, rows[i].business) == 0 ||
                    found->is_ambiguous);
        sw_catalog_unref(catalog);
    }
}

static void a_catalog_is_whole_when_every_shard_was_read(void **state)
{
    struct sw_catalog *catalog;

    for (int i = 0; i < map->shard_count; i++)
        readings[i] = (struct sw_shard_reading){"", 0, NULL};
    catalog = sw_catalog_build(map, readings, 1);
    assert_true(sw_catalog_is_whole(&catalog->databases[0]));
    sw_catalog_unref(catalog);
    readings[shard("catalog")->id].text = NULL;
    catalog = sw_catalog_build(map, readings, 1);
    assert_false(sw_catalog_is_whole(&catalog->databases[0]));
    sw_catalog_unref(catalog);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, nothing_read, forget)
    const struct CMUnitTest tests[] = {
        TEST(equal_tables_are_not_blocked),
        TEST(a_difference_is_told_from_both_sides),
        TEST(the_catalog_database_needs_no_triggers),
        TEST(a_shard_out_of_reach_is_believed_to_be_like_the_others),
        TEST(a_table_that_nobody_could_read_is_not_known_yet),
        TEST(a_table_that_nobody_may_read_is_taken_on_trust),
        TEST(a_reading_that_makes_no_sense_is_no_reading),
        TEST(types_are_translated_both_ways),
        TEST(tables_are_called_as_the_catalog_database_calls_them),
        TEST(a_map_knows_the_shapes_of_types),
        TEST(types_with_the_same_oid_everywhere_cost_nothing),
        TEST(a_function_of_several_shards_is_one),
        TEST(what_some_shards_have_not_noted_is_unfinished),
        TEST(a_shard_out_of_reach_finishes_nothing_and_lacks_nothing),
        TEST(the_last_of_many_shards_is_listed_too),
        TEST(nothing_is_done_to_notes_while_a_shard_has_accepted_another_map),
        TEST(a_note_is_marked_when_all_have_it_and_deleted_when_it_is_old),
        TEST(a_part_tells_its_table_wherever_it_is),
        TEST(what_is_of_no_table_is_known_by_where_it_is),
        TEST(a_catalog_is_whole_when_every_shard_was_read),
        TEST(a_catalog_survives_saving),
        TEST(a_saved_file_that_is_none_is_refused),
    };

    return cmocka_run_group_tests_name("catalog", tests, build, drop);
}
