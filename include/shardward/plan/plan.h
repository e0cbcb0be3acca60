/*
 * plan - what to send where: facts and map to one shard, or a refusal.
 *
 * A statement may run on one shard if every relation in it is proven to need no row that lives
 * elsewhere; what cannot be proven is refused (0A000, reason, hint), never guessed.
 */
#ifndef SW_PLAN_PLAN_H
#define SW_PLAN_PLAN_H

#include "shardward/base/buf.h"
#include "shardward/base/error.h"
#include "shardward/base/temporaries.h"
#include "shardward/parse/statement.h"
#include "shardward/route/key.h"
#include "shardward/topology/catalog.h"
#include "shardward/topology/map.h"

/* What planning has to know of the client. */
struct sw_plan_context {
    const struct sw_database *database;
    const struct sw_user *user;       /* NULL: one who may do everything */
    bool is_search_path_plain;        /* unqualified tables are those of schema public */
    bool is_timezone_utc;             /* whatever server reads the statement, its TimeZone is
                                         UTC; matters to keys of type timestamptz */
    const struct sw_catalog *catalog; /* what the shards really hold; NULL: unknown */
    struct sw_map *map; /* of database and user; shared by whoever keeps a context */
    struct sw_temporaries *temporaries; /* that hide tables of their names; the same; NULL: none
                                           that matter */
};

enum sw_route_kind {
    SW_ROUTE_LOCAL,   /* no server: BEGIN, DEALLOCATE ... (transaction control that an enlisted
                         shard must hear is the session's affair) */
    SW_ROUTE_ANY,     /* no table: any database gives the answer; of FETCH and CLOSE the one
                         that has the cursor, of EXECUTE where its statement leads, of a
                         temporary table that is made where the session wants it */
    SW_ROUTE_CATALOG, /* the catalog database */
    SW_ROUTE_ONE,     /* `shard`; of temporary tables it may be the catalog database */
    SW_ROUTE_ANY_OF,  /* parameters are unbound, or no row has such a key (it equals NULL, or a
                         value without a place): any shard of `placement` can prepare the
                         statement or give its (empty) answer. If the statement changes the
                         row of a cursor: the one that has it */
    SW_ROUTE_SEVERAL, /* a SELECT that only reads: several shards of `placement`, see scatter.h
                       */
    SW_ROUTE_SCHEMA,  /* DDL: every shard of `business` (NULL: of every business), and, if it
                         `hears_catalog`, the catalog database. All DDL of one table locks it
                         there first, and so never waits in a circle over shards */
};

struct sw_route {
    enum sw_route_kind kind;
    const struct sw_shard *shard;         /* of ONE; of ANY_OF: the first of the placement */
    const struct sw_placement *placement; /* of ANY_OF and SEVERAL */
    const struct sw_business *business;   /* of SCHEMA */
    bool hears_catalog;                   /* of SCHEMA */
    bool writes;                          /* rows may be changed where it runs */
    bool needs_splice; /* the text has to get sw_plan_insertion() before it may run */
    bool needs_rows;   /* of COPY: the first one tells the shard, see copy.h */
    bool needs_ids;   /* numbers have to be drawn for it, and this route found, before it may */
    char reason[200]; /* in words, for EXPLAIN; may be empty */
};

/*
 * Where @statement has to run. @parameters with values NULL means "for Parse and Describe
 * only". False: 0A000 with reason and hint, 42501 for what the user has no right to, 25006 for
 * a write of a user that only reads, 42P01 for a table that neither map nor catalog has, 23502
 * for a NULL key on INSERT, 22023 for one without a place, 22P02 and its kin for a literal that
 * is no key.
 */
bool sw_plan_route(const struct sw_plan_context *context, const struct sw_statement *statement,
                   const struct sw_parameters *parameters, struct sw_route *route,
                   struct sw_error *err);

/*
 * The same in two steps: what follows from the facts and the context alone is found out once,
 * and kept; the values come later, any number of times. A plan is immutable, owns itself, and
 * borrows the statement and what the context points to.
 */
struct sw_plan;

/* A column that an INSERT leaves to a sequence. Each shard has one of its own, so shardward
 * gives the values, drawn where all shards share the sequence. */
struct sw_fill {
    const char *column;
    const char *draws; /* an SQL expression that draws one number, for the catalog database */
    int at;    /* where in the rows the column stands, in some as DEFAULT; -1: it is left out */
    int first; /* of the numbers drawn for the statement: those from here on are for this
                  column, in the order of the rows that lack it */
    int count;
    bool is_identity_always;
};

/* What is put into the text of an INSERT before a server hears it (see splice.h). */
struct sw_insertion {
    int level;
    const char
        *columns; /* of an INSERT without a list: the columns that its rows are for, as
                     SQL, by which the shard is chosen; NULL: it has a list, or no rows */
    const struct sw_fill *fills;
    int fill_count;
    int id_count;   /* numbers to be drawn for each time that it runs */
    bool overrides; /* OVERRIDING SYSTEM VALUE has to stand there as well */
};

/* NULL: the statement is refused whatever the values are; *err as above. */
struct sw_plan *sw_plan_compile(const struct sw_plan_context *context,
                                const struct sw_statement *statement, struct sw_error *err);
void sw_plan_free(struct sw_plan *plan);         /* accepts NULL */
size_t sw_plan_size(const struct sw_plan *plan); /* in bytes */
/* Are there values with which it has to run on several shards (SW_ROUTE_SEVERAL)? */
bool sw_plan_may_be_several(const struct sw_plan *plan);
/* NULL: the text is sent as it is. */
const struct sw_insertion *sw_plan_insertion(const struct sw_plan *plan);
/* Do both put the same into a text? Either may be NULL. */
bool sw_insertion_is_equal(const struct sw_insertion *a, const struct sw_insertion *b);
/* Where the statement has to run with these values. No reason is given in words; the heap is
 * not touched unless the statement is unusually large. */
bool sw_plan_locate(const struct sw_plan *plan, const struct sw_parameters *parameters,
                    struct sw_route *route, struct sw_error *err);
/*
 * The shards of a route of kind SCHEMA, in global order: the catalog database first. Fills in
 * as many of @shards as @size allows, and returns how many there are.
 */
int sw_plan_list_shards(const struct sw_database *database, const struct sw_route *route,
                        const struct sw_shard **shards, int size);

/* The tables of the map that DDL is about: a partition's parent for the partition, and the
 * table of an index, as @catalog (may be NULL) knows it. As above. */
int sw_plan_list_tables(const struct sw_database *database, const struct sw_catalog *catalog,
                        const struct sw_ddl *ddl, const struct sw_table **tables, int size);

/* Does a query of @statement name one of @temporaries (not NULL)? */
bool sw_plan_names_temporaries(const struct sw_temporaries *temporaries,
                               const struct sw_statement *statement);
/* May @statement mean something else to a session that has these (not NULL)? */
bool sw_plan_minds_temporaries(const struct sw_temporaries *temporaries,
                               const struct sw_statement *statement);
/* What @temporaries are when @statement has run on @shard. Takes a reference, returns one. */
struct sw_temporaries *sw_plan_follow_temporaries(struct sw_temporaries *temporaries,
                                                  const struct sw_statement *statement,
                                                  const struct sw_shard *shard);
/* Would they be others than before? They may be NULL. */
bool sw_plan_changes_temporaries(const struct sw_temporaries *temporaries,
                                 const struct sw_statement *statement);

/* Append a route as lines of text, of SEVERAL without the shards; see also sw_plan_explain().
 */
void sw_plan_print_route(const struct sw_database *database, const struct sw_route *route,
                         struct sw_buf *out);

#endif
