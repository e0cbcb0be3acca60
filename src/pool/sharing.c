/*
 * Who needs connections of several pools at the same time may need more than they may have
 * together: of a node, of a user, of a database, of all.
 */
#include "internal.h"

static void refuse(struct sw_error *err, int count, int limit)
{
    sw_error_set(err, "53300",
                 "%d server connections are needed at the same time, and only %d are allowed",
                 count, limit);
}

static bool fits_node(struct sw_pool *const *pools, int count, const struct sw_pool *pool,
                      struct sw_error *err)
{
    const struct sw_hub_node *node = pool->hub->node;
    int limit = sw_hub_node_limit(pool->hub), needed = 0;

    for (int i = 0; i < count; i++)
        needed += pools[i]->hub->node == node;
    if (limit == 0 || needed <= limit)
        return true;
    refuse(err, needed, limit);
    sw_error_hint(err, "Raise connections of the cluster of node %s.", pool->place.node);
    return false;
}

static void hint(struct sw_error *err, int quota, const struct sw_pool_place *place)
{
    if (quota == 0)
        sw_error_hint(err, "Raise users.%s.connections.", place->user);
    else if (quota == 1)
        sw_error_hint(err, "Raise databases.%s.connections.", place->database);
    else
        sw_error_hint(err, "Raise limits.connections.");
}

static bool fits_quota(struct sw_pool *const *pools, int count, const struct sw_pool *pool,
                       int at, struct sw_error *err)
{
    const struct sw_quota *quota = pool->hub->quotas.list[at];
    int limit = atomic_load(&quota->limit), needed = 0;

    for (int i = 0; i < count; i++)
        needed += pools[i]->hub->quotas.list[at] == quota;
    if (limit == 0 || needed <= limit)
        return true;
    refuse(err, needed, limit);
    hint(err, at, &pool->place);
    return false;
}

bool sw_pools_fit_together(struct sw_pool *const *pools, int count, struct sw_error *err)
{
    for (int i = 0; i < count; i++) {
        if (!fits_node(pools, count, pools[i], err))
            return false;
        for (int at = 0; at < SW_QUOTAS; at++)
            if (!fits_quota(pools, count, pools[i], at, err))
                return false;
    }
    return true;
}
