#include "internal.h"

#include "shardward/base/mem.h"
#include "shardward/wire/request.h"
#include "shardward/wire/write.h"

#include <string.h>

/* An error of ours ends the query, and fails the transaction; unless it only came too early. */
static void refuse(struct sw_session *session, const struct sw_error *err)
{
    if (session->wants_split) {
        sw_session_split(session);
        return;
    }
    sw_session_add_failure(session, err);
    sw_session_dispatch(session, SW_RUN_ENDS_QUERY);
}

static void refuse_text(struct sw_session *session, const char *text, struct sw_error *err)
{
    sw_session_point_at(text, err);
    refuse(session, err);
}

static char *text_of(const char *query, const struct sw_statement *statement)
{
    return sw_strndup(query + statement->location, (size_t)statement->len);
}

static bool has_control(const struct sw_script *script)
{
    for (int i = 0; i < script->count; i++)
        if (sw_is_control(&script->statements[i]))
            return true;
    return false;
}

static bool has_begin(const struct sw_script *script)
{
    for (int i = 0; i < script->count; i++)
        if (script->statements[i].kind == SW_STATEMENT_BEGIN)
            return true;
    return false;
}

static bool has_settings(const struct sw_script *script)
{
    for (int i = 0; i < script->count; i++)
        if (script->statements[i].setting_count > 0)
            return true;
    return false;
}

static bool has_held_cursor(const struct sw_script *script)
{
    for (int i = 0; i < script->count; i++)
        if ((script->statements[i].leaves & SW_LEFT_CURSORS) != 0)
            return true;
    return false;
}

static bool has_temporary(const struct sw_session *session, const struct sw_script *script)
{
    for (int i = 0; i < script->count; i++)
        if (script->statements[i].kind != SW_STATEMENT_TRUNCATE &&
            (script->statements[i].ddl != NULL ||
             sw_session_changes_temporaries(session, &script->statements[i])))
            return true;
    return false;
}

static bool has_copy_from(const struct sw_script *script)
{
    for (int i = 0; i < script->count; i++)
        if (script->statements[i].kind == SW_STATEMENT_COPY_FROM)
            return true;
    return false;
}

/* Control that a whole string may hold beside other statements: what a server does with it
 * shows in its ReadyForQuery alone. */
static bool is_plain_control(const struct sw_statement *statement)
{
    return statement->kind == SW_STATEMENT_BEGIN || statement->kind == SW_STATEMENT_COMMIT ||
           statement->kind == SW_STATEMENT_ROLLBACK;
}

static bool is_by_name(const struct sw_statement *statement)
{
    return statement->kind == SW_STATEMENT_PREPARE || statement->kind == SW_STATEMENT_EXECUTE;
}

static bool refuse_mixture(struct sw_error *err, const char *what)
{
    sw_error_set(err, "0A000",
                 "%s together with other statements in one query string is not "
                 "supported",
                 what);
    sw_error_hint(err, "Send the statements one by one.");
    return false;
}

static bool check_mixture(struct sw_session *session, const struct sw_script *script,
                          struct sw_error *err)
{
    bool in_transaction = session->txn.state != SW_TXN_IDLE;

    for (int i = 0; i < script->count; i++) {
        const struct sw_statement *statement = &script->statements[i];

        if (session->user->pool.mode == SW_POOL_STATEMENT &&
            !sw_session_fits_statement_mode(statement, err))
            return false;
        if (statement->kind == SW_STATEMENT_SET_OWN)
            return refuse_mixture(err, "a setting of shardward");
        if (sw_is_control(statement) && !is_plain_control(statement))
            return refuse_mixture(err, "a savepoint, SET TRANSACTION, DEALLOCATE or DISCARD");
        if (is_by_name(statement))
            return refuse_mixture(err, "PREPARE or EXECUTE");
    }
    /* If the string fails, nobody could say whether its cursor, or its table, is there. */
    if (has_control(script) && has_temporary(session, script))
        return refuse_mixture(err, "a temporary table and transaction control");
    if (has_control(script) && has_held_cursor(script))
        return refuse_mixture(err, "a cursor WITH HOLD and transaction control");
    if (has_settings(script) && has_copy_from(script))
        return refuse_mixture(err, "changing a setting and COPY FROM STDIN");
    if (has_settings(script) && (has_control(script) || in_transaction))
        return refuse_mixture(err, "changing a setting inside a transaction");
    /* If the string fails, nobody could say which of its COMMITs kept those settings. */
    if (has_control(script) && in_transaction &&
        !sw_settings_are_equal(session->settings, session->txn.before.settings))
        return refuse_mixture(err, "the end of a transaction that has changed a setting");
    if (session->txn.state == SW_TXN_FAILED)
        return sw_session_may_run(session, &script->statements[0], err) &&
               refuse_mixture(err, "the end of a failed transaction");
    return true;
}

/* An error that PostgreSQL would raise at statement @at, when those before it have run: with
 * COMMIT or BEGIN among them that is not the same as running none. */
static bool refuse_early(const struct sw_script *script, int at, struct sw_error *err)
{
    if (at > 0 && has_control(script) && !sw_error_is(err, "0A000"))
        return refuse_mixture(err, "transaction control and a statement in error");
    return false;
}

/* Temporary tables come and go from statement to statement. */
static bool aim_each(struct sw_session *session, const struct sw_script *script,
                     struct sw_error *err)
{
    const struct sw_parameters none = {.values = NULL};
    struct sw_temporaries *before = sw_temporaries_ref(session->temporaries);
    bool is_good = true;

    for (int i = 0; i < script->count && is_good; i++) {
        const struct sw_statement *statement = &script->statements[i];

        is_good =
            (sw_session_aim(session, statement, NULL, &none, !sw_is_control(statement), err) &&
             sw_session_check_cursor(session, statement, script->statements, i, err)) ||
            refuse_early(script, i, err);
        sw_session_foresee_temporaries(session, statement);
    }
    sw_session_use_temporaries(session, before);
    return is_good;
}

/* The server on which the string may leave a transaction open has to become a participant. From
 * outside of one, COMMIT and ROLLBACK alone leave none. */
static bool may_leave_transaction(const struct sw_session *session,
                                  const struct sw_script *script)
{
    return has_control(script) && (session->txn.state != SW_TXN_IDLE || has_begin(script));
}

/* Several statements go as one string to one server, so that they stay the one implicit
 * transaction that they are. */
static bool aim_several(struct sw_session *session, const struct sw_script *script,
                        struct sw_error *err)
{
    if (!check_mixture(session, script, err))
        return false;
    for (int i = 0; i < script->count; i++)
        if (script->statements[i].setting_count > 0)
            sw_session_note_changes(session, &script->statements[i]);
    if (!aim_each(session, script, err))
        return false;
    if (may_leave_transaction(session, script) && session->target.kind <= SW_TARGET_CATALOG &&
        !session->target.stays && !sw_session_is_pending(session) &&
        session->txn.participant_count == 0)
        return refuse_mixture(err, "transaction control");
    if (has_control(script) && session->txn.state != SW_TXN_IDLE &&
        !sw_session_may_end_in_place(session))
        return refuse_mixture(err, "control of a transaction over several shards");
    for (int i = 0; i < script->count; i++)
        session->may_write |=
            script->statements[i].writes || script->statements[i].kind == SW_STATEMENT_COMMIT;
    return true;
}

static void answer_control(struct sw_session *session, const struct sw_statement *statement,
                           const char *query)
{
    char *text = text_of(query, statement);
    struct sw_buf answer;
    struct sw_error err;

    sw_buf_init(&answer, SW_RUN_LIMIT);
    if (sw_session_control(session, statement, text, &answer, &err)) {
        sw_session_add_about(session, SW_REQUEST_LOCAL, NULL, SW_ROLE_NONE, NULL, &answer);
        sw_session_dispatch(session, SW_RUN_ENDS_QUERY);
    } else {
        refuse(session, &err);
    }
    sw_buf_finish(&answer);
    free(text);
}

static void run_control(struct sw_session *session, const struct sw_statement *statement,
                        const char *text)
{
    if (sw_ends_transaction(statement))
        sw_session_clear_portals(session);
    switch (sw_session_control_way(session, statement)) {
    case SW_CONTROL_HERE:
        answer_control(session, statement, text);
        break;
    case SW_CONTROL_IN_PLACE:
        session->may_write |= statement->kind == SW_STATEMENT_COMMIT;
        (void)sw_run_add(&session->run, SW_REQUEST_QUERY, NULL,
                         sw_session_control_text(session, statement, text), NULL, 0);
        sw_session_dispatch(session, SW_RUN_ENDS_QUERY);
        break;
    case SW_CONTROL_SPLIT:
        sw_session_split(session);
        break;
    case SW_CONTROL_TOGETHER:
        sw_session_together(session, statement, SW_RUN_ENDS_QUERY);
        break;
    }
}

static void run_ddl(struct sw_session *session, const struct sw_statement *statements,
                    int count, const char *text)
{
    struct sw_error err;

    if (sw_session_add_ddl(session, statements, count, text, &err)) {
        sw_session_add_about(session, SW_REQUEST_LOCAL, NULL, SW_ROLE_DDL, NULL, NULL);
        sw_session_dispatch(session, SW_RUN_ENDS_QUERY);
    } else {
        refuse(session, &err);
    }
}

static void run_by_name(struct sw_session *session, const struct sw_statement *statement,
                        const char *text)
{
    struct sw_error err;
    bool is_good = statement->kind == SW_STATEMENT_PREPARE
                       ? sw_session_add_prepare(session, statement, text, &err)
                       : sw_session_add_execute(session, text, &err);

    if (is_good)
        sw_session_dispatch(session, SW_RUN_ENDS_QUERY);
    else
        refuse(session, &err);
}

/* As the client wrote it, or with the columns that it was planned by, and the numbers drawn. */
static bool add_query(struct sw_session *session, const char *text, const int64_t *ids,
                      struct sw_error *err)
{
    const struct sw_insertion *insertion = sw_planned_insertion(session->planned);
    const struct sw_splice_values values = {.ids = ids};
    char *spliced;

    if (insertion == NULL) {
        (void)sw_run_add(&session->run, SW_REQUEST_QUERY, NULL, text, NULL, 0);
        return true;
    }
    spliced = sw_splice(text, insertion, &values, &session->splice, err);
    if (spliced == NULL)
        return false;
    (void)sw_run_add(&session->run, SW_REQUEST_QUERY, NULL, spliced, NULL, 0);
    free(spliced);
    return true;
}

static bool aim_one(struct sw_session *session, const struct sw_statement *statement,
                    const char *text, const struct sw_parameters *parameters,
                    struct sw_error *err)
{
    bool is_aimed;

    if (!sw_session_check_cursor(session, statement, NULL, 0, err))
        return false;
    session->may_scatter = sw_session_may_be_several(statement);
    is_aimed =
        sw_session_aim(session, statement, session->planned->plan, parameters, true, err);
    session->may_scatter = false;
    if (!is_aimed || !sw_session_check_changes(session, statement, err))
        return false;
    if (session->scattering != NULL)
        return sw_session_scatter_query(session, statement, text, err);
    session->may_write |= statement->writes;
    sw_session_note_changes(session, statement);
    return sw_session_add_reset(session, statement, text) ||
           add_query(session, text, parameters->ids, err);
}

static void run_one(struct sw_session *session, const struct sw_statement *statement,
                    const char *text, const struct sw_skeleton *lifted)
{
    struct sw_parameters none = {.values = NULL, .lifted = lifted};
    struct sw_error err;
    bool is_good;

    if (!sw_session_may_run(session, statement, &err)) {
        refuse(session, &err);
        return;
    }
    if (sw_is_control(statement)) {
        run_control(session, statement, text);
        return;
    }
    if (sw_session_is_ddl(session, statement)) {
        run_ddl(session, statement, 1, text);
        return;
    }
    if (is_by_name(statement)) {
        run_by_name(session, statement, text);
        return;
    }
    if (sw_session_copies_rows(session->planned)) {
        if (!sw_session_begin_rows(session, session->planned, NULL, text, &err))
            refuse(session, &err);
        return;
    }
    switch (sw_session_draw(session, session->planned, &none.ids, &err)) {
    case SW_DRAWN:
        break;
    case SW_DRAWN_LATER:
        sw_planned_unref(session->planned);
        session->planned = NULL;
        return;
    case SW_DRAWN_REFUSED:
        refuse(session, &err);
        return;
    }
    is_good = aim_one(session, statement, text, &none, &err);
    sw_session_use_drawn(session);
    if (is_good)
        sw_session_dispatch(session, SW_RUN_ENDS_QUERY);
    else
        refuse_text(session, text, &err);
}

static bool has_ddl(struct sw_session *session, const struct sw_script *script)
{
    struct sw_temporaries *before = sw_temporaries_ref(session->temporaries);
    bool has = false;

    for (int i = 0; i < script->count && !has; i++) {
        has = sw_session_is_ddl(session, &script->statements[i]);
        sw_session_foresee_temporaries(session, &script->statements[i]);
    }
    sw_session_use_temporaries(session, before);
    return has;
}

static void run_several(struct sw_session *session, const struct sw_script *script,
                        const char *text)
{
    struct sw_error err;

    if (has_ddl(session, script)) {
        if (sw_session_may_run(session, &script->statements[0], &err))
            run_ddl(session, script->statements, script->count, text);
        else
            refuse(session, &err);
        return;
    }
    if (!aim_several(session, script, &err)) {
        refuse_text(session, text, &err);
        return;
    }
    (void)sw_run_add(&session->run, SW_REQUEST_QUERY, NULL, text, NULL, 0);
    sw_session_dispatch(session, SW_RUN_ENDS_QUERY);
}

void sw_session_on_query(struct sw_session *session, const struct sw_frame *frame)
{
    size_t limit = session->sessions->map->config->limits.query;
    static const uint8_t empty[] = {'I', 0, 0, 0, 4}; /* EmptyQueryResponse */
    const struct sw_skeleton *lifted;
    struct sw_error err;
    const char *text;

    if (session->skips_to_sync)
        return;
    /* Inside a transaction the batch before it may as well be over. */
    if (session->scattering != NULL || (session->txn.state == SW_TXN_OPEN &&
                                        (session->run.count > 0 || session->batch != NULL))) {
        sw_session_split(session);
        return;
    }
    if (!sw_wire_read_query(frame, &text, &err)) {
        refuse(session, &err);
        return;
    }
    sw_splice_clear(&session->splice);
    sw_names_put(&session->statements, "", NULL);
    sw_names_put(&session->portals, "", NULL);
    if (strlen(text) > limit) {
        sw_error_set(&err, "54000", "the query is longer than %zu bytes (limits.query)", limit);
        refuse(session, &err);
        return;
    }
    session->reads.hint = sw_session_hint(text);
    session->planned = sw_session_plan_query(session, text, &lifted, &err);
    if (session->planned == NULL) {
        refuse(session, &err);
    } else if (session->planned->script->count == 0) {
        (void)sw_run_add(&session->run, SW_REQUEST_LOCAL, NULL, NULL, empty, sizeof empty);
        sw_session_dispatch(session, SW_RUN_ENDS_QUERY);
    } else if (session->planned->script->count == 1) {
        run_one(session, &session->planned->script->statements[0], text, lifted);
    } else {
        run_several(session, session->planned->script, text);
    }
}
