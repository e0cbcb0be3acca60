#include "shardward/backend/canceller.h"

#include "errands.h"
#include "internal.h"

#include "shardward/base/log.h"
#include "shardward/base/mem.h"

#include <pthread.h>

struct sw_canceller {
    struct sw_errands *errands;
};

/* A cancel on its way. The server closes the connection when it has signalled the process, so
 * that a cancel whose end we have seen strikes nothing later: PostgreSQL forgets one that finds
 * its process idle. */
struct sw_cancelling {
    struct sw_errand errand;
    struct sw_letter letter;
    struct sw_mailbox *mailbox;
    PGcancel *cancel;
    bool is_taken;              /* by the server */
    struct sw_backend *backend; /* NULL: it does not wait for the end */
    struct sw_timer *patience;
};

static struct sw_cancelling *cancelling_of(struct sw_errand *errand)
{
    return SW_OWNER(errand, struct sw_cancelling, errand);
}

/* --- on a thread --- */

static void post_end(void *errand)
{
    struct sw_cancelling *cancelling = cancelling_of(errand);

    sw_mailbox_post(cancelling->mailbox, &cancelling->letter);
}

/* PQcancel() waits for the server without a limit; the thread's cancellation alone ends it. */
static void work(struct sw_errand *errand, int closing_fd)
{
    struct sw_cancelling *cancelling = cancelling_of(errand);
    char reason[256];

    (void)closing_fd;
    pthread_cleanup_push(post_end, errand);
    (void)pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    cancelling->is_taken = PQcancel(cancelling->cancel, reason, sizeof reason) == 1;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_cleanup_pop(1);
}

static void drop(struct sw_errand *errand)
{
    post_end(errand);
}

struct sw_canceller *sw_canceller_create(void)
{
    struct sw_canceller *canceller = sw_alloc_zero(1, sizeof *canceller);

    canceller->errands = sw_errands_create(SW_CANCELS_PER_NODE);
    return canceller;
}

void sw_canceller_close(struct sw_canceller *canceller)
{
    if (canceller == NULL)
        return;
    sw_errands_close(canceller->errands);
    free(canceller);
}

/* --- on the backend's loop --- */

void sw_backend_stop_waiting(struct sw_backend *backend)
{
    struct sw_cancelling *cancelling = backend->cancelling;

    if (cancelling == NULL)
        return;
    sw_timer_close(cancelling->patience);
    cancelling->backend = NULL;
    backend->cancelling = NULL;
}

static void go_on(struct sw_backend *backend)
{
    sw_backend_stop_waiting(backend);
    if (backend->events != NULL)
        backend->events->on_pause(backend->user);
}

static void on_impatient(void *owner)
{
    static struct sw_log_limit limit;
    struct sw_cancelling *cancelling = owner;

    sw_log_limited(&limit, SW_LOG_WARNING, "cancel-overdue", "address=%s port=%s",
                   PQhost(cancelling->backend->dialled->conn),
                   PQport(cancelling->backend->dialled->conn));
    cancelling->backend->may_be_struck = true;
    go_on(cancelling->backend);
}

static void on_end(struct sw_letter *letter)
{
    static struct sw_log_limit limit;
    struct sw_cancelling *cancelling = SW_OWNER(letter, struct sw_cancelling, letter);
    struct sw_backend *backend = cancelling->backend;

    if (!cancelling->is_taken)
        sw_log_limited(&limit, SW_LOG_WARNING, "cancel-failed",
                       "reason=\"the server did not take it\"");
    PQfreeCancel(cancelling->cancel);
    if (backend != NULL)
        go_on(backend);
    free(cancelling);
}

void sw_backend_cancel(struct sw_backend *backend, struct sw_canceller *canceller,
                       struct sw_loop *loop, struct sw_mailbox *mailbox)
{
    PGconn *conn = backend->dialled->conn;
    struct sw_cancelling *cancelling;

    if (backend->cancelling != NULL)
        return;
    cancelling = backend->cancelling = sw_alloc_zero(1, sizeof *cancelling);
    cancelling->errand.work = work;
    cancelling->errand.drop = drop;
    cancelling->letter.on_read = on_end;
    cancelling->mailbox = mailbox;
    cancelling->cancel = PQgetCancel(conn);
    cancelling->backend = backend;
    cancelling->patience = sw_timer_create(loop, on_impatient, cancelling);
    sw_timer_start(cancelling->patience, SW_CANCEL_MS);
    sw_errands_add(canceller->errands, PQhost(conn), (int)strtol(PQport(conn), NULL, 10),
                   &cancelling->errand);
}
