/*
 * proof - one statement while it is proven to be spread, or not.
 *
 *   bonds.c   which part of a key a column is; what holds the relations of a level together
 *   spread.c  levels, subqueries, set operations
 *   core.c    what the shards are asked: the whole, or its parts
 */
#ifndef SW_PLAN_PROOF_H
#define SW_PLAN_PROOF_H

#include "spread.h"

/* What is known of a relation. */
struct sw_proof_label {
    bool is_known, is_spread;
    bool holds_reference;         /* see below */
    bool is_nullable;             /* an outer join may put NULLs in its place */
    const struct sw_table *table; /* whose placement the keys have */
    int query;                    /* of a derived one; -1: it is a table */
};

struct sw_proof_result {
    bool is_known;
    enum sw_spread spread;
    bool is_limited;
    bool
        holds_reference; /* of CONSTANT: rows of a reference table, in an order of each shard */
    const struct sw_table *table; /* as in a label */
    int *parts;                   /* of each output: the part of the key that it is, or -1 */
    int output_count;
    int tie; /* a relation of an outer level whose key all its rows have; -1: none */
};

/* Rows of relation `from` matter only if this part of their key is that of a row of `to`. */
struct sw_proof_bond {
    int from, to, part;
};

struct sw_proof {
    struct sw_planner *planner;
    const struct sw_outline *outline;
    struct sw_proof_label *labels;
    struct sw_proof_result *results;
    struct sw_proof_bond *bonds; /* of the level at hand */
    int bond_count;
};

const struct sw_relation *sw_proof_relation(const struct sw_proof *proof, int relation);
int sw_proof_part_count(const struct sw_table *table); /* of its key */
bool sw_proof_share_placement(const struct sw_table *a, const struct sw_table *b);

/* The relation that @column of @level belongs to, and the part of its key that it is; -1: no
 * part. */
int sw_proof_part_of_column(const struct sw_proof *proof, int level,
                            const struct sw_column *column, int *relation);
/* The only relation of @level, if it is a table with a key: what a star stands for; -1: it is
 * not so plain. */
int sw_proof_star(const struct sw_proof *proof, int level);
/* Find what holds the relations of @level together; they are labelled. */
void sw_proof_find_bonds(struct sw_proof *proof, int level);
/* Is there a relation whose key all rows of the level have? *tie: one of an outer level. */
bool sw_proof_are_bound(struct sw_proof *proof, int level, int *tie);
/* A table whose placement the keys of the level have; NULL: no relation of it is spread. */
const struct sw_table *sw_proof_table_of_level(const struct sw_proof *proof, int level);

/* Find the result of @query. False: its rows are not those of the shards together. */
bool sw_proof_prove(struct sw_proof *proof, int query);

#endif
