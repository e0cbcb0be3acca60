#include "shardward/pool/turn.h"

int sw_turn_share(int total, int workers, int worker)
{
    return total / workers + (worker < total % workers);
}

static bool is_below(const struct sw_turn_party *party)
{
    return party->held < party->share;
}

static bool comes_before(const struct sw_turn_party *a, const struct sw_turn_party *b)
{
    if (is_below(a) != is_below(b))
        return is_below(a);
    return a->first_ms < b->first_ms;
}

static bool is_older(const struct sw_turn_party *a, const struct sw_turn_party *b)
{
    uint64_t patience_ms = a->held == 0 ? 0 : SW_TURN_PATIENCE_MS;

    return a->first_ms + patience_ms < b->first_ms;
}

/* Must @self, which has a waiter too, let @other go first? */
static bool yields(const struct sw_turn_party *self, const struct sw_turn_party *other)
{
    bool is_fair = self->held > self->share && is_below(other);

    return is_older(other, self) || (is_fair && !is_older(self, other));
}

int sw_turn_choose(const struct sw_turn_party *parties, int count, int self)
{
    int best = -1;

    for (int i = 0; i < count; i++) {
        if (i == self || !parties[i].waits)
            continue;
        if (parties[self].waits && !yields(&parties[self], &parties[i]))
            continue;
        if (best < 0 || comes_before(&parties[i], &parties[best]))
            best = i;
    }
    return best < 0 && parties[self].waits ? self : best;
}

uint64_t sw_turn_jitter(int limit_ms, uint32_t random)
{
    uint64_t most = (uint64_t)limit_ms / 4;

    return (uint64_t)limit_ms - ((most * random) >> 32);
}
