/*
 * What to write in the YAML for a table that is not there yet: a column named like the key of
 * another table is probably the key, and the table belongs where that one is; a table that it
 * refers to says more.
 */
#include "planner.h"

#include <stdio.h>
#include <string.h>

static bool makes_column(const struct sw_ddl *ddl, int object, const char *name)
{
    for (int i = 0; i < ddl->column_count; i++)
        if (ddl->columns[i].object == object && strcmp(ddl->columns[i].name, name) == 0)
            return true;
    return false;
}

/* The business of a table that the statement refers to; NULL: none. */
static const struct sw_business *referred(const struct sw_planner *planner)
{
    const struct sw_ddl *ddl = planner->statement->ddl;

    for (int i = 0; i < ddl->object_count; i++) {
        const struct sw_object *object = &ddl->objects[i];
        const struct sw_table *table =
            object->kind != SW_OBJECT_TABLE || object->use != SW_OBJECT_NAMED
                ? NULL
                : sw_database_table(planner->context->database,
                                    object->schema == NULL ? "public" : object->schema,
                                    object->name);

        if (table != NULL)
            return table->business;
    }
    return NULL;
}

static bool makes_key(const struct sw_ddl *ddl, int object, const struct sw_table *table)
{
    for (int p = 0; p < table->placement->part_count; p++)
        if (!makes_column(ddl, object, table->keys[p]))
            return false;
    return true;
}

/* A sharded table of @business whose key is made of columns of the new one. */
static const struct sw_table *like_within(const struct sw_planner *planner, int object,
                                          const struct sw_business *business)
{
    for (int i = 0; i < business->table_count; i++)
        if (business->tables[i].keys != NULL &&
            makes_key(planner->statement->ddl, object, &business->tables[i]))
            return &business->tables[i];
    return NULL;
}

static const struct sw_table *like(const struct sw_planner *planner, int object)
{
    const struct sw_database *database = planner->context->database;
    const struct sw_table *found = NULL;

    for (int i = 0; i < database->business_count && found == NULL; i++)
        found = like_within(planner, object, &database->businesses[i]);
    return found;
}

static const struct sw_business *with_one_shard(const struct sw_database *database)
{
    for (int i = 0; i < database->business_count; i++)
        if (database->businesses[i].shard_count == 1)
            return &database->businesses[i];
    return NULL;
}

/* As it stands in the YAML: `id`, or `[city, id]`; what does not fit is left out. */
static void print_key(const struct sw_table *table, char *out, size_t size)
{
    int parts = table->placement->part_count;
    size_t len = 0;

    out[0] = '\0';
    for (int p = 0; p < parts; p++) {
        int more = snprintf(out + len, size - len, "%s%s%s",
                            p > 0       ? ", "
                            : parts > 1 ? "["
                                        : "",
                            table->keys[p], p == parts - 1 && parts > 1 ? "]" : "");

        if (more < 0 || (size_t)more >= size - len)
            return;
        len += (size_t)more;
    }
}

void sw_ddl_advise(const struct sw_planner *planner, int object)
{
    const struct sw_object *made = &planner->statement->ddl->objects[object];
    const struct sw_database *database = planner->context->database;
    const struct sw_business *business = referred(planner);
    const struct sw_table *model =
        business == NULL ? like(planner, object) : like_within(planner, object, business);
    const char *schema = made->schema == NULL ? "" : made->schema;
    const char *dot = made->schema == NULL ? "" : ".";

    if (model != NULL) {
        char key[200];

        print_key(model, key, sizeof key);
        sw_error_hint(planner->err,
                      "Add under databases: %s: businesses: %s: tables:\n"
                      "          %s%s%s: {key: %s, placement: %s}\nand reload the YAML.",
                      database->name, model->business->name, schema, dot, made->name, key,
                      model->placement->name);
        return;
    }
    if (business == NULL || business->shard_count > 1)
        business = with_one_shard(database);
    sw_error_hint(planner->err,
                  "Add under databases: %s: businesses: %s: tables:\n"
                  "          %s%s%s: %s\nand reload the YAML.",
                  database->name, business == NULL ? "BUSINESS" : business->name, schema, dot,
                  made->name, business == NULL ? "{key: COLUMN, placement: PLACEMENT}" : "{}");
}
