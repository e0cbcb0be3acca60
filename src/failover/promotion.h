/*
 * promotion - makes a node the primary of a cluster, so that nothing that was ever confirmed is
 * missing on it, and nobody else can confirm anything any more. Blocking; bounded.
 *
 *   survey --> promise, detach, replay to the end (I2) --> enough of them? --> the most
 * advanced (I3) --> the others follow it --> it will wait for them (I4) --> pg_promote() -->
 * its epoch's row is confirmed by them --> done: only now may it be told to anybody
 *
 * Whatever ends it in the middle, the next one goes on: what was done is on the nodes.
 */
#ifndef SW_FAILOVER_PROMOTION_H
#define SW_FAILOVER_PROMOTION_H

#include "seat.h"

#include "shardward/health/vitals.h"

enum sw_promotion_kind {
    SW_PROMOTE_OTHER,     /* the primary is lost */
    SW_PROMOTE_PLANNED,   /* it is well: `target` shall be the primary */
    SW_PROMOTE_FINISH,    /* `target` was promoted, and has no epoch yet */
    SW_PROMOTE_REINSTATE, /* `target` is the primary, and stays it: nobody was promoted */
};

struct sw_promotion {
    const struct sw_cluster *cluster;
    enum sw_promotion_kind kind;
    int old;                     /* the primary until now; -1: not known */
    int target;                  /* -1: whoever is most advanced */
    bool may_lose;               /* an operator takes the loss of what is missing */
    const char *cloud;           /* ours; NULL: none */
    const char *by;              /* who we are */
    sw_nodes down;               /* not worth waiting for, unless nothing goes without them */
    uint64_t old_written;        /* what the old primary had flushed, as far as it was seen */
    int64_t term_known;          /* the highest that we know of */
    int64_t term_reigned;        /* of the last primary that took writes, as far as we know */
    struct sw_cohort remembered; /* ... and its cohort; of term 0: not known */
    bool is_unsure;              /* nobody knows whether the primary's cohort is confirmed;
                                  * brought up to date in any case */
    sw_nodes overruled;          /* what they know of a later primary does not count */
    uint64_t system_id;          /* 0: not known */
    const atomic_bool *is_stopping;
    bool (*is_lent)(void *owner);    /* of a planned one: connections to the primary are */
    void (*on_drained)(void *owner); /* ... nobody may go on from now */
    void *owner;

    /* What came of it; term_known is brought up to date in any case. */
    bool is_begun; /* of a planned one: something was done to a node */
    int64_t term;  /* 0: none was tried */
    int winner;
    int timeline;
    int64_t started_us;
    struct sw_cohort cohort;
    int old_timeline;     /* that has ended; 0: none has */
    uint64_t switch_lsn;  /* ... there */
    bool was_synchronous; /* all that was confirmed before it is there */
    struct sw_timeline_end ends[SW_TIMELINES];
    int end_count;
    bool is_unsafe;    /* refused: somebody is missing */
    bool is_disturbed; /* somebody else changes the nodes, too */
    char steps[200];   /* how long each took, for people */
};

bool sw_promotion_run(struct sw_promotion *promotion, struct sw_error *err);

/* Those that confirm for @primary, of @nodes: of other clouds than its own, if there are any.
 */
sw_nodes sw_cohort_standbys(const struct sw_cluster *cluster, int primary, sw_nodes nodes);

/* A row of shardward.epoch. Done when the cohort's quorum has it. Needs the lock. */
bool sw_epoch_write(struct sw_seat *seat, int64_t term, int timeline, uint64_t switch_lsn,
                    uint64_t next_xid, const struct sw_cohort *cohort, const char *by,
                    struct sw_error *err);
/* "{a,b}" as an array of the cohort's names; free() it. */
char *sw_cohort_names(const struct sw_cluster *cluster, const struct sw_cohort *cohort);
/* Wait until so many of the cohort have all that the primary has flushed. */
bool sw_await_quorum(struct sw_seat *seat, const struct sw_cohort *cohort,
                     struct sw_error *err);
/* The ends of earlier timelines, by the epochs that the node knows, the oldest first. */
bool sw_ends_read(struct sw_line *line, struct sw_timeline_end *ends, int *count,
                  struct sw_error *err);

#endif
