/*
 * Binary values with types in them: the first byte of the input says what it is, a value of one
 * of several types, a DataRow, the tail of a Bind, or a description of rows or parameters, and
 * which way it goes. Whatever comes, nothing beyond it is touched, and its end is found soon.
 */
#include "shardward/wire/inner.h"
#include "shardward/wire/response.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct sw_oid_pair pairs[] = {
    {.shard_oid = 0x4010, .catalog_oid = 0x4e20},
    {.shard_oid = 0x4011, .catalog_oid = 0x4e21, .shape = {.kind = SW_SHAPE_ARRAY}},
    {.shard_oid = 0x4012, .catalog_oid = 0x4e22, .shape = {.kind = SW_SHAPE_COMPOSITE}},
    {.shard_oid = 0x4013, .catalog_oid = 0x4e23, .shape = {.kind = SW_SHAPE_ARRAY}},
    {.shard_oid = 0x4014, .catalog_oid = 0x4e24, .shape = {SW_SHAPE_RANGE, 0x4012}},
    {.shard_oid = 0x4015, .catalog_oid = 0x4e25, .shape = {SW_SHAPE_MULTIRANGE, 0x4012}},
    {.shard_oid = 0x4016, .catalog_oid = 0x4e26, .shape = {SW_SHAPE_RANGE, 0x4015}},
    {.shard_oid = 0x4017, .catalog_oid = 0x4e27, .shape = {SW_SHAPE_RANGE, 0x4011}},
};

enum {
    PAIRS = sizeof pairs / sizeof *pairs,
    ROW = PAIRS,
    BIND,
    COLUMNS,
    PARAMETERS,
    TO_SHARD = 0x80
};

static void translate_row(uint8_t *bytes, size_t len, const struct sw_oid_map *map)
{
    const struct sw_inner_column columns[] = {{0, 0x4011}, {1, 0x4012}, {3, 0x4013}};
    const struct sw_frame frame = {.type = 'D', .body = bytes, .body_len = len, .size = len};

    (void)sw_wire_translate_row(bytes, &frame, columns, 3, map);
}

static void translate_types(uint8_t *bytes, size_t len, char type, const struct sw_oid_map *map)
{
    const struct sw_frame frame = {.type = type, .body = bytes, .body_len = len, .size = len};

    (void)sw_wire_translate_types(bytes, &frame, map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint32_t types[] = {0x4e21, 0x4e22, 0, 0x4e23, 0x4e24, 0x4e25};
    enum sw_inner_way way;
    struct sw_oid_map *map;
    uint8_t *bytes;
    int what;

    if (size < 2)
        return 0;
    way = data[0] & TO_SHARD ? SW_INNER_TO_SHARD : SW_INNER_TO_CATALOG;
    what = (data[0] & ~TO_SHARD) % (PARAMETERS + 1);
    bytes = malloc(--size);
    if (bytes == NULL)
        return 0;
    memcpy(bytes, data + 1, size);
    map = sw_oid_map_create(pairs, PAIRS);
    if (what == BIND)
        sw_wire_translate_bind(bytes, size, types, sizeof types / sizeof *types, map);
    else if (what == ROW)
        translate_row(bytes, size, map);
    else if (what == COLUMNS || what == PARAMETERS)
        translate_types(bytes, size, what == COLUMNS ? 'T' : 't', map);
    else
        (void)sw_wire_translate_value(bytes, size,
                                      sw_shape_of_shard(map, pairs[what].shard_oid), map, way);
    sw_oid_map_unref(map);
    free(bytes);
    return 0;
}
