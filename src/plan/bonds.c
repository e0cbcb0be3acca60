#include "proof.h"

#include <string.h>

const struct sw_relation *sw_proof_relation(const struct sw_proof *proof, int relation)
{
    return &proof->planner->statement->relations[relation];
}

int sw_proof_part_count(const struct sw_table *table)
{
    return table->placement->part_count;
}

bool sw_proof_share_placement(const struct sw_table *a, const struct sw_table *b)
{
    return sw_placements_coincide(a->placement, b->placement);
}

/* --- which part of a key is a column? --- */

static int part_of_relation(const struct sw_proof *proof, int relation, const char *name);

int sw_proof_star(const struct sw_proof *proof, int level)
{
    int found = -1;

    for (int i = 0; i < proof->planner->statement->relation_count; i++) {
        if (sw_proof_relation(proof, i)->level != level)
            continue;
        if (found >= 0 || !proof->labels[i].is_spread || proof->labels[i].query >= 0)
            return -1;
        found = i;
    }
    return found;
}

static int part_of_star(const struct sw_proof *proof, int level, const char *name)
{
    int relation = sw_proof_star(proof, level);

    return relation < 0 ? -1 : part_of_relation(proof, relation, name);
}

static int part_of_output(const struct sw_proof *proof, int query, const char *name)
{
    const struct sw_outline_query *outline = &proof->outline->queries[query];
    const struct sw_proof_result *result = &proof->results[query];
    int found = -1;

    if (outline->kind != SW_OUTLINE_SELECT)
        return -1;
    for (int i = 0; i < outline->output_count; i++) {
        const struct sw_outline_output *output = &outline->outputs[i];
        int part = -1;

        if (output->is_star)
            part = part_of_star(proof, outline->level, name);
        else if (output->name != NULL && strcmp(output->name, name) == 0)
            part = result->parts[i];
        if (part >= 0)
            found = part;
    }
    return found;
}

static int part_of_derived(const struct sw_proof *proof, int relation, const char *name)
{
    const struct sw_outline_derived *derived = &proof->outline->derived[relation];
    const struct sw_proof_result *result = &proof->results[derived->query];

    for (int i = 0; i < derived->name_count; i++)
        if (strcmp(derived->names[i], name) == 0)
            return i < result->output_count ? result->parts[i] : -1;
    return derived->name_count > 0 ? -1 : part_of_output(proof, derived->query, name);
}

static int part_of_relation(const struct sw_proof *proof, int relation, const char *name)
{
    const struct sw_proof_label *label = &proof->labels[relation];

    if (!label->is_spread)
        return -1;
    if (label->query >= 0)
        return part_of_derived(proof, relation, name);
    return sw_proof_relation(proof, relation)->has_column_aliases
               ? -1
               : sw_table_key_part(label->table, name);
}

/* The relation that @column belongs to and the part of its key that it is; -1: no part. */
int sw_proof_part_of_column(const struct sw_proof *proof, int level,
                            const struct sw_column *column, int *relation)
{
    int from = column->relation >= 0 ? column->relation : column->from;
    int to = column->relation >= 0 ? column->relation + 1 : column->to;
    int found = -1, count = 0;

    if (column->name == NULL)
        return -1;
    for (int i = from; i < to && i < proof->planner->statement->relation_count; i++) {
        int part;

        if (column->relation < 0 && sw_proof_relation(proof, i)->level != level)
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

static void add_bond(struct sw_proof *proof, int from, int to, int part)
{
    proof->bonds[proof->bond_count++] = (struct sw_proof_bond){from, to, part};
}

static bool is_pruned(const struct sw_proof *proof, const struct sw_predicate *predicate,
                      int relation)
{
    return relation >= predicate->prunes_from && relation < predicate->prunes_to &&
           sw_proof_relation(proof, relation)->level == predicate->level;
}

static void bond_by_equality(struct sw_proof *proof, const struct sw_predicate *predicate)
{
    int left, right;
    int part = sw_proof_part_of_column(proof, predicate->level, &predicate->column, &left);

    if (part < 0 ||
        part != sw_proof_part_of_column(proof, predicate->level, &predicate->other, &right) ||
        !sw_proof_share_placement(proof->labels[left].table, proof->labels[right].table))
        return;
    if (is_pruned(proof, predicate, left))
        add_bond(proof, left, right, part);
    if (is_pruned(proof, predicate, right))
        add_bond(proof, right, left, part);
}

/* Are these the two sides of a FULL JOIN, each by itself? */
static bool are_sides(const struct sw_outline *outline, int left, int right)
{
    for (int i = 0; i < outline->join_count; i++) {
        const struct sw_outline_join *join = &outline->joins[i], *a, *b;

        if (join->kind != SW_OUTLINE_FULL)
            continue;
        a = &outline->joins[join->left];
        b = &outline->joins[join->right];
        if (a->kind == SW_OUTLINE_LEAF && b->kind == SW_OUTLINE_LEAF &&
            ((a->relation == left && b->relation == right) ||
             (a->relation == right && b->relation == left)))
            return true;
    }
    return false;
}

/* Both keep all their rows, but together only those of one key. */
static void bond_by_full_join(struct sw_proof *proof,
                              const struct sw_outline_equality *equality)
{
    int left, right;
    int part = sw_proof_part_of_column(proof, equality->level, &equality->left, &left);

    if (part < 0 ||
        part != sw_proof_part_of_column(proof, equality->level, &equality->right, &right) ||
        !sw_proof_share_placement(proof->labels[left].table, proof->labels[right].table) ||
        !are_sides(proof->outline, left, right))
        return;
    add_bond(proof, left, right, part);
    add_bond(proof, right, left, part);
}

/* A derived table that is tied to a relation (LATERAL). */
static void bond_by_tie(struct sw_proof *proof, int relation)
{
    const struct sw_proof_label *label = &proof->labels[relation];
    int to = label->query < 0 ? -1 : proof->results[label->query].tie;

    for (int part = 0; to >= 0 && part < sw_proof_part_count(label->table); part++)
        add_bond(proof, relation, to, part);
}

/* Two bonds of each equality, and one of each part of a derived table. */
void sw_proof_find_bonds(struct sw_proof *proof, int level)
{
    const struct sw_statement *statement = proof->planner->statement;
    size_t most = (size_t)(statement->predicate_count + proof->outline->equality_count) * 2 +
                  (size_t)statement->relation_count * SW_KEY_PARTS + 1;

    proof->bonds = sw_arena_alloc(&proof->planner->arena, most * sizeof *proof->bonds);
    proof->bond_count = 0;
    for (int i = 0; i < statement->relation_count; i++)
        if (sw_proof_relation(proof, i)->level == level && proof->labels[i].is_spread)
            bond_by_tie(proof, i);
    for (int i = 0; i < statement->predicate_count; i++)
        if (statement->predicates[i].kind == SW_PREDICATE_EQUALS &&
            statement->predicates[i].level == level)
            bond_by_equality(proof, &statement->predicates[i]);
    for (int i = 0; i < proof->outline->equality_count; i++)
        if (proof->outline->equalities[i].level == level)
            bond_by_full_join(proof, &proof->outline->equalities[i]);
}

/* Mark what has the same part of the key as @root, in all that matters. */
static void follow_bonds(const struct sw_proof *proof, int root, int part, bool *is_held)
{
    bool is_new = true;

    memset(is_held, 0, (size_t)proof->planner->statement->relation_count * sizeof *is_held);
    is_held[root] = true;
    while (is_new) {
        is_new = false;
        for (int i = 0; i < proof->bond_count; i++) {
            const struct sw_proof_bond *bond = &proof->bonds[i];

            if (bond->part != part || !is_held[bond->to] || is_held[bond->from])
                continue;
            is_held[bond->from] = is_new = true;
        }
    }
}

/* Have all rows of the level that matter the key of a row of @root? */
static bool holds_level(struct sw_proof *proof, int level, int root)
{
    int count = proof->planner->statement->relation_count;
    const struct sw_table *table = proof->labels[root].table;
    bool *is_held = sw_arena_alloc(&proof->planner->arena, (size_t)count * sizeof *is_held);

    for (int part = 0; part < sw_proof_part_count(table); part++) {
        follow_bonds(proof, root, part, is_held);
        for (int i = 0; i < count; i++)
            if (sw_proof_relation(proof, i)->level == level && proof->labels[i].is_spread &&
                (!is_held[i] || !sw_proof_share_placement(proof->labels[i].table, table)))
                return false;
    }
    return true;
}

bool sw_proof_are_bound(struct sw_proof *proof, int level, int *tie)
{
    bool are = false;

    for (int i = 0; i < proof->planner->statement->relation_count; i++) {
        bool is_here = sw_proof_relation(proof, i)->level == level;

        if (!proof->labels[i].is_spread || (are && is_here) || !holds_level(proof, level, i))
            continue;
        are = true;
        if (!is_here)
            *tie = i;
    }
    return are;
}

const struct sw_table *sw_proof_table_of_level(const struct sw_proof *proof, int level)
{
    for (int i = 0; i < proof->planner->statement->relation_count; i++)
        if (sw_proof_relation(proof, i)->level == level && proof->labels[i].is_spread)
            return proof->labels[i].table;
    return NULL;
}
