/*
 * Timers, wakers and signals: each a libuv handle on the heap that calls its owner, and frees
 * itself once libuv has let go of it.
 */
#include "internal.h"

#include "shardward/base/mem.h"

#include <assert.h>

struct bell {
    void (*ring)(void *owner);
    void *owner;
};

struct sw_timer {
    uv_timer_t uv;
    struct bell bell;
};

struct sw_waker {
    uv_async_t uv;
    struct bell bell;
};

struct sw_signal {
    uv_signal_t uv;
    struct bell bell;
};

static void on_handle_closed(uv_handle_t *handle)
{
    free(handle); /* the handle is the first member of what was allocated */
}

static void on_timer(uv_timer_t *uv)
{
    struct sw_timer *timer = (struct sw_timer *)uv;

    timer->bell.ring(timer->bell.owner);
}

struct sw_timer *sw_timer_create(struct sw_loop *loop, void (*on_due)(void *owner), void *owner)
{
    struct sw_timer *timer = sw_alloc_zero(1, sizeof *timer);

    timer->bell = (struct bell){on_due, owner};
    (void)uv_timer_init(&loop->uv, &timer->uv);
    return timer;
}

void sw_timer_start(struct sw_timer *timer, uint64_t delay_ms)
{
    (void)uv_timer_start(&timer->uv, on_timer, delay_ms, 0);
}

void sw_timer_stop(struct sw_timer *timer)
{
    (void)uv_timer_stop(&timer->uv);
}

void sw_timer_close(struct sw_timer *timer)
{
    if (timer != NULL)
        uv_close((uv_handle_t *)&timer->uv, on_handle_closed);
}

static void on_async(uv_async_t *uv)
{
    struct sw_waker *waker = (struct sw_waker *)uv;

    waker->bell.ring(waker->bell.owner);
}

struct sw_waker *sw_waker_create(struct sw_loop *loop, void (*on_woken)(void *owner),
                                 void *owner)
{
    struct sw_waker *waker = sw_alloc_zero(1, sizeof *waker);
    int failed;

    waker->bell = (struct bell){on_woken, owner};
    failed = uv_async_init(&loop->uv, &waker->uv, on_async);
    assert(failed == 0);
    return waker;
}

void sw_waker_wake(struct sw_waker *waker)
{
    (void)uv_async_send(&waker->uv);
}

void sw_waker_close(struct sw_waker *waker)
{
    uv_close((uv_handle_t *)&waker->uv, on_handle_closed);
}

static void on_uv_signal(uv_signal_t *uv, int signum)
{
    struct sw_signal *signal = (struct sw_signal *)uv;

    (void)signum;
    signal->bell.ring(signal->bell.owner);
}

struct sw_signal *sw_signal_create(struct sw_loop *loop, int signum,
                                   void (*on_signal)(void *owner), void *owner)
{
    struct sw_signal *signal = sw_alloc_zero(1, sizeof *signal);

    signal->bell = (struct bell){on_signal, owner};
    (void)uv_signal_init(&loop->uv, &signal->uv);
    (void)uv_signal_start(&signal->uv, on_uv_signal, signum);
    return signal;
}

void sw_signal_close(struct sw_signal *signal)
{
    uv_close((uv_handle_t *)&signal->uv, on_handle_closed);
}
