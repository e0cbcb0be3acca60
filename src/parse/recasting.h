/*
 * recasting - one SELECT while texts are made of it.
 *
 *   recast.c          texts to trees and back; which way is gone
 *   recast_rows.c     rows that are merged, sorted, or without duplicates
 *   recast_groups.c   groups, aggregates, windows
 *   recast_parts.c    ... aggregates of aggregates
 *   recast_tables.c   tables that are pulled
 *   recast_spelling.c what would be printed wrongly
 *
 * Trees live in a memory context of the library, which recast.c enters and leaves; nothing here
 * outlives it but what was copied to the arena.
 */
#ifndef SW_PARSE_RECASTING_H
#define SW_PARSE_RECASTING_H

#include "tree.h"

#include "shardward/parse/recast.h"

/* What the outline and the facts number, in the tree. */
struct sw_recast_tree {
    SelectStmt **queries;
    int query_count;
    const RangeVar **tables; /* of each relation; NULL: it is none */
    int table_count;
};

struct sw_recasting {
    const struct sw_recast_source *source;
    struct sw_arena *arena;
    struct sw_error *err;
    bool is_refused;
    SelectStmt *select;                     /* what is recast, to be changed */
    const struct sw_recast_column *columns; /* of finish; NULL: gather is wanted */
    int column_count;
    bool is_raw;
    bool reads_tables; /* of finish: what was gathered is in tables */
    int part;          /* ... of the part with this number, from 0 */
    bool needs_raw;    /* found out while finishing */
    struct sw_recast_gather *gather;
};

/* 0A000, "... over several shards is not supported yet"; the first refusal stays. */
void sw_recast_refuse(struct sw_recasting *recasting, const char *what, const char *hint);

void *sw_recast_node(size_t size, NodeTag tag);
Node *sw_recast_column_ref(const char *qualifier, const char *name);
/* r.c<n>, a gathered column (from 1). */
Node *sw_recast_gathered(int n);
ResTarget *sw_recast_target(Node *value, const char *name);
Node *sw_recast_constant(int n);
/* The expression that @format makes, of SQL. */
Node *sw_recast_expression(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* `r` for FROM: all gathered columns, as r(c1, c2 ...). */
List *sw_recast_rows(struct sw_recasting *recasting);

/* recast_spelling.c */

/* Say in other words what would be printed wrongly. @parts of tables will stand in their place.
 */
void sw_recast_spell(const struct sw_recast_tree *tree, const struct sw_recast_part *parts,
                     int part_count);

/* recast_tables.c */

/* Of the table of recasting->source: what is to be asked, with the wanted columns or all.
 * False: it is not there. */
bool sw_recast_pull(struct sw_recasting *recasting, const struct sw_recast_tree *tree,
                    bool is_whole);
/* Put what was gathered in its place. */
void sw_recast_finish_table(struct sw_recasting *recasting, const struct sw_recast_tree *tree);

/* recast_rows.c */

/* Has it one value for the whole statement, as now() has, which each shard has by itself? */
bool sw_recast_is_constant(Node *node);
/* The output column (from 1) that an item of ORDER BY, or of DISTINCT ON, names by its name or
 * position; 0: it is an expression. */
int sw_recast_output_of(struct sw_recasting *recasting, const Node *item);
/* What gives output column @position; NULL: refused. */
Node *sw_recast_output(struct sw_recasting *recasting, int position);
void sw_recast_by_rows(struct sw_recasting *recasting);
void sw_recast_finish_rows(struct sw_recasting *recasting);

/* recast_groups.c */

/* Groups, aggregates or windows? */
bool sw_recast_has_groups(const SelectStmt *select);
void sw_recast_by_groups(struct sw_recasting *recasting);
void sw_recast_finish_groups(struct sw_recasting *recasting);

/* recast_parts.c */

/* Is @call an aggregate? */
bool sw_recast_is_aggregate(const Node *node);
/* An aggregate that can be computed in parts: how many columns that takes, with the calls of
 * each; 0: it cannot. */
enum { SW_RECAST_PARTS = 2 };
int sw_recast_parts_of(const FuncCall *call, Node **parts);
/* What is made of its parts, which are gathered @columns (from 1); the first is of @type. NULL:
 * it has to be computed from the rows. */
Node *sw_recast_whole_of(const FuncCall *call, const int *columns, uint32_t type);

#endif
