/*
 * COPY FROM STDIN. While a server waits for data, the session reads what the client sends for
 * that, and passes it on as it comes: CopyData in pieces of its own, so that no part of a
 * message is left over when the server ends it with an error. Messages are read no faster than
 * the server reads them.
 *
 *   RUNNING --CopyInResponse--> is_copying --CopyDone, CopyFail, ErrorResponse--> RUNNING
 *
 * In the extended protocol the run ends with the Execute: whether the Sync behind it counts is
 * only known when the server has answered. It ignores Sync and Flush while it waits for data,
 * and so do we.
 */
#include "internal.h"

#include "shardward/wire/write.h"

#include <string.h>

enum {
    HEADER = 5,
    DATA_LIMIT = 0x3fffffff, /* of CopyData, as PostgreSQL has it */
    FAIL_LIMIT = 10000,      /* of CopyFail: PostgreSQL's PQ_SMALL_MESSAGE_LIMIT */
};

void sw_session_begin_copy(struct sw_session *session, const uint8_t *bytes, size_t len)
{
    session->has_answered = true;
    if (session->rows != NULL) {
        sw_session_flow_rows(session);
        return;
    }
    (void)sw_buf_append(sw_session_out(session), bytes, len);
    session->is_copying = true;
    session->is_copy_held = false;
    sw_stream_release(session->stream);
}

void sw_session_leave_copy(struct sw_session *session)
{
    if (!session->is_copying)
        return;
    session->is_copying = false;
    sw_stream_hold(session->stream);
}

bool sw_session_reads_copy(const struct sw_session *session)
{
    return session->state == SW_SESSION_RUNNING && session->is_copying &&
           !session->is_copy_held;
}

void sw_session_pass_on(struct sw_session *session, const uint8_t *data, size_t len)
{
    struct sw_leg *leg = session->running;

    if (len == 0)
        return;
    sw_leg_copy(leg, data, len);
    if (!sw_leg_is_congested(leg))
        return;
    sw_leg_flush_copy(leg);
    session->is_copy_held = sw_leg_is_congested(leg);
    if (session->is_copy_held)
        sw_stream_hold(session->stream);
}

static size_t take_data(struct sw_session *session, const uint8_t *bytes, size_t len)
{
    size_t part = len < session->unread ? len : session->unread;

    session->unread -= part;
    if (session->rows != NULL)
        sw_session_take_rows(session, bytes, part);
    else
        sw_session_pass_on(session, bytes, part);
    return part;
}

static size_t refuse(struct sw_session *session, const struct sw_error *err)
{
    sw_session_fatal(session, err);
    return 0;
}

static size_t refuse_length(struct sw_session *session)
{
    struct sw_error err;

    sw_error_set(&err, "08P01", "invalid message length");
    return refuse(session, &err);
}

static size_t take_end(struct sw_session *session, const struct sw_frame *frame)
{
    struct sw_leg *leg = session->running;

    const char *why = (const char *)frame->body;
    struct sw_error err;

    if (frame->type == 'f' && (frame->body_len == 0 || why[frame->body_len - 1] != '\0'))
        return refuse_length(session);
    if (frame->type == 'c' && session->rows != NULL) {
        sw_session_end_rows(session);
        return frame->size;
    }
    sw_error_set(&err, "57014", "COPY from stdin failed: %s", frame->type == 'f' ? why : "");
    if (sw_session_refuse_rows(session, &err))
        return frame->size;
    if (frame->type == 'c')
        sw_leg_end_copy(leg);
    else
        sw_leg_fail_copy(leg, why);
    sw_leg_flush_copy(leg);
    sw_session_leave_copy(session);
    return frame->size;
}

static size_t take_frame(struct sw_session *session, const uint8_t *bytes, size_t len)
{
    size_t limit = bytes[0] == 'd' ? DATA_LIMIT : FAIL_LIMIT;
    struct sw_frame frame;

    switch (sw_frame_next(bytes, len, limit, &frame)) {
    case SW_FRAME_SHORT:
        return 0;
    case SW_FRAME_HEADER:
        if (frame.type != 'd')
            return 0;
        break;
    case SW_FRAME_WHOLE:
        break;
    case SW_FRAME_LONG:
    case SW_FRAME_BAD:
        return refuse_length(session);
    }
    if (frame.type == 'd') {
        session->unread = frame.size - HEADER;
        session->unread_type = 'd';
        return HEADER;
    }
    if (frame.type != 'f' && frame.body_len > 0)
        return refuse_length(session);
    return frame.type == 'c' || frame.type == 'f' ? take_end(session, &frame) : frame.size;
}

size_t sw_session_take_copy(struct sw_session *session, const uint8_t *bytes, size_t len)
{
    struct sw_error err;

    if (session->unread > 0)
        return take_data(session, bytes, len);
    if (memchr("dcfHS", bytes[0], sizeof "dcfHS" - 1) != NULL)
        return take_frame(session, bytes, len);
    if (bytes[0] == 'X') {
        sw_session_close(session);
        return 0;
    }
    sw_error_set(&err, "08P01", "unexpected message type 0x%02X during COPY from stdin",
                 bytes[0]);
    return refuse(session, &err);
}

void sw_session_flush_copy(struct sw_session *session)
{
    if (session->is_copying && session->running != NULL)
        sw_leg_flush_copy(session->running);
}

void sw_session_go_on_copying(struct sw_session *session)
{
    if (!session->is_copying || !session->is_copy_held)
        return;
    session->is_copy_held = false;
    sw_stream_release(session->stream);
}
