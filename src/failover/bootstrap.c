/*
 * A cluster without any epoch: the first one is written once all of its nodes answer, one of
 * them writes and the others stream from it. Until then, nobody has ever been promoted by us:
 * the only node that writes takes statements, and is not replaced if it is lost.
 *
 *   the standbys log in by their own names -> the primary waits for them -> they stream ->
 *   the row of term 1 is confirmed by them
 */
#include "manager.h"

#include "conninfo.h"

#include <inttypes.h>
#include <stdio.h>

enum { FIRST_TERM = 1, STREAM_MS = 5000 };

struct beginning {
    struct sw_manager *manager;
    struct sw_seat *seats;
    int count, primary;
    int64_t term;
};

static int find_only_writable(const struct beginning *beginning)
{
    int found = -1;

    for (int i = 0; i < beginning->count; i++) {
        const struct sw_seat *seat = &beginning->seats[i];

        if (!seat->is_open || seat->report.is_standby)
            continue;
        if (found >= 0)
            return -1;
        found = i;
    }
    return found;
}

static int count_open(const struct beginning *beginning)
{
    int count = 0;

    for (int i = 0; i < beginning->count; i++)
        count += beginning->seats[i].is_open;
    return count;
}

/* Why it cannot begin yet; false: it can. */
static bool find_obstacle(const struct beginning *beginning, char *why, size_t size)
{
    const struct sw_cluster *cluster = beginning->manager->cluster;

    for (int i = 0; i < beginning->count; i++) {
        const struct sw_seat *seat = &beginning->seats[i];

        if (!seat->is_open)
            (void)snprintf(why, size, "%.60s does not answer: %.100s", seat->node->name,
                           seat->err.message);
        else if (!seat->report.has_tables)
            (void)snprintf(why, size, "%.60s has no schema shardward: run shardward install",
                           seat->node->name);
        else if (seat->report.system_id != beginning->seats[0].report.system_id)
            (void)snprintf(why, size, "%.60s has the data of another system than %.60s",
                           seat->node->name, cluster->nodes[0].name);
        else if (i != beginning->primary && !seat->report.is_streaming &&
                 !seat->report.is_detached)
            (void)snprintf(why, size, "%.60s does not stream", seat->node->name);
        else
            continue;
        return true;
    }
    return false;
}

static bool await_stream(struct sw_seat *seat, struct sw_error *err)
{
    return sw_line_await(&seat->line,
                         "SELECT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = "
                         "'streaming')",
                         "it streams", err);
}

/* It logs in to the primary by its own name, at the address that we know. Where that does not
 * work it goes on as it did before. */
static bool rename_standby(struct sw_seat *seat, const struct sw_node *primary)
{
    struct sw_error ignored;

    if (sw_seat_follow(seat, primary, &seat->err) && await_stream(seat, &seat->err))
        return true;
    if (!seat->report.is_detached) {
        sw_line_renew(&seat->line, STREAM_MS);
        (void)sw_seat_set(seat, "primary_conninfo", seat->report.conninfo, &ignored);
        (void)sw_seat_reload(seat, &ignored);
    }
    return false;
}

static void prepare_standby(struct sw_seat *seat, void *argument)
{
    const struct beginning *beginning = argument;
    const struct sw_node *primary = beginning->seats[beginning->primary].node;

    sw_line_renew(&seat->line, STREAM_MS);
    if (!sw_seat_promise(seat, beginning->term, "bootstrap", &seat->err))
        return;
    seat->is_recruited = sw_conninfo_follows(seat->report.conninfo, primary, seat->node->name)
                             ? await_stream(seat, &seat->err)
                             : rename_standby(seat, primary);
}

static bool begin(struct beginning *beginning, struct sw_error *err)
{
    struct sw_manager *manager = beginning->manager;
    const struct sw_config_promotion *config = manager->cluster->promotion;
    struct sw_seat *primary = &beginning->seats[beginning->primary];
    sw_nodes others = ((sw_nodes)1 << beginning->count) - 1;
    struct sw_cohort cohort = {.term = beginning->term, .primary = beginning->primary};

    others &= ~((sw_nodes)1 << beginning->primary);
    sw_seats_do(beginning->seats, beginning->count, others, prepare_standby, beginning);
    for (int i = 0; i < beginning->count; i++)
        if (sw_is_in(others, i) && !beginning->seats[i].is_recruited) {
            *err = beginning->seats[i].err;
            return false;
        }
    cohort.standbys = sw_cohort_standbys(manager->cluster, beginning->primary, others);
    cohort.count = sw_nodes_count(cohort.standbys);
    cohort.quorum =
        config->is_synchronous
            ? (cohort.count < config->confirmations ? cohort.count : config->confirmations)
            : 0;
    sw_line_renew(&primary->line, STREAM_MS);
    if (!sw_seat_promise(primary, beginning->term, "bootstrap", err) ||
        !sw_seat_wait_for(primary, cohort.standbys, cohort.quorum, err) ||
        !sw_epoch_write(primary, beginning->term, primary->report.timeline,
                        primary->report.written_lsn, 0, &cohort, manager->by, err))
        return false;
    manager->cohort = cohort;
    return true;
}

void sw_manager_bootstrap(struct sw_manager *manager, struct sw_seat *seats)
{
    struct beginning beginning = {.manager = manager,
                                  .seats = seats,
                                  .count = manager->cluster->node_count,
                                  .term = manager->term_known + FIRST_TERM};
    char why[SW_WHY];
    struct sw_error err;
    int primary = beginning.primary = find_only_writable(&beginning);

    if (manager->knows_epochs) {
        sw_manager_hold(manager, SW_SUSPEND, "no node that knows the last primary answers");
        return;
    }
    if (count_open(&beginning) <= beginning.count / 2) {
        sw_manager_hold(manager, SW_SUSPEND, "most nodes do not answer");
        return;
    }
    if (primary < 0) {
        sw_manager_hold(manager, SW_SUSPEND, "there is not one node that writes");
        return;
    }
    if (find_obstacle(&beginning, why, sizeof why)) {
        sw_manager_refuse(manager, why);
    } else if (begin(&beginning, &err)) {
        manager->system_id = seats[primary].report.system_id;
        sw_manager_tell(manager, SW_EVENT_COHORT, primary, 0,
                        "the first epoch: %d standbys, %d of them confirm",
                        manager->cohort.count, manager->cohort.quorum);
        sw_manager_admit(manager, primary, beginning.term, seats[primary].report.timeline,
                         seats[primary].report.started_us);
        return;
    } else {
        sw_manager_refuse(manager, err.message);
    }
    if (manager->standing.admission == SW_ADMIT && manager->standing.primary == primary &&
        manager->standing.started_us == seats[primary].report.started_us)
        return;
    sw_manager_admit(manager, primary, 0, seats[primary].report.timeline,
                     seats[primary].report.started_us);
    manager->is_keeping = false;
}
