/*
 * repair - finishes DDL that some of its shards have made and others not.
 *
 * The journals of all shards are compared (see sql/shardward); what a shard lacks is done there
 * now, as it was done on the others: the same text, by the same role, with the same
 * search_path, and with its note, in one transaction. In the order of time. Running it again
 * changes nothing.
 */
#ifndef SW_CATALOG_REPAIR_H
#define SW_CATALOG_REPAIR_H

#include "shardward/topology/map.h"

#include <stdio.h>

/* Told line by line on @out. False: something is unfinished still. The control user must be a
 * member of the roles that made the changes, or a superuser. */
bool sw_repair(struct sw_map *map, FILE *out);

#endif
