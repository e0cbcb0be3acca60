#include "shardward/base/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void buckets_are_in_order_and_without_gaps(void **state)
{
    assert_int_equal(sw_histogram_bucket(0), 0);
    for (int i = 0; i < SW_HISTOGRAM_BUCKETS; i++) {
        uint64_t most = sw_histogram_most(i);

        assert_int_equal(sw_histogram_bucket(most), i);
        if (i + 1 < SW_HISTOGRAM_BUCKETS)
            assert_int_equal(sw_histogram_bucket(most + 1), i + 1);
    }
    assert_int_equal(sw_histogram_most(SW_HISTOGRAM_BUCKETS - 1), SW_HISTOGRAM_HIGHEST);
    assert_int_equal(sw_histogram_bucket(UINT64_MAX), SW_HISTOGRAM_BUCKETS - 1);
}

static void a_bucket_is_at_most_a_quarter_wide(void **state)
{
    for (int i = 8; i < SW_HISTOGRAM_BUCKETS; i++) {
        uint64_t least = sw_histogram_most(i - 1) + 1;

        assert_true(sw_histogram_most(i) - least < least / 4);
    }
}

static void percentiles_are_those_of_the_values(void **state)
{
    struct sw_histogram histogram = {{0}}, other = {{0}};

    assert_int_equal(sw_histogram_percentile(&histogram, 50), 0);
    for (int value = 1; value <= 100; value++)
        sw_histogram_add(value % 2 == 0 ? &histogram : &other, (uint64_t)value);
    sw_histogram_merge(&histogram, &other);
    assert_int_equal(sw_histogram_percentile(&histogram, 0), 1);
    assert_int_equal(sw_histogram_percentile(&histogram, 1), 1);
    assert_int_equal(sw_histogram_percentile(&histogram, 50),
                     sw_histogram_most(sw_histogram_bucket(50)));
    assert_int_equal(sw_histogram_percentile(&histogram, 100),
                     sw_histogram_most(sw_histogram_bucket(100)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets_are_in_order_and_without_gaps),
        cmocka_unit_test(a_bucket_is_at_most_a_quarter_wide),
        cmocka_unit_test(percentiles_are_those_of_the_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
