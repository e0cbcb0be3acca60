/*
 * merger - the rows of several shards become the rows of one answer.
 *
 *   shard 0  DataRow DataRow ...  --feed-->  +--------+
 *   shard 1  DataRow ...          --feed-->  | merger |  --pull-->  DataRow DataRow ...
 *   shard 2  DataRow DataRow ...  --feed-->  +--------+
 *
 * With keys, each source comes in their order, and so does what leaves: the next row is known
 * when every source has one, or has ended; rows with equal keys leave in the order of their
 * sources. Without, rows leave as they have come. OFFSET and LIMIT are cut here, and columns
 * that only the merger needs are left out.
 *
 * It holds what was fed and did not leave yet, and copies each row twice. A source that is
 * wanted no longer (sw_merger_wants) should not be read for a while: so what the merger holds
 * is bounded by the budget, what is fed at once, and one row of each source. (A buffer may be
 * twice as large as what is in it, and a row is there twice while it is copied.) With keys,
 * each source has the same share of the budget.
 */
#ifndef SW_MERGE_MERGER_H
#define SW_MERGE_MERGER_H

#include "shardward/base/buf.h"
#include "shardward/base/error.h"
#include "shardward/merge/collation.h"
#include "shardward/merge/order.h"

struct sw_merge_key {
    int column; /* of the rows that come, from 0; in binary */
    enum sw_order order;
    bool is_descending;
    bool is_nulls_first;
    struct sw_collation *collation; /* of a text, whose order is as if bytewise; NULL: it is */
};

struct sw_merge_recipe {
    int column_count;  /* of the rows that come */
    int visible_count; /* the first ones, that leave */
    const struct sw_merge_key *keys;
    int key_count;
    int64_t offset; /* rows; at least 0 */
    int64_t limit;  /* rows; -1: none */
};

struct sw_merger;

/* The recipe is copied, collations are shared. @budget in bytes, for all sources together. */
struct sw_merger *sw_merger_create(const struct sw_merge_recipe *recipe, int source_count,
                                   size_t budget);
void sw_merger_destroy(struct sw_merger *merger); /* accepts NULL */

/*
 * More of what @source says: DataRow messages, cut anywhere; what is over does not listen.
 * False: 08P01 for what is none, or a row of another shape, or a key that is no value of its
 * type in binary; XX000 for a source that is out of order. Then only destroy is left.
 *
 * Rows that leave as they come, with all their columns, are looked at as far as the count of
 * their fields.
 */
bool sw_merger_feed(struct sw_merger *merger, int source, const uint8_t *bytes, size_t len,
                    struct sw_error *err);
/* @source has no more rows; said once. False: 08P01, it ended within a message. */
bool sw_merger_end(struct sw_merger *merger, int source, struct sw_error *err);
/* Is there room for more of @source? With keys always true while it has no whole row, and is
 * needed; without, once what is held has left. */
bool sw_merger_wants(const struct sw_merger *merger, int source);

/* Append rows that are known to be next, until @out holds at least @most bytes, or none is
 * known, or the limit is reached. Returns how many. Rows are appended whole; one that would
 * pass the limit of @out stays. */
int64_t sw_merger_pull(struct sw_merger *merger, struct sw_buf *out, size_t most);
/* The same of at most @rows rows. */
int64_t sw_merger_pull_some(struct sw_merger *merger, struct sw_buf *out, size_t most,
                            int64_t rows);
/* No more rows will leave: all sources have ended and are empty, or the limit is reached. */
bool sw_merger_is_over(const struct sw_merger *merger);
/* How many rows have left in all. */
int64_t sw_merger_rows(const struct sw_merger *merger);

/* How many rows of @source have come, and how long they all were on average (0: none came). */
int64_t sw_merger_fed(const struct sw_merger *merger, int source);
size_t sw_merger_row_size(const struct sw_merger *merger);
/* Bytes of @source, without keys of all sources, that did not leave. */
size_t sw_merger_held(const struct sw_merger *merger, int source);

#endif
