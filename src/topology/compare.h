/*
 * compare - the parts of building a catalog: what differs, what must not be touched.
 */
#ifndef SW_TOPOLOGY_COMPARE_H
#define SW_TOPOLOGY_COMPARE_H

#include "shardward/topology/catalog.h"

/* A catalog while it is being built. */
struct sw_comparison {
    const struct sw_shard_reading *readings; /* by shard id */
    struct sw_catalog *catalog;
    const struct sw_database *database; /* at hand */
    struct sw_catalog_database *into;
    struct sw_difference *differences; /* of the database at hand */
    int difference_count, difference_size;
};

/* What was read from a shard, or NULL. */
const struct sw_schema *sw_comparison_schema(const struct sw_comparison *comparison,
                                             const struct sw_shard *shard);
/* A text in the catalog's arena. */
const char *sw_comparison_format(struct sw_comparison *comparison, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A block in the catalog's arena; @detail and @hint may be NULL, and live as long as it. */
const struct sw_block *sw_comparison_block(struct sw_comparison *comparison,
                                           const char *message, const char *detail,
                                           const char *hint);

/* Look at @table on all its shards and in the catalog database: fills in facts, differences
 * and the block they make. */
void sw_compare_table(struct sw_comparison *comparison, const struct sw_table *table,
                      struct sw_catalog_table *into);
/* Judge what @into holds: may one shard at a time answer for it? */
void sw_judge_table(struct sw_comparison *comparison, const struct sw_table *table,
                    struct sw_catalog_table *into);
/* Does the function need nothing but its arguments? Immutable ones promise it, as do some
 * extensions; for others the DBA does. */
bool sw_function_looks_at_nothing(const struct sw_database *database, const char *schema,
                                  const char *name, enum sw_volatility volatility,
                                  const char *extension);
/* What the database at hand has not finished of its DDL. */
void sw_compare_journals(struct sw_comparison *comparison);
/* If it is about @table: what differs is explained, and what cannot be seen is refused too. */
void sw_block_unfinished(struct sw_comparison *comparison, const struct sw_table *table,
                         struct sw_catalog_table *into);
/* To which tables indexes, sequences and partitions of the database at hand belong. */
void sw_compare_parts(struct sw_comparison *comparison);
/* Functions, types of all shards of the database at hand. */
void sw_compare_objects(struct sw_comparison *comparison);
void sw_compare_types(struct sw_comparison *comparison);

#endif
