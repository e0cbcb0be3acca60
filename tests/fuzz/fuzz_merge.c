/*
 * The rows of shards. The input is a head, and then either bytes of one source, which say the
 * same in pieces as at once; or values, of which each source gets some, sorted, and the merger
 * must find the order that a plain search for the least does.
 */
#include "shardward/merge/columns.h"
#include "shardward/merge/merger.h"
#include "shardward/wire/write.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 5, SOURCES = 5, MAX_VALUES = 200, BUDGET = 300 };

/* --- bytes --- */

struct style {
    struct sw_merge_key key;
    struct sw_merge_recipe recipe;
    size_t piece;
};

static bool merge_bytes(const struct style *style, const uint8_t *data, size_t len,
                        size_t piece, struct sw_buf *out)
{
    struct sw_merger *merger = sw_merger_create(&style->recipe, 1, BUDGET);
    struct sw_error err;
    bool is_taken = true;

    sw_buf_init(out, SIZE_MAX);
    for (size_t at = 0; at < len && is_taken; at += piece) {
        is_taken =
            sw_merger_feed(merger, 0, data + at, len - at < piece ? len - at : piece, &err);
        if (is_taken)
            (void)sw_merger_pull(merger, out, sw_buf_len(out) + piece);
    }
    is_taken = is_taken && sw_merger_end(merger, 0, &err);
    if (is_taken) {
        while (sw_merger_pull(merger, out, sw_buf_len(out) + piece) > 0)
            continue;
        if (!sw_merger_is_over(merger))
            abort();
    }
    sw_merger_destroy(merger);
    return is_taken;
}

static bool make_arrays(int count, const uint8_t *data, size_t len, size_t piece,
                        struct sw_buf *out)
{
    static const uint32_t types[] = {17, 23, 25};
    struct sw_columns *columns = sw_columns_create(
        &(struct sw_columns_layout){.types = types, .count = count}, 1, 1 << 20);
    struct sw_error err;
    bool is_taken = true;

    sw_buf_init(out, SIZE_MAX);
    for (size_t at = 0; at < len && is_taken; at += piece)
        is_taken =
            sw_columns_feed(columns, 0, data + at, len - at < piece ? len - at : piece, &err);
    is_taken = is_taken && sw_columns_end(columns, 0, &err);
    for (int i = 0; i < count && is_taken; i++) {
        const size_t before = sw_buf_len(out);

        sw_columns_write_array(columns, i, out);
        if (sw_buf_len(out) - before != sw_columns_array_size(columns, i))
            abort();
    }
    sw_columns_destroy(columns);
    return is_taken;
}

static void check_same(bool a_taken, struct sw_buf *a, bool b_taken, struct sw_buf *b)
{
    if (a_taken != b_taken)
        abort();
    if (a_taken &&
        (sw_buf_len(a) != sw_buf_len(b) ||
         (sw_buf_len(a) > 0 && memcmp(sw_buf_bytes(a), sw_buf_bytes(b), sw_buf_len(a)) != 0)))
        abort();
    sw_buf_finish(a);
    sw_buf_finish(b);
}

static void check_bytes(const struct style *style, const uint8_t *data, size_t len)
{
    struct sw_buf whole, parts;
    bool is_whole_taken = merge_bytes(style, data, len, len + 1, &whole);
    bool is_taken = merge_bytes(style, data, len, style->piece, &parts);

    /* Once the limit is reached, what follows is not heard. */
    if (style->recipe.limit >= 0 && !is_whole_taken)
        is_taken = false;
    check_same(is_whole_taken, &whole, is_taken, &parts);
    is_whole_taken = make_arrays(style->recipe.column_count, data, len, len + 1, &whole);
    is_taken = make_arrays(style->recipe.column_count, data, len, style->piece, &parts);
    check_same(is_whole_taken, &whole, is_taken, &parts);
}

/* --- values --- */

struct value {
    const uint8_t *bytes; /* NULL: NULL */
    size_t len;
    int number;
};

struct list {
    struct value values[MAX_VALUES];
    int count, at;
    struct sw_buf rows;
    bool has_ended;
};

static int compare(const struct sw_merge_key *key, const struct value *a, const struct value *b)
{
    int result;

    if (a->bytes == NULL || b->bytes == NULL) {
        result = (a->bytes == NULL) - (b->bytes == NULL);
        return key->is_nulls_first ? -result : result;
    }
    result = sw_order_compare(key->order, a->bytes, a->len, b->bytes, b->len);
    return key->is_descending ? (result < 0) - (result > 0) : result;
}

static void insert(const struct sw_merge_key *key, struct list *list, struct value value)
{
    int at = list->count++;

    for (; at > 0 && compare(key, &list->values[at - 1], &value) > 0; at--)
        list->values[at] = list->values[at - 1];
    list->values[at] = value;
}

static size_t width_of(enum sw_order order, uint8_t choice)
{
    switch (order) {
    case SW_ORDER_SIGNED:
    case SW_ORDER_UNSIGNED:
        return (size_t)1 << choice % 4;
    case SW_ORDER_FLOAT:
        return choice % 2 ? 4 : 8;
    case SW_ORDER_NUMERIC:
        return 8 + (size_t)(choice % 5) * 2;
    case SW_ORDER_TIMETZ:
        return 12;
    case SW_ORDER_INTERVAL:
        return 16;
    case SW_ORDER_INET:
        return choice % 2 ? 8 : 20;
    case SW_ORDER_NONE:
    case SW_ORDER_BYTES:
    case SW_ORDER_PADDED:
    case SW_ORDER_BITS:
        break;
    }
    return choice % 16;
}

static void write_value(struct sw_buf *buf, const struct sw_merge_recipe *recipe,
                        const struct value *value, int visible_count)
{
    const size_t start = sw_message_begin(buf, 'D');

    sw_put_int16(buf, (uint16_t)visible_count);
    sw_put_int32(buf, 4);
    sw_put_int32(buf, (uint32_t)value->number);
    if (visible_count == recipe->column_count) {
        sw_put_int32(buf, value->bytes == NULL ? UINT32_MAX : (uint32_t)value->len);
        (void)sw_buf_append(buf, value->bytes, value->bytes == NULL ? 0 : value->len);
    }
    sw_message_end(buf, start);
}

static void read_values(const struct sw_merge_key *key, struct list *lists, const uint8_t *data,
                        size_t len)
{
    for (int number = 0; len >= 2 && number < MAX_VALUES; number++) {
        struct list *list = &lists[data[0] % SOURCES];
        struct value value = {.number = number};

        if (data[0] < 240) {
            value = (struct value){data + 2, width_of(key->order, data[1]), number};
            if (value.len > len - 2)
                return;
        }
        if (value.bytes == NULL || sw_order_admits(key->order, value.bytes, value.len))
            insert(key, list, value);
        data += 2 + value.len;
        len -= 2 + value.len;
    }
}

/* What is to leave. */
static void find_expected(const struct sw_merge_recipe *recipe, struct list *lists,
                          struct sw_buf *out)
{
    int64_t given = 0;

    for (int64_t row = 0; recipe->limit < 0 || given < recipe->limit; row++) {
        struct list *least = NULL;

        for (int i = 0; i < SOURCES; i++) {
            struct list *list = &lists[i];

            if (list->at < list->count &&
                (least == NULL || compare(&recipe->keys[0], &list->values[list->at],
                                          &least->values[least->at]) < 0))
                least = list;
        }
        if (least == NULL)
            return;
        if (row >= recipe->offset) {
            write_value(out, recipe, &least->values[least->at], recipe->visible_count);
            given++;
        }
        least->at++;
    }
}

static void merge_values(const struct style *style, struct list *lists, struct sw_buf *out)
{
    struct sw_merger *merger = sw_merger_create(&style->recipe, SOURCES, BUDGET);
    struct sw_error err;

    while (!sw_merger_is_over(merger)) {
        bool is_moved = sw_merger_pull(merger, out, sw_buf_len(out) + style->piece) > 0;

        for (int i = 0; i < SOURCES; i++) {
            struct list *list = &lists[i];
            const size_t left = sw_buf_len(&list->rows);
            const size_t len = left < style->piece ? left : style->piece;

            if (list->has_ended || !sw_merger_wants(merger, i))
                continue;
            is_moved = true;
            if (len == 0 ? !sw_merger_end(merger, i, &err)
                         : !sw_merger_feed(merger, i, sw_buf_bytes(&list->rows), len, &err))
                abort();
            list->has_ended = len == 0;
            sw_buf_take(&list->rows, len);
        }
        /* OFFSET may have taken the last rows. */
        if (!is_moved && !sw_merger_is_over(merger))
            abort();
    }
    sw_merger_destroy(merger);
}

static void check_values(const struct style *style, const uint8_t *data, size_t len)
{
    static struct list lists[SOURCES];
    struct sw_buf expected, out;

    memset(lists, 0, sizeof lists);
    read_values(&style->key, lists, data, len);
    sw_buf_init(&expected, SIZE_MAX);
    sw_buf_init(&out, SIZE_MAX);
    for (int i = 0; i < SOURCES; i++) {
        sw_buf_init(&lists[i].rows, SIZE_MAX);
        for (int v = 0; v < lists[i].count; v++)
            write_value(&lists[i].rows, &style->recipe, &lists[i].values[v], 2);
    }
    find_expected(&style->recipe, lists, &expected);
    merge_values(style, lists, &out);
    check_same(true, &expected, true, &out);
    for (int i = 0; i < SOURCES; i++)
        sw_buf_finish(&lists[i].rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct style style;

    if (size < HEAD)
        return 0;
    style.key = (struct sw_merge_key){.column = data[0] & 1,
                                      .order = 1 + data[1] % SW_ORDER_INTERVAL,
                                      .is_descending = data[0] & 2,
                                      .is_nulls_first = data[0] & 4};
    style.recipe = (struct sw_merge_recipe){.column_count = 2,
                                            .visible_count = data[0] & 8 ? 1 : 2,
                                            .keys = &style.key,
                                            .key_count = data[0] & 16 ? 0 : 1,
                                            .offset = data[2] & 15,
                                            .limit = (data[2] >> 4) - 1};
    style.piece = (size_t)data[3] + 1;
    if (data[4] & 1) {
        check_bytes(&style, data + HEAD, size - HEAD);
    } else {
        style.key.column = 1;
        style.recipe.key_count = 1;
        check_values(&style, data + HEAD, size - HEAD);
    }
    return 0;
}
