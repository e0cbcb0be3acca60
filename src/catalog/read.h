/*
 * read - one shard's answers as the text that topology/schema.h describes.
 */
#ifndef SW_CATALOG_READ_H
#define SW_CATALOG_READ_H

#include "shardward/base/error.h"
#include "shardward/topology/map.h"

#include <stdatomic.h>

/* Read @shard on @node, NULL: on whichever node takes writes, within @timeout_ms. NULL: 08006
 * or what the server says. The text is the caller's, to be freed. @is_stopping, if not NULL,
 * ends the reading when it becomes true. */
char *sw_read_shard(const struct sw_shard *shard, const struct sw_node *node, int timeout_ms,
                    const atomic_bool *is_stopping, struct sw_error *err);

#endif
