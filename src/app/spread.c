#include "shardward/app/spread.h"

int sw_spread_choose(const int *counts, int count, int last)
{
    int best = (last + 1) % count;

    for (int i = 1; i < count; i++) {
        int at = (last + 1 + i) % count;

        if (counts[at] < counts[best])
            best = at;
    }
    return best;
}
