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

/*
 * Of the top of @outline, which is of the planner's statement, or of the subquery that holds
 * all its rows: *core is its query then, else -1. (If it depends on what is around it, it
 * cannot be asked by itself, as a server will say.) Places are resolved. NOT: planner->err says
 * why (0A000).
 */
enum sw_spread sw_spread_find(struct sw_planner *planner, const struct sw_outline *outline,
                              int *core);
/* The same of a plan; *err. */
enum sw_spread sw_plan_spread(const struct sw_plan *plan, const struct sw_outline *outline,
                              int *core, struct sw_error *err);
/* What is known of its database; NULL: nothing. */
const struct sw_catalog_database *sw_plan_catalog(const struct sw_plan *plan);

#endif
