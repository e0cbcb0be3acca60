/*
 * A statement is known by its node; whatever stands in no row of the table is refused.
 */
#include "ddl.h"

#include "shardward/base/text.h"

#include "temporary.h"
#include "walk.h"

#include <string.h>

struct command {
    NodeTag tag;
    const char *name;
    void (*describe)(struct sw_facts *facts, const Node *node);
};

/* --- what the statements add --- */

static bool is_temporary(const char *schema)
{
    return schema != NULL && strncmp(schema, "pg_temp", strlen("pg_temp")) == 0;
}

static void refuse_temporary(struct sw_facts *facts)
{
    sw_facts_refuse(facts, "a temporary object other than a table",
                    "It would live in one server connection, which clients share.");
}

/* A temporary table and what belongs to it may be named as what they are. */
static bool is_own(const struct sw_facts *facts, enum sw_object_kind kind,
                   enum sw_object_use use, const char *schema)
{
    return sw_temporary_is_schema(schema) &&
           (kind == SW_OBJECT_TABLE || kind == SW_OBJECT_INDEX || kind == SW_OBJECT_SEQUENCE) &&
           (use != SW_OBJECT_MADE || facts->makes != NULL);
}

int sw_ddl_add_object(struct sw_facts *facts, enum sw_object_kind kind, enum sw_object_use use,
                      const char *schema, const char *name)
{
    struct sw_object *object = sw_facts_add(facts, &facts->objects, sizeof(struct sw_object));

    *object = (struct sw_object){.kind = kind,
                                 .use = use,
                                 .schema = sw_facts_text(facts, schema),
                                 .name = sw_facts_text(facts, name),
                                 .partition_of = -1};
    if (is_temporary(schema) && !is_own(facts, kind, use, schema))
        refuse_temporary(facts);
    return facts->objects.count - 1;
}

int sw_ddl_add_range(struct sw_facts *facts, enum sw_object_kind kind, enum sw_object_use use,
                     const RangeVar *range)
{
    facts->tables_seen++;
    if (range->catalogname != NULL)
        sw_facts_refuse(facts, "a table qualified by a database",
                        "Name the table as schema.table.");
    if (range->relpersistence == 't' && facts->makes == NULL)
        refuse_temporary(facts);
    facts->ddl.is_unlogged |= range->relpersistence == 'u';
    return sw_ddl_add_object(facts, kind, use, range->schemaname, range->relname);
}

int sw_ddl_add_names(struct sw_facts *facts, enum sw_object_kind kind, enum sw_object_use use,
                     const List *names)
{
    int count = list_length(names);

    if (count > 2)
        sw_facts_refuse(facts, "an object qualified by a database",
                        "Name the object as schema.name.");
    return sw_ddl_add_object(facts, kind, use,
                             count < 2 ? NULL : strVal(list_nth(names, count - 2)),
                             strVal(llast(names)));
}

struct sw_object *sw_ddl_object(const struct sw_facts *facts, int object)
{
    return (struct sw_object *)facts->objects.items + object;
}

void sw_ddl_add_column(struct sw_facts *facts, int object, enum sw_ddl_column_use use,
                       const char *name)
{
    struct sw_ddl_column *column =
        sw_facts_add(facts, &facts->columns, sizeof(struct sw_ddl_column));

    column->object = object;
    column->use = use;
    column->name = sw_facts_text(facts, name);
}

/* --- sequences --- */

/* OWNED BY table.column makes the sequence one of that table. */
static void describe_owner(struct sw_facts *facts, const List *options)
{
    for (int i = 0; i < list_length(options); i++) {
        const DefElem *option = list_nth(options, i);
        const List *names = (const List *)option->arg;
        List table;

        if (strcmp(option->defname, "owned_by") != 0 || list_length(names) < 2)
            continue;
        table = *names;
        table.length--;
        (void)sw_ddl_add_names(facts, SW_OBJECT_TABLE, SW_OBJECT_NAMED, &table);
    }
}

static void create_sequence(struct sw_facts *facts, const Node *node)
{
    const CreateSeqStmt *create = (const CreateSeqStmt *)node;

    (void)sw_ddl_add_range(facts, SW_OBJECT_SEQUENCE, SW_OBJECT_MADE, create->sequence);
    describe_owner(facts, create->options);
}

static void alter_sequence(struct sw_facts *facts, const Node *node)
{
    const AlterSeqStmt *alter = (const AlterSeqStmt *)node;

    facts->ddl.if_exists = alter->missing_ok;
    facts->ddl.changes_rows = true;
    (void)sw_ddl_add_range(facts, SW_OBJECT_SEQUENCE, SW_OBJECT_CHANGED, alter->sequence);
    describe_owner(facts, alter->options);
}

/* --- types --- */

static void create_enum(struct sw_facts *facts, const Node *node)
{
    (void)sw_ddl_add_names(facts, SW_OBJECT_SHARED, SW_OBJECT_MADE,
                           ((const CreateEnumStmt *)node)->typeName);
}

static void alter_enum(struct sw_facts *facts, const Node *node)
{
    (void)sw_ddl_add_names(facts, SW_OBJECT_SHARED, SW_OBJECT_CHANGED,
                           ((const AlterEnumStmt *)node)->typeName);
}

static void create_composite(struct sw_facts *facts, const Node *node)
{
    const CompositeTypeStmt *create = (const CompositeTypeStmt *)node;

    (void)sw_ddl_add_range(facts, SW_OBJECT_SHARED, SW_OBJECT_MADE, create->typevar);
    for (int i = 0; i < list_length(create->coldeflist); i++)
        sw_walk_type(facts, list_nth_node(ColumnDef, create->coldeflist, i)->typeName);
}

/* Its functions (SUBTYPE_DIFF, CANONICAL) are those of pg_catalog, or are refused when the type
 * is used. */
static void create_range(struct sw_facts *facts, const Node *node)
{
    const CreateRangeStmt *create = (const CreateRangeStmt *)node;

    (void)sw_ddl_add_names(facts, SW_OBJECT_SHARED, SW_OBJECT_MADE, create->typeName);
    for (int i = 0; i < list_length(create->params); i++)
        if (strcmp(list_nth_node(DefElem, create->params, i)->defname, "subtype") != 0)
            sw_facts_refuse(facts, "a range type with functions of its own",
                            "Make it with SUBTYPE alone.");
}

/* A column of this type would draw the same numbers on each shard. */
static void check_numbers(struct sw_facts *facts)
{
    if (facts->names_sequence)
        sw_facts_refuse(facts, "nextval() in a domain",
                        "Write it as the default of the column.");
}

static void create_domain(struct sw_facts *facts, const Node *node)
{
    const CreateDomainStmt *create = (const CreateDomainStmt *)node;
    int object = sw_ddl_add_names(facts, SW_OBJECT_SHARED, SW_OBJECT_MADE, create->domainname);

    sw_walk_type(facts, create->typeName);
    for (int i = 0; i < list_length(create->constraints); i++)
        sw_ddl_walk_constraint(facts, object, list_nth(create->constraints, i), NULL);
    check_numbers(facts);
}

static void alter_domain(struct sw_facts *facts, const Node *node)
{
    const AlterDomainStmt *alter = (const AlterDomainStmt *)node;
    int object = sw_ddl_add_names(facts, SW_OBJECT_SHARED, SW_OBJECT_CHANGED, alter->typeName);

    if (alter->def != NULL && IsA(alter->def, Constraint))
        sw_ddl_walk_constraint(facts, object, (const Constraint *)alter->def, NULL);
    else
        sw_walk(facts, alter->def);
    check_numbers(facts);
}

/* --- schemas and extensions --- */

static void create_schema(struct sw_facts *facts, const Node *node)
{
    const CreateSchemaStmt *create = (const CreateSchemaStmt *)node;

    if (create->schemaElts != NIL || create->schemaname == NULL)
        sw_facts_refuse(facts, "CREATE SCHEMA without a name, or with elements",
                        "Create the schema by its name, then what is in it.");
    else
        (void)sw_ddl_add_object(facts, SW_OBJECT_SCHEMA, SW_OBJECT_MADE, NULL,
                                create->schemaname);
}

static void create_extension(struct sw_facts *facts, const Node *node)
{
    (void)sw_ddl_add_object(facts, SW_OBJECT_SHARED, SW_OBJECT_MADE, NULL,
                            ((const CreateExtensionStmt *)node)->extname);
}

static void alter_extension(struct sw_facts *facts, const Node *node)
{
    (void)sw_ddl_add_object(facts, SW_OBJECT_SHARED, SW_OBJECT_CHANGED, NULL,
                            ((const AlterExtensionStmt *)node)->extname);
}

/* --- upkeep --- */

static void truncate(struct sw_facts *facts, const Node *node)
{
    const TruncateStmt *truncate = (const TruncateStmt *)node;

    facts->statement->kind = SW_STATEMENT_TRUNCATE;
    facts->statement->writes = facts->ddl.is_upkeep = facts->ddl.changes_rows = true;
    for (int i = 0; i < list_length(truncate->relations); i++)
        (void)sw_ddl_add_range(facts, SW_OBJECT_TABLE, SW_OBJECT_CHANGED,
                               list_nth(truncate->relations, i));
}

/* ANALYZE could run in a transaction block, but has no need to be all or none. */
static void vacuum(struct sw_facts *facts, const Node *node)
{
    const VacuumStmt *vacuum = (const VacuumStmt *)node;

    if (!vacuum->is_vacuumcmd)
        facts->ddl.command = "ANALYZE";
    facts->ddl.is_outside = facts->ddl.is_upkeep = true;
    for (int i = 0; i < list_length(vacuum->rels); i++)
        (void)sw_ddl_add_range(facts, SW_OBJECT_TABLE, SW_OBJECT_CHANGED,
                               list_nth_node(VacuumRelation, vacuum->rels, i)->relation);
    if (vacuum->rels == NIL)
        (void)sw_ddl_add_object(facts, SW_OBJECT_ALL, SW_OBJECT_CHANGED, NULL, NULL);
}

static bool has_option(const List *options, const char *name)
{
    for (int i = 0; i < list_length(options); i++)
        if (strcmp(list_nth_node(DefElem, options, i)->defname, name) == 0)
            return true;
    return false;
}

static void reindex(struct sw_facts *facts, const Node *node)
{
    const ReindexStmt *reindex = (const ReindexStmt *)node;

    facts->ddl.is_upkeep = true;
    facts->ddl.is_outside = has_option(reindex->params, "concurrently");
    switch (reindex->kind) {
    case REINDEX_OBJECT_INDEX:
        (void)sw_ddl_add_range(facts, SW_OBJECT_INDEX, SW_OBJECT_CHANGED, reindex->relation);
        break;
    case REINDEX_OBJECT_TABLE:
        (void)sw_ddl_add_range(facts, SW_OBJECT_TABLE, SW_OBJECT_CHANGED, reindex->relation);
        break;
    case REINDEX_OBJECT_SCHEMA:
        facts->ddl.is_outside = true;
        (void)sw_ddl_add_object(facts, SW_OBJECT_ALL, SW_OBJECT_CHANGED, reindex->name, NULL);
        break;
    case REINDEX_OBJECT_SYSTEM:
    case REINDEX_OBJECT_DATABASE:
        sw_facts_refuse(facts, "REINDEX of a database",
                        "The shards are databases of other names; reindex table by table.");
        break;
    }
}

/* It also notes on which index, and so is no mere upkeep. */
static void cluster(struct sw_facts *facts, const Node *node)
{
    const ClusterStmt *cluster = (const ClusterStmt *)node;

    if (cluster->relation != NULL) {
        (void)sw_ddl_add_range(facts, SW_OBJECT_TABLE, SW_OBJECT_CHANGED, cluster->relation);
        return;
    }
    facts->ddl.is_outside = facts->ddl.is_upkeep = true;
    (void)sw_ddl_add_object(facts, SW_OBJECT_ALL, SW_OBJECT_CHANGED, NULL, NULL);
}

/* --- the table --- */

static const struct command commands[] = {
    {T_AlterDefaultPrivilegesStmt, "ALTER DEFAULT PRIVILEGES", sw_ddl_default_privileges},
    {T_AlterDomainStmt, "ALTER DOMAIN", alter_domain},
    {T_AlterEnumStmt, "ALTER TYPE", alter_enum},
    {T_AlterExtensionStmt, "ALTER EXTENSION", alter_extension},
    {T_AlterObjectSchemaStmt, "ALTER ... SET SCHEMA", sw_ddl_set_schema},
    {T_AlterOwnerStmt, "ALTER ... OWNER", sw_ddl_set_owner},
    {T_AlterSeqStmt, "ALTER SEQUENCE", alter_sequence},
    {T_AlterTableStmt, "ALTER TABLE", sw_ddl_alter_table},
    {T_ClusterStmt, "CLUSTER", cluster},
    {T_CommentStmt, "COMMENT", sw_ddl_comment},
    {T_CompositeTypeStmt, "CREATE TYPE", create_composite},
    {T_CreateDomainStmt, "CREATE DOMAIN", create_domain},
    {T_CreateEnumStmt, "CREATE TYPE", create_enum},
    {T_CreateExtensionStmt, "CREATE EXTENSION", create_extension},
    {T_CreateRangeStmt, "CREATE TYPE", create_range},
    {T_CreateSchemaStmt, "CREATE SCHEMA", create_schema},
    {T_CreateSeqStmt, "CREATE SEQUENCE", create_sequence},
    {T_CreateStmt, "CREATE TABLE", sw_ddl_create_table},
    {T_DropStmt, "DROP", sw_ddl_drop},
    {T_GrantStmt, "GRANT", sw_ddl_grant},
    {T_IndexStmt, "CREATE INDEX", sw_ddl_create_index},
    {T_ReindexStmt, "REINDEX", reindex},
    {T_RenameStmt, "ALTER ... RENAME", sw_ddl_rename},
    {T_TruncateStmt, "TRUNCATE TABLE", truncate},
    {T_VacuumStmt, "VACUUM", vacuum},
};

/* Whatever PostgreSQL would allow in an expression of DDL, it is none of these. */
static void check_expressions(struct sw_facts *facts)
{
    if (facts->relations.count > 0 || facts->levels.count > 0)
        sw_facts_refuse(facts, "a subquery in DDL", NULL);
    if (facts->settings.count > 0)
        sw_facts_refuse(facts, "set_config() in DDL", NULL);
    if (facts->uses.count > 0)
        sw_facts_fail(facts, "42P02", "there is no parameter $%d", facts->uses.count);
}

bool sw_ddl_describe(struct sw_facts *facts, const Node *node)
{
    for (size_t i = 0; i < lengthof(commands); i++) {
        if (commands[i].tag != nodeTag(node))
            continue;
        facts->statement->kind = SW_STATEMENT_DDL;
        facts->ddl.command = commands[i].name;
        commands[i].describe(facts, node);
        facts->ddl.calls_nextval = facts->has_called_nextval;
        check_expressions(facts);
        sw_temporary_check(facts);
        return true;
    }
    return false;
}
