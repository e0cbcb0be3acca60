/*
 * arena - memory that dies together.
 *
 * The arena owns all that was taken from it until finish or reset; nothing is freed singly.
 * Running out of memory is fatal.
 *
 * An arena may begin in memory that its caller lends (of his stack, say), and takes from the
 * heap only what does not fit there.
 */
#ifndef SW_BASE_ARENA_H
#define SW_BASE_ARENA_H

#include <stddef.h>

struct sw_arena_block;

struct sw_arena {
    struct sw_arena_block *blocks; /* newest first */
    size_t used;                   /* bytes handed out of the newest block */
    struct sw_arena_block *lent;   /* the block that is not ours to free; NULL: none */
};

void sw_arena_init(struct sw_arena *arena);
/* Begin in @memory, aligned for any type and borrowed until finish; a @size below what a
 * block's head takes is of no use. */
void sw_arena_init_over(struct sw_arena *arena, void *memory, size_t size);
void sw_arena_finish(struct sw_arena *arena);

/* Bytes that it holds of the heap. */
size_t sw_arena_size(const struct sw_arena *arena);

/* Zeroed and aligned for any type. */
void *sw_arena_alloc(struct sw_arena *arena, size_t size);
/* A copy of @len bytes with a zero byte behind them. */
char *sw_arena_text(struct sw_arena *arena, const char *text, size_t len);
char *sw_arena_strdup(struct sw_arena *arena, const char *text);

#endif
