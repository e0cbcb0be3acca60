/*
 * How the others are told to follow a winner.
 */
#include "operation.h"

#include "shardward/base/stop.h"

#include <stdlib.h>

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
        quoted = sw_line_quote(slot);
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
