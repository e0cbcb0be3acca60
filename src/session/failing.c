/*
 * A server's error, as the client of its run hears it.
 */
#include "internal.h"

#include "shardward/wire/response.h"
#include "shardward/wire/write.h"

/* Did the client ask in the extended protocol, before a simple query perhaps? A statement of
 * ours stands for one of its requests then. */
static bool is_extended(const struct sw_session *session)
{
    for (int i = 0; i < session->run.count; i++)
        if (session->run.requests[i].about != NULL && !session->run.requests[i].is_quiet)
            return true;
    return false;
}

enum sw_request_kind sw_session_kind_of_failed(const struct sw_session *session, int index)
{
    if (index >= 0 && session->run.requests[index].is_quiet)
        return SW_REQUEST_QUERY;
    if (index >= 0)
        return session->run.requests[index].kind;
    return is_extended(session) ? SW_REQUEST_EXECUTE : SW_REQUEST_INJECT;
}

/* What was put into the text that the request is about. */
static const struct sw_splice *splice_of(const struct sw_session *session, int index)
{
    static const struct sw_splice none;
    const struct sw_request *request = index < 0 ? NULL : &session->run.requests[index];
    const struct sw_named *named = request == NULL ? NULL : request->about;

    if (request == NULL)
        return &none;
    if (request->kind == SW_REQUEST_QUERY || request->kind == SW_REQUEST_COPY)
        return &session->splice;
    if (named == NULL)
        return &none;
    return named->filled != NULL && request->kind != SW_REQUEST_PARSE &&
                   request->kind != SW_REQUEST_DESCRIBE_STATEMENT
               ? &named->fill_splice
               : &named->splice;
}

/* The server was asked to cancel by us, and not by the client. */
static bool is_own_cancel(const struct sw_session *session, const struct sw_frame *frame)
{
    struct sw_error err;

    if (!session->limit.is_overdue)
        return false;
    sw_wire_read_error(frame, &err, NULL);
    return sw_error_is(&err, "57014");
}

/* The client shall find its own text where the error points. */
void sw_session_forward_error(struct sw_session *session, int index,
                              const struct sw_frame *frame)
{
    const struct sw_splice *splice = splice_of(session, index);
    struct sw_buf *out = sw_session_out(session);
    struct sw_error err;
    int position;

    sw_kinds_note_frame(session->sessions->kinds, frame);
    if (is_own_cancel(session, frame)) {
        sw_error_set(&err, "57014", "canceling statement due to statement timeout");
        sw_write_error(out, "ERROR", &err);
        return;
    }
    if (splice->count == 0) {
        (void)sw_buf_append(out, frame->body - (frame->size - frame->body_len), frame->size);
        return;
    }
    sw_wire_read_error(frame, &err, NULL);
    position = err.position == 0 ? 0 : sw_splice_position(splice, err.position);
    sw_write_shard_error(out, frame, NULL, position - err.position);
}
