/*
 * turn - the arithmetic of a pool that several workers share: who may hold how many server
 * connections, who is served next, and when a connection's time is over. Pure.
 */
#ifndef SW_POOL_TURN_H
#define SW_POOL_TURN_H

#include <stdbool.h>
#include <stdint.h>

/* A worker's fair share of @total, of which @workers workers have each one; shares of all add
 * up to the total. */
int sw_turn_share(int total, int workers, int worker);

/* One worker's half of a pool. */
struct sw_turn_party {
    int held;  /* server connections, idle, lent and being opened */
    int share; /* of the pool's size, at least 1 */
    bool waits;
    uint64_t first_ms; /* since when its longest waiter waits */
};

/* By so much longer must a client of another worker have waited to be served before our own. */
enum { SW_TURN_PATIENCE_MS = 50 };

/*
 * Whose waiter gets the connection that has become idle at @self? Returns the worker, or -1
 * when nobody waits. Our own waiters come first, but
 *   - nobody overtakes a client of another worker by more than SW_TURN_PATIENCE_MS,
 *   - a worker that holds none is served in the order of arrival, since nothing comes back to
 * it,
 *   - else a worker below its share gets what one above its share has too many.
 * Among others, those below their share come first, then the longest waiter. Who is given a
 * connection would not give it back, so that it does not travel for nothing.
 */
int sw_turn_choose(const struct sw_turn_party *parties, int count, int self);

/* @limit_ms less up to a quarter of it, so that connections that were opened together do not
 * end together. @random: any 32 bits. */
uint64_t sw_turn_jitter(int limit_ms, uint32_t random);

#endif
