/*
 * resolution - finds out whether a transaction was committed whose COMMIT was lost with its
 * server: asks the primary, the next one perhaps, until that knows, or the time is over.
 *
 * What is found to be committed is told when another commit behind it was answered: where
 * standbys have to confirm commits, they have confirmed both then.
 */
#ifndef SW_EXECUTE_RESOLUTION_H
#define SW_EXECUTE_RESOLUTION_H

#include "shardward/execute/leg.h"
#include "shardward/txn/fate.h"

struct sw_resolution;

/* What is borrowed is so until on_resolved, or until it is forgotten. */
struct sw_resolution_work {
    struct sw_loop *loop;
    struct sw_pools *pools;
    const struct sw_user *user;
    const struct sw_shard *shard;
    struct sw_settings *settings; /* of the session, whose parameters are reported then */
    struct sw_commit_mark mark;
    int timeout_ms; /* 0: none */
    /* COMMITTED, NOT_COMMITTED or UNKNOWN; with the first, what a server reports under the
     * settings. It is to be forgotten then. */
    void (*on_resolved)(void *owner, enum sw_commit_fate fate, struct sw_settings *reported);
    void *owner;
};

struct sw_resolution *sw_resolution_start(const struct sw_resolution_work *work);
/* Accepts NULL. */
void sw_resolution_forget(struct sw_resolution *resolution);

/* What a server is asked in front of a COMMIT; see sw_leg_work.mark. One reference. */
struct sw_prepared *sw_resolution_question(void);

#endif
