#include "worker.h"

#include "shardward/base/log.h"
#include "shardward/base/mem.h"
#include "shardward/pool/pool.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { MANY_CLIENTS = 500, THIN_AFTER_MS = 1000, SURPLUS_CLIENTS = 64 };

struct sw_worker {
    int number, worker_count;
    struct sw_worker *const *workers; /* all, by their numbers */
    struct sw_loop *loop;
    struct sw_mailbox *mailbox;
    struct sw_map *map;
    struct sw_pools *pools;
    struct sw_sessions *sessions; /* NULL: closed */
    struct sw_board *board;
    struct sw_catalog_reader *catalog;
    struct sw_lookup *lookup;
    struct sw_health *health;
    struct sw_watcher watcher;
    atomic_int clients;
    int most_clients;         /* since memory was given back */
    struct sw_timer *thinner; /* gives memory back when many have left */
    bool is_thinning;
    struct sw_letter drain, stop;
    pthread_t thread;
    bool is_running;
};

/* A client on its way from the control thread. */
struct arrival {
    struct sw_letter letter;
    struct sw_worker *worker;
    int fd;
    bool is_surplus;
};

/* One who is counted. */
static void let_in(struct sw_worker *worker, int fd, bool is_surplus)
{
    int clients = sw_worker_clients(worker);

    if (clients > worker->most_clients)
        worker->most_clients = clients;
    if (worker->sessions != NULL)
        sw_sessions_welcome(worker->sessions, fd, is_surplus);
    else
        sw_socket_close(fd);
}

static void on_arrival(struct sw_letter *letter)
{
    struct arrival *arrival = SW_OWNER(letter, struct arrival, letter);

    let_in(arrival->worker, arrival->fd, arrival->is_surplus);
    free(arrival);
}

static bool have_many_left(const struct sw_worker *worker)
{
    return worker->most_clients >= MANY_CLIENTS &&
           2 * sw_worker_clients(worker) < worker->most_clients;
}

/* The C library keeps what was freed between what is still in use. */
static void on_thin(void *owner)
{
    struct sw_worker *worker = owner;

    worker->is_thinning = false;
    if (!have_many_left(worker))
        return;
    worker->most_clients = sw_worker_clients(worker);
    (void)malloc_trim(0);
}

static void on_left(void *owner)
{
    struct sw_worker *worker = owner;

    atomic_fetch_sub_explicit(&worker->clients, 1, memory_order_relaxed);
    if (worker->is_thinning || !have_many_left(worker))
        return;
    worker->is_thinning = true;
    sw_timer_start(worker->thinner, THIN_AFTER_MS);
}

static void on_drain(struct sw_letter *letter)
{
    sw_sessions_drain(SW_OWNER(letter, struct sw_worker, drain)->sessions);
}

static void on_stop(struct sw_letter *letter)
{
    sw_loop_stop(SW_OWNER(letter, struct sw_worker, stop)->loop);
}

/* A session's wish to have the shards read again. */
struct wish {
    struct sw_catalog_wish wish;
    struct sw_rereading *rereading; /* NULL: the session does not wait any longer */
};

static void on_read(struct sw_catalog_wish *granted, const struct sw_error *err)
{
    struct wish *wish = SW_OWNER(granted, struct wish, wish);
    struct sw_rereading *rereading = wish->rereading;

    (void)err; /* the reader has logged it, and believes what it read before */
    free(wish);
    if (rereading != NULL)
        rereading->on_read(rereading);
}

/* The board's news are in the mailbox before the wish is granted. */
static void read_again(void *owner, struct sw_rereading *rereading)
{
    struct sw_worker *worker = owner;
    struct wish *wish = sw_alloc_zero(1, sizeof *wish);

    wish->wish.mailbox = worker->mailbox;
    wish->wish.on_read = on_read;
    wish->rereading = rereading;
    rereading->ticket = wish;
    sw_catalog_reader_read(worker->catalog, &wish->wish);
}

static void forget_reading(void *owner, struct sw_rereading *rereading)
{
    struct wish *wish = rereading->ticket;

    (void)owner;
    wish->rereading = NULL;
}

/* A user who is looked up. */
static void on_answer(struct sw_letter *letter)
{
    struct sw_lookup_question *question = SW_OWNER(letter, struct sw_lookup_question, letter);
    struct sw_sought *sought = question->asker;
    bool has_failed = question->err.sqlstate[0] != '\0';

    if (sought != NULL)
        sought->on_found(sought, question->secret, has_failed ? &question->err : NULL);
    sw_lookup_question_free(question);
}

static void seek_user(void *owner, struct sw_sought *sought)
{
    struct sw_worker *worker = owner;
    struct sw_lookup_question *question = sw_alloc_zero(1, sizeof *question);

    *question = (struct sw_lookup_question){.letter.on_read = on_answer,
                                            .mailbox = worker->mailbox,
                                            .map = sw_map_ref(sought->map),
                                            .database = sought->database,
                                            .user = sw_strdup(sought->user),
                                            .asker = sought};
    sw_link_init(&question->link);
    sought->ticket = question;
    sw_lookup_ask(worker->lookup, question);
}

static void forget_sought(void *owner, struct sw_sought *sought)
{
    struct sw_lookup_question *question = sought->ticket;

    (void)owner;
    question->asker = NULL;
}

static void doubt_user(void *owner, const struct sw_sought *sought)
{
    const struct sw_worker *worker = owner;

    sw_lookup_forget(worker->lookup, sought->database->name, sought->user);
}

/* A cancel that travels between workers. Once they close nobody is answered any more. */
struct errand {
    struct sw_letter letter;
    struct sw_worker *from, *to;
    int asked; /* workers */
    struct sw_cancel *cancel;
};

static void on_cancelled(struct sw_letter *letter)
{
    struct errand *errand = SW_OWNER(letter, struct errand, letter);

    sw_sessions_cancelled(errand->cancel);
    free(errand);
}

static void on_cancel(struct sw_letter *letter)
{
    struct errand *errand = SW_OWNER(letter, struct errand, letter);

    if (errand->to->sessions == NULL) {
        on_cancelled(letter);
        return;
    }
    errand->asked++;
    if (sw_sessions_cancel(errand->to->sessions, errand->cancel) ||
        errand->asked == errand->from->worker_count) {
        errand->letter.on_read = on_cancelled;
        sw_mailbox_post(errand->from->mailbox, letter);
        return;
    }
    errand->to = errand->to->workers[(errand->to->number + 1) % errand->to->worker_count];
    sw_mailbox_post(errand->to->mailbox, letter);
}

static void carry_cancel(void *owner, struct sw_cancel *cancel)
{
    struct sw_worker *worker = owner;
    uint32_t to = cancel->id % SW_WORKERS_MOST;
    struct errand *errand;

    if (to >= (uint32_t)worker->worker_count)
        to = (uint32_t)worker->number;
    errand = sw_alloc_zero(1, sizeof *errand);
    *errand = (struct errand){.letter.on_read = on_cancel,
                              .from = worker,
                              .to = worker->workers[to],
                              .cancel = cancel};
    sw_mailbox_post(errand->to->mailbox, &errand->letter);
}

/* What the pools have met makes health look at once. */
static void on_hint(void *owner, const char *cluster, const char *node, enum sw_pool_hint hint)
{
    static const char *const seen[] = {
        [SW_POOL_HINT_UNREACHABLE] = "it cannot be connected to",
        [SW_POOL_HINT_LOST] = "a connection was lost",
        [SW_POOL_HINT_ENDING] = "it ends, or starts",
        [SW_POOL_HINT_STANDBY] = "it is no primary",
        [SW_POOL_HINT_RESTARTED] = "it was started anew",
        [SW_POOL_HINT_UNHEARD] = "its host confirms nothing of what it was sent",
    };
    const struct sw_worker *worker = owner;

    sw_health_hint(worker->health, cluster, node, seen[hint]);
}

/* Pools before sessions, which ask them. */
static void use_map(struct sw_worker *worker, struct sw_map *map, struct sw_state *state)
{
    sw_map_unref(worker->map);
    worker->map = sw_map_ref(map);
    sw_pools_use_map(worker->pools, map);
    sw_pools_use_state(worker->pools, state);
    sw_sessions_use_map(worker->sessions, map);
}

static void on_news(void *owner)
{
    struct sw_worker *worker = owner;
    struct sw_map *map = sw_board_map(worker->board);
    struct sw_catalog *catalog = sw_board_catalog(worker->board);
    struct sw_state *state = sw_board_state(worker->board);

    if (worker->sessions != NULL && map != worker->map)
        use_map(worker, map, state);
    else if (worker->sessions != NULL)
        sw_pools_use_state(worker->pools, state);
    sw_map_unref(map);
    if (worker->sessions != NULL)
        sw_sessions_use_state(worker->sessions, state);
    sw_state_unref(state);
    if (worker->sessions != NULL && catalog != NULL)
        sw_sessions_see_catalog(worker->sessions, catalog);
    sw_catalog_unref(catalog);
}

struct sw_worker *sw_worker_create(const struct sw_worker_setup *setup, int number)
{
    struct sw_worker *worker = sw_alloc_zero(1, sizeof *worker);
    struct sw_sessions_setup sessions = {.worker = number,
                                         .verifiers = setup->verifiers,
                                         .census = setup->census,
                                         .on_left = on_left,
                                         .read_again = read_again,
                                         .forget_reading = forget_reading,
                                         .seek_user = seek_user,
                                         .forget_sought = forget_sought,
                                         .doubt_user = doubt_user,
                                         .carry_cancel = carry_cancel,
                                         .owner = worker};
    struct sw_state *state;

    worker->number = number;
    worker->workers = setup->workers;
    worker->worker_count = setup->worker_count;
    worker->drain.on_read = on_drain;
    worker->stop.on_read = on_stop;
    worker->loop = sessions.loop = sw_loop_create();
    worker->mailbox = sw_mailbox_create(worker->loop);
    worker->thinner = sw_timer_create(worker->loop, on_thin, worker);
    worker->map = sessions.map = sw_board_map(setup->board);
    sessions.statement_cache =
        worker->map->config->limits.statement_cache / (size_t)setup->worker_count;
    state = sw_board_state(setup->board);
    worker->pools = sessions.pools =
        sw_pools_create(&(struct sw_pools_setup){.worker = number,
                                                 .loop = worker->loop,
                                                 .mailbox = worker->mailbox,
                                                 .hub = setup->hub,
                                                 .dialler = setup->dialler,
                                                 .canceller = setup->canceller,
                                                 .map = worker->map,
                                                 .state = state,
                                                 .on_hint = on_hint,
                                                 .owner = worker});
    sessions.state = state;
    worker->sessions = sw_sessions_create(&sessions);
    sw_state_unref(sessions.state);
    worker->board = setup->board;
    worker->catalog = setup->catalog;
    worker->lookup = setup->lookup;
    worker->health = setup->health;
    sw_board_watch(worker->board, &worker->watcher, worker->mailbox, on_news, worker);
    on_news(worker);
    return worker;
}

static void *run_thread(void *owner)
{
    struct sw_worker *worker = owner;
    char name[16]; /* as top -H and debuggers show it */

    (void)snprintf(name, sizeof name, "worker %d", worker->number);
    (void)pthread_setname_np(pthread_self(), name);
    sw_loop_run(worker->loop);
    return NULL;
}

bool sw_worker_start(struct sw_worker *worker, struct sw_error *err)
{
    int failed = pthread_create(&worker->thread, NULL, run_thread, worker);

    if (failed != 0)
        return sw_error_set(err, "53000", "cannot start worker %d: %s", worker->number,
                            strerror(failed));
    worker->is_running = true;
    return true;
}

bool sw_worker_admits(const struct sw_config *config, int clients, int fd, bool *is_surplus)
{
    static struct sw_log_limit limit;

    *is_surplus = clients >= config->limits.clients;
    if (clients < config->limits.clients + SURPLUS_CLIENTS)
        return true;
    sw_log_limited(&limit, SW_LOG_WARNING, "client-refused",
                   "clients=%d reason=\"limits.clients is reached\"", clients);
    sw_sessions_turn_away(fd);
    return false;
}

static void count_in(struct sw_worker *worker)
{
    atomic_fetch_add_explicit(&worker->clients, 1, memory_order_relaxed);
}

void sw_worker_welcome(struct sw_worker *worker, int fd, bool is_surplus)
{
    struct arrival *arrival = sw_alloc_zero(1, sizeof *arrival);

    *arrival = (struct arrival){
        .letter.on_read = on_arrival, .worker = worker, .fd = fd, .is_surplus = is_surplus};
    count_in(worker);
    sw_mailbox_post(worker->mailbox, &arrival->letter);
}

static void on_accept(void *owner, int fd)
{
    struct sw_worker *worker = owner;
    bool is_surplus;

    if (!sw_worker_admits(worker->map->config, sw_worker_clients(worker), fd, &is_surplus))
        return;
    count_in(worker);
    let_in(worker, fd, is_surplus);
}

struct sw_listener_host sw_worker_host(struct sw_worker *worker)
{
    return (struct sw_listener_host){worker->loop, worker->mailbox, on_accept, worker};
}

struct sw_admin_worker sw_worker_for_admin(struct sw_worker *worker)
{
    return (struct sw_admin_worker){
        .mailbox = worker->mailbox, .pools = worker->pools, .sessions = worker->sessions};
}

int sw_worker_clients(const struct sw_worker *worker)
{
    return atomic_load_explicit(&worker->clients, memory_order_relaxed);
}

void sw_worker_drain(struct sw_worker *worker)
{
    sw_mailbox_post(worker->mailbox, &worker->drain);
}

void sw_worker_stop(struct sw_worker *worker)
{
    if (worker == NULL || !worker->is_running)
        return;
    sw_mailbox_post(worker->mailbox, &worker->stop);
    (void)pthread_join(worker->thread, NULL);
    worker->is_running = false;
}

void sw_worker_close(struct sw_worker *worker)
{
    if (worker == NULL)
        return;
    sw_board_unwatch(worker->board, &worker->watcher);
    sw_sessions_close(worker->sessions);
    worker->sessions = NULL;
    sw_mailbox_close(worker->mailbox);
}

void sw_worker_free(struct sw_worker *worker)
{
    if (worker == NULL)
        return;
    sw_pools_close(worker->pools);
    sw_timer_close(worker->thinner);
    sw_loop_destroy(worker->loop);
    sw_map_unref(worker->map);
    free(worker);
}
