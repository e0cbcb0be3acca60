/*
 * Declared tables come first: an index of a partition stands under the partition as well as
 * under the declared table that it is of. What belongs to no declared table is known by the
 * business on whose shards it was found.
 */
#include "compare.h"

#include <string.h>

/* Something with a name of its own, as it was found on one shard. */
struct found {
    const struct sw_schema_part *part;
    const struct sw_schema_table *owner; /* NULL: none */
    const struct sw_business *business;  /* NULL: the catalog database */
};

static bool is_declared(const struct sw_comparison *comparison, const char *schema,
                        const char *name)
{
    return name != NULL && sw_database_table(comparison->database, schema, name) != NULL;
}

static void add(struct sw_comparison *comparison, const struct found *found, const char *name)
{
    struct sw_arena *arena = &comparison->catalog->arena;
    struct sw_catalog_part *part = sw_arena_alloc(arena, sizeof *part);

    *part = (struct sw_catalog_part){
        .kind = found->part->kind,
        .schema = found->owner == NULL ? NULL : found->owner->schema,
        .table = found->owner == NULL ? NULL : found->owner->name,
        .business =
            found->business == NULL ? NULL : sw_arena_strdup(arena, found->business->name)};
    (void)sw_textmap_put(&comparison->into->parts, name, part);
}

/* The same name once more. */
static void merge(struct sw_comparison *comparison, const struct found *found,
                  struct sw_catalog_part *known)
{
    const char *business = found->business == NULL ? NULL : found->business->name;

    if (business != NULL && known->business == NULL)
        known->business = sw_arena_strdup(&comparison->catalog->arena, business);
    if (known->kind != found->part->kind ||
        (business != NULL && strcmp(known->business, business) != 0))
        known->is_ambiguous = true;
}

static void put(struct sw_comparison *comparison, const struct found *found)
{
    const char *name =
        sw_comparison_format(comparison, "%s.%s", found->part->schema, found->part->name);
    struct sw_catalog_part *known = sw_textmap_get(&comparison->into->parts, name);

    if (known == NULL)
        add(comparison, found, name);
    else if ((found->owner != NULL &&
              is_declared(comparison, found->owner->schema, found->owner->name)) ||
             !is_declared(comparison, known->schema, known->table))
        merge(comparison, found, known);
}

static void put_parts(struct sw_comparison *comparison, const struct sw_schema_table *table,
                      const struct sw_business *business)
{
    for (int i = 0; i < table->part_count; i++)
        put(comparison, &(struct found){&table->parts[i], table, business});
}

static void put_declared(struct sw_comparison *comparison, const struct sw_table *table,
                         const struct sw_shard *shard)
{
    const struct sw_schema *schema = sw_comparison_schema(comparison, shard);
    const struct sw_schema_table *here =
        schema == NULL ? NULL : sw_schema_find(schema, table->schema, table->name);

    if (here != NULL)
        put_parts(comparison, here, table->business);
}

/* A table that the map does not know. */
static void put_stray(struct sw_comparison *comparison, const struct sw_schema_table *table,
                      const struct sw_business *business)
{
    const struct sw_schema_part self = {SW_PART_TABLE, table->schema, table->name};

    if ((table->kind == SW_TABLE_ORDINARY || table->kind == SW_TABLE_PARTITIONED) &&
        !is_declared(comparison, table->schema, table->name))
        put(comparison, &(struct found){&self, NULL, business});
}

static void put_all(struct sw_comparison *comparison, const struct sw_shard *shard)
{
    const struct sw_schema *schema = sw_comparison_schema(comparison, shard);

    if (schema == NULL)
        return;
    for (int t = 0; t < schema->table_count; t++)
        if (!is_declared(comparison, schema->tables[t].schema, schema->tables[t].name)) {
            put_parts(comparison, &schema->tables[t], shard->business);
            put_stray(comparison, &schema->tables[t], shard->business);
        }
    for (int i = 0; i < schema->sequence_count; i++)
        put(comparison, &(struct found){&schema->sequences[i], NULL, shard->business});
}

static void put_business(struct sw_comparison *comparison, const struct sw_business *business)
{
    for (int t = 0; t < business->table_count; t++) {
        put_declared(comparison, &business->tables[t], comparison->database->catalog);
        for (int s = 0; s < business->shard_count; s++)
            put_declared(comparison, &business->tables[t], &business->shards[s]);
    }
}

void sw_compare_parts(struct sw_comparison *comparison)
{
    const struct sw_database *database = comparison->database;

    for (int b = 0; b < database->business_count; b++)
        put_business(comparison, &database->businesses[b]);
    for (int s = 0; s < database->shard_count; s++)
        put_all(comparison, database->shards[s]);
}
