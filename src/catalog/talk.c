#include "talk.h"

#include "shardward/base/clock.h"
#include "shardward/base/mem.h"

#include <stdlib.h>
#include <string.h>

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
    talk->waiting.deadline_ms = sw_clock_ms() + (uint64_t)timeout_ms;
}

static bool open_at(struct sw_talk *talk, const struct sw_node *node,
                    const struct sw_shard *shard, const struct sw_talk_as *as, int timeout_ms,
                    struct sw_error *err)
{
    const struct sw_opening_to to = {
        .address = node->address,
        .port = node->port,
        .dbname = shard->dbname,
        .user = as->user,
        .password = as->password,
        .application = as->application,
        .options = "-c statement_timeout=0 -c lock_timeout=0",
        .tls = node->tls,
    };

    sw_talk_renew(talk, timeout_ms);
    talk->conn = sw_waiting_open(&talk->waiting, &to, err);
    if (talk->conn == NULL)
        sw_error_trying(err, "cannot connect to %s:%d/%s", node->address, node->port,
                        shard->dbname);
    return talk->conn != NULL;
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

static bool read_results(struct sw_talk *talk,
                         void (*on_result)(void *owner, const PGresult *result), void *owner,
                         struct sw_error *err)
{
    PGresult *last = sw_waiting_results(&talk->waiting, talk->conn, on_result, owner, err);

    PQclear(last);
    return last != NULL;
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
