#include "shardward/plan/cache.h"

#include "shardward/base/mem.h"
#include "shardward/plan/scatter.h"

#include "unit/plan/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { LIMIT = 1024 * 1024 };

static struct sw_map *map;
static struct sw_plan_context context;

static int build(void **state)
{
    struct sw_config_faults faults;
    struct sw_config *config = sw_config_read(BOOKING_YAML, &faults);

    if (config == NULL)
        return -1;
    map = sw_map_build(config);
    context = (struct sw_plan_context){.database = sw_map_database(map, "booking"),
                                       .user = sw_map_user(map, "booking"),
                                       .is_search_path_plain = true,
                                       .map = map};
    return 0;
}

static int drop(void **state)
{
    sw_map_unref(map);
    return 0;
}

static struct sw_planned *get(struct sw_plan_cache *cache, const char *text)
{
    struct sw_error err;

    return sw_plan_cache_get(cache, &context, text, strlen(text), &err);
}

/* Is @text found again? */
static bool has(struct sw_plan_cache *cache, const char *text)
{
    uint64_t hits = sw_plan_cache_counters(cache)->hits;

    sw_planned_unref(get(cache, text));
    return sw_plan_cache_counters(cache)->hits > hits;
}

static const char *numbered(int number)
{
    static char text[100];

    (void)snprintf(text, sizeof text, "SELECT name FROM patients WHERE patient_id = %d",
                   number);
    return text;
}

static void a_text_is_parsed_once(void **state)
{
    struct sw_plan_cache *cache = sw_plan_cache_create(LIMIT);
    struct sw_planned *first = get(cache, numbered(1)), *again = get(cache, numbered(1));

    assert_ptr_equal(first, again);
    assert_int_equal(first->script->count, 1);
    assert_non_null(first->plan);
    assert_int_equal(sw_plan_cache_counters(cache)->hits, 1);
    assert_int_equal(sw_plan_cache_counters(cache)->misses, 1);
    sw_planned_unref(first);
    sw_planned_unref(again);
    sw_plan_cache_free(cache);
}

static void another_context_is_another_plan(void **state)
{
    const struct sw_plan_context others[] = {
        {context.database, context.user, false, false, NULL, map, NULL},
        {context.database, context.user, true, true, NULL, map, NULL},
        {NULL, context.user, true, false, NULL, map, NULL},
        {context.database, NULL, true, false, NULL, map, NULL},
    };
    struct sw_plan_cache *cache = sw_plan_cache_create(LIMIT);
    struct sw_planned *planned = get(cache, "SELECT 1");

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct sw_error err;
        struct sw_planned *other = sw_plan_cache_get(cache, &others[i], "SELECT 1", 8, &err);

        assert_non_null(other);
        assert_ptr_not_equal(planned, other);
        assert_false(sw_plan_context_is_equal(&planned->context, &other->context));
        sw_planned_unref(other);
    }
    assert_true(has(cache, "SELECT 1"));
    sw_planned_unref(planned);
    sw_plan_cache_free(cache);
}

static void what_has_no_plan_is_kept_too(void **state)
{
    static const char *const texts[] = {"", "SELECT 1; SELECT 2", "COPY patients TO 'a'",
                                        "SELECT * FROM nothing_known"};
    struct sw_plan_cache *cache = sw_plan_cache_create(LIMIT);

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct sw_planned *planned = get(cache, texts[i]);

        assert_null(planned->plan);
        assert_true(has(cache, texts[i]));
        sw_planned_unref(planned);
    }
    sw_plan_cache_free(cache);
}

static void what_cannot_be_parsed_is_an_error_each_time(void **state)
{
    struct sw_plan_cache *cache = sw_plan_cache_create(LIMIT);

    for (int i = 0; i < 2; i++) {
        struct sw_error err;

        assert_null(sw_plan_cache_get(cache, &context, "SELEC", 5, &err));
        assert_string_equal(err.sqlstate, "42601");
    }
    assert_int_equal(sw_plan_cache_counters(cache)->entries, 0);
    sw_plan_cache_free(cache);
}

static void the_limit_holds_and_the_longest_unused_goes(void **state)
{
    struct sw_plan_cache *cache = sw_plan_cache_create(LIMIT);
    const struct sw_plan_counters *counters = sw_plan_cache_counters(cache);

    for (int i = 0; i < 1000; i++) {
        sw_planned_unref(get(cache, numbered(i)));
        sw_planned_unref(get(cache, numbered(0)));
        assert_in_range(counters->bytes, 1, LIMIT + LIMIT / 8);
    }
    assert_true(counters->evictions > 0);
    assert_int_equal(counters->entries + counters->evictions, 1000);
    assert_true(has(cache, numbered(999)));
    assert_true(has(cache, numbered(0)));
    assert_false(has(cache, numbered(1)));
    sw_plan_cache_free(cache);
}

static void without_a_limit_to_fill_nothing_is_kept(void **state)
{
    struct sw_plan_cache *cache = sw_plan_cache_create(0);

    sw_planned_unref(get(cache, numbered(1)));
    assert_false(has(cache, numbered(1)));
    assert_int_equal(sw_plan_cache_counters(cache)->entries, 0);
    sw_plan_cache_free(cache);
}

static void a_text_that_would_fill_the_cache_is_not_kept(void **state)
{
    static char text[LIMIT / 8];
    struct sw_plan_cache *cache = sw_plan_cache_create(LIMIT);

    memset(text, ' ', sizeof text - 1);
    memcpy(text, "SELECT 1", 8);
    sw_planned_unref(get(cache, text));
    assert_false(has(cache, text));
    sw_plan_cache_free(cache);
}

/* Of @size bytes or a few more. */
static struct sw_recipe *make_recipe(size_t size)
{
    struct sw_recipe *recipe = sw_alloc_zero(1, sizeof *recipe);

    recipe->refs = 1;
    sw_arena_init(&recipe->arena);
    (void)sw_arena_alloc(&recipe->arena, size);
    return recipe;
}

static void recipes_count_among_the_bytes(void **state)
{
    static const char text[] = "SELECT name FROM patients";
    enum { SIZE = LIMIT / 64 };
    struct sw_plan_cache *cache = sw_plan_cache_create(LIMIT);
    const struct sw_plan_counters *counters = sw_plan_cache_counters(cache);
    struct sw_planned *planned = get(cache, text);
    struct sw_recipe *recipe = make_recipe(SIZE), *found;
    uint64_t before = counters->bytes;

    sw_plan_cache_keep_recipe(cache, planned, text, NULL, 0, recipe);
    assert_in_range(counters->bytes, before + SIZE, before + 2 * SIZE);
    found = sw_planned_recipe(planned, text, NULL, 0);
    assert_ptr_equal(found, recipe);
    sw_plan_cache_drop_recipe(cache, planned, recipe);
    assert_in_range(counters->bytes, before, before + SIZE);
    assert_null(sw_planned_recipe(planned, text, NULL, 0));
    sw_recipe_unref(found);
    sw_recipe_unref(recipe);
    sw_planned_unref(planned);
    sw_plan_cache_free(cache);
}

static void a_recipe_that_asks_the_clients_text_is_that_of_other_literals(void **state)
{
    static const char one[] = "SELECT name FROM patients WHERE visits = 1";
    static const char other[] = "SELECT name FROM patients WHERE visits = 2";
    struct sw_plan_cache *cache = sw_plan_cache_create(LIMIT);
    struct sw_planned *planned = get(cache, one);
    struct sw_recipe *recipe = make_recipe(1);

    sw_plan_cache_keep_recipe(cache, planned, one, NULL, 0, recipe);
    assert_null(sw_planned_recipe(planned, other, NULL, 0));
    recipe->asks_clients_text = true;
    assert_ptr_equal(sw_planned_recipe(planned, other, NULL, 0), recipe);
    sw_recipe_unref(recipe);
    sw_recipe_unref(recipe);
    sw_planned_unref(planned);
    sw_plan_cache_free(cache);
}

static void recipes_make_room_like_texts(void **state)
{
    struct sw_plan_cache *cache = sw_plan_cache_create(LIMIT);
    const struct sw_plan_counters *counters = sw_plan_cache_counters(cache);

    for (int i = 0; i < 200; i++) {
        struct sw_planned *planned = get(cache, numbered(i));
        struct sw_recipe *recipe = make_recipe(LIMIT / 32);

        sw_plan_cache_keep_recipe(cache, planned, numbered(i), NULL, 0, recipe);
        assert_in_range(counters->bytes, 1, LIMIT + LIMIT / 8);
        sw_recipe_unref(recipe);
        sw_planned_unref(planned);
    }
    assert_true(counters->evictions > 100);
    sw_plan_cache_free(cache);
}

static void what_recipes_make_too_large_is_not_kept(void **state)
{
    struct sw_plan_cache *cache = sw_plan_cache_create(LIMIT);
    struct sw_planned *planned = get(cache, numbered(1));
    struct sw_recipe *recipe = make_recipe(LIMIT / 16 - 1024);

    sw_plan_cache_keep_recipe(cache, planned, numbered(1), NULL, 0, recipe);
    assert_int_equal(sw_plan_cache_counters(cache)->entries, 0);
    sw_plan_cache_drop_recipe(cache, planned, recipe);
    sw_planned_unref(planned);
    sw_recipe_unref(recipe);
    sw_plan_cache_free(cache);
}

static void what_is_in_use_outlives_the_cache(void **state)
{
    struct sw_plan_cache *cache = sw_plan_cache_create(LIMIT);
    struct sw_planned *planned = get(cache, numbered(42));
    struct sw_route route;
    struct sw_error err;

    sw_plan_cache_clear(cache);
    assert_int_equal(sw_plan_cache_counters(cache)->entries, 0);
    assert_false(has(cache, numbered(42)));
    sw_plan_cache_free(cache);
    assert_true(sw_plan_locate(planned->plan, NULL, &route, &err));
    assert_string_equal(route.shard->name, "users_3");
    sw_planned_unref(planned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_parsed_once),
        cmocka_unit_test(another_context_is_another_plan),
        cmocka_unit_test(what_has_no_plan_is_kept_too),
        cmocka_unit_test(what_cannot_be_parsed_is_an_error_each_time),
        cmocka_unit_test(the_limit_holds_and_the_longest_unused_goes),
        cmocka_unit_test(without_a_limit_to_fill_nothing_is_kept),
        cmocka_unit_test(a_text_that_would_fill_the_cache_is_not_kept),
        cmocka_unit_test(recipes_count_among_the_bytes),
        cmocka_unit_test(a_recipe_that_asks_the_clients_text_is_that_of_other_literals),
        cmocka_unit_test(recipes_make_room_like_texts),
        cmocka_unit_test(what_recipes_make_too_large_is_not_kept),
        cmocka_unit_test(what_is_in_use_outlives_the_cache),
    };

    return cmocka_run_group_tests_name("cache", tests, build, drop);
}
