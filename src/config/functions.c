/*
 * Functions of the user's, written as "book_slot(bigint, bigint)": the argument types are
 * brought into the form in which PostgreSQL prints them, so that they can be compared.
 */
#include "reader.h"

#include "shardward/base/buf.h"
#include "shardward/base/mem.h"

#include <string.h>

enum { MOST_SIGNATURE = 1000 };

/* PostgreSQL docs, table "Data Types", aliases. */
static const char *const aliases[][2] = {
    {"bool", "boolean"},
    {"char", "character"},
    {"decimal", "numeric"},
    {"float4", "real"},
    {"float8", "double precision"},
    {"int", "integer"},
    {"int2", "smallint"},
    {"int4", "integer"},
    {"int8", "bigint"},
    {"time", "time without time zone"},
    {"timestamp", "timestamp without time zone"},
    {"timestamptz", "timestamp with time zone"},
    {"timetz", "time with time zone"},
    {"varbit", "bit varying"},
    {"varchar", "character varying"},
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static const char *real_name(const char *word, size_t len)
{
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strlen(aliases[i][0]) == len && strncmp(aliases[i][0], word, len) == 0)
            return aliases[i][1];
    return NULL;
}

/* One type, [@from, @to), behind what @out holds; false: there is none. */
static bool add_type(struct sw_buf *out, const char *from, const char *to)
{
    const char *end, *real;

    while (from < to && is_space(*from))
        from++;
    while (to > from && is_space(to[-1]))
        to--;
    if (from == to)
        return false;
    end = from;
    while (end < to && *end != '[')
        end++;
    if (sw_buf_len(out) > 0)
        sw_buf_append_text(out, ", ");
    real = real_name(from, (size_t)(end - from));
    if (real != NULL)
        sw_buf_append_text(out, real);
    else
        sw_buf_append(out, from, (size_t)(end - from));
    return sw_buf_append(out, end, (size_t)(to - end));
}

/* The list of types between @at and @end, a comma between two. -1: it cannot be read. */
static int add_types(struct sw_buf *out, const char *at, const char *end)
{
    int count = 0;

    while (at < end && is_space(*at))
        at++;
    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *to = comma == NULL ? end : comma;

        if (!add_type(out, at, to) || (comma != NULL && comma + 1 == end))
            return -1;
        count++;
        at = to == end ? end : to + 1;
    }
    return count;
}

/* "name(types)" or "schema.name(types)". */
static bool read_signature(struct sw_reader *reader, const struct sw_entry *entry,
                           struct sw_config_function *function)
{
    struct sw_arena *arena = &reader->config->arena;
    const char *text = entry->name, *open = strchr(text, '('), *dot = strchr(text, '.');
    size_t len = strlen(text);
    struct sw_buf types;

    function->schema = "public";
    function->name = function->arguments = "";
    if (open == NULL || text[len - 1] != ')' || len > MOST_SIGNATURE)
        return false;
    if (dot != NULL && dot < open) {
        function->schema = sw_arena_text(arena, text, (size_t)(dot - text));
        text = dot + 1;
    }
    function->name = sw_arena_text(arena, text, (size_t)(open - text));
    sw_buf_init(&types, (size_t)MOST_SIGNATURE * 8);
    function->argument_count = add_types(&types, open + 1, entry->name + len - 1);
    if (sw_buf_len(&types) > 0)
        function->arguments =
            sw_arena_text(arena, (const char *)sw_buf_bytes(&types), sw_buf_len(&types));
    sw_buf_finish(&types);
    return function->argument_count >= 0 &&
           sw_reader_is_name(reader, entry->key, "a function's schema", function->schema) &&
           sw_reader_is_name(reader, entry->key, "a function's name", function->name);
}

static void read_placement(struct sw_reader *reader, const struct sw_entry *entry,
                           const struct sw_field *field, void *into)
{
    struct sw_config_function *function = into;

    function->placement = sw_read_placement_name(reader, entry);
}

static const struct sw_field function_fields[] = {
    {"key", sw_read_number, offsetof(struct sw_config_function, key), false, 1, 100},
    {.name = "placement", .read = read_placement},
    {"writes", sw_read_bool, offsetof(struct sw_config_function, writes), false, 0, 0},
    {"harmless", sw_read_bool, offsetof(struct sw_config_function, is_harmless), false, 0, 0},
};

static void check(struct sw_reader *reader, const struct sw_entry *entry,
                  const struct sw_config_function *function)
{
    const struct sw_config_business *business = reader->business;

    if (function->is_harmless && (function->key > 0 || function->placement >= 0))
        sw_reader_fault(reader, entry->key,
                        "function '%.80s' is harmless and runs anywhere; remove its key and "
                        "placement, or 'harmless'",
                        entry->name);
    else if ((function->key > 0) != (function->placement >= 0))
        sw_reader_fault(reader, entry->key, "function '%.80s' has a %s; write its %s too",
                        entry->name, function->key > 0 ? "key" : "placement",
                        function->key > 0 ? "placement" : "key");
    else if (function->placement >= 0 &&
             business->placements[function->placement].part_count > 1)
        sw_reader_fault(reader, entry->key,
                        "the key of function '%.80s' is one argument; placement '%.60s' needs "
                        "%d",
                        entry->name, business->placements[function->placement].name,
                        business->placements[function->placement].part_count);
    else if (function->key > function->argument_count)
        sw_reader_fault(reader, entry->key,
                        "function '%.80s' has %d arguments; write which one is the key, from 1",
                        entry->name, function->argument_count);
    else if (function->key == 0 && !function->is_harmless && business->shard_count > 1)
        sw_reader_fault(reader, entry->key,
                        "function '%.80s' needs a key and a placement, as business '%.60s' has "
                        "%d shards; or 'harmless: true' if it touches no table",
                        entry->name, business->name, business->shard_count);
}

static void expect_new(struct sw_reader *reader, const struct sw_entry *entry,
                       const struct sw_config_function *function)
{
    char *full = sw_format("%s.%s(%s)", function->schema, function->name, function->arguments);
    const yaml_node_t *before =
        sw_textmap_put(&reader->function_names, full, (void *)(uintptr_t)entry->key);

    if (before != NULL)
        sw_reader_fault(reader, entry->key,
                        "the function '%.80s' stands twice in this database (first in line "
                        "%zu)",
                        full, before->start_mark.line + 1);
    free(full);
}

static void read_function(struct sw_reader *reader, const struct sw_entry *entry, void *item)
{
    struct sw_config_function *function = item;

    function->placement = -1;
    function->writes = true;
    if (!read_signature(reader, entry, function)) {
        sw_reader_fault(reader, entry->key,
                        "'%.80s': write the function with the types of its arguments, as "
                        "book_slot(bigint, bigint)",
                        entry->name);
        return;
    }
    expect_new(reader, entry, function);
    if (sw_reader_fields(reader, entry, function_fields,
                         sizeof function_fields / sizeof *function_fields, function))
        check(reader, entry, function);
}

void sw_read_functions(struct sw_reader *reader, const struct sw_entry *entry,
                       const struct sw_field *field, void *into)
{
    struct sw_config_business *business = into;

    business->functions = sw_reader_each(reader, entry, sizeof *business->functions,
                                         read_function, &business->function_count);
}
