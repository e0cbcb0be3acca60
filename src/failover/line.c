#include "line.h"

#include "shardward/base/clock.h"
#include "shardward/base/mem.h"
#include "shardward/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    AGAIN_MS = 3,
    MOST_SQL = 8000,
};

static bool set_timeout(struct sw_error *err)
{
    return sw_error_set(err, "08006", "it has not answered in time");
}

int sw_line_left_ms(const struct sw_line *line)
{
    return sw_waiting_left_ms(&line->waiting);
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

/* Its locks shall die with our host, and its commits shall wait; what it is warned of is told.
 */
static const char options[] =
    "-c statement_timeout=0 -c lock_timeout=0 -c synchronous_commit=on "
    "-c client_min_messages=warning "
    "-c default_transaction_read_only=off -c search_path=pg_catalog "
    "-c tcp_keepalives_idle=2 -c tcp_keepalives_interval=1 "
    "-c tcp_keepalives_count=3 -c tcp_user_timeout=3000";

static void ignore_notice(void *owner, const PGresult *result)
{
}

/* Somebody has cancelled a commit that waited for its standbys: PostgreSQL calls it a success.
 * The name of a routine is never translated. */
static void note_release(void *owner, const PGresult *notice)
{
    const char *routine = PQresultErrorField(notice, PG_DIAG_SOURCE_FUNCTION);
    bool *is_released = owner;

    *is_released |= routine != NULL && strcmp(routine, "SyncRepWaitForLSN") == 0;
}

bool sw_line_open(struct sw_line *line, const struct sw_cluster *cluster,
                  const struct sw_node *node, int timeout_ms, const atomic_bool *is_stopping,
                  struct sw_error *err)
{
    const struct sw_opening_to to = {
        .address = node->address,
        .port = node->port,
        .dbname = cluster->control.dbname,
        .user = cluster->control.user,
        .password = cluster->control.password,
        .application = "shardward failover",
        .options = options,
        .tls = node->tls,
        .is_brief = true,
    };

    *line = (struct sw_line){
        .cluster = cluster, .node = node, .waiting = {.is_stopping = is_stopping}};
    sw_line_renew(line, timeout_ms);
    line->conn = sw_waiting_open(&line->waiting, &to, err);
    if (line->conn != NULL) {
        (void)PQsetNoticeReceiver(line->conn, ignore_notice, NULL);
        return true;
    }
    sw_error_trying(err, "cannot connect to %s", node->name);
    return false;
}

void sw_line_renew(struct sw_line *line, int timeout_ms)
{
    line->waiting.deadline_ms = sw_clock_ms() + (uint64_t)timeout_ms;
}

void sw_line_close(struct sw_line *line)
{
    PQfinish(line->conn);
    line->conn = NULL;
}

/* --- talking --- */

PGresult *sw_line_ask(struct sw_line *line, const char *sql, struct sw_error *err)
{
    PGresult *result = NULL;
    bool is_released = false;

    if (line->conn == NULL || !PQsendQuery(line->conn, sql)) {
        sw_error_set(err, "08006", "%s: the connection is lost", line->node->name);
        return NULL;
    }
    (void)PQsetNoticeReceiver(line->conn, note_release, &is_released);
    result = sw_waiting_results(&line->waiting, line->conn, NULL, NULL, err);
    (void)PQsetNoticeReceiver(line->conn, ignore_notice, NULL);
    if (result == NULL) {
        sw_error_trying(err, "%s", line->node->name);
    } else if (is_released) {
        PQclear(result);
        result = NULL;
        sw_error_set(err, "57014", "%s: somebody has cancelled the wait for its standbys",
                     line->node->name);
    }
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

/* --- the lock --- */

bool sw_line_lock(struct sw_line *line, struct sw_error *err)
{
    char *name = sw_format("shardward:%s", line->cluster->name),
         *quoted = sw_text_literal(name);
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
