/*
 * pocket - the server connections that a session keeps between its statements, because of what
 * it has left behind on them, or because its pool mode says so.
 *
 * A leg that is about to lease a backend looks here first, and puts it back here when it is
 * released and something was left behind; so that a session has one connection to a shard at
 * the most while it keeps one. Whatever the pocket holds is lent, for its pool, and is closed
 * when the session ends: nobody else meets what was left.
 *
 * A kept connection without a leg is watched: notifications are collected, and its end is told.
 */
#ifndef SW_EXECUTE_POCKET_H
#define SW_EXECUTE_POCKET_H

#include "shardward/base/buf.h"
#include "shardward/pool/pool.h"

struct sw_pocket_events {
    /* A notification has come: `notes` holds it. */
    void (*on_note)(void *owner);
    /* A server was lost, with what was left behind there: `loss` says why. */
    void (*on_lost)(void *owner);
};

struct sw_pocket {
    struct sw_link servers; /* of each shard one */
    bool keeps_all;         /* also where nothing was left behind */
    uint32_t client_pid;    /* what the client takes for its server's process */
    struct sw_buf notes;    /* NotificationResponses for the client, in full */
    struct sw_error *loss;  /* NULL: nothing was lost */
    const struct sw_pocket_events *events;
    void *owner;
};

/* @events is borrowed. */
struct sw_pocket *sw_pocket_create(bool keeps_all, uint32_t client_pid,
                                   const struct sw_pocket_events *events, void *owner);
/* Closes all connections. No leg may know it any more. Accepts NULL. */
void sw_pocket_destroy(struct sw_pocket *pocket);

/* Is a server with @left (bits; what each means is the session's affair) to be kept? */
bool sw_pocket_wants(const struct sw_pocket *pocket, unsigned left);
/* Move the backend of @shard to @lease. False: none is here. */
bool sw_pocket_take(struct sw_pocket *pocket, const struct sw_shard *shard,
                    struct sw_lease *lease, unsigned *left);
/* Take the backend of @lease, which is answered and outside of a transaction. */
void sw_pocket_put(struct sw_pocket *pocket, const struct sw_shard *shard,
                   struct sw_lease *lease, unsigned left);
/* What @bit of `left` stands for is gone from the shards of which @is_gone says so. A server on
 * which nothing else was left is closed, unless all are kept. */
void sw_pocket_sweep(struct sw_pocket *pocket, unsigned bit,
                     bool (*is_gone)(void *owner, const struct sw_shard *shard));
/* Close the connections that are here. */
void sw_pocket_empty(struct sw_pocket *pocket);
/* What was left behind, on a leg perhaps, is gone with its server. */
void sw_pocket_break(struct sw_pocket *pocket, const struct sw_error *why);
/* Keep a NotificationResponse that came from the server of that process. */
void sw_pocket_note(struct sw_pocket *pocket, const uint8_t *bytes, size_t len, int server_pid);
/* `notes` were told, and are forgotten. */
void sw_pocket_told(struct sw_pocket *pocket);

bool sw_pocket_holds(const struct sw_pocket *pocket); /* anything? */
/* What was left behind on all that it holds. */
unsigned sw_pocket_left(const struct sw_pocket *pocket);
/* The socket of each connection that is here. */
void sw_pocket_each_fd(const struct sw_pocket *pocket, void (*on_fd)(void *owner, int fd),
                       void *owner);
/* A new map: @find gives a shard's successor, and its pool; NULL: it has none. What stays in
 * its pool, and is wanted still, goes on; else it is closed, and lost if something was left
 * there. */
void sw_pocket_move(struct sw_pocket *pocket,
                    const struct sw_shard *(*find)(void *owner, const struct sw_shard *shard,
                                                   struct sw_pool **pool));

#endif
