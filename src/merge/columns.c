/*
 * columns - each value goes, with its length before it, behind those of its column that came
 * before: so an array is all but written, and only its head is missing. Rows that fill a chunk
 * are put aside; the arrays of all are those of the chunks, one behind the other.
 */
#include "shardward/merge/columns.h"

#include "rows.h"
#include "shardward/base/mem.h"
#include "shardward/wire/write.h"

#include <assert.h>
#include <limits.h>

enum {
    /* ndim, flags, type; and for the dimension its size and lower bound */
    EMPTY_SIZE = 12,
    HEADER_SIZE = 20,
    LENGTH_SIZE = 4,          /* of a parameter, before it */
    MAX_ALLOC = 0x3fffffff,   /* of PostgreSQL, and so the largest message that it takes */
    MAX_ROWS = MAX_ALLOC / 8, /* MaxArraySize: a pointer for each element */
};

struct column {
    int64_t rows; /* of its part */
    bool has_null;
    struct sw_buf values;
};

struct sw_chunk {
    struct sw_chunk *next;
    struct column *columns;
    int count;
    int64_t rows; /* of all parts */
    size_t held;
    struct sw_buf heads; /* of the arrays, when it was taken */
    struct iovec *pieces;
    size_t size;
};

struct sw_columns {
    struct sw_columns_layout layout;
    struct sw_chunk *oldest, *newest; /* the rows go to the newest one */
    int first;                        /* field of a row that is one of the columns */
    struct sw_rows *sources;
    int source_count;
    struct sw_field *fields; /* of one row */
    int64_t rows;
    bool may_be_cut;
    size_t budget, held; /* in chunks, and of messages that are not whole: */
    size_t kept;
};

/* --- chunks --- */

static struct sw_chunk *make_chunk(int count)
{
    struct sw_chunk *chunk = sw_alloc_zero(1, sizeof *chunk);

    chunk->count = count;
    chunk->columns = sw_alloc_zero((size_t)count + 1, sizeof *chunk->columns);
    for (int i = 0; i < count; i++)
        sw_buf_init(&chunk->columns[i].values, SIZE_MAX);
    sw_buf_init(&chunk->heads, SIZE_MAX);
    return chunk;
}

void sw_chunk_destroy(struct sw_chunk *chunk)
{
    if (chunk == NULL)
        return;
    for (int i = 0; i < chunk->count; i++)
        sw_buf_finish(&chunk->columns[i].values);
    sw_buf_finish(&chunk->heads);
    free(chunk->columns);
    free(chunk->pieces);
    free(chunk);
}

static void begin_chunk(struct sw_columns *columns)
{
    struct sw_chunk *chunk = make_chunk(columns->layout.count);

    if (columns->newest == NULL)
        columns->oldest = chunk;
    else
        columns->newest->next = chunk;
    columns->newest = chunk;
}

static void write_head(struct sw_buf *out, int64_t rows, bool has_null, uint32_t type)
{
    sw_put_int32(out, rows > 0); /* dimensions */
    sw_put_int32(out, has_null);
    sw_put_int32(out, type);
    if (rows == 0)
        return;
    sw_put_int32(out, (uint32_t)rows);
    sw_put_int32(out, 1); /* lower bound */
}

static size_t head_size(int64_t rows)
{
    return rows == 0 ? EMPTY_SIZE : HEADER_SIZE;
}

/* The heads are written first, so that they stay where they are. */
static void cut_into_pieces(struct sw_chunk *chunk, const uint32_t *types)
{
    const uint8_t *head;
    struct iovec *piece;

    chunk->pieces = sw_alloc_zero((size_t)chunk->count * 2 + 1, sizeof *chunk->pieces);
    for (int i = 0; i < chunk->count; i++) {
        const struct column *column = &chunk->columns[i];

        sw_put_int32(&chunk->heads,
                     (uint32_t)(head_size(column->rows) + sw_buf_len(&column->values)));
        write_head(&chunk->heads, column->rows, column->has_null, types[i]);
    }
    head = sw_buf_bytes(&chunk->heads);
    piece = chunk->pieces;
    for (int i = 0; i < chunk->count; i++) {
        const struct column *column = &chunk->columns[i];
        size_t len = LENGTH_SIZE + head_size(column->rows);

        *piece++ = (struct iovec){(void *)(uintptr_t)head, len};
        *piece++ = (struct iovec){(void *)(uintptr_t)sw_buf_bytes(&column->values),
                                  sw_buf_len(&column->values)};
        head += len;
        chunk->size += len + sw_buf_len(&column->values);
    }
}

int sw_chunk_pieces(const struct sw_chunk *chunk, const struct iovec **pieces)
{
    *pieces = chunk->pieces;
    return chunk->count * 2;
}

size_t sw_chunk_size(const struct sw_chunk *chunk)
{
    return chunk->size;
}

struct sw_chunk *sw_columns_take_chunk(struct sw_columns *columns)
{
    struct sw_chunk *chunk = columns->oldest;

    if (chunk->rows == 0)
        return NULL;
    if (chunk == columns->newest)
        begin_chunk(columns);
    columns->oldest = chunk->next;
    chunk->next = NULL;
    columns->rows -= chunk->rows;
    columns->held -= chunk->held;
    cut_into_pieces(chunk, columns->layout.types);
    return chunk;
}

/* --- rows --- */

struct sw_columns *sw_columns_create(const struct sw_columns_layout *layout, int source_count,
                                     size_t budget)
{
    struct sw_columns *columns = sw_alloc_zero(1, sizeof *columns);
    size_t most;

    columns->layout = *layout;
    columns->first = layout->parts != NULL;
    columns->fields =
        sw_alloc_zero((size_t)(columns->first + layout->count) + 1, sizeof *columns->fields);
    columns->source_count = source_count;
    columns->sources = sw_alloc_zero((size_t)source_count + 1, sizeof *columns->sources);
    for (int i = 0; i < source_count; i++)
        sw_rows_init(&columns->sources[i], columns->first + layout->count);
    /* The arrays and their lengths are in one message. */
    most = MAX_ALLOC - (size_t)layout->count * (LENGTH_SIZE + HEADER_SIZE);
    columns->budget = budget < most ? budget : most;
    begin_chunk(columns);
    return columns;
}

void sw_columns_destroy(struct sw_columns *columns)
{
    if (columns == NULL)
        return;
    for (struct sw_chunk *chunk = columns->oldest, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        sw_chunk_destroy(chunk);
    }
    for (int i = 0; i < columns->source_count; i++)
        sw_rows_finish(&columns->sources[i]);
    free(columns->sources);
    free(columns->fields);
    free(columns);
}

void sw_columns_may_be_cut(struct sw_columns *columns)
{
    columns->may_be_cut = true;
}

bool sw_columns_are_full(const struct sw_columns *columns)
{
    return columns->held > columns->budget;
}

static bool refuse_budget(const struct sw_columns *columns, struct sw_error *err)
{
    return sw_error_set(err, "53400", "%s more than %zu bytes",
                        columns->may_be_cut ? "a row takes" : "the rows of the shards take",
                        columns->budget);
}

static bool check_row(const struct sw_columns *columns, const struct sw_row *row,
                      struct sw_error *err)
{
    size_t room = columns->may_be_cut ? columns->budget : columns->budget - columns->held;

    if (row->size - SW_ROW_HEADER > room)
        return refuse_budget(columns, err);
    return columns->rows < MAX_ROWS ||
           sw_error_set(err, "53400", "the shards have more than %d rows", MAX_ROWS);
}

static void add_value(struct sw_columns *columns, int index, const struct sw_row *row)
{
    struct sw_chunk *chunk = columns->newest;
    struct column *column = &chunk->columns[index];
    const struct sw_field *field = &columns->fields[columns->first + index];
    const size_t size = 4 + (field->len > 0 ? (size_t)field->len : 0);

    /* Its length stands before it, as it shall. */
    (void)sw_buf_append(&column->values, row->message + field->start - 4, size);
    chunk->held += size;
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
    if (!check_row(columns, row, err))
        return false;
    if (columns->may_be_cut && columns->newest->held >= SW_CHUNK)
        begin_chunk(columns);
    for (int i = from; i < to; i++)
        add_value(columns, i, row);
    columns->newest->rows++;
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
    columns->kept -= sw_rows_kept(rows);
    while ((step = sw_rows_next(rows, &input, &row, err)) == SW_ROWS_ROW)
        if (!add_row(columns, &row, err))
            return false;
    if (step != SW_ROWS_MORE)
        return false;
    columns->held += sw_rows_kept(rows);
    columns->kept += sw_rows_kept(rows);
    return (columns->may_be_cut ? columns->kept : columns->held) <= columns->budget ||
           refuse_budget(columns, err);
}

bool sw_columns_end(const struct sw_columns *columns, int source, struct sw_error *err)
{
    assert(source >= 0 && source < columns->source_count);
    return sw_rows_end(&columns->sources[source], err);
}

/* --- arrays --- */

int64_t sw_columns_rows(const struct sw_columns *columns)
{
    return columns->rows;
}

size_t sw_columns_array_size(const struct sw_columns *columns, int index)
{
    int64_t rows = 0;
    size_t size = 0;

    for (const struct sw_chunk *chunk = columns->oldest; chunk != NULL; chunk = chunk->next) {
        rows += chunk->columns[index].rows;
        size += sw_buf_len(&chunk->columns[index].values);
    }
    return head_size(rows) + size;
}

void sw_columns_write_array(const struct sw_columns *columns, int index, struct sw_buf *out)
{
    int64_t rows = 0;
    bool has_null = false;

    for (const struct sw_chunk *chunk = columns->oldest; chunk != NULL; chunk = chunk->next) {
        rows += chunk->columns[index].rows;
        has_null = has_null || chunk->columns[index].has_null;
    }
    write_head(out, rows, has_null, columns->layout.types[index]);
    for (const struct sw_chunk *chunk = columns->oldest; chunk != NULL; chunk = chunk->next) {
        const struct sw_buf *values = &chunk->columns[index].values;

        (void)sw_buf_append(out, sw_buf_bytes(values), sw_buf_len(values));
    }
}
