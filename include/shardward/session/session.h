/*
 * session - our side of the clients: greeting, login, their statements' names and settings, and
 * whose turn it is. One worker's, on its thread.
 */
#ifndef SW_SESSION_SESSION_H
#define SW_SESSION_SESSION_H

#include "shardward/io/loop.h"
#include "shardward/io/tls.h"
#include "shardward/pool/pool.h"
#include "shardward/session/census.h"
#include "shardward/session/verifiers.h"
#include "shardward/topology/catalog.h"
#include "shardward/topology/map.h"
#include "shardward/txn/txn.h"

/* Session ids are unique over all workers, and tell the worker: id % SW_WORKERS_MOST. */
struct sw_sessions;

/* A session waits for what the shards hold to be read anew. */
struct sw_rereading {
    void (*on_read)(struct sw_rereading *rereading);
    void *ticket; /* of whoever has it read */
};

/* A user who is not in the map is looked up. */
struct sw_sought {
    /* @secret, borrowed: a verifier or md5 hash; NULL: no such user. @err: nobody could be
     * asked; else NULL. */
    void (*on_found)(struct sw_sought *sought, const char *secret, const struct sw_error *err);
    void *owner;
    void *ticket; /* of whoever looks for it */
    struct sw_map *map;
    const struct sw_database *database; /* in whose catalog database */
    const char *user;
};

/* A CancelRequest on its way from the worker that it has come to. */
struct sw_cancel {
    struct sw_letter letter; /* for whoever carries it */
    uint32_t id, key;
    struct sw_session *asker; /* NULL: does not wait any longer */
};

struct sw_sessions_setup {
    int worker; /* below SW_WORKERS_MOST */
    struct sw_loop *loop;
    struct sw_map *map;             /* shared */
    struct sw_state *state;         /* of its nodes; shared */
    struct sw_pools *pools;         /* borrowed, as are the verifiers, while sessions live */
    struct sw_verifiers *verifiers; /* prepared for @map */
    struct sw_census *census;       /* borrowed, too */
    size_t statement_cache;         /* this worker's share, in bytes */
    /* A client has left, or is on its way out. */
    void (*on_left)(void *owner);
    /* The schema has changed: have a catalog read that was not begun before, show it to
     * sw_sessions_see_catalog(), then call on_read, on this thread. forget_reading: the
     * session does not wait any longer; never after on_read. */
    void (*read_again)(void *owner, struct sw_rereading *rereading);
    void (*forget_reading)(void *owner, struct sw_rereading *rereading);
    /* Look @sought, borrowed, up, then call on_found, on this thread, in a later turn of the
     * loop. forget_sought: the session does not wait any longer. doubt_user: what is known of
     * the user may be out of date. */
    void (*seek_user)(void *owner, struct sw_sought *sought);
    void (*forget_sought)(void *owner, struct sw_sought *sought);
    void (*doubt_user)(void *owner, const struct sw_sought *sought);
    /* Have sw_sessions_cancel() called by the workers, beginning with that of cancel->id
     * (whatever that is), until one knows the session, and then sw_sessions_cancelled() here.
     */
    void (*carry_cancel)(void *owner, struct sw_cancel *cancel);
    void *owner;
};

struct sw_sessions *sw_sessions_create(const struct sw_sessions_setup *setup);
/* From now on clients log in by @map (shared), and sessions follow it between two statements
 * when no transaction is open. One whose user or database is gone ends then (57P01). The
 * verifiers must have been prepared for it. */
void sw_sessions_use_map(struct sw_sessions *sessions, struct sw_map *map);
/* From now on reads go to the replicas that @state (shared) tells of. */
void sw_sessions_use_state(struct sw_sessions *sessions, struct sw_state *state);
/* End every session as soon as it is outside of a transaction (57P01), and at once those that
 * have not logged in (57P03), or whose statement waits for the end of a pause and so has not
 * begun (57P01). Nobody may be welcomed any more. */
void sw_sessions_drain(struct sw_sessions *sessions);
/* From now on statements outside of transactions are planned with @catalog, which is shared. */
void sw_sessions_see_catalog(struct sw_sessions *sessions, struct sw_catalog *catalog);
/* A client has connected; takes the socket. One too many (@is_surplus) may cancel what another
 * one does, but not log in (53300). */
void sw_sessions_welcome(struct sw_sessions *sessions, int fd, bool is_surplus);
/* By far too many have connected: it is told so (53300). Takes the socket. */
void sw_sessions_turn_away(int fd);
/* Cancel what the session of that id and key runs at this moment: nothing, perhaps. False: it
 * is not one of these. */
bool sw_sessions_cancel(struct sw_sessions *sessions, const struct sw_cancel *cancel);
/* The cancel has come back to where it started; takes it. */
void sw_sessions_cancelled(struct sw_cancel *cancel);
/* What one client is about. Texts are borrowed for the call. */
enum sw_client_state {
    SW_CLIENT_LOGIN,   /* greeting, password, first settings */
    SW_CLIENT_IDLE,    /* outside of a transaction */
    SW_CLIENT_OPEN,    /* in a transaction, between statements */
    SW_CLIENT_WAITING, /* for a server connection */
    SW_CLIENT_ACTIVE,  /* a server works for it */
    SW_CLIENT_STATES,  /* their number */
};

struct sw_client_facts {
    uint32_t id;
    int fd;
    enum sw_client_state state;
    const char *user, *database; /* NULL before the start-up packet */
    const char *application;     /* as it calls itself; NULL: it does not */
    const char *shard;           /* where its statement or transaction is; NULL: nowhere */
    int server_fd; /* the socket of its server connection, of one of several; -1: none */
    uint64_t connected_s, asked_s;    /* Unix time; asked_s 0: not yet */
    uint64_t busy_us;                 /* of the statement that waits or runs */
    uint64_t received, sent, queries; /* bytes, and simple queries or batches */
    char tls[SW_TLS_PRINT];           /* version and cipher; empty: none */
};

void sw_sessions_each(const struct sw_sessions *sessions,
                      void (*on_client)(void *owner, const struct sw_client_facts *facts),
                      void *owner);
/* A transaction that a client has open, as BEGIN, or a batch without its Sync, opens it. */
struct sw_transaction_facts {
    const struct sw_client_facts *client;
    bool has_failed;
    uint64_t began_us, asked_us; /* Unix time: of its start; of the last statement that needed
                                    a server, 0: none did */
    const struct sw_participant *participants; /* see txn.h; none yet */
    int participant_count;
};

void sw_sessions_each_transaction(
    const struct sw_sessions *sessions,
    void (*on_transaction)(void *owner, const struct sw_transaction_facts *facts), void *owner);
/* Of each client no more than what it does, and for which database (NULL: not said yet). */
void sw_sessions_each_state(const struct sw_sessions *sessions,
                            void (*on_client)(void *owner, const char *database,
                                              enum sw_client_state state),
                            void *owner);
/* Each server connection, by its socket, that the client @id holds. */
void sw_sessions_each_held(const struct sw_sessions *sessions,
                           void (*on_held)(void *owner, uint32_t id, int server_fd),
                           void *owner);
/* Roughly what is kept, in bytes: clients without what is under way on their sockets. */
struct sw_sessions_memory {
    uint64_t clients, client_bytes;
    uint64_t plans, plan_bytes;                      /* the statement cache */
    uint64_t plan_hits, plan_misses, plan_evictions; /* of it, since the start */
    uint64_t tallies, tally_bytes;
};

void sw_sessions_measure(const struct sw_sessions *sessions, struct sw_sessions_memory *memory);
/* End the client @id, or (@id 0) all of @database: it is told 57P01, its transaction is rolled
 * back. A server that works for it is left, and ends the statement when it notices that (within
 * a second). Returns how many. */
int sw_sessions_kill(struct sw_sessions *sessions, uint32_t id, const char *database);

/*
 * A pause of @database, or (NULL) of all: transactions and statements under way go on until
 * their servers are released; everything else waits, logins too, without a deadline, until the
 * pause is resumed. Resuming all also resumes databases that were paused by name.
 */
void sw_sessions_pause(struct sw_sessions *sessions, const char *database);
void sw_sessions_resume(struct sw_sessions *sessions, const char *database);
/* Is @database paused, by name or with all? NULL: are all? */
bool sw_sessions_are_paused(const struct sw_sessions *sessions, const char *database);
/* How many sessions of @database (NULL: of all) hold a server, or wait for one. */
int sw_sessions_holding(const struct sw_sessions *sessions, const char *database);

/* Tell all clients goodbye (57P01) and close their connections; the memory follows with the
 * loop. Accepts NULL. */
void sw_sessions_close(struct sw_sessions *sessions);

#endif
