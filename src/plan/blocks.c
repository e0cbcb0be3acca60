/*
 * What the catalog says of tables: whether they may be touched at all, and written.
 */
#include "planner.h"

static bool refuse(const struct sw_planner *planner, const struct sw_block *block)
{
    sw_error_set(planner->err, block->sqlstate, "%s", block->message);
    if (block->detail != NULL)
        sw_error_detail(planner->err, "%s", block->detail);
    if (block->hint != NULL)
        sw_error_hint(planner->err, "%s", block->hint);
    return false;
}

const struct sw_catalog_database *sw_planner_catalog(const struct sw_planner *planner)
{
    const struct sw_plan_context *context = planner->context;

    return context->catalog == NULL
               ? NULL
               : sw_catalog_database(context->catalog, context->database->name);
}

const struct sw_catalog_table *sw_planner_facts(const struct sw_planner *planner,
                                                const struct sw_table *table)
{
    const struct sw_catalog_database *catalog = sw_planner_catalog(planner);

    return catalog == NULL ? NULL : sw_catalog_table(catalog, table->schema, table->name);
}

bool sw_blocks_check(const struct sw_planner *planner, const struct sw_table *table,
                     bool is_written)
{
    const struct sw_catalog_table *facts;

    if (planner->context->catalog == NULL)
        return true;
    facts = sw_planner_facts(planner, table);
    if (facts == NULL) {
        sw_error_set(planner->err, "57P03", "table \"%s\" is not known yet", table->name);
        sw_error_hint(planner->err, "The shards are being read; try again.");
        return false;
    }
    if (facts->block != NULL)
        return refuse(planner, facts->block);
    return !is_written || facts->write_block == NULL || refuse(planner, facts->write_block);
}
