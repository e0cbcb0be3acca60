/*
 * statement - the facts about one SQL statement: all that routing needs to know of a text.
 *
 * Facts say what stands in the text, never what it means for shards; whoever routes resolves
 * them against the map. They are immutable and live in the arena of their script.
 *
 * A statement is a list of *levels* (one per SELECT, INSERT, UPDATE, DELETE, VALUES and arm of
 * a set operation, wherever it stands in the text), a list of *relations* (what the levels'
 * FROM clauses and targets name) and a list of *predicates* (what is known to hold for the rows
 * of a level). Arrays are indexed by int; -1 means none.
 */
#ifndef SW_PARSE_STATEMENT_H
#define SW_PARSE_STATEMENT_H

#include "shardward/base/error.h"
#include "shardward/key/copy.h"
#include "shardward/parse/ddl.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sw_statement_kind {
    SW_STATEMENT_SELECT, /* also VALUES, TABLE */
    SW_STATEMENT_INSERT,
    SW_STATEMENT_UPDATE,
    SW_STATEMENT_DELETE,
    SW_STATEMENT_COPY_FROM, /* STDIN */
    SW_STATEMENT_BEGIN,     /* and START TRANSACTION */
    SW_STATEMENT_COMMIT,
    SW_STATEMENT_ROLLBACK,
    SW_STATEMENT_SAVEPOINT,
    SW_STATEMENT_RELEASE,
    SW_STATEMENT_ROLLBACK_TO,
    SW_STATEMENT_SET_TRANSACTION, /* SET TRANSACTION, or SET transaction_isolation = ... */
    SW_STATEMENT_SET,             /* SET, RESET, RESET ALL, SET SESSION CHARACTERISTICS */
    SW_STATEMENT_SHOW,
    SW_STATEMENT_SET_OWN, /* SET and RESET of a setting of shardward itself, see `own` */
    SW_STATEMENT_DISCARD_ALL,
    SW_STATEMENT_PREPARE,
    SW_STATEMENT_EXECUTE,    /* and EXPLAIN EXECUTE */
    SW_STATEMENT_DEALLOCATE, /* name NULL: ALL */
    SW_STATEMENT_DECLARE,    /* a cursor, for the query whose facts these are */
    SW_STATEMENT_FETCH,      /* and MOVE */
    SW_STATEMENT_CLOSE,      /* cursor NULL: ALL */
    SW_STATEMENT_LISTEN,
    SW_STATEMENT_UNLISTEN,
    SW_STATEMENT_NOTIFY,
    SW_STATEMENT_HARMLESS,  /* DISCARD PLANS, SEQUENCES, TEMP: they undo what is refused
                               anyway, or nothing that shows; see `discards_temporaries` */
    SW_STATEMENT_CREATE_AS, /* a temporary table, of the rows of the query whose facts these are
                             */
    SW_STATEMENT_TRUNCATE,  /* `ddl` names the tables */
    SW_STATEMENT_DDL,       /* `ddl` says what */
    SW_STATEMENT_REFUSED,   /* `refusal` says why */
};

/* The type a value is cast to in the text, in so far as a key can have it. */
enum sw_cast {
    SW_CAST_NONE,
    SW_CAST_INT2,
    SW_CAST_INT4,
    SW_CAST_INT8,
    SW_CAST_TEXT, /* text, or varchar without a length */
    SW_CAST_UUID,
    SW_CAST_DATE,
    SW_CAST_TIMESTAMP, /* both without a precision */
    SW_CAST_TIMESTAMPTZ,
};

enum sw_value_kind {
    SW_VALUE_UNKNOWN,   /* an expression that cannot be told without a server */
    SW_VALUE_NULL,      /* NULL, with any cast */
    SW_VALUE_INTEGER,   /* an integer of 64 bits, sign included: a literal, or what `1 + 1` and
                           casts come to. Cast to date: days since 2000-01-01 */
    SW_VALUE_STRING,    /* a string literal */
    SW_VALUE_PARAMETER, /* $n */
    SW_VALUE_DEFAULT,   /* the word DEFAULT, in INSERT and UPDATE */
};

struct sw_value {
    enum sw_value_kind kind;
    enum sw_cast cast; /* of an array: of its elements */
    bool is_array;     /* of a parameter: `= ANY ($1)`, any of its elements */
    int64_t integer;
    const char *text; /* of a string; ends with a zero byte beyond text_len */
    size_t text_len;
    int parameter; /* from 1 */
    int slot; /* of a script made of a skeleton: which of its literals this is, from 1; 0: none
                 that was lifted */
    bool is_negated; /* `-` stands before that literal */
};

enum sw_relation_kind {
    SW_RELATION_TABLE,   /* a name that no CTE in scope carries: table or view */
    SW_RELATION_DERIVED, /* subquery, CTE reference, function, VALUES: holds no rows itself */
};

struct sw_relation {
    enum sw_relation_kind kind;
    const char *schema; /* NULL: not qualified */
    const char *name;   /* of a table */
    const char *alias;  /* the name by which its columns are qualified; NULL: none */
    int level;
    int location; /* of a table: where its name begins, in bytes of the text that was parsed; -1
                     of COPY TO */
    bool has_column_aliases; /* FROM t AS a(x, y): column names are not the table's */
};

struct sw_column {
    int relation;   /* -1: not qualified; one of [from, to) of the level has it, or an outer
                       level */
    int from, to;   /* relation indexes in which an unqualified name was written to be found */
    bool is_merged; /* unqualified, and named in USING by every join of the level that has
                       USING, all of them inner joins: it stands for that column of each */
    const char *name;
};

enum sw_predicate_kind {
    SW_PREDICATE_IN,       /* column equals one of the values; false or NULL otherwise */
    SW_PREDICATE_EQUALS,   /* column equals another column, perhaps of an outer level */
    SW_PREDICATE_LESS,     /* column < the value */
    SW_PREDICATE_AT_MOST,  /* <= */
    SW_PREDICATE_MORE,     /* > */
    SW_PREDICATE_AT_LEAST, /* >= */
};

/* A condition that every row of relations [prunes_from, prunes_to) of `level` must fulfil to
 * have any influence on the answer (of other levels' relations in that range it says nothing).
 */
struct sw_predicate {
    enum sw_predicate_kind kind;
    int level;
    int prunes_from, prunes_to;
    struct sw_column column;
    const struct sw_value *values;
    int value_count;
    struct sw_column other;
};

enum sw_level_kind { SW_LEVEL_SELECT, SW_LEVEL_INSERT, SW_LEVEL_UPDATE, SW_LEVEL_DELETE };
enum sw_insert_source {
    SW_INSERT_VALUES,
    SW_INSERT_QUERY,
    SW_INSERT_DEFAULTS,
    SW_INSERT_COPY, /* COPY FROM STDIN: the rows are still to come */
};
enum sw_overriding { SW_OVERRIDING_NOT_SET, SW_OVERRIDING_USER, SW_OVERRIDING_SYSTEM };

struct sw_level {
    enum sw_level_kind kind;
    int parent;
    int target;                     /* relation written to; -1 of SELECT */
    const char *const *set_columns; /* assigned by UPDATE or ON CONFLICT DO UPDATE */
    int set_count;
    const bool *sets_default; /* of each set column: it is assigned the word DEFAULT */
    bool is_at_cursor; /* WHERE CURRENT OF the statement's cursor: it changes that row only */
    /* INSERT only */
    enum sw_insert_source source;
    enum sw_overriding overriding;
    bool has_column_list;
    const char *const *columns;
    int column_count;
    const struct sw_value *values; /* of VALUES: row_count times the width of its row */
    int row_count;
    int row_width;
};

struct sw_function {
    const char *schema; /* NULL: not qualified */
    const char *name;
    bool is_plain_call; /* f(a, b): no names of arguments, VARIADIC, DISTINCT, OVER ... */
    const struct sw_value *arguments;
    int argument_count;
};

enum sw_setting_change {
    SW_SETTING_SET,       /* for the session; the value is what a server makes of it */
    SW_SETTING_SET_LOCAL, /* for the transaction */
    SW_SETTING_RESET,
    SW_SETTING_RESET_ALL, /* name is NULL */
};

struct sw_setting_fact {
    enum sw_setting_change change;
    const char *name; /* lower case */
    bool is_weak;     /* commits may count before standbys have them, see
                         sw_setting_is_durable() */
};

/* Settings of shardward itself, which servers never hear of. */
enum sw_own_setting {
    SW_OWN_READ,  /* shardward.read */
    SW_OWN_TOKEN, /* shardward.token */
};

/* What SET, SET LOCAL or RESET makes of one of them. */
struct sw_own_change {
    enum sw_own_setting setting;
    enum sw_setting_change change;
    const char *value; /* NULL: that of the session's start */
    bool says_reset;   /* it is spelled RESET */
};

/* Options of BEGIN and SET TRANSACTION; each -1 when not named. */
struct sw_transaction_options {
    int isolation; /* 0 read uncommitted, 1 read committed, 2 repeatable read, 3 serializable */
    int is_read_only;
    int is_deferrable;
};

/* What PREPARE and EXECUTE say besides the name. */
struct sw_by_name {
    int at, end; /* bytes of the script's text: of PREPARE where the statement within begins and
                    ends, of EXECUTE the name */
    const uint32_t *types; /* of PREPARE: OIDs of the parameters that it declares */
    int type_count;
    bool is_explained;                /* EXPLAIN EXECUTE */
    const struct sw_value *arguments; /* of EXECUTE */
    int argument_count;
};

/* How the data of COPY FROM is to be read. What is wrong in it, the server will tell. */
struct sw_copy_options {
    struct sw_copy_style style;
    const char *obstacle; /* an option by which the data cannot be read here; NULL: none */
};

/* COPY TO STDOUT, of the query whose facts these are. */
struct sw_copy_out {
    int at, end; /* bytes of the script's text where the query begins and ends; of a table: 0 */
    struct sw_copy_style style;
    bool quotes_all;           /* FORCE_QUOTE * */
    const char *const *quoted; /* ... of these columns */
    int quoted_count;
    const char *obstacle; /* an option by which rows cannot be written here; NULL: none */
};

/* EXPLAIN of the query whose facts these are. */
struct sw_explain {
    int at, end; /* bytes of the script's text where the query begins and ends; of DECLARE: 0 */
    bool runs;   /* ANALYZE */
    bool is_text; /* no other FORMAT is asked for */
};

/* A cursor, for the query whose facts these are. */
struct sw_declaration {
    int at, end; /* bytes of the script's text where the query begins and ends */
    bool is_scroll, is_no_scroll, is_held, is_binary;
};

/* FETCH and MOVE: to go over so many rows, and then to take some. */
struct sw_fetch {
    bool is_move;
    bool is_other; /* backward, or to a place */
    int64_t skips;
    int64_t rows; /* -1: all that are left */
};

/* What a session can leave behind on a server, beyond its transaction. */
enum sw_leftover {
    SW_LEFT_LOCKS = 1,    /* advisory locks of the session */
    SW_LEFT_CHANNELS = 2, /* that it listens to */
    SW_LEFT_CURSORS = 4,  /* WITH HOLD */
    SW_LEFT_TABLES = 8,   /* temporary ones */
};

/* A temporary table that a statement makes. */
struct sw_made_table {
    const char *name; /* in schema pg_temp */
    bool if_not_exists;
    bool is_dropped_at_commit;
    bool takes_defaults; /* LIKE ... INCLUDING DEFAULTS */
};

struct sw_outline;

struct sw_statement {
    enum sw_statement_kind kind;
    int location, len; /* in bytes of the script's text, without the semicolon */
    struct sw_error refusal;

    const struct sw_level *levels;
    int level_count;
    const struct sw_relation *relations;
    int relation_count;
    const struct sw_predicate *predicates;
    int predicate_count;
    const struct sw_function *functions; /* only those that are not known to be harmless */
    int function_count;

    const char *const *types; /* that are named without a schema, or as of pg_temp */
    int type_count;

    const int *parameter_uses; /* how often $1, $2 ... stand in the text */
    int parameter_count;       /* the highest $n */

    unsigned leaves;     /* bits of enum sw_leftover: what may stay on the server */
    unsigned takes_away; /* ... all of what nothing is left then, outside of a transaction */

    /* These facts hold for this text alone: they depend on what stands in its literals, or on
     * where things stand, and not only by values that have a slot. */
    bool is_verbatim;

    bool writes;          /* holds an INSERT, UPDATE or DELETE at any level */
    bool locks_rows;      /* FOR UPDATE and its kin */
    bool meets_others;    /* locks, listens, notifies: where all clients of the database meet */
    bool acts_at_commit;  /* LISTEN, UNLISTEN, NOTIFY, pg_notify() */
    bool minds_leftovers; /* is about what the session itself has left behind, if it has */
    bool may_unlock;      /* advisory locks of the session */
    bool discards_temporaries; /* DISCARD TEMP */
    bool reads_catalog; /* its answer depends on pg_catalog: regclass casts, pg_get_expr()... */
    bool names_database; /* current_database(), CURRENT_CATALOG */
    bool names_user;     /* current_user, session_user ... */

    const struct sw_own_change *own;        /* of SET_OWN; else NULL */
    const struct sw_setting_fact *settings; /* changed by SET, RESET and set_config() */
    int setting_count;
    bool names_settings; /* current_setting() */
    bool only_reads;     /* a query that changes nothing, if its `functions` do not, and that a
                            standby answers as the primary would, with the rows that it has */
    const char *name; /* of a savepoint, of SHOW (lower case), of DEALLOCATE; the command tag of
                         SW_STATEMENT_HARMLESS */
    const char *cursor; /* that it declares, fetches from, closes, or changes the row of */
    bool is_chained;    /* COMMIT AND CHAIN, ROLLBACK AND CHAIN */
    bool is_start;      /* BEGIN, spelled START TRANSACTION */
    struct sw_transaction_options options;
    const struct sw_copy_options *copy;    /* of COPY FROM; else NULL */
    const struct sw_copy_out *copies;      /* of COPY TO; else NULL */
    const struct sw_explain *explains;     /* of EXPLAIN, but for that of EXECUTE; else NULL */
    const struct sw_declaration *declares; /* of DECLARE; else NULL */
    const struct sw_fetch *fetches;        /* of FETCH and MOVE; else NULL */
    const struct sw_outline *copy_out;     /* of COPY TO in binary, see outline.h; else NULL */
    const struct sw_ddl *ddl;              /* of DDL and TRUNCATE; else NULL */
    const struct sw_made_table *makes;     /* of CREATE_AS, and of DDL perhaps; else NULL */
    struct sw_by_name by_name; /* of PREPARE and EXECUTE, whose `name` is the statement's */
};

#endif
