/*
 * Texts that nest. They are parsed on a thread with a small stack, so that what a level of
 * nesting costs is held to a bound.
 */
#include "shardward/parse/parse.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__)
enum { STACK_SIZE = 8 << 20 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { STACK_SIZE = 8 << 20 };
#else
enum { STACK_SIZE = 2 << 20 };
#endif
#else
enum { STACK_SIZE = 2 << 20 };
#endif

/* @before, @count times @open, @middle, @count times @close, @after. */
struct nest {
    const char *before, *open, *middle, *close, *after;
};

struct parsing {
    char *sql;
    struct sw_script *script;
    struct sw_error err;
};

static char *append(char *at, const char *text)
{
    size_t len = strlen(text);

    memcpy(at, text, len);
    return at + len;
}

static char *text_of(const struct nest *nest, size_t count)
{
    size_t size = strlen(nest->before) + strlen(nest->middle) + strlen(nest->after) + 1 +
                  count * (strlen(nest->open) + strlen(nest->close));
    char *sql = malloc(size), *at = sql;

    assert_non_null(sql);
    at = append(at, nest->before);
    for (size_t i = 0; i < count; i++)
        at = append(at, nest->open);
    at = append(at, nest->middle);
    for (size_t i = 0; i < count; i++)
        at = append(at, nest->close);
    at = append(at, nest->after);
    *at = '\0';
    return sql;
}

static void *run(void *parsing)
{
    struct parsing *mine = parsing;

    mine->script = sw_parse(mine->sql, &mine->err);
    return NULL;
}

static struct parsing parse_on_small_stack(const struct nest *nest, size_t count)
{
    struct parsing parsing = {.sql = text_of(nest, count)};
    pthread_attr_t attributes;
    pthread_t thread;

    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, STACK_SIZE), 0);
    assert_int_equal(pthread_create(&thread, &attributes, run, &parsing), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pthread_attr_destroy(&attributes), 0);
    free(parsing.sql);
    return parsing;
}

static const struct nest nests[] = {
    {"select 1", "+1", "", "", ""},
    {"select ", "- ", "a", "", ""},
    {"select ", "not ", "a", "", ""},
    {"select ", "", "1", "::int4", ""},
    {"select ", "f(", "1", ")", ""},
    {"select ", "(select ", "1", ")", ""},
    {"select ", "case when ", "true", " then 1 end = 1", ""},
    {"select ", "array[", "1", "]", ""},
    {"select * from t where k = ", "", "1", "::int4", ""},
    {"select * from t where k = ", "- f(", "1", ")", ""},
    {"select * from t where ", "k = 1 or (l = 2 and (", "m = 3", "))", ""},
    {"select * from t where ", "exists (select 1 from t where k = 1 and ", "true", ")", ""},
    {"select * from ", "(select * from ", "t", ") s", ""},
    {"select * from a", " join b on a.k = b.k", "", "", ""},
    {"select * from a", " join b using (k)", "", "", ""},
    {"select * from ", "(a join ", "b", " on true)", ""},
    {"select 1", " union all select 1", "", "", ""},
    {"", "with a as (", "select 1", ") select 1 from a", ""},
    {"insert into t values (", "f(", "1", ")", ")"},
    {"update t set x = ", "f(", "1", ")", " where k = 1"},
};

static void fifty_levels_are_described(void **state)
{
    for (size_t i = 0; i < sizeof nests / sizeof nests[0]; i++) {
        struct parsing parsing = parse_on_small_stack(&nests[i], 50);

        if (parsing.script == NULL)
            fail_msg("nest %zu: %s", i, parsing.err.message);
        assert_int_not_equal(parsing.script->statements[0].kind, SW_STATEMENT_REFUSED);
        sw_script_unref(parsing.script);
    }
}

/* The grammar gives up on some nests by itself ("memory exhausted"), on chains never. */
static void deeper_levels_are_an_error_and_no_crash(void **state)
{
    static const size_t counts[] = {400, 999, 2100, 9000, 100000};

    for (size_t i = 0; i < sizeof nests / sizeof nests[0]; i++) {
        for (size_t j = 0; j < sizeof counts / sizeof counts[0]; j++) {
            struct parsing parsing = parse_on_small_stack(&nests[i], counts[j]);

            if (parsing.script == NULL)
                assert_true(sw_error_is(&parsing.err, "54001") ||
                            sw_error_is(&parsing.err, "42601"));
            else
                assert_true(counts[j] <= 2000);
            sw_script_unref(parsing.script);
        }
    }
}

static void a_million_terms_are_an_error_and_no_crash(void **state)
{
    struct parsing parsing = parse_on_small_stack(&nests[0], 1000000);

    assert_null(parsing.script);
    assert_string_equal(parsing.err.sqlstate, "54001");
}

/* AND, OR and lists are flat: their length is no depth. */
static void long_lists_are_described(void **state)
{
    static const struct nest lists[] = {
        {"select * from t where k in (1", ", 2", "", "", ")"},
        {"select * from t where k = 1", " or k = 2", "", "", ""},
        {"select * from t where k = 1", " and l = 2", "", "", ""},
        {"insert into t values (1)", ", (2)", "", "", ""},
        {"select 1", ", a", "", "", " from t"},
        {"select 1", "; select 2", "", "", ""},
    };

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct parsing parsing = parse_on_small_stack(&lists[i], 20000);

        if (parsing.script == NULL)
            fail_msg("list %zu: %s", i, parsing.err.message);
        assert_int_not_equal(parsing.script->statements[0].kind, SW_STATEMENT_REFUSED);
        sw_script_unref(parsing.script);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fifty_levels_are_described),
        cmocka_unit_test(deeper_levels_are_an_error_and_no_crash),
        cmocka_unit_test(a_million_terms_are_an_error_and_no_crash),
        cmocka_unit_test(long_lists_are_described),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
