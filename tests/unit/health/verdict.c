#include "shardward/health/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/*
 * What comes, at which time. After each step, and TICK_MS after the last one until `looks_ms`
 * are over, the judge looks.
 */
enum { STEPS = 16, TICK_MS = 20 };

struct step {
    uint64_t came_ms;
    enum sw_channel channel;
    enum sw_outcome outcome;
    uint64_t took_ms;
};

struct row {
    const char *name;
    bool has_session, is_primary;
    struct step steps[STEPS]; /* until one without a time */
    uint64_t until_ms;        /* the last look; 0: with the last step */
    uint64_t waits_ms;        /* at the last look */
    enum sw_verdict verdict;
    enum sw_ailment ailment;
};

#define S SW_BY_STATUS
#define C SW_BY_CONNECT
#define W SW_BY_WRITE
#define OK SW_ANSWERED

/* clang-format off */
static const struct row rows[] = {
    {"nothing_is_known_of_who_was_not_asked", .until_ms = 1, .verdict = SW_VERDICT_UNKNOWN},
    {"who_answers_is_up", true, false, {{10, C, OK, 5}, {12, S, OK, 1}}, .verdict = SW_VERDICT_UP},
    {"who_answers_late_is_suspect", true, false, {{10, S, OK, 1}, {900, S, OK, 301}},
     .verdict = SW_VERDICT_SUSPECT, .ailment = SW_AILS_SLOW},
    {"who_answers_in_time_is_not", true, false, {{10, S, OK, 1}, {900, S, OK, 300}},
     .verdict = SW_VERDICT_UP},
    {"who_lets_us_wait_is_suspect", true, false, {{10, S, OK, 1}}, .until_ms = 400, .waits_ms = 301,
     .verdict = SW_VERDICT_SUSPECT, .ailment = SW_AILS_SLOW},
    {"an_answer_in_time_ends_the_suspicion", true, false,
     {{10, S, OK, 1}, {900, S, OK, 301}, {1200, S, OK, 2}}, .verdict = SW_VERDICT_UP},

    /* Hard evidence. */
    {"two_refusals_and_no_session_are_down", false, true,
     {{10, S, OK, 1}, {1000, C, SW_REFUSED, 1}, {1200, C, SW_REFUSED, 1}},
     .verdict = SW_VERDICT_DOWN, .ailment = SW_AILS_REFUSED},
    {"two_refusals_at_once_are_one", false, true,
     {{10, S, OK, 1}, {1000, C, SW_REFUSED, 1}, {1199, C, SW_REFUSED, 1}},
     .verdict = SW_VERDICT_SUSPECT, .ailment = SW_AILS_REFUSED},
    {"one_refusal_is_none_however_long_ago", false, true,
     {{10, S, OK, 1}, {1000, C, SW_REFUSED, 1}}, .until_ms = 9000,
     .verdict = SW_VERDICT_SUSPECT, .ailment = SW_AILS_REFUSED},
    {"two_refusals_while_the_session_lives_are_not_enough", true, true,
     {{10, S, OK, 1}, {1000, C, SW_REFUSED, 1}, {1200, C, SW_REFUSED, 1}}, .until_ms = 3000,
     .verdict = SW_VERDICT_SUSPECT, .ailment = SW_AILS_REFUSED},
    {"three_are_when_they_last", true, true,
     {{10, S, OK, 1}, {1000, C, SW_REFUSED, 0}, {1200, C, SW_REFUSED, 0}, {1400, C, SW_REFUSED, 0}},
     .until_ms = 2520, .verdict = SW_VERDICT_DOWN, .ailment = SW_AILS_REFUSED},
    {"an_open_connection_between_refusals_counts", false, true,
     {{10, S, OK, 1}, {1000, C, SW_REFUSED, 1}, {1100, C, OK, 1}, {1300, C, SW_REFUSED, 1}},
     .verdict = SW_VERDICT_SUSPECT, .ailment = SW_AILS_REFUSED},
    {"who_was_never_up_can_be_down", false, false,
     {{1000, C, SW_REFUSED, 1}, {1200, C, SW_REFUSED, 1}},
     .verdict = SW_VERDICT_DOWN, .ailment = SW_AILS_REFUSED},

    /* Soft evidence. */
    {"three_timeouts_are_down", false, true,
     {{10, S, OK, 1}, {1500, S, SW_TIMED_OUT, 1000}, {1800, S, SW_TIMED_OUT, 1000},
      {2000, S, SW_TIMED_OUT, 1000}}, .verdict = SW_VERDICT_DOWN, .ailment = SW_AILS_SILENT},
    {"two_are_not", false, true,
     {{10, S, OK, 1}, {1500, S, SW_TIMED_OUT, 1000}, {1800, S, SW_TIMED_OUT, 1000}},
     .until_ms = 9000, .verdict = SW_VERDICT_SUSPECT, .ailment = SW_AILS_SILENT},
    {"three_with_an_answer_between_are_not", true, true,
     {{10, S, OK, 1}, {1500, S, SW_TIMED_OUT, 1000}, {1600, S, OK, 1},
      {2700, S, SW_TIMED_OUT, 1000}, {2900, S, SW_TIMED_OUT, 1000}},
     .verdict = SW_VERDICT_SUSPECT, .ailment = SW_AILS_SILENT},
    {"an_answer_refutes_the_timeouts_of_what_was_asked_before_it", true, true,
     {{10, S, OK, 1}, {1100, S, SW_TIMED_OUT, 1000}, {1300, S, SW_TIMED_OUT, 1000}, {1400, S, OK, 600},
      {1500, S, SW_TIMED_OUT, 1000}, {1700, S, SW_TIMED_OUT, 1000}, {1900, S, SW_TIMED_OUT, 1000},
      {2100, S, SW_TIMED_OUT, 1000}, {2200, S, OK, 600}},
     .verdict = SW_VERDICT_SUSPECT, .ailment = SW_AILS_SLOW},
    {"three_too_fast_ones_wait_for_min_down", false, true,
     {{10, S, OK, 1}, {1500, S, SW_TIMED_OUT, 1000}, {1501, S, SW_TIMED_OUT, 999},
      {1502, S, SW_TIMED_OUT, 999}}, .until_ms = 1999,
     .verdict = SW_VERDICT_SUSPECT, .ailment = SW_AILS_SILENT},
    {"they_are_down_by_then", false, true,
     {{10, S, OK, 1}, {1500, S, SW_TIMED_OUT, 1000}, {1501, S, SW_TIMED_OUT, 999},
      {1502, S, SW_TIMED_OUT, 999}}, .until_ms = 2020,
     .verdict = SW_VERDICT_DOWN, .ailment = SW_AILS_SILENT},
    {"a_stopped_postmaster_with_living_sessions_is_down", true, true,
     {{10, S, OK, 1}, {2500, C, SW_TIMED_OUT, 2000}, {2600, S, OK, 1}, {2700, C, SW_TIMED_OUT, 2000},
      {2800, S, OK, 1}, {2900, C, SW_TIMED_OUT, 2000}, {2950, S, OK, 1}},
     .verdict = SW_VERDICT_DOWN, .ailment = SW_AILS_CONNECTS},
    {"a_hung_disk_is_down_though_it_answers", true, true,
     {{10, S, OK, 1}, {3500, W, SW_TIMED_OUT, 3000}, {3600, S, OK, 1}, {3700, W, SW_TIMED_OUT, 3000},
      {3900, W, SW_TIMED_OUT, 3000}, {3950, S, OK, 1}},
     .verdict = SW_VERDICT_DOWN, .ailment = SW_AILS_WRITES},
    {"a_full_disk_is_down", true, true,
     {{10, S, OK, 1}, {2000, W, SW_FAILED, 1}, {3000, W, SW_FAILED, 1}, {4000, W, SW_FAILED, 1}},
     .verdict = SW_VERDICT_DOWN, .ailment = SW_AILS_WRITES},
    {"a_lost_quorum_is_no_dead_primary", true, true,
     {{10, S, OK, 1}, {3500, W, SW_UNSYNCED, 3000}, {6500, W, SW_UNSYNCED, 3000},
      {9500, W, SW_UNSYNCED, 3000}, {9600, S, OK, 1}}, .verdict = SW_VERDICT_UP},
    {"a_standby_is_not_down_for_writes", true, false,
     {{10, S, OK, 1}, {3500, W, SW_TIMED_OUT, 3000}, {3700, W, SW_TIMED_OUT, 3000},
      {3900, W, SW_TIMED_OUT, 3000}}, .verdict = SW_VERDICT_UP},

    /* What is no failure. */
    {"who_is_full_lives", true, true,
     {{10, S, OK, 1}, {1000, C, SW_TURNED_AWAY, 1}, {1300, C, SW_TURNED_AWAY, 1},
      {1600, C, SW_TURNED_AWAY, 1}, {4000, C, SW_TURNED_AWAY, 1}}, .verdict = SW_VERDICT_UP},
    {"who_turns_us_away_is_not_refusing", false, true,
     {{10, S, OK, 1}, {1000, C, SW_REFUSED, 1}, {1100, C, SW_TURNED_AWAY, 1},
      {1300, C, SW_REFUSED, 1}}, .verdict = SW_VERDICT_SUSPECT, .ailment = SW_AILS_REFUSED},
    {"who_turns_us_away_from_the_start_is_unknown", false, false,
     {{1000, C, SW_TURNED_AWAY, 1}, {2000, C, SW_TURNED_AWAY, 1}}, .until_ms = 9000,
     .verdict = SW_VERDICT_UNKNOWN},

    /* A restart. */
    {"who_says_it_starts_is_given_time", false, true,
     {{10, S, OK, 1}, {1000, C, SW_REFUSED, 1}, {1150, C, SW_STARTING, 1}, {3000, C, SW_STARTING, 1}},
     .until_ms = 6140, .verdict = SW_VERDICT_SUSPECT, .ailment = SW_AILS_STARTING},
    {"but_not_for_ever", false, true,
     {{10, S, OK, 1}, {1000, C, SW_REFUSED, 1}, {1150, C, SW_STARTING, 1}, {3000, C, SW_STARTING, 1}},
     .until_ms = 6160, .verdict = SW_VERDICT_DOWN, .ailment = SW_AILS_STARTING},
    {"who_has_started_is_up_without_a_fall", true, true,
     {{10, S, OK, 1}, {1000, C, SW_REFUSED, 1}, {1150, C, SW_STARTING, 1}, {3000, C, OK, 1},
      {3001, S, OK, 1}}, .verdict = SW_VERDICT_UP},

    /* Coming back. */
    {"who_answers_again_recovers", false, true,
     {{1000, C, SW_REFUSED, 1}, {1200, C, SW_REFUSED, 1}, {2000, C, OK, 1}, {2001, S, OK, 1},
      {2200, S, OK, 1}}, .verdict = SW_VERDICT_RECOVERING},
    {"three_answers_and_a_connection_are_up", false, true,
     {{1000, C, SW_REFUSED, 1}, {1200, C, SW_REFUSED, 1}, {2000, C, OK, 1}, {2001, S, OK, 1},
      {2200, S, OK, 1}, {2400, S, OK, 1}}, .verdict = SW_VERDICT_UP},
    {"a_failure_between_counts_from_the_start", false, true,
     {{1000, C, SW_REFUSED, 1}, {1200, C, SW_REFUSED, 1}, {2000, C, OK, 1}, {2001, S, OK, 1},
      {2200, S, OK, 1}, {2300, S, SW_TIMED_OUT, 50}, {2400, S, OK, 1}},
     .verdict = SW_VERDICT_RECOVERING},
    {"a_standby_is_held_for_five_seconds", false, false,
     {{1000, C, SW_REFUSED, 1}, {1200, C, SW_REFUSED, 1}, {2000, C, OK, 1}, {2001, S, OK, 1},
      {2200, S, OK, 1}, {2400, S, OK, 1}}, .until_ms = 6180, .verdict = SW_VERDICT_RECOVERING},
    {"and_no_longer", false, false,
     {{1000, C, SW_REFUSED, 1}, {1200, C, SW_REFUSED, 1}, {2000, C, OK, 1}, {2001, S, OK, 1},
      {2200, S, OK, 1}, {2400, S, OK, 1}}, .until_ms = 6200, .verdict = SW_VERDICT_UP},
    {"a_session_alone_does_not_bring_back_who_opens_none", true, true,
     {{2500, C, SW_TIMED_OUT, 2000}, {2700, C, SW_TIMED_OUT, 2000}, {2900, C, SW_TIMED_OUT, 2000},
      {3000, S, OK, 1}, {3200, S, OK, 1}, {3400, S, OK, 1}}, .until_ms = 9000,
     .verdict = SW_VERDICT_DOWN, .ailment = SW_AILS_CONNECTS},
};
/* clang-format on */

static const struct sw_config_health limits = {.fall = 3,
                                               .rise = 3,
                                               .min_down_ms = 1500,
                                               .restart_grace_ms = 5000,
                                               .unreachable_grace_ms = 10000};

static void look(struct sw_judge *judge, uint64_t now_ms, uint64_t waits_ms)
{
    (void)sw_judge_look(judge, &limits,
                        &(struct sw_moment){.now_ms = now_ms, .waits_ms = waits_ms});
}

static uint64_t hear(struct sw_judge *judge, const struct step *step)
{
    sw_judge_hear(judge,
                  &(struct sw_evidence){step->channel, step->outcome,
                                        step->came_ms - step->took_ms, step->came_ms, "text"});
    look(judge, step->came_ms, 0);
    return step->came_ms;
}

static void check_row(void **state)
{
    const struct row *row = *state;
    struct sw_judge judge = {.has_session = row->has_session, .is_primary = row->is_primary};
    uint64_t now_ms = 0;

    for (int i = 0; i < STEPS && row->steps[i].came_ms != 0; i++)
        now_ms = hear(&judge, &row->steps[i]);
    for (; now_ms + TICK_MS <= row->until_ms; now_ms += TICK_MS)
        look(&judge, now_ms + TICK_MS, 0);
    if (row->until_ms != 0)
        look(&judge, row->until_ms, row->waits_ms);
    assert_string_equal(sw_verdict_name(judge.verdict), sw_verdict_name(row->verdict));
    assert_int_equal(judge.ailment, row->ailment);
}

static void each_further_fall_holds_a_standby_twice_as_long(void **state)
{
    static const uint64_t holds_ms[] = {5000,  10000,  20000,  40000,
                                        80000, 160000, 300000, 300000};
    struct sw_judge judge = {.has_session = false};
    uint64_t now_ms = 1000;

    (void)state;
    for (size_t i = 0; i < sizeof holds_ms / sizeof *holds_ms; i++) {
        uint64_t down_ms = now_ms + 200;

        (void)hear(&judge, &(struct step){now_ms, C, SW_REFUSED, 1});
        (void)hear(&judge, &(struct step){down_ms, C, SW_REFUSED, 1});
        assert_int_equal(judge.verdict, SW_VERDICT_DOWN);
        (void)hear(&judge, &(struct step){down_ms + 100, C, OK, 1});
        for (uint64_t n = 0; n < 4; n++)
            (void)hear(&judge, &(struct step){down_ms + 100 + n, S, OK, 1});
        look(&judge, down_ms + holds_ms[i] - 1, 0);
        assert_int_equal(judge.verdict, SW_VERDICT_RECOVERING);
        now_ms = down_ms + holds_ms[i];
        look(&judge, now_ms, 0);
        assert_int_equal(judge.verdict, SW_VERDICT_UP);
    }
}

static void a_minute_of_health_forgives_a_fall(void **state)
{
    struct sw_judge judge = {.falls = 2, .verdict = SW_VERDICT_UP, .forgiven_ms = 1000};

    (void)state;
    look(&judge, 60999, 0);
    assert_int_equal(judge.falls, 2);
    look(&judge, 61000, 0);
    assert_int_equal(judge.falls, 1);
    look(&judge, 121000, 0);
    assert_int_equal(judge.falls, 0);
}

static void silence_of_everybody_makes_nobody_down(void **state)
{
    struct sw_judge judge = {.has_session = true, .is_primary = true};
    struct sw_moment moment = {.now_ms = 9000, .is_cut_off = true};

    (void)state;
    (void)hear(&judge, &(struct step){10, S, OK, 1});
    for (uint64_t i = 0; i < 3; i++)
        sw_judge_hear(&judge, &(struct sw_evidence){S, SW_TIMED_OUT, 1000, 2000 + i, NULL});
    (void)sw_judge_look(&judge, &limits, &moment);
    assert_int_equal(judge.verdict, SW_VERDICT_SUSPECT);
    moment.is_cut_off = false;
    (void)sw_judge_look(&judge, &limits, &moment);
    assert_int_equal(judge.verdict, SW_VERDICT_DOWN);
}

static void who_refuses_is_down_whoever_else_is_silent(void **state)
{
    struct sw_judge judge = {.is_primary = true};

    (void)state;
    for (uint64_t i = 0; i < 3; i++)
        sw_judge_hear(
            &judge, &(struct sw_evidence){C, SW_REFUSED, 1000 + 200 * i, 1000 + 200 * i, NULL});
    (void)sw_judge_look(&judge, &limits,
                        &(struct sw_moment){.now_ms = 9000, .is_cut_off = true});
    assert_int_equal(judge.verdict, SW_VERDICT_DOWN);
}

static void who_stands_still_is_patient_for_a_while(void **state)
{
    static const struct {
        uint64_t due_ms, now_ms;
        bool has_stalled;
        int factor;
    } beats[] = {
        {100, 101, false, 1},   {200, 349, false, 1},     {400, 551, true, 2},
        {600, 700, false, 2},   {700, 3700, true, 5},     {3800, 3800, false, 5},
        {5600, 5699, false, 5}, {5700, 5700, false, 4},   {7700, 7700, false, 3},
        {9700, 9700, false, 2}, {11700, 11700, false, 1},
    };
    struct sw_pulse pulse = {0};

    (void)state;
    for (size_t i = 0; i < sizeof beats / sizeof *beats; i++) {
        assert_int_equal(sw_pulse_beat(&pulse, beats[i].due_ms, beats[i].now_ms),
                         beats[i].has_stalled);
        assert_int_equal(sw_pulse_factor(&pulse), beats[i].factor);
    }
}

/* Stopped for 95 of every 100 ms, say: no tick is a stall, and hardly anything is heard. */
static void who_is_late_again_and_again_is_patient(void **state)
{
    struct sw_pulse pulse = {0};
    uint64_t at_ms = 10000;

    (void)state;
    for (int i = 0; i < 18; i++, at_ms += 100)
        assert_false(sw_pulse_beat(&pulse, at_ms + 20, at_ms + 100));
    assert_int_equal(sw_pulse_factor(&pulse), 3);
    for (int i = 0; i < 100; i++, at_ms += 100)
        assert_false(sw_pulse_beat(&pulse, at_ms + 100, at_ms + 105));
    assert_int_equal(sw_pulse_factor(&pulse), 1);
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof rows[0] };
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(each_further_fall_holds_a_standby_twice_as_long),
        cmocka_unit_test(a_minute_of_health_forgives_a_fall),
        cmocka_unit_test(silence_of_everybody_makes_nobody_down),
        cmocka_unit_test(who_refuses_is_down_whoever_else_is_silent),
        cmocka_unit_test(who_stands_still_is_patient_for_a_while),
        cmocka_unit_test(who_is_late_again_and_again_is_patient),
    };
    enum { OTHERS = sizeof others / sizeof others[0] };
    struct CMUnitTest tests[ROWS + OTHERS];

    memcpy(tests, others, sizeof others);
    for (int i = 0; i < ROWS; i++)
        tests[OTHERS + i] = (struct CMUnitTest){.name = rows[i].name,
                                                .test_func = check_row,
                                                .initial_state = (void *)(uintptr_t)&rows[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
