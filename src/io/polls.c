/*
 * Polls outlive the descriptors they were made for: the kernel gives the lowest free number to
 * the next connection, which finds the poll of that number here. To make one is five system
 * calls (libuv tries the descriptor, and makes it non-blocking), to take one is none.
 */
#include "internal.h"

#include "shardward/base/mem.h"

static void on_closed(uv_handle_t *handle)
{
    free(handle); /* the handle is the first member of what was allocated */
}

static void discard(struct sw_poll *poll)
{
    uv_close((uv_handle_t *)&poll->uv, on_closed);
}

static struct sw_poll **place_of(struct sw_loop *loop, int fd)
{
    return &loop->idle_polls[fd % SW_IDLE_POLLS];
}

struct sw_poll *sw_poll_take(struct sw_loop *loop, int fd)
{
    struct sw_poll **place = place_of(loop, fd), *poll = *place;

    if (poll != NULL && poll->fd == fd) {
        *place = NULL;
        return poll;
    }
    poll = sw_alloc_zero(1, sizeof *poll);
    poll->fd = fd;
    (void)uv_poll_init(&loop->uv, &poll->uv, fd);
    return poll;
}

void sw_poll_give_back(struct sw_loop *loop, struct sw_poll *poll)
{
    struct sw_poll **place = place_of(loop, poll->fd);

    (void)uv_poll_stop(&poll->uv);
    if (*place != NULL)
        discard(*place);
    *place = poll;
}

void sw_polls_close(struct sw_loop *loop)
{
    for (int i = 0; i < SW_IDLE_POLLS; i++)
        if (loop->idle_polls[i] != NULL)
            discard(loop->idle_polls[i]);
}
