#include "planner.h"

#include <string.h>

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool refuse_missing(struct sw_planner *planner, const struct sw_relation *relation)
{
    sw_error_set(planner->err, "42P01", "relation \"%s%s%s\" does not exist",
                 relation->schema != NULL ? relation->schema : "",
                 relation->schema != NULL ? "." : "", relation->name);
    sw_error_hint(planner->err,
                  "If the table exists, declare it in the YAML, under databases: %s.",
                  planner->context->database->name);
    return false;
}

static bool refuse_partition(struct sw_planner *planner, const struct sw_relation *relation,
                             const char *whole)
{
    sw_error_set(planner->err, "0A000", "\"%s\" is a partition of table \"%s\"", relation->name,
                 whole);
    sw_error_hint(planner->err,
                  "Name \"%s\"; or declare the partition in the YAML, with the same key and "
                  "placement.",
                  whole);
    return false;
}

/* It has no rule. */
static bool refuse_stray(struct sw_planner *planner, const struct sw_relation *relation)
{
    const struct sw_catalog_database *catalog = sw_planner_catalog(planner);
    const struct sw_catalog_part *part =
        catalog == NULL
            ? NULL
            : sw_catalog_part(catalog, relation->schema == NULL ? "public" : relation->schema,
                              relation->name);

    if (part != NULL && part->kind == SW_PART_TABLE && part->table != NULL &&
        sw_database_table(planner->context->database, part->schema, part->table) != NULL)
        return refuse_partition(planner, relation, part->table);
    return refuse_missing(planner, relation);
}

static bool refuse_search_path(struct sw_planner *planner, const struct sw_relation *relation)
{
    sw_error_set(planner->err, "0A000",
                 "table \"%s\" is not qualified, and search_path is not the plain one",
                 relation->name);
    sw_error_hint(planner->err,
                  "Write the table with its schema, as public.%s, or reset search_path.",
                  relation->name);
    return false;
}

static bool resolve_catalog(struct sw_planner *planner, const struct sw_relation *relation,
                            struct sw_place *place)
{
    if (sw_catalog_is_runtime(relation->name)) {
        sw_error_set(planner->err, "0A000",
                     "\"%s\" shows the state of one server, of which there are several",
                     relation->name);
        sw_error_hint(planner->err, "Ask the server directly.");
        return false;
    }
    if (!sw_catalog_has(relation->name))
        return refuse_missing(planner, relation);
    place->kind = SW_PLACE_CATALOG;
    return true;
}

static bool is_catalog_named_so(const struct sw_planner *planner)
{
    const struct sw_database *database = planner->context->database;

    return strcmp(database->catalog->dbname, database->name) == 0;
}

/* Its views hold the database's name in each row. */
static bool resolve_information_schema(struct sw_planner *planner, struct sw_place *place)
{
    const struct sw_database *database = planner->context->database;

    if (!is_catalog_named_so(planner)) {
        sw_error_set(planner->err, "0A000",
                     "information_schema would name the database \"%s\" instead of \"%s\"",
                     database->catalog->dbname, database->name);
        sw_error_hint(planner->err, "Give the catalog database the name of the database.");
        return false;
    }
    place->kind = SW_PLACE_CATALOG;
    return true;
}

static bool place_table(struct sw_planner *planner, const struct sw_table *table,
                        const struct sw_relation *relation, struct sw_place *place)
{
    if (table == NULL)
        return refuse_stray(planner, relation);
    if (!sw_rights_check_table(planner, table))
        return false;
    place->table = table;
    place->kind = sw_table_is_sharded(table) ? SW_PLACE_SEVERAL
                  : table->is_reference      ? SW_PLACE_ANY_OF
                                             : SW_PLACE_SHARD;
    place->shard = table->shard;
    place->facts = sw_planner_facts(planner, table);
    return sw_blocks_check(planner, table, false);
}

static bool place_temporary(const struct sw_temporary *temporary, struct sw_place *place)
{
    place->temporary = temporary;
    place->kind = SW_PLACE_SHARD;
    place->shard = temporary->shard;
    return true;
}

static bool resolve_qualified(struct sw_planner *planner, const struct sw_relation *relation,
                              struct sw_place *place)
{
    const char *schema = relation->schema;

    if (strcmp(schema, "pg_catalog") == 0)
        return resolve_catalog(planner, relation, place);
    if (strcmp(schema, "information_schema") == 0)
        return resolve_information_schema(planner, place);
    if (strcmp(schema, "pg_temp") == 0)
        return refuse_missing(planner, relation);
    if (starts_with(schema, "pg_temp") || starts_with(schema, "pg_toast")) {
        sw_error_set(planner->err, "0A000", "schema \"%s\" belongs to one server session",
                     schema);
        sw_error_hint(planner->err, "Use a table that is declared in the YAML.");
        return false;
    }
    return place_table(planner,
                       sw_database_table(planner->context->database, schema, relation->name),
                       relation, place);
}

/* pg_catalog is searched first, whatever search_path says (PostgreSQL docs, 5.9.5). */
static bool resolve_unqualified(struct sw_planner *planner, const struct sw_relation *relation,
                                struct sw_place *place)
{
    const struct sw_table *table =
        sw_database_table(planner->context->database, "public", relation->name);

    if (starts_with(relation->name, "pg_") && table == NULL)
        return resolve_catalog(planner, relation, place);
    if (!planner->context->is_search_path_plain)
        return refuse_search_path(planner, relation);
    return place_table(planner, table, relation, place);
}

static bool refuse_catalog_write(struct sw_planner *planner, const struct sw_relation *relation)
{
    sw_error_set(planner->err, "0A000", "the catalog relation \"%s\" cannot be written",
                 relation->name);
    sw_error_hint(planner->err, "Change the schema on every shard instead.");
    return false;
}

/* All shards, or none: nobody sees to that. */
static bool refuse_reference(struct sw_planner *planner, const struct sw_table *table,
                             const char *what, const char *hint)
{
    sw_error_set(planner->err, "0A000", "%s reference table \"%s\" is not supported", what,
                 table->name);
    sw_error_detail(planner->err, "Each shard of business \"%s\" has its own copy of the rows.",
                    table->business->name);
    sw_error_hint(planner->err, "%s", hint);
    return false;
}

static bool refuse_key_update(struct sw_planner *planner, const struct sw_table *table,
                              const char *key)
{
    sw_error_set(planner->err, "0A000", "the key \"%s\" of table \"%s\" cannot be updated", key,
                 table->name);
    sw_error_detail(planner->err, "The row might have to move to another shard.");
    sw_error_hint(planner->err, "Delete the row and insert it anew.");
    return false;
}

static bool check_assignments(struct sw_planner *planner, const struct sw_level *level,
                              const struct sw_table *table)
{
    for (int i = 0; i < level->set_count; i++)
        if (sw_table_key_part(table, level->set_columns[i]) >= 0)
            return refuse_key_update(planner, table, level->set_columns[i]);
    return true;
}

static bool check_target(struct sw_planner *planner, const struct sw_level *level)
{
    struct sw_place *place;

    if (level->target < 0)
        return true;
    place = &planner->places[level->target];
    if (place->kind == SW_PLACE_CATALOG)
        return refuse_catalog_write(planner, &planner->statement->relations[level->target]);
    if (place->table != NULL && place->table->is_reference)
        return refuse_reference(planner, place->table, "writing",
                                "Write the same rows on each of its shards, connected to them; "
                                "TRUNCATE runs on all.");
    if (place->table != NULL && !sw_blocks_check(planner, place->table, true))
        return false;
    place->is_target_of_insert = level->kind == SW_LEVEL_INSERT;
    return !sw_table_is_sharded(place->table) ||
           check_assignments(planner, level, place->table);
}

/* Who locks them on one shard keeps nobody from those of another. */
static bool check_locks(struct sw_planner *planner)
{
    const struct sw_statement *statement = planner->statement;

    for (int i = 0; statement->locks_rows && i < statement->relation_count; i++) {
        const struct sw_table *table = planner->places[i].table;

        if (table != NULL && table->is_reference)
            return refuse_reference(planner, table, "locking rows of a query with",
                                    "Lock the rows of other tables in a statement without it.");
    }
    return true;
}

bool sw_relations_resolve(struct sw_planner *planner)
{
    const struct sw_statement *statement = planner->statement;

    for (int i = 0; i < statement->relation_count; i++) {
        const struct sw_relation *relation = &statement->relations[i];
        struct sw_place *place = &planner->places[i];
        const struct sw_temporary *temporary;

        if (relation->kind == SW_RELATION_DERIVED)
            continue;
        temporary = sw_planner_temporary(planner, relation->schema, relation->name);
        if (temporary != NULL && place_temporary(temporary, place))
            continue;
        if (relation->schema == NULL ? !resolve_unqualified(planner, relation, place)
                                     : !resolve_qualified(planner, relation, place))
            return false;
    }
    for (int i = 0; i < statement->level_count; i++)
        if (!check_target(planner, &statement->levels[i]))
            return false;
    return check_locks(planner);
}
