/*
 * What the server says: each message answers the head of the queue of replies, and is passed
 * on, captured or absorbed as that wants it. What is passed on goes in spans as long as the
 * bytes allow.
 */
#include "internal.h"

#include "shardward/wire/response.h"
#include "shardward/wire/write.h"

#include <string.h>

enum {
    NOTICE_LIMIT = 8192,            /* the longest notice in which a word to us is looked for */
    MESSAGE_LIMIT = 0x40000000,     /* PostgreSQL's own limit of a message, 1 GB */
    WHOLE_LIMIT = 64 * 1024 * 1024, /* of messages that are read, not passed on */
};

static void forward_span(struct sw_backend *backend)
{
    if (backend->span_len > 0 && backend->events != NULL)
        backend->events->on_forward(backend->user, backend->span, backend->span_len);
    backend->span_len = 0;
}

static void forward(struct sw_backend *backend, const uint8_t *bytes, size_t len)
{
    if (backend->span_len > 0 && backend->span + backend->span_len == bytes) {
        backend->span_len += len;
        return;
    }
    forward_span(backend);
    backend->span = bytes;
    backend->span_len = len;
}

void sw_backend_be_lost(struct sw_backend *backend, const char *reason)
{
    struct sw_error err = backend->farewell;
    enum sw_loss loss = backend->tail > 0 && backend->is_tail_forwarded ? SW_LOSS_TORN
                        : backend->is_left                              ? SW_LOSS_LEFT
                        : sw_stream_was_reset(backend->stream)          ? SW_LOSS_RESET
                                                                        : SW_LOSS_CLOSED;

    if (backend->is_lost)
        return;
    backend->is_lost = true;
    forward_span(backend);
    if (err.message[0] == '\0')
        sw_error_set(&err, "08006", "server connection lost: %s", reason);
    if (backend->events != NULL)
        backend->events->on_lost(backend->user, &err, loss);
    else
        backend->on_idle_lost(backend->pool, backend);
}

void sw_backend_answer_locals(struct sw_backend *backend)
{
    const struct sw_reply *head;

    while (!backend->is_closing && (head = sw_replies_head(&backend->replies)) != NULL &&
           head->kind == SW_REPLY_LOCAL) {
        struct sw_reply reply = *head;

        sw_replies_pop(&backend->replies);
        forward_span(backend);
        backend->events->on_answered(backend->user, &reply);
    }
}

static void take_parameter(struct sw_backend *backend, const struct sw_frame *frame)
{
    const char *name, *value;

    if (!sw_wire_read_parameter_status(frame, &name, &value))
        return;
    if (backend->dialled->is_replica && strcmp(name, "in_hot_standby") == 0) {
        backend->is_promoted = true;
        return;
    }
    backend->reported = sw_settings_with(backend->reported, name, value);
    backend->has_reported = true;
    if (strcmp(name, "in_hot_standby") == 0)
        backend->is_standby = strcmp(value, "on") == 0;
    if (backend->events != NULL) {
        forward_span(backend);
        backend->events->on_parameter(backend->user, sw_replies_head(&backend->replies), name,
                                      value);
    }
}

static void take_notification(struct sw_backend *backend, const uint8_t *bytes, size_t len)
{
    if (backend->events == NULL || backend->events->on_notification == NULL)
        return;
    forward_span(backend);
    backend->events->on_notification(backend->user, bytes, len);
}

static void take_notice(struct sw_backend *backend, const uint8_t *bytes, size_t len)
{
    forward_span(backend);
    if (backend->events->on_notice != NULL)
        backend->events->on_notice(backend->user, bytes, len);
}

static void on_skipped(void *owner, const struct sw_reply *reply)
{
    struct sw_backend *backend = owner;

    sw_backend_note_skipped(backend, reply);
    if (backend->events->on_skipped != NULL)
        backend->events->on_skipped(backend->user, reply);
}

static void take_error(struct sw_backend *backend, const struct sw_frame *frame)
{
    enum sw_reply_turn turn = sw_replies_turn(&backend->replies, 'E');
    struct sw_reply reply;
    struct sw_error err;
    bool is_fatal;

    sw_wire_read_error(frame, &err, &is_fatal);
    if (is_fatal)
        backend->farewell = err;
    /* Where it is not reported who is a standby, a read-only transaction looks the same. */
    if (sw_error_is(&err, "25006") &&
        sw_settings_get(backend->reported, "in_hot_standby") == NULL)
        backend->is_standby = true;
    if (turn == SW_TURN_WRONG || is_fatal)
        return; /* the end of the connection follows, and is told with these words */
    reply = *sw_replies_head(&backend->replies);
    forward_span(backend);
    if (turn == SW_TURN_FAILS) {
        bool has_sync;

        sw_backend_note_skipped(backend, &reply);
        has_sync = sw_replies_skip(&backend->replies, on_skipped, backend);
        sw_backend_restore_portals(backend);
        if (!has_sync) {
            sw_write_sync(sw_stream_out(backend->stream));
            sw_backend_expect(backend, SW_REPLY_SYNC, SW_REPLY_FORWARD, -1);
            sw_stream_flush(backend->stream);
        }
    }
    backend->events->on_error(backend->user, &reply, frame);
}

static void take_ready(struct sw_backend *backend, const struct sw_frame *frame)
{
    struct sw_reply reply = *sw_replies_head(&backend->replies);

    backend->status = (char)(frame->body_len == 1 ? frame->body[0] : '?');
    sw_replies_pop(&backend->replies);
    if (backend->status == 'I')
        sw_backend_close_portals(backend);
    forward_span(backend);
    backend->events->on_ready(backend->user, &reply, backend->status);
}

/* Only rows, those of COPY too, and notices are passed on piece by piece; other messages have
 * to be here in full, and so have rows in which types are renamed. */
static bool is_read_whole(struct sw_backend *backend, uint8_t type)
{
    const struct sw_reply *head = sw_replies_head(&backend->replies);
    bool is_passed_on = type == 'D' || type == 'd' || type == 'N';

    return !is_passed_on || (head != NULL && head->use == SW_REPLY_CAPTURE) ||
           (type == 'N' && head != NULL && head->use == SW_REPLY_ROWS) ||
           (type == 'D' && sw_backend_renames_rows(backend, head));
}

static void take_copy_in(struct sw_backend *backend, const uint8_t *bytes, size_t len)
{
    forward_span(backend);
    if (backend->events->on_copy_in != NULL)
        backend->events->on_copy_in(backend->user, bytes, len);
    else
        sw_backend_be_lost(backend, "the server waits for data that nobody has");
}

/* Types are renamed in the stream's own buffer: those messages are here in full. False: the
 * server broke the protocol. */
static bool rename_types(struct sw_backend *backend, const struct sw_reply *reply,
                         const struct sw_frame *frame, const uint8_t *bytes)
{
    uint8_t *message = (uint8_t *)(uintptr_t)bytes;

    if (backend->types == NULL)
        return true;
    if (frame->type == 'D')
        return !sw_backend_renames_rows(backend, reply) ||
               sw_backend_rename_row(backend, reply, message, frame);
    if (frame->type == 'T' || frame->type == 'n')
        if (!sw_backend_note_described(backend, reply, frame))
            return false;
    return (frame->type != 'T' && frame->type != 't') ||
           sw_wire_translate_types(message, frame, backend->types);
}

/* A row, or what COPY TO STDOUT says of and with its rows. */
static bool is_of_rows(uint8_t type)
{
    return type == 'D' || type == 'H' || type == 'd';
}

/* A message that answers the head entry and may be here only in part. */
static void take_answer(struct sw_backend *backend, const struct sw_frame *frame,
                        const uint8_t *bytes, size_t here, enum sw_reply_turn turn)
{
    struct sw_reply reply = *sw_replies_head(&backend->replies);

    if (!rename_types(backend, &reply, frame, bytes)) {
        sw_backend_be_lost(backend, "the server broke the protocol");
        return;
    }
    if (frame->type == 't' || (frame->type == 'T' && reply.kind == SW_REPLY_DESCRIBE &&
                               reply.use == SW_REPLY_FORWARD)) {
        forward_span(backend);
        backend->events->on_types(backend->user, &reply, frame);
    }
    if (frame->type == 'D' && reply.use == SW_REPLY_CAPTURE)
        backend->events->on_row(backend->user, &reply, frame);
    if (frame->type == 'C' && (reply.use == SW_REPLY_FORWARD || reply.use == SW_REPLY_ROWS))
        backend->rows += sw_wire_rows_of_tag(frame);
    backend->is_tail_forwarded = reply.use == SW_REPLY_FORWARD ||
                                 (reply.use == SW_REPLY_COLUMNS && frame->type == 'T') ||
                                 (reply.use == SW_REPLY_ROWS && is_of_rows(frame->type));
    backend->tail = frame->size - here;
    if (backend->is_tail_forwarded)
        forward(backend, bytes, here);
    if (turn != SW_TURN_ENDS)
        return;
    sw_backend_note_answered(backend, &reply);
    sw_replies_pop(&backend->replies);
    if (reply.index != SW_REPLY_OF_NOBODY) {
        forward_span(backend);
        backend->events->on_answered(backend->user, &reply);
    }
}

/* Notices belong to the client even of statements of ours that stand for his, as COMMIT. */
static bool is_for_client(const struct sw_reply *head)
{
    return head == NULL || head->use == SW_REPLY_FORWARD || head->kind == SW_REPLY_EXECUTE;
}

bool sw_backend_is_unconfirmed(const struct sw_backend *backend, const struct sw_frame *frame)
{
    return frame->type == 'N' && backend->is_guarded &&
           sw_wire_is_said_by(frame, "SyncRepWaitForLSN");
}

static void take_message(struct sw_backend *backend, const struct sw_frame *frame,
                         const uint8_t *bytes, size_t here)
{
    const struct sw_reply *head = sw_replies_head(&backend->replies);
    enum sw_reply_turn turn;

    if (frame->type == 'S') {
        take_parameter(backend, frame);
        return;
    }
    if (frame->type == 'E') {
        take_error(backend, frame);
        return;
    }
    if (frame->type == 'A') {
        take_notification(backend, bytes, frame->size);
        return;
    }
    if (here == frame->size && sw_backend_is_unconfirmed(backend, frame)) {
        sw_backend_be_lost(backend, "the commit was not confirmed by its standbys");
        return;
    }
    if (frame->type == 'N' && head != NULL && head->use == SW_REPLY_ROWS) {
        take_notice(backend, bytes, here);
        return;
    }
    if (frame->type == 'N') {
        bool is_wanted = backend->events != NULL && is_for_client(head);

        backend->is_tail_forwarded = is_wanted;
        backend->tail = frame->size - here;
        if (is_wanted)
            forward(backend, bytes, here);
        return;
    }
    turn = sw_replies_turn(&backend->replies, frame->type);
    if (turn == SW_TURN_WRONG)
        sw_backend_be_lost(backend, "the server broke the protocol");
    else if (frame->type == 'Z')
        take_ready(backend, frame);
    else if (frame->type == 'G')
        take_copy_in(backend, bytes, here);
    else
        take_answer(backend, frame, bytes, here, turn);
}

/* The rest of a message whose beginning was dealt with already. */
static size_t take_tail(struct sw_backend *backend, const uint8_t *bytes, size_t len)
{
    size_t part = len < backend->tail ? len : backend->tail;

    if (backend->is_tail_forwarded)
        forward(backend, bytes, part);
    backend->tail -= part;
    return part;
}

static const char *why_unread(enum sw_frame_status status, const struct sw_frame *frame)
{
    return status == SW_FRAME_LONG && frame->type == 'D' && frame->size <= MESSAGE_LIMIT
               ? "a row of more than 64 MB holds binary arrays or composites of users' types"
               : "the server sent a message that cannot be read";
}

bool sw_backend_looks_into(const struct sw_backend *backend, const struct sw_frame *frame)
{
    return backend->is_guarded && frame->type == 'N' && frame->size <= NOTICE_LIMIT;
}

/* One step into [bytes, bytes + len); returns how far, 0 when more has to come first. */
static size_t take_next(struct sw_backend *backend, const uint8_t *bytes, size_t len)
{
    struct sw_frame frame;
    enum sw_frame_status status;
    size_t here;

    if (backend->tail > 0)
        return take_tail(backend, bytes, len);
    status = sw_frame_next(bytes, len, MESSAGE_LIMIT, &frame);
    if (status == SW_FRAME_SHORT)
        return 0;
    if (status == SW_FRAME_HEADER &&
        (is_read_whole(backend, frame.type) || sw_backend_looks_into(backend, &frame)))
        status = frame.size <= WHOLE_LIMIT ? SW_FRAME_SHORT : SW_FRAME_LONG;
    if (status == SW_FRAME_BAD || status == SW_FRAME_LONG) {
        sw_backend_be_lost(backend, why_unread(status, &frame));
        return len;
    }
    if (status == SW_FRAME_SHORT)
        return 0;
    here = status == SW_FRAME_WHOLE ? frame.size : len;
    take_message(backend, &frame, bytes, here);
    return here;
}

size_t sw_backend_on_bytes(void *owner, const uint8_t *bytes, size_t len)
{
    struct sw_backend *backend = owner;
    size_t at = 0;

    if (backend->is_raw)
        return sw_backend_take_raw(backend, bytes, len);
    while (at < len && !backend->is_closing && !backend->is_lost) {
        size_t step = take_next(backend, bytes + at, len - at);

        if (step == 0)
            break;
        at += step;
        sw_backend_answer_locals(backend);
    }
    if (!backend->is_closing) {
        forward_span(backend);
        if (backend->events != NULL)
            backend->events->on_pause(backend->user);
    }
    return at;
}
