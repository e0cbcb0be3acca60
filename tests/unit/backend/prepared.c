#include "shardward/backend/prepared.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void a_name_depends_on_text_types_and_scope(void **state)
{
    /* No two rows are the same statement. */
    static const struct {
        const char *query, *scope;
        int type_count;
        uint32_t types[3];
    } rows[] = {
        {"select $1", "public", 0, {0}},
        {"select $1", "public", 1, {0}},
        {"select $1", "public", 2, {0}},
        {"select $1", "public", 1, {23}},
        {"select $1", "public", 1, {0x17000000}},
        {"select $1", "public", 1, {UINT32_MAX}},
        {"select $1", "public", 2, {23, 25}},
        {"select $1", "public", 2, {25, 23}},
        {"select $1", "public", 3, {23, 25, 0}},
        {"select $2", "public", 0, {0}},
        {"SELECT $1", "public", 0, {0}},
        {"select $1 ", "public", 0, {0}},
        {"", "public", 0, {0}},
        {"select $1", "", 0, {0}},
        {"select $1", "Public", 0, {0}},
        {"select $1", "public ", 0, {0}},
        /* Where one ends and the next begins counts. */
        {"select $1public", "", 0, {0}},
        {"", "select $1public", 0, {0}},
        {"select $1p", "ublic", 0, {0}},
        {"", "", 0, {0}},
        {"", "", 1, {0}},
    };
    enum { COUNT = sizeof rows / sizeof *rows };
    struct sw_prepared *ones[COUNT], *others[COUNT];

    for (size_t i = 0; i < COUNT; i++) {
        ones[i] =
            sw_prepared_create(rows[i].query, rows[i].types, rows[i].type_count, rows[i].scope);
        others[i] =
            sw_prepared_create(rows[i].query, rows[i].types, rows[i].type_count, rows[i].scope);
    }
    for (size_t i = 0; i < COUNT; i++) {
        assert_string_equal(ones[i]->server_name, others[i]->server_name);
        for (size_t other = 0; other < i; other++)
            assert_string_not_equal(ones[i]->server_name, ones[other]->server_name);
    }
    for (size_t i = 0; i < COUNT; i++) {
        sw_prepared_unref(ones[i]);
        sw_prepared_unref(others[i]);
    }
}

static void a_name_is_32_hexadecimal_digits(void **state)
{
    /* So many that some begin with zeros. */
    for (int i = 0; i < 1000; i++) {
        struct sw_prepared *prepared;
        char query[32];

        (void)snprintf(query, sizeof query, "select %d", i);
        prepared = sw_prepared_create(query, NULL, 0, "");
        assert_int_equal(strlen(prepared->server_name), 35);
        assert_memory_equal(prepared->server_name, "sw_", 3);
        assert_int_equal(strspn(prepared->server_name + 3, "0123456789abcdef"), 32);
        sw_prepared_unref(prepared);
    }
}

static void an_unnamed_statement_is_unnamed_on_servers(void **state)
{
    static const uint32_t types[] = {23};
    struct sw_prepared *prepared = sw_prepared_create_unnamed("select $1", types, 1);

    assert_string_equal(prepared->server_name, "");
    assert_string_equal(prepared->query, "select $1");
    assert_int_equal(prepared->type_count, 1);
    assert_int_equal(prepared->types[0], 23);
    sw_prepared_unref(prepared);
}

static void text_and_types_are_copied(void **state)
{
    char query[] = "select $1", scope[] = "public";
    uint32_t types[] = {23, 25};
    struct sw_prepared *all[] = {
        sw_prepared_create(query, types, 2, scope),
        sw_prepared_create_unnamed(query, types, 2),
    };

    memset(query, 'x', sizeof query - 1);
    memset(scope, 'x', sizeof scope - 1);
    memset(types, 0xff, sizeof types);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_string_equal(all[i]->query, "select $1");
        assert_int_equal(all[i]->type_count, 2);
        assert_int_equal(all[i]->types[0], 23);
        assert_int_equal(all[i]->types[1], 25);
        sw_prepared_unref(all[i]);
    }
}

static void a_statement_lives_as_long_as_it_is_shared(void **state)
{
    struct sw_prepared *prepared = sw_prepared_create("select 1", NULL, 0, "");

    assert_int_equal(prepared->refs, 1);
    assert_ptr_equal(sw_prepared_ref(prepared), prepared);
    assert_int_equal(prepared->refs, 2);
    sw_prepared_unref(prepared);
    assert_int_equal(prepared->refs, 1);
    assert_string_equal(prepared->query, "select 1");
    sw_prepared_unref(prepared);
    sw_prepared_unref(NULL);
}

static void what_is_learned_last_is_known(void **state)
{
    const uint32_t types[] = {23, 16400};
    struct sw_prepared *prepared = sw_prepared_create_unnamed("select $1, $2", types, 1);

    assert_null(prepared->learned);
    sw_prepared_learn(prepared, types, 2);
    assert_int_equal(prepared->learned_count, 2);
    assert_memory_equal(prepared->learned, types, sizeof types);
    sw_prepared_learn(prepared, types + 1, 1);
    assert_int_equal(prepared->learned_count, 1);
    assert_int_equal(prepared->learned[0], 16400);
    assert_int_equal(prepared->type_count, 1);
    assert_int_equal(prepared->types[0], 23);
    sw_prepared_unref(prepared);
}

static void a_statement_keeps_the_one_that_it_names(void **state)
{
    struct sw_prepared *named = sw_prepared_create("select 1", NULL, 0, "");
    struct sw_prepared *naming = sw_prepared_create_naming("execute s", named);

    assert_ptr_equal(naming->needs, named);
    assert_int_equal(named->refs, 2);
    assert_string_equal(naming->server_name, "");
    assert_null(named->needs);
    sw_prepared_unref(naming);
    assert_int_equal(named->refs, 1);
    sw_prepared_unref(named);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_depends_on_text_types_and_scope),
        cmocka_unit_test(a_name_is_32_hexadecimal_digits),
        cmocka_unit_test(an_unnamed_statement_is_unnamed_on_servers),
        cmocka_unit_test(text_and_types_are_copied),
        cmocka_unit_test(a_statement_lives_as_long_as_it_is_shared),
        cmocka_unit_test(what_is_learned_last_is_known),
        cmocka_unit_test(a_statement_keeps_the_one_that_it_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
