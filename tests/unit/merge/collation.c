/* What sorts before what is told by a server: see tests/integration/test_orders.py. */
#include "shardward/merge/merger.h"

#include "rows_of.h"

#include <gnu/libc-version.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void what_is_not_surely_the_same_is_refused(void **state)
{
    const struct {
        const char *locale, *version, *detail;
    } rows[] = {
        {"C.UTF-8", NULL, "The server does not tell the version of its C library."},
        {"C.UTF-8", "1.0", NULL},
        {"C.UTF-8", "", NULL},
        {"xx_XX.UTF-8", gnu_get_libc_version(), "This machine does not have its locale."},
        {"C", gnu_get_libc_version(), "The encoding of its locale is not UTF-8."},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sw_error err;

        assert_null(sw_collation_open(rows[i].locale, rows[i].version, &err));
        assert_true(sw_error_is(&err, "0A000"));
        if (rows[i].detail != NULL)
            assert_string_equal(err.detail, rows[i].detail);
    }
}

static struct sw_collation *code_points(void)
{
    struct sw_error err;
    struct sw_collation *collation = sw_collation_open("C.UTF-8", gnu_get_libc_version(), &err);

    if (collation == NULL)
        fail_msg("%s", err.detail);
    return collation;
}

static int compare(const struct sw_collation *collation, const char *a, size_t a_len,
                   const char *b, size_t b_len)
{
    return sw_collation_compare(collation, (const uint8_t *)a, a_len, (const uint8_t *)b,
                                b_len);
}

static void texts_are_compared_up_to_their_lengths(void **state)
{
    struct sw_collation *collation = code_points();

    assert_int_equal(compare(collation, "abX", 2, "abY", 2), 0);
    assert_true(compare(collation, "abY", 2, "abX", 3) < 0);
    assert_true(compare(collation, "b", 1, "abc", 3) > 0);
    assert_true(compare(collation, "", 0, "a", 1) < 0);
    assert_int_equal(compare(collation, NULL, 0, "", 0), 0);
    sw_collation_unref(collation);
}

static void long_texts_are_compared_whole(void **state)
{
    static const size_t lengths[] = {1022, 1023, 1024, 1025, 100000};
    static char a[100000], b[100000];
    struct sw_collation *collation = code_points();

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        const size_t len = lengths[i];

        memset(a, 'a', len);
        memset(b, 'a', len);
        assert_int_equal(compare(collation, a, len, b, len), 0);
        assert_true(compare(collation, a, len - 1, b, len) < 0);
        b[len - 1] = 'b';
        assert_true(compare(collation, a, len, b, len) < 0);
        assert_true(compare(collation, b, len, a, len) > 0);
    }
    sw_collation_unref(collation);
}

static void feed(struct sw_merger *merger, int source, const char *text)
{
    struct sw_error err;
    struct sw_buf bytes;

    sw_buf_init(&bytes, SIZE_MAX);
    put_rows(&bytes, text);
    assert_true(sw_merger_feed(merger, source, sw_buf_bytes(&bytes), sw_buf_len(&bytes), &err));
    assert_true(sw_merger_end(merger, source, &err));
    sw_buf_finish(&bytes);
}

static void a_merger_sorts_by_a_collation_of_which_it_has_a_reference(void **state)
{
    struct sw_collation *collation = code_points();
    const struct sw_merge_key key = {.order = SW_ORDER_BYTES, .collation = collation};
    const struct sw_merge_recipe recipe = {2, 2, &key, 1, 0, -1};
    struct sw_merger *merger = sw_merger_create(&recipe, 2, 1000);
    struct sw_buf out, expected;

    sw_collation_unref(collation);
    sw_buf_init(&out, SIZE_MAX);
    sw_buf_init(&expected, SIZE_MAX);
    put_rows(&expected, "B,y a,x aa,y b,x \xc3\xa9,x -,y");
    feed(merger, 0, "a,x b,x \xc3\xa9,x");
    feed(merger, 1, "B,y aa,y -,y");
    assert_int_equal(sw_merger_pull(merger, &out, SIZE_MAX), 6);
    assert_int_equal(sw_buf_len(&out), sw_buf_len(&expected));
    assert_memory_equal(sw_buf_bytes(&out), sw_buf_bytes(&expected), sw_buf_len(&expected));
    sw_buf_finish(&out);
    sw_buf_finish(&expected);
    sw_merger_destroy(merger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_surely_the_same_is_refused),
        cmocka_unit_test(texts_are_compared_up_to_their_lengths),
        cmocka_unit_test(long_texts_are_compared_whole),
        cmocka_unit_test(a_merger_sorts_by_a_collation_of_which_it_has_a_reference),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
