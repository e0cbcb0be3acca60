/*
 * answer - the rows of a command on their way to the console: typed cells, sent as text or
 * binary.
 *
 * An answer owns its rows; it may be filled on one thread and read on another, after a letter.
 */
#ifndef SW_ADMIN_ANSWER_H
#define SW_ADMIN_ANSWER_H

#include "shardward/base/arena.h"
#include "shardward/base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* OIDs of PostgreSQL's types. */
enum sw_column_type {
    SW_COLUMN_BOOL = 16,
    SW_COLUMN_INT8 = 20,
    SW_COLUMN_INT4 = 23,
    SW_COLUMN_TEXT = 25,
    SW_COLUMN_TIMESTAMPTZ = 1184,
};

/* What becomes of a column when rows with equal keys are folded into one. */
enum sw_column_fold {
    SW_FOLD_KEY,
    SW_FOLD_SUM,
    SW_FOLD_MAX,
    SW_FOLD_SAME, /* a text that is "several" when it differs */
};

struct sw_column {
    const char *name;
    enum sw_column_type type;
    enum sw_column_fold fold;
};

struct sw_columns {
    const struct sw_column *list;
    int count;
};

struct sw_cell {
    bool is_null;
    const char *text; /* of a text */
    int64_t number;   /* of an integer; of a bool 0 or 1; of a time microseconds since 1970 */
};

struct sw_answer {
    struct sw_columns columns;
    struct sw_arena arena;
    struct sw_cell **rows;
    size_t row_count, size;
    int filled; /* cells of the last row */
};

void sw_answer_init(struct sw_answer *answer, const struct sw_columns *columns);
void sw_answer_finish(struct sw_answer *answer);

/* Begin the next row; its cells are then put from left to right, each as its column's type. */
void sw_answer_row(struct sw_answer *answer);
void sw_answer_text(struct sw_answer *answer, const char *text); /* copied; NULL: NULL */
void sw_answer_format(struct sw_answer *answer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void sw_answer_number(struct sw_answer *answer, int64_t number);
void sw_answer_time(struct sw_answer *answer, uint64_t unix_us); /* 0: NULL */
void sw_answer_null(struct sw_answer *answer);

/* Copy all rows of @from, which has the same columns, behind those of @answer. */
void sw_answer_append(struct sw_answer *answer, const struct sw_answer *from);
/* Make one row of all whose keys are equal; the order of the first of each is kept. */
void sw_answer_fold(struct sw_answer *answer);

/* RowDescription; @formats as in Bind: none, one for all, or one per column. */
void sw_answer_describe(const struct sw_columns *columns, const uint16_t *formats,
                        int format_count, struct sw_buf *out);
/* DataRow of row @row. */
void sw_answer_put(const struct sw_answer *answer, size_t row, const uint16_t *formats,
                   int format_count, struct sw_buf *out);

#endif
