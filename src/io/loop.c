#include "internal.h"

#include "shardward/base/mem.h"

#include <assert.h>

static void run_tasks(uv_prepare_t *prepare)
{
    struct sw_loop *loop = prepare->data;
    struct sw_link *link;

    while ((link = sw_list_first(&loop->tasks)) != NULL) {
        struct sw_task *task = SW_OWNER(link, struct sw_task, link);

        sw_link_remove(&task->link);
        task->run(task->owner);
    }
}

struct sw_loop *sw_loop_create(void)
{
    struct sw_loop *loop = sw_alloc_zero(1, sizeof *loop);
    int failed = uv_loop_init(&loop->uv);

    assert(failed == 0);
    sw_link_init(&loop->tasks);
    (void)uv_prepare_init(&loop->uv, &loop->before_wait);
    loop->before_wait.data = loop;
    (void)uv_prepare_start(&loop->before_wait, run_tasks);
    return loop;
}

void sw_loop_run(struct sw_loop *loop)
{
    loop->is_stopped = false;
    while (!loop->is_stopped)
        (void)uv_run(&loop->uv, UV_RUN_ONCE);
}

void sw_loop_stop(struct sw_loop *loop)
{
    loop->is_stopped = true;
    uv_stop(&loop->uv);
}

void sw_loop_destroy(struct sw_loop *loop)
{
    int failed;

    if (loop == NULL)
        return;
    run_tasks(&loop->before_wait);
    uv_close((uv_handle_t *)&loop->before_wait, NULL);
    /* One turn may be cut short: by a stop that was asked for when nothing ran any more. */
    while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0)
        ;
    failed = uv_loop_close(&loop->uv);
    assert(failed == 0);
    for (int i = 0; i < loop->spare_count; i++)
        free(loop->spares[i]);
    free(loop);
}

uint64_t sw_loop_now_ms(const struct sw_loop *loop)
{
    return uv_now(&loop->uv);
}

uint64_t sw_loop_renew_now_ms(struct sw_loop *loop)
{
    uv_update_time(&loop->uv);
    return uv_now(&loop->uv);
}

void sw_loop_lend(struct sw_loop *loop, struct sw_buf *buf)
{
    if (buf->memory != NULL)
        return;
    buf->memory =
        loop->spare_count > 0 ? loop->spares[--loop->spare_count] : sw_alloc(SW_SPARE_SIZE);
    buf->size = SW_SPARE_SIZE;
}

void sw_loop_take_back(struct sw_loop *loop, struct sw_buf *buf)
{
    if (buf->size == SW_SPARE_SIZE && loop->spare_count < SW_SPARES) {
        loop->spares[loop->spare_count++] = buf->memory;
        buf->memory = NULL;
        buf->size = 0;
    }
    sw_buf_release(buf);
}

void sw_task_init(struct sw_task *task, void (*run)(void *owner), void *owner)
{
    sw_link_init(&task->link);
    task->run = run;
    task->owner = owner;
}

void sw_task_post(struct sw_loop *loop, struct sw_task *task)
{
    if (!sw_link_is_linked(&task->link))
        sw_list_push_back(&loop->tasks, &task->link);
}

void sw_task_cancel(struct sw_task *task)
{
    sw_link_remove(&task->link);
}
