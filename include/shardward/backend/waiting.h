/*
 * waiting - what threads that may wait do with libpq: to connect, and to read results, but
 * never for ever.
 */
#ifndef SW_BACKEND_WAITING_H
#define SW_BACKEND_WAITING_H

#include "shardward/backend/opening.h"

#include <stdatomic.h>

struct pg_result;

/* When to give up; all zero: never. */
struct sw_waiting {
    uint64_t deadline_ms;           /* monotonic; 0: never */
    const atomic_bool *is_stopping; /* at once when it is true; or NULL */
    const int *stop_fd;             /* the same when it is readable; or NULL */
};

/* How long is left; 0: the deadline has come, or somebody stops us. INT_MAX without deadline.
 */
int sw_waiting_left_ms(const struct sw_waiting *waiting);

/* NULL: what an opening fails with (see opening.h), 08006 at the deadline, or 57P01 when we are
 * stopped. */
struct pg_conn *sw_waiting_open(const struct sw_waiting *waiting,
                                const struct sw_opening_to *to, struct sw_error *err);
/* Read all results of what was asked; @on_result, which may be NULL, is called for each that
 * has rows, and borrows it. The last one, to be PQclear()ed. NULL: the first error of the
 * server's, 08006 if the connection is lost or at the deadline, or 57P01. */
struct pg_result *sw_waiting_results(const struct sw_waiting *waiting, struct pg_conn *conn,
                                     void (*on_result)(void *owner,
                                                       const struct pg_result *result),
                                     void *owner, struct sw_error *err);

#endif
