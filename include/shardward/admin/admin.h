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
#include "shardward/io/loop.h"
#include "shardward/topology/map.h"

struct sw_admin;

enum { SW_CONSOLES_MOST = 64 }; /* one more is told 53300 */

struct sw_admin_setup {
    struct sw_loop *loop;             /* the control thread's */
    struct sw_map *map;               /* shared */
    void (*on_shutdown)(void *owner); /* end the process */
    void *owner;
};

/* Open the port, if the map's configuration names one. NULL: it cannot be opened, or a password
 * cannot be used. */
struct sw_admin *sw_admin_create(const struct sw_admin_setup *setup, struct sw_error *err);
/* Tell all consoles goodbye (57P01) and close the port; the consoles' memory follows with the
 * loop. Accepts NULL. */
void sw_admin_close(struct sw_admin *admin);

#endif
