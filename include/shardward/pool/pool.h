/*
 * pool - who holds which server connection: one pool per user, shard and node.
 *
 * A pool lends its backends, most recently used first, opens more while someone waits and its
 * size allows, and serves those who wait in the order in which they came. Its size holds for
 * all workers together; this page is one worker's half, for its thread alone. While nobody
 * waits, borrowing and returning takes no lock and no system call. See hub.h for how the halves
 * share.
 */
#ifndef SW_POOL_POOL_H
#define SW_POOL_POOL_H

#include "shardward/backend/backend.h"
#include "shardward/backend/canceller.h"
#include "shardward/backend/dialler.h"
#include "shardward/pool/hub.h"
#include "shardward/topology/map.h"
#include "shardward/topology/state.h"

struct sw_pools;
struct sw_pool;

/* What the connections of a pool are for. */
enum sw_pool_kind {
    SW_POOL_SHARED,  /* whoever comes next */
    SW_POOL_OWN,     /* one client each, see struct sw_own_lease */
    SW_POOL_ERRANDS, /* statements of ours, of a user whose clients keep the others: only one */
    SW_POOL_REPLICA, /* reads on one replica: whoever comes next */
};

/* What a pool has met that tells of a node. */
enum sw_pool_hint {
    SW_POOL_HINT_UNREACHABLE, /* it cannot be connected to */
    SW_POOL_HINT_LOST,        /* a connection was lost */
    SW_POOL_HINT_ENDING,      /* it ends, or starts (57P01, 57P02, 57P03) */
    SW_POOL_HINT_STANDBY,     /* it says that it is none or no longer a primary */
    SW_POOL_HINT_RESTARTED,   /* it was started at another time than is vouched for */
    SW_POOL_HINT_UNHEARD,     /* its host confirms nothing of what it was sent */
};

/* The right to use a backend; embedded in its owner. */
struct sw_lease {
    struct sw_link link; /* in the queue of those who wait */
    struct sw_pool *pool;
    struct sw_backend *backend;     /* NULL: none (yet) */
    uint64_t since_ms, deadline_ms; /* of the waiting; deadline 0: none */
    bool is_parked;                 /* counted among those who wait for a primary */
    bool is_surplus;                /* ... or one too many of those: to be refused */
    void (*on_lent)(void *owner);
    void (*on_refused)(void *owner, const struct sw_error *err);
    void *owner;
};

/* Which server a connection that is lent leads to. */
struct sw_origin {
    int generation;     /* of the cluster's primary */
    int timeline;       /* the one of that generation; 0: not known */
    int64_t started_us; /* its postmaster, by its own clock since 1970 */
    uint64_t opened_ms; /* the connection, by the loop's clock */
    int sessions_ended; /* with nodes of the cluster until now, see sw_cluster_state */
};

/*
 * The right to a connection that is opened for its owner alone and closed behind it, of a pool
 * that lends no others. Ends with sw_lease_discard().
 */
struct sw_own_lease {
    struct sw_lease lease;
    const char *options; /* of the server's start-up packet; borrowed while it waits */
    struct sw_own_dial *dial;
};

/* All are borrowed until sw_pools_close(), but the map, which is shared. */
struct sw_pools_setup {
    int worker;
    struct sw_loop *loop;
    struct sw_mailbox *mailbox; /* of the loop */
    struct sw_hub *hub;
    struct sw_dialler *dialler;
    struct sw_canceller *canceller;
    struct sw_map *map;
    struct sw_state *state; /* of the map's nodes */
    /* NULL: nobody wants to know. On the worker's thread; texts are borrowed for the call. */
    void (*on_hint)(void *owner, const char *cluster, const char *node, enum sw_pool_hint hint);
    void *owner;
};

/* Begins to open the connections that pools are to have at the least. */
struct sw_pools *sw_pools_create(const struct sw_pools_setup *setup);
/* From now on @map (shared) tells of users, shards and limits. Pools that it no longer names
 * close their connections: idle ones now, lent ones when they come back. */
void sw_pools_use_map(struct sw_pools *pools, struct sw_map *map);
/*
 * From now on @state (shared) tells where each cluster's primary is, and what becomes of those
 * who need it: see enum sw_admission.
 *
 * While a primary does not admit, nothing is lent and nothing opened. Who waits does so for
 * timeouts.failover instead of timeouts.lease, limits.failover_waiting of them for a cluster
 * (57P03), and follows the primary to another node. Connections that are lent are lost to their
 * owners at once (57P01, SW_LOSS_LEFT), be it from here: unless it is SW_DRAIN. Connections to
 * a node that is not the primary any more, or to an earlier generation of it, are closed.
 */
void sw_pools_use_state(struct sw_pools *pools, struct sw_state *state);
/* What the pools know of @cluster; NULL: nothing. Borrowed until the next state. */
const struct sw_cluster_state *sw_pools_cluster(const struct sw_pools *pools,
                                                const struct sw_cluster *cluster);
/* How many connections to the primary of @cluster are lent. */
int sw_pools_lent(const struct sw_pools *pools, const char *cluster);
/* Close all connections, after sw_hub_stop(); no lease may be out or waiting, the dialler and
 * the mailbox must have been closed. Accepts NULL. */
void sw_pools_close(struct sw_pools *pools);

/* Where the primary of @shard is, or was last known to be; as long as the state is in use. */
const struct sw_node *sw_pools_primary(const struct sw_pools *pools,
                                       const struct sw_shard *shard);
/* The pool of @user's connections to the primary of @shard; made when first asked for. Both may
 * be of an earlier map that the caller keeps. */
struct sw_pool *sw_pools_get(struct sw_pools *pools, const struct sw_user *user,
                             const struct sw_shard *shard);
/* The same of another kind than SHARED. */
struct sw_pool *sw_pools_get_kind(struct sw_pools *pools, const struct sw_user *user,
                                  const struct sw_shard *shard, enum sw_pool_kind kind);

/* The pool of @user's connections to @node, a replica of the cluster of @shard. Of a node that
 * is none, or cannot be connected to, whoever waits is told so at once (25006, or the error).
 */
struct sw_pool *sw_pools_get_replica(struct sw_pools *pools, const struct sw_user *user,
                                     const struct sw_shard *shard, const struct sw_node *node);
/* How many connections of this worker's half are lent or waited for. */
int sw_pool_outstanding(const struct sw_pool *pool);

/* May each of these pools lend a connection at the same time? False: 53300, they share a limit
 * that is lower; with a hint at it. */
bool sw_pools_fit_together(struct sw_pool *const *pools, int count, struct sw_error *err);

/* How one worker's half of a pool is. Texts are borrowed for the call. */
struct sw_pool_facts {
    const char *user, *database, *shard, *node, *address, *dbname, *server_user;
    int port;
    enum sw_pool_mode mode;
    int size, reserve; /* of all workers */
    int idle, lent, opening, waiting;
    uint64_t longest_wait_ms;
};

void sw_pools_each(const struct sw_pools *pools,
                   void (*on_pool)(void *owner, const struct sw_pool_facts *facts),
                   void *owner);
/* One open connection that is idle or lent. */
struct sw_server_facts {
    const struct sw_pool_facts *pool;
    bool is_lent;
    bool is_spent;               /* to be closed when it comes back */
    int fd, pid;                 /* our socket; the server's process */
    uint64_t open_ms, unused_ms; /* for how long */
    char tls[SW_TLS_PRINT];      /* version and cipher; empty: none */
};

void sw_pools_each_server(const struct sw_pools *pools,
                          void (*on_server)(void *owner, const struct sw_server_facts *facts),
                          void *owner);
/* Replace the connections of the pools that are meant (NULL: of all): idle ones are closed now,
 * lent ones when they come back. Holds for all workers once each has been asked. */
void sw_pools_reconnect(struct sw_pools *pools,
                        bool (*is_meant)(void *owner, const struct sw_pool_facts *facts),
                        void *owner);

void sw_lease_init(struct sw_lease *lease, void (*on_lent)(void *owner),
                   void (*on_refused)(void *owner, const struct sw_error *err), void *owner);

/*
 * Ask for a backend. True: it is lent at once. False: @lease waits, borrowed until exactly one
 * of on_lent and on_refused has been called, or sw_lease_forget(). Refused with 53300 when the
 * lease timeout has passed, with 57P03 when a primary does not come or must not be waited for,
 * with the server's own error when no connection can be opened.
 */
bool sw_pool_borrow(struct sw_pool *pool, struct sw_lease *lease);
/* The same with a connection of one's own, of a pool of kind OWN. It is never lent at once;
 * refused, besides, with what the server says to the options. */
void sw_own_lease_init(struct sw_own_lease *own, const char *options,
                       void (*on_lent)(void *owner),
                       void (*on_refused)(void *owner, const struct sw_error *err),
                       void *owner);
void sw_pool_borrow_own(struct sw_pool *pool, struct sw_own_lease *own);
/* @to has the backend that is lent to @from. */
void sw_lease_move(struct sw_lease *to, struct sw_lease *from);
/* Stop waiting. */
void sw_lease_forget(struct sw_lease *lease);
/* Ask the server of a backend that is lent to cancel what it does: see sw_backend_cancel(). */
void sw_lease_cancel(struct sw_lease *lease);
void sw_lease_origin(const struct sw_lease *lease, struct sw_origin *origin);
/* Of a replica's backend: how far it has replayed the WAL at the least, from what others of its
 * pool have been told since it was opened; 0: not known. */
uint64_t sw_lease_replayed(const struct sw_lease *lease);
/* ... it has told @lsn, when it was asked at @asked_ms of its loop. */
void sw_lease_note_replayed(struct sw_lease *lease, uint64_t lsn, uint64_t asked_ms);
/* ... it has not replayed what it was asked for. */
void sw_lease_note_behind(struct sw_lease *lease);
/* Has a backend of a replica's pool said so a moment ago, and none that it has come to @lsn? */
bool sw_pool_is_behind(const struct sw_pool *pool, uint64_t lsn);
/* Give the backend back: it is idle, outside of a transaction, and nobody's. */
void sw_lease_return(struct sw_lease *lease);
/* Give the backend up: it is lost, or in an unknown state. */
void sw_lease_discard(struct sw_lease *lease);

#endif
