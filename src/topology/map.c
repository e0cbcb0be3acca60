#include "shardward/topology/map.h"

#include "shardward/base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* "schema.name", each at most 63 bytes in a config. */
enum { FULL_NAME = 160 };

struct builder {
    struct sw_map *map;
    const struct sw_config *config;
    const struct sw_cluster *clusters;
};

static void *take(struct builder *builder, int count, size_t size)
{
    return sw_arena_alloc(&builder->map->arena, (size_t)count * size);
}

static const struct sw_cluster *build_clusters(struct builder *builder)
{
    const struct sw_config *config = builder->config;
    struct sw_cluster *clusters = take(builder, config->cluster_count, sizeof *clusters);

    for (int i = 0; i < config->cluster_count; i++) {
        const struct sw_config_cluster *from = &config->clusters[i];
        struct sw_node *nodes = take(builder, from->node_count, sizeof *nodes);

        for (int n = 0; n < from->node_count; n++)
            nodes[n] = (struct sw_node){.name = from->nodes[n].name,
                                        .address = from->nodes[n].address,
                                        .cloud = from->nodes[n].cloud,
                                        .port = from->nodes[n].port,
                                        .weight = from->nodes[n].weight,
                                        .tls = from->nodes[n].tls};
        clusters[i] = (struct sw_cluster){.name = from->name,
                                          .control = from->control,
                                          .failover = from->failover,
                                          .promotion = &from->promotion,
                                          .health = &from->health,
                                          .reads = &from->reads,
                                          .nodes = nodes,
                                          .node_count = from->node_count,
                                          .connections = from->connections};
    }
    return clusters;
}

static void build_users(struct builder *builder)
{
    const struct sw_config *config = builder->config;
    struct sw_user *users = take(builder, config->user_count, sizeof *users);

    for (int i = 0; i < config->user_count; i++) {
        const struct sw_config_user *from = &config->users[i];

        users[i] = (struct sw_user){.name = from->name,
                                    .auth = from->auth,
                                    .peer = from->peer,
                                    .password = from->password,
                                    .server_user = from->server_user,
                                    .server_password = from->server_password,
                                    .rights = from->rights,
                                    .pool = from->pool,
                                    .read = from->read,
                                    .clients = from->clients,
                                    .connections = from->connections,
                                    .map = builder->map};
        if (strcmp(from->name, SW_OTHER_USERS) == 0)
            builder->map->others = &users[i];
    }
    builder->map->users = users;
    builder->map->user_count = config->user_count;
}

static const struct sw_shard *build_shards(struct builder *builder,
                                           const struct sw_config_business *from,
                                           const struct sw_business *business,
                                           const struct sw_database *database)
{
    struct sw_shard *shards;

    if (from->shards_of >= 0)
        return database->businesses[from->shards_of].shards;
    shards = take(builder, from->shard_count, sizeof *shards);
    for (int i = 0; i < from->shard_count; i++)
        shards[i] = (struct sw_shard){.id = builder->map->shard_count++,
                                      .name = from->shards[i].name,
                                      .cluster = &builder->clusters[from->shards[i].cluster],
                                      .dbname = from->shards[i].dbname,
                                      .business = business,
                                      .database = database};
    return shards;
}

static const struct sw_bucket *build_buckets(struct builder *builder,
                                             const struct sw_config_placement *plan,
                                             const struct sw_business *business)
{
    struct sw_bucket *buckets =
        take(builder, plan->group_count * plan->buckets, sizeof *buckets);

    for (int r = 0; r < plan->range_count; r++) {
        const struct sw_config_range *range = &plan->ranges[r];
        struct sw_bucket *group = buckets + (ptrdiff_t)range->group * plan->buckets;

        for (int b = range->first; b <= range->last; b++)
            group[b] = (struct sw_bucket){&business->shards[range->shard], SW_BUCKET_ACTIVE};
    }
    return buckets;
}

static void collect_shards(struct builder *builder, struct sw_placement *placement,
                           const struct sw_business *business)
{
    const struct sw_shard **shards = take(builder, business->shard_count, sizeof(void *));

    for (int i = 0; i < business->shard_count; i++) {
        int at = 0;

        while (at < placement->bucket_count &&
               placement->buckets[at].shard != &business->shards[i])
            at++;
        if (at < placement->bucket_count)
            shards[placement->shard_count++] = &business->shards[i];
    }
    placement->shards = shards;
}

static const struct sw_placement *build_placements(struct builder *builder,
                                                   const struct sw_config_business *from,
                                                   const struct sw_business *business)
{
    struct sw_placement *placements = take(builder, from->placement_count, sizeof *placements);

    for (int i = 0; i < from->placement_count; i++) {
        const struct sw_config_placement *plan = &from->placements[i];

        placements[i] =
            (struct sw_placement){.name = plan->name,
                                  .business = business,
                                  .kind = plan->kind,
                                  .types = plan->types,
                                  .part_count = plan->part_count,
                                  .hashed_from = plan->hashed_from,
                                  .spans = plan->spans,
                                  .span_count = plan->span_count,
                                  .groups = plan->groups,
                                  .group_count = plan->group_count,
                                  .default_group = plan->default_group,
                                  .group_buckets = plan->buckets,
                                  .bucket_count = plan->group_count * plan->buckets};
        placements[i].buckets = build_buckets(builder, plan, business);
        collect_shards(builder, &placements[i], business);
    }
    return placements;
}

/* How a function's key is called where a table's would be named. */
static const char *const key_argument[] = {"the key argument"};

static void build_functions(struct builder *builder, const struct sw_config_business *from,
                            const struct sw_placement *placements, struct sw_business *business)
{
    struct sw_function_rule *rules = take(builder, from->function_count, sizeof *rules);

    for (int i = 0; i < from->function_count; i++) {
        const struct sw_config_function *function = &from->functions[i];
        struct sw_table *home = &rules[i].home;

        rules[i].config = function;
        *home = (struct sw_table){
            .schema = function->schema, .name = function->name, .business = business};
        if (function->key > 0) {
            home->keys = key_argument;
            home->placement = &placements[function->placement];
        } else {
            home->shard = &business->shards[0];
        }
    }
    business->functions = rules;
    business->function_count = from->function_count;
}

/* Rows without a key, on all shards alike. */
static const struct sw_placement *build_everywhere(struct builder *builder,
                                                   const struct sw_business *business)
{
    struct sw_placement *placement = take(builder, 1, sizeof *placement);
    struct sw_bucket *buckets = take(builder, business->shard_count, sizeof *buckets);

    for (int i = 0; i < business->shard_count; i++)
        buckets[i] = (struct sw_bucket){&business->shards[i], SW_BUCKET_ACTIVE};
    *placement = (struct sw_placement){.name = "every shard",
                                       .business = business,
                                       .kind = SW_PLACEMENT_HASH,
                                       .group_count = 1,
                                       .default_group = -1,
                                       .group_buckets = business->shard_count,
                                       .buckets = buckets,
                                       .bucket_count = business->shard_count};
    collect_shards(builder, placement, business);
    return placement;
}

static const struct sw_table *build_tables(struct builder *builder,
                                           const struct sw_config_business *from,
                                           const struct sw_placement *placements,
                                           const struct sw_business *business)
{
    struct sw_table *tables = take(builder, from->table_count, sizeof *tables);
    const struct sw_placement *everywhere =
        business->shard_count > 1 ? build_everywhere(builder, business) : NULL;

    for (int i = 0; i < from->table_count; i++) {
        const struct sw_config_table *table = &from->tables[i];

        tables[i] = (struct sw_table){.schema = table->schema,
                                      .name = table->name,
                                      .business = business,
                                      .keys = table->keys,
                                      .config = table};
        tables[i].is_reference = table->is_reference && everywhere != NULL;
        if (tables[i].is_reference)
            tables[i].placement = everywhere;
        if (table->keys != NULL)
            tables[i].placement = &placements[table->placement];
        else
            tables[i].shard = &business->shards[0];
    }
    return tables;
}

static bool full_name(char *out, const char *schema, const char *name)
{
    return snprintf(out, FULL_NAME, "%s.%s", schema, name) < FULL_NAME;
}

static void index_tables(struct sw_database *database, const struct sw_business *business)
{
    for (int i = 0; i < business->table_count; i++) {
        const struct sw_table *table = &business->tables[i];
        char name[FULL_NAME];
        bool fits = full_name(name, table->schema, table->name);

        assert(fits);
        (void)fits;
        sw_textmap_put(&database->tables, name, (void *)(uintptr_t)table);
    }
}

static void build_businesses(struct builder *builder, const struct sw_config_database *from,
                             struct sw_database *database)
{
    struct sw_business *businesses = take(builder, from->business_count, sizeof *businesses);

    database->businesses = businesses;
    database->business_count = from->business_count;
    for (int i = 0; i < from->business_count; i++) {
        const struct sw_config_business *plan = &from->businesses[i];
        struct sw_business *business = &businesses[i];
        const struct sw_placement *placements;

        business->name = plan->name;
        business->shards = build_shards(builder, plan, business, database);
        business->shard_count = plan->shard_count;
        placements = build_placements(builder, plan, business);
        business->tables = build_tables(builder, plan, placements, business);
        business->table_count = plan->table_count;
        build_functions(builder, plan, placements, business);
        index_tables(database, business);
    }
}

static void list_shards(struct builder *builder, struct sw_database *databases, int count)
{
    struct sw_map *map = builder->map;
    const struct sw_shard **shards = take(builder, map->shard_count, sizeof(void *));

    for (int i = 0; i < count; i++) {
        struct sw_database *database = &databases[i];

        database->shards = &shards[database->catalog->id];
        shards[database->catalog->id] = database->catalog;
        for (int b = 0; b < database->business_count; b++)
            for (int s = 0; s < database->businesses[b].shard_count; s++) {
                const struct sw_shard *shard = &database->businesses[b].shards[s];

                shards[shard->id] = shard;
            }
    }
    map->shards = shards;
}

static void build_databases(struct builder *builder)
{
    const struct sw_config *config = builder->config;
    struct sw_database *databases = take(builder, config->database_count, sizeof *databases);

    for (int i = 0; i < config->database_count; i++) {
        const struct sw_config_database *from = &config->databases[i];
        struct sw_shard *catalog = take(builder, 1, sizeof *catalog);

        *catalog = (struct sw_shard){.id = builder->map->shard_count++,
                                     .name = "catalog",
                                     .cluster = &builder->clusters[from->catalog_cluster],
                                     .dbname = from->catalog_dbname,
                                     .database = &databases[i]};
        databases[i].name = from->name;
        databases[i].clients = from->clients;
        databases[i].connections = from->connections;
        databases[i].catalog = catalog;
        sw_textmap_init(&databases[i].tables);
        build_businesses(builder, from, &databases[i]);
        databases[i].shard_count = builder->map->shard_count - catalog->id;
    }
    builder->map->databases = databases;
    builder->map->database_count = config->database_count;
    list_shards(builder, databases, config->database_count);
}

struct sw_map *sw_map_build(struct sw_config *config)
{
    struct sw_map *map = sw_alloc_zero(1, sizeof *map);
    struct builder builder = {.map = map, .config = config};

    map->refs = 1;
    map->config = config;
    sw_arena_init(&map->arena);
    builder.clusters = map->clusters = build_clusters(&builder);
    map->cluster_count = config->cluster_count;
    build_users(&builder);
    build_databases(&builder);
    return map;
}

struct sw_map *sw_map_ref(struct sw_map *map)
{
    map->refs++;
    return map;
}

void sw_map_unref(struct sw_map *map)
{
    if (map == NULL || --map->refs > 0)
        return;
    for (int i = 0; i < map->database_count; i++) {
        struct sw_textmap tables = map->databases[i].tables;

        sw_textmap_finish(&tables);
    }
    sw_arena_finish(&map->arena);
    sw_config_free(map->config);
    free(map);
}

const struct sw_database *sw_map_database(const struct sw_map *map, const char *name)
{
    for (int i = 0; i < map->database_count; i++)
        if (strcmp(map->databases[i].name, name) == 0)
            return &map->databases[i];
    return NULL;
}

const struct sw_user *sw_map_user(const struct sw_map *map, const char *name)
{
    for (int i = 0; i < map->user_count; i++)
        if (&map->users[i] != map->others && strcmp(map->users[i].name, name) == 0)
            return &map->users[i];
    return NULL;
}

static bool lists(const char *const *names, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return names == NULL;
}

bool sw_user_may_connect(const struct sw_user *user, const struct sw_database *database)
{
    return lists(user->rights.databases, user->rights.database_count, database->name);
}

bool sw_user_may_use(const struct sw_user *user, const struct sw_business *business)
{
    return lists(user->rights.businesses, user->rights.business_count, business->name);
}

static bool is_same_place(const struct sw_shard *a, const struct sw_shard *b)
{
    return a->cluster == b->cluster && strcmp(a->dbname, b->dbname) == 0;
}

bool sw_database_is_whole(const struct sw_database *database)
{
    for (int i = 0; i < database->shard_count; i++)
        if (!is_same_place(database->shards[i], database->catalog))
            return false;
    return true;
}

bool sw_user_may_reach(const struct sw_user *user, const struct sw_shard *shard)
{
    const struct sw_database *database = shard->database;
    bool may = shard->business == NULL;

    for (int i = 0; !may && i < database->business_count; i++)
        may = database->businesses[i].shards == shard->business->shards &&
              sw_user_may_use(user, &database->businesses[i]);
    return may && sw_user_may_connect(user, database);
}

const struct sw_table *sw_database_table(const struct sw_database *database, const char *schema,
                                         const char *name)
{
    char full[FULL_NAME];

    return full_name(full, schema, name) ? sw_textmap_get(&database->tables, full) : NULL;
}

const struct sw_shard *sw_database_shard(const struct sw_database *database, const char *name)
{
    for (int i = 0; i < database->shard_count; i++)
        if (strcmp(database->shards[i]->name, name) == 0)
            return database->shards[i];
    return NULL;
}

static bool have_one_rule(const struct sw_placement *a, const struct sw_placement *b)
{
    return a->kind == b->kind && a->part_count == b->part_count &&
           a->hashed_from == b->hashed_from && a->span_count == b->span_count &&
           a->group_count == b->group_count && a->default_group == b->default_group &&
           a->group_buckets == b->group_buckets && a->bucket_count == b->bucket_count &&
           memcmp(a->types, b->types, (size_t)a->part_count * sizeof *a->types) == 0;
}

static bool is_same_span(const struct sw_key_span *a, const struct sw_key_span *b)
{
    return a->group == b->group && a->is_from_open == b->is_from_open &&
           a->is_to_open == b->is_to_open &&
           (a->is_from_open || sw_key_value_equals(&a->from, &b->from)) &&
           (a->is_to_open || sw_key_value_equals(&a->to, &b->to));
}

bool sw_placements_coincide(const struct sw_placement *a, const struct sw_placement *b)
{
    if (a == b)
        return true;
    if (a == NULL || b == NULL || !have_one_rule(a, b))
        return false;
    for (int i = 0; i < a->span_count; i++)
        if (!is_same_span(&a->spans[i], &b->spans[i]))
            return false;
    for (int i = 0; i < a->bucket_count; i++)
        if (a->buckets[i].shard != b->buckets[i].shard)
            return false;
    return true;
}

bool sw_tables_are_placed_alike(const struct sw_table *a, const struct sw_table *b)
{
    if (!sw_placements_coincide(a->placement, b->placement) || a->shard != b->shard)
        return false;
    for (int p = 0; a->keys != NULL && p < a->placement->part_count; p++)
        if (strcmp(a->keys[p], b->keys[p]) != 0)
            return false;
    return true;
}

static bool is_called(const struct sw_function_rule *rule, const char *schema, const char *name,
                      int argument_count)
{
    return rule->config->argument_count == argument_count &&
           strcmp(rule->config->name, name) == 0 && strcmp(rule->config->schema, schema) == 0;
}

const struct sw_function_rule *sw_database_function(const struct sw_database *database,
                                                    const char *schema, const char *name,
                                                    int argument_count)
{
    const struct sw_function_rule *found = NULL;

    for (int b = 0; b < database->business_count; b++) {
        const struct sw_business *business = &database->businesses[b];

        for (int i = 0; i < business->function_count; i++) {
            if (!is_called(&business->functions[i], schema, name, argument_count))
                continue;
            if (found != NULL)
                return NULL;
            found = &business->functions[i];
        }
    }
    return found;
}
