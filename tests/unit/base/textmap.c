#include "shardward/base/textmap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char one[] = "one", two[] = "two";

static void an_empty_map_has_nothing(void **state)
{
    struct sw_textmap map;
    size_t at = 0;

    sw_textmap_init(&map);
    assert_null(sw_textmap_get(&map, "a"));
    assert_null(sw_textmap_remove(&map, "a"));
    assert_null(sw_textmap_next(&map, &at, NULL));
    sw_textmap_finish(&map);
}

static void a_key_keeps_its_last_value(void **state)
{
    struct sw_textmap map;

    sw_textmap_init(&map);
    assert_null(sw_textmap_put(&map, "a", one));
    assert_ptr_equal(sw_textmap_put(&map, "a", two), one);
    assert_ptr_equal(sw_textmap_get(&map, "a"), two);
    assert_null(sw_textmap_get(&map, "A"));
    assert_null(sw_textmap_get(&map, ""));
    assert_int_equal(map.count, 1);
    assert_null(sw_textmap_remove(&map, "b"));
    assert_ptr_equal(sw_textmap_remove(&map, "a"), two);
    assert_null(sw_textmap_remove(&map, "a"));
    assert_null(sw_textmap_get(&map, "a"));
    assert_int_equal(map.count, 0);
    sw_textmap_finish(&map);
}

static void keys_are_copied(void **state)
{
    struct sw_textmap map;
    char key[] = "key";

    sw_textmap_init(&map);
    (void)sw_textmap_put(&map, key, one);
    key[0] = 'x';
    assert_ptr_equal(sw_textmap_get(&map, "key"), one);
    assert_null(sw_textmap_get(&map, "xey"));
    sw_textmap_finish(&map);
}

enum { KEYS = 64 };

static const char *name_of(unsigned number)
{
    static char name[16];

    (void)snprintf(name, sizeof name, "k%u", number);
    return name;
}

static void expect(const struct sw_textmap *map, void *const *values)
{
    size_t at = 0, count = 0, walked = 0;
    const char *key;
    void *value;

    for (unsigned i = 0; i < KEYS; i++) {
        assert_ptr_equal(sw_textmap_get(map, name_of(i)), values[i]);
        count += values[i] != NULL;
    }
    while ((value = sw_textmap_next(map, &at, &key)) != NULL) {
        assert_ptr_equal(sw_textmap_get(map, key), value);
        walked++;
    }
    assert_int_equal(map->count, count);
    assert_int_equal(walked, count);
}

/* Against a plain array, as removal moves other entries. */
static void any_order_of_puts_and_removals_is_right(void **state)
{
    void *values[KEYS] = {NULL};
    struct sw_textmap map;
    uint32_t random = 1;

    sw_textmap_init(&map);
    for (int step = 0; step < 5000; step++) {
        unsigned number;
        void *value;

        random = random * 1664525 + 1013904223;
        number = random >> 8 & (KEYS - 1);
        value = random >> 16 & 1 ? one : two;
        if (random >> 20 & 1) {
            assert_ptr_equal(sw_textmap_put(&map, name_of(number), value), values[number]);
            values[number] = value;
        } else {
            assert_ptr_equal(sw_textmap_remove(&map, name_of(number)), values[number]);
            values[number] = NULL;
        }
        expect(&map, values);
    }
    sw_textmap_finish(&map);
}

static void many_keys_fit(void **state)
{
    struct sw_textmap map;

    sw_textmap_init(&map);
    for (unsigned i = 0; i < 10000; i++)
        assert_null(sw_textmap_put(&map, name_of(i), one));
    assert_int_equal(map.count, 10000);
    for (unsigned i = 0; i < 10000; i++)
        assert_ptr_equal(sw_textmap_get(&map, name_of(i)), one);
    assert_null(sw_textmap_get(&map, name_of(10000)));
    sw_textmap_finish(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_map_has_nothing),
        cmocka_unit_test(a_key_keeps_its_last_value),
        cmocka_unit_test(keys_are_copied),
        cmocka_unit_test(any_order_of_puts_and_removals_is_right),
        cmocka_unit_test(many_keys_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
