/*
 * worker - one thread with a loop of its own: clients' sessions and their server connections.
 *
 * All functions but sw_worker_clients() are the control thread's; what they ask for reaches the
 * worker as letters.
 */
#ifndef SW_APP_WORKER_H
#define SW_APP_WORKER_H

#include "shardward/admin/admin.h"
#include "shardward/backend/dialler.h"
#include "shardward/board/board.h"
#include "shardward/catalog/lookup.h"
#include "shardward/catalog/reader.h"
#include "shardward/health/health.h"
#include "shardward/io/listener.h"
#include "shardward/session/session.h"

struct sw_worker;

/* What the workers share; outlives them. */
struct sw_worker_setup {
    struct sw_board *board;
    struct sw_catalog_reader *catalog;
    struct sw_lookup *lookup;
    struct sw_health *health;
    struct sw_hub *hub;
    struct sw_dialler *dialler;
    struct sw_canceller *canceller;
    struct sw_worker *const *workers; /* all of them, when the first one is started */
    struct sw_verifiers *verifiers;
    struct sw_census *census;
    int worker_count;
};

struct sw_worker *sw_worker_create(const struct sw_worker_setup *setup, int number);
bool sw_worker_start(struct sw_worker *worker, struct sw_error *err);
/* May one more come in beside @clients of all workers? False: he was turned away. @is_surplus:
 * beyond limits.clients a few may still say what they want, since it could be a CancelRequest.
 */
bool sw_worker_admits(const struct sw_config *config, int clients, int fd, bool *is_surplus);
/* Hand over a client's socket; see sw_sessions_welcome(). */
void sw_worker_welcome(struct sw_worker *worker, int fd, bool is_surplus);
/* Of the only worker: it takes in the clients of a listener itself. */
struct sw_listener_host sw_worker_host(struct sw_worker *worker);
/* What the console reaches of it, while it lives. */
struct sw_admin_worker sw_worker_for_admin(struct sw_worker *worker);
/* Clients that were handed over and have not left. From any thread. */
int sw_worker_clients(const struct sw_worker *worker);
/* Let every client go who is outside of a transaction, now or later. Once; nobody may be
 * welcomed any more. */
void sw_worker_drain(struct sw_worker *worker);
/* Wait until the thread has ended. */
void sw_worker_stop(struct sw_worker *worker);
/* The end, in two steps, of a worker that has stopped: nobody may hand it anything, and no dial
 * may be under way. What is left in its mailbox may still be meant for the others, so that all
 * take the first step before any takes the second. Both accept NULL. */
void sw_worker_close(struct sw_worker *worker);
void sw_worker_free(struct sw_worker *worker);

#endif
