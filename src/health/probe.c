/*
 *   CLOSED --open--> CONNECTING --> IDLE --ask--> ASKING --answer--> IDLE
 *      ^                  |           |              |
 *      +------------------+-----------+--------------+   failure, loss, or by whoever has it
 *
 * Nothing here waits: whoever polls the descriptor calls sw_probe_move() when it is ready.
 */
#include "probe.h"

#include "shardward/backend/dialler.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

static PGconn *start_connect(const struct sw_cluster *cluster, const struct sw_node *node,
                             bool is_replication)
{
    const struct sw_config_control *control = &cluster->control;
    char port[16];
    const char *const pairs[][2] = {
        {"host", node->address},
        {"port", port},
        {"dbname", is_replication ? "" : control->dbname},
        {"replication", is_replication ? "true" : ""},
        {"user", control->user},
        {"password", control->password == NULL ? "" : control->password},
        {"gssencmode", "disable"},
        {"client_encoding", "UTF8"},
        {"application_name", "shardward health"},
        {"options", "-c statement_timeout=0 -c lock_timeout=0 -c search_path=pg_catalog"
                    " -c synchronous_commit=on"},
        {"tcp_user_timeout", "3000"},
        {"keepalives_idle", "2"},
        {"keepalives_interval", "1"},
        {"keepalives_count", "3"},
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

bool sw_probe_is_pending(const struct sw_probe *probe)
{
    return probe->phase == SW_PROBE_CONNECTING || probe->phase == SW_PROBE_ASKING;
}

void sw_probe_close(struct sw_probe *probe)
{
    PQclear(probe->result);
    PQfinish(probe->conn);
    probe->result = NULL;
    probe->conn = NULL;
    probe->phase = SW_PROBE_CLOSED;
}

static enum sw_probe_news lose(struct sw_probe *probe)
{
    static const char before[] = " failed: ";
    const char *said = PQerrorMessage(probe->conn), *text, *reason;

    (void)sw_words_error(said == NULL ? "" : said, &text, probe->state);
    reason = strstr(text, before); /* whose connection it was is known */
    if (probe->state[0] == '\0' && reason != NULL)
        text = reason + strlen(before);
    (void)snprintf(probe->text, sizeof probe->text, "%.*s", (int)strcspn(text, "\n"), text);
    return SW_PROBE_LOST;
}

/* "canceling wait for synchronous replication": what looks like success is none. */
static void on_notice(void *owner, const PGresult *notice)
{
    struct sw_probe *probe = owner;
    const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);

    if (severity != NULL && strcmp(severity, "WARNING") == 0)
        probe->has_warning = true;
}

enum sw_probe_news sw_probe_open(struct sw_probe *probe, const struct sw_cluster *cluster,
                                 const struct sw_node *node, bool is_replication)
{
    sw_probe_close(probe);
    probe->conn = start_connect(cluster, node, is_replication);
    probe->phase = SW_PROBE_CONNECTING;
    probe->wants = POLLOUT;
    if (PQstatus(probe->conn) == CONNECTION_BAD)
        return lose(probe);
    (void)PQsetErrorVerbosity(probe->conn, PQERRORS_VERBOSE);
    (void)PQsetNoticeReceiver(probe->conn, on_notice, probe);
    return SW_PROBE_NOTHING;
}

static enum sw_probe_news connect_on(struct sw_probe *probe)
{
    switch (PQconnectPoll(probe->conn)) {
    case PGRES_POLLING_OK:
        (void)PQsetnonblocking(probe->conn, 1);
        probe->phase = SW_PROBE_IDLE;
        probe->wants = POLLIN;
        return SW_PROBE_OPEN;
    case PGRES_POLLING_FAILED:
        return lose(probe);
    case PGRES_POLLING_READING:
        probe->wants = POLLIN;
        break;
    case PGRES_POLLING_WRITING:
    case PGRES_POLLING_ACTIVE:
        probe->wants = POLLOUT;
        break;
    }
    return SW_PROBE_NOTHING;
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

enum sw_probe_news sw_probe_move(struct sw_probe *probe)
{
    enum sw_probe_news news;

    if (probe->phase == SW_PROBE_CONNECTING)
        return connect_on(probe);
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
