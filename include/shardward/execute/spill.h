/*
 * spill - gathered rows, of which those that are too many for memory go to a file.
 *
 *   columns --(full)--> chunk --> file          while rows come
 *   file --> chunk; columns --> chunk           when all have come: chunks in the order of rows
 *
 * While chunks that are to be written fill the memory no rows are wanted.
 */
#ifndef SW_EXECUTE_SPILL_H
#define SW_EXECUTE_SPILL_H

#include "shardward/io/loop.h"
#include "shardward/merge/columns.h"

struct sw_spill;

/* Where to put what is too much, and how much that may be. */
struct sw_spill_limits {
    const char *directory;
    size_t memory; /* bytes of rows, see sw_columns_create() */
    uint64_t file; /* bytes; 0: nothing is put anywhere, and too much is refused */
};

/* Something that was begun is done, and has failed if @err is not NULL. */
typedef void sw_spill_on_change(void *owner, const struct sw_error *err);

/* What @layout points to is borrowed until it is destroyed. */
struct sw_spill *sw_spill_create(struct sw_loop *loop, const struct sw_columns_layout *layout,
                                 int source_count, const struct sw_spill_limits *limits,
                                 sw_spill_on_change *on_change, void *owner);
/* At any time. Accepts NULL. */
void sw_spill_destroy(struct sw_spill *spill);
void sw_spill_tell(struct sw_spill *spill, sw_spill_on_change *on_change, void *owner);

/* As of columns; besides, 53400 when the file would be too large. Later errors, as 53100 and
 * 58030 of the file, are told to on_change. */
bool sw_spill_feed(struct sw_spill *spill, int source, const uint8_t *bytes, size_t len,
                   struct sw_error *err);
bool sw_spill_end(const struct sw_spill *spill, int source, struct sw_error *err);
bool sw_spill_wants(const struct sw_spill *spill);   /* rows */
bool sw_spill_is_busy(const struct sw_spill *spill); /* on_change will be called */

/* Is anything in a file? Else all rows are here. */
bool sw_spill_has_file(const struct sw_spill *spill);
const struct sw_columns *sw_spill_columns(const struct sw_spill *spill);

/* Of a spill that is not busy, and has all rows: go on to the next chunk. SOON: on_change will
 * be called, and then it is there. */
enum sw_spill_step { SW_SPILL_CHUNK, SW_SPILL_SOON, SW_SPILL_OVER };
enum sw_spill_step sw_spill_next(struct sw_spill *spill);
/* Of the chunk: the arrays of columns [@from, @to), each with its length before it. Are there
 * rows in them? */
bool sw_spill_has_rows(const struct sw_spill *spill, int column);
void sw_spill_write_arrays(const struct sw_spill *spill, int from, int to, struct sw_buf *out);

#endif
