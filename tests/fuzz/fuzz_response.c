/*
 * What a server sends: the input is the kinds of the requests that it shall answer, up to a
 * byte 255, and then its messages. They go through the queue of expected replies as in a
 * backend: whatever comes, each entry leaves the queue once, in order, and an error skips to
 * the next Sync and no further.
 */
#include "shardward/backend/replies.h"
#include "shardward/wire/response.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 1 << 16, KINDS = SW_REPLY_QUERY + 1, END_OF_REQUESTS = 255 };

struct queue {
    struct sw_replies replies;
    int pushed, left; /* entries so far; the next one to leave has this number */
};

static void push(struct queue *queue, enum sw_reply_kind kind)
{
    sw_replies_push(&queue->replies, (struct sw_reply){.kind = kind, .index = queue->pushed++});
}

static void note_left(void *owner, const struct sw_reply *reply)
{
    struct queue *queue = owner;

    if (reply->index != queue->left++)
        abort();
}

static void pop(struct queue *queue)
{
    note_left(queue, sw_replies_head(&queue->replies));
    sw_replies_pop(&queue->replies);
}

static void pop_locals(struct queue *queue)
{
    const struct sw_reply *head;

    while ((head = sw_replies_head(&queue->replies)) != NULL && head->kind == SW_REPLY_LOCAL)
        pop(queue);
}

static void fail(struct queue *queue)
{
    const struct sw_reply *head;

    note_left(queue, sw_replies_head(&queue->replies));
    if (!sw_replies_skip(&queue->replies, note_left, queue))
        push(queue, SW_REPLY_SYNC);
    head = sw_replies_head(&queue->replies);
    if (head == NULL || head->kind != SW_REPLY_SYNC)
        abort();
}

/* False: the server broke the protocol, and the connection is given up. */
static bool take(struct queue *queue, const struct sw_frame *frame)
{
    struct sw_error err;
    bool is_fatal;

    pop_locals(queue);
    switch (sw_replies_turn(&queue->replies, frame->type)) {
    case SW_TURN_STAYS:
        return true;
    case SW_TURN_ENDS:
        pop(queue);
        return true;
    case SW_TURN_FAILS:
        sw_wire_read_error(frame, &err, &is_fatal);
        fail(queue);
        return true;
    case SW_TURN_ERROR:
        sw_wire_read_error(frame, &err, &is_fatal);
        return true;
    case SW_TURN_WRONG:
        break;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct queue queue = {.pushed = 0};
    struct sw_frame frame;
    size_t at = 0;

    sw_replies_init(&queue.replies);
    for (; at < size && data[at] != END_OF_REQUESTS; at++)
        push(&queue, (enum sw_reply_kind)(data[at] % KINDS));
    at += at < size;
    while (sw_frame_next(data + at, size - at, LIMIT, &frame) == SW_FRAME_WHOLE &&
           take(&queue, &frame))
        at += frame.size;
    while (sw_replies_head(&queue.replies) != NULL)
        pop(&queue);
    if (queue.left != queue.pushed)
        abort();
    sw_replies_finish(&queue.replies);
    return 0;
}
