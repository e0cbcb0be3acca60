/*
 * admin - the console for those who run shardward: a port that speaks PostgreSQL's protocol and
 * understands commands, not SQL. Lives on the control thread.
 *
 * What belongs to workers is asked for and changed by letters, so that a console never waits
 * for a lock, and no worker for a console.
 */
#ifndef SW_ADMIN_ADMIN_H
#define SW_ADMIN_ADMIN_H

#include "shardward/base/error.h"
#include "shardward/board/board.h"
#include "shardward/catalog/reader.h"
#include "shardward/failover/failover.h"
#include "shardward/io/loop.h"
#include "shardward/io/mailbox.h"
#include "shardward/pool/pool.h"
#include "shardward/session/session.h"
#include "shardward/topology/map.h"

struct sw_admin;

enum { SW_CONSOLES_MOST = 64 }; /* one more is told 53300 */

/* What is read and changed by letters to its mailbox. */
struct sw_admin_worker {
    struct sw_mailbox *mailbox;
    struct sw_pools *pools;
    struct sw_sessions *sessions;
};

struct sw_admin_setup {
    struct sw_loop *loop;                  /* the control thread's */
    struct sw_map *map;                    /* shared */
    struct sw_board *board;                /* has the catalog; outlives the admin */
    struct sw_catalog_reader *catalog;     /* closed after sw_admin_close() */
    struct sw_failover *failover;          /* closed after sw_admin_close() */
    const struct sw_admin_worker *workers; /* borrowed until sw_admin_free() */
    int worker_count;
    /* SHUTDOWN: end the process, at once or when open transactions have ended. */
    void (*on_shutdown)(void *owner, bool waits);
    /* RELOAD: then call sw_admin_reloaded(). */
    void (*on_reload)(void *owner, uint32_t console);
    void *owner;
};

/* Open the port, if the map's configuration names one. NULL: it cannot be opened, or a password
 * cannot be used. */
struct sw_admin *sw_admin_create(const struct sw_admin_setup *setup, struct sw_error *err);
/* From now on consoles log in by @map (shared), and show it; the port stays as it is. False: a
 * password cannot be used, and nothing has changed. */
bool sw_admin_use_map(struct sw_admin *admin, struct sw_map *map, struct sw_error *err);
/* How the reload that @console asked for has ended; @err NULL: well. @report: a line for each
 * change, or for each fault of the file. */
void sw_admin_reloaded(struct sw_admin *admin, uint32_t console, const struct sw_error *err,
                       const char *report);
/* Tell all consoles goodbye (57P01), close the port, and ask the workers nothing any more.
 * Accepts NULL. */
void sw_admin_close(struct sw_admin *admin);
/* After sw_admin_close(), when the workers' mailboxes have been closed; the consoles' memory
 * follows with the loop. Accepts NULL. */
void sw_admin_free(struct sw_admin *admin);

#endif
