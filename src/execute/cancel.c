#include "cancel.h"

#include "shardward/base/mem.h"

enum { CANCELS_MOST = 3, FIRST_WAIT_MS = 50 };

struct sw_leg_cancel {
    struct sw_timer *again;
    int count;        /* how often the server was asked */
    uint64_t wait_ms; /* until it is asked again */
};

static void ask(void *owner)
{
    struct sw_leg *leg = owner;
    struct sw_leg_cancel *cancel = leg->cancel;

    if (leg->is_rolling_back)
        return;
    sw_lease_cancel(&leg->lease);
    if (++cancel->count == CANCELS_MOST)
        return;
    sw_timer_start(cancel->again, cancel->wait_ms);
    cancel->wait_ms *= 10;
}

static bool is_young(const struct sw_leg *leg)
{
    return (uint32_t)sw_loop_renew_now_ms(leg->loop) - leg->sent_ms < SW_LEG_YOUNG_MS;
}

void sw_leg_cancel_run(struct sw_leg *leg)
{
    if (leg->cancel != NULL)
        return;
    leg->cancel = sw_alloc(sizeof *leg->cancel);
    *leg->cancel = (struct sw_leg_cancel){
        .again = sw_timer_create(leg->loop, ask, leg),
        .count = is_young(leg) ? 0 : CANCELS_MOST - 1,
        .wait_ms = FIRST_WAIT_MS,
    };
    ask(leg);
}

void sw_leg_forget_cancel(struct sw_leg *leg)
{
    if (leg->cancel == NULL)
        return;
    sw_timer_close(leg->cancel->again);
    free(leg->cancel);
    leg->cancel = NULL;
}
