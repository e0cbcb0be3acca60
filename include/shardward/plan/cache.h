/*
 * cache - the texts that clients send, each with what was found out about it: the facts, and
 * the plan in one context.
 *
 * A text is found again by its hash (XXH3-128), and compared in full: two texts are never taken
 * for each other. Context means map, catalog, database, user, and whether search_path is the
 * plain one. Nodes are no part of it: a failover changes no plan.
 *
 * A text that holds literals is known by its skeleton (see parse/skeleton.h) and those of its
 * literals that matter, if its facts allow it.
 *
 * The cache holds at most its limit in bytes, and forgets what was not used for longest. One
 * thread; its counters may be read from any.
 */
#ifndef SW_PLAN_CACHE_H
#define SW_PLAN_CACHE_H

#include "shardward/parse/parse.h"
#include "shardward/plan/plan.h"

#include <stdatomic.h>

struct sw_recipe;
struct sw_recipe_shelf;

/* What is known about one text. Counted; lives on when the cache forgets it. It shares the map
 * and the catalog of its context, and owns the rest. */
struct sw_planned {
    int refs;
    struct sw_plan_context context;
    struct sw_script *script;
    struct sw_plan *plan; /* of the only statement; NULL: there are several, or none, or it is
                             refused whatever the values are */
    struct {
        int index;
        uint64_t serial;             /* 0: nowhere yet */
    } counted;                       /* the user's: where it counts how often this was run */
    struct sw_recipe_shelf *recipes; /* of the only statement; NULL: none yet */
    int dropped; /* recipes of it that did not hold any longer: what servers have made of it
                    before may not hold either */
};

struct sw_plan_counters {
    _Atomic uint64_t hits, lifted_hits, misses, evictions; /* lifted hits are no hits */
    _Atomic uint64_t bytes, entries;                       /* held now */
};

struct sw_plan_cache;

/* @limit in bytes; 0: nothing is kept. */
struct sw_plan_cache *sw_plan_cache_create(size_t limit);
void sw_plan_cache_free(struct sw_plan_cache *cache); /* accepts NULL */

/* What @text (@len bytes and a zero byte) means in @context, whose map is not NULL. One
 * reference, or NULL and the error of sw_parse(). */
struct sw_planned *sw_plan_cache_get(struct sw_plan_cache *cache,
                                     const struct sw_plan_context *context, const char *text,
                                     size_t len, struct sw_error *err);
/*
 * The same of a text that runs at once. If it is known only but for its literals, *lifted has
 * them, to be given to sw_plan_locate(): borrowed from cache and text, until the next call;
 * else NULL. The facts of what is returned are then those of another text: they hold here but
 * for the literals, and for where things stand in the text.
 */
struct sw_planned *sw_plan_cache_get_query(struct sw_plan_cache *cache,
                                           const struct sw_plan_context *context,
                                           const char *text, size_t len,
                                           const struct sw_skeleton **lifted,
                                           struct sw_error *err);
/* The same for a session that has these temporary tables (not NULL), if they matter: then it is
 * in no cache. @planned is taken, one reference is returned. */
struct sw_planned *sw_planned_beside(struct sw_planned *planned,
                                     struct sw_temporaries *temporaries);
struct sw_planned *sw_planned_ref(struct sw_planned *planned);
void sw_planned_unref(struct sw_planned *planned); /* accepts NULL */

/* The recipe that was kept for the only statement, as it stands in @text, with parameters of
 * these types (0: not said). One reference; NULL: there is none. */
struct sw_recipe *sw_planned_recipe(const struct sw_planned *planned, const char *text,
                                    const uint32_t *types, int type_count);
/* Keep a recipe, which is shared, while @planned is in the cache, whose bytes it takes part in.
 * The oldest of a few makes room. */
void sw_plan_cache_keep_recipe(struct sw_plan_cache *cache, struct sw_planned *planned,
                               const char *text, const uint32_t *types, int type_count,
                               struct sw_recipe *recipe);
/* It holds no longer. */
void sw_plan_cache_drop_recipe(struct sw_plan_cache *cache, struct sw_planned *planned,
                               const struct sw_recipe *recipe);

/* Does what was planned in one context hold in the other? */
bool sw_plan_context_is_equal(const struct sw_plan_context *a, const struct sw_plan_context *b);

/* Forget everything, as when the map has changed. */
void sw_plan_cache_clear(struct sw_plan_cache *cache);

const struct sw_plan_counters *sw_plan_cache_counters(const struct sw_plan_cache *cache);

#endif
