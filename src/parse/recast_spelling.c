/*
 * What the library's printing would get wrong is said in other words:
 *
 *      (a AND b) IS NULL   would be printed  a AND b IS NULL;  is said  COALESCE(a AND b) IS
 * NULL s.t.a               where t is pulled, there is no s.t any more; is said  t.a
 */
#include "recasting.h"

#include "slots.h"

#include <string.h>

struct spelling {
    const struct sw_recast_tree *tree;
    const struct sw_recast_part *parts; /* that will be put in the place of tables */
    int part_count;
};

static void put_in_brackets(Expr **arg)
{
    CoalesceExpr *brackets;

    if (!IsA(*arg, BoolExpr))
        return;
    brackets = sw_recast_node(sizeof *brackets, T_CoalesceExpr);
    brackets->args = lappend(NIL, *arg);
    brackets->location = -1;
    *arg = (Expr *)brackets;
}

static bool is_pulled(const struct spelling *spelling, const char *schema, const char *name)
{
    for (int i = 0; i < spelling->part_count; i++) {
        const struct sw_recast_source *source = spelling->parts[i].source;
        const RangeVar *table = source->relation >= 0 && source->is_only_one_called_so &&
                                        source->relation < spelling->tree->table_count
                                    ? spelling->tree->tables[source->relation]
                                    : NULL;

        if (table != NULL && table->alias == NULL && strcmp(table->relname, name) == 0 &&
            (table->schemaname == NULL || strcmp(table->schemaname, schema) == 0))
            return true;
    }
    return false;
}

static void leave_schema_out(const struct spelling *spelling, ColumnRef *ref)
{
    if (list_length(ref->fields) == 3 && IsA(linitial(ref->fields), String) &&
        is_pulled(spelling, strVal(linitial(ref->fields)), strVal(lsecond(ref->fields))))
        ref->fields = lappend(lappend(NIL, lsecond(ref->fields)), lthird(ref->fields));
}

static void spell(void *owner, Node **slot)
{
    if (IsA(*slot, NullTest))
        put_in_brackets(&((NullTest *)*slot)->arg);
    else if (IsA(*slot, BooleanTest))
        put_in_brackets(&((BooleanTest *)*slot)->arg);
    else if (IsA(*slot, ColumnRef))
        leave_schema_out(owner, (ColumnRef *)*slot);
    (void)sw_slots_each(*slot, spell, owner);
}

static void spell_item(struct spelling *spelling, Node *item)
{
    JoinExpr *join = (JoinExpr *)item;
    Node *functions;

    if (IsA(item, RangeFunction)) {
        functions = (Node *)((RangeFunction *)item)->functions;
        spell(spelling, &functions);
    }
    if (!IsA(item, JoinExpr))
        return;
    spell_item(spelling, join->larg);
    spell_item(spelling, join->rarg);
    if (join->quals != NULL)
        spell(spelling, &join->quals);
}

static void spell_query(struct spelling *spelling, SelectStmt *select)
{
    Node *lists[] = {(Node *)select->targetList,  (Node *)select->distinctClause,
                     (Node *)select->groupClause, (Node *)select->windowClause,
                     (Node *)select->sortClause,  (Node *)select->valuesLists};
    Node **single[] = {&select->whereClause, &select->havingClause, &select->limitCount,
                       &select->limitOffset};

    for (size_t i = 0; i < lengthof(lists); i++)
        if (lists[i] != NULL)
            spell(spelling, &lists[i]);
    for (size_t i = 0; i < lengthof(single); i++)
        if (*single[i] != NULL)
            spell(spelling, single[i]);
    for (int i = 0; i < list_length(select->fromClause); i++)
        spell_item(spelling, list_nth(select->fromClause, i));
}

void sw_recast_spell(const struct sw_recast_tree *tree, const struct sw_recast_part *parts,
                     int part_count)
{
    struct spelling spelling = {tree, parts, part_count};

    for (int i = 0; i < tree->query_count; i++)
        spell_query(&spelling, tree->queries[i]);
}
