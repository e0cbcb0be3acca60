/*
 * tally - what a worker's sessions have done, counted.
 *
 * One tally for each (database, user, shard) that was ever used, and for each number of shards
 * at once; shard NULL: what was answered without a server. A tally outlives reloads, and ends
 * with the sessions. Plain numbers of the worker's thread: others ask by letter.
 */
#ifndef SW_SESSION_TALLY_H
#define SW_SESSION_TALLY_H

#include "shardward/base/histogram.h"
#include "shardward/session/session.h"

struct sw_tally {
    char *database, *user;
    char *shard; /* "4 shards" of several at once */
    uint64_t transactions;
    uint64_t queries;        /* simple queries, and batches up to Sync */
    uint64_t received, sent; /* bytes of clients, and to them */
    uint64_t transaction_us; /* from the first statement on a server to the end */
    uint64_t query_us;       /* from the client's message to the last answer */
    uint64_t wait_us;        /* of it: until a server connection was there */
    uint64_t errors;         /* queries that servers failed */
    uint64_t refused;        /* ... that we failed */
    struct {
        uint64_t replica; /* queries that a replica has answered */
        uint64_t behind;  /* went on to the primary: a replica had not replayed enough */
        uint64_t again;   /* were started again elsewhere, for that reason or another */
        uint64_t lost;    /* tokens whose place a failover has lost */
    } reads;
    struct sw_histogram times; /* of queries on servers, in microseconds */
};

void sw_sessions_each_tally(const struct sw_sessions *sessions,
                            void (*on_tally)(void *owner, const struct sw_tally *tally),
                            void *owner);

/* What a run was, of the statements between two ReadyForQuery. */
enum sw_class {
    SW_CLASS_READ,    /* on one shard, nothing is written */
    SW_CLASS_WRITE,   /* on one shard */
    SW_CLASS_SEVERAL, /* a read over several shards */
    SW_CLASS_COPY,    /* FROM STDIN */
    SW_CLASS_DDL,
    SW_CLASS_CONTROL, /* of a transaction, by a server */
    SW_CLASS_SESSION, /* of a client that has a server of its own: nobody looks at it */
    SW_CLASS_LOCAL,   /* no server was needed; not measured */
    SW_CLASSES,       /* their number */
};

const char *sw_class_name(enum sw_class class); /* "read" */

/* The runs of one database. */
struct sw_class_tally {
    char *database;
    struct {
        uint64_t queries, errors;
        uint64_t query_us;
        struct sw_histogram times;
    } of[SW_CLASSES];
};

void sw_sessions_each_class_tally(const struct sw_sessions *sessions,
                                  void (*on_tally)(void *owner,
                                                   const struct sw_class_tally *tally),
                                  void *owner);

/* Errors that clients were told, by the class of their SQLSTATE: its first two letters. Of
 * classes beyond some number, which only functions of one's own raise, as "other". */
void sw_sessions_each_error_class(const struct sw_sessions *sessions,
                                  void (*on_class)(void *owner, const char *class,
                                                   uint64_t count),
                                  void *owner);

/* What a statement, by the normal form of its text, has cost. */
struct sw_statement_tally {
    const char *text, *database, *user;
    const char *route; /* the shard it ran on; "several" when that differs */
    uint64_t calls, rows, errors;
    uint64_t total_us, most_us;
};

enum {
    SW_TALLIED_STATEMENTS = 1000, /* per worker; the one unused for long makes room */
    SW_TALLIED_TEXT = 512,        /* bytes of a text with its zero byte; more is cut off */
};

void sw_sessions_each_statement(const struct sw_sessions *sessions,
                                void (*on_statement)(void *owner,
                                                     const struct sw_statement_tally *tally),
                                void *owner);

#endif
