#include "shardward/backend/dialler.h"

#include "internal.h"

#include "shardward/base/mem.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct job {
    struct sw_link link;
    struct sw_dial dial;
    char *address, *dbname, *user, *password;
    struct sw_dialled *dialled;
    struct sw_error err;
};

struct sw_dialler {
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct sw_link asked, done; /* jobs; under the lock */
    bool is_closing;            /* under the lock */
    struct sw_waker *waker;
    int thread_count;
    pthread_t threads[];
};

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void job_free(struct job *job)
{
    sw_dialled_free(job->dialled);
    free(job->address);
    free(job->dbname);
    free(job->user);
    free(job->password);
    free(job);
}

void sw_dialled_free(struct sw_dialled *dialled)
{
    if (dialled == NULL)
        return;
    PQfinish(dialled->conn);
    free(dialled);
}

/* A server's own FATAL reads, in verbose form, "...FATAL:  28P01: message\nLOCATION: ...". */
static void set_connect_error(struct sw_error *err, PGconn *conn)
{
    const char *text = PQerrorMessage(conn), *severity;
    char state[6] = "08006";
    size_t len;

    severity = strstr(text, "FATAL:  ");
    if (severity == NULL)
        severity = strstr(text, "ERROR:  ");
    if (severity != NULL && strlen(severity) > 15 && severity[13] == ':') {
        memcpy(state, severity + 8, 5);
        text = severity + 15;
    }
    len = strcspn(text, "\n");
    sw_error_set(err, state, "%.*s", (int)len, text);
}

/* The private query: its row says whether the connection is what routing relies on. */
static bool check_session(PGconn *conn, struct sw_error *err)
{
    static const char query[] =
        "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('server_encoding'),"
        " pg_catalog.current_setting('standard_conforming_strings'),"
        " pg_catalog.current_setting('search_path')";
    PGresult *result = PQexec(conn, query);
    bool is_good = false;

    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        set_connect_error(err, conn);
    else if (strcmp(PQgetvalue(result, 0, 0), "f") != 0)
        sw_error_set(err, "25006", "the node is a standby, not the primary of its cluster");
    else if (strcmp(PQgetvalue(result, 0, 1), "UTF8") != 0)
        sw_error_set(err, "0A000", "the database is encoded in %s, not in UTF8",
                     PQgetvalue(result, 0, 1));
    else if (strcmp(PQgetvalue(result, 0, 2), "on") != 0)
        sw_error_set(err, "0A000", "standard_conforming_strings is off");
    else if (strcmp(PQgetvalue(result, 0, 3), "\"$user\", public") != 0 &&
             strcmp(PQgetvalue(result, 0, 3), "public") != 0)
        sw_error_set(err, "0A000", "search_path is set to %s, not to \"$user\", public",
                     PQgetvalue(result, 0, 3));
    else
        is_good = true;
    PQclear(result);
    return is_good;
}

/* Drive libpq until it is connected, for at most @timeout_ms (0: for ever). */
static bool connect_within(PGconn *conn, int timeout_ms, struct sw_error *err)
{
    const int64_t deadline_ms = now_ms() + timeout_ms;
    PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;

    while (wanted != PGRES_POLLING_OK && wanted != PGRES_POLLING_FAILED) {
        struct pollfd fd = {.fd = PQsocket(conn),
                            .events = wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        int64_t left_ms = timeout_ms == 0 ? -1 : deadline_ms - now_ms();

        if (timeout_ms > 0 && left_ms <= 0)
            return sw_error_set(err, "08006", "no connection within %d ms", timeout_ms);
        if (poll(&fd, 1, (int)left_ms) > 0)
            wanted = PQconnectPoll(conn);
    }
    if (wanted == PGRES_POLLING_FAILED)
        set_connect_error(err, conn);
    return wanted == PGRES_POLLING_OK;
}

static PGconn *start_connect(const struct job *job)
{
    char port[16];
    const char *const pairs[][2] = {
        {"host", job->address},        {"port", port},
        {"dbname", job->dbname},       {"user", job->user},
        {"password", job->password},   {"sslmode", "disable"},
        {"gssencmode", "disable"},     {"client_encoding", "UTF8"},
        {"application_name", ""},      {"options", ""},
        {"tcp_user_timeout", "10000"}, {"keepalives_idle", "5"},
        {"keepalives_interval", "2"},  {"keepalives_count", "3"},
    };
    enum { PAIRS = sizeof pairs / sizeof pairs[0] };
    const char *keywords[PAIRS + 1] = {0}, *values[PAIRS + 1] = {0};

    (void)snprintf(port, sizeof port, "%d", job->dial.port);
    for (int i = 0; i < PAIRS; i++) {
        keywords[i] = pairs[i][0];
        values[i] = pairs[i][1];
    }
    return PQconnectStartParams(keywords, values, 0);
}

static struct sw_dialled *dial(const struct job *job, struct sw_error *err)
{
    PGconn *conn = start_connect(job);
    struct sw_dialled *dialled;
    bool is_good;

    if (conn == NULL || PQstatus(conn) == CONNECTION_BAD) {
        sw_error_set(err, "08006", "%s", conn == NULL ? "out of memory" : PQerrorMessage(conn));
        PQfinish(conn);
        return NULL;
    }
    (void)PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
    is_good = connect_within(conn, job->dial.timeout_ms, err) && check_session(conn, err);
    if (!is_good) {
        sw_error_trying(err, "cannot connect to %s:%d/%s", job->address, job->dial.port,
                        job->dbname);
        PQfinish(conn);
        return NULL;
    }
    dialled = sw_alloc_zero(1, sizeof *dialled);
    dialled->conn = conn;
    return dialled;
}

static void *run_thread(void *owner)
{
    struct sw_dialler *dialler = owner;

    (void)pthread_mutex_lock(&dialler->lock);
    while (!dialler->is_closing) {
        struct sw_link *link = sw_list_first(&dialler->asked);
        struct job *job;

        if (link == NULL) {
            (void)pthread_cond_wait(&dialler->work, &dialler->lock);
            continue;
        }
        sw_link_remove(link);
        (void)pthread_mutex_unlock(&dialler->lock);
        job = SW_OWNER(link, struct job, link);
        job->dialled = dial(job, &job->err);
        (void)pthread_mutex_lock(&dialler->lock);
        sw_list_push_back(&dialler->done, &job->link);
        sw_waker_wake(dialler->waker);
    }
    (void)pthread_mutex_unlock(&dialler->lock);
    return NULL;
}

static struct job *take_done(struct sw_dialler *dialler)
{
    struct sw_link *link;

    (void)pthread_mutex_lock(&dialler->lock);
    link = sw_list_first(&dialler->done);
    if (link != NULL)
        sw_link_remove(link);
    (void)pthread_mutex_unlock(&dialler->lock);
    return link == NULL ? NULL : SW_OWNER(link, struct job, link);
}

static void on_woken(void *owner)
{
    struct sw_dialler *dialler = owner;
    struct job *job;

    while ((job = take_done(dialler)) != NULL) {
        struct sw_dialled *dialled = job->dialled;

        job->dialled = NULL;
        job->dial.on_dialled(job->dial.owner, dialled, dialled == NULL ? &job->err : NULL);
        job_free(job);
    }
}

struct sw_dialler *sw_dialler_create(struct sw_loop *loop, int threads)
{
    struct sw_dialler *dialler =
        sw_alloc_zero(1, sizeof *dialler + (size_t)threads * sizeof dialler->threads[0]);

    (void)pthread_mutex_init(&dialler->lock, NULL);
    (void)pthread_cond_init(&dialler->work, NULL);
    sw_link_init(&dialler->asked);
    sw_link_init(&dialler->done);
    dialler->waker = sw_waker_create(loop, on_woken, dialler);
    for (int i = 0; i < threads; i++)
        if (pthread_create(&dialler->threads[i], NULL, run_thread, dialler) == 0)
            dialler->thread_count++;
        else
            break;
    return dialler;
}

void sw_dialler_dial(struct sw_dialler *dialler, const struct sw_dial *ask)
{
    struct job *job = sw_alloc_zero(1, sizeof *job);

    job->dial = *ask;
    job->address = sw_strdup(ask->address);
    job->dbname = sw_strdup(ask->dbname);
    job->user = sw_strdup(ask->user);
    job->password = sw_strdup(ask->password == NULL ? "" : ask->password);
    (void)pthread_mutex_lock(&dialler->lock);
    sw_list_push_back(&dialler->asked, &job->link);
    (void)pthread_cond_signal(&dialler->work);
    (void)pthread_mutex_unlock(&dialler->lock);
}

static void free_jobs(struct sw_link *jobs)
{
    struct sw_link *link, *next;

    for (link = jobs->next; link != jobs; link = next) {
        next = link->next;
        job_free(SW_OWNER(link, struct job, link));
    }
}

void sw_dialler_close(struct sw_dialler *dialler)
{
    if (dialler == NULL)
        return;
    (void)pthread_mutex_lock(&dialler->lock);
    dialler->is_closing = true;
    (void)pthread_cond_broadcast(&dialler->work);
    (void)pthread_mutex_unlock(&dialler->lock);
    for (int i = 0; i < dialler->thread_count; i++)
        (void)pthread_join(dialler->threads[i], NULL);
    free_jobs(&dialler->asked);
    free_jobs(&dialler->done);
    sw_waker_close(dialler->waker);
    (void)pthread_cond_destroy(&dialler->work);
    (void)pthread_mutex_destroy(&dialler->lock);
    free(dialler);
}
