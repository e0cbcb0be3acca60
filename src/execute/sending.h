/*
 * sending - what a leg says to its server.
 */
#ifndef SW_EXECUTE_SENDING_H
#define SW_EXECUTE_SENDING_H

#include "shardward/execute/leg.h"

#include <limits.h>

/* Entries of the reply queue that answer no request of the client: OPENING - i is the i-th
 * statement of the opening; MARK that of a COMMIT. */
enum { OURS = SW_REPLY_OF_NOBODY, OPENING = -2, MARK = INT_MIN };

/* Bring the backend's settings in line: the leg is SETTING. */
void sw_leg_send_settings(struct sw_leg *leg);
/* The leg is RUNNING. If nothing is to be answered, `settle` is posted. */
void sw_leg_send_run(struct sw_leg *leg);
/* Ask for the settings of the read-back list; to be flushed. */
void sw_leg_send_read_back(struct sw_leg *leg);

#endif
