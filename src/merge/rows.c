#include "rows.h"

#include "shardward/wire/frame.h"

enum { HEADER = 5 /* what tells the size of a message */ };

static const char protocol_violation[] = "08P01";

void sw_rows_init(struct sw_rows *rows, int column_count)
{
    *rows = (struct sw_rows){.column_count = column_count};
    sw_buf_init(&rows->part, SIZE_MAX);
}

void sw_rows_init_copy(struct sw_rows *rows)
{
    sw_rows_init(rows, 0);
    rows->is_copy = true;
}

void sw_rows_finish(struct sw_rows *rows)
{
    sw_buf_finish(&rows->part);
}

bool sw_rows_refuse(struct sw_error *err)
{
    return sw_error_set(err, protocol_violation, "the fields of a row do not fill its message");
}

static enum sw_rows_step refuse_frame(struct sw_error *err)
{
    sw_error_set(err, protocol_violation, "a message among the rows is none");
    return SW_ROWS_BAD;
}

static enum sw_rows_step give(const struct sw_rows *rows, const uint8_t *message, size_t size,
                              struct sw_row *row, struct sw_error *err)
{
    if (!rows->is_copy && (size < SW_ROW_HEADER ||
                           sw_get_int16(message + SW_ROW_COUNT_AT) != rows->column_count)) {
        sw_error_set(err, protocol_violation, "a row has not %d columns", rows->column_count);
        return SW_ROWS_BAD;
    }
    *row = (struct sw_row){.message = message, .size = size};
    return SW_ROWS_ROW;
}

static bool is_expected(const struct sw_rows *rows, uint8_t type)
{
    return rows->is_copy ? type == 'd' || type == 'H' : type == 'D';
}

static enum sw_frame_status find(const struct sw_rows *rows, const uint8_t *bytes, size_t len,
                                 struct sw_frame *frame)
{
    enum sw_frame_status status = sw_frame_next(bytes, len, SIZE_MAX, frame);

    return status != SW_FRAME_BAD && len > 0 && !is_expected(rows, bytes[0]) ? SW_FRAME_BAD
                                                                             : status;
}

/* Move up to @len bytes of the input to what is kept. */
static void keep(struct sw_rows *rows, struct sw_input *input, size_t len)
{
    if (len > input->len)
        len = input->len;
    (void)sw_buf_append(&rows->part, input->bytes, len);
    input->bytes += len;
    input->len -= len;
}

/* A message of which something is kept. */
static enum sw_rows_step complete(struct sw_rows *rows, struct sw_input *input,
                                  struct sw_row *row, struct sw_error *err)
{
    struct sw_frame frame;
    enum sw_frame_status status;

    if (sw_buf_len(&rows->part) < HEADER)
        keep(rows, input, HEADER - sw_buf_len(&rows->part));
    status = find(rows, sw_buf_bytes(&rows->part), sw_buf_len(&rows->part), &frame);
    if (status == SW_FRAME_BAD)
        return refuse_frame(err);
    if (status == SW_FRAME_SHORT)
        return SW_ROWS_MORE;
    keep(rows, input, frame.size - sw_buf_len(&rows->part));
    if (sw_buf_len(&rows->part) < frame.size)
        return SW_ROWS_MORE;
    rows->is_given = true;
    return give(rows, sw_buf_bytes(&rows->part), frame.size, row, err);
}

enum sw_rows_step sw_rows_next(struct sw_rows *rows, struct sw_input *input, struct sw_row *row,
                               struct sw_error *err)
{
    struct sw_frame frame;
    const uint8_t *message = input->bytes;

    if (rows->is_given) {
        sw_buf_clear(&rows->part);
        if (rows->part.size > SW_ROWS_KEPT)
            sw_buf_release(&rows->part);
        rows->is_given = false;
    }
    if (sw_buf_len(&rows->part) > 0)
        return complete(rows, input, row, err);
    switch (find(rows, input->bytes, input->len, &frame)) {
    case SW_FRAME_WHOLE:
        input->bytes += frame.size;
        input->len -= frame.size;
        return give(rows, message, frame.size, row, err);
    case SW_FRAME_HEADER:
    case SW_FRAME_SHORT:
        keep(rows, input, input->len);
        return SW_ROWS_MORE;
    case SW_FRAME_LONG:
    case SW_FRAME_BAD:
        break;
    }
    return refuse_frame(err);
}

size_t sw_rows_kept(const struct sw_rows *rows)
{
    return rows->is_given ? 0 : sw_buf_len(&rows->part);
}

bool sw_rows_end(const struct sw_rows *rows, struct sw_error *err)
{
    return sw_rows_kept(rows) == 0 ||
           sw_error_set(err, protocol_violation, "a row is not whole when the rows end");
}
