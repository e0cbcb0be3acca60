/*
 * Replicas: whose connections they are, and how far they have replayed the WAL.
 *
 * What one connection is told of that holds for the others that were open when it was asked: a
 * standby never goes back while it runs. One that was opened later may lead to a standby that
 * has started anew, at an earlier place.
 */
#include "internal.h"

#include "shardward/base/mem.h"

#include <stdlib.h>

static size_t pair_count(const struct sw_map *map)
{
    return (size_t)map->user_count * (size_t)map->shard_count;
}

void sw_pools_forget_replicas(struct sw_pools *pools, const struct sw_map *map)
{
    for (size_t i = 0; pools->replicas != NULL && i < pair_count(map); i++)
        free(pools->replicas[i].of_nodes);
    free(pools->replicas);
    pools->replicas = NULL;
}

/* Where the pools of a pair's nodes are noted, by index. */
static struct sw_pool **row_of(struct sw_pools *pools, const struct sw_user *user,
                               const struct sw_shard *shard)
{
    const struct sw_map *map = pools->map;
    struct sw_replica_row *row;

    if (pools->replicas == NULL)
        pools->replicas = sw_alloc_zero(pair_count(map), sizeof *pools->replicas);
    row = &pools->replicas[(user - map->users) * map->shard_count + shard->id];
    if (row->of_nodes == NULL)
        row->of_nodes =
            sw_alloc_zero((size_t)shard->cluster->node_count, sizeof(struct sw_pool *));
    return row->of_nodes;
}

struct sw_pool *sw_pools_get_replica(struct sw_pools *pools, const struct sw_user *user,
                                     const struct sw_shard *shard, const struct sw_node *node)
{
    struct sw_pool **at;

    if (user->map != pools->map)
        return sw_pools_find_at(pools, user, shard, node, SW_POOL_REPLICA, true);
    at = &row_of(pools, user, shard)[node - shard->cluster->nodes];
    if (*at == NULL)
        *at = sw_pools_find_at(pools, user, shard, node, SW_POOL_REPLICA, true);
    return *at;
}

/* Clocks of loops may lag: a connection counts as open from then on. */
enum { SETTLED_MS = 1000 };

int sw_pool_outstanding(const struct sw_pool *pool)
{
    return pool->lent_count + pool->waiting_count;
}

uint64_t sw_lease_replayed(const struct sw_lease *lease)
{
    const struct sw_pool *pool = lease->pool;

    return sw_backend_card(lease->backend)->opened_ms + SETTLED_MS < pool->replayed.asked_ms
               ? pool->replayed.lsn
               : 0;
}

void sw_lease_note_replayed(struct sw_lease *lease, uint64_t lsn, uint64_t asked_ms)
{
    struct sw_pool *pool = lease->pool;

    if (asked_ms < pool->replayed.asked_ms ||
        (asked_ms == pool->replayed.asked_ms && lsn < pool->replayed.lsn))
        return;
    pool->replayed.lsn = lsn;
    pool->replayed.asked_ms = asked_ms;
}

/* A server logs each refusal as an error, and the answer was in vain: not more of them than one
 * in so long. */
enum { BEHIND_MS = 100 };

void sw_lease_note_behind(struct sw_lease *lease)
{
    lease->pool->behind_ms = sw_loop_now_ms(lease->pool->pools->loop);
}

bool sw_pool_is_behind(const struct sw_pool *pool, uint64_t lsn)
{
    return pool->behind_ms > 0 && pool->replayed.lsn < lsn &&
           sw_loop_now_ms(pool->pools->loop) < pool->behind_ms + BEHIND_MS;
}
