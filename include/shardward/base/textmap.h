/*
 * textmap - text to pointer. The map copies its keys and borrows its values.
 */
#ifndef SW_BASE_TEXTMAP_H
#define SW_BASE_TEXTMAP_H

#include <stddef.h>
#include <stdint.h>

struct sw_textmap_slot;

struct sw_textmap {
    struct sw_textmap_slot *slots;
    size_t count, size;
};

void sw_textmap_init(struct sw_textmap *map);
void sw_textmap_finish(struct sw_textmap *map);

/* The value stored under @key, or NULL. */
void *sw_textmap_get(const struct sw_textmap *map, const char *key);
/* Store @value (not NULL) under @key; returns what stood there before, or NULL. */
void *sw_textmap_put(struct sw_textmap *map, const char *key, void *value);
/* Forget @key; returns its value, or NULL. */
void *sw_textmap_remove(struct sw_textmap *map, const char *key);

/* Walk: start with *at = 0; returns NULL at the end. The map must not change meanwhile. */
void *sw_textmap_next(const struct sw_textmap *map, size_t *at, const char **key);

#endif
