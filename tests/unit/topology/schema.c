#include "shardward/topology/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct sw_schema *read_text(const char *text, struct sw_error *err)
{
    return sw_schema_read(text, strlen(text), err);
}

static const char whole[] =
    "table\tpublic\tpatients\tr\tf\t\t\\N\n"
    "column\tpublic\tpatients\tpatient_id\t20\t20\tbigint\t-1\t\\N\tt\tt\t\\N\t\tf\t\\N\n"
    "column\tpublic\tpatients\tmood\t16400\t25\tmood\t-1\tpg_catalog.default\tt\tf\t'a\\tb'"
    "\t\tf"
    "\t\\N\n"
    "constraint\tpublic\tpatients\tpatients_pkey\tp\tpatient_id,\"a,\"\"b\"\tPRIMARY KEY (x)\n"
    "constraint\tpublic\tpatients\tto_city\tf\tcity\tFOREIGN KEY (city)\tpublic\tcities\tname\n"
    "index\tpublic\tpatients\tparts\tby_mood\n"
    "sequence\tpublic\tpatients\tpublic\tnumbers\n"
    "sequence\t\\N\t\\N\tpublic\tfree\n"
    "partition\tpublic\tpatients\tparts\tchildren\n"
    "trigger\tpublic\tpatients\taudit\tpublic\twrite_down\tCREATE TRIGGER audit\n"
    "use\tpublic\tpatients\tdefault of mood\tpublic\tmake\tv\t\\N\n"
    "table\tpublic\tcities\tp\tt\tno_delete\tpublic.far\n"
    "function\tpublic\tbook\tbigint, text\t2\t0\tf\tv\tplpgsql\t\\N\tt\n"
    "operator\tpublic\t=\tpublic\tsame\ti\tcitext\n"
    "cast\tinteger\tmood\tpublic\tto_mood\ts\t\\N\n"
    "type\tpublic\tmood\t16400\tf\n"
    "type\tpublic\tspans\t16401\tf\t0\tm\t16402\n"
    "type\tpublic\tpair\t16402\tf\t16399\tc\t\\N\n";

static void every_kind_of_line_is_read(void **state)
{
    struct sw_error err;
    struct sw_schema *schema = read_text(whole, &err);
    const struct sw_schema_table *patients, *cities;

    assert_non_null(schema);
    patients = sw_schema_find(schema, "public", "patients");
    cities = sw_schema_find(schema, "public", "cities");
    assert_int_equal(schema->table_count, 2);
    assert_int_equal(patients->column_count, 2);
    assert_int_equal(patients->columns[0].type_oid, 20);
    assert_true(patients->columns[0].is_not_null);
    assert_null(patients->columns[0].collation);
    assert_string_equal(patients->columns[1].default_text, "'a\tb'");
    assert_int_equal(patients->columns[1].base_oid, 25);
    assert_int_equal(sw_schema_column_index(patients, "mood"), 1);
    assert_int_equal(sw_schema_column_index(patients, "Mood"), -1);
    assert_int_equal(patients->constraint_count, 2);
    assert_int_equal(patients->constraints[0].column_count, 2);
    assert_string_equal(patients->constraints[0].columns[1], "a,\"b");
    assert_string_equal(patients->constraints[1].other_columns[0], "name");
    assert_int_equal(patients->part_count, 3);
    assert_int_equal(patients->parts[0].kind, SW_PART_INDEX);
    assert_int_equal(patients->parts[1].kind, SW_PART_SEQUENCE);
    assert_int_equal(patients->parts[2].kind, SW_PART_TABLE);
    assert_string_equal(patients->parts[2].name, "children");
    assert_int_equal(schema->sequence_count, 1);
    assert_string_equal(schema->sequences[0].name, "free");
    assert_string_equal(patients->parts[0].schema, "parts");
    assert_string_equal(patients->parts[0].name, "by_mood");
    assert_int_equal(cities->part_count, 0);
    assert_string_equal(patients->triggers[0].function, "write_down");
    assert_int_equal(patients->uses[0].volatility, SW_VOLATILE);
    assert_int_equal(cities->kind, SW_TABLE_PARTITIONED);
    assert_true(cities->has_row_security);
    assert_string_equal(cities->rules, "no_delete");
    assert_string_equal(cities->foreign_descendant, "public.far");
    assert_int_equal(cities->column_count, 0);
    assert_string_equal(schema->functions[0].arguments, "bigint, text");
    assert_string_equal(schema->operators[0].extension, "citext");
    assert_int_equal(schema->casts[0].volatility, SW_STABLE);
    assert_int_equal(schema->types[0].oid, 16400);
    assert_int_equal(schema->types[0].shape.kind, SW_SHAPE_PLAIN);
    assert_int_equal(schema->types[1].shape.kind, SW_SHAPE_MULTIRANGE);
    assert_int_equal(schema->types[1].shape.of, 16402);
    assert_int_equal(schema->types[2].shape.kind, SW_SHAPE_COMPOSITE);
    assert_int_equal(schema->types[2].shape.of, 0);
    sw_schema_free(schema);
}

static void a_line_that_cannot_be_read_is_named(void **state)
{
    static const char *const lines[] = {
        "tables\tpublic\tt\tr\tf\t\t\\N",  /* no such kind */
        "table\tpublic\tt\tx\tf\t\t\\N",   /* no such kind of table */
        "table\tpublic\tt\tr\tyes\t\t\\N", /* no flag */
        "table\tpublic",                   /* too few cells */
        "column\tpublic\tother\ta\t20\t20\tbigint\t-1\t\\N\tt\tt\t\\N\t\tf\t\\N", /* no table */
        "type\tpublic\tmood\t4294967296\tf",                                      /* no oid */
        "type\tpublic\tmood\t-1\tf",
        "type\tpublic\tmood\t1\tf\t0\tx", /* no such shape */
        "type\tpublic\tmood\t1\tf\t0\tr\tx",
        "index\tpublic\tother\tpublic\ti",                                   /* no table */
        "index\tpublic\tpatients\tpublic",                                   /* no name */
        "sequence\tpublic\tother\tpublic\ts",                                /* no table */
        "sequence\t\\N\t\\N\tpublic",                                        /* no name */
        "partition\tpublic\tother\tpublic\tp",                               /* no table */
        "constraint\tpublic\tpatients\tc\tf\ta,b\tFK\tpublic\tcities\tname", /* a column less */
        "a\tb\tc\td\te\tf\tg\th\ti\tj\tk\tl\tm\tn\to\tp\tq",
    };
    struct sw_error err;

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char text[300];

        (void)snprintf(text, sizeof text, "table\tpublic\tpatients\tr\tf\t\t\\N\n%s\n",
                       lines[i]);
        assert_null(read_text(text, &err));
        assert_string_equal(err.sqlstate, "22P02");
        assert_non_null(strstr(err.message, "line 2 "));
    }
}

static void nothing_is_a_schema_too(void **state)
{
    struct sw_error err;
    struct sw_schema *schema = read_text("", &err);

    assert_non_null(schema);
    assert_int_equal(schema->table_count, 0);
    assert_null(sw_schema_find(schema, "public", "patients"));
    sw_schema_free(schema);
}

static void cells_survive_writing(void **state)
{
    static const char *const cells[] = {"", "plain", "a\tb\nc\rd\\e", "\\N", "it's \"so\""};
    struct sw_error err;

    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        struct sw_schema *schema;
        struct sw_buf out;

        sw_buf_init(&out, 1000);
        sw_buf_append_text(&out, "type\t");
        sw_schema_write_cell(&out, cells[i]);
        sw_buf_append_text(&out, "\tmood\t1\tf");
        schema = sw_schema_read((const char *)sw_buf_bytes(&out), sw_buf_len(&out), &err);
        assert_non_null(schema);
        assert_string_equal(schema->types[0].schema, cells[i]);
        sw_schema_free(schema);
        sw_buf_finish(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_line_is_read),
        cmocka_unit_test(a_line_that_cannot_be_read_is_named),
        cmocka_unit_test(nothing_is_a_schema_too),
        cmocka_unit_test(cells_survive_writing),
    };

    return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
