#include "shardward/failover/choose.h"

enum { HOUR_MS = 3600 * 1000 };
enum { SHORTEST_SPAN_MS = 500, DOUBLINGS = 4 };

bool sw_candidate_is_sound(const struct sw_candidate *candidate)
{
    return candidate->timeline <= candidate->epoch_timeline ||
           candidate->term_before > candidate->epoch_term;
}

static uint64_t reach(const struct sw_candidate *candidate)
{
    return candidate->received > candidate->replayed ? candidate->received
                                                     : candidate->replayed;
}

/* Timelines are not compared: on one that has no epoch yet nothing has been confirmed. */
static bool is_better(const struct sw_candidate *a, const struct sw_candidate *b)
{
    if (a->epoch_term != b->epoch_term)
        return a->epoch_term > b->epoch_term;
    if (reach(a) != reach(b))
        return reach(a) > reach(b);
    if (a->is_near != b->is_near)
        return a->is_near;
    if (a->replayed != b->replayed)
        return a->replayed > b->replayed;
    return a->node < b->node;
}

int sw_choose(const struct sw_candidate *list, int count)
{
    int best = -1;

    for (int i = 0; i < count; i++)
        if (sw_candidate_is_sound(&list[i]) && (best < 0 || is_better(&list[i], &list[best])))
            best = i;
    return best;
}

int sw_pause_ms(int failures, uint32_t random)
{
    int half = (SHORTEST_SPAN_MS << (failures < DOUBLINGS ? failures : DOUBLINGS)) / 2;

    return half + (int)(random % ((uint32_t)half + 1));
}

static int begun_within(const struct sw_gate *gate, uint64_t span_ms, uint64_t now_ms)
{
    int count = 0;

    for (size_t i = 0; i < sizeof gate->last_ms / sizeof *gate->last_ms; i++)
        count += gate->last_ms[i] != 0 && now_ms - gate->last_ms[i] < span_ms;
    return count;
}

const char *sw_gate_shut(const struct sw_gate *gate, uint64_t now_ms)
{
    uint64_t down_ms = now_ms - gate->down_ms;

    if (gate->is_in_maintenance)
        return "the cluster is in maintenance";
    if (gate->is_unproven)
        return "the primary did not wait for its standbys: order FAILOVER ... FORCE, if what "
               "is "
               "missing may be lost";
    if (gate->is_starting && down_ms < (uint64_t)gate->restart_grace_ms)
        return "the primary says that it is starting";
    if (gate->is_heard && !gate->is_gone && down_ms < (uint64_t)gate->unreachable_grace_ms)
        return "a standby still hears the primary";
    if (begun_within(gate, HOUR_MS, now_ms) >= gate->most_per_hour)
        return "there were too many promotions within an hour: an operator has to order this "
               "one";
    if (!gate->is_gone && begun_within(gate, (uint64_t)gate->cooldown_ms, now_ms) > 0)
        return "the last promotion was a moment ago";
    return NULL;
}

void sw_gate_note(struct sw_gate *gate, uint64_t now_ms)
{
    size_t oldest = 0;

    for (size_t i = 0; i < sizeof gate->last_ms / sizeof *gate->last_ms; i++)
        if (gate->last_ms[i] < gate->last_ms[oldest])
            oldest = i;
    gate->last_ms[oldest] = now_ms;
}
