/*
 * by_name - PREPARE and EXECUTE: statements that are run by a name.
 */
#ifndef SW_PARSE_BY_NAME_H
#define SW_PARSE_BY_NAME_H

#include "facts.h"
#include "tree.h"

/* The name, the types that are declared, and where the statement within stands. Refused (0A000)
 * are types that are not of pg_catalog. */
void sw_by_name_describe_prepare(struct sw_facts *facts, const PrepareStmt *prepare);
/* The name, where it stands, and the arguments; be it behind EXPLAIN. Refused (0A000) are
 * arguments that a server could answer by more than constants and harmless functions. */
void sw_by_name_describe_execute(struct sw_facts *facts, const ExecuteStmt *execute);

#endif
