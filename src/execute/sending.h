/*
 * sending - what a leg says to its server.
 */
#ifndef SW_EXECUTE_SENDING_H
#define SW_EXECUTE_SENDING_H

#include "shardward/execute/leg.h"

#include <limits.h>

/* Entries of the reply queue that answer no request of the client: OPENING - i is the i-th
 * statement of the opening; MARK that of a COMMIT, GUARD that of a replica. */
enum { OURS = SW_REPLY_OF_NOBODY, OPENING = -2, MARK = INT_MIN, GUARD = INT_MIN + 1 };

/* Bring the backend's settings in line: the leg is SETTING. */
void sw_leg_send_settings(struct sw_leg *leg);
/* The leg is RUNNING. If nothing is to be answered, `settle` is posted. */
void sw_leg_send_run(struct sw_leg *leg);
/* Ask for the settings of the read-back list, or what else is asked behind a run; to be
 * flushed.
 */
void sw_leg_send_questions(struct sw_leg *leg);
/* Must the server be asked whether it has replayed enough? */
bool sw_leg_needs_guard(const struct sw_leg *leg);
/* Ask it, in a flight of its own: the leg is SETTING. */
void sw_leg_send_guard(struct sw_leg *leg);

/* watching.c */

/* Append the guard, whose entry has the index GUARD. */
void sw_leg_put_guard(struct sw_leg *leg);
/* Append what the leg asks behind the run; and read the answer. */
void sw_leg_send_asked(struct sw_leg *leg);
void sw_leg_read_asked(struct sw_leg *leg, const struct sw_frame *row);

#endif
