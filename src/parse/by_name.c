/*
 *      PREPARE name (type, ...) AS statement
 *      [EXPLAIN ...] EXECUTE name (argument, ...)
 *
 * The grammar has told what stands where, but not at which byte: that is found out by counting
 * words.
 */
#include "by_name.h"

#include "values.h"
#include "walk.h"

#include <string.h>
#include <strings.h>

/* --- where things stand --- */

/* Reads a text that the grammar has accepted. */
struct reader {
    const char *at, *end; /* of the token at hand */
    int depth;            /* of parentheses */
};

static const char *skip_comment(const char *at)
{
    int depth = 0;

    if (*at == '-')
        return at + strcspn(at, "\r\n");
    do {
        if (strncmp(at, "/*", 2) == 0 || strncmp(at, "*/", 2) == 0) {
            depth += *at == '/' ? 1 : -1;
            at++;
        }
        at++;
    } while (depth > 0);
    return at;
}

static const char *skip_blanks(const char *at)
{
    for (;;) {
        if (*at == ' ' || (*at >= '\t' && *at <= '\r'))
            at++;
        else if (strncmp(at, "--", 2) == 0 || strncmp(at, "/*", 2) == 0)
            at = skip_comment(at);
        else
            return at;
    }
}

static bool is_word_part(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* False at the end, and at a literal or a name that is written with escapes. */
static bool take_token(struct reader *reader)
{
    const char *end = skip_blanks(reader->end);

    reader->at = end;
    if (*end == '\0' || *end == '\'')
        return false;
    if (*end == '"') {
        do {
            end = strchr(end + 1, '"');
        } while (end != NULL && *++end == '"');
        if (end == NULL) /* it was not a name, but stood in $$...$$ */
            return false;
    } else if (is_word_part(*end)) {
        while (is_word_part(*end))
            end++;
    } else {
        reader->depth += *end == '(' ? 1 : *end == ')' ? -1 : 0;
        end++;
    }
    reader->end = end;
    return strncasecmp(reader->at, "u&\"", 3) != 0;
}

static bool is_word(const struct reader *reader, const char *word)
{
    return (size_t)(reader->end - reader->at) == strlen(word) &&
           strncasecmp(reader->at, word, strlen(word)) == 0;
}

/* Go to the next @word that stands in no parentheses. */
static bool find_word(struct reader *reader, const char *word)
{
    while (take_token(reader))
        if (reader->depth == 0 && is_word(reader, word))
            return true;
    return false;
}

static void refuse_form(struct sw_facts *facts, const char *what)
{
    sw_facts_refuse(facts, what, "Write the names without Unicode escapes and literals.");
}

static struct reader reader_of(const struct sw_facts *facts)
{
    return (struct reader){.end = facts->sql + facts->statement->location};
}

/* --- PREPARE --- */

struct type {
    const char *name;
    uint32_t oid, array_oid;
};

/* pg_type.dat of PostgreSQL, whose OIDs never change. */
static const struct type types[] = {
    {"bool", 16, 1000},          {"bytea", 17, 1001},       {"char", 18, 1002},
    {"name", 19, 1003},          {"int8", 20, 1016},        {"int2", 21, 1005},
    {"int4", 23, 1007},          {"text", 25, 1009},        {"oid", 26, 1028},
    {"json", 114, 199},          {"xml", 142, 143},         {"point", 600, 1017},
    {"cidr", 650, 651},          {"float4", 700, 1021},     {"float8", 701, 1022},
    {"unknown", 705, 0},         {"money", 790, 791},       {"macaddr", 829, 1040},
    {"inet", 869, 1041},         {"bpchar", 1042, 1014},    {"varchar", 1043, 1015},
    {"date", 1082, 1182},        {"time", 1083, 1183},      {"timestamp", 1114, 1115},
    {"timestamptz", 1184, 1185}, {"interval", 1186, 1187},  {"timetz", 1266, 1270},
    {"bit", 1560, 1561},         {"varbit", 1562, 1563},    {"numeric", 1700, 1231},
    {"uuid", 2950, 2951},        {"tsvector", 3614, 3643},  {"tsquery", 3615, 3645},
    {"jsonb", 3802, 3807},       {"int4range", 3904, 3905}, {"numrange", 3906, 3907},
    {"tsrange", 3908, 3909},     {"tstzrange", 3910, 3911}, {"daterange", 3912, 3913},
    {"int8range", 3926, 3927},
};

/* 0: it is not known here. */
static uint32_t oid_of(const TypeName *name)
{
    const char *schema, *last;

    if (name->setof || name->pct_type || !sw_walk_name(name->names, &schema, &last) ||
        schema != NULL)
        return 0;
    for (size_t i = 0; i < lengthof(types); i++)
        if (strcmp(types[i].name, last) == 0)
            return name->arrayBounds == NIL ? types[i].oid : types[i].array_oid;
    return 0;
}

static void read_types(struct sw_facts *facts, const List *names)
{
    size_t count = (size_t)list_length(names);
    uint32_t *oids = sw_arena_alloc(facts->arena, count * sizeof *oids);

    for (size_t i = 0; i < count; i++) {
        oids[i] = oid_of(list_nth(names, (int)i));
        if (oids[i] == 0)
            sw_facts_refuse(facts, "PREPARE with a parameter of this type",
                            "Leave the type out, or write unknown, and cast the parameter.");
    }
    facts->statement->by_name.types = oids;
    facts->statement->by_name.type_count = (int)count;
}

void sw_by_name_describe_prepare(struct sw_facts *facts, const PrepareStmt *prepare)
{
    struct sw_statement *statement = facts->statement;
    struct reader reader = reader_of(facts);

    statement->kind = SW_STATEMENT_PREPARE;
    statement->name = sw_facts_text(facts, prepare->name);
    read_types(facts, prepare->argtypes);
    if (!find_word(&reader, "as")) {
        refuse_form(facts, "this form of PREPARE");
        return;
    }
    statement->by_name.at = (int)(skip_blanks(reader.end) - facts->sql);
    statement->by_name.end = statement->location + statement->len;
}

/* --- EXECUTE --- */

static void read_arguments(struct sw_facts *facts, const List *arguments)
{
    size_t count = (size_t)list_length(arguments);
    struct sw_value *values = sw_arena_alloc(facts->arena, count * sizeof *values);
    const struct sw_statement *statement = facts->statement;

    sw_walk_list(facts, arguments);
    if (facts->functions.count > 0 || facts->levels.count > 0 || facts->settings.count > 0 ||
        statement->reads_catalog || statement->names_database || statement->names_user)
        sw_facts_refuse(facts, "EXECUTE with an argument that depends on its server",
                        "Give the arguments as constants.");
    for (size_t i = 0; i < count && !facts->is_refused; i++)
        values[i] = sw_value_read(facts, list_nth(arguments, (int)i));
    facts->statement->by_name.arguments = values;
    facts->statement->by_name.argument_count = (int)count;
}

void sw_by_name_describe_execute(struct sw_facts *facts, const ExecuteStmt *execute)
{
    struct sw_statement *statement = facts->statement;
    struct reader reader = reader_of(facts);

    statement->kind = SW_STATEMENT_EXECUTE;
    statement->name = sw_facts_text(facts, execute->name);
    read_arguments(facts, execute->params);
    if (!find_word(&reader, "execute") || !take_token(&reader)) {
        refuse_form(facts, "this form of EXECUTE");
        return;
    }
    statement->by_name.at = (int)(reader.at - facts->sql);
    statement->by_name.end = (int)(reader.end - facts->sql);
}
