/*
 * Text and csv, line by line. Outside of quotes:
 *
 *   LINE --any--> FIELD --delimiter--> FIELD          FIELD --quote--> QUOTED --quote--> FIELD
 *     ^             | --\ (text)--> ESCAPED --> FIELD
 *     +---newline---+
 *
 * In csv a quote that is the escape, too, is one only if no other follows (MAYBE_CLOSED).
 */
#include "copy.h"

#include <string.h>

enum {
    LINE,         /* at its beginning */
    AFTER_CR,     /* ... of which a newline may come first, that belongs to the line before */
    FIELD,        /* in a field, outside of quotes */
    ESCAPED,      /* behind a backslash */
    QUOTED,       /* inside of quotes */
    MAYBE_CLOSED, /* behind a quote inside of quotes */
    ESCAPED_QUOTE,
    AFTER_END_CR, /* csv: behind the end, of which a newline may be left */
    AFTER_END,
};

static bool is_csv(const struct sw_copy_rows *rows)
{
    return rows->style.format == SW_COPY_CSV;
}

void sw_copy_rows_init(struct sw_copy_rows *rows, const struct sw_copy_style *style,
                       int column_count, const int *columns, int part_count)
{
    *rows = (struct sw_copy_rows){
        .style = *style,
        .column_count = column_count,
        .part_count = part_count,
        .is_header = style->has_header && style->format != SW_COPY_BINARY,
    };
    memcpy(rows->columns, columns, (size_t)part_count * sizeof *columns);
    sw_buf_init(&rows->raw, SW_COPY_KEY_LIMIT);
    sw_buf_init(&rows->text, SW_COPY_KEY_LIMIT + 1);
    memset(rows->is_plain, true, sizeof rows->is_plain);
    rows->is_plain['\n'] = rows->is_plain['\r'] = false;
    rows->is_plain[(uint8_t)style->delimiter] = false;
    rows->is_plain[is_csv(rows) ? (uint8_t)style->quote : '\\'] = false;
    sw_copy_begin_row(rows);
    if (style->format == SW_COPY_BINARY)
        sw_copy_binary_init(rows);
}

void sw_copy_rows_finish(struct sw_copy_rows *rows)
{
    sw_buf_finish(&rows->raw);
    sw_buf_finish(&rows->text);
}

/* --- fields --- */

void sw_copy_begin_field(struct sw_copy_rows *rows)
{
    rows->part = -1;
    for (int p = 0; p < rows->part_count; p++) {
        if (rows->columns[p] != rows->field)
            continue;
        rows->part = p;
        rows->found[p].is_there = true;
        rows->found[p].from = sw_buf_len(&rows->raw);
    }
}

void sw_copy_keep(struct sw_copy_rows *rows, const uint8_t *bytes, size_t len)
{
    if (rows->part < 0)
        return;
    rows->found[rows->part].len += len;
    (void)sw_buf_append(&rows->raw, bytes, len);
}

void sw_copy_begin_row(struct sw_copy_rows *rows)
{
    rows->field = 0;
    memset(rows->found, 0, sizeof rows->found);
    sw_buf_clear(&rows->raw);
    rows->raw.is_over = false;
    rows->dots = 0;
    sw_copy_begin_field(rows);
}

enum sw_copy_step sw_copy_end_row(struct sw_copy_rows *rows,
                                  void (*decode)(struct sw_copy_rows *rows, int part))
{
    size_t starts[SW_COPY_PARTS] = {0};

    rows->row++;
    sw_buf_clear(&rows->text);
    for (int p = 0; p < rows->part_count; p++) {
        if (!rows->found[p].is_there)
            return SW_COPY_BROKEN;
        if (rows->raw.is_over) {
            rows->doubt = "its key is too long";
            return SW_COPY_UNSURE;
        }
        starts[p] = sw_buf_len(&rows->text);
        decode(rows, p);
        rows->fields[p].len = sw_buf_len(&rows->text) - starts[p];
    }
    (void)sw_buf_append(&rows->text, "", 1); /* so that an empty one is somewhere, too */
    for (int p = 0; p < rows->part_count; p++)
        rows->fields[p].bytes =
            rows->found[p].is_null ? NULL : sw_buf_bytes(&rows->text) + starts[p];
    return SW_COPY_ROW;
}

/* --- what a field says --- */

static bool is_octal(uint8_t c)
{
    return c >= '0' && c <= '7';
}

static int hex_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return -1;
}

static uint8_t control_of(uint8_t c)
{
    static const char names[] = "bfnrtv", controls[] = "\b\f\n\r\t\v";
    const char *at = c == '\0' ? NULL : strchr(names, c);

    return at == NULL ? c : (uint8_t)controls[at - names];
}

/* What a backslash before [at, end) stands for; returns how many bytes belong to it. */
static size_t read_escape(const uint8_t *at, const uint8_t *end, uint8_t *value)
{
    size_t len = 1;

    if (is_octal(*at)) {
        *value = (uint8_t)(*at - '0');
        for (; len < 3 && at + len < end && is_octal(at[len]); len++)
            *value = (uint8_t)(*value << 3 | (at[len] - '0'));
    } else if (*at == 'x' && at + 1 < end && hex_of(at[1]) >= 0) {
        *value = 0;
        for (; len < 3 && at + len < end && hex_of(at[len]) >= 0; len++)
            *value = (uint8_t)(*value << 4 | hex_of(at[len]));
    } else {
        *value = control_of(*at);
    }
    return len;
}

static void put(struct sw_copy_rows *rows, uint8_t byte)
{
    (void)sw_buf_append(&rows->text, &byte, 1);
}

static void decode_text(struct sw_copy_rows *rows, const uint8_t *at, const uint8_t *end)
{
    while (at < end) {
        uint8_t value = *at++;

        if (value == '\\') {
            if (at == end)
                return;
            at += read_escape(at, end, &value);
        }
        put(rows, value);
    }
}

static void decode_csv(struct sw_copy_rows *rows, const uint8_t *at, const uint8_t *end)
{
    const uint8_t quote = (uint8_t)rows->style.quote, escape = (uint8_t)rows->style.escape;
    bool is_quoted = false;

    for (; at < end; at++) {
        if (is_quoted && *at == escape && at + 1 < end && (at[1] == escape || at[1] == quote))
            put(rows, *++at);
        else if (*at == quote)
            is_quoted = !is_quoted;
        else
            put(rows, *at);
    }
}

static void decode(struct sw_copy_rows *rows, int part)
{
    const size_t from = rows->found[part].from, len = rows->found[part].len;
    const uint8_t *at = len == 0 ? (const uint8_t *)"" : sw_buf_bytes(&rows->raw) + from;

    rows->found[part].is_null = !rows->found[part].is_quoted &&
                                len == strlen(rows->style.null) &&
                                memcmp(at, rows->style.null, len) == 0;
    if (rows->found[part].is_null)
        return;
    if (is_csv(rows))
        decode_csv(rows, at, at + len);
    else
        decode_text(rows, at, at + len);
}

/* --- lines --- */

/* The line has ended; MORE: it was the header. */
static enum sw_copy_step end_line(struct sw_copy_rows *rows)
{
    enum sw_copy_step step = rows->is_header ? SW_COPY_MORE : sw_copy_end_row(rows, decode);

    rows->is_header = false;
    sw_copy_begin_row(rows);
    return step;
}

static enum sw_copy_step on_newline(struct sw_copy_rows *rows, uint8_t byte)
{
    if (rows->dots == 2) {
        rows->state = byte == '\r' ? AFTER_END_CR : AFTER_END;
        /* Whoever does not take it for the end, takes it for a row. */
        rows->doubt = "\\. in csv is the end to some servers, and a row to others";
        if (rows->column_count == 1)
            return SW_COPY_UNSURE;
        return byte == '\r' ? SW_COPY_MORE : SW_COPY_END;
    }
    rows->state = byte == '\r' ? AFTER_CR : LINE;
    return end_line(rows);
}

static void on_delimiter(struct sw_copy_rows *rows)
{
    rows->field++;
    sw_copy_begin_field(rows);
}

/* How much of a \. that stands alone on its line has come; -1: it does not. */
static int next_dots(const struct sw_copy_rows *rows, uint8_t byte, bool is_newline)
{
    if (rows->dots == 0 && byte == '\\')
        return 1;
    if (rows->dots == 1 && byte == '.')
        return 2;
    return rows->dots == 2 && is_newline ? 2 : -1;
}

/* Outside of quotes. */
static enum sw_copy_step on_field_byte(struct sw_copy_rows *rows, const uint8_t *byte)
{
    bool is_newline = *byte == '\n' || *byte == '\r';

    rows->state = FIELD;
    rows->dots = next_dots(rows, *byte, is_newline);
    if (is_newline)
        return on_newline(rows, *byte);
    if (*byte == (uint8_t)rows->style.delimiter) {
        on_delimiter(rows);
        return SW_COPY_MORE;
    }
    sw_copy_keep(rows, byte, 1);
    if (!is_csv(rows) && *byte == '\\') {
        rows->state = ESCAPED;
    } else if (is_csv(rows) && *byte == (uint8_t)rows->style.quote) {
        rows->state = QUOTED;
        if (rows->part >= 0)
            rows->found[rows->part].is_quoted = true;
    }
    return SW_COPY_MORE;
}

/* Behind a backslash; of a text \. ends all, and the line in which it stands. */
static enum sw_copy_step on_escaped_byte(struct sw_copy_rows *rows, const uint8_t *byte)
{
    bool is_alone = rows->dots == 1;

    rows->state = FIELD;
    rows->dots = -1;
    if (*byte != '.') {
        sw_copy_keep(rows, byte, 1);
        return SW_COPY_MORE;
    }
    rows->state = AFTER_END;
    if (is_alone)
        return SW_COPY_END;
    rows->doubt = "\\. stands behind a row, on its line";
    return SW_COPY_UNSURE;
}

static void on_quoted_byte(struct sw_copy_rows *rows, const uint8_t *byte)
{
    bool is_same = rows->style.quote == rows->style.escape;

    sw_copy_keep(rows, byte, 1);
    if (rows->state == ESCAPED_QUOTE)
        rows->state = QUOTED;
    else if (!is_same && *byte == (uint8_t)rows->style.escape)
        rows->state = ESCAPED_QUOTE;
    else if (*byte == (uint8_t)rows->style.quote)
        rows->state = is_same ? MAYBE_CLOSED : FIELD;
}

static enum sw_copy_step take_byte(struct sw_copy_rows *rows, const uint8_t *byte)
{
    if (rows->state == MAYBE_CLOSED) {
        rows->state = *byte == (uint8_t)rows->style.quote ? QUOTED : FIELD;
        if (rows->state == QUOTED) {
            sw_copy_keep(rows, byte, 1);
            return SW_COPY_MORE;
        }
    }
    if (rows->state == AFTER_CR) {
        rows->state = LINE;
        if (*byte == '\n')
            return SW_COPY_MORE;
    }
    if (rows->state == ESCAPED)
        return on_escaped_byte(rows, byte);
    if (rows->state == QUOTED || rows->state == ESCAPED_QUOTE) {
        on_quoted_byte(rows, byte);
        return SW_COPY_MORE;
    }
    return on_field_byte(rows, byte);
}

/* As many bytes of a field as have no meaning of their own. */
static size_t plain_run(const struct sw_copy_rows *rows, const uint8_t *bytes, size_t len)
{
    size_t at = 0;

    while (at < len && rows->is_plain[bytes[at]])
        at++;
    return at;
}

static size_t read_lines(struct sw_copy_rows *rows, const uint8_t *bytes, size_t len,
                         enum sw_copy_step *step)
{
    size_t at = 0;

    *step = SW_COPY_MORE;
    while (at < len && *step == SW_COPY_MORE) {
        if (rows->state == AFTER_END_CR) {
            rows->state = AFTER_END;
            *step = SW_COPY_END;
            return at + (bytes[at] == '\n');
        }
        if (rows->state == FIELD && rows->dots < 0) {
            size_t run = plain_run(rows, bytes + at, len - at);

            sw_copy_keep(rows, bytes + at, run);
            at += run;
        }
        if (at < len)
            *step = take_byte(rows, &bytes[at++]);
    }
    return at;
}

size_t sw_copy_rows_read(struct sw_copy_rows *rows, const uint8_t *bytes, size_t len,
                         enum sw_copy_step *step)
{
    return rows->style.format == SW_COPY_BINARY ? sw_copy_binary_read(rows, bytes, len, step)
                                                : read_lines(rows, bytes, len, step);
}

enum sw_copy_step sw_copy_rows_end(struct sw_copy_rows *rows)
{
    if (rows->style.format == SW_COPY_BINARY)
        return sw_copy_binary_end(rows);
    if (rows->state == LINE || rows->state == AFTER_CR || rows->state == AFTER_END_CR ||
        rows->state == AFTER_END || rows->is_header)
        return SW_COPY_MORE;
    if (rows->state == QUOTED || rows->state == ESCAPED_QUOTE) {
        rows->doubt = "unterminated CSV quoted field";
        return SW_COPY_BROKEN;
    }
    /* A backslash that nothing follows is nothing. */
    if (rows->state == ESCAPED && rows->part >= 0)
        rows->found[rows->part].len--;
    rows->state = LINE;
    return end_line(rows);
}
