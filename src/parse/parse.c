/*
 *      sql --libpg_query--> raw trees --walkers--> facts in the script's arena
 *
 * The trees live in a memory context of the library and die with it at the end of sw_parse();
 * whatever a fact needs has been copied by then.
 */
#include "shardward/parse/parse.h"

#include "shardward/base/mem.h"

#include "copy.h"
#include "facts.h"
#include "meeting.h"
#include "outlining.h"
#include "temporary.h"
#include "tree.h"
#include "utility.h"
#include "walk.h"

#include <pg_query/pg_query_internal.h>

#include <string.h>

/* The library gives the parser's messages without their SQLSTATE. */
static const char *sqlstate_of(const PgQueryError *error)
{
    static const struct {
        const char *words, *sqlstate;
    } states[] = {
        {"not yet implemented", "0A000"},
        {"current database cannot be changed", "0A000"},
        {"constraints cannot be marked", "0A000"},
        {"invalid byte sequence for encoding", "22021"},
        {"precision for type float", "22023"},
        {"unsafe use of \\' in a string literal", "22P06"},
    };

    for (size_t i = 0; i < lengthof(states); i++)
        if (strstr(error->message, states[i].words) != NULL)
            return states[i].sqlstate;
    if (strcmp(error->message, "invalid Unicode escape") == 0 &&
        strstr(error->filename, "scan") != NULL) /* of E'...', not of U&'...' */
        return "22025";
    return "42601";
}

static void set_parser_error(const PgQueryError *error, struct sw_error *err)
{
    (void)sw_error_set(err, sqlstate_of(error), "%s", error->message);
    err->position = error->cursorpos > 0 ? error->cursorpos : 0;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void trim(const char *sql, struct sw_statement *statement)
{
    while (statement->len > 0 && is_space(sql[statement->location])) {
        statement->location++;
        statement->len--;
    }
    while (statement->len > 0 && is_space(sql[statement->location + statement->len - 1]))
        statement->len--;
}

/* A text while it is described. */
struct source {
    const char *sql;
    const struct sw_skeleton *skeleton; /* NULL: not known */
    bool wants_outlines;
};

static void describe(struct sw_script *script, const RawStmt *raw, const struct source *source,
                     struct sw_statement *statement, const struct sw_outline **outline)
{
    const char *sql = source->sql;
    bool copies_out = sw_copy_goes_out_binary(raw->stmt);
    struct sw_outliner outliner;
    struct sw_facts facts;

    statement->location = raw->stmt_location;
    statement->len = raw->stmt_len != 0 ? raw->stmt_len : (int)strlen(sql + raw->stmt_location);
    trim(sql, statement);
    statement->options = (struct sw_transaction_options){-1, -1, -1};
    sw_facts_init(&facts, &script->arena, statement);
    facts.sql = sql;
    facts.skeleton = source->skeleton;
    if (source->wants_outlines || copies_out) {
        sw_outliner_init(&outliner);
        facts.outliner = &outliner;
    }
    if (IsA(raw->stmt, SelectStmt)) {
        sw_temporary_describe_into(&facts, (const SelectStmt *)raw->stmt);
        sw_meeting_note_taken(&facts, raw->stmt);
    } else if (!sw_walk_statement(&facts, raw->stmt)) {
        statement->is_verbatim = true;
        sw_utility_describe(&facts, raw->stmt);
    }
    script->tables_seen += facts.tables_seen;
    script->functions_seen += facts.functions_seen;
    if (copies_out && !facts.is_refused)
        statement->copy_out = sw_outliner_finish(&facts);
    else if (source->wants_outlines && !facts.is_refused && outliner.last_query >= 0)
        *outline = sw_outliner_finish(&facts);
    sw_facts_finish(&facts);
}

/* False: a statement nests too deeply. */
static bool describe_all(struct sw_script *script, const List *trees,
                         const struct source *source, struct sw_error *err)
{
    size_t count = (size_t)list_length(trees);
    struct sw_statement *statements =
        sw_arena_alloc(&script->arena, count * sizeof *statements);
    const struct sw_outline **outlines =
        sw_arena_alloc(&script->arena, (source->wants_outlines ? count : 0) * sizeof(void *));

    for (size_t i = 0; i < count; i++) {
        describe(script, list_nth(trees, (int)i), source, &statements[i],
                 source->wants_outlines ? &outlines[i] : NULL);
        if (sw_error_is(&statements[i].refusal, "54001")) {
            *err = statements[i].refusal;
            return false;
        }
    }
    script->statements = statements;
    script->outlines = source->wants_outlines ? outlines : NULL;
    script->count = (int)count;
    return true;
}

static struct sw_script *parse(const struct source *source, struct sw_error *err)
{
    MemoryContext context = pg_query_enter_memory_context();
    PgQueryInternalParsetreeAndError parsed = pg_query_raw_parse(source->sql);
    struct sw_script *script = NULL;

    if (parsed.error != NULL) {
        set_parser_error(parsed.error, err);
        pg_query_free_error(parsed.error);
    } else {
        script = sw_alloc_zero(1, sizeof *script);
        script->refs = 1;
        sw_arena_init(&script->arena);
        if (!describe_all(script, parsed.tree, source, err)) {
            sw_script_unref(script);
            script = NULL;
        }
    }
    free(parsed.stderr_buffer);
    pg_query_exit_memory_context(context);
    return script;
}

struct sw_script *sw_parse(const char *sql, struct sw_error *err)
{
    return parse(&(struct source){.sql = sql}, err);
}

struct sw_script *sw_parse_lifted(const char *sql, const struct sw_skeleton *skeleton,
                                  struct sw_error *err)
{
    return parse(&(struct source){.sql = sql, .skeleton = skeleton}, err);
}

struct sw_script *sw_parse_outlines(const char *sql, struct sw_error *err)
{
    return parse(&(struct source){.sql = sql, .wants_outlines = true}, err);
}

const struct sw_outline *sw_script_outline(const struct sw_script *script, int index)
{
    return script->outlines == NULL ? NULL : script->outlines[index];
}

struct sw_script *sw_script_ref(struct sw_script *script)
{
    script->refs++;
    return script;
}

void sw_script_unref(struct sw_script *script)
{
    if (script == NULL || --script->refs > 0)
        return;
    sw_arena_finish(&script->arena);
    free(script);
}
