/*
 *   GREETING --start-up packet--> LOGIN --proof--> ENTERING --settings tried--> READY
 *       |            (trust: straight to ENTERING)    |                         |  ^
 *       |                                             |                 request |  | answered
 *       |                                             |                         v  |
 *       +------------- client gone, FATAL ------------+---------------------- RUNNING
 *                              |                      |
 *                              |        (pool mode session: DIRECT, from here to the end)
 *                              |
 *                              v
 *                          CLOSING --socket let go, legs FREE--> freed
 */
#include "internal.h"

#include "shardward/base/clock.h"
#include "shardward/base/log.h"
#include "shardward/base/mem.h"
#include "shardward/execute/ids.h"
#include "shardward/io/listener.h"
#include "shardward/session/encryption.h"
#include "shardward/wire/write.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- what clients send --- */

static void on_terminate(struct sw_session *session, const struct sw_frame *frame)
{
    (void)frame;
    session->has_left = true;
    sw_session_close(session);
}

static void on_function_call(struct sw_session *session, const struct sw_frame *frame)
{
    struct sw_error err;

    (void)frame;
    if (session->skips_to_sync)
        return;
    sw_error_set(&err, "0A000", "the function call protocol is not supported");
    sw_error_hint(&err, "Call the function with SELECT.");
    sw_session_add_failure(session, &err);
    sw_session_dispatch(session, SW_RUN_ENDS_QUERY);
}

/* What is left of a COPY that was refused, as PostgreSQL ignores it. */
static void on_copy_rest(struct sw_session *session, const struct sw_frame *frame)
{
    (void)session;
    (void)frame;
}

/* Those that may be long are the ones that PostgreSQL takes above 10,000 bytes. */
static const struct {
    void (*take)(struct sw_session *, const struct sw_frame *);
    bool may_be_long;
} messages[256] = {
    ['Q'] = {sw_session_on_query, true},
    ['P'] = {sw_session_on_parse, true},
    ['B'] = {sw_session_on_bind, true},
    ['F'] = {on_function_call, true},
    ['d'] = {on_copy_rest, true},
    ['f'] = {on_copy_rest, true},
    ['D'] = {sw_session_on_describe, false},
    ['E'] = {sw_session_on_execute, false},
    ['C'] = {sw_session_on_close, false},
    ['H'] = {sw_session_on_flush, false},
    ['S'] = {sw_session_on_sync, false},
    ['X'] = {on_terminate, false},
    ['c'] = {on_copy_rest, false},
};

static size_t message_limit(const struct sw_session *session)
{
    return session->sessions->map->config->limits.message;
}

/* Once COPY is over they are dropped, however long they are. */
static bool is_of_copy(uint8_t type)
{
    return type == 'd' || type == 'f';
}

/* Drop what has come of a message that is too long; at its end it is an error like others. */
static size_t drop_unread(struct sw_session *session, size_t len)
{
    size_t part = len < session->unread ? len : session->unread;
    struct sw_error err;

    session->unread -= part;
    if (session->unread > 0 || session->skips_to_sync || is_of_copy(session->unread_type))
        return part;
    sw_error_set(&err, "54000", "the message is longer than %zu bytes (limits.message)",
                 message_limit(session));
    sw_session_add_failure(session, &err);
    if (session->unread_type == 'Q' || session->unread_type == 'F')
        sw_session_dispatch(session, SW_RUN_ENDS_QUERY);
    else
        session->skips_to_sync = true;
    return part;
}

static size_t take_login(struct sw_session *session, const uint8_t *bytes, size_t len)
{
    struct sw_frame frame;
    struct sw_error err;

    switch (sw_frame_next(bytes, len, SW_STARTUP_LIMIT, &frame)) {
    case SW_FRAME_WHOLE:
        sw_session_on_login_message(session, &frame);
        return frame.size;
    case SW_FRAME_HEADER:
    case SW_FRAME_SHORT:
        return 0;
    case SW_FRAME_LONG:
    case SW_FRAME_BAD:
        break;
    }
    sw_error_set(&err, "08P01", "invalid message length");
    sw_session_fatal(session, &err);
    return 0;
}

static size_t take_message(struct sw_session *session, const uint8_t *bytes, size_t len)
{
    struct sw_frame frame;
    struct sw_error err;

    if (messages[bytes[0]].take == NULL) {
        sw_error_set(&err, "08P01", "invalid frontend message type %d", bytes[0]);
        sw_session_fatal(session, &err);
        return 0;
    }
    switch (sw_frame_next(bytes, len, message_limit(session), &frame)) {
    case SW_FRAME_WHOLE:
        messages[frame.type].take(session, &frame);
        return frame.size;
    case SW_FRAME_HEADER:
    case SW_FRAME_SHORT:
        return 0;
    case SW_FRAME_LONG:
        if (!messages[frame.type].may_be_long)
            break;
        session->unread = frame.size;
        session->unread_type = frame.type;
        return drop_unread(session, len);
    case SW_FRAME_BAD:
        break;
    }
    sw_error_set(&err, "08P01", "invalid message length");
    sw_session_fatal(session, &err);
    return 0;
}

/* One message, or 0 when it is not all here yet. */
static size_t take_next(struct sw_session *session, const uint8_t *bytes, size_t len)
{
    if (session->state == SW_SESSION_DIRECT)
        return sw_session_take_directly(session, bytes, len);
    if (session->state == SW_SESSION_GREETING)
        return sw_session_greet(session, bytes, len);
    if (session->state == SW_SESSION_LOGIN)
        return take_login(session, bytes, len);
    if (session->is_copying)
        return sw_session_take_copy(session, bytes, len);
    if (session->unread > 0)
        return drop_unread(session, len);
    return take_message(session, bytes, len);
}

static bool reads(const struct sw_session *session)
{
    return session->state == SW_SESSION_GREETING ||
           (session->state == SW_SESSION_LOGIN && session->sought == NULL) ||
           session->state == SW_SESSION_DIRECT ||
           (session->state == SW_SESSION_READY && !session->is_throttled) ||
           sw_session_reads_copy(session);
}

static size_t on_bytes(void *owner, const uint8_t *bytes, size_t len)
{
    struct sw_session *session = owner;
    size_t at = 0;

    while (at < len && reads(session)) {
        size_t step = take_next(session, bytes + at, len - at);

        if (session->takes_again)
            step = 0;
        else if (step == 0)
            break;
        session->takes_again = false;
        at += step;
    }
    if (session->state == SW_SESSION_CLOSING)
        return at;
    sw_session_flush_copy(session);
    if (session->state != SW_SESSION_ENTERING) /* one flight tells all of it, or the refusal */
        sw_stream_flush(session->stream);
    return at;
}

static void on_drained(void *owner)
{
    struct sw_session *session = owner;

    if (session->state == SW_SESSION_DIRECT) {
        sw_session_direct_drained(session);
    } else if (session->running != NULL) {
        sw_leg_unhold(session->running);
    } else if (session->scattering != NULL) {
        sw_session_go_on_scattering(session);
    } else if (session->is_throttled) {
        session->is_throttled = false;
        sw_session_tell_notes(session);
        sw_stream_release(session->stream);
    }
}

static void on_lost(void *owner, const char *reason)
{
    struct sw_session *session = owner;

    sw_encryption_log_loss(session->stream, reason);
    sw_log(SW_LOG_DEBUG, "client-lost", "client=%u reason=\"%s\"", session->id, reason);
    sw_session_close(session);
}

/* --- birth and end --- */

static void unref_sessions(struct sw_sessions *sessions)
{
    if (--sessions->refs > 0)
        return;
    sw_plan_cache_free(sessions->plans);
    sw_tallies_free(sessions->tallies);
    sw_kinds_free(sessions->kinds);
    sw_statement_book_free(sessions->statements);
    sw_prepared_unref(sessions->mark);
    sw_textmap_finish(&sessions->paused);
    sw_directory_finish(&sessions->directory);
    sw_settings_shared_finish(&sessions->startups);
    sw_catalog_unref(sessions->catalog);
    sw_map_unref(sessions->map);
    sw_state_unref(sessions->state);
    free(sessions);
}

static void free_session(struct sw_session *session)
{
    sw_link_remove(&session->link);
    sw_directory_remove(&session->sessions->directory, session);
    unref_sessions(session->sessions);
    sw_session_forget_run(session);
    sw_session_forget_batch(session);
    sw_run_finish(&session->run);
    sw_names_clear(&session->statements);
    sw_names_clear(&session->portals);
    sw_session_forget_loss(session);
    sw_session_forget_drawing(session);
    sw_splice_clear(&session->splice);
    sw_txn_finish(&session->txn);
    sw_session_sweep_legs(session);
    free(session->aside);
    sw_settings_unref(session->startup);
    sw_session_finish_reads(session);
    sw_settings_unref(session->settings);
    sw_settings_unref(session->told);
    sw_settings_unref(session->judged_settings);
    sw_txn_settings_unref(&session->at_start);
    sw_temporaries_unref(session->temporaries);
    sw_temporaries_unref(session->temporaries_before);
    sw_catalog_unref(session->catalog);
    sw_map_unref(session->map);
    free(session->scram);
    free(session->user_name);
    free(session->database_name);
    free(session);
}

static void free_if_done(struct sw_session *session)
{
    if (!session->is_stream_open && !sw_session_has_busy_leg(session) && session->ddl == NULL)
        free_session(session);
}

static void on_closed(void *owner)
{
    struct sw_session *session = owner;

    session->is_stream_open = false;
    if (session->has_left)
        (void)close(session->fd);
    else
        sw_socket_close(session->fd);
    free_if_done(session);
}

static void release_if_attached(struct sw_leg *leg)
{
    if (leg->state == SW_LEG_ATTACHED)
        sw_leg_release(leg);
}

void sw_session_leg_is_done(struct sw_session *session)
{
    sw_session_each_leg(session, release_if_attached);
    free_if_done(session);
}

static void abandon(struct sw_leg *leg)
{
    (void)sw_leg_abandon(leg);
}

void sw_session_log_connection(const struct sw_session *session, const char *event)
{
    const struct sw_config *config = session->sessions->map->config;

    sw_log(config->log.has_connections ? SW_LOG_INFO : SW_LOG_DEBUG, event,
           "client=%u user=\"%s\" database=\"%s\"", session->id, session->user_name,
           session->database_name);
}

static bool was_ready(const struct sw_session *session)
{
    return session->state == SW_SESSION_READY || session->state == SW_SESSION_RUNNING ||
           session->state == SW_SESSION_DIRECT;
}

void sw_session_close(struct sw_session *session)
{
    if (session->state == SW_SESSION_CLOSING)
        return;
    if (was_ready(session))
        sw_session_log_connection(session, "client-gone");
    sw_tally_gone(session);
    sw_session_unpark(session);
    sw_session_stop_drawing(session);
    sw_session_end_direct(session);
    sw_session_stop_seeking(session);
    sw_session_forget_secret(session);
    sw_session_forget_asked(session);
    if (session->is_counted)
        sw_census_leave(session->sessions->census, session->user_name, session->database_name);
    session->is_counted = false;
    session->state = SW_SESSION_CLOSING;
    session->sessions->on_left(session->sessions->owner);
    sw_timer_close(session->login_timer);
    session->login_timer = NULL;
    sw_timer_close(session->limit.timer);
    session->limit.timer = NULL;
    /* The transaction of an open batch shows in no status: only its end is sure to undo it. */
    if (session->batch != NULL)
        sw_leg_cut(session->batch);
    session->batch = NULL;
    sw_session_forget_resolution(session);
    sw_session_forget_together(session);
    sw_session_forget_scatter(session);
    sw_session_end_keeping(session);
    sw_session_each_leg(session, abandon);
    if (session->ddl != NULL && sw_session_abandon_ddl(session))
        sw_session_forget_ddl(session);
    sw_stream_close(session->stream);
}

void sw_session_fatal(struct sw_session *session, const struct sw_error *err)
{
    if (session->state == SW_SESSION_CLOSING)
        return;
    sw_kinds_note_error(session->sessions->kinds, err);
    sw_write_error(sw_session_out(session), "FATAL", err);
    sw_stream_flush(session->stream);
    sw_session_close(session);
}

void sw_session_end_by_order(struct sw_session *session)
{
    struct sw_error err;

    sw_error_set(&err, "57P01", "terminating connection due to administrator command");
    sw_session_fatal(session, &err);
}

struct sw_buf *sw_session_out(struct sw_session *session)
{
    return sw_stream_out(session->stream);
}

static void on_login_timeout(void *owner)
{
    struct sw_session *session = owner;
    struct sw_error err;

    sw_error_set(&err, "08P01", "canceling authentication due to timeout");
    sw_session_fatal(session, &err);
}

/* Positive as an int32, as clients expect of a process id. */
static uint32_t next_id(struct sw_sessions *sessions)
{
    uint32_t id;

    do {
        if (++sessions->last_number > 0x7fffffff / SW_WORKERS_MOST)
            sessions->last_number = 1;
        id = sessions->last_number * SW_WORKERS_MOST + sessions->worker;
    } while (sw_directory_find(&sessions->directory, id) != NULL);
    return id;
}

void sw_sessions_welcome(struct sw_sessions *sessions, int fd, bool is_surplus)
{
    static const struct sw_stream_events events = {on_bytes, on_drained, on_lost, on_closed};
    struct sw_session *session = sw_alloc_zero(1, sizeof *session);
    int login_ms = sessions->map->config->timeouts.login_ms;

    session->sessions = sessions;
    session->id = next_id(sessions);
    session->measure.connected_us = sw_clock_us();
    sw_link_init(&session->parked);
    if (getrandom(&session->cancel_key, sizeof session->cancel_key, 0) < 0)
        session->cancel_key = session->id;
    sw_txn_init(&session->txn);
    sw_run_init(&session->run);
    sw_leg_init(&session->leg, sessions->loop, &sw_session_sink, session);
    sw_list_push_back(&sessions->all, &session->link);
    sw_directory_add(&sessions->directory, session);
    sessions->refs++;
    session->fd = fd;
    session->is_surplus = is_surplus;
    session->stream = sw_stream_open(sessions->loop, fd, &events, session);
    sw_encryption_offer(session->stream, fd, sessions->map->config);
    session->is_stream_open = true;
    session->login_timer = sw_timer_create(sessions->loop, on_login_timeout, session);
    if (login_ms > 0)
        sw_timer_start(session->login_timer, (uint64_t)login_ms);
}

/* --- all of them --- */

struct sw_sessions *sw_sessions_create(const struct sw_sessions_setup *setup)
{
    struct sw_sessions *sessions = sw_alloc_zero(1, sizeof *sessions);

    sessions->refs = 1;
    sessions->worker = (uint32_t)setup->worker;
    sessions->loop = setup->loop;
    sessions->map = sw_map_ref(setup->map);
    sessions->state = sw_state_ref(setup->state);
    sessions->pools = setup->pools;
    sessions->plans = sw_plan_cache_create(setup->statement_cache);
    sessions->ids = sw_ids_create(setup->loop, setup->pools);
    sessions->verifiers = setup->verifiers;
    sessions->census = setup->census;
    sessions->tallies = sw_tallies_create();
    sessions->kinds = sw_kinds_create();
    sessions->statements = sw_statement_book_create();
    sessions->mark = sw_resolution_question();
    sessions->on_left = setup->on_left;
    sessions->read_again = setup->read_again;
    sessions->forget_reading = setup->forget_reading;
    sessions->seek_user = setup->seek_user;
    sessions->forget_sought = setup->forget_sought;
    sessions->doubt_user = setup->doubt_user;
    sessions->carry_cancel = setup->carry_cancel;
    sessions->owner = setup->owner;
    sw_link_init(&sessions->all);
    sw_link_init(&sessions->parked);
    sw_textmap_init(&sessions->paused);
    return sessions;
}

void sw_sessions_see_catalog(struct sw_sessions *sessions, struct sw_catalog *catalog)
{
    if (sessions->catalog != catalog)
        sw_ids_renew(sessions->ids);
    sw_catalog_unref(sessions->catalog);
    sessions->catalog = sw_catalog_ref(catalog);
}

void sw_sessions_use_state(struct sw_sessions *sessions, struct sw_state *state)
{
    struct sw_state *before = sessions->state;

    sessions->state = sw_state_ref(state);
    sw_state_unref(before);
}

void sw_sessions_turn_away(int fd)
{
    struct sw_error err;
    struct sw_buf out;

    sw_error_set(&err, "53300", "sorry, too many clients already");
    sw_buf_init(&out, SW_STARTUP_LIMIT);
    sw_write_error(&out, "FATAL", &err);
    if (send(fd, sw_buf_bytes(&out), sw_buf_len(&out), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        sw_log(SW_LOG_DEBUG, "client-lost", "reason=\"%s\"", strerror(errno));
    sw_buf_finish(&out);
    sw_socket_close(fd);
}

void sw_sessions_close(struct sw_sessions *sessions)
{
    struct sw_link *link, *next;

    if (sessions == NULL)
        return;
    for (link = sessions->all.next; link != &sessions->all; link = next) {
        struct sw_session *session = SW_OWNER(link, struct sw_session, link);

        next = link->next;
        sw_session_end_by_order(session);
        sw_session_each_leg(session, sw_leg_cut);
        sw_session_forget_ddl(session);
        free_if_done(session);
    }
    sw_ids_close(sessions->ids);
    sessions->ids = NULL;
    unref_sessions(sessions);
}
