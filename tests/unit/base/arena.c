#include "shardward/base/arena.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void memory_is_zeroed_and_aligned(void **state)
{
    static const uint8_t zeros[5000];
    struct sw_arena arena;

    sw_arena_init(&arena);
    for (size_t size = 1; size <= sizeof zeros; size = size * 3 + 1) {
        void *memory = sw_arena_alloc(&arena, size);

        assert_int_equal((uintptr_t)memory % alignof(max_align_t), 0);
        assert_memory_equal(memory, zeros, size);
        memset(memory, 0xff, size);
    }
    sw_arena_finish(&arena);
}

static void pieces_do_not_overlap(void **state)
{
    enum { COUNT = 500 };
    uint8_t *pieces[COUNT];
    struct sw_arena arena;

    sw_arena_init(&arena);
    for (int i = 0; i < COUNT; i++) {
        pieces[i] = sw_arena_alloc(&arena, (size_t)i + 1);
        memset(pieces[i], i & 0xff, (size_t)i + 1);
    }
    for (int i = 0; i < COUNT; i++)
        for (int at = 0; at <= i; at++)
            assert_int_equal(pieces[i][at], i & 0xff);
    sw_arena_finish(&arena);
}

static void texts_are_copied(void **state)
{
    char source[] = "abcdef";
    struct sw_arena arena;
    const char *part, *whole, *none;

    sw_arena_init(&arena);
    part = sw_arena_text(&arena, source, 3);
    whole = sw_arena_strdup(&arena, source);
    none = sw_arena_text(&arena, "", 0);
    memset(source, 'x', sizeof source - 1);
    assert_string_equal(part, "abc");
    assert_string_equal(whole, "abcdef");
    assert_string_equal(none, "");
    sw_arena_finish(&arena);
}

static void an_arena_can_be_used_after_its_end(void **state)
{
    struct sw_arena arena;

    sw_arena_init(&arena);
    sw_arena_finish(&arena);
    (void)sw_arena_alloc(&arena, 10);
    sw_arena_finish(&arena);
    assert_string_equal(sw_arena_strdup(&arena, "again"), "again");
    sw_arena_finish(&arena);
}

/* Smaller than a block's head, barely larger, and large. */
static void lent_memory_comes_first_and_is_not_freed(void **state)
{
    static const size_t sizes[] = {0, 8, 31, 32, 1000};
    alignas(max_align_t) uint8_t memory[1000];

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct sw_arena arena;
        uint8_t *first;

        sw_arena_init_over(&arena, memory, sizes[i]);
        first = sw_arena_alloc(&arena, 16);
        assert_int_equal(first >= memory && first < memory + sizeof memory, sizes[i] >= 32);
        for (int piece = 0; piece < 100; piece++)
            memset(sw_arena_alloc(&arena, 100), 0xff, 100);
        sw_arena_finish(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_and_aligned),
        cmocka_unit_test(pieces_do_not_overlap),
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(lent_memory_comes_first_and_is_not_freed),
        cmocka_unit_test(an_arena_can_be_used_after_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
