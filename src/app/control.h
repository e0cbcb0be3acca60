/*
 * control - what the control thread holds: the workers, the port for clients, and what all
 * threads share.
 *
 *   STARTING --> SERVING --SIGTERM--> DRAINING --all clients gone, the limit, or another
 * signal--> |                                                              |
 *                   +------------------SIGINT, SHUTDOWN-----------------------> STOPPING
 */
#ifndef SW_APP_CONTROL_H
#define SW_APP_CONTROL_H

#include "shardward/admin/admin.h"
#include "shardward/admin/http.h"
#include "shardward/catalog/reader.h"
#include "shardward/failover/failover.h"
#include "shardward/io/listener.h"

#include "app.h"
#include "worker.h"

/* A reload under way; see reload.c. */
struct sw_reload {
    bool is_running;
    bool is_wanted; /* again, once it is over */
    struct sw_map *map;
    struct sw_catalog_wish wish;
    struct sw_link askers;  /* who hear of its end */
    struct sw_link next;    /* ... and of the end of the next one */
    uint64_t used, refused; /* how many */
    bool is_last_refused;
};

/* Watches for primaries on another timeline, and has the catalog read anew; see switches.c. */
struct sw_switches {
    struct sw_board *board;
    struct sw_mailbox *mailbox;
    struct sw_catalog_reader *catalog; /* NULL: it does not watch */
    struct sw_watcher watcher;
    struct sw_catalog_wish wish;
    struct sw_textmap timelines; /* by cluster, as uintptr_t: that of the last reading */
    bool is_reading, is_wanted;  /* ... again, once it is over */
};

/* Where clients come in, and who watches; NULL: not there. */
struct sw_doors {
    struct sw_listener *port, *local;
    struct sw_http_port *http;
};

struct sw_control {
    const char *path; /* of the configuration */
    struct sw_loop *loop;
    struct sw_mailbox *mailbox;
    struct sw_map *map; /* the current one */
    struct sw_board *board;
    struct sw_health *health;
    struct sw_failover *failover;
    struct sw_catalog_reader *catalog;
    struct sw_hub *hub;
    struct sw_dialler *dialler;
    struct sw_canceller *canceller;
    struct sw_verifiers *verifiers;
    struct sw_census *census;
    struct sw_lookup *lookup;
    struct sw_worker *workers[SW_WORKERS_MOST];
    int worker_count;
    int last_chosen; /* the worker of the last client */
    struct sw_doors doors;
    struct sw_admin *admin;
    struct sw_http *http;
    struct sw_admin_worker for_admin[SW_WORKERS_MOST];
    struct sw_reload reload;
    struct sw_switches switches;
    bool is_draining;
    uint64_t drained_by_ms;
    struct sw_timer *drain; /* looks whether the clients have gone */
    struct sw_signal *on_term, *on_int, *on_hup;
};

/* --- doors.c --- */

/* Open the doors of @is that those of @was are not, NULL: all. Who knocks waits. False: 08006,
 * and none is open. */
bool sw_doors_open(struct sw_doors *doors, struct sw_control *control,
                   const struct sw_config *was, const struct sw_config *is,
                   struct sw_error *err);
/* @new were opened for @is: they let clients in now, in the place of their like, which are
 * closed, as are those that @is has no more. */
void sw_doors_replace(struct sw_doors *doors, const struct sw_doors *new,
                      const struct sw_config *is);
/* Clients are no longer let in; who watches still is. */
void sw_doors_close_to_clients(struct sw_doors *doors);
void sw_doors_close(struct sw_doors *doors);

/* run.c: who takes the clients in. */
struct sw_listener_host sw_control_host(struct sw_control *control);

/* --- switches.c --- */

/* Once there is a first catalog. */
void sw_switches_start(struct sw_switches *switches, struct sw_board *board,
                       struct sw_mailbox *mailbox, struct sw_catalog_reader *catalog);
/* Before the reader and the mailbox are closed; also of one that was not started. */
void sw_switches_stop(struct sw_switches *switches);

/* --- reload.c --- */

/* Who wants to hear how a reload ended; embedded in its owner. */
struct sw_reload_asker {
    struct sw_link link;
    /* Once. @err NULL: done, and @report has a line for each change; else nothing was changed,
     * and @report has a line for each fault of the file, as file:line:column, if it is that. */
    void (*on_done)(void *owner, const struct sw_error *err, const char *report);
    void *owner;
};

void sw_reload_init(struct sw_reload *reload);
/*
 * Read the configuration again and use it, all or nothing; what has changed, or what is wrong,
 * is logged. @asker (NULL: nobody) is borrowed until on_done. While one reload is under way,
 * the next one waits.
 */
void sw_control_reload(struct sw_control *control, struct sw_reload_asker *asker);

#endif
