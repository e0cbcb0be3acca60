/*
 * dialler - threads that open server connections.
 *
 * libpq opens them, blocking, with every keyword given and nothing taken from the environment;
 * opening costs milliseconds of CPU (SCRAM), so it stays off the loops. One private query then
 * drains what libpq had buffered and checks what the connection must be: on a primary, in UTF8,
 * with the search_path it is expected to have.
 */
#ifndef SW_BACKEND_DIALLER_H
#define SW_BACKEND_DIALLER_H

#include "shardward/base/error.h"
#include "shardward/io/loop.h"

#include <stdbool.h>

struct sw_dialler;
struct sw_dialled; /* an open connection that nobody has adopted yet */

struct sw_dial {
    /* Borrowed until on_dialled or sw_dialler_close(). */
    const char *address, *dbname, *user;
    const char *password; /* may be NULL */
    int port;
    int timeout_ms;
    /* Exactly one of @dialled (to be adopted or freed) and @err is given. */
    void (*on_dialled)(void *owner, struct sw_dialled *dialled, const struct sw_error *err);
    void *owner;
};

struct sw_dialler *sw_dialler_create(struct sw_loop *loop, int threads);
/* Ask for a connection; the answer comes on the loop. The dial is copied. */
void sw_dialler_dial(struct sw_dialler *dialler, const struct sw_dial *dial);
/* Waits for the threads; dials under way are answered to nobody. Accepts NULL. */
void sw_dialler_close(struct sw_dialler *dialler);
void sw_dialled_free(struct sw_dialled *dialled);

#endif
