/*
 * hooks - commands of an operator's, which are run when a node has to be cut off, or has to
 * become a standby.
 */
#ifndef SW_FAILOVER_HOOKS_H
#define SW_FAILOVER_HOOKS_H

#include "shardward/topology/map.h"

/* Does a command of this node run still? From any thread. */
bool sw_hook_is_running(const char *cluster, const char *node);
/* Run @command by /bin/sh on a thread of its own, which logs how it ended. @what is borrowed
 * for ever, the rest is copied. If it cannot be begun, that is all. */
void sw_hook_run(const char *what, const char *command, const struct sw_cluster *cluster,
                 const struct sw_node *node, const struct sw_node *primary);

#endif
