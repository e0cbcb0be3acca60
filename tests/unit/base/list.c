#include "shardward/base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

struct item {
    int number;
    struct sw_link link;
};

static void expect(const struct sw_link *list, const int *numbers, size_t count)
{
    const struct sw_link *link = list->next;

    for (size_t i = 0; i < count; i++, link = link->next) {
        assert_ptr_not_equal(link, list);
        assert_int_equal(SW_OWNER(link, struct item, link)->number, numbers[i]);
        assert_ptr_equal(link->prev->next, link);
    }
    assert_ptr_equal(link, list);
}

static void an_empty_list_has_no_ends(void **state)
{
    struct sw_link list;

    sw_link_init(&list);
    assert_null(sw_list_first(&list));
    assert_null(sw_list_last(&list));
    assert_false(sw_link_is_linked(&list));
}

static void links_keep_their_order(void **state)
{
    static const int all[] = {3, 1, 2}, without_one[] = {3, 2};
    struct item items[3] = {{.number = 1}, {.number = 2}, {.number = 3}};
    struct sw_link list;

    sw_link_init(&list);
    sw_list_push_back(&list, &items[0].link);
    sw_list_push_back(&list, &items[1].link);
    sw_list_push_front(&list, &items[2].link);
    expect(&list, all, 3);
    assert_ptr_equal(sw_list_first(&list), &items[2].link);
    assert_ptr_equal(sw_list_last(&list), &items[1].link);

    sw_link_remove(&items[0].link);
    assert_false(sw_link_is_linked(&items[0].link));
    assert_true(sw_link_is_linked(&items[1].link));
    expect(&list, without_one, 2);
    sw_link_remove(&items[0].link);
    expect(&list, without_one, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_list_has_no_ends),
        cmocka_unit_test(links_keep_their_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
