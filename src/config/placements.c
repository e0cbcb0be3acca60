/*
 * A placement: `list`, `range`, `hash` and `then` say how, and are read before `map`, which
 * says where. The map has one of three forms:
 *
 *      hash            shard: buckets
 *      list or range   shard: values                         default: shard
 *      ... then hash   group: {values, map: {shard: buckets}}  default: {map: ...}
 */
#include "draft.h"

#include "shardward/base/mem.h"

#include <string.h>

enum { MOST_SLOTS = 1 << 20 };

static void add_type(struct sw_reader *reader, const struct sw_entry *entry, void *item)
{
    struct sw_config_placement *placement = reader->placement;
    const char *text = sw_reader_scalar(reader, entry);

    if (text != NULL && placement->part_count < SW_KEY_PARTS &&
        sw_key_type_of_name(text, &placement->types[placement->part_count])) {
        placement->part_count++;
        return;
    }
    reader->is_way_broken = true;
    if (text != NULL && placement->part_count == SW_KEY_PARTS)
        sw_reader_fault(reader, entry->value, "a key has at most %d columns",
                        (int)SW_KEY_PARTS);
    else if (text != NULL)
        sw_reader_fault(
            reader, entry->value,
            "'type: %.80s': write smallint, int, bigint, text, varchar, uuid, date, "
            "timestamp or timestamptz",
            text);
}

static void read_type(struct sw_reader *reader, const struct sw_entry *entry,
                      const struct sw_field *field, void *into)
{
    add_type(reader, entry, NULL);
}

static void read_types(struct sw_reader *reader, const struct sw_entry *entry,
                       const struct sw_field *field, void *into)
{
    int count = 0;

    if (entry->value->type == YAML_SEQUENCE_NODE)
        sw_reader_sequence(reader, entry, 0, add_type, &count);
    else
        add_type(reader, entry, NULL);
}

static const struct sw_field hash_fields[] = {
    {.name = "type", .read = read_types, .is_required = true},
    {"buckets", sw_read_number, offsetof(struct sw_config_placement, buckets), true, 1,
     SW_MOST_BUCKETS},
};

static const struct sw_field first_fields[] = {
    {.name = "type", .read = read_type, .is_required = true},
};

/* The placement's way to a group is told already, by @entry's neighbour. */
static bool has_way(struct sw_reader *reader, const struct sw_entry *entry)
{
    const struct sw_config_placement *placement = reader->placement;

    if (placement->part_count == 0 && placement->buckets == 0)
        return false;
    reader->is_way_broken = true;
    sw_reader_fault(reader, entry->key,
                    "a placement has one of 'hash', 'list' and 'range'; to hash the columns "
                    "behind the first one, write 'then: {hash: ...}'");
    return true;
}

static void read_first(struct sw_reader *reader, const struct sw_entry *entry,
                       enum sw_placement_kind kind)
{
    struct sw_config_placement *placement = reader->placement;

    if (has_way(reader, entry))
        return;
    placement->kind = kind;
    placement->buckets = 1;
    sw_reader_fields(reader, entry, first_fields, 1, placement);
    placement->hashed_from = placement->part_count;
}

static void read_list(struct sw_reader *reader, const struct sw_entry *entry,
                      const struct sw_field *field, void *into)
{
    read_first(reader, entry, SW_PLACEMENT_LIST);
}

static void read_range(struct sw_reader *reader, const struct sw_entry *entry,
                       const struct sw_field *field, void *into)
{
    read_first(reader, entry, SW_PLACEMENT_RANGE);
}

static void read_hash(struct sw_reader *reader, const struct sw_entry *entry,
                      const struct sw_field *field, void *into)
{
    if (!has_way(reader, entry))
        sw_reader_fields(reader, entry, hash_fields, sizeof hash_fields / sizeof *hash_fields,
                         into);
}

static void read_hash_behind(struct sw_reader *reader, const struct sw_entry *entry,
                             const struct sw_field *field, void *into)
{
    struct sw_config_placement *placement = into;

    placement->buckets = 0;
    sw_reader_fields(reader, entry, hash_fields, sizeof hash_fields / sizeof *hash_fields,
                     into);
}

static const struct sw_field then_fields[] = {
    {.name = "hash", .read = read_hash_behind, .is_required = true},
};

static void read_then(struct sw_reader *reader, const struct sw_entry *entry,
                      const struct sw_field *field, void *into)
{
    if (reader->placement->kind == SW_PLACEMENT_HASH)
        sw_reader_fault(
            reader, entry->key,
            "'then' stands behind 'list' or 'range'; to hash several columns, write "
            "their types as a list: type: [text, bigint]");
    else
        sw_reader_fields(reader, entry, then_fields, 1, into);
}

static bool begin_group(struct sw_reader *reader, const struct sw_entry *entry)
{
    struct sw_map_draft *draft = reader->draft;
    struct sw_config_placement *placement = draft->placement;

    if ((int64_t)(placement->group_count + 1) * placement->buckets > MOST_SLOTS) {
        sw_reader_fault(reader, entry->key, "the map has more than %d buckets in all",
                        (int)MOST_SLOTS);
        return false;
    }
    draft->group = placement->group_count++;
    draft->groups[draft->group] = sw_arena_strdup(&reader->config->arena, entry->name);
    return true;
}

static bool is_default(const struct sw_entry *entry)
{
    return strcmp(entry->name, "default") == 0;
}

/* shard: values, or default: shard. */
static void read_shard(struct sw_reader *reader, const struct sw_entry *entry, void *item)
{
    struct sw_map_draft *draft = reader->draft;
    const yaml_node_t *at = is_default(entry) ? entry->value : entry->key;
    const char *name = is_default(entry) ? sw_reader_scalar(reader, entry) : entry->name;

    if (name == NULL || !begin_group(reader, entry))
        return;
    draft->shard = sw_draft_find_shard(reader, at, name);
    if (draft->shard >= 0)
        sw_draft_add_range(draft, 0, 0);
    if (is_default(entry))
        draft->placement->default_group = draft->group;
    else
        sw_read_spans(reader, entry);
}

static void read_group_spans(struct sw_reader *reader, const struct sw_entry *entry,
                             const struct sw_field *field, void *into)
{
    sw_read_spans(reader, entry);
}

static void read_group_map(struct sw_reader *reader, const struct sw_entry *entry,
                           const struct sw_field *field, void *into)
{
    sw_read_buckets(reader, entry);
}

/* One of each kind: listed values, ranges, the default. */
static const struct sw_field listed_fields[] = {
    {.name = "values", .read = read_group_spans, .is_required = true},
    {.name = "map", .read = read_group_map, .is_required = true},
};
static const struct sw_field ranged_fields[] = {
    {.name = "ranges", .read = read_group_spans, .is_required = true},
    {.name = "map", .read = read_group_map, .is_required = true},
};
static const struct sw_field default_fields[] = {
    {.name = "map", .read = read_group_map, .is_required = true},
};

static void read_group(struct sw_reader *reader, const struct sw_entry *entry, void *item)
{
    struct sw_config_placement *placement = reader->placement;

    if (!begin_group(reader, entry))
        return;
    if (is_default(entry)) {
        placement->default_group = reader->draft->group;
        sw_reader_fields(reader, entry, default_fields, 1, NULL);
    } else {
        sw_reader_fields(reader, entry,
                         placement->kind == SW_PLACEMENT_LIST ? listed_fields : ranged_fields,
                         2, NULL);
    }
}

static void read_groups(struct sw_reader *reader, const struct sw_entry *entry)
{
    struct sw_config_placement *placement = reader->placement;
    bool is_hashed = placement->hashed_from < placement->part_count;
    int count = 0;

    if (placement->kind == SW_PLACEMENT_HASH) {
        if (begin_group(reader, &(struct sw_entry){placement->name, entry->key, entry->value}))
            sw_read_buckets(reader, entry);
        return;
    }
    sw_reader_each(reader, entry, 0, is_hashed ? read_group : read_shard, &count);
    if (placement->group_count == 0)
        sw_reader_fault(reader, entry->value, "'map' is empty; write where the values are");
}

static void keep(struct sw_reader *reader, struct sw_map_draft *draft)
{
    struct sw_config_placement *placement = draft->placement;
    size_t count = (size_t)draft->range_count;
    struct sw_config_range *ranges =
        sw_arena_alloc(&reader->config->arena, count * sizeof *ranges);

    if (count > 0)
        memcpy(ranges, draft->ranges, count * sizeof *ranges);
    placement->ranges = ranges;
    placement->range_count = draft->range_count;
    placement->groups = draft->groups;
    sw_draft_keep_spans(reader);
    free(draft->ranges);
    free(draft->spans);
}

static size_t most_groups(const yaml_node_t *map)
{
    return map->type != YAML_MAPPING_NODE
               ? 1
               : (size_t)(map->data.mapping.pairs.top - map->data.mapping.pairs.start) + 1;
}

static void read_map(struct sw_reader *reader, const struct sw_entry *entry,
                     const struct sw_field *field, void *into)
{
    struct sw_config_placement *placement = into;
    struct sw_map_draft draft = {.placement = placement};

    if (reader->is_way_broken || placement->part_count == 0 || placement->buckets == 0)
        return;
    draft.groups = sw_arena_alloc(&reader->config->arena,
                                  most_groups(entry->value) * sizeof *draft.groups);
    reader->draft = &draft;
    read_groups(reader, entry);
    keep(reader, &draft);
    reader->draft = NULL;
}

static const struct sw_field placement_fields[] = {
    {.name = "list", .read = read_list},
    {.name = "range", .read = read_range},
    {.name = "hash", .read = read_hash},
    {.name = "then", .read = read_then},
    {.name = "map", .read = read_map, .is_required = true},
};

static void read_placement(struct sw_reader *reader, const struct sw_entry *entry, void *item)
{
    struct sw_config_placement *placement = item;

    placement->name = sw_arena_strdup(&reader->config->arena, entry->name);
    placement->default_group = -1;
    sw_reader_is_name(reader, entry->key, "a placement's name", entry->name);
    reader->placement = placement;
    reader->is_way_broken = false;
    if (sw_reader_fields(reader, entry, placement_fields,
                         sizeof placement_fields / sizeof *placement_fields, placement) &&
        !sw_reader_has(reader, entry, "hash") && !sw_reader_has(reader, entry, "list") &&
        !sw_reader_has(reader, entry, "range"))
        sw_reader_fault(reader, entry->key,
                        "placement '%.80s' needs one of the keys 'hash', 'list' and 'range'",
                        entry->name);
    if (reader->is_way_broken)
        placement->part_count = 0;
}

void sw_read_placements(struct sw_reader *reader, const struct sw_entry *entry,
                        const struct sw_field *field, void *into)
{
    struct sw_config_business *business = into;

    business->placements = sw_reader_each(reader, entry, sizeof *business->placements,
                                          read_placement, &business->placement_count);
}
