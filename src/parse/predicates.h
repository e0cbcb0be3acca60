/*
 * predicates - what must hold for the rows of a level.
 */
#ifndef SW_PARSE_PREDICATES_H
#define SW_PARSE_PREDICATES_H

#include "facts.h"
#include "tree.h"

/* Where a condition stands. Names mean what facts->scope says. */
struct sw_condition {
    int names_to;               /* unqualified names lie below this relation */
    int prunes_from, prunes_to; /* SW_LEVEL_END: to the end of the level */
};

/* Add the predicates that follow from the conjuncts of @expr, which has been walked. */
void sw_predicates_collect(struct sw_facts *facts, const Node *expr,
                           const struct sw_condition *condition);
void sw_predicates_add_equals(struct sw_facts *facts, const struct sw_condition *condition,
                              const struct sw_column *column, const struct sw_column *other);

#endif
