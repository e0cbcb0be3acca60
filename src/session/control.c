/*
 * What is answered without a server: transaction control, DEALLOCATE, DISCARD ALL, settings of
 * shardward itself.
 *
 * BEGIN and savepoints are ours: participants hear of them with their next statement. The end
 * of a transaction, SET TRANSACTION once a shard takes part, and ROLLBACK TO what a shard has
 * heard are told at once, and our own picture follows when that is answered: to one participant
 * in place, as part of the run; to several as a run of its own (together.c).
 */
#include "internal.h"

#include "shardward/base/mem.h"
#include "shardward/wire/write.h"

#include <string.h>

bool sw_ends_transaction(const struct sw_statement *statement)
{
    return statement->kind == SW_STATEMENT_COMMIT || statement->kind == SW_STATEMENT_ROLLBACK;
}

bool sw_session_is_pending(const struct sw_session *session)
{
    return session->run.needs_server || session->batch != NULL;
}

/* Outside of a transaction a server may be in an implicit one, or have heard BEGIN. */
static enum sw_control_way way_outside(const struct sw_session *session,
                                       enum sw_statement_kind kind)
{
    bool is_of_block = kind == SW_STATEMENT_SAVEPOINT || kind == SW_STATEMENT_RELEASE ||
                       kind == SW_STATEMENT_ROLLBACK_TO;

    if (!sw_session_is_pending(session))
        return SW_CONTROL_HERE;
    if (session->has_begun && (is_of_block || kind == SW_STATEMENT_SET_TRANSACTION))
        return SW_CONTROL_SPLIT;
    return is_of_block ? SW_CONTROL_HERE : SW_CONTROL_IN_PLACE;
}

static bool has_heard(const struct sw_session *session, const char *savepoint)
{
    const struct sw_txn *txn = &session->txn;
    int mark = sw_txn_savepoint_mark(txn, savepoint);

    for (int i = 0; mark > 0 && i < txn->participant_count; i++)
        if (txn->participants[i].heard >= mark)
            return true;
    return false;
}

static enum sw_control_way way_of_end(const struct sw_session *session)
{
    const struct sw_txn *txn = &session->txn;

    if (sw_session_is_pending(session))
        return sw_session_may_end_in_place(session) ? SW_CONTROL_IN_PLACE : SW_CONTROL_SPLIT;
    if (txn->participant_count == 1)
        return txn->participants[0].is_lost ? SW_CONTROL_HERE : SW_CONTROL_IN_PLACE;
    return txn->participant_count == 0 ? SW_CONTROL_HERE : SW_CONTROL_TOGETHER;
}

enum sw_control_way sw_session_control_way(const struct sw_session *session,
                                           const struct sw_statement *statement)
{
    bool is_pending = sw_session_is_pending(session);

    if (session->scattering != NULL)
        return SW_CONTROL_SPLIT;
    if (statement->kind == SW_STATEMENT_DISCARD_ALL && !is_pending &&
        session->txn.state == SW_TXN_IDLE && sw_session_has_left(session))
        return SW_CONTROL_IN_PLACE;
    if (statement->kind == SW_STATEMENT_DEALLOCATE ||
        statement->kind == SW_STATEMENT_DISCARD_ALL || statement->kind == SW_STATEMENT_SET_OWN)
        return SW_CONTROL_HERE;
    if (session->txn.state == SW_TXN_IDLE)
        return way_outside(session, statement->kind);
    if (sw_ends_transaction(statement))
        return way_of_end(session);
    /* BEGIN behind the end that is still to come begins another one. */
    if (is_pending &&
        (statement->kind != SW_STATEMENT_BEGIN || sw_session_run_ends_transaction(session)))
        return SW_CONTROL_SPLIT;
    if (statement->kind == SW_STATEMENT_SET_TRANSACTION && session->txn.participant_count > 0)
        return SW_CONTROL_IN_PLACE;
    if (statement->kind == SW_STATEMENT_ROLLBACK_TO && has_heard(session, statement->name))
        return SW_CONTROL_TOGETHER;
    return SW_CONTROL_HERE;
}

void sw_session_forget_loss(struct sw_session *session)
{
    free(session->loss);
    session->loss = NULL;
}

void sw_session_keep_loss(struct sw_session *session, const struct sw_error *err)
{
    sw_session_forget_loss(session);
    session->loss = sw_memdup(err, sizeof *err);
}

bool sw_session_may_run(struct sw_session *session, const struct sw_statement *statement,
                        struct sw_error *err)
{
    if (statement != NULL && session->user->pool.mode == SW_POOL_STATEMENT &&
        !sw_session_fits_statement_mode(statement, err))
        return false;
    /* COMMIT tells of the loss when it has rolled back. */
    if (session->loss != NULL && statement != NULL && statement->kind != SW_STATEMENT_COMMIT) {
        *err = *session->loss;
        sw_session_forget_loss(session);
        if (statement->kind != SW_STATEMENT_ROLLBACK)
            return false;
    }
    if (session->txn.state != SW_TXN_FAILED || statement == NULL ||
        sw_session_run_ends_transaction(session))
        return true;
    if (statement->kind == SW_STATEMENT_ROLLBACK_TO) {
        if (!sw_session_has_lost_participant(session))
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

/* Go back to settings of before, and to what the client was told of them; and to the temporary
 * tables of before. */
static void restore_settings(struct sw_session *session, const struct sw_txn_settings *before)
{
    sw_session_use_temporaries(session, sw_temporaries_ref(before->temporaries));
    sw_session_tell(session, before->told);
    (void)sw_settings_ref(before->settings);
    sw_settings_unref(session->settings);
    session->settings = before->settings;
    session->reads.mode = (enum sw_read_mode)before->read;
    session->reads.local = before->read_locally;
}

static struct sw_txn_settings settings_now(const struct sw_session *session)
{
    return (struct sw_txn_settings){
        .settings = session->settings,
        .told = session->told,
        .temporaries = session->temporaries,
        .read = (int)session->reads.mode,
        .read_locally = session->reads.local,
    };
}

/* What is to last stays, and what was for the transaction alone is over. */
static void settle(struct sw_session *session, bool is_committed)
{
    if (!is_committed)
        restore_settings(session, &session->txn.before);
    sw_session_settle_temporaries(session, true);
    sw_session_settle_cursors(session, is_committed);
    session->has_local_search_path = session->has_local_timezone = false;
    session->has_local_reading = false;
    session->reads.local = SW_READ_UNSAID;
    sw_session_forget_loss(session);
}

void sw_session_end_transaction(struct sw_session *session, bool is_committed)
{
    settle(session, is_committed);
    sw_txn_end(&session->txn);
}

void sw_session_chain_transaction(struct sw_session *session, bool is_committed)
{
    settle(session, is_committed);
    sw_txn_chain(&session->txn, settings_now(session));
}

void sw_session_roll_back_to(struct sw_session *session, const char *name)
{
    const struct sw_txn_settings *before;

    session->reading_serial++;
    sw_session_forget_portals_from(session, sw_txn_savepoint_mark(&session->txn, name));
    if (sw_txn_rollback_to(&session->txn, name, &before))
        restore_settings(session, before);
}

/* --- without a server --- */

static bool begin(struct sw_session *session, const struct sw_statement *statement,
                  const char *text, struct sw_buf *answer, struct sw_error *err)
{
    const struct sw_transaction_options *options = &statement->options;

    if (session->txn.state == SW_TXN_IDLE) {
        sw_txn_begin(&session->txn, text, (enum sw_isolation)options->isolation,
                     settings_now(session));
        sw_txn_note_access(&session->txn, options->is_read_only);
        return true;
    }
    if (options->isolation >= 0 || options->is_read_only >= 0 || options->is_deferrable >= 0) {
        sw_error_set(err, "0A000", "BEGIN with options inside a transaction is not supported");
        sw_error_hint(err, "Use SET TRANSACTION.");
        return false;
    }
    warn(answer, "25001", "there is already a transaction in progress");
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
    if (session->txn.state == SW_TXN_IDLE) {
        warn(answer, "25P01", "there is no transaction in progress");
    } else if (session->loss != NULL && statement->kind == SW_STATEMENT_COMMIT) {
        *err = *session->loss;
        sw_session_end_transaction(session, false);
        return false;
    } else if (statement->is_chained) {
        sw_session_chain_transaction(session, is_committed);
    } else {
        sw_session_end_transaction(session, is_committed);
    }
    return true;
}

static bool set_options(struct sw_session *session, const struct sw_statement *statement,
                        const char *text, struct sw_buf *answer, struct sw_error *err)
{
    const struct sw_transaction_options *options = &statement->options;

    if (session->txn.state == SW_TXN_IDLE) {
        warn(answer, "25P01", "SET TRANSACTION can only be used in transaction blocks");
        return true;
    }
    if (!sw_txn_may_set(&session->txn, options->isolation, options->is_read_only,
                        options->is_deferrable, err))
        return false;
    sw_txn_note_option(&session->txn, text, (enum sw_isolation)options->isolation);
    sw_txn_note_access(&session->txn, options->is_read_only);
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
    (void)text;
    (void)answer;
    if (!is_in_transaction(session, "SAVEPOINT", err))
        return false;
    sw_txn_savepoint(&session->txn, statement->name, settings_now(session));
    return true;
}

static bool release(struct sw_session *session, const struct sw_statement *statement,
                    const char *text, struct sw_buf *answer, struct sw_error *err)
{
    (void)text;
    (void)answer;
    return is_in_transaction(session, "RELEASE SAVEPOINT", err) &&
           (sw_txn_release(&session->txn, statement->name) || no_savepoint(statement, err));
}

static bool rollback_to(struct sw_session *session, const struct sw_statement *statement,
                        const char *text, struct sw_buf *answer, struct sw_error *err)
{
    (void)text;
    (void)answer;
    if (!is_in_transaction(session, "ROLLBACK TO SAVEPOINT", err))
        return false;
    if (sw_txn_savepoint_mark(&session->txn, statement->name) == 0)
        return no_savepoint(statement, err);
    sw_session_roll_back_to(session, statement->name);
    return true;
}

static void discard_here(struct sw_session *session)
{
    restore_settings(session, &session->at_start);
    sw_names_clear_named(&session->statements);
    sw_names_clear(&session->portals);
}

static bool discard_all(struct sw_session *session, const struct sw_statement *statement,
                        const char *text, struct sw_buf *answer, struct sw_error *err)
{
    (void)statement;
    (void)text;
    (void)answer;
    if (session->txn.state != SW_TXN_IDLE || sw_session_is_pending(session))
        return sw_error_set(err, "25001", "DISCARD ALL cannot run inside a transaction block");
    discard_here(session);
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

static void after_begin(struct sw_session *session, const struct sw_statement *statement,
                        const char *text)
{
    if (session->txn.state != SW_TXN_IDLE)
        return;
    sw_txn_begin(&session->txn, text, (enum sw_isolation)statement->options.isolation,
                 session->before_run);
    sw_session_join_first(session);
}

static void after_end(struct sw_session *session, const struct sw_statement *statement,
                      const char *text)
{
    bool is_committed =
        statement->kind == SW_STATEMENT_COMMIT && session->txn.state == SW_TXN_OPEN;

    (void)text;
    if (session->txn.state == SW_TXN_IDLE) {
        /* It has ended the implicit one of the batch. */
        sw_session_settle_temporaries(session, statement->kind == SW_STATEMENT_COMMIT);
        return;
    }
    if (!statement->is_chained) {
        sw_session_end_transaction(session, is_committed);
        return;
    }
    sw_session_chain_transaction(session, is_committed);
    /* What the ended one has set is in force on the shard for good. */
    sw_leg_note_settings(&session->leg, session->settings);
    sw_session_join_first(session);
}

/* The statements that the server had are gone, too: it is not used again. */
static void after_discard(struct sw_session *session, const struct sw_statement *statement,
                          const char *text)
{
    (void)statement;
    (void)text;
    discard_here(session);
    session->running->is_spent = true;
    sw_pocket_empty(session->pocket);
}

static void after_options(struct sw_session *session, const struct sw_statement *statement,
                          const char *text)
{
    struct sw_participant *participant = sw_session_participant(session, session->running);

    if (session->txn.state == SW_TXN_IDLE || participant == NULL)
        return;
    sw_txn_note_option(&session->txn, text, (enum sw_isolation)statement->options.isolation);
    sw_txn_heard_all(&session->txn, participant, session->settings);
}

/* --- the table --- */

struct control {
    const char *tag;
    bool (*carry_out)(struct sw_session *session, const struct sw_statement *statement,
                      const char *text, struct sw_buf *answer, struct sw_error *err);
    void (*follow)(struct sw_session *session, const struct sw_statement *statement,
                   const char *text);
};

static const struct control controls[SW_STATEMENT_REFUSED + 1] = {
    [SW_STATEMENT_BEGIN] = {"BEGIN", begin, after_begin},
    [SW_STATEMENT_COMMIT] = {"COMMIT", end, after_end},
    [SW_STATEMENT_ROLLBACK] = {"ROLLBACK", end, after_end},
    [SW_STATEMENT_SAVEPOINT] = {"SAVEPOINT", savepoint, NULL},
    [SW_STATEMENT_RELEASE] = {"RELEASE", release, NULL},
    [SW_STATEMENT_ROLLBACK_TO] = {"ROLLBACK", rollback_to, NULL},
    [SW_STATEMENT_SET_TRANSACTION] = {"SET", set_options, after_options},
    [SW_STATEMENT_DISCARD_ALL] = {"DISCARD ALL", discard_all, after_discard},
    [SW_STATEMENT_DEALLOCATE] = {"DEALLOCATE", deallocate, NULL},
    [SW_STATEMENT_SET_OWN] = {"SET", sw_session_set_own, NULL},
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
    if (statement->own != NULL && statement->own->says_reset)
        return "RESET";
    return controls[statement->kind].tag;
}

void sw_session_after_control(struct sw_session *session, const struct sw_statement *statement,
                              const char *text)
{
    if (controls[statement->kind].follow != NULL)
        controls[statement->kind].follow(session, statement, text);
}
