/*
 * Tables that are pulled: their rows themselves are gathered, and stand in the place of the
 * table when the statement is finished.
 *
 *      SELECT a FROM t x LEFT JOIN u ON u.b = x.b AND u.c = 1 WHERE x.d > 2 AND u.e IS NULL
 *
 *      gather  SELECT a, b, d FROM t x WHERE x.d > 2
 *              SELECT b, c, e FROM u WHERE u.c = 1
 *
 * A condition may go along if rows that do not fulfil it have no part in the answer: one of
 * WHERE, or of the ON of an inner join, where no outer join puts NULLs in their place; one of
 * the ON of an outer join on the side that it does not keep. And it must not be able to fail,
 * nor to mean another column here than there.
 */
#include "recasting.h"

#include "slots.h"

#include <string.h>

struct pull {
    struct sw_recasting *recasting;
    const RangeVar *table;
    bool is_found, is_unclear; /* unqualified names may mean what NATURAL has merged */
    List *conditions;
};

/* --- conditions --- */

static bool is_wanted(const struct sw_recasting *recasting, const char *name)
{
    for (int i = 0; i < recasting->source->column_count; i++)
        if (strcmp(recasting->source->names[i], name) == 0)
            return true;
    return false;
}

static bool is_merged(const struct sw_recasting *recasting, const char *name)
{
    for (int i = 0; i < recasting->source->merged_count; i++)
        if (strcmp(recasting->source->merged[i], name) == 0)
            return true;
    return false;
}

static const char *called(const RangeVar *table)
{
    return table->alias != NULL ? table->alias->aliasname : table->relname;
}

static bool is_own_column(const struct pull *pull, const ColumnRef *ref)
{
    const Node *last = llast(ref->fields), *first = linitial(ref->fields);

    if (!IsA(last, String) || !IsA(first, String) || !is_wanted(pull->recasting, strVal(last)))
        return false;
    if (list_length(ref->fields) == 1)
        return !pull->is_unclear && !is_merged(pull->recasting, strVal(last));
    return list_length(ref->fields) == 2 && strcmp(strVal(first), called(pull->table)) == 0;
}

static bool compares(const A_Expr *expr)
{
    static const char *const operators[] = {"=", "<>", "!=", "<", "<=", ">", ">="};

    if (expr->kind != AEXPR_OP && expr->kind != AEXPR_OP_ANY && expr->kind != AEXPR_OP_ALL)
        return expr->kind == AEXPR_IN || expr->kind == AEXPR_DISTINCT ||
               expr->kind == AEXPR_NOT_DISTINCT ||
               (expr->kind >= AEXPR_BETWEEN && expr->kind <= AEXPR_NOT_BETWEEN_SYM);
    for (size_t i = 0; i < lengthof(operators); i++)
        if (list_length(expr->name) == 1 &&
            strcmp(strVal(linitial(expr->name)), operators[i]) == 0)
            return expr->lexpr != NULL;
    return false;
}

struct check {
    const struct pull *pull;
    bool is_safe;
};

/* Stands it for itself, whatever is in it? */
static bool is_value(const struct pull *pull, const Node *node, bool *is_safe)
{
    const Node *cast = IsA(node, TypeCast) ? ((const TypeCast *)node)->arg : node;

    if (IsA(node, ColumnRef))
        *is_safe = *is_safe && is_own_column(pull, (const ColumnRef *)node);
    return IsA(node, ColumnRef) || IsA(cast, A_Const) || IsA(cast, ParamRef);
}

/* Comparisons of the table's columns with what is known before: they do not fail. */
static void check(void *owner, Node **slot)
{
    struct check *checked = owner;
    const Node *node = *slot;

    if (is_value(checked->pull, node, &checked->is_safe))
        return;
    if (IsA(node, A_Expr))
        checked->is_safe = checked->is_safe && compares((const A_Expr *)node);
    else if (!IsA(node, BoolExpr) && !IsA(node, BooleanTest) && !IsA(node, List) &&
             !IsA(node, NullTest))
        checked->is_safe = false;
    if (checked->is_safe)
        (void)sw_slots_each(*slot, check, owner);
}

static List *safe_ones(const struct pull *pull, const List *conditions)
{
    List *safe = NIL;

    for (int i = 0; i < list_length(conditions); i++) {
        Node *condition = list_nth(conditions, i);
        struct check search = {pull, true};

        check(&search, &condition);
        if (search.is_safe)
            safe = lappend(safe, copyObjectImpl(condition));
    }
    return safe;
}

static List *conjuncts_of(Node *condition, List *list)
{
    const BoolExpr *tree = (const BoolExpr *)condition;

    if (condition == NULL)
        return list;
    if (!IsA(condition, BoolExpr) || tree->boolop != AND_EXPR)
        return lappend(list, condition);
    for (int i = 0; i < list_length(tree->args); i++)
        list = conjuncts_of(list_nth(tree->args, i), list);
    return list;
}

static List *both(const List *some, const List *others)
{
    List *all = NIL;

    for (int i = 0; i < list_length(some); i++)
        all = lappend(all, list_nth(some, i));
    for (int i = 0; i < list_length(others); i++)
        all = lappend(all, list_nth(others, i));
    return all;
}

/* Find the table in @item; @conditions hold for whatever rows of that count. */
static void find(struct pull *pull, const Node *item, List *conditions)
{
    const JoinExpr *join = (const JoinExpr *)item;
    List *own;

    if (item == (const Node *)pull->table) {
        pull->is_found = true;
        pull->conditions = conditions;
    }
    if (!IsA(item, JoinExpr))
        return;
    own = conjuncts_of(join->quals, NIL);
    pull->is_unclear = pull->is_unclear || join->isNatural;
    if (join->alias != NULL)
        conditions = NIL; /* names mean something else there */
    if (join->jointype == JOIN_INNER)
        own = conditions = both(conditions, own);
    else if (join->jointype == JOIN_FULL)
        own = conditions = NIL;
    find(pull, join->larg, join->jointype == JOIN_RIGHT ? own : conditions);
    find(pull, join->rarg, join->jointype == JOIN_LEFT ? own : conditions);
}

static bool find_anywhere(struct pull *pull, const struct sw_recast_tree *tree)
{
    for (int i = 0; i < tree->query_count && !pull->is_found; i++) {
        const SelectStmt *select = tree->queries[i];
        List *where = conjuncts_of(select->whereClause, NIL);

        pull->is_unclear = false;
        for (int k = 0; k < list_length(select->fromClause); k++)
            find(pull, list_nth(select->fromClause, k), where);
    }
    return pull->is_found;
}

/* --- gather --- */

static Node *conjunction_of(List *conditions)
{
    BoolExpr *all;

    if (list_length(conditions) < 2)
        return conditions == NIL ? NULL : linitial(conditions);
    all = sw_recast_node(sizeof *all, T_BoolExpr);
    all->boolop = AND_EXPR;
    all->args = conditions;
    return (Node *)all;
}

static List *all_columns(void)
{
    ColumnRef *star = (ColumnRef *)sw_recast_column_ref(NULL, "*");

    llast(star->fields) = sw_recast_node(sizeof(A_Star), T_A_Star);
    return lappend(NIL, sw_recast_target((Node *)star, NULL));
}

static List *wanted_columns(const struct sw_recasting *recasting)
{
    List *targets = NIL;

    for (int i = 0; i < recasting->source->column_count; i++)
        targets = lappend(
            targets,
            sw_recast_target(sw_recast_column_ref(NULL, recasting->source->names[i]), NULL));
    if (targets == NIL)
        targets = lappend(targets, sw_recast_target(sw_recast_constant(1), NULL));
    return targets;
}

static const RangeVar *table_of(struct sw_recasting *recasting,
                                const struct sw_recast_tree *tree)
{
    int relation = recasting->source->relation;
    const RangeVar *table = relation < tree->table_count ? tree->tables[relation] : NULL;

    if (table == NULL)
        sw_recast_refuse(recasting, "a statement of this kind", NULL);
    return table;
}

bool sw_recast_pull(struct sw_recasting *recasting, const struct sw_recast_tree *tree,
                    bool is_whole)
{
    struct pull pull = {.recasting = recasting, .table = table_of(recasting, tree)};
    SelectStmt *select;

    if (pull.table == NULL)
        return false;
    select = sw_recast_node(sizeof *select, T_SelectStmt);
    select->fromClause = lappend(NIL, copyObjectImpl(pull.table));
    select->targetList = is_whole ? all_columns() : wanted_columns(recasting);
    if (!is_whole && find_anywhere(&pull, tree))
        select->whereClause = conjunction_of(safe_ones(&pull, pull.conditions));
    if (!is_whole) {
        recasting->gather->hidden_count = list_length(select->targetList);
        recasting->gather->has_to_finish = true;
    }
    recasting->select = select;
    return true;
}

/* --- finish --- */

/* What was gathered, under the names of the table. */
static Node *rows_of(struct sw_recasting *recasting, const RangeVar *table)
{
    List *rows = sw_recast_rows(recasting);
    RangeSubselect *item;
    List *targets;

    if (rows == NIL)
        return NULL;
    item = linitial_node(RangeSubselect, rows);
    item->alias->aliasname = pstrdup(called(table));
    targets = castNode(SelectStmt, item->subquery)->targetList;
    for (int i = 0; i < list_length(targets); i++)
        list_nth_node(ResTarget, targets, i)->name = pstrdup(
            i < recasting->source->column_count ? recasting->source->names[i] : "?column?");
    return (Node *)item;
}

static bool replace(Node **slot, const RangeVar *table, Node *rows)
{
    JoinExpr *join = (JoinExpr *)*slot;

    if (*slot == (const Node *)table) {
        *slot = rows;
        return true;
    }
    return IsA(*slot, JoinExpr) &&
           (replace(&join->larg, table, rows) || replace(&join->rarg, table, rows));
}

static bool replace_anywhere(const struct sw_recast_tree *tree, const RangeVar *table,
                             Node *rows)
{
    for (int i = 0; i < tree->query_count; i++) {
        List *items = tree->queries[i]->fromClause;

        for (int k = 0; k < list_length(items); k++)
            if (replace((Node **)&items->elements[k].ptr_value, table, rows))
                return true;
    }
    return false;
}

/* --- GROUP BY --- */

/* Does @node name that column of the table? */
static bool names(const struct pull *pull, const Node *node, const char *column)
{
    const ColumnRef *ref = (const ColumnRef *)node;

    return IsA(node, ColumnRef) && is_own_column(pull, ref) &&
           strcmp(strVal(llast(ref->fields)), column) == 0;
}

/* What an item of GROUP BY stands for, if that is plain. */
static const Node *grouped_by(const SelectStmt *select, const Node *item)
{
    const List *targets = select->targetList;
    int position = IsA(item, A_Const) && IsA(&((const A_Const *)item)->val, Integer)
                       ? intVal(&((const A_Const *)item)->val)
                       : 0;

    for (int i = 0; i < position && i < list_length(targets); i++) {
        const Node *value = list_nth_node(ResTarget, targets, i)->val;

        if (IsA(value, ColumnRef) && IsA(llast(((const ColumnRef *)value)->fields), A_Star))
            break;
        if (i == position - 1)
            return value;
    }
    return item;
}

static bool is_grouped_by(const struct pull *pull, const SelectStmt *select, const char *column)
{
    for (int i = 0; i < list_length(select->groupClause); i++)
        if (names(pull, grouped_by(select, list_nth(select->groupClause, i)), column))
            return true;
    return false;
}

/* With the primary key, GROUP BY has all columns of its table; behind arrays nobody knows. */
static void group_dependents(struct pull *pull, SelectStmt *select)
{
    const struct sw_recast_source *source = pull->recasting->source;
    List *more = NIL;

    for (int i = 0; i < source->primary_count; i++)
        if (!is_grouped_by(pull, select, source->primary_key[i]))
            return;
    for (int i = 0; i < source->column_count; i++)
        if (!is_grouped_by(pull, select, source->names[i]))
            more = lappend(more, sw_recast_column_ref(called(pull->table), source->names[i]));
    select->groupClause = both(select->groupClause, more);
}

static bool is_in(const Node *item, const RangeVar *table)
{
    const JoinExpr *join = (const JoinExpr *)item;

    return item == (const Node *)table ||
           (IsA(item, JoinExpr) && join->alias == NULL && !join->isNatural &&
            (is_in(join->larg, table) || is_in(join->rarg, table)));
}

static void group_by_dependents(struct pull *pull, const struct sw_recast_tree *tree)
{
    for (int i = 0; i < tree->query_count && pull->recasting->source->primary_count > 0; i++) {
        SelectStmt *select = tree->queries[i];

        for (int k = 0; k < list_length(select->fromClause); k++)
            if (select->groupClause != NIL &&
                is_in(list_nth(select->fromClause, k), pull->table))
                group_dependents(pull, select);
    }
}

void sw_recast_finish_table(struct sw_recasting *recasting, const struct sw_recast_tree *tree)
{
    const RangeVar *table = table_of(recasting, tree);
    struct pull pull = {.recasting = recasting, .table = table};
    Node *rows = table == NULL ? NULL : rows_of(recasting, table);

    if (rows != NULL)
        group_by_dependents(&pull, tree);
    if (rows != NULL && !replace_anywhere(tree, table, rows))
        sw_recast_refuse(recasting, "a statement of this kind", NULL);
}
