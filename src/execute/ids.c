#include "shardward/execute/ids.h"

#include "shardward/base/mem.h"
#include "shardward/execute/leg.h"
#include "shardward/wire/response.h"

#include <stdlib.h>
#include <string.h>

enum { ANSWER_LIMIT = 256 * 1024 * 1024 };

enum block_state { RESTING, FETCHING, SERVING };

struct sw_ids_block {
    struct sw_link link;
    struct sw_ids *ids;
    char *user, *database, *expression;
    enum block_state state;
    bool is_stale; /* what is being fetched is for nobody */
    int64_t *numbers;
    int size, next, end; /* room; the numbers [next, end) are there */
    struct sw_link waiting;
    struct sw_timer *timer; /* for the one whose deadline is next */
    uint64_t due_ms;        /* when it rings; 0: never */
    struct sw_task serve;

    /* The fetch. */
    struct sw_map *map;
    const struct sw_user *of_user;
    const struct sw_database *of_database;
    struct sw_leg leg;
    struct sw_run run;
    struct sw_buf answer;
    struct sw_error err; /* why there is no answer; sqlstate empty: there is one */
    int ahead;           /* numbers that are fetched at a time */
    int wait_ms;         /* how long a fetch may take; 0: for ever */
    uint64_t overdue_ms; /* when this one has taken too long; 0: never */
    int tries;           /* how often it had to start again */
};

struct sw_ids {
    struct sw_loop *loop;
    struct sw_pools *pools;
    struct sw_link blocks; /* the one that was asked last first */
};

static struct sw_draw *first_waiting(const struct sw_ids_block *block)
{
    struct sw_link *link = sw_list_first(&block->waiting);

    return link == NULL ? NULL : SW_OWNER(link, struct sw_draw, link);
}

/* --- those who wait --- */

static void ring_at(struct sw_ids_block *block, uint64_t due_ms)
{
    uint64_t now_ms = sw_loop_now_ms(block->ids->loop);

    block->due_ms = due_ms;
    if (due_ms == 0)
        sw_timer_stop(block->timer);
    else
        sw_timer_start(block->timer, due_ms > now_ms ? due_ms - now_ms : 0);
}

static uint64_t sooner(uint64_t one_ms, uint64_t other_ms)
{
    return other_ms == 0 || (one_ms != 0 && one_ms < other_ms) ? one_ms : other_ms;
}

static void ring_for_next(struct sw_ids_block *block)
{
    uint64_t due_ms = 0;

    for (const struct sw_link *link = block->waiting.next; link != &block->waiting;
         link = link->next)
        due_ms = sooner(SW_OWNER(link, struct sw_draw, link)->deadline_ms, due_ms);
    ring_at(block, due_ms);
}

static bool is_over(const struct sw_ids_block *block, uint64_t deadline_ms)
{
    return deadline_ms > 0 && deadline_ms <= sw_loop_now_ms(block->ids->loop);
}

/* In the list of those who wait; its head: nobody's. */
static struct sw_link *first_overdue(const struct sw_ids_block *block)
{
    struct sw_link *link = block->waiting.next;

    while (link != &block->waiting &&
           !is_over(block, SW_OWNER(link, struct sw_draw, link)->deadline_ms))
        link = link->next;
    return link;
}

static void refuse(struct sw_draw *draw, const struct sw_error *err)
{
    sw_link_remove(&draw->link);
    draw->on_refused(draw->owner, err);
}

static void refuse_all(struct sw_ids_block *block)
{
    const struct sw_error err = block->err;

    while (first_waiting(block) != NULL)
        refuse(first_waiting(block), &err);
}

/* --- fetching --- */

static int wanted(const struct sw_ids_block *block)
{
    const struct sw_draw *first = first_waiting(block);

    return first != NULL && first->count > block->ahead ? first->count : block->ahead;
}

/* The sequence may give numbers to others in between: each is taken as it comes. */
static void write_request(struct sw_ids_block *block)
{
    struct sw_buf sql;

    sw_buf_init(&sql, SW_RUN_LIMIT);
    (void)sw_buf_printf(&sql, "SELECT %s FROM pg_catalog.generate_series(1, %d)",
                        block->expression, wanted(block));
    (void)sw_buf_append(&sql, "", 1);
    sw_run_clear(&block->run);
    (void)sw_run_add(&block->run, SW_REQUEST_QUERY, NULL, (const char *)sw_buf_bytes(&sql),
                     NULL, 0);
    sw_buf_finish(&sql);
}

/* Whose clients keep their servers may keep all that there are. */
static struct sw_pool *pool_of(const struct sw_ids_block *block)
{
    enum sw_pool_kind kind =
        block->of_user->pool.mode == SW_POOL_SESSION ? SW_POOL_ERRANDS : SW_POOL_SHARED;
    const struct sw_shard *shard = block->of_database->catalog;

    return kind == SW_POOL_SHARED
               ? sw_pools_get(block->ids->pools, block->of_user, shard)
               : sw_pools_get_kind(block->ids->pools, block->of_user, shard, kind);
}

static void begin(struct sw_ids_block *block)
{
    const struct sw_leg_work work = {.run = &block->run};
    const struct sw_shard *shard = block->of_database->catalog;

    block->state = FETCHING;
    block->is_stale = false;
    block->overdue_ms =
        block->wait_ms == 0 ? 0 : sw_loop_now_ms(block->ids->loop) + (uint64_t)block->wait_ms;
    block->err = (struct sw_error){0};
    sw_buf_clear(&block->answer);
    write_request(block);
    sw_leg_start(&block->leg, pool_of(block), shard, &work);
}

static void begin_if_wanted(struct sw_ids_block *block)
{
    if (block->state == RESTING && first_waiting(block) != NULL)
        begin(block);
}

/* The leg is done with; the rest is for a turn of the loop in which nobody else is at work. */
static void end(struct sw_ids_block *block)
{
    block->state = SERVING;
    sw_task_post(block->ids->loop, &block->serve);
}

static bool read_number(const struct sw_frame *frame, int64_t *number, struct sw_error *err)
{
    const uint8_t *bytes;
    char digits[32], *end = digits;
    size_t len;

    if (!sw_wire_read_column(frame, 0, &bytes, &len) || bytes == NULL || len >= sizeof digits)
        return sw_error_set(err, "0A000", "the catalog database has no such sequence");
    memcpy(digits, bytes, len);
    digits[len] = '\0';
    *number = strtoll(digits, &end, 10);
    return (len > 0 && *end == '\0') ||
           sw_error_set(err, "0A000", "the catalog database draws no integers");
}

static void keep_number(struct sw_ids_block *block, int64_t number)
{
    if (block->end == block->size) {
        block->size = block->size == 0 ? 64 : block->size * 2;
        block->numbers =
            sw_realloc(block->numbers, (size_t)block->size * sizeof *block->numbers);
    }
    block->numbers[block->end++] = number;
}

/* What is left of the block before stays in front. */
static void read_answer(struct sw_ids_block *block)
{
    const uint8_t *at = sw_buf_bytes(&block->answer);
    size_t len = sw_buf_len(&block->answer);
    struct sw_frame frame;
    int64_t number = 0;

    if (block->next < block->end)
        memmove(block->numbers, block->numbers + block->next,
                (size_t)(block->end - block->next) * sizeof *block->numbers);
    block->end -= block->next;
    block->next = 0;
    for (; sw_frame_next(at, len, ANSWER_LIMIT, &frame) == SW_FRAME_WHOLE; at += frame.size) {
        len -= frame.size;
        if (frame.type != 'D')
            continue;
        if (!read_number(&frame, &number, &block->err))
            return;
        keep_number(block, number);
    }
}

static void take(struct sw_ids_block *block, int64_t *into, int count)
{
    memcpy(into, block->numbers + block->next, (size_t)count * sizeof *into);
    block->next += count;
}

static void serve(void *owner)
{
    struct sw_ids_block *block = owner;
    struct sw_draw *first;

    if (block->err.sqlstate[0] == '\0' && !block->is_stale)
        read_answer(block);
    if (block->err.sqlstate[0] != '\0')
        refuse_all(block);
    while ((first = first_waiting(block)) != NULL && first->count <= block->end - block->next) {
        sw_link_remove(&first->link);
        take(block, first->into, first->count);
        first->on_drawn(first->owner);
    }
    block->state = RESTING;
    begin_if_wanted(block);
    ring_for_next(block);
}

/* A fetch goes on for those who wait longer, unless it has had the time of one of them whole.
 */
static void on_due(void *owner)
{
    struct sw_ids_block *block = owner;
    struct sw_link *link;
    struct sw_error err;

    if (block->state == FETCHING && is_over(block, block->overdue_ms)) {
        sw_leg_cut(&block->leg);
        block->state = RESTING;
    }
    sw_error_set(&err, "53300", "no number could be drawn within timeouts.lease");
    sw_error_detail(&err, "They are drawn from the catalog database: %.120s.",
                    block->expression);
    while ((link = first_overdue(block)) != &block->waiting)
        refuse(SW_OWNER(link, struct sw_draw, link), &err);
    begin_if_wanted(block);
    ring_for_next(block);
}

/* --- what the leg tells --- */

static void on_forward(void *owner, const uint8_t *bytes, size_t len)
{
    struct sw_ids_block *block = owner;

    (void)sw_buf_append(&block->answer, bytes, len);
}

static void on_error(void *owner, int index, const struct sw_frame *frame)
{
    struct sw_ids_block *block = owner;

    (void)index;
    sw_wire_read_error(frame, &block->err, NULL);
    block->err.position = 0;
}

static void on_done(void *owner, char status)
{
    struct sw_ids_block *block = owner;

    (void)status;
    sw_leg_release(&block->leg);
    block->tries = 0;
    if (block->answer.is_over)
        sw_error_set(&block->err, "54000", "too many numbers for one statement");
    end(block);
}

static void on_refused(void *owner, const struct sw_error *err)
{
    struct sw_ids_block *block = owner;

    block->err = *err;
    end(block);
}

/* A connection that had died before it was asked has cost nothing: the next one is. */
static void on_lost(void *owner, const struct sw_error *err, enum sw_loss loss)
{
    struct sw_ids_block *block = owner;

    if ((loss == SW_LOSS_RESET || loss == SW_LOSS_LEFT) &&
        block->tries++ < block->of_user->pool.size)
        block->is_stale = true;
    else
        block->err = *err;
    end(block);
}

static const struct sw_leg_sink sink = {
    .on_forward = on_forward,
    .on_error = on_error,
    .on_done = on_done,
    .on_refused = on_refused,
    .on_lost = on_lost,
};

/* --- blocks --- */

static struct sw_ids_block *create_block(struct sw_ids *ids, const struct sw_ids_source *source)
{
    struct sw_ids_block *block = sw_alloc_zero(1, sizeof *block);

    block->ids = ids;
    block->user = sw_strdup(source->user->name);
    block->database = sw_strdup(source->database->name);
    block->expression = sw_strdup(source->expression);
    sw_link_init(&block->link);
    sw_link_init(&block->waiting);
    block->timer = sw_timer_create(ids->loop, on_due, block);
    sw_task_init(&block->serve, serve, block);
    sw_leg_init(&block->leg, ids->loop, &sink, block);
    sw_run_init(&block->run);
    sw_buf_init(&block->answer, ANSWER_LIMIT);
    return block;
}

static void free_block(struct sw_ids_block *block)
{
    sw_link_remove(&block->link);
    sw_leg_cut(&block->leg);
    sw_task_cancel(&block->serve);
    sw_timer_close(block->timer);
    sw_run_finish(&block->run);
    sw_buf_finish(&block->answer);
    sw_map_unref(block->map);
    free(block->numbers);
    free(block->user);
    free(block->database);
    free(block->expression);
    free(block);
}

static bool is_of(const struct sw_ids_block *block, const struct sw_ids_source *source)
{
    return strcmp(block->expression, source->expression) == 0 &&
           strcmp(block->user, source->user->name) == 0 &&
           strcmp(block->database, source->database->name) == 0;
}

static struct sw_ids_block *find_block(struct sw_ids *ids, const struct sw_ids_source *source)
{
    struct sw_link *link = ids->blocks.next;
    struct sw_ids_block *block;

    while (link != &ids->blocks && !is_of(SW_OWNER(link, struct sw_ids_block, link), source))
        link = link->next;
    block = link == &ids->blocks ? create_block(ids, source)
                                 : SW_OWNER(link, struct sw_ids_block, link);
    if (ids->blocks.next != &block->link) {
        sw_link_remove(&block->link);
        sw_list_push_front(&ids->blocks, &block->link);
    }
    return block;
}

/* --- the door --- */

struct sw_ids *sw_ids_create(struct sw_loop *loop, struct sw_pools *pools)
{
    struct sw_ids *ids = sw_alloc_zero(1, sizeof *ids);

    ids->loop = loop;
    ids->pools = pools;
    sw_link_init(&ids->blocks);
    return ids;
}

void sw_ids_close(struct sw_ids *ids)
{
    struct sw_link *link, *next;

    if (ids == NULL)
        return;
    for (link = ids->blocks.next; link != &ids->blocks; link = next) {
        next = link->next;
        free_block(SW_OWNER(link, struct sw_ids_block, link));
    }
    free(ids);
}

/* The fetch is by the map of whoever sets it off. */
static void set_off(struct sw_ids_block *block, const struct sw_ids_source *source)
{
    struct sw_map *before = block->map;

    block->map = sw_map_ref(source->map);
    sw_map_unref(before);
    block->of_user = source->user;
    block->of_database = source->database;
    block->ahead = source->ahead;
    block->wait_ms = source->wait_ms;
    block->tries = 0;
    begin(block);
}

bool sw_ids_draw(struct sw_ids *ids, const struct sw_ids_source *source, struct sw_draw *draw,
                 int64_t *into, int count)
{
    struct sw_ids_block *block = find_block(ids, source);
    uint64_t due_ms;

    if (first_waiting(block) == NULL && count <= block->end - block->next) {
        take(block, into, count);
        return true;
    }
    draw->into = into;
    draw->count = count;
    draw->deadline_ms =
        source->wait_ms == 0 ? 0 : sw_loop_renew_now_ms(ids->loop) + (uint64_t)source->wait_ms;
    sw_list_push_back(&block->waiting, &draw->link);
    due_ms = sooner(draw->deadline_ms, block->due_ms);
    if (due_ms != block->due_ms)
        ring_at(block, due_ms);
    if (block->state == RESTING)
        set_off(block, source);
    return false;
}

void sw_draw_forget(struct sw_draw *draw)
{
    sw_link_remove(&draw->link);
}

/* Who waits keeps his place. */
void sw_ids_renew(struct sw_ids *ids)
{
    struct sw_link *link, *next;

    for (link = ids->blocks.next; link != &ids->blocks; link = next) {
        struct sw_ids_block *block = SW_OWNER(link, struct sw_ids_block, link);

        next = link->next;
        block->next = block->end = 0;
        block->is_stale = true;
        if (block->state == RESTING)
            free_block(block);
    }
}
