/*
 * A run on its leg: how it is sent, and what the leg tells of it.
 *
 *   dispatch --(no server needed)--> answered here
 *      |
 *      +--> RUNNING --on_done-----> settings, names, transaction follow --> READY
 *              |
 *              +------on_refused--> nothing was sent: an error --> READY
 *              +------on_lost-----> 08006, or 08007 if it may have committed --> READY
 */
#include "internal.h"

#include "shardward/base/log.h"
#include "shardward/base/mem.h"
#include "shardward/wire/response.h"
#include "shardward/wire/write.h"

#include <string.h>

/* --- the end of a run --- */

bool sw_session_is_ready_due(const struct sw_session *session)
{
    return session->run_end == SW_RUN_ENDS_QUERY || session->run_end == SW_RUN_ENDS_SYNC;
}

void sw_session_conclude(struct sw_session *session)
{
    bool is_due = sw_session_is_ready_due(session), has_failed = session->has_failed;

    session->is_copying = false;
    if (session->ddl != NULL || session->rows != NULL)
        sw_session_doubt_tokens(session);
    else if (session->scattering != NULL)
        sw_session_note_scatter_seen(session);
    sw_session_stop_drawing(session);
    sw_tally_end(session);
    sw_session_forget_run(session);
    if (session->batch == NULL)
        sw_session_forget_batch(session);
    sw_session_sweep_legs(session);
    if (session->txn.state == SW_TXN_IDLE && session->batch == NULL) {
        sw_session_settle_cursors(session, !has_failed);
        sw_session_settle_temporaries(session, !has_failed);
        sw_session_sweep_temporaries(session);
    }
    if (is_due && session->txn.state == SW_TXN_IDLE)
        sw_session_clear_portals(session);
    if (is_due) {
        sw_session_tell_notes(session);
        sw_write_ready(sw_session_out(session), sw_txn_status(&session->txn));
    }
    session->state = SW_SESSION_READY;
    sw_stream_flush(session->stream);
    session->is_throttled = sw_stream_is_congested(session->stream);
    if (session->is_throttled)
        sw_stream_hold(session->stream);
    else
        sw_stream_release(session->stream);
    sw_session_rest(session);
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
    sw_session_conclude(session);
}

/* --- sending --- */

static bool needs_server(const struct sw_session *session)
{
    bool is_last = sw_session_is_ready_due(session) || session->run_end == SW_RUN_ENDS_SPLIT;
    bool fails = session->run.count > 0 &&
                 session->run.requests[session->run.count - 1].kind == SW_REQUEST_FAIL;

    return session->run.needs_server || (session->batch != NULL && (is_last || fails));
}

static const char *const *list_read_back(struct sw_session *session)
{
    for (int i = 0; i < session->change_count; i++)
        session->read_back[i] =
            session->changes[i].name == NULL ? "role" : session->changes[i].name;
    return session->read_back;
}

/* Does a run beside the transaction have to see what was said in it so far? */
static bool needs_journal(const struct sw_session *session)
{
    bool sets_locally = false;

    for (int i = 0; i < session->change_count; i++)
        sets_locally |= session->changes[i].change == SW_SETTING_SET_LOCAL;
    return session->txn.state == SW_TXN_OPEN &&
           (sets_locally || sw_txn_has_options(&session->txn));
}

/* Does the run hold nothing but the end of the transaction? What its server has not heard yet
 * makes no difference then. */
static bool only_ends(const struct sw_session *session)
{
    return !session->target.executes && sw_session_run_ends_transaction(session);
}

/* A participant hears what it has not heard yet; it is leased under the settings of the
 * transaction's begin. */
static void open_participant(struct sw_session *session, const struct sw_shard *shard,
                             struct sw_leg_work *work)
{
    struct sw_txn *txn = &session->txn;
    struct sw_participant *participant = session->joins
                                             ? sw_txn_join(txn, shard, txn->before.settings)
                                             : sw_txn_participant(txn, shard);

    if (participant == NULL)
        return;
    work->settings = txn->before.settings;
    sw_txn_note_use(txn, participant, session->target.writes, session->target.locks_rows);
    if (!only_ends(session))
        work->opening = sw_txn_opening(txn, participant, &work->opening_count);
}

/* Beside the transaction, all that was said in it is said again, and rolled back. */
static void open_aside(struct sw_session *session, struct sw_leg_work *work)
{
    const struct sw_participant stranger = {0};

    if (session->aside->state == SW_LEG_FREE && needs_journal(session)) {
        work->settings = session->txn.before.settings;
        work->opening = sw_txn_opening(&session->txn, &stranger, &work->opening_count);
        session->aside_is_open = true;
    }
    work->rolls_back = session->aside_is_open && session->run_end != SW_RUN_ENDS_FLUSH;
}

struct sw_oid_map *sw_session_types_on(const struct sw_session *session,
                                       const struct sw_shard *shard)
{
    const struct sw_catalog_database *known =
        session->catalog == NULL
            ? NULL
            : sw_catalog_database(session->catalog, session->database->name);

    return known == NULL ? NULL : sw_catalog_types(known, shard);
}

static void start(struct sw_session *session)
{
    const struct sw_shard *shard;
    struct sw_leg *leg = sw_session_choose_leg(session, &shard, &session->joins);
    struct sw_pool *pool;
    struct sw_error err;
    struct sw_leg_work work = {
        .run = &session->run,
        .settings = session->settings,
        .types = sw_session_types_on(session, shard),
        .read_back = list_read_back(session),
        .read_back_count = session->run_end == SW_RUN_ENDS_FLUSH ? 0 : session->change_count,
        .leaves = session->target.leaves,
        .question = sw_session_question(session),
    };

    sw_tally_start(session, shard);
    if (!sw_session_choose_pool(session, leg, shard, &work, &pool, &err)) {
        sw_session_refuse_run(session, &err);
        return;
    }
    if (leg == session->aside)
        open_aside(session, &work);
    else
        open_participant(session, shard, &work);
    sw_session_mark_commit(session, shard, &work);
    session->running = leg;
    sw_session_limit(session);
    sw_txn_settings_unref(&session->before_run);
    session->before_run =
        sw_txn_settings_ref((struct sw_txn_settings){.settings = work.settings,
                                                     .told = session->told,
                                                     .temporaries = session->temporaries_before,
                                                     .read = (int)session->reads.mode,
                                                     .read_locally = session->reads.local});
    sw_session_may_keep(session, leg);
    sw_leg_start(leg, pool, shard, &work);
    sw_tally_started(session);
}

static void start_unless_paused(struct sw_session *session,
                                void (*begin)(struct sw_session *session))
{
    session->state = SW_SESSION_RUNNING;
    sw_tally_asked(session);
    sw_stream_hold(session->stream);
    if (!sw_session_park(session, begin))
        begin(session);
}

/* A simple query that is answered here still ends the batch before it, as Sync does. */
static bool ends_beside_query(const struct sw_session *session)
{
    return session->run_end == SW_RUN_ENDS_QUERY &&
           (session->run.count == 0 ||
            session->run.requests[session->run.count - 1].kind != SW_REQUEST_QUERY);
}

void sw_session_dispatch(struct sw_session *session, enum sw_run_end end)
{
    session->run_end = end;
    if (session->ddl != NULL || session->scattering != NULL) {
        start_unless_paused(session,
                            session->ddl != NULL ? sw_session_run_ddl : sw_session_run_scatter);
        return;
    }
    if (!needs_server(session)) {
        answer_here(session);
        return;
    }
    if (end == SW_RUN_ENDS_FLUSH && session->batch == NULL && !session->target.executes)
        session->run_end = SW_RUN_ENDS_PREPARE;
    if (session->run_end == SW_RUN_ENDS_SYNC || session->run_end == SW_RUN_ENDS_PREPARE ||
        session->run_end == SW_RUN_ENDS_SPLIT || ends_beside_query(session))
        (void)sw_run_add(&session->run, SW_REQUEST_SYNC, NULL, NULL, NULL, 0);
    if (session->run_end == SW_RUN_ENDS_FLUSH)
        (void)sw_run_add(&session->run, SW_REQUEST_FLUSH, NULL, NULL, NULL, 0);
    start_unless_paused(session, start);
}

void sw_session_split(struct sw_session *session)
{
    session->wants_split = false;
    session->takes_again = true;
    sw_session_dispatch(session, SW_RUN_ENDS_SPLIT);
}

/* --- what the leg tells --- */

static void on_forward(void *owner, const uint8_t *bytes, size_t len)
{
    struct sw_session *session = owner;

    if (session->reads.goes_again)
        return; /* its replica ends it, and another server answers */
    session->has_answered = true;
    (void)sw_buf_append(sw_session_out(session), bytes, len);
}

static void on_local(void *owner, int index)
{
    struct sw_session *session = owner;
    const struct sw_request *request = &session->run.requests[index];

    if (request->is_quiet)
        return;
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
    struct sw_buf *out = sw_session_out(session);
    enum sw_request_kind kind = sw_session_kind_of_failed(session, index);

    if (sw_session_leaves_replica(session, frame))
        return;
    if (!session->has_failed)
        session->failed_kind = kind;
    session->has_failed = session->has_answered = true;
    sw_session_leave_copy(session);
    if (sw_session_doubts_rows(session, frame))
        return;
    if (kind == SW_REQUEST_FAIL) {
        const struct sw_request *request = &session->run.requests[index];

        (void)sw_buf_append(out, sw_run_bytes(&session->run, request), request->bytes_len);
    } else {
        sw_session_forward_error(session, index, frame);
    }
}

static void on_types(void *owner, int index, const struct sw_frame *frame)
{
    struct sw_session *session = owner;

    if (frame->type == 't')
        sw_named_learn_types(session->run.requests[index].about, frame);
    else if (session->run.requests[index].kind == SW_REQUEST_DESCRIBE_STATEMENT)
        sw_session_note_described(session->run.requests[index].about, frame);
}

static void on_setting(void *owner, int index, const char *value)
{
    struct sw_session *session = owner;

    free(session->changes[index].value);
    session->changes[index].value = sw_strdup(value);
}

static void on_copy_in(void *owner, const uint8_t *bytes, size_t len)
{
    sw_session_begin_copy(owner, bytes, len);
}

static void on_copy_drained(void *owner)
{
    sw_session_go_on_copying(owner);
}

static void on_parameter(void *owner, const char *name, const char *value)
{
    struct sw_session *session = owner;

    session->reads.is_told = true;
    sw_session_tell_parameter(owner, name, value);
}

static void on_reported(void *owner, struct sw_settings *reported)
{
    sw_session_tell(owner, reported);
}

/* What was set in the transaction is yet to be heard by a shard that joins. */
static bool is_behind(const struct sw_session *session)
{
    return session->txn.state != SW_TXN_IDLE && sw_txn_has_options(&session->txn);
}

static void on_attached(void *owner, struct sw_settings *reported)
{
    sw_tally_lent(owner);
    sw_session_limit(owner);
    if (!is_behind(owner))
        sw_session_tell(owner, reported);
    sw_session_mark_answer(owner);
}

static void on_pause(void *owner)
{
    struct sw_session *session = owner;

    if (session->state == SW_SESSION_CLOSING)
        return;
    sw_session_tell_answer(session);
    sw_stream_flush(session->stream);
    sw_session_mark_answer(session);
    if (session->running != NULL && sw_stream_is_congested(session->stream))
        sw_leg_hold(session->running);
}

/* --- what comes of a run --- */

/* A setting whose new value nobody knows could be replayed nowhere, and would stay on its
 * backend for whoever comes next. */
static bool has_lost_settings(const struct sw_session *session)
{
    return session->change_count > 0 && !session->has_failed &&
           session->running->has_read_back_failed;
}

static void start_again(struct sw_session *session)
{
    sw_session_unsend(session);
    start_unless_paused(session, start);
}

static void finish_run(struct sw_session *session, char status)
{
    struct sw_error err;

    if (sw_session_goes_again(session, session->running)) {
        start_again(session);
        return;
    }
    sw_session_note_seen(session, session->running, status);
    if (has_lost_settings(session)) {
        sw_leg_cut(session->running);
        sw_error_set(&err, "08006", "a changed setting could not be read back");
        sw_session_fatal(session, &err);
        return;
    }
    if (session->joins && is_behind(session))
        sw_session_tell(session, sw_leg_reported(session->running));
    sw_session_follow_run(session, status);
    sw_session_conclude(session);
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

void sw_session_end_failed(struct sw_session *session)
{
    sw_txn_fail(&session->txn);
    sw_session_undo_names(session);
    session->has_failed = true;
    session->batch = NULL;
    session->aside_is_open = false;
    if (!sw_session_is_ready_due(session))
        session->skips_to_sync = true;
    sw_session_conclude(session);
}

/* The run cannot end as it should: one error, then on as after any error. */
void sw_session_fail_run(struct sw_session *session, const struct sw_error *err)
{
    sw_kinds_note_error(session->sessions->kinds, err);
    sw_write_error(sw_session_out(session), "ERROR", err);
    sw_session_end_failed(session);
}

void sw_session_answer_first_locals(struct sw_session *session)
{
    for (int i = 0; i < session->run.count; i++) {
        struct sw_request *request = &session->run.requests[i];

        if (request->kind != SW_REQUEST_LOCAL)
            return;
        request->is_done = true;
        on_local(session, i);
    }
}

void sw_session_refuse_run(struct sw_session *session, const struct sw_error *err)
{
    sw_session_answer_first_locals(session);
    sw_session_fail_run(session, err);
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
    if (session->joins)
        sw_txn_leave(&session->txn);
    if (sw_session_shuns_replica(session, session->running, err))
        start_again(session);
    else
        sw_session_refuse_run(session, err);
}

/* A read outside a transaction that its server never read may simply run again. A pool holds
 * so many dead connections at the most. */
static bool may_run_again(const struct sw_session *session)
{
    return session->state == SW_SESSION_RUNNING && session->tries <= session->user->pool.size &&
           !session->has_answered && !session->may_write && session->batch == NULL &&
           (session->pocket == NULL || session->pocket->loss == NULL) &&
           session->txn.state == SW_TXN_IDLE;
}

/* May the run that was lost have taken effect? Nothing of a transaction has, as long as its
 * COMMIT was not sent; nor has COPY, before its data has ended. */
bool sw_session_may_have_committed(const struct sw_session *session)
{
    bool commits = sw_session_run_commits(session);

    return session->may_write && (!session->is_copying || commits) &&
           (session->txn.state == SW_TXN_IDLE || commits);
}

/* The server was lost with the run. If that was the end of the transaction, it is over. */
static void fail_lost(struct sw_session *session, const struct sw_error *err)
{
    const struct sw_participant *participant =
        sw_session_participant(session, session->running);
    struct sw_error why = *err;

    sw_session_doubt_tokens(session);
    if (participant != NULL && sw_session_resolve(session, participant->shard, err))
        return;
    if (sw_session_may_have_committed(session)) {
        sw_error_set(&why, "08007", "%s", err->message);
        sw_error_detail(&why, "It is unknown whether the statement took effect.");
    }
    if (sw_session_run_ends_transaction(session) && session->txn.state != SW_TXN_IDLE)
        sw_session_end_transaction(session, false);
    sw_session_fail_run(session, &why);
}

static void on_lost(void *owner, const struct sw_error *err, enum sw_loss loss)
{
    struct sw_session *session = owner;
    struct sw_leg *working = session->running != NULL ? session->running : session->batch;

    sw_session_note_losses(session);
    if (session->state == SW_SESSION_CLOSING) {
        sw_session_leg_is_done(session);
    } else if ((session->state == SW_SESSION_READY && sw_session_ends_with_kept(session)) ||
               (session->scattering != NULL && session->txn.state == SW_TXN_IDLE)) {
        return; /* its client is told; or it has done its part of what several shards do */
    } else if (working == NULL || working->state != SW_LEG_FREE) {
        /* A participant, between its statements or while a run works elsewhere: the next
         * statement is told. */
        sw_session_doubt_tokens(session);
        sw_session_keep_loss(session, err);
        sw_txn_fail(&session->txn);
    } else if (sw_session_loses_replica(session, err)) {
        start_again(session);
    } else if (session->state == SW_SESSION_ENTERING || loss == SW_LOSS_TORN) {
        sw_session_fatal(session, err);
    } else if (session->running == NULL) {
        /* A batch between Flush and Sync: nothing of it is committed. */
        session->run_end = SW_RUN_ENDS_FLUSH;
        sw_session_doubt_tokens(session);
        sw_session_fail_run(session, err);
    } else if ((loss == SW_LOSS_RESET || loss == SW_LOSS_LEFT) && may_run_again(session)) {
        session->tries++;
        start_unless_paused(session, start);
    } else {
        fail_lost(session, err);
    }
}

const struct sw_leg_sink sw_session_sink = {
    .on_forward = on_forward,
    .on_copy_in = on_copy_in,
    .on_drained = on_copy_drained,
    .on_local = on_local,
    .on_error = on_error,
    .on_types = on_types,
    .on_setting = on_setting,
    .on_parameter = on_parameter,
    .on_reported = on_reported,
    .on_attached = on_attached,
    .on_pause = on_pause,
    .on_done = on_done,
    .on_refused = on_refused,
    .on_lost = on_lost,
};
