/*
 * Where the primary is, and whether it takes anybody.
 *
 * What the state says of a pool's place is kept in the pool and worked out when there is a new
 * state, so that borrowing asks nobody. Connections are broken last, when all pools know what
 * holds now: their owners may ask for new ones at once.
 */
#include "internal.h"

#include "shardward/base/mem.h"

#include <string.h>

/* Not more hints of one pool than one in so long: a lost node loses many connections. */
enum { HINT_MS = 50 };

static const struct sw_cluster_state *find(const struct sw_state *state, const char *cluster)
{
    for (int i = 0; i < state->map->cluster_count; i++)
        if (strcmp(state->clusters[i].cluster->name, cluster) == 0)
            return &state->clusters[i];
    return NULL;
}

static int index_of(const struct sw_cluster *cluster, const struct sw_pool_place *place)
{
    for (int i = 0; i < cluster->node_count; i++) {
        const struct sw_node *node = &cluster->nodes[i];

        if (strcmp(node->name, place->node) == 0 && node->port == place->port &&
            strcmp(node->address, place->address) == 0)
            return i;
    }
    return -1;
}

/* --- what holds for one pool --- */

static bool is_down(const struct sw_cluster_state *cluster, int node)
{
    return cluster->nodes[node].verdict == SW_VERDICT_DOWN;
}

/* A node that was followed and that the map no longer names may be a former primary: nobody is
 * sent there any more. Others stay as they were, and end when nobody uses them. */
static struct sw_standing judge_unnamed(const struct sw_pool *pool)
{
    struct sw_standing standing = pool->standing;

    if (!pool->place.is_followed)
        return standing;
    standing.is_followed = standing.is_gone = true;
    standing.is_elsewhere = false;
    standing.admission = SW_REFUSE;
    return standing;
}

static struct sw_standing judge(const struct sw_pool *pool)
{
    const struct sw_cluster_state *now = find(pool->pools->state, pool->place.cluster);
    int at = now == NULL ? -1 : index_of(now->cluster, &pool->place);
    bool has_none = now != NULL && now->primary < 0;

    if (pool->place.kind == SW_POOL_REPLICA)
        return (struct sw_standing){.admission = SW_ADMIT,
                                    .is_down = at >= 0 && is_down(now, at)};
    if (at < 0)
        return judge_unnamed(pool);
    return (struct sw_standing){
        .is_followed = now->cluster->failover != SW_FAILOVER_OFF,
        .is_managed = now->cluster->failover == SW_FAILOVER_MANAGED,
        .is_elsewhere = !has_none && now->primary != at,
        .admission = has_none && now->admission == SW_ADMIT ? SW_SUSPEND : now->admission,
        .term = now->generation,
        .vouched_us = now->primary_started_us,
        .closed_ms = pool->standing.closed_ms,
    };
}

static void stand(struct sw_pool *pool, struct sw_standing standing)
{
    bool was_open = pool->is_open;
    bool is_another = standing.term != pool->standing.term;

    pool->standing = standing;
    pool->is_open = standing.admission == SW_ADMIT && !standing.is_elsewhere;
    if (was_open && !pool->is_open)
        pool->standing.closed_ms = sw_loop_now_ms(pool->pools->loop);
    if (is_another || (!was_open && pool->is_open))
        pool->outage.since_ms = pool->rest_until_ms = 0;
}

void sw_pool_stand(struct sw_pool *pool)
{
    pool->is_open = true;
    stand(pool, judge(pool));
}

const char *sw_pool_why_closed(const struct sw_pool *pool)
{
    const struct sw_cluster_state *now = find(pool->pools->state, pool->place.cluster);

    if (pool->standing.is_gone)
        return "its node is not in the configuration any more";
    return now == NULL ? "" : now->why;
}

struct sw_pool *sw_pool_successor(struct sw_pool *pool)
{
    const struct sw_cluster_state *now = find(pool->pools->state, pool->place.cluster);
    struct sw_pool_place place = pool->place;
    const struct sw_node *node;

    if (!pool->standing.is_elsewhere || now == NULL || now->primary < 0)
        return pool;
    node = &now->cluster->nodes[now->primary];
    place.node = (char *)(uintptr_t)node->name;
    place.address = (char *)(uintptr_t)node->address;
    place.port = node->port;
    place.tls = (struct sw_tls_client *)(uintptr_t)node->tls;
    return sw_pools_find_like(pool->pools, &place, pool);
}

const struct sw_cluster_state *sw_pools_cluster(const struct sw_pools *pools,
                                                const struct sw_cluster *cluster)
{
    return sw_state_cluster(pools->state, cluster);
}

void sw_lease_origin(const struct sw_lease *lease, struct sw_origin *origin)
{
    const struct sw_pool *pool = lease->pool;
    const struct sw_cluster_state *now = find(pool->pools->state, pool->place.cluster);
    const struct sw_backend_card *card = sw_backend_card(lease->backend);

    *origin = (struct sw_origin){.generation = card->term,
                                 .started_us = sw_backend_started_us(lease->backend),
                                 .opened_ms = card->opened_ms};
    if (now != NULL)
        origin->sessions_ended = now->sessions_ended;
    if (now != NULL && now->generation == card->term)
        origin->timeline = now->timeline;
}

/* --- hints --- */

void sw_pool_hint(struct sw_pool *pool, enum sw_pool_hint hint)
{
    const struct sw_pools *pools = pool->pools;
    uint64_t now_ms = sw_loop_now_ms(pools->loop);

    if (pools->on_hint == NULL || !pool->standing.is_followed ||
        now_ms < pool->hinted_ms + HINT_MS)
        return;
    pool->hinted_ms = now_ms;
    pools->on_hint(pools->owner, pool->place.cluster, pool->place.node, hint);
}

void sw_pool_hint_error(struct sw_pool *pool, const struct sw_error *err)
{
    if (sw_error_is(err, "08006"))
        sw_pool_hint(pool, SW_POOL_HINT_UNREACHABLE);
    else if (sw_error_is(err, "25006"))
        sw_pool_hint(pool, SW_POOL_HINT_STANDBY);
    else if (sw_error_is(err, "57P01") || sw_error_is(err, "57P02") ||
             sw_error_is(err, "57P03"))
        sw_pool_hint(pool, SW_POOL_HINT_ENDING);
}

/* --- another map --- */

static void redirect(struct sw_pool *pool)
{
    struct sw_pool *heir;
    struct sw_error err;

    if (!pool->is_retired || !pool->place.is_followed || pool->waiting_count == 0)
        return;
    heir = sw_pools_find_heir(pool->pools, &pool->place);
    if (heir == pool)
        return;
    if (heir != NULL) {
        sw_pool_move_waiters(pool, heir);
        return;
    }
    sw_error_set(&err, "57P03", "shard \"%s\" is not on cluster \"%s\" for this user any more",
                 pool->place.shard, pool->place.cluster);
    sw_error_detail(&err, "The configuration was changed while the statement waited for the "
                          "cluster's primary.");
    sw_error_hint(&err, "Run it again: it goes to where the configuration leads now.");
    sw_pool_refuse_all(pool, &err);
}

/* --- a new state --- */

static bool is_same(const struct sw_cluster_state *a, const struct sw_cluster_state *b)
{
    for (int i = 0; i < a->cluster->node_count; i++)
        if (is_down(a, i) != is_down(b, i))
            return false;
    return a->primary == b->primary && a->admission == b->admission &&
           a->generation == b->generation && a->primary_started_us == b->primary_started_us;
}

static bool says_the_same(const struct sw_state *a, const struct sw_state *b)
{
    if (a->map != b->map)
        return false;
    for (int i = 0; i < a->map->cluster_count; i++)
        if (!is_same(&a->clusters[i], &b->clusters[i]))
            return false;
    return true;
}

/* Those who wait do so where they will be served. */
static void place_waiters(struct sw_pool *pool)
{
    struct sw_pool *to = sw_pool_successor(pool);

    redirect(pool);
    if (to != pool && pool->waiting_count > 0)
        sw_pool_move_waiters(pool, to);
}

static void settle_waiters(struct sw_pool *pool)
{
    if (pool->waiting_count == 0)
        return;
    if (pool->is_open) {
        sw_pool_unpark_waiters(pool);
        sw_pool_renew_waiters(pool);
    } else {
        sw_pool_park_waiters(pool);
    }
    sw_task_post(pool->pools->loop, &pool->serve);
}

static void drop_idle(struct sw_pool *pool)
{
    struct sw_backend *backend;

    if (pool->standing.is_elsewhere || pool->standing.is_down) {
        sw_pool_end_probes(pool, UINT64_MAX);
        while ((backend = sw_pool_first_idle(pool)) != NULL) {
            sw_pool_take_idle(pool, backend);
            sw_pool_drop(pool, backend);
        }
    }
    sw_pool_drop_spent(pool, sw_loop_now_ms(pool->pools->loop));
}

/* An owner who is told gives the connection up, others of his too perhaps. */
static void break_lent(struct sw_pool *pool, bool is_over)
{
    struct sw_link doomed, *link;
    struct sw_error why;

    if (pool->standing.is_down)
        sw_error_set(&why, "57P01", "node \"%s\" is lost", pool->place.node);
    else if (is_over)
        sw_error_set(&why, "57P01", "node \"%s\" is no longer the primary of its cluster",
                     pool->place.node);
    else
        sw_error_set(&why, "57P01", "the primary of cluster \"%s\" is lost",
                     pool->place.cluster);
    sw_link_init(&doomed);
    while ((link = sw_list_first(&pool->lent)) != NULL) {
        sw_link_remove(link);
        sw_list_push_back(&doomed, link);
    }
    while ((link = sw_list_first(&doomed)) != NULL) {
        sw_link_remove(link);
        sw_list_push_back(&pool->lent, link);
        sw_backend_leave_node(sw_backend_of_card(SW_OWNER(link, struct sw_backend_card, link)),
                              &why);
    }
}

static void break_connections(struct sw_pool *pool)
{
    const struct sw_standing *standing = &pool->standing;
    struct sw_link *first = sw_list_first(&pool->lent);
    bool is_over = standing->is_elsewhere;

    if (first == NULL || standing->admission == SW_DRAIN || standing->is_gone)
        return;
    is_over |= SW_OWNER(first, struct sw_backend_card, link)->term != standing->term;
    if (is_over || standing->is_down || standing->admission != SW_ADMIT)
        break_lent(pool, is_over);
}

static void each(struct sw_pools *pools, void (*act)(struct sw_pool *pool))
{
    for (struct sw_link *link = pools->all.next; link != &pools->all; link = link->next)
        act(SW_OWNER(link, struct sw_pool, link));
}

/* Those who wait at an heir are served, or wait on, with the state that follows. */
void sw_pools_redirect(struct sw_pools *pools)
{
    each(pools, redirect);
}

static void stand_anew(struct sw_pool *pool)
{
    stand(pool, judge(pool));
}

/* --- who drains --- */

int sw_pools_lent(const struct sw_pools *pools, const char *cluster)
{
    int lent = 0;

    for (const struct sw_link *link = pools->all.next; link != &pools->all; link = link->next) {
        const struct sw_pool *pool =
            SW_OWNER((struct sw_link *)(uintptr_t)link, struct sw_pool, link);

        if (!pool->standing.is_elsewhere && pool->place.kind != SW_POOL_REPLICA &&
            strcmp(pool->place.cluster, cluster) == 0)
            lent += pool->lent_count;
    }
    return lent;
}

/* What is lent while a cluster drains only comes back. */
static void tell_drains(struct sw_pools *pools)
{
    const struct sw_state *state = pools->state;

    for (int i = 0; i < state->map->cluster_count; i++) {
        const struct sw_cluster_state *now = &state->clusters[i];
        struct sw_hub_cluster *shared;

        if (now->cluster->failover == SW_FAILOVER_OFF)
            continue;
        shared = sw_hub_cluster(pools->hub, now->cluster->name);
        if (now->admission == SW_DRAIN)
            atomic_store(&shared->workers[pools->worker].lent,
                         sw_pools_lent(pools, now->cluster->name));
        atomic_store(&shared->workers[pools->worker].drains,
                     now->admission == SW_DRAIN ? state->version : 0);
    }
}

void sw_pool_note_back(const struct sw_pool *pool)
{
    if (pool->standing.admission == SW_DRAIN && !pool->standing.is_elsewhere)
        atomic_fetch_sub(&pool->cluster->workers[pool->pools->worker].lent, 1);
}

void sw_pools_use_state(struct sw_pools *pools, struct sw_state *state)
{
    struct sw_state *before = pools->state;
    bool is_news = !says_the_same(before, state);

    pools->state = sw_state_ref(state);
    sw_state_unref(before);
    if (is_news) {
        each(pools, stand_anew);
        sw_pools_look_up(pools);
        each(pools, place_waiters);
        each(pools, settle_waiters);
        each(pools, drop_idle);
        each(pools, break_connections);
    }
    tell_drains(pools);
}
