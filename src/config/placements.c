/*
 * A hash placement: `hash` is read first, then `map`. Owners of buckets are noted in an array
 * as the ranges arrive, so that overlaps are found at the range and gaps at the end.
 */
#include "reader.h"

#include "shardward/base/mem.h"

#include <stdio.h>
#include <string.h>

enum { MOST_BUCKETS = 65536, NOBODY = -1, MOST_GAPS = 5 };

/* The map at hand. */
struct sw_bucket_owners {
    int *owners; /* of each bucket; -1: nobody yet */
    struct sw_config_range *ranges;
    int count, size;
    int shard;
};

struct type_name {
    const char *name;
    enum sw_key_type type;
};

static const struct type_name type_names[] = {{"bigint", SW_KEY_BIGINT},
                                              {"int", SW_KEY_BIGINT},
                                              {"integer", SW_KEY_BIGINT},
                                              {"text", SW_KEY_TEXT},
                                              {"uuid", SW_KEY_UUID}};
static const char *const later_types[] = {"smallint", "varchar",     "date",     "timestamp",
                                          "char",     "timestamptz", "composite"};

static void read_type(struct sw_reader *reader, const struct sw_entry *entry,
                      const struct sw_field *field, void *into)
{
    struct sw_config_placement *placement = into;
    const char *text = sw_reader_scalar(reader, entry);

    for (size_t i = 0; text != NULL && i < sizeof type_names / sizeof *type_names; i++) {
        if (strcmp(text, type_names[i].name) == 0) {
            placement->key_type = type_names[i].type;
            return;
        }
    }
    for (size_t i = 0; text != NULL && i < sizeof later_types / sizeof *later_types; i++) {
        if (strcmp(text, later_types[i]) == 0) {
            sw_reader_fault(reader, entry->value,
                            "'type: %s' is not available in this version; write bigint, text "
                            "or uuid",
                            text);
            return;
        }
    }
    if (text != NULL)
        sw_reader_fault(reader, entry->value, "'type: %.80s': write bigint, text or uuid",
                        text);
}

static const struct sw_field hash_fields[] = {
    {.name = "type", .read = read_type, .is_required = true},
    {"buckets", sw_read_number, offsetof(struct sw_config_placement, buckets), true, 1,
     MOST_BUCKETS},
};

static void read_hash(struct sw_reader *reader, const struct sw_entry *entry,
                      const struct sw_field *field, void *into)
{
    sw_reader_fields(reader, entry, hash_fields, sizeof hash_fields / sizeof *hash_fields,
                     into);
}

static int shard_index(const struct sw_config_business *business, const char *name)
{
    for (int i = 0; i < business->shard_count; i++)
        if (strcmp(business->shards[i].name, name) == 0)
            return i;
    return -1;
}

static void add_range(struct sw_bucket_owners *map, int first, int last)
{
    if (map->count == map->size) {
        map->size = map->size == 0 ? 16 : map->size * 2;
        map->ranges = sw_realloc(map->ranges, (size_t)map->size * sizeof *map->ranges);
    }
    map->ranges[map->count++] = (struct sw_config_range){map->shard, first, last};
}

/* Note who owns [first, last]; false: *taken_first to *taken_last have an owner already. */
static bool claim(struct sw_bucket_owners *map, int first, int last, int *taken_first,
                  int *taken_last)
{
    int at = first;

    while (at <= last && map->owners[at] == NOBODY)
        map->owners[at++] = map->shard;
    if (at > last)
        return true;
    *taken_first = at;
    while (at < last && map->owners[at + 1] == map->owners[*taken_first])
        at++;
    *taken_last = at;
    for (; at <= last; at++)
        if (map->owners[at] == NOBODY)
            map->owners[at] = map->shard;
    return false;
}

/* "0-255" or "7". */
static bool range_of(const char *text, int *first, int *last)
{
    const char *end = sw_reader_digits(text, first);

    *last = *first;
    if (end != NULL && *end == '-')
        end = sw_reader_digits(end + 1, last);
    return end != NULL && *end == '\0' && *first <= *last;
}

static void read_range(struct sw_reader *reader, const struct sw_entry *entry, void *item)
{
    struct sw_bucket_owners *map = reader->owners;
    const char *text = sw_reader_scalar(reader, entry);
    int first = 0, last = 0, taken_first, taken_last;

    if (text == NULL)
        return;
    if (!range_of(text, &first, &last)) {
        sw_reader_fault(reader, entry->value,
                        "'%.80s': write a range of buckets, as 0-255, or one bucket", text);
    } else if (last >= reader->placement->buckets) {
        sw_reader_fault(reader, entry->value, "'%.80s': the last bucket is %d", text,
                        reader->placement->buckets - 1);
    } else {
        add_range(map, first, last);
        if (!claim(map, first, last, &taken_first, &taken_last))
            sw_reader_fault(reader, entry->value,
                            "'%.80s': the buckets %d-%d belong to '%.80s' already", text,
                            taken_first, taken_last,
                            reader->business->shards[map->owners[taken_first]].name);
    }
}

static void read_ranges(struct sw_reader *reader, const struct sw_entry *entry, void *item)
{
    int count = 0;

    reader->owners->shard = shard_index(reader->business, entry->name);
    if (reader->owners->shard < 0)
        sw_reader_fault(reader, entry->key,
                        "business '%.60s' has no shard '%.60s'; a placement names the shards "
                        "of its own business",
                        reader->business->name, entry->name);
    else if (entry->value->type == YAML_SEQUENCE_NODE)
        sw_reader_sequence(reader, entry, 0, read_range, &count);
    else
        read_range(reader, entry, item);
}

static void check_gaps(struct sw_reader *reader, const struct sw_entry *entry)
{
    const int *owners = reader->owners->owners;
    int buckets = reader->placement->buckets, gaps = 0, len = 0;
    char text[160];

    for (int at = 0; at < buckets && gaps < MOST_GAPS; at++) {
        int first = at;

        if (owners[at] != NOBODY)
            continue;
        while (at + 1 < buckets && owners[at + 1] == NOBODY)
            at++;
        len += snprintf(text + len, sizeof text - (size_t)len, "%s%d-%d",
                        gaps++ == 0 ? "" : ", ", first, at);
    }
    if (gaps > 0)
        sw_reader_fault(reader, entry->key,
                        "no shard has the buckets %s%s; each bucket belongs to one shard", text,
                        gaps == MOST_GAPS ? " (and perhaps more)" : "");
}

static void keep_ranges(struct sw_reader *reader, struct sw_config_placement *placement)
{
    const struct sw_bucket_owners *map = reader->owners;
    struct sw_config_range *ranges =
        sw_arena_alloc(&reader->config->arena, (size_t)map->count * sizeof *ranges);

    if (map->count > 0)
        memcpy(ranges, map->ranges, (size_t)map->count * sizeof *ranges);
    placement->ranges = ranges;
    placement->range_count = map->count;
}

static void read_map(struct sw_reader *reader, const struct sw_entry *entry,
                     const struct sw_field *field, void *into)
{
    struct sw_config_placement *placement = into;
    struct sw_bucket_owners map = {0};
    int count = 0;

    if (placement->buckets == 0)
        return;
    map.owners = sw_alloc((size_t)placement->buckets * sizeof *map.owners);
    for (int i = 0; i < placement->buckets; i++)
        map.owners[i] = NOBODY;
    reader->owners = &map;
    if (sw_reader_each(reader, entry, 0, read_ranges, &count) != NULL)
        check_gaps(reader, entry);
    keep_ranges(reader, placement);
    reader->owners = NULL;
    free(map.owners);
    free(map.ranges);
}

static const struct sw_field placement_fields[] = {
    {.name = "hash", .read = read_hash, .is_required = true},
    {.name = "map", .read = read_map, .is_required = true},
    {.name = "range"},
    {.name = "list"},
    {.name = "composite"},
};

static void read_placement(struct sw_reader *reader, const struct sw_entry *entry, void *item)
{
    struct sw_config_placement *placement = item;

    placement->name = sw_arena_strdup(&reader->config->arena, entry->name);
    sw_reader_is_name(reader, entry->key, "a placement's name", entry->name);
    reader->placement = placement;
    sw_reader_fields(reader, entry, placement_fields,
                     sizeof placement_fields / sizeof *placement_fields, placement);
}

void sw_read_placements(struct sw_reader *reader, const struct sw_entry *entry,
                        const struct sw_field *field, void *into)
{
    struct sw_config_business *business = into;

    business->placements = sw_reader_each(reader, entry, sizeof *business->placements,
                                          read_placement, &business->placement_count);
}
