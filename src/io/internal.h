#ifndef SW_IO_INTERNAL_H
#define SW_IO_INTERNAL_H

#include "shardward/base/buf.h"
#include "shardward/io/loop.h"

#include <uv.h>

enum { SW_SCRATCH = 64 * 1024, SW_SPARES = 64, SW_SPARE_SIZE = 16 * 1024, SW_IDLE_POLLS = 256 };

struct sw_loop {
    uv_loop_t uv;
    uv_prepare_t before_wait; /* runs the tasks */
    struct sw_link tasks;
    uv_idle_t next_turn; /* runs those that were put off to it; active while there are any */
    struct sw_link put_off;
    bool is_stopped;
    uint8_t scratch[SW_SCRATCH]; /* what a stream reads into while it holds nothing */
    uint8_t
        *spares[SW_SPARES]; /* buffers of SW_SPARE_SIZE for streams with something pending */
    int spare_count;
    struct sw_poll *idle_polls[SW_IDLE_POLLS]; /* by their descriptors, modulo that */
};

/* Do it in the loop's next turn, when others have had theirs. As of a posted task, its owner
 * must cancel it before he dies. */
void sw_task_put_off(struct sw_loop *loop, struct sw_task *task);

/* Give an empty buffer memory from the loop's spares, or take it back. */
void sw_loop_lend(struct sw_loop *loop, struct sw_buf *buf);
void sw_loop_take_back(struct sw_loop *loop, struct sw_buf *buf);

/* --- polls.c --- */

/* How the loop watches one descriptor. */
struct sw_poll {
    uv_poll_t uv;
    int fd;
};

/* A poll that watches nothing yet, and has uv.data for its user. @fd does not block. */
struct sw_poll *sw_poll_take(struct sw_loop *loop, int fd);
/* The descriptor is watched no more, and nothing is called for it: at once. */
void sw_poll_give_back(struct sw_loop *loop, struct sw_poll *poll);
void sw_polls_close(struct sw_loop *loop);

#endif
