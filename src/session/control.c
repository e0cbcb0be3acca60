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
    session->has_local_timezone = false;
    sw_txn_end(&session->txn);
}

/* --- without a server --- */

static bool begin(struct sw_session *session, const struct sw_statement *statement,
                  const char *text, struct sw_buf *answer, struct sw_error *err)
{
    (void)statement;
    (void)err;
    if (session->txn.state == SW_TXN_IDLE)
        sw_txn_begin(&session->txn, text, settings_now(session));
    else
        warn(answer, "25001", "there is already a transaction in progress");
    return true;
}

/* AND CHAIN begins anew with the BEGIN of before. */
static bool chain(struct sw_session *session, bool is_committed, struct sw_error *err)
{
    char *text;

    if (session->txn.journal_count > 1) {
        sw_error_set(err, "0A000",
                     "AND CHAIN of a transaction that has changed itself since "
                     "its BEGIN is not supported");
        sw_error_hint(err, "End it, and begin the next one with its options.");
        return false;
    }
    text = sw_strdup(session->txn.journal[0]);
    sw_session_end_transaction(session, is_committed);
    sw_txn_begin(&session->txn, text, settings_now(session));
    free(text);
    return true;
}

static bool end(struct sw_session *session, const struct sw_statement *statement,
                const char *text, struct sw_buf *answer, struct sw_error *err)
{
    bool is_committed =
        statement->kind == SW_STATEMENT_COMMIT && session->txn.state == SW_TXN_OPEN;

    (void)text;
    if (session->txn.state == SW_TXN_IDLE && statement->is_chained)
        return sw_error_set(err, "25P01", "%s AND CHAIN can only be used in transaction blocks",
                            sw_session_control_tag(session, statement));
    if (session->txn.state == SW_TXN_IDLE)
        warn(answer, "25P01", "there is no transaction in progress");
    else if (statement->is_chained && session->txn.journal_count > 0)
        return chain(session, is_committed, err);
    else
        sw_session_end_transaction(session, is_committed);
    return true;
}

static bool set_options(struct sw_session *session, const struct sw_statement *statement,
                        const char *text, struct sw_buf *answer, struct sw_error *err)
{
    (void)statement;
    (void)err;
    if (session->txn.state == SW_TXN_IDLE)
        warn(answer, "25P01", "SET TRANSACTION can only be used in transaction blocks");
    else
        sw_txn_note(&session->txn, text);
    return true;
}

static bool no_savepoint(const struct sw_statement *statement, struct sw_error *err)
{
    return sw_error_set(err, "3B001", "savepoint \"%s\" does not exist", statement->name);
}

static bool is_in_transaction(const struct sw_session *session, const char *command,
                              struct sw_error *err)
{
    return session->txn.state != SW_TXN_IDLE ||
           sw_error_set(err, "25P01", "%s can only be used in transaction blocks", command);
}

static bool savepoint(struct sw_session *session, const struct sw_statement *statement,
                      const char *text, struct sw_buf *answer, struct sw_error *err)
{
    (void)answer;
    if (!is_in_transaction(session, "SAVEPOINT", err))
        return false;
    sw_txn_savepoint(&session->txn, statement->name, text, settings_now(session));
    return true;
}

static bool release(struct sw_session *session, const struct sw_statement *statement,
                    const char *text, struct sw_buf *answer, struct sw_error *err)
{
    (void)answer;
    return is_in_transaction(session, "RELEASE SAVEPOINT", err) &&
           (sw_txn_release(&session->txn, statement->name, text) ||
            no_savepoint(statement, err));
}

static bool rollback_to(struct sw_session *session, const struct sw_statement *statement,
                        const char *text, struct sw_buf *answer, struct sw_error *err)
{
    const struct sw_txn_settings *before;

    (void)text;
    (void)answer;
    if (!is_in_transaction(session, "ROLLBACK TO SAVEPOINT", err))
        return false;
    if (!sw_txn_rollback_to(&session->txn, statement->name, &before))
        return no_savepoint(statement, err);
    restore_settings(session, before);
    return true;
}

static bool discard_all(struct sw_session *session, const struct sw_statement *statement,
                        const char *text, struct sw_buf *answer, struct sw_error *err)
{
    (void)statement;
    (void)text;
    (void)answer;
    if (session->txn.state != SW_TXN_IDLE || sw_session_is_heard(session))
        return sw_error_set(err, "25001", "DISCARD ALL cannot run inside a transaction block");
    restore_settings(session, &session->at_start);
    sw_names_clear_named(&session->statements);
    sw_names_clear(&session->portals);
    return true;
}

static bool deallocate(struct sw_session *session, const struct sw_statement *statement,
                       const char *text, struct sw_buf *answer, struct sw_error *err)
{
    (void)text;
    (void)answer;
    if (statement->name == NULL)
        sw_names_clear_named(&session->statements);
    else if (sw_names_get(&session->statements, statement->name) == NULL)
        return sw_error_set(err, "26000", "prepared statement \"%s\" does not exist",
                            statement->name);
    else
        sw_names_put(&session->statements, statement->name, NULL);
    return true;
}

/* --- after a server --- */

static void after_begin(struct sw_session *session, const struct sw_statement *statement)
{
    (void)statement;
    if (session->txn.state == SW_TXN_IDLE)
        sw_txn_begin(&session->txn, NULL, session->before_run);
}

static void after_end(struct sw_session *session, const struct sw_statement *statement)
{
    struct sw_txn *txn = &session->txn;

    if (txn->state == SW_TXN_IDLE)
        return;
    sw_session_end_transaction(session, statement->kind == SW_STATEMENT_COMMIT &&
                                            txn->state == SW_TXN_OPEN);
    if (statement->is_chained) {
        /* What the ended one has set is in force on the shard for good. */
        sw_leg_note_settings(&session->leg, session->settings);
        sw_txn_begin(txn, NULL, settings_now(session));
    }
}

static void after_savepoint(struct sw_session *session, const struct sw_statement *statement)
{
    sw_txn_savepoint(&session->txn, statement->name, NULL, settings_now(session));
}

static void after_release(struct sw_session *session, const struct sw_statement *statement)
{
    (void)sw_txn_release(&session->txn, statement->name, NULL);
}

static void after_rollback_to(struct sw_session *session, const struct sw_statement *statement)
{
    const struct sw_txn_settings *before;

    if (sw_txn_rollback_to(&session->txn, statement->name, &before))
        restore_settings(session, before);
}

/* --- the table --- */

struct control {
    const char *tag;
    bool (*carry_out)(struct sw_session *session, const struct sw_statement *statement,
                      const char *text, struct sw_buf *answer, struct sw_error *err);
    void (*follow)(struct sw_session *session, const struct sw_statement *statement);
};

static const struct control controls[SW_STATEMENT_REFUSED + 1] = {
    [SW_STATEMENT_BEGIN] = {"BEGIN", begin, after_begin},
    [SW_STATEMENT_COMMIT] = {"COMMIT", end, after_end},
    [SW_STATEMENT_ROLLBACK] = {"ROLLBACK", end, after_end},
    [SW_STATEMENT_SAVEPOINT] = {"SAVEPOINT", savepoint, after_savepoint},
    [SW_STATEMENT_RELEASE] = {"RELEASE", release, after_release},
    [SW_STATEMENT_ROLLBACK_TO] = {"ROLLBACK", rollback_to, after_rollback_to},
    [SW_STATEMENT_SET_TRANSACTION] = {"SET", set_options, NULL},
    [SW_STATEMENT_DISCARD_ALL] = {"DISCARD ALL", discard_all, NULL},
    [SW_STATEMENT_DEALLOCATE] = {"DEALLOCATE", deallocate, NULL},
};

bool sw_is_control(const struct sw_statement *statement)
{
    return controls[statement->kind].carry_out != NULL;
}

bool sw_session_control(struct sw_session *session, const struct sw_statement *statement,
                        const char *text, struct sw_buf *answer, struct sw_error *err)
{
    /* The tag is that of the state before: COMMIT of a failed transaction is a ROLLBACK. */
    const char *tag = sw_session_control_tag(session, statement);

    if (!controls[statement->kind].carry_out(session, statement, text, answer, err))
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
    if (statement->is_start)
        return "START TRANSACTION";
    if (statement->kind == SW_STATEMENT_COMMIT && session->txn.state == SW_TXN_FAILED)
        return "ROLLBACK";
    if (statement->kind == SW_STATEMENT_DEALLOCATE && statement->name == NULL)
        return "DEALLOCATE ALL";
    return controls[statement->kind].tag;
}

void sw_session_after_control(struct sw_session *session, const struct sw_statement *statement)
{
    if (controls[statement->kind].follow != NULL)
        controls[statement->kind].follow(session, statement);
}
