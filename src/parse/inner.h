/*
 * inner - where in a text the query stands that a command is about.
 *
 * The grammar has told that there is one, but not at which byte: its own scanner is asked.
 */
#ifndef SW_PARSE_INNER_H
#define SW_PARSE_INNER_H

#include "facts.h"

/* COPY (query) TO: where the query begins and ends, between its parentheses. */
void sw_inner_find_copied(const struct sw_facts *facts, int *at, int *end);
/* DECLARE name ... FOR query: where it begins. */
int sw_inner_find_declared(const struct sw_facts *facts);
/* EXPLAIN query: where it begins. */
int sw_inner_find_explained(const struct sw_facts *facts, bool has_options);

#endif
