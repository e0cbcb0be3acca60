/*
 * joint - a transaction of the same statements on several shards, committed on each of
 * them or on none.
 *
 *   NEW --open--> OPENING --> OPEN --run--> RUNNING --> OPEN or FAILED
 *                    |         | ^             |
 *                    |         | +-------------+
 *                    |         +--commit--> NOTING --> COMMITTING --> ENDED
 *                    |                        |            |
 *                    |                        v            v (the first COMMIT fails)
 *                    +----------------------> FAILED <-----+
 *                                               |
 *                         OPEN, FAILED --roll_back--> ROLLING_BACK --> ENDED
 *   NEW --visit--> VISITING --> ENDED
 *
 * Each step ends with on_done. All backends are leased before the first statement is sent. A
 * statement runs on the first shard alone, then on all others at once: whoever else changes
 * the same objects begins at the same shard, and so waits there, not in a circle over shards.
 * No shard commits before all have carried out every statement and written the note; then they
 * commit one after the other, the first shard last. What was committed on some shards only, or
 * perhaps, is told shard by shard.
 *
 * visit is for what runs in no transaction block: shard after shard, until one fails.
 */
#ifndef SW_EXECUTE_JOINT_H
#define SW_EXECUTE_JOINT_H

#include "shardward/execute/broadcast.h"

enum sw_joint_state {
    SW_JOINT_NEW,
    SW_JOINT_OPENING,
    SW_JOINT_OPEN,
    SW_JOINT_RUNNING,
    SW_JOINT_NOTING,
    SW_JOINT_COMMITTING,
    SW_JOINT_FAILED, /* `words` holds the error; roll_back is due */
    SW_JOINT_ROLLING_BACK,
    SW_JOINT_VISITING,
    SW_JOINT_ENDED,
};

enum sw_outcome {
    SW_OUTCOME_NONE,    /* nothing of it will last */
    SW_OUTCOME_DONE,    /* committed, or visited */
    SW_OUTCOME_FAILED,  /* its COMMIT, or the visit, failed */
    SW_OUTCOME_UNKNOWN, /* the server was lost meanwhile */
};

struct sw_joint_shard {
    const struct sw_shard *shard;
    struct sw_pool *pool;
    struct sw_leg leg;
    enum sw_outcome outcome;
    bool is_lost; /* its transaction is gone */
};

struct sw_joint {
    enum sw_joint_state state;
    struct sw_joint_shard *shards;
    struct sw_broadcast_part *parts; /* of the broadcast at hand */
    int count;
    struct sw_broadcast broadcast;
    const char *sql;
    int shift;                    /* of its errors positions */
    bool is_at_first;             /* of RUNNING: the others follow */
    int turn;                     /* of COMMITTING and VISITING: how many have had theirs */
    struct sw_settings *settings; /* shared */
    /* For the client: notices of one shard (they are all alike), and one ErrorResponse, if
     * something failed; taken by the owner after each step. */
    struct sw_buf words;
    bool has_error;
    void (*on_done)(void *owner);
    void *owner;
};

/* @shards is in global order, and has at least one; @pools has the pool of each. The settings,
 * in force outside of the transaction, are shared. */
struct sw_joint *sw_joint_create(struct sw_loop *loop, const struct sw_shard *const *shards,
                                 struct sw_pool *const *pools, int count,
                                 struct sw_settings *settings, void (*on_done)(void *owner),
                                 void *owner);
/* Nothing may be under way; legs that are not FREE give their connection up. Accepts NULL. */
void sw_joint_destroy(struct sw_joint *joint);
/* Of NEW: the session keeps servers in @pocket. NULL, at any time: no longer. */
void sw_joint_keep(struct sw_joint *joint, struct sw_pocket *pocket);

/* Of NEW: lease all shards, and begin with @opening (BEGIN ...), then @sql. */
void sw_joint_open(struct sw_joint *joint, const char *const *opening, int opening_count,
                   const char *sql);
/* Of OPEN. @sql is borrowed until on_done. @shift characters stand before it in what the
 * client has sent: an error's position counts from there. */
void sw_joint_run(struct sw_joint *joint, const char *sql, int shift);
/* Of OPEN: @note is a statement that leaves a trace of the transaction at each shard. The state
 * is FAILED if no shard has committed, else ENDED. */
void sw_joint_commit(struct sw_joint *joint, const char *note);
/* Of OPEN and FAILED. */
void sw_joint_roll_back(struct sw_joint *joint);
/* Of NEW: @sql at each shard by itself, until it fails. */
void sw_joint_visit(struct sw_joint *joint, const char *sql);

/* The client wants it cancelled: shards that have something to do are asked to, and the step at
 * hand fails if one does. Not once it commits. */
void sw_joint_cancel(struct sw_joint *joint);

/* The client is gone. True: all is given up, nothing was committed. False: it has begun to
 * commit, and goes on; on_done follows. */
bool sw_joint_abandon(struct sw_joint *joint);

/* Has it come to this on every shard? */
bool sw_joint_is_all(const struct sw_joint *joint, enum sw_outcome outcome);

#endif
