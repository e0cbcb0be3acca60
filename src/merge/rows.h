/*
 * rows - DataRow messages, or those of COPY TO STDOUT, found in bytes that were cut anywhere.
 *
 *   bytes:  ...ow | DataRow DataRow Dat | aR...
 *
 * A message that is whole in the caller's bytes is borrowed from there; what is left of one at
 * their end is kept until more comes.
 */
#ifndef SW_MERGE_ROWS_H
#define SW_MERGE_ROWS_H

#include "internal.h"
#include "shardward/base/buf.h"
#include "shardward/base/error.h"

/* Of a message: type byte, length, count of fields. */
enum { SW_ROW_COUNT_AT = 5, SW_ROW_HEADER = 7 };
/* A buffer that is empty keeps this much memory for the rows to come. */
enum { SW_ROWS_KEPT = 1 << 20 };

struct sw_rows {
    struct sw_buf part; /* of a message; or a whole one that was given out */
    int column_count;
    bool is_copy; /* CopyOutResponse and CopyData, of any shape */
    bool is_given;
};

struct sw_row {
    const uint8_t *message;
    size_t size;
};

/* What is still to be read. */
struct sw_input {
    const uint8_t *bytes;
    size_t len;
};

enum sw_rows_step { SW_ROWS_ROW, SW_ROWS_MORE, SW_ROWS_BAD };

void sw_rows_init(struct sw_rows *rows, int column_count);
void sw_rows_init_copy(struct sw_rows *rows);
void sw_rows_finish(struct sw_rows *rows);
/* The next row, borrowed until the next call, or the caller's bytes are gone; MORE when the
 * input is empty. BAD: 08P01 for another message, or another count of fields. */
enum sw_rows_step sw_rows_next(struct sw_rows *rows, struct sw_input *input, struct sw_row *row,
                               struct sw_error *err);
/* Bytes that are kept of a message. */
size_t sw_rows_kept(const struct sw_rows *rows);
/* False: 08P01, something is kept. */
bool sw_rows_end(const struct sw_rows *rows, struct sw_error *err);

/* Where a value stands in its message. */
struct sw_field {
    size_t start;
    int32_t len; /* -1: NULL */
};

/* Find the first @count fields, and where the next one begins. False: a length that cannot be,
 * or, with @is_all, something behind the last one. */
static inline bool sw_row_fields(const struct sw_row *row, int count, bool is_all,
                                 struct sw_field *fields, size_t *end)
{
    size_t at = SW_ROW_HEADER;

    for (int i = 0; i < count; i++) {
        int32_t len;

        if (row->size - at < 4)
            return false;
        len = (int32_t)sw_get_int32(row->message + at);
        at += 4;
        fields[i] = (struct sw_field){.start = at, .len = len};
        if (len < -1 || (len > 0 && (size_t)len > row->size - at))
            return false;
        at += len > 0 ? (size_t)len : 0;
    }
    *end = at;
    return !is_all || at == row->size;
}

bool sw_rows_refuse(struct sw_error *err); /* 08P01: its fields do not fill it; false */

#endif
