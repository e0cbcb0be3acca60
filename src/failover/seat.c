/*
 * How a standby is taken from its primary. The order matters:
 *
 *   lock -> term and promise, durably -> primary_conninfo leads nowhere -> reload
 *        -> our own session has loaded it: the startup process has been told, too
 *        -> twice: no receiver, nor one that connects, and the startup process rests because it
 *           has found no more WAL
 *        -> report
 *
 * That its LSN has stopped moving would prove nothing: replay may merely be slow, or paused.
 */
#include "seat.h"

#include "conninfo.h"

#include "shardward/base/buf.h"
#include "shardward/base/mem.h"
#include "shardward/base/stop.h"
#include "shardward/base/text.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NAMES = 4000, BETWEEN_LOOKS_MS = 10 };

/* --- several at once --- */

struct errand {
    struct sw_seat *seat;
    sw_seat_work *work;
    void *argument;
    pthread_t thread;
    bool is_started;
};

static void *run_errand(void *owner)
{
    struct errand *errand = owner;

    errand->work(errand->seat, errand->argument);
    return NULL;
}

void sw_seats_do(struct sw_seat *seats, int count, sw_nodes which, sw_seat_work *work,
                 void *argument)
{
    struct errand errands[SW_MANAGED_NODES];

    for (int i = 0; i < count; i++) {
        errands[i] = (struct errand){.seat = &seats[i], .work = work, .argument = argument};
        if ((which >> i & 1) != 0)
            errands[i].is_started =
                pthread_create(&errands[i].thread, NULL, run_errand, &errands[i]) == 0;
        if ((which >> i & 1) != 0 && !errands[i].is_started)
            work(&seats[i], argument);
    }
    for (int i = 0; i < count; i++)
        if (errands[i].is_started)
            (void)pthread_join(errands[i].thread, NULL);
}

void sw_seats_close(struct sw_seat *seats, int count)
{
    for (int i = 0; i < count; i++) {
        sw_line_close(&seats[i].line);
        seats[i].is_open = false;
    }
}

bool sw_seat_open(struct sw_seat *seat, int timeout_ms)
{
    seat->is_open =
        sw_line_open(&seat->line, seat->cluster, seat->node,
                     seat->cluster->health->connect_timeout_ms, seat->is_stopping, &seat->err);
    if (!seat->is_open)
        return false;
    sw_line_renew(&seat->line, timeout_ms);
    seat->is_open = sw_report_take(&seat->line, &seat->report, &seat->err);
    if (!seat->is_open)
        sw_line_close(&seat->line);
    return seat->is_open;
}

/* --- settings --- */

bool sw_seat_set(struct sw_seat *seat, const char *name, const char *value,
                 struct sw_error *err)
{
    char *quoted = sw_text_literal(value);
    bool is_good = sw_line_say(&seat->line, err, "ALTER SYSTEM SET %s = %s", name, quoted);

    free(quoted);
    return is_good;
}

bool sw_seat_note(struct sw_seat *seat, const char *name, const char *value,
                  struct sw_error *err)
{
    char *quoted = sw_text_literal(value);
    bool is_good = sw_line_say(&seat->line, err, "SET %s = %s", name, quoted) &&
                   sw_line_say(&seat->line, err, "ALTER SYSTEM SET %s = %s", name, quoted);

    free(quoted);
    return is_good;
}

bool sw_seat_reload(struct sw_seat *seat, struct sw_error *err)
{
    return sw_line_say(&seat->line, err, "SELECT pg_reload_conf()");
}

/* Set it, and wait until this session has loaded it. */
static bool set_and_load(struct sw_seat *seat, const char *name, const char *value,
                         struct sw_error *err)
{
    char *quoted = sw_text_literal(value);
    char *loaded = sw_format("SELECT current_setting('%s') = %s", name, quoted);
    bool is_good = sw_seat_set(seat, name, value, err) && sw_seat_reload(seat, err) &&
                   sw_line_await(&seat->line, loaded, "it has loaded a setting", err);

    free(loaded);
    free(quoted);
    return is_good;
}

bool sw_seat_end_clients(struct sw_seat *seat, struct sw_error *err)
{
    return sw_line_say(&seat->line, err,
                       "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                       "backend_type = 'client backend' AND pid <> pg_backend_pid() AND "
                       "(usesysid NOT IN (SELECT oid FROM pg_roles WHERE rolsuper) OR "
                       "(SELECT rolsuper FROM pg_roles WHERE rolname = current_user))");
}

/* --- synchronous_standby_names --- */

char *sw_sync_names(const struct sw_cluster *cluster, sw_nodes standbys, int quorum)
{
    struct sw_buf buf;
    char *text;

    if (quorum == 0)
        return sw_strdup("");
    sw_buf_init(&buf, MOST_NAMES);
    sw_buf_printf(&buf, "ANY %d (", quorum);
    for (int i = 0, count = 0; i < cluster->node_count; i++)
        if ((standbys >> i & 1) != 0)
            sw_buf_printf(&buf, "%s\"%s\"", count++ == 0 ? "" : ", ", cluster->nodes[i].name);
    sw_buf_append(&buf, ")", 2);
    text = sw_strdup((const char *)sw_buf_bytes(&buf));
    sw_buf_finish(&buf);
    return text;
}

bool sw_sync_names_read(const struct sw_cluster *cluster, const char *text, sw_nodes *standbys,
                        int *quorum)
{
    int len = 0;
    char *written;
    bool is_ours;

    *standbys = 0;
    *quorum = 0;
    if (*text == '\0')
        return true;
    if (sscanf(text, "ANY %d (%n", quorum, &len) != 1 || len == 0)
        return false;
    for (int i = 0; i < cluster->node_count; i++) {
        char *name = sw_format("\"%s\"", cluster->nodes[i].name);

        if (strstr(text, name) != NULL)
            *standbys |= (sw_nodes)1 << i;
        free(name);
    }
    written = sw_sync_names(cluster, *standbys, *quorum);
    is_ours = strcmp(written, text) == 0;
    free(written);
    return is_ours;
}

bool sw_seat_wait_for(struct sw_seat *seat, sw_nodes standbys, int quorum, struct sw_error *err)
{
    char *names = sw_sync_names(seat->cluster, standbys, quorum);
    bool is_good = set_and_load(seat, "synchronous_standby_names", names, err);

    free(names);
    return is_good;
}

/* --- promises --- */

static bool is_free(const struct sw_seat *seat, int64_t most, struct sw_error *err)
{
    return seat->report.term <= most ||
           sw_error_set(err, "55P03", "%s has promised term %lld to somebody else",
                        seat->node->name, (long long)seat->report.term);
}

/* Whoever has promised a later term is left alone: the lock would end the line of the one to
 * whom it was promised. */
static bool lock_unless_promised(struct sw_seat *seat, int64_t most, struct sw_error *err)
{
    return is_free(seat, most, err) && sw_line_lock(&seat->line, err) &&
           sw_report_promise(&seat->line, &seat->report, err) && is_free(seat, most, err);
}

bool sw_seat_promise(struct sw_seat *seat, int64_t term, const char *what, struct sw_error *err)
{
    char number[24], promise[SW_WHY];
    uint64_t lsn, next_xid;

    if (!lock_unless_promised(seat, term - 1, err))
        return false;
    seat->term_before = seat->report.term;
    (void)snprintf(number, sizeof number, "%lld", (long long)term);
    /* Its promotion, begun by somebody whose line has ended since, may end all the same: then
     * this tells of it. */
    if (seat->report.is_standby && sw_promise_read(seat->report.promise, &lsn, &next_xid))
        (void)snprintf(promise, sizeof promise, "%lld promote %llu %llu", (long long)term,
                       (unsigned long long)lsn, (unsigned long long)next_xid);
    else
        (void)snprintf(promise, sizeof promise, "%lld %s", (long long)term, what);
    return sw_seat_note(seat, "shardward.term", number, err) &&
           sw_seat_note(seat, "shardward.promise", promise, err);
}

bool sw_seat_settle(struct sw_seat *seat, int64_t term, struct sw_error *err)
{
    char number[24];

    (void)snprintf(number, sizeof number, "%lld", (long long)term);
    return lock_unless_promised(seat, term, err) &&
           (seat->report.term == term || sw_seat_note(seat, "shardward.term", number, err));
}

bool sw_seat_detach(struct sw_seat *seat, struct sw_error *err)
{
    const char *command = seat->report.restore_command;
    char *nowhere;
    bool is_good = true;

    if (*command != '\0')
        is_good = sw_seat_note(seat, "shardward.restore_command", command, err) &&
                  sw_seat_set(seat, "restore_command", "", err);
    if (!is_good || seat->report.is_detached || seat->report.conninfo[0] == '\0')
        return is_good && sw_seat_reload(seat, err);
    nowhere = sw_conninfo_detach(seat->report.conninfo);
    if (nowhere == NULL)
        return sw_error_set(err, "22023", "%s: its primary_conninfo cannot be read",
                            seat->node->name);
    is_good = set_and_load(seat, "primary_conninfo", nowhere, err);
    free(nowhere);
    return is_good;
}

/* pg_stat_wal_receiver hides a receiver that is still connecting, and one that was asked for is
 * no process yet: the startup process waits for what they bring then, and does not rest. */
static bool await_end_of_replay(struct sw_seat *seat, struct sw_error *err)
{
    static const char has_ended[] =
        "SELECT NOT pg_is_in_recovery() OR "
        "NOT EXISTS (SELECT FROM pg_stat_wal_receiver) AND NOT EXISTS "
        "(SELECT FROM pg_stat_activity WHERE backend_type = 'walreceiver') AND EXISTS "
        "(SELECT FROM pg_stat_activity WHERE backend_type = 'startup' AND "
        "wait_event = 'RecoveryRetrieveRetryInterval')";
    static const char what[] = "it has replayed all of its WAL";

    return sw_line_await(&seat->line, has_ended, what, err) &&
           sw_line_rest(&seat->line, BETWEEN_LOOKS_MS, err) &&
           sw_line_await(&seat->line, has_ended, what, err);
}

bool sw_seat_recruit(struct sw_seat *seat, int64_t term, const char *what, struct sw_error *err)
{
    int timeline = seat->report.timeline;

    if (!sw_seat_promise(seat, term, what, err) || !sw_seat_detach(seat, err) ||
        !await_end_of_replay(seat, err) || !sw_report_take(&seat->line, &seat->report, err))
        return false;
    if (!seat->report.is_standby)
        return sw_error_set(err, "55P03", "%s was promoted by somebody else meanwhile",
                            seat->node->name);
    /* Without a receiver it may know an earlier one only. */
    if (seat->report.timeline < timeline)
        seat->report.timeline = timeline;
    sw_stop_at("after_recruit_one", 1);
    return true;
}

bool sw_seat_follow(struct sw_seat *seat, const struct sw_node *to, struct sw_error *err)
{
    char *conninfo = sw_conninfo_follow(seat->report.conninfo, to, seat->node->name);
    const char *kept = seat->report.kept_restore_command;
    bool is_good =
        conninfo != NULL ||
        sw_error_set(err, "22023",
                     "%s: its primary_conninfo is empty, so that nobody knows how it "
                     "logs in to a primary",
                     seat->node->name);

    if (is_good && *kept != '\0')
        is_good = sw_seat_set(seat, "restore_command", kept, err) &&
                  sw_seat_note(seat, "shardward.restore_command", "", err);
    is_good = is_good && set_and_load(seat, "primary_conninfo", conninfo, err);
    free(conninfo);
    return is_good;
}
