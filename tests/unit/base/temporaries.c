#include "shardward/base/temporaries.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct sw_shard {
    char name;
};

static const struct sw_shard shards[] = {{'A'}, {'B'}, {'C'}};

static struct sw_temporaries *add(struct sw_temporaries *list, const char *name,
                                  const char *table, int shard, bool is_dropped_at_commit)
{
    return sw_temporaries_with(
        list, &(struct sw_temporary){name, table, &shards[shard], is_dropped_at_commit});
}

/* t on A with index i; u on B until commit, with index j. */
static struct sw_temporaries *make(void)
{
    struct sw_temporaries *list = add(add(NULL, "t", NULL, 0, false), "i", "t", 0, false);

    return add(add(list, "u", NULL, 1, true), "j", "u", 1, false);
}

static void expect(struct sw_temporaries *list, const char *expected)
{
    char shown[64] = "";

    for (int i = 0; list != NULL && i < list->count; i++)
        (void)snprintf(shown + strlen(shown), sizeof shown - strlen(shown), "%s@%c ",
                       list->list[i].name, list->list[i].shard->name);
    assert_string_equal(shown, expected);
    sw_temporaries_unref(list);
}

static void a_change_makes_the_next_list(void **state)
{
    expect(make(), "t@A i@A u@B j@B ");
    expect(add(make(), "t", NULL, 2, false), "t@A i@A u@B j@B ");
    expect(sw_temporaries_without(make(), "t"), "u@B j@B ");
    expect(sw_temporaries_without(make(), "i"), "t@A u@B j@B ");
    expect(sw_temporaries_without(make(), "x"), "t@A i@A u@B j@B ");
    expect(sw_temporaries_without(sw_temporaries_renamed(make(), "t", "x"), "x"), "u@B j@B ");
    expect(sw_temporaries_renamed(make(), "j", "k"), "t@A i@A u@B k@B ");
    expect(sw_temporaries_committed(make()), "t@A i@A ");
    expect(sw_temporaries_committed(sw_temporaries_without(make(), "t")), "");
    assert_null(sw_temporaries_without(add(NULL, "t", NULL, 0, false), "t"));
    assert_null(sw_temporaries_committed(NULL));
}

static void a_list_stays_as_it_was(void **state)
{
    struct sw_temporaries *before = make(), *after;

    after = sw_temporaries_without(sw_temporaries_ref(before), "t");
    assert_int_not_equal(before->serial, after->serial);
    assert_null(sw_temporaries_find(after, "i"));
    assert_ptr_equal(sw_temporaries_find(before, "i")->shard, &shards[0]);
    assert_true(sw_temporaries_are_on(before, &shards[0]));
    assert_false(sw_temporaries_are_on(after, &shards[0]));
    assert_false(sw_temporaries_are_on(NULL, &shards[0]));
    expect(after, "u@B j@B ");
    expect(before, "t@A i@A u@B j@B ");
}

/* A moves to C, and B is no longer there. */
static const struct sw_shard *find(const void *owner, const struct sw_shard *shard)
{
    return shard == &shards[0] ? owner : NULL;
}

static void shards_move(void **state)
{
    expect(sw_temporaries_moved(make(), find, &shards[2]), "t@C i@C ");
    assert_null(sw_temporaries_moved(NULL, find, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_makes_the_next_list),
        cmocka_unit_test(a_list_stays_as_it_was),
        cmocka_unit_test(shards_move),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
