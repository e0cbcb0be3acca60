#include "internal.h"

#include "shardward/base/mem.h"
#include "shardward/pool/turn.h"

#include <assert.h>
#include <string.h>

struct sw_hub {
    int workers;
    atomic_bool is_stopped;
    pthread_mutex_t
        lock; /* of the lists of nodes, their pools, and clusters; before a node's */
    struct sw_link nodes, quotas, clusters;
    pthread_mutex_t quota_lock; /* of the quotas' numbers; below a node's */
};

struct sw_hub *sw_hub_create(int workers)
{
    struct sw_hub *hub = sw_alloc_zero(1, sizeof *hub);

    hub->workers = workers;
    (void)pthread_mutex_init(&hub->lock, NULL);
    (void)pthread_mutex_init(&hub->quota_lock, NULL);
    sw_link_init(&hub->nodes);
    sw_link_init(&hub->quotas);
    sw_link_init(&hub->clusters);
    return hub;
}

void sw_hub_stop(struct sw_hub *hub)
{
    atomic_store(&hub->is_stopped, true);
}

bool sw_hub_is_stopped(const struct sw_hub *hub)
{
    return atomic_load_explicit(&hub->is_stopped, memory_order_relaxed);
}

int sw_hub_workers(const struct sw_hub *hub)
{
    return hub->workers;
}

static struct sw_hub_cluster *find_cluster(struct sw_hub *hub, const char *name)
{
    for (struct sw_link *link = hub->clusters.next; link != &hub->clusters; link = link->next) {
        struct sw_hub_cluster *cluster = SW_OWNER(link, struct sw_hub_cluster, link);

        if (strcmp(cluster->name, name) == 0)
            return cluster;
    }
    return NULL;
}

struct sw_hub_cluster *sw_hub_cluster(struct sw_hub *hub, const char *name)
{
    struct sw_hub_cluster *cluster;

    (void)pthread_mutex_lock(&hub->lock);
    cluster = find_cluster(hub, name);
    if (cluster == NULL) {
        cluster = sw_alloc_zero(1, sizeof *cluster +
                                       (size_t)hub->workers * sizeof cluster->workers[0]);
        cluster->name = sw_strdup(name);
        sw_list_push_back(&hub->clusters, &cluster->link);
    }
    (void)pthread_mutex_unlock(&hub->lock);
    return cluster;
}

int sw_hub_lent(struct sw_hub *hub, const char *name, int version)
{
    struct sw_hub_cluster *cluster = sw_hub_cluster(hub, name);
    int lent = 0;

    for (int i = 0; i < hub->workers; i++) {
        int drains = atomic_load(&cluster->workers[i].drains);

        if (drains == 0 || drains < version)
            return -1;
        lent += atomic_load(&cluster->workers[i].lent);
    }
    return lent;
}

static void free_node(struct sw_hub_node *node)
{
    assert(!sw_link_is_linked(&node->pools));
    (void)pthread_mutex_destroy(&node->lock);
    free(node->address);
    free(node);
}

void sw_hub_free(struct sw_hub *hub)
{
    struct sw_link *link, *next;

    if (hub == NULL)
        return;
    for (link = hub->nodes.next; link != &hub->nodes; link = next) {
        next = link->next;
        free_node(SW_OWNER(link, struct sw_hub_node, link));
    }
    for (link = hub->quotas.next; link != &hub->quotas; link = next) {
        next = link->next;
        sw_quota_free(SW_OWNER(link, struct sw_quota, link));
    }
    for (link = hub->clusters.next; link != &hub->clusters; link = next) {
        struct sw_hub_cluster *cluster = SW_OWNER(link, struct sw_hub_cluster, link);

        next = link->next;
        free(cluster->name);
        free(cluster);
    }
    (void)pthread_mutex_destroy(&hub->lock);
    (void)pthread_mutex_destroy(&hub->quota_lock);
    free(hub);
}

static void lock(struct sw_hub_pool *pool)
{
    (void)pthread_mutex_lock(&pool->node->lock);
}

static void unlock(struct sw_hub_pool *pool)
{
    (void)pthread_mutex_unlock(&pool->node->lock);
}

/* --- taking part --- */

/* Under the hub's lock. */
static struct sw_hub_node *find_node(struct sw_hub *hub, const char *address, int port)
{
    struct sw_hub_node *node;

    for (struct sw_link *link = hub->nodes.next; link != &hub->nodes; link = link->next) {
        node = SW_OWNER(link, struct sw_hub_node, link);
        if (node->port == port && strcmp(node->address, address) == 0)
            return node;
    }
    node = sw_alloc_zero(1, sizeof *node);
    node->address = sw_strdup(address);
    node->port = port;
    (void)pthread_mutex_init(&node->lock, NULL);
    sw_link_init(&node->pools);
    sw_list_push_back(&hub->nodes, &node->link);
    return node;
}

char *sw_pool_place_key(const struct sw_pool_place *place)
{
    char *tls = sw_tls_client_text(place->tls);
    /* Names hold no control characters; a password stands last. */
    char *key = sw_format("%s\n%d\n%d\n%s\n%s\n%s\n%s\n%s\n%s\n%s", place->address, place->port,
                          (int)place->kind, place->user, place->database, place->shard,
                          place->dbname, place->server_user, tls, place->server_password);

    free(tls);
    return key;
}

/* Under the lock. */
static void note_size(struct sw_hub_pool *pool)
{
    atomic_store(&pool->is_over, pool->open > pool->size + pool->reserve);
    atomic_store(&pool->is_beyond, pool->open > pool->size);
}

/* Under the hub's lock. */
static struct sw_hub_pool *find_pool(struct sw_hub *hub, const struct sw_pool_place *place)
{
    struct sw_hub_node *node = find_node(hub, place->address, place->port);
    char *key = sw_pool_place_key(place);
    struct sw_hub_pool *pool;

    for (struct sw_link *link = node->pools.next; link != &node->pools; link = link->next) {
        pool = SW_OWNER(link, struct sw_hub_pool, link);
        if (strcmp(pool->key, key) == 0) {
            free(key);
            return pool;
        }
    }
    pool = sw_alloc_zero(1, sizeof *pool + (size_t)hub->workers * sizeof pool->members[0]);
    pool->hub = hub;
    pool->node = node;
    pool->key = key;
    pool->quotas = (struct sw_quotas){&hub->quota_lock,
                                      {sw_quota_find(&hub->quotas, "user", place->user),
                                       sw_quota_find(&hub->quotas, "database", place->database),
                                       sw_quota_find(&hub->quotas, "all", "")}};
    lock(pool);
    sw_list_push_back(&node->pools, &pool->link);
    unlock(pool);
    return pool;
}

struct sw_hub_pool *sw_hub_join(struct sw_hub *hub, struct sw_pool *half)
{
    struct sw_hub_pool *pool;
    struct sw_member *member;

    (void)pthread_mutex_lock(&hub->lock);
    pool = find_pool(hub, &half->place);
    lock(pool);
    member = &pool->members[half->pools->worker];
    member->pool = half;
    member->mailbox = half->pools->mailbox;
    member->alert.on_read = sw_pool_on_alert;
    unlock(pool);
    (void)pthread_mutex_unlock(&hub->lock);
    return pool;
}

void sw_hub_limit(struct sw_hub_pool *pool, const struct sw_hub_limits *limits)
{
    lock(pool);
    pool->size = limits->size;
    pool->reserve = limits->reserve;
    pool->reserve_after_ms = (uint64_t)limits->reserve_after_ms;
    pool->node->limit = limits->node;
    for (int i = 0; i < SW_QUOTAS; i++)
        atomic_store(&pool->quotas.list[i]->limit, limits->quotas[i]);
    note_size(pool);
    unlock(pool);
}

void sw_hub_limit_like(struct sw_hub_pool *pool, struct sw_hub_pool *like)
{
    struct sw_hub_limits limits = {.node = sw_hub_node_limit(like)};

    lock(like);
    limits.size = like->size;
    limits.reserve = like->reserve;
    limits.reserve_after_ms = (int)like->reserve_after_ms;
    unlock(like);
    for (int i = 0; i < SW_QUOTAS; i++)
        limits.quotas[i] = atomic_load(&like->quotas.list[i]->limit);
    sw_hub_limit(pool, &limits);
}

/* --- telling each other; all under the lock --- */

static void alert(struct sw_hub_pool *pool, int worker)
{
    struct sw_member *member = &pool->members[worker];

    if (member->pool != NULL && !sw_hub_is_stopped(pool->hub) &&
        !atomic_exchange(&member->is_alerted, true))
        sw_mailbox_post(member->mailbox, &member->alert);
}

/* Those that hold something may have it idle. Who needs something himself has not. */
static void alert_holders(struct sw_hub_pool *pool, int but)
{
    for (int i = 0; i < pool->hub->workers; i++)
        if (i != but && pool->members[i].held > 0 && pool->members[i].needed == 0)
            alert(pool, i);
}

static void alert_needy(struct sw_hub_pool *pool, int but)
{
    for (int i = 0; i < pool->hub->workers; i++)
        if (i != but && pool->members[i].needed > 0)
            alert(pool, i);
}

static bool is_node_full(const struct sw_hub_node *node)
{
    return node->limit > 0 && node->open >= node->limit;
}

/* Quotas are noted whether or not they are full, and tried again after that: one that is given
 * back meanwhile is seen, or whoever gives it back sees the note. */
static void note_crowded(struct sw_hub_pool *pool)
{
    bool may_grow = atomic_load(&pool->wanting) > 0 && pool->open < pool->size;
    bool is_crowded = may_grow && is_node_full(pool->node);

    if (is_crowded != pool->is_crowded)
        atomic_fetch_add(&pool->node->crowded, is_crowded ? 1 : -1);
    pool->is_crowded = is_crowded;
    if (may_grow != pool->crowds_quotas)
        for (int i = 0; i < SW_QUOTAS; i++)
            atomic_fetch_add(&pool->quotas.list[i]->crowded, may_grow ? 1 : -1);
    pool->crowds_quotas = may_grow;
}

static void set_needed(struct sw_hub_pool *pool, struct sw_member *member, int needed)
{
    if ((member->needed > 0) != (needed > 0))
        atomic_fetch_add(&pool->wanting, needed > 0 ? 1 : -1);
    member->needed = needed;
    note_crowded(pool);
}

static void call_for_help(struct sw_hub_pool *pool, int worker)
{
    alert_holders(pool, worker);
    if (!pool->is_crowded)
        return;
    for (struct sw_link *link = pool->node->pools.next; link != &pool->node->pools;
         link = link->next)
        if (link != &pool->link)
            alert_holders(SW_OWNER(link, struct sw_hub_pool, link), -1);
}

/* The right to one more connection, if @most of the pool's and the other limits allow it. */
static bool take_slot(struct sw_hub_pool *pool, struct sw_member *member, int most)
{
    if (pool->open >= most || is_node_full(pool->node) || !sw_quotas_take(&pool->quotas))
        return false;
    member->held++;
    pool->open++;
    pool->node->open++;
    note_size(pool);
    return true;
}

/* --- telling those of other nodes; under the hub's lock, and no node's --- */

static bool share_crowded_quota(const struct sw_hub_pool *a, const struct sw_hub_pool *b)
{
    for (int i = 0; i < SW_QUOTAS; i++)
        if (a->quotas.list[i] == b->quotas.list[i] && sw_quota_is_crowded(a->quotas.list[i]))
            return true;
    return false;
}

static void call_all(struct sw_hub_pool *pool, void (*call)(struct sw_hub_pool *pool, int but))
{
    struct sw_hub *hub = pool->hub;

    (void)pthread_mutex_lock(&hub->lock);
    for (struct sw_link *at = hub->nodes.next; at != &hub->nodes; at = at->next) {
        struct sw_hub_node *node = SW_OWNER(at, struct sw_hub_node, link);

        (void)pthread_mutex_lock(&node->lock);
        for (struct sw_link *link = node->pools.next; link != &node->pools; link = link->next) {
            struct sw_hub_pool *other = SW_OWNER(link, struct sw_hub_pool, link);

            if (other != pool && share_crowded_quota(pool, other))
                call(other, -1);
        }
        (void)pthread_mutex_unlock(&node->lock);
    }
    (void)pthread_mutex_unlock(&hub->lock);
}

/* --- asking --- */

static int share_of(const struct sw_hub_pool *pool, int worker)
{
    int share = sw_turn_share(pool->size, pool->hub->workers, worker);

    return share > 0 ? share : 1;
}

/* Who has waited for long gets one of the reserve. */
static int most_of(const struct sw_hub_pool *pool, const struct sw_hub_need *need)
{
    bool is_late = need->waiting > 0 && need->now_ms >= need->first_ms + pool->reserve_after_ms;
    int beyond = pool->open > pool->size ? pool->open - pool->size : 0;

    if (!is_late || pool->open < pool->size)
        return pool->size;
    return pool->size + (beyond < pool->reserve ? beyond + 1 : pool->reserve);
}

static int grant(struct sw_hub_pool *pool, struct sw_member *member,
                 const struct sw_hub_need *need)
{
    int left = need->waiting - member->incoming, most = most_of(pool, need), granted = 0;

    while (need->may_open && granted < left && take_slot(pool, member, most))
        granted++;
    set_needed(pool, member, left > granted ? left - granted : 0);
    return granted;
}

int sw_hub_seek(struct sw_hub_pool *pool, int worker, const struct sw_hub_need *need)
{
    struct sw_member *member = &pool->members[worker];
    int granted, before;
    bool needs_more, is_crowded;

    lock(pool);
    before = member->needed;
    member->first_ms = need->first_ms;
    granted = grant(pool, member, need);
    /* What was given back before our need was noted. */
    while (need->may_open && member->needed > 0 && take_slot(pool, member, pool->size)) {
        granted++;
        set_needed(pool, member, member->needed - 1);
    }
    needs_more = member->needed > before;
    if (needs_more)
        call_for_help(pool, worker);
    is_crowded = needs_more && pool->crowds_quotas && sw_quotas_are_short(&pool->quotas);
    unlock(pool);
    if (is_crowded)
        call_all(pool, alert_holders);
    return granted;
}

bool sw_hub_take(struct sw_hub_pool *pool, int worker)
{
    bool is_taken;

    lock(pool);
    is_taken = take_slot(pool, &pool->members[worker], pool->size);
    unlock(pool);
    return is_taken;
}

void sw_hub_opened(struct sw_hub_pool *pool)
{
    lock(pool);
    pool->live++;
    unlock(pool);
}

int sw_hub_release(struct sw_hub_pool *pool, int worker, bool was_live)
{
    int live;
    bool is_crowded;

    lock(pool);
    pool->members[worker].held--;
    pool->open--;
    pool->node->open--;
    sw_quotas_give_back(&pool->quotas);
    is_crowded = sw_quotas_are_crowded(&pool->quotas);
    live = pool->live -= was_live;
    note_size(pool);
    note_crowded(pool);
    alert_needy(pool, worker);
    if (atomic_load(&pool->node->crowded) > 0)
        for (struct sw_link *link = pool->node->pools.next; link != &pool->node->pools;
             link = link->next)
            if (link != &pool->link)
                alert_needy(SW_OWNER(link, struct sw_hub_pool, link), -1);
    unlock(pool);
    if (is_crowded)
        call_all(pool, alert_needy);
    return live;
}

int sw_hub_choose(struct sw_hub_pool *pool, int worker, uint64_t first_ms,
                  struct sw_receiver *to)
{
    struct sw_turn_party parties[SW_WORKERS_MOST];
    int workers = pool->hub->workers, chosen;

    lock(pool);
    for (int i = 0; i < workers; i++) {
        const struct sw_member *member = &pool->members[i];

        parties[i] = (struct sw_turn_party){.held = member->held,
                                            .share = share_of(pool, i),
                                            .waits = member->needed > 0,
                                            .first_ms = member->first_ms};
    }
    parties[worker].waits = first_ms > 0;
    parties[worker].first_ms = first_ms;
    chosen = sw_turn_choose(parties, workers, worker);
    if (chosen >= 0 && chosen != worker) {
        struct sw_member *member = &pool->members[chosen];

        *to = (struct sw_receiver){member->pool, member->mailbox};

        pool->members[worker].held--;
        member->held++;
        member->incoming++;
        set_needed(pool, member, member->needed - 1);
    }
    unlock(pool);
    return chosen;
}

void sw_hub_received(struct sw_hub_pool *pool, int worker)
{
    lock(pool);
    pool->members[worker].incoming--;
    unlock(pool);
}

bool sw_hub_must_make_room(struct sw_hub_pool *pool)
{
    bool must;

    if (!sw_hub_is_crowded(pool))
        return false;
    lock(pool);
    must = atomic_load(&pool->wanting) == 0 &&
           ((is_node_full(pool->node) && atomic_load(&pool->node->crowded) > 0) ||
            sw_quotas_are_short(&pool->quotas));
    unlock(pool);
    return must;
}

bool sw_hub_is_crowded(const struct sw_hub_pool *pool)
{
    return atomic_load(&pool->node->crowded) > 0 || sw_quotas_are_crowded(&pool->quotas);
}

enum sw_hub_bound sw_hub_bound(struct sw_hub_pool *pool)
{
    enum sw_hub_bound bound = SW_BOUND_SIZE;
    int full = sw_quotas_full(&pool->quotas);

    lock(pool);
    if (pool->open < pool->size && is_node_full(pool->node))
        bound = SW_BOUND_NODE;
    else if (pool->open < pool->size && full < SW_QUOTAS)
        bound = (enum sw_hub_bound)(SW_BOUND_USER + full);
    unlock(pool);
    return bound;
}

int sw_hub_node_limit(struct sw_hub_pool *pool)
{
    int limit;

    lock(pool);
    limit = pool->node->limit;
    unlock(pool);
    return limit;
}

bool sw_hub_is_over(const struct sw_hub_pool *pool)
{
    return atomic_load_explicit(&pool->is_over, memory_order_relaxed) ||
           sw_quotas_are_over(&pool->quotas);
}

bool sw_hub_is_beyond(const struct sw_hub_pool *pool)
{
    return atomic_load_explicit(&pool->is_beyond, memory_order_relaxed) &&
           atomic_load(&pool->wanting) == 0;
}

/* --- the end --- */

bool sw_hub_leave(struct sw_hub_pool *pool, int worker)
{
    struct sw_hub *hub = pool->hub;
    struct sw_member *member = &pool->members[worker];
    bool may_leave, is_last = true;

    (void)pthread_mutex_lock(&hub->lock);
    lock(pool);
    may_leave = member->incoming == 0 && !atomic_load(&member->is_alerted);
    if (may_leave) {
        assert(member->held == 0);
        set_needed(pool, member, 0);
        member->pool = NULL;
    }
    for (int i = 0; i < hub->workers; i++)
        is_last = is_last && pool->members[i].pool == NULL;
    if (is_last)
        sw_link_remove(&pool->link);
    unlock(pool);
    (void)pthread_mutex_unlock(&hub->lock);
    if (is_last) {
        free(pool->key);
        free(pool);
    }
    return may_leave;
}
