#include "shardward/failover/quorum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { B = 1, C = 2, D = 4, E = 8 };

static struct sw_cohort cohort_of(sw_nodes standbys, int quorum)
{
    return (struct sw_cohort){
        .term = 1, .standbys = standbys, .count = sw_nodes_count(standbys), .quorum = quorum};
}

/* --- who has to be recruited --- */

static void a_promotion_needs_whoever_may_have_confirmed(void **state)
{
    static const struct {
        sw_nodes standbys;
        int gone; /* of the file */
        int quorum, needed;
    } rows[] = {
        {B, 0, 1, 1},         {B | C, 0, 1, 2},         {B | C, 0, 2, 2}, {B | C | D, 0, 1, 3},
        {B | C | D, 0, 2, 2}, {B | C | D, 0, 3, 2},     {B, 1, 1, 2},     {0, 0, 0, 1},
        {0, 1, 1, 1},         {B | C | D | E, 0, 2, 3}, {B | C, 2, 2, 3},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_cohort cohort = cohort_of(rows[i].standbys, rows[i].quorum);

        cohort.count += rows[i].gone;
        assert_int_equal(sw_cohort_needed(&cohort), rows[i].needed);
        assert_int_equal(sw_cohort_is_covered(&cohort, cohort.standbys),
                         sw_nodes_count(cohort.standbys) >= rows[i].needed);
    }
}

static void who_is_not_in_the_cohort_does_not_count(void **state)
{
    struct sw_cohort cohort = cohort_of(B | C, 1);

    (void)state;
    assert_true(sw_cohort_is_covered(&cohort, B | C));
    assert_true(sw_cohort_is_covered(&cohort, B | C | D));
    assert_false(sw_cohort_is_covered(&cohort, B | D | E));
    assert_false(sw_cohort_is_covered(&cohort, 0));
}

static void a_later_row_is_newer(void **state)
{
    struct sw_cohort older = {.term = 2, .version = 3}, newer = {.term = 3, .version = 0};

    (void)state;
    assert_true(sw_cohort_is_newer(&newer, &older));
    assert_false(sw_cohort_is_newer(&older, &newer));
    assert_false(sw_cohort_is_newer(&older, &older));
    newer = (struct sw_cohort){.term = 2, .version = 4};
    assert_true(sw_cohort_is_newer(&newer, &older));
}

/* --- steps --- */

static void print_steps(const struct sw_cohort_step *steps, int count, char *text, size_t size)
{
    static const char kinds[] = "NCR";

    (void)snprintf(text, size, count < 0 ? "never" : "");
    for (int i = 0; i < count; i++) {
        size_t len = strlen(text);

        (void)snprintf(text + len, size - len, "%s%c%x/%d", i == 0 ? "" : " ",
                       kinds[steps[i].kind], steps[i].standbys, steps[i].quorum);
    }
}

static void a_cohort_changes_in_steps(void **state)
{
    static const struct {
        sw_nodes from;
        int from_quorum;
        sw_nodes to;
        int to_quorum;
        bool alone;
        const char *steps; /* N: names, C: cut, R: record; standbys in hex, quorum */
    } rows[] = {
        {B | C, 1, B | C, 1, false, ""},
        {B | C, 1, B, 1, false, "N1/1 C2/0 R1/1"},
        {B | C | D, 2, B | C, 1, false, "N3/2 C4/0 R3/1 N3/1"},
        {B | C | D, 2, B | C, 2, false, "N3/2 C4/0 R3/2"},
        {B | C | D, 2, B, 2, false, "never"},
        {B | C | D, 1, B, 1, false, "N1/1 C6/0 R1/1"},
        {B | C, 2, B, 2, false, "N1/1 C2/0 R1/1"},
        {B, 1, 0, 1, false, "never"},
        {B, 1, 0, 1, true, "N0/0 C1/0 R0/0"},
        {0, 0, B, 1, true, "N1/1 R1/1"},
        {0, 0, B | C, 1, false, "N1/1 R1/1"},
        {B, 1, B | C, 1, false, "R3/1 N3/1"},
        {B, 1, B | C | D, 2, false, "R3/1 N3/1"},
        {B | C | D, 1, B | C | D, 2, false, "N7/2 R7/2"},
        {B | C | D, 2, B | C | D, 1, false, "R7/1 N7/1"},
        {B | C, 1, B | D, 1, false, "N1/1 C2/0 R1/1"},
        {B, 1, C, 1, false, "never"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_cohort cohort = cohort_of(rows[i].from, rows[i].from_quorum);
        struct sw_cohort_step steps[SW_COHORT_STEPS];
        char text[200];

        print_steps(
            steps, sw_cohort_plan(&cohort, rows[i].to, rows[i].to_quorum, rows[i].alone, steps),
            text, sizeof text);
        assert_string_equal(text, rows[i].steps);
    }
}

/* --- no step loses anything: all that may happen, for up to four standbys ---
 *
 * The log of a primary: writes and rows, each with the policies by which it may have been
 * confirmed. A standby has the log up to some place. Whatever the standbys have, if only the
 * log was confirmed so: each set of them that is sufficient by the newest row found in it has
 * all that was confirmed.
 */

enum { STANDBYS = 4, ENTRIES = 2 * SW_COHORT_STEPS + 2 };

struct policy {
    sw_nodes standbys;
    int quorum;
};

struct entry {
    bool is_row;
    struct policy row;
    struct policy by[2]; /* one of them has confirmed it */
};

struct history {
    struct entry entries[ENTRIES];
    int count;
};

static bool confirms(const struct policy *policy, const int *has, int upto)
{
    int count = 0;

    for (int i = 0; i < STANDBYS; i++)
        count += (policy->standbys >> i & 1) != 0 && has[i] >= upto;
    return policy->quorum == 0 || count >= policy->quorum;
}

static bool is_possible(const struct history *history, int confirmed, const int *has)
{
    for (int i = 0; i < confirmed; i++) {
        const struct entry *entry = &history->entries[i];

        if (!confirms(&entry->by[0], has, i + 1) && !confirms(&entry->by[1], has, i + 1))
            return false;
    }
    return true;
}

/* Does a sufficient set miss what was confirmed? */
static bool loses(const struct history *history, const struct policy *first, int confirmed,
                  const int *has)
{
    for (sw_nodes set = 1; set < 1 << STANDBYS; set++) {
        struct sw_cohort found;
        int farthest = 0;

        for (int i = 0; i < STANDBYS; i++)
            if ((set >> i & 1) != 0 && has[i] > farthest)
                farthest = has[i];
        found = cohort_of(first->standbys, first->quorum);
        for (int i = 0; i < farthest; i++)
            if (history->entries[i].is_row)
                found =
                    cohort_of(history->entries[i].row.standbys, history->entries[i].row.quorum);
        if (sw_cohort_is_covered(&found, set) && farthest < confirmed)
            return true;
    }
    return false;
}

static void append(struct history *history, const struct policy *row, struct policy before,
                   struct policy now)
{
    history->entries[history->count++] =
        (struct entry){.is_row = row != NULL,
                       .row = row == NULL ? (struct policy){0, 0} : *row,
                       .by = {before, now}};
}

/* Writes go on between all steps. A walsender may confirm as before until it is cut, or until
 * the next step, if it stays. */
static void tell_history(const struct policy *first, const struct sw_cohort_step *steps,
                         int count, struct history *history)
{
    struct policy before = *first, now = *first;

    *history = (struct history){.count = 0};
    append(history, NULL, now, now);
    for (int i = 0; i < count; i++) {
        struct policy step = {steps[i].standbys, steps[i].quorum};

        if (steps[i].kind == SW_STEP_CUT || (before.standbys & ~now.standbys) == 0)
            before = now;
        if (steps[i].kind == SW_STEP_RECORD)
            append(history, &step, before, now);
        if (steps[i].kind == SW_STEP_NAMES)
            now = step;
        append(history, NULL, before, now);
    }
}

static bool is_lossless(const struct policy *first, const struct sw_cohort_step *steps,
                        int count)
{
    struct history history;
    int has[STANDBYS];

    tell_history(first, steps, count, &history);
    for (int confirmed = 0; confirmed <= history.count; confirmed++) {
        int most = history.count + 1, all = most * most * most * most;

        for (int code = 0; code < all; code++) {
            for (int i = 0, rest = code; i < STANDBYS; i++, rest /= most)
                has[i] = rest % most;
            if (is_possible(&history, confirmed, has) && loses(&history, first, confirmed, has))
                return false;
        }
    }
    return true;
}

static void no_change_loses_what_was_confirmed(void **state)
{
    (void)state;
    for (sw_nodes from = 1; from < 1 << STANDBYS; from++)
        for (int quorum = 1; quorum <= sw_nodes_count(from); quorum++)
            for (sw_nodes to = 1; to < 1 << STANDBYS; to++) {
                struct sw_cohort cohort = cohort_of(from, quorum);
                struct policy first = {from, quorum};
                struct sw_cohort_step steps[SW_COHORT_STEPS];
                int count = sw_cohort_plan(&cohort, to, 1 + (int)(to % 2), false, steps);

                if (count > 0 && !is_lossless(&first, steps, count))
                    fail_msg("%x/%d to %x", from, quorum, to);
            }
}

static void steps_in_another_order_would_lose(void **state)
{
    static const struct {
        struct policy first;
        struct sw_cohort_step steps[3];
        int count;
    } rows[] = {
        {{B | C, 1}, {{SW_STEP_RECORD, B, 1}, {SW_STEP_NAMES, B, 1}}, 2},
        {{B, 1}, {{SW_STEP_NAMES, B | C, 1}, {SW_STEP_RECORD, B | C, 1}}, 2},
        {{B | C | D, 2}, {{SW_STEP_NAMES, B | C, 1}, {SW_STEP_RECORD, B | C, 1}}, 2},
        {{B | C | D, 1}, {{SW_STEP_RECORD, B | C | D, 2}, {SW_STEP_NAMES, B | C | D, 2}}, 2},
        {{0, 0}, {{SW_STEP_RECORD, B, 1}, {SW_STEP_NAMES, B, 1}}, 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_false(is_lossless(&rows[i].first, rows[i].steps, rows[i].count));
}

static void a_primary_that_was_alone_grows_without_loss(void **state)
{
    struct sw_cohort cohort = cohort_of(0, 0);
    struct policy first = {0, 0};
    struct sw_cohort_step steps[SW_COHORT_STEPS];
    int count = sw_cohort_plan(&cohort, B, 1, true, steps);

    (void)state;
    assert_true(is_lossless(&first, steps, count));
}

static void a_primary_may_wait_for_others_than_are_recorded(void **state)
{
    static const struct {
        struct policy recorded, waits;
        bool is_kept;
    } rows[] = {
        {{B | C, 1}, {B | C, 1}, true},
        {{B | C, 1}, {B, 1}, true},
        {{B | C, 1}, {B | C | D, 1}, false},
        {{B | C, 1}, {0, 0}, false},
        {{B | C, 1}, {B | C | D, 3}, true},
        {{B | C | D, 2}, {B, 1}, false},
        {{B | C | D, 2}, {B | C, 2}, true},
        {{B | C | D, 2}, {B | C | D, 1}, false},
        {{B | C, 1}, {B | D, 2}, true},
        {{B | C | D, 2}, {B | C | D | E, 4}, true},
        {{0, 0}, {B, 1}, true},
        {{0, 0}, {0, 0}, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_cohort cohort = cohort_of(rows[i].recorded.standbys, rows[i].recorded.quorum);

        assert_int_equal(
            sw_cohort_is_kept(&cohort, rows[i].waits.standbys, rows[i].waits.quorum),
            rows[i].is_kept);
    }
}

/* Whoever recruits enough meets one of any set of so many; of one less he need not. */
static void witnesses_are_met_by_everybody_who_recruits_enough(void **state)
{
    (void)state;
    for (sw_nodes all = 1; all < 1 << 6; all = all << 1 | 1)
        for (int quorum = 1; quorum <= sw_nodes_count(all); quorum++) {
            struct sw_cohort cohort = cohort_of(all, quorum);
            int witnesses = sw_cohort_witnesses(&cohort);
            int unmet = cohort.count - sw_cohort_needed(&cohort);

            assert_int_equal(witnesses, unmet + 1);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_promotion_needs_whoever_may_have_confirmed),
        cmocka_unit_test(who_is_not_in_the_cohort_does_not_count),
        cmocka_unit_test(a_later_row_is_newer),
        cmocka_unit_test(a_cohort_changes_in_steps),
        cmocka_unit_test(no_change_loses_what_was_confirmed),
        cmocka_unit_test(steps_in_another_order_would_lose),
        cmocka_unit_test(a_primary_may_wait_for_others_than_are_recorded),
        cmocka_unit_test(witnesses_are_met_by_everybody_who_recruits_enough),
        cmocka_unit_test(a_primary_that_was_alone_grows_without_loss),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
