/*
 * choose - which of the recruited nodes becomes the primary, and whether one may at all. Pure.
 *
 * I10: no clock says whom; time only says when it is tried.
 */
#ifndef SW_FAILOVER_CHOOSE_H
#define SW_FAILOVER_CHOOSE_H

#include "shardward/failover/quorum.h"

#include <stddef.h>

/* A node that refuses the old primary, and has replayed all that it will. */
struct sw_candidate {
    int node;            /* its index in the file */
    int epoch_timeline;  /* of the newest epoch in its data, on which that began */
    int timeline;        /* that it is on; 0: not known */
    bool is_near;        /* it is in our cloud */
    int64_t epoch_term;  /* of the newest epoch in its data; 0: none */
    int64_t term_before; /* the term that it had promised before it was recruited */
    uint64_t received, replayed;
};

/*
 * Is what it has a beginning of what the primary of its newest epoch wrote? Then it is on that
 * epoch's timeline; or on a later one to which a coordinator led it whom it had promised a
 * later term. Else somebody promoted something by hand: it is neither promoted nor counted.
 */
bool sw_candidate_is_sound(const struct sw_candidate *candidate);

/*
 * I3: the most advanced: by the newest epoch in its data, then by what it has received; of
 * equals one in our cloud, then one that has less to replay, then the first in the file. Those
 * that are not sound are left out. Returns an index of @list; -1: there is none.
 */
int sw_choose(const struct sw_candidate *list, int count);

/*
 * For how long a promotion is left to others, after so many in a row that somebody else has
 * disturbed. Between one half and the whole of a span that doubles with each of them, up to
 * some seconds: of two coordinators that displace one another, one has the time to end, however
 * slow both are. @random is any number.
 */
int sw_pause_ms(int failures, uint32_t random);

/* When a promotion that nobody has ordered may be begun. Times in milliseconds. */
struct sw_gate {
    bool is_in_maintenance;
    bool is_unproven; /* the primary did not wait for its cohort: what was confirmed may be lost
                       */
    bool is_gone;     /* the primary's postmaster is gone for sure, and not merely silent */
    bool is_starting; /* it says that it starts */
    bool is_heard;    /* a standby still hears it */
    uint64_t down_ms; /* since when it has failed */
    uint64_t last_ms[8]; /* when promotions were begun that nobody had ordered; 0: none */
    int cooldown_ms, most_per_hour, restart_grace_ms, unreachable_grace_ms;
};

/* Why not, for people; NULL: it may. */
const char *sw_gate_shut(const struct sw_gate *gate, uint64_t now_ms);
/* A promotion has been begun. */
void sw_gate_note(struct sw_gate *gate, uint64_t now_ms);

#endif
