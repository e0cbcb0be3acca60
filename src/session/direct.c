/*
 * A client of pool mode session, whose database is whole on one server: it has a server
 * connection for itself, opened with what it asked for in its start-up packet and closed behind
 * it. Its messages go there as they are, and what the server says comes back as it is; so that
 * whatever PostgreSQL can do works, and nothing that a client leaves behind is met by another.
 *
 * Of the messages only so much is looked at as to know whether the server is at work for it.
 */
#include "internal.h"

#include "shardward/base/mem.h"
#include "shardward/wire/write.h"

#include <ctype.h>
#include <string.h>

struct sw_direct {
    struct sw_session *session;
    struct sw_own_lease own;
    char *options;
    size_t tail;        /* bytes still to come of the client's message */
    int queries, syncs; /* that the server has not answered yet with ReadyForQuery */
    bool is_held;       /* the client's stream */
    bool has_ended;     /* the client has said Terminate */
};

static struct sw_backend *backend_of(const struct sw_direct *direct)
{
    return direct->own.lease.backend;
}

bool sw_session_is_direct(const struct sw_session *session)
{
    const struct sw_database *database = session->database;
    bool has_all;

    if (session->user == NULL || session->user->pool.mode != SW_POOL_SESSION ||
        database == NULL || !sw_database_is_whole(database) ||
        sw_database_is_managed(database)) /* what it says about commits has to be read */
        return false;
    has_all = !session->user->rights.is_read_only;
    for (int i = 0; i < database->business_count; i++)
        has_all &= sw_user_may_use(session->user, &database->businesses[i]);
    return has_all;
}

bool sw_session_works_directly(const struct sw_session *session)
{
    return session->direct != NULL && session->direct->queries + session->direct->syncs > 0;
}

char sw_session_direct_status(const struct sw_session *session)
{
    if (session->direct == NULL || backend_of(session->direct) == NULL)
        return 'I';
    return sw_backend_status(backend_of(session->direct));
}

int sw_session_direct_fd(const struct sw_session *session)
{
    return session->direct == NULL || backend_of(session->direct) == NULL
               ? -1
               : sw_backend_fd(backend_of(session->direct));
}

uint32_t sw_session_direct_pid(const struct sw_session *session)
{
    return session->direct == NULL || backend_of(session->direct) == NULL
               ? 0
               : (uint32_t)sw_backend_server_pid(backend_of(session->direct));
}

/* --- what the server says --- */

/* The client's bytes wait while the server has too many of them, and while a cancel is on its
 * way, which could hit what follows; behind its last message for ever. */
static void update_hold(struct sw_direct *direct)
{
    struct sw_backend *backend = backend_of(direct);
    bool must_wait = direct->has_ended || sw_backend_is_congested(backend) ||
                     !sw_backend_is_answered(backend);

    if (must_wait == direct->is_held)
        return;
    direct->is_held = must_wait;
    if (must_wait)
        sw_stream_hold(direct->session->stream);
    else
        sw_stream_release(direct->session->stream);
}

static void on_forward(void *owner, const uint8_t *bytes, size_t len)
{
    const struct sw_direct *direct = owner;

    (void)sw_buf_append(sw_session_out(direct->session), bytes, len);
}

static void on_ready(void *owner, const struct sw_reply *reply, char status)
{
    struct sw_direct *direct = owner;
    struct sw_session *session = direct->session;

    (void)reply;
    (void)status;
    if (direct->queries > 0)
        direct->queries--;
    else if (direct->syncs > 0)
        direct->syncs--;
    if (sw_session_works_directly(session)) {
        sw_session_limit(session);
        return;
    }
    sw_tally_end(session);
    sw_stream_flush(session->stream);
    sw_session_rest(session);
}

static void on_pause(void *owner)
{
    struct sw_direct *direct = owner;
    struct sw_session *session = direct->session;

    sw_stream_flush(session->stream);
    if (sw_stream_is_congested(session->stream))
        sw_backend_hold(backend_of(direct));
    update_hold(direct);
}

static void on_drained(void *owner)
{
    update_hold(owner);
}

/* The server has said why it ends, if it could, and if it was the server that ended. */
static void on_lost(void *owner, const struct sw_error *err, enum sw_loss loss)
{
    const struct sw_direct *direct = owner;
    struct sw_session *session = direct->session;

    if (direct->has_ended || loss == SW_LOSS_TORN ||
        (loss != SW_LOSS_LEFT && !sw_error_is(err, "08006"))) {
        sw_stream_flush(session->stream);
        sw_session_close(session);
        return;
    }
    sw_session_fatal(session, err);
}

static const struct sw_backend_events events = {
    .on_forward = on_forward,
    .on_ready = on_ready,
    .on_pause = on_pause,
    .on_drained = on_drained,
    .on_lost = on_lost,
};

void sw_session_direct_drained(struct sw_session *session)
{
    sw_backend_release(backend_of(session->direct));
}

/* --- what the client says --- */

/* The Syncs of a COPY FROM STDIN are ignored until the client has ended it. */
static void count(struct sw_session *session, uint8_t type)
{
    struct sw_direct *direct = session->direct;
    bool was_at_work = sw_session_works_directly(session);

    if (type == 'Q' || type == 'F')
        direct->queries++;
    else if (type == 'S')
        direct->syncs++;
    else if (type == 'c' || type == 'f')
        direct->syncs = 0;
    if (was_at_work || !sw_session_works_directly(session))
        return;
    session->run_end = SW_RUN_ENDS_QUERY;
    sw_tally_asked(session);
    sw_tally_start(session, session->database->catalog);
    sw_session_limit(session);
}

static size_t pass_on(struct sw_session *session, const uint8_t *bytes, size_t len)
{
    (void)sw_buf_append(sw_backend_out(backend_of(session->direct)), bytes, len);
    return len;
}

/* What was asked for before Terminate is done and answered, as by PostgreSQL: the server ends
 * behind it. */
static size_t end_behind_answers(struct sw_session *session, const struct sw_frame *frame,
                                 const uint8_t *bytes, size_t len)
{
    if (!sw_session_works_directly(session) || frame->size > len) {
        sw_session_close(session);
        return 0;
    }
    (void)pass_on(session, bytes, frame->size);
    session->direct->has_ended = true;
    return len;
}

static size_t take_next(struct sw_session *session, const uint8_t *bytes, size_t len)
{
    struct sw_direct *direct = session->direct;
    struct sw_frame frame;
    struct sw_error err;
    size_t here;

    if (direct->tail > 0) {
        here = len < direct->tail ? len : direct->tail;
        direct->tail -= here;
        return pass_on(session, bytes, here);
    }
    switch (sw_frame_next(bytes, len, SW_RUN_LIMIT, &frame)) {
    case SW_FRAME_SHORT:
        return 0;
    case SW_FRAME_BAD:
    case SW_FRAME_LONG:
        sw_error_set(&err, "08P01", "invalid message length");
        sw_session_fatal(session, &err);
        return 0;
    case SW_FRAME_WHOLE:
    case SW_FRAME_HEADER:
        break;
    }
    if (frame.type == 'X')
        return end_behind_answers(session, &frame, bytes, len);
    count(session, frame.type);
    here = len < frame.size ? len : frame.size;
    direct->tail = frame.size - here;
    return pass_on(session, bytes, here);
}

size_t sw_session_take_directly(struct sw_session *session, const uint8_t *bytes, size_t len)
{
    size_t at = 0;

    while (at < len) {
        size_t step = take_next(session, bytes + at, len - at);

        if (session->state != SW_SESSION_DIRECT)
            return at;
        if (step == 0)
            break;
        at += step;
    }
    sw_backend_flush(backend_of(session->direct));
    update_hold(session->direct);
    return at;
}

void sw_session_cancel_directly(struct sw_session *session)
{
    if (!sw_session_works_directly(session))
        return;
    sw_lease_cancel(&session->direct->own.lease);
    update_hold(session->direct);
}

/* --- its beginning and end --- */

static void on_lent(void *owner)
{
    struct sw_direct *direct = owner;
    struct sw_session *session = direct->session;
    struct sw_backend *backend = backend_of(direct);

    sw_backend_use(backend, &events, direct);
    sw_backend_be_raw(backend);
    sw_session_tell(session, sw_backend_reported(backend));
    session->state = SW_SESSION_DIRECT;
    sw_session_welcome(session, sw_session_direct_pid(session));
}

static void on_refused(void *owner, const struct sw_error *err)
{
    const struct sw_direct *direct = owner;

    sw_session_fatal(direct->session, err);
}

static void put_escaped(struct sw_buf *options, const char *value)
{
    for (; *value != '\0'; value++) {
        if (isspace((unsigned char)*value) || *value == '\\')
            (void)sw_buf_append_text(options, "\\");
        (void)sw_buf_append(options, value, 1);
    }
}

/* Settings as the server's command line takes them: what they are set to is what RESET leads
 * back to. */
static char *options_of(const struct sw_settings *settings)
{
    struct sw_buf options;
    char *text;

    sw_buf_init(&options, SW_RUN_LIMIT);
    for (size_t i = 0; settings != NULL && i < settings->count; i++) {
        (void)sw_buf_append_text(&options, " -c ");
        put_escaped(&options, settings->list[i].name);
        (void)sw_buf_append_text(&options, "=");
        put_escaped(&options, settings->list[i].value);
    }
    (void)sw_buf_append(&options, "", 1);
    text = sw_strdup((const char *)sw_buf_bytes(&options));
    sw_buf_finish(&options);
    return text;
}

void sw_session_start_direct(struct sw_session *session)
{
    struct sw_direct *direct;

    direct = session->direct = sw_alloc_zero(1, sizeof *direct);
    direct->session = session;
    direct->options = options_of(session->startup);
    sw_own_lease_init(&direct->own, direct->options, on_lent, on_refused, direct);
    sw_pool_borrow_own(sw_pools_get_kind(session->sessions->pools, session->user,
                                         session->database->catalog, SW_POOL_OWN),
                       &direct->own);
}

void sw_session_end_direct(struct sw_session *session)
{
    struct sw_direct *direct = session->direct;

    if (direct == NULL)
        return;
    if (backend_of(direct) != NULL)
        sw_lease_discard(&direct->own.lease);
    else
        sw_lease_forget(&direct->own.lease);
    session->direct = NULL;
    free(direct->options);
    free(direct);
}
