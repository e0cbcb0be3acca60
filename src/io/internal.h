#ifndef SW_IO_INTERNAL_H
#define SW_IO_INTERNAL_H

#include "shardward/base/buf.h"
#include "shardward/io/loop.h"

#include <uv.h>

enum { SW_SCRATCH = 64 * 1024, SW_SPARES = 64, SW_SPARE_SIZE = 16 * 1024 };

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
};

/* Do it in the loop's next turn, when others have had theirs. As of a posted task, its owner
 * must cancel it before he dies. */
void sw_task_put_off(struct sw_loop *loop, struct sw_task *task);

/* Give an empty buffer memory from the loop's spares, or take it back. */
void sw_loop_lend(struct sw_loop *loop, struct sw_buf *buf);
void sw_loop_take_back(struct sw_loop *loop, struct sw_buf *buf);

#endif
