#include "app.h"

#include "shardward/parse/parse.h"
#include "shardward/plan/plan.h"

#include <stdio.h>
#include <string.h>

struct sw_map *sw_app_read_map(const char *path)
{
    struct sw_config_faults faults = {0};
    struct sw_config *config = sw_config_read(path, &faults);

    for (int i = 0; i < faults.count; i++) {
        const struct sw_config_fault *fault = &faults.faults[i];

        if (fault->line > 0)
            (void)fprintf(stderr, "%s:%d:%d: %s\n", path, fault->line, fault->column,
                          fault->text);
        else
            (void)fprintf(stderr, "%s: %s\n", path, fault->text);
    }
    return config == NULL ? NULL : sw_map_build(config);
}

static void print_error(const struct sw_error *err)
{
    (void)fprintf(stderr, "refused: %s: %s\n", err->sqlstate, err->message);
    if (err->detail[0] != '\0')
        (void)fprintf(stderr, "detail: %s\n", err->detail);
    if (err->hint[0] != '\0')
        (void)fprintf(stderr, "hint: %s\n", err->hint);
}

static const struct sw_database *find_database(const struct sw_map *map, const char *name)
{
    const struct sw_database *database;

    if (name == NULL && map->database_count == 1)
        return &map->databases[0];
    if (name == NULL) {
        (void)fprintf(stderr, "shardward: the file has several databases: name one with -d\n");
        return NULL;
    }
    database = sw_map_database(map, name);
    if (database == NULL)
        (void)fprintf(stderr, "shardward: there is no database \"%s\"\n", name);
    return database;
}

int sw_app_check(const char *path)
{
    struct sw_map *map = sw_app_read_map(path);

    if (map == NULL)
        return 1;
    (void)printf("%s: no fault found\n", path);
    sw_map_unref(map);
    return 0;
}

static void print_shard(const struct sw_shard *shard)
{
    const struct sw_node *node = &shard->cluster->nodes[0];

    (void)printf("shard: %s\ndatabase: %s on cluster %s\nnode: %s, %s:%d%s%s\n", shard->name,
                 shard->dbname, shard->cluster->name, node->name, node->address, node->port,
                 node->cloud == NULL ? "" : ", cloud ", node->cloud == NULL ? "" : node->cloud);
}

static bool explain_statement(const struct sw_plan_context *context,
                              const struct sw_statement *statement)
{
    const struct sw_parameters unbound = {.values = NULL};
    struct sw_route route;
    struct sw_error err;
    struct sw_buf out;

    if (!sw_plan_route(context, statement, &unbound, &route, &err)) {
        print_error(&err);
        return false;
    }
    sw_buf_init(&out, 4096);
    sw_plan_print_route(context->database, &route, &out);
    (void)fwrite(sw_buf_bytes(&out), 1, sw_buf_len(&out), stdout);
    sw_buf_finish(&out);
    return true;
}

int sw_app_explain(const char *path, const char *database, const char *sql)
{
    struct sw_map *map = sw_app_read_map(path);
    struct sw_plan_context context = {.is_search_path_plain = true};
    struct sw_script *script = NULL;
    struct sw_error err;
    bool is_good;

    if (map == NULL)
        return 1;
    context.database = find_database(map, database);
    context.user = map->user_count > 0 ? &map->users[0] : NULL;
    if (context.database != NULL && (script = sw_parse(sql, &err)) == NULL)
        print_error(&err);
    is_good = script != NULL;
    for (int i = 0; is_good && i < script->count; i++)
        is_good = explain_statement(&context, &script->statements[i]);
    sw_script_unref(script);
    sw_map_unref(map);
    return is_good ? 0 : 1;
}

static bool locate(const struct sw_table *table, const char *key)
{
    const struct sw_shard *shard = table->shard;
    struct sw_error err;
    int bucket;

    if (table->key != NULL &&
        !sw_key_locate_text(table->placement, key, &bucket, &shard, &err)) {
        print_error(&err);
        return false;
    }
    print_shard(shard);
    if (table->key != NULL)
        (void)printf("bucket: %d of %d of placement %s\n", bucket,
                     table->placement->bucket_count, table->placement->name);
    return true;
}

int sw_app_locate(const char *path, const char *database, const char *table, const char *key)
{
    struct sw_map *map = sw_app_read_map(path);
    const struct sw_database *where;
    const struct sw_table *found = NULL;
    const char *dot = strchr(table, '.');
    char schema[64] = "public";
    bool is_good;

    if (map == NULL)
        return 1;
    if (dot != NULL)
        (void)snprintf(schema, sizeof schema, "%.*s", (int)(dot - table), table);
    where = find_database(map, database);
    if (where != NULL) {
        found = sw_database_table(where, schema, dot == NULL ? table : dot + 1);
        if (found == NULL)
            (void)fprintf(stderr, "shardward: there is no table \"%s\"\n", table);
    }
    is_good = found != NULL && locate(found, key);
    sw_map_unref(map);
    return is_good ? 0 : 1;
}
