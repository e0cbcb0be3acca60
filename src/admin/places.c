#include "shardward/admin/places.h"

#include "shardward/parse/parse.h"
#include "shardward/plan/scatter.h"

#include <stdio.h>
#include <string.h>

static const struct sw_database *find_database(const struct sw_places *places,
                                               struct sw_error *err)
{
    const struct sw_map *map = places->map;
    const struct sw_database *database;

    if (places->database == NULL && map->database_count == 1)
        return &map->databases[0];
    if (places->database == NULL) {
        sw_error_set(err, "3D000", "there are %d databases: name one", map->database_count);
        return NULL;
    }
    database = sw_map_database(map, places->database);
    if (database == NULL)
        sw_error_set(err, "3D000", "there is no database \"%s\"", places->database);
    return database;
}

/* How the texts look depends on the types of columns, which a shard is asked for when the
 * statement runs. */
static void print_texts(const struct sw_plan_context *context,
                        const struct sw_statement *statement,
                        const struct sw_parameters *parameters, struct sw_buf *out)
{
    struct sw_route route;
    struct sw_error ignored;

    if (sw_plan_route(context, statement, parameters, &route, &ignored) &&
        route.kind == SW_ROUTE_SEVERAL)
        sw_buf_append_text(out, "texts: made when a shard has described the columns; an "
                                "application's EXPLAIN shows them, and each shard's plan\n");
}

bool sw_places_explain(const struct sw_places *places, const char *sql, struct sw_buf *out,
                       struct sw_error *err)
{
    const struct sw_plan_context context = {
        .database = find_database(places, err),
        .is_search_path_plain = true,
        .catalog = places->catalog,
        .map = (struct sw_map *)places->map,
    };
    const struct sw_parameters unbound = {.values = NULL};
    struct sw_script *script;
    bool is_good = true;

    if (context.database == NULL || (script = sw_parse(sql, err)) == NULL)
        return false;
    for (int i = 0; is_good && i < script->count; i++) {
        is_good = sw_plan_explain(&context, script, sql, i, &unbound, out, err);
        if (is_good)
            print_texts(&context, &script->statements[i], &unbound, out);
    }
    sw_script_unref(script);
    return is_good;
}

static void print_shard(const struct sw_places *places, const struct sw_shard *shard,
                        struct sw_buf *out)
{
    const struct sw_node *node = places->state == NULL
                                     ? &shard->cluster->nodes[0]
                                     : sw_state_primary(places->state, shard->cluster);

    (void)sw_buf_printf(out, "shard: %s\ndatabase: %s on cluster %s\n", shard->name,
                        shard->dbname, shard->cluster->name);
    if (node == NULL)
        (void)sw_buf_append_text(out, "node: the cluster has no primary now\n");
    else
        (void)sw_buf_printf(out, "node: %s, %s:%d%s%s\n", node->name, node->address, node->port,
                            node->cloud == NULL ? "" : ", cloud ",
                            node->cloud == NULL ? "" : node->cloud);
}

static const struct sw_table *find_table(const struct sw_database *database, const char *name,
                                         struct sw_error *err)
{
    const char *dot = strchr(name, '.');
    const struct sw_table *table;
    char schema[64] = "public";

    if (dot != NULL)
        (void)snprintf(schema, sizeof schema, "%.*s", (int)(dot - name), name);
    table = sw_database_table(database, schema, dot == NULL ? name : dot + 1);
    if (table == NULL)
        sw_error_set(err, "42P01", "there is no table \"%s\"", name);
    return table;
}

static bool find_bucket(const struct sw_table *table, const char *const *keys, int count,
                        int *bucket, struct sw_error *err)
{
    int parts = table->placement->part_count;

    if (count != parts)
        return sw_error_set(err, "22023", "the key of \"%s\" has %d column%s, not %d",
                            table->name, parts, parts == 1 ? "" : "s", count);
    if (!sw_key_locate_text(table->placement, keys, bucket, err))
        return false;
    return *bucket >= 0 || sw_error_set(err, "22023", "placement %s has no place for this key",
                                        table->placement->name);
}

static void print_bucket(const struct sw_placement *placement, int bucket, struct sw_buf *out)
{
    if (placement->kind != SW_PLACEMENT_HASH)
        (void)sw_buf_printf(out, "group: %s of placement %s\n",
                            placement->groups[bucket / placement->group_buckets],
                            placement->name);
    if (placement->hashed_from < placement->part_count)
        (void)sw_buf_printf(out, "bucket: %d of %d of placement %s\n",
                            bucket % placement->group_buckets, placement->group_buckets,
                            placement->name);
}

bool sw_places_locate(const struct sw_places *places, const char *table,
                      const char *const *keys, int key_count, struct sw_buf *out,
                      struct sw_error *err)
{
    const struct sw_database *database = find_database(places, err);
    const struct sw_table *found = database == NULL ? NULL : find_table(database, table, err);
    int bucket = 0;

    if (found == NULL)
        return false;
    for (int i = 0; found->is_reference && i < found->placement->shard_count; i++)
        print_shard(places, found->placement->shards[i], out);
    if (found->is_reference)
        return true;
    if (found->keys == NULL) {
        print_shard(places, found->shard, out);
        return true;
    }
    if (!find_bucket(found, keys, key_count, &bucket, err))
        return false;
    print_shard(places, found->placement->buckets[bucket].shard, out);
    print_bucket(found->placement, bucket, out);
    return true;
}
