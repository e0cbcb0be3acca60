/*
 * The ways of a promotion beside the usual one, in which the primary is lost: what an earlier
 * one has left is finished, or taken back under a new term, and the planned one.
 */
#include "operation.h"

#include "conninfo.h"

#include "shardward/base/clock.h"
#include "shardward/base/stop.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DRAIN_MS = 2000, CATCH_UP_MS = 5000, LOOK_AGAIN_MS = 5 };

static bool is_newest(const struct sw_operation *operation, const struct sw_seat *primary,
                      struct sw_error *err)
{
    for (int i = 0; i < operation->cluster->node_count; i++) {
        const struct sw_seat *seat = &operation->seats[i];

        if (seat->is_open && seat->report.epoch.term > primary->report.epoch.term &&
            !sw_nodes_have(operation->promotion->overruled, i))
            return sw_error_set(err, "55000", "%s knows a later primary than %s",
                                seat->node->name, primary->node->name);
    }
    return true;
}

/* Can no other one have been promoted since the epoch that this one knows, and have confirmed
 * anything? Whoever has was promoted with, or confirmed by, two nodes at least, and so many of
 * the cohort that each sufficient part of it meets one (see sw_operation_appoint): it would be
 * known to those who are there. */
static bool is_only_one(const struct sw_operation *operation, const struct sw_seat *primary,
                        struct sw_error *err)
{
    const struct sw_cohort *cohort = &primary->report.cohort;
    sw_nodes there = sw_operation_nodes(operation, true) | sw_operation_nodes(operation, false);
    sw_nodes all = sw_nodes_of(operation->cluster->node_count) - 1;
    int missing = sw_nodes_count(all & ~there & ~sw_nodes_of(primary->index));

    if (!operation->cluster->promotion->is_synchronous || missing <= 1 ||
        sw_cohort_is_covered(cohort, there))
        return true;
    operation->promotion->is_unsafe = true;
    return sw_error_set(err, "55000",
                        "%d nodes are missing, and may know of a later primary than %s",
                        missing, primary->node->name);
}

/* --- finishing --- */

/* Can nobody else have been promoted under a later term, and have confirmed anything? That one
 * had to recruit some of these, who have promised none; or it is, or was confirmed by, one of
 * these, as in reinstating. */
static bool is_last(const struct sw_operation *operation, const struct sw_seat *winner,
                    struct sw_error *err)
{
    const struct sw_cohort *cohort = &winner->report.cohort;
    sw_nodes steady = sw_nodes_of(winner->index);

    for (int i = 0; i < operation->cluster->node_count; i++)
        if (operation->seats[i].is_open &&
            operation->seats[i].report.term <= winner->report.term)
            steady |= sw_nodes_of(i);
    return sw_nodes_count(steady & cohort->standbys) >= sw_cohort_witnesses(cohort) ||
           is_only_one(operation, winner, err);
}

static void describe_strays(const struct sw_operation *operation, sw_nodes strays,
                            struct sw_error *err)
{
    for (int i = 0; i < operation->cluster->node_count; i++)
        if (sw_nodes_have(strays, i))
            sw_error_detail(err, "%s does not stream from it",
                            operation->cluster->nodes[i].name);
}

/* It was promoted under a term that nobody else has, with all that was confirmed: it only lacks
 * its row, and whoever follows it. */
bool sw_operation_finish(struct sw_operation *operation, struct sw_error *err)
{
    struct sw_promotion *promotion = operation->promotion;
    struct sw_seat *winner = &operation->seats[promotion->target];
    sw_nodes followers = 0, led, standbys;
    uint64_t next_xid = 0;
    char promise[SW_WHY];
    int quorum;

    sw_operation_take_term(operation);
    if (!winner->is_open || winner->report.is_standby)
        return sw_error_set(err, "55000", "%s is no primary", winner->node->name);
    if (!sw_promise_read(winner->report.promise, &promotion->switch_lsn, &next_xid))
        return sw_error_set(err, "55000", "%s was promoted by somebody else",
                            winner->node->name);
    /* What is in vain is not begun. */
    if (!is_newest(operation, winner, err) || !is_last(operation, winner, err) ||
        !sw_operation_stands(operation, winner->index, sw_operation_nodes(operation, true),
                             err))
        return false;
    promotion->old_timeline = winner->report.epoch.timeline;
    promotion->timeline = winner->report.timeline;
    promotion->started_us = winner->report.started_us;
    operation->epoch = winner->report.epoch;
    operation->known = winner->report.cohort;
    promotion->was_synchronous = winner->report.cohort.quorum > 0;
    sw_operation_recruit(operation, sw_operation_nodes(operation, true));
    (void)snprintf(promise, sizeof promise, "promote %" PRIu64 " %" PRIu64,
                   promotion->switch_lsn, next_xid);
    if (!sw_seat_promise(winner, operation->term, promise, err))
        return false;
    if (!sw_operation_lead(operation, winner, operation->recruits, &followers, err))
        return false;
    led = followers;
    followers = sw_operation_streaming(operation, winner, led);
    if (!sw_operation_stands(operation, winner->index, followers, err) ||
        !sw_operation_appoint(operation, winner->index, followers, &standbys, &quorum, err)) {
        describe_strays(operation, led & ~followers, err);
        sw_operation_let_go(operation, winner, led & ~followers);
        return false;
    }
    return sw_seat_wait_for(winner, standbys, quorum, err) &&
           sw_operation_conclude(operation, winner, standbys, quorum, next_xid, err);
}

/* --- taking back --- */

struct rally {
    const struct sw_operation *operation;
    const struct sw_node *primary;
    int64_t term; /* of its last epoch */
};

/* Who follows it already need not be disturbed. */
static void rally_seat(struct sw_seat *seat, void *argument)
{
    const struct rally *rally = argument;

    seat->is_recruited =
        sw_seat_promise(seat, rally->operation->term, "reinstate", &seat->err) &&
        sw_report_take(&seat->line, &seat->report, &seat->err) &&
        seat->report.epoch.term <= rally->term &&
        (sw_conninfo_follows(seat->report.conninfo, rally->primary, seat->node->name) ||
         sw_seat_follow(seat, rally->primary, &seat->err));
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

/* Are there enough who can follow it still? If not, what they have promised is left as it is:
 * the one that they have followed meanwhile may be back. */
static bool has_followers(const struct sw_operation *operation, const struct sw_seat *primary,
                          struct sw_error *err)
{
    const struct sw_cohort *cohort = &primary->report.cohort;
    int left = cohort->count;

    for (int i = 0; i < operation->cluster->node_count; i++) {
        const struct sw_seat *seat = &operation->seats[i];

        if (seat->is_open && sw_nodes_have(cohort->standbys, i) &&
            (!seat->report.is_standby || seat->report.timeline > primary->report.timeline))
            left--;
    }
    return left >= cohort->quorum ||
           sw_error_set(err, "55000", "the standbys of %s have gone on without it",
                        primary->node->name);
}

/* Behind the lock, which has ended whoever waited for standbys with a row of the cohort: such a
 * row is there from then on. */
static bool hold_primary(struct sw_operation *operation, struct sw_seat *primary,
                         struct sw_error *err)
{
    const struct sw_cohort before = primary->report.cohort, *now = &primary->report.cohort;

    if (!sw_seat_promise(primary, operation->term, "reinstate", err) ||
        !sw_report_take(&primary->line, &primary->report, err))
        return false;
    operation->promotion->is_unsure |=
        before.term != now->term || before.version != now->version;
    return true;
}

/* I5: what follows a row begins when it is with those for whom the primary waits, as it did
 * when the row was written. */
static bool is_recorded(const struct sw_operation *operation, struct sw_seat *primary,
                        struct sw_error *err)
{
    struct sw_cohort named = {.primary = -1};

    if (!operation->promotion->is_unsure)
        return true;
    if (!sw_sync_names_read(operation->cluster, primary->report.sync_names, &named.standbys,
                            &named.quorum))
        return sw_error_set(err, "55000", "synchronous_standby_names of %s is not ours",
                            primary->node->name);
    return sw_await_quorum(primary, &named, err);
}

bool sw_operation_reinstate(struct sw_operation *operation, struct sw_error *err)
{
    struct sw_promotion *promotion = operation->promotion;
    struct sw_seat *primary = &operation->seats[promotion->target];
    struct rally rally = {
        .operation = operation, .primary = primary->node, .term = primary->report.epoch.term};
    const struct sw_report *report = &primary->report;

    sw_operation_take_term(operation);
    if (!primary->is_open || report->is_standby || report->epoch.node != primary->index)
        return sw_error_set(err, "55000", "%s is not the primary of its last epoch",
                            primary->node->name);
    if (!is_newest(operation, primary, err) || !is_only_one(operation, primary, err) ||
        !has_followers(operation, primary, err) || !hold_primary(operation, primary, err))
        return false;
    sw_seats_do(operation->seats, operation->cluster->node_count,
                sw_operation_nodes(operation, true), rally_seat, &rally);
    if (!is_newest(operation, primary, err))
        return false;
    promotion->timeline = report->timeline;
    promotion->started_us = report->started_us;
    promotion->switch_lsn = report->written_lsn;
    operation->epoch = report->epoch;
    return is_recorded(operation, primary, err) && open_again(primary, &report->cohort, err) &&
           sw_operation_conclude(operation, primary, report->cohort.standbys,
                                 report->cohort.quorum, report->epoch.next_xid, err);
}

/* --- as planned --- */

/* Whoever is in a transaction may end it, and whoever has a connection may use it. The line is
 * used again: no question may be cut off when the time is over. */
static void drain(const struct sw_promotion *promotion, struct sw_seat *old)
{
    static const char are_ended[] =
        "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = "
        "'client backend' AND xact_start IS NOT NULL AND pid <> pg_backend_pid() "
        "AND application_name NOT LIKE 'shardward%')";
    uint64_t until = sw_clock_ms() + DRAIN_MS;
    struct sw_error ignored;
    bool is_drained = false;

    while (!is_drained && sw_clock_ms() < until) {
        sw_line_renew(&old->line, CATCH_UP_MS);
        is_drained = !promotion->is_lent(promotion->owner) &&
                     sw_line_is_true(&old->line, are_ended, &ignored);
        if (!is_drained && !sw_line_rest(&old->line, LOOK_AGAIN_MS, &ignored))
            return;
    }
}

static bool await_receipt(struct sw_seat *seat, uint64_t lsn, const char *what,
                          struct sw_error *err)
{
    char received[120];

    (void)snprintf(received, sizeof received,
                   "SELECT pg_last_wal_receive_lsn() - '0/0' >= %" PRIu64, lsn);
    return sw_line_await(&seat->line, received, what, err);
}

/* From now on it confirms only what all have: those who have confirmed until now, for whoever
 * promotes one of them if we end here, and its successor. */
static bool confirm_less(struct sw_operation *operation, struct sw_seat *old, int winner,
                         struct sw_error *err)
{
    const struct sw_cohort *cohort = &old->report.cohort;
    sw_nodes all = cohort->standbys | sw_nodes_of(winner);

    if (!sw_cohort_is_kept(cohort, all, sw_nodes_count(all)))
        return sw_error_set(err, "55000",
                            "too many of those who confirm are not in the file any more");
    operation->known = *cohort;
    return sw_seat_wait_for(old, all, sw_nodes_count(all), err);
}

/* It takes no writes any more, and what it has is with its successor. */
static bool retire(struct sw_operation *operation, struct sw_seat *old, struct sw_seat *winner,
                   struct sw_error *err)
{
    PGresult *result;
    uint64_t flushed;

    sw_line_renew(&old->line, CATCH_UP_MS);
    if (!sw_seat_promise(old, operation->term, "retire", err) ||
        !sw_report_take(&old->line, &old->report, err) ||
        !sw_seat_set(old, "default_transaction_read_only", "on", err) ||
        !confirm_less(operation, old, winner->index, err) || !sw_seat_end_clients(old, err))
        return false;
    result = sw_line_ask(&old->line, "SELECT pg_current_wal_flush_lsn() - '0/0'", err);
    if (result == NULL)
        return false;
    flushed = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return await_receipt(winner, flushed, "it has all that the primary wrote", err);
}

/* What is known to be in vain is not begun. */
static bool may_be_planned(struct sw_operation *operation, const struct sw_seat *old,
                           struct sw_seat *winner, struct sw_error *err)
{
    const struct sw_cohort *cohort = &old->report.cohort;
    sw_nodes there = sw_operation_nodes(operation, true);

    if (!old->is_open || old->report.is_standby)
        return sw_error_set(err, "55000", "%s does not answer as a primary", old->node->name);
    if (!winner->is_open || !winner->report.is_standby || !winner->report.is_streaming)
        return sw_error_set(err, "55000", "%s is no standby that streams", winner->node->name);
    if (sw_nodes_count(there & cohort->standbys) < sw_cohort_witnesses(cohort))
        return sw_error_set(err, "55000", "too many standbys are away");
    return sw_operation_stands(operation, winner->index, there & ~sw_nodes_of(winner->index),
                               err) &&
           await_receipt(winner, old->report.written_lsn, "it has caught up", err);
}

bool sw_operation_plan(struct sw_operation *operation, struct sw_error *err)
{
    struct sw_promotion *promotion = operation->promotion;
    struct sw_seat *old = &operation->seats[promotion->old];
    struct sw_seat *winner = &operation->seats[promotion->target];

    if (!may_be_planned(operation, old, winner, err))
        return false;
    sw_operation_take_term(operation);
    drain(promotion, old);
    promotion->is_begun = true;
    promotion->on_drained(promotion->owner);
    sw_operation_note(operation, "drained");
    for (int i = 0; i < operation->cluster->node_count; i++)
        sw_line_renew(&operation->seats[i].line,
                      operation->cluster->promotion->recruit_timeout_ms);
    if (!retire(operation, old, winner, err))
        return false;
    sw_operation_note(operation, "retired");
    /* The old primary confirms nothing any more, and its successor has all of it. */
    operation->is_retired = true;
    return sw_operation_promote_other(operation, sw_nodes_of(old->index), err);
}
