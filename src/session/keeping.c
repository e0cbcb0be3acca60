/*
 * What a client leaves behind on servers - locks of the session, channels that it listens to,
 * cursors WITH HOLD, temporary tables -
 * and the servers that the session keeps for it, see pocket.h. In pool mode session it keeps
 * all that it has used.
 *
 * Of notifications the client hears when it is idle and outside of a transaction, as PostgreSQL
 * tells them: at once, or before the ReadyForQuery that ends what it was about.
 */
#include "internal.h"

#include "shardward/execute/joint.h"

#include <string.h>

static bool keeps_all(const struct sw_session *session)
{
    return session->user->pool.mode == SW_POOL_SESSION;
}

bool sw_session_fits_statement_mode(const struct sw_statement *statement, struct sw_error *err)
{
    if (statement->kind == SW_STATEMENT_BEGIN)
        sw_error_set(err, "0A000", "transaction blocks not allowed in statement pooling mode");
    else if (statement->leaves != 0)
        sw_error_set(err, "0A000", "%s not allowed in statement pooling mode",
                     (statement->leaves & SW_LEFT_CHANNELS) != 0  ? "LISTEN is"
                     : (statement->leaves & SW_LEFT_CURSORS) != 0 ? "cursors WITH HOLD are"
                     : (statement->leaves & SW_LEFT_TABLES) != 0  ? "temporary tables are"
                                                                  : "locks of the session are");
    else
        return true;
    sw_error_hint(err, "Connect as a user of pool mode transaction or session.");
    return false;
}

/* --- what the pocket tells --- */

static bool is_idle(const struct sw_session *session)
{
    return session->state == SW_SESSION_READY && session->txn.state == SW_TXN_IDLE &&
           session->batch == NULL && session->run.count == 0;
}

static void on_note(void *owner)
{
    struct sw_session *session = owner;

    if (!is_idle(session) || session->is_throttled)
        return;
    sw_session_tell_notes(session);
    sw_stream_flush(session->stream);
}

static void on_lost(void *owner)
{
    struct sw_session *session = owner;

    if (session->state == SW_SESSION_READY)
        (void)sw_session_ends_with_kept(session);
}

static const struct sw_pocket_events events = {.on_note = on_note, .on_lost = on_lost};

void sw_session_tell_notes(struct sw_session *session)
{
    struct sw_pocket *pocket = session->pocket;

    if (pocket == NULL || sw_buf_len(&pocket->notes) == 0 ||
        session->txn.state != SW_TXN_IDLE || session->batch != NULL)
        return;
    (void)sw_buf_append(sw_session_out(session), sw_buf_bytes(&pocket->notes),
                        sw_buf_len(&pocket->notes));
    sw_pocket_told(pocket);
}

bool sw_session_ends_with_kept(struct sw_session *session)
{
    struct sw_error why;

    if (session->pocket == NULL || session->pocket->loss == NULL)
        return false;
    why = *session->pocket->loss;
    sw_session_fatal(session, &why);
    return true;
}

/* --- keeping --- */

static struct sw_pocket *pocket_of(struct sw_session *session, unsigned leaves)
{
    if (session->pocket == NULL && (leaves != 0 || keeps_all(session)))
        session->pocket = sw_pocket_create(keeps_all(session), session->id, &events, session);
    return session->pocket;
}

void sw_session_may_keep(struct sw_session *session, struct sw_leg *leg)
{
    leg->pocket = pocket_of(session, session->target.leaves);
}

void sw_session_may_keep_joint(struct sw_session *session, struct sw_joint *joint)
{
    sw_joint_keep(joint, pocket_of(session, 0));
}

const char *sw_session_question(const struct sw_session *session)
{
    bool is_last = session->run_end != SW_RUN_ENDS_FLUSH && session->txn.state == SW_TXN_IDLE;

    return !session->target.may_unlock || !is_last || session->pocket == NULL
               ? NULL
               : "NOT EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND "
                 "pid = pg_catalog.pg_backend_pid())";
}

static unsigned taken_by_script(const struct sw_session *session)
{
    const struct sw_script *script = session->planned == NULL ? NULL : session->planned->script;
    unsigned taken = 0;

    for (int i = 0; script != NULL && i < script->count; i++) {
        if (sw_is_control(&script->statements[i]))
            return 0; /* it may have been rolled back */
        taken |= script->statements[i].takes_away;
    }
    return taken;
}

static unsigned taken_by_batch(const struct sw_session *session)
{
    unsigned taken = 0;

    for (int i = 0; i < session->run.count && !session->has_control; i++) {
        const struct sw_request *request = &session->run.requests[i];
        const struct sw_named *named = request->about;

        if (request->kind == SW_REQUEST_EXECUTE && request->is_done && named != NULL &&
            named->statement != NULL)
            taken |= named->statement->takes_away;
    }
    return taken;
}

void sw_session_note_gone(struct sw_session *session, struct sw_leg *leg)
{
    unsigned taken;

    if (leg->left == 0 || session->has_failed || session->txn.state != SW_TXN_IDLE)
        return;
    taken = taken_by_script(session) | taken_by_batch(session);
    leg->left = (leg->left & ~taken) | session->target.leaves;
    if (leg->work.question != NULL && leg->is_affirmed)
        leg->left &= ~(unsigned)SW_LEFT_LOCKS;
    /* That a cursor is gone is known by its name alone: the server shall not be met again. */
    leg->is_spent |= leg->left == SW_LEFT_CURSORS && !keeps_all(session) &&
                     !sw_session_holds_cursor(session, leg->shard);
}

bool sw_session_has_left(const struct sw_session *session)
{
    return session->pocket != NULL && sw_pocket_left(session->pocket) != 0;
}

bool sw_session_holds_servers(const struct sw_session *session)
{
    return sw_session_has_busy_leg(session) ||
           (session->pocket != NULL && sw_pocket_holds(session->pocket));
}

/* A leg whose server nobody else may meet is cut, not rolled back. */
static void cut_if_kept(struct sw_leg *leg)
{
    if (leg->pocket != NULL && sw_pocket_wants(leg->pocket, leg->left))
        sw_leg_cut(leg);
    leg->pocket = NULL;
}

void sw_session_end_keeping(struct sw_session *session)
{
    struct sw_joint *joint = sw_session_joint(session);

    if (session->pocket == NULL)
        return;
    sw_session_each_leg(session, cut_if_kept);
    if (joint != NULL)
        sw_joint_keep(joint, NULL);
    sw_pocket_destroy(session->pocket);
    session->pocket = NULL;
}

/* --- a new map --- */

static const struct sw_shard *find_in_business(const struct sw_database *database,
                                               const struct sw_shard *shard)
{
    const struct sw_shard *found = sw_database_shard(database, shard->name);

    return found != NULL && found->business != NULL &&
                   strcmp(found->business->name, shard->business->name) == 0
               ? found
               : NULL;
}

static const struct sw_shard *find_successor(void *owner, const struct sw_shard *shard,
                                             struct sw_pool **pool)
{
    const struct sw_session *session = owner;
    const struct sw_shard *found = shard->business == NULL
                                       ? session->database->catalog
                                       : find_in_business(session->database, shard);

    if (found == NULL || !sw_user_may_reach(session->user, found))
        return NULL;
    *pool = sw_pools_get(session->sessions->pools, session->user, found);
    return found;
}

static const struct sw_shard *find_home(const void *owner, const struct sw_shard *shard)
{
    struct sw_pool *pool;

    return find_successor((void *)owner, shard, &pool);
}

static void move_temporaries(struct sw_session *session)
{
    session->temporaries = sw_temporaries_moved(session->temporaries, find_home, session);
    sw_session_settle_temporaries(session, true);
}

/* One that has no successor is lost with its server. */
static void move_cursors(struct sw_session *session)
{
    struct sw_named *named;
    struct sw_pool *pool;
    size_t at = 0;

    while ((named = sw_textmap_next(&session->portals.named, &at, NULL)) != NULL)
        named->shard =
            named->shard == NULL ? NULL : find_successor(session, named->shard, &pool);
}

void sw_session_move_kept(struct sw_session *session)
{
    if (session->pocket == NULL)
        return;
    session->pocket->keeps_all = keeps_all(session);
    sw_pocket_move(session->pocket, find_successor);
    move_cursors(session);
    move_temporaries(session);
}
