/*
 * spread - which worker gets the next client. Pure.
 */
#ifndef SW_APP_SPREAD_H
#define SW_APP_SPREAD_H

/* The worker with the fewest clients: of several, the next one behind @last, around the end.
 * @counts: clients of each of the @count (at least 1) workers. */
int sw_spread_choose(const int *counts, int count, int last);

#endif
