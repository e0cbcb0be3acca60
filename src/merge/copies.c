#include "shardward/merge/copies.h"

#include "rows.h"
#include "shardward/base/mem.h"

#include <assert.h>

enum { HEADER = 5, SIGNATURE = sizeof sw_copies_signature };

/* Eleven bytes of the signature itself, flags, and the length of an extension. */
const uint8_t sw_copies_signature[19] = "PGCOPY\n\377\r\n";
const uint8_t sw_copies_trailer[2] = {0xff, 0xff};

struct source {
    struct sw_rows rows;
    bool has_begun, has_ended;
};

struct sw_copies {
    enum sw_copies_head head;
    bool has_responded, has_head; /* they have left, or will */
    struct source *sources;
    int source_count, ended_count;
    size_t budget;
    int64_t rows;
    struct sw_buf ready;
};

struct sw_copies *sw_copies_create(enum sw_copies_head head, int source_count, size_t budget)
{
    struct sw_copies *copies = sw_alloc_zero(1, sizeof *copies);

    copies->head = head;
    copies->source_count = source_count;
    copies->sources = sw_alloc_zero((size_t)source_count + 1, sizeof *copies->sources);
    for (int i = 0; i < source_count; i++)
        sw_rows_init_copy(&copies->sources[i].rows);
    copies->budget = budget;
    sw_buf_init(&copies->ready, SIZE_MAX);
    return copies;
}

void sw_copies_destroy(struct sw_copies *copies)
{
    if (copies == NULL)
        return;
    for (int i = 0; i < copies->source_count; i++)
        sw_rows_finish(&copies->sources[i].rows);
    sw_buf_finish(&copies->ready);
    free(copies->sources);
    free(copies);
}

/* Append a message of two pieces, of which either may be empty. */
static void add(struct sw_copies *copies, const uint8_t *head, size_t head_len,
                const uint8_t *data, size_t len)
{
    uint8_t *room = sw_buf_room(&copies->ready, HEADER + head_len + len);
    uint32_t size = __builtin_bswap32((uint32_t)(head_len + len) + 4);

    room[0] = 'd';
    memcpy(room + 1, &size, sizeof size);
    if (head_len > 0)
        memcpy(room + HEADER, head, head_len);
    memcpy(room + HEADER + head_len, data, len);
    sw_buf_grown(&copies->ready, HEADER + head_len + len);
}

/* In binary, what comes first has the signature before it, as PostgreSQL sends it. */
static void add_with_head(struct sw_copies *copies, const uint8_t *data, size_t len)
{
    bool is_first = copies->head == SW_COPIES_BINARY && !copies->has_head;

    copies->has_head = copies->has_head || is_first;
    add(copies, sw_copies_signature, is_first ? SIGNATURE : 0, data, len);
}

static bool is_trailer(const struct sw_copies *copies, const uint8_t *data, size_t len)
{
    return copies->head == SW_COPIES_BINARY && len == sizeof sw_copies_trailer &&
           memcmp(data, sw_copies_trailer, len) == 0;
}

static void take_line(struct sw_copies *copies, const uint8_t *data, size_t len)
{
    if (!copies->has_head)
        add(copies, NULL, 0, data, len);
    copies->has_head = true;
}

static bool take_data(struct sw_copies *copies, struct source *source,
                      const struct sw_row *message, struct sw_error *err)
{
    const uint8_t *data = message->message + HEADER;
    size_t len = message->size - HEADER;
    bool is_first = !source->has_begun;

    source->has_begun = true;
    if (is_first && copies->head == SW_COPIES_LINE) {
        take_line(copies, data, len);
        return true;
    }
    if (is_first && copies->head == SW_COPIES_BINARY) {
        if (len < SIGNATURE || memcmp(data, sw_copies_signature, SIGNATURE) != 0)
            return sw_error_set(err, "08P01",
                                "what a server copies does not begin as it should");
        data += SIGNATURE;
        len -= SIGNATURE;
    }
    if (is_trailer(copies, data, len))
        return true;
    add_with_head(copies, data, len);
    copies->rows++;
    return true;
}

static bool take(struct sw_copies *copies, struct source *source, const struct sw_row *message,
                 struct sw_error *err)
{
    if (message->message[0] == 'd')
        return take_data(copies, source, message, err);
    if (!copies->has_responded)
        (void)sw_buf_append(&copies->ready, message->message, message->size);
    copies->has_responded = true;
    return true;
}

bool sw_copies_feed(struct sw_copies *copies, int source, const uint8_t *bytes, size_t len,
                    struct sw_error *err)
{
    struct source *from = &copies->sources[source];
    struct sw_input input = {bytes, len};
    enum sw_rows_step step;
    struct sw_row message;

    assert(source >= 0 && source < copies->source_count && !from->has_ended);
    while ((step = sw_rows_next(&from->rows, &input, &message, err)) == SW_ROWS_ROW)
        if (!take(copies, from, &message, err))
            return false;
    return step == SW_ROWS_MORE;
}

bool sw_copies_end(struct sw_copies *copies, int source, struct sw_error *err)
{
    struct source *from = &copies->sources[source];

    assert(source >= 0 && source < copies->source_count && !from->has_ended);
    if (!sw_rows_end(&from->rows, err))
        return false;
    from->has_ended = true;
    copies->ended_count++;
    if (copies->head == SW_COPIES_BINARY && copies->ended_count == copies->source_count)
        add_with_head(copies, sw_copies_trailer, sizeof sw_copies_trailer);
    return true;
}

bool sw_copies_wants(const struct sw_copies *copies, int source)
{
    size_t held = sw_buf_len(&copies->ready);

    return !copies->sources[source].has_ended && (held == 0 || held < copies->budget);
}

/* The whole messages at the start of @ready that are at least @wanted bytes, or all. */
static size_t wanted_of_ready(const struct sw_copies *copies, size_t wanted)
{
    const uint8_t *bytes = sw_buf_bytes(&copies->ready);
    size_t len = sw_buf_len(&copies->ready), at = 0;

    if (len <= wanted)
        return len;
    while (at < wanted)
        at += sw_get_int32(bytes + at + 1) + (size_t)1;
    return at;
}

size_t sw_copies_pull(struct sw_copies *copies, struct sw_buf *out, size_t most)
{
    size_t held = sw_buf_len(out), len;

    if (held >= most || sw_buf_len(&copies->ready) == 0)
        return 0;
    len = wanted_of_ready(copies, most - held);
    if (!sw_buf_append(out, sw_buf_bytes(&copies->ready), len))
        return 0;
    sw_buf_take(&copies->ready, len);
    if (sw_buf_len(&copies->ready) == 0 &&
        copies->ready.size > SW_ROWS_KEPT + 2 * copies->budget)
        sw_buf_release(&copies->ready);
    return len;
}

bool sw_copies_is_over(const struct sw_copies *copies)
{
    return copies->ended_count == copies->source_count && sw_buf_len(&copies->ready) == 0;
}

int64_t sw_copies_rows(const struct sw_copies *copies)
{
    return copies->rows;
}
