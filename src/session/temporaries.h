/*
 * temporaries - the temporary tables of a client: where they live, and what its statements mean
 * because of them.
 */
#ifndef SW_SESSION_TEMPORARIES_H
#define SW_SESSION_TEMPORARIES_H

#include "shardward/base/error.h"
#include "shardward/base/temporaries.h"
#include "shardward/parse/statement.h"

#include <stdbool.h>

struct sw_session;
struct sw_target;

/* Where a temporary table that @statement makes goes, and what becomes of DISCARD TEMP: narrow
 * @next, the target of the statement. 42P07, 0A000. */
bool sw_session_aim_temporary(const struct sw_session *session,
                              const struct sw_statement *statement, struct sw_target *next,
                              struct sw_error *err);
/* Does the statement change which temporary tables there are? */
bool sw_session_changes_temporaries(const struct sw_session *session,
                                    const struct sw_statement *statement);
/* May the end of the transaction change it? */
bool sw_session_has_had_temporaries(const struct sw_session *session);
/* A string of statements is looked through: what it would have changed, up to and with
 * @statement, is in force until the caller takes it back. */
void sw_session_foresee_temporaries(struct sw_session *session,
                                    const struct sw_statement *statement);
/* Take @temporaries, a reference, for what there are. */
void sw_session_use_temporaries(struct sw_session *session, struct sw_temporaries *temporaries);
/* A run is over: what it has made and dropped. */
void sw_session_follow_temporaries(struct sw_session *session);
/* A transaction is over, be it an implicit one: what it was all for stays, or never was. */
void sw_session_settle_temporaries(struct sw_session *session, bool is_good);
/* Servers that were kept for temporary tables alone, which are gone, are closed. */
void sw_session_sweep_temporaries(struct sw_session *session);

#endif
