#include "slots.h"

/* Where in a struct of one kind pointers to expressions, or to lists of them, are. */
struct kind {
    NodeTag tag;
    int count;
    size_t offsets[5];
};

static const struct kind kinds[] = {
    {T_A_ArrayExpr, 1, {offsetof(A_ArrayExpr, elements)}},
    {T_A_Const, 0, {0}},
    {T_A_Expr, 2, {offsetof(A_Expr, lexpr), offsetof(A_Expr, rexpr)}},
    {T_A_Indices, 2, {offsetof(A_Indices, lidx), offsetof(A_Indices, uidx)}},
    {T_A_Indirection, 2, {offsetof(A_Indirection, arg), offsetof(A_Indirection, indirection)}},
    {T_A_Star, 0, {0}},
    {T_BoolExpr, 1, {offsetof(BoolExpr, args)}},
    {T_BooleanTest, 1, {offsetof(BooleanTest, arg)}},
    {T_CaseExpr,
     3,
     {offsetof(CaseExpr, arg), offsetof(CaseExpr, args), offsetof(CaseExpr, defresult)}},
    {T_CaseWhen, 2, {offsetof(CaseWhen, expr), offsetof(CaseWhen, result)}},
    {T_CoalesceExpr, 1, {offsetof(CoalesceExpr, args)}},
    {T_CollateClause, 1, {offsetof(CollateClause, arg)}},
    {T_ColumnRef, 0, {0}},
    {T_FuncCall,
     4,
     {offsetof(FuncCall, args), offsetof(FuncCall, agg_order), offsetof(FuncCall, agg_filter),
      offsetof(FuncCall, over)}},
    {T_GroupingFunc, 1, {offsetof(GroupingFunc, args)}},
    {T_GroupingSet, 1, {offsetof(GroupingSet, content)}},
    {T_MinMaxExpr, 1, {offsetof(MinMaxExpr, args)}},
    {T_NamedArgExpr, 1, {offsetof(NamedArgExpr, arg)}},
    {T_NullTest, 1, {offsetof(NullTest, arg)}},
    {T_ParamRef, 0, {0}},
    {T_ResTarget, 2, {offsetof(ResTarget, indirection), offsetof(ResTarget, val)}},
    {T_RowExpr, 1, {offsetof(RowExpr, args)}},
    {T_SQLValueFunction, 0, {0}},
    {T_SortBy, 1, {offsetof(SortBy, node)}},
    {T_String, 0, {0}},
    {T_SubLink, 1, {offsetof(SubLink, testexpr)}},
    {T_TypeCast, 1, {offsetof(TypeCast, arg)}},
    {T_WindowDef,
     4,
     {offsetof(WindowDef, partitionClause), offsetof(WindowDef, orderClause),
      offsetof(WindowDef, startOffset), offsetof(WindowDef, endOffset)}},
    {T_XmlExpr, 2, {offsetof(XmlExpr, named_args), offsetof(XmlExpr, args)}},
    {T_XmlSerialize, 1, {offsetof(XmlSerialize, expr)}},
};

static void each_of_list(List *list, void (*fn)(void *owner, Node **slot), void *owner)
{
    for (int i = 0; i < list_length(list); i++) {
        Node *item = list_nth(list, i);

        if (item == NULL)
            continue;
        fn(owner, &item);
        list->elements[i].ptr_value = item;
    }
}

bool sw_slots_each(Node *node, void (*fn)(void *owner, Node **slot), void *owner)
{
    if (IsA(node, List)) {
        each_of_list((List *)node, fn, owner);
        return true;
    }
    for (size_t i = 0; i < lengthof(kinds); i++) {
        if (kinds[i].tag != nodeTag(node))
            continue;
        for (int k = 0; k < kinds[i].count; k++) {
            Node **slot = (Node **)(void *)((char *)node + kinds[i].offsets[k]);

            if (*slot != NULL)
                fn(owner, slot);
        }
        return true;
    }
    return false;
}
