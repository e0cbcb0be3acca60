/*
 * CancelRequest: a connection of its own, to whatever worker, names a session and its key.
 *
 *   asker's worker --carry--> the session's worker: sw_sessions_cancel() --> asker's worker:
 *   sw_sessions_cancelled() closes the connection, without a word
 *
 * The statement that runs when the session's worker reads of it is cancelled, or none: its end
 * waits until the server has taken the cancel, and the asker's connection ends only when it is
 * known what was meant. So whoever sees either end can be sure that no later statement is hit.
 */
#include "internal.h"

#include "shardward/base/log.h"
#include "shardward/base/mem.h"
#include "shardward/execute/joint.h"

void sw_session_ask_to_cancel(struct sw_session *session, uint32_t id, uint32_t key)
{
    struct sw_cancel *cancel = sw_alloc_zero(1, sizeof *cancel);

    *cancel = (struct sw_cancel){.id = id, .key = key, .asker = session};
    session->asked = cancel;
    session->state = SW_SESSION_ASKING;
    session->sessions->carry_cancel(session->sessions->owner, cancel);
}

void sw_session_forget_asked(struct sw_session *session)
{
    if (session->asked != NULL)
        session->asked->asker = NULL;
    session->asked = NULL;
}

void sw_sessions_cancelled(struct sw_cancel *cancel)
{
    struct sw_session *asker = cancel->asker;

    free(cancel);
    if (asker == NULL)
        return;
    asker->asked = NULL;
    sw_session_close(asker);
}

/* It waits for the end of a pause, has sent nothing, and needs a server. */
static void cancel_parked(struct sw_session *session, const struct sw_error *why)
{
    sw_session_unpark(session);
    if (session->ddl != NULL)
        sw_session_refuse_ddl(session, why);
    else if (session->scattering != NULL)
        sw_session_refuse_scatter(session, why);
    else
        sw_session_refuse_run(session, why);
}

/* PostgreSQL ends a commit's wait for its standbys when it is cancelled, and tells a success.
 */
bool sw_session_is_committing(const struct sw_session *session)
{
    const struct sw_leg *leg = session->running;

    if (session->resolution != NULL)
        return true;
    if (session->together != NULL)
        return sw_session_commits_together(session);
    return leg != NULL && leg->state == SW_LEG_RUNNING &&
           leg->shard->cluster->failover == SW_FAILOVER_MANAGED &&
           sw_session_may_have_committed(session);
}

static void cancel_running(struct sw_session *session)
{
    struct sw_error why;

    if (sw_session_is_committing(session))
        return; /* its answer ends it; what comes next is not meant */

    sw_error_set(&why, "57014", "canceling statement due to %s",
                 session->limit.is_overdue ? "statement timeout" : "user request");
    if (sw_session_refuse_drawing(session, &why) || sw_session_refuse_rows(session, &why))
        return;
    if (sw_session_is_parked(session))
        cancel_parked(session, &why);
    else if (sw_session_joint(session) != NULL)
        sw_joint_cancel(sw_session_joint(session));
    else if (session->scattering != NULL)
        sw_session_cancel_scatter(session, &why);
    else if (session->together != NULL)
        sw_session_cancel_together(session);
    else if (session->running != NULL)
        sw_leg_cancel(session->running);
}

void sw_session_cancel(struct sw_session *session)
{
    if (session->state == SW_SESSION_RUNNING)
        cancel_running(session);
    else if (session->state == SW_SESSION_DIRECT)
        sw_session_cancel_directly(session);
}

/* One that has a server for itself was given the number of its process. */
static struct sw_session *find(const struct sw_sessions *sessions,
                               const struct sw_cancel *cancel)
{
    struct sw_session *session = sw_directory_find(&sessions->directory, cancel->id);

    if (session != NULL && session->cancel_key == cancel->key && session->direct == NULL)
        return session;
    for (struct sw_link *link = sessions->all.next; link != &sessions->all; link = link->next) {
        session = SW_OWNER(link, struct sw_session, link);
        if (session->direct != NULL && session->cancel_key == cancel->key &&
            sw_session_direct_pid(session) == cancel->id)
            return session;
    }
    return NULL;
}

bool sw_sessions_cancel(struct sw_sessions *sessions, const struct sw_cancel *cancel)
{
    struct sw_session *session = find(sessions, cancel);

    if (session == NULL)
        return false;
    sw_log(SW_LOG_DEBUG, "cancel", "client=%u", session->id);
    sw_session_cancel(session);
    return true;
}
