#include "internal.h"

#include "shardward/base/mem.h"

#include <assert.h>

static void run_all(struct sw_link *tasks)
{
    struct sw_link *link;

    while ((link = sw_list_first(tasks)) != NULL) {
        struct sw_task *task = SW_OWNER(link, struct sw_task, link);

        sw_link_remove(&task->link);
        task->run(task->owner);
    }
}

static void run_tasks(uv_prepare_t *prepare)
{
    run_all(&((struct sw_loop *)prepare->data)->tasks);
}

/* What is put off again meanwhile waits for the turn after this one. */
static void run_put_off(uv_idle_t *idle)
{
    struct sw_loop *loop = idle->data;
    struct sw_link now;

    sw_list_push_back(&loop->put_off, &now); /* `now` takes the place of the list's head */
    sw_link_remove(&loop->put_off);
    run_all(&now);
    if (sw_list_first(&loop->put_off) == NULL)
        (void)uv_idle_stop(idle);
}

struct sw_loop *sw_loop_create(void)
{
    struct sw_loop *loop = sw_alloc_zero(1, sizeof *loop);
    int failed = uv_loop_init(&loop->uv);

    assert(failed == 0);
    sw_link_init(&loop->tasks);
    (void)uv_prepare_init(&loop->uv, &loop->before_wait);
    loop->before_wait.data = loop;
    sw_link_init(&loop->put_off);
    (void)uv_idle_init(&loop->uv, &loop->next_turn);
    loop->next_turn.data = loop;
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
    sw_polls_close(loop);
    uv_close((uv_handle_t *)&loop->before_wait, NULL);
    uv_close((uv_handle_t *)&loop->next_turn, NULL);
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

void sw_task_put_off(struct sw_loop *loop, struct sw_task *task)
{
    if (sw_link_is_linked(&task->link))
        return;
    sw_list_push_back(&loop->put_off, &task->link);
    (void)uv_idle_start(&loop->next_turn, run_put_off);
}

void sw_task_cancel(struct sw_task *task)
{
    sw_link_remove(&task->link);
}
