/*
 * The files of this room, and what they share.
 *
 *   turn.c    whose turn it is: pure
 *   hub.c     what the halves of a pool share, under a lock
 *   quota.c   how many connections several pools may have together
 *   lend.c    one worker's half: borrowing, opening, returning, giving away
 *   queue.c   ... those who wait, and for how long
 *   follow.c  ... where the primary is, and whether it takes anybody
 *   own.c     ... with connections that one client has for itself
 *   replica.c ... to replicas, which are read
 *   keep.c    its idle connections: checked, closed when their time is over, a minimum kept
 *   pool.c    all pools of a worker
 */
#ifndef SW_POOL_INTERNAL_H
#define SW_POOL_INTERNAL_H

#include "shardward/pool/hub.h"
#include "shardward/pool/pool.h"

#include <pthread.h>
#include <stdatomic.h>

/* --- the hub --- */

/* Where a pool's connections lead, and as whom. Owns its texts. */
struct sw_pool_place {
    char *user, *database, *shard, *cluster, *node; /* names in the configuration */
    char *address, *dbname, *server_user, *server_password;
    int port;
    struct sw_tls_client *tls;
    enum sw_pool_kind kind;
    bool is_followed; /* somebody watches the nodes of its cluster; no part of what it is */
};

/* One worker's part in a shared pool; changed under the node's lock. */
struct sw_member {
    struct sw_pool *pool; /* NULL: the worker has no half of it */
    struct sw_mailbox *mailbox;
    int held;          /* connections, idle, lent and being opened */
    int needed;        /* waiters for whom nothing is on its way */
    int incoming;      /* connections on their way from other workers */
    uint64_t first_ms; /* since when its longest waiter waits */
    struct sw_letter alert;
    atomic_bool is_alerted; /* the letter has not been read yet */
};

/* All pools of one node share its lock. */
struct sw_hub_node {
    struct sw_link link;
    char *address;
    int port;
    pthread_mutex_t lock;
    struct sw_link pools;
    int limit, open;    /* connections; limit 0: none */
    atomic_int crowded; /* pools that may grow but for the limit, and have waiters */
};

/* How many connections several pools may have together, whatever their nodes: those of a user,
 * of a database, and all. `open` changes under the quotas' lock, `crowded` under the pools'. */
struct sw_quota {
    struct sw_link link;
    char *name;
    atomic_int limit, open; /* limit 0: none */
    atomic_int crowded;     /* pools that may grow but for this, and have waiters */
};

enum { SW_QUOTAS = 3 }; /* of the user, of the database, of all */

/* Those that a pool is in. */
struct sw_quotas {
    pthread_mutex_t *lock; /* of the hub's */
    struct sw_quota *list[SW_QUOTAS];
};

/* That of a @kind and a name in @list; made when there is none. */
struct sw_quota *sw_quota_find(struct sw_link *list, const char *kind, const char *name);
void sw_quota_free(struct sw_quota *quota);
/* Is it limited, and does a pool want more of it? */
bool sw_quota_is_crowded(const struct sw_quota *quota);
/* One more of each, or of none; one less. */
bool sw_quotas_take(struct sw_quotas *quotas);
void sw_quotas_give_back(struct sw_quotas *quotas);
/* Is one of them crowded? ... and full? Is more open than one of them allows, which was
 * lowered? */
bool sw_quotas_are_crowded(const struct sw_quotas *quotas);
bool sw_quotas_are_short(const struct sw_quotas *quotas);
bool sw_quotas_are_over(const struct sw_quotas *quotas);
/* The first one that is full; SW_QUOTAS: none. */
int sw_quotas_full(const struct sw_quotas *quotas);

/* What the workers tell each other of one cluster. */
struct sw_hub_cluster {
    struct sw_link link;
    char *name;
    atomic_int parked; /* waiters for a primary that does not admit, of all workers */
    /* By worker: which state it has followed, and what is lent, if that drains. */
    struct {
        atomic_int drains; /* the version of the state; 0: it does not drain */
        atomic_int lent;
    } workers[];
};

struct sw_hub_cluster *sw_hub_cluster(struct sw_hub *hub, const char *name);

struct sw_hub_pool {
    struct sw_link link;
    struct sw_hub *hub;
    struct sw_hub_node *node;
    struct sw_quotas quotas;
    char *key;
    int size, reserve;
    uint64_t reserve_after_ms;
    int open;            /* connections of all workers, also those being opened */
    int live;            /* ... without those */
    atomic_int wanting;  /* members that need something */
    atomic_bool is_over; /* more are open than size and reserve allow: they were made smaller */
    atomic_bool is_beyond; /* more are open than the size alone allows */
    atomic_int generation; /* connections of an earlier one are closed when they come back */
    bool is_crowded, crowds_quotas;
    struct sw_member members[];
};

/* What makes two places one; to be freed. */
char *sw_pool_place_key(const struct sw_pool_place *place);

/* Take part, with @half, in the pool of its place, which is made when nobody does yet. */
struct sw_hub_pool *sw_hub_join(struct sw_hub *hub, struct sw_pool *half);
/* How many connections there may be; 0 of what is no pool's: no limit. */
struct sw_hub_limits {
    int size, reserve, reserve_after_ms;
    int node, quotas[SW_QUOTAS]; /* of the user, of the database, of all */
};

/* These hold for all workers from now on. */
void sw_hub_limit(struct sw_hub_pool *pool, const struct sw_hub_limits *limits);
/* The same limits as another one's, but at its own node. */
void sw_hub_limit_like(struct sw_hub_pool *pool, struct sw_hub_pool *like);
/* False: letters are still on their way to the half; try again later. */
bool sw_hub_leave(struct sw_hub_pool *pool, int worker);
int sw_hub_workers(const struct sw_hub *hub);
bool sw_hub_is_stopped(const struct sw_hub *hub);

/* What a worker wants of the hub. */
struct sw_hub_need {
    int waiting;               /* for whom it opens no connection yet */
    uint64_t first_ms, now_ms; /* since when its longest waiter waits; now */
    bool may_open;
};

/* Returns how many @worker may open; the rest is made known to the others. */
int sw_hub_seek(struct sw_hub_pool *pool, int worker, const struct sw_hub_need *need);
/* May @worker open one more for its stock? */
bool sw_hub_take(struct sw_hub_pool *pool, int worker);
void sw_hub_opened(struct sw_hub_pool *pool);
/* One of @worker's connections is gone, or (not @was_live) could not be opened. Returns how
 * many live on, of all workers. */
int sw_hub_release(struct sw_hub_pool *pool, int worker, bool was_live);

/* Where a connection goes that is given to another worker. */
struct sw_receiver {
    struct sw_pool *pool;
    struct sw_mailbox *mailbox;
};

/* An idle connection of @worker's, who has a waiter since @first_ms, or none (0): who gets it,
 * or -1? If another worker, it is his from now on, and *to tells where. */
int sw_hub_choose(struct sw_hub_pool *pool, int worker, uint64_t first_ms,
                  struct sw_receiver *to);
void sw_hub_received(struct sw_hub_pool *pool, int worker);
/* Does a pool of the same node or quota need an idle connection of ours to be closed? */
bool sw_hub_must_make_room(struct sw_hub_pool *pool);
/* May it be so: is it worth the question? */
bool sw_hub_is_crowded(const struct sw_hub_pool *pool);
/* Why it opens no more: it is full itself, or something that others share with it. */
enum sw_hub_bound {
    SW_BOUND_SIZE,
    SW_BOUND_NODE,
    SW_BOUND_USER,
    SW_BOUND_DATABASE,
    SW_BOUND_ALL
};
enum sw_hub_bound sw_hub_bound(struct sw_hub_pool *pool);
int sw_hub_node_limit(struct sw_hub_pool *pool); /* 0: none */
/* Are there more connections than there may be, so that one that comes back is closed? Or more
 * than the pool's size, and nobody waits at other workers? */
bool sw_hub_is_over(const struct sw_hub_pool *pool);
bool sw_hub_is_beyond(const struct sw_hub_pool *pool);

/* --- one worker's half --- */

/* The node cannot be connected to: it may be starting anew. */
struct sw_outage {
    uint64_t since_ms, seen_ms; /* its first and its last failed dial; 0: there is none */
    struct sw_error why;        /* of the last one */
};

/* What the state says of a pool's place. */
struct sw_standing {
    bool is_followed;  /* somebody watches the nodes of its cluster */
    bool is_managed;   /* ... and promotes them */
    bool is_elsewhere; /* the primary is another node */
    bool is_gone;      /* the map does not name its node any more, which was followed */
    bool is_down; /* a replica that does not answer: who reads there need not wait for it */
    enum sw_admission admission;
    int term;           /* the cluster's generation */
    int64_t vouched_us; /* the start of the postmaster that is the primary; 0: any */
    uint64_t closed_ms; /* since when the pool is not open */
};

struct sw_pool {
    struct sw_link link; /* in all of the worker */
    struct sw_pools *pools;
    struct sw_hub_pool *hub;
    struct sw_pool_place place;
    struct sw_config_pool limits;
    int unheard_ms;         /* of the configuration */
    struct sw_link idle;    /* backends, most recently used first */
    struct sw_link lent;    /* backends */
    struct sw_link probing; /* checks of backends that were idle for long */
    struct sw_link waiting; /* leases, longest waiter first */
    int idle_count, probing_count, waiting_count;
    int lent_count, dialling_count;
    bool is_retired; /* the map no longer names it: nothing is kept */
    bool is_open;    /* as far as its cluster's state goes, it may lend and open */
    struct sw_standing standing;
    uint64_t hinted_ms; /* when it gave its last hint */
    struct sw_hub_cluster *cluster;
    bool is_known_needy;    /* the hub was told of a need */
    uint64_t rest_until_ms; /* nothing is opened before */
    struct sw_outage outage;
    struct {
        uint64_t lsn, asked_ms;
    } replayed; /* by a replica, as it has told; holds for connections that were open then */
    uint64_t behind_ms; /* when a replica last had not replayed what was wanted; 0: never */
    struct sw_task serve;
    struct sw_timer *alarm; /* the longest waiter's deadline, or the end of the rest */
};

/* The pools of a user and shard to the nodes of its cluster, by their index; each NULL where
 * none was asked for yet. */
struct sw_replica_row {
    struct sw_pool **of_nodes;
};

struct sw_pools {
    int worker;
    struct sw_map *map;     /* the current one */
    struct sw_state *state; /* of it, or of one before or after it */
    struct sw_pool **table; /* of its users and shards; NULL where none was asked for yet */
    struct sw_replica_row *replicas; /* the same; NULL: none was asked for yet */
    struct sw_loop *loop;
    struct sw_mailbox *mailbox;
    struct sw_hub *hub;
    struct sw_dialler *dialler;
    struct sw_canceller *canceller;
    int connect_ms, lease_ms, failover_ms, parked_most;
    void (*on_hint)(void *owner, const char *cluster, const char *node, enum sw_pool_hint hint);
    void *owner;
    struct sw_link all;
    struct sw_textmap by_key;           /* of places */
    struct sw_settings_shared reported; /* parameters as servers report them */
    struct sw_timer *keeper;
    uint32_t random;
};

/* lend.c */
void sw_pool_serve(void *pool);
void sw_pool_on_alert(struct sw_letter *letter);
void sw_pool_on_gift(struct sw_letter *letter);
/* Open one more; the right to do so has been taken. */
void sw_pool_dial(struct sw_pool *pool);
void sw_pool_dial_with(struct sw_pool *pool, const char *options, sw_on_dialled *on_dialled,
                       void *owner);
/* Is what was dialled no longer of use? Has it led to the server that is vouched for? Else why
 * not. */
bool sw_pool_is_late(const struct sw_pool *pool, const struct sw_dialled *dialled);
bool sw_pool_is_vouched(struct sw_pool *pool, const struct sw_dialled *dialled,
                        struct sw_error *err);
/* A dial has failed: will those who wait go on waiting? */
bool sw_pool_is_worth_waiting(struct sw_pool *pool, const struct sw_error *err);
/* Nothing is opened for a moment. */
void sw_pool_rest(struct sw_pool *pool);
void sw_pool_end_outage(struct sw_pool *pool);
/* A backend without user has become free, or useless. */
void sw_pool_put_idle(struct sw_pool *pool, struct sw_backend *backend);
void sw_pool_drop(struct sw_pool *pool, struct sw_backend *backend);
struct sw_backend *sw_pool_first_idle(const struct sw_pool *pool);
struct sw_backend *sw_pool_last_idle(const struct sw_pool *pool);
void sw_pool_take_idle(struct sw_pool *pool, struct sw_backend *backend);

/* queue.c */

struct sw_lease *sw_pool_first_waiter(const struct sw_pool *pool);
/* Last in the queue, from now on. */
void sw_pool_start_waiting(struct sw_pool *pool, struct sw_lease *lease);
void sw_pool_stop_waiting(struct sw_lease *lease);
/* Those who wait for @from wait for @to (another pool), in the order in which they came. */
void sw_pool_move_waiters(struct sw_pool *from, struct sw_pool *to);
/* The pool is closed, or open again, for those who wait. */
void sw_pool_park_waiters(struct sw_pool *pool);
void sw_pool_unpark_waiters(struct sw_pool *pool);
/* Those who wait begin their time for a lease anew. */
void sw_pool_renew_waiters(struct sw_pool *pool);
/* Those who wait now; the refused may ask again at once. */
void sw_pool_refuse_all(struct sw_pool *pool, const struct sw_error *err);
void sw_pool_set_alarm(struct sw_pool *pool);
void sw_pool_on_alarm(void *pool);

/* follow.c */

/* Of a new pool: what the state says of it. */
void sw_pool_stand(struct sw_pool *pool);
/* The pool of the same connections to the node that is the primary now: itself, perhaps. */
struct sw_pool *sw_pool_successor(struct sw_pool *pool);
const char *sw_pool_why_closed(const struct sw_pool *pool); /* may be empty */
/* The map is new: who waits for a primary where it no longer leads is told, or waits on where
 * it does. */
void sw_pools_redirect(struct sw_pools *pools);
void sw_pool_hint(struct sw_pool *pool, enum sw_pool_hint hint);
/* ... if an error of the server, or of a dial, tells something. */
void sw_pool_hint_error(struct sw_pool *pool, const struct sw_error *err);
/* One that was lent has come back. */
void sw_pool_note_back(const struct sw_pool *pool);

/* own.c */

/* ... for the longest waiter for whom none is being opened; there is one. */
void sw_pool_dial_own(struct sw_pool *pool);
/* It does not wait any longer for what is being opened for it. */
void sw_own_lease_unbind(struct sw_lease *lease);

/* replica.c */
/* The table of replicas' pools, which is of @map (NULL: there is none). */
void sw_pools_forget_replicas(struct sw_pools *pools, const struct sw_map *map);

/* keep.c */
/* Write the card of a new backend. */
void sw_pool_greet(struct sw_pool *pool, struct sw_backend *backend);
/* Is its time over? */
bool sw_pool_is_spent(const struct sw_pool *pool, struct sw_backend *backend, uint64_t now_ms);
/* Was it idle for so long that it has to be probed first? */
bool sw_pool_is_stale(const struct sw_pool *pool, struct sw_backend *backend, uint64_t now_ms);
/* Probe an idle backend; it is idle again, or dropped, afterwards. */
void sw_pool_probe(struct sw_pool *pool, struct sw_backend *backend);
/* Give up the probes that were due at @now_ms. */
void sw_pool_end_probes(struct sw_pool *pool, uint64_t now_ms);
void sw_pool_drop_spent(struct sw_pool *pool, uint64_t now_ms);
void sw_pools_keep(void *pools);

/* pool.c */
/* That of another place, made when there is none, as @like is. */
struct sw_pool *sw_pools_find_like(struct sw_pools *pools, const struct sw_pool_place *place,
                                   const struct sw_pool *like);
/* Where the map has the same data of the same cluster for the same user; NULL: nowhere. */
struct sw_pool *sw_pools_find_heir(struct sw_pools *pools, const struct sw_pool_place *place);
/* Look up all pools of the map again. */
void sw_pools_look_up(struct sw_pools *pools);
struct sw_pool *sw_pools_find_at(struct sw_pools *pools, const struct sw_user *user,
                                 const struct sw_shard *shard, const struct sw_node *node,
                                 enum sw_pool_kind kind, bool makes);
/* Free a pool that holds nothing, unless letters are still on their way to it. */
void sw_pool_free_retired(struct sw_pool *pool);

#endif
