/*
 * The numbers. S are the n standbys of a row, of which k confirm; R those that are recruited.
 *
 *   I2:  |R| >= max(n - k + 1, floor(n/2) + 1)           =: needed
 *
 * A set A of standbys is met by every sufficient R if |A| > n - needed, that is
 *
 *        |A| >= min(k, ceil(n/2))                        =: witnesses
 *
 * A change of the cohort passes through a policy whose every confirming set has witnesses under
 * the old row (a recruiter who knows that one only meets what was confirmed, and the new row
 * itself) and under the new one (a recruiter who knows that meets what was confirmed before the
 * policy's last change). I5 follows:
 *
 *   shrink        NAMES max(k, k') of those who stay; CUT; RECORD; NAMES k' of them
 *   grow          RECORD with k (a superset is recorded before it counts); NAMES
 *   grow from 0   NAMES first: by the old row nobody is promoted, so that nothing can be missed
 *   larger k      NAMES first: what is confirmed by more is met by those who need to meet fewer
 *   smaller k     RECORD first
 */
#include "shardward/failover/quorum.h"

#include <stddef.h>

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int most(int a, int b)
{
    return a > b ? a : b;
}

int sw_nodes_count(sw_nodes nodes)
{
    return __builtin_popcount(nodes);
}

bool sw_cohort_is_newer(const struct sw_cohort *a, const struct sw_cohort *b)
{
    return a->term > b->term || (a->term == b->term && a->version > b->version);
}

int sw_cohort_needed(const struct sw_cohort *cohort)
{
    return most(cohort->count - cohort->quorum + 1, cohort->count / 2 + 1);
}

bool sw_cohort_is_covered(const struct sw_cohort *cohort, sw_nodes recruited)
{
    return sw_nodes_count(cohort->standbys & recruited) >= sw_cohort_needed(cohort);
}

int sw_cohort_witnesses(const struct sw_cohort *cohort)
{
    return least(cohort->quorum, (cohort->count + 1) / 2);
}

bool sw_cohort_is_kept(const struct sw_cohort *cohort, sw_nodes standbys, int quorum)
{
    int strangers = sw_nodes_count(standbys & ~cohort->standbys);

    return cohort->count == 0 || quorum - strangers >= sw_cohort_witnesses(cohort);
}

struct plan {
    struct sw_cohort_step *steps;
    int count;
};

static void add(struct plan *plan, enum sw_cohort_step_kind kind, sw_nodes standbys, int quorum)
{
    plan->steps[plan->count++] =
        (struct sw_cohort_step){.kind = kind, .standbys = standbys, .quorum = quorum};
}

static int shrink(const struct sw_cohort *cohort, sw_nodes stay, int quorum, bool alone,
                  struct plan *plan)
{
    int left = sw_nodes_count(stay), wanted = least(quorum, left);
    int between = least(most(cohort->quorum, wanted), left);

    if (left == 0 && !alone)
        return -1;
    if (left > 0 && between < sw_cohort_witnesses(cohort))
        return -1;
    add(plan, SW_STEP_NAMES, stay, between);
    add(plan, SW_STEP_CUT, cohort->standbys & ~stay, 0);
    add(plan, SW_STEP_RECORD, stay, wanted);
    if (between != wanted)
        add(plan, SW_STEP_NAMES, stay, wanted);
    return plan->count;
}

static int grow(const struct sw_cohort *cohort, sw_nodes more, struct plan *plan)
{
    sw_nodes next = more & (~more + 1), all = cohort->standbys | next;
    bool was_alone = cohort->count == 0;
    int quorum = was_alone ? 1 : cohort->quorum;

    add(plan, was_alone ? SW_STEP_NAMES : SW_STEP_RECORD, all, quorum);
    add(plan, was_alone ? SW_STEP_RECORD : SW_STEP_NAMES, all, quorum);
    return plan->count;
}

static int change_quorum(const struct sw_cohort *cohort, int quorum, struct plan *plan)
{
    bool is_more = quorum > cohort->quorum;

    add(plan, is_more ? SW_STEP_NAMES : SW_STEP_RECORD, cohort->standbys, quorum);
    add(plan, is_more ? SW_STEP_RECORD : SW_STEP_NAMES, cohort->standbys, quorum);
    return plan->count;
}

int sw_cohort_plan(const struct sw_cohort *cohort, sw_nodes standbys, int quorum, bool alone,
                   struct sw_cohort_step steps[SW_COHORT_STEPS])
{
    struct plan plan = {.steps = steps};
    sw_nodes stay = cohort->standbys & standbys;
    int wanted = least(quorum, sw_nodes_count(standbys));

    if (sw_nodes_count(stay) < cohort->count)
        return shrink(cohort, stay, quorum, alone, &plan);
    if ((standbys & ~cohort->standbys) != 0)
        return grow(cohort, standbys & ~cohort->standbys, &plan);
    if (wanted != cohort->quorum)
        return change_quorum(cohort, wanted, &plan);
    return 0;
}
