#include "ddl.h"

#include <string.h>

/* PostgreSQL's words for each kind, in its messages. */
static const struct {
    const char *word, *one, *command;
    const char *missing; /* the SQLSTATE of a DROP of what is not there */
} words[] = {
    [SW_PART_INDEX] = {"index", "an index", "DROP INDEX", "42704"},
    [SW_PART_SEQUENCE] = {"sequence", "a sequence", "DROP SEQUENCE", "42P01"},
    [SW_PART_TABLE] = {"table", "a table", "DROP TABLE", "42P01"},
};

static enum sw_part_kind wanted(const struct sw_object *object)
{
    if (object->kind == SW_OBJECT_INDEX)
        return SW_PART_INDEX;
    return object->kind == SW_OBJECT_SEQUENCE ? SW_PART_SEQUENCE : SW_PART_TABLE;
}

const struct sw_catalog_part *sw_ddl_part(const struct sw_catalog_database *catalog,
                                          const struct sw_object *object)
{
    return catalog == NULL
               ? NULL
               : sw_catalog_part(catalog, object->schema == NULL ? "public" : object->schema,
                                 object->name);
}

/* The declared table that @part belongs to; NULL: none. */
static const struct sw_table *table_of(const struct sw_planner *planner,
                                       const struct sw_catalog_part *part)
{
    return part->table == NULL
               ? NULL
               : sw_database_table(planner->context->database, part->schema, part->table);
}

const struct sw_table *sw_ddl_parent(const struct sw_planner *planner,
                                     const struct sw_object *object)
{
    const struct sw_catalog_part *part = sw_ddl_part(sw_planner_catalog(planner), object);

    return part == NULL || part->kind != SW_PART_TABLE || part->is_ambiguous
               ? NULL
               : table_of(planner, part);
}

/* --- refusals --- */

static bool refuse_unknown(const struct sw_planner *planner, const struct sw_object *object)
{
    sw_error_set(planner->err, "0A000", "it is not known on which shards %s \"%s\" is",
                 words[wanted(object)].word, object->name);
    sw_error_hint(planner->err, "Change it on each shard and on the catalog database.");
    return false;
}

static bool refuse_ambiguous(const struct sw_planner *planner, const struct sw_object *object)
{
    sw_error_set(planner->err, "0A000", "shards of two businesses have a \"%s\"", object->name);
    sw_error_hint(planner->err, "Rename one of them on its shards.");
    return false;
}

static bool refuse_other_kind(const struct sw_planner *planner, const struct sw_object *object,
                              enum sw_part_kind real)
{
    sw_error_set(planner->err, "42809", "\"%s\" is not %s", object->name,
                 words[wanted(object)].one);
    if (object->use == SW_OBJECT_DROPPED)
        sw_error_hint(planner->err, "Use %s to remove %s.", words[real].command,
                      words[real].one);
    return false;
}

static bool refuse_catalog_only(const struct sw_planner *planner,
                                const struct sw_object *object)
{
    sw_error_set(planner->err, "0A000", "%s \"%s\" is on the catalog database only",
                 words[wanted(object)].word, object->name);
    sw_error_hint(planner->err, "Change it there.");
    return false;
}

/* In PostgreSQL's words, which depend on the command. */
static bool refuse_no_part(const struct sw_planner *planner, const struct sw_object *object)
{
    bool is_dropped = object->use == SW_OBJECT_DROPPED;

    sw_error_set(planner->err, is_dropped ? words[wanted(object)].missing : "42P01",
                 "%s \"%s%s%s\" does not exist",
                 is_dropped ? words[wanted(object)].word : "relation",
                 object->schema != NULL ? object->schema : "",
                 object->schema != NULL ? "." : "", object->name);
    return false;
}

/* --- what is not there --- */

/* IF EXISTS is answered by the servers, whose notice is passed on. */
static bool add_missing(const struct sw_planner *planner, const struct sw_object *object,
                        struct sw_ddl_target *target)
{
    const struct sw_catalog_database *catalog = sw_planner_catalog(planner);

    if (sw_ddl_declared(planner, object) != NULL)
        return refuse_other_kind(planner, object, SW_PART_TABLE);
    if (catalog == NULL && wanted(object) == SW_PART_TABLE)
        return sw_ddl_refuse_missing(planner, object);
    if (catalog == NULL || !sw_catalog_is_whole(catalog))
        return refuse_unknown(planner, object);
    if (planner->statement->ddl->if_exists) {
        target->is_everywhere = true;
        return true;
    }
    return wanted(object) == SW_PART_TABLE ? sw_ddl_refuse_missing(planner, object)
                                           : refuse_no_part(planner, object);
}

/* --- what is there --- */

static const struct sw_business *find_business(const struct sw_planner *planner,
                                               const char *name)
{
    const struct sw_database *database = planner->context->database;

    for (int i = 0; i < database->business_count; i++)
        if (strcmp(database->businesses[i].name, name) == 0)
            return &database->businesses[i];
    return NULL;
}

/* Of no declared table: where it was found. */
static bool add_found(const struct sw_planner *planner, const struct sw_object *object,
                      const struct sw_catalog_part *part, struct sw_ddl_target *target)
{
    const struct sw_catalog_database *catalog = sw_planner_catalog(planner);
    const struct sw_business *business;

    if (!sw_catalog_is_whole(catalog))
        return refuse_unknown(planner, object);
    if (part->business == NULL)
        return refuse_catalog_only(planner, object);
    business = find_business(planner, part->business);
    return business == NULL ? refuse_unknown(planner, object)
                            : sw_ddl_add_business(planner, business, target);
}

static bool add_index(const struct sw_planner *planner, const struct sw_object *object,
                      const struct sw_catalog_part *part, struct sw_ddl_target *target)
{
    const struct sw_table *table = table_of(planner, part);

    if (table == NULL)
        return sw_ddl_refuse_missing(
            planner, &(struct sw_object){.schema = part->schema, .name = part->table});
    return part->is_ambiguous ? refuse_ambiguous(planner, object)
                              : sw_ddl_add_business(planner, table->business, target);
}

/* CREATE SEQUENCE without an owner is for all shards. */
static bool add_sequence(const struct sw_planner *planner, const struct sw_object *object,
                         const struct sw_catalog_part *part, struct sw_ddl_target *target)
{
    const struct sw_table *table = table_of(planner, part);

    if (table != NULL)
        return part->is_ambiguous ? refuse_ambiguous(planner, object)
                                  : sw_ddl_add_business(planner, table->business, target);
    if (!part->is_ambiguous)
        return add_found(planner, object, part, target);
    target->is_everywhere = true;
    return true;
}

bool sw_ddl_add_part(const struct sw_planner *planner, const struct sw_object *object,
                     struct sw_ddl_target *target)
{
    const struct sw_catalog_part *part = sw_ddl_part(sw_planner_catalog(planner), object);

    if (object->schema == NULL && !planner->context->is_search_path_plain)
        return sw_ddl_refuse_search_path(planner, object);
    if (part == NULL)
        return add_missing(planner, object, target);
    if (part->kind != wanted(object))
        return refuse_other_kind(planner, object, part->kind);
    return part->kind == SW_PART_SEQUENCE ? add_sequence(planner, object, part, target)
                                          : add_index(planner, object, part, target);
}

bool sw_ddl_add_stray(const struct sw_planner *planner, const struct sw_object *object,
                      struct sw_ddl_target *target)
{
    const struct sw_catalog_part *part = sw_ddl_part(sw_planner_catalog(planner), object);

    if (object->schema == NULL && !planner->context->is_search_path_plain)
        return sw_ddl_refuse_search_path(planner, object);
    if (part == NULL)
        return add_missing(planner, object, target);
    if (part->kind != SW_PART_TABLE)
        return refuse_other_kind(planner, object, part->kind);
    return part->is_ambiguous ? refuse_ambiguous(planner, object)
                              : add_found(planner, object, part, target);
}
