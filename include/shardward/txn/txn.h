/*
 * txn - the transaction that a client sees.
 *
 * BEGIN is lazy: it is kept in the journal, with what else was said before the first statement
 * that needs a shard, and replayed there word by word when the shard is enlisted.
 *
 *   IDLE --begin--> OPEN --fail--> FAILED
 *    ^               | ^             |  |
 *    |               | +-rollback_to-+  |
 *    +------end------+--------end-------+
 *
 * Settings changed inside are undone with it: the txn keeps them as they were at its begin and
 * at each savepoint.
 */
#ifndef SW_TXN_TXN_H
#define SW_TXN_TXN_H

#include "shardward/base/settings.h"

#include <stdbool.h>

enum sw_txn_state { SW_TXN_IDLE, SW_TXN_OPEN, SW_TXN_FAILED };

/* What a rollback brings back. Shared. */
struct sw_txn_settings {
    struct sw_settings *settings; /* in force for the session */
    struct sw_settings *told;     /* parameters as last reported to the client */
};

struct sw_savepoint {
    char *name;
    struct sw_txn_settings before;
    int journal_count; /* entries up to and with the one that made it */
};

struct sw_txn {
    enum sw_txn_state state;
    bool is_enlisted; /* a shard has heard of it; the journal is of no further use */
    char **journal;
    int journal_count;
    struct sw_txn_settings before; /* its begin */
    struct sw_savepoint *savepoints;
    int savepoint_count;
};

void sw_txn_init(struct sw_txn *txn);
void sw_txn_finish(struct sw_txn *txn);

/* @text is the client's own BEGIN; NULL when the shard has heard it already. */
void sw_txn_begin(struct sw_txn *txn, const char *text, struct sw_txn_settings now);
/* Something else to be replayed. */
void sw_txn_note(struct sw_txn *txn, const char *text);
void sw_txn_enlist(struct sw_txn *txn);
void sw_txn_fail(struct sw_txn *txn);
/* IDLE again. */
void sw_txn_end(struct sw_txn *txn);

/* @text: to be replayed; NULL when the shard has heard it already. */
void sw_txn_savepoint(struct sw_txn *txn, const char *name, const char *text,
                      struct sw_txn_settings now);
/* False: there is no such savepoint. @text as above. */
bool sw_txn_release(struct sw_txn *txn, const char *name, const char *text);
/* OPEN again, with the savepoint kept. *before: borrowed, as it was when it was made. */
bool sw_txn_rollback_to(struct sw_txn *txn, const char *name,
                        const struct sw_txn_settings **before);

/* Has more been said than a bare BEGIN, so that a statement run beside the transaction needs
 * the journal too? */
bool sw_txn_has_options(const struct sw_txn *txn);

char sw_txn_status(const struct sw_txn *txn); /* I, T or E, as ReadyForQuery says it */

#endif
