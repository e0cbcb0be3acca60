/*
 * planner - one statement while its shard is sought.
 *
 * Each relation gets a place: none (it holds no rows), the catalog, or shards. What a place is
 * made of lies in the planner's arena, and dies with it.
 *
 * A statement is planned in two steps. Compiling needs no values: what each relation is, and
 * which predicates pin which relation. Locating starts from copies of the places that compiling
 * has left, and settles them by the values.
 */
#ifndef SW_PLAN_PLANNER_H
#define SW_PLAN_PLANNER_H

#include "shardward/base/arena.h"
#include "shardward/plan/plan.h"

enum sw_place_kind {
    SW_PLACE_NONE, /* derived: its rows come from other relations */
    SW_PLACE_CATALOG,
    SW_PLACE_SHARD,   /* every row that matters is on `shard` */
    SW_PLACE_ANY_OF,  /* on one of the placement's shards, which one is not known yet; or
                         there is no row that matters */
    SW_PLACE_SEVERAL, /* perhaps on more than one shard */
};

struct sw_place {
    enum sw_place_kind kind;
    const struct sw_table *table;
    const struct sw_shard *shard;
    const struct sw_shard *other; /* of SEVERAL: another one, if the key has several values */
    int bucket;                   /* of a sharded table on SHARD */
    const struct sw_value *value; /* that led to the bucket */
    const struct sw_error *doubt; /* why a value of the key could not be told; NULL: none */
    bool is_target_of_insert;
};

struct sw_planner {
    const struct sw_plan_context *context;
    const struct sw_statement *statement;
    const struct sw_parameters *parameters;
    struct sw_error *err;
    struct sw_arena arena;
    struct sw_place *places;    /* of each relation */
    const struct sw_pins *pins; /* of the sharded ones */
    const bool *has_other_uses; /* of each parameter; NULL: none has */
};

/* What sets of values say of a key: buckets in any order, most duplicates left out. */
struct sw_bucket_set {
    int *buckets;
    const struct sw_value **values; /* that led to each */
    int count;
    bool is_unbound; /* a value is not there yet; the buckets are then those of the others */
};

/* The buckets of @values; NULL values add nothing. False: a value cannot be told; *why. */
bool sw_bucket_set_of(struct sw_planner *planner, const struct sw_placement *placement,
                      const struct sw_value *values, int count, struct sw_bucket_set *set,
                      struct sw_error *why);
/* Is this an error that any server would raise too, not a doubt of ours? */
bool sw_error_is_servers(const struct sw_error *why);

/* Find what each relation is: table, catalog or nothing, and what may not be touched. */
bool sw_relations_resolve(struct sw_planner *planner);
bool sw_catalog_has(const char *name);        /* a relation of pg_catalog that only tells of the
                                                 schema */
bool sw_catalog_is_runtime(const char *name); /* one that tells of one running server */

/* Find the key columns that @column may stand for: relation indexes into @found (as many as
 * there are relations). Returns how many. */
int sw_pins_relations_of(const struct sw_planner *planner, int level,
                         const struct sw_column *column, int *found);
/* 0A000 of a function that is neither known nor harmless. */
bool sw_functions_check(const struct sw_planner *planner);
/* 0A000 if servers would name another user than the client is. */
bool sw_user_check(const struct sw_planner *planner);
/* Which shards DDL is for, and whether the map allows it. */
bool sw_ddl_route(const struct sw_planner *planner, struct sw_route *route);
/* The lines of YAML that a table made by the statement would need, as the error's hint. */
void sw_ddl_advise(const struct sw_planner *planner, int object);
/* Find out which parameters also stand where no key settles their type. Parameters are bound.
 */
void sw_uses_note(struct sw_planner *planner);
/* Find out which predicates pin which relation; needs no values. */
bool sw_pins_find(struct sw_planner *planner);
/* Place all sharded relations, targets of INSERT excepted, by the values of their pins. */
bool sw_pins_place(struct sw_planner *planner);
/* Place the targets of INSERT by the rows. */
bool sw_insert_place(struct sw_planner *planner);

#endif
