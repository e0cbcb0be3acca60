/*
 * A run on its leg, and what comes of it.
 *
 *   dispatch --(no server needed)--> answered here
 *      |
 *      +--> RUNNING --on_done-----> settings, names, transaction follow --> READY
 *              |
 *              +------on_refused--> nothing was sent: an error --> READY
 *              +------on_lost-----> 08006, or 08007 if it may have written --> READY
 */
#include "internal.h"

#include "shardward/base/log.h"
#include "shardward/base/mem.h"
#include "shardward/wire/write.h"

#include <string.h>

/* --- collecting --- */

void sw_session_add_about(struct sw_session *session, enum sw_request_kind kind,
                          struct sw_named *named, enum sw_request_role role, const char *text,
                          const struct sw_buf *bytes)
{
    struct sw_request *request = sw_run_add(
        &session->run, kind, named == NULL ? NULL : named->prepared, text,
        bytes == NULL ? NULL : sw_buf_bytes(bytes), bytes == NULL ? 0 : sw_buf_len(bytes));

    request->role = (int)role;
    if (named != NULL)
        request->about = sw_named_ref(named);
}

void sw_session_add_failure(struct sw_session *session, const struct sw_error *err)
{
    struct sw_buf bytes;

    sw_buf_init(&bytes, SW_RUN_LIMIT);
    sw_write_error(&bytes, "ERROR", err);
    sw_session_add_about(session, SW_REQUEST_FAIL, NULL, SW_ROLE_NONE, NULL, &bytes);
    sw_buf_finish(&bytes);
}

void sw_session_note_changes(struct sw_session *session, const struct sw_statement *statement)
{
    for (int i = 0; i < statement->setting_count; i++) {
        size_t count = (size_t)session->change_count + 1;

        session->changes = sw_realloc(session->changes, count * sizeof *session->changes);
        session->read_back = sw_realloc(session->read_back, count * sizeof *session->read_back);
        session->changes[session->change_count] =
            (struct sw_change){.fact = statement->settings[i]};
        session->change_count++;
    }
}

bool sw_session_resets_to_startup(const struct sw_session *session,
                                  const struct sw_statement *statement)
{
    const struct sw_setting_fact *fact = statement->settings;

    if (statement->kind != SW_STATEMENT_SET || statement->setting_count != 1)
        return false;
    return fact->change == SW_SETTING_RESET_ALL
               ? session->startup != NULL
               : fact->change == SW_SETTING_RESET &&
                     sw_settings_get(session->startup, fact->name) != NULL;
}

static void inject_set(struct sw_session *session, const char *name, const char *value)
{
    struct sw_buf sql;

    sw_buf_init(&sql, SW_RUN_LIMIT);
    sw_put_sql_set_config(&sql, name, value, false);
    (void)sw_buf_append(&sql, "", 1);
    (void)sw_run_add(&session->run, SW_REQUEST_INJECT, NULL, (const char *)sw_buf_bytes(&sql),
                     NULL, 0);
    sw_buf_finish(&sql);
}

bool sw_session_add_reset(struct sw_session *session, const struct sw_statement *statement,
                          const char *text)
{
    const struct sw_settings *startup = session->startup;
    struct sw_buf answer;

    if (!sw_session_resets_to_startup(session, statement))
        return false;
    session->injects_resets = true;
    if (statement->settings[0].change == SW_SETTING_RESET_ALL)
        (void)sw_run_add(&session->run, SW_REQUEST_INJECT, NULL, "RESET ALL", NULL, 0);
    for (size_t i = 0; i < startup->count; i++)
        if (statement->settings[0].change == SW_SETTING_RESET_ALL ||
            strcmp(startup->list[i].name, statement->settings[0].name) == 0)
            inject_set(session, startup->list[i].name, startup->list[i].value);
    sw_buf_init(&answer, 64);
    sw_write_command_complete(
        &answer,
        text[statement->location] == 's' || text[statement->location] == 'S' ? "SET" : "RESET");
    sw_session_add_about(session, SW_REQUEST_LOCAL, NULL, SW_ROLE_NONE, NULL, &answer);
    sw_buf_finish(&answer);
    return true;
}

void sw_session_forget_run(struct sw_session *session)
{
    for (int i = 0; i < session->run.count; i++)
        sw_named_unref(session->run.requests[i].about);
    sw_run_clear(&session->run);
    for (int i = 0; i < session->change_count; i++)
        free(session->changes[i].value);
    free(session->changes);
    free(session->read_back);
    session->changes = NULL;
    session->read_back = NULL;
    session->change_count = 0;
    sw_script_unref(session->script);
    session->script = NULL;
    sw_settings_unref(session->before_run.settings);
    sw_settings_unref(session->before_run.told);
    session->before_run = (struct sw_txn_settings){0};
    session->target = (struct sw_target){0};
    session->has_failed = session->may_write = session->enlists = false;
    session->has_answered = session->is_retried = session->injects_resets = false;
    session->running = NULL;
}

/* --- the end of a run --- */

static bool is_ready_due(const struct sw_session *session)
{
    return session->run_end == SW_RUN_ENDS_QUERY || session->run_end == SW_RUN_ENDS_SYNC;
}

/* The last words about a run: ReadyForQuery if it is due. */
static void conclude(struct sw_session *session)
{
    bool is_due = is_ready_due(session);

    sw_session_forget_run(session);
    if (is_due && session->txn.state == SW_TXN_IDLE)
        sw_names_clear(&session->portals);
    if (is_due)
        sw_write_ready(sw_session_out(session), sw_txn_status(&session->txn));
    session->state = SW_SESSION_READY;
    sw_stream_flush(session->stream);
    sw_stream_release(session->stream);
}

/* What was collected and never carried out did not happen. */
static void undo_names(struct sw_session *session)
{
    for (int i = session->run.count - 1; i >= 0; i--) {
        const struct sw_request *request = &session->run.requests[i];
        struct sw_named *named = request->about;

        if (request->is_done)
            continue;
        if (request->role == SW_ROLE_PARSED &&
            sw_names_get(&session->statements, named->name) == named)
            sw_names_put(&session->statements, named->name, NULL);
        if (request->role == SW_ROLE_CLOSED &&
            sw_names_get(&session->statements, named->name) == NULL)
            sw_names_put(&session->statements, named->name, named);
    }
}

static void answer_here(struct sw_session *session)
{
    struct sw_buf *out = sw_session_out(session);

    for (int i = 0; i < session->run.count; i++) {
        struct sw_request *request = &session->run.requests[i];

        (void)sw_buf_append(out, sw_run_bytes(&session->run, request), request->bytes_len);
        request->is_done = true;
        if (request->kind == SW_REQUEST_FAIL)
            sw_txn_fail(&session->txn);
    }
    conclude(session);
}

/* --- sending --- */

static bool needs_server(const struct sw_session *session)
{
    bool is_last = is_ready_due(session);
    bool fails = session->run.count > 0 &&
                 session->run.requests[session->run.count - 1].kind == SW_REQUEST_FAIL;

    return session->run.needs_server || (session->batch != NULL && (is_last || fails));
}

static const char *const *list_read_back(struct sw_session *session)
{
    for (int i = 0; i < session->change_count; i++)
        session->read_back[i] =
            session->changes[i].fact.name == NULL ? "role" : session->changes[i].fact.name;
    return session->read_back;
}

/* Does a run beside the transaction have to see what was said in it so far? */
static bool needs_journal(const struct sw_session *session)
{
    bool sets_locally = false;

    for (int i = 0; i < session->change_count; i++)
        sets_locally |= session->changes[i].fact.change == SW_SETTING_SET_LOCAL;
    return session->txn.state == SW_TXN_OPEN && !session->txn.is_enlisted &&
           (sets_locally || sw_txn_has_options(&session->txn));
}

static void start(struct sw_session *session)
{
    bool in_transaction = session->txn.state != SW_TXN_IDLE;
    const struct sw_shard *shard;
    struct sw_leg *leg = sw_session_choose_leg(session, &shard, &session->enlists);
    bool is_aside = leg == &session->aside;
    bool opens =
        session->enlists || (is_aside && leg->state == SW_LEG_FREE && needs_journal(session));
    struct sw_leg_work work = {
        .run = &session->run,
        .settings = in_transaction ? session->txn.before.settings : session->settings,
        .read_back = list_read_back(session),
        .read_back_count = session->change_count,
    };

    if (opens) {
        work.opening = (const char *const *)session->txn.journal;
        work.opening_count = session->txn.journal_count;
    }
    if (session->enlists)
        sw_txn_enlist(&session->txn);
    else if (opens)
        session->aside_is_open = true;
    work.rolls_back =
        is_aside && session->aside_is_open && session->run_end != SW_RUN_ENDS_FLUSH;
    session->running = leg;
    sw_settings_unref(session->before_run.settings);
    sw_settings_unref(session->before_run.told);
    session->before_run = (struct sw_txn_settings){sw_settings_ref(work.settings),
                                                   sw_settings_ref(session->told)};
    session->state = SW_SESSION_RUNNING;
    sw_stream_hold(session->stream);
    sw_leg_start(leg, sw_pools_get(session->sessions->pools, session->user, shard), shard,
                 &work);
}

void sw_session_dispatch(struct sw_session *session, enum sw_run_end end)
{
    session->run_end = end;
    if (!needs_server(session)) {
        answer_here(session);
        return;
    }
    if (end == SW_RUN_ENDS_FLUSH && session->batch == NULL && !session->target.executes)
        session->run_end = SW_RUN_ENDS_PREPARE;
    if (session->run_end == SW_RUN_ENDS_SYNC || session->run_end == SW_RUN_ENDS_PREPARE)
        (void)sw_run_add(&session->run, SW_REQUEST_SYNC, NULL, NULL, NULL, 0);
    if (session->run_end == SW_RUN_ENDS_FLUSH)
        (void)sw_run_add(&session->run, SW_REQUEST_FLUSH, NULL, NULL, NULL, 0);
    start(session);
}

/* --- what the leg tells --- */

static void on_forward(void *owner, const uint8_t *bytes, size_t len)
{
    struct sw_session *session = owner;

    session->has_answered = true;
    (void)sw_buf_append(sw_session_out(session), bytes, len);
}

static void on_local(void *owner, int index)
{
    struct sw_session *session = owner;
    const struct sw_request *request = &session->run.requests[index];

    session->has_answered = true;
    if (request->kind == SW_REQUEST_PARSE)
        sw_write_empty(sw_session_out(session), '1');
    else
        (void)sw_buf_append(sw_session_out(session), sw_run_bytes(&session->run, request),
                            request->bytes_len);
}

static void on_error(void *owner, int index, const struct sw_frame *frame)
{
    struct sw_session *session = owner;
    const struct sw_request *request = index < 0 ? NULL : &session->run.requests[index];

    session->has_failed = session->has_answered = true;
    if (request != NULL && request->kind == SW_REQUEST_FAIL)
        (void)sw_buf_append(sw_session_out(session), sw_run_bytes(&session->run, request),
                            request->bytes_len);
    else
        (void)sw_buf_append(sw_session_out(session),
                            frame->body - (frame->size - frame->body_len), frame->size);
}

static void on_types(void *owner, int index, const struct sw_frame *frame)
{
    struct sw_session *session = owner;

    sw_named_learn_types(session->run.requests[index].about, frame);
}

static void on_setting(void *owner, int index, const char *value)
{
    struct sw_session *session = owner;

    free(session->changes[index].value);
    session->changes[index].value = sw_strdup(value);
}

static void on_parameter(void *owner, const char *name, const char *value)
{
    struct sw_session *session = owner;

    sw_write_parameter_status(sw_session_out(session), name, value);
    session->told = sw_settings_with(session->told, name, value);
}

void sw_session_tell(struct sw_session *session, const struct sw_settings *reported)
{
    for (size_t i = 0; reported != NULL && i < reported->count; i++) {
        const char *told = sw_settings_get(session->told, reported->list[i].name);

        if (told == NULL || strcmp(told, reported->list[i].value) != 0)
            on_parameter(session, reported->list[i].name, reported->list[i].value);
    }
}

static void on_attached(void *owner, const struct sw_settings *reported)
{
    sw_session_tell(owner, reported);
}

static void on_pause(void *owner)
{
    struct sw_session *session = owner;

    if (session->state == SW_SESSION_CLOSING)
        return;
    sw_stream_flush(session->stream);
    if (session->running != NULL && sw_stream_is_congested(session->stream))
        sw_leg_hold(session->running);
}

/* --- what comes of a run --- */

/* How one change moves a list of settings; @startup is where RESET leads. */
static struct sw_settings *changed(struct sw_settings *settings, const struct sw_change *change,
                                   struct sw_settings *startup)
{
    const char *role;

    switch (change->fact.change) {
    case SW_SETTING_SET:
        return change->value == NULL
                   ? settings
                   : sw_settings_with(settings, change->fact.name, change->value);
    case SW_SETTING_RESET:
        return sw_settings_with(settings, change->fact.name,
                                sw_settings_get(startup, change->fact.name));
    case SW_SETTING_RESET_ALL:
        /* RESET ALL leaves the role alone. */
        role = sw_settings_get(settings, "role");
        if (role != NULL)
            startup = sw_settings_with(sw_settings_ref(startup), "role", role);
        else
            startup = sw_settings_ref(startup);
        sw_settings_unref(settings);
        return startup;
    case SW_SETTING_SET_LOCAL:
        break;
    }
    return settings;
}

static void note_set(struct sw_session *session, const char *name, const char *value,
                     bool is_local)
{
    struct sw_buf sql;

    sw_buf_init(&sql, SW_RUN_LIMIT);
    sw_put_sql_set_config(&sql, name, value, is_local);
    (void)sw_buf_append(&sql, "", 1);
    sw_txn_note(&session->txn, (const char *)sw_buf_bytes(&sql));
    sw_buf_finish(&sql);
}

/* In a transaction that no shard has heard of, a change becomes part of what is replayed. */
static void note_in_journal(struct sw_session *session, const struct sw_change *change)
{
    const struct sw_settings *startup = session->startup;

    if (change->fact.change == SW_SETTING_RESET_ALL) {
        sw_txn_note(&session->txn, "RESET ALL");
        for (size_t i = 0; startup != NULL && i < startup->count; i++)
            note_set(session, startup->list[i].name, startup->list[i].value, false);
    } else if (change->value != NULL) {
        note_set(session, change->fact.name, change->value,
                 change->fact.change == SW_SETTING_SET_LOCAL);
    }
}

/* The session's settings follow what its statements have changed. Returns what is in force on
 * the backend then: RESET has led there to the server's own values, unless we injected ours. */
static struct sw_settings *follow_changes(struct sw_session *session)
{
    struct sw_settings *real = sw_settings_ref(session->settings);
    struct sw_settings *real_startup = session->injects_resets ? session->startup : NULL;
    bool is_unheard = session->txn.state == SW_TXN_OPEN && !session->txn.is_enlisted;

    for (int i = 0; i < session->change_count; i++) {
        const struct sw_change *change = &session->changes[i];

        session->settings = changed(session->settings, change, session->startup);
        real = changed(real, change, real_startup);
        if (is_unheard)
            note_in_journal(session, change);
        if (change->fact.change == SW_SETTING_SET_LOCAL && session->txn.state != SW_TXN_IDLE &&
            strcmp(change->fact.name, "search_path") == 0)
            session->has_local_search_path = true;
    }
    return real;
}

static bool has_done_something(const struct sw_session *session)
{
    for (int i = 0; i < session->run.count; i++)
        if (session->run.requests[i].is_done &&
            session->run.requests[i].kind != SW_REQUEST_LOCAL &&
            session->run.requests[i].kind != SW_REQUEST_SYNC)
            return true;
    return false;
}

/* Control that a server has carried out. */
static void follow_control(struct sw_session *session)
{
    for (int i = 0; i < session->run.count; i++) {
        const struct sw_request *request = &session->run.requests[i];
        const struct sw_named *named = request->about;

        if (request->is_done && request->role == SW_ROLE_CONTROL)
            sw_session_after_control(session, named->statement);
    }
    for (int i = 0; session->script != NULL && !session->has_failed; i++) {
        if (i == session->script->count)
            break;
        sw_session_after_control(session, &session->script->statements[i]);
    }
}

/* Bring our picture of the transaction in line with the server's. */
static void follow_status(struct sw_session *session, char status)
{
    struct sw_txn *txn = &session->txn;

    if (status == 'I' && txn->state != SW_TXN_IDLE && txn->is_enlisted) {
        if (session->enlists && session->has_failed && !has_done_something(session)) {
            txn->is_enlisted = false; /* the server would not even begin */
            sw_txn_fail(txn);
        } else {
            sw_session_end_transaction(session, false);
        }
    } else if (status != 'I' && txn->state == SW_TXN_IDLE) {
        sw_txn_begin(txn, NULL, session->before_run);
    }
    if (status == 'E')
        sw_txn_fail(txn);
}

static void settle_leg(struct sw_session *session, struct sw_leg *leg, char status,
                       struct sw_settings *in_force)
{
    bool is_over = session->run_end != SW_RUN_ENDS_FLUSH || session->has_failed;

    if (status == 'I' && !session->has_failed && !session->aside_is_open)
        sw_leg_note_settings(leg, in_force);
    if (!is_over) {
        session->batch = leg;
        return;
    }
    session->batch = NULL;
    if (leg == &session->aside)
        session->aside_is_open = false;
    if (leg == &session->aside || status == 'I')
        sw_leg_release(leg);
}

static void finish_run(struct sw_session *session, char status)
{
    struct sw_leg *leg = session->running;
    struct sw_settings *in_force = NULL;

    if (session->has_failed)
        undo_names(session);
    else if (session->change_count > 0)
        in_force = follow_changes(session);
    if (leg == &session->leg) {
        follow_control(session);
        follow_status(session, status);
    } else if (session->has_failed) {
        sw_txn_fail(&session->txn);
    }
    if (session->has_failed && !is_ready_due(session))
        session->skips_to_sync = true;
    if (session->change_count == 0)
        in_force = sw_settings_ref(session->settings);
    settle_leg(session, leg, status, in_force);
    sw_settings_unref(in_force);
    conclude(session);
}

static void on_done(void *owner, char status)
{
    struct sw_session *session = owner;

    if (session->state == SW_SESSION_CLOSING)
        sw_session_leg_is_done(session);
    else if (session->state == SW_SESSION_ENTERING)
        sw_session_entered(session);
    else
        finish_run(session, status);
}

/* The run cannot end as it should: one error, then on as after any error. */
static void fail_run(struct sw_session *session, const struct sw_error *err)
{
    sw_write_error(sw_session_out(session), "ERROR", err);
    sw_txn_fail(&session->txn);
    undo_names(session);
    session->batch = NULL;
    session->aside_is_open = false;
    if (!is_ready_due(session))
        session->skips_to_sync = true;
    conclude(session);
}

/* Our own answers that stand before the first request a server would have answered. */
static void answer_first_locals(struct sw_session *session)
{
    for (int i = 0; i < session->run.count; i++) {
        struct sw_request *request = &session->run.requests[i];

        if (request->kind != SW_REQUEST_LOCAL)
            return;
        request->is_done = true;
        on_local(session, i);
    }
}

static void on_refused(void *owner, const struct sw_error *err)
{
    struct sw_session *session = owner;

    if (session->state == SW_SESSION_CLOSING) {
        sw_session_leg_is_done(session);
        return;
    }
    if (session->state == SW_SESSION_ENTERING) {
        sw_session_fatal(session, err);
        return;
    }
    if (session->enlists)
        session->txn.is_enlisted = false;
    answer_first_locals(session);
    fail_run(session, err);
}

/* A read outside a transaction, of which the client has heard nothing, may simply run again:
 * the connection may have been dead before it was sent. */
static bool may_run_again(const struct sw_session *session)
{
    return session->state == SW_SESSION_RUNNING && !session->is_retried &&
           !session->has_answered && !session->may_write && session->batch == NULL &&
           session->txn.state == SW_TXN_IDLE;
}

static void on_lost(void *owner, const struct sw_error *err, bool is_torn)
{
    struct sw_session *session = owner;
    struct sw_error unknown;

    if (session->state == SW_SESSION_CLOSING) {
        sw_session_leg_is_done(session);
    } else if (session->state == SW_SESSION_ENTERING || is_torn) {
        sw_session_fatal(session, err);
    } else if (may_run_again(session)) {
        session->is_retried = true;
        start(session);
    } else if (session->state == SW_SESSION_READY && session->batch != NULL) {
        session->run_end = SW_RUN_ENDS_FLUSH;
        fail_run(session, err);
    } else if (session->state == SW_SESSION_READY) {
        /* Between the statements of a transaction: the next one is told. */
        session->loss = *err;
        sw_txn_fail(&session->txn);
    } else if (session->may_write) {
        sw_error_set(&unknown, "08007", "%s", err->message);
        sw_error_detail(&unknown, "It is unknown whether the statement took effect.");
        fail_run(session, &unknown);
    } else {
        fail_run(session, err);
    }
}

const struct sw_leg_sink sw_session_sink = {
    .on_forward = on_forward,
    .on_local = on_local,
    .on_error = on_error,
    .on_types = on_types,
    .on_setting = on_setting,
    .on_parameter = on_parameter,
    .on_attached = on_attached,
    .on_pause = on_pause,
    .on_done = on_done,
    .on_refused = on_refused,
    .on_lost = on_lost,
};
