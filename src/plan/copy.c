#include "shardward/plan/copy.h"

#include "planner.h"

#include "shardward/parse/outline.h"

#include <string.h>

_Static_assert((int)SW_COPY_PARTS == (int)SW_KEY_PARTS,
               "a key has parts that COPY cannot find");

/* What is known of a table; NULL: it is none, or nothing is. */
static const struct sw_schema_table *facts_of(const struct sw_planner *planner, int relation)
{
    const struct sw_catalog_table *table = planner->places[relation].facts;

    return table == NULL ? NULL : table->facts;
}

static bool is_plain(const struct sw_schema_column *column, const struct sw_oid_map *types)
{
    return sw_shape_of_catalog(types, column->type_oid).kind == SW_SHAPE_PLAIN;
}

/* Has one of the tables a column of a user's type? */
static bool has_own_types(const struct sw_planner *planner)
{
    for (int i = 0; i < planner->statement->relation_count; i++) {
        const struct sw_schema_table *facts = facts_of(planner, i);

        for (int c = 0; facts != NULL && c < facts->column_count; c++)
            if (facts->columns[c].type_oid >= SW_FIRST_USER_OID)
                return true;
    }
    return false;
}

static bool are_columns_plain(const struct sw_planner *planner, const struct sw_oid_map *types)
{
    const struct sw_schema_table *facts = facts_of(planner, 0);

    for (int c = 0; facts != NULL && c < facts->column_count; c++)
        if (!is_plain(&facts->columns[c], types))
            return false;
    return facts != NULL;
}

/* Is it a column of a table, of which it is known? */
static bool is_output_plain(const struct sw_planner *planner,
                            const struct sw_outline_output *output,
                            const struct sw_oid_map *types)
{
    const struct sw_column *column = &output->column;
    int from = column->relation >= 0 ? column->relation : column->from;
    int to = column->relation >= 0 ? column->relation + 1 : column->to;
    bool is_found = false;

    for (int i = from; output->is_column && i < to; i++) {
        const struct sw_schema_table *facts = facts_of(planner, i);
        int at = facts == NULL ? -1 : sw_schema_column_index(facts, column->name);

        if (facts == NULL || (at >= 0 && !is_plain(&facts->columns[at], types)))
            return false;
        is_found = is_found || at >= 0;
    }
    return is_found;
}

/* May its values name types? What is computed may, if there is such a type at hand. */
static bool names_types(const struct sw_planner *planner, const struct sw_oid_map *types)
{
    const struct sw_outline *outline = planner->statement->copy_out;
    const struct sw_outline_query *query;

    if (!has_own_types(planner))
        return false;
    if (outline->top < 0)
        return !are_columns_plain(planner, types);
    query = &outline->queries[outline->top];
    for (int i = 0; i < query->output_count; i++)
        if (!is_output_plain(planner, &query->outputs[i], types))
            return true;
    return query->kind != SW_OUTLINE_SELECT;
}

static bool check_out_at(const struct sw_planner *planner, const struct sw_shard *shard)
{
    const struct sw_catalog_database *catalog = sw_planner_catalog(planner);
    struct sw_oid_map *types =
        catalog == NULL || shard == NULL ? NULL : sw_catalog_types(catalog, shard);

    if (types == NULL || !names_types(planner, types))
        return true;
    sw_error_set(planner->err, "0A000",
                 "COPY TO in binary is not supported for types of your own");
    sw_error_detail(planner->err,
                    "Arrays and composites would name them by the numbers of shard \"%s\".",
                    shard->name);
    sw_error_hint(planner->err, "Use the format text or csv.");
    return false;
}

bool sw_copy_check_out(const struct sw_planner *planner, const struct sw_route *route)
{
    if (planner->statement->copy_out == NULL)
        return true;
    if (route->kind != SW_ROUTE_SEVERAL)
        return check_out_at(planner, route->shard);
    for (int i = 0; i < route->placement->shard_count; i++)
        if (!check_out_at(planner, route->placement->shards[i]))
            return false;
    return true;
}

static bool refuse_option(struct sw_planner *planner, const struct sw_table *table,
                          const char *option)
{
    sw_error_set(planner->err, "0A000",
                 "COPY into the sharded table \"%s\" with %s is not supported", table->name,
                 option);
    sw_error_hint(planner->err, "Leave it out, or write the rows with INSERT.");
    return false;
}

static bool refuse_listless(struct sw_planner *planner, const struct sw_table *table)
{
    sw_error_set(planner->err, "0A000",
                 "COPY into the sharded table \"%s\" needs a column list here", table->name);
    sw_error_hint(planner->err, "Write the columns: COPY table (column, ...) FROM STDIN.");
    return false;
}

/* COPY fills no generated columns. */
static int count_columns(const struct sw_schema_table *facts)
{
    int count = 0;

    for (int i = 0; i < facts->column_count; i++)
        count += !facts->columns[i].is_generated;
    return count;
}

static bool find_key(struct sw_planner *planner, const struct sw_level *level,
                     struct sw_copy_plan *plan)
{
    const struct sw_table *table = plan->table;

    for (int p = 0; p < table->placement->part_count; p++) {
        plan->columns[p] = sw_insert_column(planner, level, table->keys[p]);
        plan->texts[p].most =
            sw_insert_most(planner, level, table->keys[p], &plan->texts[p].type);
        if (plan->columns[p] >= 0)
            continue;
        sw_error_set(planner->err, "0A000", "COPY into \"%s\" does not give its key \"%s\"",
                     table->name, table->keys[p]);
        sw_error_hint(planner->err, "Write \"%s\" among the columns, and its values.",
                      table->keys[p]);
        return false;
    }
    return true;
}

bool sw_copy_compile(struct sw_planner *planner, const struct sw_level *level)
{
    const struct sw_copy_options *options = planner->statement->copy;
    const struct sw_table *table = planner->places[level->target].table;
    const struct sw_schema_table *facts = sw_insert_facts(planner, level);
    struct sw_copy_plan *plan = sw_arena_alloc(&planner->arena, sizeof *plan);

    if (options->obstacle != NULL)
        return refuse_option(planner, table, options->obstacle);
    if (facts == NULL && !level->has_column_list)
        return refuse_listless(planner, table);
    plan->table = table;
    plan->style = &options->style;
    plan->column_count = level->has_column_list ? level->column_count : count_columns(facts);
    plan->is_utc = planner->context->is_timezone_utc;
    planner->copy = plan;
    planner->places[level->target].is_target_of_copy = true;
    return find_key(planner, level, plan);
}

/* --- rows --- */

static bool refuse_long(const struct sw_copy_plan *plan, int part, struct sw_error *err)
{
    return sw_error_set(err, "22001", "value too long for type %s", plan->texts[part].type);
}

static bool refuse_binary(const struct sw_copy_plan *plan, int part, struct sw_error *err)
{
    return sw_error_set(err, "22P03", "incorrect binary data format in column \"%s\"",
                        plan->table->keys[part]);
}

static bool read_key(const struct sw_copy_plan *plan, int part,
                     const struct sw_copy_field *field, struct sw_key_value *key,
                     struct sw_error *err)
{
    enum sw_key_type type = plan->table->placement->types[part];
    size_t expected = 0;

    if (field->bytes == NULL)
        return sw_insert_refuse_null(plan->table, part, err);
    if (plan->style->format != SW_COPY_BINARY) {
        if (!sw_key_value_of_text(type, (const char *)field->bytes, field->len, plan->is_utc,
                                  key, err))
            return false;
    } else if (!sw_key_value_of_binary(type, field->bytes, field->len, key, &expected, err)) {
        return expected == 0 ? false : refuse_binary(plan, part, err);
    }
    return plan->texts[part].most < 0 || type != SW_KEY_TEXT ||
           sw_insert_count_characters(key) <= (size_t)plan->texts[part].most ||
           refuse_long(plan, part, err);
}

bool sw_copy_place(const struct sw_copy_plan *plan, const struct sw_copy_field *fields,
                   const struct sw_shard **shard, struct sw_error *err)
{
    const struct sw_placement *placement = plan->table->placement;
    struct sw_key_value key[SW_KEY_PARTS];
    int bucket;

    for (int p = 0; p < placement->part_count; p++)
        if (!read_key(plan, p, &fields[p], &key[p], err))
            return false;
    bucket = sw_key_bucket(placement, key);
    if (bucket < 0)
        return sw_insert_refuse_nowhere(plan->table, &key[0], err);
    *shard = placement->buckets[bucket].shard;
    return true;
}
