/*
 * canceller - threads that ask servers to cancel what they do, one set of them for the whole
 * process. A cancel travels on a connection of its own (PQcancel), outside of the pools' sizes,
 * and does not wait behind those who dial.
 *
 * A node is asked by at most SW_CANCELS_PER_NODE threads at once.
 */
#ifndef SW_BACKEND_CANCELLER_H
#define SW_BACKEND_CANCELLER_H

struct sw_canceller;

enum {
    SW_CANCELS_PER_NODE = 4,
    /* A node that has not taken a cancel after this time: the statement goes on. */
    SW_CANCEL_MS = 10000,
};

struct sw_canceller *sw_canceller_create(void);
/* Gives up the cancels under way. Nobody may ask any more; what has been asked is told its end
 * by letters, as ever. Accepts NULL. */
void sw_canceller_close(struct sw_canceller *canceller);

#endif
