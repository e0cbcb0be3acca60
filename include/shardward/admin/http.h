/*
 * http - a port for monitoring: /metrics for Prometheus, /healthz and /readyz for whoever
 * starts and stops processes, and a page for people.
 *
 * A port has a thread of its own. What belongs to workers and to the control thread is asked
 * for by letters, and for no longer than SW_HTTP_PATIENCE_MS: a loop that does not answer is
 * told of, not waited for. Nothing can be changed by HTTP, and no statement's text or secret is
 * shown.
 */
#ifndef SW_ADMIN_HTTP_H
#define SW_ADMIN_HTTP_H

#include "shardward/admin/admin.h"

struct sw_http;
struct sw_http_port;

enum {
    SW_HTTP_PATIENCE_MS = 1000,
    /* At once, of one port. One more takes the place of the one whose last request (or whose
     * coming, if there was none) is the longest ago. */
    SW_HTTP_CLIENTS_MOST = 64,
    SW_HTTP_IDLE_S = 10, /* until a silent client is closed */
};

/* What the control thread tells of itself. */
struct sw_http_facts {
    bool is_draining;
    uint64_t reloads, refused_reloads;
    bool is_last_refused; /* the last reload */
};

struct sw_http_setup {
    struct sw_loop *loop;                  /* the control thread's */
    struct sw_board *board;                /* borrowed until sw_http_free() */
    const struct sw_admin_worker *workers; /* the same */
    int worker_count;
    void (*tell)(void *owner, struct sw_http_facts *facts); /* on the control thread */
    void *owner;
};

struct sw_http *sw_http_create(const struct sw_http_setup *setup);
/* Answer on a numeric address from now on. NULL: 08006. */
struct sw_http_port *sw_http_open(struct sw_http *http, const char *address, int port,
                                  struct sw_error *err);
/* Waits for the thread, which gives up what it waits for. Accepts NULL. */
void sw_http_shut(struct sw_http_port *port);
/* All ports are shut: the workers are asked nothing any more. Accepts NULL. */
void sw_http_close(struct sw_http *http);
/* After sw_http_close(), when the workers' mailboxes have been closed. Accepts NULL. */
void sw_http_free(struct sw_http *http);

#endif
