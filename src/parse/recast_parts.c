/*
 * Aggregates that are computed shard by shard, and then of what the shards have found.
 *
 * Types are PostgreSQL's own (docs, 9.21): sum() of integers is a bigint, of bigints and
 * numerics a numeric; avg() of all these is the numeric quotient of sum and count.
 */
#include "recasting.h"

#include "function_names.h"

#include "shardward/base/text.h"

#include <string.h>

enum { OID_INT8 = 20, OID_FLOAT8 = 701, OID_INTERVAL = 1186, OID_NUMERIC = 1700 };

enum way {
    WAY_COUNT,
    WAY_SUM,
    WAY_AVERAGE,
    WAY_SAME, /* the same again */
};

struct aggregate {
    const char *name;
    enum way way;
    bool may_be_distinct; /* duplicates change nothing */
};

static const struct aggregate aggregates[] = {
    {"avg", WAY_AVERAGE, false},  {"bit_and", WAY_SAME, true},  {"bit_or", WAY_SAME, true},
    {"bit_xor", WAY_SAME, false}, {"bool_and", WAY_SAME, true}, {"bool_or", WAY_SAME, true},
    {"count", WAY_COUNT, false},  {"every", WAY_SAME, true},    {"max", WAY_SAME, true},
    {"min", WAY_SAME, true},      {"sum", WAY_SUM, false},
};

static const char *name_of(const FuncCall *call)
{
    int count = list_length(call->funcname);

    if (count > 2 ||
        (count == 2 && strcmp(strVal(linitial(call->funcname)), "pg_catalog") != 0))
        return "";
    return strVal(llast(call->funcname));
}

static const struct aggregate *aggregate_of(const FuncCall *call)
{
    for (size_t i = 0; i < lengthof(aggregates); i++)
        if (strcmp(aggregates[i].name, name_of(call)) == 0)
            return &aggregates[i];
    return NULL;
}

bool sw_recast_is_aggregate(const Node *node)
{
    return IsA(node, FuncCall) && ((const FuncCall *)node)->over == NULL &&
           sw_function_is_aggregate(name_of((const FuncCall *)node));
}

static Node *named(const FuncCall *call, const char *name)
{
    FuncCall *other = copyObjectImpl(call);

    other->funcname = lappend(NIL, makeString(pstrdup(name)));
    return (Node *)other;
}

int sw_recast_parts_of(const FuncCall *call, Node **parts)
{
    const struct aggregate *aggregate = aggregate_of(call);

    if (aggregate == NULL || call->agg_order != NIL || call->agg_within_group ||
        call->func_variadic || (call->agg_distinct && !aggregate->may_be_distinct))
        return 0;
    parts[0] = copyObjectImpl(call);
    if (aggregate->way != WAY_AVERAGE)
        return 1;
    parts[0] = named(call, "sum");
    parts[1] = named(call, "count");
    return 2;
}

static Node *average_of(const int *columns, uint32_t type)
{
    if (type == OID_INT8 || type == OID_NUMERIC)
        return sw_recast_expression("SELECT pg_catalog.sum(r.c%d) OPERATOR(pg_catalog./) "
                                    "NULLIF(pg_catalog.sum(r.c%d), 0)",
                                    columns[0], columns[1]);
    if (type == OID_FLOAT8 || type == OID_INTERVAL)
        return sw_recast_expression("SELECT pg_catalog.sum(r.c%d) OPERATOR(pg_catalog./) "
                                    "NULLIF(pg_catalog.sum(r.c%d), 0)::pg_catalog.float8",
                                    columns[0], columns[1]);
    return NULL; /* the sum of reals is a real, which is not exact enough */
}

Node *sw_recast_whole_of(const FuncCall *call, const int *columns, uint32_t type)
{
    switch (aggregate_of(call)->way) {
    case WAY_COUNT:
        return sw_recast_expression(
            "SELECT COALESCE(pg_catalog.sum(r.c%d), 0)::pg_catalog.int8", columns[0]);
    case WAY_SUM:
        return sw_recast_expression(type == OID_INT8
                                        ? "SELECT pg_catalog.sum(r.c%d)::pg_catalog.int8"
                                        : "SELECT pg_catalog.sum(r.c%d)",
                                    columns[0]);
    case WAY_AVERAGE:
        return average_of(columns, type);
    case WAY_SAME:
        break;
    }
    return sw_recast_expression("SELECT pg_catalog.%s(r.c%d)", name_of(call), columns[0]);
}
