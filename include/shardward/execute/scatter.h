/*
 * scatter - one run on several legs at once, and what they answer put together.
 *
 *   NEW --start--> RUNNING --(all answered, all rows taken)---------> ENDED
 *                     |                                                 ^
 *                     +--(no more rows are needed)---+                  |
 *                     +--(an error, a cancel)--------+--> ENDING -------+
 *
 * Backends are leased in the order of the parts, each when the one before has its own, so that
 * two scatters whose parts stand in the global order of shards (sw_shard.id) never wait in a
 * circle. Each leg runs as soon as it has its backend.
 *
 * What becomes of the answers:
 *
 *   MERGE    rows become the rows of one answer, taken by sw_scatter_pull()
 *   COPY     what COPY TO STDOUT gives becomes one such answer, taken in the same way
 *   GATHER   rows become arrays, for a last query, or wait for it in a file
 *   FILL     rows fill a merger that outlives the scatter, which is one of many
 *   HEAR     whatever is forwarded is kept
 *
 * A part that waits for a backend, while others of the scatter keep theirs until it has one,
 * ends all with 53300 if a limit that their pools share allows no more.
 *
 * If the run describes its rows the owner sees that of each part before its rows are taken.
 *
 * A leg whose rows find no room is held, and so are all while the owner wants none. The first
 * error of any leg ends all: the others are cancelled, and what they still say is dropped. When
 * no row is needed any more the others are left a moment to end by themselves before they are
 * cancelled; inside of a transaction they are not, which would make it fail, and an error that
 * comes in the end is one. Nor is a cancel sent there that could strike what the leg has to
 * hear first: a shard without the transaction's savepoints could not go back to them.
 *
 * A part whose server is lost unread starts again, as far as it is allowed to. One that finds
 * its replica behind what it has to see ends all: who waits_for_all has been given no row by
 * then, and may try anew.
 */
#ifndef SW_EXECUTE_SCATTER_H
#define SW_EXECUTE_SCATTER_H

#include "shardward/execute/broadcast.h"
#include "shardward/execute/spill.h"
#include "shardward/merge/copies.h"
#include "shardward/merge/merger.h"

enum sw_scatter_state {
    SW_SCATTER_NEW,
    SW_SCATTER_RUNNING,
    SW_SCATTER_ENDING, /* what is still said is dropped */
    SW_SCATTER_ENDED,
};

struct sw_scatter;

struct sw_scatter_part {
    /* Given; the leg, and what the work points to, borrowed until the part has ended. */
    struct sw_leg *leg;
    struct sw_pool *pool; /* of a FREE leg */
    const struct sw_shard *shard;
    struct sw_leg_work work; /* all but the run */
    int source;              /* of the merger; by default the part's own number */

    /* Answered. */
    bool is_started, has_ended;
    enum sw_part_result result;
    char status;             /* of DONE and FAILED: the server's */
    struct sw_error loss;    /* of REFUSED and LOST */
    bool has_columns;        /* ... where its rows are described before them */
    bool has_said_something; /* of rows, or of what was to be heard */

    struct sw_scatter *scatter;
    const struct sw_leg_sink *sink_before;
    void *owner_before;
    bool is_held;
    int64_t fed_before;      /* of FILL: rows of its source */
    bool is_spared;          /* nothing is asked of it any more, before it had a backend */
    bool is_to_be_cancelled; /* once it has heard its opening */
    int tries;
};

/* Why a scatter has failed. */
struct sw_scatter_failure {
    struct sw_error err;
    struct sw_buf frame; /* the server's ErrorResponse, in full; empty: the words are ours */
    int request;         /* of the run, that failed; -1: nothing of it */
    int part;            /* whose it is; -1: of none */
};

struct sw_scatter_events {
    /* The part has its turn to lease a backend: the last chance to complete its work. False:
     * the scatter fails with *err. */
    bool (*on_turn)(void *owner, int index, struct sw_error *err);
    /* It has its backend. */
    void (*on_lent)(void *owner, int index);
    void (*on_notice)(void *owner, const uint8_t *bytes, size_t len);
    /* RowDescription, before the rows of the part; where is_described. False: they are not what
     * is wanted. No row of any part is taken any more, and it ends as outdated. */
    bool (*on_columns)(void *owner, int index, const struct sw_frame *frame);
    /* Rows may be there, to be pulled; of MERGE and COPY. */
    void (*on_rows)(void *owner);
    /* The part has ended, its leg tells again whom it told before; an ATTACHED one may be
     * released. */
    void (*on_part)(void *owner, int index);
    /* ENDED. It may be destroyed. */
    void (*on_done)(void *owner);
};

struct sw_scatter {
    enum sw_scatter_state state;
    struct sw_loop *loop;
    struct sw_scatter_part *parts;
    int count;
    struct sw_run run;  /* of all parts; filled by the owner before the start */
    int tries_most;     /* how often a part may start again */
    bool may_cancel;    /* parts whose rows are not needed; false: within a transaction */
    bool waits_for_all; /* no row is given before it is known that no part is behind */

    struct sw_merger *merger; /* of MERGE */
    struct sw_copies *copies; /* of COPY */
    struct sw_merger *filled; /* of FILL; borrowed */
    uint32_t batch;           /* ... rows that each part is asked for */
    struct sw_spill *spill;   /* of GATHER; tells the scatter */
    struct sw_buf said;       /* of HEAR */

    bool is_described; /* given: the run describes rows before it gives them */
    bool is_outdated;  /* they are others than those that are wanted */
    bool has_failed;
    struct sw_scatter_failure failure;

    const struct sw_scatter_events *events;
    void *owner;
    int started, busy; /* parts */
    bool is_working;   /* on_done has to wait for the end of what is under way */
    bool is_unwanted;  /* the owner wants no rows at present */
    struct sw_timer *grace;
};

/* @count parts, at least 1, to be filled in by the owner. */
struct sw_scatter *sw_scatter_create(struct sw_loop *loop, int count,
                                     const struct sw_scatter_events *events, void *owner);
/* Legs that are at work tell whom they told before, and go on with what they do. Accepts
 * NULL. */
void sw_scatter_destroy(struct sw_scatter *scatter);

/* Of NEW: what becomes of the answers, if they are not just heard. Taken. */
void sw_scatter_merge(struct sw_scatter *scatter, struct sw_merger *merger);
void sw_scatter_copy(struct sw_scatter *scatter, struct sw_copies *copies);
void sw_scatter_gather(struct sw_scatter *scatter, const struct sw_columns_layout *layout,
                       const struct sw_spill_limits *limits);
/* ... or rows fill @merger, which is borrowed: the run asks for at most @batch of them, so that
 * a source of which fewer come has ended. What is asked for is not held up: it has to fit. */
void sw_scatter_fill(struct sw_scatter *scatter, struct sw_merger *merger, uint32_t batch);

/* Events may be told before this returns, on_done too. */
void sw_scatter_start(struct sw_scatter *scatter);

/* Of MERGE and COPY: append rows to @out until it holds at least @most bytes, or none is known.
 * False: nothing was appended. */
bool sw_scatter_pull(struct sw_scatter *scatter, struct sw_buf *out, size_t most);
/* The owner wants no rows, or wants them again; on_rows may be called before this returns. */
void sw_scatter_hold(struct sw_scatter *scatter);
void sw_scatter_unhold(struct sw_scatter *scatter);

/* It fails with @why, if it has not ended; on_done may be called before this returns. */
void sw_scatter_cancel(struct sw_scatter *scatter, const struct sw_error *why);

#endif
