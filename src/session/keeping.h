/*
 * keeping - what clients leave behind on servers, and the servers that their sessions keep.
 */
#ifndef SW_SESSION_KEEPING_H
#define SW_SESSION_KEEPING_H

#include "shardward/base/error.h"
#include "shardward/parse/statement.h"

#include <stdbool.h>

struct sw_joint;
struct sw_leg;
struct sw_session;

/* 0A000 if a server could not go to another client when @statement is over. */
bool sw_session_fits_statement_mode(const struct sw_statement *statement, struct sw_error *err);
/* @leg is about to start: it has a pocket from now on if the session keeps servers, or the run
 * leaves something behind. The same of DDL. */
void sw_session_may_keep(struct sw_session *session, struct sw_leg *leg);
void sw_session_may_keep_joint(struct sw_session *session, struct sw_joint *joint);
/* What to ask when the run is over: whether anything is left; NULL: no question. */
const char *sw_session_question(const struct sw_session *session);
/* The run on @leg is over: what it takes away is no longer there. */
void sw_session_note_gone(struct sw_session *session, struct sw_leg *leg);
/* Tell the client of notifications, unless a transaction or a batch is open. */
void sw_session_tell_notes(struct sw_session *session);
/* Was something lost that it had left behind? Then it ends as a session of PostgreSQL. */
bool sw_session_ends_with_kept(struct sw_session *session);
/* Has it left anything behind on servers that it keeps? Not of those in use. */
bool sw_session_has_left(const struct sw_session *session);
/* Does it keep or use any server connection? */
bool sw_session_holds_servers(const struct sw_session *session);
/* The session is closing: its kept servers go with it. */
void sw_session_end_keeping(struct sw_session *session);
/* It has followed a new map. */
void sw_session_move_kept(struct sw_session *session);

#endif
