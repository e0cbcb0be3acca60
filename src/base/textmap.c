/*
 * Open addressing with linear probing; the table is at most two thirds full, and removal
 * closes the gap by moving later entries back.
 */
#include "shardward/base/textmap.h"

#include "shardward/base/mem.h"

#include <string.h>

struct sw_textmap_slot {
    char *key; /* NULL: free */
    uint64_t hash;
    void *value;
};

static uint64_t hash_of(const char *key)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */

    for (; *key != '\0'; key++)
        hash = (hash ^ (uint8_t)*key) * 1099511628211u;
    return hash;
}

void sw_textmap_init(struct sw_textmap *map)
{
    *map = (struct sw_textmap){0};
}

void sw_textmap_finish(struct sw_textmap *map)
{
    for (size_t i = 0; i < map->size; i++)
        free(map->slots[i].key);
    free(map->slots);
    *map = (struct sw_textmap){0};
}

/* The slot of @key, or the free slot where it belongs. The table is never full. */
static struct sw_textmap_slot *find(const struct sw_textmap *map, const char *key,
                                    uint64_t hash)
{
    size_t at = hash & (map->size - 1);

    while (map->slots[at].key != NULL &&
           (map->slots[at].hash != hash || strcmp(map->slots[at].key, key) != 0))
        at = (at + 1) & (map->size - 1);
    return &map->slots[at];
}

static void grow(struct sw_textmap *map)
{
    struct sw_textmap old = *map;

    map->size = old.size == 0 ? 8 : old.size * 2;
    map->slots = sw_alloc_zero(map->size, sizeof *map->slots);
    for (size_t i = 0; i < old.size; i++)
        if (old.slots[i].key != NULL)
            *find(map, old.slots[i].key, old.slots[i].hash) = old.slots[i];
    free(old.slots);
}

void *sw_textmap_get(const struct sw_textmap *map, const char *key)
{
    return map->count == 0 ? NULL : find(map, key, hash_of(key))->value;
}

void *sw_textmap_put(struct sw_textmap *map, const char *key, void *value)
{
    uint64_t hash = hash_of(key);
    struct sw_textmap_slot *slot;
    void *before;

    if ((map->count + 1) * 3 > map->size * 2)
        grow(map);
    slot = find(map, key, hash);
    before = slot->value;
    if (slot->key == NULL) {
        slot->key = sw_strdup(key);
        slot->hash = hash;
        map->count++;
    }
    slot->value = value;
    return before;
}

void *sw_textmap_remove(struct sw_textmap *map, const char *key)
{
    struct sw_textmap_slot *slot;
    size_t gap, at, mask = map->size - 1;
    void *value;

    if (map->count == 0)
        return NULL;
    slot = find(map, key, hash_of(key));
    if (slot->key == NULL)
        return NULL;
    value = slot->value;
    free(slot->key);
    map->count--;

    gap = (size_t)(slot - map->slots);
    for (at = (gap + 1) & mask; map->slots[at].key != NULL; at = (at + 1) & mask) {
        size_t home = map->slots[at].hash & mask;

        if (((at - home) & mask) >= ((at - gap) & mask)) {
            map->slots[gap] = map->slots[at];
            gap = at;
        }
    }
    map->slots[gap] = (struct sw_textmap_slot){0};
    return value;
}

void *sw_textmap_next(const struct sw_textmap *map, size_t *at, const char **key)
{
    while (*at < map->size) {
        const struct sw_textmap_slot *slot = &map->slots[(*at)++];

        if (slot->key != NULL) {
            if (key != NULL)
                *key = slot->key;
            return slot->value;
        }
    }
    return NULL;
}
