#include "shardward/session/census.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct sw_database shop = {.name = "shop", .clients = 2};
static const struct sw_database store = {.name = "store"};

static bool enter(struct sw_census *census, const char *user,
                  const struct sw_database *database)
{
    struct sw_error err = {.sqlstate = ""};
    bool is_in = sw_census_enter(census, user, 1, database, &err);

    assert_string_equal(err.sqlstate, is_in ? "" : "53300");
    return is_in;
}

static void limits_of_users_and_databases_hold(void **state)
{
    struct sw_census *census = sw_census_create();

    assert_true(enter(census, "ann", &shop));
    assert_false(enter(census, "ann", &store));
    assert_true(enter(census, "bob", &shop));
    assert_false(enter(census, "cyd", &shop));
    assert_true(enter(census, "cyd", &store));
    sw_census_leave(census, "ann", "shop");
    assert_true(enter(census, "ann", &shop));
    sw_census_leave(census, "ann", "shop");
    sw_census_leave(census, "bob", "shop");
    sw_census_leave(census, "cyd", "store");
    sw_census_free(census);
}

/* That nothing is left is what sw_census_free() insists on. */
static void who_is_refused_leaves_nothing_behind(void **state)
{
    struct sw_census *census = sw_census_create();

    assert_true(enter(census, "ann", &shop));
    assert_true(enter(census, "bob", &shop));
    assert_false(enter(census, "cyd", &shop));
    assert_false(enter(census, "ann", &store));
    sw_census_leave(census, "ann", "shop");
    sw_census_leave(census, "bob", "shop");
    sw_census_free(census);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_of_users_and_databases_hold),
        cmocka_unit_test(who_is_refused_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
