/*
 * What the shards are asked, when it is not the whole statement: its *parts*.
 *
 *      SELECT name, (SELECT count(*) FROM visits) FROM patients, (VALUES (1)) v
 *
 * A query that is proven, and means the same when it stands alone, is a part by itself (its
 * core): the greatest there are, from without to within. Tables that are in none of them are
 * pulled: their rows themselves are a part. All else is for the one who finishes.
 */
#include "proof.h"

#include <string.h>

static bool refuse(const struct sw_proof *proof, const char *detail, const char *hint)
{
    sw_error_set(proof->planner->err, "0A000", "statement needs more than one shard");
    sw_error_detail(proof->planner->err, "%s", detail);
    sw_error_hint(proof->planner->err, "%s", hint);
    return false;
}

/* Who knows whether it is an aggregate, or has another value at each call. */
static bool check_functions(const struct sw_proof *proof)
{
    return proof->planner->statement->function_count == 0 ||
           refuse(proof, "A function of your own may need the rows of all shards at once.",
                  "Call it in a statement of its own.");
}

static bool has_column(const struct sw_proof *proof, int level, const char *name)
{
    for (int i = 0; i < proof->planner->statement->relation_count; i++) {
        const struct sw_catalog_table *facts = proof->planner->places[i].facts;

        if (sw_proof_relation(proof, i)->level == level &&
            !sw_proof_relation(proof, i)->has_column_aliases && facts != NULL &&
            facts->facts != NULL && sw_schema_column_index(facts->facts, name) >= 0)
            return true;
    }
    return false;
}

/* Is it known to which query each aggregate belongs, and what else a proof needs? */
static bool can_prove(const struct sw_proof *proof)
{
    const struct sw_outline *outline = proof->outline;
    bool can = !outline->has_doubt;

    for (int i = 0; i < outline->doubt_count; i++)
        can = can && has_column(proof, outline->doubts[i].level, outline->doubts[i].column);
    return can;
}

/* --- what is within a query --- */

static bool is_level_within(const struct sw_proof *proof, int level, int query)
{
    const struct sw_outline_query *outline = &proof->outline->queries[query];

    if (outline->level < 0)
        return is_level_within(proof, level, outline->left) ||
               is_level_within(proof, level, outline->right);
    while (level >= 0 && level != outline->level)
        level = proof->planner->statement->levels[level].parent;
    return level >= 0;
}

/* The level of a query, of a set operation that of its first arm. */
static int level_of(const struct sw_proof *proof, int query)
{
    while (proof->outline->queries[query].level < 0)
        query = proof->outline->queries[query].left;
    return proof->outline->queries[query].level;
}

static bool is_sharded(const struct sw_proof *proof, int relation)
{
    return sw_table_is_sharded(proof->planner->places[relation].table);
}

/* Has it tables, and no name of a CTE that stands outside? */
static bool is_self_contained(const struct sw_proof *proof, int query)
{
    const struct sw_statement *statement = proof->planner->statement;
    bool has_tables = false;

    for (int i = 0; i < statement->relation_count; i++) {
        int derived = proof->outline->derived[i].query;

        if (!is_level_within(proof, statement->relations[i].level, query))
            continue;
        has_tables = has_tables || is_sharded(proof, i);
        if (derived >= 0 && !is_level_within(proof, level_of(proof, derived), query))
            return false;
    }
    return has_tables;
}

/* --- what a query says of the rows around it --- */

static bool query_has_column(const struct sw_proof *proof, int relation, const char *name)
{
    const struct sw_outline_derived *derived = &proof->outline->derived[relation];
    const struct sw_outline_query *query;

    for (int i = 0; i < derived->name_count; i++)
        if (strcmp(derived->names[i], name) == 0)
            return true;
    if (derived->query < 0 || derived->name_count > 0)
        return false;
    query = &proof->outline->queries[derived->query];
    for (int i = 0; i < query->output_count; i++)
        if (query->outputs[i].name != NULL && strcmp(query->outputs[i].name, name) == 0)
            return true;
    return false;
}

/* Is there surely such a column at that level? */
static bool level_has_column(const struct sw_proof *proof, int level, const char *name)
{
    if (has_column(proof, level, name))
        return true;
    for (int i = 0; i < proof->planner->statement->relation_count; i++)
        if (sw_proof_relation(proof, i)->level == level &&
            sw_proof_relation(proof, i)->kind == SW_RELATION_DERIVED &&
            query_has_column(proof, i, name))
            return true;
    return false;
}

static bool is_mentioned_within(const struct sw_proof *proof,
                                const struct sw_outline_mention *mention, int query)
{
    const struct sw_level *levels = proof->planner->statement->levels;
    int level = mention->level;

    if (mention->column.name == NULL)
        return false;
    if (mention->column.relation >= 0)
        return is_level_within(proof, sw_proof_relation(proof, mention->column.relation)->level,
                               query);
    while (level >= 0 && is_level_within(proof, level, query)) {
        if (level_has_column(proof, level, mention->name))
            return true;
        level = levels[level].parent;
    }
    return false;
}

/* Does it mean the same when it stands alone? */
static bool stands_alone(const struct sw_proof *proof, int query)
{
    const struct sw_outline *outline = proof->outline;

    if (!outline->queries[query].has_surroundings)
        return true;
    for (int i = 0; i < outline->star_count; i++)
        if (outline->stars[i].is_qualified &&
            is_level_within(proof, outline->stars[i].level, query))
            return false;
    for (int i = 0; i < outline->mention_count; i++)
        if (is_level_within(proof, outline->mentions[i].level, query) &&
            !is_mentioned_within(proof, &outline->mentions[i], query))
            return false;
    return true;
}

/* --- parts --- */

static enum sw_spread prove_anew(struct sw_proof *proof, int query)
{
    size_t relations = (size_t)proof->planner->statement->relation_count + 1;
    const struct sw_proof_result *result;

    proof->labels = sw_arena_alloc(&proof->planner->arena, relations * sizeof *proof->labels);
    proof->results = sw_arena_alloc(
        &proof->planner->arena, (size_t)proof->outline->query_count * sizeof *proof->results);
    if (!sw_proof_prove(proof, query))
        return SW_SPREAD_NOT;
    result = &proof->results[query];
    return result->spread == SW_SPREAD_CONSTANT || result->tie >= 0 ? SW_SPREAD_NOT
                                                                    : result->spread;
}

static void add_part(struct sw_spread_parts *parts, int query, int relation,
                     enum sw_spread spread)
{
    parts->items[parts->count++] = (struct sw_spread_part){query, relation, spread};
}

static bool is_in_part(const struct sw_proof *proof, const struct sw_spread_parts *parts,
                       int level)
{
    for (int i = 0; i < parts->count; i++)
        if (parts->items[i].query >= 0 && is_level_within(proof, level, parts->items[i].query))
            return true;
    return false;
}

/* Queries are numbered from within to without. */
static void add_queries(struct sw_proof *proof, const bool *banned,
                        struct sw_spread_parts *parts)
{
    for (int query = proof->outline->top; query >= 0; query--) {
        bool is_top = query == proof->outline->top;
        enum sw_spread spread;

        if ((banned != NULL && banned[query]) ||
            is_in_part(proof, parts, level_of(proof, query)) ||
            (!is_top && (!is_self_contained(proof, query) || !stands_alone(proof, query))))
            continue;
        spread = prove_anew(proof, query);
        if (spread != SW_SPREAD_NOT)
            add_part(parts, query, -1, spread);
        if (spread != SW_SPREAD_NOT && is_top)
            break;
    }
}

static bool is_whole(const struct sw_spread_parts *parts, const struct sw_outline *outline)
{
    return parts->count == 1 && parts->items[0].query == outline->top;
}

bool sw_spread_find(struct sw_planner *planner, const struct sw_outline *outline,
                    const bool *banned, struct sw_arena *arena, struct sw_spread_parts *parts)
{
    struct sw_proof proof = {.planner = planner, .outline = outline};
    int relations = planner->statement->relation_count;

    parts->count = 0;
    parts->items = sw_arena_alloc(arena, (size_t)(relations + outline->query_count + 1) *
                                             sizeof *parts->items);
    if (outline->obstacle != NULL)
        return refuse(&proof, outline->obstacle, "Leave it out.");
    if (!check_functions(&proof))
        return false;
    if (can_prove(&proof))
        add_queries(&proof, banned, parts);
    if (is_whole(parts, outline))
        return true;
    for (int i = 0; i < relations; i++)
        if (is_sharded(&proof, i) &&
            !is_in_part(&proof, parts, sw_proof_relation(&proof, i)->level))
            add_part(parts, -1, i, SW_SPREAD_COMPLETE);
    return true;
}
