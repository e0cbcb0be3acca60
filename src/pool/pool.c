#include "internal.h"

#include "shardward/base/mem.h"

#include <assert.h>
#include <string.h>
#include <sys/random.h>

/* --- places --- */

/* What a place is made of, borrowed from user and shard. */
static struct sw_pool_place describe(const struct sw_user *user, const struct sw_shard *shard,
                                     const struct sw_node *node, enum sw_pool_kind kind)
{
    const char *password = user->server_password == NULL ? "" : user->server_password;

    return (struct sw_pool_place){.user = (char *)user->name,
                                  .database = (char *)shard->database->name,
                                  .shard = (char *)shard->name,
                                  .cluster = (char *)shard->cluster->name,
                                  .node = (char *)node->name,
                                  .address = (char *)node->address,
                                  .port = node->port,
                                  .tls = (struct sw_tls_client *)(uintptr_t)node->tls,
                                  .dbname = (char *)shard->dbname,
                                  .server_user = (char *)user->server_user,
                                  .server_password = (char *)password,
                                  .kind = kind,
                                  .is_followed = shard->cluster->failover != SW_FAILOVER_OFF};
}

static struct sw_pool_place copy_place(const struct sw_pool_place *place)
{
    return (struct sw_pool_place){.user = sw_strdup(place->user),
                                  .database = sw_strdup(place->database),
                                  .shard = sw_strdup(place->shard),
                                  .cluster = sw_strdup(place->cluster),
                                  .node = sw_strdup(place->node),
                                  .address = sw_strdup(place->address),
                                  .port = place->port,
                                  .tls = sw_tls_client_copy(place->tls),
                                  .dbname = sw_strdup(place->dbname),
                                  .server_user = sw_strdup(place->server_user),
                                  .server_password = sw_strdup(place->server_password),
                                  .kind = place->kind,
                                  .is_followed = place->is_followed};
}

static void free_place(struct sw_pool_place *place)
{
    free(place->user);
    free(place->database);
    free(place->shard);
    free(place->cluster);
    free(place->node);
    free(place->address);
    free(place->dbname);
    sw_tls_client_free(place->tls);
    free(place->server_user);
    free(place->server_password);
}

/* --- one pool --- */

static void configure(struct sw_pool *pool, const struct sw_user *user,
                      const struct sw_shard *shard)
{
    pool->is_retired = false;
    pool->limits = user->pool;
    pool->unheard_ms = shard->cluster->health->unheard_ms;
    if (pool->place.kind == SW_POOL_ERRANDS) {
        pool->limits.mode = SW_POOL_TRANSACTION;
        pool->limits.size = 1;
        pool->limits.reserve = 0;
    }
    sw_hub_limit(pool->hub, &(struct sw_hub_limits){
                                .size = pool->limits.size,
                                .reserve = pool->limits.reserve,
                                .reserve_after_ms = pool->limits.reserve_after_ms,
                                .node = shard->cluster->connections,
                                .quotas = {user->connections, shard->database->connections,
                                           user->map->config->limits.connections},
                            });
    if (pool->waiting_count > 0)
        sw_task_post(pool->pools->loop, &pool->serve);
}

static struct sw_pool *create_pool(struct sw_pools *pools, const struct sw_pool_place *place,
                                   const char *key)
{
    struct sw_pool *pool = sw_alloc_zero(1, sizeof *pool);

    pool->pools = pools;
    pool->place = copy_place(place);
    sw_link_init(&pool->idle);
    sw_link_init(&pool->lent);
    sw_link_init(&pool->probing);
    sw_link_init(&pool->waiting);
    sw_task_init(&pool->serve, sw_pool_serve, pool);
    pool->alarm = sw_timer_create(pools->loop, sw_pool_on_alarm, pool);
    pool->hub = sw_hub_join(pools->hub, pool);
    pool->cluster = sw_hub_cluster(pools->hub, place->cluster);
    sw_pool_stand(pool);
    sw_list_push_back(&pools->all, &pool->link);
    (void)sw_textmap_put(&pools->by_key, key, pool);
    return pool;
}

static void free_pool(struct sw_pool *pool)
{
    sw_link_remove(&pool->link);
    sw_task_cancel(&pool->serve);
    sw_timer_close(pool->alarm);
    free_place(&pool->place);
    free(pool);
}

void sw_pool_free_retired(struct sw_pool *pool)
{
    struct sw_pools *pools = pool->pools;
    char *key;

    if (!sw_hub_leave(pool->hub, pools->worker))
        return;
    key = sw_pool_place_key(&pool->place);
    (void)sw_textmap_remove(&pools->by_key, key);
    free(key);
    free_pool(pool);
}

static void close_pool(struct sw_pool *pool)
{
    struct sw_backend *backend;
    bool has_left;

    while ((backend = sw_pool_first_idle(pool)) != NULL) {
        sw_pool_take_idle(pool, backend);
        sw_pool_drop(pool, backend);
    }
    sw_pool_end_probes(pool, UINT64_MAX);
    for (; pool->dialling_count > 0; pool->dialling_count--)
        (void)sw_hub_release(pool->hub, pool->pools->worker, false);
    has_left = sw_hub_leave(pool->hub, pool->pools->worker);
    assert(has_left);
    (void)has_left;
    free_pool(pool);
}

/* --- all of them --- */

/* Where the primary is, or was last known to be. */
static const struct sw_node *primary_of(const struct sw_pools *pools,
                                        const struct sw_cluster *cluster)
{
    const struct sw_node *node = sw_state_primary(pools->state, cluster);

    return node == NULL ? &cluster->nodes[0] : node;
}

const struct sw_node *sw_pools_primary(const struct sw_pools *pools,
                                       const struct sw_shard *shard)
{
    return primary_of(pools, shard->cluster);
}

/* The pool of a pair; NULL if there is none and none is to be made. One that only sessions of
 * an earlier map need is retired from the beginning. */
struct sw_pool *sw_pools_find_at(struct sw_pools *pools, const struct sw_user *user,
                                 const struct sw_shard *shard, const struct sw_node *node,
                                 enum sw_pool_kind kind, bool makes)
{
    const struct sw_pool_place place = describe(user, shard, node, kind);
    char *key = sw_pool_place_key(&place);
    struct sw_pool *pool = sw_textmap_get(&pools->by_key, key);

    if (pool == NULL && makes) {
        pool = create_pool(pools, &place, key);
        configure(pool, user, shard);
        pool->is_retired = true;
    }
    if (pool != NULL && pool->is_retired && user->map == pools->map)
        configure(pool, user, shard);
    free(key);
    return pool;
}

static struct sw_pool *find(struct sw_pools *pools, const struct sw_user *user,
                            const struct sw_shard *shard, enum sw_pool_kind kind, bool makes)
{
    return sw_pools_find_at(pools, user, shard, primary_of(pools, shard->cluster), kind, makes);
}

struct sw_pool *sw_pools_find_like(struct sw_pools *pools, const struct sw_pool_place *place,
                                   const struct sw_pool *like)
{
    char *key = sw_pool_place_key(place);
    struct sw_pool *pool = sw_textmap_get(&pools->by_key, key);

    if (pool == NULL) {
        pool = create_pool(pools, place, key);
        pool->limits = like->limits;
        pool->unheard_ms = like->unheard_ms;
        pool->is_retired = like->is_retired;
        sw_hub_limit_like(pool->hub, like->hub);
    }
    free(key);
    return pool;
}

static bool leads_to(const struct sw_shard *shard, const struct sw_pool_place *place)
{
    return strcmp(shard->name, place->shard) == 0 &&
           strcmp(shard->database->name, place->database) == 0 &&
           strcmp(shard->cluster->name, place->cluster) == 0 &&
           strcmp(shard->dbname, place->dbname) == 0;
}

struct sw_pool *sw_pools_find_heir(struct sw_pools *pools, const struct sw_pool_place *place)
{
    const struct sw_map *map = pools->map;

    for (int u = 0; u < map->user_count; u++)
        for (int s = 0; s < map->shard_count; s++)
            if (strcmp(map->users[u].name, place->user) == 0 &&
                leads_to(map->shards[s], place) &&
                sw_user_may_reach(&map->users[u], map->shards[s]))
                return find(pools, &map->users[u], map->shards[s], place->kind, true);
    return NULL;
}

static struct sw_pool **place_in_table(struct sw_pools *pools, const struct sw_user *user,
                                       const struct sw_shard *shard)
{
    return &pools->table[(user - pools->map->users) * pools->map->shard_count + shard->id];
}

struct sw_pool *sw_pools_get(struct sw_pools *pools, const struct sw_user *user,
                             const struct sw_shard *shard)
{
    struct sw_pool **at;

    if (user->map != pools->map)
        return find(pools, user, shard, SW_POOL_SHARED, true);
    at = place_in_table(pools, user, shard);
    if (*at == NULL)
        *at = find(pools, user, shard, SW_POOL_SHARED, true);
    return *at;
}

struct sw_pool *sw_pools_get_kind(struct sw_pools *pools, const struct sw_user *user,
                                  const struct sw_shard *shard, enum sw_pool_kind kind)
{
    return find(pools, user, shard, kind, true);
}

/* Those that are there and lead to a node of the map. */
static void keep_named(struct sw_pools *pools, const struct sw_user *user,
                       const struct sw_shard *shard)
{
    for (int i = 0; i < shard->cluster->node_count; i++)
        for (int kind = SW_POOL_SHARED; kind <= SW_POOL_REPLICA; kind++)
            (void)sw_pools_find_at(pools, user, shard, &shard->cluster->nodes[i],
                                   (enum sw_pool_kind)kind, false);
}

/* For every pair of the map. Pools are made for those that want a minimum; whose clients keep
 * what they use, they get it when they come. */
void sw_pools_look_up(struct sw_pools *pools)
{
    const struct sw_map *map = pools->map;

    for (int u = 0; u < map->user_count; u++)
        for (int s = 0; s < map->shard_count; s++) {
            const struct sw_user *user = &map->users[u];
            bool is_kept = user->pool.min > 0 && user->pool.mode != SW_POOL_SESSION &&
                           sw_user_may_reach(user, map->shards[s]);

            *place_in_table(pools, user, map->shards[s]) =
                find(pools, user, map->shards[s], SW_POOL_SHARED, is_kept);
        }
}

static void retire_unnamed(struct sw_pools *pools)
{
    const struct sw_map *map = pools->map;

    for (struct sw_link *link = pools->all.next; link != &pools->all; link = link->next)
        SW_OWNER(link, struct sw_pool, link)->is_retired = true;
    for (int u = 0; u < map->user_count; u++)
        for (int s = 0; s < map->shard_count; s++)
            keep_named(pools, &map->users[u], map->shards[s]);
}

void sw_pools_use_map(struct sw_pools *pools, struct sw_map *map)
{
    struct sw_map *before = pools->map;

    sw_pools_forget_replicas(pools, before);
    pools->map = sw_map_ref(map);
    sw_map_unref(before);
    free(pools->table);
    pools->table = sw_alloc_zero((size_t)map->user_count * (size_t)map->shard_count,
                                 sizeof(struct sw_pool *));
    pools->connect_ms = map->config->timeouts.connect_ms;
    pools->lease_ms = map->config->timeouts.lease_ms;
    pools->failover_ms = map->config->timeouts.failover_ms;
    pools->parked_most = map->config->limits.failover_waiting;
    retire_unnamed(pools);
    sw_pools_look_up(pools);
    sw_pools_redirect(pools);
    sw_pools_keep(pools);
}

struct sw_pools *sw_pools_create(const struct sw_pools_setup *setup)
{
    struct sw_pools *pools = sw_alloc_zero(1, sizeof *pools);

    pools->worker = setup->worker;
    pools->loop = setup->loop;
    pools->mailbox = setup->mailbox;
    pools->hub = setup->hub;
    pools->dialler = setup->dialler;
    pools->canceller = setup->canceller;
    pools->on_hint = setup->on_hint;
    pools->owner = setup->owner;
    pools->state = sw_state_ref(setup->state);
    sw_link_init(&pools->all);
    sw_textmap_init(&pools->by_key);
    pools->keeper = sw_timer_create(pools->loop, sw_pools_keep, pools);
    if (getrandom(&pools->random, sizeof pools->random, GRND_NONBLOCK) < 0 ||
        pools->random == 0)
        pools->random = 1;
    sw_pools_use_map(pools, setup->map);
    return pools;
}

void sw_pools_close(struct sw_pools *pools)
{
    struct sw_link *link, *next;

    if (pools == NULL)
        return;
    for (link = pools->all.next; link != &pools->all; link = next) {
        next = link->next;
        close_pool(SW_OWNER(link, struct sw_pool, link));
    }
    sw_timer_close(pools->keeper);
    sw_textmap_finish(&pools->by_key);
    sw_settings_shared_finish(&pools->reported);
    sw_pools_forget_replicas(pools, pools->map);
    free(pools->table);
    sw_map_unref(pools->map);
    sw_state_unref(pools->state);
    free(pools);
}

static struct sw_pool_facts facts_of(const struct sw_pool *pool, uint64_t now_ms)
{
    const struct sw_link *first = sw_list_first(&pool->waiting);
    uint64_t since_ms =
        first == NULL ? now_ms : SW_OWNER(first, struct sw_lease, link)->since_ms;

    return (struct sw_pool_facts){.user = pool->place.user,
                                  .database = pool->place.database,
                                  .shard = pool->place.shard,
                                  .node = pool->place.node,
                                  .address = pool->place.address,
                                  .port = pool->place.port,
                                  .dbname = pool->place.dbname,
                                  .server_user = pool->place.server_user,
                                  .mode = pool->limits.mode,
                                  .size = pool->limits.size,
                                  .reserve = pool->limits.reserve,
                                  .idle = pool->idle_count + pool->probing_count,
                                  .lent = pool->lent_count,
                                  .opening = pool->dialling_count,
                                  .waiting = pool->waiting_count,
                                  .longest_wait_ms = now_ms - since_ms};
}

void sw_pools_each(const struct sw_pools *pools,
                   void (*on_pool)(void *owner, const struct sw_pool_facts *facts), void *owner)
{
    uint64_t now_ms = sw_loop_now_ms(pools->loop);

    for (struct sw_link *link = pools->all.next; link != &pools->all; link = link->next) {
        const struct sw_pool *pool = SW_OWNER(link, struct sw_pool, link);
        const struct sw_pool_facts facts = facts_of(pool, now_ms);

        /* Where the primary was once. */
        if (pool->standing.is_elsewhere &&
            facts.idle + facts.lent + facts.opening + facts.waiting == 0)
            continue;
        on_pool(owner, &facts);
    }
}

void sw_pools_reconnect(struct sw_pools *pools,
                        bool (*is_meant)(void *owner, const struct sw_pool_facts *facts),
                        void *owner)
{
    uint64_t now_ms = sw_loop_now_ms(pools->loop);

    for (struct sw_link *link = pools->all.next; link != &pools->all; link = link->next) {
        struct sw_pool *pool = SW_OWNER(link, struct sw_pool, link);
        const struct sw_pool_facts facts = facts_of(pool, now_ms);

        if (is_meant != NULL && !is_meant(owner, &facts))
            continue;
        atomic_fetch_add(&pool->hub->generation, 1);
        sw_pool_drop_spent(pool, 0);
    }
}

static void tell_servers(const struct sw_pools *pools, const struct sw_pool *pool,
                         const struct sw_link *list,
                         void (*on_server)(void *owner, const struct sw_server_facts *facts),
                         void *owner)
{
    uint64_t now_ms = sw_loop_now_ms(pools->loop);
    const struct sw_pool_facts about = facts_of(pool, now_ms);

    for (const struct sw_link *link = list->next; link != list; link = link->next) {
        struct sw_backend_card *card =
            SW_OWNER((struct sw_link *)(uintptr_t)link, struct sw_backend_card, link);
        struct sw_backend *backend = sw_backend_of_card(card);
        bool is_lent = list == &pool->lent;
        struct sw_server_facts facts = {
            .pool = &about,
            .is_lent = is_lent,
            .is_spent = pool->is_retired || pool->standing.is_elsewhere ||
                        sw_pool_is_spent(pool, backend, now_ms),
            .fd = sw_backend_fd(backend),
            .pid = sw_backend_server_pid(backend),
            .open_ms = now_ms - card->opened_ms,
            .unused_ms = is_lent ? 0 : now_ms - card->used_ms,
        };

        sw_backend_describe_tls(backend, facts.tls);
        on_server(owner, &facts);
    }
}

void sw_pools_each_server(const struct sw_pools *pools,
                          void (*on_server)(void *owner, const struct sw_server_facts *facts),
                          void *owner)
{
    for (struct sw_link *link = pools->all.next; link != &pools->all; link = link->next) {
        const struct sw_pool *pool = SW_OWNER(link, struct sw_pool, link);

        tell_servers(pools, pool, &pool->lent, on_server, owner);
        tell_servers(pools, pool, &pool->idle, on_server, owner);
    }
}
