/*
 * ddl - statements that change the schema, or keep it in order.
 *
 *   ddl.c           which node is which statement; types, schemas, sequences; upkeep
 *   ddl_tables.c    CREATE TABLE, ALTER TABLE, CREATE INDEX
 *   ddl_objects.c   what names any kind of object: DROP, RENAME, COMMENT, GRANT ...
 */
#ifndef SW_PARSE_DDL_FACTS_H
#define SW_PARSE_DDL_FACTS_H

#include "facts.h"
#include "tree.h"

/* False: not a statement of this kind. */
bool sw_ddl_describe(struct sw_facts *facts, const Node *node);

/* Each returns the object's index, and refuses a name of three parts and what is temporary. */
int sw_ddl_add_object(struct sw_facts *facts, enum sw_object_kind kind, enum sw_object_use use,
                      const char *schema, const char *name);
int sw_ddl_add_range(struct sw_facts *facts, enum sw_object_kind kind, enum sw_object_use use,
                     const RangeVar *range);
/* Of a list of strings; the last one is the name. */
int sw_ddl_add_names(struct sw_facts *facts, enum sw_object_kind kind, enum sw_object_use use,
                     const List *names);
struct sw_object *sw_ddl_object(const struct sw_facts *facts, int object);
void sw_ddl_add_column(struct sw_facts *facts, int object, enum sw_ddl_column_use use,
                       const char *name);

/* ddl_tables.c */
void sw_ddl_create_table(struct sw_facts *facts, const Node *node);
void sw_ddl_alter_table(struct sw_facts *facts, const Node *node);
void sw_ddl_create_index(struct sw_facts *facts, const Node *node);
/* The expression of a constraint of a domain or table. */
void sw_ddl_walk_constraint(struct sw_facts *facts, int object, const Constraint *constraint,
                            const char *column);

/* ddl_objects.c */
void sw_ddl_drop(struct sw_facts *facts, const Node *node);
void sw_ddl_rename(struct sw_facts *facts, const Node *node);
void sw_ddl_set_schema(struct sw_facts *facts, const Node *node);
void sw_ddl_set_owner(struct sw_facts *facts, const Node *node);
void sw_ddl_comment(struct sw_facts *facts, const Node *node);
void sw_ddl_grant(struct sw_facts *facts, const Node *node);
void sw_ddl_default_privileges(struct sw_facts *facts, const Node *node);

#endif
