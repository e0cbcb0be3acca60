/*
 * What a session has to see to between its statements: a new map, and the end of shardward.
 */
#include "internal.h"

#include "shardward/execute/ids.h"

/* Nothing of it is anywhere but here: no transaction, no open batch, nothing collected. */
static bool is_at_rest(const struct sw_session *session)
{
    if (session->state == SW_SESSION_DIRECT)
        return !sw_session_works_directly(session) && sw_session_direct_status(session) == 'I';
    return session->state == SW_SESSION_READY && session->txn.state == SW_TXN_IDLE &&
           session->batch == NULL && session->run.count == 0;
}

/* --- a new map --- */

static void follow_map(struct sw_session *session)
{
    struct sw_map *map = session->sessions->map, *before = session->map;
    const struct sw_user *user = sw_map_user(map, session->user_name);
    const struct sw_database *database = sw_map_database(map, session->database_name);
    struct sw_error err;

    if (user == NULL && session->is_of_others)
        user = map->others;
    if (user == NULL || database == NULL) {
        sw_error_set(&err, "57P01",
                     "terminating connection because %s \"%s\" is no longer in the "
                     "configuration",
                     user == NULL ? "user" : "database",
                     user == NULL ? session->user_name : session->database_name);
        sw_session_fatal(session, &err);
        return;
    }
    session->map = sw_map_ref(map);
    session->user = user;
    session->database = database;
    sw_session_move_kept(session);
    sw_session_move_tokens(session, before);
    sw_map_unref(before);
    (void)sw_session_ends_with_kept(session);
}

/* --- for the others --- */

void sw_session_rest(struct sw_session *session)
{
    if (session->state == SW_SESSION_READY && sw_session_ends_with_kept(session))
        return;
    sw_session_limit(session);
    if (!is_at_rest(session))
        return;
    if (session->sessions->is_draining) {
        sw_session_end_by_order(session);
    } else if (session->map != session->sessions->map) {
        follow_map(session);
    }
}

static void rest_all(struct sw_sessions *sessions)
{
    struct sw_link *link, *next;

    for (link = sessions->all.next; link != &sessions->all; link = next) {
        next = link->next;
        sw_session_rest(SW_OWNER(link, struct sw_session, link));
    }
}

void sw_sessions_use_map(struct sw_sessions *sessions, struct sw_map *map)
{
    struct sw_map *before = sessions->map;

    sessions->map = sw_map_ref(map);
    sw_map_unref(before);
    sw_plan_cache_clear(sessions->plans);
    sw_ids_renew(sessions->ids);
    rest_all(sessions);
}

static bool is_logging_in(const struct sw_session *session)
{
    return session->state == SW_SESSION_GREETING || session->state == SW_SESSION_LOGIN ||
           session->state == SW_SESSION_ENTERING;
}

void sw_sessions_drain(struct sw_sessions *sessions)
{
    struct sw_link *link, *next;
    struct sw_error err;

    sessions->is_draining = true;
    sw_error_set(&err, "57P03", "shardward is shutting down");
    for (link = sessions->all.next; link != &sessions->all; link = next) {
        struct sw_session *session = SW_OWNER(link, struct sw_session, link);

        next = link->next;
        if (is_logging_in(session))
            sw_session_fatal(session, &err);
        else if (sw_session_is_parked(session))
            sw_session_end_by_order(session);
    }
    rest_all(sessions);
}
