/*
 * Functions of the user's, of all places of a database, each once; and what each
 * shard calls the types of the catalog database.
 */
#include "compare.h"

#include "shardward/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "schema.name" of a type, each at most 63 bytes. */
enum { TYPE_NAME = 160 };

static bool is_known(const struct sw_catalog_functions *functions,
                     const struct sw_schema_function *function)
{
    for (int i = 0; i < functions->count; i++)
        if (strcmp(functions->functions[i]->schema, function->schema) == 0 &&
            strcmp(functions->functions[i]->arguments, function->arguments) == 0)
            return true;
    return false;
}

static void add_function(struct sw_comparison *comparison,
                         const struct sw_schema_function *function)
{
    struct sw_catalog_functions *functions =
        sw_textmap_get(&comparison->into->functions, function->name);
    struct sw_arena *arena = &comparison->catalog->arena;
    const struct sw_schema_function **grown;

    if (functions == NULL) {
        functions = sw_arena_alloc(arena, sizeof *functions);
        (void)sw_textmap_put(&comparison->into->functions, function->name, functions);
    }
    if (is_known(functions, function))
        return;
    grown = sw_arena_alloc(arena, ((size_t)functions->count + 1) * sizeof(void *));
    if (functions->count > 0)
        memcpy(grown, functions->functions, (size_t)functions->count * sizeof(void *));
    grown[functions->count++] = function;
    functions->functions = grown;
}

static void add_objects(struct sw_comparison *comparison, const struct sw_shard *shard)
{
    const struct sw_schema *schema = sw_comparison_schema(comparison, shard);

    for (int i = 0; schema != NULL && i < schema->function_count; i++)
        add_function(comparison, &schema->functions[i]);
}

void sw_compare_objects(struct sw_comparison *comparison)
{
    const struct sw_database *database = comparison->database;

    for (int s = 0; s < database->shard_count; s++)
        add_objects(comparison, database->shards[s]);
}

static bool type_name(char *out, const struct sw_schema_type *type)
{
    return snprintf(out, TYPE_NAME, "%s.%s", type->schema, type->name) < TYPE_NAME;
}

static void index_types(const struct sw_schema *schema, struct sw_textmap *types)
{
    char name[TYPE_NAME];

    sw_textmap_init(types);
    for (int i = 0; schema != NULL && i < schema->type_count; i++)
        if (type_name(name, &schema->types[i]))
            (void)sw_textmap_put(types, name, (void *)(uintptr_t)&schema->types[i]);
}

struct pairs {
    struct sw_oid_pair *list;
    int count;
    bool differ;
};

static void add_pair(struct pairs *pairs, struct sw_oid_pair pair)
{
    pairs->list[pairs->count++] = pair;
    pairs->differ |= pair.shard_oid != pair.catalog_oid;
}

/* NULL: the shard calls everything as the catalog database does. */
static struct sw_oid_map *map_types(const struct sw_schema *schema,
                                    const struct sw_textmap *types)
{
    size_t most = (size_t)schema->type_count + 1;
    struct pairs of_types = {.list = sw_alloc_zero(most, sizeof(struct sw_oid_pair))};
    struct pairs of_tables = {.list = sw_alloc_zero(most, sizeof(struct sw_oid_pair))};
    struct sw_oid_map *map = NULL;
    char name[TYPE_NAME];

    for (int i = 0; i < schema->type_count; i++) {
        const struct sw_schema_type *type = &schema->types[i], *other;

        other = type_name(name, type) ? sw_textmap_get(types, name) : NULL;
        if (other == NULL)
            continue;
        add_pair(&of_types, (struct sw_oid_pair){type->oid, other->oid, type->shape});
        if (type->table_oid != 0 && other->table_oid != 0)
            add_pair(&of_tables, (struct sw_oid_pair){.shard_oid = type->table_oid,
                                                      .catalog_oid = other->table_oid});
    }
    if (of_types.differ || of_tables.differ)
        map = sw_oid_map_create(of_types.list, of_types.count);
    if (of_tables.differ)
        map->tables = sw_oid_map_create(of_tables.list, of_tables.count);
    free(of_types.list);
    free(of_tables.list);
    return map;
}

/* Columns shall speak of types as the catalog database does. */
static void translate_columns(const struct sw_schema *schema, const struct sw_oid_map *map)
{
    for (int t = 0; map != NULL && t < schema->table_count; t++) {
        struct sw_schema_table *table = &schema->tables[t];

        for (int c = 0; c < table->column_count; c++)
            table->columns[c].type_oid = sw_oid_of_catalog(map, table->columns[c].type_oid);
    }
}

static struct sw_catalog_shard *add_shard(struct sw_comparison *comparison,
                                          const struct sw_shard *shard)
{
    struct sw_catalog_shard *into = sw_arena_alloc(&comparison->catalog->arena, sizeof *into);
    const char *why_not = comparison->readings[shard->id].why_not;

    into->name = sw_arena_strdup(&comparison->catalog->arena, shard->name);
    into->is_read = sw_comparison_schema(comparison, shard) != NULL;
    into->is_installed =
        into->is_read && sw_comparison_schema(comparison, shard)->installed > 0;
    if (why_not != NULL)
        into->why_not = sw_arena_strdup(&comparison->catalog->arena, why_not);
    (void)sw_textmap_put(&comparison->into->shards, into->name, into);
    return into;
}

void sw_compare_types(struct sw_comparison *comparison)
{
    const struct sw_database *database = comparison->database;
    const struct sw_schema *catalog = sw_comparison_schema(comparison, database->catalog);
    struct sw_textmap types;

    index_types(catalog, &types);
    for (int s = 0; s < database->shard_count; s++) {
        const struct sw_shard *shard = database->shards[s];
        const struct sw_schema *schema = sw_comparison_schema(comparison, shard);
        struct sw_catalog_shard *into = add_shard(comparison, shard);

        if (shard == database->catalog || schema == NULL || catalog == NULL)
            continue;
        into->types = map_types(schema, &types);
        comparison->into->has_types = comparison->into->has_types || into->types != NULL;
        translate_columns(schema, into->types);
    }
    sw_textmap_finish(&types);
}
