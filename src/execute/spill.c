#include "shardward/execute/spill.h"

#include "shardward/base/mem.h"
#include "shardward/io/spool.h"

#include <stdlib.h>
#include <string.h>

struct sw_spill {
    struct sw_loop *loop;
    struct sw_columns *columns;
    struct sw_spill_limits limits;
    char *directory;
    sw_spill_on_change *on_change;
    void *owner;

    struct sw_spool *spool; /* NULL: nothing was written */
    size_t *sizes;          /* of the chunks in it */
    int count, room;

    int next; /* chunk of the file that is read next */
    uint64_t at;
    bool is_reading;
    const uint8_t *chunk; /* the one that is there, */
    size_t chunk_len;
    struct sw_buf own; /* which is here if it was in no file */
};

static void on_spooled(void *owner, const struct sw_error *err);

struct sw_spill *sw_spill_create(struct sw_loop *loop, const struct sw_columns_layout *layout,
                                 int source_count, const struct sw_spill_limits *limits,
                                 sw_spill_on_change *on_change, void *owner)
{
    struct sw_spill *spill = sw_alloc_zero(1, sizeof *spill);

    spill->loop = loop;
    spill->limits = *limits;
    spill->directory = sw_strdup(limits->directory);
    spill->columns = sw_columns_create(layout, source_count, limits->memory);
    if (limits->file > 0)
        sw_columns_may_be_cut(spill->columns);
    sw_buf_init(&spill->own, SIZE_MAX);
    sw_spill_tell(spill, on_change, owner);
    return spill;
}

void sw_spill_destroy(struct sw_spill *spill)
{
    if (spill == NULL)
        return;
    sw_spool_close(spill->spool);
    sw_columns_destroy(spill->columns);
    sw_buf_finish(&spill->own);
    free(spill->sizes);
    free(spill->directory);
    free(spill);
}

void sw_spill_tell(struct sw_spill *spill, sw_spill_on_change *on_change, void *owner)
{
    spill->on_change = on_change;
    spill->owner = owner;
}

/* --- rows come --- */

static void note_size(struct sw_spill *spill, size_t size)
{
    if (spill->count == spill->room) {
        spill->room = spill->room == 0 ? 64 : spill->room * 2;
        spill->sizes = sw_realloc(spill->sizes, (size_t)spill->room * sizeof *spill->sizes);
    }
    spill->sizes[spill->count++] = size;
}

static void release_chunk(void *held)
{
    sw_chunk_destroy(held);
}

static bool refuse_size(const struct sw_spill *spill, struct sw_error *err)
{
    sw_error_set(err, "53400", "the rows of the shards take more than %llu bytes of a file",
                 (unsigned long long)spill->limits.file);
    sw_error_hint(err, "Read fewer rows, or raise limits.gather_file.");
    return false;
}

/* Have written what is too much, one chunk after the other. */
static bool pump(struct sw_spill *spill, struct sw_error *err)
{
    const struct iovec *pieces;
    struct sw_chunk *chunk;
    int count;

    if (spill->limits.file == 0 || sw_spill_is_busy(spill) ||
        !sw_columns_are_full(spill->columns))
        return true;
    chunk = sw_columns_take_chunk(spill->columns);
    if (chunk == NULL)
        return true;
    if (spill->spool == NULL)
        spill->spool = sw_spool_create(spill->loop, spill->directory, on_spooled, spill);
    if (sw_chunk_size(chunk) > spill->limits.file - sw_spool_size(spill->spool)) {
        sw_chunk_destroy(chunk);
        return refuse_size(spill, err);
    }
    note_size(spill, sw_chunk_size(chunk));
    count = sw_chunk_pieces(chunk, &pieces);
    sw_spool_write(spill->spool, pieces, count, release_chunk, chunk);
    return true;
}

static void on_spooled(void *owner, const struct sw_error *err)
{
    struct sw_spill *spill = owner;
    struct sw_error why;

    if (spill->is_reading) {
        spill->is_reading = false;
        spill->chunk = sw_spool_bytes(spill->spool);
    } else if (err == NULL && !pump(spill, &why)) {
        err = &why;
    }
    spill->on_change(spill->owner, err);
}

bool sw_spill_feed(struct sw_spill *spill, int source, const uint8_t *bytes, size_t len,
                   struct sw_error *err)
{
    if (sw_columns_feed(spill->columns, source, bytes, len, err))
        return pump(spill, err);
    if (sw_error_is(err, "53400"))
        sw_error_hint(err, "Read fewer rows, or raise limits.gather_memory.");
    return false;
}

bool sw_spill_end(const struct sw_spill *spill, int source, struct sw_error *err)
{
    return sw_columns_end(spill->columns, source, err);
}

bool sw_spill_wants(const struct sw_spill *spill)
{
    return !sw_columns_are_full(spill->columns);
}

bool sw_spill_is_busy(const struct sw_spill *spill)
{
    return spill->spool != NULL && sw_spool_is_busy(spill->spool);
}

bool sw_spill_has_file(const struct sw_spill *spill)
{
    return spill->spool != NULL;
}

const struct sw_columns *sw_spill_columns(const struct sw_spill *spill)
{
    return spill->columns;
}

/* --- chunks go --- */

static void flatten(struct sw_spill *spill, struct sw_chunk *chunk)
{
    const struct iovec *pieces;
    int count = sw_chunk_pieces(chunk, &pieces);

    sw_buf_clear(&spill->own);
    for (int i = 0; i < count; i++)
        (void)sw_buf_append(&spill->own, pieces[i].iov_base, pieces[i].iov_len);
    spill->chunk = sw_buf_bytes(&spill->own);
    spill->chunk_len = sw_buf_len(&spill->own);
    sw_chunk_destroy(chunk);
}

enum sw_spill_step sw_spill_next(struct sw_spill *spill)
{
    struct sw_chunk *chunk;

    if (spill->next < spill->count) {
        spill->chunk_len = spill->sizes[spill->next++];
        spill->is_reading = true;
        sw_spool_read(spill->spool, spill->at, spill->chunk_len);
        spill->at += spill->chunk_len;
        return SW_SPILL_SOON;
    }
    chunk = sw_columns_take_chunk(spill->columns);
    if (chunk == NULL)
        return SW_SPILL_OVER;
    flatten(spill, chunk);
    return SW_SPILL_CHUNK;
}

static size_t length_at(const uint8_t *bytes)
{
    return (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
}

/* Where array number @column begins, with its length before it. */
static const uint8_t *find(const struct sw_spill *spill, int column)
{
    const uint8_t *at = spill->chunk;

    for (int i = 0; i < column; i++)
        at += 4 + length_at(at);
    return at;
}

/* The number of dimensions stands first: none, or one. */
bool sw_spill_has_rows(const struct sw_spill *spill, int column)
{
    return length_at(find(spill, column) + 4) > 0;
}

void sw_spill_write_arrays(const struct sw_spill *spill, int from, int to, struct sw_buf *out)
{
    const uint8_t *first = find(spill, from);

    (void)sw_buf_append(out, first, (size_t)(find(spill, to) - first));
}
