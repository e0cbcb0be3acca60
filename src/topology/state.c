#include "shardward/topology/state.h"

#include "shardward/base/mem.h"

#include <string.h>

const char *sw_verdict_name(enum sw_verdict verdict)
{
    static const char *const names[] = {
        [SW_VERDICT_UNKNOWN] = "unknown",       [SW_VERDICT_UP] = "up",
        [SW_VERDICT_SUSPECT] = "suspect",       [SW_VERDICT_DOWN] = "down",
        [SW_VERDICT_RECOVERING] = "recovering",
    };

    return names[verdict];
}

const char *sw_role_name(enum sw_role role)
{
    static const char *const names[] = {
        [SW_ROLE_UNKNOWN] = "unknown",
        [SW_ROLE_PRIMARY] = "primary",
        [SW_ROLE_STANDBY] = "standby",
    };

    return names[role];
}

const char *sw_admission_name(enum sw_admission admission)
{
    static const char *const names[] = {
        [SW_ADMIT] = "admits",
        [SW_SUSPEND] = "suspended",
        [SW_DRAIN] = "drains",
        [SW_REFUSE] = "refuses",
    };

    return names[admission];
}

/* --- looking --- */

static const struct sw_cluster_state *find_cluster(const struct sw_state *state,
                                                   const char *name)
{
    for (int i = 0; i < state->map->cluster_count; i++)
        if (strcmp(state->clusters[i].cluster->name, name) == 0)
            return &state->clusters[i];
    return NULL;
}

const struct sw_cluster_state *sw_state_cluster(const struct sw_state *state,
                                                const struct sw_cluster *cluster)
{
    for (int i = 0; i < state->map->cluster_count; i++)
        if (state->clusters[i].cluster == cluster)
            return &state->clusters[i];
    return find_cluster(state, cluster->name);
}

static int find_node(const struct sw_cluster *cluster, const char *name)
{
    for (int i = 0; i < cluster->node_count; i++)
        if (strcmp(cluster->nodes[i].name, name) == 0)
            return i;
    return -1;
}

const struct sw_node *sw_state_primary(const struct sw_state *state,
                                       const struct sw_cluster *cluster)
{
    const struct sw_cluster_state *known = sw_state_cluster(state, cluster);
    int index;

    if (known == NULL)
        return &cluster->nodes[0];
    if (known->primary < 0)
        return NULL;
    if (known->cluster == cluster)
        return &cluster->nodes[known->primary];
    index = find_node(cluster, known->cluster->nodes[known->primary].name);
    return index < 0 ? NULL : &cluster->nodes[index];
}

const struct sw_node_state *sw_state_node(const struct sw_state *state,
                                          const struct sw_cluster *cluster,
                                          const struct sw_node *node)
{
    const struct sw_cluster_state *known = sw_state_cluster(state, cluster);
    int index = known == NULL ? -1 : find_node(known->cluster, node->name);

    return index < 0 ? NULL : &known->nodes[index];
}

/* --- making --- */

static bool is_same_node(const struct sw_node *a, const struct sw_node *b)
{
    return strcmp(a->address, b->address) == 0 && a->port == b->port;
}

/* What was known of a node that the map still places where it was. */
static void carry_nodes(const struct sw_cluster *cluster, const struct sw_cluster_state *before,
                        struct sw_node_state *nodes)
{
    for (int i = 0; i < cluster->node_count; i++) {
        int at = find_node(before->cluster, cluster->nodes[i].name);

        if (at >= 0 && is_same_node(&cluster->nodes[i], &before->cluster->nodes[at]))
            nodes[i] = before->nodes[at];
    }
}

static int carry_primary(const struct sw_cluster *cluster,
                         const struct sw_cluster_state *before)
{
    const struct sw_node *node;
    int at;

    if (before->primary < 0)
        return -1;
    node = &before->cluster->nodes[before->primary];
    at = find_node(cluster, node->name);
    return at >= 0 && is_same_node(&cluster->nodes[at], node) ? at : -1;
}

static void carry(struct sw_state *state, const struct sw_cluster_state *before,
                  struct sw_node_state *nodes, struct sw_cluster_state *to)
{
    const struct sw_cluster *cluster = to->cluster;
    struct sw_timeline_end *ends =
        sw_arena_alloc(&state->arena, (size_t)before->end_count * sizeof *ends);

    if (before->end_count > 0)
        memcpy(ends, before->ends, (size_t)before->end_count * sizeof *ends);
    carry_nodes(cluster, before, nodes);
    *to = *before;
    to->cluster = cluster;
    to->ends = ends;
    to->nodes = nodes;
    to->primary = carry_primary(cluster, before);
}

static void describe_cluster(struct sw_state *state, const struct sw_cluster *cluster,
                             const struct sw_state *before, struct sw_cluster_state *to)
{
    const struct sw_cluster_state *known =
        before == NULL ? NULL : find_cluster(before, cluster->name);
    struct sw_node_state *nodes =
        sw_arena_alloc(&state->arena, (size_t)cluster->node_count * sizeof *nodes);

    for (int i = 0; i < cluster->node_count; i++)
        nodes[i] = (struct sw_node_state){.lag_bytes = -1, .lag_ms = -1};
    *to = (struct sw_cluster_state){.cluster = cluster, .nodes = nodes};
    if (known != NULL && cluster->failover != SW_FAILOVER_OFF &&
        known->cluster->failover != SW_FAILOVER_OFF)
        carry(state, known, nodes, to);
}

struct sw_state *sw_state_create(struct sw_map *map, const struct sw_state *before)
{
    struct sw_state *state = sw_alloc_zero(1, sizeof *state);

    atomic_init(&state->refs, 1);
    state->version = before == NULL ? 1 : before->version + 1;
    state->map = sw_map_ref(map);
    sw_arena_init(&state->arena);
    state->clusters =
        sw_arena_alloc(&state->arena, (size_t)map->cluster_count * sizeof *state->clusters);
    for (int i = 0; i < map->cluster_count; i++)
        describe_cluster(state, &map->clusters[i], before, &state->clusters[i]);
    return state;
}

struct sw_state *sw_state_ref(const struct sw_state *state)
{
    struct sw_state *shared = (struct sw_state *)(uintptr_t)state;

    atomic_fetch_add_explicit(&shared->refs, 1, memory_order_relaxed);
    return shared;
}

void sw_state_unref(const struct sw_state *state)
{
    struct sw_state *shared = (struct sw_state *)(uintptr_t)state;

    if (shared == NULL || atomic_fetch_sub(&shared->refs, 1) > 1)
        return;
    sw_map_unref(shared->map);
    sw_arena_finish(&shared->arena);
    free(shared);
}
