/*
 * opening - a connection of libpq's on its way: first its host's name is looked up, then libpq
 * connects. Nothing here waits, and nothing comes from the environment.
 *
 *   sw_opening_begin() --> GOES_ON --(its descriptor is ready)--> sw_opening_move() --> DONE
 *                             ^                                        |  |
 *                             +----------------------------------------+  +--> FAILED
 */
#ifndef SW_BACKEND_OPENING_H
#define SW_BACKEND_OPENING_H

#include "shardward/base/error.h"
#include "shardward/io/tls.h"

struct pg_conn;
struct sw_resolve;

/* Where it leads, and as whom. Borrowed until the opening is over. */
struct sw_opening_to {
    const char *address; /* numeric, a name, or the directory of a socket */
    const char *dbname, *user;
    const char *password; /* may be NULL */
    const char *application, *options;
    const char *encoding; /* NULL: UTF8; "": the server's own */
    const struct sw_tls_client *tls;
    int port;
    bool is_replication;
    bool is_brief; /* so little is sent that a host which confirms nothing for 3 s is gone */
};

enum sw_opening_news { SW_OPENING_GOES_ON, SW_OPENING_DONE, SW_OPENING_FAILED };

struct sw_opening {
    struct sw_opening_to to;
    struct sw_resolve *resolve; /* NULL: that is over */
    struct pg_conn *conn;       /* NULL: not yet */
    short wants;                /* of poll(2) */
};

/* FAILED, here and below: @err has the server's SQLSTATE and words, or 08006 and libpq's. */
enum sw_opening_news sw_opening_begin(struct sw_opening *opening,
                                      const struct sw_opening_to *to, struct sw_error *err);
int sw_opening_fd(const struct sw_opening *opening);
/* The descriptor is ready for what it wants. While a name is being looked up, call it every
 * now and then besides: what was known before may be good enough. */
enum sw_opening_news sw_opening_move(struct sw_opening *opening, struct sw_error *err);
/* DONE: the connection is the caller's, who finishes it. */
struct pg_conn *sw_opening_take(struct sw_opening *opening);
/* Gives up what has not been taken. It may be all zero. */
void sw_opening_end(struct sw_opening *opening);

/* What libpq says of a failure, in its verbose form: the server's SQLSTATE and words, or 08006
 * and what libpq says itself, of which the first line is kept. */
void sw_opening_read_error(const char *said, struct sw_error *err);

#endif
