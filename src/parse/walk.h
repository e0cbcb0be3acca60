/*
 * walk - over every node of a statement, once.
 *
 * Fail closed: a node that no walker knows refuses the statement.
 */
#ifndef SW_PARSE_WALK_H
#define SW_PARSE_WALK_H

#include "facts.h"
#include "tree.h"

/* An expression, or anything that may stand in one; NULL is nothing. */
void sw_walk(struct sw_facts *facts, const void *node);
void sw_walk_list(struct sw_facts *facts, const List *list);

/* SELECT, VALUES, a set operation, INSERT, UPDATE, DELETE: at the top or within. Names mean
 * what facts->scope and facts->ctes say, and come back unchanged. */
void sw_walk_query(struct sw_facts *facts, const Node *query);
/* The same of what is the whole statement, which gets its kind. False: it is no query. */
bool sw_walk_statement(struct sw_facts *facts, const Node *node);
/* The table of COPY, whose rows are read as they are, or to which rows are added. */
void sw_walk_copied(struct sw_facts *facts, const RangeVar *table);
void sw_walk_copied_into(struct sw_facts *facts, const CopyStmt *copy);

void sw_walk_type(struct sw_facts *facts, const TypeName *type);
void sw_walk_function(struct sw_facts *facts, const FuncCall *call);

/* Around everything that recurses; false: go no deeper (and do not leave). */
bool sw_walk_enter(struct sw_facts *facts);
void sw_walk_leave(struct sw_facts *facts);

/* The last name of a qualified name; its schema is NULL when it is unqualified or pg_catalog.
 * False: three names or more. */
bool sw_walk_name(const List *names, const char **schema, const char **name);

#endif
