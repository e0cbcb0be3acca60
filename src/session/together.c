/*
 * Control that several shards have to hear: a run of its own.
 *
 *   COMMIT       to all at once; or, if another one than the leader locks rows, to the leader
 *                first and then to the others. The leader's answer is the client's.
 *   ROLLBACK     to all at once, whatever they answer: it is over.
 *   ROLLBACK TO  to those that have heard the savepoint. All of them must succeed.
 *
 * AND CHAIN is not sent on: the next transaction begins as lazily as any, with the options of
 * the one before.
 */
#include "internal.h"

#include "shardward/base/mem.h"
#include "shardward/execute/broadcast.h"
#include "shardward/wire/write.h"

#include <stdio.h>

struct sw_together {
    struct sw_session *session;
    const struct sw_statement *statement;
    const char *tag; /* of the answer, if all is well */
    char sql[48];
    struct sw_broadcast broadcast;
    struct sw_broadcast_part *parts; /* of the broadcast under way, in the order of shards */
    int *of;                         /* each part's participant */
    int count;
    struct sw_commit_order order;
    bool is_commit; /* not of a transaction that has failed: that is rolled back */
    bool has_failed;
    enum sw_commit_fate fate; /* of the leader's COMMIT, if its answer was lost */
    struct sw_buf answer;     /* for the client */
};

static struct sw_together *create(struct sw_session *session,
                                  const struct sw_statement *statement)
{
    struct sw_together *together = sw_alloc_zero(1, sizeof *together);
    size_t count = (size_t)session->txn.participant_count;

    together->fate = SW_FATE_UNKNOWN;
    together->session = session;
    together->statement = statement;
    together->tag = sw_session_control_tag(session, statement);
    together->parts = sw_alloc_zero(count, sizeof *together->parts);
    together->of = sw_alloc_zero(count, sizeof *together->of);
    sw_buf_init(&together->answer, SW_RUN_LIMIT);
    return together;
}

static void destroy(struct sw_together *together)
{
    sw_broadcast_forget(&together->broadcast);
    sw_buf_finish(&together->answer);
    free(together->parts);
    free(together->of);
    free(together);
}

void sw_session_forget_together(struct sw_session *session)
{
    if (session->together != NULL)
        destroy(session->together);
    session->together = NULL;
}

/* --- telling --- */

static void add(struct sw_together *together, int index)
{
    const struct sw_participant *all = together->session->txn.participants;
    int at = together->count++;

    for (; at > 0 && all[together->of[at - 1]].shard->id > all[index].shard->id; at--)
        together->of[at] = together->of[at - 1];
    together->of[at] = index;
}

/* Those that live, but for participant @but (-1: none). */
static void add_living(struct sw_together *together, int but)
{
    const struct sw_txn *txn = &together->session->txn;

    together->count = 0;
    for (int i = 0; i < txn->participant_count; i++)
        if (i != but && !txn->participants[i].is_lost)
            add(together, i);
}

/* The leader's COMMIT is the one that counts. */
static struct sw_prepared *mark_of(const struct sw_together *together, int index)
{
    const struct sw_session *session = together->session;
    const struct sw_participant *participant = &session->txn.participants[index];

    return together->is_commit && index == together->order.leader && !together->has_failed &&
                   participant->written > 0 && sw_session_is_watched(participant->shard)
               ? session->sessions->mark
               : NULL;
}

/* Nobody to tell: that is done, too. */
static void tell(struct sw_together *together, const char *sql, void (*on_done)(void *owner))
{
    struct sw_session *session = together->session;

    (void)snprintf(together->sql, sizeof together->sql, "%s", sql);
    sw_broadcast_forget(&together->broadcast);
    for (int i = 0; i < together->count; i++)
        together->parts[i] = (struct sw_broadcast_part){
            .leg = sw_session_leg(session, together->of[i]),
            .shard = session->txn.participants[together->of[i]].shard,
            .sql = together->sql,
            .mark = mark_of(together, together->of[i]),
        };
    if (together->count == 0)
        on_done(together);
    else
        sw_broadcast_start(&together->broadcast, together->parts, together->count, on_done,
                           together);
}

static void fail_with(struct sw_together *together, const struct sw_error *err)
{
    together->has_failed = true;
    sw_kinds_note_error(together->session->sessions->kinds, err);
    sw_write_error(&together->answer, "ERROR", err);
}

static void conclude(struct sw_together *together)
{
    struct sw_session *session = together->session;

    if (!together->has_failed)
        sw_write_command_complete(&together->answer, together->tag);
    else if (!sw_session_is_ready_due(session))
        session->skips_to_sync = true;
    (void)sw_buf_append(sw_session_out(session), sw_buf_bytes(&together->answer),
                        sw_buf_len(&together->answer));
    sw_session_forget_together(session);
    sw_session_conclude(session);
}

/* --- the end of a transaction --- */

/* SET LOCAL of a reported parameter ends with the transaction: a server that has heard all that
 * was set reports what it is now. */
static void tell_parameters(struct sw_session *session)
{
    for (int i = 0; i < session->txn.participant_count; i++) {
        const struct sw_leg *leg = sw_session_leg(session, i);

        if (leg->state == SW_LEG_ATTACHED &&
            sw_settings_are_equal(session->txn.participants[i].settings, session->settings)) {
            sw_session_tell(session, sw_leg_reported(leg));
            return;
        }
    }
}

/* Legs go back with what is in force on their servers, who may not have heard of all that was
 * set. */
static void let_go(struct sw_session *session, bool is_committed)
{
    for (int i = 0; i < session->txn.participant_count; i++) {
        struct sw_leg *leg = sw_session_leg(session, i);

        if (leg->state != SW_LEG_ATTACHED)
            continue;
        sw_leg_note_settings(leg, is_committed ? session->txn.participants[i].settings
                                               : session->txn.before.settings);
        sw_leg_release(leg);
    }
}

static void end(struct sw_together *together)
{
    struct sw_session *session = together->session;
    bool is_committed = together->is_commit && !together->has_failed;

    sw_session_doubt_tokens(session);
    if (is_committed)
        tell_parameters(session);
    let_go(session, is_committed);
    if (together->statement->is_chained && !together->has_failed)
        sw_session_chain_transaction(session, is_committed);
    else
        sw_session_end_transaction(session, is_committed);
    conclude(together);
}

static void on_rolled_back(void *owner)
{
    struct sw_together *together = owner;
    struct sw_session *session = together->session;

    if (session->loss != NULL && together->statement->kind == SW_STATEMENT_COMMIT &&
        !together->has_failed)
        fail_with(together, session->loss);
    end(together);
}

static const struct sw_broadcast_part *part_of(const struct sw_together *together, int index)
{
    int at = 0;

    while (together->of[at] != index)
        at++;
    return &together->parts[at];
}

/* What the leader says is what the client hears. */
static void hear_leader(struct sw_together *together)
{
    const struct sw_broadcast_part *part = part_of(together, together->order.leader);
    struct sw_error err = part->err;

    (void)sw_buf_append(&together->answer, sw_buf_bytes(&part->words),
                        sw_buf_len(&part->words));
    if (part->result == SW_PART_FAILED) {
        together->has_failed = true;
        return;
    }
    if (part->result == SW_PART_DONE || together->fate == SW_FATE_COMMITTED)
        return;
    if (sw_txn_writer(&together->session->txn) != NULL)
        sw_session_describe_fate(&err, together->fate);
    fail_with(together, &err);
}

static void on_others_done(void *owner)
{
    end(owner);
}

static void after_leader(struct sw_together *together)
{
    hear_leader(together);
    if (!together->order.is_leader_first) {
        end(together);
        return;
    }
    add_living(together, together->order.leader);
    tell(together, together->has_failed ? "ROLLBACK" : "COMMIT", on_others_done);
}

static void on_known(void *owner, enum sw_commit_fate fate, struct sw_settings *reported)
{
    struct sw_together *together = owner;

    (void)reported;
    sw_session_forget_resolution(together->session);
    together->fate = fate;
    after_leader(together);
}

/* What has become of a COMMIT that was lost is known later. */
static void on_leader_done(void *owner)
{
    struct sw_together *together = owner;
    int leader = together->order.leader;
    const struct sw_commit_mark *mark = &sw_session_leg(together->session, leader)->mark;

    if (part_of(together, leader)->result == SW_PART_LOST && mark->is_known)
        sw_session_start_resolution(together->session,
                                    together->session->txn.participants[leader].shard, mark,
                                    on_known, together);
    else
        after_leader(together);
}

static void start_end(struct sw_together *together)
{
    struct sw_txn *txn = &together->session->txn;

    together->is_commit =
        together->statement->kind == SW_STATEMENT_COMMIT && txn->state == SW_TXN_OPEN;
    if (!together->is_commit) {
        add_living(together, -1);
        tell(together, "ROLLBACK", on_rolled_back);
        return;
    }
    together->order = sw_txn_commit_order(txn);
    if (together->order.is_leader_first) {
        add(together, together->order.leader);
        tell(together, "COMMIT", on_leader_done);
    } else {
        add_living(together, -1);
        tell(together, "COMMIT", on_leader_done);
    }
}

bool sw_session_commits_together(const struct sw_session *session)
{
    const struct sw_txn *txn = &session->txn;

    if (!session->together->is_commit)
        return false;
    for (int i = 0; i < txn->participant_count; i++)
        if (txn->participants[i].shard->cluster->failover == SW_FAILOVER_MANAGED)
            return true;
    return false;
}

void sw_session_cancel_together(struct sw_session *session)
{
    struct sw_together *together = session->together;

    if (together->is_commit)
        sw_leg_cancel(sw_session_leg(session, together->order.leader));
}

/* --- ROLLBACK TO --- */

static void on_rolled_back_to(void *owner)
{
    struct sw_together *together = owner;
    const struct sw_broadcast_part *failure = sw_broadcast_first_failure(&together->broadcast);

    if (failure == NULL) {
        sw_session_roll_back_to(together->session, together->statement->name);
    } else {
        sw_session_note_losses(together->session);
        sw_txn_fail(&together->session->txn);
        fail_with(together, &failure->err);
    }
    conclude(together);
}

/* A server that failed before it came to the savepoint cannot go back to it. */
static bool can_go_back(struct sw_session *session, int index, int mark)
{
    return session->txn.participants[index].heard >= mark ||
           sw_leg_status(sw_session_leg(session, index)) != 'E';
}

static void start_rollback_to(struct sw_together *together)
{
    struct sw_session *session = together->session;
    int mark = sw_txn_savepoint_mark(&session->txn, together->statement->name);
    struct sw_error err;
    char sql[48];

    for (int i = 0; i < session->txn.participant_count; i++) {
        if (!can_go_back(session, i, mark)) {
            sw_error_set(&err, "25P02",
                         "shard \"%s\" has failed before it heard of the savepoint",
                         session->txn.participants[i].shard->name);
            sw_error_hint(&err, "ROLLBACK the transaction and run it again.");
            fail_with(together, &err);
            conclude(together);
            return;
        }
        if (session->txn.participants[i].heard >= mark)
            add(together, i);
    }
    (void)snprintf(sql, sizeof sql, "ROLLBACK TO SAVEPOINT sw_%d", mark);
    tell(together, sql, on_rolled_back_to);
}

void sw_session_together(struct sw_session *session, const struct sw_statement *statement,
                         enum sw_run_end run_end)
{
    session->run_end = run_end;
    session->state = SW_SESSION_RUNNING;
    sw_session_limit(session);
    sw_stream_hold(session->stream);
    sw_session_answer_first_locals(session);
    session->together = create(session, statement);
    if (statement->kind == SW_STATEMENT_ROLLBACK_TO)
        start_rollback_to(session->together);
    else
        start_end(session->together);
}
