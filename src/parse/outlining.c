#include "outlining.h"

#include "from.h"
#include "function_names.h"
#include "slots.h"
#include "walk.h"

#include "shardward/base/text.h"

#include <string.h>

/* What is found out about a level before its query is complete. */
struct mark {
    bool is_aggregated;
    struct sw_facts_list windows; /* struct sw_outline_window */
};

void sw_outliner_init(struct sw_outliner *outliner)
{
    *outliner = (struct sw_outliner){.last_query = -1, .last_join = -1};
}

int sw_outliner_last_query(const struct sw_facts *facts)
{
    return facts->outliner == NULL ? -1 : facts->outliner->last_query;
}

int sw_outliner_last_join(const struct sw_facts *facts)
{
    return facts->outliner == NULL ? -1 : facts->outliner->last_join;
}

void sw_outliner_go_back(struct sw_facts *facts, int join)
{
    if (facts->outliner != NULL)
        facts->outliner->last_join = join;
}

static struct mark *mark_of(struct sw_facts *facts, int level)
{
    struct sw_facts_list *marks = &facts->outliner->marks;

    while (marks->count <= level)
        (void)sw_facts_add(facts, marks, sizeof(struct mark));
    return (struct mark *)marks->items + level;
}

static const void *kept(struct sw_facts *facts, const struct sw_facts_list *list, size_t size)
{
    void *items = sw_arena_alloc(facts->arena, ((size_t)list->count + 1) * size);

    return list->count == 0 ? items : memcpy(items, list->items, (size_t)list->count * size);
}

/* The plain columns among @items, and of positions those of @outputs. */
static const struct sw_column *columns_of(struct sw_facts *facts, const List *items,
                                          const struct sw_outline_output *outputs,
                                          int output_count, int *count)
{
    struct sw_facts_list found = {0};
    struct sw_column column;

    for (int i = 0; i < list_length(items); i++) {
        const Node *item = list_nth(items, i);
        bool is_known =
            IsA(item, ColumnRef) &&
            sw_from_resolve(facts, (const ColumnRef *)item, facts->relations.count, &column);

        if (IsA(item, A_Const) && !((const A_Const *)item)->isnull &&
            IsA(&((const A_Const *)item)->val, Integer)) {
            int position = intVal(&((const A_Const *)item)->val);

            is_known =
                position >= 1 && position <= output_count && outputs[position - 1].is_column;
            for (int k = 0; k < position && is_known; k++)
                is_known = !outputs[k].is_star;
            if (is_known)
                column = outputs[position - 1].column;
        }
        if (is_known)
            *(struct sw_column *)sw_facts_add(facts, &found, sizeof column) = column;
    }
    *count = found.count;
    return kept(facts, &found, sizeof column);
}

static const char *last_name(const List *fields)
{
    const Node *last = llast(fields);

    return IsA(last, String) ? strVal(last) : NULL;
}

static const struct sw_outline_output *outputs_of(struct sw_facts *facts, const List *targets,
                                                  int *count)
{
    struct sw_outline_output *outputs =
        sw_arena_alloc(facts->arena, ((size_t)list_length(targets) + 1) * sizeof *outputs);

    for (int i = 0; i < list_length(targets); i++) {
        const ResTarget *target = list_nth(targets, i);
        struct sw_outline_output *output = &outputs[i];

        *output = (struct sw_outline_output){.name = sw_facts_text(facts, target->name)};
        if (target->val == NULL || !IsA(target->val, ColumnRef))
            continue;
        output->is_star = IsA(llast(((const ColumnRef *)target->val)->fields), A_Star);
        output->is_column =
            !output->is_star && sw_from_resolve(facts, (const ColumnRef *)target->val,
                                                facts->relations.count, &output->column);
        if (output->name == NULL && !output->is_star)
            output->name =
                sw_facts_text(facts, last_name(((const ColumnRef *)target->val)->fields));
    }
    *count = list_length(targets);
    return outputs;
}

static bool has_grouping_sets(const List *groups)
{
    for (int i = 0; i < list_length(groups); i++)
        if (IsA(list_nth(groups, i), GroupingSet))
            return true;
    return false;
}

static void note_window(struct sw_facts *facts, const WindowDef *window)
{
    struct sw_outline_window *noted;
    const struct sw_column *columns;
    int count;

    if (window->refname != NULL)
        return; /* partitioned as that one is */
    columns = columns_of(facts, window->partitionClause, NULL, 0, &count);
    noted = sw_facts_add(facts, &mark_of(facts, facts->level)->windows, sizeof *noted);
    *noted = (struct sw_outline_window){columns, count};
}

static bool is_limited(const SelectStmt *select)
{
    return select->limitCount != NULL || select->limitOffset != NULL ||
           select->sortClause != NIL;
}

static void add_query(struct sw_facts *facts, const SelectStmt *select,
                      const struct sw_outline_query *query)
{
    struct sw_outliner *outliner = facts->outliner;

    *(struct sw_outline_query *)sw_facts_add(facts, &outliner->queries, sizeof *query) = *query;
    *(const SelectStmt **)sw_facts_add(facts, &outliner->nodes, sizeof(void *)) = select;
    outliner->last_query = outliner->queries.count - 1;
}

void sw_outliner_note_select(struct sw_facts *facts, const SelectStmt *select, int root)
{
    struct sw_outline_query query = {
        .kind = select->valuesLists != NIL ? SW_OUTLINE_VALUES : SW_OUTLINE_SELECT,
        .left = -1,
        .right = -1,
        .level = facts->level,
        .from = root,
        .is_grouped = select->groupClause != NIL,
        .has_grouping_sets = has_grouping_sets(select->groupClause),
        .is_distinct = select->distinctClause != NIL,
        .is_distinct_on =
            select->distinctClause != NIL && linitial(select->distinctClause) != NULL,
        .has_surroundings = facts->scope != NULL && facts->scope->outer != NULL,
        .is_limited = is_limited(select),
    };
    const struct mark *mark;

    if (facts->outliner == NULL)
        return;
    for (int i = 0; i < list_length(select->windowClause); i++)
        note_window(facts, list_nth(select->windowClause, i));
    query.outputs = outputs_of(facts, select->targetList, &query.output_count);
    query.groups = columns_of(facts, select->groupClause, query.outputs, query.output_count,
                              &query.group_count);
    mark = mark_of(facts, facts->level);
    query.is_aggregated = mark->is_aggregated || select->havingClause != NULL;
    query.windows = kept(facts, &mark->windows, sizeof *query.windows);
    query.window_count = mark->windows.count;
    add_query(facts, select, &query);
}

void sw_outliner_note_set_operation(struct sw_facts *facts, const SelectStmt *select, int left,
                                    int right)
{
    static const enum sw_outline_kind kinds[] = {
        [SETOP_UNION] = SW_OUTLINE_UNION,
        [SETOP_INTERSECT] = SW_OUTLINE_INTERSECT,
        [SETOP_EXCEPT] = SW_OUTLINE_EXCEPT,
    };
    const struct sw_outline_query query = {
        .kind = kinds[select->op],
        .is_all = select->all,
        .left = left,
        .right = right,
        .level = -1,
        .from = -1,
        .has_surroundings = facts->scope != NULL,
        .is_limited = is_limited(select),
    };

    if (facts->outliner != NULL)
        add_query(facts, select, &query);
}

void sw_outliner_note_table(struct sw_facts *facts, int relation, const RangeVar *table)
{
    struct sw_facts_list *tables;

    if (facts->outliner == NULL)
        return;
    tables = &facts->outliner->tables;
    while (tables->count <= relation)
        (void)sw_facts_add(facts, tables, sizeof(void *));
    ((const RangeVar **)tables->items)[relation] = table;
}

void sw_outliner_note_leaf(struct sw_facts *facts, int relation)
{
    struct sw_outline_join *leaf;

    if (facts->outliner == NULL)
        return;
    leaf = sw_facts_add(facts, &facts->outliner->joins, sizeof *leaf);
    *leaf = (struct sw_outline_join){SW_OUTLINE_LEAF, relation, -1, -1};
    facts->outliner->last_join = facts->outliner->joins.count - 1;
}

/* Of relations in between nothing is known. */
static struct sw_outline_derived *derived_of(struct sw_facts *facts, int relation)
{
    struct sw_facts_list *derived = &facts->outliner->derived;

    while (derived->count <= relation) {
        struct sw_outline_derived *item = sw_facts_add(facts, derived, sizeof *item);

        item->query = -1;
    }
    return (struct sw_outline_derived *)derived->items + relation;
}

static void name_columns(struct sw_facts *facts, const char **names, const List *list)
{
    for (int i = 0; i < list_length(list); i++)
        names[i] = sw_facts_text(facts, strVal(list_nth(list, i)));
}

void sw_outliner_note_derived(struct sw_facts *facts, int relation, int query,
                              const List *columns, const Alias *alias)
{
    const List *renamed = alias == NULL ? NIL : alias->colnames;
    int count = list_length(columns) > list_length(renamed) ? list_length(columns)
                                                            : list_length(renamed);
    struct sw_outline_derived *derived;
    const char **names;

    if (facts->outliner == NULL)
        return;
    derived = derived_of(facts, relation);
    names = sw_arena_alloc(facts->arena, ((size_t)count + 1) * sizeof *names);
    name_columns(facts, names, columns);
    name_columns(facts, names, renamed);
    *derived = (struct sw_outline_derived){query, names, count};
}

void sw_outliner_note_join(struct sw_facts *facts, JoinType type, int left, int right)
{
    struct sw_outline_join join = {SW_OUTLINE_FULL, -1, left, right};

    if (facts->outliner == NULL)
        return;
    if (type == JOIN_INNER)
        join.kind = SW_OUTLINE_INNER;
    else if (type == JOIN_LEFT)
        join.kind = SW_OUTLINE_LEFT;
    else if (type == JOIN_RIGHT)
        join.kind = SW_OUTLINE_RIGHT;
    *(struct sw_outline_join *)sw_facts_add(facts, &facts->outliner->joins, sizeof join) = join;
    facts->outliner->last_join = facts->outliner->joins.count - 1;
}

void sw_outliner_note_equality(struct sw_facts *facts, const struct sw_column *left,
                               const struct sw_column *right)
{
    if (facts->outliner != NULL)
        *(struct sw_outline_equality *)sw_facts_add(facts, &facts->outliner->equalities,
                                                    sizeof(struct sw_outline_equality)) =
            (struct sw_outline_equality){facts->scope->level, *left, *right};
}

void sw_outliner_note_full_join(struct sw_facts *facts, const Node *on, int names_to)
{
    const BoolExpr *tree = (const BoolExpr *)on;
    const A_Expr *expr = (const A_Expr *)on;
    struct sw_column left, right;

    if (facts->outliner == NULL || on == NULL)
        return;
    if (IsA(on, BoolExpr) && tree->boolop == AND_EXPR)
        for (int i = 0; i < list_length(tree->args); i++)
            sw_outliner_note_full_join(facts, list_nth(tree->args, i), names_to);
    if (!IsA(on, A_Expr) || expr->kind != AEXPR_OP || list_length(expr->name) != 1 ||
        strcmp(strVal(linitial(expr->name)), "=") != 0 || expr->lexpr == NULL ||
        !IsA(expr->lexpr, ColumnRef) || !IsA(expr->rexpr, ColumnRef))
        return;
    if (sw_from_resolve(facts, (const ColumnRef *)expr->lexpr, names_to, &left) &&
        sw_from_resolve(facts, (const ColumnRef *)expr->rexpr, names_to, &right))
        sw_outliner_note_equality(facts, &left, &right);
}

/* Looks for a column that is surely of the level at hand, or for one that may be. */
struct own_column {
    struct sw_facts *facts;
    bool is_found;
    const char *perhaps; /* its name, unqualified */
};

static void look_for_own_column(void *owner, Node **slot)
{
    struct own_column *search = owner;
    const ColumnRef *ref = (const ColumnRef *)*slot;
    struct sw_column column;

    if (IsA(*slot, ColumnRef) && list_length(ref->fields) == 1)
        search->perhaps = last_name(ref->fields);
    else if (IsA(*slot, ColumnRef) &&
             sw_from_resolve(search->facts, ref, search->facts->relations.count, &column) &&
             column.relation >= 0 &&
             sw_facts_relation(search->facts, column.relation)->level == search->facts->level)
        search->is_found = true;
    if (!search->is_found)
        (void)sw_slots_each(*slot, look_for_own_column, owner);
}

static void doubt(struct sw_facts *facts, const FuncCall *call)
{
    struct own_column search = {.facts = facts,
                                .is_found = call->agg_star && call->agg_filter == NULL};
    Node *args = (Node *)call->args, *filter = call->agg_filter;

    if (facts->scope == NULL || facts->scope->outer == NULL)
        return;
    if (args != NULL)
        look_for_own_column(&search, &args);
    if (filter != NULL)
        look_for_own_column(&search, &filter);
    if (search.is_found)
        return;
    if (search.perhaps == NULL)
        facts->outliner->has_doubt = true;
    else
        *(struct sw_outline_doubt *)sw_facts_add(facts, &facts->outliner->doubts,
                                                 sizeof(struct sw_outline_doubt)) =
            (struct sw_outline_doubt){facts->level, sw_facts_text(facts, search.perhaps)};
}

/* Each shard would have a chance of its own. */
void sw_outliner_note_chance(struct sw_facts *facts)
{
    if (facts->outliner != NULL)
        facts->outliner->has_doubt = true;
}

void sw_outliner_note_call(struct sw_facts *facts, const FuncCall *call)
{
    const char *schema, *name;

    if (facts->outliner == NULL || facts->level < 0)
        return;
    if (call->over != NULL) {
        if (call->over->name == NULL) /* else its definition is noted */
            note_window(facts, call->over);
        return;
    }
    if (!sw_walk_name(call->funcname, &schema, &name) || schema != NULL)
        return;
    if (sw_function_is_by_chance(name) && sw_facts_level(facts, facts->level)->parent >= 0)
        sw_outliner_note_chance(facts);
    if (!sw_function_is_aggregate(name))
        return;
    mark_of(facts, facts->level)->is_aggregated = true;
    doubt(facts, call);
}

static void add_member(struct sw_facts *facts, const Node *test, struct sw_facts_list *members)
{
    struct sw_column *member = sw_facts_add(facts, members, sizeof *member);

    if (!IsA(test, ColumnRef) || facts->scope == NULL ||
        !sw_from_resolve(facts, (const ColumnRef *)test, facts->relations.count, member))
        member->name = NULL;
}

static void add_members(struct sw_facts *facts, const Node *test, struct sw_facts_list *members)
{
    if (test == NULL)
        return;
    if (!IsA(test, RowExpr)) {
        add_member(facts, test, members);
        return;
    }
    for (int i = 0; i < list_length(((const RowExpr *)test)->args); i++)
        add_member(facts, list_nth(((const RowExpr *)test)->args, i), members);
}

void sw_outliner_note_link(struct sw_facts *facts, const SubLink *link, int query)
{
    bool is_membership =
        link->subLinkType == ANY_SUBLINK &&
        (link->operName == NIL || strcmp(strVal(llast(link->operName)), "=") == 0);
    struct sw_facts_list members = {0};
    struct sw_outline_link *noted;

    if (facts->outliner == NULL)
        return;
    if (is_membership)
        add_members(facts, link->testexpr, &members);
    noted = sw_facts_add(facts, &facts->outliner->links, sizeof *noted);
    *noted =
        (struct sw_outline_link){.level = facts->level,
                                 .query = query,
                                 .is_exists = link->subLinkType == EXISTS_SUBLINK,
                                 .is_array = link->subLinkType == ARRAY_SUBLINK,
                                 .members = kept(facts, &members, sizeof(struct sw_column)),
                                 .member_count = members.count};
}

/* @of is the relation of `of.*`, or NULL. */
static void note_star(struct sw_facts *facts, int level, const char *of)
{
    *(struct sw_outline_star *)sw_facts_add(facts, &facts->outliner->stars,
                                            sizeof(struct sw_outline_star)) =
        (struct sw_outline_star){level, of != NULL, of};
}

void sw_outliner_note_names(struct sw_facts *facts, const JoinExpr *join, int level)
{
    if (facts->outliner == NULL)
        return;
    for (int i = 0; i < list_length(join->usingClause); i++)
        *(const char **)sw_facts_add(facts, &facts->outliner->merged, sizeof(void *)) =
            sw_facts_text(facts, strVal(list_nth(join->usingClause, i)));
    if (join->isNatural || join->alias != NULL)
        note_star(facts, level, NULL);
}

/* Of `t.*`. */
static const char *qualifier_of(struct sw_facts *facts, const List *fields)
{
    int count = list_length(fields);

    return count < 2 ? NULL : sw_facts_text(facts, strVal(list_nth(fields, count - 2)));
}

static void note_mention(struct sw_facts *facts, const ColumnRef *ref, const char *name)
{
    struct sw_outline_mention *mention =
        sw_facts_add(facts, &facts->outliner->mentions, sizeof *mention);

    mention->level = facts->level;
    mention->name = sw_facts_text(facts, name);
    mention->is_qualified = list_length(ref->fields) > 1;
    if (!sw_from_resolve(facts, ref, facts->relations.count, &mention->column))
        mention->column = (struct sw_column){.name = NULL};
}

void sw_outliner_note_column(struct sw_facts *facts, const ColumnRef *ref)
{
    static const char *const system_columns[] = {"cmax",     "cmin", "ctid",
                                                 "tableoid", "xmax", "xmin"};
    const char *name = last_name(ref->fields);

    if (facts->outliner == NULL)
        return;
    if (name == NULL)
        note_star(facts, facts->level, qualifier_of(facts, ref->fields));
    else
        note_mention(facts, ref, name);
    if (name != NULL && sw_text_is_one_of(name, system_columns, lengthof(system_columns)))
        facts->outliner->obstacle = "A system column tells of one shard.";
}

void sw_outliner_note_recursion(struct sw_facts *facts)
{
    if (facts->outliner != NULL)
        facts->outliner->has_doubt = true;
}

const struct sw_outline *sw_outliner_finish(struct sw_facts *facts)
{
    struct sw_outliner *outliner = facts->outliner;
    struct sw_outline *outline = sw_arena_alloc(facts->arena, sizeof *outline);

    if (facts->relations.count > 0)
        (void)derived_of(facts, facts->relations.count - 1);
    *outline = (struct sw_outline){
        .queries = kept(facts, &outliner->queries, sizeof(struct sw_outline_query)),
        .query_count = outliner->queries.count,
        .top = outliner->last_query,
        .joins = kept(facts, &outliner->joins, sizeof(struct sw_outline_join)),
        .join_count = outliner->joins.count,
        .derived = kept(facts, &outliner->derived, sizeof(struct sw_outline_derived)),
        .links = kept(facts, &outliner->links, sizeof(struct sw_outline_link)),
        .link_count = outliner->links.count,
        .equalities = kept(facts, &outliner->equalities, sizeof(struct sw_outline_equality)),
        .equality_count = outliner->equalities.count,
        .doubts = kept(facts, &outliner->doubts, sizeof(struct sw_outline_doubt)),
        .doubt_count = outliner->doubts.count,
        .mentions = kept(facts, &outliner->mentions, sizeof(struct sw_outline_mention)),
        .mention_count = outliner->mentions.count,
        .stars = kept(facts, &outliner->stars, sizeof(struct sw_outline_star)),
        .star_count = outliner->stars.count,
        .merged = kept(facts, &outliner->merged, sizeof(void *)),
        .merged_count = outliner->merged.count,
        .obstacle = outliner->obstacle,
        .has_doubt = outliner->has_doubt,
    };
    return outline;
}
