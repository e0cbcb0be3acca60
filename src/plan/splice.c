#include "shardward/plan/splice.h"

#include "shardward/base/buf.h"
#include "shardward/base/mem.h"
#include "shardward/base/settings.h"
#include "shardward/base/text.h"
#include "shardward/parse/parse.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

/* --- reading --- */

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

/* Behind the table's name and alias; NULL: none stand at @at. */
static const char *skip_target(const char *at)
{
    const char *end = skip_qualified(at);
    const char *alias = end == NULL ? NULL : skip_word(skip_blanks(end), "as");

    return alias == NULL ? end : skip_name(skip_blanks(alias));
}

/* Where the column list of an INSERT would stand; NULL: the text does not begin with one. */
static const char *find_first(const char *at)
{
    while (*(at = skip_blanks(at)) == ';')
        at++;
    at = skip_word(at, "insert");
    at = at == NULL ? NULL : skip_word(skip_blanks(at), "into");
    return at == NULL ? NULL : skip_target(skip_blanks(at));
}

/* The same of the INSERT at level @index, wherever it stands: the parser tells. */
static const char *find_within(const char *text, int index)
{
    struct sw_error ignored;
    struct sw_script *script = sw_parse(text, &ignored);
    const struct sw_statement *statement =
        script == NULL || script->count != 1 ? NULL : &script->statements[0];
    const struct sw_level *level =
        statement == NULL || index >= statement->level_count ? NULL : &statement->levels[index];
    const char *at = NULL;

    if (level != NULL && level->kind == SW_LEVEL_INSERT)
        at = skip_target(text + statement->relations[level->target].location);
    sw_script_unref(script);
    return at;
}

/* Behind a string whose quote stands at @at; NULL: it does not end. */
static const char *skip_string(const char *at, bool has_escapes)
{
    for (at++; *at != '\0'; at++) {
        if (has_escapes && *at == '\\' && at[1] != '\0')
            at++;
        else if (*at == '\'' && at[1] != '\'')
            return at + 1;
        else
            at += *at == '\'';
    }
    return NULL;
}

/* Behind $tag$...$tag$; @at itself, at which there is none; NULL: it does not end. */
static const char *skip_dollars(const char *at)
{
    const char *end = at + 1;

    while (is_name_start(*end) || (end > at + 1 && *end >= '0' && *end <= '9'))
        end++;
    if (*end != '$')
        return at;
    for (const char *close = end + 1; *close != '\0'; close++)
        if (strncmp(close, at, (size_t)(end + 1 - at)) == 0)
            return close + (end + 1 - at);
    return NULL;
}

/* Behind one token, or a part of one that holds neither quotes nor parentheses; NULL: the text
 * ends in it. */
static const char *skip_token(const char *at)
{
    const char *end;

    if (*at == '\'')
        return skip_string(at, false);
    if (*at == '"')
        return skip_name(at);
    if (is_name_start(*at)) {
        end = skip_name(at);
        return *end == '\'' ? skip_string(end, end == at + 1 && (*at == 'e' || *at == 'E'))
                            : end;
    }
    if (*at == '$') {
        end = skip_dollars(at);
        return end == at ? at + 1 : end;
    }
    return *at == '\0' ? NULL : at + 1;
}

/* --- writing --- */

struct writer {
    const char *at, *copied; /* up to `copied` the client's text has been copied */
    const struct sw_insertion *insertion;
    const struct sw_splice_values *values;
    int *given; /* of each fill: how many of its numbers stand in the text */
    struct sw_buf out;
    struct sw_splice *splice;
    int characters;     /* copied or removed so far */
    bool has_more_rows; /* than the plan knows of */
};

static void copy_up_to(struct writer *writer, const char *to)
{
    size_t len = (size_t)(to - writer->copied);

    (void)sw_buf_append(&writer->out, writer->copied, len);
    writer->characters += sw_text_characters(writer->copied, len);
    writer->copied = to;
}

/* What is written from here to end_piece() stands in place of the client's text up to @to. */
static size_t begin_piece(struct writer *writer, const char *to)
{
    struct sw_splice *splice = writer->splice;
    int removed;

    copy_up_to(writer, writer->at);
    removed = sw_text_characters(writer->at, (size_t)(to - writer->at));
    splice->pieces =
        sw_realloc(splice->pieces, (size_t)(splice->count + 1) * sizeof *splice->pieces);
    splice->pieces[splice->count++] =
        (struct sw_splice_piece){.at = writer->characters, .removed = removed};
    writer->characters += removed;
    writer->at = writer->copied = to;
    return sw_buf_len(&writer->out);
}

static void end_piece(struct writer *writer, size_t from)
{
    writer->splice->pieces[writer->splice->count - 1].added = sw_text_characters(
        (const char *)sw_buf_bytes(&writer->out) + from, sw_buf_len(&writer->out) - from);
}

static void put_value(struct writer *writer, int index)
{
    const struct sw_fill *fill = &writer->insertion->fills[index];
    int number = fill->first + writer->given[index];

    if (writer->given[index]++ >= fill->count) {
        writer->has_more_rows = true;
        return;
    }
    if (writer->values->ids == NULL)
        (void)sw_buf_printf(&writer->out, "$%d", writer->values->first_parameter + number);
    else
        (void)sw_buf_printf(&writer->out, "%" PRId64, writer->values->ids[number]);
}

/* Columns that are left out, or their values, @after each of them. */
static void put_left_out(struct writer *writer, bool is_value, const char *after)
{
    const struct sw_insertion *insertion = writer->insertion;

    for (int i = 0; i < insertion->fill_count; i++) {
        if (insertion->fills[i].at >= 0)
            continue;
        if (is_value)
            put_value(writer, i);
        else
            sw_put_sql_name(&writer->out, insertion->fills[i].column);
        (void)sw_buf_append_text(&writer->out, after);
    }
}

static bool leaves_out(const struct sw_insertion *insertion)
{
    for (int i = 0; i < insertion->fill_count; i++)
        if (insertion->fills[i].at < 0)
            return true;
    return false;
}

static const char *overriding(const struct sw_insertion *insertion)
{
    return insertion->overrides ? " OVERRIDING SYSTEM VALUE " : "";
}

/* DEFAULT VALUES becomes a row. */
static bool write_defaults(struct writer *writer)
{
    const char *end = skip_word(skip_blanks(writer->at), "default");
    size_t from;

    end = end == NULL ? NULL : skip_word(skip_blanks(end), "values");
    if (end == NULL)
        return false;
    from = begin_piece(writer, end);
    (void)sw_buf_append_text(&writer->out, " (");
    put_left_out(writer, false, ", ");
    sw_buf_cut(&writer->out, sw_buf_len(&writer->out) - strlen(", "));
    (void)sw_buf_printf(&writer->out, ")%s VALUES (", overriding(writer->insertion));
    put_left_out(writer, true, ", ");
    sw_buf_cut(&writer->out, sw_buf_len(&writer->out) - strlen(", "));
    (void)sw_buf_append_text(&writer->out, ")");
    end_piece(writer, from);
    return true;
}

static void write_new_list(struct writer *writer)
{
    size_t from = begin_piece(writer, writer->at);

    (void)sw_buf_append_text(&writer->out, " (");
    put_left_out(writer, false, ", ");
    (void)sw_buf_printf(&writer->out, "%s)%s ", writer->insertion->columns,
                        overriding(writer->insertion));
    end_piece(writer, from);
}

/* Up to and behind the parenthesis that closes what is open here. */
static bool skip_parenthesis(struct writer *writer)
{
    int depth = 1;

    while (depth > 0) {
        const char *at = skip_blanks(writer->at);

        depth += (*at == '(') - (*at == ')');
        writer->at = skip_token(at);
        if (writer->at == NULL)
            return false;
    }
    return true;
}

static bool write_old_list(struct writer *writer)
{
    size_t from;

    writer->at = skip_blanks(writer->at);
    if (*writer->at++ != '(')
        return false;
    if (leaves_out(writer->insertion)) {
        from = begin_piece(writer, writer->at);
        put_left_out(writer, false, ", ");
        end_piece(writer, from);
    }
    if (!skip_parenthesis(writer))
        return false;
    if (writer->insertion->overrides) {
        from = begin_piece(writer, writer->at);
        (void)sw_buf_append_text(&writer->out, overriding(writer->insertion));
        end_piece(writer, from);
    }
    return true;
}

/* Up to and behind the word VALUES; OVERRIDING SYSTEM VALUE may stand before it. */
static bool skip_to_rows(struct writer *writer)
{
    static const char *const words[] = {"overriding", "system", "user", "value"};
    const char *at = skip_blanks(writer->at), *end;

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if ((end = skip_word(at, words[i])) != NULL)
            at = skip_blanks(end);
    writer->at = skip_word(at, "values");
    return writer->at != NULL;
}

/* The element number @index of a row begins here: its number, if it is DEFAULT and to be
 * filled.
 */
static void write_element(struct writer *writer, int index)
{
    const char *end;
    size_t from;

    writer->at = skip_blanks(writer->at);
    end = skip_word(writer->at, "default");
    for (int i = 0; i < writer->insertion->fill_count && end != NULL; i++) {
        if (writer->insertion->fills[i].at != index)
            continue;
        from = begin_piece(writer, end);
        put_value(writer, i);
        end_piece(writer, from);
        return;
    }
}

/* A row, whose parenthesis has been opened. */
static bool write_row(struct writer *writer)
{
    int depth = 1, index = 0;
    size_t from;

    if (leaves_out(writer->insertion)) {
        from = begin_piece(writer, writer->at);
        put_left_out(writer, true, ", ");
        end_piece(writer, from);
    }
    write_element(writer, 0);
    while (depth > 0) {
        const char *at = skip_blanks(writer->at);
        bool is_comma = *at == ',' && depth == 1;

        depth += (*at == '(' || *at == '[') - (*at == ')' || *at == ']');
        writer->at = skip_token(at);
        if (writer->at == NULL)
            return false;
        if (is_comma)
            write_element(writer, ++index);
    }
    return true;
}

static bool write_rows(struct writer *writer)
{
    do {
        writer->at = skip_blanks(writer->at);
        if (*writer->at++ != '(' || !write_row(writer))
            return false;
        writer->at = skip_blanks(writer->at);
    } while (*writer->at++ == ',');
    return true;
}

/* The result ends with a zero byte; NULL: the text is not understood. */
static char *write_all(struct writer *writer)
{
    const struct sw_insertion *insertion = writer->insertion;
    const char *list = skip_blanks(writer->at);
    bool is_good;

    if (insertion->columns != NULL) {
        write_new_list(writer);
        is_good = true;
    } else if (skip_word(list, "default") != NULL) {
        is_good = write_defaults(writer);
    } else {
        is_good = write_old_list(writer);
    }
    if (is_good && insertion->fill_count > 0 && skip_word(list, "default") == NULL)
        is_good = skip_to_rows(writer) && write_rows(writer);
    if (!is_good || writer->has_more_rows)
        return NULL;
    copy_up_to(writer, writer->copied + strlen(writer->copied));
    return sw_strndup((const char *)sw_buf_bytes(&writer->out), sw_buf_len(&writer->out));
}

/* --- checking --- */

static bool is_number(const struct writer *writer, const struct sw_value *value, int number)
{
    if (writer->values->ids == NULL)
        return value->kind == SW_VALUE_PARAMETER && value->cast == SW_CAST_NONE &&
               value->parameter == writer->values->first_parameter + number;
    return value->kind == SW_VALUE_INTEGER && value->cast == SW_CAST_NONE &&
           value->integer == writer->values->ids[number];
}

static int index_of(const struct sw_level *level, const char *column)
{
    for (int i = 0; i < level->column_count; i++)
        if (strcmp(level->columns[i], column) == 0)
            return i;
    return -1;
}

/* Do the numbers of @fill stand in the rows where its column is, each once, in their order? */
static bool has_fill(const struct writer *writer, const struct sw_level *level,
                     const struct sw_fill *fill)
{
    int at = index_of(level, fill->column);
    int number = fill->first;

    for (int row = 0; row < level->row_count && at >= 0; row++) {
        const struct sw_value *value =
            &level->values[(size_t)row * (size_t)level->row_width + (size_t)at];

        if (value->kind == SW_VALUE_DEFAULT)
            return false;
        if (number < fill->first + fill->count && is_number(writer, value, number))
            number++;
        else if (fill->at < 0)
            return false;
    }
    return number == fill->first + fill->count;
}

static bool is_as_meant(const struct writer *writer, const struct sw_level *level)
{
    const struct sw_insertion *insertion = writer->insertion;

    if (level->source == SW_INSERT_COPY)
        return level->has_column_list;
    if (level->kind != SW_LEVEL_INSERT || !level->has_column_list ||
        level->source != SW_INSERT_VALUES || level->row_width != level->column_count ||
        (insertion->overrides && level->overriding != SW_OVERRIDING_SYSTEM))
        return false;
    for (int i = 0; i < insertion->fill_count; i++)
        if (!has_fill(writer, level, &insertion->fills[i]))
            return false;
    return true;
}

/* Does the spliced @text say what was meant? */
static bool says_what_is_meant(const struct writer *writer, const char *text)
{
    int index = writer->insertion->level;
    struct sw_error ignored;
    struct sw_script *script = sw_parse(text, &ignored);
    bool is_good = script != NULL && script->count == 1 &&
                   script->statements[0].level_count > index &&
                   is_as_meant(writer, &script->statements[0].levels[index]);

    sw_script_unref(script);
    return is_good;
}

/* --- all of it --- */

static void refuse(const struct sw_insertion *insertion, struct sw_error *err)
{
    if (insertion->fill_count == 0) {
        sw_error_set(err, "0A000", "INSERT without a column list is not supported here");
        sw_error_hint(err, "Write the columns: INSERT INTO table (column, ...) VALUES ...");
        return;
    }
    sw_error_set(err, "0A000", "INSERT that leaves \"%s\" to a sequence is not supported here",
                 insertion->fills[0].column);
    sw_error_hint(err, "Give the column a value, such as that of SELECT shardward.next_id().");
}

char *sw_splice(const char *text, const struct sw_insertion *insertion,
                const struct sw_splice_values *values, struct sw_splice *splice,
                struct sw_error *err)
{
    const char *place = insertion->level == 0 ? find_first(text) : NULL;
    struct writer writer = {
        .copied = text, .insertion = insertion, .values = values, .splice = splice};
    char *spliced = NULL;

    writer.at = place != NULL ? place : find_within(text, insertion->level);
    writer.given = sw_alloc_zero((size_t)insertion->fill_count, sizeof *writer.given);
    sw_buf_init(&writer.out, SIZE_MAX);
    if (writer.at != NULL)
        spliced = write_all(&writer);
    sw_buf_finish(&writer.out);
    free(writer.given);
    if (spliced != NULL && says_what_is_meant(&writer, spliced))
        return spliced;
    free(spliced);
    sw_splice_clear(splice);
    refuse(insertion, err);
    return NULL;
}

/* --- where it was changed --- */

int sw_splice_position(const struct sw_splice *splice, int position)
{
    int before = position - 1;

    for (int i = 0; i < splice->count; i++) {
        const struct sw_splice_piece *piece = &splice->pieces[i];

        if (before < piece->at)
            break;
        if (before < piece->at + piece->added)
            return piece->at + 1;
        before += piece->removed - piece->added;
    }
    return before + 1;
}

void sw_splice_clear(struct sw_splice *splice)
{
    free(splice->pieces);
    *splice = (struct sw_splice){0};
}

void sw_splice_copy(struct sw_splice *to, const struct sw_splice *from)
{
    to->count = from->count;
    to->pieces = sw_memdup(from->pieces, (size_t)from->count * sizeof *from->pieces);
}
