/*
 * Declared tables come first: an index of a partition stands under the partition as well as
 * under the declared table that it is of.
 */
#include "compare.h"

#include <string.h>

static struct sw_catalog_index *find(const struct sw_comparison *comparison, const char *name)
{
    return sw_textmap_get(&comparison->into->indexes, name);
}

static void add(struct sw_comparison *comparison, const struct sw_schema_table *table,
                const char *name)
{
    struct sw_arena *arena = &comparison->catalog->arena;
    struct sw_catalog_index *index = sw_arena_alloc(arena, sizeof *index);

    *index = (struct sw_catalog_index){table->schema, table->name, false};
    (void)sw_textmap_put(&comparison->into->indexes, name, index);
}

static const char *full_name(struct sw_comparison *comparison,
                             const struct sw_schema_index *index)
{
    return sw_comparison_format(comparison, "%s.%s", index->schema, index->name);
}

static void add_declared(struct sw_comparison *comparison, const struct sw_table *table,
                         const struct sw_shard *shard)
{
    const struct sw_schema *schema = sw_comparison_schema(comparison, shard);
    const struct sw_schema_table *here =
        schema == NULL ? NULL : sw_schema_find(schema, table->schema, table->name);

    for (int i = 0; here != NULL && i < here->index_count; i++) {
        const char *name = full_name(comparison, &here->indexes[i]);
        struct sw_catalog_index *known = find(comparison, name);

        if (known == NULL)
            add(comparison, here, name);
        else if (sw_database_table(comparison->database, known->schema, known->table)
                     ->business != table->business)
            known->is_ambiguous = true;
    }
}

static void add_all(struct sw_comparison *comparison, const struct sw_shard *shard)
{
    const struct sw_schema *schema = sw_comparison_schema(comparison, shard);

    for (int t = 0; schema != NULL && t < schema->table_count; t++)
        for (int i = 0; i < schema->tables[t].index_count; i++) {
            const char *name = full_name(comparison, &schema->tables[t].indexes[i]);

            if (find(comparison, name) == NULL)
                add(comparison, &schema->tables[t], name);
        }
}

static void add_business(struct sw_comparison *comparison, const struct sw_business *business)
{
    for (int t = 0; t < business->table_count; t++) {
        add_declared(comparison, &business->tables[t], comparison->database->catalog);
        for (int s = 0; s < business->shard_count; s++)
            add_declared(comparison, &business->tables[t], &business->shards[s]);
    }
}

void sw_compare_indexes(struct sw_comparison *comparison)
{
    const struct sw_database *database = comparison->database;

    for (int b = 0; b < database->business_count; b++)
        add_business(comparison, &database->businesses[b]);
    add_all(comparison, database->catalog);
    for (int b = 0; b < database->business_count; b++)
        for (int s = 0; s < database->businesses[b].shard_count; s++)
            add_all(comparison, &database->businesses[b].shards[s]);
}
