#include "shardward/base/cond.h"
#include "shardward/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_told;
} bell = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *tell(void *owner)
{
    (void)owner;
    (void)pthread_mutex_lock(&bell.lock);
    bell.is_told = true;
    (void)pthread_cond_broadcast(&bell.changed);
    (void)pthread_mutex_unlock(&bell.lock);
    return NULL;
}

/* Does somebody tell before @ms have passed? */
static bool hears_within(int ms)
{
    uint64_t until_ms = sw_cond_in_ms(ms);
    bool is_in_time = true;
    pthread_t teller;

    bell.is_told = false;
    (void)pthread_mutex_lock(&bell.lock);
    assert_int_equal(pthread_create(&teller, NULL, tell, NULL), 0);
    while (!bell.is_told && is_in_time)
        is_in_time = sw_cond_wait(&bell.changed, &bell.lock, until_ms);
    (void)pthread_mutex_unlock(&bell.lock);
    (void)pthread_join(teller, NULL);
    return is_in_time;
}

static void who_is_told_goes_on(void **state)
{
    (void)state;
    assert_true(hears_within(60000));
    assert_true(hears_within(SW_COND_FOR_EVER));
}

static void a_time_that_has_come_ends_the_wait(void **state)
{
    uint64_t before_ms = sw_clock_ms();

    (void)state;
    (void)pthread_mutex_lock(&bell.lock);
    while (sw_cond_wait(&bell.changed, &bell.lock, before_ms + 5))
        continue;
    assert_true(sw_clock_ms() >= before_ms + 5);
    assert_false(sw_cond_wait(&bell.changed, &bell.lock, before_ms));
    (void)pthread_mutex_unlock(&bell.lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_told_goes_on),
        cmocka_unit_test(a_time_that_has_come_ends_the_wait),
    };

    sw_cond_init(&bell.changed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
