/*
 * temporary - statements that make a temporary table.
 */
#ifndef SW_PARSE_TEMPORARY_H
#define SW_PARSE_TEMPORARY_H

#include "facts.h"
#include "tree.h"

/* The schema by which a session calls its own temporary tables; NULL: none. */
bool sw_temporary_is_schema(const char *schema);
/* Is what is made by this name temporary? */
bool sw_temporary_is(const RangeVar *range);
/* CREATE TEMP TABLE, whose elements are described as those of any table. */
void sw_temporary_describe_table(struct sw_facts *facts, const CreateStmt *create);
void sw_temporary_describe_like(struct sw_facts *facts, const TableLikeClause *like);
/* CREATE TABLE AS. */
void sw_temporary_describe_as(struct sw_facts *facts, const CreateTableAsStmt *create);
/* A SELECT that is a statement; with INTO, perhaps. */
void sw_temporary_describe_into(struct sw_facts *facts, const SelectStmt *select);
/* DDL is described: 0A000 of what cannot stand in that of a temporary table. */
void sw_temporary_check(struct sw_facts *facts);

#endif
