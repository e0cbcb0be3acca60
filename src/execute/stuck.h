/*
 * stuck - scatters that wait for themselves.
 */
#ifndef SW_EXECUTE_STUCK_H
#define SW_EXECUTE_STUCK_H

#include "shardward/execute/scatter.h"

/* Does a part wait for a backend that it cannot get before others of the scatter have ended,
 * which wait for it? *err is 53300 then, with the limit. */
bool sw_scatter_is_stuck(const struct sw_scatter *scatter, struct sw_error *err);

#endif
