#include "values.h"

#include "shardward/key/array.h"
#include "shardward/key/value.h"

#include "walk.h"

#include <string.h>

static struct sw_value unknown(void)
{
    return (struct sw_value){.kind = SW_VALUE_UNKNOWN};
}

static struct sw_value integer(int64_t number)
{
    return (struct sw_value){.kind = SW_VALUE_INTEGER, .integer = number};
}

/* The lexer calls a number Float that does not fit an int4; `-` has been put before it. */
static struct sw_value read_float(const char *text)
{
    bool is_negative = *text == '-';
    const char *digits = text + is_negative;
    int64_t number = 0;

    if (*digits == '\0')
        return unknown();
    for (const char *at = digits; *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, is_negative ? '0' - *at : *at - '0', &number))
            return unknown();
    }
    return integer(number);
}

static struct sw_value read_const(struct sw_facts *facts, const A_Const *constant)
{
    const char *text;

    if (constant->isnull)
        return (struct sw_value){.kind = SW_VALUE_NULL};
    facts->literals_read++;
    if (IsA(&constant->val, Integer))
        return integer(constant->val.ival.ival);
    if (IsA(&constant->val, Float))
        return read_float(constant->val.fval.fval);
    if (!IsA(&constant->val, String))
        return unknown();
    text = sw_facts_text(facts, constant->val.sval.sval);
    return (struct sw_value){.kind = SW_VALUE_STRING, .text = text, .text_len = strlen(text)};
}

static enum sw_cast cast_of_name(const char *name)
{
    static const struct {
        const char *name;
        enum sw_cast cast;
    } casts[] = {
        {"int2", SW_CAST_INT2},
        {"int4", SW_CAST_INT4},
        {"int8", SW_CAST_INT8},
        {"text", SW_CAST_TEXT},
        {"varchar", SW_CAST_TEXT},
        {"uuid", SW_CAST_UUID},
        {"date", SW_CAST_DATE},
        {"timestamp", SW_CAST_TIMESTAMP},
        {"timestamptz", SW_CAST_TIMESTAMPTZ},
    };

    for (size_t i = 0; i < lengthof(casts); i++)
        if (strcmp(name, casts[i].name) == 0)
            return casts[i].cast;
    return SW_CAST_NONE;
}

static enum sw_cast cast_to(const TypeName *type, bool is_array)
{
    const char *schema, *name;

    if (type->setof || type->pct_type || type->typmods != NIL || type->typemod != -1 ||
        list_length(type->arrayBounds) != is_array ||
        !sw_walk_name(type->names, &schema, &name) || schema != NULL)
        return SW_CAST_NONE;
    return cast_of_name(name);
}

static bool is_integer_cast(enum sw_cast cast)
{
    return cast == SW_CAST_INT2 || cast == SW_CAST_INT4 || cast == SW_CAST_INT8;
}

static enum sw_type_oid oid_of(enum sw_cast cast)
{
    return cast == SW_CAST_INT2   ? SW_OID_INT2
           : cast == SW_CAST_INT4 ? SW_OID_INT4
                                  : SW_OID_INT8;
}

/* The lexer's rule: what fits is an int4. */
static enum sw_cast width_of(int64_t number)
{
    return number >= INT32_MIN && number <= INT32_MAX ? SW_CAST_INT4 : SW_CAST_INT8;
}

/* The number of an integer constant, with its type as the cast; false: it is none, or out of
 * its range. */
static bool as_integer(const struct sw_value *value, struct sw_value *number)
{
    struct sw_error ignored;

    *number = *value;
    if (value->kind == SW_VALUE_STRING && is_integer_cast(value->cast)) {
        number->kind = SW_VALUE_INTEGER;
        return sw_key_integer_of_text(value->text, value->text_len, oid_of(value->cast),
                                      &number->integer, &ignored);
    }
    if (value->kind != SW_VALUE_INTEGER)
        return false;
    if (value->cast == SW_CAST_NONE)
        number->cast = width_of(value->integer);
    return is_integer_cast(number->cast) &&
           sw_key_integer_fits(value->integer, oid_of(number->cast), &ignored);
}

/* The same of a date constant, in days. */
static bool as_date(const struct sw_value *value, struct sw_value *date)
{
    struct sw_key_value day;
    struct sw_error ignored;

    *date = *value;
    if (value->cast != SW_CAST_DATE)
        return false;
    if (value->kind != SW_VALUE_STRING)
        return value->kind == SW_VALUE_INTEGER;
    if (!sw_key_value_of_text(SW_KEY_DATE, value->text, value->text_len, false, &day, &ignored))
        return false;
    date->kind = SW_VALUE_INTEGER;
    date->integer = day.number;
    return true;
}

/* A cast of what has been cast already. */
static struct sw_value cast_again(const struct sw_value *value, enum sw_cast to)
{
    struct sw_value number = *value;

    if (value->cast == to)
        return number;
    if (value->kind == SW_VALUE_STRING && value->cast == SW_CAST_TEXT) {
        number.cast = to;
        return number;
    }
    if (!as_integer(value, &number) || (!is_integer_cast(to) && to != SW_CAST_TEXT))
        return unknown();
    number.cast = to;
    return number;
}

static struct sw_value cast_value(struct sw_value value, enum sw_cast to)
{
    if (value.kind == SW_VALUE_NULL) {
        value.cast = to;
        return value;
    }
    if (value.kind == SW_VALUE_UNKNOWN || value.kind == SW_VALUE_DEFAULT || to == SW_CAST_NONE)
        return unknown();
    if (value.cast != SW_CAST_NONE)
        return cast_again(&value, to);
    if (value.kind == SW_VALUE_INTEGER && !is_integer_cast(to) && to != SW_CAST_TEXT)
        return unknown();
    value.cast = to;
    return value;
}

static bool compute(char operator, int64_t a, int64_t b, int64_t *result)
{
    switch (operator) {
    case '+':
        return !__builtin_add_overflow(a, b, result);
    case '-':
        return !__builtin_sub_overflow(a, b, result);
    case '*':
        return !__builtin_mul_overflow(a, b, result);
    case '/':
        if (b == 0 || (a == INT64_MIN && b == -1))
            return false;
        *result = a / b;
        return true;
    case '%':
        if (b == 0)
            return false;
        *result = b == -1 ? 0 : a % b;
        return true;
    default:
        return false;
    }
}

/* Of two integers the wider type is that of the result. */
static struct sw_value compute_integer(char operator, const struct sw_value * a,
                                       const struct sw_value *b)
{
    struct sw_value result = integer(0);
    struct sw_error ignored;

    result.cast = a->cast == SW_CAST_INT8 || b->cast == SW_CAST_INT8   ? SW_CAST_INT8
                  : a->cast == SW_CAST_INT4 || b->cast == SW_CAST_INT4 ? SW_CAST_INT4
                                                                       : SW_CAST_INT2;
    if (!compute(operator, a->integer, b->integer, &result.integer) ||
        !sw_key_integer_fits(result.integer, oid_of(result.cast), &ignored))
        return unknown();
    return result;
}

/* date + int4, int4 + date, date - int4. */
static struct sw_value compute_date(char operator, const struct sw_value * date,
                                    const struct sw_value *days)
{
    struct sw_value result = *date;

    if (days->cast == SW_CAST_INT8 || (operator!= '+' && operator!= '-') ||
        !sw_key_date_add(date->integer, operator== '-' ? -days->integer : days->integer,
                         &result.integer))
        return unknown();
    return result;
}

static struct sw_value read_binary(struct sw_facts *facts, const A_Expr *expr, char operator)
{
    struct sw_value left = sw_value_read(facts, expr->lexpr);
    struct sw_value right = sw_value_read(facts, expr->rexpr);
    struct sw_value a, b;

    if (as_integer(&left, &a) && as_integer(&right, &b))
        return compute_integer(operator, & a, &b);
    if (as_date(&left, &a) && as_integer(&right, &b))
        return compute_date(operator, & a, &b);
    if (operator== '+' && as_integer(&left, &a) && as_date(&right, &b))
        return compute_date(operator, & b, &a);
    return unknown();
}

/* A sign before a literal; the grammar has folded `-5` already, but not `-5::int8`. */
static struct sw_value read_signed(struct sw_facts *facts, const A_Expr *expr, char sign)
{
    struct sw_value value = sw_value_read(facts, expr->rexpr), number;
    struct sw_value zero = integer(0);

    if ((sign != '-' && sign != '+') || !as_integer(&value, &number))
        return unknown();
    zero.cast = number.cast;
    return compute_integer(sign, &zero, &number);
}

static struct sw_value read_operation(struct sw_facts *facts, const A_Expr *expr)
{
    const char *schema, *name;

    if (expr->kind != AEXPR_OP || expr->rexpr == NULL ||
        !sw_walk_name(expr->name, &schema, &name) || schema != NULL || strlen(name) != 1)
        return unknown();
    return expr->lexpr == NULL ? read_signed(facts, expr, *name)
                               : read_binary(facts, expr, *name);
}

static struct sw_value read_node(struct sw_facts *facts, const Node *node)
{
    if (node == NULL)
        return unknown();
    if (IsA(node, A_Const))
        return read_const(facts, (const A_Const *)node);
    if (IsA(node, TypeCast))
        return cast_value(sw_value_read(facts, ((const TypeCast *)node)->arg),
                          cast_to(((const TypeCast *)node)->typeName, false));
    if (IsA(node, A_Expr))
        return read_operation(facts, (const A_Expr *)node);
    if (IsA(node, ParamRef))
        return (struct sw_value){.kind = SW_VALUE_PARAMETER,
                                 .parameter = ((const ParamRef *)node)->number};
    if (IsA(node, SetToDefault))
        return (struct sw_value){.kind = SW_VALUE_DEFAULT};
    return unknown();
}

/* The literal that @node is, with one cast at most: nothing was made of what stands in it. */
static const A_Const *literal_of(const Node *node)
{
    if (node != NULL && IsA(node, TypeCast))
        node = ((const TypeCast *)node)->arg;
    return node != NULL && IsA(node, A_Const) && !((const A_Const *)node)->isnull
               ? (const A_Const *)node
               : NULL;
}

/* Is @value what the literal says? An int4 is never beyond int4, nor the other way round: the
 * grammar tells them apart. The sign before a zero does not show. */
static bool is_literal(const struct sw_value *value, const struct sw_literal *literal,
                       bool has_sign)
{
    switch (literal->class) {
    case SW_LITERAL_STRING:
        return value->kind == SW_VALUE_STRING && value->text_len == literal->text_len &&
               memcmp(value->text, literal->text, literal->text_len) == 0;
    case SW_LITERAL_INT4:
    case SW_LITERAL_INT8:
        return value->kind == SW_VALUE_INTEGER && (literal->integer != 0 || !has_sign) &&
               (value->integer == literal->integer || value->integer == -literal->integer);
    case SW_LITERAL_NUMERIC:
    case SW_LITERAL_BITS:
    case SW_LITERAL_HEX:
    case SW_LITERAL_KEPT:
        break;
    }
    return false;
}

/* Find the literal in the skeleton. The grammar puts a sign into the constant, which then
 * begins at the sign. */
static void give_slot(struct sw_facts *facts, const A_Const *constant, struct sw_value *value)
{
    const struct sw_literal *literal =
        constant->location < 0
            ? NULL
            : sw_skeleton_literal_at(facts->skeleton, (uint32_t)constant->location);

    if (literal != NULL && literal->class == SW_LITERAL_KEPT)
        return;
    if (literal == NULL ||
        !is_literal(value, literal, literal->at != (uint32_t)constant->location)) {
        facts->statement->is_verbatim = true;
        return;
    }
    value->slot = (int)(literal - facts->skeleton->literals) + 1;
    value->is_negated = value->kind == SW_VALUE_INTEGER && value->integer != literal->integer;
}

struct sw_value sw_value_read(struct sw_facts *facts, const Node *node)
{
    int already_read = facts->literals_read;
    struct sw_value value = read_node(facts, node);
    const A_Const *constant = literal_of(node);
    bool is_told = value.kind == SW_VALUE_INTEGER || value.kind == SW_VALUE_STRING;

    value.slot = 0;
    value.is_negated = false;
    if (constant == NULL && facts->literals_read > already_read)
        facts->statement->is_verbatim = true;
    else if (constant != NULL && is_told && facts->skeleton != NULL)
        give_slot(facts, constant, &value);
    return value;
}

static struct sw_value *one_value(struct sw_facts *facts, struct sw_value value, int *count)
{
    struct sw_value *values = sw_arena_alloc(facts->arena, sizeof *values);

    *values = value;
    *count = 1;
    return values;
}

static struct sw_value *read_constructor(struct sw_facts *facts, const A_ArrayExpr *array,
                                         enum sw_cast cast, int *count)
{
    struct sw_value *values =
        sw_arena_alloc(facts->arena, (size_t)list_length(array->elements) * sizeof *values);

    *count = list_length(array->elements);
    for (int i = 0; i < *count; i++) {
        values[i] = sw_value_read(facts, list_nth(array->elements, i));
        if (cast != SW_CAST_NONE && values[i].cast != SW_CAST_NONE)
            facts->statement->is_verbatim = true; /* casts of casts compute */
        if (cast != SW_CAST_NONE)
            values[i] = cast_value(values[i], cast);
    }
    return values;
}

/* The text of an array: '{1,2}'. */
static struct sw_value *read_text(struct sw_facts *facts, const char *text, enum sw_cast cast,
                                  int *count)
{
    struct sw_key_array array;
    struct sw_value *values;

    facts->statement->is_verbatim = true;
    if (!sw_key_array_of_text(text, strlen(text), facts->arena, &array))
        return one_value(facts, unknown(), count);
    values = sw_arena_alloc(facts->arena, (size_t)array.count * sizeof *values);
    for (int i = 0; i < array.count; i++) {
        const struct sw_key_element *element = &array.elements[i];

        values[i] = (struct sw_value){.kind = SW_VALUE_NULL, .cast = cast};
        if (element->bytes != NULL)
            values[i] = (struct sw_value){.kind = SW_VALUE_STRING,
                                          .cast = cast,
                                          .text = (const char *)element->bytes,
                                          .text_len = element->len};
    }
    *count = array.count;
    return values;
}

struct sw_value *sw_value_read_array(struct sw_facts *facts, const Node *node, int *count)
{
    enum sw_cast cast = SW_CAST_NONE;

    if (IsA(node, TypeCast)) {
        cast = cast_to(((const TypeCast *)node)->typeName, true);
        node = ((const TypeCast *)node)->arg;
        if (cast == SW_CAST_NONE)
            return one_value(facts, unknown(), count);
    }
    if (IsA(node, A_ArrayExpr))
        return read_constructor(facts, (const A_ArrayExpr *)node, cast, count);
    if (IsA(node, ParamRef))
        return one_value(facts,
                         (struct sw_value){.kind = SW_VALUE_PARAMETER,
                                           .cast = cast,
                                           .is_array = true,
                                           .parameter = ((const ParamRef *)node)->number},
                         count);
    if (IsA(node, A_Const) && !((const A_Const *)node)->isnull &&
        IsA(&((const A_Const *)node)->val, String))
        return read_text(facts, ((const A_Const *)node)->val.sval.sval, cast, count);
    return one_value(facts, unknown(), count);
}
