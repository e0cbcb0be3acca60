#include "shardward/merge/copy_writer.h"

#include "rows.h"

#include "shardward/merge/copies.h"

enum { HEADER = 5 };

struct line {
    const struct sw_copy_writer *writer;
    uint8_t *at;
    bool is_alone; /* the line has one column */
};

static void put(struct line *line, const void *bytes, size_t len)
{
    memcpy(line->at, bytes, len);
    line->at += len;
}

/* What stands behind a backslash for it; 0: it stands for itself. */
static uint8_t escape_of(uint8_t byte, char delimiter)
{
    switch (byte) {
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    case '\v':
        return 'v';
    default:
        break;
    }
    if (byte == '\\' || byte == (uint8_t)delimiter)
        return byte;
    return 0;
}

static void put_text(struct line *line, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t escape = escape_of(bytes[i], line->writer->style.delimiter);

        if (escape != 0)
            *line->at++ = '\\';
        *line->at++ = escape != 0 ? escape : bytes[i];
    }
}

static bool is_text(const uint8_t *bytes, size_t len, const char *text)
{
    return len == strlen(text) && memcmp(bytes, text, len) == 0;
}

/* Would it be read as something else? */
static bool has_to_be_quoted(const struct line *line, const uint8_t *bytes, size_t len)
{
    const struct sw_copy_style *style = &line->writer->style;

    if (is_text(bytes, len, style->null) || (line->is_alone && is_text(bytes, len, "\\.")))
        return true;
    for (size_t i = 0; i < len; i++)
        if (bytes[i] == (uint8_t)style->delimiter || bytes[i] == (uint8_t)style->quote ||
            bytes[i] == '\n' || bytes[i] == '\r')
            return true;
    return false;
}

static void put_csv(struct line *line, const uint8_t *bytes, size_t len, bool is_forced)
{
    const struct sw_copy_style *style = &line->writer->style;

    if (!is_forced && !has_to_be_quoted(line, bytes, len)) {
        put(line, bytes, len);
        return;
    }
    *line->at++ = (uint8_t)style->quote;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == (uint8_t)style->quote || bytes[i] == (uint8_t)style->escape)
            *line->at++ = (uint8_t)style->escape;
        *line->at++ = bytes[i];
    }
    *line->at++ = (uint8_t)style->quote;
}

static void put_value(struct line *line, int column, const uint8_t *bytes, int32_t len)
{
    const struct sw_copy_writer *writer = line->writer;

    if (len < 0)
        put(line, writer->style.null, strlen(writer->style.null));
    else if (writer->style.format == SW_COPY_CSV)
        put_csv(line, bytes, (size_t)len, writer->quotes != NULL && writer->quotes[column]);
    else
        put_text(line, bytes, (size_t)len);
}

/* A tuple in binary is as a row: the count of fields, and each with its length. */
static bool put_values(struct line *line, const struct sw_row *row)
{
    int count = sw_get_int16(row->message + SW_ROW_COUNT_AT);
    size_t at = SW_ROW_HEADER;

    if (line->writer->style.format == SW_COPY_BINARY) {
        put(line, row->message + HEADER, row->size - HEADER);
        return true;
    }
    line->is_alone = count == 1;
    for (int i = 0; i < count; i++) {
        struct sw_row rest = {.message = row->message + at - SW_ROW_HEADER,
                              .size = row->size - at + SW_ROW_HEADER};
        struct sw_field field;
        size_t end;

        if (!sw_row_fields(&rest, 1, false, &field, &end))
            return false;
        if (i > 0)
            *line->at++ = (uint8_t)line->writer->style.delimiter;
        put_value(line, i, rest.message + field.start, field.len);
        at += end - SW_ROW_HEADER;
    }
    *line->at++ = '\n';
    return true;
}

static void write_signature(struct sw_copy_writer *writer, struct line *line)
{
    if (writer->style.format == SW_COPY_BINARY && !writer->has_begun)
        put(line, sw_copies_signature, sizeof sw_copies_signature);
    writer->has_begun = true;
}

static void end_message(uint8_t *message, const struct line *line, struct sw_buf *out)
{
    size_t size = (size_t)(line->at - message);
    uint32_t len = __builtin_bswap32((uint32_t)size - 1);

    message[0] = 'd';
    memcpy(message + 1, &len, sizeof len);
    sw_buf_grown(out, size);
}

static bool write_row(struct sw_copy_writer *writer, const struct sw_row *row,
                      struct sw_buf *out)
{
    bool has_null = writer->style.format != SW_COPY_BINARY;
    size_t null_len = has_null ? strlen(writer->style.null) : 0;
    size_t most = HEADER + sizeof sw_copies_signature + 2 * row->size +
                  sw_get_int16(row->message + SW_ROW_COUNT_AT) * (null_len + 3);
    uint8_t *room = sw_buf_room(out, most);
    struct line line = {.writer = writer, .at = room + HEADER};

    if (room == NULL)
        return false;
    write_signature(writer, &line);
    if (!put_values(&line, row))
        return false;
    end_message(room, &line, out);
    return true;
}

bool sw_copy_write(struct sw_copy_writer *writer, const uint8_t *rows, size_t len,
                   struct sw_buf *out)
{
    while (len >= SW_ROW_HEADER) {
        struct sw_row row = {.message = rows, .size = sw_get_int32(rows + 1) + (size_t)1};

        if (row.size < SW_ROW_HEADER || row.size > len || !write_row(writer, &row, out))
            return false;
        rows += row.size;
        len -= row.size;
    }
    return len == 0;
}

void sw_copy_write_end(struct sw_copy_writer *writer, struct sw_buf *out)
{
    uint8_t *room =
        sw_buf_room(out, HEADER + sizeof sw_copies_signature + sizeof sw_copies_trailer);
    struct line line = {.writer = writer, .at = room + HEADER};

    if (room == NULL || writer->style.format != SW_COPY_BINARY)
        return;
    write_signature(writer, &line);
    put(&line, sw_copies_trailer, sizeof sw_copies_trailer);
    end_message(room, &line, out);
}
