#include "walk.h"

#include "temporary.h"

#include "outlining.h"

#include <string.h>
#include <strings.h>

/* Measured: all levels together take below 768 KiB of stack, 2 MiB under AddressSanitizer. */
enum { DEEPEST = 2000 };

typedef void walk_fn(struct sw_facts *facts, const void *node);

bool sw_walk_enter(struct sw_facts *facts)
{
    if (facts->is_refused)
        return false;
    if (facts->depth == DEEPEST) {
        sw_facts_fail(facts, "54001", "stack depth limit exceeded");
        sw_error_hint(&facts->statement->refusal,
                      "The statement nests more than %d expressions.", (int)DEEPEST);
        return false;
    }
    facts->depth++;
    return true;
}

void sw_walk_leave(struct sw_facts *facts)
{
    facts->depth--;
}

bool sw_walk_name(const List *names, const char **schema, const char **name)
{
    int count = list_length(names);

    if (count < 1 || count > 2)
        return false;
    *schema = count == 2 ? strVal(linitial(names)) : NULL;
    if (*schema != NULL && strcmp(*schema, "pg_catalog") == 0)
        *schema = NULL;
    *name = strVal(llast(names));
    return true;
}

void sw_walk_list(struct sw_facts *facts, const List *list)
{
    for (int i = 0; i < list_length(list); i++)
        sw_walk(facts, list_nth(list, i));
}

static void check_operator(struct sw_facts *facts, const List *names)
{
    const char *schema, *name;

    if (names == NIL)
        return;
    if (!sw_walk_name(names, &schema, &name) || schema != NULL)
        sw_facts_refuse(facts, "an operator of a schema other than pg_catalog",
                        "Such an operator may hide tables; use one of pg_catalog.");
}

static void walk_leaf(struct sw_facts *facts, const void *node)
{
}

/* 'now' and its kin are the moment at which they are read, if they are a date or a time. */
static bool is_moment(const char *literal)
{
    static const char *const moments[] = {"now", "today", "tomorrow", "yesterday"};
    size_t len;

    literal += strspn(literal, " \t\n\r\f\v");
    len = strspn(literal, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    for (size_t i = 0; i < lengthof(moments); i++)
        if (len == strlen(moments[i]) && strncasecmp(literal, moments[i], len) == 0)
            return true;
    return false;
}

static void walk_constant(struct sw_facts *facts, const void *node)
{
    const A_Const *constant = node;

    if (!constant->isnull && IsA(&constant->val, String) && is_moment(strVal(&constant->val)))
        facts->names_moment = true;
}

static void walk_column_ref(struct sw_facts *facts, const void *node)
{
    sw_outliner_note_column(facts, node);
}

static void walk_list_node(struct sw_facts *facts, const void *node)
{
    sw_walk_list(facts, node);
}

static void walk_a_expr(struct sw_facts *facts, const void *node)
{
    const A_Expr *expr = node;

    check_operator(facts, expr->name);
    sw_walk(facts, expr->lexpr);
    sw_walk(facts, expr->rexpr);
}

static void walk_param_ref(struct sw_facts *facts, const void *node)
{
    sw_facts_use_parameter(facts, ((const ParamRef *)node)->number);
}

static void walk_function(struct sw_facts *facts, const void *node)
{
    sw_walk_function(facts, node);
}

static void walk_indices(struct sw_facts *facts, const void *node)
{
    sw_walk(facts, ((const A_Indices *)node)->lidx);
    sw_walk(facts, ((const A_Indices *)node)->uidx);
}

static void walk_indirection(struct sw_facts *facts, const void *node)
{
    sw_walk(facts, ((const A_Indirection *)node)->arg);
    sw_walk_list(facts, ((const A_Indirection *)node)->indirection);
}

static void walk_array(struct sw_facts *facts, const void *node)
{
    sw_walk_list(facts, ((const A_ArrayExpr *)node)->elements);
}

static void walk_target(struct sw_facts *facts, const void *node)
{
    sw_walk_list(facts, ((const ResTarget *)node)->indirection);
    sw_walk(facts, ((const ResTarget *)node)->val);
}

/* All columns of `(a, b) = (SELECT ...)` share one source. */
static void walk_multi_assign(struct sw_facts *facts, const void *node)
{
    const MultiAssignRef *ref = node;

    if (ref->colno == 1)
        sw_walk(facts, ref->source);
}

static void walk_type_cast(struct sw_facts *facts, const void *node)
{
    sw_walk(facts, ((const TypeCast *)node)->arg);
    sw_walk_type(facts, ((const TypeCast *)node)->typeName);
}

static void walk_collate(struct sw_facts *facts, const void *node)
{
    sw_walk(facts, ((const CollateClause *)node)->arg);
}

static void walk_sort_by(struct sw_facts *facts, const void *node)
{
    check_operator(facts, ((const SortBy *)node)->useOp);
    sw_walk(facts, ((const SortBy *)node)->node);
}

static void walk_window(struct sw_facts *facts, const void *node)
{
    const WindowDef *window = node;

    sw_walk_list(facts, window->partitionClause);
    sw_walk_list(facts, window->orderClause);
    sw_walk(facts, window->startOffset);
    sw_walk(facts, window->endOffset);
}

static void walk_sublink(struct sw_facts *facts, const void *node)
{
    const SubLink *link = node;

    check_operator(facts, link->operName);
    sw_walk(facts, link->testexpr);
    sw_walk_query(facts, link->subselect);
    sw_outliner_note_link(facts, link, sw_outliner_last_query(facts));
}

static void walk_case(struct sw_facts *facts, const void *node)
{
    const CaseExpr *expr = node;

    sw_walk(facts, expr->arg);
    sw_walk_list(facts, expr->args);
    sw_walk(facts, expr->defresult);
}

static void walk_case_when(struct sw_facts *facts, const void *node)
{
    sw_walk(facts, ((const CaseWhen *)node)->expr);
    sw_walk(facts, ((const CaseWhen *)node)->result);
}

static void walk_coalesce(struct sw_facts *facts, const void *node)
{
    sw_walk_list(facts, ((const CoalesceExpr *)node)->args);
}

static void walk_min_max(struct sw_facts *facts, const void *node)
{
    sw_walk_list(facts, ((const MinMaxExpr *)node)->args);
}

static void walk_value_function(struct sw_facts *facts, const void *node)
{
    SQLValueFunctionOp op = ((const SQLValueFunction *)node)->op;

    facts->names_moment = true;
    if (op == SVFOP_CURRENT_CATALOG)
        facts->statement->names_database = true;
    if (op == SVFOP_CURRENT_ROLE || op == SVFOP_CURRENT_USER || op == SVFOP_USER ||
        op == SVFOP_SESSION_USER)
        facts->statement->names_user = true;
}

static void walk_xml(struct sw_facts *facts, const void *node)
{
    sw_walk_list(facts, ((const XmlExpr *)node)->named_args);
    sw_walk_list(facts, ((const XmlExpr *)node)->args);
}

static void walk_xml_serialize(struct sw_facts *facts, const void *node)
{
    sw_walk(facts, ((const XmlSerialize *)node)->expr);
    sw_walk_type(facts, ((const XmlSerialize *)node)->typeName);
}

static void walk_null_test(struct sw_facts *facts, const void *node)
{
    sw_walk(facts, ((const NullTest *)node)->arg);
}

static void walk_boolean_test(struct sw_facts *facts, const void *node)
{
    sw_walk(facts, ((const BooleanTest *)node)->arg);
}

static void walk_bool(struct sw_facts *facts, const void *node)
{
    sw_walk_list(facts, ((const BoolExpr *)node)->args);
}

static void walk_row(struct sw_facts *facts, const void *node)
{
    sw_walk_list(facts, ((const RowExpr *)node)->args);
}

static void walk_grouping(struct sw_facts *facts, const void *node)
{
    sw_walk_list(facts, ((const GroupingFunc *)node)->args);
}

static void walk_grouping_set(struct sw_facts *facts, const void *node)
{
    sw_walk_list(facts, ((const GroupingSet *)node)->content);
}

static void walk_named_arg(struct sw_facts *facts, const void *node)
{
    sw_walk(facts, ((const NamedArgExpr *)node)->arg);
}

static void walk_index_element(struct sw_facts *facts, const void *node)
{
    sw_walk(facts, ((const IndexElem *)node)->expr);
}

/* FOR UPDATE OF names aliases, not tables. */
static void walk_locking(struct sw_facts *facts, const void *node)
{
    facts->statement->locks_rows = true;
    facts->tables_seen += list_length(((const LockingClause *)node)->lockedRels);
}

static void walk_current_of(struct sw_facts *facts, const void *node)
{
    const char *name = ((const CurrentOfExpr *)node)->cursor_name;
    struct sw_statement *statement = facts->statement;

    if (statement->cursor != NULL && strcmp(statement->cursor, name) != 0)
        sw_facts_refuse(facts, "WHERE CURRENT OF several cursors",
                        "Change the row of each cursor in a statement of its own.");
    statement->cursor = sw_facts_text(facts, name);
    sw_facts_level(facts, facts->level)->is_at_cursor = true;
}

static walk_fn *const walkers[] = {
    [T_A_ArrayExpr] = walk_array,
    [T_A_Const] = walk_constant,
    [T_A_Expr] = walk_a_expr,
    [T_A_Indices] = walk_indices,
    [T_A_Indirection] = walk_indirection,
    [T_A_Star] = walk_leaf,
    [T_BoolExpr] = walk_bool,
    [T_BooleanTest] = walk_boolean_test,
    [T_CaseExpr] = walk_case,
    [T_CaseWhen] = walk_case_when,
    [T_CoalesceExpr] = walk_coalesce,
    [T_CollateClause] = walk_collate,
    [T_ColumnRef] = walk_column_ref,
    [T_CurrentOfExpr] = walk_current_of,
    [T_FuncCall] = walk_function,
    [T_GroupingFunc] = walk_grouping,
    [T_GroupingSet] = walk_grouping_set,
    [T_IndexElem] = walk_index_element,
    [T_List] = walk_list_node,
    [T_LockingClause] = walk_locking,
    [T_MinMaxExpr] = walk_min_max,
    [T_MultiAssignRef] = walk_multi_assign,
    [T_NamedArgExpr] = walk_named_arg,
    [T_NullTest] = walk_null_test,
    [T_ParamRef] = walk_param_ref,
    [T_ResTarget] = walk_target,
    [T_RowExpr] = walk_row,
    [T_SQLValueFunction] = walk_value_function,
    [T_SetToDefault] = walk_leaf,
    [T_SortBy] = walk_sort_by,
    [T_String] = walk_leaf,
    [T_SubLink] = walk_sublink,
    [T_TypeCast] = walk_type_cast,
    [T_WindowDef] = walk_window,
    [T_XmlExpr] = walk_xml,
    [T_XmlSerialize] = walk_xml_serialize,
};

void sw_walk(struct sw_facts *facts, const void *node)
{
    size_t tag;

    if (node == NULL || !sw_walk_enter(facts))
        return;
    tag = (size_t)nodeTag(node);
    if (tag < lengthof(walkers) && walkers[tag] != NULL)
        walkers[tag](facts, node);
    else
        sw_facts_refuse(facts, "an expression of this kind", NULL);
    sw_walk_leave(facts);
}

/* Types whose input looks a name up in the catalog. */
static const char *const catalog_types[] = {
    "regclass",    "regcollation", "regconfig",    "regdictionary", "regnamespace", "regoper",
    "regoperator", "regproc",      "regprocedure", "regrole",       "regtype",
};

void sw_walk_type(struct sw_facts *facts, const TypeName *type)
{
    const char *name;

    if (type == NULL)
        return;
    sw_walk_list(facts, type->typmods);
    if (type->pct_type || type->names == NIL) {
        sw_facts_refuse(facts, "%TYPE", NULL);
        return;
    }
    name = strVal(llast(type->names));
    if (list_length(type->names) == 1 || sw_temporary_is_schema(strVal(linitial(type->names))))
        *(const char **)sw_facts_add(facts, &facts->types, sizeof name) =
            sw_facts_text(facts, name);
    for (size_t i = 0; i < lengthof(catalog_types); i++)
        if (strcmp(name, catalog_types[i]) == 0)
            facts->statement->reads_catalog = facts->names_moment = true;
}
