/*
 * board - the current versions of what everybody reads, and who wants to hear of a new one.
 *
 * The one mutable thing between threads. What hangs on it is immutable and counted; whoever
 * takes a version keeps it as long as he likes. A watcher hears on his own loop's thread that
 * there is something new, looks for himself, and may find that several versions have passed.
 */
#ifndef SW_BOARD_BOARD_H
#define SW_BOARD_BOARD_H

#include "shardward/base/list.h"
#include "shardward/board/events.h"
#include "shardward/io/mailbox.h"
#include "shardward/topology/catalog.h"
#include "shardward/topology/map.h"
#include "shardward/topology/state.h"

#include <stdatomic.h>

struct sw_board;

/* Embedded in its owner. */
struct sw_watcher {
    struct sw_link link;
    struct sw_letter letter;
    atomic_flag is_told; /* the letter is under way */
    struct sw_mailbox *mailbox;
    void (*on_news)(void *owner);
    void *owner;
};

/* The board shares @map. */
struct sw_board *sw_board_create(struct sw_map *map);
/* Nobody may watch any more. Accepts NULL. */
void sw_board_free(struct sw_board *board);

/* The current map: a reference for the caller. From any thread. */
struct sw_map *sw_board_map(struct sw_board *board);
/* Hang up the next map (shared), with the catalog that was read for it (shared; NULL: the one
 * that is there stays) and what is known of its clusters' nodes, and tell the watchers. From
 * any thread. */
void sw_board_publish_map(struct sw_board *board, struct sw_map *map,
                          struct sw_catalog *catalog);

/* The current catalog: a reference for the caller; NULL: nothing has been read yet. */
struct sw_catalog *sw_board_catalog(struct sw_board *board);
/* The same for the next catalog. One that was read for a map before the current one comes too
 * late, and is not hung up. */
void sw_board_publish_catalog(struct sw_board *board, struct sw_catalog *catalog);

/* The journal of what happens to clusters and nodes; lives as long as the board. */
struct sw_events *sw_board_events(const struct sw_board *board);

/* How the nodes are: a reference for the caller. From any thread. */
struct sw_state *sw_board_state(struct sw_board *board);
/* Hang up the next state (shared). One of another map than the current one comes too late, and
 * is not hung up: false. */
bool sw_board_publish_state(struct sw_board *board, struct sw_state *state);

/* Call @on_news on the thread of @mailbox's loop after every publishing from now on. @watcher
 * is borrowed until its mailbox has been closed after sw_board_unwatch(). From any thread. */
void sw_board_watch(struct sw_board *board, struct sw_watcher *watcher,
                    struct sw_mailbox *mailbox, void (*on_news)(void *owner), void *owner);
void sw_board_unwatch(struct sw_board *board, struct sw_watcher *watcher);

#endif
