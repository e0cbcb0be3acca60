#include "shardward/base/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct sw_settings *make(const char *const *names, size_t count)
{
    struct sw_settings *settings = NULL;

    for (size_t i = 0; i < count; i++)
        settings = sw_settings_with(settings, names[i], "1");
    return settings;
}

static void no_settings_are_an_empty_list(void **state)
{
    assert_null(sw_settings_get(NULL, "a"));
    assert_null(sw_settings_ref(NULL));
    assert_true(sw_settings_are_equal(NULL, NULL));
    assert_null(sw_settings_with(NULL, "a", NULL));
    sw_settings_unref(NULL);
}

static void a_setting_is_set_changed_and_dropped(void **state)
{
    struct sw_settings *settings = sw_settings_with(NULL, "b", "1");

    settings = sw_settings_with(settings, "a", "");
    settings = sw_settings_with(settings, "c", "3");
    settings = sw_settings_with(settings, "b", "2");
    assert_int_equal(settings->count, 3);
    assert_string_equal(sw_settings_get(settings, "a"), "");
    assert_string_equal(sw_settings_get(settings, "b"), "2");
    assert_string_equal(sw_settings_get(settings, "c"), "3");
    settings = sw_settings_with(settings, "b", NULL);
    assert_null(sw_settings_get(settings, "b"));
    settings = sw_settings_with(settings, "nowhere", NULL);
    assert_int_equal(settings->count, 2);
    settings = sw_settings_with(settings, "a", NULL);
    assert_null(sw_settings_with(settings, "c", NULL));
}

static void a_snapshot_stays_as_it_was(void **state)
{
    struct sw_settings *settings = sw_settings_with(NULL, "a", "1");
    struct sw_settings *snapshot = sw_settings_ref(settings);

    settings = sw_settings_with(settings, "a", "2");
    assert_string_equal(sw_settings_get(snapshot, "a"), "1");
    assert_string_equal(sw_settings_get(settings, "a"), "2");
    sw_settings_unref(settings);
    sw_settings_unref(snapshot);
}

static void a_copy_is_equal_and_shares_nothing(void **state)
{
    struct sw_settings *settings = sw_settings_with(NULL, "a", "1");
    struct sw_settings *copy;

    settings = sw_settings_with(settings, "b", "");
    copy = sw_settings_copy(settings);
    assert_true(sw_settings_are_equal(settings, copy));
    assert_ptr_not_equal(settings, copy);
    assert_ptr_not_equal(settings->list[0].value, copy->list[0].value);
    sw_settings_unref(settings);
    assert_string_equal(sw_settings_get(copy, "a"), "1");
    sw_settings_unref(copy);
    assert_null(sw_settings_copy(NULL));
}

static void the_order_of_changes_does_not_count(void **state)
{
    static const char *const forth[] = {"a", "b", "c"}, *const back[] = {"c", "b", "a"};
    struct sw_settings *one = make(forth, 3), *other = make(back, 3);

    assert_true(sw_settings_are_equal(one, other));
    assert_false(sw_settings_are_equal(one, NULL));
    other = sw_settings_with(other, "b", "2");
    assert_false(sw_settings_are_equal(one, other));
    other = sw_settings_with(sw_settings_with(other, "b", NULL), "d", "1");
    assert_false(sw_settings_are_equal(one, other));
    sw_settings_unref(one);
    sw_settings_unref(other);
}

static void lists_of_one_content_become_one(void **state)
{
    static const char *const names[] = {"a", "b"};
    struct sw_settings_shared shared = {0};
    struct sw_settings *first = sw_settings_share(&shared, make(names, 2));
    struct sw_settings *again = sw_settings_share(&shared, make(names, 2));
    struct sw_settings *other = sw_settings_share(&shared, make(names, 1));

    assert_ptr_equal(first, again);
    assert_ptr_not_equal(first, other);
    assert_int_equal(other->count, 1);
    assert_null(sw_settings_share(&shared, NULL));
    sw_settings_unref(first);
    sw_settings_unref(again);
    sw_settings_unref(other);
    sw_settings_shared_finish(&shared);
}

/* The first of them was used in between, the second was not. */
static void the_list_that_was_not_used_for_longest_is_left_out(void **state)
{
    struct sw_settings_shared shared = {0};
    struct sw_settings *lists[SW_SETTINGS_SHARED + 1], *first, *second;

    for (int i = 0; i <= SW_SETTINGS_SHARED; i++) {
        char name[] = {(char)('a' + i), '\0'};

        lists[i] = sw_settings_share(&shared, sw_settings_with(NULL, name, "1"));
        sw_settings_unref(sw_settings_share(&shared, sw_settings_with(NULL, "a", "1")));
    }
    first = sw_settings_share(&shared, sw_settings_with(NULL, "a", "1"));
    second = sw_settings_share(&shared, sw_settings_with(NULL, "b", "1"));
    assert_ptr_equal(first, lists[0]);
    assert_ptr_not_equal(second, lists[1]);
    for (int i = 0; i <= SW_SETTINGS_SHARED; i++)
        sw_settings_unref(lists[i]);
    sw_settings_unref(first);
    sw_settings_unref(second);
    sw_settings_shared_finish(&shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_settings_are_an_empty_list),
        cmocka_unit_test(a_setting_is_set_changed_and_dropped),
        cmocka_unit_test(a_snapshot_stays_as_it_was),
        cmocka_unit_test(a_copy_is_equal_and_shares_nothing),
        cmocka_unit_test(the_order_of_changes_does_not_count),
        cmocka_unit_test(lists_of_one_content_become_one),
        cmocka_unit_test(the_list_that_was_not_used_for_longest_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
