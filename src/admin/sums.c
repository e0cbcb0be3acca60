#include "sums.h"

#include "shardward/base/clock.h"
#include "shardward/base/mem.h"

struct sw_sum *sw_sum_copy(struct sw_arena *arena, const struct sw_tally *tally,
                           struct sw_sum *next)
{
    struct sw_sum *sum = sw_arena_alloc(arena, sizeof *sum);

    sum->next = next;
    sum->tally = *tally;
    sum->tally.database = sw_arena_strdup(arena, tally->database);
    sum->tally.user = sw_arena_strdup(arena, tally->user);
    sum->tally.shard = tally->shard == NULL ? NULL : sw_arena_strdup(arena, tally->shard);
    return sum;
}

struct sw_sums *sw_sums_create(void)
{
    struct sw_sums *sums = sw_alloc_zero(1, sizeof *sums);

    sums->at_us = sw_clock_us();
    sums->end = &sums->first;
    sw_arena_init(&sums->arena);
    sw_textmap_init(&sums->by_name);
    return sums;
}

void sw_sums_free(struct sw_sums *sums)
{
    if (sums == NULL)
        return;
    sw_arena_finish(&sums->arena);
    sw_textmap_finish(&sums->by_name);
    free(sums);
}

static void add(struct sw_tally *into, const struct sw_tally *from)
{
    into->transactions += from->transactions;
    into->queries += from->queries;
    into->received += from->received;
    into->sent += from->sent;
    into->transaction_us += from->transaction_us;
    into->query_us += from->query_us;
    into->wait_us += from->wait_us;
    into->errors += from->errors;
    into->refused += from->refused;
    into->reads.replica += from->reads.replica;
    into->reads.behind += from->reads.behind;
    into->reads.again += from->reads.again;
    into->reads.lost += from->reads.lost;
    sw_histogram_merge(&into->times, &from->times);
}

static char *name_of(const struct sw_tally *tally)
{
    return sw_format("%s\x1f%s\x1f%s", tally->database, tally->user,
                     tally->shard == NULL ? "" : tally->shard);
}

static void add_to(struct sw_sums *sums, const struct sw_tally *tally)
{
    char *name = name_of(tally);
    struct sw_sum *sum = sw_textmap_get(&sums->by_name, name);

    if (sum == NULL) {
        sum = sw_sum_copy(&sums->arena, tally, NULL);
        (void)sw_textmap_put(&sums->by_name, name, sum);
        *sums->end = sum;
        sums->end = &sum->next;
    } else {
        add(&sum->tally, tally);
    }
    free(name);
}

void sw_sums_add(struct sw_sums *sums, const struct sw_sum *list)
{
    for (; list != NULL; list = list->next)
        add_to(sums, &list->tally);
}

const struct sw_tally *sw_sums_find(const struct sw_sums *sums, const struct sw_tally *tally)
{
    char *name = name_of(tally);
    const struct sw_sum *sum = sw_textmap_get(&sums->by_name, name);

    free(name);
    return sum == NULL ? NULL : &sum->tally;
}
