/*
 * DROP, RENAME, COMMENT, GRANT and their kin name objects of many kinds by one node. What
 * belongs to a table is named behind it: COMMENT ON TRIGGER x ON t.
 */
#include "ddl.h"

#include "walk.h"

#include <string.h>

/* How the name of an object stands in a node's `object`. */
enum naming {
    NAMED_BY_LIST,   /* of strings */
    NAMED_BY_TYPE,   /* TypeName */
    NAMED_BY_STRING, /* one name */
    NAMED_BEHIND,    /* a list of strings: its table, then its own name */
    NAMED_BY_DOMAIN, /* a list: the TypeName of a domain, then its own name */
};

struct kind {
    ObjectType type;
    const char *alter_tag, *drop_tag; /* NULL: the grammar has no such statement */
    enum sw_object_kind kind;
    enum naming naming;
};

static const struct kind kinds[] = {
    {OBJECT_TABLE, "ALTER TABLE", "DROP TABLE", SW_OBJECT_TABLE, NAMED_BY_LIST},
    {OBJECT_COLUMN, "ALTER TABLE", NULL, SW_OBJECT_TABLE, NAMED_BEHIND},
    {OBJECT_TABCONSTRAINT, "ALTER TABLE", NULL, SW_OBJECT_TABLE, NAMED_BEHIND},
    {OBJECT_TRIGGER, "ALTER TRIGGER", "DROP TRIGGER", SW_OBJECT_TABLE, NAMED_BEHIND},
    {OBJECT_POLICY, "ALTER POLICY", "DROP POLICY", SW_OBJECT_TABLE, NAMED_BEHIND},
    {OBJECT_INDEX, "ALTER INDEX", "DROP INDEX", SW_OBJECT_INDEX, NAMED_BY_LIST},
    {OBJECT_SEQUENCE, "ALTER SEQUENCE", "DROP SEQUENCE", SW_OBJECT_SEQUENCE, NAMED_BY_LIST},
    {OBJECT_TYPE, "ALTER TYPE", "DROP TYPE", SW_OBJECT_SHARED, NAMED_BY_TYPE},
    {OBJECT_ATTRIBUTE, "ALTER TYPE", NULL, SW_OBJECT_SHARED, NAMED_BY_TYPE},
    {OBJECT_DOMAIN, "ALTER DOMAIN", "DROP DOMAIN", SW_OBJECT_SHARED, NAMED_BY_TYPE},
    {OBJECT_DOMCONSTRAINT, "ALTER DOMAIN", NULL, SW_OBJECT_SHARED, NAMED_BY_DOMAIN},
    {OBJECT_SCHEMA, "ALTER SCHEMA", "DROP SCHEMA", SW_OBJECT_SCHEMA, NAMED_BY_STRING},
    {OBJECT_EXTENSION, "ALTER EXTENSION", "DROP EXTENSION", SW_OBJECT_SHARED, NAMED_BY_STRING},
};

static const struct kind *find_kind(struct sw_facts *facts, ObjectType type)
{
    for (size_t i = 0; i < lengthof(kinds); i++)
        if (kinds[i].type == type)
            return &kinds[i];
    sw_facts_refuse(facts, "a change of an object of this kind",
                    "shardward changes tables, indexes, sequences, types, domains, schemas and "
                    "extensions.");
    return NULL;
}

static List *without_last(const List *names, List *copy)
{
    *copy = *names;
    copy->length--;
    return copy;
}

static int add_named(struct sw_facts *facts, const struct kind *kind, enum sw_object_use use,
                     const Node *object)
{
    List table;

    switch (kind->naming) {
    case NAMED_BY_LIST:
        break;
    case NAMED_BY_TYPE:
        if (!IsA(object, TypeName))
            break;
        return sw_ddl_add_names(facts, kind->kind, use, ((const TypeName *)object)->names);
    case NAMED_BY_STRING:
        return sw_ddl_add_object(facts, kind->kind, use, NULL, strVal(object));
    case NAMED_BEHIND:
        return sw_ddl_add_names(facts, kind->kind, use,
                                without_last((const List *)object, &table));
    case NAMED_BY_DOMAIN:
        if (!IsA(linitial((const List *)object), TypeName))
            break;
        return sw_ddl_add_names(facts, kind->kind, use,
                                ((const TypeName *)linitial((const List *)object))->names);
    }
    return sw_ddl_add_names(facts, kind->kind, use, (const List *)object);
}

/* --- DROP --- */

void sw_ddl_drop(struct sw_facts *facts, const Node *node)
{
    const DropStmt *drop = (const DropStmt *)node;
    const struct kind *kind = find_kind(facts, drop->removeType);

    if (kind == NULL)
        return;
    facts->ddl.command = kind->drop_tag;
    facts->ddl.is_outside = drop->concurrent;
    facts->ddl.if_exists = drop->missing_ok;
    facts->ddl.changes_rows = kind->type == OBJECT_TABLE;
    for (int i = 0; i < list_length(drop->objects); i++)
        (void)add_named(facts, kind,
                        kind->naming == NAMED_BEHIND ? SW_OBJECT_CHANGED : SW_OBJECT_DROPPED,
                        list_nth(drop->objects, i));
}

/* --- ALTER ... RENAME, SET SCHEMA, OWNER --- */

static bool is_of_table(ObjectType type)
{
    return type == OBJECT_COLUMN || type == OBJECT_TABCONSTRAINT || type == OBJECT_TRIGGER ||
           type == OBJECT_POLICY;
}

void sw_ddl_rename(struct sw_facts *facts, const Node *node)
{
    const RenameStmt *rename = (const RenameStmt *)node;
    const struct kind *kind = find_kind(facts, rename->renameType);
    enum sw_object_use use =
        is_of_table(rename->renameType) ? SW_OBJECT_CHANGED : SW_OBJECT_RENAMED;
    int object;

    if (kind == NULL)
        return;
    facts->ddl.command = kind->alter_tag;
    facts->ddl.if_exists = rename->missing_ok;
    facts->ddl.new_name = sw_facts_text(facts, rename->newname);
    if (rename->renameType == OBJECT_COLUMN && rename->relationType != OBJECT_TABLE) {
        sw_facts_refuse(facts, "a renamed column of a view or foreign table", NULL);
        return;
    }
    if (rename->relation != NULL)
        object = sw_ddl_add_range(facts, kind->kind, use, rename->relation);
    else if (kind->type == OBJECT_SCHEMA)
        object = sw_ddl_add_object(facts, kind->kind, use, NULL, rename->subname);
    else
        object = add_named(facts, kind, use, rename->object);
    if (rename->renameType == OBJECT_COLUMN)
        sw_ddl_add_column(facts, object, SW_DDL_COLUMN_RENAMED, rename->subname);
}

void sw_ddl_set_schema(struct sw_facts *facts, const Node *node)
{
    const AlterObjectSchemaStmt *alter = (const AlterObjectSchemaStmt *)node;
    const struct kind *kind = find_kind(facts, alter->objectType);

    if (kind == NULL)
        return;
    facts->ddl.command = kind->alter_tag;
    facts->ddl.if_exists = alter->missing_ok;
    if (alter->relation != NULL)
        (void)sw_ddl_add_range(facts, kind->kind, SW_OBJECT_RENAMED, alter->relation);
    else
        (void)add_named(facts, kind, SW_OBJECT_RENAMED, alter->object);
}

void sw_ddl_set_owner(struct sw_facts *facts, const Node *node)
{
    const AlterOwnerStmt *alter = (const AlterOwnerStmt *)node;
    const struct kind *kind = find_kind(facts, alter->objectType);

    if (kind == NULL)
        return;
    facts->ddl.command = kind->alter_tag;
    if (alter->relation != NULL)
        (void)sw_ddl_add_range(facts, kind->kind, SW_OBJECT_CHANGED, alter->relation);
    else
        (void)add_named(facts, kind, SW_OBJECT_CHANGED, alter->object);
}

void sw_ddl_comment(struct sw_facts *facts, const Node *node)
{
    const CommentStmt *comment = (const CommentStmt *)node;
    const struct kind *kind = find_kind(facts, comment->objtype);

    if (kind != NULL)
        (void)add_named(facts, kind, SW_OBJECT_CHANGED, comment->object);
}

/* --- GRANT and REVOKE --- */

static const char rights_hint[] = "Manage rights on other objects on the servers themselves.";

static void grant_in_schemas(struct sw_facts *facts, const GrantStmt *grant)
{
    if (grant->objtype != OBJECT_TABLE && grant->objtype != OBJECT_SEQUENCE)
        sw_facts_refuse(facts, "GRANT on all functions", rights_hint);
    for (int i = 0; i < list_length(grant->objects); i++)
        (void)sw_ddl_add_object(facts, SW_OBJECT_ALL, SW_OBJECT_CHANGED,
                                strVal(list_nth(grant->objects, i)), NULL);
}

static void grant_on(struct sw_facts *facts, ObjectType type, const Node *object)
{
    const enum sw_object_use use = SW_OBJECT_CHANGED;

    switch ((int)type) {
    case OBJECT_TABLE:
        (void)sw_ddl_add_range(facts, SW_OBJECT_TABLE, use, (const RangeVar *)object);
        break;
    case OBJECT_SEQUENCE:
        (void)sw_ddl_add_range(facts, SW_OBJECT_SEQUENCE, use, (const RangeVar *)object);
        break;
    case OBJECT_SCHEMA:
        (void)sw_ddl_add_object(facts, SW_OBJECT_SCHEMA, use, NULL, strVal(object));
        break;
    case OBJECT_TYPE:
    case OBJECT_DOMAIN:
        (void)sw_ddl_add_names(facts, SW_OBJECT_SHARED, use, (const List *)object);
        break;
    default:
        sw_facts_refuse(facts, "GRANT on an object of this kind", rights_hint);
    }
}

void sw_ddl_grant(struct sw_facts *facts, const Node *node)
{
    const GrantStmt *grant = (const GrantStmt *)node;

    facts->ddl.command = grant->is_grant ? "GRANT" : "REVOKE";
    if (grant->targtype == ACL_TARGET_ALL_IN_SCHEMA) {
        grant_in_schemas(facts, grant);
        return;
    }
    for (int i = 0; i < list_length(grant->objects); i++)
        grant_on(facts, grant->objtype, list_nth(grant->objects, i));
}

void sw_ddl_default_privileges(struct sw_facts *facts, const Node *node)
{
    (void)node;
    (void)sw_ddl_add_object(facts, SW_OBJECT_ALL, SW_OBJECT_CHANGED, NULL, NULL);
}
