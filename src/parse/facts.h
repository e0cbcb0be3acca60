/*
 * facts - one statement while it is being described.
 *
 * The walkers add levels, relations, predicates ... in the order in which they meet them;
 * lists grow in a scratch arena and are copied to the script's arena at the end. Whoever meets
 * something that facts cannot describe refuses the statement and goes on or not: the first
 * refusal stays, and the lists are emptied in the end.
 */
#ifndef SW_PARSE_FACTS_H
#define SW_PARSE_FACTS_H

#include "shardward/base/arena.h"
#include "shardward/parse/skeleton.h"
#include "shardward/parse/statement.h"

#include "tree.h"

struct sw_outliner;

/* A list that grows; items lie in the scratch arena. */
struct sw_facts_list {
    void *items;
    int count, size;
};

/* What a qualified name can mean at one place: a level's relations from `from` on, as far as
 * they are known when the place is walked, then the outer scope. */
struct sw_scope {
    const struct sw_scope *outer;
    int level;
    int from;
};

/* The CTE names that are visible at one place, innermost first. */
struct sw_cte {
    const struct sw_cte *outer;
    const char *name;
    int query; /* see outline.h; -1: not known */
    const List *columns;
};

struct sw_facts {
    struct sw_arena *arena; /* of the script; borrowed */
    struct sw_arena scratch;
    struct sw_statement *statement;
    bool is_refused;
    int depth; /* of the walk */

    const char *sql;                    /* the whole text */
    const struct sw_skeleton *skeleton; /* of it; NULL: not known */
    int literals_read;                  /* so often a value was read from a literal */

    int level;                    /* the level that encloses what is walked now; -1: none */
    const struct sw_scope *scope; /* what names mean there; NULL: nothing */
    const struct sw_cte *ctes;

    struct sw_facts_list levels;     /* struct sw_level */
    struct sw_facts_list relations;  /* struct sw_relation */
    struct sw_facts_list hidden;     /* bool, per relation: below a join with an alias */
    struct sw_facts_list predicates; /* struct sw_predicate */
    struct sw_facts_list functions;  /* struct sw_function */
    struct sw_facts_list types;      /* const char * */
    struct sw_facts_list uses;       /* int, per parameter */
    struct sw_facts_list settings;   /* struct sw_setting_fact */
    struct sw_ddl ddl;               /* of a statement that has one */
    struct sw_facts_list objects;    /* struct sw_object */
    struct sw_facts_list columns;    /* struct sw_ddl_column */
    struct sw_facts_list uniques;    /* struct sw_ddl_unique */
    bool names_moment;               /* an expression that is the same for all rows of a
                                        statement, and no constant: now(), current_user */
    bool names_chance;               /* one that may be another for each row: random() */
    bool names_sequence;             /* nextval(), in DDL */
    bool has_called_nextval;         /* ... anywhere in it */
    struct sw_made_table *makes;     /* the temporary table that the statement makes, or NULL */
    const void *into;                /* the INTO that has made it; NULL: none has */
    int tables_seen, functions_seen; /* RangeVar and FuncCall nodes met */
    struct sw_outliner *outliner;    /* wants to know how queries stand within each other, see
                                    outlining.h; NULL: nobody does */
};

/* prunes_to of a predicate whose level is not yet complete. */
enum { SW_LEVEL_END = -2 };

void sw_facts_init(struct sw_facts *facts, struct sw_arena *arena,
                   struct sw_statement *statement);
/* Move what was found into the statement, and free the scratch memory. */
void sw_facts_finish(struct sw_facts *facts);

/* A new zeroed item at the end; the pointer holds until the next addition. */
void *sw_facts_add(struct sw_facts *facts, struct sw_facts_list *list, size_t item_size);

/* Refuse with 0A000 "<what> is not supported yet"; @hint may be NULL. */
void sw_facts_refuse(struct sw_facts *facts, const char *what, const char *hint);
/* Refuse with an error that PostgreSQL would raise. */
void sw_facts_fail(struct sw_facts *facts, const char *sqlstate, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

struct sw_level *sw_facts_level(const struct sw_facts *facts, int level);
struct sw_relation *sw_facts_relation(const struct sw_facts *facts, int relation);

/* Copies in the script's arena; NULL stays NULL. */
const char *sw_facts_text(struct sw_facts *facts, const char *text);
const char *sw_facts_lower(struct sw_facts *facts, const char *text);

/* Count one use of $@number. */
void sw_facts_use_parameter(struct sw_facts *facts, int number);
struct sw_setting_fact *sw_facts_add_setting(struct sw_facts *facts,
                                             enum sw_setting_change change, const char *name);

#endif
