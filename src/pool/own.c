/*
 * Connections that one client has for itself: the pool opens each for the lease that waits for
 * it, and keeps none.
 */
#include "internal.h"

#include "shardward/base/mem.h"

struct sw_own_dial {
    struct sw_pool *pool;
    struct sw_own_lease *own; /* NULL: nobody waits for it any longer */
};

static struct sw_own_lease *own_of(struct sw_lease *lease)
{
    return SW_OWNER(lease, struct sw_own_lease, lease);
}

void sw_own_lease_unbind(struct sw_lease *lease)
{
    struct sw_own_lease *own = own_of(lease);

    if (own->dial != NULL)
        own->dial->own = NULL;
    own->dial = NULL;
}

static void on_idle_lost(void *owner, struct sw_backend *backend)
{
    sw_pool_drop(owner, backend);
}

static void lend(struct sw_pool *pool, struct sw_own_lease *own, struct sw_dialled *dialled)
{
    struct sw_lease *lease = &own->lease;

    lease->backend =
        sw_backend_adopt(pool->pools->loop, dialled, pool->limits.prepared, on_idle_lost, pool);
    sw_hub_opened(pool->hub);
    sw_pool_end_outage(pool);
    sw_pool_greet(pool, lease->backend);
    sw_pool_stop_waiting(lease);
    sw_list_push_back(&pool->lent, &sw_backend_card(lease->backend)->link);
    pool->lent_count++;
    sw_backend_guard(lease->backend, pool->standing.is_followed);
    lease->on_lent(lease->owner);
}

/* For a primary. */
static bool goes_on_waiting(struct sw_pool *pool, const struct sw_error *err)
{
    if (pool->is_open && (!pool->standing.is_followed || !sw_pool_is_worth_waiting(pool, err)))
        return false;
    sw_pool_rest(pool);
    return true;
}

/* What a server says of one client's wishes concerns nobody else. */
static void fail(struct sw_pool *pool, struct sw_own_lease *own, const struct sw_error *err)
{
    sw_pool_hint_error(pool, err);
    if (own == NULL || goes_on_waiting(pool, err))
        return;
    sw_pool_stop_waiting(&own->lease);
    own->lease.on_refused(own->lease.owner, err);
}

static void on_dialled(void *owner, struct sw_dialled *dialled, const struct sw_error *err)
{
    struct sw_own_dial *dial = owner;
    struct sw_own_lease *own = dial->own;
    struct sw_pool *pool = dial->pool;
    struct sw_error why;
    bool is_late = dialled != NULL && sw_pool_is_late(pool, dialled);

    free(dial);
    pool->dialling_count--;
    if (own != NULL)
        own->dial = NULL;
    if (dialled != NULL && !is_late && !sw_pool_is_vouched(pool, dialled, &why))
        err = &why;
    if (own != NULL && !is_late && err == NULL) {
        lend(pool, own, dialled);
        return;
    }
    sw_dialled_free(dialled);
    (void)sw_hub_release(pool->hub, pool->pools->worker, false);
    if (err != NULL)
        fail(pool, own, err);
    sw_pool_serve(pool);
}

/* The longest waiter for whom nothing is under way. */
static struct sw_own_lease *next_waiter(const struct sw_pool *pool)
{
    for (struct sw_link *link = pool->waiting.next; link != &pool->waiting; link = link->next) {
        struct sw_own_lease *own = own_of(SW_OWNER(link, struct sw_lease, link));

        if (own->dial == NULL)
            return own;
    }
    return NULL;
}

void sw_pool_dial_own(struct sw_pool *pool)
{
    struct sw_own_lease *own = next_waiter(pool);
    struct sw_own_dial *dial = sw_alloc_zero(1, sizeof *dial);

    dial->pool = pool;
    dial->own = own;
    own->dial = dial;
    sw_pool_dial_with(pool, own->options, on_dialled, dial);
}

void sw_own_lease_init(struct sw_own_lease *own, const char *options,
                       void (*on_lent)(void *owner),
                       void (*on_refused)(void *owner, const struct sw_error *err), void *owner)
{
    sw_lease_init(&own->lease, on_lent, on_refused, owner);
    own->options = options;
    own->dial = NULL;
}

void sw_pool_borrow_own(struct sw_pool *pool, struct sw_own_lease *own)
{
    (void)sw_pool_borrow(pool, &own->lease);
}
