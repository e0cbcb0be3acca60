#include "app.h"

#include "shardward/base/log.h"
#include "shardward/io/listener.h"
#include "shardward/pool/pool.h"
#include "shardward/session/session.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct proxy {
    struct sw_loop *loop;
    struct sw_map *map;
    struct sw_pools *pools;
    struct sw_sessions *sessions;
    struct sw_listener *listener;
    struct sw_signal *on_term, *on_int;
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

static void on_stop(void *owner)
{
    struct proxy *proxy = owner;

    sw_log(SW_LOG_INFO, "stopping", "pid=%d", (int)getpid());
    sw_loop_stop(proxy->loop);
}

static void on_accept(void *owner, int fd)
{
    struct proxy *proxy = owner;

    sw_sessions_welcome(proxy->sessions, fd);
}

static bool open_proxy(struct proxy *proxy, struct sw_error *err)
{
    const struct sw_config *config = proxy->map->config;

    proxy->sessions = sw_sessions_create(proxy->loop, proxy->map, proxy->pools, err);
    if (proxy->sessions == NULL)
        return false;
    proxy->listener = sw_listener_open(proxy->loop, config->listen_address, config->listen_port,
                                       on_accept, proxy, err);
    return proxy->listener != NULL;
}

int sw_app_run(const char *path)
{
    struct proxy proxy = {.map = sw_app_read_map(path)};
    struct sw_error err;
    bool is_open;

    if (proxy.map == NULL)
        return 1;
    sw_log_configure(proxy.map->config->log.level, proxy.map->config->log.format);
    forget_pg_variables();
    raise_descriptor_limit();
    (void)signal(SIGPIPE, SIG_IGN);
    proxy.loop = sw_loop_create();
    proxy.pools = sw_pools_create(proxy.loop, proxy.map);
    proxy.on_term = sw_signal_create(proxy.loop, SIGTERM, on_stop, &proxy);
    proxy.on_int = sw_signal_create(proxy.loop, SIGINT, on_stop, &proxy);
    is_open = open_proxy(&proxy, &err);
    if (is_open) {
        sw_log(SW_LOG_INFO, "ready", "version=%s listen=%s:%d pid=%d", SW_VERSION,
               proxy.map->config->listen_address, proxy.map->config->listen_port,
               (int)getpid());
        sw_loop_run(proxy.loop);
    } else {
        (void)fprintf(stderr, "shardward: %s\n", err.message);
    }
    sw_listener_close(proxy.listener);
    sw_signal_close(proxy.on_term);
    sw_signal_close(proxy.on_int);
    sw_sessions_close(proxy.sessions);
    sw_pools_close(proxy.pools);
    sw_loop_destroy(proxy.loop);
    sw_map_unref(proxy.map);
    return is_open ? 0 : 1;
}
