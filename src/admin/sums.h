/*
 * sums - tallies of all workers at one moment; those of the same name are added up.
 */
#ifndef SW_ADMIN_SUMS_H
#define SW_ADMIN_SUMS_H

#include "shardward/base/arena.h"
#include "shardward/base/textmap.h"
#include "shardward/session/tally.h"

/* A tally on its way, or the sum of several. */
struct sw_sum {
    struct sw_sum *next;
    struct sw_tally tally;
};

struct sw_sums {
    uint64_t at_us;
    struct sw_arena arena;
    struct sw_textmap by_name;
    struct sw_sum *first, **end; /* in the order of their coming */
};

/* A copy in @arena, before @next. */
struct sw_sum *sw_sum_copy(struct sw_arena *arena, const struct sw_tally *tally,
                           struct sw_sum *next);

struct sw_sums *sw_sums_create(void);
void sw_sums_free(struct sw_sums *sums); /* accepts NULL */
/* Add what one worker has counted; copies. */
void sw_sums_add(struct sw_sums *sums, const struct sw_sum *list);
/* The sum of @tally's name, or NULL. */
const struct sw_tally *sw_sums_find(const struct sw_sums *sums, const struct sw_tally *tally);

#endif
