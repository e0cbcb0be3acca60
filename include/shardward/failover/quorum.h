/*
 * quorum - who has to confirm a commit, who has to be asked before a standby is promoted, and
 * in which steps both are changed. Pure.
 *
 * A cohort is a primary with the standbys of which `quorum` confirm each commit. It is a row of
 * shardward.cohort (or shardward.epoch), and so on every node that may be promoted; the primary
 * waits by its synchronous_standby_names. What keeps the two together:
 *
 * I2: a promotion needs so many standbys that refuse the old primary that no commit can be
 *     confirmed without them, nor by those that are missing; and more than half of them, so
 * that two promotions meet. I5: whatever the primary waits for, whoever is sufficient for a
 * promotion by the newest row that he finds has met a standby that confirmed it.
 */
#ifndef SW_FAILOVER_QUORUM_H
#define SW_FAILOVER_QUORUM_H

#include <stdbool.h>
#include <stdint.h>

/* A bit for each node of the cluster, by its index. */
typedef uint32_t sw_nodes;

struct sw_cohort {
    int64_t term;
    int version;       /* 0: the row of the epoch itself */
    int primary;       /* index of the node; -1: it is not in the file any more */
    sw_nodes standbys; /* those that are in the file */
    int count;         /* of standbys, with those that are in the file no more */
    int quorum;
};

int sw_nodes_count(sw_nodes nodes);

/* Was @a recorded after @b? */
bool sw_cohort_is_newer(const struct sw_cohort *a, const struct sw_cohort *b);

/* So many of its standbys have to be recruited before one is promoted; one more than there are
 * if nobody may be: the primary went on alone. */
int sw_cohort_needed(const struct sw_cohort *cohort);
bool sw_cohort_is_covered(const struct sw_cohort *cohort, sw_nodes recruited);

/* So many of its standbys, or more, are met by everybody who recruits enough of them: what they
 * have is found by each promotion that follows this row. */
int sw_cohort_witnesses(const struct sw_cohort *cohort);
/* Does a primary that waits for @quorum of @standbys confirm nothing that such a promotion
 * could miss? By a row without standbys nobody is promoted. */
bool sw_cohort_is_kept(const struct sw_cohort *cohort, sw_nodes standbys, int quorum);

enum sw_cohort_step_kind {
    SW_STEP_NAMES,  /* the primary waits for `quorum` of `standbys`; none: for nobody */
    SW_STEP_CUT,    /* no walsender feeds `standbys` any more */
    SW_STEP_RECORD, /* the row is written, and confirmed */
};

struct sw_cohort_step {
    enum sw_cohort_step_kind kind;
    sw_nodes standbys;
    int quorum;
};

enum { SW_COHORT_STEPS = 5 };

/* The steps from @cohort towards @standbys of which @quorum confirm (fewer, if they are fewer):
 * at most one standby comes in at a time, so ask again behind the last step. Returns their
 * number; 0: nothing is to be done. -1: too many went at once: those that are left may not have
 * what was confirmed, and the primary has to wait for one of the others. With @alone the last
 * standby may go, too: what is written from then on is on the primary only. */
int sw_cohort_plan(const struct sw_cohort *cohort, sw_nodes standbys, int quorum, bool alone,
                   struct sw_cohort_step steps[SW_COHORT_STEPS]);

#endif
