/*
 * One worker's half of a pool.
 *
 *   borrow --idle one here--------------------------------> lent --return--> idle
 *      |                                                      ^                |
 *      +--> waits --+-- one comes back here ------------------+     others need it: given away,
 *                   +-- the hub lets us open one: dialled ----+     attached over there: idle
 *                   +-- another worker gives one away --------+
 *                   +-- deadline: refused (queue.c)
 *
 * Whatever changes who could be served posts `serve`, which brings idle backends and waiters
 * together until nothing more can be done.
 */
#include "internal.h"

#include "shardward/base/log.h"

#include <assert.h>

/* After a failed dial, while other connections live: the node may be at its own limit. */
enum { REST_MS = 250 };

static uint64_t now_ms(const struct sw_pool *pool)
{
    return sw_loop_now_ms(pool->pools->loop);
}

/* --- idle backends --- */

static struct sw_backend *backend_of(struct sw_link *link)
{
    return link == NULL ? NULL
                        : sw_backend_of_card(SW_OWNER(link, struct sw_backend_card, link));
}

struct sw_backend *sw_pool_first_idle(const struct sw_pool *pool)
{
    return backend_of(sw_list_first(&pool->idle));
}

struct sw_backend *sw_pool_last_idle(const struct sw_pool *pool)
{
    return backend_of(sw_list_last(&pool->idle));
}

void sw_pool_take_idle(struct sw_pool *pool, struct sw_backend *backend)
{
    sw_link_remove(&sw_backend_card(backend)->link);
    pool->idle_count--;
}

static void post_serve(struct sw_pool *pool)
{
    sw_task_post(pool->pools->loop, &pool->serve);
}

void sw_pool_drop(struct sw_pool *pool, struct sw_backend *backend)
{
    if (sw_backend_is_lost(backend))
        sw_pool_hint(pool, SW_POOL_HINT_LOST);
    sw_backend_close(backend);
    (void)sw_hub_release(pool->hub, pool->pools->worker, true);
    if (pool->waiting_count > 0)
        post_serve(pool);
}

static bool is_unwanted(const struct sw_pool *pool, struct sw_backend *backend)
{
    return pool->standing.is_elsewhere || (pool->is_retired && pool->waiting_count == 0) ||
           (pool->waiting_count == 0 && sw_hub_is_beyond(pool->hub)) ||
           sw_hub_is_over(pool->hub) || sw_backend_is_promoted(backend) ||
           sw_pool_is_spent(pool, backend, now_ms(pool));
}

/* The primary says that it is none any longer. */
static bool has_changed_sides(const struct sw_pool *pool, const struct sw_backend *backend)
{
    return pool->standing.is_followed && sw_backend_is_standby(backend);
}

void sw_pool_put_idle(struct sw_pool *pool, struct sw_backend *backend)
{
    struct sw_backend_card *card = sw_backend_card(backend);

    if (has_changed_sides(pool, backend)) {
        sw_pool_hint(pool, SW_POOL_HINT_STANDBY);
        sw_pool_drop(pool, backend);
        return;
    }
    if (is_unwanted(pool, backend)) {
        sw_pool_drop(pool, backend);
        return;
    }
    sw_backend_share_reported(backend, &pool->pools->reported);
    card->used_ms = now_ms(pool);
    sw_pool_end_outage(pool);
    sw_list_push_front(&pool->idle, &card->link);
    pool->idle_count++;
    if (pool->waiting_count > 0 || atomic_load(&pool->hub->wanting) > 0 ||
        sw_hub_is_crowded(pool->hub))
        post_serve(pool);
}

static void on_idle_lost(void *owner, struct sw_backend *backend)
{
    struct sw_pool *pool = owner;

    sw_pool_take_idle(pool, backend);
    sw_pool_drop(pool, backend);
}

/* --- opening --- */

/* A server that ends, starts, or is not there for a moment. */
static bool is_temporary(const struct sw_pool *pool, const struct sw_error *err)
{
    return sw_error_is(err, "08006") || sw_error_is(err, "57P01") ||
           sw_error_is(err, "57P02") || sw_error_is(err, "57P03") ||
           (pool->standing.is_followed && sw_error_is(err, "25006"));
}

/* Those who wait go on waiting for a node that is starting anew, until the outage has lasted
 * as long as anybody waits: then it is one, and they are told at once. Where a failover may
 * come, everybody is given his time for it. */
bool sw_pool_is_worth_waiting(struct sw_pool *pool, const struct sw_error *err)
{
    struct sw_outage *outage = &pool->outage;
    uint64_t now = now_ms(pool), wait_ms = (uint64_t)pool->pools->lease_ms;

    if (!is_temporary(pool, err) || pool->place.kind == SW_POOL_REPLICA)
        return false;
    if (outage->since_ms == 0 || now - outage->seen_ms > wait_ms)
        outage->since_ms = now;
    outage->seen_ms = now;
    outage->why = *err;
    return pool->standing.is_followed || wait_ms == 0 || now - outage->since_ms < wait_ms;
}

void sw_pool_rest(struct sw_pool *pool)
{
    pool->rest_until_ms = now_ms(pool) + REST_MS;
}

void sw_pool_end_outage(struct sw_pool *pool)
{
    if (pool->outage.since_ms == 0)
        return;
    pool->outage.since_ms = 0;
    if (pool->standing.is_followed)
        sw_pool_renew_waiters(pool);
}

/* The primary has become another since it was dialled. */
bool sw_pool_is_late(const struct sw_pool *pool, const struct sw_dialled *dialled)
{
    return pool->standing.is_elsewhere || sw_dialled_tag(dialled) != pool->standing.term;
}

bool sw_pool_is_vouched(struct sw_pool *pool, const struct sw_dialled *dialled,
                        struct sw_error *err)
{
    int64_t vouched_us = pool->standing.vouched_us;

    if (vouched_us == 0 || sw_dialled_started_us(dialled) == vouched_us)
        return true;
    sw_pool_hint(pool, SW_POOL_HINT_RESTARTED);
    return sw_error_set(err, "57P03",
                        "node %s has been started anew, and is looked at before it is used",
                        pool->place.node);
}

/* Goes on with what is left of a dial that failed. */
static void note_failure(struct sw_pool *pool, const struct sw_error *err)
{
    static struct sw_log_limit limit;

    if (!sw_hub_is_stopped(pool->pools->hub))
        sw_log_limited(&limit, SW_LOG_WARNING, "dial-failed",
                       "shard=%s node=%s user=%s sqlstate=%s reason=\"%s\"", pool->place.shard,
                       pool->place.node, pool->place.server_user, err->sqlstate, err->message);
    sw_pool_hint_error(pool, err);
    /* While other connections of the pool live, they will serve those who wait. */
    if (sw_hub_release(pool->hub, pool->pools->worker, false) > 0 ||
        sw_pool_is_worth_waiting(pool, err))
        sw_pool_rest(pool);
    else if (pool->dialling_count == 0 && pool->is_open)
        sw_pool_refuse_all(pool, err);
    sw_pool_serve(pool);
}

static void keep_dialled(struct sw_pool *pool, struct sw_dialled *dialled)
{
    struct sw_backend *backend =
        sw_backend_adopt(pool->pools->loop, dialled, pool->limits.prepared, on_idle_lost, pool);

    sw_hub_opened(pool->hub);
    sw_pool_greet(pool, backend);
    sw_pool_put_idle(pool, backend);
    sw_pool_serve(pool);
}

static void on_dialled(void *owner, struct sw_dialled *dialled, const struct sw_error *err)
{
    struct sw_pool *pool = owner;
    struct sw_error why;

    pool->dialling_count--;
    if (dialled == NULL) {
        note_failure(pool, err);
    } else if (sw_pool_is_late(pool, dialled)) {
        sw_dialled_free(dialled);
        (void)sw_hub_release(pool->hub, pool->pools->worker, false);
        sw_pool_serve(pool);
    } else if (!sw_pool_is_vouched(pool, dialled, &why)) {
        sw_dialled_free(dialled);
        note_failure(pool, &why);
    } else {
        keep_dialled(pool, dialled);
    }
}

void sw_pool_dial_with(struct sw_pool *pool, const char *options, sw_on_dialled *dialled,
                       void *owner)
{
    pool->dialling_count++;
    sw_dialler_dial(pool->pools->dialler,
                    &(struct sw_dial){.address = pool->place.address,
                                      .port = pool->place.port,
                                      .tls = pool->place.tls,
                                      .dbname = pool->place.dbname,
                                      .user = pool->place.server_user,
                                      .password = pool->place.server_password,
                                      .timeout_ms = pool->pools->connect_ms,
                                      .mailbox = pool->pools->mailbox,
                                      .options = options,
                                      .is_durable = pool->standing.is_managed,
                                      .tag = pool->standing.term,
                                      .is_replica = pool->place.kind == SW_POOL_REPLICA,
                                      .on_dialled = dialled,
                                      .owner = owner});
}

void sw_pool_dial(struct sw_pool *pool)
{
    sw_pool_dial_with(pool, NULL, on_dialled, pool);
}

/* --- bringing both together --- */

/* Make known to the hub how many waiters have nothing on its way to them. */
static void seek(struct sw_pool *pool)
{
    int waiting =
        pool->is_open ? pool->waiting_count - pool->dialling_count - pool->probing_count : 0;
    const struct sw_lease *first = sw_pool_first_waiter(pool);
    int granted;

    if (waiting <= 0 && !pool->is_known_needy)
        return;
    if (waiting < 0)
        waiting = 0;
    granted =
        sw_hub_seek(pool->hub, pool->pools->worker,
                    &(struct sw_hub_need){.waiting = waiting,
                                          .first_ms = first == NULL ? 0 : first->since_ms,
                                          .now_ms = now_ms(pool),
                                          .may_open = now_ms(pool) >= pool->rest_until_ms});
    pool->is_known_needy = waiting > granted;
    while (granted-- > 0)
        pool->place.kind == SW_POOL_OWN ? sw_pool_dial_own(pool) : sw_pool_dial(pool);
}

static void lend(struct sw_pool *pool, struct sw_lease *lease)
{
    lease->backend = sw_pool_first_idle(pool);
    sw_pool_take_idle(pool, lease->backend);
    sw_backend_guard(lease->backend, pool->standing.is_followed);
    sw_list_push_back(&pool->lent, &sw_backend_card(lease->backend)->link);
    pool->lent_count++;
}

static void give(struct sw_pool *pool, struct sw_backend *backend, const struct sw_receiver *to)
{
    struct sw_backend_card *card = sw_backend_card(backend);

    pool->idle_count--;
    sw_backend_detach(backend);
    card->letter.on_read = sw_pool_on_gift;
    card->holder = to->pool;
    sw_mailbox_post(to->mailbox, &card->letter);
}

void sw_pool_on_gift(struct sw_letter *letter)
{
    struct sw_backend_card *card = SW_OWNER(letter, struct sw_backend_card, letter);
    struct sw_backend *backend = sw_backend_of_card(card);
    struct sw_pool *pool = card->holder;
    uint64_t used_ms = card->used_ms;

    sw_hub_received(pool->hub, pool->pools->worker);
    sw_backend_attach(backend, pool->pools->loop, on_idle_lost, pool);
    sw_pool_put_idle(pool, backend);
    if (sw_pool_first_idle(pool) == backend)
        card->used_ms = used_ms;
    sw_pool_serve(pool);
}

void sw_pool_on_alert(struct sw_letter *letter)
{
    struct sw_member *member = SW_OWNER(letter, struct sw_member, alert);
    struct sw_pool *pool = member->pool;

    /* First: what becomes needed from now on is told anew. */
    (void)atomic_exchange(&member->is_alerted, false);
    sw_pool_serve(pool);
}

/* One idle backend finds its next user; false: nobody wants it, or he has to wait for it. */
static bool serve_one(struct sw_pool *pool, struct sw_backend *backend)
{
    struct sw_lease *first = sw_pool_first_waiter(pool);
    int self = pool->pools->worker, chosen = first == NULL ? -1 : self;
    struct sw_receiver to;

    if (!sw_backend_is_still(backend)) {
        sw_pool_take_idle(pool, backend);
        sw_pool_drop(pool, backend);
        return true;
    }
    if (atomic_load(&pool->hub->wanting) > 0)
        chosen = sw_hub_choose(pool->hub, self, first == NULL ? 0 : first->since_ms, &to);
    if (chosen < 0 || (chosen == self && first == NULL))
        return false;
    if (chosen != self) {
        give(pool, backend, &to);
    } else if (!sw_pool_is_stale(pool, backend, now_ms(pool))) {
        sw_pool_stop_waiting(first);
        lend(pool, first);
        first->on_lent(first->owner);
    } else if (pool->probing_count < pool->waiting_count) {
        sw_pool_probe(pool, backend);
    } else {
        return false;
    }
    return true;
}

static void make_room(struct sw_pool *pool)
{
    struct sw_backend *backend;

    while ((backend = sw_pool_last_idle(pool)) != NULL && sw_hub_must_make_room(pool->hub)) {
        sw_pool_take_idle(pool, backend);
        sw_pool_drop(pool, backend);
    }
}

void sw_pool_serve(void *owner)
{
    struct sw_pool *pool = owner;
    struct sw_backend *backend;

    if (sw_hub_is_stopped(pool->pools->hub))
        return;
    while (pool->is_open && (backend = sw_pool_first_idle(pool)) != NULL &&
           serve_one(pool, backend))
        ;
    make_room(pool);
    seek(pool);
    sw_pool_set_alarm(pool);
}

/* --- for those who borrow --- */

void sw_lease_init(struct sw_lease *lease, void (*on_lent)(void *owner),
                   void (*on_refused)(void *owner, const struct sw_error *err), void *owner)
{
    *lease = (struct sw_lease){.on_lent = on_lent, .on_refused = on_refused, .owner = owner};
    sw_link_init(&lease->link);
}

/* Nothing is lent at once, or by this pool. */
static bool wait_for(struct sw_pool *pool, struct sw_lease *lease)
{
    struct sw_pool *at = pool->standing.is_elsewhere ? sw_pool_successor(pool) : pool;

    if (at != pool)
        return sw_pool_borrow(at, lease);
    sw_pool_start_waiting(pool, lease);
    if (sw_pool_first_idle(pool) != NULL)
        post_serve(pool);
    else
        seek(pool);
    if (sw_pool_first_waiter(pool) == lease)
        sw_pool_set_alarm(pool);
    return false;
}

bool sw_pool_borrow(struct sw_pool *pool, struct sw_lease *lease)
{
    struct sw_backend *backend = sw_pool_first_idle(pool);

    if (!pool->is_open || pool->waiting_count > 0 || backend == NULL ||
        !sw_backend_is_still(backend) || sw_pool_is_stale(pool, backend, now_ms(pool)))
        return wait_for(pool, lease);
    lease->pool = pool;
    lend(pool, lease);
    return true;
}

void sw_lease_move(struct sw_lease *to, struct sw_lease *from)
{
    to->pool = from->pool;
    to->backend = from->backend;
    from->backend = NULL;
}

void sw_lease_forget(struct sw_lease *lease)
{
    if (!sw_link_is_linked(&lease->link))
        return;
    sw_pool_stop_waiting(lease);
    if (lease->pool->is_known_needy)
        post_serve(lease->pool);
}

void sw_lease_cancel(struct sw_lease *lease)
{
    const struct sw_pools *pools = lease->pool->pools;

    sw_backend_cancel(lease->backend, pools->canceller, pools->loop, pools->mailbox);
}

void sw_lease_return(struct sw_lease *lease)
{
    struct sw_pool *pool = lease->pool;
    struct sw_backend *backend = lease->backend;

    lease->backend = NULL;
    sw_link_remove(&sw_backend_card(backend)->link);
    pool->lent_count--;
    sw_pool_note_back(pool);
    sw_backend_leave(backend);
    sw_pool_put_idle(pool, backend);
}

void sw_lease_discard(struct sw_lease *lease)
{
    struct sw_pool *pool = lease->pool;
    struct sw_backend *backend = lease->backend;

    lease->backend = NULL;
    sw_link_remove(&sw_backend_card(backend)->link);
    pool->lent_count--;
    sw_pool_note_back(pool);
    sw_pool_drop(pool, backend);
}
