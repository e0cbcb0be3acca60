/*
 * loop - one event loop of one thread, and the small things that live on it.
 *
 * All functions but sw_waker_wake() are to be called from the loop's own thread. Handles are
 * closed asynchronously: after sw_*_close() no callback of theirs is called any more.
 */
#ifndef SW_IO_LOOP_H
#define SW_IO_LOOP_H

#include "shardward/base/error.h"
#include "shardward/base/list.h"

#include <stdint.h>

struct sw_loop;

struct sw_loop *sw_loop_create(void);
/* Run until sw_loop_stop(). */
void sw_loop_run(struct sw_loop *loop);
void sw_loop_stop(struct sw_loop *loop);
/* All handles must have been closed; waits for their end. Accepts NULL. */
void sw_loop_destroy(struct sw_loop *loop);
/* Milliseconds of a monotonic clock, as of the start of this turn of the loop. */
uint64_t sw_loop_now_ms(const struct sw_loop *loop);
/* The same as of this moment, also for timers that are started from now on: for what is timed
 * behind work that may have taken long in this turn. */
uint64_t sw_loop_renew_now_ms(struct sw_loop *loop);

/* Something to be done before the loop next waits. Embedded in its owner, who must cancel it
 * before he dies. Posting a posted task changes nothing. */
struct sw_task {
    struct sw_link link;
    void (*run)(void *owner);
    void *owner;
};

void sw_task_init(struct sw_task *task, void (*run)(void *owner), void *owner);
void sw_task_post(struct sw_loop *loop, struct sw_task *task);
void sw_task_cancel(struct sw_task *task);

struct sw_timer;

struct sw_timer *sw_timer_create(struct sw_loop *loop, void (*on_due)(void *owner),
                                 void *owner);
/* (Re)start it: due once, in @delay_ms. */
void sw_timer_start(struct sw_timer *timer, uint64_t delay_ms);
void sw_timer_stop(struct sw_timer *timer);
/* Accepts NULL. */
void sw_timer_close(struct sw_timer *timer);

/* A door bell between threads: any number of wakes lead to at least one later on_woken. */
struct sw_waker;

struct sw_waker *sw_waker_create(struct sw_loop *loop, void (*on_woken)(void *owner),
                                 void *owner);
void sw_waker_wake(struct sw_waker *waker); /* from any thread */
void sw_waker_close(struct sw_waker *waker);

struct sw_signal;

struct sw_signal *sw_signal_create(struct sw_loop *loop, int signum,
                                   void (*on_signal)(void *owner), void *owner);
void sw_signal_close(struct sw_signal *signal);

#endif
