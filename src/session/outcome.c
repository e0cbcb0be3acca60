/*
 * When a run is over, the session follows what the server has done: its settings, its
 * transaction, its names. After an error, what was collected and not carried out is undone.
 */
#include "internal.h"

#include "shardward/base/mem.h"

#include <string.h>

/* What was collected and never carried out did not happen. */
void sw_session_undo_names(struct sw_session *session)
{
    for (int i = session->run.count - 1; i >= 0; i--) {
        const struct sw_request *request = &session->run.requests[i];
        struct sw_named *named = request->about;

        if (request->is_done)
            continue;
        if (request->role == SW_ROLE_PARSED &&
            sw_names_get(&session->statements, named->name) == named)
            sw_names_put(&session->statements, named->name, request->before);
        if (request->role == SW_ROLE_BOUND &&
            sw_names_get(&session->portals, sw_run_text(&session->run, request)) == named)
            sw_names_put(&session->portals, sw_run_text(&session->run, request),
                         request->before);
        if (request->role == SW_ROLE_CLOSED_PORTAL &&
            sw_names_get(&session->portals, sw_run_text(&session->run, request)) == NULL)
            sw_names_put(&session->portals, sw_run_text(&session->run, request), named);
        if (request->role == SW_ROLE_CLOSED &&
            sw_names_get(&session->statements, named->name) == NULL)
            sw_names_put(&session->statements, named->name, named);
    }
}

/* How one change moves a list of settings; @startup is where RESET leads. */
static struct sw_settings *changed(struct sw_settings *settings, const struct sw_change *change,
                                   struct sw_settings *startup)
{
    const char *role;

    switch (change->change) {
    case SW_SETTING_SET:
        return change->value == NULL ? settings
                                     : sw_settings_with(settings, change->name, change->value);
    case SW_SETTING_RESET:
        return sw_settings_with(settings, change->name, sw_settings_get(startup, change->name));
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
    sw_txn_note_setting(&session->txn, name, (const char *)sw_buf_bytes(&sql), is_local);
    sw_buf_finish(&sql);
}

/* In a transaction a change becomes part of what other shards are told. */
static void note_in_journal(struct sw_session *session, const struct sw_change *change)
{
    const struct sw_settings *startup = session->startup;

    if (change->change == SW_SETTING_RESET_ALL) {
        sw_txn_note_setting(&session->txn, NULL, "RESET ALL", false);
        for (size_t i = 0; startup != NULL && i < startup->count; i++)
            note_set(session, startup->list[i].name, startup->list[i].value, false);
    } else if (change->value != NULL) {
        note_set(session, change->name, change->value, change->change == SW_SETTING_SET_LOCAL);
    }
}

/* The session's settings follow what its statements have changed. Returns what is in force on
 * the backend then: RESET has led there to the server's own values, unless we injected ours. */
static struct sw_settings *follow_changes(struct sw_session *session)
{
    struct sw_settings *real = sw_settings_ref(session->settings);
    struct sw_settings *real_startup = session->injects_resets ? session->startup : NULL;

    for (int i = 0; i < session->change_count; i++) {
        const struct sw_change *change = &session->changes[i];

        session->settings = changed(session->settings, change, session->startup);
        real = changed(real, change, real_startup);
        if (change->change == SW_SETTING_RESET_ALL)
            sw_session_reset_own(session);
        if (session->txn.state == SW_TXN_OPEN)
            note_in_journal(session, change);
        if (change->change == SW_SETTING_SET_LOCAL && session->txn.state != SW_TXN_IDLE) {
            session->has_local_search_path |= strcmp(change->name, "search_path") == 0;
            session->has_local_timezone |= strcmp(change->name, "timezone") == 0;
            session->has_local_reading |= sw_reading_depends_on(change->name);
        }
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

/* In a string of statements each has its place. */
static void follow_script(struct sw_session *session)
{
    const struct sw_planned *planned = session->planned;
    const struct sw_run *run = &session->run;

    if (planned == NULL || session->has_failed)
        return;
    for (int i = 0; i < planned->script->count; i++) {
        const struct sw_statement *statement = &planned->script->statements[i];
        const char *query = sw_run_text(run, &run->requests[run->count - 1]);
        char *text;

        /* Where others stand is not known of a text that was known by its skeleton. */
        if (!sw_is_control(statement))
            continue;
        /* What COMMIT was sent as is not always what the client wrote. */
        if (sw_ends_transaction(statement)) {
            sw_session_after_control(session, statement, NULL);
            continue;
        }
        text = sw_strndup(query + statement->location, (size_t)statement->len);
        sw_session_after_control(session, statement, text);
        free(text);
    }
}

/* Control that a server has carried out. */
static void follow_control(struct sw_session *session)
{
    for (int i = 0; i < session->run.count; i++) {
        const struct sw_request *request = &session->run.requests[i];
        const struct sw_named *named = request->about;

        if (request->is_done && request->role == SW_ROLE_CONTROL)
            sw_session_after_control(session, named->statement, named->text);
    }
    follow_script(session);
}

/* Did a string fail in which a transaction ended? Then which one goes on, and how it began, is
 * not known. */
static bool has_lost_track(const struct sw_session *session)
{
    const struct sw_script *script = session->planned == NULL ? NULL : session->planned->script;

    for (int i = 0; session->has_failed && script != NULL && i < script->count; i++)
        if (script->count > 1 && sw_ends_transaction(&script->statements[i]))
            return true;
    return false;
}

/* A transaction that a server alone knows of. */
static void take_over(struct sw_session *session)
{
    if (session->txn.state != SW_TXN_IDLE)
        sw_txn_end(&session->txn);
    sw_txn_begin(&session->txn, NULL, SW_ISOLATION_DEFAULT, session->before_run);
    sw_session_join_first(session);
}

/* Bring our picture of the transaction in line with the server's. */
static void follow_status(struct sw_session *session, char status)
{
    struct sw_txn *txn = &session->txn;

    if (status == 'I' && txn->state != SW_TXN_IDLE) {
        if (session->joins && session->has_failed && !has_done_something(session)) {
            sw_txn_leave(txn); /* the server would not even begin */
            sw_txn_fail(txn);
        } else {
            sw_session_end_transaction(session, false);
        }
    } else if (status != 'I' && (txn->state == SW_TXN_IDLE || has_lost_track(session))) {
        take_over(session);
    }
    if (status == 'E')
        sw_txn_fail(txn);
}

static void settle_leg(struct sw_session *session, struct sw_leg *leg, char status,
                       struct sw_settings *in_force)
{
    if (status == 'I' && !session->aside_is_open)
        sw_leg_note_settings(leg, in_force);
    session->batch = NULL;
    if (leg == session->aside)
        session->aside_is_open = false;
    sw_session_note_gone(session, leg);
    if (leg == session->aside || status == 'I')
        sw_leg_release(leg);
}

/* PostgreSQL skips a Query, too, that follows an error of the extended protocol. */
static bool has_skipped_query(const struct sw_session *session)
{
    return session->has_failed && session->run_end == SW_RUN_ENDS_QUERY &&
           session->failed_kind >= SW_REQUEST_PARSE &&
           session->failed_kind <= SW_REQUEST_CLOSE_PORTAL;
}

/* What is in force on the leg's backend once its transaction is over. */
static struct sw_settings *settings_in_force(struct sw_session *session,
                                             const struct sw_leg *leg)
{
    return sw_settings_ref(leg == session->aside ? session->before_run.settings
                                                 : session->settings);
}

void sw_session_follow_opening(struct sw_session *session, const struct sw_leg *leg)
{
    struct sw_participant *participant = sw_session_participant(session, leg);

    if (participant == NULL || leg->work.opening_count == 0)
        return;
    if (leg->opening_done == leg->work.opening_count)
        sw_txn_heard_all(&session->txn, participant, session->settings);
    else
        sw_txn_heard(&session->txn, participant, leg->opening_done);
}

/* Portals outlive the run if their transaction, or the batch, does: they live where it ran. */
static void place_portals(struct sw_session *session)
{
    const struct sw_run *run = &session->run;

    for (int i = 0; i < run->count; i++) {
        const struct sw_request *request = &run->requests[i];
        const char *name = sw_run_text(run, request);
        const struct sw_named *named = request->about;
        struct sw_named *placed;

        if (request->role != SW_ROLE_BOUND || !request->is_done || named->prepared == NULL)
            continue;
        if (name[0] == '\0') {
            session->unnamed_portal_at = session->running->shard;
        } else if (sw_names_get(&session->portals, name) == named) {
            placed = sw_named_copy(named);
            placed->shard = session->running->shard;
            placed->mark = session->txn.mark;
            sw_names_put(&session->portals, name, placed);
            sw_named_unref(placed);
        }
    }
}

void sw_session_follow_run(struct sw_session *session, char status)
{
    struct sw_leg *leg = session->running;
    struct sw_settings *in_force = NULL; /* which is the empty list, too */
    bool has_changed = session->change_count > 0 && !session->has_failed;

    sw_session_follow_opening(session, leg);
    place_portals(session);
    if (session->run_end == SW_RUN_ENDS_FLUSH && !session->has_failed) {
        /* The batch goes on; the server says at its Sync what has become of the transaction. */
        session->batch = leg;
        if (leg != session->aside)
            follow_control(session);
        sw_session_follow_temporaries(session);
        return;
    }
    if (has_skipped_query(session))
        session->run_end = SW_RUN_ENDS_FLUSH;
    if (session->has_failed)
        sw_session_undo_names(session);
    if (has_changed)
        in_force = follow_changes(session);
    if (leg != session->aside) {
        if (has_changed && sw_session_participant(session, leg) != NULL)
            sw_txn_heard_all(&session->txn, sw_session_participant(session, leg),
                             session->settings);
        follow_control(session);
        sw_session_follow_temporaries(session);
        follow_status(session, status);
    } else if (session->has_failed) {
        sw_txn_fail(&session->txn);
    } else {
        sw_session_note_query_aside(session);
    }
    if (session->has_failed && !sw_session_is_ready_due(session))
        session->skips_to_sync = true;
    if (!session->has_failed)
        sw_session_follow_cursors(session);
    if (!has_changed)
        in_force = settings_in_force(session, leg);
    settle_leg(session, leg, status, in_force);
    sw_settings_unref(in_force);
}
