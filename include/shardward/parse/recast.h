/*
 * recast - texts made of a SELECT over several shards: what each shard is asked, and what makes
 * one answer of theirs.
 *
 * Two texts are made. *Gather* runs on every shard: its columns are the client's, and behind
 * them hidden ones to sort by; or those that are needed to finish. *Finish* runs once, over all
 * that was gathered, as arrays that stand in parameters:
 *
 *   SELECT a FROM t ORDER BY b LIMIT 2
 *      gather  SELECT a, b FROM t ORDER BY b LIMIT 2
 *      finish  SELECT r.c1 FROM unnest($1, $2) r(c1, c2) ORDER BY r.c2 LIMIT 2
 *
 *   SELECT a, avg(b) FROM t GROUP BY a
 *      gather  SELECT a, sum(b), count(b) FROM t GROUP BY 1
 *      finish  SELECT r.c1, sum(r.c2) / sum(r.c3) FROM unnest($1, $2, $3) r(c1, c2, c3) GROUP
 * BY r.c1
 *
 * Where not the whole can be recast so, some *parts* of it are, and what is around them is the
 * client's, and is done once: queries (each the *core* of its part) are finished where they
 * stand, and tables are pulled, with the columns that are named and under the conditions of
 * WHERE and ON which concern them alone:
 *
 *   SELECT a FROM t JOIN u ON t.b = u.b WHERE t.c > 1 AND d = (SELECT max(d) FROM t)
 *      gather  SELECT a, b, c FROM t WHERE t.c > 1
 *              SELECT b, d FROM u
 *              SELECT max(d) FROM t
 *      finish  SELECT a FROM (SELECT u.c1 AS a ... FROM unnest($1, $2, $3) u) t JOIN ...
 *              WHERE t.c > 1 AND d = (SELECT max(r.c1) FROM unnest($6) r)
 *
 * Rows that are merely merged need no finish. The texts are made by changing the parse tree and
 * printing it (libpg_query's deparser); each is parsed again, and has to give the same tree.
 */
#ifndef SW_PARSE_RECAST_H
#define SW_PARSE_RECAST_H

#include "shardward/base/arena.h"
#include "shardward/base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* What is done to the rows of all shards together. */
enum sw_recast_need {
    SW_RECAST_ROWS,     /* ORDER BY and LIMIT */
    SW_RECAST_DISTINCT, /* ... and duplicates are left out */
    SW_RECAST_SOURCE,   /* groups, windows, DISTINCT: whatever stands above FROM and WHERE */
};

/* Borrowed. */
struct sw_recast_source {
    const char *sql;
    int index;    /* of the statement, from 0 */
    int core;     /* a query of its outline; -1: the whole, or a table */
    int relation; /* of its facts: a table that is pulled; -1: none */
    enum sw_recast_need need;
    bool is_exists;           /* of the core: one row is as good as many */
    const char *const *names; /* of the columns of what is recast, as a server describes them;
                                 of a table: of those that are wanted */
    int column_count;
    const char *const *merged; /* names in USING: who knows which table's they are */
    int merged_count;
    bool
        is_only_one_called_so; /* of a table: no other relation has its name as name or alias */
    const char *const *primary_key; /* of a table: the columns */
    int primary_count;
    int first_parameter; /* of finish: the number of the first gathered column's */
    /* Has something in FROM a column of that name? 1, 0, or -1: not known. */
    int (*has_column)(void *owner, const char *name);
    void *owner;
};

struct sw_recast_key {
    bool is_descending, is_nulls_first;
};

enum sw_recast_count_kind {
    SW_RECAST_COUNT_UNSAID,
    SW_RECAST_COUNT_CONSTANT,
    SW_RECAST_COUNT_PARAMETER,
    SW_RECAST_COUNT_ODD, /* an expression */
};

struct sw_recast_count {
    enum sw_recast_count_kind kind;
    int64_t number; /* of PARAMETER: which, from 1 */
};

struct sw_recast_gather {
    const char *text;
    bool is_visible;                  /* its first columns are those of what is recast */
    int hidden_count;                 /* columns behind them */
    const struct sw_recast_key *keys; /* the last ones: by which it is sorted */
    int key_count;
    bool has_to_finish; /* a merger cannot do what is left */
    bool is_clients;    /* it says what the client's text does */
    struct sw_recast_count limit, offset;
};

/* What is known of a gathered column. */
struct sw_recast_column {
    uint32_t type;
    const char *collation; /* as COLLATE takes it; NULL: that of the database, or none */
    const char *cast;      /* the type that a text has to be cast to; NULL: it is no text */
};

struct sw_recast_part {
    const struct sw_recast_source *source; /* all are of one statement */
    const struct sw_recast_column *columns;
    int column_count; /* as many as were gathered */
};

/* Where finish finds what was gathered: in parameters, or, of part @n (from 1), in the table
 * pg_temp.SW_RECAST_TABLE and the number. */
enum sw_recast_place { SW_RECAST_ARRAYS, SW_RECAST_TABLES };
#define SW_RECAST_TABLE "sw_gathered_"

/* The core by itself, or all of a table, to be described. NULL: 0A000. */
const char *sw_recast_core(const struct sw_recast_source *source, struct sw_arena *arena,
                           struct sw_error *err);
/* In @arena. False: 0A000 with what cannot be done. @is_raw: aggregates are not computed in
 * parts, but from the rows. */
bool sw_recast_gather(const struct sw_recast_source *source, bool is_raw,
                      struct sw_arena *arena, struct sw_recast_gather *gather,
                      struct sw_error *err);
/* The text that finishes all parts. *is_raw becomes true, and the result NULL without an error,
 * if it has to be gathered so. */
const char *sw_recast_finish(const struct sw_recast_part *parts, int part_count, bool *is_raw,
                             enum sw_recast_place place, struct sw_arena *arena,
                             struct sw_error *err);

#endif
