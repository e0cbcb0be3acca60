/*
 *   CLIENTS --the client's text is described--> PARTS
 *   PARTS --the queries and tables that are its parts are described--> GATHER
 *   GATHER --what is gathered is described, if its types matter--> PROBE
 *   PROBE --collations are known, if any matters--> FINISH
 *   FINISH --the finishing text gives the client's columns--> DONE
 *
 * What needs no answer asks no question: the whole is its own part. If a query cannot be
 * recast, its parts are tried instead (back to PARTS), in the end its tables. The last
 * description is a check: what finishes has to be of the types that the client was told.
 */
#include "cooking.h"

#include "recipe.h"

#include "shardward/base/mem.h"

#define XXH_INLINE_ALL
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { MOST_PARAMETERS = 65535, OID_TEXT = 25, OID_TEXT_ARRAY = 1009 };

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

size_t sw_recipe_size(const struct sw_recipe *recipe)
{
    return sizeof *recipe + sw_arena_size(&recipe->arena);
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

    for (int i = 0; i < description->column_count; i++)
        columns[i].name = sw_arena_strdup(&cook->recipe->arena, description->columns[i].name);
    *kept = *description;
    kept->columns = columns;
    cook->recipe->profile =
        sw_profile_keep(&cook->recipe->arena, columns, description->column_count);
    kept->parameters = keep(cook, description->parameters, description->parameter_count,
                            sizeof *description->parameters);
}

/* Read the outline, and prove what it needs. */
static bool begin(struct sw_cook *cook, struct sw_error *err)
{
    cook->script = sw_parse_outlines(cook->text, err);
    if (cook->script == NULL)
        return false;
    cook->outline = sw_script_outline(cook->script, cook->index);
    if (cook->outline == NULL)
        return sw_cook_refuse(err, "cursors over several shards are not supported yet", NULL);
    cook->statement = &cook->script->statements[cook->index];
    cook->banned =
        sw_arena_alloc(&cook->arena, (size_t)cook->outline->query_count * sizeof *cook->banned);
    return sw_cook_choose_parts(cook, err);
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
    sw_arena_init(&cook->arena);
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
    sw_arena_finish(&cook->arena);
    free(cook);
}

const struct sw_question *sw_cook_question(struct sw_cook *cook)
{
    return cook->state == SW_COOK_DONE ? NULL : &cook->question;
}

/* All that the statement on servers was made for. */
static void name_scope(struct sw_recipe *recipe)
{
    size_t len = recipe->described_types == NULL
                     ? 0
                     : (size_t)recipe->gathered_count * sizeof *recipe->described_types;
    XXH128_hash_t hash = XXH3_128bits(recipe->profile.bytes, recipe->profile.len);

    if (len > 0)
        hash = XXH3_128bits_withSeed(recipe->described_types, len, hash.low64 ^ hash.high64);
    (void)snprintf(recipe->scope, sizeof recipe->scope, "%016" PRIx64 "%016" PRIx64,
                   (uint64_t)hash.high64, (uint64_t)hash.low64);
}

struct sw_recipe *sw_cook_recipe(struct sw_cook *cook)
{
    assert(cook->state == SW_COOK_DONE);
    name_scope(cook->recipe);
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

static bool gather(struct sw_cook *cook, struct sw_error *err);

/* Ask what the columns of all parts are. */
static bool ask_about_parts(struct sw_cook *cook, struct sw_error *err)
{
    const char **texts =
        sw_arena_alloc(&cook->arena, ((size_t)cook->part_count + 1) * sizeof *texts);
    const char *question;

    for (int i = 0; i < cook->part_count; i++) {
        texts[i] = sw_recast_core(&cook->parts[i].source, &cook->arena, err);
        if (texts[i] == NULL)
            return false;
    }
    question = sw_texts_of_parts(texts, cook->part_count, &cook->arena);
    if (question == NULL)
        return sw_cook_refuse_size(err);
    ask_about_parameters(cook, SW_QUESTION_DESCRIBE, question);
    cook->state = SW_COOK_PARTS;
    return true;
}

static bool hear_parts(struct sw_cook *cook, const struct sw_description *description,
                       struct sw_error *err)
{
    int first = 0, part = 0;

    for (int i = 0; i < description->column_count; i++) {
        if (part == cook->part_count || !sw_texts_ends_part(description->columns[i].name, part))
            continue;
        sw_cook_name_columns(cook, &cook->parts[part++], description->columns + first,
                             i - first);
        first = i + 1;
    }
    return part == cook->part_count ? gather(cook, err) : sw_cook_refuse_unknown(err);
}

/* How to ask for the parts is found out; the client's columns are known. */
static bool start_parts(struct sw_cook *cook, struct sw_error *err)
{
    const struct sw_description *clients = &cook->recipe->description;

    if (!cook->is_whole)
        return ask_about_parts(cook, err);
    sw_cook_name_columns(cook, &cook->parts[0], clients->columns, clients->column_count);
    return gather(cook, err);
}

/* Some queries cannot be recast: is there another way? If not, *err stays. */
static bool go_back(struct sw_cook *cook, int query, struct sw_error *err)
{
    bool has_changed = false;

    for (int i = 0; i < cook->outline->query_count; i++) {
        bool is_meant = query < 0 || i == query;

        has_changed = has_changed || (is_meant && !cook->banned[i]);
        cook->banned[i] = cook->banned[i] || is_meant;
    }
    cook->is_raw = false;
    return has_changed && sw_cook_choose_parts(cook, err) && start_parts(cook, err);
}

/* Each column of each part, one after the other. */
static void number_columns(struct sw_cook *cook)
{
    int count = 0;

    for (int i = 0; i < cook->part_count; i++) {
        struct sw_cook_part *part = &cook->parts[i];
        int columns = part->gather.hidden_count;

        if (part->gather.is_visible)
            columns += part->source.column_count;
        part->source.first_parameter = cook->recipe->description.parameter_count + 1 + count;
        cook->texts[i] = (struct sw_text_part){part->gather.text, count, columns};
        count += columns;
    }
    cook->recipe->gathered_count = count;
}

/* The only text that shards are asked is that of the whole. */
static void gather_whole(struct sw_cook *cook)
{
    struct sw_recipe *recipe = cook->recipe;
    const struct sw_recast_gather *gather = &cook->parts[0].gather;

    recipe->gather = sw_arena_strdup(&recipe->arena, gather->text);
    recipe->visible_count = gather->is_visible ? cook->parts[0].source.column_count : 0;
    recipe->limit = row_count(&gather->limit);
    recipe->offset = row_count(&gather->offset);
    cook->state =
        gather->key_count > 0 || gather->has_to_finish ? SW_COOK_GATHER : SW_COOK_DONE;
    recipe->asks_clients_text = gather->is_clients && cook->state == SW_COOK_DONE &&
                                recipe->limit.kind != SW_ROWS_CONSTANT &&
                                recipe->offset.kind != SW_ROWS_CONSTANT;
}

static bool gather(struct sw_cook *cook, struct sw_error *err)
{
    const char *question;

    for (int i = 0; i < cook->part_count; i++) {
        struct sw_cook_part *part = &cook->parts[i];
        int query = part->source.core < 0 ? cook->outline->top : part->source.core;

        if (!sw_recast_gather(&part->source, cook->is_raw, &cook->arena, &part->gather, err))
            return part->source.relation < 0 && go_back(cook, query, err);
    }
    number_columns(cook);
    cook->state = SW_COOK_GATHER;
    if (cook->is_whole)
        gather_whole(cook);
    question = sw_texts_side_by_side(cook->texts, cook->part_count, &cook->arena);
    if (question == NULL)
        return sw_cook_refuse_size(err);
    ask_about_parameters(cook, SW_QUESTION_DESCRIBE, question);
    return true;
}

/* --- collations --- */

static bool probe(struct sw_cook *cook, struct sw_error *err)
{
    const char *question = sw_texts_probe(cook->texts, cook->part_count, &cook->arena);

    if (question == NULL)
        return sw_cook_refuse_size(err);
    ask_about_parameters(cook, SW_QUESTION_ROW, question);
    cook->state = SW_COOK_PROBE;
    return true;
}

static bool hear_gathered(struct sw_cook *cook, const struct sw_description *description,
                          struct sw_error *err)
{
    struct sw_recipe *recipe = cook->recipe;
    uint32_t *described;

    if (description->column_count != recipe->gathered_count)
        return sw_cook_refuse_unknown(err);
    cook->column_count = description->column_count;
    cook->columns =
        sw_arena_alloc(&cook->arena, ((size_t)cook->column_count + 1) * sizeof *cook->columns);
    cook->column_is_text = sw_arena_alloc(&cook->arena, ((size_t)cook->column_count + 1) *
                                                            sizeof *cook->column_is_text);
    recipe->described_types = described =
        sw_arena_alloc(&recipe->arena, ((size_t)cook->column_count + 1) * sizeof *described);
    for (int i = 0; i < cook->column_count; i++)
        described[i] = cook->columns[i].type = description->columns[i].type;
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
    const struct sw_recast_gather *gather = &cook->parts[0].gather;
    int first = cook->column_count - gather->key_count;
    struct sw_merge_key *keys =
        sw_arena_alloc(&cook->recipe->arena, ((size_t)gather->key_count + 1) * sizeof *keys);

    if (!cook->is_whole)
        return false;
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
 * themselves as texts. Those of a domain are what it is made of: a cast to it may fail at the
 * NULL of an outer join. */
static bool describe_column(struct sw_cook *cook, int i, const char *const *texts,
                            uint32_t *array, struct sw_error *err)
{
    struct sw_recast_column *column = &cook->columns[i];
    const char *collation = texts[1 + i * 3], *kind = texts[2 + i * 3],
               *name = texts[3 + i * 3];

    if (collation != NULL && strcmp(collation, "\"default\"") != 0)
        column->collation = sw_arena_strdup(&cook->arena, collation);
    *array = sw_array_type_of(column->type);
    if (*array != 0)
        return true;
    column->cast = sw_arena_strdup(&cook->arena, name == NULL ? "" : name);
    *array = OID_TEXT_ARRAY;
    cook->column_is_text[i] = sw_array_is_plain(column->type);
    if (cook->column_is_text[i] || (kind != NULL && strcmp(kind, "e") == 0))
        return true;
    sw_error_set(err, "0A000", "values of type %s of several shards cannot be put together yet",
                 column->cast);
    sw_error_hint(err, "Cast them to a type of PostgreSQL's own.");
    return false;
}

/* Which arrays are gathered, and of what. */
static bool describe_columns(struct sw_cook *cook, const char *const *texts, uint32_t *types,
                             uint32_t *gathered, struct sw_error *err)
{
    for (int i = 0; i < cook->column_count; i++) {
        if (!describe_column(cook, i, texts, &types[i], err))
            return false;
        gathered[i] = types[i] == OID_TEXT_ARRAY ? OID_TEXT : cook->columns[i].type;
    }
    return true;
}

/* What the shards are asked, with texts in the place of what cannot go otherwise. */
static bool write_gather(struct sw_cook *cook, struct sw_error *err)
{
    const char *text =
        sw_texts_gather(cook->texts, cook->part_count, cook->column_is_text, &cook->arena);
    int *parts =
        sw_arena_alloc(&cook->recipe->arena, ((size_t)cook->column_count + 1) * sizeof *parts);
    uint32_t *described = sw_arena_alloc(&cook->recipe->arena,
                                         ((size_t)cook->column_count + 1) * sizeof *described);

    if (text == NULL)
        return sw_cook_refuse_size(err);
    cook->recipe->gather = sw_arena_strdup(&cook->recipe->arena, text);
    for (int i = 0; i < cook->part_count; i++)
        for (int k = 0; k < cook->texts[i].count; k++)
            parts[cook->texts[i].first + k] = i;
    cook->recipe->gathered_parts = cook->part_count > 1 ? parts : NULL;
    for (int i = 0; i < cook->column_count; i++)
        described[i] = cook->column_is_text[i] ? OID_TEXT : cook->columns[i].type;
    cook->recipe->described_types = described;
    return true;
}

static const char *write_finish(struct sw_cook *cook, enum sw_recast_place place,
                                struct sw_error *err)
{
    struct sw_recast_part *parts =
        sw_arena_alloc(&cook->arena, (size_t)cook->part_count * sizeof *parts);

    for (int i = 0; i < cook->part_count; i++)
        parts[i] = (struct sw_recast_part){
            &cook->parts[i].source, cook->columns + cook->texts[i].first, cook->texts[i].count};
    return sw_recast_finish(parts, cook->part_count, &cook->is_raw, place, &cook->arena, err);
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
    const char *text;

    if (parameters + cook->column_count > MOST_PARAMETERS)
        return sw_cook_refuse(err, "so many columns of several shards cannot be put together",
                              NULL);
    for (int i = 0; i < parameters; i++)
        types[i] = recipe->description.parameters[i];
    if (!describe_columns(cook, texts, types + parameters, gathered, err))
        return go_back(cook, -1, err);
    recipe->gathered_types = gathered;
    text = write_finish(cook, SW_RECAST_ARRAYS, err);
    if (text == NULL)
        return !was_raw && cook->is_raw ? gather(cook, err) : go_back(cook, -1, err);
    if (!write_gather(cook, err))
        return false;
    recipe->finish = sw_arena_strdup(&recipe->arena, text);
    recipe->finish_types = types + parameters;
    recipe->is_in_parts = !cook->is_whole;
    recipe->visible_count = 0;
    recipe->key_count = 0;
    ask(cook, SW_QUESTION_DESCRIBE, recipe->finish, types, parameters + cook->column_count);
    cook->state = SW_COOK_FINISH;
    return true;
}

static bool hear_finished(struct sw_cook *cook, const struct sw_description *description,
                          struct sw_error *err)
{
    const struct sw_description *wanted = &cook->recipe->description;
    bool is_good = description->column_count == wanted->column_count;
    const char *of_tables;

    for (int i = 0; i < wanted->column_count && is_good; i++)
        is_good = description->columns[i].type == wanted->columns[i].type;
    if (!is_good)
        return sw_cook_refuse(err, "this statement over several shards is not supported yet",
                              "Put together, its columns would be of other types.") ||
               go_back(cook, -1, err);
    cook->recipe->finished =
        sw_profile_keep(&cook->recipe->arena, description->columns, description->column_count);
    of_tables = write_finish(cook, SW_RECAST_TABLES, err);
    if (of_tables == NULL)
        return false;
    cook->recipe->finish_tables = sw_arena_strdup(&cook->recipe->arena, of_tables);
    cook->state = SW_COOK_DONE;
    return true;
}

bool sw_cook_hear_description(struct sw_cook *cook, const struct sw_description *description,
                              struct sw_error *err)
{
    switch (cook->state) {
    case SW_COOK_CLIENTS:
        keep_description(cook, description);
        return start_parts(cook, err);
    case SW_COOK_PARTS:
        return hear_parts(cook, description, err);
    case SW_COOK_GATHER:
        return hear_gathered(cook, description, err);
    case SW_COOK_FINISH:
        return hear_finished(cook, description, err);
    case SW_COOK_PROBE:
    case SW_COOK_DONE:
        break;
    }
    return sw_cook_refuse(err, "a description that was not asked for", NULL);
}

bool sw_cook_hear_row(struct sw_cook *cook, const char *const *texts, int count,
                      struct sw_error *err)
{
    if (cook->state != SW_COOK_PROBE || count != 1 + cook->column_count * 3)
        return sw_cook_refuse(err, "a row that was not asked for", NULL);
    if (!can_merge(cook, texts))
        return finish(cook, texts, err);
    cook->state = SW_COOK_DONE;
    return true;
}
