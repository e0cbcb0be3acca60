/*
 * A port is one thread, which lets clients in, reads their requests by libmicrohttpd, and calls
 * answer(). What could go wrong there is bounded: bytes of a request, silence, and the number
 * of clients; who is one too many does not wait for others, who may be slow on purpose, but
 * takes the place of the oldest. The thread lets clients in by itself, since libmicrohttpd
 * would spin where the process has no file descriptor left.
 *
 * Ports share what they know under one lock, so that only one of them asks the loops at a time.
 */
#include "shardward/admin/http.h"

#include "picture.h"

#include "shardward/admin/exposition.h"
#include "shardward/base/list.h"
#include "shardward/base/log.h"
#include "shardward/base/mem.h"
#include "shardward/io/listener.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    REQUEST_BYTES = 16 * 1024, /* of a request's head, with what is kept about it */
    CLIENTS_PER_TURN = 32,     /* so many are let in, and others gone, before any is heard */
    REST_MS = 100,
    MOST_PAGE = 64 * 1024 * 1024,
    SAMPLE_US = 5 * 1000 * 1000,
};

struct sw_http {
    struct sw_http_setup setup;
    pthread_mutex_t lock; /* for the surveyor */
    struct sw_surveyor *surveyor;
    struct sw_sums *older, *newer; /* samples, for rates on the page for people */
};

struct sw_http_port {
    struct sw_http *http;
    int listener, waker; /* file descriptors; one more byte in the latter ends a wait */
    atomic_bool is_closing;
    pthread_t thread;
    /* Of that thread: */
    struct MHD_Daemon *daemon;
    struct sw_link clients; /* the oldest first */
    int count;
};

/* A connection. */
struct client {
    struct sw_link link;
    int fd;
};

/* --- answers --- */

struct page {
    unsigned status;
    const char *type;
    struct sw_buf body;
};

static const char plain[] = "text/plain; charset=utf-8";

static void write_health(const struct sw_picture *picture, struct page *page)
{
    page->type = plain;
    sw_picture_unhealthy(picture, &page->body);
    page->status = sw_buf_len(&page->body) > 0 ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK;
    if (page->status == MHD_HTTP_OK)
        (void)sw_buf_append_text(&page->body, "ok\n");
}

static void write_readiness(const struct sw_picture *picture, struct page *page)
{
    page->type = plain;
    sw_picture_unready(picture, &page->body);
    page->status = sw_buf_len(&page->body) > 0 ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK;
    if (page->status == MHD_HTTP_OK)
        (void)sw_buf_append_text(&page->body, "ready\n");
    sw_picture_lame(picture, &page->body);
}

/* Numbers that would stand still, or go back, are worse than none. */
static void write_silence(const struct sw_picture *picture, struct page *page)
{
    page->type = plain;
    page->status = MHD_HTTP_SERVICE_UNAVAILABLE;
    sw_picture_unhealthy(picture, &page->body);
}

static void write_metrics(const struct sw_picture *picture, struct page *page)
{
    if (!picture->has_answers) {
        write_silence(picture, page);
        return;
    }
    page->type = sw_exposition_content_type;
    page->status = MHD_HTTP_OK;
    sw_metrics_write(picture, &page->body);
}

static void write_status(const struct sw_picture *picture, struct page *page)
{
    if (!picture->has_answers) {
        write_silence(picture, page);
        return;
    }
    page->type = "text/html; charset=utf-8";
    page->status = MHD_HTTP_OK;
    sw_status_write(picture, &page->body);
}

static const struct {
    const char *path;
    void (*write)(const struct sw_picture *picture, struct page *page);
} paths[] = {
    {"/", write_status},
    {"/metrics", write_metrics},
    {"/healthz", write_health},
    {"/readyz", write_readiness},
};

enum { PATHS = sizeof paths / sizeof *paths };

/* Rates are those of one to two sample times. */
static void keep_sample(struct sw_http *http, struct sw_picture *picture)
{
    if (picture->survey == NULL || picture->sums->at_us - http->newer->at_us < SAMPLE_US)
        return;
    sw_sums_free(http->older);
    http->older = http->newer;
    http->newer = picture->sums;
    picture->sums = NULL;
}

static void write_page(struct sw_http_port *port, int path, struct page *page)
{
    struct sw_http *http = port->http;
    const struct sw_survey *survey, *late;
    struct sw_picture picture;

    (void)pthread_mutex_lock(&http->lock);
    survey = sw_survey_take(http->surveyor, &port->is_closing, &late);
    sw_picture_init(&picture, http->setup.board, survey, late);
    picture.before = http->older != NULL ? http->older : http->newer;
    paths[path].write(&picture, page);
    keep_sample(http, &picture);
    sw_picture_finish(&picture);
    (void)pthread_mutex_unlock(&http->lock);
}

static int find_path(const char *url)
{
    for (int i = 0; i < PATHS; i++)
        if (strcmp(paths[i].path, url) == 0)
            return i;
    return -1;
}

static bool is_get(const char *method)
{
    return strcmp(method, MHD_HTTP_METHOD_GET) == 0 ||
           strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
}

static void fill_page(struct sw_http_port *port, const char *url, const char *method,
                      struct page *page)
{
    int path = find_path(url);

    page->type = plain;
    if (path < 0) {
        page->status = MHD_HTTP_NOT_FOUND;
        (void)sw_buf_append_text(&page->body, "There are /, /metrics, /healthz and /readyz.\n");
    } else if (!is_get(method)) {
        page->status = MHD_HTTP_METHOD_NOT_ALLOWED;
        (void)sw_buf_append_text(&page->body, "Nothing can be changed here: GET or HEAD.\n");
    } else {
        write_page(port, path, page);
    }
}

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    (void)MHD_add_response_header(response, name, value);
}

static enum MHD_Result send_page(struct MHD_Connection *connection, struct page *page)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        sw_buf_len(&page->body), (void *)(uintptr_t)sw_buf_bytes(&page->body),
        MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result;

    if (response == NULL)
        return MHD_NO;
    add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, page->type);
    add_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    add_header(response, "X-Content-Type-Options", "nosniff");
    add_header(response, "Content-Security-Policy",
               "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
    if (page->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        add_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    result = MHD_queue_response(connection, page->status, response);
    MHD_destroy_response(response);
    return result;
}

/* --- clients --- */

static struct client *client_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info->socket_context;
}

/* It is the youngest again. */
static void renew(struct sw_http_port *port, struct client *client)
{
    if (!sw_link_is_linked(&client->link))
        return;
    sw_link_remove(&client->link);
    sw_list_push_back(&port->clients, &client->link);
}

static void let_go(struct sw_http_port *port, struct client *client)
{
    if (!sw_link_is_linked(&client->link))
        return;
    sw_link_remove(&client->link);
    port->count--;
}

static void evict_oldest(struct sw_http_port *port)
{
    struct client *oldest = SW_OWNER(sw_list_first(&port->clients), struct client, link);

    (void)shutdown(oldest->fd, SHUT_RDWR);
    let_go(port, oldest);
}

static void take_in(struct sw_http_port *port, struct MHD_Connection *connection,
                    void **context)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct client *client = sw_alloc_zero(1, sizeof *client);

    client->fd = info->connect_fd;
    if (port->count == SW_HTTP_CLIENTS_MOST)
        evict_oldest(port);
    sw_list_push_back(&port->clients, &client->link);
    port->count++;
    *context = client;
}

static void on_connection(void *owner, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct sw_http_port *port = owner;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        take_in(port, connection, context);
    } else if (*context != NULL) {
        let_go(port, *context);
        free(*context);
        *context = NULL;
    }
}

/* What follows a request with a body is not looked for: it is answered at once, with which
 * libmicrohttpd closes the connection behind it. */
static bool has_body(struct MHD_Connection *connection, const char *method)
{
    return !is_get(method) ||
           MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                       MHD_HTTP_HEADER_CONTENT_LENGTH) != NULL ||
           MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                       MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL;
}

/* Called when the head of a request is there, and once more when all of it is. */
static enum MHD_Result answer(void *owner, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **request)
{
    struct sw_http_port *port = owner;
    struct page page = {0};
    enum MHD_Result result;

    (void)version;
    (void)upload;
    (void)upload_size;
    if (*request == NULL && !has_body(connection, method)) {
        *request = port;
        return MHD_YES;
    }
    sw_buf_init(&page.body, MOST_PAGE);
    fill_page(port, url, method, &page);
    renew(port, client_of(connection));
    result = send_page(connection, &page);
    sw_buf_finish(&page.body);
    return result;
}

/* --- ports --- */

/* No path of ours needs an escape. */
static size_t leave_escapes(void *owner, struct MHD_Connection *connection, char *text)
{
    (void)owner;
    (void)connection;
    return strlen(text);
}

static struct MHD_Daemon *start_daemon(struct sw_http_port *port)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, answer, port,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)(SW_HTTP_CLIENTS_MOST + CLIENTS_PER_TURN),
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SW_HTTP_IDLE_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_BYTES, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, port, MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes, NULL, MHD_OPTION_END);
}

/* False: it is better to rest for a moment. */
static bool let_in(struct sw_http_port *port)
{
    static struct sw_log_limit limit;

    for (int i = 0; i < CLIENTS_PER_TURN; i++) {
        struct sockaddr_storage address = {0};
        socklen_t len = sizeof address;
        int fd = accept4(port->listener, (struct sockaddr *)&address, &len,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            (void)MHD_add_connection(port->daemon, fd, (struct sockaddr *)&address, len);
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != ECONNABORTED && errno != EINTR) {
            sw_log_limited(&limit, SW_LOG_WARNING, "http-accept-failed", "reason=\"%s\"",
                           strerror(errno));
            return false;
        }
    }
    return true;
}

/* Until something comes, or a client has been silent for too long. */
static bool wait_for_news(const struct sw_http_port *port, bool rests)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(port->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd news[] = {{port->waker, POLLIN, 0},
                            {info->epoll_fd, POLLIN, 0},
                            {rests ? -1 : port->listener, POLLIN, 0}};
    MHD_UNSIGNED_LONG_LONG due_ms;
    int wait_ms = rests ? REST_MS : -1;

    if (MHD_get_timeout(port->daemon, &due_ms) == MHD_YES &&
        (wait_ms < 0 || due_ms < (unsigned)wait_ms))
        wait_ms = (int)due_ms;
    return poll(news, sizeof news / sizeof *news, wait_ms) > 0 && news[2].revents != 0;
}

static void *run_thread(void *owner)
{
    struct sw_http_port *port = owner;
    bool rests = false;

    (void)pthread_setname_np(pthread_self(), "http");
    while (!atomic_load(&port->is_closing)) {
        bool has_knocked = wait_for_news(port, rests);

        rests = has_knocked && !let_in(port);
        (void)MHD_run(port->daemon);
    }
    return NULL;
}

static void free_port(struct sw_http_port *port)
{
    if (port->daemon != NULL)
        MHD_stop_daemon(port->daemon);
    (void)close(port->listener);
    if (port->waker >= 0)
        (void)close(port->waker);
    free(port);
}

static bool start(struct sw_http_port *port)
{
    port->waker = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (port->waker < 0)
        return false;
    port->daemon = start_daemon(port);
    return port->daemon != NULL && pthread_create(&port->thread, NULL, run_thread, port) == 0;
}

struct sw_http_port *sw_http_open(struct sw_http *http, const char *address, int port_number,
                                  struct sw_error *err)
{
    struct sw_http_port *port;
    int fd = sw_listener_socket(address, port_number, err);

    if (fd < 0)
        return NULL;
    port = sw_alloc_zero(1, sizeof *port);
    port->http = http;
    port->listener = fd;
    sw_link_init(&port->clients);
    if (start(port)) {
        sw_log(SW_LOG_INFO, "http-open", "address=%s port=%d", address, port_number);
        return port;
    }
    free_port(port);
    sw_error_set(err, "08006", "cannot answer HTTP on %s:%d", address, port_number);
    return NULL;
}

void sw_http_shut(struct sw_http_port *port)
{
    if (port == NULL)
        return;
    atomic_store(&port->is_closing, true);
    sw_surveyor_wake(port->http->surveyor);
    (void)eventfd_write(port->waker, 1);
    (void)pthread_join(port->thread, NULL);
    free_port(port);
}

struct sw_http *sw_http_create(const struct sw_http_setup *setup)
{
    struct sw_http *http = sw_alloc_zero(1, sizeof *http);

    http->setup = *setup;
    http->surveyor = sw_surveyor_create(setup);
    http->newer = sw_sums_create(); /* all zero: what is counted first is since the start */
    (void)pthread_mutex_init(&http->lock, NULL);
    return http;
}

void sw_http_close(struct sw_http *http)
{
    if (http != NULL)
        sw_surveyor_close(http->surveyor);
}

void sw_http_free(struct sw_http *http)
{
    if (http == NULL)
        return;
    sw_surveyor_free(http->surveyor);
    sw_sums_free(http->older);
    sw_sums_free(http->newer);
    (void)pthread_mutex_destroy(&http->lock);
    free(http);
}
