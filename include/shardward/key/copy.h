/*
 * copy - the rows in the data of COPY FROM, and the values that their keys have in it
 * (PostgreSQL docs, "COPY", "File Formats"; server side: copyfromparse.c).
 *
 * The data comes in pieces that end anywhere. A reader follows it byte by byte as the server
 * will, and keeps nothing of it but the fields that belong to a key, up to SW_COPY_KEY_LIMIT
 * bytes of a row. Where the server will refuse the data, it need not be understood.
 */
#ifndef SW_KEY_COPY_H
#define SW_KEY_COPY_H

#include "shardward/base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sw_copy_format { SW_COPY_TEXT, SW_COPY_CSV, SW_COPY_BINARY };

struct sw_copy_style {
    enum sw_copy_format format;
    char delimiter, quote, escape; /* the last two of csv */
    const char *null;              /* what stands for NULL */
    bool has_header;
};

enum { SW_COPY_PARTS = 8, SW_COPY_KEY_LIMIT = 64 * 1024 };

struct sw_copy_field {
    const uint8_t *bytes; /* NULL: NULL */
    size_t len;
};

enum sw_copy_step {
    SW_COPY_MORE,   /* all was read; rows go on */
    SW_COPY_ROW,    /* a row has ended, whose key is in `fields` */
    SW_COPY_BROKEN, /* the server will refuse the row: it has no such columns, or is none */
    SW_COPY_UNSURE, /* `doubt` says why the key of the row cannot be told */
    SW_COPY_END,    /* of the rows: the server ignores what follows, or refuses it */
};

struct sw_copy_rows {
    struct sw_copy_style style;
    int column_count;           /* of a row */
    int columns[SW_COPY_PARTS]; /* where in a row the parts of the key stand, from 0 */
    int part_count;
    struct sw_copy_field fields[SW_COPY_PARTS]; /* until the next step */
    uint64_t row;                               /* the number of the last row, from 1 */
    const char *doubt;

    /* Of the reader itself. */
    int state;
    int field; /* at hand, from 0 */
    int part;  /* of the key, that it belongs to; -1: none */
    bool is_header;
    int dots; /* csv: so many bytes of a line that may be \. */
    struct {
        bool is_there, is_quoted, is_null;
        size_t from, len; /* in `raw` */
    } found[SW_COPY_PARTS];
    uint8_t number[4]; /* binary: of a length or a count */
    size_t have, left; /* binary: bytes of that, and of a field or the header, still to come */
    struct sw_buf raw, text;
    bool is_plain[256]; /* bytes without a meaning of their own, outside of quotes */
};

/* @style's texts are borrowed. */
void sw_copy_rows_init(struct sw_copy_rows *rows, const struct sw_copy_style *style,
                       int column_count, const int *columns, int part_count);
void sw_copy_rows_finish(struct sw_copy_rows *rows);

/* Read on in [bytes, bytes + len), up to the end of a row at the most; returns how far. Not
 * after BROKEN, UNSURE or END. */
size_t sw_copy_rows_read(struct sw_copy_rows *rows, const uint8_t *bytes, size_t len,
                         enum sw_copy_step *step);
/* The data has ended: MORE if no row was left over. BROKEN: `doubt` has the server's words, or
 * is NULL. */
enum sw_copy_step sw_copy_rows_end(struct sw_copy_rows *rows);

#endif
