/*
 * outline - how the queries of a SELECT stand within each other: what routing to several shards
 * has to know beyond the facts.
 *
 * Levels and relations bear the numbers that they have in the facts of the same text (see
 * statement.h). A *query* is a plain SELECT, VALUES, or a set operation of two queries. It is
 * read anew from the text when it is wanted, and lives in the arena of its script.
 */
#ifndef SW_PARSE_OUTLINE_H
#define SW_PARSE_OUTLINE_H

#include "shardward/parse/parse.h"
#include "shardward/parse/statement.h"

enum sw_outline_kind {
    SW_OUTLINE_SELECT,
    SW_OUTLINE_VALUES,
    SW_OUTLINE_UNION,
    SW_OUTLINE_INTERSECT,
    SW_OUTLINE_EXCEPT,
};

/* One item of a SELECT list. */
struct sw_outline_output {
    bool is_star;
    bool is_column; /* plainly a column of the level, or of an outer one */
    struct sw_column column;
    const char *name; /* by which it is known outside; NULL: it has to be asked for */
};

/* What PARTITION BY names; what is no plain column is left out. */
struct sw_outline_window {
    const struct sw_column *columns;
    int column_count;
};

struct sw_outline_query {
    enum sw_outline_kind kind;
    /* Of a set operation. */
    bool is_all;
    int left, right;
    /* Of SELECT and VALUES. */
    int level;
    int from; /* the root of its joins; -1: it has no FROM */
    const struct sw_outline_output *outputs;
    int output_count;
    bool is_grouped;    /* GROUP BY */
    bool is_aggregated; /* calls aggregates, or has HAVING */
    bool has_grouping_sets;
    const struct sw_column *groups; /* GROUP BY, as in a window */
    int group_count;
    const struct sw_outline_window *windows;
    int window_count;
    bool is_distinct, is_distinct_on;
    /* Of all. */
    bool has_surroundings; /* names in it may mean what is around it */
    bool is_limited; /* LIMIT, OFFSET, FETCH; or ORDER BY, which matters to what is around it */
};

enum sw_outline_join_kind {
    SW_OUTLINE_LEAF,
    SW_OUTLINE_INNER, /* and CROSS, and the comma */
    SW_OUTLINE_LEFT,
    SW_OUTLINE_RIGHT,
    SW_OUTLINE_FULL,
};

struct sw_outline_join {
    enum sw_outline_join_kind kind;
    int relation;    /* of LEAF */
    int left, right; /* of others */
};

/* What stands for a derived relation of the facts. */
struct sw_outline_derived {
    int query;                /* -1: a function, or the alias of a join */
    const char *const *names; /* its columns, as an alias renames the first ones */
    int name_count;
};

/* A subquery in an expression. */
struct sw_outline_link {
    int level; /* in which it stands */
    int query;
    bool is_exists;                  /* EXISTS (query) */
    bool is_array;                   /* ARRAY (query): in the order of its rows */
    const struct sw_column *members; /* of `(a, b) IN (query)`; a column that is not plain has
                                        no name */
    int member_count;
};

/* Columns that ON or USING of a FULL JOIN compares; it is no condition for either side. */
struct sw_outline_equality {
    int level;
    struct sw_column left, right;
};

/* An aggregate belongs to the level of its columns (PostgreSQL docs, 4.2.7): here it is taken
 * for one of its own, which is right if a relation of that level has this column. */
struct sw_outline_doubt {
    int level;
    const char *column;
};

/* A column that is named, in any expression. */
struct sw_outline_mention {
    int level;
    struct sw_column column; /* its name NULL: it cannot be told what it is */
    const char *name;        /* the last one of those that stand there */
    bool is_qualified;       /* else it may be the row of a relation of that name */
};

/* A star in any expression, or what else means all columns of some relations: those of the
 * level; if it is qualified, perhaps of a level around it. */
struct sw_outline_star {
    int level;
    bool is_qualified;
    const char *of; /* the relation of `of.*`; NULL: any */
};

struct sw_outline {
    const struct sw_outline_query *queries;
    const struct sw_outline_join *joins;
    const struct sw_outline_derived *derived; /* of each relation */
    const struct sw_outline_link *links;
    const struct sw_outline_equality *equalities;
    const struct sw_outline_doubt *doubts;
    const struct sw_outline_mention *mentions;
    const struct sw_outline_star *stars;
    const char *const *merged; /* names in USING */
    const char *obstacle;      /* why several shards cannot be asked at all; NULL: they can */
    int top, query_count, join_count, link_count, equality_count, doubt_count, mention_count,
        star_count, merged_count;
    bool has_doubt; /* nothing can be proven of its queries */
};

/* Parse @sql again, with the outline of each SELECT; as sw_parse(), to which it adds
 * script->outlines. */
struct sw_script *sw_parse_outlines(const char *sql, struct sw_error *err);
/* Of statement @index; NULL: it is no SELECT. */
const struct sw_outline *sw_script_outline(const struct sw_script *script, int index);
/* May the statement need column @name of @relation, which is a table? */
bool sw_outline_wants(const struct sw_outline *outline, const struct sw_statement *statement,
                      int relation, const char *name);

#endif
