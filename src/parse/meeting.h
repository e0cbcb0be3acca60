/*
 * meeting - where clients meet without a table: advisory locks and notifications. They belong
 * to the database, and so to the one server that all its clients can agree on.
 */
#ifndef SW_PARSE_MEETING_H
#define SW_PARSE_MEETING_H

#include "facts.h"
#include "tree.h"

/* If @name is a function of that kind, the statement becomes one. Not in DDL: what stands in a
 * default or in a constraint is called wherever rows are. */
bool sw_meeting_is_known(struct sw_facts *facts, const char *name);
/* LISTEN, UNLISTEN, NOTIFY; false: it is none. */
bool sw_meeting_describe(struct sw_facts *facts, const Node *node);
/* The statement is @node, the whole of it: is it sure to take something away? */
void sw_meeting_note_taken(struct sw_facts *facts, const Node *node);

#endif
