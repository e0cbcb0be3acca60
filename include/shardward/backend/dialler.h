/*
 * dialler - threads that open server connections, one set of them for the whole process.
 *
 * libpq opens them, blocking, with every keyword given and nothing taken from the environment;
 * opening costs milliseconds of CPU (SCRAM), so it stays off the loops. One private query then
 * drains what libpq had buffered and checks what the connection must be: on a primary, in UTF8,
 * with the search_path it is expected to have.
 *
 * A node is dialled by at most SW_DIALS_PER_NODE threads at once, so that one that does not
 * answer holds up only those who wait for it. Threads are started when they are needed first.
 */
#ifndef SW_BACKEND_DIALLER_H
#define SW_BACKEND_DIALLER_H

#include "shardward/base/error.h"
#include "shardward/io/mailbox.h"
#include "shardward/io/tls.h"

#include <stdbool.h>
#include <stdint.h>

struct sw_dialler;
struct sw_dialled; /* an open connection that nobody has adopted yet */

enum { SW_DIALS_PER_NODE = 2 };

/* Called on the mailbox's thread. Exactly one of @dialled (to be adopted or freed) and @err is
 * given. */
typedef void sw_on_dialled(void *owner, struct sw_dialled *dialled, const struct sw_error *err);

struct sw_dial {
    const char *address, *dbname, *user;
    const char *password; /* may be NULL */
    const struct sw_tls_client *tls;
    struct sw_mailbox *mailbox;
    /* NULL: a connection for whoever needs one. Else for one client alone, with these options,
     * be it set to what routing could not rely on. */
    const char *options;
    sw_on_dialled *on_dialled;
    void *owner;
    int port;
    int timeout_ms;  /* 0: for ever */
    int tag;         /* the caller's: see sw_dialled_tag() */
    bool is_durable; /* synchronous_commit has to be on there, or remote_apply, and warnings
                        have to be told: else 0A000 */
    bool is_replica; /* the node must be a standby (25006), else the primary */
};

struct sw_dialler *sw_dialler_create(void);
/* Ask for a connection, from any thread. The dial is copied. */
void sw_dialler_dial(struct sw_dialler *dialler, const struct sw_dial *dial);
/* Gives up the dials under way and waits for the threads. What they have posted before is still
 * read; the rest is answered to nobody. Nobody may dial any more. Accepts NULL. */
void sw_dialler_close(struct sw_dialler *dialler);
void sw_dialled_free(struct sw_dialled *dialled);
int sw_dialled_tag(const struct sw_dialled *dialled);
/* When the server's postmaster was started, by its own clock: microseconds since 1970. */
int64_t sw_dialled_started_us(const struct sw_dialled *dialled);

#endif
