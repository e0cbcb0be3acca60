/*
 * Functions that are not known to be harmless. The DBA declares where they find their rows: a
 * function is then placed like a table, whose key is one of the arguments.
 */
#include "planner.h"

#include "shardward/base/text.h"

#include <string.h>

int sw_planner_place_count(const struct sw_statement *statement)
{
    return statement->relation_count + statement->function_count;
}

static struct sw_place *place_of(const struct sw_planner *planner, int function)
{
    return &planner->places[planner->statement->relation_count + function];
}

static const char *schema_of(const struct sw_function *function)
{
    return function->schema != NULL ? function->schema : "public";
}

/* What a session has drawn, no server knows: its numbers come from others, ahead of time. */
static bool refuse_of_sequence(const struct sw_planner *planner,
                               const struct sw_function *function)
{
    sw_error_set(planner->err, "0A000", "function %s() is not supported", function->name);
    sw_error_detail(planner->err, "Each shard would answer for a sequence of its own.");
    sw_error_hint(planner->err, "INSERT ... RETURNING tells the number of a new row; SELECT "
                                "shardward.next_id('table') draws one.");
    return false;
}

static bool refuse_unknown(const struct sw_planner *planner, const struct sw_function *function)
{
    static const char *const of_sequences[] = {"currval", "lastval", "nextval", "setval"};

    if (function->schema == NULL &&
        sw_text_is_one_of(function->name, of_sequences,
                          sizeof of_sequences / sizeof *of_sequences))
        return refuse_of_sequence(planner, function);
    sw_error_set(planner->err, "0A000", "function %s%s%s() is not supported yet",
                 function->schema != NULL ? function->schema : "",
                 function->schema != NULL ? "." : "", function->name);
    sw_error_detail(planner->err,
                    "It may read or write tables, or have an effect on one server only.");
    sw_error_hint(planner->err,
                  "Declare it in the YAML, in the functions of its business: "
                  "%s(argument types): {key: 1, placement: ...}, or {harmless: true}.",
                  function->name);
    return false;
}

bool sw_functions_check(const struct sw_planner *planner)
{
    return planner->statement->function_count == 0 ||
           refuse_unknown(planner, &planner->statement->functions[0]);
}

static const struct sw_catalog_functions *overloads_of(const struct sw_planner *planner,
                                                       const struct sw_function *function)
{
    const struct sw_catalog_database *catalog = sw_planner_catalog(planner);

    return catalog == NULL ? NULL : sw_textmap_get(&catalog->functions, function->name);
}

/* Can so many arguments be meant for it? */
static bool takes(const struct sw_schema_function *found, int count)
{
    if (found->is_variadic)
        return count >= found->argument_count - found->default_count - 1;
    return count >= found->argument_count - found->default_count &&
           count <= found->argument_count;
}

/* A function of an extension that looks at nothing but its arguments, whatever overload. */
static bool is_pure(const struct sw_planner *planner, const struct sw_function *function)
{
    const struct sw_catalog_functions *overloads = overloads_of(planner, function);

    for (int i = 0; overloads != NULL && i < overloads->count; i++)
        if (!sw_extension_is_pure(overloads->functions[i]->extension))
            return false;
    return overloads != NULL;
}

/* Is there a shard that should have been read, and could not be? */
static bool is_anything_unread(const struct sw_planner *planner)
{
    const struct sw_catalog_database *catalog = sw_planner_catalog(planner);
    const struct sw_catalog_shard *shard;
    size_t at = 0;

    if (catalog == NULL)
        return true;
    while ((shard = sw_textmap_next(&catalog->shards, &at, NULL)) != NULL)
        if (!shard->is_read && shard->why_not != NULL)
            return true;
    return false;
}

/* The shards must have the declared function, and no other that the call could mean. */
static bool check_overloads(const struct sw_planner *planner,
                            const struct sw_function *function,
                            const struct sw_function_rule *rule)
{
    const struct sw_catalog_functions *overloads = overloads_of(planner, function);
    const struct sw_schema_function *other = NULL;
    bool is_there = false;

    if (planner->context->catalog == NULL)
        return true;
    for (int i = 0; overloads != NULL && i < overloads->count; i++) {
        const struct sw_schema_function *found = overloads->functions[i];

        if (!takes(found, function->argument_count) ||
            (function->schema != NULL && strcmp(found->schema, function->schema) != 0))
            continue;
        if (strcmp(found->schema, rule->config->schema) == 0 &&
            strcmp(found->arguments, rule->config->arguments) == 0)
            is_there = true;
        else
            other = found;
    }
    if (is_there && other == NULL)
        return true;
    if (other == NULL && is_anything_unread(planner)) {
        sw_error_set(planner->err, "57P03", "function %s() is not known yet", function->name);
        sw_error_hint(planner->err, "The shards are being read; try again.");
        return false;
    }
    if (other == NULL)
        return sw_error_set(planner->err, "42883", "function %s.%s(%s) does not exist",
                            rule->config->schema, rule->config->name, rule->config->arguments);
    sw_error_set(planner->err, "0A000", "function %s() is ambiguous", function->name);
    sw_error_detail(planner->err, "Declared is %s(%s), the shards have %s(%s) too.",
                    rule->config->name, rule->config->arguments, other->name, other->arguments);
    sw_error_hint(planner->err, "Give the functions different names.");
    return false;
}

static bool refuse_call(const struct sw_planner *planner, const struct sw_function *function)
{
    sw_error_set(planner->err, "0A000", "this way to call function %s() is not supported",
                 function->name);
    sw_error_hint(planner->err, "Call it as %s(value, ...).", function->name);
    return false;
}

/* What it reads by an unqualified name would be another table than the one it is declared for.
 */
static bool refuse_hidden(const struct sw_planner *planner, const struct sw_function *function)
{
    sw_error_set(planner->err, "0A000",
                 "function %s() beside a temporary table that hides another is not supported",
                 function->name);
    sw_error_hint(planner->err, "Drop the temporary table, or give it another name.");
    return false;
}

static bool resolve(struct sw_planner *planner, int index)
{
    const struct sw_function *function = &planner->statement->functions[index];
    const struct sw_function_rule *rule =
        sw_database_function(planner->context->database, schema_of(function), function->name,
                             function->argument_count);
    struct sw_place *place = place_of(planner, index);

    if (function->schema == NULL && !planner->context->is_search_path_plain)
        return refuse_unknown(planner, function);
    if (rule == NULL)
        return is_pure(planner, function) || refuse_unknown(planner, function);
    if (!check_overloads(planner, function, rule))
        return false;
    if (rule->config->is_harmless)
        return true;
    if (!function->is_plain_call)
        return refuse_call(planner, function);
    if (sw_temporaries_hide_tables(planner))
        return refuse_hidden(planner, function);
    if (!sw_rights_check_table(planner, &rule->home))
        return false;
    planner->calls_writer = planner->calls_writer || rule->config->writes;
    place->is_function = true;
    place->table = &rule->home;
    place->kind = SW_PLACE_SHARD;
    place->shard = rule->home.shard;
    if (rule->home.keys == NULL)
        return true;
    place->key_argument = rule->config->key - 1;
    place->shard = rule->home.placement->shards[0];
    if (rule->home.placement->shard_count > 1)
        place->kind = SW_PLACE_SEVERAL;
    return true;
}

bool sw_functions_resolve(struct sw_planner *planner)
{
    for (int i = 0; i < planner->statement->function_count; i++)
        if (!resolve(planner, i))
            return false;
    return true;
}

static bool refuse_key(const struct sw_planner *planner, const struct sw_table *home,
                       const char *why)
{
    sw_error_set(planner->err, "0A000", "cannot tell the shard of function %s(): %s",
                 home->name, why);
    sw_error_hint(planner->err, "Write the key as a literal or a parameter.");
    return false;
}

static bool place_at(struct sw_planner *planner, struct sw_place *place,
                     const struct sw_value *value, const struct sw_key_value *key)
{
    const struct sw_placement *placement = place->table->placement;
    struct sw_pinned *pinned = sw_arena_alloc(&planner->arena, sizeof *pinned);
    const struct sw_pinned **list = sw_arena_alloc(&planner->arena, sizeof(void *));
    int bucket = sw_key_bucket(placement, key);

    if (bucket < 0)
        return refuse_key(planner, place->table, "no shard has a place for its key");
    *pinned = (struct sw_pinned){*key, value};
    list[0] = pinned;
    place->kind = SW_PLACE_SHARD;
    place->shard = placement->buckets[bucket].shard;
    place->bucket = bucket;
    place->has_bucket = true;
    place->pinned = list;
    return true;
}

/* PostgreSQL may do anything with a NULL key: there is no shard for it. */
static bool place_function(struct sw_planner *planner, struct sw_place *place,
                           const struct sw_value *value)
{
    struct sw_key_value key;
    struct sw_error why;

    switch (
        sw_key_read(place->table->placement->types[0], value, &planner->source, &key, &why)) {
    case SW_KEY_KNOWN:
        return place_at(planner, place, value, &key);
    case SW_KEY_NULL:
        return refuse_key(planner, place->table, "its key is NULL");
    case SW_KEY_UNBOUND:
        place->kind = SW_PLACE_ANY_OF;
        return true;
    case SW_KEY_UNKNOWN:
        break;
    }
    if (!sw_error_is_servers(&why))
        return refuse_key(planner, place->table, why.message);
    *planner->err = why;
    return false;
}

bool sw_functions_place(struct sw_planner *planner)
{
    const struct sw_statement *statement = planner->statement;

    for (int i = 0; i < statement->function_count; i++) {
        struct sw_place *place = place_of(planner, i);

        if (place->kind == SW_PLACE_SEVERAL &&
            !place_function(planner, place,
                            &statement->functions[i].arguments[place->key_argument]))
            return false;
    }
    return true;
}
