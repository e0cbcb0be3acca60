/*
 * `shardward check`: the faults of the file, what its map risks, and if asked what the shards
 * say of it.
 */
#include "app.h"

#include "shardward/base/mem.h"
#include "shardward/catalog/reader.h"
#include "shardward/topology/risks.h"

#include <stdio.h>

enum { TIMEOUT_MS = 10000 };

static void warn(void *owner, const char *text)
{
    const char *path = owner;

    (void)printf("%s: warning: %s\n", path, text);
}

static void check_shards(const char *path, const struct sw_catalog_database *database)
{
    const struct sw_catalog_shard *shard;
    const char *name;
    size_t at = 0;

    while ((shard = sw_textmap_next(&database->shards, &at, &name)) != NULL) {
        if (shard->why_not != NULL)
            (void)printf("%s: warning: shard %s could not be read: %s\n", path, name,
                         shard->why_not);
        else if (shard->is_read && !shard->is_installed)
            (void)printf(
                "%s: warning: shard %s has no schema shardward: run shardward install\n", path,
                name);
    }
}

static void print_block(const char *path, const struct sw_block *block)
{
    (void)printf("%s: warning: %s\n", path, block->message);
    if (block->detail != NULL)
        (void)printf("  detail: %s\n", block->detail);
    if (block->hint != NULL)
        (void)printf("  hint: %s\n", block->hint);
}

static void check_tables(const char *path, const struct sw_catalog_database *database)
{
    const struct sw_catalog_table *table;
    const char *name;
    size_t at = 0;

    while ((table = sw_textmap_next(&database->tables, &at, &name)) != NULL) {
        if (table->block != NULL)
            print_block(path, table->block);
        if (table->write_block != NULL)
            print_block(path, table->write_block);
        if (table->facts == NULL && table->block == NULL)
            (void)printf("%s: warning: table %s was found on no shard\n", path, name);
    }
}

static void check_online(const char *path, struct sw_map *map)
{
    struct sw_shard_reading *readings =
        sw_alloc_zero((size_t)map->shard_count, sizeof *readings);
    struct sw_catalog *catalog;

    sw_readings_take(map, TIMEOUT_MS, readings);
    catalog = sw_catalog_build(map, readings, 1);
    for (int i = 0; i < catalog->database_count; i++) {
        check_shards(path, &catalog->databases[i]);
        check_tables(path, &catalog->databases[i]);
    }
    sw_catalog_unref(catalog);
    sw_readings_free(readings, map->shard_count);
}

int sw_app_check(const char *path, bool is_online)
{
    struct sw_map *map = sw_app_read_map(path);

    if (map == NULL)
        return 1;
    sw_map_risks(map, warn, (void *)(uintptr_t)path);
    if (is_online)
        check_online(path, map);
    (void)printf("%s: no fault found\n", path);
    sw_map_unref(map);
    return 0;
}
