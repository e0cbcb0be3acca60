/*
 * What a client asks for becomes a run, request by request.
 */
#include "internal.h"

#include "shardward/base/mem.h"
#include "shardward/wire/write.h"

#include <string.h>

struct sw_request *sw_session_add_bytes(struct sw_session *session, enum sw_request_kind kind,
                                        struct sw_named *named, enum sw_request_role role,
                                        const char *text, const void *bytes, size_t len)
{
    struct sw_request *request = sw_run_add(
        &session->run, kind, named == NULL ? NULL : named->prepared, text, bytes, len);

    request->role = (int)role;
    if (named != NULL)
        request->about = sw_named_ref(named);
    return request;
}

void sw_session_add_about(struct sw_session *session, enum sw_request_kind kind,
                          struct sw_named *named, enum sw_request_role role, const char *text,
                          const struct sw_buf *bytes)
{
    (void)sw_session_add_bytes(session, kind, named, role, text,
                               bytes == NULL ? NULL : sw_buf_bytes(bytes),
                               bytes == NULL ? 0 : sw_buf_len(bytes));
}

void sw_session_add_failure(struct sw_session *session, const struct sw_error *err)
{
    struct sw_buf bytes;

    sw_tally_refusal(session);
    sw_kinds_note_error(session->sessions->kinds, err);
    sw_buf_init(&bytes, SW_RUN_LIMIT);
    sw_write_error(&bytes, "ERROR", err);
    sw_session_add_about(session, SW_REQUEST_FAIL, NULL, SW_ROLE_NONE, NULL, &bytes);
    sw_buf_finish(&bytes);
}

void sw_session_note_changes(struct sw_session *session, const struct sw_statement *statement)
{
    for (int i = 0; i < statement->setting_count; i++) {
        size_t count = (size_t)session->change_count + 1;

        if (sw_reading_depends_on(statement->settings[i].name))
            session->reading_serial++;
        session->changes = sw_realloc(session->changes, count * sizeof *session->changes);
        session->read_back = sw_realloc(session->read_back, count * sizeof *session->read_back);
        session->changes[session->change_count++] = (struct sw_change){
            .change = statement->settings[i].change,
            .name = statement->settings[i].name == NULL
                        ? NULL
                        : sw_strdup(statement->settings[i].name),
        };
    }
}

bool sw_session_check_changes(const struct sw_session *session,
                              const struct sw_statement *statement, struct sw_error *err)
{
    bool has_set = false, has_set_local = false;

    for (int i = 0; i < statement->setting_count; i++)
        if (statement->settings[i].change == SW_SETTING_SET_LOCAL)
            has_set_local = true;
        else
            has_set = true;
    for (int i = 0; i < session->change_count; i++)
        if (session->changes[i].change == SW_SETTING_SET_LOCAL)
            has_set_local = true;
        else
            has_set = true;
    if (!has_set || !has_set_local || statement->setting_count == 0)
        return true;
    sw_error_set(err, "0A000", "SET and SET LOCAL in one batch or statement are not supported");
    sw_error_hint(err, "Send Sync between them.");
    return false;
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

bool sw_session_run_ends_transaction(const struct sw_session *session)
{
    const struct sw_script *script = session->planned == NULL ? NULL : session->planned->script;
    bool ends =
        script != NULL && script->count == 1 && sw_ends_transaction(&script->statements[0]);

    for (int i = 0; i < session->run.count && !ends; i++) {
        const struct sw_named *named = session->run.requests[i].about;

        ends = session->run.requests[i].role == SW_ROLE_CONTROL &&
               sw_ends_transaction(named->statement);
    }
    return ends;
}

bool sw_session_run_commits(const struct sw_session *session)
{
    const struct sw_script *script = session->planned == NULL ? NULL : session->planned->script;
    bool commits = false;

    for (int i = 0; script != NULL && i < script->count; i++)
        commits |= script->statements[i].kind == SW_STATEMENT_COMMIT;
    for (int i = 0; i < session->run.count; i++) {
        const struct sw_named *named = session->run.requests[i].about;

        commits |= session->run.requests[i].role == SW_ROLE_CONTROL &&
                   named->statement->kind == SW_STATEMENT_COMMIT;
    }
    return commits;
}

void sw_session_forget_run(struct sw_session *session)
{
    for (int i = 0; i < session->run.count; i++) {
        sw_named_unref(session->run.requests[i].about);
        sw_named_unref(session->run.requests[i].before);
    }
    sw_run_clear(&session->run);
    sw_planned_unref(session->planned);
    session->planned = NULL;
    sw_txn_settings_unref(&session->before_run);
    session->target = (struct sw_target){0};
    session->has_failed = session->has_answered = session->joins = false;
    session->tries = 0;
    session->running = NULL;
    sw_session_forget_replica(session);
    sw_session_forget_ddl(session);
    sw_session_forget_rows(session);
    sw_session_forget_scatter(session);
}

void sw_session_forget_batch(struct sw_session *session)
{
    for (int i = 0; i < session->change_count; i++) {
        free(session->changes[i].name);
        free(session->changes[i].value);
    }
    free(session->changes);
    free(session->read_back);
    session->changes = NULL;
    session->read_back = NULL;
    session->change_count = 0;
    session->may_write = session->injects_resets = session->has_control = false;
    session->has_begun = false;
}
