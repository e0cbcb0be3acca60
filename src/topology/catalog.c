#include "shardward/topology/catalog.h"

#include "compare.h"

#include "shardward/base/mem.h"
#include "shardward/topology/accepted.h"

#include <stdio.h>
#include <string.h>

enum { FULL_NAME = 160 };

static void read_schemas(struct sw_comparison *comparison, struct sw_shard_reading *readings)
{
    struct sw_catalog *catalog = comparison->catalog;
    struct sw_error err;

    for (int i = 0; i < catalog->schema_count; i++) {
        if (readings[i].text == NULL)
            continue;
        catalog->schemas[i] = sw_schema_read(readings[i].text, readings[i].len, &err);
        if (catalog->schemas[i] == NULL)
            readings[i].why_not = sw_arena_strdup(&catalog->arena, err.message);
    }
}

/* A shard that has accepted another map hides rows: no table of its business is touched. */
static const struct sw_block *find_conflict(struct sw_comparison *comparison,
                                            const struct sw_business *business)
{
    struct sw_catalog *catalog = comparison->catalog;
    struct sw_block *block;
    struct sw_error err;

    for (int i = 0; i < business->shard_count; i++) {
        const struct sw_schema *schema = sw_comparison_schema(comparison, &business->shards[i]);

        if (schema == NULL ||
            sw_accepted_allows(comparison->database, &business->shards[i], schema, &err))
            continue;
        if (!catalog->has_conflict)
            catalog->conflict = err;
        catalog->has_conflict = true;
        block = sw_arena_alloc(&catalog->arena, sizeof *block);
        *block = (struct sw_block){"55000", sw_arena_strdup(&catalog->arena, err.message), NULL,
                                   sw_arena_strdup(&catalog->arena, err.hint)};
        return block;
    }
    return NULL;
}

static void build_table(struct sw_comparison *comparison, const struct sw_table *table,
                        const struct sw_block *conflict)
{
    struct sw_arena *arena = &comparison->catalog->arena;
    struct sw_catalog_table *into = sw_arena_alloc(arena, sizeof *into);
    const char *name = sw_comparison_format(comparison, "%s.%s", table->schema, table->name);

    into->schema = sw_arena_strdup(arena, table->schema);
    into->name = sw_arena_strdup(arena, table->name);
    into->block = conflict;
    sw_compare_table(comparison, table, into);
    sw_block_unfinished(comparison, table, into);
    sw_judge_table(comparison, table, into);
    (void)sw_textmap_put(&comparison->into->tables, name, into);
}

static void build_database(struct sw_comparison *comparison, const struct sw_database *database,
                           struct sw_catalog_database *into)
{
    comparison->database = database;
    comparison->into = into;
    comparison->differences = NULL;
    comparison->difference_count = comparison->difference_size = 0;
    into->name = sw_arena_strdup(&comparison->catalog->arena, database->name);
    sw_textmap_init(&into->tables);
    sw_textmap_init(&into->functions);
    sw_textmap_init(&into->parts);
    sw_textmap_init(&into->shards);
    sw_compare_types(comparison);
    sw_compare_objects(comparison);
    sw_compare_parts(comparison);
    sw_compare_journals(comparison);
    for (int b = 0; b < database->business_count; b++) {
        const struct sw_business *business = &database->businesses[b];
        const struct sw_block *conflict = find_conflict(comparison, business);

        for (int t = 0; t < business->table_count; t++)
            build_table(comparison, &business->tables[t], conflict);
    }
    into->differences = comparison->differences;
    into->difference_count = comparison->difference_count;
}

/* FNV-1a, the zero byte behind the text included. */
static uint64_t add_digest(uint64_t digest, const char *text)
{
    const char *at = text == NULL ? "" : text;

    do
        digest = (digest ^ (uint8_t)*at) * 1099511628211u;
    while (*at++ != '\0');
    return digest;
}

static uint64_t digest_of(const struct sw_shard_reading *readings, int count)
{
    uint64_t digest = 14695981039346656037u;

    for (int i = 0; i < count; i++)
        digest = add_digest(add_digest(digest, readings[i].text), readings[i].why_not);
    return digest;
}

struct sw_catalog *sw_catalog_build(struct sw_map *map, const struct sw_shard_reading *readings,
                                    int version)
{
    struct sw_catalog *catalog = sw_alloc_zero(1, sizeof *catalog);
    size_t count = (size_t)map->shard_count;
    struct sw_shard_reading *own = sw_memdup(readings, count * sizeof *own);
    struct sw_comparison comparison = {.readings = own, .catalog = catalog};

    atomic_init(&catalog->refs, 1);
    catalog->version = version;
    catalog->map = sw_map_ref(map);
    catalog->digest = digest_of(readings, map->shard_count);
    sw_arena_init(&catalog->arena);
    catalog->schema_count = map->shard_count;
    catalog->schemas = sw_alloc_zero(count, sizeof(void *));
    catalog->database_count = map->database_count;
    catalog->databases = sw_arena_alloc(&catalog->arena, (size_t)map->database_count *
                                                             sizeof *catalog->databases);
    read_schemas(&comparison, own);
    for (int i = 0; i < map->database_count; i++)
        build_database(&comparison, &map->databases[i], &catalog->databases[i]);
    /* Shards may bear each other's names. */
    for (int i = 0; catalog->has_conflict && i < map->database_count; i++)
        catalog->databases[i].due_count = 0;
    free(own);
    return catalog;
}

struct sw_catalog *sw_catalog_ref(const struct sw_catalog *catalog)
{
    struct sw_catalog *own = (struct sw_catalog *)(uintptr_t)catalog;

    (void)atomic_fetch_add_explicit(&own->refs, 1, memory_order_relaxed);
    return own;
}

static void forget_shards(struct sw_textmap *shards)
{
    struct sw_catalog_shard *shard;
    size_t at = 0;

    while ((shard = sw_textmap_next(shards, &at, NULL)) != NULL)
        sw_oid_map_unref(shard->types);
    sw_textmap_finish(shards);
}

static void destroy(struct sw_catalog *catalog)
{
    for (int i = 0; i < catalog->database_count; i++) {
        sw_textmap_finish(&catalog->databases[i].tables);
        sw_textmap_finish(&catalog->databases[i].functions);
        sw_textmap_finish(&catalog->databases[i].parts);
        forget_shards(&catalog->databases[i].shards);
    }
    for (int i = 0; i < catalog->schema_count; i++)
        sw_schema_free(catalog->schemas[i]);
    free(catalog->schemas);
    sw_arena_finish(&catalog->arena);
    sw_map_unref(catalog->map);
    free(catalog);
}

void sw_catalog_unref(const struct sw_catalog *catalog)
{
    struct sw_catalog *own = (struct sw_catalog *)(uintptr_t)catalog;

    if (own != NULL && atomic_fetch_sub_explicit(&own->refs, 1, memory_order_acq_rel) == 1)
        destroy(own);
}

bool sw_catalog_is_like(const struct sw_catalog *a, const struct sw_catalog *b)
{
    return a->map == b->map && a->digest == b->digest;
}

bool sw_catalog_allows(const struct sw_catalog *catalog, struct sw_error *err)
{
    if (catalog->has_conflict)
        *err = catalog->conflict;
    return !catalog->has_conflict;
}

const struct sw_catalog_database *sw_catalog_database(const struct sw_catalog *catalog,
                                                      const char *name)
{
    for (int i = 0; i < catalog->database_count; i++)
        if (strcmp(catalog->databases[i].name, name) == 0)
            return &catalog->databases[i];
    return NULL;
}

static void *find(const struct sw_textmap *map, const char *schema, const char *name)
{
    char full[FULL_NAME];

    if (snprintf(full, sizeof full, "%s.%s", schema, name) >= FULL_NAME)
        return NULL;
    return sw_textmap_get(map, full);
}

const struct sw_catalog_table *sw_catalog_table(const struct sw_catalog_database *database,
                                                const char *schema, const char *name)
{
    return find(&database->tables, schema, name);
}

const struct sw_catalog_part *sw_catalog_part(const struct sw_catalog_database *database,
                                              const char *schema, const char *name)
{
    return find(&database->parts, schema, name);
}

bool sw_catalog_is_whole(const struct sw_catalog_database *database)
{
    const struct sw_catalog_shard *shard;
    size_t at = 0;

    while ((shard = sw_textmap_next(&database->shards, &at, NULL)) != NULL)
        if (!shard->is_read)
            return false;
    return true;
}

struct sw_oid_map *sw_catalog_types(const struct sw_catalog_database *database,
                                    const struct sw_shard *shard)
{
    const struct sw_catalog_shard *found =
        database->has_types ? sw_textmap_get(&database->shards, shard->name) : NULL;

    return found == NULL ? NULL : found->types;
}
