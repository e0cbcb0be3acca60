/*
 * session - our side of the clients: greeting, login, their statements' names and settings, and
 * whose turn it is. One worker's, on its thread.
 */
#ifndef SW_SESSION_SESSION_H
#define SW_SESSION_SESSION_H

#include "shardward/io/loop.h"
#include "shardward/pool/pool.h"
#include "shardward/session/verifiers.h"
#include "shardward/topology/catalog.h"
#include "shardward/topology/map.h"

/* Session ids are unique over all workers, and tell the worker: id % SW_WORKERS_MOST. */
struct sw_sessions;

struct sw_sessions_setup {
    int worker; /* below SW_WORKERS_MOST */
    struct sw_loop *loop;
    struct sw_map *map;             /* shared */
    struct sw_pools *pools;         /* borrowed, as are the verifiers, while sessions live */
    struct sw_verifiers *verifiers; /* prepared for @map */
    size_t statement_cache;         /* this worker's share, in bytes */
    /* A client has left, or is on its way out. */
    void (*on_left)(void *owner);
    void *owner;
};

struct sw_sessions *sw_sessions_create(const struct sw_sessions_setup *setup);
/* From now on statements outside of transactions are planned with @catalog, which is shared. */
void sw_sessions_see_catalog(struct sw_sessions *sessions, struct sw_catalog *catalog);
/* A client has connected; takes the socket. */
void sw_sessions_welcome(struct sw_sessions *sessions, int fd);
/* A client too many has connected: it is told so (53300). Takes the socket. */
void sw_sessions_turn_away(int fd);
/* Tell all clients goodbye (57P01) and close their connections; the memory follows with the
 * loop. Accepts NULL. */
void sw_sessions_close(struct sw_sessions *sessions);

#endif
