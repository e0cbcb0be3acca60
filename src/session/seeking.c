/*
 * Users who are not in the configuration: looked up in PostgreSQL, if the configuration says
 * so, between their start-up packet and what they are asked for.
 */
#include "internal.h"

#include "shardward/base/mem.h"

#include <string.h>

static void on_found(struct sw_sought *sought, const char *secret, const struct sw_error *err)
{
    struct sw_session *session = sought->owner;
    struct sw_error why;

    session->sought = NULL;
    free(sought);
    if (err != NULL) {
        sw_error_set(&why, "57P03", "the user cannot be looked up at the moment");
        sw_session_fatal(session, &why);
        return;
    }
    if (secret != NULL)
        session->secret = sw_strdup(secret);
    sw_stream_release(session->stream);
    sw_session_ask_for_proof(session);
    if (session->state != SW_SESSION_CLOSING)
        sw_stream_flush(session->stream);
}

bool sw_session_seek_user(struct sw_session *session)
{
    const struct sw_map *map = session->map;
    const struct sw_database *database = sw_map_database(map, session->database_name);

    if (session->user != NULL || map->others == NULL || database == NULL)
        return false;
    session->sought = sw_alloc_zero(1, sizeof *session->sought);
    *session->sought = (struct sw_sought){.on_found = on_found,
                                          .owner = session,
                                          .map = session->map,
                                          .database = database,
                                          .user = session->user_name};
    session->state = SW_SESSION_LOGIN;
    sw_stream_hold(session->stream);
    session->sessions->seek_user(session->sessions->owner, session->sought);
    return true;
}

void sw_session_stop_seeking(struct sw_session *session)
{
    if (session->sought != NULL)
        session->sessions->forget_sought(session->sessions->owner, session->sought);
    free(session->sought);
    session->sought = NULL;
}

void sw_session_doubt_secret(struct sw_session *session)
{
    const struct sw_sought sought = {.database =
                                         sw_map_database(session->map, session->database_name),
                                     .user = session->user_name};

    if (session->map->others != NULL && sought.database != NULL)
        session->sessions->doubt_user(session->sessions->owner, &sought);
}

void sw_session_forget_secret(struct sw_session *session)
{
    if (session->secret != NULL)
        explicit_bzero(session->secret, strlen(session->secret));
    free(session->secret);
    session->secret = NULL;
}
