/*
 * The legs of a transaction: the first participant uses the session's own leg, further ones
 * have legs that are made when they join and go with the transaction.
 */
#include "internal.h"

#include "shardward/base/mem.h"

#include <string.h>
#include <strings.h>

struct sw_leg *sw_session_leg(struct sw_session *session, int index)
{
    struct sw_leg *leg;

    if (index == 0)
        return &session->leg;
    if (index <= session->other_count)
        return session->others[index - 1];
    leg = sw_alloc_zero(1, sizeof *leg);
    sw_leg_init(leg, session->sessions->loop, &sw_session_sink, session);
    session->others = sw_realloc(session->others, (size_t)index * sizeof(struct sw_leg *));
    session->others[session->other_count++] = leg;
    return leg;
}

struct sw_leg *sw_session_aside(struct sw_session *session)
{
    if (session->aside == NULL) {
        session->aside = sw_alloc_zero(1, sizeof *session->aside);
        sw_leg_init(session->aside, session->sessions->loop, &sw_session_sink, session);
    }
    return session->aside;
}

struct sw_participant *sw_session_participant(const struct sw_session *session,
                                              const struct sw_leg *leg)
{
    int index = 0;

    if (leg == session->aside)
        return NULL;
    if (leg != &session->leg)
        for (index = 1; session->others[index - 1] != leg;)
            index++;
    return index < session->txn.participant_count ? &session->txn.participants[index] : NULL;
}

void sw_session_join_first(struct sw_session *session)
{
    struct sw_participant *participant =
        sw_txn_join(&session->txn, session->leg.shard, session->settings);

    sw_txn_heard_all(&session->txn, participant, session->settings);
    /* The string, or the batch, in which the transaction began may have used it already. */
    sw_txn_note_use(&session->txn, participant, session->target.writes,
                    session->target.locks_rows);
}

/* One that is not known is taken for the strictest. */
static enum sw_isolation isolation_of(const char *name)
{
    static const char *const names[] = {
        [SW_READ_UNCOMMITTED] = "read uncommitted",
        [SW_READ_COMMITTED] = "read committed",
        [SW_REPEATABLE_READ] = "repeatable read",
        [SW_SERIALIZABLE] = "serializable",
    };

    for (int i = SW_READ_UNCOMMITTED; name != NULL && i < SW_SERIALIZABLE; i++)
        if (strcasecmp(name, names[i]) == 0)
            return (enum sw_isolation)i;
    return SW_SERIALIZABLE;
}

/* What the session has set as its default, or that of the server on @leg. */
static enum sw_isolation default_isolation(const struct sw_session *session,
                                           const struct sw_leg *leg)
{
    const char *name =
        sw_settings_get(session->txn.before.settings, "default_transaction_isolation");

    if (name == NULL && sw_leg_server_fd(leg) >= 0)
        name = sw_leg_default_isolation(leg);
    return isolation_of(name);
}

static const char *name_of(const struct sw_shard *shard)
{
    return shard->name;
}

bool sw_session_may_join(struct sw_session *session, const struct sw_shard *shard,
                         struct sw_error *err)
{
    if (session->txn.participant_count > 0)
        sw_session_find_isolation(session);
    return sw_txn_may_use(&session->txn, shard, false, name_of, err);
}

void sw_session_find_isolation(struct sw_session *session)
{
    sw_txn_fix_isolation(&session->txn, default_isolation(session, &session->leg));
}

static bool may_query(const struct sw_statement *statement)
{
    return statement->kind == SW_STATEMENT_SELECT || statement->kind == SW_STATEMENT_EXECUTE;
}

static bool has_queried(const struct sw_session *session)
{
    const struct sw_script *script = session->planned == NULL ? NULL : session->planned->script;

    for (int i = 0; script != NULL && i < script->count; i++)
        if (may_query(&script->statements[i]))
            return true;
    for (int i = 0; i < session->run.count; i++) {
        const struct sw_request *request = &session->run.requests[i];
        const struct sw_named *named = request->about;

        if (request->kind == SW_REQUEST_BIND && request->is_done && named->statement != NULL &&
            may_query(named->statement))
            return true;
    }
    return false;
}

void sw_session_note_query_aside(struct sw_session *session)
{
    const char *access =
        sw_settings_get(session->txn.before.settings, "default_transaction_read_only");

    if (session->txn.state == SW_TXN_OPEN && !session->txn.has_queried && has_queried(session))
        sw_txn_note_query(&session->txn, default_isolation(session, session->aside),
                          access != NULL && strcmp(access, "on") == 0);
}

void sw_session_note_losses(struct sw_session *session)
{
    for (int i = 0; i < session->txn.participant_count; i++)
        if (sw_session_leg(session, i)->state == SW_LEG_FREE)
            session->txn.participants[i].is_lost = true;
}

bool sw_session_has_lost_participant(const struct sw_session *session)
{
    for (int i = 0; i < session->txn.participant_count; i++)
        if (session->txn.participants[i].is_lost)
            return true;
    return false;
}

void sw_session_each_leg(struct sw_session *session, void (*act)(struct sw_leg *leg))
{
    act(&session->leg);
    if (session->aside != NULL)
        act(session->aside);
    for (int i = 0; i < session->other_count; i++)
        act(session->others[i]);
}

bool sw_session_has_busy_leg(const struct sw_session *session)
{
    bool is_busy = session->leg.state != SW_LEG_FREE ||
                   (session->aside != NULL && session->aside->state != SW_LEG_FREE);

    for (int i = 0; i < session->other_count; i++)
        is_busy |= session->others[i]->state != SW_LEG_FREE;
    return is_busy;
}

void sw_session_sweep_legs(struct sw_session *session)
{
    if (session->txn.state != SW_TXN_IDLE)
        return;
    for (int i = 0; i < session->other_count; i++) {
        sw_leg_cut(session->others[i]);
        free(session->others[i]);
    }
    free(session->others);
    session->others = NULL;
    session->other_count = 0;
}
