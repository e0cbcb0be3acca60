#include "spread.h"

#include "shardward/base/mem.h"
#include "shardward/plan/scatter.h"

#include <stdlib.h>
#include <string.h>

static struct sw_planner planner_of(const struct sw_plan *plan,
                                    const struct sw_parameters *parameters,
                                    struct sw_error *err)
{
    return (struct sw_planner){
        .context = &plan->context,
        .statement = plan->statement,
        .parameters = parameters,
        .err = err,
        .pins = plan->pins,
        .source = {.parameters = parameters, .is_utc = plan->context.is_timezone_utc},
        .may_scatter = plan->may_scatter};
}

const struct sw_catalog_database *sw_plan_catalog(const struct sw_plan *plan)
{
    const struct sw_planner planner = {.context = &plan->context};

    return sw_planner_catalog(&planner);
}

bool sw_plan_spread(const struct sw_plan *plan, const struct sw_outline *outline,
                    const bool *banned, struct sw_arena *arena, struct sw_spread_parts *parts,
                    struct sw_error *err)
{
    struct sw_planner planner = planner_of(plan, NULL, err);
    bool is_good;

    sw_arena_init(&planner.arena);
    is_good = sw_plan_settle(plan, &planner) &&
              sw_spread_find(&planner, outline, banned, arena, parts);
    sw_arena_finish(&planner.arena);
    return is_good;
}

int sw_plan_list_several(const struct sw_plan *plan, const struct sw_parameters *parameters,
                         const struct sw_shard **shards, int size, struct sw_error *err)
{
    struct sw_planner planner = planner_of(plan, parameters, err);
    const struct sw_map *map = plan->context.map;
    int count = 0;

    sw_arena_init(&planner.arena);
    planner.needed =
        sw_arena_alloc(&planner.arena, (size_t)map->shard_count * sizeof *planner.needed);
    if (!sw_plan_settle(plan, &planner)) {
        sw_arena_finish(&planner.arena);
        return -1;
    }
    for (int i = 0; i < sw_planner_place_count(plan->statement); i++)
        if (planner.places[i].kind == SW_PLACE_SHARD)
            planner.needed[planner.places[i].shard->id] = true;
    for (int i = 0; i < map->shard_count; i++) {
        if (!planner.needed[i])
            continue;
        if (count < size)
            shards[count] = map->shards[i];
        count++;
    }
    sw_arena_finish(&planner.arena);
    return count;
}

/* --- LIMIT and OFFSET --- */

enum { OID_INT8 = 20, OID_INT2 = 21, OID_INT4 = 23 };

static bool refuse_count(struct sw_error *err)
{
    return sw_error_set(err, "0A000", "the value of LIMIT or OFFSET cannot be read");
}

static bool read_binary(const struct sw_parameter *value, int64_t *rows)
{
    uint64_t bits = 0;

    if (value->len != 2 && value->len != 4 && value->len != 8)
        return false;
    for (size_t i = 0; i < value->len; i++)
        bits = bits << 8 | value->bytes[i];
    if (value->len == 2)
        *rows = (int16_t)bits;
    else if (value->len == 4)
        *rows = (int32_t)bits;
    else
        *rows = (int64_t)bits;
    return true;
}

static bool read_text(const struct sw_parameter *value, int64_t *rows)
{
    char text[24], *end;

    if (value->len == 0 || value->len >= sizeof text)
        return false;
    memcpy(text, value->bytes, value->len);
    text[value->len] = '\0';
    *rows = strtoll(text, &end, 10);
    return *end == '\0' && end != text;
}

/* *rows stays as it is if nothing is said. */
static bool read_count(const struct sw_recipe *recipe, const struct sw_row_count *count,
                       const struct sw_parameters *parameters, int64_t *rows,
                       struct sw_error *err)
{
    const struct sw_parameter *value;
    uint32_t type;

    if (count->kind == SW_ROWS_CONSTANT)
        *rows = count->rows;
    if (count->kind != SW_ROWS_PARAMETER)
        return true;
    if (parameters == NULL || count->parameter > parameters->count ||
        count->parameter > recipe->description.parameter_count)
        return refuse_count(err);
    value = &parameters->values[count->parameter - 1];
    type = recipe->description.parameters[count->parameter - 1];
    if (value->bytes == NULL)
        return true;
    if (type != OID_INT8 && type != OID_INT4 && type != OID_INT2)
        return refuse_count(err);
    return (value->is_binary ? read_binary(value, rows) : read_text(value, rows)) ||
           refuse_count(err);
}

bool sw_recipe_rows(const struct sw_recipe *recipe, const struct sw_parameters *parameters,
                    int64_t *limit, int64_t *offset, struct sw_error *err)
{
    int64_t rows = 0, skipped = 0;
    bool has_limit = recipe->limit.kind != SW_ROWS_UNSAID;

    if (has_limit)
        rows = -1;
    if (!read_count(recipe, &recipe->offset, parameters, &skipped, err))
        return false;
    if (skipped < 0)
        return sw_error_set(err, "2201X", "OFFSET must not be negative");
    if (has_limit) {
        rows = INT64_MIN; /* of a parameter that is NULL */
        if (!read_count(recipe, &recipe->limit, parameters, &rows, err))
            return false;
        has_limit = rows != INT64_MIN;
    }
    if (has_limit && rows < 0)
        return sw_error_set(err, "2201W", "LIMIT must not be negative");
    *limit = has_limit ? rows : -1;
    *offset = skipped;
    return true;
}

/* --- EXPLAIN --- */

void sw_recipe_print(const struct sw_recipe *recipe, const char *gather, struct sw_buf *out)
{
    sw_buf_printf(out, "gather: %s\n", gather);
    if (recipe->finish != NULL)
        sw_buf_printf(out, "finish: %s\n", recipe->finish);
}

static void print_together(const struct sw_plan *plan, const struct sw_outline *outline,
                           const struct sw_spread_parts *parts, struct sw_buf *out)
{
    static const char *const words[] = {
        [SW_SPREAD_COMPLETE] = "the rows of all",
        [SW_SPREAD_DISTINCT] = "the rows of all, without duplicates",
        [SW_SPREAD_SOURCE] = "finished by one of them",
    };
    bool is_whole = parts->count == 1 && parts->items[0].query == outline->top;
    int queries = 0;

    sw_buf_printf(out, "together: %s",
                  words[is_whole ? parts->items[0].spread : SW_SPREAD_SOURCE]);
    for (int i = 0; i < parts->count && !is_whole; i++)
        queries += parts->items[i].query >= 0;
    if (queries > 0)
        sw_buf_printf(out, ", of %d quer%s", queries, queries == 1 ? "y" : "ies");
    for (int i = 0; i < parts->count && !is_whole; i++)
        if (parts->items[i].query < 0)
            sw_buf_printf(out, "%s%s",
                          i == queries ? queries > 0 ? " and the rows of " : ", of the rows of "
                                       : ", ",
                          plan->statement->relations[parts->items[i].relation].name);
    sw_buf_append_text(out, "\n");
}

static bool explain_together(const struct sw_plan *plan, const char *sql, int index,
                             struct sw_buf *out, struct sw_error *err)
{
    struct sw_script *script = sw_parse_outlines(sql, err);
    const struct sw_outline *outline = script == NULL ? NULL : sw_script_outline(script, index);
    struct sw_spread_parts parts;
    struct sw_arena arena;
    bool is_good = false;

    sw_arena_init(&arena);
    if (outline != NULL)
        is_good = sw_plan_spread(plan, outline, NULL, &arena, &parts, err);
    else if (script != NULL)
        sw_error_set(err, "0A000", "statement needs more than one shard");
    if (is_good)
        print_together(plan, outline, &parts, out);
    sw_arena_finish(&arena);
    sw_script_unref(script);
    return is_good;
}

static bool explain_several(const struct sw_plan *plan, const char *sql, int index,
                            const struct sw_parameters *parameters, struct sw_buf *out,
                            struct sw_error *err)
{
    int most = plan->context.map->shard_count;
    const struct sw_shard **shards = sw_alloc_zero((size_t)most, sizeof(void *));
    int count = sw_plan_list_several(plan, parameters, shards, most, err);

    for (int i = 0; i < count; i++)
        sw_buf_printf(out, "%s%s", i == 0 ? "shards: " : ", ", shards[i]->name);
    sw_buf_append_text(out, "\n");
    free(shards);
    return count >= 0 && explain_together(plan, sql, index, out, err);
}

bool sw_plan_explain(const struct sw_plan_context *context, const struct sw_script *script,
                     const char *sql, int index, const struct sw_parameters *parameters,
                     struct sw_buf *out, struct sw_error *err)
{
    const struct sw_statement *statement = &script->statements[index];
    size_t before = sw_buf_len(out);
    struct sw_route route;
    bool is_good = sw_plan_route(context, statement, parameters, &route, err);
    struct sw_plan *plan = is_good ? sw_plan_compile(context, statement, err) : NULL;

    if (plan == NULL)
        return false;
    sw_plan_print_route(context->database, &route, out);
    is_good = route.kind != SW_ROUTE_SEVERAL ||
              explain_several(plan, sql, index, parameters, out, err);
    if (!is_good)
        sw_buf_cut(out, before);
    sw_plan_free(plan);
    return is_good;
}
