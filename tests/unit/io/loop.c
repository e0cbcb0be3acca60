#include "shardward/io/loop.h"

#include "turns.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* Whatever is called writes down its letter. */
struct diary {
    char text[64];
};

struct writer {
    struct diary *diary;
    char letter;
    struct sw_loop *stops; /* this loop, when it is called; NULL: none */
    struct sw_loop *loop;  /* where `posts` is posted */
    struct sw_task *posts; /* when it is called; NULL: none */
    struct sw_task *cancels;
    struct sw_task task;
};

static void on_called(void *owner)
{
    struct writer *writer = owner;
    size_t len = strlen(writer->diary->text);

    if (len < sizeof writer->diary->text - 1)
        writer->diary->text[len] = writer->letter;
    if (writer->posts != NULL)
        sw_task_post(writer->loop, writer->posts);
    if (writer->cancels != NULL)
        sw_task_cancel(writer->cancels);
    if (writer->stops != NULL)
        sw_loop_stop(writer->stops);
}

static void init_writers(struct writer *writers, size_t count, struct diary *diary,
                         struct sw_loop *loop)
{
    memset(diary, 0, sizeof *diary);
    for (size_t i = 0; i < count; i++) {
        writers[i] = (struct writer){.diary = diary, .letter = (char)('a' + i), .loop = loop};
        sw_task_init(&writers[i].task, on_called, &writers[i]);
    }
}

static void a_loop_that_never_ran_can_be_destroyed(void **state)
{
    struct sw_loop *loop = sw_loop_create();

    assert_non_null(loop);
    sw_loop_destroy(loop);
    sw_loop_destroy(NULL);
}

static void tasks_run_once_in_the_order_they_were_posted(void **state)
{
    struct writer writers[3];
    struct diary diary;
    struct turns turns;

    turns_init(&turns);
    init_writers(writers, 3, &diary, turns.loop);
    sw_task_post(turns.loop, &writers[1].task);
    sw_task_post(turns.loop, &writers[0].task);
    sw_task_post(turns.loop, &writers[2].task);
    sw_task_post(turns.loop, &writers[1].task);
    assert_string_equal(diary.text, "");
    turns_run(&turns);
    assert_string_equal(diary.text, "bac");
    sw_task_post(turns.loop, &writers[0].task);
    turns_run(&turns);
    assert_string_equal(diary.text, "baca");
    turns_finish(&turns);
}

static void a_cancelled_task_does_not_run(void **state)
{
    struct writer writers[3];
    struct diary diary;
    struct turns turns;

    turns_init(&turns);
    init_writers(writers, 3, &diary, turns.loop);
    sw_task_cancel(&writers[0].task);
    for (size_t i = 0; i < 3; i++)
        sw_task_post(turns.loop, &writers[i].task);
    sw_task_cancel(&writers[1].task);
    writers[0].cancels = &writers[2].task;
    turns_run(&turns);
    assert_string_equal(diary.text, "a");
    turns_finish(&turns);
}

/* The loop would wait for ever for the timer of a year if it waited before the tasks. */
static void tasks_run_before_the_loop_waits(void **state)
{
    struct writer writers[3];
    struct diary diary;
    struct turns turns;
    struct sw_timer *timer;

    turns_init(&turns);
    init_writers(writers, 3, &diary, turns.loop);
    timer = sw_timer_create(turns.loop, on_called, &writers[2]);
    sw_timer_start(timer, (uint64_t)365 * 24 * 3600 * 1000);
    writers[0].posts = &writers[1].task;
    writers[1].stops = turns.loop;
    sw_task_post(turns.loop, &writers[0].task);
    sw_loop_run(turns.loop);
    assert_string_equal(diary.text, "ab");
    sw_timer_close(timer);
    turns_finish(&turns);
}

static void what_was_posted_before_the_end_still_runs(void **state)
{
    struct sw_loop *loop = sw_loop_create();
    struct writer writers[2];
    struct diary diary;

    init_writers(writers, 2, &diary, loop);
    writers[0].posts = &writers[1].task;
    sw_task_post(loop, &writers[0].task);
    sw_loop_destroy(loop);
    assert_string_equal(diary.text, "ab");
}

static void a_loop_that_is_stopped_when_it_no_longer_runs_can_be_destroyed(void **state)
{
    struct sw_loop *loop = sw_loop_create();
    struct writer writers[1];
    struct diary diary;

    init_writers(writers, 1, &diary, loop);
    writers[0].stops = loop;
    sw_timer_close(sw_timer_create(loop, on_called, &writers[0]));
    sw_loop_stop(loop);
    sw_loop_destroy(loop);
    assert_string_equal(diary.text, "");
    loop = sw_loop_create();
    writers[0].stops = loop;
    sw_task_post(loop, &writers[0].task);
    sw_loop_destroy(loop);
    assert_string_equal(diary.text, "a");
}

static void a_stopped_loop_can_be_run_again(void **state)
{
    struct writer writers[1];
    struct diary diary;
    struct turns turns;

    turns_init(&turns);
    init_writers(writers, 1, &diary, turns.loop);
    writers[0].stops = turns.loop;
    for (int i = 0; i < 3; i++) {
        sw_task_post(turns.loop, &writers[0].task);
        sw_loop_run(turns.loop);
    }
    assert_string_equal(diary.text, "aaa");
    turns_finish(&turns);
}

static void timers_are_due_once_in_the_order_of_their_delays(void **state)
{
    static const uint64_t delays_ms[] = {20, 1, 10, 0};
    enum { COUNT = sizeof delays_ms / sizeof *delays_ms };
    struct sw_timer *timers[COUNT];
    struct writer writers[COUNT];
    struct diary diary;
    struct turns turns;
    uint64_t start_ms;

    turns_init(&turns);
    init_writers(writers, COUNT, &diary, turns.loop);
    writers[0].stops = turns.loop;
    start_ms = sw_loop_now_ms(turns.loop);
    for (size_t i = 0; i < COUNT; i++) {
        timers[i] = sw_timer_create(turns.loop, on_called, &writers[i]);
        sw_timer_start(timers[i], delays_ms[i]);
    }
    sw_loop_run(turns.loop);
    assert_true(sw_loop_now_ms(turns.loop) >= start_ms + delays_ms[0]);
    assert_string_equal(diary.text, "dbca");
    turns_run(&turns);
    assert_string_equal(diary.text, "dbca");
    for (size_t i = 0; i < COUNT; i++)
        sw_timer_close(timers[i]);
    turns_finish(&turns);
}

static void a_timer_can_be_moved_and_stopped(void **state)
{
    struct sw_timer *timers[4];
    struct writer writers[4];
    struct diary diary;
    struct turns turns;

    turns_init(&turns);
    init_writers(writers, 4, &diary, turns.loop);
    for (size_t i = 0; i < 4; i++) {
        timers[i] = sw_timer_create(turns.loop, on_called, &writers[i]);
        sw_timer_start(timers[i], 1);
    }
    writers[0].stops = turns.loop;
    sw_timer_start(timers[0], 20); /* later than it was */
    sw_timer_stop(timers[1]);
    sw_timer_close(timers[2]);
    sw_loop_run(turns.loop);
    assert_string_equal(diary.text, "da");

    sw_timer_start(timers[1], 0); /* stopped is not closed */
    writers[1].stops = turns.loop;
    sw_loop_run(turns.loop);
    assert_string_equal(diary.text, "dab");
    sw_timer_close(timers[0]);
    sw_timer_close(timers[1]);
    sw_timer_close(timers[3]);
    sw_timer_close(NULL);
    turns_finish(&turns);
}

/* --- a bell between threads --- */

enum { WAKES = 10000 };

struct ringer {
    struct sw_loop *loop;
    struct sw_waker *waker;
    atomic_int rung; /* by the thread, before it wakes */
    int seen;
    int woken;
};

static void on_rung(void *owner)
{
    struct ringer *ringer = owner;

    ringer->woken++;
    ringer->seen = atomic_load(&ringer->rung);
    if (ringer->seen == WAKES)
        sw_loop_stop(ringer->loop);
}

static void *ring(void *owner)
{
    struct ringer *ringer = owner;

    for (int i = 0; i < WAKES; i++) {
        (void)atomic_fetch_add(&ringer->rung, 1);
        sw_waker_wake(ringer->waker);
    }
    return NULL;
}

static int64_t clock_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void the_clock_stands_still_in_a_turn_until_it_is_renewed(void **state)
{
    struct sw_loop *loop = sw_loop_create();
    uint64_t start_ms = sw_loop_now_ms(loop), renewed_ms;

    for (int64_t began_ms = clock_ms(); clock_ms() < began_ms + 3;)
        ;
    assert_int_equal(sw_loop_now_ms(loop), start_ms);
    renewed_ms = sw_loop_renew_now_ms(loop);
    assert_true(renewed_ms >= start_ms + 3);
    assert_int_equal(sw_loop_now_ms(loop), renewed_ms);
    sw_loop_destroy(loop);
}

/* No wake is lost: the loop would never see the last one, and never stop. */
static void a_wake_of_another_thread_is_seen(void **state)
{
    struct ringer ringer = {0};
    struct turns turns;
    pthread_t thread;

    turns_init(&turns);
    ringer.loop = turns.loop;
    ringer.waker = sw_waker_create(turns.loop, on_rung, &ringer);
    assert_int_equal(pthread_create(&thread, NULL, ring, &ringer), 0);
    sw_loop_run(turns.loop);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(ringer.seen, WAKES);
    assert_in_range(ringer.woken, 1, WAKES);
    sw_waker_close(ringer.waker);
    turns_finish(&turns);
}

static void many_wakes_may_be_one(void **state)
{
    struct writer writers[2];
    struct sw_waker *waker, *closed;
    struct diary diary;
    struct turns turns;

    turns_init(&turns);
    init_writers(writers, 2, &diary, turns.loop);
    waker = sw_waker_create(turns.loop, on_called, &writers[0]);
    closed = sw_waker_create(turns.loop, on_called, &writers[1]);
    turns_run(&turns);
    assert_string_equal(diary.text, "");
    for (int i = 0; i < 5; i++)
        sw_waker_wake(waker);
    sw_waker_wake(closed);
    sw_waker_close(closed);
    turns_run(&turns);
    assert_in_range(strspn(diary.text, "a"), 1, 5);
    assert_int_equal(strspn(diary.text, "a"), strlen(diary.text));
    sw_waker_close(waker);
    turns_finish(&turns);
}

static void a_signal_calls_its_owner(void **state)
{
    struct sw_signal *signals[2];
    struct writer writers[2];
    struct diary diary;
    struct turns turns;

    turns_init(&turns);
    init_writers(writers, 2, &diary, turns.loop);
    signals[0] = sw_signal_create(turns.loop, SIGUSR1, on_called, &writers[0]);
    signals[1] = sw_signal_create(turns.loop, SIGUSR2, on_called, &writers[1]);
    turns_run(&turns);
    assert_string_equal(diary.text, "");
    assert_int_equal(raise(SIGUSR2), 0);
    turns_run(&turns);
    assert_int_equal(raise(SIGUSR1), 0);
    turns_run(&turns);
    assert_string_equal(diary.text, "ba");
    sw_signal_close(signals[0]);
    sw_signal_close(signals[1]);
    turns_finish(&turns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loop_that_never_ran_can_be_destroyed),
        cmocka_unit_test(tasks_run_once_in_the_order_they_were_posted),
        cmocka_unit_test(a_cancelled_task_does_not_run),
        cmocka_unit_test(tasks_run_before_the_loop_waits),
        cmocka_unit_test(what_was_posted_before_the_end_still_runs),
        cmocka_unit_test(a_loop_that_is_stopped_when_it_no_longer_runs_can_be_destroyed),
        cmocka_unit_test(a_stopped_loop_can_be_run_again),
        cmocka_unit_test(timers_are_due_once_in_the_order_of_their_delays),
        cmocka_unit_test(a_timer_can_be_moved_and_stopped),
        cmocka_unit_test(the_clock_stands_still_in_a_turn_until_it_is_renewed),
        cmocka_unit_test(a_wake_of_another_thread_is_seen),
        cmocka_unit_test(many_wakes_may_be_one),
        cmocka_unit_test(a_signal_calls_its_owner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
