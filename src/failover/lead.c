/*
 * How the others are told to follow a winner.
 */
#include "operation.h"

#include "shardward/base/stop.h"
#include "shardward/base/text.h"

#include <stdio.h>
#include <stdlib.h>

/* PostgreSQL looks for a sender each wal_retrieve_retry_interval, 5 s by default. */
enum { STREAM_MS = 6000 };

struct following {
    const struct sw_seat *winner;
    sw_nodes followers; /* by __atomic */
};

static void follow_seat(struct sw_seat *seat, void *argument)
{
    struct following *following = argument;

    if (sw_seat_follow(seat, following->winner->node, &seat->err))
        (void)__atomic_fetch_or(&following->followers, sw_nodes_of(seat->index),
                                __ATOMIC_RELAXED);
}

/* A standby that reads from a slot needs one of that name where it reads. */
static bool make_slots(struct sw_operation *operation, struct sw_seat *winner, sw_nodes others,
                       struct sw_error *err)
{
    for (int i = 0; i < operation->cluster->node_count; i++) {
        const char *slot = operation->seats[i].report.slot;
        char *quoted;
        bool is_good;

        if (!sw_nodes_have(others, i) || *slot == '\0')
            continue;
        quoted = sw_text_literal(slot);
        is_good = sw_line_say(&winner->line, err,
                              "SELECT pg_create_physical_replication_slot(%s, true) WHERE NOT "
                              "EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = %s)",
                              quoted, quoted);
        free(quoted);
        if (!is_good)
            return false;
    }
    return true;
}

bool sw_operation_lead(struct sw_operation *operation, struct sw_seat *winner, sw_nodes others,
                       sw_nodes *followers, struct sw_error *err)
{
    struct following following = {.winner = winner};

    if (!make_slots(operation, winner, others, err))
        return false;
    sw_seats_do(operation->seats, operation->cluster->node_count, others, follow_seat,
                &following);
    *followers = following.followers;
    sw_operation_note(operation, "followed");
    sw_stop_at("after_repoint", 1);
    return true;
}

/* Its receiver is on the winner's timeline. To stream is not enough: who has more of an earlier
 * timeline than the winner is sent the rest of that, and confirms what it has of its own. */
static void await_stream(struct sw_seat *seat, void *argument)
{
    struct following *following = argument;
    char sql[160];

    (void)snprintf(sql, sizeof sql,
                   "SELECT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming' "
                   "AND received_tli >= %d)",
                   following->winner->report.timeline);
    sw_line_renew(&seat->line, STREAM_MS);
    if (sw_line_await(&seat->line, sql, "it streams from the winner", &seat->err))
        (void)__atomic_fetch_or(&following->followers, sw_nodes_of(seat->index),
                                __ATOMIC_RELAXED);
}

sw_nodes sw_operation_streaming(struct sw_operation *operation, struct sw_seat *winner,
                                sw_nodes followers)
{
    struct following following = {.winner = winner};

    sw_seats_do(operation->seats, operation->cluster->node_count, followers, await_stream,
                &following);
    sw_line_renew(&winner->line, operation->cluster->promotion->recruit_timeout_ms);
    return following.followers;
}

static void let_seat_go(struct sw_seat *seat, void *argument)
{
    (void)argument;
    if (sw_report_take(&seat->line, &seat->report, &seat->err))
        (void)sw_seat_detach(seat, &seat->err);
}

/* The receiver of such a one does not end by itself, nor look at whom it shall follow, as long
 * as it can be told again and again that there is no more. */
void sw_operation_let_go(struct sw_operation *operation, struct sw_seat *winner,
                         sw_nodes strays)
{
    const struct sw_cohort all = {.primary = -1, .standbys = strays};
    char *names = sw_cohort_names(operation->cluster, &all), *quoted = sw_text_literal(names);
    struct sw_error ignored;

    sw_seats_do(operation->seats, operation->cluster->node_count, strays, let_seat_go, NULL);
    (void)sw_line_say(&winner->line, &ignored,
                      "SELECT pg_terminate_backend(pid) FROM pg_stat_replication "
                      "WHERE application_name = ANY (%s::text[])",
                      quoted);
    free(quoted);
    free(names);
}
