/*
 * outlining - notes, while a statement is walked, how its queries stand within each other.
 *
 * All of this does nothing unless facts->outliner is set.
 */
#ifndef SW_PARSE_OUTLINING_H
#define SW_PARSE_OUTLINING_H

#include "facts.h"

#include "shardward/parse/outline.h"

struct sw_outliner {
    struct sw_facts_list queries;    /* struct sw_outline_query */
    struct sw_facts_list nodes;      /* SelectStmt *, of each query */
    struct sw_facts_list joins;      /* struct sw_outline_join */
    struct sw_facts_list derived;    /* struct sw_outline_derived, of each relation */
    struct sw_facts_list links;      /* struct sw_outline_link */
    struct sw_facts_list equalities; /* struct sw_outline_equality */
    struct sw_facts_list doubts;     /* struct sw_outline_doubt */
    struct sw_facts_list mentions;   /* struct sw_outline_mention */
    struct sw_facts_list stars;      /* struct sw_outline_star */
    struct sw_facts_list merged;     /* const char * */
    struct sw_facts_list tables;     /* const RangeVar *, of each relation; NULL: it is none */
    struct sw_facts_list marks;      /* of each level */
    int last_query, last_join; /* noted last; -1: none, or what came last is no such thing */
    const char *obstacle;      /* see outline.h */
    bool has_doubt;
};

void sw_outliner_init(struct sw_outliner *outliner);
/* All is noted: in the arena of the script. */
const struct sw_outline *sw_outliner_finish(struct sw_facts *facts);

int sw_outliner_last_query(const struct sw_facts *facts); /* -1: none */
int sw_outliner_last_join(const struct sw_facts *facts);
/* @join is the last one again. */
void sw_outliner_go_back(struct sw_facts *facts, int join);

/* Names mean what facts->scope says, which is the level's; @root is of its joins. */
void sw_outliner_note_select(struct sw_facts *facts, const SelectStmt *select, int root);
void sw_outliner_note_set_operation(struct sw_facts *facts, const SelectStmt *select, int left,
                                    int right);
/* @relation is that table. */
void sw_outliner_note_table(struct sw_facts *facts, int relation, const RangeVar *table);
void sw_outliner_note_leaf(struct sw_facts *facts, int relation);
/* What stands for @relation: a query, under the names of @columns and then of @alias. */
void sw_outliner_note_derived(struct sw_facts *facts, int relation, int query,
                              const List *columns, const Alias *alias);
void sw_outliner_note_join(struct sw_facts *facts, JoinType type, int left, int right);
/* Of a FULL JOIN: what USING compares; the equalities of columns that ON is made of.
 * Unqualified names lie below relation @names_to. */
void sw_outliner_note_equality(struct sw_facts *facts, const struct sw_column *left,
                               const struct sw_column *right);
void sw_outliner_note_full_join(struct sw_facts *facts, const Node *on, int names_to);
/* What of a join has to do with names: USING, NATURAL, its alias. */
void sw_outliner_note_names(struct sw_facts *facts, const JoinExpr *join, int level);
/* Something in FROM is by chance. */
void sw_outliner_note_chance(struct sw_facts *facts);
void sw_outliner_note_call(struct sw_facts *facts, const FuncCall *call);
void sw_outliner_note_column(struct sw_facts *facts, const ColumnRef *ref);
void sw_outliner_note_link(struct sw_facts *facts, const SubLink *link, int query);
void sw_outliner_note_recursion(struct sw_facts *facts);

#endif
