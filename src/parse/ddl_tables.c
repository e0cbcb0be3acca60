#include "ddl.h"

#include "temporary.h"
#include "walk.h"

#include "shardward/base/text.h"

#include <string.h>

/* --- columns and constraints --- */

static const char *const serial_types[] = {
    "bigserial", "serial", "serial2", "serial4", "serial8", "smallserial",
};

static bool is_serial(const TypeName *type)
{
    return type != NULL && list_length(type->names) == 1 &&
           sw_text_is_one_of(strVal(linitial(type->names)), serial_types,
                             lengthof(serial_types));
}

static struct sw_ddl_column *last_column(const struct sw_facts *facts)
{
    return (struct sw_ddl_column *)facts->columns.items + facts->columns.count - 1;
}

static void add_unique(struct sw_facts *facts, int object, const char **columns, int count)
{
    struct sw_ddl_unique *unique =
        sw_facts_add(facts, &facts->uniques, sizeof(struct sw_ddl_unique));

    unique->object = object;
    unique->columns = columns;
    unique->column_count = count;
}

static void describe_keys(struct sw_facts *facts, int object, const Constraint *constraint,
                          const char *column)
{
    int count = column != NULL ? 1 : list_length(constraint->keys);
    const char **columns = sw_arena_alloc(facts->arena, (size_t)count * sizeof *columns);

    if (constraint->indexname != NULL) /* it was unique before */
        return;
    for (int i = 0; i < count; i++)
        columns[i] = sw_facts_text(
            facts, column != NULL ? column : strVal(list_nth(constraint->keys, i)));
    add_unique(facts, object, columns, count);
}

static bool is_equals(const List *operator_names)
{
    return strcmp(strVal(llast(operator_names)), "=") == 0;
}

static void describe_exclusion(struct sw_facts *facts, int object, const Constraint *constraint)
{
    int size = list_length(constraint->exclusions), count = 0;
    const char **columns = sw_arena_alloc(facts->arena, (size_t)size * sizeof *columns);

    for (int i = 0; i < size; i++) {
        const List *pair = list_nth(constraint->exclusions, i);
        const IndexElem *element = linitial(pair);

        sw_walk(facts, element);
        if (element->name != NULL && is_equals(lsecond(pair)))
            columns[count++] = sw_facts_text(facts, element->name);
    }
    sw_walk(facts, constraint->where_clause);
    add_unique(facts, object, columns, count);
}

/* Does a default, or identity, draw its values from a sequence? */
static void describe_default(struct sw_facts *facts, const Node *expr)
{
    facts->names_sequence = false;
    sw_walk(facts, expr);
    if (facts->names_sequence && facts->columns.count > 0)
        last_column(facts)->is_numbered = true;
}

void sw_ddl_walk_constraint(struct sw_facts *facts, int object, const Constraint *constraint,
                            const char *column)
{
    switch (constraint->contype) {
    case CONSTR_PRIMARY:
    case CONSTR_UNIQUE:
        describe_keys(facts, object, constraint, column);
        break;
    case CONSTR_EXCLUSION:
        describe_exclusion(facts, object, constraint);
        break;
    case CONSTR_FOREIGN:
        (void)sw_ddl_add_range(facts, SW_OBJECT_TABLE, SW_OBJECT_NAMED, constraint->pktable);
        break;
    case CONSTR_IDENTITY:
        last_column(facts)->is_numbered = true;
        break;
    case CONSTR_DEFAULT:
        describe_default(facts, constraint->raw_expr);
        break;
    case CONSTR_CHECK:
    case CONSTR_GENERATED:
        sw_walk(facts, constraint->raw_expr);
        break;
    case CONSTR_NULL:
    case CONSTR_NOTNULL:
    case CONSTR_ATTR_DEFERRABLE:
    case CONSTR_ATTR_NOT_DEFERRABLE:
    case CONSTR_ATTR_DEFERRED:
    case CONSTR_ATTR_IMMEDIATE:
        break;
    }
}

static void describe_column(struct sw_facts *facts, int object, const ColumnDef *column)
{
    sw_ddl_add_column(facts, object, SW_DDL_COLUMN_MADE, column->colname);
    last_column(facts)->is_numbered = is_serial(column->typeName);
    sw_walk_type(facts, column->typeName);
    sw_walk(facts, column->raw_default);
    for (int i = 0; i < list_length(column->constraints); i++)
        sw_ddl_walk_constraint(facts, object, list_nth(column->constraints, i),
                               column->colname);
}

/* --- CREATE TABLE --- */

static void describe_element(struct sw_facts *facts, int object, const Node *element)
{
    if (IsA(element, ColumnDef)) {
        describe_column(facts, object, (const ColumnDef *)element);
    } else if (IsA(element, Constraint)) {
        sw_ddl_walk_constraint(facts, object, (const Constraint *)element, NULL);
    } else if (IsA(element, TableLikeClause)) {
        facts->ddl.is_listed = false;
        (void)sw_ddl_add_range(facts, SW_OBJECT_TABLE, SW_OBJECT_NAMED,
                               ((const TableLikeClause *)element)->relation);
        sw_temporary_describe_like(facts, (const TableLikeClause *)element);
    } else {
        sw_facts_refuse(facts, "an element of this kind in CREATE TABLE", NULL);
    }
}

static void walk_bound(struct sw_facts *facts, const PartitionBoundSpec *bound)
{
    sw_walk_list(facts, bound->listdatums);
    sw_walk_list(facts, bound->lowerdatums);
    sw_walk_list(facts, bound->upperdatums);
}

static void describe_parents(struct sw_facts *facts, int object, const CreateStmt *create)
{
    for (int i = 0; i < list_length(create->inhRelations); i++) {
        int parent = sw_ddl_add_range(facts, SW_OBJECT_TABLE, SW_OBJECT_NAMED,
                                      list_nth(create->inhRelations, i));

        facts->ddl.is_listed = false;
        if (create->partbound != NULL)
            sw_ddl_object(facts, object)->partition_of = parent;
    }
    if (create->partbound == NULL)
        return;
    facts->ddl.changes_rows = true;
    walk_bound(facts, create->partbound);
}

static void walk_partitioning(struct sw_facts *facts, const PartitionSpec *spec)
{
    for (int i = 0; spec != NULL && i < list_length(spec->partParams); i++)
        sw_walk(facts, list_nth_node(PartitionElem, spec->partParams, i)->expr);
}

void sw_ddl_create_table(struct sw_facts *facts, const Node *node)
{
    const CreateStmt *create = (const CreateStmt *)node;
    int object;

    if (sw_temporary_is(create->relation))
        sw_temporary_describe_table(facts, create);
    object = sw_ddl_add_range(facts, SW_OBJECT_TABLE, SW_OBJECT_MADE, create->relation);
    facts->ddl.is_listed = create->ofTypename == NULL;
    for (int i = 0; i < list_length(create->tableElts); i++)
        describe_element(facts, object, list_nth(create->tableElts, i));
    describe_parents(facts, object, create);
    walk_partitioning(facts, create->partspec);
    sw_walk_type(facts, create->ofTypename);
}

/* --- ALTER TABLE --- */

static void note_filling(struct sw_facts *facts)
{
    facts->ddl.fills_columns |= facts->names_moment;
    facts->ddl.fills_by_chance |= facts->names_chance;
}

/* Rows that are there get the default of a new column at once. */
static void alter_add_column(struct sw_facts *facts, int object, const AlterTableCmd *command)
{
    facts->names_moment = facts->names_chance = false;
    describe_column(facts, object, (const ColumnDef *)command->def);
    note_filling(facts);
}

static void alter_retype(struct sw_facts *facts, int object, const AlterTableCmd *command)
{
    const ColumnDef *column = (const ColumnDef *)command->def;

    facts->ddl.changes_rows = true;
    sw_ddl_add_column(facts, object, SW_DDL_COLUMN_RETYPED, command->name);
    sw_walk_type(facts, column->typeName);
    facts->names_moment = facts->names_chance = false;
    sw_walk(facts, column->raw_default);
    note_filling(facts);
}

static void add_numbered(struct sw_facts *facts, int object, const char *column)
{
    sw_ddl_add_column(facts, object, SW_DDL_COLUMN_NUMBERED, column);
    last_column(facts)->is_numbered = true;
}

static void alter_default(struct sw_facts *facts, int object, const AlterTableCmd *command)
{
    facts->names_sequence = false;
    sw_walk(facts, command->def);
    if (facts->names_sequence)
        add_numbered(facts, object, command->name);
}

static void alter_drop_column(struct sw_facts *facts, int object, const AlterTableCmd *command)
{
    sw_ddl_add_column(facts, object, SW_DDL_COLUMN_DROPPED, command->name);
}

static void alter_add_constraint(struct sw_facts *facts, int object,
                                 const AlterTableCmd *command)
{
    sw_ddl_walk_constraint(facts, object, (const Constraint *)command->def, NULL);
}

static void alter_add_identity(struct sw_facts *facts, int object, const AlterTableCmd *command)
{
    add_numbered(facts, object, command->name);
}

static void alter_inherit(struct sw_facts *facts, int object, const AlterTableCmd *command)
{
    (void)object;
    facts->ddl.inherits = true;
    (void)sw_ddl_add_range(facts, SW_OBJECT_TABLE, SW_OBJECT_NAMED,
                           (const RangeVar *)command->def);
}

static void alter_of(struct sw_facts *facts, int object, const AlterTableCmd *command)
{
    (void)object;
    sw_walk_type(facts, (const TypeName *)command->def);
}

static void alter_partition(struct sw_facts *facts, int object, const AlterTableCmd *command)
{
    const PartitionCmd *partition = (const PartitionCmd *)command->def;
    bool is_index = sw_ddl_object(facts, object)->kind == SW_OBJECT_INDEX;
    int child = sw_ddl_add_range(facts, is_index ? SW_OBJECT_INDEX : SW_OBJECT_TABLE,
                                 SW_OBJECT_NAMED, partition->name);

    facts->ddl.inherits = true;
    if (!is_index) {
        facts->ddl.changes_rows = true;
        sw_ddl_object(facts, child)->partition_of = object;
    }
    if (partition->bound != NULL)
        walk_bound(facts, partition->bound);
    facts->ddl.is_outside |= partition->concurrent;
}

static void alter_plainly(struct sw_facts *facts, int object, const AlterTableCmd *command)
{
    (void)facts;
    (void)object;
    (void)command;
}

static void alter_unlogged(struct sw_facts *facts, int object, const AlterTableCmd *command)
{
    (void)object;
    (void)command;
    facts->ddl.is_unlogged = true;
}

typedef void alter_fn(struct sw_facts *facts, int object, const AlterTableCmd *command);

static alter_fn *const alterations[] = {
    [AT_AddColumn] = alter_add_column,
    [AT_AddConstraint] = alter_add_constraint,
    [AT_AddIdentity] = alter_add_identity,
    [AT_AddInherit] = alter_inherit,
    [AT_AddOf] = alter_of,
    [AT_AlterColumnType] = alter_retype,
    [AT_AlterConstraint] = alter_plainly,
    [AT_AttachPartition] = alter_partition,
    [AT_ChangeOwner] = alter_plainly,
    [AT_ClusterOn] = alter_plainly,
    [AT_ColumnDefault] = alter_default,
    [AT_DetachPartition] = alter_partition,
    [AT_DetachPartitionFinalize] = alter_partition,
    [AT_DisableRowSecurity] = alter_plainly,
    [AT_DisableTrig] = alter_plainly,
    [AT_DisableTrigAll] = alter_plainly,
    [AT_DisableTrigUser] = alter_plainly,
    [AT_DropCluster] = alter_plainly,
    [AT_DropColumn] = alter_drop_column,
    [AT_DropConstraint] = alter_plainly,
    [AT_DropExpression] = alter_plainly,
    [AT_DropIdentity] = alter_plainly,
    [AT_DropOids] = alter_plainly,
    [AT_DropInherit] = alter_inherit,
    [AT_DropNotNull] = alter_plainly,
    [AT_DropOf] = alter_plainly,
    [AT_EnableAlwaysTrig] = alter_plainly,
    [AT_EnableReplicaTrig] = alter_plainly,
    [AT_EnableRowSecurity] = alter_plainly,
    [AT_EnableTrig] = alter_plainly,
    [AT_EnableTrigAll] = alter_plainly,
    [AT_EnableTrigUser] = alter_plainly,
    [AT_ForceRowSecurity] = alter_plainly,
    [AT_NoForceRowSecurity] = alter_plainly,
    [AT_ReplicaIdentity] = alter_plainly,
    [AT_ResetOptions] = alter_plainly,
    [AT_ResetRelOptions] = alter_plainly,
    [AT_SetAccessMethod] = alter_plainly,
    [AT_SetCompression] = alter_plainly,
    [AT_SetIdentity] = alter_plainly,
    [AT_SetLogged] = alter_plainly,
    [AT_SetNotNull] = alter_plainly,
    [AT_SetOptions] = alter_plainly,
    [AT_SetRelOptions] = alter_plainly,
    [AT_SetStatistics] = alter_plainly,
    [AT_SetStorage] = alter_plainly,
    [AT_SetTableSpace] = alter_plainly,
    [AT_SetUnLogged] = alter_unlogged,
    [AT_ValidateConstraint] = alter_plainly,
};

static bool find_altered(struct sw_facts *facts, const AlterTableStmt *alter,
                         enum sw_object_kind *kind)
{
    switch ((int)alter->objtype) {
    case OBJECT_TABLE:
        *kind = SW_OBJECT_TABLE;
        return true;
    case OBJECT_INDEX:
        facts->ddl.command = "ALTER INDEX";
        *kind = SW_OBJECT_INDEX;
        return true;
    case OBJECT_SEQUENCE:
        facts->ddl.command = "ALTER SEQUENCE";
        *kind = SW_OBJECT_SEQUENCE;
        return true;
    case OBJECT_TYPE:
        facts->ddl.command = "ALTER TYPE";
        *kind = SW_OBJECT_SHARED;
        return true;
    default:
        sw_facts_refuse(facts, "ALTER of a view or foreign table",
                        "shardward does not look into views and foreign tables.");
        return false;
    }
}

void sw_ddl_alter_table(struct sw_facts *facts, const Node *node)
{
    const AlterTableStmt *alter = (const AlterTableStmt *)node;
    enum sw_object_kind kind;
    int object;

    if (!find_altered(facts, alter, &kind))
        return;
    facts->ddl.if_exists = alter->missing_ok;
    object = sw_ddl_add_range(facts, kind, SW_OBJECT_CHANGED, alter->relation);
    for (int i = 0; i < list_length(alter->cmds); i++) {
        const AlterTableCmd *command = list_nth(alter->cmds, i);
        size_t subtype = IsA(command, AlterTableCmd) ? (size_t)command->subtype : SIZE_MAX;

        if (subtype < lengthof(alterations) && alterations[subtype] != NULL)
            alterations[subtype](facts, object, command);
        else
            sw_facts_refuse(facts, "this form of ALTER TABLE", NULL);
    }
}

/* --- CREATE INDEX --- */

static void describe_unique_index(struct sw_facts *facts, int object, const IndexStmt *create)
{
    int size = list_length(create->indexParams), count = 0;
    const char **columns = sw_arena_alloc(facts->arena, (size_t)size * sizeof *columns);

    for (int i = 0; i < size; i++) {
        const IndexElem *element = list_nth(create->indexParams, i);

        if (element->name != NULL)
            columns[count++] = sw_facts_text(facts, element->name);
    }
    add_unique(facts, object, columns, count);
}

/* The index comes to lie in the schema of its table. */
void sw_ddl_create_index(struct sw_facts *facts, const Node *node)
{
    const IndexStmt *create = (const IndexStmt *)node;
    int object = sw_ddl_add_range(facts, SW_OBJECT_TABLE, SW_OBJECT_CHANGED, create->relation);

    facts->ddl.is_outside = create->concurrent;
    facts->ddl.index_name = sw_facts_text(facts, create->idxname);
    sw_walk_list(facts, create->indexParams);
    sw_walk(facts, create->whereClause);
    if (create->unique)
        describe_unique_index(facts, object, create);
}
