/*
 * What SHOW CONFIG tells of databases: a row for each shard, table, function and placement.
 */
#include "internal.h"

#include "shardward/topology/accepted.h"

#include <string.h>

/* Of the business at hand. */
struct place {
    struct sw_answer *answer;
    const struct sw_database *database;
    const struct sw_business *business;
};

/* Begin a row whose value is still to come. */
static void put_key(const struct place *place, const char *kind, const char *name)
{
    sw_answer_row(place->answer);
    sw_answer_format(place->answer, "databases.%s.businesses.%s.%s.%s", place->database->name,
                     place->business->name, kind, name);
}

static void end_row(struct sw_answer *answer)
{
    sw_answer_null(answer);
    sw_answer_text(answer, "yes");
}

static void put_catalog(struct sw_answer *answer, const struct sw_database *database)
{
    const char *const values[][2] = {{"cluster", database->catalog->cluster->name},
                                     {"dbname", database->catalog->dbname}};

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        sw_answer_row(answer);
        sw_answer_format(answer, "databases.%s.catalog.%s", database->name, values[i][0]);
        sw_answer_text(answer, values[i][1]);
        end_row(answer);
    }
}

static void put_limits(struct sw_answer *answer, const struct sw_database *database)
{
    const struct {
        const char *name;
        int most;
    } limits[] = {{"clients", database->clients}, {"connections", database->connections}};

    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        sw_answer_row(answer);
        sw_answer_format(answer, "databases.%s.%s", database->name, limits[i].name);
        sw_answer_format(answer, "%d", limits[i].most);
        sw_answer_text(answer, "0");
        sw_answer_text(answer, "yes");
    }
}

static void put_shards(const struct place *place)
{
    for (int s = 0; s < place->business->shard_count; s++) {
        const struct sw_shard *shard = &place->business->shards[s];

        put_key(place, "shards", shard->name);
        sw_answer_format(place->answer, "cluster: %s, dbname: %s", shard->cluster->name,
                         shard->dbname);
        end_row(place->answer);
    }
}

/* What decides where rows live has one text, which the shards keep too. */
static void put_accepted(const struct place *place)
{
    static const char table[] = "table ", placement[] = "placement ";
    const struct sw_accepted *rows;
    struct sw_arena arena;
    int count;

    sw_arena_init(&arena);
    rows = sw_accepted_of_business(place->business, &arena, &count);
    for (int i = 0; i < count; i++) {
        const char *what = rows[i].what;

        if (strncmp(what, table, strlen(table)) == 0)
            put_key(place, "tables", what + strlen(table));
        else if (strncmp(what, placement, strlen(placement)) == 0)
            put_key(place, "placements",
                    what + strlen(placement) + strlen(place->business->name) + 1);
        else
            continue;
        sw_answer_text(place->answer, rows[i].text);
        end_row(place->answer);
    }
    sw_arena_finish(&arena);
}

static void put_declared(const struct place *place)
{
    for (int t = 0; t < place->business->table_count; t++) {
        const struct sw_table *table = &place->business->tables[t];
        const struct sw_config_table *config = table->config;
        const struct {
            const char *key;
            bool is_local;
        } words[] = {{"unique", config->is_unique_local},
                     {"foreign_keys", config->is_foreign_local},
                     {"triggers", config->is_trigger_local},
                     {"row_security", config->is_row_security_local}};

        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
            if (!words[i].is_local)
                continue;
            sw_answer_row(place->answer);
            sw_answer_format(place->answer, "databases.%s.businesses.%s.tables.%s.%s.%s",
                             place->database->name, place->business->name, table->schema,
                             table->name, words[i].key);
            sw_answer_text(place->answer, "local");
            end_row(place->answer);
        }
    }
}

static void put_functions(const struct place *place)
{
    for (int f = 0; f < place->business->function_count; f++) {
        const struct sw_function_rule *rule = &place->business->functions[f];
        const struct sw_config_function *function = rule->config;

        sw_answer_row(place->answer);
        sw_answer_format(place->answer, "databases.%s.businesses.%s.functions.%s.%s(%s)",
                         place->database->name, place->business->name, function->schema,
                         function->name, function->arguments);
        if (function->is_harmless)
            sw_answer_text(place->answer, "harmless: true");
        else if (function->key == 0)
            sw_answer_format(place->answer, "writes: %s", function->writes ? "true" : "false");
        else
            sw_answer_format(place->answer, "key: %d, placement: %s, writes: %s", function->key,
                             rule->home.placement->name, function->writes ? "true" : "false");
        end_row(place->answer);
    }
}

void sw_put_databases(struct sw_answer *answer, const struct sw_map *map)
{
    for (int d = 0; d < map->database_count; d++) {
        const struct sw_database *database = &map->databases[d];

        put_catalog(answer, database);
        put_limits(answer, database);
        for (int b = 0; b < database->business_count; b++) {
            const struct place place = {answer, database, &database->businesses[b]};

            put_shards(&place);
            put_accepted(&place);
            put_declared(&place);
            put_functions(&place);
        }
    }
}
