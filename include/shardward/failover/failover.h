/*
 * failover - says which node of a cluster is its primary, and whether it takes statements.
 *
 * A thread of its own looks at what health has found, decides for each cluster with failover,
 * and hangs the next state of the nodes on the board. It is the only one that does.
 */
#ifndef SW_FAILOVER_FAILOVER_H
#define SW_FAILOVER_FAILOVER_H

#include "shardward/board/board.h"
#include "shardward/health/health.h"

struct sw_failover;

/* How many connections to a draining cluster's primary are lent, as sw_hub_lent() tells. From
 * any thread. */
struct sw_lent {
    int (*count)(void *owner, const char *cluster, int version);
    void *owner;
};

/* Start the thread. @board, @health and what @lent needs are borrowed until it is closed. NULL:
 * 53000. */
struct sw_failover *sw_failover_create(struct sw_board *board, struct sw_health *health,
                                       struct sw_lent lent, struct sw_error *err);
/* Wait until something is known of every node that is watched, at most @timeout_ms. */
void sw_failover_wait(struct sw_failover *failover, int timeout_ms);
/* There is another map on the board. From any thread. */
void sw_failover_follow_map(struct sw_failover *failover);
/* Waits for the thread to end. Accepts NULL. */
void sw_failover_close(struct sw_failover *failover);

#endif
