#include "shardward/base/oidmap.h"

#include "shardward/base/mem.h"

#include <string.h>

enum { OID_RECORD = 2249, OID_ANYARRAY = 2277, OID_RECORD_ARRAY = 2287 };

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

static const struct sw_oid_pair *find_by_shard(const struct sw_oid_map *map, uint32_t shard_oid)
{
    const struct sw_oid_pair key = {.shard_oid = shard_oid};

    return bsearch(&key, map->by_shard, (size_t)map->count, sizeof key, compare_by_shard);
}

static const struct sw_oid_pair *find_by_catalog(const struct sw_oid_map *map,
                                                 uint32_t catalog_oid)
{
    const struct sw_oid_pair key = {.catalog_oid = catalog_oid};

    return bsearch(&key, map->by_catalog, (size_t)map->count, sizeof key, compare_by_catalog);
}

/* A range may be of ranges. A catalog that goes round in circles is not followed for ever. */
static void settle_range(const struct sw_oid_map *map, struct sw_oid_pair *pair)
{
    struct sw_shape inner = pair->shape;

    for (int i = 0;
         i < map->count && (inner.kind == SW_SHAPE_RANGE || inner.kind == SW_SHAPE_MULTIRANGE);
         i++)
        inner = sw_shape_of_shard(map, inner.of);
    if (inner.kind == SW_SHAPE_PLAIN)
        pair->shape = inner;
}

struct sw_oid_map *sw_oid_map_create(const struct sw_oid_pair *pairs, int count)
{
    struct sw_oid_map *map = sw_alloc_zero(1, sizeof *map);
    size_t size = (size_t)count * sizeof *pairs;

    atomic_init(&map->refs, 1);
    map->count = count;
    map->by_shard = sw_memdup(pairs, size);
    qsort(map->by_shard, (size_t)count, sizeof *pairs, compare_by_shard);
    for (int i = 0; i < count; i++)
        settle_range(map, &map->by_shard[i]);
    map->by_catalog = sw_memdup(map->by_shard, size);
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
    const struct sw_oid_pair *found =
        shard_oid < SW_FIRST_USER_OID ? NULL : find_by_shard(map, shard_oid);

    return found == NULL ? shard_oid : found->catalog_oid;
}

uint32_t sw_oid_of_shard(const struct sw_oid_map *map, uint32_t catalog_oid)
{
    const struct sw_oid_pair *found =
        catalog_oid < SW_FIRST_USER_OID ? NULL : find_by_catalog(map, catalog_oid);

    return found == NULL ? catalog_oid : found->shard_oid;
}

static struct sw_shape shape_of_initdb(uint32_t oid)
{
    static const struct sw_shape plain = {SW_SHAPE_PLAIN, 0}, array = {SW_SHAPE_ARRAY, 0},
                                 composite = {SW_SHAPE_COMPOSITE, 0};

    switch (oid) {
    case OID_RECORD:
        return composite;
    case OID_RECORD_ARRAY:
    case OID_ANYARRAY:
        return array;
    default:
        return plain;
    }
}

struct sw_shape sw_shape_of_shard(const struct sw_oid_map *map, uint32_t shard_oid)
{
    const struct sw_oid_pair *found =
        shard_oid < SW_FIRST_USER_OID ? NULL : find_by_shard(map, shard_oid);

    return found == NULL ? shape_of_initdb(shard_oid) : found->shape;
}

struct sw_shape sw_shape_of_catalog(const struct sw_oid_map *map, uint32_t catalog_oid)
{
    const struct sw_oid_pair *found =
        catalog_oid < SW_FIRST_USER_OID ? NULL : find_by_catalog(map, catalog_oid);

    return found == NULL ? shape_of_initdb(catalog_oid) : found->shape;
}
