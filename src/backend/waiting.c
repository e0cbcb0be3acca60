#include "shardward/backend/waiting.h"

#include "shardward/base/clock.h"

#include <libpq-fe.h>
#include <limits.h>
#include <poll.h>

/* How long a flag goes unnoticed, and that a name is known from before. */
enum { STEP_MS = 50 };

static bool is_stopped(const struct sw_waiting *waiting)
{
    return waiting->is_stopping != NULL && atomic_load(waiting->is_stopping);
}

int sw_waiting_left_ms(const struct sw_waiting *waiting)
{
    uint64_t now = sw_clock_ms();

    if (is_stopped(waiting))
        return 0;
    if (waiting->deadline_ms == 0)
        return INT_MAX;
    return now >= waiting->deadline_ms ? 0 : (int)(waiting->deadline_ms - now);
}

static bool set_stopped(struct sw_error *err)
{
    return sw_error_set(err, "57P01", "shardward is shutting down");
}

/* For one step at most. False: @err. */
static bool wait_a_step(const struct sw_waiting *waiting, int fd, short events, bool *is_ready,
                        struct sw_error *err)
{
    struct pollfd fds[2] = {
        {.fd = fd, .events = events},
        {.fd = waiting->stop_fd == NULL ? -1 : *waiting->stop_fd, .events = POLLIN}};
    int left_ms = sw_waiting_left_ms(waiting);

    if (is_stopped(waiting))
        return set_stopped(err);
    if (left_ms == 0)
        return sw_error_set(err, "08006", "the server has not answered in time");
    (void)poll(fds, 2, left_ms < STEP_MS ? left_ms : STEP_MS);
    if (fds[1].revents != 0)
        return set_stopped(err);
    *is_ready = fds[0].revents != 0;
    return true;
}

PGconn *sw_waiting_open(const struct sw_waiting *waiting, const struct sw_opening_to *to,
                        struct sw_error *err)
{
    struct sw_opening opening;
    enum sw_opening_news news = sw_opening_begin(&opening, to, err);
    PGconn *conn = NULL;
    bool is_ready = false;

    while (news == SW_OPENING_GOES_ON &&
           wait_a_step(waiting, sw_opening_fd(&opening), opening.wants, &is_ready, err))
        if (is_ready || opening.resolve != NULL)
            news = sw_opening_move(&opening, err);
    if (news == SW_OPENING_DONE)
        conn = sw_opening_take(&opening);
    sw_opening_end(&opening);
    return conn;
}

/* The next one; NULL: there are no more. */
static bool next_result(const struct sw_waiting *waiting, PGconn *conn, PGresult **result,
                        struct sw_error *err)
{
    bool is_ready = false;

    while (PQisBusy(conn)) {
        if (!wait_a_step(waiting, PQsocket(conn), POLLIN, &is_ready, err))
            return false;
        if (is_ready && PQconsumeInput(conn) == 0)
            return sw_error_set(err, "08006", "the connection is lost");
    }
    *result = PQgetResult(conn);
    return true;
}

static bool set_result_error(const PGresult *result, struct sw_error *err)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    return sw_error_set(err, state == NULL ? "08006" : state, "%s",
                        message == NULL ? "the connection is lost" : message);
}

PGresult *sw_waiting_results(const struct sw_waiting *waiting, PGconn *conn,
                             void (*on_result)(void *owner, const PGresult *result),
                             void *owner, struct sw_error *err)
{
    PGresult *last = NULL, *result = NULL;
    bool is_good = true, has_more = true;

    while (has_more) {
        if (!next_result(waiting, conn, &result, err)) {
            PQclear(last);
            return NULL;
        }
        has_more = result != NULL;
        if (PQresultStatus(result) == PGRES_TUPLES_OK && on_result != NULL)
            on_result(owner, result);
        else if (has_more && PQresultStatus(result) == PGRES_FATAL_ERROR && is_good)
            is_good = set_result_error(result, err);
        if (has_more) {
            PQclear(last);
            last = result;
        }
    }
    if (is_good)
        return last;
    PQclear(last);
    return NULL;
}
