/*
 * While the primary is kept: who has to confirm its commits. A standby that has been away for
 * `shrink_after` goes out of the cohort, one that streams comes in, by the steps of quorum.c
 * (I5); and a standby that follows nobody, or a former primary, is told whom to follow.
 *
 * What an operator has done to synchronous_standby_names is told and never mended: it may have
 * confirmed writes that no standby has, so that nobody is promoted by itself until it is as
 * recorded again, and the standbys have caught up.
 */
#include "manager.h"

#include "conninfo.h"

#include "shardward/base/clock.h"
#include "shardward/base/mem.h"
#include "shardward/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_MS = 400, ASK_MS = 2000, STEP_MS = 3000, LEAD_MS = 2000 };
enum { SETTLE_MS = 100, CONFIRM_MS = 500 };

/* --- what is there --- */

static bool open_keeper(struct sw_manager *manager)
{
    int primary = manager->standing.primary;

    if (manager->keeper.line.conn != NULL && manager->keeper.index != primary)
        sw_seats_close(&manager->keeper, 1);
    if (manager->keeper.line.conn == NULL) {
        manager->keeper = sw_manager_seat(manager, primary);
        return sw_manager_open(manager, &manager->keeper);
    }
    sw_line_renew(&manager->keeper.line, ASK_MS);
    if (sw_report_take(&manager->keeper.line, &manager->keeper.report, &manager->keeper.err))
        return true;
    sw_seats_close(&manager->keeper, 1);
    return false;
}

/* The standbys that stream, and have caught up. */
static bool find_streaming(struct sw_manager *manager, sw_nodes *streaming)
{
    struct sw_error err;
    PGresult *result = sw_line_ask(
        &manager->keeper.line,
        "SELECT application_name FROM pg_stat_replication WHERE state = 'streaming'", &err);

    *streaming = 0;
    for (int i = 0; result != NULL && i < PQntuples(result); i++) {
        int node = sw_node_index(manager->cluster, PQgetvalue(result, i, 0));

        if (node >= 0)
            *streaming |= (sw_nodes)1 << node;
    }
    PQclear(result);
    return result != NULL;
}

/* Those that shall confirm: of the cohort those that were not away for too long, of the others
 * those that stream. */
static sw_nodes find_wanted(struct sw_manager *manager, sw_nodes streaming, uint64_t now)
{
    const struct sw_config_promotion *config = manager->cluster->promotion;
    sw_nodes present = 0, wanted;

    for (int i = 0; i < manager->cluster->node_count; i++) {
        struct sw_kept_node *node = &manager->nodes[i];
        bool is_member = sw_is_in(manager->cohort.standbys, i);

        if (sw_is_in(streaming, i))
            node->absent_ms = 0;
        else if (node->absent_ms == 0)
            node->absent_ms = now;
        if (node->absent_ms == 0 ||
            (is_member && now - node->absent_ms < (uint64_t)config->shrink_after_ms))
            present |= (sw_nodes)1 << i;
    }
    present &= ~manager->standing.fenced;
    wanted = sw_cohort_standbys(manager->cluster, manager->standing.primary, present);
    /* Whoever goes because a better one is there goes when that one is in. */
    return (wanted & ~manager->cohort.standbys) != 0
               ? wanted | (manager->cohort.standbys & present)
               : wanted;
}

/* --- steps --- */

static bool record(struct sw_manager *manager, sw_nodes standbys, int quorum,
                   struct sw_error *err)
{
    struct sw_seat *keeper = &manager->keeper;
    struct sw_cohort next = {.term = manager->cohort.term,
                             .version = manager->cohort.version + 1,
                             .primary = keeper->index,
                             .standbys = standbys,
                             .count = sw_nodes_count(standbys),
                             .quorum = quorum};
    char *names = sw_cohort_names(manager->cluster, &next), *quoted = sw_text_literal(names);
    bool is_good = sw_line_say(
        &keeper->line, err,
        "INSERT INTO shardward.cohort (term, ver, cohort, k) VALUES (%" PRId64 ", %d, %s, %d)",
        next.term, next.version, quoted, quorum);

    free(quoted);
    free(names);
    if (is_good)
        manager->cohort = next;
    return is_good;
}

/* A walsender that has not read the new names yet could release a commit by the word of a
 * standby that is out. */
static bool cut(struct sw_manager *manager, sw_nodes standbys, struct sw_error *err)
{
    const struct sw_cohort out = {.primary = -1, .standbys = standbys};
    char *names = sw_cohort_names(manager->cluster, &out), *quoted = sw_text_literal(names);
    char *gone =
        sw_format("SELECT coalesce(bool_and(NOT pg_terminate_backend(pid)), true) FROM "
                  "pg_stat_replication WHERE application_name = ANY (%s::text[]) "
                  "AND backend_start < pg_conf_load_time()",
                  quoted);
    bool is_good = sw_line_await(&manager->keeper.line, gone, "a lost standby is cut off", err);

    free(gone);
    free(quoted);
    free(names);
    return is_good;
}

static bool take_step(struct sw_manager *manager, const struct sw_cohort_step *step,
                      struct sw_error *err)
{
    sw_line_renew(&manager->keeper.line, STEP_MS);
    switch (step->kind) {
    case SW_STEP_NAMES:
        return sw_seat_wait_for(&manager->keeper, step->standbys, step->quorum, err);
    case SW_STEP_CUT:
        return cut(manager, step->standbys, err);
    case SW_STEP_RECORD:
        return record(manager, step->standbys, step->quorum, err);
    }
    return false;
}

static void tell_cohort(struct sw_manager *manager)
{
    char *names = sw_cohort_names(manager->cluster, &manager->cohort);

    sw_manager_tell(manager, SW_EVENT_COHORT, manager->standing.primary, 0,
                    "%s, of whose standbys %d confirm%s", names, manager->cohort.quorum,
                    manager->cohort.count == 0 ? ": what is written now may be lost" : "");
    free(names);
}

/* Behind the lock nobody else changes it: is it still what the steps were made for? */
static bool lock_cohort(struct sw_manager *manager, struct sw_error *err)
{
    struct sw_seat *keeper = &manager->keeper;
    const struct sw_report *report = &keeper->report;

    if (!sw_line_lock(&keeper->line, err) ||
        !sw_report_take(&keeper->line, &keeper->report, err))
        return false;
    if (!report->is_standby && report->term <= report->epoch.term &&
        report->cohort.term == manager->cohort.term &&
        report->cohort.version == manager->cohort.version)
        return true;
    return sw_error_set(err, "08006", "somebody else has changed the cohort");
}

static void change(struct sw_manager *manager, const struct sw_cohort_step *steps, int count)
{
    struct sw_error err;

    if (!lock_cohort(manager, &err)) {
        sw_seats_close(&manager->keeper, 1);
        return;
    }
    for (int i = 0; i < count; i++) {
        /* All walsenders go by the new names before that is written. */
        bool rests = i > 0 && steps[i].kind == SW_STEP_RECORD;

        if ((rests && !sw_line_rest(&manager->keeper.line, SETTLE_MS, &err)) ||
            !take_step(manager, &steps[i], &err)) {
            /* A primary that is lost meanwhile is told of by others. */
            if (!sw_error_is(&err, "08006"))
                sw_manager_refuse(manager, err.message);
            sw_seats_close(&manager->keeper, 1);
            return;
        }
    }
    tell_cohort(manager);
}

/* --- whose word it waits for --- */

/* What a crash between two steps leaves: others than are recorded, and nobody could miss what
 * they confirm. */
static bool is_in_between(const struct sw_manager *manager, const char *text)
{
    sw_nodes standbys;
    int quorum;

    return sw_sync_names_read(manager->cluster, text, &standbys, &quorum) &&
           sw_cohort_is_kept(&manager->cohort, standbys, quorum);
}

/* Who wrote a row that we have not seen confirmed may have waited for that in vain, until his
 * connection was ended, perhaps by us, for the lock: then it is there, and known to nobody. */
void sw_manager_learn(struct sw_manager *manager, const struct sw_cohort *cohort)
{
    manager->is_unsure |=
        cohort->term == manager->cohort.term && sw_cohort_is_newer(cohort, &manager->cohort);
    manager->cohort = *cohort;
}

/* I5: what follows a row begins when it is with those for whom the primary waits, as it did
 * when the row was written. */
static bool is_confirmed(struct sw_manager *manager)
{
    struct sw_cohort named = {.primary = -1};
    struct sw_error err;

    if (!manager->is_unsure)
        return true;
    sw_line_renew(&manager->keeper.line, CONFIRM_MS);
    manager->is_unsure =
        !sw_sync_names_read(manager->cluster, manager->keeper.report.sync_names,
                            &named.standbys, &named.quorum) ||
        !sw_await_quorum(&manager->keeper, &named, &err);
    return !manager->is_unsure;
}

/* I6: what an operator has made of the names is not ours to set. */
void sw_manager_doubt(struct sw_manager *manager, int node, const char *text)
{
    if (!manager->is_unproven)
        sw_manager_tell(manager, SW_EVENT_FAILOVER_REFUSED, node, 0,
                        "synchronous_standby_names is '%.100s', which is not what is recorded: "
                        "nobody is promoted by itself until that is mended",
                        text);
    manager->is_unproven = true;
}

/* False: it is not for us to change anything. */
static bool check_names(struct sw_manager *manager)
{
    const char *text = manager->keeper.report.sync_names;
    char *wanted =
        sw_sync_names(manager->cluster, manager->cohort.standbys, manager->cohort.quorum);
    bool is_as_recorded = strcmp(text, wanted) == 0;
    struct sw_error err;

    free(wanted);
    if (!is_as_recorded && !is_in_between(manager, text)) {
        sw_manager_doubt(manager, manager->standing.primary, text);
        return false;
    }
    if (!is_confirmed(manager))
        return false;
    if (manager->is_unproven && sw_await_quorum(&manager->keeper, &manager->cohort, &err)) {
        manager->is_unproven = false;
        sw_manager_tell(manager, SW_EVENT_COHORT, manager->standing.primary, 0,
                        "synchronous_standby_names is as recorded again");
    }
    if (!is_as_recorded && !manager->is_unproven) {
        const struct sw_cohort_step mend = {SW_STEP_NAMES, manager->cohort.standbys,
                                            manager->cohort.quorum};

        change(manager, &mend, 1);
    }
    return !manager->is_unproven;
}

/* Those of @nodes in whose data the primary's epoch is. A standby that has more of an earlier
 * timeline than the primary seems to stream now and then, and confirms with what it has of its
 * own: it comes in only when it is known to have what the primary writes. */
static sw_nodes find_followers(struct sw_manager *manager, sw_nodes nodes)
{
    sw_nodes found = 0;

    for (int i = 0; i < manager->cluster->node_count; i++) {
        struct sw_seat seat = sw_manager_seat(manager, i);

        if (!sw_is_in(nodes, i))
            continue;
        if (sw_manager_open(manager, &seat) && seat.report.is_standby &&
            seat.report.epoch.term == manager->keeper.report.epoch.term)
            found |= (sw_nodes)1 << i;
        sw_line_close(&seat.line);
    }
    return found;
}

static void keep_cohort(struct sw_manager *manager, sw_nodes streaming, uint64_t now)
{
    const struct sw_config_promotion *config = manager->cluster->promotion;
    sw_nodes wanted = find_wanted(manager, streaming, now);
    struct sw_cohort_step steps[SW_COHORT_STEPS];
    sw_nodes more = wanted & ~manager->cohort.standbys;
    int count;

    if (more != 0)
        wanted &= ~more | find_followers(manager, more);
    if (!config->is_synchronous) {
        if (manager->cohort.quorum > 0 || wanted != manager->cohort.standbys) {
            steps[0] = (struct sw_cohort_step){SW_STEP_RECORD, wanted, 0};
            steps[1] = (struct sw_cohort_step){SW_STEP_NAMES, 0, 0};
            change(manager, steps, 2);
        }
        return;
    }
    count = sw_cohort_plan(&manager->cohort, wanted, config->confirmations,
                           config->goes_on_alone, steps);
    if (count > 0)
        change(manager, steps, count);
    else if (count < 0)
        sw_manager_refuse(manager, "too many standbys are away: what is written waits for one");
}

/* --- who follows whom --- */

/* Does it stream from the primary, or from another standby, as an operator may want it? */
static bool follows_somebody(const struct sw_manager *manager, int node)
{
    const struct sw_vitals *vitals = &manager->vitals[node];

    if (!vitals->is_streaming)
        return false;
    for (int i = 0; i < manager->cluster->node_count; i++) {
        const struct sw_node *other = &manager->cluster->nodes[i];

        if (strcmp(vitals->sender_host, other->address) == 0 &&
            vitals->sender_port == other->port)
            return i == manager->standing.primary || manager->vitals[i].role == SW_ROLE_STANDBY;
    }
    return true;
}

/* A standby that has promised a later term to somebody else is left to him. */
static void lead_home(struct sw_manager *manager, int node)
{
    const struct sw_node *primary = &manager->cluster->nodes[manager->standing.primary];
    struct sw_seat seat = sw_manager_seat(manager, node);
    struct sw_error err;

    if (!sw_manager_open(manager, &seat))
        return;
    if (seat.report.is_standby &&
        !sw_conninfo_follows(seat.report.conninfo, primary, seat.node->name) &&
        sw_seat_settle(&seat, manager->keeper.report.epoch.term, &err))
        (void)sw_seat_follow(&seat, primary, &err);
    sw_line_close(&seat.line);
}

static void lead_all_home(struct sw_manager *manager, uint64_t now)
{
    for (int i = 0; i < manager->cluster->node_count; i++) {
        const struct sw_vitals *vitals = &manager->vitals[i];
        struct sw_kept_node *node = &manager->nodes[i];

        if (i == manager->standing.primary || vitals->role != SW_ROLE_STANDBY ||
            vitals->verdict == SW_VERDICT_DOWN || node->is_held ||
            follows_somebody(manager, i) || now - node->led_ms < LEAD_MS)
            continue;
        node->led_ms = now;
        lead_home(manager, i);
    }
}

void sw_manager_upkeep(struct sw_manager *manager)
{
    uint64_t now = sw_clock_ms();
    const struct sw_report *report;
    sw_nodes streaming;

    if (manager->standing.term == 0 && manager->is_keeping)
        return;
    if (now - manager->looked_ms < LOOK_MS)
        return;
    manager->looked_ms = now;
    if (!open_keeper(manager))
        return;
    report = &manager->keeper.report;
    if (report->is_standby || report->cohort.term == 0 ||
        (manager->is_keeping && report->epoch.term != manager->standing.term)) {
        manager->is_keeping = false;
        return;
    }
    sw_manager_learn(manager, &report->cohort);
    lead_all_home(manager, now);
    if (check_names(manager) && find_streaming(manager, &streaming))
        keep_cohort(manager, streaming, now);
}
