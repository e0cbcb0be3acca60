/*
 * No primary is vouched for: what do the nodes know? One that is told to be the primary has the
 * last epoch of all that were found, nobody has promised a later term than that epoch's, and it
 * has confirmed a write since it was started (I9): what a crash has left on it alone could be
 * seen otherwise, and be gone later.
 */
#include "manager.h"

#include "shardward/base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { AGAIN_MS = 500, ASK_MS = 2000, BARRIER_MS = 1500 };

struct survey {
    struct sw_manager *manager;
    struct sw_seat seats[SW_MANAGED_NODES];
    int count;
    struct sw_epoch epoch; /* the newest that anybody knows */
    int64_t term;          /* the highest that anybody has promised */
    sw_nodes overruled;    /* their epochs are later, and do not count */
};

/* Whoever is fenced was a primary before another one. */
static bool is_fenced(const struct sw_seat *seat)
{
    return strstr(seat->report.sync_names, "fenced_by_shardward") != NULL;
}

static void open_seat(struct sw_seat *seat, void *argument)
{
    (void)argument;
    (void)sw_seat_open(seat, ASK_MS);
}

/* Whose data is the cluster's? Until a primary was vouched for: what most of those have that
 * answer, and know an epoch. False: of two systems there are as many. */
static bool find_system(const struct survey *survey)
{
    struct sw_manager *manager = survey->manager;
    int best = 0;
    bool is_clear = true;

    if (manager->term_reigned > 0)
        return true;
    for (int i = 0; i < survey->count; i++) {
        uint64_t its = survey->seats[i].report.system_id;
        int votes = 0;

        if (!survey->seats[i].is_open || survey->seats[i].report.epoch.term == 0)
            continue;
        for (int j = 0; j < survey->count; j++)
            votes += survey->seats[j].is_open && survey->seats[j].report.system_id == its;
        if (votes < best)
            continue;
        is_clear = votes > best || (is_clear && its == manager->system_id);
        best = votes;
        manager->system_id = its;
    }
    return is_clear;
}

/* What was promised by those, too, that answer health and not us. */
static void take_vitals(struct survey *survey)
{
    const struct sw_manager *manager = survey->manager;

    for (int i = 0; i < survey->count; i++) {
        const struct sw_vitals *vitals = &manager->vitals[i];

        if (vitals->verdict != SW_VERDICT_DOWN && vitals->system_id == manager->system_id &&
            vitals->term > survey->term)
            survey->term = vitals->term;
    }
}

/* Are enough of its cohort there that have not gone on without it? */
static bool has_cohort(const struct survey *survey, const struct sw_report *primary)
{
    int left = 0;

    for (int i = 0; i < survey->count; i++) {
        const struct sw_seat *seat = &survey->seats[i];

        left += sw_is_in(primary->cohort.standbys, i) && seat->is_open &&
                seat->report.is_standby && seat->report.timeline <= primary->timeline;
    }
    return primary->cohort.quorum > 0 && left >= primary->cohort.quorum;
}

/* Is the primary that we have vouched for there, with standbys that confirm what it writes? */
static bool reigns(const struct survey *survey)
{
    const struct sw_manager *manager = survey->manager;
    int primary = manager->standing.primary;
    const struct sw_seat *seat = primary < 0 ? NULL : &survey->seats[primary];

    return seat != NULL && manager->term_reigned > 0 &&
           manager->cluster->promotion->is_synchronous && seat->is_open &&
           !seat->report.is_standby && !is_fenced(seat) && seat->report.epoch.node == primary &&
           seat->report.epoch.term == manager->term_reigned &&
           has_cohort(survey, &seat->report);
}

/* One who was made primary by an order that took the loss, and for whom nobody has confirmed
 * anything since, is known to itself only. If it comes back later than the others, what those
 * have confirmed meanwhile is not given up for it: it is told what that one has lost. */
static bool is_overruled(const struct survey *survey, int node)
{
    const struct sw_report *report = &survey->seats[node].report;

    return !report->is_standby && report->epoch.term > survey->manager->term_reigned &&
           report->cohort.term == report->epoch.term && report->cohort.quorum == 0 &&
           report->epoch.node == node && reigns(survey);
}

static void take_epoch(struct survey *survey, int node)
{
    const struct sw_report *report = &survey->seats[node].report;

    if (is_overruled(survey, node)) {
        survey->overruled |= (sw_nodes)1 << node;
        if (report->epoch.term > survey->term)
            survey->term = report->epoch.term;
    } else if (report->epoch.term > survey->epoch.term) {
        survey->epoch = report->epoch;
    }
}

static void take_reports(struct survey *survey)
{
    struct sw_manager *manager = survey->manager;

    for (int i = 0; i < survey->count; i++) {
        const struct sw_report *report = &survey->seats[i].report;

        if (!survey->seats[i].is_open)
            continue;
        /* I8: it has the data of somebody else, whatever stands in it. */
        if (manager->system_id != 0 && report->system_id != manager->system_id) {
            sw_seats_close(&survey->seats[i], 1);
            continue;
        }
        take_epoch(survey, i);
        if (report->term > survey->term)
            survey->term = report->term;
    }
    take_vitals(survey);
    if (survey->term > manager->term_known)
        manager->term_known = survey->term;
    if (survey->epoch.term > manager->term_known)
        manager->term_known = survey->epoch.term;
    manager->knows_epochs = manager->knows_epochs || survey->epoch.term > 0;
}

/* Whom a coordinator has promoted, and whose epoch is missing; of several the one of the
 * highest term; -1: nobody. */
static int find_half_promoted(const struct survey *survey)
{
    uint64_t lsn, next_xid;
    int64_t highest = survey->epoch.term;
    int found = -1;

    for (int i = 0; i < survey->count; i++) {
        const struct sw_report *report = &survey->seats[i].report;

        if (survey->seats[i].is_open && !sw_is_in(survey->overruled, i) &&
            !report->is_standby && report->term > highest &&
            sw_promise_read(report->promise, &lsn, &next_xid)) {
            found = i;
            highest = report->term;
        }
    }
    return found;
}

/* Somebody else has begun something: he is given a moment to end it. */
static bool yields(struct survey *survey)
{
    struct sw_pause *pause = &survey->manager->pause;

    if (survey->term <= survey->epoch.term || survey->term <= pause->tried ||
        survey->term <= pause->yielded)
        return false;
    pause->yielded = survey->term;
    if (!sw_manager_pauses(survey->manager))
        sw_manager_pause(survey->manager, true);
    sw_manager_hold(survey->manager, SW_SUSPEND, "term %" PRId64 " was promised a moment ago",
                    survey->term);
    return true;
}

static void refuse(struct sw_manager *manager, const char *what, const struct sw_error *err)
{
    char why[SW_WHY];

    (void)snprintf(why, sizeof why, "%.69s%.80s%s%.48s", what, err->message,
                   err->detail[0] == '\0' ? "" : "; ", err->detail);
    sw_manager_refuse(manager, why);
    sw_manager_hold(manager, SW_SUSPEND, "%s", why);
}

static void tell_overruled(struct sw_manager *manager, int node, const struct sw_report *report)
{
    uint64_t from = report->epoch.switch_lsn, to = report->written_lsn;
    char detail[SW_WHY];

    (void)snprintf(detail, sizeof detail,
                   "term %" PRId64 ": it went on alone from %" PRIX32 "/%" PRIX32
                   " on timeline %d, and the others without it",
                   report->epoch.term, (uint32_t)(from >> 32), (uint32_t)from,
                   report->epoch.timeline);
    sw_events_add(sw_board_events(manager->board),
                  &(struct sw_event){.kind = SW_EVENT_LOSS,
                                     .cluster = manager->name,
                                     .node = manager->cluster->nodes[node].name,
                                     .detail = detail,
                                     .lost_bytes = to > from ? to - from : 0});
}

/* It is the last epoch's primary, and stays it, under a new term. */
static bool reinstate(struct survey *survey, int node, struct sw_error *err)
{
    struct sw_manager *manager = survey->manager;
    struct sw_promotion promotion = sw_manager_promotion(manager, SW_PROMOTE_REINSTATE);

    promotion.target = node;
    promotion.overruled = survey->overruled;
    if (!sw_manager_promote(manager, &promotion, err))
        return false;
    for (int i = 0; i < survey->count; i++)
        if (sw_is_in(survey->overruled, i))
            tell_overruled(manager, i, &survey->seats[i].report);
    return true;
}

/* @half was promoted, and lacks its epoch. If nobody can follow it, the primary before it goes
 * on, as it would if @half were not there: what is needed for the one forbids the other. */
static void finish(struct survey *survey, int half, int before)
{
    struct sw_manager *manager = survey->manager;
    const struct sw_seat *seat = before < 0 ? NULL : &survey->seats[before];
    bool has_primary = seat != NULL && seat->is_open && !seat->report.is_standby &&
                       before != half && !is_fenced(seat);
    struct sw_promotion promotion = sw_manager_promotion(manager, SW_PROMOTE_FINISH);
    struct sw_error err, also;
    char what[SW_WHY];

    if (sw_manager_pauses(manager))
        return;
    sw_seats_close(survey->seats, survey->count);
    promotion.target = half;
    if (sw_manager_promote(manager, &promotion, &err))
        return;
    if (has_primary && promotion.is_unsafe && !promotion.is_disturbed) {
        manager->standing.primary = before;
        if (reinstate(survey, before, &also))
            return;
        sw_error_detail(&err, "%s", also.message);
    }
    (void)snprintf(what, sizeof what, "%.40s was promoted, and lacks its epoch: ",
                   manager->cluster->nodes[half].name);
    refuse(manager, what, &err);
}

/* Does it wait for those that its record names? Without any it waits for nobody. */
static bool waits_for_cohort(const struct sw_manager *manager, const struct sw_report *report)
{
    sw_nodes standbys;
    int quorum;

    if (report->cohort.quorum == 0 || !manager->cluster->promotion->is_synchronous)
        return true;
    return sw_sync_names_read(manager->cluster, report->sync_names, &standbys, &quorum) &&
           sw_cohort_is_kept(&report->cohort, standbys, quorum);
}

/* Has it confirmed a write, with those whose word counts? */
static bool pass_barrier(struct sw_manager *manager, struct sw_seat *seat, struct sw_error *err)
{
    sw_line_renew(&seat->line, BARRIER_MS);
    return sw_line_say(&seat->line, err,
                       "SELECT pg_logical_emit_message(true, 'shardward', 'barrier of %s')",
                       manager->by) &&
           (manager->is_unproven || sw_await_quorum(seat, &seat->report.cohort, err));
}

static void vouch(struct survey *survey, int node)
{
    struct sw_manager *manager = survey->manager;
    struct sw_standing *standing = &manager->standing;
    struct sw_seat *seat = &survey->seats[node];
    const struct sw_report *report = &seat->report;
    struct sw_error err;

    sw_manager_learn(manager, &report->cohort);
    if (!waits_for_cohort(manager, report))
        sw_manager_doubt(manager, node, report->sync_names);
    if (!pass_barrier(manager, seat, &err)) {
        sw_manager_hold(manager, SW_SUSPEND, "%s has confirmed no write yet: %s",
                        seat->node->name, err.message);
        standing->primary = node;
        sw_seats_close(survey->seats, survey->count);
        if (sw_manager_is_cut_off(manager))
            sw_manager_replace(manager);
        else
            sw_manager_upkeep(manager);
        return;
    }
    manager->is_unsure = manager->is_unsure && manager->is_unproven;
    (void)sw_ends_read(&seat->line, standing->ends, &standing->end_count, &err);
    sw_manager_admit(manager, node, report->epoch.term, report->timeline, report->started_us);
}

/* It is there, and takes writes. */
static void judge_primary(struct survey *survey, int node)
{
    struct sw_manager *manager = survey->manager;
    const char *name = manager->cluster->nodes[node].name;
    struct sw_error err;

    if (is_fenced(&survey->seats[node])) {
        sw_manager_hold(manager, SW_REFUSE, "%s is fenced: UNFENCE it, or order FAILOVER",
                        name);
    } else if (survey->epoch.term < manager->term_reigned) {
        sw_manager_hold(manager, SW_REFUSE,
                        "%s knows nothing of term %" PRId64 " any more: order FAILOVER", name,
                        manager->term_reigned);
    } else if (survey->term > survey->epoch.term) {
        sw_manager_learn(manager, &survey->seats[node].report.cohort);
        sw_seats_close(survey->seats, survey->count);
        if (!sw_manager_pauses(manager)) {
            if (reinstate(survey, node, &err))
                return;
            refuse(manager, "", &err);
        }
        if (sw_manager_is_cut_off(manager))
            sw_manager_replace(manager);
    } else {
        vouch(survey, node);
    }
}

static void judge(struct survey *survey)
{
    struct sw_manager *manager = survey->manager;
    const struct sw_seat *primary;
    int half = find_half_promoted(survey), node = survey->epoch.node;

    if (survey->epoch.term < manager->term_reigned) {
        /* Those who answer may lack what the last primary has confirmed; it is still the one
         * that has to be replaced, which needs those who have it. */
        node = manager->standing.primary;
        half = -1;
    }
    if (yields(survey))
        return;
    if (half >= 0) {
        finish(survey, half, node);
        return;
    }
    if (node < 0) {
        sw_manager_hold(manager, SW_REFUSE,
                        "the last primary is not in the file any more: order FAILOVER");
        return;
    }
    manager->standing.primary = node;
    primary = &survey->seats[node];
    if (!primary->is_open || primary->report.is_standby) {
        if (primary->is_open || manager->vitals[node].verdict == SW_VERDICT_DOWN)
            sw_manager_replace(manager);
        else
            sw_manager_hold(manager, SW_SUSPEND, "%s", primary->err.message);
    } else {
        judge_primary(survey, node);
    }
}

/* Has a pause ended since the last look? */
static bool has_paused(const struct sw_manager *manager, uint64_t now)
{
    return manager->pause.until_ms > manager->examined_ms && manager->pause.until_ms <= now;
}

void sw_manager_examine(struct sw_manager *manager)
{
    struct survey survey = {.manager = manager, .count = manager->cluster->node_count};
    uint64_t now = sw_clock_ms();
    sw_nodes all = ((sw_nodes)1 << survey.count) - 1;

    if (manager->examined_ms != 0 && now - manager->examined_ms < AGAIN_MS &&
        !has_paused(manager, now))
        return;
    manager->examined_ms = now;
    sw_manager_seats(manager, survey.seats);
    sw_seats_do(survey.seats, survey.count, all & ~sw_manager_down(manager), open_seat, NULL);
    if (!find_system(&survey)) {
        sw_manager_hold(manager, SW_REFUSE, "nodes have the data of different systems");
        sw_seats_close(survey.seats, survey.count);
        return;
    }
    take_reports(&survey);
    if (survey.epoch.term > 0)
        judge(&survey);
    else
        sw_manager_bootstrap(manager, survey.seats);
    sw_seats_close(survey.seats, survey.count);
}

/* --- another one --- */

static bool is_heard(const struct sw_manager *manager)
{
    for (int i = 0; i < manager->cluster->node_count; i++)
        if (i != manager->standing.primary && manager->vitals[i].verdict != SW_VERDICT_DOWN &&
            sw_vitals_hears(&manager->vitals[i]))
            return true;
    return false;
}

static void set_gate(struct sw_manager *manager)
{
    const struct sw_vitals *vitals = &manager->vitals[manager->standing.primary];
    struct sw_gate *gate = &manager->gate;
    bool is_down = vitals->verdict == SW_VERDICT_DOWN;

    gate->is_in_maintenance = manager->standing.is_in_maintenance;
    gate->is_unproven = manager->is_unproven;
    gate->is_gone = !is_down || vitals->ailment == SW_AILS_REFUSED;
    gate->is_starting = vitals->ailment == SW_AILS_STARTING;
    gate->is_heard = vitals->ailment == SW_AILS_SILENT && is_heard(manager);
    gate->down_ms = vitals->failed_ms;
}

void sw_manager_replace(struct sw_manager *manager)
{
    uint64_t now = sw_clock_ms();
    const char *shut;
    struct sw_promotion promotion;
    struct sw_error err;
    char why[SW_WHY];

    set_gate(manager);
    shut = sw_gate_shut(&manager->gate, now);
    if (shut != NULL) {
        sw_manager_refuse(manager, shut);
        sw_manager_hold(manager, SW_SUSPEND, "%s is lost, and nobody is promoted: %s",
                        manager->cluster->nodes[manager->standing.primary].name, shut);
        return;
    }
    if (manager->pause.is_for_others && sw_manager_pauses(manager)) {
        sw_manager_hold(manager, SW_SUSPEND,
                        "%s is lost, and somebody else promotes another one",
                        manager->cluster->nodes[manager->standing.primary].name);
        return;
    }
    promotion = sw_manager_promotion(manager, SW_PROMOTE_OTHER);
    if (sw_manager_promote(manager, &promotion, &err)) {
        sw_gate_note(&manager->gate, now);
        return;
    }
    (void)snprintf(why, sizeof why, "%.110s%s%.80s", err.message,
                   err.detail[0] == '\0' ? "" : "; ", err.detail);
    sw_manager_refuse(manager, why);
    sw_manager_hold(manager, SW_SUSPEND, "nobody is promoted: %s", why);
}
