#include "values.h"

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
    if (IsA(&constant->val, Integer))
        return integer(constant->val.ival.ival);
    if (IsA(&constant->val, Float))
        return read_float(constant->val.fval.fval);
    if (!IsA(&constant->val, String))
        return unknown();
    text = sw_facts_text(facts, constant->val.sval.sval);
    return (struct sw_value){.kind = SW_VALUE_STRING, .text = text, .text_len = strlen(text)};
}

static enum sw_cast cast_to(const TypeName *type)
{
    static const struct {
        const char *name;
        enum sw_cast cast;
    } casts[] = {
        {"int2", SW_CAST_INT2}, {"int4", SW_CAST_INT4},    {"int8", SW_CAST_INT8},
        {"text", SW_CAST_TEXT}, {"varchar", SW_CAST_TEXT}, {"uuid", SW_CAST_UUID},
    };
    const char *schema, *name;

    if (type->setof || type->pct_type || type->typmods != NIL || type->typemod != -1 ||
        type->arrayBounds != NIL || !sw_walk_name(type->names, &schema, &name) ||
        schema != NULL)
        return SW_CAST_NONE;
    for (size_t i = 0; i < lengthof(casts); i++)
        if (strcmp(name, casts[i].name) == 0)
            return casts[i].cast;
    return SW_CAST_NONE;
}

static struct sw_value read_cast(struct sw_facts *facts, const TypeCast *cast)
{
    struct sw_value value = sw_value_read(facts, cast->arg);
    enum sw_cast to = cast_to(cast->typeName);

    if (value.kind == SW_VALUE_NULL) {
        value.cast = to;
        return value;
    }
    if (value.kind == SW_VALUE_UNKNOWN || value.kind == SW_VALUE_DEFAULT ||
        to == SW_CAST_NONE || (value.cast != SW_CAST_NONE && value.cast != to))
        return unknown();
    value.cast = to;
    return value;
}

static bool is_integer_cast(enum sw_cast cast)
{
    return cast == SW_CAST_NONE || cast == SW_CAST_INT2 || cast == SW_CAST_INT4 ||
           cast == SW_CAST_INT8;
}

/* A sign before a literal; the grammar has folded `-5` already, but not `-5::int8`. */
static struct sw_value read_signed(struct sw_facts *facts, const A_Expr *expr)
{
    const char *schema, *sign;
    struct sw_value value;

    if (expr->kind != AEXPR_OP || expr->lexpr != NULL || expr->rexpr == NULL ||
        !sw_walk_name(expr->name, &schema, &sign) || schema != NULL ||
        (strcmp(sign, "-") != 0 && strcmp(sign, "+") != 0))
        return unknown();
    value = sw_value_read(facts, expr->rexpr);
    if (value.kind != SW_VALUE_INTEGER || !is_integer_cast(value.cast))
        return unknown();
    if (*sign == '-' && __builtin_sub_overflow((int64_t)0, value.integer, &value.integer))
        return unknown();
    return value;
}

struct sw_value sw_value_read(struct sw_facts *facts, const Node *node)
{
    if (node == NULL)
        return unknown();
    if (IsA(node, A_Const))
        return read_const(facts, (const A_Const *)node);
    if (IsA(node, TypeCast))
        return read_cast(facts, (const TypeCast *)node);
    if (IsA(node, A_Expr))
        return read_signed(facts, (const A_Expr *)node);
    if (IsA(node, ParamRef))
        return (struct sw_value){.kind = SW_VALUE_PARAMETER,
                                 .parameter = ((const ParamRef *)node)->number};
    if (IsA(node, SetToDefault))
        return (struct sw_value){.kind = SW_VALUE_DEFAULT};
    return unknown();
}
