#include "shardward/io/listener.h"

#include "shardward/base/log.h"
#include "shardward/base/mem.h"

#include "internal.h"
#include "local.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096, ACCEPTS_PER_TURN = 64, REST_MS = 100, DREGS = 64 };

struct sw_listener {
    struct sw_listener_host host;
    int fd;
    char *path; /* of a Unix-domain socket, and what it is in the file system; or NULL */
    struct stat identity;
    atomic_bool is_closed;
    struct sw_letter start, close;
    /* Of the loop's thread, from the start on. */
    uv_poll_t poll;
    struct sw_timer *rest;
    bool is_started;
};

static void on_knock(uv_poll_t *poll, int status, int events);

static void on_rested(void *owner)
{
    struct sw_listener *listener = owner;

    (void)uv_poll_start(&listener->poll, UV_READABLE, on_knock);
}

static void rest(struct sw_listener *listener, int reason)
{
    static struct sw_log_limit limit;

    sw_log_limited(&limit, SW_LOG_WARNING, "accept-failed", "reason=\"%s\"", strerror(reason));
    (void)uv_poll_stop(&listener->poll);
    sw_timer_start(listener->rest, REST_MS);
}

static bool is_closed(const struct sw_listener *listener)
{
    return atomic_load_explicit(&listener->is_closed, memory_order_acquire);
}

/* Letters that were posted before the client knocked are read before it is welcomed. */
static void welcome(struct sw_listener *listener, int fd)
{
    if (listener->host.mailbox != NULL)
        sw_mailbox_read(listener->host.mailbox);
    if (is_closed(listener))
        sw_socket_close(fd);
    else
        listener->host.on_accept(listener->host.owner, fd);
}

static void on_knock(uv_poll_t *poll, int status, int events)
{
    struct sw_listener *listener = poll->data;

    (void)status;
    (void)events;
    for (int i = 0; i < ACCEPTS_PER_TURN && !is_closed(listener); i++) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            welcome(listener, fd);
            continue;
        }
        if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR && !is_closed(listener))
            rest(listener, errno);
        return;
    }
}

/* Of a socket that will listen; Linux hands the last two down to the connections. */
static bool set_options(int fd)
{
    const int yes = 1;

    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
           setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes) == 0;
}

int sw_listener_socket(const char *address, int port, struct sw_error *err)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *info;
    char service[8];
    int fd = -1, failed;

    (void)snprintf(service, sizeof service, "%d", port);
    failed = getaddrinfo(address, service, &hints, &info);
    if (failed != 0) {
        sw_error_set(err, "08006", "cannot listen on %s:%d: %s", address, port,
                     gai_strerror(failed));
        return -1;
    }
    fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || !set_options(fd) || bind(fd, info->ai_addr, info->ai_addrlen) < 0 ||
        listen(fd, BACKLOG) < 0) {
        sw_error_set(err, "08006", "cannot listen on %s:%d: %s", address, port,
                     strerror(errno));
        if (fd >= 0)
            (void)close(fd);
        fd = -1;
    }
    freeaddrinfo(info);
    return fd;
}

static void begin(struct sw_letter *letter)
{
    struct sw_listener *listener = SW_OWNER(letter, struct sw_listener, start);

    listener->is_started = true;
    listener->rest = sw_timer_create(listener->host.loop, on_rested, listener);
    (void)uv_poll_init(&listener->host.loop->uv, &listener->poll, listener->fd);
    listener->poll.data = listener;
    (void)uv_poll_start(&listener->poll, UV_READABLE, on_knock);
}

static void forget(struct sw_listener *listener)
{
    (void)close(listener->fd);
    free(listener->path);
    free(listener);
}

static void on_poll_closed(uv_handle_t *handle)
{
    forget(handle->data);
}

static void end(struct sw_letter *letter)
{
    struct sw_listener *listener = SW_OWNER(letter, struct sw_listener, close);

    if (!listener->is_started) {
        forget(listener);
        return;
    }
    sw_timer_close(listener->rest);
    uv_close((uv_handle_t *)&listener->poll, on_poll_closed);
}

/* Have it done by the loop's own thread. */
static void ask(struct sw_listener *listener, struct sw_letter *letter)
{
    if (listener->host.mailbox != NULL)
        sw_mailbox_post(listener->host.mailbox, letter);
    else
        letter->on_read(letter);
}

static struct sw_listener *create(const struct sw_listener_host *host, int fd)
{
    struct sw_listener *listener = sw_alloc_zero(1, sizeof *listener);

    listener->host = *host;
    listener->fd = fd;
    listener->start.on_read = begin;
    listener->close.on_read = end;
    atomic_init(&listener->is_closed, false);
    return listener;
}

struct sw_listener *sw_listener_open(const struct sw_listener_host *host, const char *address,
                                     int port, struct sw_error *err)
{
    int fd = sw_listener_socket(address, port, err);

    return fd < 0 ? NULL : create(host, fd);
}

struct sw_listener *sw_listener_open_local(const struct sw_listener_host *host,
                                           const char *path, int mode, struct sw_error *err)
{
    struct stat identity;
    struct sw_listener *listener;
    int fd = sw_local_listen(path, (mode_t)mode, &identity, err);

    if (fd < 0)
        return NULL;
    listener = create(host, fd);
    listener->path = sw_strdup(path);
    listener->identity = identity;
    return listener;
}

void sw_listener_start(struct sw_listener *listener)
{
    if (listener != NULL)
        ask(listener, &listener->start);
}

void sw_listener_set_mode(struct sw_listener *listener, int mode)
{
    (void)chmod(listener->path, (mode_t)mode);
}

void sw_socket_close(int fd)
{
    char dregs[4096];

    (void)shutdown(fd, SHUT_WR);
    for (int i = 0; i < DREGS && recv(fd, dregs, sizeof dregs, MSG_DONTWAIT) > 0; i++)
        ;
    (void)close(fd);
}

void sw_listener_close(struct sw_listener *listener)
{
    if (listener == NULL)
        return;
    atomic_store_explicit(&listener->is_closed, true, memory_order_release);
    (void)shutdown(listener->fd, SHUT_RDWR);
    if (listener->path != NULL)
        sw_local_remove(listener->path, &listener->identity);
    ask(listener, &listener->close);
}
