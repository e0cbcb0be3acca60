/*
 * columns - the rows of several shards as one array for each column, to be a server's
 * parameters.
 *
 *   DataRow (1, 'a')  DataRow (2, NULL)   -->   {1,2}  {a,NULL}     in binary
 *
 * All values come in binary, and stay as they are. (PostgreSQL docs, src/backend/utils/adt/
 * arrayfuncs.c, array_recv: dimensions, whether there are NULLs, the element's type, length and
 * lower bound of the only dimension, then each value with its length.)
 *
 * What is more than the budget is refused; or, if it may be cut, taken away as *chunks* by
 * whoever keeps them elsewhere. All chunks that were taken, and then the arrays of what is
 * left, are all rows, in the order in which they came.
 */
#ifndef SW_MERGE_COLUMNS_H
#define SW_MERGE_COLUMNS_H

#include "shardward/base/buf.h"
#include "shardward/base/error.h"

#include <sys/uio.h>

struct sw_columns;

/* Bytes of values after which rows begin a new chunk. */
enum { SW_CHUNK = 4 * 1024 * 1024 };

/*
 * Rows may be of several *parts*: an integer before the columns tells which one a row belongs
 * to, and of the columns only those of that part count.
 */
struct sw_columns_layout {
    const uint32_t *types; /* the OID of each column's type */
    const int *parts; /* of each column its part, from 0, in ascending order; NULL: there is
                         one only, which nothing tells */
    int count;        /* of columns */
};

/* What @layout points to is borrowed until it is destroyed. @budget: bytes that may be held;
 * never more than that PostgreSQL takes the arrays as parameters of one Bind, which is a GB for
 * all of them together (MaxAllocSize). A buffer may be twice as large as what is in it. */
struct sw_columns *sw_columns_create(const struct sw_columns_layout *layout, int source_count,
                                     size_t budget);
void sw_columns_destroy(struct sw_columns *columns); /* accepts NULL */
/* From now on only a row is refused that is larger than the budget, or what is cut off of rows
 * that have not come in full. */
void sw_columns_may_be_cut(struct sw_columns *columns);

/* More of what @source says: DataRow messages, cut anywhere. False: 08P01 for what is none, or
 * a row of another shape, or of a part that is none; 53400 when the budget is exceeded, or
 * there are more rows than an array can have elements (2^27 - 1). Then only destroy is left. */
bool sw_columns_feed(struct sw_columns *columns, int source, const uint8_t *bytes, size_t len,
                     struct sw_error *err);
/* @source has no more rows. False: 08P01, it ended within a message. */
bool sw_columns_end(const struct sw_columns *columns, int source, struct sw_error *err);
int64_t sw_columns_rows(const struct sw_columns *columns); /* of all parts; that are here */
/* How many bytes the array of column @index has, and append it to @out. Of no rows: an array
 * without dimensions. */
size_t sw_columns_array_size(const struct sw_columns *columns, int index);
void sw_columns_write_array(const struct sw_columns *columns, int index, struct sw_buf *out);

/* More is held than the budget: no source should be read before chunks were taken. */
bool sw_columns_are_full(const struct sw_columns *columns);

struct sw_chunk;

/* The oldest rows; NULL: there are none. The caller's. */
struct sw_chunk *sw_columns_take_chunk(struct sw_columns *columns);
void sw_chunk_destroy(struct sw_chunk *chunk); /* accepts NULL */
/* All arrays, each with its length before it, as parameters stand in a Bind: in pieces that are
 * borrowed from the chunk. Returns how many. */
int sw_chunk_pieces(const struct sw_chunk *chunk, const struct iovec **pieces);
size_t sw_chunk_size(const struct sw_chunk *chunk); /* bytes of all of them */

#endif
