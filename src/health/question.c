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

/* "16/B374D848"; 0: it is none. */
static uint64_t read_lsn(const char *text)
{
    char *rest;
    uint64_t high = strtoull(text, &rest, 16);

    return *rest == '/' ? high << 32 | strtoull(rest + 1, NULL, 16) : 0;
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
    vitals->written_lsn = read_lsn(PQgetvalue(result, 0, WRITTEN));
    vitals->replayed_lsn = read_lsn(PQgetvalue(result, 0, REPLAYED));
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

/* Lines of "timeline \t LSN \t reason"; comments begin with #. */
void sw_question_read_history(const char *text, struct sw_vitals *vitals)
{
    vitals->end_count = 0;
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        char *rest;
        long timeline = strtol(text, &rest, 10);
        uint64_t lsn = timeline > 0 ? read_lsn(rest) : 0;

        if (lsn != 0) {
            if (vitals->end_count == SW_TIMELINES)
                memmove(vitals->ends, vitals->ends + 1,
                        (size_t)--vitals->end_count * sizeof *vitals->ends);
            vitals->ends[vitals->end_count++] =
                (struct sw_timeline_end){.timeline = (int)timeline, .lsn = lsn};
        }
        text += len + (text[len] == '\n' ? 1 : 0);
    }
}

/* --- errors --- */

/* The classes that say that the node lives and is well, but does not serve us. */
enum sw_outcome sw_question_outcome(const char *sqlstate)
{
    static const char *const failures[] = {"53100", "53200", "58", "XX", "57P02", "57P01"};

    if (strcmp(sqlstate, "57P03") == 0)
        return SW_STARTING;
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
        if (strncmp(sqlstate, failures[i], strlen(failures[i])) == 0)
            return SW_FAILED;
    return SW_TURNED_AWAY;
}

/* "...FATAL:  28P01: message\nLOCATION: ..." */
const char *sw_question_error(const char *message, const char **text, char state[6])
{
    const char *severity = strstr(message, "FATAL:  ");

    state[0] = '\0';
    *text = message;
    if (severity == NULL)
        severity = strstr(message, "ERROR:  ");
    if (severity != NULL && strlen(severity) > 15 && severity[13] == ':') {
        memcpy(state, severity + 8, 5);
        state[5] = '\0';
        *text = severity + 15;
    }
    return state;
}
