/*
 * txn - the transaction that a client sees: what has been said in it, and the shards that take
 * part.
 *
 *   IDLE --begin--> OPEN --fail--> FAILED
 *    ^               | ^             |  |
 *    |               | +-rollback_to-+  |
 *    +------end------+--------end-------+
 *
 * All that is lazy. BEGIN, SAVEPOINT, SET TRANSACTION and changed settings are entries of a
 * journal; a shard becomes a participant with the first statement that needs it, and hears in
 * front of each statement what it has not heard yet. Entries carry rising marks, so that a
 * participant is one number: the mark of what it heard last. A savepoint is called sw_<mark> on
 * servers, whatever its name: equal names, and savepoints released or never heard there,
 * cannot be mistaken for one another.
 *
 *   RELEASE       takes the savepoint out of the journal; who has heard it is told with its
 *                 next statement
 *   ROLLBACK TO   cuts the journal; who has heard the savepoint must be told at once, for its
 *                 locks; for the others nothing has happened since
 *   the end       is told to every participant
 *
 * Any number of shards may be read, one may be written to: there is no two-phase commit. Over
 * several shards there is no common snapshot either, hence no isolation above read committed.
 *
 * Settings changed inside are undone with it, and so are temporary tables that came and went:
 * the txn keeps them as they were at its begin and at each savepoint. Pure: no I/O, no
 * sessions; a shard is a name here.
 */
#ifndef SW_TXN_TXN_H
#define SW_TXN_TXN_H

#include "shardward/base/buf.h"
#include "shardward/base/error.h"
#include "shardward/base/settings.h"
#include "shardward/base/temporaries.h"

#include <stdbool.h>

struct sw_shard;

enum sw_txn_state { SW_TXN_IDLE, SW_TXN_OPEN, SW_TXN_FAILED };

enum sw_isolation {
    SW_ISOLATION_DEFAULT = -1, /* the server's own */
    SW_READ_UNCOMMITTED,
    SW_READ_COMMITTED,
    SW_REPEATABLE_READ,
    SW_SERIALIZABLE,
};

/* What a rollback brings back. Shared. */
struct sw_txn_settings {
    struct sw_settings *settings;       /* in force for the session */
    struct sw_settings *told;           /* parameters as last reported to the client */
    struct sw_temporaries *temporaries; /* that the session has */
    int read,
        read_locally; /* where reads may go, and in the transaction: as the session says */
};

struct sw_txn_settings sw_txn_settings_ref(struct sw_txn_settings settings);
void sw_txn_settings_unref(struct sw_txn_settings *settings); /* nothing is left in it */

enum sw_entry_kind {
    SW_ENTRY_BEGIN,
    SW_ENTRY_OPTION, /* SET TRANSACTION */
    SW_ENTRY_SET,
    SW_ENTRY_SET_LOCAL,
    SW_ENTRY_SAVEPOINT,
};

struct sw_entry {
    enum sw_entry_kind kind;
    int mark;
    char *name; /* of SET and SET_LOCAL; NULL: all settings */
    char *text; /* as servers are told */
};

struct sw_savepoint {
    char *name;
    int mark;
    int is_read_only; /* the transaction, when it was made */
    struct sw_txn_settings before;
};

struct sw_participant {
    const struct sw_shard *shard; /* borrowed */
    int heard;   /* mark of the last entry that its server has carried out; 0: not even BEGIN */
    int release; /* the savepoint of this mark, and later ones, are there but released; or 0 */
    int written; /* the txn's mark when it was first written to, or 0 */
    int locked;  /* ... when it first locked rows by reading, or 0 */
    bool is_lost;                 /* its server is gone */
    struct sw_settings *settings; /* in force on its server; shared */
};

struct sw_txn {
    enum sw_txn_state state;
    enum sw_isolation isolation;
    bool is_sealed;   /* how it began is not known: nobody can join */
    int is_read_only; /* -1: the client has not said */
    bool has_queried; /* on no participant, under this isolation */
    enum sw_isolation queried_under;
    int mark; /* of the last entry; they rise until the txn ends */
    struct sw_entry *journal;
    int journal_count, journal_size;
    struct sw_buf begin_text;
    struct sw_txn_settings before; /* its begin */
    struct sw_savepoint *savepoints;
    int savepoint_count;
    struct sw_participant *participants; /* in the order in which they joined */
    int participant_count, participant_size;
    const char **opening; /* see sw_txn_opening() */
    int opening_size;
    char release_text[48];
};

void sw_txn_init(struct sw_txn *txn);
void sw_txn_finish(struct sw_txn *txn);

/* --- what the client says --- */

/* @text is the client's own BEGIN; NULL when it is not known, a server alone has heard it. */
void sw_txn_begin(struct sw_txn *txn, const char *text, enum sw_isolation isolation,
                  struct sw_txn_settings now);
/* SET TRANSACTION, word by word. */
void sw_txn_note_option(struct sw_txn *txn, const char *text, enum sw_isolation isolation);
/* READ ONLY (1) or READ WRITE (0), be it with BEGIN; -1: not said. */
void sw_txn_note_access(struct sw_txn *txn, int is_read_only);
/* Which of them holds to the end, whatever is rolled back; -1: not said. */
int sw_txn_access(const struct sw_txn *txn);
/* A query has run beside the participants: PostgreSQL has its snapshot from then on. What the
 * client did not say is @isolation and @is_read_only. */
void sw_txn_note_query(struct sw_txn *txn, enum sw_isolation isolation, bool is_read_only);
/* May SET TRANSACTION change the options that are not -1, as far as is known here? 25001. */
bool sw_txn_may_set(const struct sw_txn *txn, int isolation, int is_read_only,
                    int is_deferrable, struct sw_error *err);
/* @text sets @name (NULL: all settings). It replaces an earlier change of the same setting, if
 * no savepoint stands between them. */
void sw_txn_note_setting(struct sw_txn *txn, const char *name, const char *text, bool is_local);
void sw_txn_savepoint(struct sw_txn *txn, const char *name, struct sw_txn_settings now);
/* False: there is no such savepoint. */
bool sw_txn_release(struct sw_txn *txn, const char *name);
/* The mark of savepoint @name (the newest one of that name), or 0. Participants that have heard
 * it must be told "ROLLBACK TO SAVEPOINT sw_<mark>" before sw_txn_rollback_to(). */
int sw_txn_savepoint_mark(const struct sw_txn *txn, const char *name);
/* OPEN again, with the savepoint kept. *before: borrowed, as it was when it was made. */
bool sw_txn_rollback_to(struct sw_txn *txn, const char *name,
                        const struct sw_txn_settings **before);
void sw_txn_fail(struct sw_txn *txn);
/* IDLE again, without participants. */
void sw_txn_end(struct sw_txn *txn);
/* End it, and begin anew with its BEGIN and SET TRANSACTIONs, as AND CHAIN does. */
void sw_txn_chain(struct sw_txn *txn, struct sw_txn_settings now);

/* Has more been said than a bare BEGIN and savepoints, so that a statement run beside the
 * transaction needs the journal too? */
bool sw_txn_has_options(const struct sw_txn *txn);

char sw_txn_status(const struct sw_txn *txn); /* I, T or E, as ReadyForQuery says it */

/* --- the shards that take part --- */

/* Borrowed until the next one joins; NULL: @shard takes no part. */
struct sw_participant *sw_txn_participant(const struct sw_txn *txn,
                                          const struct sw_shard *shard);
/* The one that was written to, or NULL. */
const struct sw_participant *sw_txn_writer(const struct sw_txn *txn);

/* May a statement run on @shard, and write there if it @writes? The isolation must be known if
 * @shard is not the only one. 0A000 with reason and hint. @name_of tells a shard's name. */
bool sw_txn_may_use(const struct sw_txn *txn, const struct sw_shard *shard, bool writes,
                    const char *(*name_of)(const struct sw_shard *shard), struct sw_error *err);
/* Servers' default isolation has been found to be @isolation: whoever joins later is told. */
void sw_txn_fix_isolation(struct sw_txn *txn, enum sw_isolation isolation);

/* @settings: in force on its server outside of the transaction. */
struct sw_participant *sw_txn_join(struct sw_txn *txn, const struct sw_shard *shard,
                                   struct sw_settings *settings);
/* The last one that joined could not begin. */
void sw_txn_leave(struct sw_txn *txn);

/* What @participant has to hear before its next statement. Borrowed until the txn changes. */
const char *const *sw_txn_opening(struct sw_txn *txn, const struct sw_participant *participant,
                                  int *count);
/* Its server has carried out the first @done statements of the opening. The txn must not have
 * changed since. */
void sw_txn_heard(struct sw_txn *txn, struct sw_participant *participant, int done);
/* Its server knows all that has been said. @settings are in force there. */
void sw_txn_heard_all(struct sw_txn *txn, struct sw_participant *participant,
                      struct sw_settings *settings);
void sw_txn_note_use(struct sw_txn *txn, struct sw_participant *participant, bool writes,
                     bool locks_rows);

/*
 * How COMMIT is told. The leader's answer is the client's: if it fails, all is rolled back, and
 * then nothing that counts has been committed elsewhere, since only the leader was written to.
 * If another one holds row locks it must keep them until the leader has committed: whoever
 * waits for such a lock has to see what was written under it.
 */
struct sw_commit_order {
    int leader;           /* index among the participants */
    bool is_leader_first; /* the others are told when it has answered, else all at once */
};

/* There must be a participant. */
struct sw_commit_order sw_txn_commit_order(const struct sw_txn *txn);

#endif
