#include "shardward/pool/pool.h"

#include "shardward/base/log.h"
#include "shardward/base/mem.h"

#include <stdio.h>

struct sw_pool {
    struct sw_link link; /* in all */
    struct sw_pools *pools;
    const struct sw_user *user;
    const struct sw_shard *shard;
    const struct sw_node *node;
    struct sw_link idle;    /* backends, most recently used first */
    struct sw_link waiting; /* leases, longest waiter first */
    int waiting_count;
    int open_count; /* backends, idle and lent */
    int dialling_count;
    struct sw_task serve;
    struct sw_timer *deadline; /* of the longest waiter */
};

enum { RECENT = 64 };

struct sw_pools {
    struct sw_loop *loop;
    struct sw_mailbox *mailbox;
    struct sw_dialler *dialler;
    int connect_ms, lease_ms;
    struct sw_link all;
    struct sw_textmap by_key;
    struct sw_pool *recent[RECENT]; /* by the hash of user and shard; looked at first */
    struct sw_settings_shared reported;
    bool is_closing;
};

static void dial_more(struct sw_pool *pool);

static struct sw_lease *first_waiter(const struct sw_pool *pool)
{
    struct sw_link *link = sw_list_first(&pool->waiting);

    return link == NULL ? NULL : SW_OWNER(link, struct sw_lease, link);
}

static void stop_waiting(struct sw_lease *lease)
{
    sw_link_remove(&lease->link);
    lease->pool->waiting_count--;
}

static void watch_deadline(struct sw_pool *pool)
{
    const struct sw_lease *first = first_waiter(pool);
    uint64_t now_ms = sw_loop_now_ms(pool->pools->loop);

    if (first == NULL || pool->pools->lease_ms == 0)
        sw_timer_stop(pool->deadline);
    else
        sw_timer_start(pool->deadline,
                       first->deadline_ms > now_ms ? first->deadline_ms - now_ms : 0);
}

static void on_deadline(void *owner)
{
    struct sw_pool *pool = owner;
    uint64_t now_ms = sw_loop_now_ms(pool->pools->loop);
    struct sw_lease *lease;
    struct sw_error err;

    sw_error_set(&err, "53300", "no server connection to shard \"%s\" became free within %d ms",
                 pool->shard->name, pool->pools->lease_ms);
    sw_error_hint(&err, "Raise users.%s.pool.size, or timeouts.lease.", pool->user->name);
    while ((lease = first_waiter(pool)) != NULL && lease->deadline_ms <= now_ms) {
        stop_waiting(lease);
        lease->on_refused(lease->owner, &err);
    }
    watch_deadline(pool);
}

static void lend(struct sw_pool *pool, struct sw_lease *lease)
{
    struct sw_link *link = sw_list_first(&pool->idle);

    sw_link_remove(link);
    lease->backend = sw_backend_of_link(link);
}

/* Idle backends go to those who wait. */
static void serve(void *owner)
{
    struct sw_pool *pool = owner;
    struct sw_lease *lease;

    while ((lease = first_waiter(pool)) != NULL && sw_list_first(&pool->idle) != NULL) {
        stop_waiting(lease);
        lend(pool, lease);
        lease->on_lent(lease->owner);
    }
    dial_more(pool);
    watch_deadline(pool);
}

static void on_idle_lost(void *owner, struct sw_backend *backend)
{
    struct sw_pool *pool = owner;

    pool->open_count--;
    sw_backend_close(backend);
}

static void refuse_all(struct sw_pool *pool, const struct sw_error *err)
{
    struct sw_lease *lease;

    while ((lease = first_waiter(pool)) != NULL) {
        stop_waiting(lease);
        lease->on_refused(lease->owner, err);
    }
    watch_deadline(pool);
}

static void on_dialled(void *owner, struct sw_dialled *dialled, const struct sw_error *err)
{
    static struct sw_log_limit limit;
    struct sw_pool *pool = owner;

    pool->dialling_count--;
    if (dialled != NULL) {
        struct sw_backend *backend =
            sw_backend_adopt(pool->pools->loop, dialled, on_idle_lost, pool);

        pool->open_count++;
        sw_backend_share_reported(backend, &pool->pools->reported);
        sw_list_push_front(&pool->idle, sw_backend_link(backend));
        serve(pool);
        return;
    }
    sw_log_limited(&limit, SW_LOG_WARNING, "dial-failed",
                   "shard=%s node=%s user=%s sqlstate=%s reason=\"%s\"", pool->shard->name,
                   pool->node->name, pool->user->server_user, err->sqlstate, err->message);
    /* While other connections of the pool live, they will serve those who wait. */
    if (pool->open_count == 0 && pool->dialling_count == 0)
        refuse_all(pool, err);
}

static void dial_more(struct sw_pool *pool)
{
    const struct sw_dial dial = {
        .address = pool->node->address,
        .port = pool->node->port,
        .dbname = pool->shard->dbname,
        .user = pool->user->server_user,
        .password = pool->user->server_password,
        .timeout_ms = pool->pools->connect_ms,
        .mailbox = pool->pools->mailbox,
        .on_dialled = on_dialled,
        .owner = pool,
    };

    while (pool->dialling_count < pool->waiting_count &&
           pool->open_count + pool->dialling_count < pool->user->pool_size) {
        pool->dialling_count++;
        sw_dialler_dial(pool->pools->dialler, &dial);
    }
}

struct sw_pools *sw_pools_create(struct sw_loop *loop, struct sw_mailbox *mailbox,
                                 struct sw_dialler *dialler, const struct sw_map *map)
{
    struct sw_pools *pools = sw_alloc_zero(1, sizeof *pools);

    pools->loop = loop;
    pools->mailbox = mailbox;
    pools->dialler = dialler;
    pools->connect_ms = map->config->timeouts.connect_ms;
    pools->lease_ms = map->config->timeouts.lease_ms;
    sw_link_init(&pools->all);
    sw_textmap_init(&pools->by_key);
    return pools;
}

static struct sw_pool **recent_slot(struct sw_pools *pools, const struct sw_user *user,
                                    const struct sw_shard *shard)
{
    uint64_t mixed = ((uint64_t)(uintptr_t)user * 31 + (uint64_t)(uintptr_t)shard) *
                     UINT64_C(0x9e3779b97f4a7c15);

    return &pools->recent[mixed >> 58];
}

static struct sw_pool *find_pool(struct sw_pools *pools, const struct sw_user *user,
                                 const struct sw_shard *shard)
{
    char key[256];
    struct sw_pool *pool;

    (void)snprintf(key, sizeof key, "%d %s", shard->id, user->name);
    pool = sw_textmap_get(&pools->by_key, key);
    if (pool != NULL)
        return pool;
    pool = sw_alloc_zero(1, sizeof *pool);
    pool->pools = pools;
    pool->user = user;
    pool->shard = shard;
    pool->node = &shard->cluster->nodes[0];
    sw_link_init(&pool->idle);
    sw_link_init(&pool->waiting);
    sw_task_init(&pool->serve, serve, pool);
    pool->deadline = sw_timer_create(pools->loop, on_deadline, pool);
    sw_list_push_back(&pools->all, &pool->link);
    (void)sw_textmap_put(&pools->by_key, key, pool);
    return pool;
}

struct sw_pool *sw_pools_get(struct sw_pools *pools, const struct sw_user *user,
                             const struct sw_shard *shard)
{
    struct sw_pool **recent = recent_slot(pools, user, shard);

    if (*recent == NULL || (*recent)->user != user || (*recent)->shard != shard)
        *recent = find_pool(pools, user, shard);
    return *recent;
}

static void free_pool(struct sw_pool *pool)
{
    struct sw_link *link;

    while ((link = sw_list_first(&pool->idle)) != NULL)
        sw_backend_close(sw_backend_of_link(link));
    sw_task_cancel(&pool->serve);
    sw_timer_close(pool->deadline);
    free(pool);
}

void sw_pools_close(struct sw_pools *pools)
{
    struct sw_link *link, *next;

    if (pools == NULL)
        return;
    for (link = pools->all.next; link != &pools->all; link = next) {
        next = link->next;
        free_pool(SW_OWNER(link, struct sw_pool, link));
    }
    sw_textmap_finish(&pools->by_key);
    sw_settings_shared_finish(&pools->reported);
    free(pools);
}

void sw_lease_init(struct sw_lease *lease, void (*on_lent)(void *owner),
                   void (*on_refused)(void *owner, const struct sw_error *err), void *owner)
{
    *lease = (struct sw_lease){.on_lent = on_lent, .on_refused = on_refused, .owner = owner};
    sw_link_init(&lease->link);
}

bool sw_pool_borrow(struct sw_pool *pool, struct sw_lease *lease)
{
    lease->pool = pool;
    if (pool->waiting_count == 0 && sw_list_first(&pool->idle) != NULL) {
        lend(pool, lease);
        return true;
    }
    lease->deadline_ms = sw_loop_now_ms(pool->pools->loop) + (uint64_t)pool->pools->lease_ms;
    sw_list_push_back(&pool->waiting, &lease->link);
    pool->waiting_count++;
    dial_more(pool);
    if (first_waiter(pool) == lease)
        watch_deadline(pool);
    return false;
}

void sw_lease_forget(struct sw_lease *lease)
{
    if (sw_link_is_linked(&lease->link))
        stop_waiting(lease);
}

void sw_lease_return(struct sw_lease *lease)
{
    struct sw_pool *pool = lease->pool;

    sw_backend_leave(lease->backend);
    sw_backend_share_reported(lease->backend, &pool->pools->reported);
    sw_list_push_front(&pool->idle, sw_backend_link(lease->backend));
    lease->backend = NULL;
    if (pool->waiting_count > 0)
        sw_task_post(pool->pools->loop, &pool->serve);
}

void sw_lease_discard(struct sw_lease *lease)
{
    struct sw_pool *pool = lease->pool;

    pool->open_count--;
    sw_backend_close(lease->backend);
    lease->backend = NULL;
    if (pool->waiting_count > 0)
        sw_task_post(pool->pools->loop, &pool->serve);
}
