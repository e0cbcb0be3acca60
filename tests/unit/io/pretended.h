/*
 * pretended - a loop whose clock is the test's, in the place of the real one, and a text in
 * which what happens is written down, word by word.
 */
#ifndef TESTS_IO_PRETENDED_H
#define TESTS_IO_PRETENDED_H

#include "shardward/io/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char told[512];

static inline void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline void tell(const char *format, ...)
{
    size_t len = strlen(told);
    va_list arguments;

    if (len > 0)
        told[len++] = ' ';
    va_start(arguments, format);
    (void)vsnprintf(told + len, sizeof told - len, format, arguments);
    va_end(arguments);
}

static uint64_t clock_ms;
static struct sw_task *posted[16];
static int posted_count;

struct sw_timer {
    void (*on_due)(void *owner);
    void *owner;
    uint64_t due_ms; /* 0: it does not run */
};

static struct sw_timer *timers[16];
static int timer_count;

/* A story begins: nothing is told yet, and nothing runs. */
static inline void begin_story(uint64_t now_ms)
{
    told[0] = '\0';
    clock_ms = now_ms;
    posted_count = timer_count = 0;
}

uint64_t sw_loop_now_ms(const struct sw_loop *loop)
{
    (void)loop;
    return clock_ms;
}

uint64_t sw_loop_renew_now_ms(struct sw_loop *loop)
{
    (void)loop;
    return clock_ms;
}

void sw_task_init(struct sw_task *task, void (*run)(void *owner), void *owner)
{
    *task = (struct sw_task){.run = run, .owner = owner};
}

void sw_task_cancel(struct sw_task *task)
{
    for (int i = 0; i < posted_count; i++)
        if (posted[i] == task)
            posted[i--] = posted[--posted_count];
}

void sw_task_post(struct sw_loop *loop, struct sw_task *task)
{
    (void)loop;
    sw_task_cancel(task);
    posted[posted_count++] = task;
}

struct sw_timer *sw_timer_create(struct sw_loop *loop, void (*on_due)(void *owner), void *owner)
{
    struct sw_timer *timer = calloc(1, sizeof *timer);

    (void)loop;
    assert_non_null(timer);
    *timer = (struct sw_timer){.on_due = on_due, .owner = owner};
    return timers[timer_count++] = timer;
}

void sw_timer_start(struct sw_timer *timer, uint64_t delay_ms)
{
    timer->due_ms = clock_ms + delay_ms;
}

void sw_timer_stop(struct sw_timer *timer)
{
    timer->due_ms = 0;
}

void sw_timer_close(struct sw_timer *timer)
{
    for (int i = 0; i < timer_count; i++)
        if (timers[i] == timer)
            timers[i] = timers[--timer_count];
    free(timer);
}

static inline void run_due(void)
{
    for (int i = 0; i < timer_count; i++) {
        if (timers[i]->due_ms == 0 || timers[i]->due_ms > clock_ms)
            continue;
        timers[i]->due_ms = 0;
        timers[i]->on_due(timers[i]->owner);
    }
}

/* What is due, and what was posted. */
static inline void settle(void)
{
    run_due();
    while (posted_count > 0) {
        struct sw_task *task = posted[--posted_count];

        task->run(task->owner);
    }
}

static inline void let_pass(uint64_t ms)
{
    for (; ms > 0; ms--) {
        clock_ms++;
        settle();
    }
}

#endif
