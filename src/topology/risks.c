#include "shardward/topology/risks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct teller {
    void (*on_risk)(void *owner, const char *text);
    void *owner;
};

static void tell(const struct teller *teller, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void tell(const struct teller *teller, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    teller->on_risk(teller->owner, text);
}

/* The cloud that all nodes of @cluster are in, and *cloud if that is named already; NULL: they
 * are in several, or one does not say. */
static const char *common_cloud(const struct sw_cluster *cluster, const char *cloud)
{
    for (int i = 0; i < cluster->node_count; i++) {
        const char *other = cluster->nodes[i].cloud;

        if (other == NULL || (cloud != NULL && strcmp(other, cloud) != 0))
            return NULL;
        cloud = other;
    }
    return cloud;
}

/* Who is promoted, and what it costs. */
static void judge_promotion(const struct teller *teller, const struct sw_cluster *cluster)
{
    const struct sw_config_promotion *promotion = cluster->promotion;

    if (cluster->failover != SW_FAILOVER_MANAGED)
        return;
    if (!promotion->is_synchronous)
        tell(teller,
             "cluster %s has promotion: {synchronous: false}: commits that were confirmed may "
             "be "
             "lost with their primary",
             cluster->name);
    else if (promotion->goes_on_alone)
        tell(
            teller,
            "cluster %s has promotion: {goes_on_alone: true}: what is written while no standby "
            "is there may be lost",
            cluster->name);
    else if (cluster->node_count == 2)
        tell(teller,
             "cluster %s has two nodes: the standby is not promoted, for nobody would confirm "
             "what "
             "it writes",
             cluster->name);
}

static void judge_cluster(const struct teller *teller, const struct sw_cluster *cluster)
{
    const char *cloud = common_cloud(cluster, NULL);

    if (cluster->control.user == NULL)
        tell(teller,
             "cluster %s has no control user: what its shards hold is not checked, nor that "
             "they have accepted this map",
             cluster->name);
    judge_promotion(teller, cluster);
    if (cluster->node_count == 1)
        tell(teller, "cluster %s has one node: when that is lost, so are its shards",
             cluster->name);
    else if (cloud != NULL)
        tell(teller, "cluster %s has its replicas in the cloud of its primary only: %s",
             cluster->name, cloud);
}

static void judge_clouds(const struct teller *teller, const struct sw_business *business)
{
    const char *cloud = common_cloud(business->shards[0].cluster, NULL);

    for (int i = 1; cloud != NULL && i < business->shard_count; i++)
        cloud = common_cloud(business->shards[i].cluster, cloud);
    if (cloud != NULL)
        tell(teller, "business %s is in a single cloud: %s", business->name, cloud);
}

static bool holds(const struct sw_table *table, const struct sw_shard *shard)
{
    if (table->keys == NULL && !table->is_reference)
        return table->shard == shard;
    for (int i = 0; i < table->placement->shard_count; i++)
        if (table->placement->shards[i] == shard)
            return true;
    return false;
}

static bool holds_any(const struct sw_shard *shard)
{
    for (int b = 0; b < shard->database->business_count; b++) {
        const struct sw_business *business = &shard->database->businesses[b];

        for (int t = 0; t < business->table_count; t++)
            if (holds(&business->tables[t], shard))
                return true;
    }
    return false;
}

static void judge_shards(const struct teller *teller, const struct sw_business *business)
{
    for (int s = 0; s < business->shard_count; s++)
        if (!holds_any(&business->shards[s]))
            tell(teller, "shard %s of business %s holds no table", business->shards[s].name,
                 business->name);
}

/* Ranges may meet end to end, from no bound to no bound. */
static bool is_without_gap(const struct sw_placement *placement)
{
    const struct sw_key_span *spans = placement->spans;
    int count = placement->span_count;

    if (count == 0 || !spans[0].is_from_open || !spans[count - 1].is_to_open)
        return false;
    for (int i = 1; i < count; i++)
        if (spans[i].is_from_open || spans[i - 1].is_to_open ||
            !sw_key_value_equals(&spans[i].from, &spans[i - 1].to))
            return false;
    return true;
}

static void judge_placement(const struct teller *teller, const struct sw_table *table)
{
    const struct sw_placement *placement = table->placement;

    if (placement->kind == SW_PLACEMENT_HASH || placement->default_group >= 0)
        return;
    if (placement->kind == SW_PLACEMENT_LIST)
        tell(teller,
             "placement %s of table %s has no default: a %s that is not listed has no "
             "shard",
             placement->name, table->name, table->keys[0]);
    else if (!is_without_gap(placement))
        tell(teller,
             "placement %s of table %s has no default: a %s outside of its ranges has "
             "no shard",
             placement->name, table->name, table->keys[0]);
}

static void judge_business(const struct teller *teller, const struct sw_business *business)
{
    if (business->shards->business == business) {
        judge_clouds(teller, business);
        judge_shards(teller, business);
    }
    for (int t = 0; t < business->table_count; t++)
        if (business->tables[t].keys != NULL)
            judge_placement(teller, &business->tables[t]);
}

void sw_map_risks(const struct sw_map *map, void (*on_risk)(void *owner, const char *text),
                  void *owner)
{
    const struct teller teller = {on_risk, owner};

    for (int c = 0; c < map->cluster_count; c++)
        judge_cluster(&teller, &map->clusters[c]);
    for (int d = 0; d < map->database_count; d++)
        for (int b = 0; b < map->databases[d].business_count; b++)
            judge_business(&teller, &map->databases[d].businesses[b]);
}
