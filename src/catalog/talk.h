/*
 * talk - one conversation with a node as the control user: blocking, but never for ever.
 *
 * Every wait ends at a deadline, also when the server freezes. Nothing comes from the
 * environment.
 */
#ifndef SW_CATALOG_TALK_H
#define SW_CATALOG_TALK_H

#include "shardward/backend/waiting.h"
#include "shardward/topology/map.h"

#include <libpq-fe.h>
#include <stdatomic.h>

struct sw_talk {
    PGconn *conn;
    /* Whom to talk to, of the shard's cluster; NULL: whoever takes writes, which is asked of
     * all its nodes. */
    const struct sw_node *node;
    struct sw_waiting waiting;
};

/* Connect to talk->node, for all that is to be said within @timeout_ms. False: 08006, 25006 (no
 * node takes writes), or what the server answered. Close it in either case. */
bool sw_talk_open(struct sw_talk *talk, const struct sw_shard *shard, int timeout_ms,
                  struct sw_error *err);
/* The same as somebody else than the control user. */
struct sw_talk_as {
    const char *user, *password; /* password NULL: none */
    const char *application;
};
bool sw_talk_open_as(struct sw_talk *talk, const struct sw_shard *shard,
                     const struct sw_talk_as *as, int timeout_ms, struct sw_error *err);
/* Go on talking for @timeout_ms from now. */
void sw_talk_renew(struct sw_talk *talk, int timeout_ms);
void sw_talk_close(struct sw_talk *talk);

/* Run @sql, which may hold several statements; @on_result is called for each that returns rows
 * (the result is borrowed), and may be NULL. False: the first error, with its SQLSTATE. */
bool sw_talk_run(struct sw_talk *talk, const char *sql,
                 void (*on_result)(void *owner, const PGresult *result), void *owner,
                 struct sw_error *err);

/* The same with one statement and its parameter $1. */
bool sw_talk_ask(struct sw_talk *talk, const char *sql, const char *parameter,
                 void (*on_result)(void *owner, const PGresult *result), void *owner,
                 struct sw_error *err);

#endif
