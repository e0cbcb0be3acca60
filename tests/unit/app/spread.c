#include "shardward/app/spread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_worker_with_the_fewest_clients_is_chosen(void **state)
{
    static const struct {
        int counts[4], count, last, chosen;
    } rows[] = {
        {{0}, 1, 0, 0},          {{9}, 1, -1, 0},         {{5, 4}, 2, 0, 1},
        {{4, 5}, 2, 0, 0},       {{3, 2, 1, 2}, 4, 2, 2}, {{0, 9, 9, 9}, 4, 0, 0},
        {{9, 9, 9, 0}, 4, 3, 3},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(sw_spread_choose(rows[i].counts, rows[i].count, rows[i].last),
                         rows[i].chosen);
}

static void workers_with_equally_few_take_turns(void **state)
{
    static const int counts[] = {2, 1, 1, 2, 1};
    static const int turns[] = {1, 2, 4, 1, 2, 4};
    int last = -1;

    for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
        last = sw_spread_choose(counts, 5, last);
        assert_int_equal(last, turns[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worker_with_the_fewest_clients_is_chosen),
        cmocka_unit_test(workers_with_equally_few_take_turns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
