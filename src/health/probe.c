/*
 *   CLOSED --open--> CONNECTING --> IDLE --ask--> ASKING --answer--> IDLE
 *      ^                  |           |              |
 *      +------------------+-----------+--------------+   failure, loss, or by whoever has it
 *
 * Nothing here waits: whoever polls the descriptor calls sw_probe_move() when it is ready, and
 * every now and then while it is opened.
 */
#include "probe.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

bool sw_probe_is_pending(const struct sw_probe *probe)
{
    return probe->phase == SW_PROBE_CONNECTING || probe->phase == SW_PROBE_ASKING;
}

void sw_probe_close(struct sw_probe *probe)
{
    PQclear(probe->result);
    PQfinish(probe->conn);
    sw_opening_end(&probe->opening);
    probe->result = NULL;
    probe->conn = NULL;
    probe->phase = SW_PROBE_CLOSED;
}

static enum sw_probe_news lose_for(struct sw_probe *probe, const struct sw_error *err)
{
    static const char before[] = " failed: ";
    const char *reason = strstr(err->message, before); /* whose connection it was is known */
    bool is_servers = !sw_error_is(err, "08006");

    (void)snprintf(probe->state, sizeof probe->state, "%s", is_servers ? err->sqlstate : "");
    (void)snprintf(probe->text, sizeof probe->text, "%.*s", (int)sizeof probe->text - 1,
                   is_servers || reason == NULL ? err->message : reason + strlen(before));
    return SW_PROBE_LOST;
}

static enum sw_probe_news lose(struct sw_probe *probe)
{
    struct sw_error err;

    sw_opening_read_error(PQerrorMessage(probe->conn), &err);
    return lose_for(probe, &err);
}

/* "canceling wait for synchronous replication": what looks like success is none. */
static void on_notice(void *owner, const PGresult *notice)
{
    struct sw_probe *probe = owner;
    const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);

    if (severity != NULL && strcmp(severity, "WARNING") == 0)
        probe->has_warning = true;
}

static enum sw_probe_news take_opening(struct sw_probe *probe, enum sw_opening_news news,
                                       const struct sw_error *err)
{
    switch (news) {
    case SW_OPENING_GOES_ON:
        probe->wants = probe->opening.wants;
        break;
    case SW_OPENING_FAILED:
        return lose_for(probe, err);
    case SW_OPENING_DONE:
        probe->conn = sw_opening_take(&probe->opening);
        (void)PQsetNoticeReceiver(probe->conn, on_notice, probe);
        (void)PQsetnonblocking(probe->conn, 1);
        probe->phase = SW_PROBE_IDLE;
        probe->wants = POLLIN;
        return SW_PROBE_OPEN;
    }
    return SW_PROBE_NOTHING;
}

enum sw_probe_news sw_probe_open(struct sw_probe *probe, const struct sw_cluster *cluster,
                                 const struct sw_node *node, bool is_replication)
{
    const struct sw_opening_to to = {
        .address = node->address,
        .port = node->port,
        .dbname = cluster->control.dbname,
        .user = cluster->control.user,
        .password = cluster->control.password,
        .application = "shardward health",
        .options = "-c statement_timeout=0 -c lock_timeout=0 -c search_path=pg_catalog"
                   " -c synchronous_commit=on",
        .tls = node->tls,
        .is_replication = is_replication,
        .is_brief = true,
    };
    struct sw_error err;

    sw_probe_close(probe);
    probe->phase = SW_PROBE_CONNECTING;
    return take_opening(probe, sw_opening_begin(&probe->opening, &to, &err), &err);
}

int sw_probe_fd(const struct sw_probe *probe)
{
    if (probe->phase == SW_PROBE_CLOSED)
        return -1;
    return probe->phase == SW_PROBE_CONNECTING ? sw_opening_fd(&probe->opening)
                                               : PQsocket(probe->conn);
}

static enum sw_probe_news flush(struct sw_probe *probe)
{
    int left = PQflush(probe->conn);

    if (left < 0)
        return lose(probe);
    probe->wants = left > 0 ? POLLIN | POLLOUT : POLLIN;
    return SW_PROBE_NOTHING;
}

enum sw_probe_news sw_probe_ask(struct sw_probe *probe, const char *sql)
{
    if (PQsendQuery(probe->conn, sql) == 0)
        return lose(probe);
    probe->has_warning = false;
    probe->phase = SW_PROBE_ASKING;
    return flush(probe);
}

/* Keep the last result that says something. */
static enum sw_probe_news read_on(struct sw_probe *probe)
{
    PGresult *next;

    if (PQconsumeInput(probe->conn) == 0)
        return lose(probe);
    while (!PQisBusy(probe->conn)) {
        next = PQgetResult(probe->conn);
        if (next == NULL) {
            if (PQstatus(probe->conn) == CONNECTION_BAD)
                return lose(probe);
            probe->phase = SW_PROBE_IDLE;
            return probe->result == NULL ? SW_PROBE_NOTHING : SW_PROBE_ANSWERED;
        }
        PQclear(probe->result);
        probe->result = next;
    }
    return SW_PROBE_NOTHING;
}

bool sw_probe_is_named(const struct sw_probe *probe)
{
    return probe->phase == SW_PROBE_CONNECTING && probe->opening.resolve != NULL;
}

enum sw_probe_news sw_probe_move(struct sw_probe *probe)
{
    enum sw_probe_news news;
    struct sw_error err;

    if (probe->phase == SW_PROBE_CONNECTING)
        return take_opening(probe, sw_opening_move(&probe->opening, &err), &err);
    news = flush(probe);
    if (news != SW_PROBE_NOTHING)
        return news;
    if (probe->phase == SW_PROBE_ASKING)
        return read_on(probe);
    /* Nobody has asked: a notice, a parameter, or the end. */
    if (PQconsumeInput(probe->conn) == 0 || PQstatus(probe->conn) == CONNECTION_BAD)
        return lose(probe);
    return SW_PROBE_NOTHING;
}
