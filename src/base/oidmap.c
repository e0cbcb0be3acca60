#include "shardward/base/oidmap.h"

#include "shardward/base/mem.h"

#include <string.h>

static int compare_oids(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

static int compare_by_shard(const void *a, const void *b)
{
    return compare_oids(((const struct sw_oid_pair *)a)->shard_oid,
                        ((const struct sw_oid_pair *)b)->shard_oid);
}

static int compare_by_catalog(const void *a, const void *b)
{
    return compare_oids(((const struct sw_oid_pair *)a)->catalog_oid,
                        ((const struct sw_oid_pair *)b)->catalog_oid);
}

struct sw_oid_map *sw_oid_map_create(const struct sw_oid_pair *pairs, int count)
{
    struct sw_oid_map *map = sw_alloc_zero(1, sizeof *map);
    size_t size = (size_t)count * sizeof *pairs;

    atomic_init(&map->refs, 1);
    map->count = count;
    map->by_shard = sw_memdup(pairs, size);
    map->by_catalog = sw_memdup(pairs, size);
    qsort(map->by_shard, (size_t)count, sizeof *pairs, compare_by_shard);
    qsort(map->by_catalog, (size_t)count, sizeof *pairs, compare_by_catalog);
    return map;
}

struct sw_oid_map *sw_oid_map_ref(struct sw_oid_map *map)
{
    if (map != NULL)
        (void)atomic_fetch_add_explicit(&map->refs, 1, memory_order_relaxed);
    return map;
}

void sw_oid_map_unref(struct sw_oid_map *map)
{
    if (map == NULL || atomic_fetch_sub_explicit(&map->refs, 1, memory_order_acq_rel) > 1)
        return;
    sw_oid_map_unref(map->tables);
    free(map->by_shard);
    free(map->by_catalog);
    free(map);
}

uint32_t sw_oid_of_catalog(const struct sw_oid_map *map, uint32_t shard_oid)
{
    const struct sw_oid_pair key = {shard_oid, 0}, *found;

    if (shard_oid < SW_FIRST_USER_OID)
        return shard_oid;
    found = bsearch(&key, map->by_shard, (size_t)map->count, sizeof key, compare_by_shard);
    return found == NULL ? shard_oid : found->catalog_oid;
}

uint32_t sw_oid_of_shard(const struct sw_oid_map *map, uint32_t catalog_oid)
{
    const struct sw_oid_pair key = {0, catalog_oid}, *found;

    if (catalog_oid < SW_FIRST_USER_OID)
        return catalog_oid;
    found = bsearch(&key, map->by_catalog, (size_t)map->count, sizeof key, compare_by_catalog);
    return found == NULL ? catalog_oid : found->shard_oid;
}
