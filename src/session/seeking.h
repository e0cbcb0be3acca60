/*
 * seeking - users who are not in the configuration, but perhaps in PostgreSQL.
 */
#ifndef SW_SESSION_SEEKING_H
#define SW_SESSION_SEEKING_H

#include <stdbool.h>

struct sw_session;

/* If the user is one to be looked up: true, and sw_session_ask_for_proof() is called when that
 * is done. */
bool sw_session_seek_user(struct sw_session *session);
void sw_session_stop_seeking(struct sw_session *session);
/* A login has failed: who is looked up is asked for anew the next time. */
void sw_session_doubt_secret(struct sw_session *session);
void sw_session_forget_secret(struct sw_session *session);

/* greeting.c: ask the client for what proves who it is. */
void sw_session_ask_for_proof(struct sw_session *session);

#endif
