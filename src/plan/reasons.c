/*
 * Why a statement runs where it does, in words, for EXPLAIN.
 */
#include "planner.h"

#include <stdio.h>
#include <string.h>

const char *sw_place_missing_key(const struct sw_place *place)
{
    return place->table->keys[place->missing > 0 ? place->missing : 0];
}

/* What does not fit is left out whole. */
void sw_route_add_reason(struct sw_route *route, const char *text)
{
    size_t len = strlen(route->reason);

    if (len + strlen(text) + sizeof "; " <= sizeof route->reason)
        (void)snprintf(route->reason + len, sizeof route->reason - len, "%s%s",
                       len == 0 ? "" : "; ", text);
}

static void print_pinned(const struct sw_pinned *pinned, char *out, size_t size)
{
    char value[SW_KEY_SHOWN];

    if (pinned->value->kind == SW_VALUE_PARAMETER) {
        (void)snprintf(out, size, "$%d", pinned->value->parameter);
        return;
    }
    sw_key_value_print(&pinned->key, value);
    (void)snprintf(out, size, pinned->key.type == SW_KEY_BIGINT ? "%s" : "'%s'", value);
}

/* "city = 'Harbin', patient_id = 42"; what does not fit is left out. */
static void print_key(const struct sw_place *place, char *out, size_t size)
{
    size_t len = 0;

    out[0] = '\0';
    for (int p = 0; p < place->table->placement->part_count; p++) {
        char value[SW_KEY_SHOWN + 2];
        int more;

        if (place->pinned[p] == NULL)
            continue;
        print_pinned(place->pinned[p], value, sizeof value);
        more = snprintf(out + len, size - len, "%s%.63s = %s", len == 0 ? "" : ", ",
                        place->table->keys[p], value);
        if (more < 0 || (size_t)more >= size - len) {
            out[len] = '\0';
            return;
        }
        len += (size_t)more;
    }
}

/* "bucket 17 of north of by_city": where in its placement a place is. */
static void print_bucket(const struct sw_place *place, char *out, size_t size)
{
    const struct sw_placement *placement = place->table->placement;
    int group = place->bucket / placement->group_buckets;
    int bucket = place->bucket % placement->group_buckets;
    const char *what = placement->kind == SW_PLACEMENT_LIST ? "a list" : "a range";

    if (group == placement->default_group)
        what = "the default";
    if (placement->kind == SW_PLACEMENT_HASH)
        (void)snprintf(out, size, "bucket %d of %s", bucket, placement->name);
    else if (placement->hashed_from == placement->part_count)
        (void)snprintf(out, size, "%s of %s", what, placement->name);
    else
        (void)snprintf(out, size, "bucket %d of %.63s of %s", bucket, placement->groups[group],
                       placement->name);
}

static void explain_sharded(const struct sw_place *place, char *out, size_t size)
{
    const struct sw_table *table = place->table;
    char key[160], bucket[160];

    if (place->kind == SW_PLACE_ANY_OF && place->is_target_of_copy) {
        (void)snprintf(out, size, "%s: the first row tells", table->name);
        return;
    }
    if (place->kind == SW_PLACE_ANY_OF && place->is_filled) {
        (void)snprintf(out, size, "%s: the key of new rows is drawn from a sequence",
                       table->name);
        return;
    }
    if (place->is_at_cursor) {
        (void)snprintf(out, size, "%s: where the cursor is", table->name);
        return;
    }
    if (place->kind == SW_PLACE_ANY_OF) {
        (void)snprintf(out, size, "%s: %s is not known yet, or matches no row", table->name,
                       sw_place_missing_key(place));
        return;
    }
    if (place->pinned == NULL) {
        (void)snprintf(out, size, "%s: %s has one shard", table->name, table->placement->name);
        return;
    }
    print_key(place, key, sizeof key);
    if (place->has_bucket) {
        print_bucket(place, bucket, sizeof bucket);
        (void)snprintf(out, size, "%s: %s is in %s, on %s", table->name, key, bucket,
                       place->shard->name);
    } else {
        (void)snprintf(out, size, "%s: all rows with %s are on %s", table->name,
                       key[0] == '\0' ? "such a key" : key, place->shard->name);
    }
}

void sw_place_explain_several(const struct sw_place *place, struct sw_route *route)
{
    char text[sizeof route->reason];

    (void)snprintf(text, sizeof text,
                   place->missing < 0 ? "%s: %s has values of several shards"
                                      : "%s: no condition tells which %s",
                   place->table->name, sw_place_missing_key(place));
    sw_route_add_reason(route, text);
}

void sw_place_explain(const struct sw_place *place, struct sw_route *route)
{
    char text[sizeof route->reason];

    if (place->temporary != NULL)
        (void)snprintf(text, sizeof text, "temporary table %s", place->temporary->name);
    else if (sw_table_is_sharded(place->table))
        explain_sharded(place, text, sizeof text);
    else if (place->table->is_reference)
        (void)snprintf(text, sizeof text, "reference table %s", place->table->name);
    else
        (void)snprintf(text, sizeof text, "%s %s",
                       place->is_function ? "function" : "single table", place->table->name);
    sw_route_add_reason(route, text);
}
