/*
 * stop - places at which a test may kill the process, to see what a crash just there leaves.
 *
 * SHARDWARD_STOP_AT names one of them, as "ddl-commit:2"; without it, as in production, a stop
 * point does nothing but look at a variable. They stand only where nothing is in a hurry.
 */
#ifndef SW_BASE_STOP_H
#define SW_BASE_STOP_H

/* End the process here and now, as by SIGKILL, if SHARDWARD_STOP_AT is "@point:@number". */
void sw_stop_at(const char *point, int number);

#endif
