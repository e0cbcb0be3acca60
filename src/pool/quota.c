/*
 * How many connections several pools may have together. The pools may be of different nodes,
 * and so under different locks; the quotas of all have one lock, below those. It is taken when
 * a connection is opened or closed.
 */
#include "internal.h"

#include "shardward/base/mem.h"

#include <string.h>

struct sw_quota *sw_quota_find(struct sw_link *list, const char *kind, const char *name)
{
    char *full = sw_format("%s %s", kind, name);
    struct sw_quota *quota;

    for (struct sw_link *link = list->next; link != list; link = link->next) {
        quota = SW_OWNER(link, struct sw_quota, link);
        if (strcmp(quota->name, full) == 0) {
            free(full);
            return quota;
        }
    }
    quota = sw_alloc_zero(1, sizeof *quota);
    quota->name = full;
    sw_list_push_back(list, &quota->link);
    return quota;
}

void sw_quota_free(struct sw_quota *quota)
{
    free(quota->name);
    free(quota);
}

static bool is_full(const struct sw_quota *quota)
{
    int limit = atomic_load(&quota->limit);

    return limit > 0 && atomic_load(&quota->open) >= limit;
}

bool sw_quotas_take(struct sw_quotas *quotas)
{
    bool has_room = true;

    (void)pthread_mutex_lock(quotas->lock);
    for (int i = 0; i < SW_QUOTAS; i++)
        has_room &= !is_full(quotas->list[i]);
    for (int i = 0; has_room && i < SW_QUOTAS; i++)
        atomic_fetch_add(&quotas->list[i]->open, 1);
    (void)pthread_mutex_unlock(quotas->lock);
    return has_room;
}

void sw_quotas_give_back(struct sw_quotas *quotas)
{
    (void)pthread_mutex_lock(quotas->lock);
    for (int i = 0; i < SW_QUOTAS; i++)
        atomic_fetch_sub(&quotas->list[i]->open, 1);
    (void)pthread_mutex_unlock(quotas->lock);
}

bool sw_quota_is_crowded(const struct sw_quota *quota)
{
    return atomic_load(&quota->limit) > 0 && atomic_load(&quota->crowded) > 0;
}

bool sw_quotas_are_crowded(const struct sw_quotas *quotas)
{
    for (int i = 0; i < SW_QUOTAS; i++)
        if (sw_quota_is_crowded(quotas->list[i]))
            return true;
    return false;
}

bool sw_quotas_are_short(const struct sw_quotas *quotas)
{
    for (int i = 0; i < SW_QUOTAS; i++)
        if (sw_quota_is_crowded(quotas->list[i]) && is_full(quotas->list[i]))
            return true;
    return false;
}

bool sw_quotas_are_over(const struct sw_quotas *quotas)
{
    for (int i = 0; i < SW_QUOTAS; i++) {
        int limit = atomic_load_explicit(&quotas->list[i]->limit, memory_order_relaxed);

        if (limit > 0 &&
            atomic_load_explicit(&quotas->list[i]->open, memory_order_relaxed) > limit)
            return true;
    }
    return false;
}

int sw_quotas_full(const struct sw_quotas *quotas)
{
    int at = 0;

    while (at < SW_QUOTAS && !is_full(quotas->list[at]))
        at++;
    return at;
}
