/*
 * The commands that look at servers, or change their schema shardward.
 */
#include "app.h"

#include "shardward/base/mem.h"
#include "shardward/catalog/install.h"
#include "shardward/catalog/reader.h"
#include "shardward/catalog/repair.h"

#include <stdio.h>

enum { TIMEOUT_MS = 10000, MOST_SAVED = 1 << 30 };

int sw_app_install(const char *path, bool accepts_changes)
{
    struct sw_map *map = sw_app_read_map(path);
    bool is_good;

    if (map == NULL)
        return 1;
    is_good = sw_install(map, accepts_changes ? SW_ACCEPT : SW_INSTALL, stdout);
    sw_map_unref(map);
    return is_good ? 0 : 1;
}

int sw_app_repair(const char *path)
{
    struct sw_map *map = sw_app_read_map(path);
    bool is_good;

    if (map == NULL)
        return 1;
    is_good = sw_repair(map, stdout);
    sw_map_unref(map);
    return is_good ? 0 : 1;
}

int sw_app_print_install(void)
{
    sw_install_print(stdout);
    return 0;
}

/* What was read of all shards; false: some could not be read. */
static bool save(const struct sw_map *map, const struct sw_shard_reading *readings)
{
    bool is_good = true;
    struct sw_buf out;

    sw_buf_init(&out, MOST_SAVED);
    for (int d = 0; d < map->database_count; d++)
        sw_catalog_write_database(&map->databases[d], readings, &out);
    (void)fwrite(sw_buf_bytes(&out), 1, sw_buf_len(&out), stdout);
    sw_buf_finish(&out);
    for (int i = 0; i < map->shard_count; i++) {
        if (readings[i].why_not != NULL)
            (void)fprintf(stderr, "shardward: %s\n", readings[i].why_not);
        is_good = is_good && readings[i].text != NULL;
    }
    return is_good;
}

int sw_app_save_catalog(const char *path)
{
    struct sw_map *map = sw_app_read_map(path);
    struct sw_shard_reading *readings;
    bool is_good;

    if (map == NULL)
        return 1;
    readings = sw_alloc_zero((size_t)map->shard_count, sizeof *readings);
    sw_readings_take(map, TIMEOUT_MS, readings);
    is_good = save(map, readings);
    sw_readings_free(readings, map->shard_count);
    sw_map_unref(map);
    return is_good ? 0 : 1;
}
