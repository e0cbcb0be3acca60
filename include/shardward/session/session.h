/*
 * session - our side of the clients: greeting, login, their statements' names and settings, and
 * whose turn it is. One loop, one thread.
 */
#ifndef SW_SESSION_SESSION_H
#define SW_SESSION_SESSION_H

#include "shardward/io/loop.h"
#include "shardward/pool/pool.h"
#include "shardward/topology/map.h"

struct sw_sessions;

/* @pools and @map (shared) outlive the sessions. Reads the users' verifiers, or makes them of
 * passwords: some milliseconds each. */
struct sw_sessions *sw_sessions_create(struct sw_loop *loop, struct sw_map *map,
                                       struct sw_pools *pools, struct sw_error *err);
/* A client has connected; takes the socket. Beyond limits.clients it is told 53300. */
void sw_sessions_welcome(struct sw_sessions *sessions, int fd);
/* Tell all clients goodbye (57P01) and close their connections; the memory follows with the
 * loop. Accepts NULL. */
void sw_sessions_close(struct sw_sessions *sessions);

#endif
