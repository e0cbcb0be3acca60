/*
 * from - FROM clauses: relations, joins, and what a column name means among them.
 */
#ifndef SW_PARSE_FROM_H
#define SW_PARSE_FROM_H

#include "facts.h"
#include "tree.h"

/* The FROM clause of one level while it is walked. */
struct sw_from {
    int level;
    const struct sw_scope *outer; /* what names mean around the level */
    int first;                    /* relation */
    int end;                      /* one past the last relation; set by sw_from_end() */
    int root;                     /* of its joins, see outline.h; -1: none */
    int first_predicate;
    const List *using_names; /* named in every USING so far; NIL and has_using: none is */
    bool has_using;
    bool has_unmerged_join; /* NATURAL, or USING of an outer join */
};

/* Relations and predicates added from now on may belong to @level. */
void sw_from_begin(struct sw_from *from, const struct sw_facts *facts, int level);
/* A table that is no CTE, as a target of INSERT, UPDATE or DELETE never is. Returns the
 * relation. */
int sw_from_add_table(struct sw_facts *facts, const RangeVar *table, int level);
/* A relation without rows of its own; its index. */
int sw_from_add_derived(struct sw_facts *facts, const Alias *alias, const char *name,
                        int level);
void sw_from_walk(struct sw_facts *facts, struct sw_from *from, const List *items);
/* All relations are known: names may be resolved by facts->scope from now on. */
void sw_from_end(struct sw_from *from, const struct sw_facts *facts);
/* All predicates of the level are known. */
void sw_from_finish(struct sw_facts *facts, const struct sw_from *from);

/* What @ref means at facts->scope; unqualified names lie below relation @to. False: unknown. */
bool sw_from_resolve(struct sw_facts *facts, const ColumnRef *ref, int to,
                     struct sw_column *column);

#endif
