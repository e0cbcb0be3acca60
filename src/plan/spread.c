#include "spread.h"

#include <stdio.h>
#include <string.h>

/* What is known of a relation. */
struct label {
    bool is_known, is_spread;
    bool is_nullable;             /* an outer join may put NULLs in its place */
    const struct sw_table *table; /* whose placement the keys have */
    int query;                    /* of a derived one; -1: it is a table */
};

struct result {
    bool is_known;
    enum sw_spread spread;
    bool is_limited;
    const struct sw_table *table; /* as in a label */
    int *parts;                   /* of each output: the part of the key that it is, or -1 */
    int output_count;
    int tie; /* a relation of an outer level whose key all its rows have; -1: none */
};

/* Rows of relation `from` matter only if this part of their key is that of a row of `to`. */
struct bond {
    int from, to, part;
};

struct proof {
    struct sw_planner *planner;
    const struct sw_outline *outline;
    struct label *labels;
    struct result *results;
    struct bond *bonds; /* of the level at hand */
    int bond_count;
};

static const struct sw_relation *relation_of(const struct proof *proof, int relation)
{
    return &proof->planner->statement->relations[relation];
}

static bool fail(const struct proof *proof, const char *detail, const char *hint)
{
    sw_error_set(proof->planner->err, "0A000", "statement needs more than one shard");
    sw_error_detail(proof->planner->err, "%s", detail);
    sw_error_hint(proof->planner->err, "%s", hint);
    return false;
}

static int part_count(const struct sw_table *table)
{
    return table->placement->part_count;
}

static bool share_placement(const struct sw_table *a, const struct sw_table *b)
{
    return a->placement == b->placement;
}

/* --- which part of a key is a column? --- */

static int part_of_relation(const struct proof *proof, int relation, const char *name);

/* A star stands for all relations of its level. */
static int part_in_level(const struct proof *proof, int level, const char *name)
{
    for (int i = 0; i < proof->planner->statement->relation_count; i++) {
        int part = -1;

        if (relation_of(proof, i)->level == level && !proof->labels[i].is_nullable)
            part = part_of_relation(proof, i, name);
        if (part >= 0)
            return part;
    }
    return -1;
}

static int part_of_output(const struct proof *proof, int query, const char *name)
{
    const struct sw_outline_query *outline = &proof->outline->queries[query];
    const struct result *result = &proof->results[query];
    int found = -1;

    if (outline->kind != SW_OUTLINE_SELECT)
        return -1;
    for (int i = 0; i < outline->output_count; i++) {
        const struct sw_outline_output *output = &outline->outputs[i];
        int part = -1;

        if (output->is_star)
            part = part_in_level(proof, outline->level, name);
        else if (output->name != NULL && strcmp(output->name, name) == 0)
            part = result->parts[i];
        if (part >= 0)
            found = part;
    }
    return found;
}

static int part_of_derived(const struct proof *proof, int relation, const char *name)
{
    const struct sw_outline_derived *derived = &proof->outline->derived[relation];
    const struct result *result = &proof->results[derived->query];

    for (int i = 0; i < derived->name_count; i++)
        if (strcmp(derived->names[i], name) == 0)
            return i < result->output_count ? result->parts[i] : -1;
    return derived->name_count > 0 ? -1 : part_of_output(proof, derived->query, name);
}

static int part_of_relation(const struct proof *proof, int relation, const char *name)
{
    const struct label *label = &proof->labels[relation];

    if (!label->is_spread)
        return -1;
    if (label->query >= 0)
        return part_of_derived(proof, relation, name);
    return relation_of(proof, relation)->has_column_aliases
               ? -1
               : sw_table_key_part(label->table, name);
}

/* The relation that @column belongs to and the part of its key that it is; -1: no part. */
static int part_of_column(const struct proof *proof, int level, const struct sw_column *column,
                          int *relation)
{
    int from = column->relation >= 0 ? column->relation : column->from;
    int to = column->relation >= 0 ? column->relation + 1 : column->to;
    int found = -1, count = 0;

    if (column->name == NULL)
        return -1;
    for (int i = from; i < to && i < proof->planner->statement->relation_count; i++) {
        int part;

        if (column->relation < 0 && relation_of(proof, i)->level != level)
            continue;
        part = part_of_relation(proof, i, column->name);
        if (part < 0)
            continue;
        found = part;
        *relation = i;
        count++;
    }
    return count > 1 && !column->is_merged ? -1 : found;
}

/* --- what holds the relations of a level together --- */

static void add_bond(struct proof *proof, int from, int to, int part)
{
    proof->bonds[proof->bond_count++] = (struct bond){from, to, part};
}

static bool is_pruned(const struct proof *proof, const struct sw_predicate *predicate,
                      int relation)
{
    return relation >= predicate->prunes_from && relation < predicate->prunes_to &&
           relation_of(proof, relation)->level == predicate->level;
}

static void bond_by_equality(struct proof *proof, const struct sw_predicate *predicate)
{
    int left, right;
    int part = part_of_column(proof, predicate->level, &predicate->column, &left);

    if (part < 0 ||
        part != part_of_column(proof, predicate->level, &predicate->other, &right) ||
        !share_placement(proof->labels[left].table, proof->labels[right].table))
        return;
    if (is_pruned(proof, predicate, left))
        add_bond(proof, left, right, part);
    if (is_pruned(proof, predicate, right))
        add_bond(proof, right, left, part);
}

/* A derived table that is tied to a relation (LATERAL). */
static void bond_by_tie(struct proof *proof, int relation)
{
    const struct label *label = &proof->labels[relation];
    int to = label->query < 0 ? -1 : proof->results[label->query].tie;

    for (int part = 0; to >= 0 && part < part_count(label->table); part++)
        add_bond(proof, relation, to, part);
}

/* Two bonds of each equality, and one of each part of a derived table. */
static void find_bonds(struct proof *proof, int level)
{
    const struct sw_statement *statement = proof->planner->statement;
    size_t most = (size_t)statement->predicate_count * 2 +
                  (size_t)statement->relation_count * SW_KEY_PARTS + 1;

    proof->bonds = sw_arena_alloc(&proof->planner->arena, most * sizeof *proof->bonds);
    proof->bond_count = 0;
    for (int i = 0; i < statement->relation_count; i++)
        if (relation_of(proof, i)->level == level && proof->labels[i].is_spread)
            bond_by_tie(proof, i);
    for (int i = 0; i < statement->predicate_count; i++)
        if (statement->predicates[i].kind == SW_PREDICATE_EQUALS &&
            statement->predicates[i].level == level)
            bond_by_equality(proof, &statement->predicates[i]);
}

/* Mark what has the same part of the key as @root, in all that matters. */
static void follow_bonds(const struct proof *proof, int root, int part, bool *is_held)
{
    bool is_new = true;

    memset(is_held, 0, (size_t)proof->planner->statement->relation_count * sizeof *is_held);
    is_held[root] = true;
    while (is_new) {
        is_new = false;
        for (int i = 0; i < proof->bond_count; i++) {
            const struct bond *bond = &proof->bonds[i];

            if (bond->part != part || !is_held[bond->to] || is_held[bond->from])
                continue;
            is_held[bond->from] = is_new = true;
        }
    }
}

/* Have all rows of the level that matter the key of a row of @root? */
static bool holds_level(struct proof *proof, int level, int root)
{
    int count = proof->planner->statement->relation_count;
    const struct sw_table *table = proof->labels[root].table;
    bool *is_held = sw_arena_alloc(&proof->planner->arena, (size_t)count * sizeof *is_held);

    for (int part = 0; part < part_count(table); part++) {
        follow_bonds(proof, root, part, is_held);
        for (int i = 0; i < count; i++)
            if (relation_of(proof, i)->level == level && proof->labels[i].is_spread &&
                (!is_held[i] || !share_placement(proof->labels[i].table, table)))
                return false;
    }
    return true;
}

/* Is there a relation whose key all rows of the level have? *tie: one of an outer level. */
static bool are_bound(struct proof *proof, int level, int *tie)
{
    bool are = false;

    for (int i = 0; i < proof->planner->statement->relation_count; i++) {
        bool is_here = relation_of(proof, i)->level == level;

        if (!proof->labels[i].is_spread || (are && is_here) || !holds_level(proof, level, i))
            continue;
        are = true;
        if (!is_here)
            *tie = i;
    }
    return are;
}

static const struct sw_table *table_of_level(const struct proof *proof, int level)
{
    for (int i = 0; i < proof->planner->statement->relation_count; i++)
        if (relation_of(proof, i)->level == level && proof->labels[i].is_spread)
            return proof->labels[i].table;
    return NULL;
}

/* --- the relations of a level --- */

static bool prove(struct proof *proof, int query);

static bool refuse_incomplete(const struct proof *proof)
{
    return fail(
        proof,
        "A subquery, or a part of a set operation, needs the rows of all shards at once.",
        "Group by the key, or tie the subquery to the rows around it by their key.");
}

static bool label_derived(struct proof *proof, int relation)
{
    struct label *label = &proof->labels[relation];
    int query = proof->outline->derived[relation].query;
    const struct result *result;

    if (query < 0)
        return true;
    if (!prove(proof, query))
        return false;
    result = &proof->results[query];
    if (result->spread == SW_SPREAD_CONSTANT)
        return true;
    if ((result->spread != SW_SPREAD_COMPLETE || result->is_limited) && result->tie < 0)
        return refuse_incomplete(proof);
    label->is_spread = true;
    label->table = result->table;
    label->query = query;
    return true;
}

static bool refuse_single(const struct proof *proof, const struct sw_place *place)
{
    sw_error_set(proof->planner->err, "0A000", "statement needs more than one shard");
    sw_error_detail(proof->planner->err, "%.63s is on %.63s alone, other rows are on others.",
                    place->table->name, place->shard->name);
    sw_error_hint(proof->planner->err, "Read each table in a statement of its own.");
    return false;
}

static bool label_relation(struct proof *proof, int relation)
{
    const struct sw_place *place = &proof->planner->places[relation];
    struct label *label = &proof->labels[relation];

    if (label->is_known)
        return true;
    label->is_known = true;
    label->query = -1;
    if (relation_of(proof, relation)->kind == SW_RELATION_DERIVED)
        return label_derived(proof, relation);
    label->is_spread = sw_table_is_sharded(place->table);
    label->table = place->table;
    return label->is_spread || place->table == NULL || refuse_single(proof, place);
}

static bool label_join(struct proof *proof, int at, bool is_nullable, bool *is_spread)
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
    if ((join->kind == SW_OUTLINE_LEFT && !left && right) ||
        (join->kind == SW_OUTLINE_RIGHT && left && !right) ||
        (join->kind == SW_OUTLINE_FULL && *is_spread))
        return fail(proof, "An outer join keeps rows that every shard would give.",
                    "Let the outer join keep rows of a sharded table.");
    return true;
}

/* --- subqueries in expressions --- */

/* Are all parts of the key among the members, each as the same column of the subquery? */
static bool are_members_of_key(const struct proof *proof, const struct sw_outline_link *link)
{
    const struct result *result = &proof->results[link->query];
    bool found[SW_KEY_PARTS] = {false};

    if (result->spread != SW_SPREAD_COMPLETE || result->is_limited)
        return false;
    for (int i = 0; i < link->member_count && i < result->output_count; i++) {
        int relation = -1;
        int part = part_of_column(proof, link->level, &link->members[i], &relation);

        if (part >= 0 && part == result->parts[i] && !proof->labels[relation].is_nullable &&
            share_placement(proof->labels[relation].table, result->table))
            found[part] = true;
    }
    for (int part = 0; part < part_count(result->table); part++)
        if (!found[part])
            return false;
    return true;
}

/* Is what the subquery is tied to on the shard of the rows around it? */
static bool is_within_reach(const struct proof *proof, int level, const struct result *inner,
                            struct result *result)
{
    if (relation_of(proof, inner->tie)->level == level)
        return true;
    if (result->table == NULL) {
        result->table = inner->table;
        result->tie = inner->tie;
    }
    return result->tie == inner->tie;
}

static bool prove_link(struct proof *proof, const struct sw_outline_link *link,
                       struct result *result)
{
    const struct result *inner = &proof->results[link->query];

    if (!prove(proof, link->query))
        return false;
    if (inner->spread == SW_SPREAD_CONSTANT)
        return true;
    if (inner->tie >= 0)
        return is_within_reach(proof, link->level, inner, result) || refuse_incomplete(proof);
    return are_members_of_key(proof, link) || refuse_incomplete(proof);
}

static bool prove_links(struct proof *proof, int level, struct result *result)
{
    for (int i = 0; i < proof->outline->link_count; i++)
        if (proof->outline->links[i].level == level &&
            !prove_link(proof, &proof->outline->links[i], result))
            return false;
    return true;
}

/* --- queries --- */

/* Are all parts of the key among @columns, none as NULL of an outer join? */
static bool hold_key(const struct proof *proof, int level, const struct sw_column *columns,
                     int count, const struct sw_table *table)
{
    bool found[SW_KEY_PARTS] = {false};

    for (int i = 0; i < count; i++) {
        int relation = -1;
        int part = part_of_column(proof, level, &columns[i], &relation);

        if (part >= 0 && relation_of(proof, relation)->level == level &&
            !proof->labels[relation].is_nullable)
            found[part] = true;
    }
    for (int part = 0; part < part_count(table); part++)
        if (!found[part])
            return false;
    return true;
}

static bool outputs_hold_key(const struct proof *proof, const struct sw_outline_query *query,
                             const struct result *result)
{
    bool found[SW_KEY_PARTS] = {false};

    for (int i = 0; i < query->output_count; i++) {
        if (query->outputs[i].is_star && query->output_count == 1)
            return true; /* all columns of all relations */
        if (result->parts[i] >= 0)
            found[result->parts[i]] = true;
    }
    for (int part = 0; part < part_count(result->table); part++)
        if (!found[part])
            return false;
    return true;
}

static bool is_complete(const struct proof *proof, const struct sw_outline_query *query,
                        const struct result *result)
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

static void find_output_parts(struct proof *proof, const struct sw_outline_query *query,
                              struct result *result)
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
            result->parts[i] = part_of_column(proof, query->level, &output->column, &relation);
        if (relation >= 0 && (proof->labels[relation].is_nullable ||
                              relation_of(proof, relation)->level != query->level))
            result->parts[i] = -1;
    }
}

static bool prove_select(struct proof *proof, const struct sw_outline_query *query,
                         struct result *result)
{
    bool is_spread = false;

    if (query->from >= 0 && !label_join(proof, query->from, false, &is_spread))
        return false;
    if (is_spread) {
        find_bonds(proof, query->level);
        if (!are_bound(proof, query->level, &result->tie))
            return fail(proof, "Tables are joined by something else than their keys.",
                        "Join them on the columns of their keys.");
        result->table = table_of_level(proof, query->level);
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
static void meet_parts(struct proof *proof, const struct result *left,
                       const struct result *right, struct result *result)
{
    result->output_count =
        left->output_count < right->output_count ? left->output_count : right->output_count;
    result->parts = sw_arena_alloc(&proof->planner->arena,
                                   ((size_t)result->output_count + 1) * sizeof(int));
    for (int i = 0; i < result->output_count; i++)
        result->parts[i] = left->parts[i] == right->parts[i] ? left->parts[i] : -1;
    result->tie = left->tie == right->tie ? left->tie : -1;
}

static bool has_key(const struct result *result)
{
    bool found[SW_KEY_PARTS] = {false};

    for (int i = 0; i < result->output_count; i++)
        if (result->parts[i] >= 0)
            found[result->parts[i]] = true;
    for (int part = 0; part < part_count(result->table); part++)
        if (!found[part])
            return false;
    return true;
}

static bool is_whole(const struct result *result)
{
    return result->spread == SW_SPREAD_COMPLETE && !result->is_limited;
}

/* Rows of both sides, perhaps with duplicates over shards. */
static bool is_whole_but_distinct(const struct result *result)
{
    return is_whole(result) || (result->spread == SW_SPREAD_DISTINCT && !result->is_limited);
}

static bool prove_set_operation(struct proof *proof, const struct sw_outline_query *query,
                                struct result *result)
{
    const struct result *left, *right;

    if (!prove(proof, query->left) || !prove(proof, query->right))
        return false;
    left = &proof->results[query->left];
    right = &proof->results[query->right];
    if (left->spread == SW_SPREAD_CONSTANT && right->spread == SW_SPREAD_CONSTANT)
        return true;
    if (left->spread == SW_SPREAD_CONSTANT || right->spread == SW_SPREAD_CONSTANT)
        return fail(proof, "One side of a set operation is on every shard.",
                    "Ask for it in a statement of its own.");
    meet_parts(proof, left, right, result);
    result->table = left->table;
    result->is_limited = query->is_limited;
    if (is_whole(left) && is_whole(right) &&
        ((query->kind == SW_OUTLINE_UNION && query->is_all) ||
         (share_placement(left->table, right->table) && has_key(result))))
        result->spread = SW_SPREAD_COMPLETE;
    else if (query->kind == SW_OUTLINE_UNION && !query->is_all && is_whole_but_distinct(left) &&
             is_whole_but_distinct(right))
        result->spread = SW_SPREAD_DISTINCT;
    else if (result->tie >= 0)
        result->spread = SW_SPREAD_SOURCE;
    else
        return refuse_incomplete(proof);
    return true;
}

static bool prove(struct proof *proof, int query)
{
    const struct sw_outline_query *outline = &proof->outline->queries[query];
    struct result *result = &proof->results[query];

    if (result->is_known)
        return true;
    result->is_known = true;
    result->tie = -1;
    return outline->kind == SW_OUTLINE_SELECT || outline->kind == SW_OUTLINE_VALUES
               ? prove_select(proof, outline, result)
               : prove_set_operation(proof, outline, result);
}

/* Relations that no join holds: names of joins, targets. */
static bool check_functions(const struct proof *proof)
{
    const struct sw_statement *statement = proof->planner->statement;

    for (int i = statement->relation_count; i < sw_planner_place_count(statement); i++)
        if (proof->planner->places[i].table != NULL)
            return fail(proof, "A function of your own runs on one shard.",
                        "Call it in a statement of its own.");
    return true;
}

enum sw_spread sw_spread_find(struct sw_planner *planner, const struct sw_outline *outline)
{
    size_t relations = (size_t)planner->statement->relation_count + 1;
    struct proof proof = {.planner = planner, .outline = outline};
    const struct result *top;

    proof.labels = sw_arena_alloc(&planner->arena, relations * sizeof *proof.labels);
    proof.results =
        sw_arena_alloc(&planner->arena, (size_t)outline->query_count * sizeof *proof.results);
    if (outline->obstacle != NULL) {
        (void)fail(&proof, outline->obstacle, "Qualify columns by their tables.");
        return SW_SPREAD_NOT;
    }
    if (!check_functions(&proof) || !prove(&proof, outline->top))
        return SW_SPREAD_NOT;
    top = &proof.results[outline->top];
    if (top->spread == SW_SPREAD_CONSTANT)
        (void)fail(&proof, "It cannot be told which rows it needs.", "Add a key to WHERE.");
    return top->spread == SW_SPREAD_CONSTANT ? SW_SPREAD_NOT : top->spread;
}
