/*
 * changes - what is different between two maps, in words for the log. Pure.
 */
#ifndef SW_TOPOLOGY_CHANGES_H
#define SW_TOPOLOGY_CHANGES_H

#include "shardward/topology/map.h"

/*
 * Call @on_change for each setting, user, node, shard, placement, table ... that was added,
 * removed or changed: `user order_service: pool size 20 -> 30`. The line is borrowed for the
 * call. Passwords are compared, never told.
 */
void sw_map_changes(const struct sw_map *before, const struct sw_map *after,
                    void (*on_change)(void *owner, const char *line), void *owner);

#endif
