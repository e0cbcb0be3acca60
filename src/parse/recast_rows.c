/*
 * Rows that need no more than ORDER BY, LIMIT and DISTINCT.
 *
 * Gathered are the client's columns, and behind them what DISTINCT ON compares, then what ORDER
 * BY does. Of a set operation, whose ORDER BY names its columns only, those are taken from
 * around it:
 *
 *      SELECT q.*, q.c2 FROM (SELECT ... UNION ALL SELECT ...) q(c1, c2) ORDER BY q.c2
 */
#include "function_names.h"
#include "recasting.h"
#include "slots.h"

#include <stdio.h>
#include <string.h>

/* --- the client's columns --- */

static bool is_star(const ResTarget *target)
{
    return IsA(target->val, ColumnRef) &&
           IsA(llast(((const ColumnRef *)target->val)->fields), A_Star);
}

static bool is_composite_star(const ResTarget *target)
{
    return IsA(target->val, A_Indirection) &&
           IsA(llast(((const A_Indirection *)target->val)->indirection), A_Star);
}

/* `t.*` gives column @name of t. */
static Node *column_of_star(const ResTarget *star, const char *name)
{
    ColumnRef *ref = (ColumnRef *)copyObjectImpl(star->val);

    llast(ref->fields) = makeString(pstrdup(name));
    return (Node *)ref;
}

static Node *refuse_output(struct sw_recasting *recasting)
{
    sw_recast_refuse(recasting, "ORDER BY of a column among several *",
                     "Write out the columns.");
    return NULL;
}

Node *sw_recast_output(struct sw_recasting *recasting, int position)
{
    const List *targets = recasting->select->targetList;
    int hidden = recasting->gather == NULL ? 0 : recasting->gather->hidden_count;
    int count = list_length(targets) - hidden;
    int star = -1, width = recasting->source->column_count - count + 1;

    for (int i = 0; i < count; i++) {
        const ResTarget *target = list_nth(targets, i);

        if (is_composite_star(target) || (is_star(target) && star >= 0))
            return refuse_output(recasting);
        if (is_star(target))
            star = i;
    }
    if (star >= 0 && position > star + width)
        position -= width - 1;
    else if (star >= 0 && position > star)
        return column_of_star(list_nth(targets, star), recasting->source->names[position - 1]);
    if (position > count)
        return refuse_output(recasting);
    return copyObjectImpl(list_nth_node(ResTarget, targets, position - 1)->val);
}

/* PostgreSQL takes the first of several columns of one name if they are all the same. */
static int output_named(const struct sw_recasting *recasting, const char *name)
{
    for (int i = 0; i < recasting->source->column_count; i++)
        if (strcmp(recasting->source->names[i], name) == 0)
            return i + 1;
    return 0;
}

int sw_recast_output_of(struct sw_recasting *recasting, const Node *item)
{
    const ColumnRef *ref = (const ColumnRef *)item;

    if (IsA(item, A_Const) && !((const A_Const *)item)->isnull &&
        IsA(&((const A_Const *)item)->val, Integer))
        return intVal(&((const A_Const *)item)->val);
    if (IsA(item, ColumnRef) && list_length(ref->fields) == 1 &&
        IsA(linitial(ref->fields), String))
        return output_named(recasting, strVal(linitial(ref->fields)));
    return 0;
}

/* --- what is hidden --- */

static void look_for_chance(void *owner, Node **slot)
{
    const FuncCall *call = (const FuncCall *)*slot;

    if (IsA(*slot, FuncCall) && sw_function_is_by_chance(strVal(llast(call->funcname))))
        *(bool *)owner = true;
    if (!*(bool *)owner && !sw_slots_each(*slot, look_for_chance, owner))
        *(bool *)owner = true; /* who knows */
}

/* Would the hidden copy have another value? */
static bool is_by_chance(Node *value)
{
    bool is = false;

    look_for_chance(&is, &value);
    return is;
}

static void look_for_variable(void *owner, Node **slot)
{
    bool *is_constant = owner;
    const FuncCall *call = (const FuncCall *)*slot;

    if (IsA(*slot, ColumnRef) || IsA(*slot, SubLink) ||
        (IsA(*slot, FuncCall) && sw_function_is_by_chance(strVal(llast(call->funcname)))))
        *is_constant = false;
    if (*is_constant && !sw_slots_each(*slot, look_for_variable, owner))
        *is_constant = false; /* who knows */
}

bool sw_recast_is_constant(Node *node)
{
    bool is_constant = true;

    look_for_variable(&is_constant, &node);
    return is_constant;
}

/* The expression that an item of ORDER BY or DISTINCT ON stands for. */
static Node *value_of(struct sw_recasting *recasting, Node *item)
{
    int output = sw_recast_output_of(recasting, item);
    Node *value = output > 0 ? sw_recast_output(recasting, output) : copyObjectImpl(item);

    if (value != NULL && is_by_chance(value))
        sw_recast_refuse(recasting, "ORDER BY of what differs each time",
                         "Sort by something else.");
    return value;
}

static void hide(struct sw_recasting *recasting, Node *value)
{
    SelectStmt *select = recasting->select;
    char name[24]; /* that ORDER BY cannot mean */

    if (value == NULL)
        return;
    (void)snprintf(name, sizeof name, "?hidden %d?", ++recasting->gather->hidden_count);
    select->targetList = lappend(select->targetList, sw_recast_target(value, name));
}

static struct sw_recast_key key_of(struct sw_recasting *recasting, const SortBy *sort)
{
    struct sw_recast_key key = {.is_descending = sort->sortby_dir == SORTBY_DESC};

    key.is_nulls_first = sort->sortby_nulls == SORTBY_NULLS_FIRST ||
                         (sort->sortby_nulls == SORTBY_NULLS_DEFAULT && key.is_descending);
    if (sort->sortby_dir == SORTBY_USING)
        sw_recast_refuse(recasting, "ORDER BY ... USING", "Write ASC or DESC.");
    return key;
}

static void add_keys(struct sw_recasting *recasting, const List *sorts)
{
    struct sw_recast_gather *gather = recasting->gather;
    struct sw_recast_key *keys =
        sw_arena_alloc(recasting->arena, ((size_t)list_length(sorts) + 1) * sizeof *keys);

    for (int i = 0; i < list_length(sorts); i++)
        keys[i] = key_of(recasting, list_nth(sorts, i));
    gather->keys = keys;
    gather->key_count = list_length(sorts);
}

/* --- LIMIT --- */

/* The library's numbers for LimitOption are not the server headers'. */
enum { LIMIT_COUNT = 1, LIMIT_WITH_TIES = 2 };

static struct sw_recast_count count_of(const Node *node)
{
    const A_Const *constant = (const A_Const *)node;

    if (node == NULL || (IsA(node, A_Const) && constant->isnull))
        return (struct sw_recast_count){.kind = SW_RECAST_COUNT_UNSAID};
    if (IsA(node, A_Const) && IsA(&constant->val, Integer))
        return (struct sw_recast_count){SW_RECAST_COUNT_CONSTANT, intVal(&constant->val)};
    if (IsA(node, ParamRef))
        return (struct sw_recast_count){SW_RECAST_COUNT_PARAMETER,
                                        ((const ParamRef *)node)->number};
    return (struct sw_recast_count){.kind = SW_RECAST_COUNT_ODD};
}

static void look_for_query(void *owner, Node **slot)
{
    if (IsA(*slot, SubLink) || !sw_slots_each(*slot, look_for_query, owner))
        *(bool *)owner = true;
}

static bool holds_query(Node *node)
{
    bool holds = false;

    if (node != NULL)
        look_for_query(&holds, &node);
    return holds;
}

static void drop_limit(SelectStmt *select)
{
    select->limitCount = select->limitOffset = NULL;
    select->limitOption = 0;
}

/* Whatever the sum, it is a bigint; NULL is no limit. */
static Node *sum_of(Node *a, Node *b)
{
    Node *sum = sw_recast_expression(
        "SELECT LEAST(0::pg_catalog.numeric OPERATOR(pg_catalog.+) 0::pg_catalog.numeric, "
        "9223372036854775807)::pg_catalog.int8");
    A_Expr *plus = linitial_node(A_Expr, castNode(MinMaxExpr, ((TypeCast *)sum)->arg)->args);

    ((TypeCast *)plus->lexpr)->arg = a;
    ((TypeCast *)plus->rexpr)->arg = b;
    return sum;
}

/* EXISTS asks for no more than one row. */
static void limit_to_one(struct sw_recasting *recasting)
{
    SelectStmt *select = recasting->select;

    if (recasting->source->is_exists && select->limitCount == NULL &&
        select->limitOffset == NULL) {
        select->limitCount = sw_recast_constant(1);
        select->limitOption = (LimitOption)LIMIT_COUNT;
    }
}

/* A shard need not give more rows than LIMIT and OFFSET together say. */
static void limit_gathered(struct sw_recasting *recasting)
{
    SelectStmt *select = recasting->select;
    struct sw_recast_gather *gather = recasting->gather;

    limit_to_one(recasting);
    gather->limit = count_of(select->limitCount);
    gather->offset = count_of(select->limitOffset);
    gather->has_to_finish = gather->has_to_finish ||
                            gather->limit.kind == SW_RECAST_COUNT_ODD ||
                            gather->offset.kind == SW_RECAST_COUNT_ODD ||
                            (int)select->limitOption == LIMIT_WITH_TIES;
    if (holds_query(select->limitCount) || holds_query(select->limitOffset))
        sw_recast_refuse(recasting, "a query in LIMIT", "Ask for the number beforehand.");
    if (gather->limit.kind == SW_RECAST_COUNT_UNSAID)
        drop_limit(select);
    else if (gather->offset.kind != SW_RECAST_COUNT_UNSAID)
        select->limitCount = sum_of(select->limitCount, select->limitOffset);
    select->limitOffset = NULL;
}

/* --- gather --- */

/* Put a set operation into FROM, so that its columns have names of ours. */
static void wrap_set_operation(struct sw_recasting *recasting)
{
    SelectStmt *inner = recasting->select;
    SelectStmt *outer = sw_recast_node(sizeof *outer, T_SelectStmt);
    RangeSubselect *from = sw_recast_node(sizeof *from, T_RangeSubselect);
    ColumnRef *star = (ColumnRef *)sw_recast_column_ref("q", "*");

    outer->sortClause = inner->sortClause;
    outer->limitCount = inner->limitCount;
    outer->limitOffset = inner->limitOffset;
    outer->limitOption = inner->limitOption;
    inner->sortClause = NIL;
    inner->limitCount = inner->limitOffset = NULL;
    inner->limitOption = 0;
    from->subquery = (Node *)inner;
    from->alias = sw_recast_node(sizeof *from->alias, T_Alias);
    from->alias->aliasname = pstrdup("q");
    for (int i = 1; i <= recasting->source->column_count; i++) {
        char name[16];

        (void)snprintf(name, sizeof name, "c%d", i);
        from->alias->colnames = lappend(from->alias->colnames, makeString(pstrdup(name)));
    }
    llast(star->fields) = sw_recast_node(sizeof(A_Star), T_A_Star);
    outer->targetList = lappend(NIL, sw_recast_target((Node *)star, NULL));
    outer->fromClause = lappend(NIL, from);
    recasting->select = outer;
}

static void sort_wrapped(struct sw_recasting *recasting)
{
    List *sorts = recasting->select->sortClause;

    for (int i = 0; i < list_length(sorts); i++) {
        SortBy *sort = list_nth(sorts, i);
        int output = sw_recast_output_of(recasting, sort->node);
        char name[16];

        (void)snprintf(name, sizeof name, "c%d", output);
        if (output < 1)
            sw_recast_refuse(recasting, "such an ORDER BY of a set operation", NULL);
        else
            sort->node = sw_recast_column_ref("q", name);
    }
}

static bool is_distinct_on(const SelectStmt *select)
{
    return select->distinctClause != NIL && linitial(select->distinctClause) != NULL;
}

static void hide_items(struct sw_recasting *recasting, const List *items)
{
    for (int i = 0; i < list_length(items); i++) {
        Node *item = list_nth(items, i);

        hide(recasting, value_of(recasting, IsA(item, SortBy) ? ((SortBy *)item)->node : item));
    }
}

void sw_recast_by_rows(struct sw_recasting *recasting)
{
    bool is_distinct = recasting->source->need != SW_RECAST_ROWS;
    bool is_wrapped = recasting->select->op != SETOP_NONE;
    List *on = !is_wrapped && is_distinct_on(recasting->select)
                   ? recasting->select->distinctClause
                   : NIL;
    SelectStmt *select;

    recasting->gather->is_visible = true;
    recasting->gather->has_to_finish = is_distinct;
    if (is_wrapped) {
        wrap_set_operation(recasting);
        sort_wrapped(recasting);
    }
    select = recasting->select;
    if (is_distinct && on == NIL) {
        select->sortClause = NIL;
        drop_limit(select);
        return;
    }
    if (is_distinct)
        hide_items(recasting, on);
    hide_items(recasting, select->sortClause);
    if (select->targetList == NIL) /* EXISTS (SELECT FROM ...) */
        hide(recasting, sw_recast_constant(1));
    add_keys(recasting, select->sortClause);
    if (is_distinct)
        drop_limit(select);
    else
        limit_gathered(recasting);
}

/* --- finish --- */

/* Of DISTINCT: ORDER BY has what is selected, and nothing else. */
static int output_equal_to(struct sw_recasting *recasting, Node *item)
{
    const List *targets = recasting->select->targetList;
    int output = sw_recast_output_of(recasting, item);

    for (int i = 0; i < list_length(targets) && output == 0; i++) {
        const ResTarget *target = list_nth(targets, i);

        if (is_star(target) || is_composite_star(target))
            break;
        if (equal(target->val, item))
            output = i + 1;
    }
    if (output == 0)
        sw_recast_refuse(recasting, "such an ORDER BY beside DISTINCT",
                         "Sort by the number of a column.");
    return output;
}

/* Which item of @sorts sorts by @value first? -1: none does. */
static int sorted_by(struct sw_recasting *recasting, const List *sorts, const Node *value)
{
    for (int k = 0; k < list_length(sorts) && value != NULL; k++)
        if (equal(value, value_of(recasting, list_nth_node(SortBy, sorts, k)->node)))
            return k;
    return -1;
}

/* The items of DISTINCT ON are those of ORDER BY, if it has them. */
static List *finish_distinct_on(struct sw_recasting *recasting, List *on, const List *sorts,
                                int first)
{
    List *items = NIL;

    for (int i = 0; i < list_length(on); i++) {
        int sort = sorted_by(recasting, sorts, value_of(recasting, list_nth(on, i)));

        items =
            lappend(items, sw_recast_gathered(first + (sort < 0 ? i : list_length(on) + sort)));
    }
    return items;
}

/* A column of the client's. What is constant has one value for all shards: where it is
 * finished. */
static Node *visible(const struct sw_recasting *recasting, int position)
{
    const SelectStmt *select = recasting->select;
    bool is_written_out = recasting->source->need != SW_RECAST_ROWS &&
                          select->op == SETOP_NONE &&
                          list_length(select->targetList) == recasting->source->column_count;
    Node *value =
        is_written_out ? list_nth_node(ResTarget, select->targetList, position - 1)->val : NULL;

    return value != NULL && !IsA(value, A_Const) && sw_recast_is_constant(value)
               ? copyObjectImpl(value)
               : sw_recast_gathered(position);
}

void sw_recast_finish_rows(struct sw_recasting *recasting)
{
    SelectStmt *select = recasting->select;
    SelectStmt *finish = sw_recast_node(sizeof *finish, T_SelectStmt);
    int count = recasting->source->column_count;
    bool is_distinct = recasting->source->need != SW_RECAST_ROWS;
    List *on = is_distinct && select->op == SETOP_NONE && is_distinct_on(select)
                   ? select->distinctClause
                   : NIL;

    for (int i = 1; i <= count; i++)
        finish->targetList =
            lappend(finish->targetList,
                    sw_recast_target(visible(recasting, i), recasting->source->names[i - 1]));
    finish->fromClause = sw_recast_rows(recasting);
    if (on != NIL)
        finish->distinctClause =
            finish_distinct_on(recasting, on, select->sortClause, count + 1);
    else if (is_distinct)
        finish->distinctClause = lappend(NIL, NULL);
    for (int i = 0; i < list_length(select->sortClause); i++) {
        SortBy *sort = copyObjectImpl(list_nth(select->sortClause, i));
        int column;

        /* PostgreSQL leaves out what comes again, and would not know that it does. */
        if (on != NIL &&
            sorted_by(recasting, select->sortClause, value_of(recasting, sort->node)) != i)
            continue;
        column = is_distinct && on == NIL ? output_equal_to(recasting, sort->node)
                                          : count + list_length(on) + i + 1;

        sort->node = column > count || column < 1 ? sw_recast_gathered(column)
                                                  : visible(recasting, column);
        finish->sortClause = lappend(finish->sortClause, sort);
    }
    finish->limitCount = select->limitCount;
    finish->limitOffset = select->limitOffset;
    finish->limitOption = select->limitOption;
    recasting->select = finish;
}
