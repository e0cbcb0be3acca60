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

bool sw_waiting_result(const struct sw_waiting *waiting, PGconn *conn, PGresult **result,
                       struct sw_error *err)
{
    bool is_ready = false;

    while (PQisBusy(conn)) {
        if (!wait_a_step(waiting, PQsocket(conn), POLLIN, &is_ready, err))
            return false;
        if (is_ready && PQconsumeInput(conn) == 0)
            break; /* the result tells why */
    }
    *result = PQgetResult(conn);
    return true;
}
