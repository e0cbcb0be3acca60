#include "shardward/txn/fate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { OURS = 100, WRITTEN = 1000, SENT = 60000, FIRST_START = 7, NEXT_START = 8 };

enum place {
    STILL_THERE,   /* the same server, on a connection that was open before */
    OPENED_ANEW,   /* the same postmaster, on a connection that was opened since */
    CRASHED_TWICE, /* ... which may have crashed twice */
    STARTED_ANEW,  /* another postmaster of the same timeline */
    STARTED_TWICE, /* ... and something in between was not seen */
    PROMOTED,      /* the next timeline, whose end is known */
    CRASHED_FIRST, /* ... whose old primary may have crashed before it was lost */
    PROMOTED_OVER, /* two generations later */
    PROMOTED_LATE, /* ... whose end is not known */
    NOWHERE,       /* its timeline is not known */
};

struct row {
    const char *name;
    enum place place;
    enum sw_xact_status status;
    uint64_t is_checkpoint_of_start, next_xid, end_lsn, end_xid;
    enum sw_commit_fate fate;
};

#define YES SW_FATE_COMMITTED
#define NO SW_FATE_NOT_COMMITTED
#define MAYBE SW_FATE_UNKNOWN

static const struct row rows[] = {
    /* Nothing was lost: the server goes on, as a connection proves. */
    {"it_lives_on", STILL_THERE, SW_XACT_COMMITTED, false, 0, 0, 0, YES},
    {"it_lives_on_and_has_aborted", STILL_THERE, SW_XACT_ABORTED, false, 0, 0, 0, NO},
    {"it_waits", STILL_THERE, SW_XACT_IN_PROGRESS, false, 0, 0, 0, SW_FATE_OPEN},
    {"it_was_long_ago", STILL_THERE, SW_XACT_FORGOTTEN, false, 0, 0, 0, MAYBE},
    /* It may have crashed under the same postmaster, and the number may be another one's. */
    {"a_crash_cannot_be_told", OPENED_ANEW, SW_XACT_COMMITTED, false, 0, 0, 0, MAYBE},
    {"a_crash_whose_checkpoint_knows_the_number", OPENED_ANEW, SW_XACT_COMMITTED, true,
     OURS + 1, 0, 0, YES},
    {"a_crash_behind_another_one", CRASHED_TWICE, SW_XACT_COMMITTED, true, OURS + 1, 0, 0,
     MAYBE},
    {"a_start_before_the_number", OPENED_ANEW, SW_XACT_COMMITTED, true, OURS, 0, 0, MAYBE},
    {"what_has_aborted_was_not_ours_if_ours_is_committed", OPENED_ANEW, SW_XACT_ABORTED, false,
     0, 0, 0, NO},
    {"what_is_in_the_future_is_lost", OPENED_ANEW, SW_XACT_IN_FUTURE, false, 0, 0, 0, NO},
    /* It was started anew: what was not written is lost, and its numbers are given again. */
    {"it_was_written", STARTED_ANEW, SW_XACT_COMMITTED, true, OURS + 1, 0, 0, YES},
    {"the_number_is_another_ones", STARTED_ANEW, SW_XACT_COMMITTED, true, OURS, 0, 0, NO},
    {"the_checkpoint_is_a_later_one", STARTED_ANEW, SW_XACT_COMMITTED, false, OURS + 1, 0, 0,
     MAYBE},
    {"it_has_aborted", STARTED_ANEW, SW_XACT_ABORTED, false, 0, 0, 0, NO},
    {"more_than_one_start", STARTED_TWICE, SW_XACT_COMMITTED, true, OURS + 1, 0, 0, MAYBE},
    {"more_than_one_start_and_aborted", STARTED_TWICE, SW_XACT_ABORTED, true, OURS, 0, 0, NO},
    /* A standby was promoted. */
    {"it_had_all", PROMOTED, SW_XACT_COMMITTED, true, 0, WRITTEN, 0, YES},
    {"it_had_what_came_behind_a_crash", CRASHED_FIRST, SW_XACT_COMMITTED, true, 0, WRITTEN + 1,
     OURS + 1, MAYBE},
    {"it_had_more", PROMOTED, SW_XACT_COMMITTED, false, 0, WRITTEN + 1, OURS + 1, YES},
    {"it_lacked_a_byte", PROMOTED, SW_XACT_COMMITTED, false, 0, WRITTEN - 1, 0, NO},
    {"the_number_was_given_anew", PROMOTED, SW_XACT_COMMITTED, false, 0, WRITTEN, OURS, NO},
    {"it_had_the_beginning", PROMOTED, SW_XACT_ABORTED, false, 0, WRITTEN, 0, NO},
    {"it_lacked_all", PROMOTED, SW_XACT_IN_FUTURE, false, 0, WRITTEN - 1, 0, NO},
    {"another_one_was_promoted_in_between", PROMOTED_OVER, SW_XACT_COMMITTED, false, 0,
     WRITTEN + 1, OURS + 1, MAYBE},
    {"nobody_knows_where_it_began", PROMOTED_LATE, SW_XACT_COMMITTED, true, OURS + 1, 0, 0,
     MAYBE},
    {"nobody_knows_the_timeline", NOWHERE, SW_XACT_COMMITTED, true, OURS + 1, 0, 0, MAYBE},
};

static struct sw_origin origin_of(enum place place)
{
    static const struct sw_origin origins[] = {
        [STILL_THERE] = {3, 1, FIRST_START, SENT - 1000, 9},
        [OPENED_ANEW] = {3, 1, FIRST_START, SENT - 1, 8},
        [CRASHED_TWICE] = {3, 1, FIRST_START, SENT + 1000, 9},
        [STARTED_ANEW] = {4, 1, NEXT_START, SENT + 1000, 8},
        [STARTED_TWICE] = {5, 1, NEXT_START, SENT + 1000, 8},
        [PROMOTED] = {4, 2, NEXT_START, SENT + 1000, 8},
        [CRASHED_FIRST] = {4, 2, NEXT_START, SENT + 1000, 9},
        [PROMOTED_OVER] = {5, 3, NEXT_START, SENT + 1000, 8},
        [PROMOTED_LATE] = {4, 4, NEXT_START, SENT + 1000, 8},
        [NOWHERE] = {4, 0, NEXT_START, SENT + 1000, 8},
    };

    return origins[place];
}

static void check_row(void **state)
{
    const struct row *row = *state;
    const struct sw_commit_mark mark = {.is_known = true,
                                        .xid = OURS,
                                        .lsn = WRITTEN,
                                        .sent_ms = SENT,
                                        .at = {3, 1, FIRST_START, SENT - 2000, 7}};
    const struct sw_commit_trace trace = {.status = row->status,
                                          .at = origin_of(row->place),
                                          .is_checkpoint_of_start =
                                              row->is_checkpoint_of_start != 0,
                                          .next_xid = row->next_xid};
    const struct sw_timeline_end end = {.timeline = row->place == PROMOTED_LATE ? 3 : 1,
                                        .lsn = row->end_lsn,
                                        .next_xid = row->end_xid};

    assert_int_equal(sw_commit_fate_of(&mark, &trace, &end, 1), row->fate);
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof rows[0] };
    struct CMUnitTest tests[ROWS];

    for (int i = 0; i < ROWS; i++)
        tests[i] = (struct CMUnitTest){.name = rows[i].name,
                                       .test_func = check_row,
                                       .initial_state = (void *)(uintptr_t)&rows[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
