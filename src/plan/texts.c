#include "texts.h"

#include "shardward/base/buf.h"

#include <stdio.h>
#include <string.h>

enum { MOST_TEXT = 1 << 24, END_SIZE = 32 };

static const char *keep(struct sw_buf *text, struct sw_arena *arena)
{
    const char *kept;

    (void)sw_buf_append(text, "", 1);
    kept = text->is_over ? NULL : sw_arena_strdup(arena, (const char *)sw_buf_bytes(text));
    sw_buf_finish(text);
    return kept;
}

static void print_source(struct sw_buf *text, const struct sw_text_part *part, int number)
{
    sw_buf_printf(text, "(");
    sw_buf_append_text(text, part->text);
    sw_buf_printf(text, ") AS g%d", number + 1);
    for (int i = 0; i < part->count; i++)
        sw_buf_printf(text, "%sc%d", i == 0 ? "(" : ", ", part->first + i + 1);
    if (part->count > 0)
        sw_buf_append_text(text, ")");
}

static void print_sources(struct sw_buf *text, const struct sw_text_part *parts, int count)
{
    for (int i = 0; i < count; i++) {
        sw_buf_append_text(text, i == 0 ? "" : " CROSS JOIN ");
        print_source(text, &parts[i], i);
    }
}

static int column_count(const struct sw_text_part *parts, int count)
{
    return parts[count - 1].first + parts[count - 1].count;
}

static void print_end(char *name, int part)
{
    (void)snprintf(name, END_SIZE, "?end of part %d?", part + 1);
}

bool sw_texts_ends_part(const char *column, int part)
{
    char name[END_SIZE];

    print_end(name, part);
    return strcmp(column, name) == 0;
}

const char *sw_texts_of_parts(const char *const *texts, int count, struct sw_arena *arena)
{
    struct sw_buf text;

    sw_buf_init(&text, MOST_TEXT);
    for (int i = 0; i < count; i++) {
        char name[END_SIZE];

        print_end(name, i);
        sw_buf_printf(&text, "%sp%d.*, 0 AS \"%s\"", i == 0 ? "SELECT " : ", ", i + 1, name);
    }
    for (int i = 0; i < count; i++) {
        sw_buf_append_text(&text, i == 0 ? " FROM (" : ", (");
        sw_buf_append_text(&text, texts[i]);
        sw_buf_printf(&text, ") AS p%d", i + 1);
    }
    return keep(&text, arena);
}

const char *sw_texts_side_by_side(const struct sw_text_part *parts, int count,
                                  struct sw_arena *arena)
{
    struct sw_buf text;

    if (count == 1)
        return parts[0].text;
    sw_buf_init(&text, MOST_TEXT);
    sw_buf_append_text(&text, "SELECT * FROM ");
    print_sources(&text, parts, count);
    return keep(&text, arena);
}

const char *sw_texts_probe(const struct sw_text_part *parts, int count, struct sw_arena *arena)
{
    struct sw_buf text;

    sw_buf_init(&text, MOST_TEXT);
    sw_buf_append_text(&text, "SELECT (SELECT d.datlocprovider::pg_catalog.text || ' ' || "
                              "d.datcollate::pg_catalog.text || ' ' || (pg_catalog.chr(888) "
                              "OPERATOR(pg_catalog.<) pg_catalog.chr(913))::pg_catalog.text "
                              "FROM pg_catalog.pg_database d WHERE d.datname = "
                              "pg_catalog.current_database())");
    for (int i = 1; i <= column_count(parts, count); i++)
        sw_buf_printf(
            &text,
            ", CASE WHEN (SELECT t.typcollation FROM pg_catalog.pg_type t WHERE t.oid = "
            "pg_catalog.pg_typeof(c%d)) <> 0 THEN pg_catalog.pg_collation_for(c%d) END, "
            "(SELECT t.typtype::pg_catalog.text FROM pg_catalog.pg_type t WHERE t.oid = "
            "pg_catalog.pg_typeof(c%d)), pg_catalog.pg_typeof(c%d)::pg_catalog.text",
            i, i, i, i);
    sw_buf_append_text(&text, count == 1 ? " FROM (SELECT 1) one LEFT JOIN "
                                         : " FROM (SELECT 1) one LEFT JOIN (");
    print_sources(&text, parts, count);
    sw_buf_append_text(&text, count == 1 ? " ON false" : ") ON false");
    return keep(&text, arena);
}

/* The columns of @part (-1: of all), and NULLs for the others. */
static void print_columns(struct sw_buf *text, const struct sw_text_part *parts, int count,
                          int part, const bool *is_text)
{
    for (int i = 0; i < count; i++)
        for (int k = parts[i].first; k < parts[i].first + parts[i].count; k++)
            if (part < 0 || part == i)
                sw_buf_printf(text, ", c%d%s", k + 1, is_text[k] ? "::pg_catalog.text" : "");
            else
                sw_buf_append_text(text, ", NULL");
}

static const char *gather_one(const struct sw_text_part *part, const bool *is_text,
                              struct sw_arena *arena)
{
    struct sw_buf text;
    bool has_any = false;

    for (int i = 0; i < part->count; i++)
        has_any = has_any || is_text[i];
    if (!has_any)
        return part->text;
    sw_buf_init(&text, MOST_TEXT);
    for (int i = 0; i < part->count; i++)
        sw_buf_printf(&text, "%sc%d%s", i == 0 ? "SELECT " : ", ", i + 1,
                      is_text[i] ? "::pg_catalog.text" : "");
    sw_buf_append_text(&text, " FROM ");
    print_source(&text, part, 0);
    return keep(&text, arena);
}

const char *sw_texts_gather(const struct sw_text_part *parts, int count, const bool *is_text,
                            struct sw_arena *arena)
{
    struct sw_buf text;

    if (count == 1)
        return gather_one(&parts[0], is_text, arena);
    sw_buf_init(&text, MOST_TEXT);
    sw_buf_append_text(&text, "SELECT 0 AS part");
    print_columns(&text, parts, count, -1, is_text);
    sw_buf_append_text(&text, " FROM ");
    print_sources(&text, parts, count);
    sw_buf_append_text(&text, " WHERE false");
    for (int i = 0; i < count; i++) {
        sw_buf_printf(&text, " UNION ALL SELECT %d", i);
        print_columns(&text, parts, count, i, is_text);
        sw_buf_append_text(&text, " FROM ");
        print_source(&text, &parts[i], i);
    }
    return keep(&text, arena);
}
