/*
 * A run that only reads, on a replica.
 *
 *   choose_pool --> RUNNING on a replica --> done
 *                     |  the replica lacks what the session has to see,
 *                     |  or has failed before the client was told anything
 *                     v
 *                   unsend --> choose_pool: another replica, or the primary
 *
 * A replica that cannot be reached is left for another one. One that lacks something, or cannot
 * do what a primary can, is left for the primary in any case; one that had to cancel the read
 * for the sake of its replay, only where the primary may be read at all (prefer_replica).
 */
#include "internal.h"

#include "shardward/base/log.h"
#include "shardward/base/mem.h"
#include "shardward/wire/response.h"

#include <string.h>
#include <strings.h>

/* --- may it leave the primary? --- */

static enum sw_isolation isolation_of(const char *name)
{
    if (name == NULL || strcasecmp(name, "read committed") == 0 ||
        strcasecmp(name, "read uncommitted") == 0)
        return SW_READ_COMMITTED;
    return strcasecmp(name, "repeatable read") == 0 ? SW_REPEATABLE_READ : SW_SERIALIZABLE;
}

/* Replicas are read with PostgreSQL's own default, see dialler.h. */
static enum sw_isolation default_isolation(const struct sw_settings *settings)
{
    return isolation_of(sw_settings_get(settings, "default_transaction_isolation"));
}

static bool is_read_only(const struct sw_txn *txn)
{
    const char *access = sw_settings_get(txn->before.settings, "default_transaction_read_only");

    return sw_txn_access(txn) == 1 ||
           (sw_txn_access(txn) < 0 && access != NULL && strcmp(access, "on") == 0);
}

static enum sw_isolation isolation_of_transaction(const struct sw_txn *txn)
{
    return txn->isolation == SW_ISOLATION_DEFAULT ? default_isolation(txn->before.settings)
                                                  : txn->isolation;
}

/* Is it a transaction that a standby can run from its beginning to its end? What another shard
 * has shown in it, or a lock that it has waited for, is in no token yet. */
static bool is_fit_transaction(const struct sw_session *session)
{
    const struct sw_txn *txn = &session->txn;

    return session->joins && txn->participant_count == 0 && !txn->is_sealed &&
           is_read_only(txn) && isolation_of_transaction(txn) != SW_SERIALIZABLE;
}

bool sw_session_may_meet(struct sw_session *session, const struct sw_statement *statement,
                         struct sw_error *err)
{
    const struct sw_txn *txn = &session->txn;
    bool reads_replica = false;

    if (!statement->meets_others || statement->acts_at_commit || txn->state != SW_TXN_OPEN)
        return true;
    for (int i = 0; i < txn->participant_count; i++)
        reads_replica |= sw_session_leg(session, i)->replica != NULL;
    if (!reads_replica)
        return true;
    sw_error_set(err, "0A000", "locks behind reads on a replica are not supported");
    sw_error_hint(err, "Take the lock first, or SET LOCAL shardward.read = 'primary'.");
    return false;
}

static bool is_fit_statement(const struct sw_session *session)
{
    return sw_session_is_ready_due(session) &&
           default_isolation(session->settings) != SW_SERIALIZABLE;
}

/* What it executes is part of the target; its arguments are not. */
static bool is_plain_execute(const struct sw_statement *statement)
{
    return statement->kind == SW_STATEMENT_EXECUTE && !statement->by_name.is_explained &&
           statement->function_count == 0 && statement->setting_count == 0 &&
           !statement->reads_catalog && !statement->names_settings && !statement->meets_others;
}

bool sw_session_check_reading(struct sw_session *session, const struct sw_statement *statement)
{
    if (!is_plain_execute(statement))
        session->target.read = SW_READ_PRIMARY;
    return true;
}

/* Whether its queries only read is part of the target. */
static bool are_queries(const struct sw_script *script)
{
    for (int i = 0; script != NULL && i < script->count; i++)
        if (script->statements[i].kind != SW_STATEMENT_SELECT &&
            !is_plain_execute(&script->statements[i]))
            return false;
    return true;
}

static bool is_bound(const struct sw_session *session)
{
    return session->batch != NULL || session->may_write || session->change_count > 0 ||
           session->has_control || session->pocket != NULL || session->temporaries != NULL;
}

static bool may_leave(const struct sw_session *session, const struct sw_leg *leg)
{
    const struct sw_target *target = &session->target;

    if (target->read == SW_READ_PRIMARY || session->reads.is_for_primary ||
        (target->kind != SW_TARGET_ONE && target->kind != SW_TARGET_ANY_OF) ||
        leg->state != SW_LEG_FREE || leg == session->aside || is_bound(session) ||
        (session->planned != NULL && !are_queries(session->planned->script)))
        return false;
    return session->txn.state == SW_TXN_IDLE ? is_fit_statement(session)
                                             : is_fit_transaction(session);
}

bool sw_session_may_relieve(const struct sw_session *session)
{
    return session->txn.state == SW_TXN_IDLE && !is_bound(session) && is_fit_statement(session);
}

/* --- which one --- */

/* What the cluster's history no longer holds cannot be waited for. */
static void report_lost(struct sw_session *session, const struct sw_cluster *cluster,
                        struct sw_token *token)
{
    static struct sw_log_limit limit;
    char text[SW_TOKEN_TEXT];

    sw_token_print(token, text);
    sw_log_limited(&limit, SW_LOG_WARNING, "token-lost",
                   "client=%u user=\"%s\" cluster=%s place=%s", session->id, session->user_name,
                   cluster->name, text);
    session->measure.run->reads.lost++;
    *token = (struct sw_token){.kind = SW_TOKEN_UNKNOWN};
}

bool sw_session_refuse_reading(const struct sw_session *session,
                               const struct sw_cluster *cluster, struct sw_error *err)
{
    if (session->reads.failure != NULL) {
        *err = *session->reads.failure;
        return false;
    }
    sw_error_set(err, "57P03", "no replica of cluster \"%s\" can be read", cluster->name);
    sw_error_hint(err, "SET shardward.read = prefer_replica, to read on the primary then.");
    return false;
}

/* How busy the replicas are that may be read; and which of them are late. */
static void look_at_pools(struct sw_session *session, const struct sw_shard *shard,
                          uint64_t lsn, int *outstanding, uint64_t *late)
{
    const struct sw_cluster *cluster = shard->cluster;
    int count = cluster->node_count < SW_READ_NODES ? cluster->node_count : SW_READ_NODES;

    for (int i = 0; i < count; i++) {
        const struct sw_node *node = &cluster->nodes[i];
        const struct sw_node_state *is = sw_state_node(session->sessions->state, cluster, node);
        const struct sw_pool *pool;

        outstanding[i] = 0;
        if (is == NULL || !is->may_serve_reads)
            continue;
        pool = sw_pools_get_replica(session->sessions->pools, session->user, shard, node);
        outstanding[i] = sw_pool_outstanding(pool);
        *late |= (uint64_t)sw_pool_is_behind(pool, lsn) << i;
    }
}

int sw_session_choose_replica(struct sw_session *session, const struct sw_shard *shard,
                              uint64_t avoided, int *usable)
{
    struct sw_reads *reads = &session->reads;
    const struct sw_state *state = session->sessions->state;
    const struct sw_cluster_state *known = sw_state_cluster(state, shard->cluster);
    struct sw_token *token = sw_session_token(session, shard);
    int outstanding[SW_READ_NODES];
    struct sw_read_wish wish = {.token = token,
                                .cloud = session->map->config->cloud,
                                .outstanding = outstanding,
                                .avoided = avoided,
                                .chance = reads->turn++};

    if (known != NULL && sw_token_is_lost(token, known))
        report_lost(session, shard->cluster, token);
    look_at_pools(session, shard, token->kind == SW_TOKEN_PLACE ? token->lsn : 0, outstanding,
                  &wish.late);
    return sw_reads_choose(state, shard->cluster, &wish, usable);
}

void sw_session_guard(struct sw_session *session, const struct sw_shard *shard,
                      const struct sw_node *node, struct sw_leg_guard *guard)
{
    const struct sw_token *token = sw_session_token(session, shard);

    *guard = (struct sw_leg_guard){
        .replica = node,
        .lsn = token->kind == SW_TOKEN_PLACE ? token->lsn : 0,
        .wait_ms = shard->cluster->reads->wait_ms,
        .is_apart = session->txn.state != SW_TXN_IDLE ||
                    default_isolation(session->settings) != SW_READ_COMMITTED,
    };
}

bool sw_session_choose_pool(struct sw_session *session, const struct sw_leg *leg,
                            const struct sw_shard *shard, struct sw_leg_work *work,
                            struct sw_pool **pool, struct sw_error *err)
{
    struct sw_pools *pools = session->sessions->pools;
    struct sw_reads *reads = &session->reads;
    int usable, index = -1;

    reads->replica = NULL;
    if (may_leave(session, leg)) {
        index = sw_session_choose_replica(session, shard, reads->avoided, &usable);
        if (index < 0 && usable == 0 && session->target.read == SW_READ_REPLICA)
            return sw_session_refuse_reading(session, shard->cluster, err);
    }
    reads->cluster = shard->cluster;
    reads->is_on_replica = index >= 0 || leg->replica != NULL;
    if (index >= 0) {
        reads->replica = &shard->cluster->nodes[index];
        sw_session_guard(session, shard, reads->replica, &work->guard);
        *pool = sw_pools_get_replica(pools, session->user, shard, reads->replica);
    } else {
        *pool = sw_pools_get(pools, session->user, shard);
    }
    sw_session_ask(session, leg, work);
    return true;
}

/* --- leaving it --- */

/* Of the next byte for the client, from its first one on: what was left of earlier answers may
 * go out at any time. */
static uint64_t position(struct sw_session *session)
{
    return sw_stream_sent(session->stream) + sw_buf_len(sw_session_out(session));
}

void sw_session_mark_answer(struct sw_session *session)
{
    session->reads.mark = position(session);
}

void sw_session_tell_answer(struct sw_session *session)
{
    session->reads.is_told |= position(session) > session->reads.mark;
}

/* None of it was sent on. */
static void take_back_answer(struct sw_session *session)
{
    struct sw_buf *out = sw_session_out(session);
    uint64_t end = position(session);

    if (session->has_answered && end > session->reads.mark)
        sw_buf_cut(out, sw_buf_len(out) - (size_t)(end - session->reads.mark));
}

static bool may_go_again(const struct sw_session *session)
{
    return session->reads.replica != NULL && !session->reads.is_told &&
           session->state == SW_SESSION_RUNNING && session->txn.state == SW_TXN_IDLE;
}

static bool is_one_of(const struct sw_error *err, const char *const *states, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (sw_error_is(err, states[i]))
            return true;
    return false;
}

bool sw_error_is_of_standby(const struct sw_error *err)
{
    static const char *const states[] = {"25006", "0A000", "55000"};

    return is_one_of(err, states, sizeof states / sizeof *states);
}

bool sw_error_is_of_moment(const struct sw_error *err)
{
    static const char *const states[] = {"40001", "40P01", "57P01", "57P02", "57P03", "57P04"};

    return is_one_of(err, states, sizeof states / sizeof *states);
}

bool sw_session_leaves_replica(struct sw_session *session, const struct sw_frame *frame)
{
    struct sw_reads *reads = &session->reads;
    struct sw_error err;

    if (!may_go_again(session))
        return false;
    sw_wire_read_error(frame, &err, NULL);
    if (!sw_error_is_of_standby(&err) &&
        !(sw_error_is_of_moment(&err) && session->target.read == SW_READ_PREFER_REPLICA))
        return false;
    take_back_answer(session);
    reads->is_for_primary = reads->goes_again = true;
    return true;
}

void sw_session_keep_failure(struct sw_session *session, const struct sw_error *err)
{
    free(session->reads.failure);
    session->reads.failure = sw_memdup(err, sizeof *err);
}

static void avoid(struct sw_session *session, const struct sw_error *err)
{
    struct sw_reads *reads = &session->reads;

    reads->avoided |= UINT64_C(1) << (reads->replica - reads->cluster->nodes);
    sw_session_keep_failure(session, err);
}

bool sw_session_shuns_replica(struct sw_session *session, const struct sw_leg *leg,
                              const struct sw_error *err)
{
    struct sw_reads *reads = &session->reads;

    if (reads->replica == NULL || session->state != SW_SESSION_RUNNING ||
        sw_error_is(err, "57014") || sw_error_is(err, "53300"))
        return false;
    if (leg->is_behind)
        reads->is_for_primary = true;
    else
        avoid(session, err);
    session->measure.run->reads.behind += leg->is_behind;
    return true;
}

bool sw_session_loses_replica(struct sw_session *session, const struct sw_error *err)
{
    if (!may_go_again(session))
        return false;
    avoid(session, err);
    return true;
}

bool sw_session_goes_again(struct sw_session *session, const struct sw_leg *leg)
{
    struct sw_reads *reads = &session->reads;

    if (reads->replica == NULL || (!leg->is_behind && !reads->goes_again))
        return false;
    session->measure.run->reads.behind += leg->is_behind;
    reads->is_for_primary = true;
    return true;
}

void sw_session_unsend(struct sw_session *session)
{
    if (session->running != NULL && session->running->state == SW_LEG_ATTACHED)
        sw_leg_release(session->running);
    take_back_answer(session);
    for (int i = 0; i < session->run.count; i++)
        session->run.requests[i].is_done = false;
    session->has_answered = session->joins = false;
    session->running = NULL;
    session->reads.goes_again = session->reads.is_told = false;
    session->measure.run->reads.again++;
    session->tries++;
}

void sw_session_forget_replica(struct sw_session *session)
{
    struct sw_reads *reads = &session->reads;

    free(reads->failure);
    reads->failure = NULL;
    reads->replica = NULL;
    reads->avoided = 0;
    reads->is_for_primary = reads->goes_again = reads->is_told = false;
    reads->is_on_replica = false;
    reads->hint = SW_READ_UNSAID;
}
