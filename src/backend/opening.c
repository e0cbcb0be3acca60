#include "shardward/backend/opening.h"

#include "shardward/backend/resolve.h"
#include "shardward/base/mem.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

/* Without a name libpq would look into ~/.postgresql; a file that cannot be is as good as none.
 */
static const char *or_nowhere(const char *path)
{
    return path == NULL ? "/dev/null/none" : path;
}

enum { PAIRS_MOST = 32 };

struct pairs {
    const char *keywords[PAIRS_MOST + 1], *values[PAIRS_MOST + 1];
    int count;
};

static void put(struct pairs *pairs, const char *keyword, const char *value)
{
    if (value == NULL)
        return;
    pairs->keywords[pairs->count] = keyword;
    pairs->values[pairs->count++] = value;
}

/* All of it, so that libpq looks for no files of its own. */
static void put_tls(struct pairs *pairs, const struct sw_tls_client *tls)
{
    put(pairs, "sslmode", sw_tls_mode_name(tls->mode));
    put(pairs, "sslrootcert", or_nowhere(tls->files.ca));
    put(pairs, "sslcert", or_nowhere(tls->files.certificate));
    put(pairs, "sslkey", or_nowhere(tls->files.key));
    put(pairs, "sslcrl", or_nowhere(NULL));
    put(pairs, "ssl_min_protocol_version", tls->files.needs_13 ? "TLSv1.3" : "TLSv1.2");
}

/* A name with several addresses is for libpq as many hosts of that name. */
static char *repeat_for_each(const char *host, const char *addresses)
{
    char *hosts = sw_strdup(host), *more;

    for (const char *at = strchr(addresses, ','); at != NULL; at = strchr(at + 1, ',')) {
        more = sw_format("%s,%s", hosts, host);
        free(hosts);
        hosts = more;
    }
    return hosts;
}

/* @addresses: those of a name; NULL: it is none. */
static PGconn *start(const struct sw_opening_to *to, const char *addresses)
{
    struct pairs pairs = {.count = 0};
    char *hosts = addresses == NULL ? NULL : repeat_for_each(to->address, addresses);
    char port[16];
    PGconn *conn;

    (void)snprintf(port, sizeof port, "%d", to->port);
    put(&pairs, "host", hosts == NULL ? to->address : hosts);
    put(&pairs, "hostaddr", addresses);
    put(&pairs, "port", port);
    put(&pairs, "dbname", to->is_replication ? "" : to->dbname);
    put(&pairs, "replication", to->is_replication ? "true" : "");
    put(&pairs, "user", to->user);
    put(&pairs, "password", to->password == NULL ? "" : to->password);
    put(&pairs, "gssencmode", "disable");
    put(&pairs, "client_encoding", to->encoding == NULL ? "UTF8" : to->encoding);
    put(&pairs, "application_name", to->application);
    put(&pairs, "options", to->options);
    put(&pairs, "keepalives_idle", "2");
    put(&pairs, "keepalives_interval", "1");
    put(&pairs, "keepalives_count", "3");
    put(&pairs, "tcp_user_timeout", to->is_brief ? "3000" : NULL);
    put_tls(&pairs, to->tls);
    conn = PQconnectStartParams(pairs.keywords, pairs.values, 0);
    free(hosts);
    return conn;
}

/* "...FATAL:  28P01: message\nLOCATION: ..." */
void sw_opening_read_error(const char *said, struct sw_error *err)
{
    const char *severity = strstr(said, "FATAL:  "), *text = said;
    char state[6] = "08006";

    if (severity == NULL)
        severity = strstr(said, "ERROR:  ");
    if (severity != NULL && strlen(severity) > 15 && severity[13] == ':') {
        memcpy(state, severity + 8, 5);
        text = severity + 15;
    }
    sw_error_set(err, state, "%.*s", (int)strcspn(text, "\n"), text);
}

static enum sw_opening_news fail(const struct sw_opening *opening, struct sw_error *err)
{
    sw_opening_read_error(
        opening->conn == NULL ? "out of memory" : PQerrorMessage(opening->conn), err);
    return SW_OPENING_FAILED;
}

static enum sw_opening_news begin_to_connect(struct sw_opening *opening, const char *addresses,
                                             struct sw_error *err)
{
    opening->conn = start(&opening->to, addresses);
    if (opening->conn == NULL || PQstatus(opening->conn) == CONNECTION_BAD)
        return fail(opening, err);
    (void)PQsetErrorVerbosity(opening->conn, PQERRORS_VERBOSE);
    opening->wants = POLLOUT;
    return SW_OPENING_GOES_ON;
}

static enum sw_opening_news look_up(struct sw_opening *opening, struct sw_error *err)
{
    enum sw_opening_news news = SW_OPENING_GOES_ON;
    char *addresses = NULL;

    switch (sw_resolve_look(opening->resolve, &addresses, err)) {
    case SW_RESOLVE_GOES_ON:
        return SW_OPENING_GOES_ON;
    case SW_RESOLVE_FAILED:
        news = SW_OPENING_FAILED;
        break;
    case SW_RESOLVE_FOUND:
        news = begin_to_connect(opening, addresses, err);
        break;
    }
    sw_resolve_end(opening->resolve);
    opening->resolve = NULL;
    free(addresses);
    return news;
}

enum sw_opening_news sw_opening_begin(struct sw_opening *opening,
                                      const struct sw_opening_to *to, struct sw_error *err)
{
    *opening = (struct sw_opening){.to = *to, .wants = POLLIN};
    if (!sw_resolve_is_name(to->address))
        return begin_to_connect(opening, NULL, err);
    opening->resolve = sw_resolve_begin(to->address);
    return SW_OPENING_GOES_ON;
}

int sw_opening_fd(const struct sw_opening *opening)
{
    return opening->resolve != NULL ? sw_resolve_fd(opening->resolve) : PQsocket(opening->conn);
}

static enum sw_opening_news connect_on(struct sw_opening *opening, struct sw_error *err)
{
    switch (PQconnectPoll(opening->conn)) {
    case PGRES_POLLING_OK:
        return SW_OPENING_DONE;
    case PGRES_POLLING_FAILED:
        return fail(opening, err);
    case PGRES_POLLING_READING:
        opening->wants = POLLIN;
        break;
    case PGRES_POLLING_WRITING:
    case PGRES_POLLING_ACTIVE:
        opening->wants = POLLOUT;
        break;
    }
    return SW_OPENING_GOES_ON;
}

enum sw_opening_news sw_opening_move(struct sw_opening *opening, struct sw_error *err)
{
    return opening->resolve != NULL ? look_up(opening, err) : connect_on(opening, err);
}

PGconn *sw_opening_take(struct sw_opening *opening)
{
    PGconn *conn = opening->conn;

    opening->conn = NULL;
    return conn;
}

void sw_opening_end(struct sw_opening *opening)
{
    sw_resolve_end(opening->resolve);
    PQfinish(opening->conn);
    opening->resolve = NULL;
    opening->conn = NULL;
}
