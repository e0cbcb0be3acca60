#include "shardward/failover/choose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* --- the most advanced --- */

static void the_most_advanced_is_chosen(void **state)
{
    static const struct {
        const char *what;
        struct sw_candidate list[3];
        int count, chosen;
    } rows[] = {
        {"nobody", {{0}}, 0, -1},
        {"one", {{1, 2, 2, false, 3, 3, 100, 100}}, 1, 0},
        {"received more",
         {{1, 2, 2, true, 3, 3, 100, 100}, {2, 2, 2, false, 3, 3, 101, 90}},
         2,
         1},
        {"restarted: nothing received, much replayed",
         {{1, 2, 2, true, 3, 3, 100, 100}, {2, 2, 2, false, 3, 3, 0, 120}},
         2,
         1},
        {"an older epoch, however far",
         {{1, 1, 1, true, 2, 2, 900, 900}, {2, 2, 2, false, 3, 3, 100, 100}},
         2,
         1},
        {"of equals the near one",
         {{1, 2, 2, false, 3, 3, 100, 100}, {2, 2, 2, true, 3, 3, 100, 100}},
         2,
         1},
        {"of equals the one with less to replay",
         {{1, 2, 2, false, 3, 3, 100, 90}, {2, 2, 2, false, 3, 3, 100, 100}},
         2,
         1},
        {"of equals the first in the file",
         {{2, 2, 2, false, 3, 3, 100, 100}, {1, 2, 2, false, 3, 3, 100, 100}},
         2,
         1},
        {"followed somebody who was promoted by hand",
         {{1, 2, 3, true, 3, 3, 900, 900}, {2, 2, 2, false, 3, 3, 100, 100}},
         2,
         1},
        {"only such", {{1, 2, 3, true, 3, 3, 900, 900}}, 1, -1},
        {"followed the winner of a promotion that ended in the middle",
         {{1, 2, 3, false, 3, 4, 110, 110}, {2, 2, 2, true, 3, 4, 100, 100}},
         2,
         0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (sw_choose(rows[i].list, rows[i].count) != rows[i].chosen)
            fail_msg("%s", rows[i].what);
}

/* --- pauses --- */

static void a_pause_doubles_up_to_a_limit(void **state)
{
    static const struct {
        int failures, least, most;
    } rows[] = {{0, 250, 500},   {1, 500, 1000},  {2, 1000, 2000},   {3, 2000, 4000},
                {4, 4000, 8000}, {5, 4000, 8000}, {1000, 4000, 8000}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int half = rows[i].least;

        assert_int_equal(sw_pause_ms(rows[i].failures, 0), rows[i].least);
        assert_int_equal(sw_pause_ms(rows[i].failures, (uint32_t)half), rows[i].most);
        assert_int_equal(sw_pause_ms(rows[i].failures, (uint32_t)half + 1), rows[i].least);
        assert_in_range(sw_pause_ms(rows[i].failures, UINT32_MAX), rows[i].least, rows[i].most);
    }
}

/* Two that need longer than the shortest pause, and fail whenever the other one begins. */
static void two_that_displace_one_another_come_to_an_end(void **state)
{
    enum { TAKES_MS = 3000, ROUNDS = 1000 };
    uint32_t seed = 1;
    int longest = 0;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        int begun[2] = {0, 100}, failures[2] = {0, 0}, last = 1, next;

        for (;;) {
            seed = seed * 1664525 + 1013904223;
            next = 1 - last; /* whom the last one has displaced */
            failures[next]++;
            begun[next] = begun[last] + sw_pause_ms(failures[next], seed >> 8);
            if (begun[next] >= begun[last] + TAKES_MS)
                break;
            last = next;
        }
        longest = begun[next] > longest ? begun[next] : longest;
    }
    assert_in_range(longest, TAKES_MS, 25000);
}

/* --- the gate --- */

enum { NOW = 100000000 };

static const struct sw_gate open_gate = {.down_ms = NOW - 1000,
                                         .cooldown_ms = 60000,
                                         .most_per_hour = 3,
                                         .restart_grace_ms = 5000,
                                         .unreachable_grace_ms = 10000};

static void a_gate_is_shut_for_a_reason(void **state)
{
    static const struct {
        struct sw_gate gate; /* what differs */
        const char *why;     /* NULL: it is open */
    } rows[] = {
        {{.down_ms = NOW - 1000}, NULL},
        {{.down_ms = NOW - 1000, .is_in_maintenance = true}, "maintenance"},
        {{.down_ms = NOW - 1000, .is_unproven = true}, "did not wait"},
        {{.down_ms = NOW - 4999, .is_starting = true}, "starting"},
        {{.down_ms = NOW - 5000, .is_starting = true}, NULL},
        {{.down_ms = NOW - 9999, .is_heard = true}, "still hears"},
        {{.down_ms = NOW - 10000, .is_heard = true}, NULL},
        {{.down_ms = NOW - 1, .is_heard = true, .is_gone = true}, NULL},
        {{.down_ms = NOW - 1000, .last_ms = {NOW - 59999}}, "a moment ago"},
        {{.down_ms = NOW - 1000, .last_ms = {NOW - 60000}}, NULL},
        {{.down_ms = NOW - 1000, .last_ms = {NOW - 10}, .is_gone = true}, NULL},
        {{.down_ms = NOW - 1000,
          .last_ms = {NOW - 3599999, NOW - 70000, NOW - 80000},
          .is_gone = true},
         "too many"},
        {{.down_ms = NOW - 1000, .last_ms = {NOW - 3600000, NOW - 70000, NOW - 80000}}, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_gate gate = rows[i].gate;
        const char *why;

        gate.cooldown_ms = open_gate.cooldown_ms;
        gate.most_per_hour = open_gate.most_per_hour;
        gate.restart_grace_ms = open_gate.restart_grace_ms;
        gate.unreachable_grace_ms = open_gate.unreachable_grace_ms;
        why = sw_gate_shut(&gate, NOW);
        if (rows[i].why == NULL)
            assert_null(why);
        else if (why == NULL || strstr(why, rows[i].why) == NULL)
            fail_msg("row %zu: %s, not %s", i, why == NULL ? "open" : why, rows[i].why);
    }
}

static void the_gate_counts_what_went_through(void **state)
{
    struct sw_gate gate = open_gate;

    (void)state;
    gate.is_gone = true;
    for (int i = 0; i < 3; i++) {
        assert_null(sw_gate_shut(&gate, NOW + (uint64_t)i));
        sw_gate_note(&gate, NOW + (uint64_t)i);
    }
    assert_non_null(sw_gate_shut(&gate, NOW + 3));
    assert_null(sw_gate_shut(&gate, NOW + 3600000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_advanced_is_chosen),
        cmocka_unit_test(a_pause_doubles_up_to_a_limit),
        cmocka_unit_test(two_that_displace_one_another_come_to_an_end),
        cmocka_unit_test(a_gate_is_shut_for_a_reason),
        cmocka_unit_test(the_gate_counts_what_went_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
