/*
 * From what is known of the parts of a key to the shards that may hold it: the groups that the
 * first part may lead to, times the buckets that the hashed parts may fall into. If all of
 * these are on one shard, that is the place.
 */
#include "planner.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_COMBINATIONS = 65536 };

/* Numbers of groups, or of buckets within a group. */
struct candidates {
    int *numbers; /* NULL: all of them, from 0 to count - 1 */
    int count;
};

bool sw_table_is_sharded(const struct sw_table *table)
{
    return table != NULL && table->keys != NULL;
}

int sw_table_key_part(const struct sw_table *table, const char *name)
{
    for (int p = 0; p < table->placement->part_count; p++)
        if (strcmp(table->keys[p], name) == 0)
            return p;
    return -1;
}

static void add_value(struct sw_domain *set, const struct sw_key_value *key,
                      const struct sw_value *value)
{
    set->values[set->count++] = (struct sw_pinned){*key, value};
}

static void grow(struct sw_planner *planner, struct sw_domain *set, int room)
{
    struct sw_pinned *values =
        sw_arena_alloc(&planner->arena, (size_t)(set->count + room) * sizeof *values);

    if (set->count > 0)
        memcpy(values, set->values, (size_t)set->count * sizeof *values);
    set->values = values;
}

static enum sw_key_status add_array(struct sw_planner *planner, enum sw_key_type type,
                                    const struct sw_value *value, int room,
                                    struct sw_domain *set, struct sw_error *why)
{
    struct sw_key_list list = {0};
    enum sw_key_status status =
        sw_key_read_array(type, value, &planner->source, &planner->arena, &list, why);

    if (status != SW_KEY_KNOWN)
        return status;
    grow(planner, set, list.count + room);
    for (int i = 0; i < list.count; i++)
        add_value(set, &list.values[i], value);
    return SW_KEY_KNOWN;
}

/* All values of a list; NULLs add nothing. */
static bool read_set(struct sw_planner *planner, enum sw_key_type type,
                     const struct sw_predicate *predicate, struct sw_domain *set,
                     struct sw_error *why)
{
    *set = (struct sw_domain){.is_known = true};
    grow(planner, set, predicate->value_count);
    for (int i = 0; i < predicate->value_count; i++) {
        const struct sw_value *value = &predicate->values[i];
        struct sw_key_value key;
        enum sw_key_status status =
            value->is_array ? add_array(planner, type, value, predicate->value_count, set, why)
                            : sw_key_read(type, value, &planner->source, &key, why);

        if (status == SW_KEY_UNKNOWN)
            return false;
        if (status == SW_KEY_UNBOUND)
            set->is_unbound = true;
        else if (status == SW_KEY_KNOWN && !value->is_array)
            add_value(set, &key, value);
    }
    return true;
}

static int compare_pinned(const void *a, const void *b)
{
    return sw_key_value_compare(&((const struct sw_pinned *)a)->key,
                                &((const struct sw_pinned *)b)->key);
}

/* Keep of @domain what is in @set too; a contradiction keeps the first value. */
static void intersect(struct sw_domain *domain, struct sw_domain *set)
{
    int kept = 0;

    qsort(set->values, (size_t)set->count, sizeof *set->values, compare_pinned);
    for (int i = 0; i < domain->count; i++)
        if (bsearch(&domain->values[i], set->values, (size_t)set->count, sizeof *set->values,
                    compare_pinned) != NULL)
            domain->values[kept++] = domain->values[i];
    domain->count = kept > 0 || domain->count == 0 ? kept : 1;
}

static bool narrow_by_set(struct sw_planner *planner, enum sw_key_type type,
                          const struct sw_predicate *predicate, struct sw_domain *domain,
                          struct sw_error *why)
{
    struct sw_domain set;

    if (!read_set(planner, type, predicate, &set, why))
        return false;
    if (set.is_unbound) {
        domain->is_unbound = true;
    } else if (!domain->is_known) {
        domain->is_known = true;
        domain->values = set.values;
        domain->count = set.count;
    } else if (set.count == 0) {
        domain->count = 0;
    } else {
        intersect(domain, &set);
    }
    return true;
}

static void narrow_low(struct sw_domain *domain, const struct sw_key_value *low)
{
    if (!domain->has_low || sw_key_value_compare(low, &domain->low) > 0)
        domain->low = *low;
    domain->has_low = true;
}

static void narrow_high(struct sw_domain *domain, const struct sw_key_value *high,
                        bool is_below)
{
    int order = domain->has_high ? sw_key_value_compare(high, &domain->high) : -1;

    if (order < 0) {
        domain->high = *high;
        domain->is_high_below = is_below;
    }
    domain->is_high_below |= order == 0 && is_below;
    domain->has_high = true;
}

/* The order of texts is that of a collation, which is not known here. */
static bool narrow_by_bound(struct sw_planner *planner, enum sw_key_type type,
                            const struct sw_predicate *predicate, struct sw_domain *domain,
                            struct sw_error *why)
{
    struct sw_key_value bound;

    if (type == SW_KEY_TEXT)
        return true;
    switch (sw_key_read(type, predicate->values, &planner->source, &bound, why)) {
    case SW_KEY_KNOWN:
        if (predicate->kind == SW_PREDICATE_MORE || predicate->kind == SW_PREDICATE_AT_LEAST)
            narrow_low(domain, &bound);
        else
            narrow_high(domain, &bound, predicate->kind == SW_PREDICATE_LESS);
        return true;
    case SW_KEY_NULL:
        domain->is_known = true;
        domain->count = 0;
        return true;
    case SW_KEY_UNBOUND:
        domain->is_unbound = true;
        return true;
    case SW_KEY_UNKNOWN:
        break;
    }
    return false;
}

bool sw_domain_narrow(struct sw_planner *planner, enum sw_key_type type,
                      const struct sw_predicate *predicate, struct sw_domain *domain,
                      struct sw_error *why)
{
    if (predicate->kind == SW_PREDICATE_IN)
        return narrow_by_set(planner, type, predicate, domain, why);
    return narrow_by_bound(planner, type, predicate, domain, why);
}

static struct candidates none(struct sw_planner *planner, int room)
{
    return (struct candidates){
        .numbers = sw_arena_alloc(&planner->arena, ((size_t)room + 1) * sizeof(int))};
}

static void add_candidate(struct candidates *candidates, int number)
{
    if (candidates->count == 0 || candidates->numbers[candidates->count - 1] != number)
        candidates->numbers[candidates->count++] = number;
}

static bool is_below(const struct sw_key_span *span, const struct sw_domain *domain)
{
    return !span->is_to_open && domain->has_low &&
           sw_key_value_compare(&span->to, &domain->low) <= 0;
}

static bool is_above(const struct sw_key_span *span, const struct sw_domain *domain)
{
    int order;

    if (span->is_from_open || !domain->has_high)
        return false;
    order = sw_key_value_compare(&span->from, &domain->high);
    return domain->is_high_below ? order >= 0 : order > 0;
}

static bool is_within(const struct sw_key_span *span, const struct sw_domain *domain)
{
    bool is_from_within =
        span->is_from_open ||
        (domain->has_low && sw_key_value_compare(&span->from, &domain->low) <= 0);
    int order = span->is_to_open   ? -1
                : domain->has_high ? sw_key_value_compare(&domain->high, &span->to)
                                   : 1;

    return is_from_within && (domain->is_high_below ? order <= 0 : order < 0);
}

/* The groups whose ranges meet the bounds; the default too, unless one range holds all that
 * lies between them. */
static struct candidates groups_between(struct sw_planner *planner,
                                        const struct sw_placement *placement,
                                        const struct sw_domain *domain)
{
    struct candidates groups = none(planner, placement->span_count + 1);
    bool is_held = false;

    for (int i = 0; i < placement->span_count; i++) {
        const struct sw_key_span *span = &placement->spans[i];

        if (is_below(span, domain) || is_above(span, domain))
            continue;
        add_candidate(&groups, span->group);
        is_held = is_held || is_within(span, domain);
    }
    if (placement->default_group >= 0 && !is_held)
        add_candidate(&groups, placement->default_group);
    return groups;
}

static struct candidates groups_of(struct sw_planner *planner,
                                   const struct sw_placement *placement,
                                   const struct sw_domain *domain)
{
    struct candidates groups;

    if (placement->kind == SW_PLACEMENT_HASH)
        return (struct candidates){.count = 1};
    if (!domain->is_known && placement->kind == SW_PLACEMENT_RANGE &&
        (domain->has_low || domain->has_high))
        return groups_between(planner, placement, domain);
    if (!domain->is_known)
        return (struct candidates){.count = placement->group_count};
    groups = none(planner, domain->count);
    for (int i = 0; i < domain->count; i++) {
        int group = sw_key_group(placement, &domain->values[i].key);

        if (group >= 0)
            add_candidate(&groups, group);
    }
    return groups;
}

/* How many combinations of values the hashed parts have; -1: not known, or too many. */
static int count_combinations(const struct sw_placement *placement,
                              const struct sw_domain *domains)
{
    int64_t count = 1;

    for (int p = placement->hashed_from; p < placement->part_count; p++) {
        if (!domains[p].is_known)
            return -1;
        count *= domains[p].count;
        if (count > MOST_COMBINATIONS && placement->part_count - placement->hashed_from > 1)
            return -1;
    }
    return (int)count;
}

static struct candidates buckets_of(struct sw_planner *planner,
                                    const struct sw_placement *placement,
                                    const struct sw_domain *domains)
{
    int count = count_combinations(placement, domains);
    struct sw_key_value parts[SW_KEY_PARTS];
    struct candidates buckets;

    if (count < 0)
        return (struct candidates){.count = placement->group_buckets};
    buckets = none(planner, count);
    for (int i = 0; i < count; i++) {
        int rest = i;

        for (int p = placement->hashed_from; p < placement->part_count; p++) {
            parts[p] = domains[p].values[rest % domains[p].count].key;
            rest /= domains[p].count;
        }
        add_candidate(&buckets,
                      sw_key_bucket_in_group(placement, parts + placement->hashed_from));
    }
    return buckets;
}

static int candidate(const struct candidates *candidates, int i)
{
    return candidates->numbers == NULL ? i : candidates->numbers[i];
}

/* The first shard, and another one if there is any; all of them are noted if somebody wants to
 * know. */
static void compare_shards(const struct sw_placement *placement,
                           const struct candidates *groups, const struct candidates *buckets,
                           struct sw_place *place, bool *needed)
{
    place->bucket = candidate(groups, 0) * placement->group_buckets + candidate(buckets, 0);
    place->shard = placement->buckets[place->bucket].shard;
    place->kind = SW_PLACE_SHARD;
    for (int g = 0; g < groups->count; g++) {
        for (int b = 0; b < buckets->count; b++) {
            int at = candidate(groups, g) * placement->group_buckets + candidate(buckets, b);

            if (needed != NULL)
                needed[placement->buckets[at].shard->id] = true;
            if (placement->buckets[at].shard == place->shard)
                continue;
            place->kind = SW_PLACE_SEVERAL;
            place->other = placement->buckets[at].shard;
            if (needed == NULL)
                return;
        }
    }
}

/* The value to show: of a first part, one that has a place. */
static const struct sw_pinned *shown(const struct sw_placement *placement, int part,
                                     const struct sw_domain *domain)
{
    int i = 0;

    while (part == 0 && i < domain->count - 1 &&
           sw_key_group(placement, &domain->values[i].key) < 0)
        i++;
    return &domain->values[i];
}

static const struct sw_pinned *const *keep_pinned(struct sw_planner *planner,
                                                  const struct sw_placement *placement,
                                                  const struct sw_domain *domains)
{
    const struct sw_pinned **pinned =
        sw_arena_alloc(&planner->arena, (size_t)placement->part_count * sizeof(void *));

    for (int p = 0; p < placement->part_count; p++)
        if (domains[p].is_known && domains[p].count > 0)
            pinned[p] = shown(placement, p, &domains[p]);
    return pinned;
}

/* A part that nothing pins, if there is one; the first that could have told. */
static int missing_part(const struct sw_placement *placement, const struct sw_domain *domains)
{
    for (int p = 0; p < placement->part_count; p++)
        if (!domains[p].is_known)
            return p;
    return -1;
}

static bool is_any_unbound(const struct sw_placement *placement,
                           const struct sw_domain *domains)
{
    for (int p = 0; p < placement->part_count; p++)
        if (domains[p].is_unbound)
            return true;
    return false;
}

static bool is_any_empty(const struct sw_placement *placement, const struct sw_domain *domains)
{
    for (int p = 0; p < placement->part_count; p++)
        if (domains[p].is_known && domains[p].count == 0)
            return true;
    return false;
}

void sw_place_by_domains(struct sw_planner *planner, struct sw_place *place,
                         const struct sw_domain *domains)
{
    const struct sw_placement *placement = place->table->placement;
    struct candidates groups, buckets;

    if (is_any_empty(placement, domains)) {
        place->kind = SW_PLACE_ANY_OF;
        return;
    }
    groups = groups_of(planner, placement, &domains[0]);
    buckets = buckets_of(planner, placement, domains);
    if (groups.count == 0) {
        place->kind = SW_PLACE_ANY_OF;
        return;
    }
    compare_shards(placement, &groups, &buckets, place, planner->needed);
    place->missing = missing_part(placement, domains);
    place->has_bucket = place->missing < 0;
    place->pinned = keep_pinned(planner, placement, domains);
    if (place->kind == SW_PLACE_SEVERAL && is_any_unbound(placement, domains))
        place->kind = SW_PLACE_ANY_OF;
}
