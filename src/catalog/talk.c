#include "talk.h"

#include "shardward/backend/dialler.h"
#include "shardward/base/mem.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How long stopping goes unnoticed. */
enum { STEP_MS = 100 };

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool set_timeout(struct sw_error *err)
{
    return sw_error_set(err, "08006", "the server has not answered in time");
}

static int64_t left_ms(const struct sw_talk *talk)
{
    if (talk->is_stopping != NULL && atomic_load(talk->is_stopping))
        return 0;
    return talk->deadline_ms - now_ms();
}

/* Wait until the socket is ready; false: the deadline has passed. */
static bool wait_for(const struct sw_talk *talk, short events)
{
    struct pollfd fd = {.fd = PQsocket(talk->conn), .events = events};
    int64_t left;

    while ((left = left_ms(talk)) > 0)
        if (poll(&fd, 1, left < STEP_MS ? (int)left : STEP_MS) > 0)
            return true;
    return false;
}

static void set_connect_error(const struct sw_talk *talk, struct sw_error *err)
{
    const char *text = PQerrorMessage(talk->conn), *fatal = strstr(text, "FATAL:  ");

    if (fatal != NULL)
        text = fatal + strlen("FATAL:  ");
    sw_error_set(err, "08006", "%.*s", (int)strcspn(text, "\n"), text);
}

static bool connect_within(struct sw_talk *talk, struct sw_error *err)
{
    PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;

    while (wanted != PGRES_POLLING_OK && wanted != PGRES_POLLING_FAILED) {
        if (!wait_for(talk, wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT))
            return set_timeout(err);
        wanted = PQconnectPoll(talk->conn);
    }
    if (wanted == PGRES_POLLING_FAILED)
        set_connect_error(talk, err);
    return wanted == PGRES_POLLING_OK;
}

bool sw_talk_open(struct sw_talk *talk, const struct sw_shard *shard, int timeout_ms,
                  struct sw_error *err)
{
    const struct sw_config_control *control = &shard->cluster->control;

    return sw_talk_open_as(
        talk, shard,
        &(struct sw_talk_as){control->user, control->password, "shardward control"}, timeout_ms,
        err);
}

void sw_talk_renew(struct sw_talk *talk, int timeout_ms)
{
    talk->deadline_ms = now_ms() + timeout_ms;
}

static bool open_at(struct sw_talk *talk, const struct sw_node *node,
                    const struct sw_shard *shard, const struct sw_talk_as *as, int timeout_ms,
                    struct sw_error *err)
{
    char port[16];
    const char *const pairs[][2] = {
        {"host", node->address},
        {"port", port},
        {"dbname", shard->dbname},
        {"user", as->user},
        {"password", as->password == NULL ? "" : as->password},
        {"gssencmode", "disable"},
        {"client_encoding", "UTF8"},
        {"application_name", as->application},
        {"options", "-c statement_timeout=0 -c lock_timeout=0"},
    };
    enum { PAIRS = sizeof pairs / sizeof pairs[0], ALL = PAIRS + SW_DIAL_TLS_KEYWORDS };
    const char *tls[SW_DIAL_TLS_KEYWORDS][2];
    const char *keywords[ALL + 1] = {0}, *values[ALL + 1] = {0};
    bool is_open;

    (void)snprintf(port, sizeof port, "%d", node->port);
    sw_dial_tls_keywords(node->tls, tls);
    for (int i = 0; i < ALL; i++) {
        keywords[i] = i < PAIRS ? pairs[i][0] : tls[i - PAIRS][0];
        values[i] = i < PAIRS ? pairs[i][1] : tls[i - PAIRS][1];
    }
    sw_talk_renew(talk, timeout_ms);
    talk->conn = PQconnectStartParams(keywords, values, 0);
    if (talk->conn == NULL || PQstatus(talk->conn) == CONNECTION_BAD)
        is_open =
            sw_error_set(err, "08006", "%s",
                         talk->conn == NULL ? "out of memory" : PQerrorMessage(talk->conn));
    else
        is_open = connect_within(talk, err);
    if (!is_open)
        sw_error_trying(err, "cannot connect to %s:%d/%s", node->address, node->port,
                        shard->dbname);
    return is_open;
}

/* The timeline that it writes on; 0: it is a standby. */
static void on_timeline(void *owner, const PGresult *result)
{
    if (PQntuples(result) == 1)
        *(long *)owner = strtol(PQgetvalue(result, 0, 0), NULL, 10);
}

static bool find_timeline(struct sw_talk *talk, long *timeline, struct sw_error *err)
{
    static const char sql[] =
        "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN 0 ELSE ('x' || pg_catalog.substr("
        "pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8))::bit(32)::int END";

    *timeline = 0;
    return sw_talk_run(talk, sql, on_timeline, timeline, err);
}

/* Of several that take writes the one on the latest timeline. */
static bool open_primary(struct sw_talk *talk, const struct sw_shard *shard,
                         const struct sw_talk_as *as, int timeout_ms, struct sw_error *err)
{
    const struct sw_cluster *cluster = shard->cluster;
    struct sw_talk best = {.conn = NULL};
    long latest = 0, timeline;
    bool has_answered = false;
    struct sw_error ignored;

    for (int i = 0; i < cluster->node_count; i++) {
        struct sw_error *why = has_answered ? &ignored : err;

        if (open_at(talk, &cluster->nodes[i], shard, as, timeout_ms, why) &&
            find_timeline(talk, &timeline, why)) {
            has_answered = true;
            if (timeline > latest) {
                sw_talk_close(&best);
                best = *talk;
                talk->conn = NULL;
                latest = timeline;
            }
        }
        sw_talk_close(talk);
    }
    if (best.conn == NULL)
        return !has_answered
                   ? false
                   : sw_error_set(err, "25006", "no node of cluster \"%s\" takes writes",
                                  cluster->name);
    *talk = best;
    sw_talk_renew(talk, timeout_ms);
    return true;
}

bool sw_talk_open_as(struct sw_talk *talk, const struct sw_shard *shard,
                     const struct sw_talk_as *as, int timeout_ms, struct sw_error *err)
{
    const struct sw_cluster *cluster = shard->cluster;

    if (talk->node == NULL && cluster->failover != SW_FAILOVER_OFF && cluster->node_count > 1)
        return open_primary(talk, shard, as, timeout_ms, err);
    return open_at(talk, talk->node == NULL ? &cluster->nodes[0] : talk->node, shard, as,
                   timeout_ms, err);
}

void sw_talk_close(struct sw_talk *talk)
{
    PQfinish(talk->conn);
    talk->conn = NULL;
}

static void set_result_error(const PGresult *result, struct sw_error *err)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    sw_error_set(err, state == NULL ? "08006" : state, "%s",
                 message == NULL ? "the connection is lost" : message);
}

/* The next result, NULL at the end; false: the deadline has passed, or the connection is lost.
 */
static bool next_result(struct sw_talk *talk, PGresult **result, struct sw_error *err)
{
    while (PQisBusy(talk->conn)) {
        if (!wait_for(talk, POLLIN))
            return set_timeout(err);
        if (!PQconsumeInput(talk->conn))
            return sw_error_set(err, "08006", "the connection is lost");
    }
    *result = PQgetResult(talk->conn);
    return true;
}

static bool read_results(struct sw_talk *talk,
                         void (*on_result)(void *owner, const PGresult *result), void *owner,
                         struct sw_error *err)
{
    bool is_good = true;
    PGresult *result = NULL;

    for (;;) {
        if (!next_result(talk, &result, err))
            return false;
        if (result == NULL)
            return is_good;
        if (PQresultStatus(result) == PGRES_TUPLES_OK && on_result != NULL) {
            on_result(owner, result);
        } else if (PQresultStatus(result) == PGRES_FATAL_ERROR && is_good) {
            set_result_error(result, err);
            is_good = false;
        }
        PQclear(result);
    }
}

bool sw_talk_run(struct sw_talk *talk, const char *sql,
                 void (*on_result)(void *owner, const PGresult *result), void *owner,
                 struct sw_error *err)
{
    if (!PQsendQuery(talk->conn, sql))
        return sw_error_set(err, "08006", "the connection is lost");
    return read_results(talk, on_result, owner, err);
}

bool sw_talk_ask(struct sw_talk *talk, const char *sql, const char *parameter,
                 void (*on_result)(void *owner, const PGresult *result), void *owner,
                 struct sw_error *err)
{
    if (!PQsendQueryParams(talk->conn, sql, 1, NULL, &parameter, NULL, NULL, 0))
        return sw_error_set(err, "08006", "the connection is lost");
    return read_results(talk, on_result, owner, err);
}

char *sw_talk_quote(const char *text)
{
    size_t len = strlen(text);
    char *quoted = sw_alloc(2 * len + 3), *to = quoted;

    *to++ = '\'';
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            *to++ = '\'';
        *to++ = *text;
    }
    *to++ = '\'';
    *to = '\0';
    return quoted;
}
