/*
 * pool - who holds which server connection: one pool per user, shard and node.
 *
 * A pool lends its backends, most recently used first, opens more while someone waits and its
 * size allows, and serves those who wait in the order in which they came. One thread.
 */
#ifndef SW_POOL_POOL_H
#define SW_POOL_POOL_H

#include "shardward/backend/backend.h"
#include "shardward/backend/dialler.h"
#include "shardward/topology/map.h"

struct sw_pools;
struct sw_pool;

/* The right to use a backend; embedded in its owner. */
struct sw_lease {
    struct sw_link link; /* in the queue of those who wait */
    struct sw_pool *pool;
    struct sw_backend *backend; /* NULL: none (yet) */
    uint64_t deadline_ms;
    void (*on_lent)(void *owner);
    void (*on_refused)(void *owner, const struct sw_error *err);
    void *owner;
};

/* All are borrowed until sw_pools_close(); @mailbox is that of @loop. */
struct sw_pools *sw_pools_create(struct sw_loop *loop, struct sw_mailbox *mailbox,
                                 struct sw_dialler *dialler, const struct sw_map *map);
/* Close all connections; no lease may be out or waiting, and no dial under way. Accepts NULL.
 */
void sw_pools_close(struct sw_pools *pools);

/* The pool of @user's connections to the primary of @shard; made when first asked for. */
struct sw_pool *sw_pools_get(struct sw_pools *pools, const struct sw_user *user,
                             const struct sw_shard *shard);

void sw_lease_init(struct sw_lease *lease, void (*on_lent)(void *owner),
                   void (*on_refused)(void *owner, const struct sw_error *err), void *owner);

/*
 * Ask for a backend. True: it is lent at once. False: @lease waits, borrowed until exactly one
 * of on_lent and on_refused has been called, or sw_lease_forget(). Refused with 53300 when the
 * lease timeout has passed, with the server's own error when no connection can be opened.
 */
bool sw_pool_borrow(struct sw_pool *pool, struct sw_lease *lease);
/* Stop waiting. */
void sw_lease_forget(struct sw_lease *lease);
/* Give the backend back: it is idle, outside of a transaction, and nobody's. */
void sw_lease_return(struct sw_lease *lease);
/* Give the backend up: it is lost, or in an unknown state. */
void sw_lease_discard(struct sw_lease *lease);

#endif
