/*
 * spool - bytes that are put aside in a file without a name, and read again.
 *
 * The file is made when the first bytes are written: open to its maker alone, in no directory
 * (O_TMPFILE, or unlinked at once where the file system has none of those), and gone with the
 * spool. Other threads do the work, so that a disk holds up nobody; one thing at a time.
 */
#ifndef SW_IO_SPOOL_H
#define SW_IO_SPOOL_H

#include "shardward/base/error.h"
#include "shardward/io/loop.h"

#include <sys/uio.h>

struct sw_spool;

/* What was begun is done. @err: why it failed, 53100 when the disk is full, else 58030; NULL:
 * it did not. The spool may be closed, or given the next thing to do. */
typedef void sw_spool_on_done(void *owner, const struct sw_error *err);

/* @directory is copied. */
struct sw_spool *sw_spool_create(struct sw_loop *loop, const char *directory,
                                 sw_spool_on_done *on_done, void *owner);
/* At any time: on_done is not called any more, and what is being written is freed when the
 * thread has let go of it. Accepts NULL. */
void sw_spool_close(struct sw_spool *spool);
void sw_spool_tell(struct sw_spool *spool, sw_spool_on_done *on_done, void *owner);

bool sw_spool_is_busy(const struct sw_spool *spool);
uint64_t sw_spool_size(const struct sw_spool *spool); /* of what was written, or is being */

/* Not while busy. @pieces are written behind what was written; they, and what they point to,
 * have to stay until @release is called with @held, which is always done. */
void sw_spool_write(struct sw_spool *spool, const struct iovec *pieces, int count,
                    void (*release)(void *held), void *held);
/* Not while busy. Read @len bytes from @at on, which were written. */
void sw_spool_read(struct sw_spool *spool, uint64_t at, size_t len);
/* What was read last, until the next thing is begun. */
const uint8_t *sw_spool_bytes(const struct sw_spool *spool);

#endif
