/*
 * Those who wait for a connection of a pool, in the order in which they came, and for how long:
 *
 *   for a free one          timeouts.lease: 53300, or what the server said
 *   for a primary           timeouts.failover, from when it was lost, or from their coming:
 *                           57P03; only limits.failover_waiting of a cluster, else at once
 *   where none will come    not at all: 57P03
 *
 * When there is a primary again their time for a free connection begins anew.
 */
#include "internal.h"

static uint64_t now_ms(const struct sw_pool *pool)
{
    return sw_loop_now_ms(pool->pools->loop);
}

static struct sw_lease *lease_of(struct sw_link *link)
{
    return SW_OWNER(link, struct sw_lease, link);
}

struct sw_lease *sw_pool_first_waiter(const struct sw_pool *pool)
{
    struct sw_link *link = sw_list_first(&pool->waiting);

    return link == NULL ? NULL : lease_of(link);
}

/* --- who waits for a primary --- */

static void unpark(struct sw_lease *lease)
{
    if (lease->is_parked)
        atomic_fetch_sub(&lease->pool->cluster->parked, 1);
    lease->is_parked = lease->is_surplus = false;
}

/* One too many goes to the front: it is refused first, and at once. */
static void park(struct sw_pool *pool, struct sw_lease *lease)
{
    if (lease->is_parked || lease->is_surplus)
        return;
    if (atomic_fetch_add(&pool->cluster->parked, 1) < pool->pools->parked_most) {
        lease->is_parked = true;
        return;
    }
    atomic_fetch_sub(&pool->cluster->parked, 1);
    lease->is_surplus = true;
    sw_link_remove(&lease->link);
    sw_list_push_front(&pool->waiting, &lease->link);
}

void sw_pool_park_waiters(struct sw_pool *pool)
{
    struct sw_link *link, *next;

    for (link = pool->waiting.next; link != &pool->waiting; link = next) {
        next = link->next;
        park(pool, lease_of(link));
    }
}

void sw_pool_unpark_waiters(struct sw_pool *pool)
{
    for (struct sw_link *link = pool->waiting.next; link != &pool->waiting; link = link->next)
        unpark(lease_of(link));
}

/* --- coming and going --- */

static uint64_t lease_deadline_ms(const struct sw_pool *pool, uint64_t now)
{
    return pool->pools->lease_ms > 0 ? now + (uint64_t)pool->pools->lease_ms : 0;
}

void sw_pool_start_waiting(struct sw_pool *pool, struct sw_lease *lease)
{
    /* The statement may have been read for long; that is no part of the waiting. */
    uint64_t now = sw_loop_renew_now_ms(pool->pools->loop);

    lease->pool = pool;
    lease->since_ms = now;
    lease->deadline_ms = lease_deadline_ms(pool, now);
    sw_list_push_back(&pool->waiting, &lease->link);
    pool->waiting_count++;
    if (!pool->is_open)
        park(pool, lease);
}

void sw_pool_stop_waiting(struct sw_lease *lease)
{
    if (lease->pool->place.kind == SW_POOL_OWN)
        sw_own_lease_unbind(lease);
    unpark(lease);
    sw_link_remove(&lease->link);
    lease->pool->waiting_count--;
}

void sw_pool_renew_waiters(struct sw_pool *pool)
{
    uint64_t deadline_ms = lease_deadline_ms(pool, now_ms(pool));

    for (struct sw_link *link = pool->waiting.next; link != &pool->waiting; link = link->next)
        lease_of(link)->deadline_ms = deadline_ms;
}

static void insert(struct sw_pool *pool, struct sw_lease *lease)
{
    struct sw_link *at = pool->waiting.prev;

    while (at != &pool->waiting && lease_of(at)->since_ms > lease->since_ms)
        at = at->prev;
    sw_list_push_front(at, &lease->link);
    pool->waiting_count++;
}

void sw_pool_move_waiters(struct sw_pool *from, struct sw_pool *to)
{
    struct sw_lease *lease;

    while ((lease = sw_pool_first_waiter(from)) != NULL) {
        sw_pool_stop_waiting(lease);
        lease->pool = to;
        insert(to, lease);
    }
}

/* --- their time --- */

/* A connection will not come before there is a primary. */
static bool lacks_primary(const struct sw_pool *pool)
{
    return !pool->is_open || (pool->standing.is_followed && pool->outage.since_ms > 0);
}

static bool is_hopeless(const struct sw_pool *pool)
{
    return pool->standing.admission == SW_REFUSE;
}

/* When a waiter is refused; UINT64_MAX: never. */
static uint64_t due_ms(const struct sw_pool *pool, const struct sw_lease *lease)
{
    uint64_t from_ms =
        pool->is_open ? pool->outage.since_ms : pool->standing.closed_ms; /* without one */

    if (lease->is_surplus || is_hopeless(pool))
        return 0;
    if (!lacks_primary(pool))
        return lease->deadline_ms > 0 ? lease->deadline_ms : UINT64_MAX;
    if (pool->pools->failover_ms == 0)
        return UINT64_MAX;
    return (lease->since_ms > from_ms ? lease->since_ms : from_ms) +
           (uint64_t)pool->pools->failover_ms;
}

/* When a waiter may have a connection of the reserve. */
static uint64_t reserved_ms(const struct sw_pool *pool, const struct sw_lease *lease)
{
    return lease->since_ms + (uint64_t)pool->limits.reserve_after_ms;
}

void sw_pool_set_alarm(struct sw_pool *pool)
{
    const struct sw_lease *first = sw_pool_first_waiter(pool);
    uint64_t now = now_ms(pool), due = first == NULL ? UINT64_MAX : due_ms(pool, first);

    if (first != NULL && pool->is_open && pool->rest_until_ms > now &&
        pool->rest_until_ms < due)
        due = pool->rest_until_ms;
    if (first != NULL && pool->limits.reserve > 0 && reserved_ms(pool, first) > now &&
        reserved_ms(pool, first) < due)
        due = reserved_ms(pool, first);
    if (due == UINT64_MAX)
        sw_timer_stop(pool->alarm);
    else
        sw_timer_start(pool->alarm, due > now ? due - now : 0);
}

/* --- refusing --- */

static void hint_at_limit(const struct sw_pool *pool, struct sw_error *err)
{
    const struct sw_pool_place *place = &pool->place;

    switch (sw_hub_bound(pool->hub)) {
    case SW_BOUND_SIZE:
        sw_error_hint(err, "Raise users.%s.pool.size, or timeouts.lease.", place->user);
        break;
    case SW_BOUND_NODE:
        sw_error_hint(err, "Raise connections of the cluster of node %s, or timeouts.lease.",
                      place->node);
        break;
    case SW_BOUND_USER:
        sw_error_hint(err, "Raise users.%s.connections, or timeouts.lease.", place->user);
        break;
    case SW_BOUND_DATABASE:
        sw_error_hint(err, "Raise databases.%s.connections, or timeouts.lease.",
                      place->database);
        break;
    case SW_BOUND_ALL:
        sw_error_hint(err, "Raise limits.connections, or timeouts.lease.");
        break;
    }
}

static void explain_lease(const struct sw_pool *pool, struct sw_error *err)
{
    *err = pool->outage.why;
    if (pool->outage.since_ms > 0)
        return;
    sw_error_set(err, "53300", "no server connection to shard \"%s\" became free within %d ms",
                 pool->place.shard, pool->pools->lease_ms);
    hint_at_limit(pool, err);
}

static void explain_failover(const struct sw_pool *pool, bool is_surplus, struct sw_error *err)
{
    const char *why = pool->is_open ? pool->outage.why.message : sw_pool_why_closed(pool);

    sw_error_set(err, "57P03", "failover in progress: cluster \"%s\" has no primary",
                 pool->place.cluster);
    if (is_surplus) {
        sw_error_detail(err, "%d statements wait for it already.", pool->pools->parked_most);
        sw_error_hint(err, "Try again later, or raise limits.failover_waiting.");
        return;
    }
    sw_error_detail(err, "The statement has waited for %d ms: %s.", pool->pools->failover_ms,
                    why[0] == '\0' ? "it is being switched" : why);
    sw_error_hint(err, "Try again later, or raise timeouts.failover.");
}

static void explain(const struct sw_pool *pool, const struct sw_lease *lease,
                    struct sw_error *err)
{
    if (is_hopeless(pool))
        sw_error_set(err, "57P03", "cluster \"%s\" takes no statements: %s",
                     pool->place.cluster, sw_pool_why_closed(pool));
    else if (lacks_primary(pool))
        explain_failover(pool, lease->is_surplus, err);
    else
        explain_lease(pool, err);
}

static void refuse_late(struct sw_pool *pool)
{
    struct sw_lease *lease;

    while ((lease = sw_pool_first_waiter(pool)) != NULL &&
           due_ms(pool, lease) <= now_ms(pool)) {
        struct sw_error err = {0};

        explain(pool, lease, &err);
        sw_pool_stop_waiting(lease);
        lease->on_refused(lease->owner, &err);
    }
}

void sw_pool_on_alarm(void *owner)
{
    struct sw_pool *pool = owner;

    refuse_late(pool);
    sw_pool_serve(pool);
}

void sw_pool_refuse_all(struct sw_pool *pool, const struct sw_error *err)
{
    struct sw_lease *lease;

    for (int left = pool->waiting_count;
         left > 0 && (lease = sw_pool_first_waiter(pool)) != NULL; left--) {
        sw_pool_stop_waiting(lease);
        lease->on_refused(lease->owner, err);
    }
}
