#include "shardward/plan/splice.h"

#include "shardward/base/mem.h"
#include "shardward/parse/parse.h"

#include <string.h>
#include <strings.h>

static const char *skip_comment(const char *at)
{
    int depth = 0;

    do {
        if (strncmp(at, "/*", 2) == 0 || strncmp(at, "*/", 2) == 0) {
            depth += *at == '/' ? 1 : -1;
            at++;
        }
        at++;
    } while (depth > 0 && *at != '\0');
    return at;
}

static const char *skip_blanks(const char *at)
{
    for (;;) {
        if (*at == ' ' || (*at >= '\t' && *at <= '\r'))
            at++;
        else if (strncmp(at, "--", 2) == 0)
            at += strcspn(at, "\r\n");
        else if (strncmp(at, "/*", 2) == 0)
            at = skip_comment(at);
        else
            return at;
    }
}

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (unsigned char)c >= 0x80;
}

static bool is_name_part(char c)
{
    return is_name_start(c) || (c >= '0' && c <= '9') || c == '$';
}

/* Behind the word; NULL: another one stands here. */
static const char *skip_word(const char *at, const char *word)
{
    size_t len = strlen(word);

    return strncasecmp(at, word, len) == 0 && !is_name_part(at[len]) ? at + len : NULL;
}

/* Behind a name, quoted or not; NULL: none stands here. */
static const char *skip_name(const char *at)
{
    if (*at == '"') {
        do {
            at = strchr(at + 1, '"');
        } while (at != NULL && *++at == '"');
        return at;
    }
    if (!is_name_start(*at))
        return NULL;
    while (is_name_part(*at))
        at++;
    return at;
}

/* Behind `schema.table`. */
static const char *skip_qualified(const char *at)
{
    const char *end = skip_name(at);

    while (end != NULL && *skip_blanks(end) == '.')
        end = skip_name(skip_blanks(skip_blanks(end) + 1));
    return end;
}

/* Where the column list of an INSERT would stand; NULL: it is no plain INSERT. */
static const char *find_place(const char *at)
{
    const char *end, *alias;

    while (*(at = skip_blanks(at)) == ';')
        at++;
    at = skip_word(at, "insert");
    at = at == NULL ? NULL : skip_word(skip_blanks(at), "into");
    end = at == NULL ? NULL : skip_qualified(skip_blanks(at));
    alias = end == NULL ? NULL : skip_word(skip_blanks(end), "as");
    return alias == NULL ? end : skip_name(skip_blanks(alias));
}

static int count_characters(const char *text, size_t len)
{
    int count = 0;

    for (size_t i = 0; i < len; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

/* Does @text say the same as before, and name the columns? */
static bool says_what_is_meant(const char *text)
{
    struct sw_error ignored;
    struct sw_script *script = sw_parse(text, &ignored);
    const struct sw_level *level =
        script == NULL || script->count != 1 || script->statements[0].level_count == 0
            ? NULL
            : &script->statements[0].levels[0];
    bool is_good = level != NULL && level->kind == SW_LEVEL_INSERT && level->has_column_list &&
                   level->source == SW_INSERT_VALUES && level->row_width == level->column_count;

    sw_script_unref(script);
    return is_good;
}

char *sw_splice_columns(const char *text, const char *columns, struct sw_splice *splice,
                        struct sw_error *err)
{
    const char *place = find_place(text);
    char *spliced = place == NULL
                        ? NULL
                        : sw_format("%.*s (%s) %s", (int)(place - text), text, columns, place);

    if (spliced != NULL && says_what_is_meant(spliced)) {
        enum { AROUND = 4 }; /* blanks and parentheses */

        splice->at = count_characters(text, (size_t)(place - text));
        splice->len = count_characters(columns, strlen(columns)) + AROUND;
        return spliced;
    }
    free(spliced);
    sw_error_set(err, "0A000", "INSERT without a column list is not supported here");
    sw_error_hint(err, "Write the columns: INSERT INTO table (column, ...) VALUES ...");
    return NULL;
}

int sw_splice_position(const struct sw_splice *splice, int position)
{
    int before = position - 1;

    if (before < splice->at)
        return position;
    return before < splice->at + splice->len ? splice->at + 1 : position - splice->len;
}
