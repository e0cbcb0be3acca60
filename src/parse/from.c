/*
 * A level's relations are numbered in the order of the text, so that the subtree of a join is
 * a range of them (relations of levels within lie between). A join condition holds
 *
 *      a JOIN b ON ...          for the whole level, if nothing above may make a row of the
 *                               join disappear and come back as NULLs; else for a and b
 *      a LEFT JOIN b ON ...     for b: rows of a live on without it
 *      a RIGHT JOIN b ON ...    for a
 *      a FULL JOIN b ON ...     for none
 *
 * An ON clause sees the relations of its join, then the outer levels; a subquery in FROM sees
 * the outer levels alone, and with LATERAL what stands before it.
 */
#include "from.h"

#include "outlining.h"
#include "predicates.h"
#include "walk.h"

#include <string.h>

void sw_from_begin(struct sw_from *from, const struct sw_facts *facts, int level)
{
    *from = (struct sw_from){
        .level = level,
        .outer = facts->scope,
        .first = facts->relations.count,
        .first_predicate = facts->predicates.count,
        .root = -1,
    };
}

static struct sw_relation *add_relation(struct sw_facts *facts, const Alias *alias, int level)
{
    struct sw_relation *relation =
        sw_facts_add(facts, &facts->relations, sizeof(struct sw_relation));

    (void)sw_facts_add(facts, &facts->hidden, sizeof(bool));
    relation->level = level;
    if (alias != NULL) {
        relation->alias = sw_facts_text(facts, alias->aliasname);
        relation->has_column_aliases = alias->colnames != NIL;
    }
    return relation;
}

int sw_from_add_derived(struct sw_facts *facts, const Alias *alias, const char *name, int level)
{
    struct sw_relation *relation = add_relation(facts, alias, level);

    relation->kind = SW_RELATION_DERIVED;
    if (relation->alias == NULL)
        relation->alias = sw_facts_text(facts, name);
    return facts->relations.count - 1;
}

int sw_from_add_table(struct sw_facts *facts, const RangeVar *table, int level)
{
    struct sw_relation *relation = add_relation(facts, table->alias, level);

    facts->tables_seen++;
    relation->kind = SW_RELATION_TABLE;
    relation->schema = sw_facts_text(facts, table->schemaname);
    relation->name = sw_facts_text(facts, table->relname);
    relation->location = table->location;
    if (table->catalogname != NULL)
        sw_facts_refuse(facts, "a table qualified by a database",
                        "Name the table as schema.table.");
    return facts->relations.count - 1;
}

/* NULL: it is none. */
static const struct sw_cte *find_cte(const struct sw_facts *facts, const RangeVar *table)
{
    if (table->schemaname != NULL)
        return NULL;
    for (const struct sw_cte *cte = facts->ctes; cte != NULL; cte = cte->outer)
        if (strcmp(cte->name, table->relname) == 0)
            return cte;
    return NULL;
}

static void walk_table(struct sw_facts *facts, struct sw_from *from, const RangeVar *table)
{
    const struct sw_cte *cte = find_cte(facts, table);
    int relation;

    if (cte == NULL) {
        relation = sw_from_add_table(facts, table, from->level);
        sw_outliner_note_table(facts, relation, table);
    } else {
        facts->tables_seen++;
        relation = sw_from_add_derived(facts, table->alias, table->relname, from->level);
        sw_outliner_note_derived(facts, relation, cte->query, cte->columns, table->alias);
    }
    sw_outliner_note_leaf(facts, relation);
}

static void walk_subselect(struct sw_facts *facts, struct sw_from *from,
                           const RangeSubselect *item)
{
    struct sw_scope lateral = {from->outer, from->level, from->first};

    int query, relation;

    facts->scope = item->lateral ? &lateral : from->outer;
    sw_walk_query(facts, item->subquery);
    query = sw_outliner_last_query(facts);
    facts->scope = from->outer;
    relation = sw_from_add_derived(facts, item->alias, NULL, from->level);
    sw_outliner_note_derived(facts, relation, query, NIL, item->alias);
    sw_outliner_note_leaf(facts, relation);
}

static void walk_column_definitions(struct sw_facts *facts, const List *definitions)
{
    for (int i = 0; i < list_length(definitions); i++) {
        const ColumnDef *definition = list_nth(definitions, i);

        if (!IsA(definition, ColumnDef) || definition->raw_default != NULL ||
            definition->constraints != NIL)
            sw_facts_refuse(facts, "such a column definition list", NULL);
        else
            sw_walk_type(facts, definition->typeName);
    }
}

/* The name of a function in FROM that has no alias. */
static const char *name_of_function(struct sw_facts *facts, const RangeFunction *item)
{
    const Node *call = linitial(linitial_node(List, item->functions));

    if (IsA(call, FuncCall))
        return strVal(llast(((const FuncCall *)call)->funcname));
    if (item->alias == NULL)
        sw_facts_refuse(facts, "such a function in FROM without an alias",
                        "Write an alias behind it.");
    return NULL;
}

static void walk_functions(struct sw_facts *facts, struct sw_from *from,
                           const RangeFunction *item)
{
    struct sw_scope lateral = {from->outer, from->level, from->first};
    bool was_by_chance = facts->names_chance;

    facts->names_chance = false;
    facts->scope = &lateral;
    for (int i = 0; i < list_length(item->functions); i++) {
        const List *pair = list_nth(item->functions, i);

        sw_walk(facts, linitial(pair));
        walk_column_definitions(facts, lsecond(pair));
    }
    walk_column_definitions(facts, item->coldeflist);
    facts->scope = from->outer;
    if (facts->names_chance)
        sw_outliner_note_chance(facts);
    facts->names_chance |= was_by_chance;
    sw_outliner_note_leaf(
        facts,
        sw_from_add_derived(facts, item->alias, name_of_function(facts, item), from->level));
}

static void walk_xml_table(struct sw_facts *facts, struct sw_from *from,
                           const RangeTableFunc *item)
{
    struct sw_scope lateral = {from->outer, from->level, from->first};

    facts->scope = &lateral;
    sw_walk(facts, item->docexpr);
    sw_walk(facts, item->rowexpr);
    sw_walk_list(facts, item->namespaces);
    for (int i = 0; i < list_length(item->columns); i++) {
        const RangeTableFuncCol *column = list_nth(item->columns, i);

        sw_walk_type(facts, column->typeName);
        sw_walk(facts, column->colexpr);
        sw_walk(facts, column->coldefexpr);
    }
    facts->scope = from->outer;
    sw_outliner_note_leaf(facts,
                          sw_from_add_derived(facts, item->alias, "xmltable", from->level));
}

/* The subtrees of a join: relations [left, right) and [right, end). */
struct join {
    int left, right, end;
    struct sw_condition condition;
    bool prunes; /* anything at all */
};

static struct join lay_out_join(const JoinExpr *expr, int left, int right, int end,
                                bool is_nullable, int level_first)
{
    struct join join = {.left = left,
                        .right = right,
                        .end = end,
                        .condition = {end, left, end},
                        .prunes = true};

    switch (expr->jointype) {
    case JOIN_INNER:
        if (!is_nullable) {
            join.condition.prunes_from = level_first;
            join.condition.prunes_to = SW_LEVEL_END;
        }
        break;
    case JOIN_LEFT:
        join.condition.prunes_from = right;
        break;
    case JOIN_RIGHT:
        join.condition.prunes_to = right;
        break;
    case JOIN_FULL:
    case JOIN_SEMI:
    case JOIN_ANTI:
    case JOIN_UNIQUE_OUTER:
    case JOIN_UNIQUE_INNER:
        join.prunes = false;
        break;
    }
    return join;
}

/* Aliases of columns give a name to another column than the table does. */
static bool has_renamed_columns(const struct sw_facts *facts, int relation)
{
    const struct sw_relation *renamed = sw_facts_relation(facts, relation);

    return ((const bool *)facts->hidden.items)[relation] ||
           (renamed->kind == SW_RELATION_TABLE && renamed->has_column_aliases);
}

static bool resolve_unqualified(const struct sw_facts *facts, int from, int to,
                                struct sw_column *column)
{
    int level = facts->scope->level;

    for (int i = from; i < to; i++)
        if (sw_facts_relation(facts, i)->level == level && has_renamed_columns(facts, i))
            return false;
    column->relation = -1;
    column->from = from;
    column->to = to;
    return true;
}

/* A name of USING as the subtree [from, to) of the join knows it. */
static bool resolve_side(const struct sw_facts *facts, const Node *side, int from, int to,
                         struct sw_column *column)
{
    if (!resolve_unqualified(facts, from, to, column))
        return false;
    if (IsA(side, RangeVar)) {
        column->relation = from;
        column->from = column->to = 0;
    }
    return true;
}

static void add_using(struct sw_facts *facts, const JoinExpr *expr, const struct join *join)
{
    for (int i = 0; i < list_length(expr->usingClause); i++) {
        const char *name = sw_facts_text(facts, strVal(list_nth(expr->usingClause, i)));
        struct sw_column left = {.name = name}, right = {.name = name};

        if (resolve_side(facts, expr->larg, join->left, join->right, &left) &&
            resolve_side(facts, expr->rarg, join->right, join->end, &right)) {
            if (join->prunes)
                sw_predicates_add_equals(facts, &join->condition, &left, &right);
            else
                sw_outliner_note_equality(facts, &left, &right);
        }
    }
}

static bool names_have(const List *names, const char *name)
{
    for (int i = 0; i < list_length(names); i++)
        if (strcmp(strVal(list_nth(names, i)), name) == 0)
            return true;
    return false;
}

static bool names_are_within(const List *some, const List *all)
{
    for (int i = 0; i < list_length(some); i++)
        if (!names_have(all, strVal(list_nth(some, i))))
            return false;
    return true;
}

static const List *names_of_both(const List *a, const List *b)
{
    if (names_are_within(a, b))
        return a;
    return names_are_within(b, a) ? b : NIL;
}

static void note_merged_columns(struct sw_from *from, const JoinExpr *expr)
{
    if (expr->isNatural) {
        from->has_unmerged_join = true;
        return;
    }
    if (expr->usingClause == NIL)
        return;
    if (expr->jointype != JOIN_INNER)
        from->has_unmerged_join = true;
    from->using_names = from->has_using ? names_of_both(from->using_names, expr->usingClause)
                                        : expr->usingClause;
    from->has_using = true;
}

/* The alias of a join hides the names below it. That of USING hides nothing, but stands for
 * merged columns; both are relations of which nothing is known. */
static void add_join_aliases(struct sw_facts *facts, struct sw_from *from, const JoinExpr *expr,
                             const struct join *join)
{
    bool *hidden;

    if (expr->join_using_alias != NULL)
        (void)sw_from_add_derived(facts, expr->join_using_alias, NULL, from->level);
    if (expr->alias == NULL)
        return;
    hidden = facts->hidden.items;
    for (int i = join->left; i < facts->hidden.count; i++)
        hidden[i] = true;
    (void)sw_from_add_derived(facts, expr->alias, NULL, from->level);
}

static void walk_item(struct sw_facts *facts, struct sw_from *from, const Node *item,
                      bool is_nullable);

static void walk_join(struct sw_facts *facts, struct sw_from *from, const JoinExpr *expr,
                      bool is_nullable)
{
    bool nulls_left = expr->jointype == JOIN_RIGHT || expr->jointype == JOIN_FULL;
    bool nulls_right = expr->jointype == JOIN_LEFT || expr->jointype == JOIN_FULL;
    int left = facts->relations.count, right, left_join, own_join;
    struct sw_scope scope = {from->outer, from->level, left};
    struct join join;

    walk_item(facts, from, expr->larg, is_nullable || nulls_left);
    left_join = sw_outliner_last_join(facts);
    right = facts->relations.count;
    walk_item(facts, from, expr->rarg, is_nullable || nulls_right);
    sw_outliner_note_join(facts, expr->jointype, left_join, sw_outliner_last_join(facts));
    own_join = sw_outliner_last_join(facts);
    join = lay_out_join(expr, left, right, facts->relations.count, is_nullable, from->first);
    facts->scope = &scope;
    sw_walk(facts, expr->quals);
    if (join.prunes)
        sw_predicates_collect(facts, expr->quals, &join.condition);
    else
        sw_outliner_note_full_join(facts, expr->quals, join.condition.names_to);
    add_using(facts, expr, &join);
    facts->scope = from->outer;
    sw_outliner_go_back(facts, own_join); /* from those of queries in ON */
    note_merged_columns(from, expr);
    sw_outliner_note_names(facts, expr, from->level);
    add_join_aliases(facts, from, expr, &join);
}

static void walk_item(struct sw_facts *facts, struct sw_from *from, const Node *item,
                      bool is_nullable)
{
    if (!sw_walk_enter(facts))
        return;
    if (IsA(item, RangeVar))
        walk_table(facts, from, (const RangeVar *)item);
    else if (IsA(item, JoinExpr))
        walk_join(facts, from, (const JoinExpr *)item, is_nullable);
    else if (IsA(item, RangeSubselect))
        walk_subselect(facts, from, (const RangeSubselect *)item);
    else if (IsA(item, RangeFunction))
        walk_functions(facts, from, (const RangeFunction *)item);
    else if (IsA(item, RangeTableFunc))
        walk_xml_table(facts, from, (const RangeTableFunc *)item);
    else if (IsA(item, RangeTableSample))
        sw_facts_refuse(facts, "TABLESAMPLE", "Select the rows by a condition instead.");
    else
        sw_facts_refuse(facts, "an item of this kind in FROM", NULL);
    sw_walk_leave(facts);
}

void sw_from_walk(struct sw_facts *facts, struct sw_from *from, const List *items)
{
    for (int i = 0; i < list_length(items); i++) {
        walk_item(facts, from, list_nth(items, i), false);
        if (i > 0)
            sw_outliner_note_join(facts, JOIN_INNER, from->root, sw_outliner_last_join(facts));
        from->root = sw_outliner_last_join(facts);
    }
}

void sw_from_end(struct sw_from *from, const struct sw_facts *facts)
{
    from->end = facts->relations.count;
}

static void finish_column(const struct sw_from *from, struct sw_column *column)
{
    if (column->name == NULL || column->relation != -1)
        return;
    column->is_merged = from->has_using && !from->has_unmerged_join &&
                        names_have(from->using_names, column->name);
}

void sw_from_finish(struct sw_facts *facts, const struct sw_from *from)
{
    struct sw_predicate *predicates = facts->predicates.items;

    for (int i = from->first_predicate; i < facts->predicates.count; i++) {
        struct sw_predicate *predicate = &predicates[i];

        if (predicate->level != from->level)
            continue;
        if (predicate->prunes_to == SW_LEVEL_END)
            predicate->prunes_to = from->end;
        finish_column(from, &predicate->column);
        finish_column(from, &predicate->other);
    }
}

enum answer { ANSWER_NO, ANSWER_PERHAPS, ANSWER_YES };

/* Is @relation what the qualifier [schema.]name names? */
static enum answer answers_to(const struct sw_relation *relation, const char *schema,
                              const char *name)
{
    if (schema == NULL) {
        const char *called = relation->alias != NULL ? relation->alias : relation->name;

        return called != NULL && strcmp(called, name) == 0 ? ANSWER_YES : ANSWER_NO;
    }
    if (relation->kind != SW_RELATION_TABLE || relation->alias != NULL ||
        strcmp(relation->name, name) != 0)
        return ANSWER_NO;
    if (relation->schema == NULL)
        return ANSWER_PERHAPS;
    return strcmp(relation->schema, schema) == 0 ? ANSWER_YES : ANSWER_NO;
}

/* The relation of this scope alone that is meant: -1 if none is, -2 if it cannot be told. */
static int find_in_scope(const struct sw_facts *facts, const struct sw_scope *scope,
                         const char *schema, const char *name)
{
    const bool *hidden = facts->hidden.items;
    int found = -1;

    for (int i = scope->from; i < facts->relations.count; i++) {
        const struct sw_relation *relation = sw_facts_relation(facts, i);
        enum answer answer;

        if (relation->level != scope->level || hidden[i])
            continue;
        answer = answers_to(relation, schema, name);
        if (answer == ANSWER_NO)
            continue;
        if (answer == ANSWER_PERHAPS || found != -1)
            return -2;
        found = i;
    }
    return found;
}

static bool resolve_qualified(struct sw_facts *facts, const char *schema, const char *name,
                              struct sw_column *column)
{
    int found = -1;

    for (const struct sw_scope *scope = facts->scope; scope != NULL && found == -1;
         scope = scope->outer)
        found = find_in_scope(facts, scope, schema, name);
    column->relation = found;
    return found >= 0 && !has_renamed_columns(facts, found);
}

static const char *field(const ColumnRef *ref, int n)
{
    const Node *node = list_nth(ref->fields, n);

    return IsA(node, String) ? strVal(node) : NULL;
}

bool sw_from_resolve(struct sw_facts *facts, const ColumnRef *ref, int to,
                     struct sw_column *column)
{
    int count = list_length(ref->fields);
    const char *name = field(ref, count - 1);

    if (name == NULL || facts->scope == NULL || count > 3)
        return false;
    *column = (struct sw_column){.name = sw_facts_text(facts, name)};
    if (count == 1)
        return resolve_unqualified(facts, facts->scope->from, to, column);
    return resolve_qualified(facts, count == 3 ? field(ref, 0) : NULL, field(ref, count - 2),
                             column);
}
