/*
 * values - literals, parameters, casts of them, and what constants come to.
 */
#ifndef SW_PARSE_VALUES_H
#define SW_PARSE_VALUES_H

#include "facts.h"
#include "tree.h"

/* What @node is worth without a server; SW_VALUE_UNKNOWN if that cannot be told. Integers are
 * added, subtracted, multiplied and divided, and days counted, as the server would; what
 * overflows is unknown. The text lives in the script's arena. */
struct sw_value sw_value_read(struct sw_facts *facts, const Node *node);

/* The elements of the array @node, of `= ANY (node)`, in the script's arena: one value of
 * is_array for a parameter, one unknown value for what cannot be told. */
struct sw_value *sw_value_read_array(struct sw_facts *facts, const Node *node, int *count);

#endif
