#include "planner.h"

#include <string.h>

static bool refuse(struct sw_planner *planner, const char *what, const char *table,
                   const char *hint)
{
    sw_error_set(planner->err, "0A000", "%s into the sharded table \"%s\" is not supported yet",
                 what, table);
    sw_error_hint(planner->err, "%s", hint);
    return false;
}

static int find_column(const struct sw_level *level, const char *name)
{
    for (int i = 0; i < level->column_count; i++)
        if (strcmp(level->columns[i], name) == 0)
            return i;
    return -1;
}

/* Where among the columns the key stands; -1 after an error. */
static int find_key(struct sw_planner *planner, const struct sw_level *level,
                    const struct sw_table *table)
{
    int key;

    if (!level->has_column_list) {
        refuse(planner, "INSERT without a column list", table->name,
               "Write the columns: INSERT INTO table (column, ...) VALUES ...");
        return -1;
    }
    key = find_column(level, table->key);
    if (key < 0) {
        sw_error_set(planner->err, "0A000", "INSERT into \"%s\" does not give its key \"%s\"",
                     table->name, table->key);
        sw_error_hint(planner->err, "Write \"%s\" among the columns, and its value.",
                      table->key);
        return -1;
    }
    if (level->row_width == level->column_count)
        return key;
    sw_error_set(planner->err, "42601",
                 level->row_width > level->column_count
                     ? "INSERT has more expressions than target columns"
                     : "INSERT has more target columns than expressions");
    return -1;
}

static bool refuse_null(struct sw_planner *planner, const struct sw_table *table)
{
    return sw_error_set(planner->err, "23502",
                        "null value in column \"%s\" of relation \"%s\" violates not-null "
                        "constraint",
                        table->key, table->name);
}

static bool refuse_two_shards(struct sw_planner *planner, const struct sw_place *place,
                              const struct sw_shard *other)
{
    sw_error_set(planner->err, "0A000", "statement needs more than one shard");
    sw_error_detail(planner->err, "%s: rows for %s and for %s.", place->table->name,
                    place->shard->name, other->name);
    sw_error_hint(planner->err, "Insert the rows of each %s in a statement of its own.",
                  place->table->key);
    return false;
}

/* An integer is assigned to a text column as its digits. */
static const struct sw_value *as_assigned(struct sw_planner *planner,
                                          const struct sw_table *table,
                                          const struct sw_value *value)
{
    struct sw_value *copy;

    if (table->placement->key_type != SW_KEY_TEXT || value->kind != SW_VALUE_INTEGER ||
        value->cast != SW_CAST_NONE)
        return value;
    copy = sw_arena_alloc(&planner->arena, sizeof *copy);
    *copy = *value;
    copy->cast = SW_CAST_TEXT;
    return copy;
}

static bool place_row(struct sw_planner *planner, struct sw_place *place,
                      const struct sw_value *value)
{
    const struct sw_placement *placement = place->table->placement;
    struct sw_bucket_set set;
    const struct sw_shard *shard;

    value = as_assigned(planner, place->table, value);
    if (!sw_bucket_set_of(planner, placement, value, 1, &set, planner->err)) {
        if (!sw_error_is_servers(planner->err))
            sw_error_trying(planner->err, "cannot tell the shard of a new row of \"%s\"",
                            place->table->name);
        return false;
    }
    if (set.is_unbound)
        return true;
    if (set.count == 0)
        return refuse_null(planner, place->table);
    shard = placement->buckets[set.buckets[0]].shard;
    if (place->kind == SW_PLACE_SHARD)
        return place->shard == shard || refuse_two_shards(planner, place, shard);
    place->kind = SW_PLACE_SHARD;
    place->shard = shard;
    place->bucket = set.buckets[0];
    place->value = set.values[0];
    return true;
}

static bool place_target(struct sw_planner *planner, const struct sw_level *level)
{
    struct sw_place *place = &planner->places[level->target];
    int key;

    if (level->source == SW_INSERT_QUERY)
        return refuse(planner, "INSERT ... SELECT", place->table->name,
                      "Read the rows first, then insert them with VALUES.");
    if (level->source == SW_INSERT_DEFAULTS)
        return refuse(planner, "INSERT ... DEFAULT VALUES", place->table->name,
                      "Give the values in VALUES.");
    key = find_key(planner, level, place->table);
    if (key < 0)
        return false;
    place->kind = SW_PLACE_ANY_OF;
    for (int row = 0; row < level->row_count; row++)
        if (!place_row(planner, place,
                       &level->values[(size_t)row * (size_t)level->row_width + (size_t)key]))
            return false;
    return true;
}

bool sw_insert_place(struct sw_planner *planner)
{
    const struct sw_statement *statement = planner->statement;

    for (int i = 0; i < statement->level_count; i++) {
        const struct sw_level *level = &statement->levels[i];
        const struct sw_table *table =
            level->target < 0 ? NULL : planner->places[level->target].table;

        if (level->kind == SW_LEVEL_INSERT && table != NULL && table->key != NULL &&
            !place_target(planner, level))
            return false;
    }
    return true;
}
