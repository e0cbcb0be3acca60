/*
 *   CLIENTS --the client's text is described--> CORE
 *   CORE --the subquery that is recast is described, if one is--> GATHER
 *   GATHER --the gathering text is described, if its types matter--> PROBE
 *   PROBE --collations are known, if any matters--> FINISH
 *   FINISH --the finishing text gives the client's columns--> DONE
 *
 * What needs no answer asks no question. The last description is a check: what finishes has to
 * be of the types that the client was told.
 */
#include "shardward/plan/scatter.h"

#include "recipe.h"
#include "spread.h"

#include "shardward/base/mem.h"
#include "shardward/parse/recast.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TEXT = 1 << 24, MOST_PARAMETERS = 65535, OID_TEXT = 25, OID_TEXT_ARRAY = 1009 };

enum state { STATE_CLIENTS, STATE_CORE, STATE_GATHER, STATE_PROBE, STATE_FINISH, STATE_DONE };

struct sw_cook {
    const struct sw_plan *plan;
    const struct sw_catalog_database *catalog; /* NULL: nothing is known */
    const struct sw_statement *statement;
    struct sw_script *script; /* with the outline */
    const char *text;
    int index;
    enum state state;
    bool is_raw;
    struct sw_question question;
    struct sw_recast_source source;
    struct sw_recast_gather gather;
    struct sw_recast_column *columns; /* gathered */
    bool *column_is_text;             /* its values are gathered as texts */
    int column_count;
    struct sw_recipe *recipe;
};

/* --- recipes --- */

struct sw_recipe *sw_recipe_ref(struct sw_recipe *recipe)
{
    recipe->refs++;
    return recipe;
}

void sw_recipe_unref(struct sw_recipe *recipe)
{
    if (recipe == NULL || --recipe->refs > 0)
        return;
    sw_arena_finish(&recipe->arena);
    free(recipe);
}

static void *keep(struct sw_cook *cook, const void *items, int count, size_t size)
{
    void *kept = sw_arena_alloc(&cook->recipe->arena, ((size_t)count + 1) * size);

    return count == 0 ? kept : memcpy(kept, items, (size_t)count * size);
}

static void keep_description(struct sw_cook *cook, const struct sw_description *description)
{
    struct sw_description *kept = &cook->recipe->description;
    struct sw_described_column *columns =
        keep(cook, description->columns, description->column_count, sizeof *columns);
    const char **names = sw_arena_alloc(
        &cook->recipe->arena, ((size_t)description->column_count + 1) * sizeof *names);

    for (int i = 0; i < description->column_count; i++)
        columns[i].name = names[i] =
            sw_arena_strdup(&cook->recipe->arena, description->columns[i].name);
    *kept = *description;
    kept->columns = columns;
    kept->parameters = keep(cook, description->parameters, description->parameter_count,
                            sizeof *description->parameters);
    cook->source.names = names;
    cook->source.column_count = description->column_count;
    cook->source.first_parameter = description->parameter_count + 1;
}

static void keep_core(struct sw_cook *cook, const struct sw_description *description)
{
    const char **names = sw_arena_alloc(
        &cook->recipe->arena, ((size_t)description->column_count + 1) * sizeof *names);

    for (int i = 0; i < description->column_count; i++)
        names[i] = sw_arena_strdup(&cook->recipe->arena, description->columns[i].name);
    cook->source.names = names;
    cook->source.column_count = description->column_count;
}

/* --- what can be done at all --- */

static bool has_column(const struct sw_catalog_database *catalog,
                       const struct sw_relation *relation, const char *name, bool *is_known)
{
    const struct sw_catalog_table *table =
        catalog == NULL || relation->kind != SW_RELATION_TABLE || relation->has_column_aliases
            ? NULL
            : sw_catalog_table(catalog, relation->schema == NULL ? "public" : relation->schema,
                               relation->name);

    *is_known = table != NULL && table->facts != NULL;
    return *is_known && sw_schema_column_index(table->facts, name) >= 0;
}

static int has_input_column(void *owner, const char *name)
{
    const struct sw_cook *cook = owner;
    const struct sw_outline *outline = sw_script_outline(cook->script, cook->index);
    int query = cook->source.core < 0 ? outline->top : cook->source.core;
    int level = outline->queries[query].level;
    int answer = 0;

    for (int i = 0; i < cook->statement->relation_count; i++) {
        bool is_known;

        if (cook->statement->relations[i].level != level)
            continue;
        if (has_column(cook->catalog, &cook->statement->relations[i], name, &is_known))
            return 1;
        if (!is_known)
            answer = -1;
    }
    return answer;
}

static bool refuse(struct sw_error *err, const char *message, const char *detail)
{
    sw_error_set(err, "0A000", "%s", message);
    if (detail != NULL)
        sw_error_detail(err, "%s", detail);
    sw_error_hint(err, "Add the key to WHERE, or write the statement in another way.");
    return false;
}

static bool is_exists(const struct sw_outline *outline, int query)
{
    for (int i = 0; i < outline->link_count; i++)
        if (outline->links[i].query == query)
            return outline->links[i].is_exists;
    return false;
}

/* Read the outline, and prove what it needs. */
static bool begin(struct sw_cook *cook, struct sw_error *err)
{
    static const enum sw_recast_need needs[] = {
        [SW_SPREAD_COMPLETE] = SW_RECAST_ROWS,
        [SW_SPREAD_DISTINCT] = SW_RECAST_DISTINCT,
        [SW_SPREAD_SOURCE] = SW_RECAST_SOURCE,
    };
    const struct sw_outline *outline;
    enum sw_spread spread;
    int core = -1;

    cook->script = sw_parse_outlines(cook->text, err);
    if (cook->script == NULL)
        return false;
    outline = sw_script_outline(cook->script, cook->index);
    if (outline == NULL)
        return refuse(
            err, "EXPLAIN, COPY and cursors over several shards are not supported yet", NULL);
    cook->statement = &cook->script->statements[cook->index];
    spread = sw_plan_spread(cook->plan, outline, &core, err);
    if (spread == SW_SPREAD_NOT)
        return false;
    cook->source = (struct sw_recast_source){.sql = cook->text,
                                             .index = cook->index,
                                             .core = core,
                                             .need = needs[spread],
                                             .is_exists = is_exists(outline, core),
                                             .has_column = has_input_column,
                                             .owner = cook};
    return true;
}

static void ask(struct sw_cook *cook, enum sw_question_kind kind, const char *text,
                const uint32_t *types, int count)
{
    cook->question = (struct sw_question){
        .kind = kind, .text = text, .parameters = types, .parameter_count = count};
}

struct sw_cook *sw_cook_create(const struct sw_plan *plan, const char *text, int index,
                               const uint32_t *types, int type_count, struct sw_error *err)
{
    struct sw_cook *cook = sw_alloc_zero(1, sizeof *cook);

    cook->plan = plan;
    cook->catalog = sw_plan_catalog(plan);
    cook->text = text;
    cook->index = index;
    cook->recipe = sw_alloc_zero(1, sizeof *cook->recipe);
    cook->recipe->refs = 1;
    sw_arena_init(&cook->recipe->arena);
    if (!begin(cook, err)) {
        sw_cook_destroy(cook);
        return NULL;
    }
    ask(cook, SW_QUESTION_DESCRIBE, text, types, type_count);
    cook->question.is_clients = true;
    return cook;
}

void sw_cook_destroy(struct sw_cook *cook)
{
    if (cook == NULL)
        return;
    sw_recipe_unref(cook->recipe);
    sw_script_unref(cook->script);
    free(cook);
}

const struct sw_question *sw_cook_question(struct sw_cook *cook)
{
    return cook->state == STATE_DONE ? NULL : &cook->question;
}

struct sw_recipe *sw_cook_recipe(struct sw_cook *cook)
{
    assert(cook->state == STATE_DONE);
    return sw_recipe_ref(cook->recipe);
}

static void ask_about_parameters(struct sw_cook *cook, enum sw_question_kind kind,
                                 const char *text)
{
    ask(cook, kind, text, cook->recipe->description.parameters,
        cook->recipe->description.parameter_count);
}

/* --- gather --- */

static struct sw_row_count row_count(const struct sw_recast_count *count)
{
    if (count->kind == SW_RECAST_COUNT_CONSTANT)
        return (struct sw_row_count){.kind = SW_ROWS_CONSTANT, .rows = count->number};
    if (count->kind == SW_RECAST_COUNT_PARAMETER)
        return (struct sw_row_count){.kind = SW_ROWS_PARAMETER,
                                     .parameter = (int)count->number};
    return (struct sw_row_count){.kind = SW_ROWS_UNSAID};
}

static bool gather(struct sw_cook *cook, struct sw_error *err)
{
    struct sw_recipe *recipe = cook->recipe;
    struct sw_recast_gather *gather = &cook->gather;

    if (!sw_recast_gather(&cook->source, cook->is_raw, &recipe->arena, gather, err))
        return false;
    recipe->gather = gather->text;
    recipe->visible_count = gather->is_visible ? cook->source.column_count : 0;
    recipe->gathered_count = recipe->visible_count + gather->hidden_count;
    recipe->limit = row_count(&gather->limit);
    recipe->offset = row_count(&gather->offset);
    ask_about_parameters(cook, SW_QUESTION_DESCRIBE, recipe->gather);
    cook->state = gather->key_count > 0 || gather->has_to_finish ? STATE_GATHER : STATE_DONE;
    return true;
}

static bool ask_about_core(struct sw_cook *cook, struct sw_error *err)
{
    const char *text;

    if (cook->source.core < 0)
        return gather(cook, err);
    text = sw_recast_core(&cook->source, &cook->recipe->arena, err);
    if (text == NULL)
        return false;
    ask_about_parameters(cook, SW_QUESTION_DESCRIBE, text);
    cook->state = STATE_CORE;
    return true;
}

/* --- collations --- */

static void number_columns(struct sw_buf *text, int count)
{
    for (int i = 1; i <= count; i++)
        sw_buf_printf(text, "%sc%d", i == 1 ? "" : ", ", i);
}

/* One row: the locale of the database, and whether characters without a name stand in their
 * place there; then of each gathered column its collation, if it has one, the kind of its type
 * and the name. */
static bool probe(struct sw_cook *cook, struct sw_error *err)
{
    struct sw_buf text;

    sw_buf_init(&text, MOST_TEXT);
    sw_buf_append_text(&text, "SELECT (SELECT d.datlocprovider::pg_catalog.text || ' ' || "
                              "d.datcollate::pg_catalog.text || ' ' || (pg_catalog.chr(888) "
                              "OPERATOR(pg_catalog.<) pg_catalog.chr(913))::pg_catalog.text "
                              "FROM pg_catalog.pg_database d WHERE d.datname = "
                              "pg_catalog.current_database())");
    for (int i = 1; i <= cook->column_count; i++)
        sw_buf_printf(
            &text,
            ", CASE WHEN (SELECT t.typcollation FROM pg_catalog.pg_type t WHERE t.oid = "
            "pg_catalog.pg_typeof(g.c%d)) <> 0 THEN pg_catalog.pg_collation_for(g.c%d) END, "
            "(SELECT t.typtype::pg_catalog.text FROM pg_catalog.pg_type t WHERE t.oid = "
            "pg_catalog.pg_typeof(g.c%d)), pg_catalog.pg_typeof(g.c%d)::pg_catalog.text",
            i, i, i, i);
    sw_buf_printf(&text, " FROM (SELECT 1) one LEFT JOIN (%s) AS g(", cook->recipe->gather);
    number_columns(&text, cook->column_count);
    sw_buf_append(&text, ") ON false", sizeof ") ON false");
    if (text.is_over) {
        sw_buf_finish(&text);
        return refuse(err, "so large a statement over several shards is not supported", NULL);
    }
    ask_about_parameters(
        cook, SW_QUESTION_ROW,
        sw_arena_strdup(&cook->recipe->arena, (const char *)sw_buf_bytes(&text)));
    sw_buf_finish(&text);
    cook->state = STATE_PROBE;
    return true;
}

static bool hear_gathered(struct sw_cook *cook, const struct sw_description *description,
                          struct sw_error *err)
{
    struct sw_recipe *recipe = cook->recipe;

    if (description->column_count != recipe->gathered_count)
        return refuse(err, "this statement over several shards is not supported yet", NULL);
    cook->column_count = description->column_count;
    cook->columns = sw_arena_alloc(&recipe->arena,
                                   ((size_t)cook->column_count + 1) * sizeof *cook->columns);
    cook->column_is_text = sw_arena_alloc(&recipe->arena, ((size_t)cook->column_count + 1) *
                                                              sizeof *cook->column_is_text);
    for (int i = 0; i < cook->column_count; i++)
        cook->columns[i].type = description->columns[i].type;
    return probe(cook, err);
}

/* Does the database compare texts as their bytes? UTF-8 keeps the order of code points, and so
 * does C.UTF-8 of glibc 2.35 and newer; before, characters without a name stood elsewhere. */
static bool is_bytewise_locale(const char *locale)
{
    static const char *const names[] = {"c C true", "c POSIX true", "c C.UTF-8 true",
                                        "c C.utf8 true"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(locale, names[i]) == 0)
            return true;
    return false;
}

static bool is_bytewise(const char *collation, const char *locale)
{
    if (collation == NULL || strcmp(collation, "\"default\"") == 0)
        return locale != NULL && is_bytewise_locale(locale);
    return strcmp(collation, "\"C\"") == 0 || strcmp(collation, "\"POSIX\"") == 0;
}

/* --- merging, or finishing --- */

static bool can_merge(struct sw_cook *cook, const char *const *texts)
{
    const struct sw_recast_gather *gather = &cook->gather;
    int first = cook->column_count - gather->key_count;
    struct sw_merge_key *keys =
        sw_arena_alloc(&cook->recipe->arena, ((size_t)gather->key_count + 1) * sizeof *keys);

    for (int i = 0; i < gather->key_count; i++) {
        int column = first + i;

        keys[i] = (struct sw_merge_key){
            .column = column,
            .order = sw_order_of(cook->columns[column].type,
                                 is_bytewise(texts[1 + column * 3], texts[0])),
            .is_descending = gather->keys[i].is_descending,
            .is_nulls_first = gather->keys[i].is_nulls_first};
        if (keys[i].order == SW_ORDER_NONE)
            return false;
    }
    cook->recipe->keys = keys;
    cook->recipe->key_count = gather->key_count;
    return !gather->has_to_finish;
}

/* Values go as arrays of their type; those of an enum, which are its labels, and arrays
 * themselves as texts. */
static bool describe_column(struct sw_cook *cook, int i, const char *const *texts,
                            uint32_t *array, struct sw_error *err)
{
    struct sw_recast_column *column = &cook->columns[i];
    const char *collation = texts[1 + i * 3], *kind = texts[2 + i * 3],
               *name = texts[3 + i * 3];

    if (collation != NULL && strcmp(collation, "\"default\"") != 0)
        column->collation = sw_arena_strdup(&cook->recipe->arena, collation);
    *array = sw_array_type_of(column->type);
    if (*array != 0)
        return true;
    *array = OID_TEXT_ARRAY;
    column->cast = sw_arena_strdup(&cook->recipe->arena, name == NULL ? "" : name);
    cook->column_is_text[i] = sw_array_is_plain(column->type);
    if (cook->column_is_text[i] || (kind != NULL && strcmp(kind, "e") == 0))
        return true;
    sw_error_set(err, "0A000", "values of type %s of several shards cannot be put together yet",
                 column->cast);
    sw_error_hint(err, "Cast them to a type of PostgreSQL's own.");
    return false;
}

/* Have columns that cannot go otherwise gathered as texts. */
static bool gather_texts(struct sw_cook *cook, struct sw_error *err)
{
    struct sw_buf text;
    bool has_any = false;

    sw_buf_init(&text, MOST_TEXT);
    for (int i = 0; i < cook->column_count; i++) {
        sw_buf_printf(&text, "%sg.c%d%s", i == 0 ? "SELECT " : ", ", i + 1,
                      cook->column_is_text[i] ? "::pg_catalog.text" : "");
        has_any = has_any || cook->column_is_text[i];
    }
    sw_buf_printf(&text, " FROM (%s) AS g(", cook->recipe->gather);
    number_columns(&text, cook->column_count);
    sw_buf_append(&text, ")", sizeof ")");
    if (has_any && text.is_over) {
        sw_buf_finish(&text);
        return refuse(err, "so large a statement over several shards is not supported", NULL);
    }
    if (has_any)
        cook->recipe->gather =
            sw_arena_strdup(&cook->recipe->arena, (const char *)sw_buf_bytes(&text));
    sw_buf_finish(&text);
    return true;
}

static bool finish(struct sw_cook *cook, const char *const *texts, struct sw_error *err)
{
    struct sw_recipe *recipe = cook->recipe;
    int parameters = recipe->description.parameter_count;
    uint32_t *types = sw_arena_alloc(
        &recipe->arena, (size_t)(parameters + cook->column_count + 1) * sizeof *types);
    uint32_t *gathered =
        sw_arena_alloc(&recipe->arena, ((size_t)cook->column_count + 1) * sizeof *gathered);
    bool was_raw = cook->is_raw;

    if (parameters + cook->column_count > MOST_PARAMETERS)
        return refuse(err, "so many columns of several shards cannot be put together", NULL);
    for (int i = 0; i < parameters; i++)
        types[i] = recipe->description.parameters[i];
    for (int i = 0; i < cook->column_count; i++) {
        if (!describe_column(cook, i, texts, &types[parameters + i], err))
            return false;
        gathered[i] = cook->columns[i].cast != NULL ? OID_TEXT : cook->columns[i].type;
    }
    recipe->gathered_types = gathered;
    if (!gather_texts(cook, err))
        return false;
    recipe->finish = sw_recast_finish(&cook->source, &cook->is_raw, cook->columns,
                                      cook->column_count, &recipe->arena, err);
    if (recipe->finish == NULL)
        return !was_raw && cook->is_raw && gather(cook, err);
    recipe->finish_types = types + parameters;
    recipe->visible_count = 0;
    recipe->key_count = 0;
    ask(cook, SW_QUESTION_DESCRIBE, recipe->finish, types, parameters + cook->column_count);
    cook->state = STATE_FINISH;
    return true;
}

static bool hear_finished(struct sw_cook *cook, const struct sw_description *description,
                          struct sw_error *err)
{
    const struct sw_description *wanted = &cook->recipe->description;
    bool is_good = description->column_count == wanted->column_count;

    for (int i = 0; i < wanted->column_count && is_good; i++)
        is_good = description->columns[i].type == wanted->columns[i].type;
    if (!is_good)
        return refuse(err, "this statement over several shards is not supported yet",
                      "Put together, its columns would be of other types.");
    cook->state = STATE_DONE;
    return true;
}

bool sw_cook_hear_description(struct sw_cook *cook, const struct sw_description *description,
                              struct sw_error *err)
{
    switch (cook->state) {
    case STATE_CLIENTS:
        keep_description(cook, description);
        return ask_about_core(cook, err);
    case STATE_CORE:
        keep_core(cook, description);
        return gather(cook, err);
    case STATE_GATHER:
        return hear_gathered(cook, description, err);
    case STATE_FINISH:
        return hear_finished(cook, description, err);
    case STATE_PROBE:
    case STATE_DONE:
        break;
    }
    return refuse(err, "a description that was not asked for", NULL);
}

bool sw_cook_hear_row(struct sw_cook *cook, const char *const *texts, int count,
                      struct sw_error *err)
{
    if (cook->state != STATE_PROBE || count != 1 + cook->column_count * 3)
        return refuse(err, "a row that was not asked for", NULL);
    if (!can_merge(cook, texts))
        return finish(cook, texts, err);
    cook->state = STATE_DONE;
    return true;
}
