#include "shardward/pool/turn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void shares_differ_by_one_at_the_most_and_add_up(void **state)
{
    static const struct {
        int total, workers, shares[4];
    } rows[] = {
        {20, 1, {20}},     {20, 2, {10, 10}},     {21, 2, {11, 10}},    {1, 2, {1, 0}},
        {0, 3, {0, 0, 0}}, {10, 4, {3, 3, 2, 2}}, {3, 4, {1, 1, 1, 0}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int worker = 0; worker < rows[i].workers; worker++)
            assert_int_equal(sw_turn_share(rows[i].total, rows[i].workers, worker),
                             rows[i].shares[worker]);
}

struct row {
    const char *name;
    struct sw_turn_party parties[3]; /* held, share, waits, first_ms */
    int count;
    int chosen; /* for what is idle at worker 0 */
};

static const struct row rows[] = {
    {"nobody_waits", {{5, 5, false, 0}, {5, 5, false, 0}}, 2, -1},
    {"we_wait", {{5, 5, true, 100}, {5, 5, false, 0}}, 2, 0},
    {"another_waits", {{5, 5, false, 0}, {5, 5, true, 100}}, 2, 1},
    {"another_waits_who_holds_more_than_his_share",
     {{5, 5, false, 0}, {9, 5, true, 100}},
     2,
     1},
    {"ours_come_first", {{5, 5, true, 100}, {5, 5, true, 100}}, 2, 0},
    {"ours_come_first_within_the_patience", {{5, 5, true, 150}, {5, 5, true, 100}}, 2, 0},
    {"who_waits_longer_than_the_patience_comes_first",
     {{5, 5, true, 151}, {5, 5, true, 100}},
     2,
     1},
    {"who_holds_none_is_served_in_the_order_of_arrival",
     {{1, 1, true, 101}, {0, 1, true, 100}},
     2,
     1},
    {"who_holds_none_but_came_later_waits", {{1, 1, true, 100}, {0, 1, true, 100}}, 2, 0},
    {"below_his_share_he_gets_what_we_have_too_many",
     {{6, 5, true, 100}, {4, 5, true, 130}},
     2,
     1},
    {"we_keep_our_share", {{5, 5, true, 130}, {4, 5, true, 130}}, 2, 0},
    {"he_gets_no_more_than_his_share", {{6, 5, true, 130}, {5, 5, true, 130}}, 2, 0},
    {"our_older_waiter_is_not_overtaken", {{6, 5, true, 100}, {4, 5, true, 151}}, 2, 0},
    {"of_two_the_one_below_his_share_comes_first",
     {{5, 5, false, 0}, {5, 5, true, 100}, {4, 5, true, 200}},
     3,
     2},
    {"of_two_the_longest_waiter_comes_first",
     {{5, 5, false, 0}, {4, 5, true, 200}, {4, 5, true, 100}},
     3,
     2},
};

static void the_next_to_be_served(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int chosen = sw_turn_choose(rows[i].parties, rows[i].count, 0);

        if (chosen != rows[i].chosen)
            fail_msg("%s: %d", rows[i].name, chosen);
    }
}

/* Over all small cases: who was given a connection keeps it while both still wait. */
static void a_connection_does_not_travel_back(void **state)
{
    static const uint64_t firsts[] = {100, 101, 150, 151, 200};

    for (int i = 0; i < 4 * 4 * 3 * 3 * 5 * 5; i++) {
        struct sw_turn_party parties[2] = {
            {1 + i % 4, 1 + i / 16 % 3, true, firsts[i / 144 % 5]},
            {i / 4 % 4, 1 + i / 48 % 3, true, firsts[i / 720]}};

        if (sw_turn_choose(parties, 2, 0) != 1)
            continue;
        parties[0].held--;
        parties[1].held++;
        if (sw_turn_choose(parties, 2, 1) != 1)
            fail_msg("held %d and %d, shares %d and %d", parties[0].held, parties[1].held,
                     parties[0].share, parties[1].share);
    }
}

static void ends_are_spread_over_the_last_quarter(void **state)
{
    static const struct {
        int limit_ms;
        uint32_t random;
        uint64_t ends;
    } cases[] = {
        {1000, 0, 1000},       {1000, UINT32_MAX, 751},        {1000, 0x80000000, 875},
        {3600000, 0, 3600000}, {3600000, UINT32_MAX, 2700001}, {1, UINT32_MAX, 1},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(sw_turn_jitter(cases[i].limit_ms, cases[i].random), cases[i].ends);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_differ_by_one_at_the_most_and_add_up),
        cmocka_unit_test(the_next_to_be_served),
        cmocka_unit_test(a_connection_does_not_travel_back),
        cmocka_unit_test(ends_are_spread_over_the_last_quarter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
