#include "line.h"

#include "shardward/backend/dialler.h"
#include "shardward/base/clock.h"
#include "shardward/base/mem.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    STEP_MS = 50, /* how long stopping goes unnoticed */
    AGAIN_MS = 10,
    MOST_SQL = 8000,
};

uint64_t sw_line_now_ms(void)
{
    return sw_clock_us() / 1000;
}

static bool set_timeout(struct sw_error *err)
{
    return sw_error_set(err, "08006", "it has not answered in time");
}

int sw_line_left_ms(const struct sw_line *line)
{
    uint64_t now = sw_line_now_ms();

    if (line->is_stopping != NULL && atomic_load(line->is_stopping))
        return 0;
    return now >= line->deadline_ms ? 0 : (int)(line->deadline_ms - now);
}

bool sw_line_rest(const struct sw_line *line, int ms, struct sw_error *err)
{
    const struct timespec rest = {.tv_nsec = (long)ms * 1000000};

    if (sw_line_left_ms(line) == 0)
        return set_timeout(err);
    (void)nanosleep(&rest, NULL);
    return true;
}

/* --- opening --- */

/* Wait until the socket is ready; false: the deadline has come. */
static bool wait_for(const struct sw_line *line, short events)
{
    struct pollfd fd = {.fd = PQsocket(line->conn), .events = events};
    int left;

    while ((left = sw_line_left_ms(line)) > 0)
        if (poll(&fd, 1, left < STEP_MS ? left : STEP_MS) > 0)
            return true;
    return false;
}

static bool set_connect_error(const struct sw_line *line, struct sw_error *err)
{
    const char *text = PQerrorMessage(line->conn), *fatal = strstr(text, "FATAL:  ");

    if (fatal != NULL)
        text = fatal + strlen("FATAL:  ");
    return sw_error_set(err, "08006", "%.*s", (int)strcspn(text, "\n"), text);
}

static bool connect_within(struct sw_line *line, struct sw_error *err)
{
    PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;

    if (line->conn == NULL)
        return sw_error_set(err, "08006", "out of memory");
    if (PQstatus(line->conn) == CONNECTION_BAD)
        return set_connect_error(line, err);
    while (wanted != PGRES_POLLING_OK && wanted != PGRES_POLLING_FAILED) {
        if (!wait_for(line, wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT))
            return set_timeout(err);
        wanted = PQconnectPoll(line->conn);
    }
    return wanted == PGRES_POLLING_OK || set_connect_error(line, err);
}

static PGconn *begin_connecting(const struct sw_cluster *cluster, const struct sw_node *node)
{
    char port[16];
    const char *const pairs[][2] = {
        {"host", node->address},
        {"port", port},
        {"dbname", cluster->control.dbname},
        {"user", cluster->control.user},
        {"password", cluster->control.password == NULL ? "" : cluster->control.password},
        {"gssencmode", "disable"},
        {"client_encoding", "UTF8"},
        {"application_name", "shardward failover"},
        {"tcp_user_timeout", "3000"},
        /* Its locks shall die with our host, and its commits shall wait. */
        {"options", "-c statement_timeout=0 -c lock_timeout=0 -c synchronous_commit=on "
                    "-c default_transaction_read_only=off -c search_path=pg_catalog "
                    "-c tcp_keepalives_idle=2 -c tcp_keepalives_interval=1 "
                    "-c tcp_keepalives_count=3 -c tcp_user_timeout=3000"},
    };
    enum { PAIRS = sizeof pairs / sizeof pairs[0], ALL = PAIRS + SW_DIAL_TLS_KEYWORDS };
    const char *tls[SW_DIAL_TLS_KEYWORDS][2];
    const char *keywords[ALL + 1] = {0}, *values[ALL + 1] = {0};

    (void)snprintf(port, sizeof port, "%d", node->port);
    sw_dial_tls_keywords(node->tls, tls);
    for (int i = 0; i < ALL; i++) {
        keywords[i] = i < PAIRS ? pairs[i][0] : tls[i - PAIRS][0];
        values[i] = i < PAIRS ? pairs[i][1] : tls[i - PAIRS][1];
    }
    return PQconnectStartParams(keywords, values, 0);
}

static void ignore_notice(void *owner, const PGresult *result)
{
}

bool sw_line_open(struct sw_line *line, const struct sw_cluster *cluster,
                  const struct sw_node *node, int timeout_ms, const atomic_bool *is_stopping,
                  struct sw_error *err)
{
    *line = (struct sw_line){.cluster = cluster, .node = node, .is_stopping = is_stopping};
    sw_line_renew(line, timeout_ms);
    line->conn = begin_connecting(cluster, node);
    if (connect_within(line, err)) {
        (void)PQsetNoticeReceiver(line->conn, ignore_notice, NULL);
        return true;
    }
    sw_error_trying(err, "cannot connect to %s", node->name);
    sw_line_close(line);
    return false;
}

void sw_line_renew(struct sw_line *line, int timeout_ms)
{
    line->deadline_ms = sw_line_now_ms() + (uint64_t)timeout_ms;
}

void sw_line_close(struct sw_line *line)
{
    PQfinish(line->conn);
    line->conn = NULL;
}

/* --- talking --- */

static bool set_result_error(const struct sw_line *line, const PGresult *result,
                             struct sw_error *err)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    sw_error_set(err, state == NULL ? "08006" : state, "%s: %s", line->node->name,
                 message == NULL ? "the connection is lost" : message);
    return false;
}

/* The next result, NULL at the end; false: the deadline has come, or the connection is lost. */
static bool next_result(struct sw_line *line, PGresult **result, struct sw_error *err)
{
    while (PQisBusy(line->conn)) {
        if (!wait_for(line, POLLIN))
            return set_timeout(err);
        if (!PQconsumeInput(line->conn))
            return sw_error_set(err, "08006", "the connection is lost");
    }
    *result = PQgetResult(line->conn);
    return true;
}

/* The last result; NULL: the first error. */
static PGresult *read_results(struct sw_line *line, struct sw_error *err)
{
    PGresult *last = NULL, *result = NULL;
    bool is_good = true;

    for (;;) {
        if (!next_result(line, &result, err)) {
            sw_error_trying(err, "%s", line->node->name);
            is_good = false;
            break;
        }
        if (result == NULL)
            break;
        if (PQresultStatus(result) == PGRES_FATAL_ERROR && is_good)
            is_good = set_result_error(line, result, err);
        PQclear(last);
        last = result;
    }
    if (is_good)
        return last;
    PQclear(last);
    return NULL;
}

PGresult *sw_line_ask(struct sw_line *line, const char *sql, struct sw_error *err)
{
    PGresult *result = NULL;

    if (line->conn == NULL || !PQsendQuery(line->conn, sql))
        sw_error_set(err, "08006", "%s: the connection is lost", line->node->name);
    else
        result = read_results(line, err);
    return result;
}

bool sw_line_say(struct sw_line *line, struct sw_error *err, const char *format, ...)
{
    char sql[MOST_SQL];
    PGresult *result;
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(sql, sizeof sql, format, args);
    va_end(args);
    if (len < 0 || len >= MOST_SQL)
        return sw_error_set(err, "54000", "%s: a setting is too long", line->node->name);
    result = sw_line_ask(line, sql, err);
    PQclear(result);
    return result != NULL;
}

bool sw_line_is_true(struct sw_line *line, const char *sql, struct sw_error *err)
{
    PGresult *result = sw_line_ask(line, sql, err);
    bool is_true = result != NULL && PQntuples(result) == 1 && !PQgetisnull(result, 0, 0) &&
                   PQgetvalue(result, 0, 0)[0] == 't';

    if (result != NULL && !is_true)
        sw_error_set(err, "55000", "%s: not so", line->node->name);
    PQclear(result);
    return is_true;
}

bool sw_line_await(struct sw_line *line, const char *sql, const char *what,
                   struct sw_error *err)
{
    while (!sw_line_is_true(line, sql, err)) {
        if (!sw_error_is(err, "55000"))
            return false;
        if (!sw_line_rest(line, AGAIN_MS, err))
            return sw_error_set(err, "55000", "%s: in vain waited until %s", line->node->name,
                                what);
    }
    return true;
}

char *sw_line_quote(const char *text)
{
    size_t len = strlen(text);
    char *quoted = sw_alloc(2 * len + 5), *to = quoted;
    bool has_backslash = strchr(text, '\\') != NULL;

    if (has_backslash) {
        *to++ = ' ';
        *to++ = 'E';
    }
    *to++ = '\'';
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            *to++ = *text;
        *to++ = *text;
    }
    *to++ = '\'';
    *to = '\0';
    return quoted;
}

/* --- the lock --- */

bool sw_line_lock(struct sw_line *line, struct sw_error *err)
{
    char *name = sw_format("shardward:%s", line->cluster->name), *quoted = sw_line_quote(name);
    char *take = sw_format("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", quoted);
    char *end = sw_format(
        "SELECT pg_terminate_backend(pid, 1000) FROM pg_locks WHERE locktype = 'advisory' "
        "AND granted AND objsubid = 1 AND pid <> pg_backend_pid() "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
        "AND (classid::bigint << 32 | objid::bigint) = hashtextextended(%s, 0)",
        quoted);
    bool is_locked = false, has_failed = false;

    while (!is_locked && !has_failed) {
        is_locked = sw_line_is_true(line, take, err);
        if (!is_locked)
            has_failed = !sw_error_is(err, "55000") || !sw_line_say(line, err, "%s", end) ||
                         !sw_line_rest(line, AGAIN_MS, err);
    }
    free(end);
    free(take);
    free(quoted);
    free(name);
    return is_locked;
}
