/*
 * Temporary tables of the session. Their names come before all others (PostgreSQL docs, 5.9.3,
 * pg_temp), and are known exactly: what a name means is never guessed.
 *
 * A new one may live on any shard. What it takes from others says where, else the session. DDL
 * about what is there goes to its shard, as one statement like any other.
 */
#include "ddl.h"

#include <stdio.h>
#include <string.h>

static bool is_own_schema(const char *schema)
{
    return schema != NULL && strcmp(schema, "pg_temp") == 0;
}

static const struct sw_temporary *find(const struct sw_temporaries *temporaries,
                                       const char *schema, const char *name)
{
    return name == NULL || (schema != NULL && !is_own_schema(schema))
               ? NULL
               : sw_temporaries_find(temporaries, name);
}

const struct sw_temporary *sw_planner_temporary(const struct sw_planner *planner,
                                                const char *schema, const char *name)
{
    if (schema == NULL && !planner->context->is_search_path_plain)
        return NULL;
    return find(planner->context->temporaries, schema, name);
}

bool sw_temporaries_hide_tables(const struct sw_planner *planner)
{
    const struct sw_temporaries *temporaries = planner->context->temporaries;

    for (int i = 0; temporaries != NULL && i < temporaries->count; i++)
        if (sw_database_table(planner->context->database, "public",
                              temporaries->list[i].name) != NULL)
            return true;
    return false;
}

/* --- for the session --- */

bool sw_plan_names_temporaries(const struct sw_temporaries *temporaries,
                               const struct sw_statement *statement)
{
    for (int i = 0; i < statement->relation_count; i++)
        if (find(temporaries, statement->relations[i].schema, statement->relations[i].name) !=
            NULL)
            return true;
    return false;
}

/* A table is a type, too. */
static const char *find_type(const struct sw_temporaries *temporaries,
                             const struct sw_statement *statement)
{
    for (int i = 0; i < statement->type_count; i++)
        if (sw_temporaries_find(temporaries, statement->types[i]) != NULL)
            return statement->types[i];
    return NULL;
}

bool sw_temporaries_check_types(const struct sw_planner *planner)
{
    const struct sw_temporaries *temporaries = planner->context->temporaries;
    const char *type = temporaries == NULL ? NULL : find_type(temporaries, planner->statement);

    if (type == NULL)
        return true;
    sw_error_set(planner->err, "0A000", "the type of temporary table \"%s\" is not supported",
                 type);
    sw_error_hint(planner->err, "Name the columns; or write a type of yours with its schema.");
    return false;
}

bool sw_plan_minds_temporaries(const struct sw_temporaries *temporaries,
                               const struct sw_statement *statement)
{
    return statement->ddl != NULL || statement->makes != NULL ||
           statement->function_count > 0 || sw_plan_names_temporaries(temporaries, statement) ||
           find_type(temporaries, statement) != NULL;
}

enum change { STAYS, GOES, IS_RENAMED, GETS_INDEX };

static enum change change_of(const struct sw_temporaries *temporaries, const struct sw_ddl *ddl,
                             const struct sw_object *object)
{
    if (object->use == SW_OBJECT_MADE ||
        find(temporaries, object->schema, object->name) == NULL)
        return STAYS;
    if (object->use == SW_OBJECT_DROPPED)
        return GOES;
    if (object->use == SW_OBJECT_RENAMED && ddl->new_name != NULL)
        return IS_RENAMED;
    return object->use == SW_OBJECT_CHANGED && ddl->index_name != NULL ? GETS_INDEX : STAYS;
}

bool sw_plan_changes_temporaries(const struct sw_temporaries *temporaries,
                                 const struct sw_statement *statement)
{
    const struct sw_ddl *ddl = statement->ddl;

    if (statement->makes != NULL)
        return true;
    if (temporaries == NULL)
        return false;
    for (int i = 0; ddl != NULL && i < ddl->object_count; i++)
        if (change_of(temporaries, ddl, &ddl->objects[i]) != STAYS)
            return true;
    return statement->discards_temporaries;
}

static struct sw_temporaries *follow_object(struct sw_temporaries *temporaries,
                                            const struct sw_ddl *ddl,
                                            const struct sw_object *object)
{
    const struct sw_temporary *table = find(temporaries, object->schema, object->name);

    switch (change_of(temporaries, ddl, object)) {
    case STAYS:
        break;
    case GOES:
        return sw_temporaries_without(temporaries, object->name);
    case IS_RENAMED:
        return sw_temporaries_renamed(temporaries, object->name, ddl->new_name);
    case GETS_INDEX:
        return sw_temporaries_with(temporaries, &(struct sw_temporary){.name = ddl->index_name,
                                                                       .table = object->name,
                                                                       .shard = table->shard});
    }
    return temporaries;
}

struct sw_temporaries *sw_plan_follow_temporaries(struct sw_temporaries *temporaries,
                                                  const struct sw_statement *statement,
                                                  const struct sw_shard *shard)
{
    const struct sw_made_table *makes = statement->makes;
    const struct sw_ddl *ddl = statement->ddl;

    if (makes != NULL)
        return sw_temporaries_with(
            temporaries,
            &(struct sw_temporary){.name = makes->name,
                                   .shard = shard,
                                   .is_dropped_at_commit = makes->is_dropped_at_commit});
    if (statement->discards_temporaries) {
        sw_temporaries_unref(temporaries);
        return NULL;
    }
    for (int i = 0; ddl != NULL && i < ddl->object_count; i++)
        temporaries = follow_object(temporaries, ddl, &ddl->objects[i]);
    return temporaries;
}

/* --- a new one --- */

/* Where it has to be made, as far as is known. */
struct home {
    const struct sw_shard *shard;         /* NULL: not known */
    const struct sw_placement *placement; /* on one of its shards; NULL: anywhere */
};

static bool refuse_two(const struct sw_planner *planner)
{
    sw_error_set(
        planner->err, "0A000",
        "a temporary table that depends on tables of different shards is not supported");
    sw_error_hint(planner->err, "Write out the columns in place of LIKE.");
    return false;
}

static bool narrow(const struct sw_planner *planner, struct home *home,
                   const struct sw_shard *shard, const struct sw_placement *placement)
{
    if (shard != NULL && home->shard != NULL && home->shard != shard)
        return refuse_two(planner);
    if (shard != NULL)
        home->shard = shard;
    if (placement != NULL && home->placement != NULL && home->placement != placement)
        return refuse_two(planner);
    if (placement != NULL)
        home->placement = placement;
    return home->shard == NULL || home->placement == NULL ||
           sw_placement_has(home->placement, home->shard) || refuse_two(planner);
}

static bool refuse_default(const struct sw_planner *planner, const struct sw_table *table)
{
    sw_error_set(planner->err, "0A000",
                 "LIKE \"%s\" INCLUDING DEFAULTS of a column that a sequence numbers is not "
                 "supported",
                 table->name);
    sw_error_detail(planner->err, "Each shard has a sequence of its own.");
    sw_error_hint(planner->err, "Leave the defaults out, and give the numbers with the rows.");
    return false;
}

static bool check_defaults(const struct sw_planner *planner, const struct sw_table *table)
{
    const struct sw_catalog_table *known = sw_planner_facts(planner, table);
    const struct sw_schema_table *facts = known == NULL ? NULL : known->facts;

    if (!planner->statement->makes->takes_defaults || planner->context->catalog == NULL)
        return true;
    for (int i = 0; facts != NULL && i < facts->column_count; i++) {
        const struct sw_schema_column *column = &facts->columns[i];
        enum sw_numbering numbering = sw_schema_numbering(column);

        if (table->keys != NULL && table->placement->shard_count > 1 &&
            numbering != SW_NUMBERING_NONE && numbering != SW_NUMBERING_IDENTITY)
            return refuse_default(planner, table);
        if (column->default_text != NULL && !sw_insert_check_default(planner, table, column))
            return false;
    }
    return facts != NULL || refuse_default(planner, table);
}

/* LIKE and REFERENCES: PostgreSQL itself refuses the latter, unless that is temporary, too. */
static bool add_named(const struct sw_planner *planner, const struct sw_object *object,
                      struct home *home)
{
    const struct sw_temporary *temporary =
        sw_planner_temporary(planner, object->schema, object->name);
    const struct sw_table *table;

    if (temporary != NULL)
        return narrow(planner, home, temporary->shard, NULL);
    if (object->schema == NULL && !planner->context->is_search_path_plain)
        return sw_ddl_refuse_search_path(planner, object);
    table = sw_ddl_declared(planner, object);
    if (table == NULL && strcmp(object->name, planner->statement->makes->name) == 0)
        return true; /* it refers to itself */
    if (table == NULL)
        return sw_ddl_refuse_missing(planner, object);
    if (!sw_rights_check_table(planner, table) || !sw_blocks_check(planner, table, false) ||
        !check_defaults(planner, table))
        return false;
    if (table->keys == NULL && !table->is_reference)
        return narrow(planner, home, table->shard, NULL);
    if (table->placement->shard_count == 1)
        return narrow(planner, home, table->placement->shards[0], NULL);
    return narrow(planner, home, NULL, table->placement);
}

static bool route_made(const struct sw_planner *planner, struct sw_route *route)
{
    const struct sw_statement *statement = planner->statement;
    struct home home = {.shard = NULL};

    if (!sw_rights_check_writes(planner))
        return false;
    for (int i = 0; i < statement->ddl->object_count; i++)
        if (statement->ddl->objects[i].use == SW_OBJECT_NAMED &&
            !add_named(planner, &statement->ddl->objects[i], &home))
            return false;
    *route = (struct sw_route){.kind = SW_ROUTE_ANY, .writes = true};
    if (home.shard != NULL) {
        route->kind = SW_ROUTE_ONE;
        route->shard = home.shard;
    } else if (home.placement != NULL) {
        route->kind = SW_ROUTE_ANY_OF;
        route->placement = home.placement;
        route->shard = home.placement->shards[0];
    }
    (void)snprintf(route->reason, sizeof route->reason, "temporary table %.63s is made",
                   statement->makes->name);
    return true;
}

/* --- what is there --- */

static const struct sw_ddl *ddl_of(const struct sw_planner *planner)
{
    return planner->statement->ddl;
}

static bool refuse(const struct sw_planner *planner, const char *what, const char *hint)
{
    sw_error_set(planner->err, "0A000", "%s %s is not supported", ddl_of(planner)->command,
                 what);
    sw_error_hint(planner->err, "%s", hint);
    return false;
}

/* The shard of all of them; NULL: there are several. */
static const struct sw_shard *only_shard(const struct sw_temporaries *temporaries)
{
    for (int i = 1; i < temporaries->count; i++)
        if (temporaries->list[i].shard != temporaries->list[0].shard)
            return NULL;
    return temporaries->list[0].shard;
}

/* Where @object is if it is temporary; NULL: it is not. PostgreSQL alone knows the names that
 * it has given to indexes and sequences. */
static bool place_object(const struct sw_planner *planner, const struct sw_object *object,
                         const struct sw_shard **shard)
{
    const struct sw_temporary *found =
        sw_planner_temporary(planner, object->schema, object->name);
    bool is_part = object->kind == SW_OBJECT_INDEX || object->kind == SW_OBJECT_SEQUENCE;

    *shard = NULL;
    if (object->use == SW_OBJECT_MADE || object->kind == SW_OBJECT_ALL ||
        object->kind == SW_OBJECT_SCHEMA)
        return true;
    if (is_own_schema(object->schema) && found == NULL) {
        *shard = only_shard(planner->context->temporaries);
        return *shard != NULL ||
               refuse(planner, "in pg_temp", "Temporary tables of several shards are open.");
    }
    if ((found == NULL && is_part && object->schema == NULL) ||
        (found != NULL && object->kind == SW_OBJECT_SHARED))
        return refuse(planner, "by a name that may be a temporary one",
                      "Write it with its schema: public.name, or pg_temp.name.");
    *shard = found == NULL ? NULL : found->shard;
    return true;
}

/* Whether the statement is about temporary tables, all on @home, or about none. */
static bool place_objects(const struct sw_planner *planner, const struct sw_shard **home)
{
    const struct sw_ddl *ddl = ddl_of(planner);
    int others = 0;

    *home = NULL;
    for (int i = 0; i < ddl->object_count; i++) {
        const struct sw_shard *shard;

        if (!place_object(planner, &ddl->objects[i], &shard))
            return false;
        others += shard == NULL;
        if (shard != NULL && *home != NULL && *home != shard)
            return refuse(planner, "of temporary tables on several shards",
                          "Name each in a statement of its own.");
        if (shard != NULL)
            *home = shard;
    }
    return *home == NULL || others == 0 ||
           refuse(planner, "of temporary tables and others",
                  "Name each in a statement of its own.");
}

static bool check_change(const struct sw_planner *planner)
{
    const struct sw_ddl *ddl = ddl_of(planner);

    for (int i = 0; i < ddl->object_count; i++)
        if (ddl->objects[i].use == SW_OBJECT_RENAMED && ddl->new_name == NULL)
            return sw_error_set(planner->err, "0A000",
                                "cannot move objects into or out of temporary schemas");
    if (ddl->inherits)
        return refuse(planner, "by which temporary tables inherit", "Copy the rows.");
    if (ddl->calls_nextval)
        return refuse(planner, "with nextval() of a temporary table",
                      "Use serial, or an identity column.");
    return sw_rights_check_writes(planner);
}

bool sw_temporaries_route(const struct sw_planner *planner, struct sw_route *route,
                          bool *is_ours)
{
    const struct sw_shard *home;

    *is_ours = planner->statement->makes != NULL;
    if (*is_ours)
        return route_made(planner, route);
    if (planner->context->temporaries == NULL)
        return true;
    if (!place_objects(planner, &home))
        return false;
    *is_ours = home != NULL;
    if (!*is_ours)
        return true;
    *route = (struct sw_route){.kind = SW_ROUTE_ONE, .shard = home, .writes = true};
    (void)snprintf(route->reason, sizeof route->reason, "%s of temporary tables",
                   ddl_of(planner)->command);
    return check_change(planner);
}
