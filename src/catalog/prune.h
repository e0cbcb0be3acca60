/*
 * prune - keeps the journals of DDL short.
 *
 * What a reading of all shards has found to be finished is marked so on each of its shards, and
 * deleted a month after that (topology/catalog.h, sw_note_due). Whatever is left out, because a
 * shard cannot be reached or the process ends, is found again by the next reading.
 */
#ifndef SW_CATALOG_PRUNE_H
#define SW_CATALOG_PRUNE_H

#include "shardward/topology/catalog.h"

#include <stdatomic.h>

/* @catalog is made of a reading in which every shard answered. Blocks, at most @timeout_ms for
 * each shard; what fails is logged. */
void sw_prune_journals(const struct sw_catalog *catalog, int timeout_ms,
                       const atomic_bool *is_stopping);

#endif
