/*
 * parse - SQL text to facts, by PostgreSQL's own grammar.
 *
 * A script is what one query string holds: any number of statements. It is immutable, counted,
 * and owns all facts in it. Counts may change from one thread only.
 */
#ifndef SW_PARSE_PARSE_H
#define SW_PARSE_PARSE_H

#include "shardward/base/arena.h"
#include "shardward/base/error.h"
#include "shardward/parse/skeleton.h"
#include "shardward/parse/statement.h"

struct sw_outline;

struct sw_script {
    int refs;
    struct sw_arena arena;
    const struct sw_statement *statements;
    int count;                       /* 0: the text is empty, or comments only */
    int tables_seen, functions_seen; /* table names and calls walked; for tests */
    const struct sw_outline *const
        *outlines; /* of each statement, see outline.h; NULL: not read */
};

/*
 * Parse @sql (UTF-8 or any bytes, ends with a zero byte). Returns a script with one reference,
 * or NULL and the error PostgreSQL's parser would raise (42601 and its kin, with position),
 * 54001 for a text nested too deeply. A statement that PostgreSQL accepts and facts cannot
 * describe becomes SW_STATEMENT_REFUSED within its script.
 */
struct sw_script *sw_parse(const char *sql, struct sw_error *err);
/* The same, of a text whose skeleton is known: values that are one of its literals get a slot.
 * If the only statement is not verbatim, the facts hold for every text of that skeleton, with
 * the literals of that text in the slots. */
struct sw_script *sw_parse_lifted(const char *sql, const struct sw_skeleton *skeleton,
                                  struct sw_error *err);

struct sw_script *sw_script_ref(struct sw_script *script);
void sw_script_unref(struct sw_script *script);

/* Is @name a function of pg_catalog that touches no table, depends on no session state that
 * shards could disagree on, and has no side effect? */
bool sw_function_is_harmless(const char *name);

/* May a session set @name to @value, by SET, set_config() or at its start? Refused (0A000) are
 * a client_encoding other than UTF8 and SQL_ASCII, standard_conforming_strings other than on,
 * transform_null_equals other than off, array_nulls other than on, and session_authorization:
 * they change what text and keys mean, or who is asking. */
bool sw_setting_is_allowed(const char *name, const char *value, struct sw_error *err);
/* ... where commits count only if standbys have confirmed them? Not synchronous_commit below
 * on, nor synchronous_standby_names; nor client_min_messages above warning, since only a
 * warning tells that a commit has not been confirmed. @value NULL: it is not known. */
bool sw_setting_is_durable(const char *name, const char *value);
/* Is it a setting of shardward itself (enum sw_own_setting), which servers do not know? */
bool sw_setting_is_own(const char *name);

#endif
