#include "operation.h"

#include "shardward/base/clock.h"
#include "shardward/base/mem.h"
#include "shardward/base/stop.h"
#include "shardward/failover/choose.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROMOTE_MS = 10000, EPOCH_MS = 5000 };

static sw_nodes all_nodes(const struct sw_cluster *cluster)
{
    return sw_nodes_of(cluster->node_count) - 1;
}

void sw_operation_take_term(struct sw_operation *operation)
{
    struct sw_promotion *promotion = operation->promotion;

    operation->term = promotion->term = promotion->term_known + 1;
}

/* How long it took until here. */
void sw_operation_note(struct sw_operation *operation, const char *step)
{
    struct sw_promotion *promotion = operation->promotion;
    size_t len = strlen(promotion->steps);

    (void)snprintf(promotion->steps + len, sizeof promotion->steps - len, "%s%s %dms",
                   len == 0 ? "" : ", ", step, (int)(sw_clock_ms() - operation->began_ms));
}

sw_nodes sw_cohort_standbys(const struct sw_cluster *cluster, int primary, sw_nodes nodes)
{
    const char *cloud = cluster->nodes[primary].cloud;
    sw_nodes others = nodes & ~sw_nodes_of(primary), afar = 0;

    for (int i = 0; i < cluster->node_count; i++) {
        const char *its = cluster->nodes[i].cloud;

        if (sw_nodes_have(others, i) &&
            (cloud == NULL || its == NULL || strcmp(cloud, its) != 0))
            afar |= sw_nodes_of(i);
    }
    return afar != 0 ? afar : others;
}

int sw_operation_quorum(const struct sw_cluster *cluster, sw_nodes standbys)
{
    int count = sw_nodes_count(standbys), wanted = cluster->promotion->confirmations;

    if (!cluster->promotion->is_synchronous)
        return 0;
    return count < wanted ? count : wanted;
}

/* --- survey --- */

static void open_seat(struct sw_seat *seat, void *argument)
{
    const struct sw_operation *operation = argument;

    (void)sw_seat_open(seat, operation->cluster->promotion->recruit_timeout_ms);
}

void sw_operation_open(struct sw_operation *operation, sw_nodes which)
{
    struct sw_promotion *promotion = operation->promotion;

    which &= ~operation->tried;
    sw_seats_do(operation->seats, operation->cluster->node_count, which, open_seat, operation);
    operation->tried |= which;
    for (int i = 0; i < operation->cluster->node_count; i++) {
        const struct sw_report *report = &operation->seats[i].report;

        if (!sw_nodes_have(which, i) || !operation->seats[i].is_open)
            continue;
        if (promotion->system_id == 0)
            promotion->system_id = report->system_id;
        if (report->term > promotion->term_known)
            promotion->term_known = report->term;
        if (report->epoch.term > promotion->term_known)
            promotion->term_known = report->epoch.term;
        if (report->system_id != promotion->system_id) {
            sw_error_set(&operation->seats[i].err, "55000", "%s has the data of another system",
                         operation->seats[i].node->name);
            sw_line_close(&operation->seats[i].line);
            operation->seats[i].is_open = false;
        }
    }
}

sw_nodes sw_operation_nodes(const struct sw_operation *operation, bool standbys)
{
    sw_nodes nodes = 0;

    for (int i = 0; i < operation->cluster->node_count; i++)
        if (operation->seats[i].is_open && operation->seats[i].report.is_standby == standbys)
            nodes |= sw_nodes_of(i);
    return nodes;
}

/* --- I2: recruiting --- */

static void recruit_seat(struct sw_seat *seat, void *argument)
{
    const struct sw_operation *operation = argument;
    char what[SW_WHY];

    (void)snprintf(what, sizeof what, "recruit %.100s", operation->promotion->by);
    seat->is_recruited = sw_seat_recruit(seat, operation->term, what, &seat->err);
}

static struct sw_candidate candidate_of(const struct sw_operation *operation, int index)
{
    const struct sw_seat *seat = &operation->seats[index];
    const char *cloud = operation->promotion->cloud;

    return (struct sw_candidate){
        .node = index,
        .epoch_term = seat->report.epoch.term,
        .epoch_timeline = seat->report.epoch.timeline,
        .timeline = seat->report.timeline,
        .term_before = seat->term_before,
        .received = seat->report.written_lsn,
        .replayed = seat->report.replayed_lsn,
        .is_near =
            cloud != NULL && seat->node->cloud != NULL && strcmp(cloud, seat->node->cloud) == 0,
    };
}

static void take_recruits(struct sw_operation *operation)
{
    for (int i = 0; i < operation->cluster->node_count; i++) {
        const struct sw_seat *seat = &operation->seats[i];
        const struct sw_candidate candidate = candidate_of(operation, i);

        if (!seat->is_recruited)
            continue;
        if (!sw_candidate_is_sound(&candidate)) {
            sw_error_set(&operation->seats[i].err, "55000",
                         "%s follows a timeline that nobody has recorded", seat->node->name);
            continue;
        }
        operation->recruits |= sw_nodes_of(i);
        if (sw_cohort_is_newer(&seat->report.cohort, &operation->known))
            operation->known = seat->report.cohort;
        if (seat->report.epoch.term > operation->epoch.term)
            operation->epoch = seat->report.epoch;
    }
}

void sw_operation_recruit(struct sw_operation *operation, sw_nodes which)
{
    sw_seats_do(operation->seats, operation->cluster->node_count, which, recruit_seat,
                operation);
    take_recruits(operation);
}

/* Without confirmations there is no quorum to be met: half of them have to be. */
static bool is_met(const struct sw_operation *operation, const struct sw_cohort *cohort)
{
    if (cohort->quorum == 0 && cohort->count > 0)
        return 2 * sw_nodes_count(operation->recruits & cohort->standbys) >= cohort->count;
    return sw_cohort_is_covered(cohort, operation->recruits);
}

/* What we have seen recorded later holds, too: whoever went on alone has told nobody. */
static bool is_covered(const struct sw_operation *operation)
{
    const struct sw_cohort *known = &operation->known;
    const struct sw_cohort *remembered = &operation->promotion->remembered;

    /* Then it is enough that nobody else is promoted by those who are left. */
    if (operation->is_retired)
        return sw_nodes_count(operation->recruits & known->standbys) >=
               sw_cohort_witnesses(known);
    return known->term > 0 && is_met(operation, known) &&
           (!sw_cohort_is_newer(remembered, known) || is_met(operation, remembered));
}

/* Who of the cohort is missing, and why. */
static void describe_missing(struct sw_operation *operation, struct sw_error *err)
{
    const struct sw_cohort *remembered = &operation->promotion->remembered;
    const struct sw_cohort *known =
        operation->known.term > 0 && sw_cohort_is_newer(remembered, &operation->known)
            ? remembered
            : &operation->known;
    int needed = sw_cohort_needed(known);

    operation->promotion->is_unsafe = true;
    if (known->term == 0)
        sw_error_set(err, "55000", "promotion is unsafe: no standby knows any epoch");
    else if (known->count == 0)
        sw_error_set(err, "55000",
                     "promotion is unsafe: the primary went on without standbys, and what it "
                     "confirmed then is on it alone");
    else
        sw_error_set(err, "55000",
                     "promotion is unsafe: %d of %d standbys are needed, %d are there", needed,
                     known->count, sw_nodes_count(operation->recruits & known->standbys));
    for (int i = 0; i < operation->cluster->node_count; i++)
        if (sw_nodes_have(known->standbys & ~operation->recruits, i))
            sw_error_detail(err, "%s is missing: %s", operation->cluster->nodes[i].name,
                            operation->seats[i].err.message);
}

static uint64_t reach_of(const struct sw_operation *operation, int index)
{
    const struct sw_report *report = &operation->seats[index].report;

    return report->written_lsn > report->replayed_lsn ? report->written_lsn
                                                      : report->replayed_lsn;
}

/* The primary writes a little on, be it nothing that anybody waits for: its successor still
 * follows it when the others do not any more, until it has as much as they. */
static bool overtake(struct sw_operation *operation, struct sw_error *err)
{
    struct sw_seat *target = &operation->seats[operation->promotion->target];
    uint64_t farthest = 0;
    char sql[200];

    for (int i = 0; i < operation->cluster->node_count; i++)
        if (sw_nodes_have(operation->recruits, i) && reach_of(operation, i) > farthest)
            farthest = reach_of(operation, i);
    (void)snprintf(sql, sizeof sql, "SELECT pg_last_wal_receive_lsn() - '0/0' >= %" PRIu64,
                   farthest);
    return sw_line_await(&target->line, sql, "it has as much as the other standbys", err);
}

/* Does somebody know of the last primary that took writes? */
static bool is_recent(struct sw_operation *operation, struct sw_error *err)
{
    struct sw_promotion *promotion = operation->promotion;

    if (operation->epoch.term >= promotion->term_reigned || promotion->may_lose ||
        !operation->cluster->promotion->is_synchronous)
        return true;
    promotion->is_unsafe = true;
    return sw_error_set(err, "55000",
                        "promotion is unsafe: no standby that is there knows of term %" PRId64,
                        promotion->term_reigned);
}

static bool recruit_enough(struct sw_operation *operation, sw_nodes but, struct sw_error *err)
{
    const struct sw_promotion *promotion = operation->promotion;
    sw_nodes standbys = sw_operation_nodes(operation, true) & ~but;

    sw_operation_take_term(operation);
    if (operation->is_retired) {
        sw_operation_recruit(operation, standbys & ~sw_nodes_of(promotion->target));
        if (!overtake(operation, err))
            return false;
        standbys &= sw_nodes_of(promotion->target);
    }
    sw_operation_recruit(operation, standbys);
    if (!is_covered(operation)) {
        sw_nodes late = all_nodes(operation->cluster) & ~but & ~operation->tried;

        sw_operation_open(operation, late);
        sw_operation_recruit(operation, sw_operation_nodes(operation, true) & late);
    }
    sw_operation_note(operation, "recruited");
    if (!promotion->may_lose && !is_covered(operation)) {
        describe_missing(operation, err);
        return false;
    }
    return is_recent(operation, err);
}

/* --- I3: choosing --- */

static int choose(struct sw_operation *operation, struct sw_error *err)
{
    const struct sw_promotion *promotion = operation->promotion;
    struct sw_candidate list[SW_MANAGED_NODES];
    int count = 0, best, target = promotion->target;

    for (int i = 0; i < operation->cluster->node_count; i++)
        if (sw_nodes_have(operation->recruits, i))
            list[count++] = candidate_of(operation, i);
    best = sw_choose(list, count);
    if (best < 0) {
        sw_error_set(err, "55000", "no standby could be recruited");
        return -1;
    }
    best = list[best].node;
    if (target < 0 || target == best)
        return best;
    if (!sw_nodes_have(operation->recruits, target))
        sw_error_set(err, "55000", "%s could not be recruited: %s",
                     operation->cluster->nodes[target].name,
                     operation->seats[target].err.message);
    else if (!promotion->may_lose && reach_of(operation, target) < reach_of(operation, best))
        sw_error_set(err, "55000", "%s has less than %s",
                     operation->cluster->nodes[target].name,
                     operation->cluster->nodes[best].name);
    else
        return target;
    return -1;
}

/* Of an asynchronous cluster: how much is missing on the winner? */
static bool is_loss_allowed(const struct sw_operation *operation, int winner,
                            struct sw_error *err)
{
    const struct sw_promotion *promotion = operation->promotion;
    uint64_t reach = reach_of(operation, winner);
    uint64_t lost = promotion->old_written > reach ? promotion->old_written - reach : 0;

    if (operation->known.quorum > 0 || promotion->may_lose ||
        lost <= operation->cluster->promotion->max_lost)
        return true;
    sw_error_set(err, "55000", "%s lacks %" PRIu64 " bytes of what the primary had written",
                 operation->cluster->nodes[winner].name, lost);
    return false;
}

bool sw_operation_appoint(struct sw_operation *operation, int winner, sw_nodes followers,
                          sw_nodes *standbys, int *quorum, struct sw_error *err)
{
    struct sw_cohort left = operation->known; /* without the winner, who knows by itself */
    bool is_free = operation->promotion->may_lose || left.quorum == 0 ||
                   !operation->cluster->promotion->is_synchronous;
    int needed = sw_cohort_witnesses(&left) - sw_nodes_have(left.standbys, winner);

    left.standbys &= ~sw_nodes_of(winner);
    *standbys = sw_cohort_standbys(operation->cluster, winner, followers);
    *quorum = sw_operation_quorum(operation->cluster, *standbys);
    if (is_free || *quorum - sw_nodes_count(*standbys & ~left.standbys) >= needed)
        return true;
    *standbys = followers & left.standbys;
    *quorum = sw_operation_quorum(operation->cluster, *standbys);
    *quorum = *quorum > needed ? *quorum : needed;
    if (sw_nodes_count(*standbys) >= needed)
        return true;
    operation->promotion->is_unsafe = true;
    return sw_error_set(
        err, "55000", "promotion is unsafe: %d of the former cohort have to follow %s, %d do",
        needed, operation->cluster->nodes[winner].name, sw_nodes_count(*standbys));
}

bool sw_operation_stands(const struct sw_operation *operation, int winner, sw_nodes standbys,
                         struct sw_error *err)
{
    const struct sw_config_promotion *config = operation->cluster->promotion;

    if (standbys != 0 || !config->is_synchronous || config->goes_on_alone ||
        operation->promotion->may_lose)
        return true;
    sw_error_set(err, "55000", "no standby is left that would confirm what %s writes",
                 operation->cluster->nodes[winner].name);
    operation->promotion->is_unsafe = true;
    return false;
}

/* --- promoting --- */

/* Where the old timeline ends, and which transactions cannot have been committed on it: noted
 * before, so that whoever finishes our work knows it. */
static bool note_end(struct sw_operation *operation, struct sw_seat *winner, uint64_t *next_xid,
                     struct sw_error *err)
{
    struct sw_promotion *promotion = operation->promotion;
    char promise[SW_WHY];
    PGresult *result = sw_line_ask(&winner->line,
                                   "SELECT pg_last_wal_replay_lsn() - '0/0', "
                                   "pg_snapshot_xmax(pg_current_snapshot())",
                                   err);

    if (result == NULL)
        return false;
    promotion->switch_lsn = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
    *next_xid = strtoull(PQgetvalue(result, 0, 1), NULL, 10);
    PQclear(result);
    (void)snprintf(promise, sizeof promise, "%" PRId64 " promote %" PRIu64 " %" PRIu64,
                   operation->term, promotion->switch_lsn, *next_xid);
    return sw_seat_note(winner, "shardward.promise", promise, err);
}

static bool read_timeline(struct sw_operation *operation, struct sw_seat *winner,
                          struct sw_error *err)
{
    struct sw_promotion *promotion = operation->promotion;

    if (!sw_report_take(&winner->line, &winner->report, err))
        return false;
    promotion->timeline = winner->report.timeline;
    promotion->started_us = winner->report.started_us;
    if (winner->report.is_standby || promotion->timeline <= operation->epoch.timeline)
        return sw_error_set(err, "55000", "%s is on timeline %d still", winner->node->name,
                            promotion->timeline);
    promotion->old_timeline = operation->epoch.timeline;
    return true;
}

bool sw_operation_promote(struct sw_operation *operation, struct sw_seat *winner,
                          sw_nodes standbys, int quorum, uint64_t *next_xid,
                          struct sw_error *err)
{
    sw_line_renew(&winner->line, PROMOTE_MS);
    /* I4: whoever may write on it waits for the new cohort from the first commit on. */
    if (!sw_seat_wait_for(winner, standbys, quorum, err))
        return false;
    if (winner->report.is_read_only &&
        (!sw_seat_set(winner, "default_transaction_read_only", "off", err) ||
         !sw_seat_reload(winner, err)))
        return false;
    sw_stop_at("after_sync_names", 1);
    if (!note_end(operation, winner, next_xid, err) ||
        !sw_line_say(&winner->line, err, "SELECT pg_promote(false)") ||
        !sw_line_await(&winner->line, "SELECT NOT pg_is_in_recovery()", "it is promoted", err))
        return false;
    sw_operation_note(operation, "promoted");
    sw_stop_at("after_promote", 1);
    return read_timeline(operation, winner, err);
}

/* I1: the last step: whoever is told of the primary is told of an epoch that a quorum has. */
bool sw_operation_conclude(struct sw_operation *operation, struct sw_seat *winner,
                           sw_nodes standbys, int quorum, uint64_t next_xid,
                           struct sw_error *err)
{
    struct sw_promotion *promotion = operation->promotion;

    promotion->winner = winner->index;
    promotion->cohort = (struct sw_cohort){.term = operation->term,
                                           .primary = winner->index,
                                           .standbys = standbys,
                                           .count = sw_nodes_count(standbys),
                                           .quorum = quorum};
    sw_line_renew(&winner->line, EPOCH_MS);
    if (!sw_epoch_write(winner, operation->term, promotion->timeline, promotion->switch_lsn,
                        next_xid, &promotion->cohort, promotion->by, err))
        return false;
    (void)sw_ends_read(&winner->line, promotion->ends, &promotion->end_count, err);
    sw_operation_note(operation, "epoch");
    return true;
}

/* --- the ways --- */

/* Who has more than the winner cannot follow it without being rewound: such a one is left by an
 * order that takes the loss, or by an unconfirmed end of another timeline. */
static sw_nodes find_able(const struct sw_operation *operation, int winner)
{
    sw_nodes able = operation->recruits & ~sw_nodes_of(winner);

    for (int i = 0; i < operation->cluster->node_count; i++)
        if (reach_of(operation, i) > reach_of(operation, winner))
            able &= ~sw_nodes_of(i);
    return able;
}

/* What was confirmed is with those who were recruited: is it with the winner? */
static void note_loss(struct sw_operation *operation, int winner)
{
    struct sw_promotion *promotion = operation->promotion;

    promotion->was_synchronous =
        operation->known.quorum > 0 && is_covered(operation) &&
        find_able(operation, winner) == (operation->recruits & ~sw_nodes_of(winner));
    for (int i = 0; i < operation->cluster->node_count; i++)
        if (sw_nodes_have(operation->recruits, i) &&
            reach_of(operation, i) > promotion->old_written)
            promotion->old_written = reach_of(operation, i);
}

bool sw_operation_promote_other(struct sw_operation *operation, sw_nodes but,
                                struct sw_error *err)
{
    struct sw_seat *winner;
    sw_nodes followers = 0, standbys;
    uint64_t next_xid = 0;
    int index, quorum;

    if (!recruit_enough(operation, but, err))
        return false;
    sw_stop_at("after_recruit_all", 1);
    index = choose(operation, err);
    if (index >= 0)
        note_loss(operation, index);
    if (index < 0 || !is_loss_allowed(operation, index, err) ||
        !sw_operation_stands(operation, index, find_able(operation, index), err))
        return false;
    winner = &operation->seats[index];
    if (!sw_operation_lead(operation, winner, find_able(operation, index), &followers, err) ||
        !sw_operation_stands(operation, index, followers, err))
        return false;
    return sw_operation_appoint(operation, index, followers, &standbys, &quorum, err) &&
           sw_operation_promote(operation, winner, standbys, quorum, &next_xid, err) &&
           sw_operation_conclude(operation, winner, standbys, quorum, next_xid, err);
}

/* Not to be recruited: it is lost. As a standby it would be one like the others. */
static sw_nodes lost_node(const struct sw_operation *operation)
{
    int old = operation->promotion->old;
    bool is_standby =
        old >= 0 && operation->seats[old].is_open && operation->seats[old].report.is_standby;

    return is_standby ? 0 : sw_nodes_of(old);
}

/* A line that holds a node's lock is ended by whoever takes it, and by nobody else but an
 * operator; a promise that is refused was given to somebody else. */
static bool is_disturbance(const struct sw_error *err)
{
    return sw_error_is(err, "57P01") || sw_error_is(err, "55P03");
}

static bool was_disturbed(const struct sw_operation *operation, const struct sw_error *err)
{
    bool was = is_disturbance(err);

    for (int i = 0; i < operation->cluster->node_count; i++)
        was |= is_disturbance(&operation->seats[i].err);
    return was;
}

bool sw_promotion_run(struct sw_promotion *promotion, struct sw_error *err)
{
    const struct sw_cluster *cluster = promotion->cluster;
    struct sw_operation operation = {.promotion = promotion,
                                     .cluster = cluster,
                                     .began_ms = sw_clock_ms(),
                                     .known.primary = -1};
    bool is_good = false;

    promotion->steps[0] = '\0';
    promotion->term = 0;
    promotion->is_unsafe = promotion->is_disturbed = false;
    for (int i = 0; i < cluster->node_count; i++)
        operation.seats[i] = (struct sw_seat){.cluster = cluster,
                                              .index = i,
                                              .node = &cluster->nodes[i],
                                              .is_stopping = promotion->is_stopping};
    sw_operation_open(&operation, all_nodes(cluster) & ~promotion->down);
    switch (promotion->kind) {
    case SW_PROMOTE_OTHER:
        is_good = sw_operation_promote_other(&operation, lost_node(&operation), err);
        break;
    case SW_PROMOTE_PLANNED:
        is_good = sw_operation_plan(&operation, err);
        break;
    case SW_PROMOTE_FINISH:
        is_good = sw_operation_finish(&operation, err);
        break;
    case SW_PROMOTE_REINSTATE:
        is_good = sw_operation_reinstate(&operation, err);
        break;
    }
    promotion->is_disturbed = !is_good && was_disturbed(&operation, err);
    sw_seats_close(operation.seats, cluster->node_count);
    return is_good;
}
