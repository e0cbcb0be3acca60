#include "proof.h"

#include <string.h>

/* --- the relations of a level --- */

static bool label_derived(struct sw_proof *proof, int relation)
{
    struct sw_proof_label *label = &proof->labels[relation];
    int query = proof->outline->derived[relation].query;
    const struct sw_proof_result *result;

    if (query < 0)
        return true;
    if (!sw_proof_prove(proof, query))
        return false;
    result = &proof->results[query];
    label->holds_reference = result->holds_reference;
    if (result->spread == SW_SPREAD_CONSTANT)
        return true;
    if ((result->spread != SW_SPREAD_COMPLETE || result->is_limited) && result->tie < 0)
        return false;
    label->is_spread = true;
    label->table = result->table;
    label->query = query;
    return true;
}

static bool label_relation(struct sw_proof *proof, int relation)
{
    const struct sw_place *place = &proof->planner->places[relation];
    struct sw_proof_label *label = &proof->labels[relation];

    if (label->is_known)
        return true;
    label->is_known = true;
    label->query = -1;
    if (sw_proof_relation(proof, relation)->kind == SW_RELATION_DERIVED)
        return label_derived(proof, relation);
    label->is_spread = sw_table_is_sharded(place->table);
    label->holds_reference = place->table != NULL && place->table->is_reference;
    label->table = place->table;
    return label->is_spread || label->holds_reference || place->table == NULL;
}

static bool label_join(struct sw_proof *proof, int at, bool is_nullable, bool *is_spread)
{
    const struct sw_outline_join *join = &proof->outline->joins[at];
    bool left = false, right = false;

    if (join->kind == SW_OUTLINE_LEAF) {
        if (!label_relation(proof, join->relation))
            return false;
        proof->labels[join->relation].is_nullable = is_nullable;
        *is_spread = proof->labels[join->relation].is_spread;
        return true;
    }
    if (!label_join(proof, join->left,
                    is_nullable || join->kind == SW_OUTLINE_RIGHT ||
                        join->kind == SW_OUTLINE_FULL,
                    &left) ||
        !label_join(proof, join->right,
                    is_nullable || join->kind == SW_OUTLINE_LEFT ||
                        join->kind == SW_OUTLINE_FULL,
                    &right))
        return false;
    *is_spread = left || right;
    /* An outer join must not keep rows that every shard would give. */
    return !(join->kind == SW_OUTLINE_LEFT && !left && right) &&
           !(join->kind == SW_OUTLINE_RIGHT && left && !right) &&
           !(join->kind == SW_OUTLINE_FULL && left != right);
}

/* --- subqueries in expressions --- */

/* Are all parts of the key among the members, each as the same column of the subquery? */
static bool are_members_of_key(const struct sw_proof *proof, const struct sw_outline_link *link)
{
    const struct sw_proof_result *result = &proof->results[link->query];
    bool found[SW_KEY_PARTS] = {false};

    if (result->spread != SW_SPREAD_COMPLETE || result->is_limited)
        return false;
    for (int i = 0; i < link->member_count && i < result->output_count; i++) {
        int relation = -1;
        int part = sw_proof_part_of_column(proof, link->level, &link->members[i], &relation);

        if (part >= 0 && part == result->parts[i] && !proof->labels[relation].is_nullable &&
            sw_proof_share_placement(proof->labels[relation].table, result->table))
            found[part] = true;
    }
    for (int part = 0; part < sw_proof_part_count(result->table); part++)
        if (!found[part])
            return false;
    return true;
}

/* Is what the subquery is tied to on the shard of the rows around it? */
static bool is_within_reach(const struct sw_proof *proof, int level,
                            const struct sw_proof_result *inner, struct sw_proof_result *result)
{
    if (sw_proof_relation(proof, inner->tie)->level == level)
        return true;
    if (result->table == NULL) {
        result->table = inner->table;
        result->tie = inner->tie;
    }
    return result->tie == inner->tie;
}

static bool prove_link(struct sw_proof *proof, const struct sw_outline_link *link,
                       struct sw_proof_result *result)
{
    const struct sw_proof_result *inner = &proof->results[link->query];

    if (!sw_proof_prove(proof, link->query))
        return false;
    if (inner->spread == SW_SPREAD_CONSTANT)
        return !link->is_array || !inner->holds_reference;
    if (inner->tie >= 0)
        return is_within_reach(proof, link->level, inner, result);
    return are_members_of_key(proof, link);
}

static bool prove_links(struct sw_proof *proof, int level, struct sw_proof_result *result)
{
    for (int i = 0; i < proof->outline->link_count; i++)
        if (proof->outline->links[i].level == level &&
            !prove_link(proof, &proof->outline->links[i], result))
            return false;
    return true;
}

/* --- queries --- */

/* Are all parts of the key among @columns, none as NULL of an outer join? */
static bool hold_key(const struct sw_proof *proof, int level, const struct sw_column *columns,
                     int count, const struct sw_table *table)
{
    bool found[SW_KEY_PARTS] = {false};

    for (int i = 0; i < count; i++) {
        int relation = -1;
        int part = sw_proof_part_of_column(proof, level, &columns[i], &relation);

        if (part >= 0 && sw_proof_relation(proof, relation)->level == level &&
            !proof->labels[relation].is_nullable)
            found[part] = true;
    }
    for (int part = 0; part < sw_proof_part_count(table); part++)
        if (!found[part])
            return false;
    return true;
}

static bool outputs_hold_key(const struct sw_proof *proof, const struct sw_outline_query *query,
                             const struct sw_proof_result *result)
{
    bool found[SW_KEY_PARTS] = {false};

    for (int i = 0; i < query->output_count; i++) {
        if (query->outputs[i].is_star && sw_proof_star(proof, query->level) >= 0)
            return true;
        if (result->parts[i] >= 0)
            found[result->parts[i]] = true;
    }
    for (int part = 0; part < sw_proof_part_count(result->table); part++)
        if (!found[part])
            return false;
    return true;
}

static bool is_complete(const struct sw_proof *proof, const struct sw_outline_query *query,
                        const struct sw_proof_result *result)
{
    if ((query->is_grouped || query->is_aggregated) &&
        (query->has_grouping_sets ||
         !hold_key(proof, query->level, query->groups, query->group_count, result->table)))
        return false;
    for (int i = 0; i < query->window_count; i++)
        if (!hold_key(proof, query->level, query->windows[i].columns,
                      query->windows[i].column_count, result->table))
            return false;
    return !query->is_distinct ||
           (!query->is_distinct_on && outputs_hold_key(proof, query, result));
}

static void find_output_parts(struct sw_proof *proof, const struct sw_outline_query *query,
                              struct sw_proof_result *result)
{
    result->output_count = query->output_count;
    result->parts = sw_arena_alloc(&proof->planner->arena,
                                   ((size_t)query->output_count + 1) * sizeof *result->parts);
    for (int i = 0; i < query->output_count; i++) {
        const struct sw_outline_output *output = &query->outputs[i];
        int relation = -1;

        result->parts[i] = -1;
        if (output->is_star)
            result->output_count = i; /* what follows is no longer to be found by its number */
        if (output->is_column)
            result->parts[i] =
                sw_proof_part_of_column(proof, query->level, &output->column, &relation);
        if (relation >= 0 && (proof->labels[relation].is_nullable ||
                              sw_proof_relation(proof, relation)->level != query->level))
            result->parts[i] = -1;
    }
}

/* Each shard has the rows of a reference table, but in an order of its own: what depends on
 * that must not differ from shard to shard. */
static bool note_references(const struct sw_proof *proof, const struct sw_outline_query *query,
                            struct sw_proof_result *result)
{
    for (int i = 0; i < proof->planner->statement->relation_count; i++)
        if (sw_proof_relation(proof, i)->level == query->level)
            result->holds_reference =
                result->holds_reference || proof->labels[i].holds_reference;
    return !result->holds_reference ||
           !(query->is_limited || query->is_grouped || query->is_aggregated ||
             query->window_count > 0 || query->is_distinct_on);
}

static bool prove_select(struct sw_proof *proof, const struct sw_outline_query *query,
                         struct sw_proof_result *result)
{
    bool is_spread = false;

    if (query->from >= 0 && !label_join(proof, query->from, false, &is_spread))
        return false;
    if (is_spread) {
        sw_proof_find_bonds(proof, query->level);
        if (!sw_proof_are_bound(proof, query->level, &result->tie))
            return false;
        result->table = sw_proof_table_of_level(proof, query->level);
    } else if (!note_references(proof, query, result)) {
        return false;
    }
    if (!prove_links(proof, query->level, result))
        return false;
    if (result->table == NULL)
        return true;
    find_output_parts(proof, query, result);
    result->is_limited = query->is_limited;
    result->spread = is_complete(proof, query, result) ? SW_SPREAD_COMPLETE : SW_SPREAD_SOURCE;
    return true;
}

/* The outputs of a set operation are parts of the key if they are that of both sides. */
static void meet_parts(struct sw_proof *proof, const struct sw_proof_result *left,
                       const struct sw_proof_result *right, struct sw_proof_result *result)
{
    result->output_count =
        left->output_count < right->output_count ? left->output_count : right->output_count;
    result->parts = sw_arena_alloc(&proof->planner->arena,
                                   ((size_t)result->output_count + 1) * sizeof(int));
    for (int i = 0; i < result->output_count; i++)
        result->parts[i] = left->parts[i] == right->parts[i] &&
                                   sw_proof_share_placement(left->table, right->table)
                               ? left->parts[i]
                               : -1;
    result->tie = left->tie == right->tie ? left->tie : -1;
}

static bool has_key(const struct sw_proof_result *result)
{
    bool found[SW_KEY_PARTS] = {false};

    for (int i = 0; i < result->output_count; i++)
        if (result->parts[i] >= 0)
            found[result->parts[i]] = true;
    for (int part = 0; part < sw_proof_part_count(result->table); part++)
        if (!found[part])
            return false;
    return true;
}

static bool is_whole(const struct sw_proof_result *result)
{
    return result->spread == SW_SPREAD_COMPLETE && !result->is_limited;
}

/* Rows of both sides, perhaps with duplicates over shards. */
static bool is_whole_but_distinct(const struct sw_proof_result *result)
{
    return is_whole(result) || (result->spread == SW_SPREAD_DISTINCT && !result->is_limited);
}

static bool prove_set_operation(struct sw_proof *proof, const struct sw_outline_query *query,
                                struct sw_proof_result *result)
{
    const struct sw_proof_result *left, *right;

    if (!sw_proof_prove(proof, query->left) || !sw_proof_prove(proof, query->right))
        return false;
    left = &proof->results[query->left];
    right = &proof->results[query->right];
    if (left->spread == SW_SPREAD_CONSTANT && right->spread == SW_SPREAD_CONSTANT) {
        result->holds_reference = left->holds_reference || right->holds_reference;
        return !result->holds_reference || !query->is_limited;
    }
    if (left->spread == SW_SPREAD_CONSTANT || right->spread == SW_SPREAD_CONSTANT)
        return false; /* every shard would give its rows */
    meet_parts(proof, left, right, result);
    result->table = left->table;
    result->is_limited = query->is_limited;
    if (is_whole(left) && is_whole(right) &&
        ((query->kind == SW_OUTLINE_UNION && query->is_all) ||
         (sw_proof_share_placement(left->table, right->table) && has_key(result))))
        result->spread = SW_SPREAD_COMPLETE;
    else if (query->kind == SW_OUTLINE_UNION && !query->is_all && is_whole_but_distinct(left) &&
             is_whole_but_distinct(right))
        result->spread = SW_SPREAD_DISTINCT;
    else if (result->tie >= 0)
        result->spread = SW_SPREAD_SOURCE;
    else
        return false;
    return true;
}

bool sw_proof_prove(struct sw_proof *proof, int query)
{
    const struct sw_outline_query *outline = &proof->outline->queries[query];
    struct sw_proof_result *result = &proof->results[query];

    if (result->is_known)
        return true;
    result->is_known = true;
    result->tie = -1;
    return outline->kind == SW_OUTLINE_SELECT || outline->kind == SW_OUTLINE_VALUES
               ? prove_select(proof, outline, result)
               : prove_set_operation(proof, outline, result);
}
