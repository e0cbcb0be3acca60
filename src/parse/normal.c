/*
 * The lexical rules are PostgreSQL's (docs, "Lexical Structure") with
 * standard_conforming_strings on: '' doubles a quote, a backslash escapes only in E'', $tag$
 * ends at $tag$, comments nest. Where a literal has no end, all that follows belongs to it.
 */
#include "shardward/parse/normal.h"

#include "shardward/base/text.h"

#include <stdbool.h>
#include <string.h>

struct normal {
    const char *at;
    char *out;
    size_t len, size;
    bool is_blank_due;
};

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           ((unsigned char)c & 0x80) != 0;
}

static void put_byte(struct normal *normal, char c)
{
    if (normal->len + 1 < normal->size)
        normal->out[normal->len] = c;
    normal->len++;
}

static void put(struct normal *normal, const char *from, size_t len)
{
    if (normal->is_blank_due && normal->len > 0)
        put_byte(normal, ' ');
    normal->is_blank_due = false;
    for (size_t i = 0; i < len; i++)
        put_byte(normal, from[i]);
}

/* --- what values look like: each returns where it ends --- */

static const char *end_of_quoted(const char *at, char quote, bool has_escapes)
{
    for (at++; *at != '\0'; at++) {
        if ((has_escapes && *at == '\\' && at[1] != '\0') || (*at == quote && at[1] == quote))
            at++;
        else if (*at == quote)
            return at + 1;
    }
    return at;
}

/* `$tag$ ... $tag$`; NULL when no such literal begins here. */
static const char *end_of_dollars(const char *at)
{
    const char *tag_end = at + 1, *end;
    size_t tag_len;

    if (!is_digit(*tag_end))
        while (is_letter(*tag_end) || is_digit(*tag_end))
            tag_end++;
    if (*tag_end != '$')
        return NULL;
    tag_len = (size_t)(tag_end - at) + 1;
    for (end = tag_end + 1; (end = strchr(end, '$')) != NULL; end++)
        if (strncmp(end, at, tag_len) == 0)
            return end + tag_len;
    return at + strlen(at);
}

static const char *end_of_number(const char *at)
{
    while (is_digit(*at) || is_letter(*at) || *at == '.' ||
           ((*at == '+' || *at == '-') && (at[-1] == 'e' || at[-1] == 'E') && is_digit(at[1])))
        at++;
    return at;
}

static const char *end_of_comment(const char *at)
{
    int depth = 0;

    if (*at == '-')
        return at + strcspn(at, "\n");
    for (; *at != '\0'; at++) {
        if (at[0] == '/' && at[1] == '*') {
            depth++;
            at++;
        } else if (at[0] == '*' && at[1] == '/') {
            at++;
            if (--depth == 0)
                return at + 1;
        }
    }
    return at;
}

static const char *end_of_word(const char *at)
{
    while (is_letter(*at) || is_digit(*at) || *at == '$')
        at++;
    return at;
}

/* --- putting --- */

/* Does the output end in @tail? */
static bool ends_in(const struct normal *normal, const char *tail)
{
    size_t len = strlen(tail);

    return normal->len >= len && normal->len < normal->size &&
           memcmp(normal->out + normal->len - len, tail, len) == 0;
}

static void put_value(struct normal *normal, const char *end)
{
    normal->at = end;
    if (ends_in(normal, "?, ...,")) {
        normal->len--; /* one more of the same list */
        normal->is_blank_due = false;
    } else if (ends_in(normal, "?,")) {
        put(normal, "...", 3);
    } else {
        put(normal, "?", 1);
    }
}

static bool is_prefix(const char *word, size_t len)
{
    return (len == 1 && strchr("eEbBxXnN", *word) != NULL) ||
           (len == 2 && (word[0] == 'u' || word[0] == 'U') && word[1] == '&');
}

/* A word, a word that is the prefix of a literal, or a parameter. */
static void take_word(struct normal *normal)
{
    const char *at = normal->at, *end = end_of_word(at);

    if (end == at + 1 && (*at == 'u' || *at == 'U') && *end == '&')
        end++;
    if (*end == '\'' && is_prefix(at, (size_t)(end - at))) {
        put_value(normal, end_of_quoted(end, '\'', *at == 'e' || *at == 'E'));
        return;
    }
    if (end[-1] == '&')
        end--;
    put(normal, at, (size_t)(end - at));
    normal->at = end;
}

static void take_dollar(struct normal *normal)
{
    const char *at = normal->at, *end = end_of_dollars(at);

    if (end != NULL) {
        put_value(normal, end);
        return;
    }
    for (end = at + 1; is_digit(*end);)
        end++;
    put(normal, at, (size_t)(end - at));
    normal->at = end;
}

static void take_next(struct normal *normal)
{
    const char *at = normal->at, *end;

    if (is_blank(*at)) {
        normal->is_blank_due = true;
        normal->at++;
    } else if ((at[0] == '-' && at[1] == '-') || (at[0] == '/' && at[1] == '*')) {
        normal->is_blank_due = true;
        normal->at = end_of_comment(at);
    } else if (*at == '\'') {
        put_value(normal, end_of_quoted(at, '\'', false));
    } else if (*at == '"') {
        end = end_of_quoted(at, '"', false);
        put(normal, at, (size_t)(end - at));
        normal->at = end;
    } else if (is_digit(*at) || (*at == '.' && is_digit(at[1]))) {
        put_value(normal, end_of_number(at));
    } else if (*at == '$') {
        take_dollar(normal);
    } else if (is_letter(*at)) {
        take_word(normal);
    } else if (*at == ',') {
        normal->is_blank_due = false;
        put(normal, at, 1);
        normal->is_blank_due = true;
        normal->at++;
    } else {
        put(normal, at, 1);
        normal->at++;
    }
}

/* How much of [text, text + len) is left when a character cut at its end goes. */
static size_t whole_characters(const char *text, size_t len)
{
    size_t last = len;

    while (last > 0 && ((unsigned char)text[last - 1] & 0xc0) == 0x80)
        last--;
    if (last > 0 && ((unsigned char)text[last - 1] & 0xc0) == 0xc0)
        last--;
    return last < len && sw_utf8_character((const unsigned char *)text + last, len - last) == 0
               ? last
               : len;
}

size_t sw_sql_normal(const char *sql, char *out, size_t size)
{
    struct normal normal = {.at = sql, .out = out, .size = size};

    while (*normal.at != '\0' && normal.len < size)
        take_next(&normal);
    if (normal.len >= size)
        normal.len = whole_characters(out, size - 1);
    out[normal.len] = '\0';
    return normal.len;
}
