/*
 * The messages of the errors are PostgreSQL's own (libpq/pqformat.c, tcop/postgres.c), so that
 * a client reads the same from us as from a server.
 */
#include "shardward/wire/request.h"

#include "shardward/base/text.h"

#include <stdio.h>
#include <string.h>

enum { OID_LEN = 4, FORMAT_LEN = 2 };

/* As many bytes as their first one announces, in the way of report_invalid_encoding(). */
static bool set_invalid(const char *bytes, struct sw_error *err)
{
    unsigned char lead = (unsigned char)bytes[0];
    size_t most = lead >= 0xf8 || lead < 0xc0 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    char shown[4 * sizeof "0xff "] = "";

    for (size_t i = 0; i < most && bytes[i] != '\0'; i++)
        (void)snprintf(shown + strlen(shown), sizeof shown - strlen(shown), "%s0x%02x",
                       i > 0 ? " " : "", (unsigned char)bytes[i]);
    return sw_error_set(err, "22021", "invalid byte sequence for encoding \"UTF8\": %s", shown);
}

static bool is_text(const char *text, struct sw_error *err)
{
    size_t len = strlen(text), valid = sw_text_utf8_len(text, len);

    return valid == len || set_invalid(text + valid, err);
}

static bool is_read(const struct sw_cursor *cursor, struct sw_error *err)
{
    if (cursor->is_bad == SW_CURSOR_UNENDED)
        return sw_error_set(err, "08P01", "invalid string in message");
    if (cursor->is_bad)
        return sw_error_set(err, "08P01", "insufficient data left in message");
    if (!sw_cursor_is_done(cursor))
        return sw_error_set(err, "08P01", "invalid message format");
    return true;
}

bool sw_wire_read_query(const struct sw_frame *frame, const char **query, struct sw_error *err)
{
    struct sw_cursor cursor = sw_cursor_of(frame);
    const char *text = sw_cursor_text(&cursor);

    if (!is_read(&cursor, err) || !is_text(text, err))
        return false;
    *query = text;
    return true;
}

bool sw_wire_read_parse(const struct sw_frame *frame, struct sw_wire_parse *parse,
                        struct sw_error *err)
{
    struct sw_cursor cursor = sw_cursor_of(frame);
    struct sw_wire_parse read;

    read.name = sw_cursor_text(&cursor);
    read.query = sw_cursor_text(&cursor);
    read.type_count = sw_cursor_int16(&cursor);
    read.types = sw_cursor_bytes(&cursor, (size_t)read.type_count * OID_LEN);
    if (!is_read(&cursor, err) || !is_text(read.name, err) || !is_text(read.query, err))
        return false;
    *parse = read;
    return true;
}

static struct sw_cursor cursor_at(const uint8_t *bytes, size_t len)
{
    return (struct sw_cursor){.at = bytes, .end = len == 0 ? bytes : bytes + len};
}

uint32_t sw_wire_parse_type(const struct sw_wire_parse *parse, int index)
{
    struct sw_cursor cursor = cursor_at(parse->types + (size_t)index * OID_LEN, OID_LEN);

    return sw_cursor_int32(&cursor);
}

/* 0 entries: all are text; 1: it holds for all; else one each. */
static uint16_t format_at(const uint8_t *formats, int count, int index)
{
    size_t at = count > 1 ? (size_t)index * FORMAT_LEN : 0;
    struct sw_cursor cursor;

    if (count == 0 || (count > 1 && index >= count))
        return 0;
    cursor = cursor_at(formats + at, FORMAT_LEN);
    return sw_cursor_int16(&cursor);
}

static uint16_t format_of(const struct sw_wire_bind *bind, int index)
{
    return format_at(bind->formats, bind->format_count, index);
}

bool sw_wire_wants_binary(const struct sw_wire_bind *bind, int index)
{
    return format_at(bind->results, bind->result_count, index) == 1;
}

bool sw_wire_wants_any_binary(const struct sw_wire_bind *bind)
{
    for (int i = 0; i < bind->result_count; i++)
        if (sw_wire_wants_binary(bind, i))
            return true;
    return false;
}

static void skip_values(struct sw_cursor *cursor, int count)
{
    for (int i = 0; i < count && !cursor->is_bad; i++) {
        uint32_t len = sw_cursor_int32(cursor);

        if (len != UINT32_MAX)
            (void)sw_cursor_bytes(cursor, len);
    }
}

static bool formats_fit(const struct sw_wire_bind *bind, struct sw_error *err)
{
    if (bind->format_count > 1 && bind->format_count != bind->value_count)
        return sw_error_set(err, "08P01",
                            "bind message has %d parameter formats but %d parameters",
                            bind->format_count, bind->value_count);
    for (int i = 0; i < bind->value_count; i++)
        if (format_of(bind, i) > 1)
            return sw_error_set(err, "22023", "unsupported format code: %d",
                                (int16_t)format_of(bind, i));
    return true;
}

static void read_tail(struct sw_cursor *cursor, struct sw_wire_bind *bind)
{
    bind->tail = cursor->at;
    bind->tail_len = (size_t)(cursor->end - cursor->at);
    bind->format_count = sw_cursor_int16(cursor);
    bind->formats = sw_cursor_bytes(cursor, (size_t)bind->format_count * FORMAT_LEN);
    bind->value_count = sw_cursor_int16(cursor);
    bind->values = cursor->at;
    skip_values(cursor, bind->value_count);
    bind->result_count = sw_cursor_int16(cursor);
    bind->results = sw_cursor_bytes(cursor, (size_t)bind->result_count * FORMAT_LEN);
}

bool sw_wire_read_bind_tail(const uint8_t *tail, size_t len, struct sw_wire_bind *bind)
{
    struct sw_cursor cursor = cursor_at(tail, len);
    struct sw_wire_bind read = {.portal = NULL};

    read_tail(&cursor, &read);
    if (!sw_cursor_is_done(&cursor) ||
        (read.format_count > 1 && read.format_count != read.value_count))
        return false;
    *bind = read;
    return true;
}

bool sw_wire_read_bind(const struct sw_frame *frame, struct sw_wire_bind *bind,
                       struct sw_error *err)
{
    struct sw_cursor cursor = sw_cursor_of(frame);
    struct sw_wire_bind read;

    read.portal = sw_cursor_text(&cursor);
    read.statement = sw_cursor_text(&cursor);
    read_tail(&cursor, &read);
    if (!is_read(&cursor, err) || !is_text(read.portal, err) || !is_text(read.statement, err) ||
        !formats_fit(&read, err))
        return false;
    *bind = read;
    return true;
}

bool sw_wire_bind_next(const struct sw_wire_bind *bind, const uint8_t **at, int *index,
                       struct sw_wire_value *value)
{
    struct sw_cursor cursor = cursor_at(*at, (size_t)(bind->tail + bind->tail_len - *at));
    uint32_t len;

    if (*index >= bind->value_count)
        return false;
    len = sw_cursor_int32(&cursor);
    *value = (struct sw_wire_value){.is_binary = format_of(bind, *index) == 1};
    if (len != UINT32_MAX) {
        value->bytes = sw_cursor_bytes(&cursor, len);
        value->len = len;
    }
    *at = cursor.at;
    ++*index;
    return true;
}

bool sw_wire_read_target(const struct sw_frame *frame, char *kind, const char **name,
                         struct sw_error *err)
{
    struct sw_cursor cursor = sw_cursor_of(frame);
    char letter = (char)sw_cursor_byte(&cursor);
    const char *text = sw_cursor_text(&cursor);

    if (!is_read(&cursor, err) || !is_text(text, err))
        return false;
    if (letter != 'S' && letter != 'P')
        return sw_error_set(err, "08P01", "invalid %s message subtype %d",
                            frame->type == 'C' ? "CLOSE" : "DESCRIBE", (uint8_t)letter);
    *kind = letter;
    *name = text;
    return true;
}

bool sw_wire_read_execute(const struct sw_frame *frame, const char **portal, uint32_t *max_rows,
                          struct sw_error *err)
{
    struct sw_cursor cursor = sw_cursor_of(frame);
    const char *name = sw_cursor_text(&cursor);
    uint32_t rows = sw_cursor_int32(&cursor);

    if (!is_read(&cursor, err) || !is_text(name, err))
        return false;
    *portal = name;
    *max_rows = rows;
    return true;
}
