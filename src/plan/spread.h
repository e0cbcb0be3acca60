/*
 * spread - is the answer on all shards together the answer of the whole?
 *
 * The rows of a sharded table lie on the shard of their key. A query is *spread* if each row
 * that its FROM and WHERE give comes from rows of one key, all of them on one shard: then the
 * shards' rows are together those of the whole, none twice. That is so if all its tables are
 * held together by equalities of their keys, and no outer join keeps rows of something that
 * every shard has. What is made of those rows (groups, DISTINCT, windows) is complete at each
 * shard if it is made for each key by itself.
 *
 *      FROM a JOIN b ON b.k = a.k                                  spread
 *      FROM a LEFT JOIN b ON b.k = a.k                             spread
 *      FROM (VALUES (1)) v LEFT JOIN a ON ...                      not: v is on every shard
 *      FROM a WHERE EXISTS (SELECT FROM b WHERE b.k = a.k)         spread: b is tied to a
 *      FROM a WHERE a.k IN (SELECT b.k FROM b)                     spread: members have its key
 *      FROM (SELECT k, count(*) FROM b GROUP BY k) g JOIN a ON g.k = a.k   spread, g is
 * complete
 */
#ifndef SW_PLAN_SPREAD_H
#define SW_PLAN_SPREAD_H

#include "planner.h"

#include "shardward/parse/outline.h"

enum sw_spread {
    SW_SPREAD_CONSTANT, /* holds no rows of shards */
    SW_SPREAD_COMPLETE, /* the answers of all shards, but for ORDER BY and LIMIT */
    SW_SPREAD_DISTINCT, /* ... without duplicates: a UNION */
    SW_SPREAD_SOURCE,   /* the rows of FROM and WHERE; what is made of them is to be finished */
    SW_SPREAD_NOT,
};

/* What the shards are asked: a query of the outline, or a table whose rows are pulled. */
struct sw_spread_part {
    int query;    /* -1: a table */
    int relation; /* of the facts; -1: a query */
    enum sw_spread spread;
};

struct sw_spread_parts {
    struct sw_spread_part *items;
    int count;
};

/*
 * The parts of @outline, which is of the planner's statement: the whole, if its top is proven;
 * else whatever holds rows of shards, in @arena. Places are resolved. @banned (of each query,
 * or NULL): these shall be none. False: planner->err says why it cannot be asked (0A000).
 */
bool sw_spread_find(struct sw_planner *planner, const struct sw_outline *outline,
                    const bool *banned, struct sw_arena *arena, struct sw_spread_parts *parts);
/* The same of a plan; *err. */
bool sw_plan_spread(const struct sw_plan *plan, const struct sw_outline *outline,
                    const bool *banned, struct sw_arena *arena, struct sw_spread_parts *parts,
                    struct sw_error *err);
/* What is known of its database; NULL: nothing. */
const struct sw_catalog_database *sw_plan_catalog(const struct sw_plan *plan);

#endif
