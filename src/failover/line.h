/*
 * line - one conversation with a node, as the control user in the control database: blocking,
 * but never for ever. Nothing comes from the environment.
 *
 * Every mutating word to a node is said on the line that holds the node's lock: a coordinator
 * that slept meanwhile finds his line dead, because whoever came after him has ended it.
 */
#ifndef SW_FAILOVER_LINE_H
#define SW_FAILOVER_LINE_H

#include "shardward/backend/waiting.h"
#include "shardward/topology/map.h"

#include <libpq-fe.h>
#include <stdatomic.h>

struct sw_line {
    PGconn *conn; /* NULL: closed */
    const struct sw_cluster *cluster;
    const struct sw_node *node;
    struct sw_waiting waiting;
};

/* Connect, for all that is to be said within @timeout_ms. False: 08006, or what the server
 * answered, and the line is closed. */
bool sw_line_open(struct sw_line *line, const struct sw_cluster *cluster,
                  const struct sw_node *node, int timeout_ms, const atomic_bool *is_stopping,
                  struct sw_error *err);
/* Go on for @timeout_ms from now. */
void sw_line_renew(struct sw_line *line, int timeout_ms);
void sw_line_close(struct sw_line *line);
/* How long is left; 0: the deadline has come. */
int sw_line_left_ms(const struct sw_line *line);
/* Rest before asking again; false: the deadline has come. */
bool sw_line_rest(const struct sw_line *line, int ms, struct sw_error *err);

/* The rows of the last of the statements in @sql, to be PQclear()ed. NULL: @err, also 57014
 * when it was done, and is not confirmed by the standbys for whom it had to wait. */
PGresult *sw_line_ask(struct sw_line *line, const char *sql, struct sw_error *err);
/* The same made as by printf, without rows. */
bool sw_line_say(struct sw_line *line, struct sw_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* One row of one column that says true? False also with @err. */
bool sw_line_is_true(struct sw_line *line, const char *sql, struct sw_error *err);
/* The same, asked again until it is; false: @err, at the latest at the deadline. */
bool sw_line_await(struct sw_line *line, const char *sql, const char *what,
                   struct sw_error *err);

/* Take the node's lock, and end whoever else holds it. */
bool sw_line_lock(struct sw_line *line, struct sw_error *err);

#endif
