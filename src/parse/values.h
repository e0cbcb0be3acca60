/*
 * values - literals, parameters and casts of them.
 */
#ifndef SW_PARSE_VALUES_H
#define SW_PARSE_VALUES_H

#include "facts.h"
#include "tree.h"

/* What @node is worth without a server; SW_VALUE_UNKNOWN if that cannot be told. The text
 * lives in the script's arena. */
struct sw_value sw_value_read(struct sw_facts *facts, const Node *node);

#endif
