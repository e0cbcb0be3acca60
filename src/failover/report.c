#include "report.h"

#include "conninfo.h"

#include "shardward/base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The durable value, which need not be the loaded one, is in pg_file_settings. A promise tells
 * the term, too, but a crash may have come between the two. */
#define WITH_DURABLE                                                                           \
    "WITH last AS (SELECT DISTINCT ON (name) name, setting FROM pg_file_settings"              \
    " ORDER BY name, seqno DESC), "                                                            \
    "durable AS (SELECT"                                                                       \
    " max(setting) FILTER (WHERE name = 'shardward.term') AS term,"                            \
    " max(setting) FILTER (WHERE name = 'shardward.promise') AS promise,"                      \
    " max(setting) FILTER (WHERE name = 'shardward.restore_command') AS restore_command,"      \
    " max(setting) FILTER (WHERE name = 'default_transaction_read_only') AS read_only"         \
    " FROM last) "

static const char self_sql[] = WITH_DURABLE
    "SELECT pg_is_in_recovery(), (SELECT system_identifier FROM pg_control_system()), "
    "(extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint, "
    "coalesce(nullif(term, ''), '0'), coalesce(promise, ''), "
    "CASE WHEN pg_is_in_recovery() THEN"
    " greatest((SELECT received_tli FROM pg_stat_wal_receiver),"
    " (SELECT timeline_id FROM pg_control_checkpoint()),"
    " (SELECT min_recovery_end_timeline FROM pg_control_recovery())) "
    "ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END, "
    "CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn()"
    " ELSE pg_current_wal_flush_lsn() END - '0/0', "
    "pg_last_wal_replay_lsn() - '0/0', "
    "EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming'), "
    "current_setting('primary_conninfo'), current_setting('primary_slot_name'), "
    "current_setting('restore_command'), coalesce(durable.restore_command, ''), "
    "current_setting('synchronous_standby_names'), read_only = 'on', "
    "to_regclass('shardward.epoch') IS NOT NULL"
    " AND to_regclass('shardward.cohort') IS NOT NULL "
    "FROM durable";

static const char epoch_sql[] =
    "SELECT e.term, e.node, e.tli, e.switch_lsn - '0/0', e.next_xid, c.term, c.ver, c.k, "
    "array_to_string(c.cohort, E'\\n'), "
    "(SELECT node FROM shardward.epoch p WHERE p.term = c.term) "
    "FROM (SELECT * FROM shardward.epoch ORDER BY term DESC LIMIT 1) e, "
    "(SELECT * FROM (SELECT term, 0 AS ver, cohort, k FROM shardward.epoch "
    "UNION ALL SELECT term, ver, cohort, k FROM shardward.cohort) rows "
    "ORDER BY term DESC, ver DESC LIMIT 1) c";

int sw_node_index(const struct sw_cluster *cluster, const char *name)
{
    for (int i = 0; i < cluster->node_count; i++)
        if (strcmp(cluster->nodes[i].name, name) == 0)
            return i;
    return -1;
}

/* --- one row --- */

static const char *cell(const PGresult *result, int column)
{
    return PQgetvalue(result, 0, column);
}

static int64_t number(const PGresult *result, int column)
{
    return strtoll(cell(result, column), NULL, 10);
}

static bool flag(const PGresult *result, int column)
{
    return cell(result, column)[0] == 't';
}

/* False: it is longer than anything we would have written. */
static bool copy(const PGresult *result, int column, char *into, size_t size)
{
    return snprintf(into, size, "%s", cell(result, column)) < (int)size;
}

static bool read_self(const struct sw_line *line, const PGresult *row, struct sw_report *to,
                      struct sw_error *err)
{
    to->is_standby = flag(row, 0);
    to->system_id = strtoull(cell(row, 1), NULL, 10);
    to->started_us = number(row, 2);
    to->term = number(row, 3);
    to->timeline = (int)number(row, 5);
    to->written_lsn = (uint64_t)number(row, 6);
    to->replayed_lsn = (uint64_t)number(row, 7);
    to->is_streaming = flag(row, 8);
    to->is_read_only = flag(row, 14);
    to->has_tables = flag(row, 15);
    if (!copy(row, 4, to->promise, sizeof to->promise) ||
        !copy(row, 9, to->conninfo, sizeof to->conninfo) ||
        !copy(row, 10, to->slot, sizeof to->slot) ||
        !copy(row, 11, to->restore_command, sizeof to->restore_command) ||
        !copy(row, 12, to->kept_restore_command, sizeof to->kept_restore_command) ||
        !copy(row, 13, to->sync_names, sizeof to->sync_names))
        return sw_error_set(err, "54000", "%s: a setting is too long", line->node->name);
    to->is_detached = sw_conninfo_is_detached(to->conninfo);
    return true;
}

/* The names, one a line, but for the primary's. */
static void read_cohort(const struct sw_cluster *cluster, const char *names,
                        const char *primary, struct sw_cohort *cohort)
{
    char name[SW_REPORT_NAME * 4];

    while (*names != '\0') {
        size_t len = strcspn(names, "\n");
        int index;

        (void)snprintf(name, sizeof name, "%.*s", (int)len, names);
        index = sw_node_index(cluster, name);
        if (strcmp(name, primary) != 0) {
            cohort->count++;
            cohort->standbys |= index < 0 ? 0 : (sw_nodes)1 << index;
        }
        names += len + (names[len] == '\n');
    }
    cohort->primary = sw_node_index(cluster, primary);
}

static void read_epoch(const struct sw_cluster *cluster, const PGresult *row,
                       struct sw_report *to)
{
    to->epoch = (struct sw_epoch){.term = number(row, 0),
                                  .node = sw_node_index(cluster, cell(row, 1)),
                                  .timeline = (int)number(row, 2),
                                  .switch_lsn = (uint64_t)number(row, 3),
                                  .next_xid = (uint64_t)number(row, 4)};
    to->cohort.term = number(row, 5);
    to->cohort.version = (int)number(row, 6);
    to->cohort.quorum = (int)number(row, 7);
    read_cohort(cluster, cell(row, 8), cell(row, 9), &to->cohort);
}

/* --- asking --- */

static bool take_epoch(struct sw_line *line, struct sw_report *report, struct sw_error *err)
{
    PGresult *result = sw_line_ask(line, epoch_sql, err);

    if (result != NULL && PQntuples(result) == 1)
        read_epoch(line->cluster, result, report);
    PQclear(result);
    return result != NULL;
}

bool sw_report_take(struct sw_line *line, struct sw_report *report, struct sw_error *err)
{
    PGresult *result = sw_line_ask(line, self_sql, err);
    bool is_good = result != NULL;

    *report = (struct sw_report){.cohort.primary = -1, .epoch.node = -1};
    is_good = is_good && read_self(line, result, report, err);
    PQclear(result);
    return is_good && (!report->has_tables || take_epoch(line, report, err));
}

bool sw_report_promise(struct sw_line *line, struct sw_report *report, struct sw_error *err)
{
    static const char sql[] = WITH_DURABLE
        "SELECT coalesce(nullif(term, ''), '0'), coalesce(promise, '') FROM durable";
    PGresult *result = sw_line_ask(line, sql, err);
    bool is_good = result != NULL;

    if (is_good && !copy(result, 1, report->promise, sizeof report->promise))
        is_good = sw_error_set(err, "54000", "%s: a setting is too long", line->node->name);
    if (is_good)
        report->term = number(result, 0);
    PQclear(result);
    return is_good;
}

bool sw_promise_read(const char *promise, uint64_t *lsn, uint64_t *next_xid)
{
    int64_t term;

    return sscanf(promise, "%" SCNd64 " promote %" SCNu64 " %" SCNu64, &term, lsn, next_xid) ==
           3;
}
