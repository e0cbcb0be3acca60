#include "shardward/admin/exposition.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct sw_buf out;

static const char *text(void)
{
    (void)sw_buf_append(&out, "", 1);
    return (const char *)sw_buf_bytes(&out);
}

static int start(void **state)
{
    sw_buf_init(&out, SIZE_MAX);
    return 0;
}

static int end(void **state)
{
    sw_buf_finish(&out);
    return 0;
}

static void a_family_is_introduced_before_its_first_sample(void **state)
{
    const struct sw_label one = {"kind", "one"}, two = {"kind", "two"};
    struct sw_exposition to;

    sw_exposition_init(&to, &out);
    sw_exposition_family(&to, SW_METRIC_COUNTER, "things_total", "Things.");
    sw_exposition_count(&to, &one, 1, 7);
    sw_exposition_count(&to, &two, 1, UINT64_MAX);
    sw_exposition_family(&to, SW_METRIC_GAUGE, "plain", "No labels.");
    sw_exposition_count(&to, NULL, 0, 0);
    assert_string_equal(text(), "# HELP things_total Things.\n"
                                "# TYPE things_total counter\n"
                                "things_total{kind=\"one\"} 7\n"
                                "things_total{kind=\"two\"} 18446744073709551615\n"
                                "# HELP plain No labels.\n"
                                "# TYPE plain gauge\n"
                                "plain 0\n");
}

static void a_family_without_samples_leaves_no_trace(void **state)
{
    struct sw_exposition to;

    sw_exposition_init(&to, &out);
    sw_exposition_family(&to, SW_METRIC_COUNTER, "nothing_total", "Nothing.");
    sw_exposition_family(&to, SW_METRIC_GAUGE, "one", "One.");
    sw_exposition_count(&to, NULL, 0, 1);
    assert_string_equal(text(), "# HELP one One.\n# TYPE one gauge\none 1\n");
}

struct escape {
    const char *name, *value, *escaped;
};

static const struct escape escapes[] = {
    {"nothing", "", ""},
    {"a_plain_text", "users_0", "users_0"},
    {"a_missing_value", NULL, ""},
    {"a_quote", "a\"b", "a\\\"b"},
    {"a_backslash", "a\\b", "a\\\\b"},
    {"a_line_end", "a\nb\n", "a\\nb\\n"},
    {"all_at_once", "\"\\\n", "\\\"\\\\\\n"},
    {"other_letters", "\xc3\xa4\t{}=,", "\xc3\xa4\t{}=,"},
};

static void values_of_labels_are_escaped(void **state)
{
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
        const struct sw_label labels[] = {{"a", escapes[i].value}, {"b", "x"}};
        struct sw_exposition to;
        char expected[64] = "m{a=\"";

        sw_buf_clear(&out);
        sw_exposition_init(&to, &out);
        sw_exposition_family(&to, SW_METRIC_GAUGE, "m", "M.");
        sw_exposition_count(&to, labels, 2, 1);
        strcat(strcat(expected, escapes[i].escaped), "\",b=\"x\"} 1\n");
        assert_string_equal(text() + strlen("# HELP m M.\n# TYPE m gauge\n"), expected);
    }
}

static void a_help_is_escaped_but_for_quotes(void **state)
{
    struct sw_exposition to;

    sw_exposition_init(&to, &out);
    sw_exposition_family(&to, SW_METRIC_GAUGE, "m", "a \"b\" \\ c\nd");
    sw_exposition_count(&to, NULL, 0, 1);
    assert_string_equal(text(), "# HELP m a \"b\" \\\\ c\\nd\n# TYPE m gauge\nm 1\n");
}

struct number {
    double value;
    const char *text;
};

static const struct number numbers[] = {
    {0, "m 0\n"},
    {0.5, "m 0.5\n"},
    {1e-6, "m 1e-06\n"},
    {1796042760.91052, "m 1796042760.91052\n"},
    {-3, "m -3\n"},
    {INFINITY, "m +Inf\n"},
    {-INFINITY, "m -Inf\n"},
    {NAN, "m NaN\n"},
};

static void numbers_are_as_prometheus_reads_them(void **state)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sw_exposition to;

        sw_buf_clear(&out);
        sw_exposition_init(&to, &out);
        sw_exposition_family(&to, SW_METRIC_GAUGE, "m", "M.");
        sw_exposition_real(&to, NULL, 0, numbers[i].value);
        assert_string_equal(text() + strlen("# HELP m M.\n# TYPE m gauge\n"), numbers[i].text);
    }
}

/* The value of the sample whose line begins with @begin. */
static const char *sample(const char *begin)
{
    const char *at = strstr((const char *)sw_buf_bytes(&out), begin);

    assert_non_null(at);
    return at + strlen(begin);
}

static void a_histogram_counts_upwards(void **state)
{
    const struct sw_label label = {"shard", "users_0"};
    struct sw_histogram times = {0};
    struct sw_exposition to;

    /* At, below and above bounds, and beyond the last one. */
    for (size_t i = 0; i < 3; i++)
        sw_histogram_add(&times, (const uint64_t[]){63, 64, 127}[i]);
    sw_histogram_add(&times, 67108863);
    sw_histogram_add(&times, 67108864);
    sw_histogram_add(&times, UINT64_MAX);
    sw_exposition_init(&to, &out);
    sw_exposition_family(&to, SW_METRIC_HISTOGRAM, "q_seconds", "Q.");
    sw_exposition_histogram(&to, &label, 1, &times, 1500000);
    (void)text();
    assert_memory_equal(sample("q_seconds_bucket{shard=\"users_0\",le=\"6.3e-05\"} "), "1\n",
                        2);
    assert_memory_equal(sample("q_seconds_bucket{shard=\"users_0\",le=\"0.000127\"} "), "3\n",
                        2);
    assert_memory_equal(sample("q_seconds_bucket{shard=\"users_0\",le=\"33.554431\"} "), "3\n",
                        2);
    assert_memory_equal(sample("q_seconds_bucket{shard=\"users_0\",le=\"67.108863\"} "), "4\n",
                        2);
    assert_memory_equal(sample("q_seconds_bucket{shard=\"users_0\",le=\"+Inf\"} "), "6\n", 2);
    assert_memory_equal(sample("q_seconds_sum{shard=\"users_0\"} "), "1.5\n", 4);
    assert_memory_equal(sample("q_seconds_count{shard=\"users_0\"} "), "6\n", 2);
}

static void the_bounds_of_a_histogram_grow(void **state)
{
    struct sw_histogram times = {0};
    struct sw_exposition to;
    double last = 0;
    const char *at;
    int count = 0;

    sw_exposition_init(&to, &out);
    sw_exposition_family(&to, SW_METRIC_HISTOGRAM, "q_seconds", "Q.");
    sw_exposition_histogram(&to, NULL, 0, &times, 0);
    for (at = strstr(text(), "le=\""); at != NULL; at = strstr(at + 1, "le=\"")) {
        double bound = strtod(at + 4, NULL);

        assert_true(bound > last);
        last = bound;
        count++;
    }
    assert_true(isinf(last));
    assert_int_equal(count, 22);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_family_is_introduced_before_its_first_sample, start,
                                        end),
        cmocka_unit_test_setup_teardown(a_family_without_samples_leaves_no_trace, start, end),
        cmocka_unit_test_setup_teardown(values_of_labels_are_escaped, start, end),
        cmocka_unit_test_setup_teardown(a_help_is_escaped_but_for_quotes, start, end),
        cmocka_unit_test_setup_teardown(numbers_are_as_prometheus_reads_them, start, end),
        cmocka_unit_test_setup_teardown(a_histogram_counts_upwards, start, end),
        cmocka_unit_test_setup_teardown(the_bounds_of_a_histogram_grow, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
