/*
 * A COMMIT whose server was lost before it answered: its client is told what has become of it,
 * as soon as that is known.
 *
 *   COMMIT --lost--> resolving --committed-------> COMMIT, as if nothing had happened
 *                        |-------not committed---> 40001
 *                        +-------unknown---------> 08007
 */
#include "internal.h"

#include "shardward/base/mem.h"
#include "shardward/wire/write.h"

/* The request in front of which the server tells the transaction's mark; -1: there is none, or
 * it stands in a string among others. */
int sw_session_commit_at(const struct sw_session *session)
{
    const struct sw_script *script = session->planned == NULL ? NULL : session->planned->script;
    bool is_alone = script != NULL && script->count == 1 &&
                    script->statements[0].kind == SW_STATEMENT_COMMIT;

    for (int i = 0; i < session->run.count; i++) {
        const struct sw_request *request = &session->run.requests[i];
        const struct sw_named *named = request->about;

        if (request->kind == SW_REQUEST_INJECT && named != NULL && named->statement != NULL &&
            named->statement->kind == SW_STATEMENT_COMMIT)
            return i;
        if (request->kind == SW_REQUEST_QUERY && is_alone)
            return i;
    }
    return -1;
}

bool sw_session_is_watched(const struct sw_shard *shard)
{
    return shard->cluster->failover != SW_FAILOVER_OFF;
}

void sw_session_mark_commit(struct sw_session *session, const struct sw_shard *shard,
                            struct sw_leg_work *work)
{
    const struct sw_participant *participant = sw_txn_participant(&session->txn, shard);

    if (session->txn.state != SW_TXN_OPEN || participant == NULL || participant->written == 0 ||
        !sw_session_is_watched(shard))
        return;
    work->mark_at = sw_session_commit_at(session);
    work->mark = work->mark_at < 0 ? NULL : session->sessions->mark;
}

/* --- telling --- */

void sw_session_describe_fate(struct sw_error *err, enum sw_commit_fate fate)
{
    struct sw_error lost = *err;

    if (fate == SW_FATE_NOT_COMMITTED) {
        sw_error_set(err, "40001", "the transaction was not committed");
        sw_error_detail(err, "Its server was lost: %s.", lost.message);
        sw_error_hint(err, "Run it again.");
    } else {
        sw_error_set(err, "08007", "%s", lost.message);
        sw_error_detail(err, "It is unknown whether the transaction was committed.");
    }
}

/* Does the client wait for nothing else than what is known: that of the COMMIT? */
static bool is_answerable(const struct sw_session *session)
{
    int commit_at = sw_session_commit_at(session);

    for (int i = 0; i < session->run.count; i++) {
        const struct sw_request *request = &session->run.requests[i];
        bool is_ours = request->kind == SW_REQUEST_LOCAL || request->kind == SW_REQUEST_SYNC;

        if (!request->is_done && !is_ours && i != commit_at)
            return false;
    }
    return sw_session_is_ready_due(session) && session->batch == NULL;
}

static const struct sw_statement *commit_of(const struct sw_session *session)
{
    const struct sw_request *request = &session->run.requests[sw_session_commit_at(session)];
    const struct sw_named *named = request->about;

    return named == NULL ? &session->planned->script->statements[0] : named->statement;
}

static void answer_committed(struct sw_session *session, struct sw_settings *reported)
{
    struct sw_buf *out = sw_session_out(session);
    bool is_chained = commit_of(session)->is_chained;

    for (int i = 0; i < session->run.count; i++) {
        struct sw_request *request = &session->run.requests[i];

        if (request->is_done)
            continue;
        request->is_done = true;
        if (request->kind == SW_REQUEST_LOCAL)
            (void)sw_buf_append(out, sw_run_bytes(&session->run, request), request->bytes_len);
        else if (request->kind == SW_REQUEST_QUERY)
            sw_write_command_complete(out, "COMMIT");
    }
    if (is_chained)
        sw_session_chain_transaction(session, true);
    else
        sw_session_end_transaction(session, true);
    sw_session_tell(session, reported);
    sw_session_conclude(session);
}

static void fail(struct sw_session *session, const struct sw_error *err)
{
    sw_session_end_transaction(session, false);
    sw_session_fail_run(session, err);
}

static void on_resolved(void *owner, enum sw_commit_fate fate, struct sw_settings *reported)
{
    struct sw_session *session = owner;
    struct sw_error err = *session->loss;

    if (fate == SW_FATE_COMMITTED && is_answerable(session)) {
        (void)sw_settings_ref(reported);
        sw_session_forget_resolution(session);
        answer_committed(session, reported);
        sw_settings_unref(reported);
        return;
    }
    sw_session_forget_resolution(session);
    sw_session_describe_fate(&err, fate);
    if (fate == SW_FATE_COMMITTED)
        sw_error_detail(&err, "The transaction was committed, but answers to statements "
                              "before its COMMIT may have been lost.");
    fail(session, &err);
}

/* --- asking --- */

void sw_session_forget_resolution(struct sw_session *session)
{
    sw_resolution_forget(session->resolution);
    session->resolution = NULL;
}

void sw_session_start_resolution(struct sw_session *session, const struct sw_shard *shard,
                                 const struct sw_commit_mark *mark,
                                 void (*on_known)(void *owner, enum sw_commit_fate fate,
                                                  struct sw_settings *reported),
                                 void *owner)
{
    session->resolution = sw_resolution_start(&(struct sw_resolution_work){
        .loop = session->sessions->loop,
        .pools = session->sessions->pools,
        .user = session->user,
        .shard = shard,
        .settings = session->settings,
        .mark = *mark,
        .timeout_ms = session->map->config->timeouts.failover_ms,
        .on_resolved = on_known,
        .owner = owner,
    });
}

bool sw_session_resolve(struct sw_session *session, const struct sw_shard *shard,
                        const struct sw_error *err)
{
    const struct sw_commit_mark *mark = &session->running->mark;

    if (!mark->is_known || !sw_session_run_ends_transaction(session) ||
        session->txn.state != SW_TXN_OPEN)
        return false;
    sw_session_keep_loss(session, err);
    sw_session_start_resolution(session, shard, mark, on_resolved, session);
    return true;
}
