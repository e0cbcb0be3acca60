/*
 * A pause of a database: sessions that hold a server go on until they have given it back; what
 * would need a new one is parked, and starts when the pause is over.
 */
#include "internal.h"

#include <string.h>

static bool is_paused(const struct sw_sessions *sessions, const char *database)
{
    return sessions->is_paused || sw_textmap_get(&sessions->paused, database) != NULL;
}

/* Or waits for one, as a session that parks does not. */
static bool holds_server(const struct sw_session *session)
{
    return session->direct != NULL || sw_session_holds_servers(session) ||
           sw_session_is_drawing(session) ||
           (session->ddl != NULL && !sw_session_is_parked(session));
}

bool sw_session_park(struct sw_session *session, void (*go_on)(struct sw_session *session))
{
    struct sw_sessions *sessions = session->sessions;

    if (!is_paused(sessions, session->database_name) || sw_session_holds_servers(session))
        return false;
    if (sessions->is_draining) {
        sw_session_end_by_order(session);
        return true;
    }
    session->go_on = go_on;
    session->measure.is_waiting = true;
    sw_list_push_back(&sessions->parked, &session->parked);
    return true;
}

void sw_session_unpark(struct sw_session *session)
{
    sw_link_remove(&session->parked);
}

bool sw_session_is_parked(const struct sw_session *session)
{
    return sw_link_is_linked(&session->parked);
}

void sw_sessions_pause(struct sw_sessions *sessions, const char *database)
{
    if (database == NULL)
        sessions->is_paused = true;
    else
        (void)sw_textmap_put(&sessions->paused, database, sessions);
}

void sw_sessions_resume(struct sw_sessions *sessions, const char *database)
{
    struct sw_link waiting, *link;

    if (database == NULL) {
        sessions->is_paused = false;
        sw_textmap_finish(&sessions->paused);
    } else {
        (void)sw_textmap_remove(&sessions->paused, database);
    }
    /* Whoever goes on may be parked again, behind all others. */
    sw_link_init(&waiting);
    while ((link = sw_list_first(&sessions->parked)) != NULL) {
        sw_link_remove(link);
        sw_list_push_back(&waiting, link);
    }
    while ((link = sw_list_first(&waiting)) != NULL) {
        struct sw_session *session = SW_OWNER(link, struct sw_session, parked);

        sw_link_remove(link);
        if (is_paused(sessions, session->database_name))
            sw_list_push_back(&sessions->parked, link);
        else
            session->go_on(session);
    }
}

bool sw_sessions_are_paused(const struct sw_sessions *sessions, const char *database)
{
    return database == NULL ? sessions->is_paused : is_paused(sessions, database);
}

int sw_sessions_holding(const struct sw_sessions *sessions, const char *database)
{
    int count = 0;

    for (struct sw_link *link = sessions->all.next; link != &sessions->all; link = link->next) {
        const struct sw_session *session = SW_OWNER(link, struct sw_session, link);
        bool is_meant = database == NULL || (session->database_name != NULL &&
                                             strcmp(session->database_name, database) == 0);

        count += is_meant && holds_server(session);
    }
    return count;
}
