/*
 * One timer is for all limits of a session. No statement starts it anew, unless its limit is
 * the shorter one: when the timer is due it looks how long it really was.
 */
#include "internal.h"

/* For a server to end what it was asked to cancel. */
enum { GRACE_MS = 10000 };

/* What a limit may be of. */
enum stretch { STRETCH_NONE, STRETCH_IDLE, STRETCH_IDLE_IN_TRANSACTION, STRETCH_AT_WORK };

static enum stretch stretch_of(const struct sw_session *session)
{
    bool is_open = session->txn.state != SW_TXN_IDLE || session->batch != NULL;

    if (session->state == SW_SESSION_DIRECT) {
        if (sw_session_works_directly(session))
            return STRETCH_AT_WORK;
        is_open = sw_session_direct_status(session) != 'I';
    } else if (session->state == SW_SESSION_RUNNING) {
        return sw_session_is_parked(session) ? STRETCH_NONE : STRETCH_AT_WORK;
    } else if (session->state != SW_SESSION_READY) {
        return STRETCH_NONE;
    }
    return is_open ? STRETCH_IDLE_IN_TRANSACTION : STRETCH_IDLE;
}

/* 0: none. */
static int limit_ms(const struct sw_session *session, enum stretch stretch)
{
    const struct sw_config *config = session->sessions->map->config;

    switch (stretch) {
    case STRETCH_NONE:
        break;
    case STRETCH_IDLE:
        return config->timeouts.idle_session_ms;
    case STRETCH_IDLE_IN_TRANSACTION:
        return config->timeouts.idle_in_transaction_ms;
    case STRETCH_AT_WORK:
        return config->timeouts.query_ms;
    }
    return 0;
}

static void begin(struct sw_session *session)
{
    session->limit.since_ms = sw_loop_now_ms(session->sessions->loop);
    session->limit.since_received = sw_stream_received(session->stream);
}

/* A client that sends a long message, a batch without its end, or takes its time to read the
 * last answer, is not idle. */
static bool is_about_something(const struct sw_session *session)
{
    return session->limit.since_received != sw_stream_received(session->stream) ||
           session->run.count > 0 || sw_stream_is_congested(session->stream);
}

static void start_timer(struct sw_session *session, uint64_t due_ms)
{
    uint64_t now_ms = sw_loop_now_ms(session->sessions->loop);

    session->limit.due_ms = due_ms;
    sw_timer_start(session->limit.timer, due_ms > now_ms ? due_ms - now_ms : 0);
}

static void end_idle(struct sw_session *session, enum stretch stretch)
{
    struct sw_error err;

    if (stretch == STRETCH_IDLE)
        sw_error_set(&err, "57P05", "terminating connection due to idle-session timeout");
    else
        sw_error_set(&err, "25P03",
                     "terminating connection due to idle-in-transaction timeout");
    sw_session_fatal(session, &err);
}

/* Its server connection is in no known state, and closed with the session. */
static void end_unanswered(struct sw_session *session)
{
    struct sw_error err;

    sw_error_set(&err, "57014", "terminating connection due to statement timeout");
    sw_error_detail(&err, "The server did not end the statement when it was asked to cancel "
                          "it; it is unknown whether it took effect.");
    sw_session_fatal(session, &err);
}

/* A COMMIT is not cancelled: its time is that of its standbys, or of a failover. */
static bool is_unlimited(const struct sw_session *session)
{
    return sw_session_is_committing(session) &&
           (session->resolution != NULL || session->together != NULL ||
            sw_session_run_commits(session));
}

static void on_due(void *owner)
{
    struct sw_session *session = owner;
    enum stretch stretch = stretch_of(session);
    int limit = limit_ms(session, stretch);
    uint64_t now_ms = sw_loop_now_ms(session->sessions->loop);
    uint64_t due_ms;

    session->limit.due_ms = 0;
    if (limit == 0)
        return;
    if (stretch != STRETCH_AT_WORK && is_about_something(session))
        begin(session);
    if (stretch == STRETCH_AT_WORK && is_unlimited(session))
        begin(session);
    due_ms =
        session->limit.since_ms + (uint64_t)limit + (session->limit.is_overdue ? GRACE_MS : 0);
    if (due_ms > now_ms) {
        start_timer(session, due_ms);
    } else if (stretch != STRETCH_AT_WORK) {
        end_idle(session, stretch);
    } else if (session->limit.is_overdue) {
        end_unanswered(session);
    } else {
        session->limit.is_overdue = true;
        start_timer(session, due_ms + GRACE_MS);
        sw_session_cancel(session);
    }
}

void sw_session_limit(struct sw_session *session)
{
    int limit = limit_ms(session, stretch_of(session));
    uint64_t due_ms;

    session->limit.is_overdue = false;
    if (limit == 0)
        return;
    begin(session);
    due_ms = session->limit.since_ms + (uint64_t)limit;
    if (session->limit.due_ms != 0 && session->limit.due_ms <= due_ms)
        return;
    if (session->limit.timer == NULL)
        session->limit.timer = sw_timer_create(session->sessions->loop, on_due, session);
    start_timer(session, due_ms);
}
