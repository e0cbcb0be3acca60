/*
 * broadcast - one statement of ours on many legs at once; told when all have answered.
 *
 * For what every shard has to hear: the end of a transaction over several shards, ROLLBACK TO,
 * DDL. Each part is a leg with its statement; legs that are FREE lease a backend first, and
 * hear their opening (say, BEGIN) before the statement; ATTACHED ones go on where they are.
 *
 *   parts[i] = {.leg = leg, .pool = pool, .shard = shard, .sql = "COMMIT"}   for each shard
 *   sw_broadcast_start(&broadcast, parts, count, on_done, owner)
 *   on_done:  sw_broadcast_first_failure() says whether all is well, parts[i].status what the
 *             server's transaction is; the legs are ATTACHED (or FREE: refused, lost)
 *   sw_broadcast_forget() gives back what was answered; the legs remain the caller's.
 *
 * The caller gives the parts in the global order of shards (sw_shard.id), so that two who
 * broadcast to the same shards ask for them in the same order. A part that waits for a backend
 * while others have theirs ends with the lease timeout (53300): nothing waits for ever.
 *
 * While a broadcast works it is the sink of its legs; afterwards they tell whom they told
 * before. Statements go in the extended protocol, one each, with a Sync of its own.
 */
#ifndef SW_EXECUTE_BROADCAST_H
#define SW_EXECUTE_BROADCAST_H

#include "shardward/base/buf.h"
#include "shardward/execute/leg.h"

enum sw_part_result {
    SW_PART_DONE,
    SW_PART_FAILED,  /* the server answered with an error */
    SW_PART_REFUSED, /* no backend, or it refused the settings: nothing was sent */
    SW_PART_LOST,    /* the server is gone; the statement may have had its effect */
};

struct sw_broadcast;

struct sw_broadcast_part {
    /* Given; all but `leg` borrowed until on_done, `leg` until sw_broadcast_forget(). */
    struct sw_leg *leg;
    struct sw_pool *pool; /* of a FREE leg */
    const struct sw_shard *shard;
    const char *const *opening; /* statements of ours to come first */
    int opening_count;
    const char *sql;
    struct sw_prepared *mark;     /* of a COMMIT: see leg.h; NULL: none */
    struct sw_settings *settings; /* of a FREE leg: to be in force on its backend */

    /* Answered. */
    enum sw_part_result result;
    char status;         /* of DONE and FAILED: the server's, I, T or E */
    struct sw_error err; /* of all others than DONE */
    struct sw_buf words; /* for the client: notices, and the ErrorResponse of FAILED */

    struct sw_broadcast *broadcast;
    const struct sw_leg_sink *sink_before;
    void *owner_before;
    struct sw_run run;
};

struct sw_broadcast {
    struct sw_broadcast_part *parts;
    int count, pending;
    void (*on_done)(void *owner);
    void *owner;
};

/*
 * Send all at once. @parts is borrowed until sw_broadcast_forget(); @count is at least 1.
 * @on_done is called once, when every part has its result, and may be called before this
 * returns; it may start the next broadcast.
 */
void sw_broadcast_start(struct sw_broadcast *broadcast, struct sw_broadcast_part *parts,
                        int count, void (*on_done)(void *owner), void *owner);

/* Nobody waits any longer: on_done is not called, legs tell whom they told before, and go on
 * with what they do. Also gives back what was answered; to be called after on_done as well. */
void sw_broadcast_forget(struct sw_broadcast *broadcast);

/* Of the parts that are not DONE, the one of the lowest shard; NULL: all is well. */
const struct sw_broadcast_part *
sw_broadcast_first_failure(const struct sw_broadcast *broadcast);

#endif
