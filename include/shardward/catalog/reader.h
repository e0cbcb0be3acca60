/*
 * reader - reads what the shards really hold, and hangs it up on the board.
 *
 * One thread of its own asks all shards of the current map at once, as each cluster's control
 * user, compares the answers (topology/catalog.h), logs what differs, and publishes a new
 * catalog when something has changed. What has been read once is believed until it can be read
 * again: a shard that cannot be reached keeps its last answer, and is asked again later.
 */
#ifndef SW_CATALOG_READER_H
#define SW_CATALOG_READER_H

#include "shardward/board/board.h"
#include "shardward/topology/catalog.h"

struct sw_catalog_reader;

/* A wish to have everything read anew. Embedded in its owner. */
struct sw_catalog_wish {
    struct sw_link link;
    struct sw_letter letter;
    struct sw_mailbox *mailbox;
    /* A map that is not on the board, to be read for (shared); NULL: the current one. */
    struct sw_map *proposed;
    /* Called on the thread of the mailbox's loop, when a reading that began after the wish is
     * on the board, or, of a proposed map, in `catalog`. @err: why a shard could not be read;
     * NULL: all were. */
    void (*on_read)(struct sw_catalog_wish *wish, const struct sw_error *err);
    struct sw_catalog
        *catalog; /* of a proposed map: the owner's reference; NULL: none was made */
    struct sw_error err;
    bool is_failed;
};

/* Start the thread and its first reading. @board is borrowed until the reader is closed. */
struct sw_catalog_reader *sw_catalog_reader_create(struct sw_board *board,
                                                   struct sw_error *err);
/* Wait until the first catalog is on the board, at most three seconds: a shard that has not
 * answered by then follows later. False: 55000, a shard has accepted another map (see
 * topology/accepted.h). */
bool sw_catalog_reader_wait(struct sw_catalog_reader *reader, struct sw_error *err);
/* Read again, from any thread. @wish is borrowed until its on_read has been called. */
void sw_catalog_reader_read(struct sw_catalog_reader *reader, struct sw_catalog_wish *wish);
/* Waits for the thread to end; wishes that are left are granted with an error. Mailboxes must
 * still be open. Accepts NULL. */
void sw_catalog_reader_close(struct sw_catalog_reader *reader);

/*
 * The same without a thread or a board, for the command line: read every shard of @map, waiting
 * for at most @timeout_ms. @readings (one for each shard id) are filled in; give them back with
 * sw_readings_free().
 */
void sw_readings_take(const struct sw_map *map, int timeout_ms,
                      struct sw_shard_reading *readings);
void sw_readings_free(struct sw_shard_reading *readings, int count);

#endif
