/*
 * What is answered without a server: transaction control, DEALLOCATE, DISCARD ALL.
 *
 * As long as no server has heard of a transaction, all of its control is ours. From then on
 * the shard is told, and our own picture follows when it has answered.
 */
#include "internal.h"

#include "shardward/base/mem.h"
#include "shardward/wire/write.h"

#include <string.h>

bool sw_ends_transaction(const struct sw_statement *statement)
{
    return statement->kind == SW_STATEMENT_COMMIT || statement->kind == SW_STATEMENT_ROLLBACK;
}

bool sw_is_control(const struct sw_statement *statement)
{
    switch (statement->kind) {
    case SW_STATEMENT_BEGIN:
    case SW_STATEMENT_COMMIT:
    case SW_STATEMENT_ROLLBACK:
    case SW_STATEMENT_SAVEPOINT:
    case SW_STATEMENT_RELEASE:
    case SW_STATEMENT_ROLLBACK_TO:
    case SW_STATEMENT_SET_TRANSACTION:
    case SW_STATEMENT_DISCARD_ALL:
    case SW_STATEMENT_DEALLOCATE:
        return true;
    case SW_STATEMENT_SELECT:
    case SW_STATEMENT_INSERT:
    case SW_STATEMENT_UPDATE:
    case SW_STATEMENT_DELETE:
    case SW_STATEMENT_SET:
    case SW_STATEMENT_SHOW:
    case SW_STATEMENT_HARMLESS:
    case SW_STATEMENT_REFUSED:
        break;
    }
    return false;
}

bool sw_session_is_heard(const struct sw_session *session)
{
    return session->run.needs_server || session->batch != NULL ||
           (session->txn.is_enlisted && session->leg.state == SW_LEG_ATTACHED);
}

bool sw_session_must_hear(const struct sw_session *session,
                          const struct sw_statement *statement)
{
    return sw_session_is_heard(session) && statement->kind != SW_STATEMENT_DEALLOCATE &&
           statement->kind != SW_STATEMENT_DISCARD_ALL;
}

bool sw_session_may_run(struct sw_session *session, const struct sw_statement *statement,
                        struct sw_error *err)
{
    if (session->loss.message[0] != '\0' && statement != NULL) {
        *err = session->loss;
        session->loss = (struct sw_error){0};
        if (statement->kind == SW_STATEMENT_COMMIT)
            sw_session_end_transaction(session, false);
        if (statement->kind != SW_STATEMENT_ROLLBACK)
            return false;
    }
    if (session->txn.state != SW_TXN_FAILED || statement == NULL ||
        sw_session_run_ends_transaction(session))
        return true;
    if (statement->kind == SW_STATEMENT_ROLLBACK_TO) {
        if (!session->txn.is_enlisted || session->leg.state == SW_LEG_ATTACHED)
            return true;
        sw_error_set(err, "25P02", "the transaction was lost with its server connection");
        sw_error_hint(err, "ROLLBACK it and run it again.");
        return false;
    }
    if (sw_ends_transaction(statement))
        return true;
    return sw_error_set(err, "25P02",
                        "current transaction is aborted, commands ignored until end of "
                        "transaction block");
}

static void warn(struct sw_buf *answer, const char *sqlstate, const char *message)
{
    struct sw_error warning;

    sw_error_set(&warning, sqlstate, "%s", message);
    sw_write_notice(answer, "WARNING", &warning);
}

/* Go back to settings of before, and to what the client was told of them. */
static void restore_settings(struct sw_session *session, const struct sw_txn_settings *before)
{
    sw_session_tell(session, before->told);
    (void)sw_settings_ref(before->settings);
    sw_settings_unref(session->settings);
    session->settings = before->settings;
}

static struct sw_txn_settings settings_now(const struct sw_session *session)
{
    return (struct sw_txn_settings){session->settings, session->told};
}

void sw_session_end_transaction(struct sw_session *session, bool is_committed)
{
    if (!is_committed)
        restore_settings(session, &session->txn.before);
    session->has_local_search_path = false;
    sw_txn_end(&session->txn);
}

static bool control_end(struct sw_session *session, const struct sw_statement *statement,
                        struct sw_buf *answer, struct sw_error *err)
{
    bool is_committed =
        statement->kind == SW_STATEMENT_COMMIT && session->txn.state == SW_TXN_OPEN;
    char *begin;

    if (session->txn.state == SW_TXN_IDLE && statement->is_chained)
        return sw_error_set(err, "25P01", "%s AND CHAIN can only be used in transaction blocks",
                            sw_session_control_tag(session, statement));
    if (session->txn.state == SW_TXN_IDLE) {
        warn(answer, "25P01", "there is no transaction in progress");
        return true;
    }
    begin = statement->is_chained && session->txn.journal_count > 0 ? session->txn.journal[0]
                                                                    : NULL;
    if (begin == NULL) {
        sw_session_end_transaction(session, is_committed);
        return true;
    }
    session->txn.journal[0] = NULL;
    sw_session_end_transaction(session, is_committed);
    sw_txn_begin(&session->txn, begin, settings_now(session));
    free(begin);
    return true;
}

static bool no_savepoint(const struct sw_statement *statement, struct sw_error *err)
{
    return sw_error_set(err, "3B001", "savepoint \"%s\" does not exist", statement->name);
}

static const char *savepoint_command(const struct sw_statement *statement)
{
    if (statement->kind == SW_STATEMENT_SAVEPOINT)
        return "SAVEPOINT";
    return statement->kind == SW_STATEMENT_RELEASE ? "RELEASE SAVEPOINT"
                                                   : "ROLLBACK TO SAVEPOINT";
}

/* SAVEPOINT, RELEASE and ROLLBACK TO of a transaction that no server has heard of. */
static bool control_savepoint(struct sw_session *session, const struct sw_statement *statement,
                              const char *text, struct sw_error *err)
{
    const struct sw_txn_settings *before;

    if (session->txn.state == SW_TXN_IDLE)
        return sw_error_set(err, "25P01", "%s can only be used in transaction blocks",
                            savepoint_command(statement));
    if (statement->kind == SW_STATEMENT_SAVEPOINT) {
        sw_txn_savepoint(&session->txn, statement->name, text, settings_now(session));
        return true;
    }
    if (statement->kind == SW_STATEMENT_RELEASE)
        return sw_txn_release(&session->txn, statement->name, text) ||
               no_savepoint(statement, err);
    if (!sw_txn_rollback_to(&session->txn, statement->name, &before))
        return no_savepoint(statement, err);
    restore_settings(session, before);
    return true;
}

static bool control_discard(struct sw_session *session, struct sw_error *err)
{
    if (session->txn.state != SW_TXN_IDLE || sw_session_is_heard(session))
        return sw_error_set(err, "25001", "DISCARD ALL cannot run inside a transaction block");
    restore_settings(session, &session->at_start);
    sw_names_clear(&session->statements);
    sw_names_clear(&session->portals);
    return true;
}

static bool control_deallocate(struct sw_session *session, const struct sw_statement *statement,
                               struct sw_error *err)
{
    if (statement->name == NULL)
        sw_names_clear_named(&session->statements);
    else if (sw_names_get(&session->statements, statement->name) == NULL)
        return sw_error_set(err, "26000", "prepared statement \"%s\" does not exist",
                            statement->name);
    else
        sw_names_put(&session->statements, statement->name, NULL);
    return true;
}

static void control_begin(struct sw_session *session, const char *text, struct sw_buf *answer)
{
    if (session->txn.state == SW_TXN_IDLE)
        sw_txn_begin(&session->txn, text, settings_now(session));
    else
        warn(answer, "25001", "there is already a transaction in progress");
}

static void control_options(struct sw_session *session, const char *text, struct sw_buf *answer)
{
    if (session->txn.state == SW_TXN_IDLE)
        warn(answer, "25P01", "SET TRANSACTION can only be used in transaction blocks");
    else
        sw_txn_note(&session->txn, text);
}

static bool carry_out(struct sw_session *session, const struct sw_statement *statement,
                      const char *text, struct sw_buf *answer, struct sw_error *err)
{
    switch (statement->kind) {
    case SW_STATEMENT_BEGIN:
        control_begin(session, text, answer);
        return true;
    case SW_STATEMENT_COMMIT:
    case SW_STATEMENT_ROLLBACK:
        return control_end(session, statement, answer, err);
    case SW_STATEMENT_SAVEPOINT:
    case SW_STATEMENT_RELEASE:
    case SW_STATEMENT_ROLLBACK_TO:
        return control_savepoint(session, statement, text, err);
    case SW_STATEMENT_SET_TRANSACTION:
        control_options(session, text, answer);
        return true;
    case SW_STATEMENT_DISCARD_ALL:
        return control_discard(session, err);
    case SW_STATEMENT_DEALLOCATE:
        return control_deallocate(session, statement, err);
    case SW_STATEMENT_SELECT:
    case SW_STATEMENT_INSERT:
    case SW_STATEMENT_UPDATE:
    case SW_STATEMENT_DELETE:
    case SW_STATEMENT_SET:
    case SW_STATEMENT_SHOW:
    case SW_STATEMENT_HARMLESS:
    case SW_STATEMENT_REFUSED:
        break;
    }
    return sw_error_set(err, "XX000", "a statement went the wrong way");
}

bool sw_session_control(struct sw_session *session, const struct sw_statement *statement,
                        const char *text, struct sw_buf *answer, struct sw_error *err)
{
    /* The tag is that of the state before: COMMIT of a failed transaction is a ROLLBACK. */
    const char *tag = sw_session_control_tag(session, statement);

    if (!carry_out(session, statement, text, answer, err))
        return false;
    sw_write_command_complete(answer, tag);
    return true;
}

const char *sw_session_control_text(const struct sw_session *session,
                                    const struct sw_statement *statement, const char *text)
{
    if (statement->kind == SW_STATEMENT_COMMIT && session->txn.state == SW_TXN_FAILED)
        return statement->is_chained ? "ROLLBACK AND CHAIN" : "ROLLBACK";
    return text;
}

const char *sw_session_control_tag(const struct sw_session *session,
                                   const struct sw_statement *statement)
{
    switch (statement->kind) {
    case SW_STATEMENT_BEGIN:
        return statement->is_start ? "START TRANSACTION" : "BEGIN";
    case SW_STATEMENT_COMMIT:
        return session->txn.state == SW_TXN_FAILED ? "ROLLBACK" : "COMMIT";
    case SW_STATEMENT_ROLLBACK:
    case SW_STATEMENT_ROLLBACK_TO:
        return "ROLLBACK";
    case SW_STATEMENT_SAVEPOINT:
        return "SAVEPOINT";
    case SW_STATEMENT_RELEASE:
        return "RELEASE";
    case SW_STATEMENT_DISCARD_ALL:
        return "DISCARD ALL";
    case SW_STATEMENT_DEALLOCATE:
        return statement->name == NULL ? "DEALLOCATE ALL" : "DEALLOCATE";
    case SW_STATEMENT_SET_TRANSACTION:
    case SW_STATEMENT_SELECT:
    case SW_STATEMENT_INSERT:
    case SW_STATEMENT_UPDATE:
    case SW_STATEMENT_DELETE:
    case SW_STATEMENT_SET:
    case SW_STATEMENT_SHOW:
    case SW_STATEMENT_HARMLESS:
    case SW_STATEMENT_REFUSED:
        break;
    }
    return "SET";
}

void sw_session_after_control(struct sw_session *session, const struct sw_statement *statement)
{
    struct sw_txn *txn = &session->txn;
    const struct sw_txn_settings *before;

    switch (statement->kind) {
    case SW_STATEMENT_BEGIN:
        if (txn->state == SW_TXN_IDLE)
            sw_txn_begin(txn, NULL, session->before_run);
        break;
    case SW_STATEMENT_COMMIT:
    case SW_STATEMENT_ROLLBACK:
        if (txn->state == SW_TXN_IDLE)
            break;
        sw_session_end_transaction(session, statement->kind == SW_STATEMENT_COMMIT &&
                                                txn->state == SW_TXN_OPEN);
        if (statement->is_chained) {
            /* What the ended one has set is in force on the shard for good. */
            sw_leg_note_settings(&session->leg, session->settings);
            sw_txn_begin(txn, NULL, settings_now(session));
        }
        break;
    case SW_STATEMENT_SAVEPOINT:
        sw_txn_savepoint(txn, statement->name, NULL, settings_now(session));
        break;
    case SW_STATEMENT_RELEASE:
        (void)sw_txn_release(txn, statement->name, NULL);
        break;
    case SW_STATEMENT_ROLLBACK_TO:
        if (sw_txn_rollback_to(txn, statement->name, &before))
            restore_settings(session, before);
        break;
    case SW_STATEMENT_SET_TRANSACTION:
    case SW_STATEMENT_DISCARD_ALL:
    case SW_STATEMENT_DEALLOCATE:
    case SW_STATEMENT_SELECT:
    case SW_STATEMENT_INSERT:
    case SW_STATEMENT_UPDATE:
    case SW_STATEMENT_DELETE:
    case SW_STATEMENT_SET:
    case SW_STATEMENT_SHOW:
    case SW_STATEMENT_HARMLESS:
    case SW_STATEMENT_REFUSED:
        break;
    }
}
