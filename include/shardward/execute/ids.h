/*
 * ids - numbers for new rows, drawn ahead from sequences of the catalog database, which all
 * shards share.
 *
 * A block of numbers is kept for each user, database and expression that draws them, like the
 * CACHE of a sequence: a number that nobody takes is a gap, none is ever given twice. While the
 * block lasts, drawing takes no memory and asks nobody. When it is used up the next one is
 * fetched, on a connection of the user's own pool, so that the server checks his rights; who
 * draws meanwhile waits in the order of arrival.
 *
 *   RESTING --used up--> FETCHING --numbers--> SERVING --(turn of the loop)--> RESTING
 *                         |   ^                  |
 *                         |   +---- waiters -----+
 *                         +--refused, lost, overdue: those who wait are told--> RESTING
 *
 * One worker's, for its thread alone.
 */
#ifndef SW_EXECUTE_IDS_H
#define SW_EXECUTE_IDS_H

#include "shardward/pool/pool.h"

struct sw_ids;
struct sw_ids_block;

/* What draws. Borrowed for the call, but the map, which is shared while a block is fetched. */
struct sw_ids_source {
    struct sw_map *map; /* that user and database are of */
    const struct sw_user *user;
    const struct sw_database *database;
    const char *expression; /* SQL that draws one integer */
    int ahead;              /* how many are fetched at a time, at the least */
    int wait_ms;            /* how long somebody waits, or a fetch may take; 0: for ever */
};

/* Somebody who waits. Embedded in its owner, its link initialised. */
struct sw_draw {
    struct sw_link link;
    int64_t *into;
    int count;
    uint64_t deadline_ms; /* 0: none */
    void (*on_drawn)(void *owner);
    void (*on_refused)(void *owner, const struct sw_error *err);
    void *owner;
};

struct sw_ids *sw_ids_create(struct sw_loop *loop, struct sw_pools *pools);
/* Nobody may wait any more. Accepts NULL. */
void sw_ids_close(struct sw_ids *ids);

/*
 * Draw @count numbers (at least 1) into @into. True: there they are. False: @draw waits, and
 * with @into is borrowed until exactly one of on_drawn and on_refused has been called, in a
 * later turn of the loop, or sw_draw_forget(); on_drawn may draw again. Refused with the
 * server's own error, or that of the pool (see pool.h); 53300 when source->wait_ms have passed.
 */
bool sw_ids_draw(struct sw_ids *ids, const struct sw_ids_source *source, struct sw_draw *draw,
                 int64_t *into, int count);
void sw_draw_forget(struct sw_draw *draw); /* one that does not wait is left alone */

/* Sequences may have changed: numbers drawn so far are for nobody. */
void sw_ids_renew(struct sw_ids *ids);

#endif
