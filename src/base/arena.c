#include "shardward/base/arena.h"

#include "shardward/base/mem.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

enum { FIRST_BLOCK = 1024, LARGEST_BLOCK = 64 * 1024 };

struct sw_arena_block {
    struct sw_arena_block *older;
    size_t size;
    alignas(max_align_t) uint8_t bytes[];
};

void sw_arena_init(struct sw_arena *arena)
{
    *arena = (struct sw_arena){0};
}

void sw_arena_init_over(struct sw_arena *arena, void *memory, size_t size)
{
    struct sw_arena_block *block = memory;

    sw_arena_init(arena);
    if (size <= sizeof *block)
        return;
    block->older = NULL;
    block->size = size - sizeof *block;
    arena->blocks = arena->lent = block;
}

void sw_arena_finish(struct sw_arena *arena)
{
    while (arena->blocks != NULL) {
        struct sw_arena_block *older = arena->blocks->older;

        if (arena->blocks != arena->lent)
            free(arena->blocks);
        arena->blocks = older;
    }
    sw_arena_init(arena);
}

size_t sw_arena_size(const struct sw_arena *arena)
{
    size_t size = 0;

    for (const struct sw_arena_block *block = arena->blocks; block != NULL;
         block = block->older)
        if (block != arena->lent)
            size += sizeof *block + block->size;
    return size;
}

static void add_block(struct sw_arena *arena, size_t least)
{
    size_t size = arena->blocks == NULL ? FIRST_BLOCK : arena->blocks->size * 2;
    struct sw_arena_block *block;

    if (size > LARGEST_BLOCK)
        size = LARGEST_BLOCK;
    if (size < least)
        size = least;
    block = sw_alloc(sizeof *block + size);
    block->older = arena->blocks;
    block->size = size;
    arena->blocks = block;
    arena->used = 0;
}

void *sw_arena_alloc(struct sw_arena *arena, size_t size)
{
    const size_t align = alignof(max_align_t);
    void *memory;

    size = (size + align - 1) / align * align;
    if (arena->blocks == NULL || arena->blocks->size - arena->used < size)
        add_block(arena, size);
    memory = arena->blocks->bytes + arena->used;
    arena->used += size;
    return memset(memory, 0, size);
}

char *sw_arena_text(struct sw_arena *arena, const char *text, size_t len)
{
    char *copy = sw_arena_alloc(arena, len + 1);

    memcpy(copy, text, len);
    return copy;
}

char *sw_arena_strdup(struct sw_arena *arena, const char *text)
{
    return sw_arena_text(arena, text, strlen(text));
}
