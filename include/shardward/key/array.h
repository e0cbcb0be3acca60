/*
 * array - the elements of a PostgreSQL array, as text or in binary.
 */
#ifndef SW_KEY_ARRAY_H
#define SW_KEY_ARRAY_H

#include "shardward/base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sw_key_element {
    const uint8_t *bytes; /* NULL: NULL. Of a text: in the arena, ends with a zero byte */
    size_t len;
};

struct sw_key_array {
    const struct sw_key_element *elements; /* in the arena */
    int count;
    uint32_t type; /* of the elements; of a binary array */
};

/* As array_in reads it (array_nulls being on), of one dimension with bounds left out: {1, 2,
 * NULL, "a b"}. False: something else, or no array. */
bool sw_key_array_of_text(const char *text, size_t len, struct sw_arena *arena,
                          struct sw_key_array *array);

/* As array_recv reads it, of at most one dimension. */
bool sw_key_array_of_binary(const uint8_t *bytes, size_t len, struct sw_arena *arena,
                            struct sw_key_array *array);

#endif
