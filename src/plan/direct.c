/*
 * The short way to a shard: a statement about one table whose key is equated with one value in
 * each of its parts. Whatever is not as plain as that when the values come, takes the long way,
 * which can also say what is wrong.
 */
#include "planner.h"

#include <string.h>

/* The one value that pins a part; NULL: none does, or more than that. */
static const struct sw_value *only_value(const struct sw_planner *planner,
                                         struct sw_key_part part)
{
    const struct sw_value *found = NULL;

    for (int p = 0; p < planner->statement->predicate_count; p++) {
        const struct sw_predicate *predicate = &planner->statement->predicates[p];

        if (!sw_pins_hold(planner, part, p))
            continue;
        if (found != NULL || predicate->kind != SW_PREDICATE_IN ||
            predicate->value_count != 1 || predicate->values->is_array)
            return NULL;
        found = predicate->values;
    }
    return found;
}

const struct sw_direct *sw_direct_find(struct sw_planner *planner)
{
    const struct sw_place *place = &planner->places[0];
    struct sw_direct direct;

    if (sw_planner_place_count(planner->statement) != 1 || place->is_function ||
        place->is_target_of_insert || !sw_table_is_sharded(place->table))
        return NULL;
    direct.placement = place->table->placement;
    for (int p = 0; p < direct.placement->part_count; p++) {
        direct.values[p] = only_value(planner, (struct sw_key_part){.relation = 0, .part = p});
        if (direct.values[p] == NULL)
            return NULL;
    }
    return memcpy(sw_arena_alloc(&planner->arena, sizeof direct), &direct, sizeof direct);
}

const struct sw_shard *sw_direct_locate(const struct sw_direct *direct,
                                        const struct sw_key_source *source)
{
    const struct sw_placement *placement = direct->placement;
    struct sw_key_value parts[SW_KEY_PARTS];
    struct sw_error ignored;
    int bucket;

    for (int p = 0; p < placement->part_count; p++)
        if (sw_key_read(placement->types[p], direct->values[p], source, &parts[p], &ignored) !=
            SW_KEY_KNOWN)
            return NULL;
    bucket = sw_key_bucket(placement, parts);
    return bucket < 0 ? NULL : placement->buckets[bucket].shard;
}
