/*
 * leg - one run on one shard: waits for a backend, gives it the session's settings, sends the
 * run, and tells its sink what comes back.
 *
 *   FREE --start--> LEASING --> SETTING --> RUNNING --(all answered)--> ATTACHED
 *    ^                 |           |           |                          |   |
 *    +---- refused ----+-----------+           +---------- lost -----+    |   start
 *    ^                                                               |    |
 *    +--------------------------------- release ---------------------+----+
 *
 * A leg stays ATTACHED to its backend while a transaction or a batch is open; release gives
 * the backend back: to the pool, or to the session's pocket when it has to be kept.
 */
#ifndef SW_EXECUTE_LEG_H
#define SW_EXECUTE_LEG_H

#include "shardward/execute/pocket.h"
#include "shardward/execute/run.h"
#include "shardward/pool/pool.h"
#include "shardward/txn/fate.h"
#include "shardward/wire/frame.h"

enum sw_leg_state {
    SW_LEG_FREE,
    SW_LEG_LEASING,
    SW_LEG_SETTING,
    SW_LEG_RUNNING,
    SW_LEG_ATTACHED
};

/* @index names a request of the run. on_notice, on_local, on_types, on_setting, on_parameter,
 * on_reported, on_lent, on_attached and on_pause may be NULL: not wanted; on_copy_in and
 * on_drained, where nothing is copied. */
struct sw_leg_sink {
    void (*on_forward)(void *owner, const uint8_t *bytes, size_t len);
    /* A notice of an EXECUTE whose rows alone are forwarded. */
    void (*on_notice)(void *owner, const uint8_t *bytes, size_t len);
    /* CopyInResponse: the server waits for data, see sw_leg_copy(). */
    void (*on_copy_in)(void *owner, const uint8_t *bytes, size_t len);
    /* The server has read what had made the leg congested. */
    void (*on_drained)(void *owner);
    /* A request of ours has its turn: LOCAL, or a PARSE that the server need not hear. */
    void (*on_local)(void *owner, int index);
    /* The first error; @frame is the server's ErrorResponse. @index is -1 for a request that is
     * not the client's. */
    void (*on_error)(void *owner, int index, const struct sw_frame *frame);
    void (*on_types)(void *owner, int index, const struct sw_frame *frame);
    /* The value that setting number @index of the read-back list has now. */
    void (*on_setting)(void *owner, int index, const char *value);
    void (*on_parameter)(void *owner, const char *name, const char *value);
    /* What the server reports before it rolls back what the run has begun (rolls_back). */
    void (*on_reported)(void *owner, struct sw_settings *reported);
    /* It has its backend, which may have to be given the settings yet. */
    void (*on_lent)(void *owner);
    /* The settings have been applied; the backend reports these parameters. */
    void (*on_attached)(void *owner, struct sw_settings *reported);
    /* What came of the run so far should be sent on. */
    void (*on_pause)(void *owner);
    /* All is answered; @status is the server's, I, T or E. The leg is ATTACHED. */
    void (*on_done)(void *owner, char status);
    /* No backend, or it refused the settings: nothing was sent. The leg is FREE. */
    void (*on_refused)(void *owner, const struct sw_error *err);
    /* The server is gone; the leg is FREE. The run may have had an effect. An ATTACHED leg
     * hears nothing but this. */
    void (*on_lost)(void *owner, const struct sw_error *err, enum sw_loss loss);
};

/* What a leg asks its server behind the run, in the same flight. */
enum sw_leg_asks {
    SW_ASKS_NOTHING,
    SW_ASKS_WRITTEN,  /* a primary: how far its WAL goes, and on which timeline */
    SW_ASKS_REPLAYED, /* a replica: how far it has replayed it */
};

/*
 * A run on a replica sees what is before `lsn` in the WAL, or nothing: the server compares
 * before it takes the snapshot, waiting for `wait_ms` perhaps. It need not if it is known to
 * have come that far.
 */
struct sw_leg_guard {
    const struct sw_node *replica; /* NULL: the run is not for one */
    uint64_t lsn;
    int wait_ms;
    bool is_apart; /* in a flight before the run, whose transactions may keep one snapshot from
                      their begin */
    bool is_told;  /* awaits_guard counts while the run is at work: else a server says all in
                      the end */
};

/* Besides the run itself. Borrowed until on_done, on_refused or on_lost. */
struct sw_leg_work {
    struct sw_run *run;
    const char *const *opening; /* statements of ours to come first, in the extended protocol */
    int opening_count;
    bool tells_of_opening; /* opening_done counts while the run is still at work: else a server
                              says all in the end */
    struct sw_settings *settings; /* to be in force on the backend outside the transaction */
    const char *const *read_back; /* names of settings to read when the run is over */
    int read_back_count;
    const char *question;     /* a boolean expression, asked with them; NULL: none */
    struct sw_oid_map *types; /* what the shard calls the client's; NULL: the same */
    /* In front of request number mark_at, a COMMIT, the server is asked for its transaction's
     * mark with this; NULL: it is not. See resolution.h. */
    struct sw_prepared *mark;
    int mark_at;
    bool rolls_back; /* end with ROLLBACK what the run has begun */
    struct sw_leg_guard guard;
    enum sw_leg_asks asks; /* if there is nothing to read back, nor a question */
    unsigned leaves;       /* what the run may leave behind on the server */
};

struct sw_leg_cancel;

enum { SW_LEG_YOUNG_MS = 1000 };

struct sw_leg {
    enum sw_leg_state state;
    const struct sw_shard *shard; /* while not FREE */
    struct sw_loop *loop;
    struct sw_task settle; /* for a run that was answered while it was sent */
    struct sw_lease lease;
    const struct sw_leg_sink *sink;
    void *owner;
    struct sw_leg_work work;
    struct sw_error *setting_error; /* why the settings were refused; NULL: they were not */
    struct sw_leg_cancel *cancel;   /* of the run; NULL: not wanted */
    struct sw_pocket *pocket;       /* where its backend is kept, or comes from; NULL: none */
    const struct sw_node *replica;  /* while not FREE: see the guard */
    struct sw_commit_mark mark; /* of the COMMIT that was sent last, also when it was lost */
    uint64_t asked_ms;          /* when the last run was sent, by the loop's clock */
    uint64_t rows;              /* of the last run: returned or changed */
    uint64_t lsn;               /* ... `asks` was answered with this, */
    int timeline;               /* ... and of a primary with this */
    int opening_done;           /* ... statements of the opening carried out */
    uint32_t sent_ms;           /* ... asked_ms in short */
    bool has_lsn;               /* ... `asks` was answered */
    bool is_behind;             /* ... was not run: the replica has not replayed enough */
    bool was_guarded;           /* ... the server was asked for that */
    bool awaits_guard;          /* ... and has not answered yet */
    bool has_read_back_failed;  /* ... what its settings are now is unknown */
    bool is_affirmed;           /* ... the question was answered with true */
    bool is_read_back_cut;      /* ... a cancel meant for the run has struck that instead */
    bool is_cancelled;          /* while SETTING: the run is not to be sent */
    bool is_copying;            /* the server waits for data */
    bool is_rolling_back;       /* for a client that is gone */
    bool is_spent;              /* the backend is to be closed when it is released */
    unsigned left;              /* what was left behind on its backend, perhaps */
};

void sw_leg_init(struct sw_leg *leg, struct sw_loop *loop, const struct sw_leg_sink *sink,
                 void *owner);

/* Run @work on @shard. A FREE leg leases from @pool; an ATTACHED one goes on where it is. The
 * sink may be called before this returns. */
void sw_leg_start(struct sw_leg *leg, struct sw_pool *pool, const struct sw_shard *shard,
                  const struct sw_leg_work *work);

/*
 * The client wants the run cancelled. Who still waits for a backend is refused (57014), maybe
 * before this returns; a server is asked to cancel, and the run ends with whatever comes of
 * that. PostgreSQL ignores a cancel that overtakes its statement: if the run was sent less than
 * SW_LEG_YOUNG_MS ago the server is asked up to three times, while the run goes on. A leg that
 * is FREE or ATTACHED, or rolls back, hears nothing.
 */
void sw_leg_cancel(struct sw_leg *leg);

/* Tell @sink and @owner from now on what happens. */
void sw_leg_tell(struct sw_leg *leg, const struct sw_leg_sink *sink, void *owner);

/* Of an ATTACHED leg: the settings in force on its backend have become these. */
void sw_leg_note_settings(struct sw_leg *leg, struct sw_settings *settings);

/* Of an ATTACHED leg's backend: its last status (I, T, E), the parameters it reports, and the
 * isolation that its transactions have unless told otherwise. */
char sw_leg_status(const struct sw_leg *leg);
struct sw_settings *sw_leg_reported(const struct sw_leg *leg);
const char *sw_leg_default_isolation(const struct sw_leg *leg);

/* The socket of its backend; -1: it has none. */
int sw_leg_server_fd(const struct sw_leg *leg);

/*
 * Of a leg that is_copying: append CopyData to what the server gets, in pieces of any length;
 * or end the COPY with CopyDone, or with CopyFail and its @reason. All is sent by
 * sw_leg_flush_copy(). While the leg is congested no more should be appended; on_drained
 * follows.
 */
void sw_leg_copy(struct sw_leg *leg, const uint8_t *data, size_t len);
void sw_leg_end_copy(struct sw_leg *leg);
void sw_leg_fail_copy(struct sw_leg *leg, const char *reason);
void sw_leg_flush_copy(struct sw_leg *leg);
bool sw_leg_is_congested(const struct sw_leg *leg);

/* Give the backend of an ATTACHED leg back. FREE then. */
void sw_leg_release(struct sw_leg *leg);
/* The client is gone: stop waiting, roll back, let COPY fail, or cut the connection. True: FREE
 * already. False: on_done or on_lost follows, then release. */
bool sw_leg_abandon(struct sw_leg *leg);

/* Whatever it does, end it now: the connection, if any, is given up. FREE then. */
void sw_leg_cut(struct sw_leg *leg);

void sw_leg_hold(struct sw_leg *leg);
void sw_leg_unhold(struct sw_leg *leg);

#endif
