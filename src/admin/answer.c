#include "answer.h"

#include "shardward/base/mem.h"
#include "shardward/base/textmap.h"
#include "shardward/wire/write.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { BINARY = 1, FIRST_SIZE = 32, MOST_FORMATTED = 512 };

#define MICROSECONDS INT64_C(1000000)
/* When PostgreSQL's time begins, in seconds since 1970. */
#define YEAR_2000 INT64_C(946684800)

void sw_answer_init(struct sw_answer *answer, const struct sw_columns *columns)
{
    *answer = (struct sw_answer){.columns = *columns};
    sw_arena_init(&answer->arena);
}

void sw_answer_finish(struct sw_answer *answer)
{
    sw_arena_finish(&answer->arena);
    free(answer->rows);
    *answer = (struct sw_answer){.columns = answer->columns};
}

static void add_row(struct sw_answer *answer, struct sw_cell *row)
{
    if (answer->row_count == answer->size) {
        answer->size = answer->size == 0 ? FIRST_SIZE : answer->size * 2;
        answer->rows = sw_realloc(answer->rows, answer->size * sizeof(struct sw_cell *));
    }
    answer->rows[answer->row_count++] = row;
}

void sw_answer_row(struct sw_answer *answer)
{
    size_t size = (size_t)answer->columns.count * sizeof(struct sw_cell);

    assert(answer->row_count == 0 || answer->filled == answer->columns.count);
    add_row(answer, sw_arena_alloc(&answer->arena, size));
    answer->filled = 0;
}

static struct sw_cell *next_cell(struct sw_answer *answer, bool is_text)
{
    assert(answer->filled < answer->columns.count &&
           (answer->columns.list[answer->filled].type == SW_COLUMN_TEXT) == is_text);
    return &answer->rows[answer->row_count - 1][answer->filled++];
}

void sw_answer_text(struct sw_answer *answer, const char *text)
{
    struct sw_cell *cell = next_cell(answer, true);

    cell->is_null = text == NULL;
    cell->text = text == NULL ? "" : sw_arena_strdup(&answer->arena, text);
}

void sw_answer_format(struct sw_answer *answer, const char *format, ...)
{
    char text[MOST_FORMATTED];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    sw_answer_text(answer, text);
}

void sw_answer_number(struct sw_answer *answer, int64_t number)
{
    next_cell(answer, false)->number = number;
}

void sw_answer_time(struct sw_answer *answer, uint64_t unix_us)
{
    if (unix_us == 0)
        sw_answer_null(answer);
    else
        sw_answer_number(answer, (int64_t)unix_us);
}

void sw_answer_null(struct sw_answer *answer)
{
    enum sw_column_type type = answer->columns.list[answer->filled].type;
    struct sw_cell *cell = next_cell(answer, type == SW_COLUMN_TEXT);

    *cell = (struct sw_cell){.is_null = true, .text = ""};
}

void sw_answer_append(struct sw_answer *answer, const struct sw_answer *from)
{
    for (size_t r = 0; r < from->row_count; r++) {
        sw_answer_row(answer);
        for (int c = 0; c < answer->columns.count; c++)
            if (from->rows[r][c].is_null)
                sw_answer_null(answer);
            else if (answer->columns.list[c].type == SW_COLUMN_TEXT)
                sw_answer_text(answer, from->rows[r][c].text);
            else
                sw_answer_number(answer, from->rows[r][c].number);
    }
}

/* --- folding --- */

static char *key_of(const struct sw_answer *answer, const struct sw_cell *row)
{
    struct sw_buf key;
    char *text;

    sw_buf_init(&key, SIZE_MAX);
    for (int c = 0; c < answer->columns.count; c++) {
        if (answer->columns.list[c].fold != SW_FOLD_KEY)
            continue;
        if (answer->columns.list[c].type != SW_COLUMN_TEXT)
            (void)sw_buf_printf(&key, "%" PRId64 "\x1f", row[c].number);
        else
            (void)sw_buf_printf(&key, "%d%s\x1f", row[c].is_null, row[c].text);
    }
    (void)sw_buf_append(&key, "", 1);
    text = sw_strdup((const char *)sw_buf_bytes(&key));
    sw_buf_finish(&key);
    return text;
}

static void fold_row(const struct sw_answer *answer, struct sw_cell *into,
                     const struct sw_cell *row)
{
    for (int c = 0; c < answer->columns.count; c++) {
        switch (answer->columns.list[c].fold) {
        case SW_FOLD_KEY:
            break;
        case SW_FOLD_SUM:
            into[c].number += row[c].number;
            break;
        case SW_FOLD_SAME:
            if (strcmp(into[c].text, row[c].text) != 0)
                into[c].text = "several";
            break;
        case SW_FOLD_MAX:
            if (row[c].number > into[c].number)
                into[c].number = row[c].number;
            break;
        }
    }
}

void sw_answer_fold(struct sw_answer *answer)
{
    struct sw_textmap seen;
    size_t kept = 0;

    sw_textmap_init(&seen);
    for (size_t r = 0; r < answer->row_count; r++) {
        char *key = key_of(answer, answer->rows[r]);
        struct sw_cell *first = sw_textmap_get(&seen, key);

        if (first != NULL) {
            fold_row(answer, first, answer->rows[r]);
        } else {
            (void)sw_textmap_put(&seen, key, answer->rows[r]);
            answer->rows[kept++] = answer->rows[r];
        }
        free(key);
    }
    answer->row_count = kept;
    sw_textmap_finish(&seen);
}

/* --- sending --- */

static uint16_t format_of(const uint16_t *formats, int format_count, int column)
{
    return format_count == 0 ? 0 : formats[format_count == 1 ? 0 : column];
}

static int type_size(enum sw_column_type type)
{
    switch (type) {
    case SW_COLUMN_BOOL:
        return 1;
    case SW_COLUMN_INT4:
        return 4;
    case SW_COLUMN_INT8:
    case SW_COLUMN_TIMESTAMPTZ:
        return 8;
    case SW_COLUMN_TEXT:
        break;
    }
    return -1;
}

void sw_answer_describe(const struct sw_columns *columns, const uint16_t *formats,
                        int format_count, struct sw_buf *out)
{
    size_t start = sw_message_begin(out, 'T');

    sw_put_int16(out, (uint16_t)columns->count);
    for (int c = 0; c < columns->count; c++) {
        sw_put_text(out, columns->list[c].name);
        sw_put_int32(out, 0); /* of no table, and so no column of one */
        sw_put_int16(out, 0);
        sw_put_int32(out, (uint32_t)columns->list[c].type);
        sw_put_int16(out, (uint16_t)type_size(columns->list[c].type));
        sw_put_int32(out, (uint32_t)-1); /* no type modifier */
        sw_put_int16(out, format_of(formats, format_count, c));
    }
    sw_message_end(out, start);
}

static void put_bytes(struct sw_buf *out, const char *bytes, size_t len)
{
    sw_put_int32(out, (uint32_t)len);
    (void)sw_buf_append(out, bytes, len);
}

/* As PostgreSQL with DateStyle ISO in UTC. */
static int print_time(char *text, size_t size, int64_t unix_us)
{
    time_t seconds = (time_t)(unix_us / MICROSECONDS);
    struct tm utc;
    size_t len;

    gmtime_r(&seconds, &utc);
    len = strftime(text, size, "%Y-%m-%d %H:%M:%S", &utc);
    return (int)len +
           snprintf(text + len, size - len, ".%06d+00", (int)(unix_us % MICROSECONDS));
}

static void put_as_text(struct sw_buf *out, enum sw_column_type type, int64_t number)
{
    char text[64];
    int len = type == SW_COLUMN_BOOL
                  ? snprintf(text, sizeof text, "%c", number != 0 ? 't' : 'f')
              : type == SW_COLUMN_TIMESTAMPTZ ? print_time(text, sizeof text, number)
                                              : snprintf(text, sizeof text, "%" PRId64, number);

    put_bytes(out, text, (size_t)len);
}

static void put_as_binary(struct sw_buf *out, enum sw_column_type type, int64_t number)
{
    const uint8_t truth = number != 0;

    sw_put_int32(out, (uint32_t)type_size(type));
    if (type == SW_COLUMN_BOOL) {
        (void)sw_buf_append(out, &truth, 1);
        return;
    }
    if (type == SW_COLUMN_TIMESTAMPTZ)
        number -= YEAR_2000 * MICROSECONDS;
    if (type_size(type) == 8)
        sw_put_int32(out, (uint32_t)((uint64_t)number >> 32));
    sw_put_int32(out, (uint32_t)number);
}

void sw_answer_put(const struct sw_answer *answer, size_t row, const uint16_t *formats,
                   int format_count, struct sw_buf *out)
{
    size_t start = sw_message_begin(out, 'D');

    sw_put_int16(out, (uint16_t)answer->columns.count);
    for (int c = 0; c < answer->columns.count; c++) {
        const struct sw_cell *cell = &answer->rows[row][c];
        enum sw_column_type type = answer->columns.list[c].type;

        if (cell->is_null)
            sw_put_int32(out, (uint32_t)-1);
        else if (type != SW_COLUMN_TEXT && format_of(formats, format_count, c) == BINARY)
            put_as_binary(out, type, cell->number);
        else if (type != SW_COLUMN_TEXT)
            put_as_text(out, type, cell->number);
        else
            put_bytes(out, cell->text, strlen(cell->text));
    }
    sw_message_end(out, start);
}
