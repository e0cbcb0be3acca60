/*
 * DDL goes to all shards of the business whose tables it names, or to every shard if what it
 * names belongs to no table. What the map says of a table must stay true: its name, its key,
 * and that a unique constraint can hold.
 */
#include "ddl.h"

#include <stdio.h>
#include <string.h>

static const char *dot_schema(const struct sw_object *object)
{
    return object->schema != NULL ? object->schema : "";
}

static const char *dot(const struct sw_object *object)
{
    return object->schema != NULL ? "." : "";
}

static const struct sw_ddl *ddl_of(const struct sw_planner *planner)
{
    return planner->statement->ddl;
}

/* --- names --- */

bool sw_ddl_refuse_search_path(const struct sw_planner *planner, const struct sw_object *object)
{
    sw_error_set(planner->err, "0A000",
                 "\"%s\" is not qualified, and search_path is not the plain one", object->name);
    sw_error_hint(planner->err, "Write it with its schema, as public.%s, or reset search_path.",
                  object->name);
    return false;
}

static bool check_schema(const struct sw_planner *planner, const struct sw_object *object)
{
    const char *schema = object->kind == SW_OBJECT_SCHEMA ? object->name : object->schema;

    if (schema == NULL ||
        (strcmp(schema, "shardward") != 0 && strcmp(schema, "pg_catalog") != 0 &&
         strcmp(schema, "information_schema") != 0))
        return true;
    sw_error_set(planner->err, "0A000", "schema \"%s\" cannot be changed through shardward",
                 schema);
    sw_error_detail(planner->err, "It belongs to %s.",
                    strcmp(schema, "shardward") == 0 ? "shardward" : "PostgreSQL");
    return false;
}

const struct sw_table *sw_ddl_declared(const struct sw_planner *planner,
                                       const struct sw_object *object)
{
    return sw_database_table(planner->context->database,
                             object->schema == NULL ? "public" : object->schema, object->name);
}

static bool refuse_new(const struct sw_planner *planner, int index)
{
    const struct sw_object *object = &ddl_of(planner)->objects[index];

    sw_error_set(planner->err, "0A000", "the YAML has no rule for table \"%s%s%s\"",
                 dot_schema(object), dot(object), object->name);
    sw_error_detail(planner->err,
                    "shardward does not know on which shards its rows shall live.");
    sw_ddl_advise(planner, index);
    return false;
}

bool sw_ddl_refuse_missing(const struct sw_planner *planner, const struct sw_object *object)
{
    sw_error_set(planner->err, "42P01", "%s \"%s%s%s\" does not exist",
                 object->use == SW_OBJECT_DROPPED ? "table" : "relation", dot_schema(object),
                 dot(object), object->name);
    sw_error_hint(planner->err,
                  "If the table exists, declare it in the YAML, under databases: %s.",
                  planner->context->database->name);
    return false;
}

/* Which table of the map @index stands for; a partition for its parent. NULL: refused. */
static const struct sw_table *find_table(const struct sw_planner *planner, int index)
{
    const struct sw_object *object = &ddl_of(planner)->objects[index];
    const struct sw_table *table;

    if (object->schema == NULL && !planner->context->is_search_path_plain) {
        (void)sw_ddl_refuse_search_path(planner, object);
        return NULL;
    }
    table = sw_ddl_declared(planner, object);
    if (table == NULL && object->partition_of >= 0)
        return find_table(planner, object->partition_of);
    if (table == NULL && object->use != SW_OBJECT_MADE)
        table = sw_ddl_parent(planner, object);
    if (table == NULL && object->use == SW_OBJECT_MADE)
        (void)refuse_new(planner, index);
    else if (table == NULL)
        (void)sw_ddl_refuse_missing(planner, object);
    return table;
}

/* --- what the map says must stay true --- */

static bool refuse_key(const struct sw_planner *planner, const struct sw_table *table,
                       const char *key, const char *what)
{
    sw_error_set(planner->err, "0A000", "the key \"%s\" of table \"%s\" cannot be %s", key,
                 table->name, what);
    sw_error_detail(planner->err, "The map finds the shard of each row by it.");
    sw_error_hint(planner->err,
                  "Make a table of the new form under another name, declare it in "
                  "the YAML, and copy the rows.");
    return false;
}

static bool check_key(const struct sw_planner *planner, const struct sw_table *table, int index)
{
    static const char *const changes[] = {
        [SW_DDL_COLUMN_RETYPED] = "given another type",
        [SW_DDL_COLUMN_RENAMED] = "renamed",
        [SW_DDL_COLUMN_DROPPED] = "dropped",
    };
    const struct sw_ddl *ddl = ddl_of(planner);

    for (int i = 0; i < ddl->column_count; i++) {
        const struct sw_ddl_column *column = &ddl->columns[i];

        if (column->object == index && column->use >= SW_DDL_COLUMN_RETYPED &&
            sw_table_key_part(table, column->name) >= 0)
            return refuse_key(planner, table, column->name, changes[column->use]);
    }
    return true;
}

static bool has_column(const struct sw_ddl *ddl, int index, const char *name)
{
    for (int i = 0; i < ddl->column_count; i++)
        if (ddl->columns[i].object == index && strcmp(ddl->columns[i].name, name) == 0)
            return true;
    return false;
}

static bool check_new_columns(const struct sw_planner *planner, const struct sw_table *table,
                              int index)
{
    const struct sw_ddl *ddl = ddl_of(planner);

    if (ddl->objects[index].use != SW_OBJECT_MADE || !ddl->is_listed)
        return true;
    for (int p = 0; p < table->placement->part_count; p++) {
        if (has_column(ddl, index, table->keys[p]))
            continue;
        sw_error_set(planner->err, "0A000",
                     "table \"%s\" has no column \"%s\", which is its key", table->name,
                     table->keys[p]);
        sw_error_hint(planner->err, "Add the column, or name another key in the YAML.");
        return false;
    }
    return true;
}

static bool names(const struct sw_ddl_unique *unique, const char *key)
{
    for (int i = 0; i < unique->column_count; i++)
        if (strcmp(unique->columns[i], key) == 0)
            return true;
    return false;
}

/* A column of the key that the constraint leaves out; NULL: none. */
static const char *left_out(const struct sw_ddl_unique *unique, const struct sw_table *table)
{
    for (int p = 0; p < table->placement->part_count; p++)
        if (!names(unique, table->keys[p]))
            return table->keys[p];
    return NULL;
}

static bool check_uniques(const struct sw_planner *planner, const struct sw_table *table,
                          int index)
{
    const struct sw_ddl *ddl = ddl_of(planner);

    for (int i = 0; i < ddl->unique_count; i++) {
        const char *key = left_out(&ddl->uniques[i], table);

        if (ddl->uniques[i].object != index || key == NULL || table->config->is_unique_local)
            continue;
        sw_error_set(planner->err, "0A000",
                     "a unique constraint of table \"%s\" that leaves out its key \"%s\" could "
                     "not be enforced",
                     table->name, key);
        sw_error_detail(planner->err, "Each shard sees its own rows only.");
        sw_error_hint(
            planner->err,
            "Add \"%s\" to the constraint; or write `unique: local` for the table, if "
            "each shard may check its own rows only.",
            key);
        return false;
    }
    return true;
}

/* Each shard would draw the same numbers. */
static bool check_numbers(const struct sw_planner *planner, const struct sw_table *table,
                          int index)
{
    const struct sw_ddl *ddl = ddl_of(planner);

    for (int i = 0; i < ddl->column_count; i++) {
        const struct sw_ddl_column *column = &ddl->columns[i];

        if (column->object != index || !column->is_numbered)
            continue;
        sw_error_set(planner->err, "0A000",
                     "the numbers of column \"%s\" would repeat from shard to shard",
                     column->name);
        sw_error_detail(planner->err, "Table \"%s\" has a sequence on each of its shards.",
                        table->name);
        sw_error_hint(planner->err, "Let the application give the numbers, or use uuid with "
                                    "DEFAULT gen_random_uuid().");
        return false;
    }
    return true;
}

/* Rows of a reference table are the same everywhere, so that chance is as bad as time. */
static bool check_filling(const struct sw_planner *planner, const struct sw_table *table)
{
    if (!ddl_of(planner)->fills_columns &&
        !(table->is_reference && ddl_of(planner)->fills_by_chance))
        return true;
    sw_error_set(planner->err, "0A000",
                 "the rows of table \"%s\" would get another value on each shard", table->name);
    sw_error_detail(planner->err, "Each shard has its own time, user and chance.");
    sw_error_hint(planner->err,
                  "Add the column with a constant, or without a default; then set "
                  "the default that new rows shall have.");
    return false;
}

static bool check_sharded(const struct sw_planner *planner, const struct sw_table *table,
                          int index)
{
    return check_key(planner, table, index) && check_new_columns(planner, table, index) &&
           (table->placement->shard_count == 1 ||
            (check_uniques(planner, table, index) && check_numbers(planner, table, index) &&
             check_filling(planner, table)));
}

static bool refuse_rename(const struct sw_planner *planner, const struct sw_table *table)
{
    sw_error_set(planner->err, "0A000", "table \"%s\" is declared in the YAML by this name",
                 table->name);
    sw_error_hint(planner->err,
                  "Make a table of the new name, declare it in the YAML, and copy "
                  "the rows.");
    return false;
}

static bool check_table(const struct sw_planner *planner, const struct sw_table *table,
                        int index)
{
    const struct sw_object *object = &ddl_of(planner)->objects[index];

    if (object->use == SW_OBJECT_RENAMED && sw_ddl_declared(planner, object) == table)
        return refuse_rename(planner, table);
    if (object->use == SW_OBJECT_NAMED)
        return true;
    if (table->is_reference) /* whose rows are the same everywhere */
        return check_numbers(planner, table, index) && check_filling(planner, table);
    return table->keys == NULL || check_sharded(planner, table, index);
}

/* --- schemas --- */

static bool refuse_renamed_schema(const struct sw_planner *planner,
                                  const struct sw_table *table)
{
    sw_error_set(planner->err, "0A000", "schema \"%s\" cannot be renamed", table->schema);
    sw_error_detail(planner->err, "The YAML declares table \"%s.%s\" in it.", table->schema,
                    table->name);
    return false;
}

static bool check_renamed_schema(const struct sw_planner *planner,
                                 const struct sw_object *object)
{
    const struct sw_database *database = planner->context->database;

    if (object->kind != SW_OBJECT_SCHEMA || object->use != SW_OBJECT_RENAMED)
        return true;
    for (int b = 0; b < database->business_count; b++)
        for (int t = 0; t < database->businesses[b].table_count; t++)
            if (strcmp(database->businesses[b].tables[t].schema, object->name) == 0)
                return refuse_renamed_schema(planner, &database->businesses[b].tables[t]);
    return true;
}

/* --- where to --- */

static bool refuse_two(const struct sw_planner *planner, const struct sw_business *a,
                       const struct sw_business *b)
{
    sw_error_set(planner->err, "0A000", "%s over two businesses is not supported",
                 ddl_of(planner)->command);
    sw_error_detail(planner->err,
                    "It names tables of \"%s\" and of \"%s\", which share no shard.", a->name,
                    b->name);
    sw_error_hint(planner->err, "Name the tables of each business in a statement of its own.");
    return false;
}

/* --- all objects --- */

bool sw_ddl_add_business(const struct sw_planner *planner, const struct sw_business *business,
                         struct sw_ddl_target *target)
{
    if (target->business != NULL && target->business != business)
        return refuse_two(planner, target->business, business);
    target->business = business;
    return true;
}

static bool refuse_mixed(const struct sw_planner *planner)
{
    sw_error_set(planner->err, "0A000",
                 "%s of what is on the shards of one business and what is not",
                 ddl_of(planner)->command);
    if (strstr(ddl_of(planner)->command, "SEQUENCE") != NULL)
        sw_error_hint(planner->err,
                      "Name each in a statement of its own; a sequence that shall "
                      "belong to a table is made with OWNED BY.");
    else
        sw_error_hint(planner->err, "Name each in a statement of its own.");
    return false;
}

/* A partition that the YAML declares is found by its own rule, too. */
static bool check_partition(const struct sw_planner *planner, const struct sw_table *table,
                            int parent)
{
    const struct sw_table *whole = parent < 0 ? NULL : find_table(planner, parent);

    if (parent < 0 || whole == table)
        return true;
    if (whole == NULL)
        return false;
    if (sw_tables_are_placed_alike(whole, table))
        return true;
    sw_error_set(planner->err, "0A000",
                 "the YAML places partition \"%s\" otherwise than \"%s\"", table->name,
                 whole->name);
    sw_error_hint(planner->err,
                  "Take the partition out of the YAML, or give it the same key and "
                  "placement.");
    return false;
}

/* Is it dropped, and of no table that the map knows? */
static bool is_stray(const struct sw_planner *planner, const struct sw_object *object)
{
    return object->use == SW_OBJECT_DROPPED && sw_ddl_declared(planner, object) == NULL &&
           sw_ddl_parent(planner, object) == NULL;
}

static bool add_table(const struct sw_planner *planner, int at, struct sw_ddl_target *target)
{
    const struct sw_object *object = &ddl_of(planner)->objects[at];
    const struct sw_table *table;

    if (is_stray(planner, object))
        return sw_ddl_add_stray(planner, object, target);
    table = find_table(planner, at);
    return table != NULL && check_table(planner, table, at) &&
           check_partition(planner, table, object->partition_of) &&
           sw_ddl_add_business(planner, table->business, target);
}

static bool add_object(const struct sw_planner *planner, int at, struct sw_ddl_target *target)
{
    const struct sw_object *object = &ddl_of(planner)->objects[at];

    if (!check_schema(planner, object) || !check_renamed_schema(planner, object))
        return false;
    if (object->kind == SW_OBJECT_INDEX ||
        (object->kind == SW_OBJECT_SEQUENCE && object->use != SW_OBJECT_MADE))
        return sw_ddl_add_part(planner, object, target);
    return object->kind != SW_OBJECT_TABLE || add_table(planner, at, target);
}

static void explain(const struct sw_planner *planner, struct sw_route *route)
{
    if (route->business == NULL)
        (void)snprintf(route->reason, sizeof route->reason, "%s of what belongs to no business",
                       ddl_of(planner)->command);
    else
        (void)snprintf(route->reason, sizeof route->reason, "%s in business %.63s",
                       ddl_of(planner)->command, route->business->name);
}

bool sw_ddl_route(const struct sw_planner *planner, struct sw_route *route)
{
    const struct sw_ddl *ddl = ddl_of(planner);
    const struct sw_business *business;
    struct sw_ddl_target target = {.business = NULL};
    bool is_temporary;

    if (!sw_functions_check(planner) || !sw_user_check(planner) ||
        !sw_temporaries_route(planner, route, &is_temporary))
        return false;
    if (is_temporary)
        return true;
    for (int i = 0; i < ddl->object_count; i++)
        if (!add_object(planner, i, &target))
            return false;
    if (target.is_everywhere && target.business != NULL)
        return refuse_mixed(planner);
    business = target.business;
    if (!sw_rights_check_ddl(planner, business) || !sw_rights_check_writes(planner))
        return false;
    *route = (struct sw_route){.kind = SW_ROUTE_SCHEMA,
                               .business = business,
                               .writes = true,
                               .hears_catalog = !ddl->is_upkeep || planner->statement->kind ==
                                                                       SW_STATEMENT_TRUNCATE};
    explain(planner, route);
    /* On one shard it is a write like any other. */
    if (planner->statement->kind == SW_STATEMENT_TRUNCATE && business != NULL &&
        business->shard_count == 1) {
        route->kind = SW_ROUTE_ONE;
        route->shard = &business->shards[0];
    }
    return true;
}

/* --- the list --- */

static int add_shards(const struct sw_business *business, const struct sw_shard **shards,
                      int size, int count)
{
    for (int i = 0; i < business->shard_count; i++, count++)
        if (count < size)
            shards[count] = &business->shards[i];
    return count;
}

int sw_plan_list_shards(const struct sw_database *database, const struct sw_route *route,
                        const struct sw_shard **shards, int size)
{
    int count = 0;

    if (route->hears_catalog && size > 0)
        shards[0] = database->catalog;
    count += route->hears_catalog;
    if (route->business != NULL)
        return add_shards(route->business, shards, size, count);
    for (int i = 0; i < database->business_count; i++)
        count = add_shards(&database->businesses[i], shards, size, count);
    return count;
}

static bool has_part(const struct sw_object *object)
{
    return object->kind == SW_OBJECT_TABLE || object->kind == SW_OBJECT_INDEX ||
           object->kind == SW_OBJECT_SEQUENCE;
}

static const struct sw_table *table_of(const struct sw_database *database,
                                       const struct sw_catalog_database *catalog,
                                       const struct sw_ddl *ddl, int at)
{
    const struct sw_object *object = &ddl->objects[at];
    const struct sw_catalog_part *part;
    const struct sw_table *table = NULL;

    if (object->kind == SW_OBJECT_TABLE)
        table = sw_database_table(database, object->schema == NULL ? "public" : object->schema,
                                  object->name);
    if (table != NULL)
        return table;
    if (object->partition_of >= 0)
        return table_of(database, catalog, ddl, object->partition_of);
    part = has_part(object) ? sw_ddl_part(catalog, object) : NULL;
    return part == NULL || part->table == NULL
               ? NULL
               : sw_database_table(database, part->schema, part->table);
}

int sw_plan_list_tables(const struct sw_database *database, const struct sw_catalog *catalog,
                        const struct sw_ddl *ddl, const struct sw_table **tables, int size)
{
    const struct sw_catalog_database *known =
        catalog == NULL ? NULL : sw_catalog_database(catalog, database->name);
    int count = 0;

    for (int i = 0; i < ddl->object_count; i++) {
        const struct sw_table *table = table_of(database, known, ddl, i);

        if (table == NULL || ddl->objects[i].use == SW_OBJECT_NAMED)
            continue;
        if (count < size)
            tables[count] = table;
        count++;
    }
    return count;
}
