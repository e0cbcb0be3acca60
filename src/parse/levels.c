/*
 * SELECT, INSERT, UPDATE and DELETE, wherever they stand.
 *
 *      WITH c AS (q1) SELECT ... FROM f WHERE w
 *
 * q1 is walked first: it sees what is around the statement, but not f. Then f (see from.c),
 * then w and all the rest, which see f and what is around.
 */
#include "from.h"
#include "outlining.h"
#include "predicates.h"
#include "values.h"
#include "walk.h"

/* What a statement within changes in the walk, and puts back. */
struct surroundings {
    int level;
    const struct sw_scope *scope;
    const struct sw_cte *ctes;
};

static struct surroundings surroundings_of(const struct sw_facts *facts)
{
    return (struct surroundings){facts->level, facts->scope, facts->ctes};
}

static void restore(struct sw_facts *facts, const struct surroundings *was)
{
    facts->level = was->level;
    facts->scope = was->scope;
    facts->ctes = was->ctes;
}

static int begin_level(struct sw_facts *facts, enum sw_level_kind kind)
{
    struct sw_level *level = sw_facts_add(facts, &facts->levels, sizeof(struct sw_level));

    level->kind = kind;
    level->parent = facts->level;
    level->target = -1;
    if (kind != SW_LEVEL_SELECT)
        facts->statement->writes = true;
    facts->level = facts->levels.count - 1;
    return facts->level;
}

static void add_cte_name(struct sw_facts *facts, const CommonTableExpr *expr)
{
    struct sw_cte *cte = sw_arena_alloc(&facts->scratch, sizeof *cte);

    cte->outer = facts->ctes;
    cte->name = expr->ctename;
    cte->query = -1;
    cte->columns = expr->aliascolnames;
    facts->ctes = cte;
}

static void walk_cte(struct sw_facts *facts, const CommonTableExpr *cte)
{
    sw_walk_query(facts, cte->ctequery);
    if (cte->cycle_clause != NULL) {
        sw_walk(facts, cte->cycle_clause->cycle_mark_value);
        sw_walk(facts, cte->cycle_clause->cycle_mark_default);
    }
}

/* Without RECURSIVE a query sees the names before it; with it, all of them, of which it cannot
 * be told what stands for them. */
static void walk_with(struct sw_facts *facts, const WithClause *with)
{
    const List *ctes = with == NULL ? NIL : with->ctes;

    for (int i = 0; i < list_length(ctes) && with->recursive; i++)
        add_cte_name(facts, list_nth(ctes, i));
    for (int i = 0; i < list_length(ctes); i++) {
        int query;

        walk_cte(facts, list_nth(ctes, i));
        query = sw_outliner_last_query(facts);
        if (with->recursive) {
            sw_outliner_note_recursion(facts);
        } else {
            add_cte_name(facts, list_nth(ctes, i));
            ((struct sw_cte *)facts->ctes)->query = query;
        }
    }
}

static void walk_tail(struct sw_facts *facts, const SelectStmt *select)
{
    sw_walk_list(facts, select->sortClause);
    sw_walk(facts, select->limitOffset);
    sw_walk(facts, select->limitCount);
    sw_walk_list(facts, select->lockingClause);
}

static void walk_where(struct sw_facts *facts, const struct sw_from *from, const Node *where)
{
    struct sw_condition condition = {from->end, from->first, from->end};

    sw_walk(facts, where);
    sw_predicates_collect(facts, where, &condition);
}

static void walk_plain_select(struct sw_facts *facts, const SelectStmt *select)
{
    int level = begin_level(facts, SW_LEVEL_SELECT);
    struct sw_scope scope = {facts->scope, level, 0};
    struct sw_from from;

    if (select->intoClause != NULL && select->intoClause != facts->into)
        sw_facts_refuse(facts, "SELECT INTO", "Create the table on every shard beforehand.");
    walk_with(facts, select->withClause);
    sw_from_begin(&from, facts, level);
    sw_from_walk(facts, &from, select->fromClause);
    sw_from_end(&from, facts);
    scope.from = from.first;
    facts->scope = &scope;
    walk_where(facts, &from, select->whereClause);
    sw_walk_list(facts, select->distinctClause);
    sw_walk_list(facts, select->targetList);
    sw_walk_list(facts, select->groupClause);
    sw_walk(facts, select->havingClause);
    sw_walk_list(facts, select->windowClause);
    sw_walk_list(facts, select->valuesLists);
    walk_tail(facts, select);
    sw_outliner_note_select(facts, select, from.root);
    sw_from_finish(facts, &from);
}

static void walk_set_operation(struct sw_facts *facts, const SelectStmt *select)
{
    int left, right;

    walk_with(facts, select->withClause);
    sw_walk_query(facts, (const Node *)select->larg);
    left = sw_outliner_last_query(facts);
    sw_walk_query(facts, (const Node *)select->rarg);
    right = sw_outliner_last_query(facts);
    walk_tail(facts, select);
    sw_outliner_note_set_operation(facts, select, left, right);
}

/* Names of assigned columns, kept for good. */
static const char *const *names_of_targets(struct sw_facts *facts, const List *targets)
{
    size_t count = (size_t)list_length(targets);
    const char **names = sw_arena_alloc(facts->arena, count * sizeof *names);

    for (size_t i = 0; i < count; i++)
        names[i] = sw_facts_text(facts, ((const ResTarget *)list_nth(targets, (int)i))->name);
    return names;
}

/* The word itself, or what stands for it in SET (a, b) = (DEFAULT, 1). */
static bool is_default(const Node *value)
{
    const MultiAssignRef *part = (const MultiAssignRef *)value;

    if (!IsA(value, MultiAssignRef))
        return IsA(value, SetToDefault);
    return IsA(part->source, RowExpr) &&
           part->colno <= list_length(((const RowExpr *)part->source)->args) &&
           IsA(list_nth(((const RowExpr *)part->source)->args, part->colno - 1), SetToDefault);
}

static void set_assigned_columns(struct sw_facts *facts, int level, const List *targets)
{
    const char *const *names = names_of_targets(facts, targets);
    bool *sets_default =
        sw_arena_alloc(facts->arena, (size_t)list_length(targets) * sizeof *sets_default);

    for (int i = 0; i < list_length(targets); i++)
        sets_default[i] = is_default(((const ResTarget *)list_nth(targets, i))->val);
    sw_facts_level(facts, level)->set_columns = names;
    sw_facts_level(facts, level)->sets_default = sets_default;
    sw_facts_level(facts, level)->set_count = list_length(targets);
}

/* Does @node stand for any number of columns? */
static bool is_star(const Node *node)
{
    const List *fields = NIL;

    if (IsA(node, ColumnRef))
        fields = ((const ColumnRef *)node)->fields;
    else if (IsA(node, A_Indirection))
        fields = ((const A_Indirection *)node)->indirection;
    return fields != NIL && IsA(llast(fields), A_Star);
}

static bool check_row(struct sw_facts *facts, const List *row, int width)
{
    if (list_length(row) != width)
        sw_facts_fail(facts, "42601", "VALUES lists must all be the same length");
    for (int i = 0; i < list_length(row); i++)
        if (is_star(list_nth(row, i)))
            sw_facts_refuse(facts, ".* in the VALUES of INSERT", "Write out the columns.");
    return !facts->is_refused;
}

static void read_rows(struct sw_facts *facts, int level, const List *rows)
{
    int width = list_length(linitial(rows));
    size_t count = (size_t)list_length(rows) * (size_t)width;
    struct sw_value *values = sw_arena_alloc(facts->arena, count * sizeof *values);
    struct sw_value *at = values;
    struct sw_level *insert;

    for (int i = 0; i < list_length(rows); i++) {
        const List *row = list_nth(rows, i);

        if (!check_row(facts, row, width))
            return;
        for (int j = 0; j < width; j++)
            *at++ = sw_value_read(facts, list_nth(row, j));
    }
    insert = sw_facts_level(facts, level);
    insert->values = values;
    insert->row_count = list_length(rows);
    insert->row_width = width;
}

/* VALUES with ORDER BY, LIMIT or WITH is a query to PostgreSQL, too. */
static bool is_plain_values(const SelectStmt *select)
{
    return IsA(select, SelectStmt) && select->valuesLists != NIL && select->sortClause == NIL &&
           select->limitOffset == NULL && select->limitCount == NULL &&
           select->lockingClause == NIL && select->withClause == NULL;
}

static void walk_source(struct sw_facts *facts, int level, const Node *source)
{
    struct sw_level *insert = sw_facts_level(facts, level);

    if (source == NULL) {
        insert->source = SW_INSERT_DEFAULTS;
    } else if (is_plain_values((const SelectStmt *)source)) {
        const List *rows = ((const SelectStmt *)source)->valuesLists;

        insert->source = SW_INSERT_VALUES;
        sw_walk_list(facts, rows);
        if (!facts->is_refused)
            read_rows(facts, level, rows);
    } else {
        insert->source = SW_INSERT_QUERY;
        sw_walk_query(facts, source);
    }
}

static void walk_columns(struct sw_facts *facts, int level, const List *columns)
{
    struct sw_level *insert = sw_facts_level(facts, level);

    insert->has_column_list = columns != NIL;
    insert->columns = names_of_targets(facts, columns);
    insert->column_count = list_length(columns);
    for (int i = 0; i < list_length(columns); i++)
        if (((const ResTarget *)list_nth(columns, i))->indirection != NIL)
            sw_facts_refuse(facts, "INSERT into a part of a column",
                            "Give the value of the whole column.");
}

static void walk_conflict(struct sw_facts *facts, int level, const OnConflictClause *conflict)
{
    if (conflict == NULL)
        return;
    if (conflict->infer != NULL) {
        sw_walk_list(facts, conflict->infer->indexElems);
        sw_walk(facts, conflict->infer->whereClause);
    }
    if (conflict->targetList == NIL)
        return;
    (void)sw_from_add_derived(facts, NULL, "excluded", level);
    set_assigned_columns(facts, level, conflict->targetList);
    sw_walk_list(facts, conflict->targetList);
    sw_walk(facts, conflict->whereClause);
}

static void set_overriding(struct sw_facts *facts, int level, OverridingKind kind)
{
    if (kind == OVERRIDING_USER_VALUE)
        sw_facts_level(facts, level)->overriding = SW_OVERRIDING_USER;
    else if (kind == OVERRIDING_SYSTEM_VALUE)
        sw_facts_level(facts, level)->overriding = SW_OVERRIDING_SYSTEM;
}

static void walk_insert(struct sw_facts *facts, const InsertStmt *insert)
{
    int level = begin_level(facts, SW_LEVEL_INSERT);
    struct sw_scope scope = {facts->scope, level, 0};

    walk_with(facts, insert->withClause);
    scope.from = sw_from_add_table(facts, insert->relation, level);
    sw_facts_level(facts, level)->target = scope.from;
    set_overriding(facts, level, insert->override);
    walk_columns(facts, level, insert->cols);
    walk_source(facts, level, insert->selectStmt);
    facts->scope = &scope;
    walk_conflict(facts, level, insert->onConflictClause);
    sw_walk_list(facts, insert->returningList);
}

/* What UPDATE and DELETE have in common. */
struct change {
    enum sw_level_kind kind;
    const RangeVar *target;
    const WithClause *with;
    const List *from, *assignments, *returning;
    const Node *where;
};

static void walk_change(struct sw_facts *facts, const struct change *change)
{
    int level = begin_level(facts, change->kind);
    struct sw_scope scope = {facts->scope, level, 0};
    struct sw_from from;

    walk_with(facts, change->with);
    sw_from_begin(&from, facts, level);
    sw_facts_level(facts, level)->target = sw_from_add_table(facts, change->target, level);
    sw_from_walk(facts, &from, change->from);
    sw_from_end(&from, facts);
    scope.from = from.first;
    facts->scope = &scope;
    walk_where(facts, &from, change->where);
    set_assigned_columns(facts, level, change->assignments);
    sw_walk_list(facts, change->assignments);
    sw_walk_list(facts, change->returning);
    sw_from_finish(facts, &from);
}

static void walk_update(struct sw_facts *facts, const UpdateStmt *update)
{
    struct change change = {
        .kind = SW_LEVEL_UPDATE,
        .target = update->relation,
        .with = update->withClause,
        .from = update->fromClause,
        .assignments = update->targetList,
        .returning = update->returningList,
        .where = update->whereClause,
    };

    walk_change(facts, &change);
}

static void walk_delete(struct sw_facts *facts, const DeleteStmt *delete)
{
    struct change change = {
        .kind = SW_LEVEL_DELETE,
        .target = delete->relation,
        .with = delete->withClause,
        .from = delete->usingClause,
        .returning = delete->returningList,
        .where = delete->whereClause,
    };

    walk_change(facts, &change);
}

void sw_walk_copied(struct sw_facts *facts, const RangeVar *table)
{
    struct surroundings was = surroundings_of(facts);
    int index = sw_from_add_table(facts, table, begin_level(facts, SW_LEVEL_SELECT));
    struct sw_relation *relations = facts->relations.items;

    relations[index].location = -1;
    restore(facts, &was);
}

void sw_walk_copied_into(struct sw_facts *facts, const CopyStmt *copy)
{
    struct surroundings was = surroundings_of(facts);
    int level = begin_level(facts, SW_LEVEL_INSERT);
    int target = sw_from_add_table(facts, copy->relation, level);
    struct sw_scope scope = {facts->scope, level, target};
    size_t count = (size_t)list_length(copy->attlist);
    const char **names = sw_arena_alloc(facts->arena, count * sizeof *names);
    struct sw_level *insert = sw_facts_level(facts, level);

    for (size_t i = 0; i < count; i++)
        names[i] = sw_facts_text(facts, strVal(list_nth(copy->attlist, (int)i)));
    insert->target = target;
    insert->source = SW_INSERT_COPY;
    insert->has_column_list = count > 0;
    insert->columns = names;
    insert->column_count = (int)count;
    facts->scope = &scope;
    sw_walk(facts, copy->whereClause);
    restore(facts, &was);
}

void sw_walk_query(struct sw_facts *facts, const Node *query)
{
    struct surroundings was = surroundings_of(facts);

    if (!sw_walk_enter(facts))
        return;
    if (IsA(query, SelectStmt) && ((const SelectStmt *)query)->op == SETOP_NONE)
        walk_plain_select(facts, (const SelectStmt *)query);
    else if (IsA(query, SelectStmt))
        walk_set_operation(facts, (const SelectStmt *)query);
    else if (IsA(query, InsertStmt))
        walk_insert(facts, (const InsertStmt *)query);
    else if (IsA(query, UpdateStmt))
        walk_update(facts, (const UpdateStmt *)query);
    else if (IsA(query, DeleteStmt))
        walk_delete(facts, (const DeleteStmt *)query);
    else
        sw_facts_refuse(facts, "a query of this kind", NULL);
    restore(facts, &was);
    sw_walk_leave(facts);
}

bool sw_walk_statement(struct sw_facts *facts, const Node *node)
{
    enum sw_statement_kind *kind = &facts->statement->kind;

    if (IsA(node, SelectStmt))
        *kind = SW_STATEMENT_SELECT;
    else if (IsA(node, InsertStmt))
        *kind = SW_STATEMENT_INSERT;
    else if (IsA(node, UpdateStmt))
        *kind = SW_STATEMENT_UPDATE;
    else if (IsA(node, DeleteStmt))
        *kind = SW_STATEMENT_DELETE;
    else
        return false;
    sw_walk_query(facts, node);
    return true;
}
