/*
 * A part that waits for a server connection may wait for another one of the same scatter, which
 * holds its own: because its rows find no room before the part that waits has some, or because
 * it is in a transaction. If all of them count against a limit that pools share, and that
 * allows no more, it would be for ever.
 */
#include "stuck.h"

#include "shardward/base/mem.h"

#include <stdlib.h>

static bool waits(const struct sw_scatter_part *part)
{
    return !part->has_ended && part->leg->state == SW_LEG_LEASING;
}

/* It keeps its connection until the last part has one. */
static bool keeps(const struct sw_scatter_part *part)
{
    return part->has_ended ? part->leg->state == SW_LEG_ATTACHED : part->is_held;
}

bool sw_scatter_is_stuck(const struct sw_scatter *scatter, struct sw_error *err)
{
    const struct sw_scatter_part *last;
    struct sw_pool **pools;
    bool is_stuck;
    int count = 0;

    if (scatter->state != SW_SCATTER_RUNNING || scatter->is_unwanted || scatter->started < 2)
        return false;
    last = &scatter->parts[scatter->started - 1];
    if (!waits(last))
        return false;
    pools = sw_alloc((size_t)scatter->started * sizeof(struct sw_pool *));
    for (int i = 0; i < scatter->started - 1; i++)
        if (keeps(&scatter->parts[i]))
            pools[count++] = scatter->parts[i].pool;
    pools[count] = last->pool;
    is_stuck = count > 0 && !sw_pools_fit_together(pools, count + 1, err);
    free(pools);
    return is_stuck;
}
