#include "question.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- asking --- */

enum column {
    IN_RECOVERY,
    SYSTEM_ID,
    WRITTEN,
    REPLAYED,
    TIMELINE,
    TERM,
    SYNC_NAMES,
    READ_ONLY,
    STARTED,
    RECEIVER,
    HEARD,
    REPLAY_AGE,
    SENDER_HOST,
    SENDER_PORT,
    SYNC_STANDBYS,
    MAY_SEE,
    MAY_REPLICATE,
    UNSYNCED,
    COLUMNS,
};

/* pg_walfile_name() is an error in recovery; the last message's age is by the node's own clock
 * on both ends. */
static const char status[] =
    "SELECT pg_is_in_recovery(),"
    " (SELECT system_identifier FROM pg_control_system()),"
    " CASE WHEN pg_is_in_recovery()"
    "  THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())"
    "  ELSE pg_current_wal_flush_lsn() END,"
    " CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() END,"
    " CASE WHEN pg_is_in_recovery() THEN r.received_tli ELSE"
    "  ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END,"
    " current_setting('shardward.term', true),"
    " current_setting('synchronous_standby_names'),"
    " current_setting('default_transaction_read_only'),"
    " (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::int8,"
    " r.status,"
    " (extract(epoch FROM clock_timestamp() - r.last_msg_receipt_time) * 1000)::int8,"
    " CASE WHEN pg_is_in_recovery() THEN"
    "  (extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::int8"
    "  END,"
    " r.sender_host, r.sender_port,"
    " CASE WHEN NOT pg_is_in_recovery() THEN"
    "  (SELECT string_agg(application_name, ',') FROM pg_stat_replication"
    "   WHERE sync_state IN ('sync', 'quorum')) END,"
    " pg_has_role('pg_read_all_stats', 'usage'),"
    " (SELECT rolsuper OR rolreplication FROM pg_roles WHERE rolname = current_user),"
    " %s"
    " FROM (SELECT 1) one LEFT JOIN pg_stat_wal_receiver r ON true";

static const char unsynced[] = "coalesce((SELECT wait_event = 'SyncRep' FROM pg_stat_activity"
                               " WHERE pid = %d), false)";

const char sw_question_write[] = "SELECT pg_logical_emit_message(true, 'sw_hb', '')";

void sw_question_status(char *sql, size_t size, int writer_pid)
{
    char last[128] = "false";

    if (writer_pid != 0)
        (void)snprintf(last, sizeof last, unsynced, writer_pid);
    (void)snprintf(sql, size, status, last);
}

/* --- answers --- */

static bool is_true(const PGresult *result, enum column column)
{
    return PQgetvalue(result, 0, column)[0] == 't';
}

/* -1 where it is NULL. */
static int64_t number_at(const PGresult *result, enum column column)
{
    if (PQgetisnull(result, 0, column))
        return -1;
    return strtoll(PQgetvalue(result, 0, column), NULL, 10);
}

static void copy_at(const PGresult *result, enum column column, char *to, size_t size)
{
    (void)snprintf(to, size, "%s", PQgetvalue(result, 0, column));
}

/* What a standby that has lost its receiver no longer says of its timeline is what it said. */
static void read_timeline(const PGresult *result, bool is_same_run, struct sw_vitals *vitals)
{
    if (!PQgetisnull(result, 0, TIMELINE))
        vitals->timeline = (int)number_at(result, TIMELINE);
    else if (!is_same_run || vitals->role != SW_ROLE_STANDBY)
        vitals->timeline = 0;
}

static void read_receiver(const PGresult *result, struct sw_vitals *vitals)
{
    int64_t port = number_at(result, SENDER_PORT);

    vitals->is_streaming = strcmp(PQgetvalue(result, 0, RECEIVER), "streaming") == 0;
    vitals->heard_ms = number_at(result, HEARD);
    vitals->replay_ms = number_at(result, REPLAY_AGE);
    vitals->sender_port = port < 0 ? 0 : (int)port;
    copy_at(result, SENDER_HOST, vitals->sender_host, sizeof vitals->sender_host);
}

bool sw_question_read_status(const PGresult *result, struct sw_vitals *vitals,
                             bool *is_unsynced)
{
    int64_t started_us, term;

    if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1 ||
        PQnfields(result) != COLUMNS)
        return false;
    started_us = number_at(result, STARTED);
    read_timeline(result, started_us == vitals->started_us, vitals);
    vitals->role = is_true(result, IN_RECOVERY) ? SW_ROLE_STANDBY : SW_ROLE_PRIMARY;
    vitals->system_id = strtoull(PQgetvalue(result, 0, SYSTEM_ID), NULL, 10);
    vitals->written_lsn = sw_words_lsn(PQgetvalue(result, 0, WRITTEN));
    vitals->replayed_lsn = sw_words_lsn(PQgetvalue(result, 0, REPLAYED));
    vitals->started_us = started_us;
    term = number_at(result, TERM);
    vitals->term = term < 0 ? 0 : term;
    vitals->is_read_only = strcmp(PQgetvalue(result, 0, READ_ONLY), "on") == 0;
    copy_at(result, SYNC_NAMES, vitals->sync_names, sizeof vitals->sync_names);
    copy_at(result, SYNC_STANDBYS, vitals->sync_standbys, sizeof vitals->sync_standbys);
    read_receiver(result, vitals);
    vitals->has_rights = is_true(result, MAY_SEE);
    vitals->may_replicate = is_true(result, MAY_REPLICATE);
    *is_unsynced = is_true(result, UNSYNCED);
    return true;
}
