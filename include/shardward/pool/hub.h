/*
 * hub - what the workers' pools share: how many connections there may be, who holds how many,
 * and who waits for one.
 *
 * Each worker has its half of every pool, with idle connections and waiters of its own. The hub
 * is asked only when that half has nothing to give: it hands out the right to open one more,
 * and remembers who needs how many. Whoever has a connection to spare then gives it away in a
 * letter.
 *
 * Why no waiter is forgotten: a need is written down under the node's lock before the others
 * are alerted. A worker that finds a connection idle after it has read the alert (or taken the
 * lock) sees the need; one that had it idle before finds it in its list while reading the
 * alert.
 */
#ifndef SW_POOL_HUB_H
#define SW_POOL_HUB_H

struct sw_hub;

/* For @workers workers, numbered from 0. */
struct sw_hub *sw_hub_create(int workers);
/* The workers' threads have ended: from now on no pool tells another one anything. */
void sw_hub_stop(struct sw_hub *hub);
/* All pools must have been closed. Accepts NULL. */
void sw_hub_free(struct sw_hub *hub);

/*
 * While the primary of @cluster drains (SW_DRAIN): how many connections to it are lent still,
 * of all workers; -1: not all of them have seen version @version of the state yet, or it does
 * not drain. 0 stays 0 until a later version. From any thread, cheap enough to be asked every
 * few milliseconds.
 */
int sw_hub_lent(struct sw_hub *hub, const char *cluster, int version);

#endif
