/*
 * risks - what a map allows, and a DBA may not have meant.
 */
#ifndef SW_TOPOLOGY_RISKS_H
#define SW_TOPOLOGY_RISKS_H

#include "shardward/topology/map.h"

/*
 * Tell each risk of @map as a sentence without its end, in the order of the file:
 *
 *   a cluster without replicas; one whose nodes are all in one cloud; one without control user;
 *   a business whose shards are all in one cloud; a shard that holds nothing;
 *   a list or range that has no place for some values
 *
 * A cloud is judged only where every node names one.
 */
void sw_map_risks(const struct sw_map *map, void (*on_risk)(void *owner, const char *text),
                  void *owner);

#endif
