/*
 * merger - the way of a row through it:
 *
 *   feed:   rows.c finds it
 *   with keys     tournament.c keeps it until its turn        pull: OFFSET and LIMIT, the
 * hidden columns are left out without       OFFSET and LIMIT, the hidden columns are    pull:
 * as many as are wanted left out; `ready` takes it, or a run of them that stays as it is
 */
#include "shardward/merge/merger.h"

#include "shardward/base/mem.h"
#include "tournament.h"

#include <assert.h>

struct source {
    struct sw_rows rows;
    int64_t fed; /* rows */
    bool has_ended;
};

struct sw_merger {
    int column_count, visible_count;
    int64_t to_skip;
    int64_t to_give; /* -1: all */
    int64_t rows;    /* that have left */

    int source_count, ended_count;
    struct source *sources;
    int64_t fed; /* rows, of all */
    size_t fed_bytes;
    size_t budget; /* with keys, of each source */

    struct sw_tournament *tournament; /* NULL: no keys */
    struct sw_field *fields;          /* of one row */

    struct sw_buf ready;
    int64_t ready_rows;
};

struct sw_merger *sw_merger_create(const struct sw_merge_recipe *recipe, int source_count,
                                   size_t budget)
{
    struct sw_merger *merger = sw_alloc_zero(1, sizeof *merger);

    assert(recipe->visible_count <= recipe->column_count && recipe->offset >= 0);
    merger->column_count = recipe->column_count;
    merger->visible_count = recipe->visible_count;
    merger->to_skip = recipe->offset;
    merger->to_give = recipe->limit;
    merger->source_count = source_count;
    merger->sources = sw_alloc_zero((size_t)source_count + 1, sizeof *merger->sources);
    for (int i = 0; i < source_count; i++)
        sw_rows_init(&merger->sources[i].rows, recipe->column_count);
    sw_buf_init(&merger->ready, SIZE_MAX);
    merger->budget = budget;
    if (recipe->key_count > 0) {
        merger->tournament = sw_tournament_create(recipe, source_count);
        merger->budget = budget / (size_t)(source_count > 0 ? source_count : 1);
    } else {
        merger->fields =
            sw_alloc_zero((size_t)recipe->column_count + 1, sizeof *merger->fields);
    }
    return merger;
}

void sw_merger_destroy(struct sw_merger *merger)
{
    if (merger == NULL)
        return;
    for (int i = 0; i < merger->source_count; i++)
        sw_rows_finish(&merger->sources[i].rows);
    sw_tournament_destroy(merger->tournament);
    sw_buf_finish(&merger->ready);
    free(merger->fields);
    free(merger->sources);
    free(merger);
}

static void put_int32(uint8_t *bytes, uint32_t number)
{
    number = __builtin_bswap32(number);
    memcpy(bytes, &number, sizeof number);
}

/* Append the visible part of a row, which is @size bytes. */
static bool write_row(const struct sw_merger *merger, const uint8_t *message, size_t size,
                      struct sw_buf *out)
{
    uint8_t *room = sw_buf_room(out, size);

    if (room == NULL)
        return false;
    memcpy(room, message, size);
    put_int32(room + 1, (uint32_t)size - 1);
    room[SW_ROW_COUNT_AT] = (uint8_t)(merger->visible_count >> 8);
    room[SW_ROW_COUNT_AT + 1] = (uint8_t)merger->visible_count;
    sw_buf_grown(out, size);
    return true;
}

/* Does the next row leave, as far as OFFSET goes? */
static bool is_past_offset(struct sw_merger *merger)
{
    if (merger->to_skip == 0)
        return true;
    merger->to_skip--;
    return false;
}

/* --- without keys --- */

/* Rows that stay as they are, and lie side by side in what was fed. */
struct run {
    const uint8_t *start;
    size_t len;
};

static void end_run(struct sw_merger *merger, struct run *run)
{
    (void)sw_buf_append(&merger->ready, run->start, run->len);
    run->len = 0;
}

static void count_fed(struct sw_merger *merger, int source, const struct sw_row *row)
{
    merger->sources[source].fed++;
    merger->fed++;
    merger->fed_bytes += row->size;
}

static bool make_ready(struct sw_merger *merger, const struct sw_row *row, struct run *run,
                       struct sw_error *err)
{
    bool is_hiding = merger->visible_count < merger->column_count;
    size_t end = 0;

    if (is_hiding) {
        /* All fields are looked at, then the visible ones alone. */
        if (!sw_row_fields(row, merger->column_count, true, merger->fields, &end))
            return sw_rows_refuse(err);
        end = merger->fields[merger->visible_count].start - 4;
    }
    if (!is_past_offset(merger))
        return true;
    if (merger->to_give > 0)
        merger->to_give--;
    merger->ready_rows++;
    if (is_hiding)
        return write_row(merger, row->message, end, &merger->ready);
    if (run->start + run->len != row->message)
        end_run(merger, run);
    if (run->len == 0)
        run->start = row->message;
    run->len += row->size;
    return true;
}

static bool feed_ready(struct sw_merger *merger, int source, struct sw_input *input,
                       struct sw_error *err)
{
    struct sw_rows *rows = &merger->sources[source].rows;
    const uint8_t *from = input->bytes, *to = from + input->len;
    struct run run = {from, 0};
    enum sw_rows_step step = SW_ROWS_MORE;
    struct sw_row row;

    while (merger->to_give != 0) {
        step = sw_rows_next(rows, input, &row, err);
        if (step != SW_ROWS_ROW || !make_ready(merger, &row, &run, err))
            break;
        count_fed(merger, source, &row);
        /* One that was put together is there only until the next one. */
        if (run.len > 0 && (run.start < from || run.start >= to))
            end_run(merger, &run);
    }
    end_run(merger, &run);
    return step == SW_ROWS_MORE || merger->to_give == 0;
}

/* The whole rows at the start of @ready that make @out as long as is wanted. */
static size_t wanted_of_ready(const struct sw_merger *merger, size_t wanted, int64_t *rows)
{
    const uint8_t *bytes = sw_buf_bytes(&merger->ready);
    size_t len = sw_buf_len(&merger->ready), at = 0;
    int64_t most = *rows;

    *rows = merger->ready_rows;
    if (len <= wanted && *rows <= most)
        return len;
    for (*rows = 0; at < len && at < wanted && *rows < most; (*rows)++)
        at += sw_get_int32(bytes + at + 1) + (size_t)1;
    return at;
}

static int64_t pull_ready(struct sw_merger *merger, struct sw_buf *out, size_t most,
                          int64_t most_rows)
{
    size_t held = sw_buf_len(out), len;
    int64_t rows = most_rows;

    if (held >= most || sw_buf_len(&merger->ready) == 0)
        return 0;
    len = wanted_of_ready(merger, most - held, &rows);
    if (!sw_buf_append(out, sw_buf_bytes(&merger->ready), len))
        return 0;
    sw_buf_take(&merger->ready, len);
    if (sw_buf_len(&merger->ready) == 0 &&
        merger->ready.size > SW_ROWS_KEPT + 2 * merger->budget)
        sw_buf_release(&merger->ready);
    merger->ready_rows -= rows;
    merger->rows += rows;
    return rows;
}

/* --- with keys --- */

static bool feed_tournament(struct sw_merger *merger, int source, struct sw_input *input,
                            struct sw_error *err)
{
    struct sw_rows *rows = &merger->sources[source].rows;
    enum sw_rows_step step;
    struct sw_row row;

    while ((step = sw_rows_next(rows, input, &row, err)) == SW_ROWS_ROW) {
        if (!sw_tournament_add(merger->tournament, source, &row, err))
            return false;
        count_fed(merger, source, &row);
    }
    return step == SW_ROWS_MORE;
}

static bool write_standing(const struct sw_merger *merger, const struct sw_standing *standing,
                           struct sw_buf *out)
{
    if (merger->visible_count == merger->column_count)
        return sw_buf_append(out, standing->row.message, standing->row.size);
    return write_row(merger, standing->row.message,
                     standing->fields[merger->visible_count].start - 4, out);
}

static int64_t pull_tournament(struct sw_merger *merger, struct sw_buf *out, size_t most,
                               int64_t most_rows)
{
    const struct sw_standing *next;
    int64_t rows = 0;

    while (merger->to_give != 0 && sw_buf_len(out) < most && rows < most_rows &&
           (next = sw_tournament_next(merger->tournament)) != NULL) {
        if (is_past_offset(merger)) {
            if (!write_standing(merger, next, out))
                break;
            if (merger->to_give > 0)
                merger->to_give--;
            rows++;
        }
        sw_tournament_pop(merger->tournament);
    }
    merger->rows += rows;
    return rows;
}

/* --- the door --- */

bool sw_merger_feed(struct sw_merger *merger, int source, const uint8_t *bytes, size_t len,
                    struct sw_error *err)
{
    struct sw_input input = {bytes, len};

    assert(source >= 0 && source < merger->source_count);
    assert(!merger->sources[source].has_ended);
    if (merger->to_give == 0)
        return true;
    if (merger->tournament != NULL)
        return feed_tournament(merger, source, &input, err);
    return feed_ready(merger, source, &input, err);
}

bool sw_merger_end(struct sw_merger *merger, int source, struct sw_error *err)
{
    assert(source >= 0 && source < merger->source_count);
    assert(!merger->sources[source].has_ended);
    if (merger->to_give != 0 && !sw_rows_end(&merger->sources[source].rows, err))
        return false;
    merger->sources[source].has_ended = true;
    merger->ended_count++;
    if (merger->tournament != NULL)
        sw_tournament_end(merger->tournament, source);
    return true;
}

size_t sw_merger_held(const struct sw_merger *merger, int source)
{
    assert(source >= 0 && source < merger->source_count);
    return merger->tournament == NULL ? sw_buf_len(&merger->ready)
                                      : sw_tournament_held(merger->tournament, source);
}

bool sw_merger_wants(const struct sw_merger *merger, int source)
{
    size_t held = sw_merger_held(merger, source);

    if (merger->to_give == 0 || merger->sources[source].has_ended)
        return false;
    return held == 0 || held < merger->budget;
}

int64_t sw_merger_pull_some(struct sw_merger *merger, struct sw_buf *out, size_t most,
                            int64_t rows)
{
    if (merger->tournament != NULL)
        return pull_tournament(merger, out, most, rows);
    return pull_ready(merger, out, most, rows);
}

int64_t sw_merger_pull(struct sw_merger *merger, struct sw_buf *out, size_t most)
{
    return sw_merger_pull_some(merger, out, most, INT64_MAX);
}

bool sw_merger_is_over(const struct sw_merger *merger)
{
    if (sw_buf_len(&merger->ready) > 0)
        return false;
    if (merger->to_give == 0)
        return true;
    return merger->ended_count == merger->source_count &&
           (merger->tournament == NULL || sw_tournament_is_over(merger->tournament));
}

int64_t sw_merger_rows(const struct sw_merger *merger)
{
    return merger->rows;
}

int64_t sw_merger_fed(const struct sw_merger *merger, int source)
{
    assert(source >= 0 && source < merger->source_count);
    return merger->sources[source].fed;
}

size_t sw_merger_row_size(const struct sw_merger *merger)
{
    return merger->fed == 0 ? 0 : merger->fed_bytes / (size_t)merger->fed;
}
