/*
 * health - asks all nodes of clusters with failover how they are, and says so.
 *
 * One thread asks all of them, on connections of its own that never block it: a question on a
 * standing connection, a fresh connection now and then, and a write on the primary. It reports;
 * what follows from a verdict is decided by failover.
 *
 * The map that is watched is the board's; sw_health_follow_map() tells that there is another
 * one. What is known of a node with the same name and address is kept.
 */
#ifndef SW_HEALTH_HEALTH_H
#define SW_HEALTH_HEALTH_H

#include "shardward/board/board.h"
#include "shardward/health/vitals.h"

struct sw_health;

/* Start the thread. @board is borrowed until it is closed. NULL: 53000. */
struct sw_health *sw_health_create(struct sw_board *board, struct sw_error *err);
/* Waits for the thread to end. Accepts NULL. */
void sw_health_close(struct sw_health *health);

/* @on_news is called on health's own thread whenever vitals have changed; it must be quick, and
 * may not call into health. NULL: nobody is told any longer, once this returns. */
void sw_health_watch(struct sw_health *health, void (*on_news)(void *owner), void *owner);

/* There is another map on the board. From any thread. */
void sw_health_follow_map(struct sw_health *health);

/* Copy what is known of each node of @cluster, which may be of any map, in its order. Nodes
 * that are not watched are UNKNOWN. From any thread. */
void sw_health_look(struct sw_health *health, const struct sw_cluster *cluster,
                    struct sw_vitals *vitals);

/* Ask the node at once: what was @seen, in words for the log, makes no verdict by itself. From
 * any thread; a name that is not watched is ignored. */
void sw_health_hint(struct sw_health *health, const char *cluster, const char *node,
                    const char *seen);

#endif
