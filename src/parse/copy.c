#include "copy.h"

#include "inner.h"
#include "walk.h"

#include <string.h>
#include <strings.h>

static void refuse_file(struct sw_facts *facts, const CopyStmt *copy)
{
    struct sw_error *refusal = &facts->statement->refusal;

    sw_facts_fail(facts, "0A000", "COPY %s a %s of the server is not supported",
                  copy->is_from ? "from" : "to", copy->is_program ? "program" : "file");
    sw_error_detail(refusal, "It would be that of one server, of which there are several.");
    sw_error_hint(refusal, "Use COPY %s, or \\copy of psql.",
                  copy->is_from ? "FROM STDIN" : "TO STDOUT");
}

/* COPY takes no parameters: the server would not know them. */
static void check_parameters(struct sw_facts *facts)
{
    if (facts->uses.count > 0)
        sw_facts_fail(facts, "42P02", "there is no parameter $%d", facts->uses.count);
}

/* --- options: in the end the server judges them --- */

static const char *text_of(const DefElem *option)
{
    return option->arg != NULL && IsA(option->arg, String) ? strVal(option->arg) : "";
}

/* As PostgreSQL's defGetCopyHeaderChoice() reads it: true, false, or match. */
static bool has_header(const DefElem *option)
{
    if (option->arg == NULL)
        return true;
    if (IsA(option->arg, Integer))
        return intVal(option->arg) != 0;
    return strcasecmp(text_of(option), "false") != 0 && strcasecmp(text_of(option), "off") != 0;
}

static enum sw_copy_format format_of(const char *name)
{
    if (strcmp(name, "csv") == 0)
        return SW_COPY_CSV;
    return strcmp(name, "binary") == 0 ? SW_COPY_BINARY : SW_COPY_TEXT;
}

static bool is_utf8(const char *encoding)
{
    return strcasecmp(encoding, "utf8") == 0 || strcasecmp(encoding, "utf-8") == 0 ||
           strcasecmp(encoding, "unicode") == 0;
}

/* What was given, in so far as it matters. */
struct given {
    const char *format, *delimiter, *quote, *escape, *null; /* NULL: not given */
};

/* False: it is no option that both directions have, or an encoding that nobody here reads. */
static bool read_option(const DefElem *option, struct given *given, struct sw_copy_style *style)
{
    const char *name = option->defname;

    if (strcmp(name, "format") == 0)
        given->format = text_of(option);
    else if (strcmp(name, "delimiter") == 0)
        given->delimiter = text_of(option);
    else if (strcmp(name, "quote") == 0)
        given->quote = text_of(option);
    else if (strcmp(name, "escape") == 0)
        given->escape = text_of(option);
    else if (strcmp(name, "null") == 0)
        given->null = text_of(option);
    else if (strcmp(name, "header") == 0)
        style->has_header = has_header(option);
    else
        return strcmp(name, "freeze") == 0 ||
               (strcmp(name, "encoding") == 0 && is_utf8(text_of(option)));
    return true;
}

static char first_of(const char *given, const char *otherwise)
{
    const char *text = given == NULL ? otherwise : given;

    return *text;
}

static void settle_style(struct sw_facts *facts, const struct given *given,
                         struct sw_copy_style *style)
{
    bool is_csv;

    style->format = given->format == NULL ? SW_COPY_TEXT : format_of(given->format);
    is_csv = style->format == SW_COPY_CSV;
    style->delimiter = first_of(given->delimiter, is_csv ? "," : "\t");
    style->quote = first_of(given->quote, "\"");
    style->escape = first_of(given->escape, &style->quote);
    style->null = sw_facts_text(facts, given->null != NULL ? given->null : is_csv ? "" : "\\N");
}

static void read_options(struct sw_facts *facts, const List *list,
                         struct sw_copy_options *options)
{
    struct sw_copy_style *style = &options->style;
    struct given given = {0};

    for (int i = 0; i < list_length(list); i++) {
        const DefElem *option = list_nth(list, i);

        if (!read_option(option, &given, style))
            options->obstacle = sw_facts_text(facts, option->defname);
    }
    settle_style(facts, &given, style);
    /* There PostgreSQL itself is of two minds about \. */
    if (style->format == SW_COPY_CSV && (style->delimiter == '\\' || style->quote == '\\'))
        options->obstacle = "a backslash as quote or delimiter";
    /* It belongs to a \x before it. */
    if (style->format == SW_COPY_TEXT && style->delimiter >= 'A' && style->delimiter <= 'F')
        options->obstacle = "a hexadecimal digit as delimiter";
}

/* --- COPY TO --- */

static void read_quoted(struct sw_facts *facts, const DefElem *option, struct sw_copy_out *out)
{
    const List *names = (const List *)option->arg;
    const char **quoted;

    out->quotes_all = option->arg != NULL && IsA(option->arg, A_Star);
    if (option->arg == NULL || !IsA(option->arg, List))
        return;
    quoted = sw_arena_alloc(facts->arena, (size_t)list_length(names) * sizeof *quoted);
    for (int i = 0; i < list_length(names); i++)
        quoted[i] = sw_facts_text(facts, strVal(list_nth(names, i)));
    out->quoted = quoted;
    out->quoted_count = list_length(names);
}

static void read_options_out(struct sw_facts *facts, const List *list, struct sw_copy_out *out)
{
    struct given given = {0};

    for (int i = 0; i < list_length(list); i++) {
        const DefElem *option = list_nth(list, i);

        if (strcmp(option->defname, "force_quote") == 0)
            read_quoted(facts, option, out);
        else if (!read_option(option, &given, &out->style))
            out->obstacle = sw_facts_text(facts, option->defname);
    }
    settle_style(facts, &given, &out->style);
}

static void describe_to(struct sw_facts *facts, const CopyStmt *copy)
{
    struct sw_copy_out *out = sw_arena_alloc(facts->arena, sizeof *out);

    read_options_out(facts, copy->options, out);
    if (copy->query != NULL) {
        (void)sw_walk_statement(facts, copy->query);
        sw_inner_find_copied(facts, &out->at, &out->end);
        if (facts->statement->writes)
            sw_facts_refuse(facts, "COPY of a query that writes",
                            "Use RETURNING without COPY.");
    } else {
        facts->statement->kind = SW_STATEMENT_SELECT;
        sw_walk_copied(facts, copy->relation);
    }
    facts->statement->copies = out;
}

/* --- COPY FROM --- */

static void describe_from(struct sw_facts *facts, const CopyStmt *copy)
{
    struct sw_copy_options *options = sw_arena_alloc(facts->arena, sizeof *options);

    facts->statement->kind = SW_STATEMENT_COPY_FROM;
    facts->statement->copy = options;
    read_options(facts, copy->options, options);
    sw_walk_copied_into(facts, copy);
}

void sw_copy_describe(struct sw_facts *facts, const CopyStmt *copy)
{
    if (copy->filename != NULL || copy->is_program)
        refuse_file(facts, copy);
    else if (copy->is_from)
        describe_from(facts, copy);
    else
        describe_to(facts, copy);
    check_parameters(facts);
    if (facts->settings.count > 0)
        sw_facts_refuse(facts, "set_config() in COPY", "Use SET.");
}

bool sw_copy_goes_out_binary(const Node *node)
{
    const CopyStmt *copy = (const CopyStmt *)node;

    if (!IsA(node, CopyStmt) || copy->is_from)
        return false;
    for (int i = 0; i < list_length(copy->options); i++) {
        const DefElem *option = list_nth(copy->options, i);

        if (strcmp(option->defname, "format") == 0 && option->arg != NULL &&
            IsA(option->arg, String) && strcmp(strVal(option->arg), "binary") == 0)
            return true;
    }
    return false;
}
