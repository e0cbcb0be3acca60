/*
 *   array       int32 dimensions, int32 flags, oid of the elements,
 *               (int32 length, int32 lower bound) of each dimension, elements
 *   composite   int32 fields, (oid, value) of each
 *   range       byte flags, its bounds
 *   multirange  int32 ranges, the ranges
 *
 * Elements, values, bounds and ranges are an int32 length, -1 of NULL, and so many bytes.
 */
#include "shardward/wire/inner.h"

#include "shardward/wire/request.h"

#include <string.h>

enum {
    OID_LEN = 4,
    LENGTH_LEN = 4,
    DIMENSIONS_MOST = 6, /* PostgreSQL, MAXDIM */
    NULL_LEN = -1,
    RANGE_EMPTY = 0x01, /* PostgreSQL, utils/rangetypes.h */
    RANGE_LOWER_INFINITE = 0x08,
    RANGE_UPPER_INFINITE = 0x10,
};

struct walk {
    const struct sw_oid_map *map;
    enum sw_inner_way way;
};

static bool translate(const struct walk *walk, struct sw_cursor value, struct sw_shape shape,
                      int depth);

/* Rename the type that comes next; what its values are made of. */
static struct sw_shape take_type(const struct walk *walk, struct sw_cursor *cursor)
{
    uint8_t *at = (uint8_t *)(uintptr_t)cursor->at; /* the caller's, who lets us change it */
    uint32_t oid = sw_cursor_int32(cursor), other;
    struct sw_shape shape;

    if (cursor->is_bad)
        return (struct sw_shape){.kind = SW_SHAPE_PLAIN};
    if (walk->way == SW_INNER_TO_CATALOG) {
        shape = sw_shape_of_shard(walk->map, oid);
        other = sw_oid_of_catalog(walk->map, oid);
    } else {
        shape = sw_shape_of_catalog(walk->map, oid);
        other = sw_oid_of_shard(walk->map, oid);
    }
    for (int i = 0; i < OID_LEN; i++)
        at[i] = (uint8_t)(other >> (24 - 8 * i));
    return shape;
}

/* A length and a value of @shape. */
static bool take_value(const struct walk *walk, struct sw_cursor *cursor, struct sw_shape shape,
                       int depth)
{
    int32_t len = (int32_t)sw_cursor_int32(cursor);
    struct sw_cursor value = {.at = cursor->at};

    if (cursor->is_bad || len == NULL_LEN)
        return !cursor->is_bad;
    if (len < 0 || sw_cursor_bytes(cursor, (size_t)len) == NULL)
        return false;
    value.end = cursor->at;
    return translate(walk, value, shape, depth + 1);
}

static bool take_values(const struct walk *walk, struct sw_cursor *cursor, size_t count,
                        struct sw_shape shape, int depth)
{
    for (size_t i = 0; i < count; i++)
        if (!take_value(walk, cursor, shape, depth))
            return false;
    return sw_cursor_is_done(cursor);
}

/* How many elements; more than there can be, if the dimensions say so. */
static size_t count_elements(struct sw_cursor *cursor, uint32_t dimensions)
{
    size_t most = (size_t)(cursor->end - cursor->at) / LENGTH_LEN;
    size_t count = dimensions == 0 ? 0 : 1;

    for (uint32_t i = 0; i < dimensions && count <= most; i++) {
        size_t length = sw_cursor_int32(cursor);

        (void)sw_cursor_int32(cursor);
        count = length > most ? length : count * length;
    }
    return count;
}

static bool translate_array(const struct walk *walk, struct sw_cursor cursor, int depth)
{
    uint32_t dimensions = sw_cursor_int32(&cursor);
    struct sw_shape element;

    (void)sw_cursor_int32(&cursor);
    element = take_type(walk, &cursor);
    if (cursor.is_bad || dimensions > DIMENSIONS_MOST)
        return false;
    return element.kind == SW_SHAPE_PLAIN ||
           take_values(walk, &cursor, count_elements(&cursor, dimensions), element, depth);
}

static bool translate_composite(const struct walk *walk, struct sw_cursor cursor, int depth)
{
    uint32_t count = sw_cursor_int32(&cursor);

    for (uint32_t i = 0; i < count; i++) {
        struct sw_shape field = take_type(walk, &cursor);

        if (!take_value(walk, &cursor, field, depth))
            return false;
    }
    return sw_cursor_is_done(&cursor);
}

static bool translate_range(const struct walk *walk, struct sw_cursor cursor,
                            struct sw_shape bound, int depth)
{
    uint8_t flags = sw_cursor_byte(&cursor);
    size_t bounds = 0;

    if (!(flags & RANGE_EMPTY))
        bounds = (size_t) !(flags & RANGE_LOWER_INFINITE) + !(flags & RANGE_UPPER_INFINITE);
    return take_values(walk, &cursor, bounds, bound, depth);
}

static bool translate_multirange(const struct walk *walk, struct sw_cursor cursor, uint32_t of,
                                 int depth)
{
    const struct sw_shape range = {SW_SHAPE_RANGE, of};
    size_t count = sw_cursor_int32(&cursor);

    return take_values(walk, &cursor, count, range, depth);
}

static bool translate(const struct walk *walk, struct sw_cursor value, struct sw_shape shape,
                      int depth)
{
    if (depth > SW_INNER_DEPTH)
        return false;
    switch (shape.kind) {
    case SW_SHAPE_PLAIN:
        return true;
    case SW_SHAPE_ARRAY:
        return translate_array(walk, value, depth);
    case SW_SHAPE_COMPOSITE:
        return translate_composite(walk, value, depth);
    case SW_SHAPE_RANGE:
        return translate_range(walk, value, sw_shape_of_shard(walk->map, shape.of), depth);
    case SW_SHAPE_MULTIRANGE:
        return translate_multirange(walk, value, shape.of, depth);
    }
    return false;
}

bool sw_wire_translate_value(uint8_t *bytes, size_t len, struct sw_shape shape,
                             const struct sw_oid_map *map, enum sw_inner_way way)
{
    const struct walk walk = {map, way};

    return translate(&walk, (struct sw_cursor){.at = bytes, .end = bytes + len}, shape, 1);
}

bool sw_wire_translate_row(uint8_t *message, const struct sw_frame *frame,
                           const struct sw_inner_column *columns, int count,
                           const struct sw_oid_map *map)
{
    const struct walk walk = {map, SW_INNER_TO_CATALOG};
    const struct sw_shape plain = {.kind = SW_SHAPE_PLAIN};
    const uint8_t *body = message + (frame->size - frame->body_len);
    struct sw_cursor cursor = {.at = body, .end = body + frame->body_len};
    int column_count = sw_cursor_int16(&cursor), next = 0;

    for (int i = 0; i < column_count && next < count; i++) {
        bool is_next = columns[next].index == i;
        struct sw_shape shape = is_next ? sw_shape_of_shard(map, columns[next].type) : plain;

        if (!take_value(&walk, &cursor, shape, 0))
            return false;
        next += is_next;
    }
    return next == count && !cursor.is_bad;
}

void sw_wire_translate_bind(uint8_t *tail, size_t len, const uint32_t *types, int type_count,
                            const struct sw_oid_map *map)
{
    struct sw_wire_bind bind;
    struct sw_wire_value value;
    const uint8_t *at;
    int index = 0;

    if (!sw_wire_read_bind_tail(tail, len, &bind) || bind.format_count == 0)
        return;
    at = bind.values;
    while (index < type_count && sw_wire_bind_next(&bind, &at, &index, &value))
        if (value.bytes != NULL && value.is_binary)
            (void)sw_wire_translate_value(tail + (value.bytes - tail), value.len,
                                          sw_shape_of_catalog(map, types[index - 1]), map,
                                          SW_INNER_TO_SHARD);
}
