/*
 * fate - was a transaction committed whose COMMIT was sent, and whose answer was lost? Pure.
 *
 * In front of the COMMIT its server told the transaction's number and how far it had written:
 * the mark. The primary that is there afterwards tells what has become of a transaction of that
 * number. It is ours unless the number was given anew, because what was written last was lost
 * with the server, or is not on the next one's timeline. So "committed" alone needs a proof
 * that the number is still ours; nothing that is not, was committed.
 */
#ifndef SW_TXN_FATE_H
#define SW_TXN_FATE_H

#include "shardward/pool/pool.h"
#include "shardward/topology/state.h"

struct sw_commit_mark {
    bool is_known;    /* the server has told it; a transaction that has written has a number */
    uint64_t xid;     /* in full, pg_current_xact_id() */
    uint64_t lsn;     /* behind all that it had written, and before its COMMIT */
    uint64_t sent_ms; /* when the COMMIT was sent, by the loop's clock */
    struct sw_origin at;
};

/* What pg_xact_status() says of the number. */
enum sw_xact_status {
    SW_XACT_IN_PROGRESS,
    SW_XACT_COMMITTED,
    SW_XACT_ABORTED,
    SW_XACT_IN_FUTURE, /* it was not given yet */
    SW_XACT_FORGOTTEN, /* too long ago */
};

/* The primary, as it is now. */
struct sw_commit_trace {
    enum sw_xact_status status;
    struct sw_origin at;
    /* Its last checkpoint was made while it started or ended; and the next number then. */
    bool is_checkpoint_of_start;
    uint64_t next_xid;
};

enum sw_commit_fate {
    SW_FATE_COMMITTED,
    SW_FATE_NOT_COMMITTED,
    SW_FATE_UNKNOWN,
    SW_FATE_OPEN, /* it goes on, or waits for its standbys: ask again */
};

/* @ends: of timelines of the cluster, see sw_cluster_state. */
enum sw_commit_fate sw_commit_fate_of(const struct sw_commit_mark *mark,
                                      const struct sw_commit_trace *trace,
                                      const struct sw_timeline_end *ends, int end_count);

#endif
