/*
 * The files of this room, and what they share.
 *
 *   turn.c    whose turn it is: pure
 *   hub.c     what the halves of a pool share, under a lock
 *   quota.c   how many connections several pools may have together
 *   lend.c    one worker's half: borrowing, waiting, returning, giving away
 *   own.c     ... with connections that one client has for itself
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
    char *user, *database, *shard, *node; /* names in the configuration */
    char *address, *dbname, *server_user, *server_password;
    int port;
    struct sw_tls_client *tls;
    enum sw_pool_kind kind;
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

struct sw_pool {
    struct sw_link link; /* in all of the worker */
    struct sw_pools *pools;
    struct sw_hub_pool *hub;
    struct sw_pool_place place;
    struct sw_config_pool limits;
    struct sw_link idle;    /* backends, most recently used first */
    struct sw_link lent;    /* backends */
    struct sw_link probing; /* checks of backends that were idle for long */
    struct sw_link waiting; /* leases, longest waiter first */
    int idle_count, probing_count, waiting_count;
    int lent_count, dialling_count;
    bool is_retired;        /* the map no longer names it: nothing is kept */
    bool is_known_needy;    /* the hub was told of a need */
    uint64_t rest_until_ms; /* nothing is opened before */
    struct sw_outage outage;
    struct sw_task serve;
    struct sw_timer *alarm; /* the longest waiter's deadline, or the end of the rest */
};

struct sw_pools {
    int worker;
    struct sw_map *map;     /* the current one */
    struct sw_pool **table; /* of its users and shards; NULL where none was asked for yet */
    struct sw_loop *loop;
    struct sw_mailbox *mailbox;
    struct sw_hub *hub;
    struct sw_dialler *dialler;
    struct sw_canceller *canceller;
    int connect_ms, lease_ms;
    struct sw_link all;
    struct sw_textmap by_key;           /* of places */
    struct sw_settings_shared reported; /* parameters as servers report them */
    struct sw_timer *keeper;
    uint32_t random;
};

/* lend.c */
void sw_pool_serve(void *pool);
void sw_pool_on_alarm(void *pool);
void sw_pool_on_alert(struct sw_letter *letter);
void sw_pool_on_gift(struct sw_letter *letter);
/* Open one more; the right to do so has been taken. */
void sw_pool_dial(struct sw_pool *pool);
void sw_pool_dial_with(struct sw_pool *pool, const char *options, sw_on_dialled *on_dialled,
                       void *owner);
void sw_pool_stop_waiting(struct sw_lease *lease);
/* A backend without user has become free, or useless. */
void sw_pool_put_idle(struct sw_pool *pool, struct sw_backend *backend);
void sw_pool_drop(struct sw_pool *pool, struct sw_backend *backend);
struct sw_backend *sw_pool_first_idle(const struct sw_pool *pool);
struct sw_backend *sw_pool_last_idle(const struct sw_pool *pool);
void sw_pool_take_idle(struct sw_pool *pool, struct sw_backend *backend);

/* own.c */

/* ... for the longest waiter for whom none is being opened; there is one. */
void sw_pool_dial_own(struct sw_pool *pool);
/* It does not wait any longer for what is being opened for it. */
void sw_own_lease_unbind(struct sw_lease *lease);

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
/* Free a pool that holds nothing, unless letters are still on their way to it. */
void sw_pool_free_retired(struct sw_pool *pool);

#endif
