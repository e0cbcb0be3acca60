/*
 * The ways of a promotion beside the usual one, in which the primary is lost: what an earlier
 * one has left is finished, or taken back under a new term, and the planned one.
 */
#include "operation.h"

#include "conninfo.h"

#include "shardward/base/stop.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DRAIN_MS = 2000, CATCH_UP_MS = 5000 };

/* --- finishing --- */

/* It was promoted under a term that nobody else has, with all that was confirmed: it only lacks
 * its row, and whoever follows it. */
bool sw_operation_finish(struct sw_operation *operation, struct sw_error *err)
{
    struct sw_promotion *promotion = operation->promotion;
    struct sw_seat *winner = &operation->seats[promotion->target];
    sw_nodes followers = 0, standbys;
    uint64_t next_xid = 0;
    char promise[SW_WHY];
    int quorum;

    operation->term = promotion->term_known + 1;
    if (!winner->is_open || winner->report.is_standby)
        return sw_error_set(err, "55000", "%s is no primary", winner->node->name);
    if (!sw_promise_read(winner->report.promise, &promotion->switch_lsn, &next_xid))
        return sw_error_set(err, "55000", "%s was promoted by somebody else",
                            winner->node->name);
    promotion->old_timeline = winner->report.epoch.timeline;
    promotion->timeline = winner->report.timeline;
    promotion->started_us = winner->report.started_us;
    operation->epoch = winner->report.epoch;
    promotion->was_synchronous = winner->report.cohort.quorum > 0;
    sw_operation_recruit(operation, sw_operation_nodes(operation, true));
    (void)snprintf(promise, sizeof promise, "promote %" PRIu64 " %" PRIu64,
                   promotion->switch_lsn, next_xid);
    if (!sw_seat_promise(winner, operation->term, promise, err))
        return false;
    if (!sw_operation_lead(operation, winner, operation->recruits, &followers, err) ||
        !sw_operation_stands(operation, winner->index, followers, err))
        return false;
    standbys = sw_cohort_standbys(operation->cluster, winner->index, followers);
    quorum = sw_operation_quorum(operation->cluster, standbys);
    return sw_seat_wait_for(winner, standbys, quorum, err) &&
           sw_operation_conclude(operation, winner, standbys, quorum, next_xid, err);
}

/* --- taking back --- */

struct rally {
    const struct sw_operation *operation;
    const struct sw_node *primary;
};

/* Who follows it already need not be disturbed. */
static void rally_seat(struct sw_seat *seat, void *argument)
{
    const struct rally *rally = argument;

    seat->is_recruited =
        sw_seat_promise(seat, rally->operation->term, "reinstate", &seat->err) &&
        (sw_conninfo_follows(seat->report.conninfo, rally->primary, seat->node->name) ||
         sw_seat_follow(seat, rally->primary, &seat->err));
}

static bool is_newest(const struct sw_operation *operation, const struct sw_seat *primary,
                      struct sw_error *err)
{
    for (int i = 0; i < operation->cluster->node_count; i++) {
        const struct sw_seat *seat = &operation->seats[i];

        if (seat->is_open && seat->report.epoch.term > primary->report.epoch.term)
            return sw_error_set(err, "55000", "%s knows a later primary than %s",
                                seat->node->name, primary->node->name);
    }
    return true;
}

/* A planned switch that ended in the middle left it read-only, waiting for its successor alone.
 * What an operator has cleared by hand is not ours to set. */
static bool open_again(struct sw_seat *primary, const struct sw_cohort *cohort,
                       struct sw_error *err)
{
    if (primary->report.sync_names[0] != '\0' &&
        !sw_seat_wait_for(primary, cohort->standbys, cohort->quorum, err))
        return false;
    return !primary->report.is_read_only ||
           (sw_seat_set(primary, "default_transaction_read_only", "off", err) &&
            sw_seat_reload(primary, err));
}

bool sw_operation_reinstate(struct sw_operation *operation, struct sw_error *err)
{
    struct sw_promotion *promotion = operation->promotion;
    struct sw_seat *primary = &operation->seats[promotion->target];
    struct rally rally = {.operation = operation, .primary = primary->node};
    const struct sw_report *report = &primary->report;

    operation->term = promotion->term_known + 1;
    if (!primary->is_open || report->is_standby || report->epoch.node != primary->index)
        return sw_error_set(err, "55000", "%s is not the primary of its last epoch",
                            primary->node->name);
    if (!is_newest(operation, primary, err) ||
        !sw_seat_promise(primary, operation->term, "reinstate", err))
        return false;
    sw_seats_do(operation->seats, operation->cluster->node_count,
                sw_operation_nodes(operation, true), rally_seat, &rally);
    promotion->timeline = report->timeline;
    promotion->started_us = report->started_us;
    promotion->switch_lsn = report->written_lsn;
    operation->epoch = report->epoch;
    return open_again(primary, &report->cohort, err) &&
           sw_operation_conclude(operation, primary, report->cohort.standbys,
                                 report->cohort.quorum, report->epoch.next_xid, err);
}

/* --- as planned --- */

/* Whoever is in a transaction may end it. */
static void drain(struct sw_seat *old)
{
    struct sw_error ignored;

    sw_line_renew(&old->line, DRAIN_MS);
    (void)sw_line_await(
        &old->line,
        "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = "
        "'client backend' AND xact_start IS NOT NULL AND pid <> pg_backend_pid() "
        "AND application_name NOT LIKE 'shardward%')",
        "its transactions have ended", &ignored);
}

/* It takes no writes any more, and what it has is with its successor. */
static bool retire(struct sw_operation *operation, struct sw_seat *old, struct sw_seat *winner,
                   struct sw_error *err)
{
    char flushed[200];
    PGresult *result;

    sw_line_renew(&old->line, CATCH_UP_MS);
    if (!sw_seat_promise(old, operation->term, "retire", err) ||
        !sw_seat_set(old, "default_transaction_read_only", "on", err) ||
        !sw_seat_wait_for(old, sw_nodes_of(winner->index), 1, err) ||
        !sw_seat_end_clients(old, err))
        return false;
    result = sw_line_ask(&old->line, "SELECT pg_current_wal_flush_lsn()", err);
    if (result == NULL)
        return false;
    (void)snprintf(flushed, sizeof flushed, "SELECT pg_last_wal_receive_lsn() >= '%s'::pg_lsn",
                   PQgetvalue(result, 0, 0));
    PQclear(result);
    return sw_line_await(&winner->line, flushed, "it has all that the primary wrote", err);
}

bool sw_operation_plan(struct sw_operation *operation, struct sw_error *err)
{
    struct sw_promotion *promotion = operation->promotion;
    struct sw_seat *old = &operation->seats[promotion->old];
    struct sw_seat *winner = &operation->seats[promotion->target];

    if (!old->is_open || old->report.is_standby)
        return sw_error_set(err, "55000", "%s does not answer as a primary", old->node->name);
    if (!winner->is_open || !winner->report.is_standby || !winner->report.is_streaming)
        return sw_error_set(err, "55000", "%s is no standby that streams", winner->node->name);
    operation->term = promotion->term_known + 1;
    drain(old);
    promotion->on_drained(promotion->owner);
    sw_operation_note(operation, "drained");
    for (int i = 0; i < operation->cluster->node_count; i++)
        sw_line_renew(&operation->seats[i].line,
                      operation->cluster->promotion->recruit_timeout_ms);
    if (!retire(operation, old, winner, err))
        return false;
    /* The old primary confirms nothing any more, and its successor has all of it: nobody else
     * has to be recruited for that. */
    operation->is_retired = true;
    return sw_operation_promote_other(operation, sw_nodes_of(old->index), err);
}
