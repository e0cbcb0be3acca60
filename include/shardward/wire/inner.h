/*
 * inner - the types that binary values name: arrays that of their elements, composites and
 * records that of each field (PostgreSQL, array_send() and record_send(); ranges and
 * multiranges name none, but what they hold may).
 *
 * They are renamed where they stand; no length changes. Nothing is allocated, and what is
 * nested deeper than SW_INNER_DEPTH is not understood.
 */
#ifndef SW_WIRE_INNER_H
#define SW_WIRE_INNER_H

#include "shardward/base/oidmap.h"
#include "shardward/wire/frame.h"

#include <stdbool.h>

enum { SW_INNER_DEPTH = 256 };

enum sw_inner_way {
    SW_INNER_TO_CATALOG, /* from the names of a shard */
    SW_INNER_TO_SHARD,
};

/* Rename the types in one binary value of @shape. False of one that is broken, whose beginning
 * may have been renamed. */
bool sw_wire_translate_value(uint8_t *bytes, size_t len, struct sw_shape shape,
                             const struct sw_oid_map *map, enum sw_inner_way way);

/* A column whose binary values name types. */
struct sw_inner_column {
    int index;     /* from 0 */
    uint32_t type; /* as the shard calls it */
};

/* Rename the types in @columns, in ascending order, of a DataRow that is here whole. @message
 * is all of it, which the caller may change. False of a broken one. */
bool sw_wire_translate_row(uint8_t *message, const struct sw_frame *frame,
                           const struct sw_inner_column *columns, int count,
                           const struct sw_oid_map *map);

/* Rename the types in the binary values of a Bind, which the caller may change: @tail is all
 * behind its names. @types are those of its parameters, as the client calls them; 0, or none:
 * not known. A value that is broken is left to the server to refuse. */
void sw_wire_translate_bind(uint8_t *tail, size_t len, const uint32_t *types, int type_count,
                            const struct sw_oid_map *map);

#endif
