/*
 * Two passes over the same conjuncts: what columns equal which values (this looks into OR),
 * and which columns equal each other or lie on one side of a value. `(a, b) = (1, 2)` stands
 * for a = 1 AND b = 2; of `(a, b) IN (...)` only the values of each column are kept.
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

/* The operator of pg_catalog that @expr has; "" if it is of another schema. */
static const char *operator_of(const A_Expr *expr)
{
    const char *schema, *name;

    return sw_walk_name(expr->name, &schema, &name) && schema == NULL ? name : "";
}

static bool is_equals(const A_Expr *expr)
{
    return strcmp(operator_of(expr), "=") == 0;
}

/* Two rows of one length, side by side. */
static bool are_rows(const Node *left, const Node *right)
{
    return left != NULL && right != NULL && IsA(left, RowExpr) && IsA(right, RowExpr) &&
           list_length(((const RowExpr *)left)->args) ==
               list_length(((const RowExpr *)right)->args);
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

static void find_in_equality(const struct pass *pass, const Node *lexpr, const Node *rexpr,
                             struct sw_facts_list *found)
{
    struct sw_column left, right;
    bool left_is_column = is_column(pass, lexpr, &left);
    bool right_is_column = is_column(pass, rexpr, &right);
    struct sw_value *value;

    if (left_is_column == right_is_column)
        return;
    value = new_values(pass, 1);
    *value = sw_value_read(pass->facts, left_is_column ? rexpr : lexpr);
    add_constraint(pass, found, left_is_column ? &left : &right, value, 1);
}

static void find_in_operation(const struct pass *pass, const A_Expr *expr,
                              struct sw_facts_list *found)
{
    const List *left, *right;

    if (!are_rows(expr->lexpr, expr->rexpr)) {
        find_in_equality(pass, expr->lexpr, expr->rexpr, found);
        return;
    }
    left = ((const RowExpr *)expr->lexpr)->args;
    right = ((const RowExpr *)expr->rexpr)->args;
    for (int i = 0; i < list_length(left); i++)
        find_in_equality(pass, list_nth(left, i), list_nth(right, i), found);
}

static void find_in_list(const struct pass *pass, const A_Expr *expr,
                         struct sw_facts_list *found)
{
    const List *members = (const List *)expr->rexpr;
    struct sw_column column;
    struct sw_value *values;

    if (!is_column(pass, expr->lexpr, &column))
        return;
    values = new_values(pass, list_length(members));
    for (int i = 0; i < list_length(members); i++)
        values[i] = sw_value_read(pass->facts, list_nth(members, i));
    add_constraint(pass, found, &column, values, list_length(members));
}

/* What column @at of the rows may be. */
static void find_in_row_list(const struct pass *pass, const A_Expr *expr, int at,
                             struct sw_facts_list *found)
{
    const List *members = (const List *)expr->rexpr;
    struct sw_column column;
    struct sw_value *values;

    if (!is_column(pass, list_nth(((const RowExpr *)expr->lexpr)->args, at), &column))
        return;
    values = new_values(pass, list_length(members));
    for (int i = 0; i < list_length(members); i++) {
        const Node *row = list_nth(members, i);

        if (!are_rows(expr->lexpr, row))
            return;
        values[i] = sw_value_read(pass->facts, list_nth(((const RowExpr *)row)->args, at));
    }
    add_constraint(pass, found, &column, values, list_length(members));
}

static void find_in_membership(const struct pass *pass, const A_Expr *expr,
                               struct sw_facts_list *found)
{
    if (!IsA(expr->rexpr, List))
        return;
    if (!IsA(expr->lexpr, RowExpr)) {
        find_in_list(pass, expr, found);
        return;
    }
    for (int i = 0; i < list_length(((const RowExpr *)expr->lexpr)->args); i++)
        find_in_row_list(pass, expr, i, found);
}

static void find_in_array(const struct pass *pass, const A_Expr *expr,
                          struct sw_facts_list *found)
{
    struct sw_column column;
    struct sw_value *values;
    int count = 0;

    if (!is_column(pass, expr->lexpr, &column))
        return;
    values = sw_value_read_array(pass->facts, expr->rexpr, &count);
    add_constraint(pass, found, &column, values, count);
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

        if (!is_equals(operation))
            return;
        if (operation->kind == AEXPR_OP)
            find_in_operation(pass, operation, found);
        else if (operation->kind == AEXPR_IN)
            find_in_membership(pass, operation, found);
        else if (operation->kind == AEXPR_OP_ANY)
            find_in_array(pass, operation, found);
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

static void add_equality(const struct pass *pass, const Node *lexpr, const Node *rexpr)
{
    struct sw_column left, right;

    if (is_column(pass, lexpr, &left) && is_column(pass, rexpr, &right))
        sw_predicates_add_equals(pass->facts, pass->condition, &left, &right);
}

static void add_side(const struct pass *pass, enum sw_predicate_kind kind,
                     const struct sw_column *column, const Node *expr)
{
    struct sw_value *value = sw_arena_alloc(pass->facts->arena, sizeof *value);
    struct sw_predicate *predicate;

    *value = sw_value_read(pass->facts, expr);
    predicate = add_predicate(pass->facts, pass->condition);
    predicate->kind = kind;
    predicate->column = *column;
    predicate->values = value;
    predicate->value_count = 1;
}

/* `column < value`, or the same the other way round. */
static void add_comparison(const struct pass *pass, const A_Expr *expr)
{
    static const struct {
        const char *name;
        enum sw_predicate_kind of_left, of_right;
    } operators[] = {
        {"<", SW_PREDICATE_LESS, SW_PREDICATE_MORE},
        {"<=", SW_PREDICATE_AT_MOST, SW_PREDICATE_AT_LEAST},
        {">", SW_PREDICATE_MORE, SW_PREDICATE_LESS},
        {">=", SW_PREDICATE_AT_LEAST, SW_PREDICATE_AT_MOST},
    };
    const char *name = operator_of(expr);
    struct sw_column left, right;
    bool left_is_column = is_column(pass, expr->lexpr, &left);

    if (left_is_column == is_column(pass, expr->rexpr, &right))
        return;
    for (size_t i = 0; i < lengthof(operators); i++) {
        if (strcmp(name, operators[i].name) != 0)
            continue;
        if (left_is_column)
            add_side(pass, operators[i].of_left, &left, expr->rexpr);
        else
            add_side(pass, operators[i].of_right, &right, expr->lexpr);
    }
}

static void add_between(const struct pass *pass, const A_Expr *expr)
{
    const List *bounds = (const List *)expr->rexpr;
    struct sw_column column;

    if (!is_column(pass, expr->lexpr, &column))
        return;
    add_side(pass, SW_PREDICATE_AT_LEAST, &column, linitial(bounds));
    add_side(pass, SW_PREDICATE_AT_MOST, &column, lsecond(bounds));
}

static void add_operation(const struct pass *pass, const A_Expr *expr)
{
    const List *left, *right;

    if (!is_equals(expr)) {
        add_comparison(pass, expr);
        return;
    }
    if (!are_rows(expr->lexpr, expr->rexpr)) {
        add_equality(pass, expr->lexpr, expr->rexpr);
        return;
    }
    left = ((const RowExpr *)expr->lexpr)->args;
    right = ((const RowExpr *)expr->rexpr)->args;
    for (int i = 0; i < list_length(left); i++)
        add_equality(pass, list_nth(left, i), list_nth(right, i));
}

static void add_relations(const struct pass *pass, const Node *expr)
{
    if (expr == NULL)
        return;
    if (IsA(expr, BoolExpr)) {
        const BoolExpr *tree = (const BoolExpr *)expr;

        for (int i = 0; tree->boolop == AND_EXPR && i < list_length(tree->args); i++)
            add_relations(pass, list_nth(tree->args, i));
    } else if (IsA(expr, A_Expr)) {
        const A_Expr *operation = (const A_Expr *)expr;

        if (operation->kind == AEXPR_OP)
            add_operation(pass, operation);
        else if (operation->kind == AEXPR_BETWEEN)
            add_between(pass, operation);
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
    add_relations(&pass, expr);
}
