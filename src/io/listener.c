#include "shardward/io/listener.h"

#include "shardward/base/log.h"
#include "shardward/base/mem.h"

#include "internal.h"
#include "local.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096, ACCEPTS_PER_TURN = 64, REST_MS = 100, DREGS = 64 };

struct sw_listener {
    uv_poll_t poll;
    struct sw_timer *rest;
    int fd;
    char *path; /* of a Unix-domain socket, and what it is in the file system; or NULL */
    struct stat identity;
    void (*on_accept)(void *owner, int fd);
    void *owner;
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

static void on_knock(uv_poll_t *poll, int status, int events)
{
    struct sw_listener *listener = poll->data;

    (void)status;
    (void)events;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0) {
            if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
                rest(listener, errno);
            return;
        }
        listener->on_accept(listener->owner, fd);
        if (uv_is_closing((uv_handle_t *)poll))
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

static int open_socket(const char *address, int port, struct sw_error *err)
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

static struct sw_listener *watch(struct sw_loop *loop, int fd,
                                 void (*on_accept)(void *owner, int fd), void *owner)
{
    struct sw_listener *listener = sw_alloc_zero(1, sizeof *listener);

    listener->fd = fd;
    listener->on_accept = on_accept;
    listener->owner = owner;
    listener->rest = sw_timer_create(loop, on_rested, listener);
    (void)uv_poll_init(&loop->uv, &listener->poll, fd);
    listener->poll.data = listener;
    (void)uv_poll_start(&listener->poll, UV_READABLE, on_knock);
    return listener;
}

struct sw_listener *sw_listener_open(struct sw_loop *loop, const char *address, int port,
                                     void (*on_accept)(void *owner, int fd), void *owner,
                                     struct sw_error *err)
{
    int fd = open_socket(address, port, err);

    return fd < 0 ? NULL : watch(loop, fd, on_accept, owner);
}

struct sw_listener *sw_listener_open_local(struct sw_loop *loop, const char *path, int mode,
                                           void (*on_accept)(void *owner, int fd), void *owner,
                                           struct sw_error *err)
{
    struct stat identity;
    struct sw_listener *listener;
    int fd = sw_local_listen(path, (mode_t)mode, &identity, err);

    if (fd < 0)
        return NULL;
    listener = watch(loop, fd, on_accept, owner);
    listener->path = sw_strdup(path);
    listener->identity = identity;
    return listener;
}

void sw_listener_set_mode(struct sw_listener *listener, int mode)
{
    (void)chmod(listener->path, (mode_t)mode);
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct sw_listener *listener = handle->data;

    (void)close(listener->fd);
    free(listener->path);
    free(listener);
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
    (void)shutdown(listener->fd, SHUT_RDWR); /* nobody is let in from this moment on */
    if (listener->path != NULL)
        sw_local_remove(listener->path, &listener->identity);
    sw_timer_close(listener->rest);
    uv_close((uv_handle_t *)&listener->poll, on_poll_closed);
}
