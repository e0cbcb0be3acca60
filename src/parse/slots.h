/*
 * slots - the places within an expression where other expressions stand.
 */
#ifndef SW_PARSE_SLOTS_H
#define SW_PARSE_SLOTS_H

#include "tree.h"

#include <stdbool.h>

/*
 * Call @fn with each place directly within @node that holds an expression, or a list of them;
 * the expression may be replaced there. Not within: the query of a SubLink. False: @node is of
 * a kind that is not known.
 */
bool sw_slots_each(Node *node, void (*fn)(void *owner, Node **slot), void *owner);

#endif
