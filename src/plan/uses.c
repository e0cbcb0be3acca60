/*
 * A parameter whose type the client has not declared takes the type of what it stands beside
 * first. Where all its uses are comparisons with keys of one type (or values for such a key)
 * that is the key's; else it may be anything, as in `WHERE weight = $1 AND patient_id = $1`
 * with a float4.
 *
 * Two predicates may come from one piece of text, but are alike then: only one of a kind is
 * counted. To count too few uses is safe.
 */
#include "planner.h"

#include <string.h>

enum { MOST_PREDICATES = 64, NO_KEY = -1, MIXED = -2 };

struct uses {
    struct sw_planner *planner;
    int *settled;              /* how many uses of each parameter a key settles */
    int *key_types;            /* of these keys; -1 none, -2 of several types */
    struct sw_key_part *found; /* scratch: as many as there are relations */
};

static bool is_declared(const struct sw_parameters *parameters, int number)
{
    return number <= parameters->type_count && parameters->types[number - 1] != 0;
}

/* Do all values of a list leave the type to the key? One of another type would give its own to
 * the parameters beside it. */
static bool leave_type_to_key(const struct uses *uses, enum sw_key_type type,
                              const struct sw_value *values, int count)
{
    for (int i = 0; i < count; i++) {
        const struct sw_value *value = &values[i];

        if (value->kind == SW_VALUE_UNKNOWN || value->kind == SW_VALUE_DEFAULT ||
            !sw_key_cast_fits(type, value->cast) ||
            (count > 1 && value->kind == SW_VALUE_PARAMETER &&
             is_declared(uses->planner->parameters, value->parameter)))
            return false;
    }
    return true;
}

static void count_values(struct uses *uses, enum sw_key_type type,
                         const struct sw_value *values, int count)
{
    for (int i = 0; i < count; i++) {
        int at = values[i].parameter - 1;

        if (values[i].kind != SW_VALUE_PARAMETER || at < 0 ||
            at >= uses->planner->statement->parameter_count)
            continue;
        uses->settled[at]++;
        if (uses->key_types[at] == NO_KEY)
            uses->key_types[at] = (int)type;
        else if (uses->key_types[at] != (int)type)
            uses->key_types[at] = MIXED;
    }
}

static bool is_same_value(const struct sw_value *a, const struct sw_value *b)
{
    return a->kind == b->kind && a->cast == b->cast && a->is_array == b->is_array &&
           a->parameter == b->parameter;
}

static bool is_alike(const struct sw_predicate *a, const struct sw_predicate *b)
{
    if (a->kind != b->kind || a->level != b->level || a->value_count != b->value_count ||
        a->column.relation != b->column.relation || strcmp(a->column.name, b->column.name) != 0)
        return false;
    for (int i = 0; i < a->value_count; i++)
        if (!is_same_value(&a->values[i], &b->values[i]))
            return false;
    return true;
}

static void count_predicate(struct uses *uses, int index)
{
    const struct sw_predicate *predicates = uses->planner->statement->predicates;
    const struct sw_predicate *predicate = &predicates[index];
    enum sw_key_type type;

    if (predicate->kind == SW_PREDICATE_EQUALS ||
        sw_pins_parts_of(uses->planner, predicate->level, &predicate->column, uses->found) == 0)
        return;
    for (int i = 0; i < index; i++)
        if (is_alike(&predicates[i], predicate))
            return;
    type = sw_pins_type_of(uses->planner, uses->found[0]);
    if (leave_type_to_key(uses, type, predicate->values, predicate->value_count))
        count_values(uses, type, predicate->values, predicate->value_count);
}

/* The values of one column of an INSERT, which is part of a key. */
static void count_column(struct uses *uses, const struct sw_level *level, const char *name,
                         enum sw_key_type type)
{
    int at = sw_insert_column(uses->planner, level, name);

    if (at < 0 || at >= level->row_width)
        return;
    for (int row = 0; row < level->row_count; row++) {
        const struct sw_value *value =
            &level->values[(size_t)row * (size_t)level->row_width + (size_t)at];

        if (leave_type_to_key(uses, type, value, 1))
            count_values(uses, type, value, 1);
    }
}

static void count_insert(struct uses *uses, const struct sw_level *level)
{
    const struct sw_table *table =
        level->target < 0 ? NULL : uses->planner->places[level->target].table;

    if (level->kind != SW_LEVEL_INSERT || level->source != SW_INSERT_VALUES || table == NULL ||
        table->keys == NULL || !level->has_column_list)
        return;
    for (int p = 0; p < table->placement->part_count; p++)
        count_column(uses, level, table->keys[p], table->placement->types[p]);
}

void sw_uses_note(struct sw_planner *planner)
{
    const struct sw_statement *statement = planner->statement;
    size_t count = (size_t)statement->parameter_count;
    bool *has_other_uses = sw_arena_alloc(&planner->arena, count * sizeof *has_other_uses);
    struct uses uses = {
        .planner = planner,
        .settled = sw_arena_alloc(&planner->arena, count * sizeof *uses.settled),
        .key_types = sw_arena_alloc(&planner->arena, count * sizeof *uses.key_types),
        .found = sw_arena_alloc(&planner->arena,
                                ((size_t)statement->relation_count + 1) * sizeof *uses.found)};

    for (size_t i = 0; i < count; i++)
        uses.key_types[i] = NO_KEY;
    for (int i = 0;
         statement->predicate_count <= MOST_PREDICATES && i < statement->predicate_count; i++)
        count_predicate(&uses, i);
    for (int i = 0; i < statement->level_count; i++)
        count_insert(&uses, &statement->levels[i]);
    for (size_t i = 0; i < count; i++)
        has_other_uses[i] =
            statement->parameter_uses[i] > 1 &&
            (statement->parameter_uses[i] != uses.settled[i] || uses.key_types[i] == MIXED);
    planner->source.has_other_uses = has_other_uses;
}
