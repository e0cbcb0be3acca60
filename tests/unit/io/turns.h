/*
 * turns - a loop that is run by the turn, so that a test can say "and nothing more happens".
 *
 * A waker that wakes itself: each turn polls all descriptors once. Local sockets carry bytes at
 * once, so what is under way is dealt with after a few turns. An alarm ends a test that hangs.
 */
#ifndef TESTS_IO_TURNS_H
#define TESTS_IO_TURNS_H

#include "shardward/io/loop.h"

#include <unistd.h>

enum { ALARM_S = 30, SOME_TURNS = 10 };

struct turns {
    struct sw_loop *loop;
    struct sw_waker *waker;
    int left;
};

static inline void turns_on_woken(void *owner)
{
    struct turns *turns = owner;

    if (--turns->left > 0)
        sw_waker_wake(turns->waker);
    else
        sw_loop_stop(turns->loop);
}

static inline void turns_init(struct turns *turns)
{
    (void)alarm(ALARM_S);
    turns->loop = sw_loop_create();
    turns->waker = sw_waker_create(turns->loop, turns_on_woken, turns);
}

/* All that lives on the loop must have been closed. */
static inline void turns_finish(struct turns *turns)
{
    sw_waker_close(turns->waker);
    sw_loop_destroy(turns->loop);
    (void)alarm(0);
}

static inline void turns_run(struct turns *turns)
{
    turns->left = SOME_TURNS;
    sw_waker_wake(turns->waker);
    sw_loop_run(turns->loop);
}

#endif
