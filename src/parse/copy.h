/*
 * copy - COPY to and from the client.
 */
#ifndef SW_PARSE_COPY_H
#define SW_PARSE_COPY_H

#include "facts.h"
#include "tree.h"

/* COPY TO has the facts of the query that gives its rows, or of SELECT from its table; COPY
 * FROM those of an INSERT whose rows are not known. */
void sw_copy_describe(struct sw_facts *facts, const CopyStmt *copy);
/* Is it COPY TO, in format binary? */
bool sw_copy_goes_out_binary(const Node *node);

#endif
