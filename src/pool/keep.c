/*
 * Once a second a worker looks at what its pools hold: connections whose time is over are
 * closed, those that were idle for too long too (one a second and pool, so that not all go at
 * once), and what is missing to the minimum is opened. A lent one whose host confirms nothing
 * of what it was sent is a hint, and is later given up.
 *
 * A connection that nobody has used for a while may be dead without its socket telling: it has
 * to answer an empty query before it is lent.
 */
#include "internal.h"

#include "shardward/base/log.h"
#include "shardward/base/mem.h"
#include "shardward/pool/turn.h"

enum { TICK_MS = 1000, PROBE_MS = 5000 };

/* xorshift32: spreads the ends of connections, nothing secret. */
static uint32_t next_random(struct sw_pools *pools)
{
    uint32_t x = pools->random;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return pools->random = x;
}

/* --- one backend --- */

void sw_pool_greet(struct sw_pool *pool, struct sw_backend *backend)
{
    struct sw_backend_card *card = sw_backend_card(backend);

    card->opened_ms = sw_loop_now_ms(pool->pools->loop);
    card->generation = atomic_load(&pool->hub->generation);
    card->term = pool->standing.term;
    if (pool->limits.lifetime_ms > 0)
        card->ends_ms = card->opened_ms +
                        sw_turn_jitter(pool->limits.lifetime_ms, next_random(pool->pools));
}

bool sw_pool_is_spent(const struct sw_pool *pool, struct sw_backend *backend, uint64_t now_ms)
{
    const struct sw_backend_card *card = sw_backend_card(backend);

    return (card->ends_ms > 0 && card->ends_ms <= now_ms) ||
           card->term != pool->standing.term ||
           card->generation !=
               atomic_load_explicit(&pool->hub->generation, memory_order_relaxed);
}

bool sw_pool_is_stale(const struct sw_pool *pool, struct sw_backend *backend, uint64_t now_ms)
{
    return pool->limits.check_ms > 0 &&
           now_ms > sw_backend_card(backend)->used_ms + (uint64_t)pool->limits.check_ms;
}

/* --- probing --- */

struct probe {
    struct sw_link link;
    struct sw_pool *pool;
    struct sw_backend *backend;
    uint64_t until_ms;
};

static struct sw_backend *end_probe(struct probe *probe)
{
    struct sw_backend *backend = probe->backend;

    sw_link_remove(&probe->link);
    probe->pool->probing_count--;
    free(probe);
    return backend;
}

static void on_forward(void *owner, const uint8_t *bytes, size_t len)
{
    (void)owner;
    (void)bytes;
    (void)len;
}

static void on_reply(void *owner, const struct sw_reply *reply)
{
    (void)owner;
    (void)reply;
}

static void on_frame(void *owner, const struct sw_reply *reply, const struct sw_frame *frame)
{
    (void)owner;
    (void)reply;
    (void)frame;
}

static void on_ready(void *owner, const struct sw_reply *reply, char status)
{
    (void)owner;
    (void)reply;
    (void)status;
}

static void on_parameter(void *owner, const struct sw_reply *reply, const char *name,
                         const char *value)
{
    (void)reply;
    (void)owner;
    (void)name;
    (void)value;
}

static void on_pause(void *owner)
{
    struct probe *probe = owner;
    struct sw_pool *pool = probe->pool;
    struct sw_backend *backend = probe->backend;

    if (!sw_backend_is_answered(backend))
        return;
    (void)end_probe(probe);
    sw_backend_leave(backend);
    sw_pool_put_idle(pool, backend);
}

static void on_lost(void *owner, const struct sw_error *err, enum sw_loss loss)
{
    struct probe *probe = owner;
    struct sw_pool *pool = probe->pool;

    (void)err;
    (void)loss;
    sw_pool_drop(pool, end_probe(probe));
}

static const struct sw_backend_events probe_events = {
    .on_forward = on_forward,
    .on_pause = on_pause,
    .on_answered = on_reply,
    .on_error = on_frame,
    .on_row = on_frame,
    .on_types = on_frame,
    .on_ready = on_ready,
    .on_parameter = on_parameter,
    .on_lost = on_lost,
};

void sw_pool_probe(struct sw_pool *pool, struct sw_backend *backend)
{
    struct probe *probe = sw_alloc_zero(1, sizeof *probe);

    sw_pool_take_idle(pool, backend);
    probe->pool = pool;
    probe->backend = backend;
    probe->until_ms = sw_loop_now_ms(pool->pools->loop) + PROBE_MS;
    sw_list_push_back(&pool->probing, &probe->link);
    pool->probing_count++;
    sw_backend_use(backend, &probe_events, probe);
    sw_backend_probe(backend);
    sw_backend_flush(backend);
}

void sw_pool_end_probes(struct sw_pool *pool, uint64_t now_ms)
{
    struct sw_link *link;

    while ((link = sw_list_first(&pool->probing)) != NULL &&
           SW_OWNER(link, struct probe, link)->until_ms <= now_ms)
        sw_pool_drop(pool, end_probe(SW_OWNER(link, struct probe, link)));
}

/* --- once a second --- */

static int share_of_minimum(const struct sw_pool *pool)
{
    const struct sw_pools *pools = pool->pools;

    return pool->is_retired || !pool->is_open || pool->place.kind != SW_POOL_SHARED
               ? 0
               : sw_turn_share(pool->limits.min, sw_hub_workers(pools->hub), pools->worker);
}

static int held(const struct sw_pool *pool)
{
    return pool->idle_count + pool->probing_count + pool->lent_count + pool->dialling_count;
}

static void drop_idle(struct sw_pool *pool, struct sw_backend *backend)
{
    sw_pool_take_idle(pool, backend);
    sw_pool_drop(pool, backend);
}

void sw_pool_drop_spent(struct sw_pool *pool, uint64_t now_ms)
{
    struct sw_link *link, *next;

    for (link = pool->idle.next; link != &pool->idle; link = next) {
        struct sw_backend *backend =
            sw_backend_of_card(SW_OWNER(link, struct sw_backend_card, link));

        next = link->next;
        if (pool->is_retired || sw_pool_is_spent(pool, backend, now_ms))
            drop_idle(pool, backend);
    }
}

static void drop_one_unused(struct sw_pool *pool, uint64_t now_ms)
{
    struct sw_backend *last = sw_pool_last_idle(pool);

    if (last != NULL && pool->limits.idle_ms > 0 && held(pool) > share_of_minimum(pool) &&
        sw_backend_card(last)->used_ms + (uint64_t)pool->limits.idle_ms <= now_ms)
        drop_idle(pool, last);
}

static void stock_up(struct sw_pool *pool)
{
    while (held(pool) < share_of_minimum(pool) && sw_hub_take(pool->hub, pool->pools->worker))
        sw_pool_dial(pool);
}

/* --- who is not heard --- */

/* It makes no verdict: the node may be well, and the way of this connection alone be broken. */
static void note_unheard(struct sw_pool *pool, struct sw_backend *backend,
                         const struct sw_tcp *tcp, uint64_t now_ms)
{
    static struct sw_log_limit limit;
    struct sw_backend_card *card = sw_backend_card(backend);

    sw_pool_hint(pool, SW_POOL_HINT_UNHEARD);
    if (card->unheard_ms != 0)
        return;
    card->unheard_ms = now_ms;
    sw_log_limited(&limit, SW_LOG_WARNING, "server-unheard",
                   "shard=%s node=%s pid=%d unconfirmed=%d repeats=%d confirmed_ms=%llu",
                   pool->place.shard, pool->place.node, sw_backend_server_pid(backend),
                   tcp->unconfirmed, tcp->repeats, (unsigned long long)tcp->confirmed_ms);
}

/* Gathers those that have not been heard for too long in @lost. */
static void listen_to_lent(struct sw_pool *pool, struct sw_link *lost, uint64_t now_ms)
{
    struct sw_link *link, *next;
    struct sw_tcp tcp;

    for (link = pool->lent.next; link != &pool->lent; link = next) {
        struct sw_backend_card *card = SW_OWNER(link, struct sw_backend_card, link);
        struct sw_backend *backend = sw_backend_of_card(card);

        next = link->next;
        if (!sw_backend_is_unheard(backend, now_ms, &tcp)) {
            card->unheard_ms = 0;
            continue;
        }
        note_unheard(pool, backend, &tcp, now_ms);
        if (pool->unheard_ms > 0 && now_ms - card->unheard_ms >= (uint64_t)pool->unheard_ms) {
            sw_link_remove(link);
            sw_list_push_back(lost, link);
        }
    }
}

/* An owner who is told gives the connection up, others of his too perhaps. */
static void give_up_unheard(struct sw_pool *pool, uint64_t now_ms)
{
    struct sw_link lost, *link;

    sw_link_init(&lost);
    listen_to_lent(pool, &lost, now_ms);
    while ((link = sw_list_first(&lost)) != NULL) {
        sw_link_remove(link);
        sw_list_push_back(&pool->lent, link);
        sw_backend_give_up(sw_backend_of_card(SW_OWNER(link, struct sw_backend_card, link)));
    }
}

void sw_pools_keep(void *owner)
{
    struct sw_pools *pools = owner;
    uint64_t now_ms = sw_loop_now_ms(pools->loop);
    struct sw_link *link, *next;

    for (link = pools->all.next; link != &pools->all; link = next) {
        struct sw_pool *pool = SW_OWNER(link, struct sw_pool, link);

        next = link->next;
        give_up_unheard(pool, now_ms);
        sw_pool_end_probes(pool, now_ms);
        sw_pool_drop_spent(pool, now_ms);
        drop_one_unused(pool, now_ms);
        if (now_ms >= pool->rest_until_ms)
            stock_up(pool);
        if (pool->is_retired && held(pool) == 0 && pool->waiting_count == 0)
            sw_pool_free_retired(pool);
    }
    sw_timer_start(pools->keeper, TICK_MS);
}
