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
#include "shardward/plan/copy.h"
#include "shardward/plan/plan.h"

enum sw_place_kind {
    SW_PLACE_NONE, /* derived: its rows come from other relations */
    SW_PLACE_CATALOG,
    SW_PLACE_SHARD,   /* every row that matters is on `shard` */
    SW_PLACE_ANY_OF,  /* on one of the placement's shards, which one is not known yet; or
                         there is no row that matters */
    SW_PLACE_SEVERAL, /* perhaps on more than one shard */
};

/* A value that a part of a key has, and what stands for it in the text. */
struct sw_pinned {
    struct sw_key_value key;
    const struct sw_value *value;
};

struct sw_place {
    enum sw_place_kind kind;
    const struct sw_table *table;
    const struct sw_temporary *temporary; /* of a temporary table, which has no `table` */
    const struct sw_catalog_table *facts; /* what the shards hold of it; NULL: not known */
    const struct sw_shard *shard;
    const struct sw_shard *other; /* of SEVERAL: another one, if the key has several values */
    int bucket;                   /* of a sharded table on SHARD, if has_bucket */
    bool has_bucket;
    const struct sw_pinned *const *pinned; /* what led there, of each part (NULL: nothing);
                                              NULL: the key was not needed */
    int missing;                           /* of SEVERAL: a part that nothing pins */
    const struct sw_error *doubt; /* why a value of the key could not be told; NULL: none */
    bool is_target_of_insert;
    bool is_at_cursor; /* the row of a cursor, which only the session can find */
    bool is_target_of_copy;
    bool is_filled;   /* a part of the key of its rows is drawn from a sequence */
    bool is_function; /* `table` is the home of a declared function */
    int key_argument; /* of a function with a key, from 0 */
};

struct sw_planner {
    const struct sw_plan_context *context;
    const struct sw_statement *statement;
    const struct sw_parameters *parameters;
    struct sw_error *err;
    struct sw_arena arena;
    struct sw_place *places;              /* of each relation, then of each function */
    bool calls_writer;                    /* a declared function writes */
    const struct sw_pins *pins;           /* of the sharded ones */
    const struct sw_insertion *insertion; /* into the text; NULL: nothing */
    const struct sw_copy_plan *copy;      /* rows that are still to come; NULL: none */
    struct sw_key_source source;          /* what values stand for */
    bool may_scatter; /* it may run on several shards, if that can be proven right */
    bool *needed;     /* by shard id: which hold rows that matter is noted there; NULL: it need
                         not be */
};

/* What compiling has left. */
struct sw_plan {
    struct sw_plan_context context;
    const struct sw_statement *statement;
    bool is_settled; /* `route` is it, whatever the values are */
    struct sw_route route;
    bool has_unbound; /* `unbound` is the route while no values are there */
    struct sw_route unbound;
    bool calls_writer;      /* a function that writes */
    bool shares_parameters; /* one stands more than once */
    struct sw_arena arena;
    const struct sw_place *places;
    const struct sw_pins *pins;
    const struct sw_direct *direct; /* NULL: the long way alone leads there */
    const struct sw_insertion *insertion;
    const struct sw_copy_plan *copy;
    bool may_scatter; /* as of a planner */
};

/* Place everything by the values of planner->parameters; the planner's arena is begun. */
bool sw_plan_settle(const struct sw_plan *plan, struct sw_planner *planner);

/* reasons.c: what leads to a place, added to the words of a route. */
void sw_route_add_reason(struct sw_route *route, const char *text); /* if it fits */
void sw_place_explain(const struct sw_place *place, struct sw_route *route);
void sw_place_explain_several(const struct sw_place *place, struct sw_route *route);
const char *sw_place_missing_key(const struct sw_place *place); /* a column that would tell */

/* What the predicates that pin one part of a key say of it. */
struct sw_domain {
    bool is_known; /* it is one of `values` (of none: no row matters) */
    struct sw_pinned *values;
    int count;
    bool is_unbound; /* a parameter that is not there yet will say more */
    /* Bounds, of the first part of a range placement. */
    bool has_low, has_high, is_high_below; /* < high, not <= */
    struct sw_key_value low, high;
};

/* Narrow @domain, of a part of @type, by one predicate. False: the value cannot be told;
 * *why. */
bool sw_domain_narrow(struct sw_planner *planner, enum sw_key_type type,
                      const struct sw_predicate *predicate, struct sw_domain *domain,
                      struct sw_error *why);
/* Place a relation by the domains of the parts of its key. */
void sw_place_by_domains(struct sw_planner *planner, struct sw_place *place,
                         const struct sw_domain *domains);

/* Does the placement lead to that shard? */
bool sw_placement_has(const struct sw_placement *placement, const struct sw_shard *shard);
bool sw_table_is_sharded(const struct sw_table *table); /* not NULL, and has a key */
/* The part of the key that is column @name; -1: none. */
int sw_table_key_part(const struct sw_table *table, const char *name);
/* Is this an error that any server would raise too, not a doubt of ours? */
bool sw_error_is_servers(const struct sw_error *why);

/* What the shards hold of the database, or of a table; NULL: not known. */
const struct sw_catalog_database *sw_planner_catalog(const struct sw_planner *planner);
const struct sw_catalog_table *sw_planner_facts(const struct sw_planner *planner,
                                                const struct sw_table *table);
/* May the table be read, or written, as the catalog has it? */
bool sw_blocks_check(const struct sw_planner *planner, const struct sw_table *table,
                     bool is_written);

/* Find what each relation is: table, catalog or nothing, and what may not be touched. */
bool sw_relations_resolve(struct sw_planner *planner);
bool sw_catalog_has(const char *name);        /* a relation of pg_catalog that only tells of the
                                                 schema */
bool sw_catalog_is_runtime(const char *name); /* one that tells of one running server */

/* A part of the key of a relation. */
struct sw_key_part {
    int relation, part;
};

/* Find the key columns that @column may stand for, into @found (as many as there are
 * relations). Returns how many. */
int sw_pins_parts_of(const struct sw_planner *planner, int level,
                     const struct sw_column *column, struct sw_key_part *found);
enum sw_key_type sw_pins_type_of(const struct sw_planner *planner, struct sw_key_part part);
int sw_planner_place_count(const struct sw_statement *statement);
/* 0A000 of any function that is not known to be harmless. */
bool sw_functions_check(const struct sw_planner *planner);
/* Find the rule of each function, its place and whether it writes. 0A000 for one that has none.
 */
bool sw_functions_resolve(struct sw_planner *planner);
/* Place the functions that have a key by its argument. */
bool sw_functions_place(struct sw_planner *planner);
/* 0A000 if servers would name another user than the client is. */
bool sw_user_check(const struct sw_planner *planner);
/* What the user of the context has a right to: to use tables of @business (42501, as of @table;
 * NULL: of something in it), and to write (25006). */
bool sw_rights_check_table(const struct sw_planner *planner, const struct sw_table *table);
bool sw_rights_check_ddl(const struct sw_planner *planner, const struct sw_business *business);
bool sw_rights_check_writes(const struct sw_planner *planner);
/* 0A000 of a type that is the row of a temporary table. */
bool sw_temporaries_check_types(const struct sw_planner *planner);
/* Does one of the session's temporary tables have a name of the map? */
bool sw_temporaries_hide_tables(const struct sw_planner *planner);
/* What an unqualified name, or one of pg_temp, means first; NULL: nothing temporary. */
const struct sw_temporary *sw_planner_temporary(const struct sw_planner *planner,
                                                const char *schema, const char *name);
/* DDL that makes a temporary table, or is about some. Not so: *is_ours is false. */
bool sw_temporaries_route(const struct sw_planner *planner, struct sw_route *route,
                          bool *is_ours);
/* Which shards DDL is for, and whether the map allows it. */
bool sw_ddl_route(const struct sw_planner *planner, struct sw_route *route);
/* The lines of YAML that a table made by the statement would need, as the error's hint. */
void sw_ddl_advise(const struct sw_planner *planner, int object);
/* Find out which parameters also stand where no key settles their type. Parameters are bound.
 */
void sw_uses_note(struct sw_planner *planner);
/* Find out which predicates pin which relation; needs no values. */
bool sw_pins_find(struct sw_planner *planner);
/* Does predicate @index pin the part? */
bool sw_pins_hold(const struct sw_planner *planner, struct sw_key_part part, int index);
/* Place all sharded relations, targets of INSERT excepted, by the values of their pins. */
bool sw_pins_place(struct sw_planner *planner);

/* One value for each part of the key of the only table. */
struct sw_direct {
    const struct sw_placement *placement;
    const struct sw_value *values[SW_KEY_PARTS];
};

/* In the planner's arena; NULL: the statement is not that plain. Pins are found. */
const struct sw_direct *sw_direct_find(struct sw_planner *planner);
/* NULL: the values do not tell. */
const struct sw_shard *sw_direct_locate(const struct sw_direct *direct,
                                        const struct sw_key_source *source);

/* Which columns the statement's INSERT leaves unsaid, and what has to be drawn for it. False:
 * 0A000, or 428C9 for a value of a column that is GENERATED ALWAYS. */
bool sw_insertion_find(struct sw_planner *planner);
/* What is known of the table that a level writes to; NULL: nothing. */
const struct sw_schema_table *sw_insert_facts(const struct sw_planner *planner,
                                              const struct sw_level *level);
/* 42601 if rows and columns of an INSERT differ in number. */
bool sw_insert_check_width(struct sw_planner *planner, const struct sw_level *level,
                           int column_count);
/* 0A000 of a default of @table that each server would compute otherwise. */
bool sw_insert_check_default(const struct sw_planner *planner, const struct sw_table *table,
                             const struct sw_schema_column *column);
/* Where column @name stands in the rows of an INSERT; -1: nowhere. */
int sw_insert_column(const struct sw_planner *planner, const struct sw_level *level,
                     const char *name);
/* How many characters a column takes, of a type with a limit, which is named; -1: any number.
 */
int sw_insert_most(const struct sw_planner *planner, const struct sw_level *level,
                   const char *column, const char **type);
size_t sw_insert_count_characters(const struct sw_key_value *value);
/* 23502 of a part of a key that is NULL; 22023 of a key without a place. */
bool sw_insert_refuse_null(const struct sw_table *table, int part, struct sw_error *err);
bool sw_insert_refuse_nowhere(const struct sw_table *table, const struct sw_key_value *first,
                              struct sw_error *err);
/* 0A000 of COPY TO in binary of values that name types by numbers of their shard: the client
 * knows the catalog database's. */
bool sw_copy_check_out(const struct sw_planner *planner, const struct sw_route *route);
/* Find out how the rows of COPY into a sharded table will be read. */
bool sw_copy_compile(struct sw_planner *planner, const struct sw_level *level);
/* Place the targets of INSERT by the rows. */
bool sw_insert_place(struct sw_planner *planner);

#endif
