/*
 * copies - what several servers answer to the same COPY TO STDOUT, as one answer.
 *
 *   shard 0  CopyOutResponse CopyData ...  --feed-->  +--------+
 *   shard 1  CopyOutResponse CopyData ...  --feed-->  | copies |  --pull-->  CopyOutResponse
 *   shard 2  CopyOutResponse CopyData ...  --feed-->  +--------+             CopyData ...
 *
 * Each CopyData of a server is one row (PostgreSQL docs, "Message Formats"), but for a line of
 * names before the first one. In binary the first one begins with a signature, and the last
 * message is a trailer ("COPY", "Binary Format"). What stands before the rows, and behind them,
 * leaves once; rows leave as they come.
 *
 * A source that is not wanted should not be read for a while, as of a merger.
 */
#ifndef SW_MERGE_COPIES_H
#define SW_MERGE_COPIES_H

#include "shardward/base/buf.h"
#include "shardward/base/error.h"

enum sw_copies_head {
    SW_COPIES_BARE,
    SW_COPIES_LINE, /* a line of names */
    SW_COPIES_BINARY,
};

struct sw_copies;

/* @budget in bytes, for all sources together. */
struct sw_copies *sw_copies_create(enum sw_copies_head head, int source_count, size_t budget);
void sw_copies_destroy(struct sw_copies *copies); /* accepts NULL */

/* More of what @source says: CopyOutResponse and CopyData, cut anywhere. False: 08P01 for what
 * is neither, or no such data. Then only destroy is left. */
bool sw_copies_feed(struct sw_copies *copies, int source, const uint8_t *bytes, size_t len,
                    struct sw_error *err);
/* @source has no more; said once. False: 08P01, it ended within a message. */
bool sw_copies_end(struct sw_copies *copies, int source, struct sw_error *err);
bool sw_copies_wants(const struct sw_copies *copies, int source);

/* Append whole messages to @out until it holds at least @most bytes, or none is there. Returns
 * how many bytes. */
size_t sw_copies_pull(struct sw_copies *copies, struct sw_buf *out, size_t most);
/* All sources have ended, and everything has left. */
bool sw_copies_is_over(const struct sw_copies *copies);
/* How many rows have come in all. */
int64_t sw_copies_rows(const struct sw_copies *copies);

/* What a file in binary begins with, and the trailer that ends it. */
extern const uint8_t sw_copies_signature[19], sw_copies_trailer[2];

#endif
