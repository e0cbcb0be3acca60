#include "shardward/parse/skeleton.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct sw_skeleton skeleton;

/* The skeleton of @text with each mark as `<i>`, `<I>`, `<n>`, `<s>`, `<b>`, `<x>`. */
static const char *shown(const char *text)
{
    static const char letters[] = "iInsbx";
    static char out[SW_SKELETON_TEXT * 3 + 1];
    size_t len = 0;

    if (!sw_skeleton_make(&skeleton, text, strlen(text)))
        return "none";
    for (size_t i = 0; i < skeleton.len; i++) {
        char c = skeleton.text[i];

        if (c >= 1 && c <= 6)
            len += (size_t)snprintf(out + len, sizeof out - len, "<%c>", letters[c - 1]);
        else
            out[len++] = c;
    }
    out[len] = '\0';
    return out;
}

static const struct {
    const char *text, *skeleton;
} rows[] = {
    /* what is lifted */
    {"select 1", "select <i>"},
    {"SELECT 2147483647, 2147483648", "SELECT <i>, <I>"},
    {"select 9223372036854775807, 9223372036854775808", "select <I>, 9223372036854775808"},
    {"select 00000000000000000000001", "select <i>"},
    {"select 1.5, .5, 5., 1e9, 1.5E-3", "select <n>, <n>, <n>, <n>, <n>"},
    {"select 'it''s', E'x', e'', $$a$$, $t$b$$c$t$", "select <s>, <s>, <s>, <s>, <s>"},
    {"select b'101', X'1F'", "select <b>, <x>"},
    {"select x-5, x=-5, x@-5", "select x-<i>, x=-<i>, x@-<i>"},
    {"select '5'::int8, date '2026-01-01'", "select <s>::int8, date <s>"},
    {"select $1, a1, a$2, \"b3\"\"4\" where c = 5",
     "select $1, a1, a$2, \"b3\"\"4\" where c = <i>"},
    {"select 1 /* 2 /* 3 */ 4 */ -- 5", "select <i> /* 2 /* 3 */ 4 */ -- 5"},
    {"select 1 -- 2\n, 3", "select <i> -- 2\n, <i>"},
    {"select a limit 5 offset 6", "select a limit <i> offset <i>"},
    {"(select 1)", "(select <i>)"},
    {"insert into t (a) values (1, 'b')", "insert into t (a) values (<i>, <s>)"},
    {"with c as (select 1) select 2", "with c as (select <i>) select <i>"},
    {"select a[1:2]", "select a[<i>:<i>]"},

    /* what stays */
    {"select 1 order by 1, 2", "select <i> order by 1, 2"},
    {"select 1 order by 1 limit 2", "select <i> order by 1 limit <i>"},
    {"select 1 group by 1 having 2 > 1", "select <i> group by 1 having <i> > <i>"},
    {"select (select 1 order by 1), 2", "select (select <i> order by 1), <i>"},
    {"select sum(a) over (partition by 1), 2", "select sum(a) over (partition by 1), <i>"},
    {"select distinct on (1) a, 2", "select distinct on (1) a, <i>"},
    {"select distinct a, 2", "select distinct a, <i>"},
    {"select a::varchar(5), 6", "select a::varchar(5), <i>"},
    {"select a::s.t(5), 6", "select a::s.t(5), <i>"},
    {"select a::\"t\"(5), 6", "select a::\"t\"(5), <i>"},
    {"select cast(a as numeric(5, 2)), 6", "select cast(a as numeric(5, 2)), <i>"},
    {"select character varying(5) from t where a = 6",
     "select character varying(5) from t where a = <i>"},
    {"select interval '1' second(3), 4", "select interval '1' second(3), <i>"},
    {"select a like 'b' escape '!'", "select a like <s> escape '!'"},

    /* what has no skeleton */
    {"", "none"},
    {"select a", "none"},
    {"set a = 1", "none"},
    {"copy t from '1'", "none"},
    {"select nextval('s'), 1", "none"},
    {"select set_config('a', 'b', true)", "none"},
    {"select 'a'::regclass", "none"},
    {"select U&'a'", "none"},
    {"select U&\"a\", 1", "none"},
    {"select u&1", "select u&<i>"},
    {"select 'a' uescape '!'", "none"},
    {"select E'\\n'", "none"},
    {"select '\\n'", "select <s>"},
    {"select N'a'", "none"},
    {"select 'a'\n'b'", "none"},
    {"select 'a' -- c\n 'b'", "none"},
    {"select 'a', 'b'", "select <s>, <s>"},
    {"select numeric(5) '1'", "none"},
    {"select 'a", "none"},
    {"select \"a, 1", "none"},
    {"select 1 /* a", "none"},
    {"select $a$ 1", "none"},
    {"select 1a", "none"},
    {"select 1e", "none"},
    {"select 1..2", "none"},
    {"select $1a, 1", "none"},
    {"select 1 \x01", "none"},
    {"select 1 {", "none"},
};

static void every_row_has_its_skeleton(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(shown(rows[i].text), rows[i].skeleton) != 0)
            fail_msg("%s\n  is %s\n  not %s", rows[i].text, shown(rows[i].text),
                     rows[i].skeleton);
}

static void literals_are_told_with_their_places(void **state)
{
    static const char text[] = "select 42, 'it''s', 5 order by 6";
    const struct sw_literal *literals = skeleton.literals;

    assert_true(sw_skeleton_make(&skeleton, text, strlen(text)));
    assert_int_equal(skeleton.literal_count, 4);
    assert_int_equal(skeleton.lifted_count, 3);
    assert_int_equal(literals[0].integer, 42);
    assert_int_equal(literals[1].text_len, 4);
    assert_memory_equal(literals[1].text, "it's", 4);
    assert_int_equal(literals[1].at, 11);
    assert_int_equal(literals[1].end, 18);
    assert_int_equal(literals[3].class, SW_LITERAL_KEPT);
    assert_ptr_equal(sw_skeleton_literal_at(&skeleton, 11), &literals[1]);
    assert_ptr_equal(sw_skeleton_literal_at(&skeleton, 10), &literals[1]);
    assert_ptr_equal(sw_skeleton_literal_at(&skeleton, 12), &literals[2]);
    assert_null(sw_skeleton_literal_at(&skeleton, 100));
}

static void a_value_takes_the_literal_of_its_slot(void **state)
{
    static const char text[] = "select 42, 'x'";
    const struct sw_value plain = {.kind = SW_VALUE_INTEGER, .slot = 1};
    const struct sw_value negated = {.kind = SW_VALUE_INTEGER, .slot = 1, .is_negated = true};
    const struct sw_value string = {
        .kind = SW_VALUE_STRING, .cast = SW_CAST_UUID, .text = "abc", .text_len = 3, .slot = 2};
    struct sw_value filled;

    assert_true(sw_skeleton_make(&skeleton, text, strlen(text)));
    assert_int_equal(sw_skeleton_value(&skeleton, &plain).integer, 42);
    assert_int_equal(sw_skeleton_value(&skeleton, &negated).integer, -42);
    filled = sw_skeleton_value(&skeleton, &string);
    assert_int_equal(filled.text_len, 1);
    assert_memory_equal(filled.text, "x", 1);
    assert_int_equal(filled.cast, SW_CAST_UUID);
}

static void both_limits_hold(void **state)
{
    static char text[SW_SKELETON_TEXT + 2];

    memset(text, ' ', sizeof text - 1);
    memcpy(text, "select 1", 8);
    assert_false(sw_skeleton_make(&skeleton, text, SW_SKELETON_TEXT + 1));
    text[SW_SKELETON_TEXT] = '\0';
    assert_true(sw_skeleton_make(&skeleton, text, SW_SKELETON_TEXT));

    for (int more = 0; more < 2; more++) {
        size_t len = (size_t)snprintf(text, sizeof text, "select 1");

        for (int i = 1; i < SW_SKELETON_LITERALS + more; i++)
            len += (size_t)snprintf(text + len, sizeof text - len, ",1");
        assert_int_equal(sw_skeleton_make(&skeleton, text, len), more == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_its_skeleton),
        cmocka_unit_test(literals_are_told_with_their_places),
        cmocka_unit_test(a_value_takes_the_literal_of_its_slot),
        cmocka_unit_test(both_limits_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
