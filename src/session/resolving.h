/*
 * resolving - what a session sees to, so that no COMMIT is answered but truthfully.
 */
#ifndef SW_SESSION_RESOLVING_H
#define SW_SESSION_RESOLVING_H

#include "shardward/execute/resolution.h"

struct sw_database;
struct sw_session;
struct sw_statement;

/* durability.c */

/* Is one of its clusters managed? */
bool sw_database_is_managed(const struct sw_database *database);
/* Does the statement, or what the client has begun with, leave commits to count only when
 * standbys have them, where that is needed? 0A000. */
bool sw_session_keeps_commits(const struct sw_session *session,
                              const struct sw_statement *statement, struct sw_error *err);
/* Is what the statement makes known to standbys, where one of them may be promoted? 0A000. */
bool sw_session_keeps_rows(const struct sw_session *session,
                           const struct sw_statement *statement, struct sw_error *err);
bool sw_session_starts_with_commits(const struct sw_session *session, struct sw_error *err);

/* resolving.c */

/* The number of the request that is a COMMIT, by itself; -1: there is none. */
int sw_session_commit_at(const struct sw_session *session);
/* May the primary of @shard become another one? */
bool sw_session_is_watched(const struct sw_shard *shard);
/* If @work holds a COMMIT of a transaction that may have written on @shard: its server tells
 * the mark. */
void sw_session_mark_commit(struct sw_session *session, const struct sw_shard *shard,
                            struct sw_leg_work *work);
/* The run was lost with its server. True: it was a COMMIT, and its client is answered when it
 * is known what has become of it. */
bool sw_session_resolve(struct sw_session *session, const struct sw_shard *shard,
                        const struct sw_error *err);
/* The same for whoever has sent the COMMIT himself: @on_known is called once, unless it is
 * forgotten before; and it is to be forgotten then. */
void sw_session_start_resolution(struct sw_session *session, const struct sw_shard *shard,
                                 const struct sw_commit_mark *mark,
                                 void (*on_known)(void *owner, enum sw_commit_fate fate,
                                                  struct sw_settings *reported),
                                 void *owner);
void sw_session_forget_resolution(struct sw_session *session);
/* @err, the loss, becomes what the client is told of a COMMIT that was not a success. */
void sw_session_describe_fate(struct sw_error *err, enum sw_commit_fate fate);

#endif
