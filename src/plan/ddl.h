/*
 * ddl - where a change of the schema goes.
 *
 *   ddl.c     tables and schemas, and what the map says of them
 *   parts.c   what the catalog alone knows: indexes, sequences, partitions, tables of no rule
 */
#ifndef SW_PLAN_DDL_H
#define SW_PLAN_DDL_H

#include "planner.h"

struct sw_ddl_target {
    const struct sw_business *business; /* of the objects so far; NULL: none was named */
    bool is_everywhere;                 /* something named may be on any shard */
};

const struct sw_table *sw_ddl_declared(const struct sw_planner *planner,
                                       const struct sw_object *object);
/* False: 0A000, @target has another business. */
bool sw_ddl_add_business(const struct sw_planner *planner, const struct sw_business *business,
                         struct sw_ddl_target *target);
/* 0A000 and 42P01. Return false. */
bool sw_ddl_refuse_search_path(const struct sw_planner *planner,
                               const struct sw_object *object);
bool sw_ddl_refuse_missing(const struct sw_planner *planner, const struct sw_object *object);

/* NULL when @catalog, which may be NULL, knows no such thing. */
const struct sw_catalog_part *sw_ddl_part(const struct sw_catalog_database *catalog,
                                          const struct sw_object *object);
/* The declared table that the partition @object is of; NULL: there is none. */
const struct sw_table *sw_ddl_parent(const struct sw_planner *planner,
                                     const struct sw_object *object);
/* Of an index or a sequence that is there before the statement. */
bool sw_ddl_add_part(const struct sw_planner *planner, const struct sw_object *object,
                     struct sw_ddl_target *target);
/* Of a table of no rule, which is dropped where it is. */
bool sw_ddl_add_stray(const struct sw_planner *planner, const struct sw_object *object,
                      struct sw_ddl_target *target);

#endif
