/*
 * cancel - the wish that a leg's run be cancelled, until the run is over.
 *
 * PostgreSQL ignores a cancel that finds its process idle, as one does that overtakes the run:
 * a server may not have read yet what we have sent. While the run goes on, it is asked again.
 */
#ifndef SW_EXECUTE_CANCEL_H
#define SW_EXECUTE_CANCEL_H

#include "shardward/execute/leg.h"

/* Of a RUNNING leg. A second wish changes nothing. */
void sw_leg_cancel_run(struct sw_leg *leg);
/* The run is over. */
void sw_leg_forget_cancel(struct sw_leg *leg);

#endif
