/*
 * The saved file: the readings of all shards, each behind a line that names it.
 */
#include "shardward/topology/catalog.h"

#include "shardward/base/mem.h"

#include <string.h>

static const char start[] = "shard\t";

static void write_shard(const struct sw_database *database, const struct sw_shard *shard,
                        const struct sw_shard_reading *reading, struct sw_buf *out)
{
    if (reading->text == NULL)
        return;
    sw_buf_printf(out, "%s%s\t%s\n", start, database->name, shard->name);
    sw_buf_append(out, reading->text, reading->len);
}

void sw_catalog_write_database(const struct sw_database *database,
                               const struct sw_shard_reading *readings, struct sw_buf *out)
{
    for (int i = 0; i < database->shard_count; i++)
        write_shard(database, database->shards[i], &readings[database->shards[i]->id], out);
}

/* "shard", database, shard; @line is cut apart. Names are written as they are, since no name
 * of a configuration holds a control character; NULL: the map has no such shard. */
static const struct sw_shard *shard_of_line(const struct sw_map *map, char *line)
{
    char *database = line + strlen(start), *shard = strchr(database, '\t');
    const struct sw_database *found;

    if (shard == NULL)
        return NULL;
    *shard++ = '\0';
    found = sw_map_database(map, database);
    return found == NULL ? NULL : sw_database_shard(found, shard);
}

/* Where the next line with a shard's name begins, or the end. */
static char *next_part(char *at)
{
    while (*at != '\0' && strncmp(at, start, strlen(start)) != 0) {
        at += strcspn(at, "\n");
        at += *at == '\n';
    }
    return at;
}

static bool read_parts(const struct sw_map *map, char *at, struct sw_shard_reading *readings,
                       struct sw_error *err)
{
    while (*at != '\0') {
        char *body = at + strcspn(at, "\n"), *end;
        const struct sw_shard *shard;

        if (strncmp(at, start, strlen(start)) != 0)
            return sw_error_set(err, "22P02", "a saved catalog begins with a shard's name");
        if (*body != '\0')
            *body++ = '\0';
        end = next_part(body);
        shard = shard_of_line(map, at);
        if (shard == NULL)
            return sw_error_set(err, "22P02",
                                "the saved catalog holds a shard that the map has not");
        readings[shard->id] = (struct sw_shard_reading){body, (size_t)(end - body), NULL};
        at = end;
    }
    return true;
}

/* A reading that cannot be understood is a fault of the file here, not a shard out of reach. */
static bool check(const struct sw_map *map, const struct sw_shard_reading *readings,
                  struct sw_error *err)
{
    for (int i = 0; i < map->shard_count; i++) {
        struct sw_schema *schema;

        if (readings[i].text == NULL)
            continue;
        schema = sw_schema_read(readings[i].text, readings[i].len, err);
        if (schema == NULL)
            return false;
        sw_schema_free(schema);
    }
    return true;
}

struct sw_catalog *sw_catalog_read(struct sw_map *map, const char *text, size_t len,
                                   struct sw_error *err)
{
    struct sw_shard_reading *readings =
        sw_alloc_zero((size_t)map->shard_count, sizeof *readings);
    char *copy = sw_strndup(text, len);
    struct sw_catalog *catalog = NULL;

    if (read_parts(map, copy, readings, err) && check(map, readings, err))
        catalog = sw_catalog_build(map, readings, 1);
    free(copy);
    free(readings);
    return catalog;
}
