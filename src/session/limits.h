/*
 * limits - how long a client may leave its session alone, and how long a statement may take.
 */
#ifndef SW_SESSION_LIMITS_H
#define SW_SESSION_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

struct sw_session;
struct sw_timer;

struct sw_limit {
    struct sw_timer *timer; /* NULL until there is one */
    uint64_t due_ms;        /* when it is due; 0: it is not started */
    uint64_t since_ms,
        since_received; /* of what has a limit: its begin, the bytes until then */
    bool is_overdue;    /* the statement has taken too long, and is cancelled */
};

/* The session has begun to be idle, to be idle in a transaction, or to be at work: that may
 * last as long as the configuration says. */
void sw_session_limit(struct sw_session *session);

#endif
