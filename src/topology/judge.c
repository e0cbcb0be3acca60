/*
 * Does what a table really is allow that one shard answers for it?
 */
#include "compare.h"

#include <string.h>

void sw_judge_table(struct sw_comparison *comparison, const struct sw_table *table,
                    struct sw_catalog_table *into)
{
    if (into->facts == NULL || into->block != NULL)
        return;
    if (into->facts->kind == SW_TABLE_ORDINARY || into->facts->kind == SW_TABLE_PARTITIONED)
        return;
    into->block = sw_comparison_block(
        comparison,
        sw_comparison_format(comparison, "\"%s\" is declared as a table, but it is a %s",
                             table->name,
                             into->facts->kind == SW_TABLE_FOREIGN ? "foreign table" : "view"),
        "What it reads may be on other shards.", "Name the tables that it reads instead.");
}
