/*
 * Two passes over the same conjuncts: what columns equal which values (this looks into OR),
 * and which columns equal each other.
 */
#include "predicates.h"

#include "from.h"
#include "values.h"
#include "walk.h"

#include <string.h>

/* Of an OR, so many columns of its first arm are looked for in the others. */
enum { MOST_CANDIDATES = 16 };

/* One column that equals one of some values. */
struct constraint {
    struct sw_column column;
    const struct sw_value *values;
    int value_count;
};

struct pass {
    struct sw_facts *facts;
    const struct sw_condition *condition;
};

static struct constraint *constraint_at(const struct sw_facts_list *list, int i)
{
    return (struct constraint *)list->items + i;
}

static bool is_column(const struct pass *pass, const Node *node, struct sw_column *column)
{
    return node != NULL && IsA(node, ColumnRef) &&
           sw_from_resolve(pass->facts, (const ColumnRef *)node, pass->condition->names_to,
                           column);
}

static bool is_equals(const A_Expr *expr)
{
    const char *schema, *name;

    return sw_walk_name(expr->name, &schema, &name) && schema == NULL && strcmp(name, "=") == 0;
}

static void add_constraint(const struct pass *pass, struct sw_facts_list *found,
                           const struct sw_column *column, const struct sw_value *values,
                           int count)
{
    *(struct constraint *)sw_facts_add(pass->facts, found, sizeof(struct constraint)) =
        (struct constraint){*column, values, count};
}

static struct sw_value *new_values(const struct pass *pass, int count)
{
    return sw_arena_alloc(&pass->facts->scratch, (size_t)count * sizeof(struct sw_value));
}

static void find_in_equality(const struct pass *pass, const A_Expr *expr,
                             struct sw_facts_list *found)
{
    struct sw_column left, right;
    bool left_is_column = is_column(pass, expr->lexpr, &left);
    bool right_is_column = is_column(pass, expr->rexpr, &right);
    struct sw_value *value;

    if (left_is_column == right_is_column)
        return;
    value = new_values(pass, 1);
    *value = sw_value_read(pass->facts, left_is_column ? expr->rexpr : expr->lexpr);
    add_constraint(pass, found, left_is_column ? &left : &right, value, 1);
}

static void find_in_list(const struct pass *pass, const A_Expr *expr,
                         struct sw_facts_list *found)
{
    const List *members = (const List *)expr->rexpr;
    struct sw_column column;
    struct sw_value *values;

    if (!IsA(members, List) || !is_column(pass, expr->lexpr, &column))
        return;
    values = new_values(pass, list_length(members));
    for (int i = 0; i < list_length(members); i++)
        values[i] = sw_value_read(pass->facts, list_nth(members, i));
    add_constraint(pass, found, &column, values, list_length(members));
}

static bool is_same_column(const struct sw_column *a, const struct sw_column *b)
{
    return a->relation == b->relation && strcmp(a->name, b->name) == 0;
}

static const struct constraint *constraint_of(const struct sw_facts_list *list,
                                              const struct sw_column *column)
{
    for (int i = 0; i < list->count; i++)
        if (is_same_column(&constraint_at(list, i)->column, column))
            return constraint_at(list, i);
    return NULL;
}

/* The union of what all arms say of @column; nothing if one says nothing. */
static void unite_arms(const struct pass *pass, const struct sw_facts_list *arms, int arm_count,
                       const struct sw_column *column, struct sw_facts_list *found)
{
    struct sw_value *values;
    int count = 0;

    for (int i = 0; i < arm_count; i++) {
        const struct constraint *constraint = constraint_of(&arms[i], column);

        if (constraint == NULL)
            return;
        count += constraint->value_count;
    }
    values = new_values(pass, count);
    count = 0;
    for (int i = 0; i < arm_count; i++) {
        const struct constraint *constraint = constraint_of(&arms[i], column);

        memcpy(values + count, constraint->values,
               (size_t)constraint->value_count * sizeof *values);
        count += constraint->value_count;
    }
    add_constraint(pass, found, column, values, count);
}

static void find(const struct pass *pass, const Node *expr, struct sw_facts_list *found);

static void find_in_or(const struct pass *pass, const List *args, struct sw_facts_list *found)
{
    int count = list_length(args);
    struct sw_facts_list *arms =
        sw_arena_alloc(&pass->facts->scratch, (size_t)count * sizeof *arms);
    int candidates;

    for (int i = 0; i < count; i++) {
        find(pass, list_nth(args, i), &arms[i]);
        if (arms[i].count == 0)
            return;
    }
    candidates = arms[0].count < MOST_CANDIDATES ? arms[0].count : MOST_CANDIDATES;
    for (int i = 0; i < candidates; i++)
        unite_arms(pass, arms, count, &constraint_at(&arms[0], i)->column, found);
}

/* All constraints that hold whenever @expr is true. */
static void find(const struct pass *pass, const Node *expr, struct sw_facts_list *found)
{
    if (expr == NULL)
        return;
    if (IsA(expr, A_Expr)) {
        const A_Expr *operation = (const A_Expr *)expr;

        if (operation->kind == AEXPR_OP && is_equals(operation))
            find_in_equality(pass, operation, found);
        else if (operation->kind == AEXPR_IN && is_equals(operation))
            find_in_list(pass, operation, found);
    } else if (IsA(expr, BoolExpr)) {
        const BoolExpr *tree = (const BoolExpr *)expr;

        if (tree->boolop == OR_EXPR)
            find_in_or(pass, tree->args, found);
        for (int i = 0; tree->boolop == AND_EXPR && i < list_length(tree->args); i++)
            find(pass, list_nth(tree->args, i), found);
    }
}

static struct sw_predicate *add_predicate(struct sw_facts *facts,
                                          const struct sw_condition *condition)
{
    struct sw_predicate *predicate =
        sw_facts_add(facts, &facts->predicates, sizeof(struct sw_predicate));

    predicate->level = facts->scope->level;
    predicate->prunes_from = condition->prunes_from;
    predicate->prunes_to = condition->prunes_to;
    predicate->other.relation = -1;
    return predicate;
}

static void add_in(const struct pass *pass, const struct constraint *constraint)
{
    struct sw_predicate *predicate = add_predicate(pass->facts, pass->condition);
    size_t size = (size_t)constraint->value_count * sizeof *constraint->values;
    void *values = sw_arena_alloc(pass->facts->arena, size);

    predicate->kind = SW_PREDICATE_IN;
    predicate->column = constraint->column;
    predicate->values = memcpy(values, constraint->values, size);
    predicate->value_count = constraint->value_count;
}

void sw_predicates_add_equals(struct sw_facts *facts, const struct sw_condition *condition,
                              const struct sw_column *column, const struct sw_column *other)
{
    struct sw_predicate *predicate = add_predicate(facts, condition);

    predicate->kind = SW_PREDICATE_EQUALS;
    predicate->column = *column;
    predicate->other = *other;
}

static void add_equalities(const struct pass *pass, const Node *expr)
{
    struct sw_column left, right;

    if (expr == NULL)
        return;
    if (IsA(expr, BoolExpr)) {
        const BoolExpr *tree = (const BoolExpr *)expr;

        for (int i = 0; tree->boolop == AND_EXPR && i < list_length(tree->args); i++)
            add_equalities(pass, list_nth(tree->args, i));
    } else if (IsA(expr, A_Expr)) {
        const A_Expr *operation = (const A_Expr *)expr;

        if (operation->kind == AEXPR_OP && is_equals(operation) &&
            is_column(pass, operation->lexpr, &left) &&
            is_column(pass, operation->rexpr, &right))
            sw_predicates_add_equals(pass->facts, pass->condition, &left, &right);
    }
}

void sw_predicates_collect(struct sw_facts *facts, const Node *expr,
                           const struct sw_condition *condition)
{
    struct pass pass = {facts, condition};
    struct sw_facts_list found = {0};

    if (facts->is_refused)
        return;
    find(&pass, expr, &found);
    for (int i = 0; i < found.count; i++)
        add_in(&pass, constraint_at(&found, i));
    add_equalities(&pass, expr);
}
