/*
 * Whoever writes beside the primary: a former primary that is back, or a standby that somebody
 * has promoted by hand. Nothing is routed to it in any case (I1); others are told, in an order
 * that matters, for a commit that waits is confirmed when the names it waits for are cleared:
 *
 *   it waits for a standby that there is not -> it is read-only for those who ask -> its
 * clients are ended: what they were about is on it alone, and was never confirmed
 *
 * Then it has to become a standby of the primary, for which it has to be rewound and started
 * anew: an operator's command does that, or an operator.
 */
#include "hooks.h"
#include "manager.h"

#include "shardward/base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FENCE "ANY 1 (fenced_by_shardward)"

enum { AGAIN_MS = 10000, REJOIN_AGAIN_MS = 60000 };

static bool is_fenced(const struct sw_report *report)
{
    return strcmp(report->sync_names, FENCE) == 0 && report->is_read_only;
}

/* Behind the lock nobody else makes it primary meanwhile. */
static bool shut(struct sw_manager *manager, struct sw_seat *seat, struct sw_error *err)
{
    return sw_line_lock(&seat->line, err) && sw_report_take(&seat->line, &seat->report, err) &&
           !sw_manager_is_late(manager, seat, err) &&
           sw_seat_set(seat, "synchronous_standby_names", FENCE, err) &&
           sw_seat_set(seat, "default_transaction_read_only", "on", err) &&
           sw_seat_reload(seat, err) &&
           sw_line_await(&seat->line,
                         "SELECT current_setting('synchronous_standby_names') = '" FENCE "'",
                         "it is fenced", err) &&
           sw_seat_end_clients(seat, err);
}

bool sw_manager_fence(struct sw_manager *manager, int node, const char *why,
                      struct sw_error *err)
{
    struct sw_seat seat = sw_manager_seat(manager, node);
    const struct sw_config_promotion *config = manager->cluster->promotion;
    bool is_new = !sw_is_in(manager->standing.fenced, node);
    bool is_done = sw_manager_open(manager, &seat);

    if (!is_done)
        *err = seat.err;
    if (is_done && sw_manager_is_late(manager, &seat, err)) {
        sw_line_close(&seat.line);
        return false;
    }
    manager->standing.fenced |= (sw_nodes)1 << node;
    if (is_new)
        sw_manager_show(manager);
    if (is_done && !is_fenced(&seat.report) && !seat.report.is_standby) {
        is_done = shut(manager, &seat, err);
        if (is_done) {
            sw_manager_tell(manager, SW_EVENT_FENCED, node, 0, "%s", why);
            if (config->fence_command != NULL && manager->standing.primary >= 0)
                sw_hook_run("fence", config->fence_command, manager->cluster, seat.node,
                            &manager->cluster->nodes[manager->standing.primary]);
        }
    }
    sw_line_close(&seat.line);
    return is_done;
}

bool sw_manager_unfence(struct sw_manager *manager, int node, struct sw_error *err)
{
    struct sw_seat seat = sw_manager_seat(manager, node);
    bool is_done = sw_manager_open(manager, &seat);

    if (!is_done)
        *err = seat.err;
    else if (!seat.report.is_standby && node != manager->standing.primary)
        is_done = sw_error_set(err, "55000",
                               "%s is not a standby of the primary: it has to be "
                               "made one first",
                               seat.node->name);
    if (is_done && seat.report.is_read_only)
        is_done = sw_line_lock(&seat.line, err) &&
                  sw_seat_set(&seat, "default_transaction_read_only", "off", err) &&
                  sw_seat_reload(&seat, err);
    if (is_done && !seat.report.is_standby && is_fenced(&seat.report))
        is_done = sw_line_lock(&seat.line, err) &&
                  sw_seat_wait_for(&seat, seat.report.cohort.standbys,
                                   seat.report.cohort.quorum, err);
    sw_line_close(&seat.line);
    if (!is_done)
        return false;
    manager->standing.fenced &= ~((sw_nodes)1 << node);
    manager->nodes[node].is_held = false;
    sw_manager_show(manager);
    return true;
}

/* --- those who write beside the primary --- */

/* Behind the end of what was run for it: two at once would spoil its data. */
static void rejoin(struct sw_manager *manager, int node, uint64_t now)
{
    const struct sw_config_promotion *config = manager->cluster->promotion;
    struct sw_kept_node *kept = &manager->nodes[node];
    bool has_run = kept->rejoin_ms != 0;

    if (config->rejoin_command == NULL || kept->is_held || manager->standing.is_in_maintenance)
        return;
    if (sw_hook_is_running(manager->name, manager->cluster->nodes[node].name)) {
        kept->rejoin_ms = has_run ? now : 0; /* else it is the fence command */
        return;
    }
    if (has_run && now - kept->rejoin_ms < REJOIN_AGAIN_MS)
        return;
    kept->rejoin_ms = now;
    sw_hook_run("rejoin", config->rejoin_command, manager->cluster,
                &manager->cluster->nodes[node],
                &manager->cluster->nodes[manager->standing.primary]);
}

/* It streams from the primary again, and has its epoch: what was set to fence it goes, and it
 * counts. */
static void welcome(struct sw_manager *manager, int node)
{
    struct sw_seat seat = sw_manager_seat(manager, node);
    struct sw_error err;
    bool is_done = false;

    if (sw_manager_open(manager, &seat) && seat.report.is_standby &&
        seat.report.epoch.term >= manager->standing.term &&
        sw_seat_settle(&seat, manager->standing.term, &err) &&
        sw_seat_note(&seat, "shardward.promise", "", &err) &&
        sw_seat_set(&seat, "default_transaction_read_only", "off", &err))
        is_done = sw_seat_reload(&seat, &err);
    sw_line_close(&seat.line);
    if (!is_done)
        return;
    manager->standing.fenced &= ~((sw_nodes)1 << node);
    manager->nodes[node] = (struct sw_kept_node){0};
    sw_manager_tell(manager, SW_EVENT_REJOINED, node, 0, "it streams from %s",
                    manager->cluster->nodes[manager->standing.primary].name);
    sw_manager_show(manager);
}

static void fence_rival(struct sw_manager *manager, int node, uint64_t now)
{
    struct sw_kept_node *kept = &manager->nodes[node];
    bool is_new = !sw_is_in(manager->standing.fenced, node);
    struct sw_error err;

    if (kept->fenced_ms != 0 && now - kept->fenced_ms < AGAIN_MS) {
        rejoin(manager, node, now);
        return;
    }
    kept->fenced_ms = now;
    if (sw_manager_fence(manager, node, "it is not the primary any more, or never was", &err))
        rejoin(manager, node, now);
    if (is_new && sw_is_in(manager->standing.fenced, node))
        sw_manager_tell(manager, SW_EVENT_SPLIT, node, 0,
                        "it writes, and is not the primary of term %" PRId64
                        ": nothing is sent to it",
                        manager->standing.term);
}

void sw_manager_fence_others(struct sw_manager *manager)
{
    uint64_t now = sw_clock_ms();

    if (manager->standing.term == 0)
        return;
    for (int i = 0; i < manager->cluster->node_count; i++) {
        const struct sw_vitals *vitals = &manager->vitals[i];
        bool is_here =
            vitals->verdict != SW_VERDICT_DOWN && vitals->seen_ms > manager->standing.since_ms;

        if (!manager->is_keeping)
            return;
        if (i == manager->standing.primary)
            continue;
        if (is_here && vitals->system_id != manager->system_id)
            continue;
        if (is_here && vitals->role == SW_ROLE_PRIMARY)
            fence_rival(manager, i, now);
        else if (is_here && vitals->role == SW_ROLE_STANDBY && vitals->is_streaming &&
                 sw_is_in(manager->standing.fenced, i) && !manager->nodes[i].is_held)
            welcome(manager, i);
        else if (!is_here && sw_is_in(manager->standing.fenced, i))
            rejoin(manager, i, now);
    }
}
