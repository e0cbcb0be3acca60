/*
 *   SIGNATURE --> FLAGS --> EXTENSION_LENGTH --> EXTENSION --> COUNT --(-1)--> OVER
 *                                                              ^   |
 *                                             the row has ended |   v
 *                                                            VALUE <--> LENGTH
 */
#include "copy.h"

#include <string.h>

enum { SIGNATURE, FLAGS, EXTENSION_LENGTH, EXTENSION, COUNT, LENGTH, VALUE, OVER };

static const uint8_t signature[11] = "PGCOPY\n\377\r\n";

void sw_copy_binary_init(struct sw_copy_rows *rows)
{
    rows->state = SIGNATURE;
    rows->left = sizeof signature;
}

/* The value is in `raw` as it is. */
static void decode(struct sw_copy_rows *rows, int part)
{
    if (!rows->found[part].is_null && rows->found[part].len > 0)
        (void)sw_buf_append(&rows->text, sw_buf_bytes(&rows->raw) + rows->found[part].from,
                            rows->found[part].len);
}

static void begin_number(struct sw_copy_rows *rows, int state, size_t len)
{
    rows->state = state;
    rows->have = 0;
    rows->left = len;
}

static void skip(struct sw_copy_rows *rows, int state, size_t len)
{
    rows->state = state;
    rows->left = len;
}

/* The field at hand is over. */
static enum sw_copy_step next_field(struct sw_copy_rows *rows)
{
    enum sw_copy_step step;

    rows->field++;
    if (rows->field < rows->column_count) {
        sw_copy_begin_field(rows);
        begin_number(rows, LENGTH, 4);
        return SW_COPY_MORE;
    }
    step = sw_copy_end_row(rows, decode);
    sw_copy_begin_row(rows);
    begin_number(rows, COUNT, 2);
    return step;
}

static enum sw_copy_step on_count(struct sw_copy_rows *rows, int16_t count)
{
    if (count == -1) {
        rows->state = OVER;
        return SW_COPY_END;
    }
    if (count != rows->column_count || count == 0)
        return SW_COPY_BROKEN;
    begin_number(rows, LENGTH, 4);
    return SW_COPY_MORE;
}

static enum sw_copy_step on_length(struct sw_copy_rows *rows, int32_t len)
{
    if (len < -1)
        return SW_COPY_BROKEN;
    if (len == -1 && rows->part >= 0)
        rows->found[rows->part].is_null = true;
    if (len <= 0)
        return next_field(rows);
    skip(rows, VALUE, (size_t)len);
    return SW_COPY_MORE;
}

/* A number is complete. */
static enum sw_copy_step on_number(struct sw_copy_rows *rows)
{
    const uint8_t *b = rows->number;
    uint32_t number = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];

    switch (rows->state) {
    case FLAGS:
        begin_number(rows, EXTENSION_LENGTH, 4);
        return SW_COPY_MORE;
    case EXTENSION_LENGTH:
        if ((int32_t)number < 0)
            return SW_COPY_BROKEN;
        if (number > 0)
            skip(rows, EXTENSION, number);
        else
            begin_number(rows, COUNT, 2);
        return SW_COPY_MORE;
    case COUNT:
        return on_count(rows, (int16_t)(b[0] << 8 | b[1]));
    default:
        return on_length(rows, (int32_t)number);
    }
}

/* Bytes that are not read as a number are all there. */
static enum sw_copy_step on_skipped(struct sw_copy_rows *rows)
{
    if (rows->state == VALUE)
        return next_field(rows);
    if (rows->state == SIGNATURE)
        begin_number(rows, FLAGS, 4);
    else
        begin_number(rows, COUNT, 2);
    return SW_COPY_MORE;
}

static bool is_number(const struct sw_copy_rows *rows)
{
    return rows->state != SIGNATURE && rows->state != EXTENSION && rows->state != VALUE;
}

size_t sw_copy_binary_read(struct sw_copy_rows *rows, const uint8_t *bytes, size_t len,
                           enum sw_copy_step *step)
{
    size_t at = 0;

    *step = SW_COPY_MORE;
    while (at < len && *step == SW_COPY_MORE) {
        size_t part = len - at < rows->left ? len - at : rows->left;

        if (rows->state == SIGNATURE &&
            memcmp(signature + sizeof signature - rows->left, bytes + at, part) != 0) {
            *step = SW_COPY_BROKEN;
            return len;
        }
        if (rows->state == VALUE)
            sw_copy_keep(rows, bytes + at, part);
        if (is_number(rows)) {
            memcpy(rows->number + rows->have, bytes + at, part);
            rows->have += part;
        }
        at += part;
        rows->left -= part;
        if (rows->left == 0)
            *step = is_number(rows) ? on_number(rows) : on_skipped(rows);
    }
    return at;
}

/* The server takes the end of the data for a trailer where a row may begin, even within its
 * count of fields, and nowhere else. */
enum sw_copy_step sw_copy_binary_end(struct sw_copy_rows *rows)
{
    rows->doubt = "unexpected EOF in COPY data";
    return rows->state == OVER || rows->state == COUNT ? SW_COPY_MORE : SW_COPY_BROKEN;
}
