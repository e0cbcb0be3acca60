#include "proof.h"

/* Who knows whether it is an aggregate, or has another value at each call. */
static bool check_functions(const struct sw_proof *proof)
{
    return proof->planner->statement->function_count == 0 ||
           sw_proof_fail(proof,
                         "A function of your own may need the rows of all shards at once.",
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

static bool check_outline(const struct sw_proof *proof)
{
    const struct sw_outline *outline = proof->outline;

    if (outline->obstacle != NULL)
        return sw_proof_fail(proof, outline->obstacle, "Qualify columns by their tables.");
    for (int i = 0; i < outline->doubt_count; i++)
        if (!has_column(proof, outline->doubts[i].level, outline->doubts[i].column))
            return sw_proof_fail(proof,
                                 "It cannot be told to which query an aggregate belongs.",
                                 "Qualify columns by their tables.");
    return check_functions(proof);
}

/* --- the query that holds all rows --- */

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

/* Does it hold all rows, and name no CTE that stands outside? */
static bool is_self_contained(const struct sw_proof *proof, int query)
{
    const struct sw_statement *statement = proof->planner->statement;

    for (int i = 0; i < statement->relation_count; i++) {
        bool is_within = is_level_within(proof, statement->relations[i].level, query);
        int derived = proof->outline->derived[i].query;

        if (proof->planner->places[i].table != NULL && !is_within)
            return false;
        if (is_within && derived >= 0 &&
            !is_level_within(proof, level_of(proof, derived), query))
            return false;
    }
    return true;
}

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
    if (result->spread == SW_SPREAD_CONSTANT || result->tie >= 0) {
        (void)sw_proof_refuse_incomplete(proof);
        return SW_SPREAD_NOT;
    }
    return result->spread;
}

enum sw_spread sw_spread_find(struct sw_planner *planner, const struct sw_outline *outline,
                              int *core)
{
    struct sw_proof proof = {.planner = planner, .outline = outline};
    struct sw_error why;
    enum sw_spread spread;

    *core = -1;
    if (!check_outline(&proof))
        return SW_SPREAD_NOT;
    spread = prove_anew(&proof, outline->top);
    why = *planner->err;
    /* Queries are numbered from within to without. */
    for (int query = outline->top - 1; query >= 0 && spread == SW_SPREAD_NOT; query--) {
        if (!is_self_contained(&proof, query))
            continue;
        spread = prove_anew(&proof, query);
        *core = query;
    }
    if (spread == SW_SPREAD_NOT)
        *planner->err = why;
    return spread;
}
