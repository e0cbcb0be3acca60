/*
 * utility - statements that are not queries.
 */
#ifndef SW_PARSE_UTILITY_H
#define SW_PARSE_UTILITY_H

#include "facts.h"
#include "tree.h"

/* Anything but SELECT, INSERT, UPDATE, DELETE. */
void sw_utility_describe(struct sw_facts *facts, const Node *node);

#endif
