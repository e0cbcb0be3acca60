/*
 * several - statements over several shards, as the rest of a session knows them. See
 * scattering.h for how they are run.
 */
#ifndef SW_SESSION_SEVERAL_H
#define SW_SESSION_SEVERAL_H

#include "shardward/base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct sw_frame;
struct sw_buf;
struct sw_named;
struct sw_parameters;
struct sw_plan;
struct sw_scattering;
struct sw_session;
struct sw_statement;
struct sw_wire_bind;

/* Collect what is to be asked of several shards. False: it is refused, or
 * wants_split is set. Its text follows. */
bool sw_session_add_scatter(struct sw_session *session, const struct sw_statement *statement,
                            const struct sw_plan *plan, const struct sw_parameters *parameters,
                            struct sw_error *err);
/* Is it of a kind that may? */
bool sw_session_may_be_several(const struct sw_statement *statement);
/* It is the simple query @text, which is @statement alone, and is planned. */
bool sw_session_scatter_query(struct sw_session *session, const struct sw_statement *statement,
                              const char *text, struct sw_error *err);
/* What was collected is the statement @target with the values of @tail, a Bind's up to the
 * formats of the results. */
void sw_session_scatter_named(struct sw_session *session, struct sw_named *target,
                              const struct sw_buf *tail);
/* Describe the statement @named if it is a FETCH from a cursor over several shards, which no
 * server knows. False: it is none. */
bool sw_session_describe_fetch(struct sw_session *session, struct sw_named *named);
/* Is @statement about a cursor over several shards? It is collected then. False in *is_good: as
 * sw_session_add_scatter(). */
bool sw_session_reach_cursor(struct sw_session *session, const struct sw_statement *statement,
                             bool executes, bool *is_good, struct sw_error *err);
/* It is bound, and its Bind collected. Returns the portal, borrowed. */
struct sw_named *sw_session_scatter_portal(struct sw_session *session, struct sw_named *named,
                                           const struct sw_wire_bind *bind);
/* Collect Describe, Execute and Close of a portal over several shards. False: 0A000, it does
 * not go on from an earlier run; or wants_split is set. */
bool sw_session_scatter_describe(struct sw_session *session, struct sw_named *named,
                                 struct sw_error *err);
bool sw_session_scatter_execute(struct sw_session *session, struct sw_named *named,
                                const char *portal, uint32_t max_rows, struct sw_error *err);
/* A server has described @named: it is kept what the client was told of its columns, if that
 * may become a statement over several shards. */
void sw_session_note_described(struct sw_named *named, const struct sw_frame *frame);
bool sw_session_scatter_close(struct sw_session *session, struct sw_named *named,
                              const char *portal, struct sw_error *err);
/* Its portal is gone. Accepts NULL. */
void sw_scattering_unref(struct sw_scattering *scattering);
/* Run what was collected. */
void sw_session_run_scatter(struct sw_session *session);
/* The client has read what was sent. */
void sw_session_go_on_scattering(struct sw_session *session);
/* It was not begun, and will not be. */
void sw_session_refuse_scatter(struct sw_session *session, const struct sw_error *err);
void sw_session_cancel_scatter(struct sw_session *session, const struct sw_error *why);
void sw_session_forget_scatter(struct sw_session *session);
/* It is over: what the session has to see from now on. */
void sw_session_note_scatter_seen(struct sw_session *session);

#endif
