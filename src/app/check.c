/*
 * `shardward check`: the faults of the file, what its map risks, and if asked what the shards
 * say of it.
 */
#include "app.h"

#include "shardward/base/mem.h"
#include "shardward/catalog/install.h"
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

/* Of a table on several shards: what INSERT may not leave to its shard, and shardward cannot
 * fill either. */
static void check_numbering(const char *path, const struct sw_table *table,
                            const struct sw_schema_table *facts)
{
    if (table == NULL || table->keys == NULL || table->placement->shard_count == 1)
        return;
    for (int i = 0; i < facts->column_count; i++)
        if (sw_schema_numbering(&facts->columns[i]) == SW_NUMBERING_ODD)
            (void)printf(
                "%s: warning: \"%s\" of table \"%s\" is numbered by a sequence of each "
                "shard: default %s\n"
                "  hint: Make it an integer with a plain nextval() or an identity; until "
                "then INSERT has to give its value.\n",
                path, facts->columns[i].name, facts->name, facts->columns[i].default_text);
}

static void check_tables(const char *path, const struct sw_database *declared,
                         const struct sw_catalog_database *database)
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
        if (table->facts != NULL)
            check_numbering(path, sw_database_table(declared, table->schema, table->name),
                            table->facts);
    }
}

struct rights {
    const char *path;
    const struct sw_cluster *cluster;
};

static void on_missing(void *owner, const char *statement)
{
    const struct rights *rights = owner;

    (void)printf("%s: warning: the control user of cluster %s may not see all that failover "
                 "needs\n  hint: Run as a superuser: %s\n",
                 rights->path, rights->cluster->name, statement);
}

static void check_watching(const char *path, const struct sw_cluster *cluster)
{
    struct rights rights = {path, cluster};
    struct sw_error err;

    if (cluster->failover != SW_FAILOVER_OFF &&
        !sw_watching_rights(cluster, on_missing, &rights, &err))
        (void)printf("%s: warning: cluster %s: %s\n", path, cluster->name, err.message);
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
        check_tables(path, sw_map_database(map, catalog->databases[i].name),
                     &catalog->databases[i]);
    }
    sw_catalog_unref(catalog);
    sw_readings_free(readings, map->shard_count);
    for (int c = 0; c < map->cluster_count; c++)
        check_watching(path, &map->clusters[c]);
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
