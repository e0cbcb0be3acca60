/*
 * Groups, aggregates, windows, and DISTINCT beside them.
 *
 * If all aggregates can be computed in parts, each shard groups its rows, and the parts are put
 * together; else the columns that are needed are gathered row by row. What finishes is the
 * client's own statement then, but that gathered columns stand in the place of what they are:
 *
 *      SELECT lower(a), sum(b) + 1 FROM t GROUP BY lower(a) HAVING count(*) > 1
 *
 *      in parts   gather  SELECT lower(a), sum(b), count(*) FROM t GROUP BY 1
 *                 finish  SELECT r.c1, sum(r.c2)::int8 + 1 FROM ... r GROUP BY r.c1
 *                         HAVING COALESCE(sum(r.c3), 0)::int8 > 1
 *      by rows    gather  SELECT a, b FROM t
 *                 finish  SELECT lower(r.c1), sum(r.c2) + 1 FROM ... r GROUP BY lower(r.c1) ...
 *
 * A key without a column, such as now(), is computed where it is finished: there it is one
 * value. Columns that depend on the groups (those of a table whose primary key is grouped by)
 * are grouped by, too.
 */
#include "recasting.h"
#include "slots.h"

#include <string.h>

struct grouping {
    struct sw_recasting *recasting;
    List *keys;    /* expressions of GROUP BY; NIL with grouping sets */
    List *columns; /* expressions to be gathered */
    List *is_part; /* of each: is it part of an aggregate? (A_Const or NULL) */
    bool is_raw;
    bool is_in_aggregate, is_in_key; /* of what is replaced at the moment */
    List *dependents;                /* r.c<n>: columns to be grouped by besides */
};

/* --- what may stand there --- */

struct search {
    bool has_groups, has_query, has_odd_aggregate;
    int aggregates;
};

static void look(void *owner, Node **slot)
{
    struct search *search = owner;
    Node *parts[SW_RECAST_PARTS];

    if (IsA(*slot, SubLink))
        search->has_query = true;
    if (IsA(*slot, FuncCall) && ((FuncCall *)*slot)->over != NULL)
        search->has_groups = true;
    if (sw_recast_is_aggregate(*slot)) {
        search->has_groups = true;
        search->aggregates++;
        if (sw_recast_parts_of((FuncCall *)*slot, parts) == 0)
            search->has_odd_aggregate = true;
    }
    if (!sw_slots_each(*slot, look, owner))
        search->has_query = true; /* who knows */
}

static struct search search_of(const SelectStmt *select)
{
    Node *clauses[] = {(Node *)select->targetList,   (Node *)select->distinctClause,
                       (Node *)select->groupClause,  select->havingClause,
                       (Node *)select->windowClause, (Node *)select->sortClause,
                       select->limitCount,           select->limitOffset};
    struct search search = {.has_groups = select->groupClause != NIL ||
                                          select->havingClause != NULL ||
                                          select->windowClause != NIL};

    for (size_t i = 0; i < lengthof(clauses); i++)
        if (clauses[i] != NULL)
            look(&search, &clauses[i]);
    return search;
}

bool sw_recast_has_groups(const SelectStmt *select)
{
    return select->op == SETOP_NONE && search_of(select).has_groups;
}

/* --- names and positions in GROUP BY --- */

/* A column of the input by that name: then the input has one, whatever is known of it. */
static bool is_column_named(const Node *value, const char *name)
{
    const Node *last = IsA(value, ColumnRef) ? llast(((const ColumnRef *)value)->fields) : NULL;

    return last != NULL && IsA(last, String) && strcmp(strVal(last), name) == 0;
}

/* Input columns come first, then those of the output: PostgreSQL docs, SELECT, GROUP BY. */
static Node *key_of(struct sw_recasting *recasting, Node *item)
{
    int output = sw_recast_output_of(recasting, item);

    if (output == 0)
        return item;
    if (IsA(item, ColumnRef)) {
        const char *name = strVal(linitial(((ColumnRef *)item)->fields));
        const Node *value = sw_recast_output(recasting, output);
        int is_input = recasting->source->has_column(recasting->source->owner, name);

        if (is_input == 1 || (value != NULL && is_column_named(value, name)))
            return item;
        if (is_input < 0)
            sw_recast_refuse(recasting, "GROUP BY of what may be a column or an alias",
                             "Qualify the column, or write its number.");
    }
    item = sw_recast_output(recasting, output);
    if (item != NULL && IsA(item, A_Const))
        sw_recast_refuse(recasting, "GROUP BY of a constant", "Leave it out.");
    return item == NULL ? (Node *)makeInteger(0) : item;
}

static void resolve_key(void *owner, Node **slot)
{
    if (IsA(*slot, GroupingSet) || IsA(*slot, List))
        (void)sw_slots_each(*slot, resolve_key, owner);
    else
        *slot = key_of(owner, *slot);
}

/* --- what is gathered --- */

static int find_column(const struct grouping *grouping, const Node *value)
{
    for (int i = 0; i < list_length(grouping->columns); i++)
        if (equal(list_nth(grouping->columns, i), value))
            return i + 1;
    return 0;
}

static int column_of(struct grouping *grouping, const Node *value, bool is_part)
{
    int found = find_column(grouping, value);

    if (found > 0)
        return found;
    grouping->columns = lappend(grouping->columns, copyObjectImpl(value));
    grouping->is_part = lappend(grouping->is_part, is_part ? makeInteger(1) : NULL);
    return list_length(grouping->columns);
}

static bool is_key(const struct grouping *grouping, const Node *node)
{
    for (int i = 0; i < list_length(grouping->keys); i++)
        if (equal(list_nth(grouping->keys, i), node))
            return true;
    return false;
}

struct occurrence {
    const char *name;
    bool is_found;
};

static void look_for_name(void *owner, Node **slot)
{
    struct occurrence *search = owner;
    const ColumnRef *ref = (const ColumnRef *)*slot;

    if (IsA(*slot, ColumnRef) && IsA(llast(ref->fields), String) &&
        strcmp(strVal(llast(ref->fields)), search->name) == 0)
        search->is_found = true;
    (void)sw_slots_each(*slot, look_for_name, owner);
}

/* Is the column part of what is grouped by, in another expression that may mean the same? */
static bool occurs_in_key(const struct grouping *grouping, const ColumnRef *column)
{
    struct occurrence search = {.name = strVal(llast(column->fields))};

    for (int i = 0; i < list_length(grouping->keys); i++) {
        Node *key = list_nth(grouping->keys, i);

        if (!IsA(key, ColumnRef))
            look_for_name(&search, &key);
    }
    return search.is_found;
}

static void add_dependent(struct grouping *grouping, int column)
{
    Node *ref = sw_recast_gathered(column);

    for (int i = 0; i < list_length(grouping->dependents); i++)
        if (equal(list_nth(grouping->dependents, i), ref))
            return;
    grouping->dependents = lappend(grouping->dependents, ref);
}

static Node *replace_aggregate(struct grouping *grouping, const FuncCall *call)
{
    struct sw_recasting *recasting = grouping->recasting;
    Node *parts[SW_RECAST_PARTS];
    int columns[SW_RECAST_PARTS] = {0};
    int count = sw_recast_parts_of(call, parts);
    Node *whole;

    for (int i = 0; i < count; i++)
        columns[i] = column_of(grouping, parts[i], true);
    if (recasting->columns == NULL || columns[0] > recasting->column_count)
        return sw_recast_gathered(columns[0]);
    whole = sw_recast_whole_of(call, columns, recasting->columns[columns[0] - 1].type);
    recasting->needs_raw = recasting->needs_raw || whole == NULL;
    return whole == NULL ? sw_recast_gathered(columns[0]) : whole;
}

static void replace(void *owner, Node **slot)
{
    struct grouping *grouping = owner;
    struct grouping was = *grouping;
    bool is_known_key = is_key(grouping, *slot);

    if (!grouping->is_raw && is_known_key) {
        int column = column_of(grouping, *slot, false);

        if (!sw_recast_is_constant(*slot))
            *slot = sw_recast_gathered(column);
    } else if (!grouping->is_raw && sw_recast_is_aggregate(*slot)) {
        *slot = replace_aggregate(grouping, (FuncCall *)*slot);
    } else if (IsA(*slot, ColumnRef)) {
        int column = column_of(grouping, *slot, false);
        bool depends = !grouping->is_in_aggregate && !grouping->is_in_key && !is_known_key;

        if (depends && occurs_in_key(grouping, (const ColumnRef *)*slot))
            sw_recast_refuse(grouping->recasting,
                             "an expression that GROUP BY has in another form",
                             "Write it in the same words.");
        *slot = sw_recast_gathered(column);
        if (depends)
            add_dependent(grouping, column);
    } else {
        grouping->is_in_aggregate |= sw_recast_is_aggregate(*slot);
        grouping->is_in_key |= is_known_key;
        (void)sw_slots_each(*slot, replace, grouping);
        grouping->is_in_aggregate = was.is_in_aggregate;
        grouping->is_in_key = was.is_in_key;
    }
}

static void replace_clause(struct grouping *grouping, void *clause)
{
    Node *node = clause;

    if (node != NULL)
        replace(grouping, &node);
}

/* An item of ORDER BY or DISTINCT ON may name an output column, which keeps its name. */
static void replace_items(struct grouping *grouping, List *items)
{
    for (int i = 0; i < list_length(items); i++) {
        Node *item = list_nth(items, i);
        Node **slot = &item;

        if (item == NULL)
            continue;
        if (IsA(item, SortBy))
            slot = &((SortBy *)item)->node;
        if (sw_recast_output_of(grouping->recasting, *slot) == 0)
            replace(grouping, slot);
        list_nth_cell(items, i)->ptr_value = item;
    }
}

static bool has_grouping_sets(const List *groups)
{
    for (int i = 0; i < list_length(groups); i++)
        if (IsA(list_nth(groups, i), GroupingSet))
            return true;
    return false;
}

static bool has_star(const List *targets)
{
    for (int i = 0; i < list_length(targets); i++) {
        const Node *value = list_nth_node(ResTarget, targets, i)->val;

        if ((IsA(value, ColumnRef) && IsA(llast(((const ColumnRef *)value)->fields), A_Star)) ||
            (IsA(value, A_Indirection) &&
             IsA(llast(((const A_Indirection *)value)->indirection), A_Star)))
            return true;
    }
    return false;
}

static void name_outputs(struct sw_recasting *recasting)
{
    List *targets = recasting->select->targetList;

    for (int i = 0; i < list_length(targets) && i < recasting->source->column_count; i++)
        list_nth_node(ResTarget, targets, i)->name = pstrdup(recasting->source->names[i]);
}

static bool check(struct sw_recasting *recasting, const struct search *search)
{
    if (recasting->select->op != SETOP_NONE)
        sw_recast_refuse(recasting, "a set operation of this kind", NULL);
    if (search->has_query)
        sw_recast_refuse(recasting, "a subquery beside aggregates or windows",
                         "Ask for it in a statement of its own.");
    if (has_star(recasting->select->targetList))
        sw_recast_refuse(recasting, "* beside aggregates or windows", "Write out the columns.");
    return !recasting->is_refused;
}

/* Put gathered columns in the place of what they are, everywhere above FROM and WHERE. */
static void group(struct grouping *grouping)
{
    struct sw_recasting *recasting = grouping->recasting;
    SelectStmt *select = recasting->select;
    const struct search search = search_of(select);
    Node *groups = (Node *)select->groupClause;
    bool has_sets = has_grouping_sets(select->groupClause);

    if (!check(recasting, &search))
        return;
    if (groups != NULL)
        resolve_key(recasting, &groups);
    if (recasting->is_refused)
        return;
    grouping->keys = has_sets ? NIL : copyObjectImpl(select->groupClause);
    grouping->is_raw = recasting->is_raw || has_sets || search.has_odd_aggregate ||
                       (search.aggregates == 0 && select->groupClause == NIL);
    name_outputs(recasting);
    grouping->is_in_key = true;
    replace_clause(grouping, select->groupClause);
    grouping->is_in_key = has_sets || select->groupClause == NIL;
    replace_clause(grouping, select->targetList);
    if (select->havingClause != NULL)
        replace(grouping, &select->havingClause);
    replace_clause(grouping, select->windowClause);
    replace_items(grouping, select->distinctClause);
    replace_items(grouping, select->sortClause);
    if (grouping->columns == NIL)
        (void)column_of(grouping, sw_recast_expression("SELECT 1"), false);
}

/* --- the doors --- */

void sw_recast_by_groups(struct sw_recasting *recasting)
{
    struct grouping grouping = {.recasting = recasting};
    SelectStmt *select = recasting->select, *gather;

    group(&grouping);
    if (recasting->is_refused)
        return;
    gather = sw_recast_node(sizeof *gather, T_SelectStmt);
    gather->withClause = select->withClause;
    gather->fromClause = select->fromClause;
    gather->whereClause = select->whereClause;
    for (int i = 0; i < list_length(grouping.columns); i++) {
        gather->targetList =
            lappend(gather->targetList, sw_recast_target(list_nth(grouping.columns, i), NULL));
        if (!grouping.is_raw && list_nth(grouping.is_part, i) == NULL)
            gather->groupClause = lappend(gather->groupClause, sw_recast_constant(i + 1));
    }
    recasting->select = gather;
    recasting->gather->has_to_finish = true;
    recasting->gather->hidden_count = list_length(grouping.columns);
}

void sw_recast_finish_groups(struct sw_recasting *recasting)
{
    struct grouping grouping = {.recasting = recasting};
    SelectStmt *select = recasting->select;

    group(&grouping);
    if (recasting->is_refused || recasting->needs_raw)
        return;
    select->withClause = NULL;
    select->whereClause = NULL;
    select->fromClause = sw_recast_rows(recasting);
    for (int i = 0; i < list_length(grouping.dependents); i++)
        if (select->groupClause != NIL)
            select->groupClause =
                lappend(select->groupClause, list_nth(grouping.dependents, i));
}
