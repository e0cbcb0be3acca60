#include "shardward/parse/parse.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct sw_script *parse(const char *sql)
{
    struct sw_error err;
    struct sw_script *script = sw_parse(sql, &err);

    if (script == NULL)
        fail_msg("%s: %s", sql, err.message);
    return script;
}

static void a_text_without_statements_is_an_empty_script(void **state)
{
    static const char *const texts[] = {"", " ", ";", " ; ;\n", "-- a", "/* a; */ ;", "\t\r\n"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct sw_script *script = parse(texts[i]);

        assert_int_equal(script->count, 0);
        sw_script_unref(script);
    }
}

static void statements_are_located_without_spaces_and_semicolons(void **state)
{
    static const struct {
        const char *sql;
        const char *parts[3];
    } rows[] = {
        {"select 1", {"select 1"}},
        {"  select 1  ", {"select 1"}},
        {"select 1;", {"select 1"}},
        {"select 1 ; \n select 2;\t", {"select 1", "select 2"}},
        {";;select 1;;select 2", {"select 1", "select 2"}},
        {"select ';' ; select $$;$$", {"select ';'", "select $$;$$"}},
        {"select '\xc3\xa4'; select 2", {"select '\xc3\xa4'", "select 2"}},
        {"begin;select 1;commit", {"begin", "select 1", "commit"}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sw_script *script = parse(rows[i].sql);

        for (int j = 0; j < script->count; j++) {
            const struct sw_statement *statement = &script->statements[j];

            assert_true(j < 3 && rows[i].parts[j] != NULL);
            assert_int_equal(statement->len, strlen(rows[i].parts[j]));
            assert_memory_equal(rows[i].sql + statement->location, rows[i].parts[j],
                                (size_t)statement->len);
        }
        assert_true(script->count == 3 || rows[i].parts[script->count] == NULL);
        sw_script_unref(script);
    }
}

static void an_error_of_the_grammar_is_postgresqls(void **state)
{
    static const struct {
        const char *sql, *sqlstate, *message;
        int position;
    } rows[] = {
        {"selec", "42601", "syntax error at or near \"selec\"", 1},
        {"select 1; selec", "42601", "syntax error at or near \"selec\"", 11},
        {"select '\xc3\xa4\xc3\xb6' frm t t", "42601", "syntax error at or near \"t\"", 17},
        {"select", NULL, NULL, 0},
        {"select (", "42601", "syntax error at end of input", 9},
        {"select 'a", "42601", "unterminated quoted string at or near \"'a\"", 8},
        {"select E'\\u1'", "22025", "invalid Unicode escape", 10},
        {"select U&'\\1'", "42601", "invalid Unicode escape", 11},
        {"set catalog 'a'", "0A000", "current database cannot be changed", 13},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sw_error err;
        struct sw_script *script = sw_parse(rows[i].sql, &err);

        if (rows[i].sqlstate == NULL) {
            assert_non_null(script);
        } else {
            assert_null(script);
            assert_string_equal(err.sqlstate, rows[i].sqlstate);
            assert_string_equal(err.message, rows[i].message);
            assert_int_equal(err.position, rows[i].position);
        }
        sw_script_unref(script);
    }
}

static void facts_outlive_the_parser_and_live_by_count(void **state)
{
    char sql[] = "select * from t where k = 'abc'";
    struct sw_script *script = parse(sql);

    assert_ptr_equal(sw_script_ref(script), script);
    sw_script_unref(script);
    memset(sql, 'x', sizeof sql - 1);
    sw_script_unref(parse("select 1"));
    assert_string_equal(script->statements[0].relations[0].name, "t");
    assert_string_equal(script->statements[0].predicates[0].values[0].text, "abc");
    assert_int_equal(script->statements[0].predicates[0].values[0].text_len, 3);
    sw_script_unref(script);
    sw_script_unref(NULL);
}

static void a_refused_statement_has_no_facts(void **state)
{
    struct sw_script *script = parse("select f($1) from t where current_user = 'a'; "
                                     "select f($1) from t tablesample system (1)");
    const struct sw_statement *refused = &script->statements[1];

    assert_int_equal(script->statements[0].kind, SW_STATEMENT_SELECT);
    assert_int_equal(refused->kind, SW_STATEMENT_REFUSED);
    assert_string_equal(refused->refusal.sqlstate, "0A000");
    assert_int_equal(refused->level_count + refused->relation_count, 0);
    assert_int_equal(refused->function_count + refused->parameter_count, 0);
    assert_true(refused->len > 0);
    sw_script_unref(script);
}

/* Bytes that are no UTF-8, and texts cut anywhere, must not crash. */
static void any_bytes_can_be_parsed(void **state)
{
    static const char whole[] = "with a as (insert into t values (1, $$b$$) returning *) "
                                "select '\xc3\xa4', U&'\\0061', "
                                "E'\\n' from a join b using (k) where \"\xff\xfe\" = $1 and k "
                                "in (1, -2) or f(/* c */ x)";
    char sql[sizeof whole];

    for (size_t len = 0; len < sizeof whole; len++) {
        for (int byte = 0; byte < 256; byte += 5) {
            struct sw_error err;

            memcpy(sql, whole, len);
            sql[len] = (char)byte;
            sql[len + (len + 1 < sizeof sql)] = '\0';
            sql[sizeof sql - 1] = '\0';
            sw_script_unref(sw_parse(sql, &err));
        }
    }
}

static void *parse_often(void *failures)
{
    for (int i = 0; i < 2000; i++) {
        struct sw_error err;
        struct sw_script *good = sw_parse("select * from t where k = $1", &err);
        struct sw_script *bad = sw_parse("select * form t", &err);

        if (good == NULL || good->statements[0].predicate_count != 1 || bad != NULL)
            ++*(int *)failures;
        sw_script_unref(good);
    }
    return NULL;
}

static void threads_parse_at_once(void **state)
{
    pthread_t threads[4];
    int failures[4] = {0};

    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, parse_often, &failures[i]), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(failures[i], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_without_statements_is_an_empty_script),
        cmocka_unit_test(statements_are_located_without_spaces_and_semicolons),
        cmocka_unit_test(an_error_of_the_grammar_is_postgresqls),
        cmocka_unit_test(facts_outlive_the_parser_and_live_by_count),
        cmocka_unit_test(a_refused_statement_has_no_facts),
        cmocka_unit_test(any_bytes_can_be_parsed),
        cmocka_unit_test(threads_parse_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
