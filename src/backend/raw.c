/*
 * A connection that belongs to one client: all that the server says is passed on as it is. Only
 * what tells how the server stands is looked at.
 */
#include "internal.h"

#include "shardward/wire/response.h"

enum {
    HEADER = 5,
    MESSAGE_LIMIT = 0x40000000, /* PostgreSQL's own limit of a message, 1 GB */
    ERROR_LIMIT = 64 * 1024,    /* a longer error is passed on unread */
};

void sw_backend_be_raw(struct sw_backend *backend)
{
    backend->is_raw = true;
}

/* How much of a message must be here before it is passed on. */
static size_t needed(const struct sw_backend *backend, const struct sw_frame *frame)
{
    bool is_read = frame->type == 'Z' || (frame->type == 'E' && frame->size <= ERROR_LIMIT) ||
                   sw_backend_looks_into(backend, frame);

    return is_read ? frame->size : HEADER;
}

static void read(struct sw_backend *backend, const struct sw_frame *frame)
{
    static const struct sw_reply nobody = {.kind = SW_REPLY_SYNC, .index = SW_REPLY_OF_NOBODY};
    struct sw_error err;
    bool is_fatal = false;

    if (frame->type == 'Z') {
        backend->status = (char)(frame->body_len == 1 ? frame->body[0] : '?');
        backend->events->on_ready(backend->user, &nobody, backend->status);
    } else if (frame->type == 'E' && frame->size <= ERROR_LIMIT) {
        sw_wire_read_error(frame, &err, &is_fatal);
    }
    if (is_fatal)
        backend->farewell = err;
}

/* One step into [bytes, bytes + len); returns how far, 0 when more has to come first. *frame
 * has a size if a whole message begins here. */
static size_t take_next(struct sw_backend *backend, const uint8_t *bytes, size_t len,
                        struct sw_frame *frame)
{
    enum sw_frame_status status;
    size_t here;

    frame->size = 0;
    if (backend->tail > 0) {
        here = len < backend->tail ? len : backend->tail;
        backend->tail -= here;
        return here;
    }
    status = sw_frame_next(bytes, len, MESSAGE_LIMIT, frame);
    if (status == SW_FRAME_BAD || status == SW_FRAME_LONG) {
        sw_backend_be_lost(backend, "the server sent a message that cannot be read");
        return 0;
    }
    if (status == SW_FRAME_SHORT || len < needed(backend, frame))
        return 0;
    here = status == SW_FRAME_WHOLE ? frame->size : len;
    backend->tail = frame->size - here;
    return here;
}

static void pass_on(struct sw_backend *backend, const uint8_t *from, const uint8_t *to)
{
    if (to > from)
        backend->events->on_forward(backend->user, from, (size_t)(to - from));
}

/* Nobody can ask for the fate of a commit that was not read: its client is told that it is not
 * known, instead of the success that follows. */
static void refuse_success(struct sw_backend *backend)
{
    struct sw_error why;

    sw_error_set(&why, "08007", "the transaction was not confirmed by standbys");
    sw_error_detail(&why,
                    "Its wait for them was cancelled. It has been committed on the primary, "
                    "and would be lost with it.");
    sw_backend_leave_node(backend, &why);
}

size_t sw_backend_take_raw(struct sw_backend *backend, const uint8_t *bytes, size_t len)
{
    const uint8_t *at = bytes, *passed = bytes, *end = bytes + len;
    struct sw_frame frame;

    backend->is_tail_forwarded = true;
    while (at < end && !backend->is_closing && !backend->is_lost) {
        size_t step = take_next(backend, at, (size_t)(end - at), &frame);

        if (step == 0)
            break;
        if (frame.size > 0 && sw_backend_looks_into(backend, &frame) &&
            sw_backend_is_unconfirmed(backend, &frame)) {
            backend->tail = 0;
            pass_on(backend, passed, at);
            if (!backend->is_closing && !backend->is_lost)
                refuse_success(backend);
            return (size_t)(at - bytes);
        }
        at += step;
        if (backend->tail > 0 || frame.size == 0 || (frame.type != 'Z' && frame.type != 'E'))
            continue;
        pass_on(backend, passed, at);
        passed = at;
        if (!backend->is_closing)
            read(backend, &frame);
    }
    if (!backend->is_closing && !backend->is_lost) {
        pass_on(backend, passed, at);
        backend->events->on_pause(backend->user);
    }
    return (size_t)(at - bytes);
}
