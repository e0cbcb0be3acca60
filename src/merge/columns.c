/*
 * columns - each value goes, with its length before it, behind those of its column that came
 * before: so an array is all but written, and only its head is missing.
 */
#include "shardward/merge/columns.h"

#include "rows.h"
#include "shardward/base/mem.h"
#include "shardward/wire/write.h"

#include <assert.h>

enum {
    /* ndim, flags, type; and for the dimension its size and lower bound */
    EMPTY_SIZE = 12,
    HEADER_SIZE = 20,
    MAX_ALLOC = 0x3fffffff,   /* of PostgreSQL, and so the largest message that it takes */
    MAX_ROWS = MAX_ALLOC / 8, /* MaxArraySize: a pointer for each element */
};

struct column {
    int64_t rows; /* of its part */
    bool has_null;
    struct sw_buf values;
};

struct sw_columns {
    struct sw_columns_layout layout;
    struct column *columns;
    int first; /* field of a row that is one of them */
    struct sw_rows *sources;
    int source_count;
    struct sw_field *fields; /* of one row */
    int64_t rows;
    size_t budget, held; /* in columns, and of messages that are not whole */
};

struct sw_columns *sw_columns_create(const struct sw_columns_layout *layout, int source_count,
                                     size_t budget)
{
    struct sw_columns *columns = sw_alloc_zero(1, sizeof *columns);
    int count = layout->count;
    size_t most;

    columns->layout = *layout;
    columns->first = layout->parts != NULL;
    columns->columns = sw_alloc_zero((size_t)count + 1, sizeof *columns->columns);
    columns->fields =
        sw_alloc_zero((size_t)(columns->first + count) + 1, sizeof *columns->fields);
    for (int i = 0; i < count; i++)
        sw_buf_init(&columns->columns[i].values, SIZE_MAX);
    columns->source_count = source_count;
    columns->sources = sw_alloc_zero((size_t)source_count + 1, sizeof *columns->sources);
    for (int i = 0; i < source_count; i++)
        sw_rows_init(&columns->sources[i], columns->first + count);
    /* The arrays and their lengths are in one message. */
    most = MAX_ALLOC - (size_t)count * (4 + HEADER_SIZE);
    columns->budget = budget < most ? budget : most;
    return columns;
}

void sw_columns_destroy(struct sw_columns *columns)
{
    if (columns == NULL)
        return;
    for (int i = 0; i < columns->layout.count; i++)
        sw_buf_finish(&columns->columns[i].values);
    for (int i = 0; i < columns->source_count; i++)
        sw_rows_finish(&columns->sources[i]);
    free(columns->columns);
    free(columns->sources);
    free(columns->fields);
    free(columns);
}

static bool refuse_budget(const struct sw_columns *columns, struct sw_error *err)
{
    return sw_error_set(err, "53400", "the rows of the shards take more than %zu bytes",
                        columns->budget);
}

static void add_value(struct sw_columns *columns, int index, const struct sw_row *row)
{
    struct column *column = &columns->columns[index];
    const struct sw_field *field = &columns->fields[columns->first + index];
    const size_t size = 4 + (field->len > 0 ? (size_t)field->len : 0);

    /* Its length stands before it, as it shall. */
    (void)sw_buf_append(&column->values, row->message + field->start - 4, size);
    columns->held += size;
    column->rows++;
    column->has_null = column->has_null || field->len < 0;
}

/* The columns [*from, *to) that count of a row. */
static bool find_part(const struct sw_columns *columns, const struct sw_row *row, int *from,
                      int *to)
{
    const struct sw_columns_layout *layout = &columns->layout;
    int part;

    *from = 0;
    *to = layout->count;
    if (layout->parts == NULL)
        return true;
    if (columns->fields[0].len != 4)
        return false;
    part = (int)sw_get_int32(row->message + columns->fields[0].start);
    while (*from < *to && layout->parts[*from] != part)
        (*from)++;
    while (*to > *from && layout->parts[*to - 1] != part)
        (*to)--;
    return *from < *to;
}

static bool add_row(struct sw_columns *columns, const struct sw_row *row, struct sw_error *err)
{
    size_t end;
    int from, to;

    if (!sw_row_fields(row, columns->first + columns->layout.count, true, columns->fields,
                       &end) ||
        !find_part(columns, row, &from, &to))
        return sw_rows_refuse(err);
    if (row->size - SW_ROW_HEADER > columns->budget - columns->held)
        return refuse_budget(columns, err);
    if (columns->rows == MAX_ROWS)
        return sw_error_set(err, "53400", "the shards have more than %d rows", MAX_ROWS);
    for (int i = from; i < to; i++)
        add_value(columns, i, row);
    columns->rows++;
    return true;
}

bool sw_columns_feed(struct sw_columns *columns, int source, const uint8_t *bytes, size_t len,
                     struct sw_error *err)
{
    struct sw_input input = {bytes, len};
    struct sw_rows *rows = &columns->sources[source];
    enum sw_rows_step step;
    struct sw_row row;

    assert(source >= 0 && source < columns->source_count);
    columns->held -= sw_rows_kept(rows);
    while ((step = sw_rows_next(rows, &input, &row, err)) == SW_ROWS_ROW)
        if (!add_row(columns, &row, err))
            return false;
    if (step != SW_ROWS_MORE)
        return false;
    columns->held += sw_rows_kept(rows);
    return columns->held <= columns->budget || refuse_budget(columns, err);
}

bool sw_columns_end(const struct sw_columns *columns, int source, struct sw_error *err)
{
    assert(source >= 0 && source < columns->source_count);
    return sw_rows_end(&columns->sources[source], err);
}

int64_t sw_columns_rows(const struct sw_columns *columns)
{
    return columns->rows;
}

size_t sw_columns_array_size(const struct sw_columns *columns, int index)
{
    const struct column *column = &columns->columns[index];

    return column->rows == 0 ? EMPTY_SIZE : HEADER_SIZE + sw_buf_len(&column->values);
}

void sw_columns_write_array(const struct sw_columns *columns, int index, struct sw_buf *out)
{
    const struct column *column = &columns->columns[index];

    sw_put_int32(out, column->rows > 0); /* dimensions */
    sw_put_int32(out, column->has_null);
    sw_put_int32(out, columns->layout.types[index]);
    if (column->rows == 0)
        return;
    sw_put_int32(out, (uint32_t)column->rows);
    sw_put_int32(out, 1); /* lower bound */
    (void)sw_buf_append(out, sw_buf_bytes(&column->values), sw_buf_len(&column->values));
}
