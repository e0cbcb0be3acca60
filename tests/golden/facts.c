/*
 * facts [--update] FILE.sql ... - prints the facts of every statement as text and compares
 * them with FILE.txt (or rewrites that).
 */
#include "lines.h"

#include "shardward/base/buf.h"
#include "shardward/parse/parse.h"

#include <inttypes.h>

static const char *const kinds[] = {
    [SW_STATEMENT_SELECT] = "SELECT",
    [SW_STATEMENT_INSERT] = "INSERT",
    [SW_STATEMENT_UPDATE] = "UPDATE",
    [SW_STATEMENT_DELETE] = "DELETE",
    [SW_STATEMENT_BEGIN] = "BEGIN",
    [SW_STATEMENT_COMMIT] = "COMMIT",
    [SW_STATEMENT_ROLLBACK] = "ROLLBACK",
    [SW_STATEMENT_SAVEPOINT] = "SAVEPOINT",
    [SW_STATEMENT_RELEASE] = "RELEASE",
    [SW_STATEMENT_ROLLBACK_TO] = "ROLLBACK TO",
    [SW_STATEMENT_SET_TRANSACTION] = "SET TRANSACTION",
    [SW_STATEMENT_SET] = "SET",
    [SW_STATEMENT_SHOW] = "SHOW",
    [SW_STATEMENT_DISCARD_ALL] = "DISCARD ALL",
    [SW_STATEMENT_PREPARE] = "PREPARE",
    [SW_STATEMENT_EXECUTE] = "EXECUTE",
    [SW_STATEMENT_DEALLOCATE] = "DEALLOCATE",
    [SW_STATEMENT_DECLARE] = "DECLARE",
    [SW_STATEMENT_FETCH] = "FETCH",
    [SW_STATEMENT_CLOSE] = "CLOSE",
    [SW_STATEMENT_LISTEN] = "LISTEN",
    [SW_STATEMENT_UNLISTEN] = "UNLISTEN",
    [SW_STATEMENT_NOTIFY] = "NOTIFY",
    [SW_STATEMENT_HARMLESS] = "HARMLESS",
    [SW_STATEMENT_TRUNCATE] = "TRUNCATE",
    [SW_STATEMENT_COPY_FROM] = "COPY FROM",
    [SW_STATEMENT_CREATE_AS] = "CREATE AS",
    [SW_STATEMENT_DDL] = "DDL",
    [SW_STATEMENT_REFUSED] = "REFUSED",
};
static const char *const level_kinds[] = {"SELECT", "INSERT", "UPDATE", "DELETE"};
static const char *const casts[] = {"",       "::int2", "::int4",      "::int8",       "::text",
                                    "::uuid", "::date", "::timestamp", "::timestamptz"};
static const char *const changes[] = {"set", "set local", "reset", "reset all"};

static const char *const operators[] = {
    [SW_PREDICATE_IN] = " in ",       [SW_PREDICATE_LESS] = " < ",
    [SW_PREDICATE_AT_MOST] = " <= ",  [SW_PREDICATE_MORE] = " > ",
    [SW_PREDICATE_AT_LEAST] = " >= ",
};

static void print_value(struct sw_buf *out, const struct sw_value *value)
{
    switch (value->kind) {
    case SW_VALUE_UNKNOWN:
        sw_buf_append_text(out, "?");
        break;
    case SW_VALUE_NULL:
        sw_buf_append_text(out, "NULL");
        break;
    case SW_VALUE_INTEGER:
        sw_buf_printf(out, "%" PRId64, value->integer);
        break;
    case SW_VALUE_STRING:
        sw_buf_printf(out, "'%.*s'", (int)value->text_len, value->text);
        break;
    case SW_VALUE_PARAMETER:
        sw_buf_printf(out, "%s$%d", value->is_array ? "any " : "", value->parameter);
        break;
    case SW_VALUE_DEFAULT:
        sw_buf_append_text(out, "DEFAULT");
        break;
    }
    sw_buf_append_text(out, casts[value->cast]);
}

static void print_values(struct sw_buf *out, const struct sw_value *values, int count)
{
    sw_buf_append_text(out, "(");
    for (int i = 0; i < count; i++) {
        sw_buf_append_text(out, i == 0 ? "" : ", ");
        print_value(out, &values[i]);
    }
    sw_buf_append_text(out, ")");
}

static void print_names(struct sw_buf *out, const char *what, const char *const *names,
                        int count)
{
    sw_buf_printf(out, " %s(", what);
    for (int i = 0; i < count; i++)
        sw_buf_printf(out, "%s%s", i == 0 ? "" : ", ", names[i]);
    sw_buf_append_text(out, ")");
}

static void print_insert(struct sw_buf *out, const struct sw_level *level)
{
    static const char *const sources[] = {"values", "query", "defaults", "copy"};

    if (level->has_column_list)
        print_names(out, "columns", level->columns, level->column_count);
    sw_buf_printf(out, " %s", sources[level->source]);
    for (int i = 0; i < level->row_count; i++) {
        sw_buf_append_text(out, " ");
        print_values(out, level->values + i * level->row_width, level->row_width);
    }
}

static void print_level(struct sw_buf *out, const struct sw_statement *statement, int i)
{
    const struct sw_level *level = &statement->levels[i];

    sw_buf_printf(out, "  level %d %s", i, level_kinds[level->kind]);
    if (level->parent != -1)
        sw_buf_printf(out, " in %d", level->parent);
    if (level->target != -1)
        sw_buf_printf(out, " target r%d", level->target);
    if (level->kind == SW_LEVEL_INSERT)
        print_insert(out, level);
    if (level->set_count > 0)
        print_names(out, "sets", level->set_columns, level->set_count);
    if (level->is_at_cursor)
        sw_buf_append_text(out, " at cursor");
    sw_buf_append_text(out, "\n");
}

static void print_relation(struct sw_buf *out, const struct sw_statement *statement, int i)
{
    const struct sw_relation *relation = &statement->relations[i];

    sw_buf_printf(out, "  r%d in %d ", i, relation->level);
    if (relation->kind == SW_RELATION_DERIVED)
        sw_buf_append_text(out, "derived");
    else if (relation->schema != NULL)
        sw_buf_printf(out, "%s.%s", relation->schema, relation->name);
    else
        sw_buf_append_text(out, relation->name);
    if (relation->alias != NULL)
        sw_buf_printf(out, " as %s%s", relation->alias,
                      relation->has_column_aliases ? "(...)" : "");
    sw_buf_append_text(out, "\n");
}

static void print_column(struct sw_buf *out, const struct sw_column *column)
{
    if (column->relation >= 0)
        sw_buf_printf(out, "r%d.%s", column->relation, column->name);
    else
        sw_buf_printf(out, "[r%d,r%d)%s.%s", column->from, column->to,
                      column->is_merged ? " merged" : "", column->name);
}

static void print_predicate(struct sw_buf *out, const struct sw_predicate *predicate)
{
    sw_buf_printf(out, "  in %d, of [r%d,r%d): ", predicate->level, predicate->prunes_from,
                  predicate->prunes_to);
    print_column(out, &predicate->column);
    if (predicate->kind == SW_PREDICATE_EQUALS) {
        sw_buf_append_text(out, " = ");
        print_column(out, &predicate->other);
    } else {
        sw_buf_append_text(out, operators[predicate->kind]);
        print_values(out, predicate->values, predicate->value_count);
    }
    sw_buf_append_text(out, "\n");
}

static void print_error(struct sw_buf *out, const struct sw_error *err)
{
    sw_buf_printf(out, "%s %s", err->sqlstate, err->message);
    if (err->position > 0)
        sw_buf_printf(out, " at %d", err->position);
    if (err->hint[0] != '\0')
        sw_buf_printf(out, " (%s)", err->hint);
    sw_buf_append_text(out, "\n");
}

static void print_flags(struct sw_buf *out, const struct sw_statement *statement)
{
    const struct {
        bool is_set;
        const char *name;
    } flags[] = {
        {statement->writes, "writes"},
        {statement->locks_rows, "locks_rows"},
        {statement->reads_catalog, "reads_catalog"},
        {statement->meets_others, "meets_others"},
        {statement->acts_at_commit, "acts_at_commit"},
        {statement->minds_leftovers, "minds_leftovers"},
        {(statement->leaves & SW_LEFT_LOCKS) != 0, "leaves_locks"},
        {(statement->leaves & SW_LEFT_CHANNELS) != 0, "leaves_channels"},
        {(statement->leaves & SW_LEFT_CURSORS) != 0, "leaves_cursors"},
        {(statement->leaves & SW_LEFT_TABLES) != 0, "leaves_tables"},
        {statement->takes_away != 0, "takes_away"},
        {statement->discards_temporaries, "discards_temporaries"},
        {statement->names_database, "names_database"},
        {statement->names_user, "names_user"},
        {statement->is_chained, "is_chained"},
        {statement->is_start, "is_start"},
    };

    sw_buf_append_text(out, kinds[statement->kind]);
    if (statement->cursor != NULL)
        sw_buf_printf(out, " cursor %s", statement->cursor);
    if (statement->name != NULL)
        sw_buf_printf(out, " %s", statement->name);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (flags[i].is_set)
            sw_buf_printf(out, " %s", flags[i].name);
    if (statement->options.isolation != -1)
        sw_buf_printf(out, " isolation=%d", statement->options.isolation);
    if (statement->options.is_read_only != -1)
        sw_buf_printf(out, " read_only=%d", statement->options.is_read_only);
    if (statement->options.is_deferrable != -1)
        sw_buf_printf(out, " deferrable=%d", statement->options.is_deferrable);
    sw_buf_append_text(out, "\n");
}

static void print_copy_style(struct sw_buf *out, const struct sw_copy_style *style,
                             const char *obstacle)
{
    static const char *const formats[] = {"text", "csv", "binary"};

    sw_buf_printf(out, "  %s", formats[style->format]);
    if (style->format != SW_COPY_BINARY)
        sw_buf_printf(out, " delimiter=%d null='%s'", style->delimiter, style->null);
    if (style->format == SW_COPY_CSV)
        sw_buf_printf(out, " quote=%c escape=%c", style->quote, style->escape);
    if (style->has_header)
        sw_buf_append_text(out, " header");
    if (obstacle != NULL)
        sw_buf_printf(out, " but for %s", obstacle);
}

static void print_copy(struct sw_buf *out, const struct sw_copy_options *copy)
{
    print_copy_style(out, &copy->style, copy->obstacle);
    sw_buf_append_text(out, "\n");
}

static void print_copy_out(struct sw_buf *out, const struct sw_copy_out *copy, const char *sql)
{
    print_copy_style(out, &copy->style, copy->obstacle);
    if (copy->quotes_all)
        sw_buf_append_text(out, " quotes all");
    if (copy->quoted_count > 0)
        print_names(out, "quotes", copy->quoted, copy->quoted_count);
    if (copy->end > 0)
        sw_buf_printf(out, " of <%.*s>", copy->end - copy->at, sql + copy->at);
    sw_buf_append_text(out, "\n");
}

static void print_explain(struct sw_buf *out, const struct sw_explain *explain, const char *sql)
{
    sw_buf_printf(out, "  explains%s%s <%.*s>\n", explain->runs ? " what runs" : "",
                  explain->is_text ? "" : " otherwise", explain->end - explain->at,
                  sql + explain->at);
}

static void print_declaration(struct sw_buf *out, const struct sw_declaration *declares,
                              const char *sql)
{
    sw_buf_printf(out, "  declares%s%s%s%s <%.*s>\n", declares->is_scroll ? " scroll" : "",
                  declares->is_no_scroll ? " forward" : "", declares->is_held ? " held" : "",
                  declares->is_binary ? " binary" : "", declares->end - declares->at,
                  sql + declares->at);
}

static void print_fetch(struct sw_buf *out, const struct sw_fetch *fetch)
{
    if (fetch->is_other)
        sw_buf_append_text(out, "  fetches otherwise\n");
    else
        sw_buf_printf(out, "  %s %" PRId64 " behind %" PRId64 "\n",
                      fetch->is_move ? "moves" : "fetches", fetch->rows, fetch->skips);
}

static void print_object(struct sw_buf *out, const struct sw_object *object)
{
    static const char *const object_kinds[] = {"table",  "index",  "sequence",
                                               "shared", "schema", "all"};
    static const char *const uses[] = {"made", "changed", "renamed", "dropped", "named"};

    sw_buf_printf(out, "  %s %s%s%s %s", object_kinds[object->kind],
                  object->schema != NULL ? object->schema : "",
                  object->schema != NULL ? "." : "", object->name != NULL ? object->name : "*",
                  uses[object->use]);
    if (object->partition_of >= 0)
        sw_buf_printf(out, " partition of %d", object->partition_of);
    sw_buf_append_text(out, "\n");
}

static void print_made(struct sw_buf *out, const struct sw_made_table *makes)
{
    sw_buf_printf(out, "  makes %s%s%s%s\n", makes->name,
                  makes->if_not_exists ? " if not exists" : "",
                  makes->is_dropped_at_commit ? " until commit" : "",
                  makes->takes_defaults ? " with defaults" : "");
}

static void print_ddl(struct sw_buf *out, const struct sw_ddl *ddl)
{
    static const char *const uses[] = {"made", "numbered", "retyped", "renamed", "dropped"};

    sw_buf_printf(out, "  %s%s%s%s%s%s%s%s\n", ddl->command, ddl->if_exists ? " if exists" : "",
                  ddl->is_outside ? " outside" : "", ddl->is_upkeep ? " upkeep" : "",
                  ddl->is_listed ? " listed" : "", ddl->fills_columns ? " fills" : "",
                  ddl->fills_by_chance ? " by chance" : "", ddl->changes_rows ? " rows" : "");
    if (ddl->new_name != NULL)
        sw_buf_printf(out, "  to %s\n", ddl->new_name);
    if (ddl->index_name != NULL)
        sw_buf_printf(out, "  index %s\n", ddl->index_name);
    if (ddl->inherits || ddl->calls_nextval)
        sw_buf_printf(out, " %s%s\n", ddl->inherits ? " inherits" : "",
                      ddl->calls_nextval ? " nextval" : "");
    for (int i = 0; i < ddl->object_count; i++)
        print_object(out, &ddl->objects[i]);
    for (int i = 0; i < ddl->column_count; i++)
        sw_buf_printf(out, "  column %d.%s %s%s\n", ddl->columns[i].object,
                      ddl->columns[i].name, uses[ddl->columns[i].use],
                      ddl->columns[i].is_numbered ? " numbered" : "");
    for (int i = 0; i < ddl->unique_count; i++) {
        sw_buf_printf(out, "  unique %d", ddl->uniques[i].object);
        print_names(out, "columns", ddl->uniques[i].columns, ddl->uniques[i].column_count);
        sw_buf_append_text(out, "\n");
    }
}

static void print_by_name(struct sw_buf *out, const struct sw_statement *statement,
                          const char *sql)
{
    const struct sw_by_name *by_name = &statement->by_name;

    sw_buf_printf(out, "  <%.*s>", by_name->end - by_name->at, sql + by_name->at);
    for (int i = 0; i < by_name->type_count; i++)
        sw_buf_printf(out, " type %u", (unsigned)by_name->types[i]);
    if (statement->kind == SW_STATEMENT_EXECUTE)
        print_values(out, by_name->arguments, by_name->argument_count);
    sw_buf_append_text(out, "\n");
}

static void print_statement(struct sw_buf *out, const struct sw_statement *statement,
                            const char *sql)
{
    if (statement->kind == SW_STATEMENT_REFUSED) {
        sw_buf_append_text(out, "REFUSED ");
        print_error(out, &statement->refusal);
        return;
    }
    print_flags(out, statement);
    if (statement->copy != NULL)
        print_copy(out, statement->copy);
    if (statement->copies != NULL)
        print_copy_out(out, statement->copies, sql);
    if (statement->explains != NULL)
        print_explain(out, statement->explains, sql);
    if (statement->declares != NULL)
        print_declaration(out, statement->declares, sql);
    if (statement->fetches != NULL)
        print_fetch(out, statement->fetches);
    if (statement->ddl != NULL)
        print_ddl(out, statement->ddl);
    if (statement->makes != NULL)
        print_made(out, statement->makes);
    if (statement->by_name.end > 0)
        print_by_name(out, statement, sql);
    for (int i = 0; i < statement->level_count; i++)
        print_level(out, statement, i);
    for (int i = 0; i < statement->relation_count; i++)
        print_relation(out, statement, i);
    for (int i = 0; i < statement->predicate_count; i++)
        print_predicate(out, &statement->predicates[i]);
    for (int i = 0; i < statement->function_count; i++)
        sw_buf_printf(out, "  function %s%s%s\n",
                      statement->functions[i].schema ? statement->functions[i].schema : "",
                      statement->functions[i].schema ? "." : "", statement->functions[i].name);
    for (int i = 0; i < statement->parameter_count; i++)
        if (statement->parameter_uses[i] > 0)
            sw_buf_printf(out, "  $%d: %d\n", i + 1, statement->parameter_uses[i]);
    for (int i = 0; i < statement->setting_count; i++)
        sw_buf_printf(out, "  %s %s\n", changes[statement->settings[i].change],
                      statement->settings[i].name ? statement->settings[i].name : "");
}

static void print_script(struct sw_buf *out, const char *sql)
{
    struct sw_error err;
    struct sw_script *script = sw_parse(sql, &err);

    sw_buf_printf(out, "%s\n", sql);
    if (script == NULL) {
        sw_buf_append_text(out, "ERROR ");
        print_error(out, &err);
    }
    for (int i = 0; script != NULL && i < script->count; i++) {
        const struct sw_statement *statement = &script->statements[i];

        if (script->count > 1)
            sw_buf_printf(out, "%d: %.*s\n", i, statement->len, sql + statement->location);
        print_statement(out, statement, sql);
    }
    sw_buf_append_text(out, "\n");
    sw_script_unref(script);
}

static void print_file(struct sw_buf *out, FILE *file)
{
    char *line = NULL, *sql;
    size_t size = 0;

    while ((sql = next_statement(file, &line, &size)) != NULL)
        print_script(out, sql);
    free(line);
}

static bool is_equal(const char *path, const struct sw_buf *out)
{
    FILE *file = fopen(path, "r");
    size_t at = 0;
    int c, line = 1;

    if (file == NULL) {
        (void)fprintf(stderr, "%s: missing; run with --update\n", path);
        return false;
    }
    while ((c = getc(file)) != EOF && at < sw_buf_len(out) && sw_buf_bytes(out)[at] == c) {
        line += c == '\n';
        at++;
    }
    (void)fclose(file);
    if (c == EOF && at == sw_buf_len(out))
        return true;
    (void)fprintf(stderr, "%s:%d: facts differ; now:\n%.400s\n", path, line,
                  at < sw_buf_len(out) ? (const char *)sw_buf_bytes(out) + at : "(end)");
    return false;
}

static bool rewrite(const char *path, const struct sw_buf *out)
{
    FILE *file = fopen(path, "w");
    bool is_written;

    if (file == NULL)
        return false;
    is_written = fwrite(sw_buf_bytes(out), 1, sw_buf_len(out), file) == sw_buf_len(out);
    return fclose(file) == 0 && is_written;
}

static bool run_file(const char *path, bool is_update)
{
    char result[4096];
    struct sw_buf out;
    FILE *file = fopen(path, "r");
    bool is_good;

    if (file == NULL) {
        perror(path);
        return false;
    }
    (void)snprintf(result, sizeof result, "%.*s.txt", (int)strlen(path) - 4, path);
    sw_buf_init(&out, 64 << 20);
    print_file(&out, file);
    (void)fclose(file);
    sw_buf_append(&out, "", 1);
    sw_buf_cut(&out, sw_buf_len(&out) - 1);
    is_good = is_update ? rewrite(result, &out) : is_equal(result, &out);
    sw_buf_finish(&out);
    return is_good;
}

int main(int argc, char **argv)
{
    bool is_update = argc > 1 && strcmp(argv[1], "--update") == 0;
    int failures = 0;

    for (int i = is_update ? 2 : 1; i < argc; i++)
        failures += !run_file(argv[i], is_update);
    return failures == 0 && argc > 1 + is_update ? 0 : 1;
}
