#include "control.h"

#include "notify.h"

#include "shardward/app/spread.h"
#include "shardward/base/log.h"
#include "shardward/base/mem.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    DRAIN_TICK_MS = 20, /* how often a draining process looks whether its clients have gone */
    DEFAULT_PATIENCE_MS = 5000, /* with nodes at the start, where the configuration has none */
};

/* libpq takes what it is not told from PG* variables; the configuration alone shall count. */
static void forget_pg_variables(void)
{
    char name[64];
    char **at = environ;

    while (*at != NULL) {
        size_t len = strcspn(*at, "=");

        if (strncmp(*at, "PG", 2) != 0 || len >= sizeof name) {
            at++;
            continue;
        }
        memcpy(name, *at, len);
        name[len] = '\0';
        (void)unsetenv(name);
        at = environ;
    }
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int count_clients(const struct sw_control *control, int *counts)
{
    int all = 0;

    for (int i = 0; i < control->worker_count; i++)
        all += counts[i] = sw_worker_clients(control->workers[i]);
    return all;
}

/* --- the end --- */

static void on_stop(void *owner)
{
    struct sw_control *control = owner;

    sw_log(SW_LOG_INFO, "stopping", "pid=%d", (int)getpid());
    sw_notify("STOPPING=1\nSTATUS=stopping");
    sw_loop_stop(control->loop);
}

static void on_drain_tick(void *owner)
{
    struct sw_control *control = owner;
    int counts[SW_WORKERS_MOST];
    int left = count_clients(control, counts);

    if (left > 0 && sw_loop_now_ms(control->loop) < control->drained_by_ms) {
        sw_timer_start(control->drain, DRAIN_TICK_MS);
        return;
    }
    if (left > 0)
        sw_log(SW_LOG_WARNING, "drain-cut", "clients=%d reason=\"timeouts.drain is over\"",
               left);
    on_stop(control);
}

/* No new clients; those that are here end when they are outside of a transaction. */
static void on_term(void *owner)
{
    struct sw_control *control = owner;
    int drain_ms = control->map->config->timeouts.drain_ms;

    if (control->is_draining || drain_ms == 0) {
        on_stop(control);
        return;
    }
    control->is_draining = true;
    control->drained_by_ms = sw_loop_now_ms(control->loop) + (uint64_t)drain_ms;
    sw_log(SW_LOG_INFO, "draining", "pid=%d limit_ms=%d", (int)getpid(), drain_ms);
    sw_notify("STOPPING=1\nSTATUS=waiting for open transactions");
    sw_doors_close_to_clients(&control->doors);
    for (int i = 0; i < control->worker_count; i++)
        sw_worker_drain(control->workers[i]);
    on_drain_tick(control);
}

static void on_hup(void *owner)
{
    sw_control_reload(owner, NULL);
}

/* --- clients --- */

static void on_accept(void *owner, int fd)
{
    struct sw_control *control = owner;
    int counts[SW_WORKERS_MOST];
    int all = count_clients(control, counts);
    bool is_surplus;

    if (!sw_worker_admits(control->map->config, all, fd, &is_surplus))
        return;
    control->last_chosen =
        sw_spread_choose(counts, control->worker_count, control->last_chosen);
    sw_worker_welcome(control->workers[control->last_chosen], fd, is_surplus);
}

struct sw_listener_host sw_control_host(struct sw_control *control)
{
    if (control->worker_count == 1)
        return sw_worker_host(control->workers[0]);
    return (struct sw_listener_host){
        .loop = control->loop, .on_accept = on_accept, .owner = control};
}

static bool open_doors(struct sw_control *control, struct sw_error *err)
{
    struct sw_doors doors;

    if (!sw_doors_open(&doors, control, NULL, control->map->config, err))
        return false;
    sw_doors_replace(&control->doors, &doors, control->map->config);
    return true;
}

static int count_workers(const struct sw_config *config)
{
    long cores = config->workers > 0 ? config->workers : sysconf(_SC_NPROCESSORS_ONLN);

    return cores < 1 ? 1 : cores > SW_WORKERS_MOST ? SW_WORKERS_MOST : (int)cores;
}

static bool start_lookup(struct sw_control *control, struct sw_error *err)
{
    control->lookup = sw_lookup_create(control->board, err);
    return control->lookup != NULL;
}

static bool start_workers(struct sw_control *control, struct sw_error *err)
{
    struct sw_worker_setup setup = {.board = control->board,
                                    .catalog = control->catalog,
                                    .dialler = control->dialler,
                                    .canceller = control->canceller,
                                    .workers = control->workers,
                                    .verifiers = control->verifiers,
                                    .census = control->census,
                                    .lookup = control->lookup,
                                    .health = control->health};

    setup.worker_count = control->worker_count;
    setup.hub = control->hub;
    control->last_chosen = control->worker_count - 1;
    for (int i = 0; i < control->worker_count; i++)
        control->workers[i] = sw_worker_create(&setup, i);
    for (int i = 0; i < control->worker_count; i++)
        if (!sw_worker_start(control->workers[i], err))
            return false;
    return true;
}

static int count_lent(void *owner, const char *cluster, int version)
{
    return sw_hub_lent(owner, cluster, version);
}

/* It is known who is primary, if that can be found out in time, before anybody needs one. */
static bool start_failover(struct sw_control *control, struct sw_error *err)
{
    int patience_ms = control->map->config->timeouts.connect_ms;

    control->worker_count = count_workers(control->map->config);
    control->hub = sw_hub_create(control->worker_count);

    control->health = sw_health_create(control->board, err);
    if (control->health == NULL)
        return false;
    control->failover = sw_failover_create(control->board, control->health,
                                           (struct sw_lent){count_lent, control->hub}, err);
    if (control->failover == NULL)
        return false;
    sw_failover_wait(control->failover, patience_ms == 0 ? DEFAULT_PATIENCE_MS : patience_ms);
    return true;
}

/* The first catalog is there, or what answers in time, before anybody may ask. */
static bool start_catalog(struct sw_control *control, struct sw_error *err)
{
    control->catalog = sw_catalog_reader_create(control->board, err);
    if (control->catalog == NULL || !sw_catalog_reader_wait(control->catalog, err))
        return false;
    sw_switches_start(&control->switches, control->board, control->mailbox, control->catalog);
    return true;
}

static void on_shutdown(void *owner, bool waits)
{
    if (waits)
        on_term(owner);
    else
        on_stop(owner);
}

/* A console that has asked for a reload. */
struct console_reload {
    struct sw_reload_asker asker;
    struct sw_control *control;
    uint32_t console;
};

static void on_console_reloaded(void *owner, const struct sw_error *err, const char *report)
{
    struct console_reload *reload = owner;

    sw_admin_reloaded(reload->control->admin, reload->console, err, report);
    free(reload);
}

static void on_console_reload(void *owner, uint32_t console)
{
    struct console_reload *reload = sw_alloc_zero(1, sizeof *reload);

    reload->control = owner;
    reload->console = console;
    reload->asker.on_done = on_console_reloaded;
    reload->asker.owner = reload;
    sw_control_reload(owner, &reload->asker);
}

static void tell_http(void *owner, struct sw_http_facts *facts)
{
    const struct sw_control *control = owner;

    *facts = (struct sw_http_facts){.is_draining = control->is_draining,
                                    .reloads = control->reload.used,
                                    .refused_reloads = control->reload.refused,
                                    .is_last_refused = control->reload.is_last_refused};
}

static void open_http(struct sw_control *control)
{
    control->http =
        sw_http_create(&(struct sw_http_setup){.loop = control->loop,
                                               .board = control->board,
                                               .workers = control->for_admin,
                                               .worker_count = control->worker_count,
                                               .tell = tell_http,
                                               .owner = control});
}

static bool open_admin(struct sw_control *control, struct sw_error *err)
{
    const struct sw_admin_setup setup = {.loop = control->loop,
                                         .map = control->map,
                                         .board = control->board,
                                         .catalog = control->catalog,
                                         .failover = control->failover,
                                         .workers = control->for_admin,
                                         .worker_count = control->worker_count,
                                         .on_shutdown = on_shutdown,
                                         .on_reload = on_console_reload,
                                         .owner = control};

    for (int i = 0; i < control->worker_count; i++)
        control->for_admin[i] = sw_worker_for_admin(control->workers[i]);
    open_http(control);
    control->admin = sw_admin_create(&setup, err);
    return control->admin != NULL;
}

static void open_control(struct sw_control *control)
{
    control->loop = sw_loop_create();
    control->mailbox = sw_mailbox_create(control->loop);
    sw_reload_init(&control->reload);
    control->board = sw_board_create(control->map);
    control->dialler = sw_dialler_create();
    control->canceller = sw_canceller_create();
    control->verifiers = sw_verifiers_create();
    control->census = sw_census_create();
    control->on_term = sw_signal_create(control->loop, SIGTERM, on_term, control);
    control->on_int = sw_signal_create(control->loop, SIGINT, on_stop, control);
    control->on_hup = sw_signal_create(control->loop, SIGHUP, on_hup, control);
    control->drain = sw_timer_create(control->loop, on_drain_tick, control);
}

/* Threads end first; what they were about is then put away by this one alone. */
static void close_control(struct sw_control *control)
{
    sw_doors_close(&control->doors);
    sw_admin_close(control->admin);
    sw_http_close(control->http);
    sw_signal_close(control->on_term);
    sw_signal_close(control->on_int);
    sw_signal_close(control->on_hup);
    sw_timer_close(control->drain);
    control->is_draining = true; /* a reload under way is refused */
    sw_failover_close(control->failover);
    sw_switches_stop(&control->switches);
    sw_catalog_reader_close(control->catalog);
    sw_mailbox_close(control->mailbox);
    for (int i = 0; i < control->worker_count; i++)
        sw_worker_stop(control->workers[i]);
    if (control->hub != NULL)
        sw_hub_stop(control->hub);
    sw_dialler_close(control->dialler);
    sw_lookup_close(control->lookup);
    sw_canceller_close(control->canceller);
    for (int i = 0; i < control->worker_count; i++)
        sw_worker_close(control->workers[i]);
    sw_admin_free(control->admin);
    sw_http_free(control->http);
    for (int i = 0; i < control->worker_count; i++)
        sw_worker_free(control->workers[i]);
    sw_health_close(control->health); /* workers tell it what they see */
    sw_hub_free(control->hub);
    sw_verifiers_free(control->verifiers);
    sw_census_free(control->census);
    sw_board_free(control->board);
    sw_loop_destroy(control->loop);
    sw_map_unref(control->map);
}

int sw_app_run(const char *path)
{
    struct sw_control control = {.path = path, .map = sw_app_read_map(path)};
    struct sw_error err;
    bool is_open;

    if (control.map == NULL)
        return 1;
    sw_log_configure(control.map->config->log.level, control.map->config->log.format);
    forget_pg_variables();
    raise_descriptor_limit();
    (void)signal(SIGPIPE, SIG_IGN);
    open_control(&control);
    is_open = sw_verifiers_prepare(control.verifiers, control.map, &err) &&
              start_failover(&control, &err) && start_catalog(&control, &err) &&
              start_lookup(&control, &err) && start_workers(&control, &err) &&
              open_admin(&control, &err) && open_doors(&control, &err);
    if (is_open) {
        sw_log(SW_LOG_INFO, "ready", "version=%s listen=%s:%d workers=%d pid=%d", SW_VERSION,
               control.map->config->listen_address, control.map->config->listen_port,
               control.worker_count, (int)getpid());
        sw_notify("READY=1\nSTATUS=serving");
        sw_loop_run(control.loop);
    } else {
        (void)fprintf(stderr, "shardward: %s\n", err.message);
    }
    close_control(&control);
    return is_open ? 0 : 1;
}
