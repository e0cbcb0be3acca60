#include "draft.h"

#include "shardward/base/mem.h"

#include <stdio.h>
#include <string.h>

enum { NOBODY = -1, MOST_GAPS = 5 };

int sw_draft_find_shard(struct sw_reader *reader, const yaml_node_t *at, const char *name)
{
    const struct sw_config_business *business = reader->business;

    for (int i = 0; i < business->shard_count; i++)
        if (strcmp(business->shards[i].name, name) == 0)
            return i;
    sw_reader_fault(reader, at,
                    "business '%.60s' has no shard '%.60s'; a placement names the shards of "
                    "its own business",
                    business->name, name);
    return -1;
}

void sw_draft_add_range(struct sw_map_draft *draft, int first, int last)
{
    if (draft->range_count == draft->range_size) {
        draft->range_size = draft->range_size == 0 ? 16 : draft->range_size * 2;
        draft->ranges =
            sw_realloc(draft->ranges, (size_t)draft->range_size * sizeof *draft->ranges);
    }
    draft->ranges[draft->range_count++] =
        (struct sw_config_range){draft->shard, draft->group, first, last};
}

/* Note who owns [first, last]; false: *taken_first to *taken_last have an owner already. */
static bool claim(struct sw_map_draft *draft, int first, int last, int *taken_first,
                  int *taken_last)
{
    int at = first;

    while (at <= last && draft->owners[at] == NOBODY)
        draft->owners[at++] = draft->shard;
    if (at > last)
        return true;
    *taken_first = at;
    while (at < last && draft->owners[at + 1] == draft->owners[*taken_first])
        at++;
    *taken_last = at;
    for (; at <= last; at++)
        if (draft->owners[at] == NOBODY)
            draft->owners[at] = draft->shard;
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
    struct sw_map_draft *draft = reader->draft;
    const char *text = sw_reader_scalar(reader, entry);
    int first = 0, last = 0, taken_first, taken_last;

    if (text == NULL)
        return;
    if (!range_of(text, &first, &last)) {
        sw_reader_fault(reader, entry->value,
                        "'%.80s': write a range of buckets, as 0-255, or one bucket", text);
    } else if (last >= draft->placement->buckets) {
        sw_reader_fault(reader, entry->value, "'%.80s': the last bucket is %d", text,
                        draft->placement->buckets - 1);
    } else {
        sw_draft_add_range(draft, first, last);
        if (!claim(draft, first, last, &taken_first, &taken_last))
            sw_reader_fault(reader, entry->value,
                            "'%.80s': the buckets %d-%d belong to '%.80s' already", text,
                            taken_first, taken_last,
                            reader->business->shards[draft->owners[taken_first]].name);
    }
}

static void read_ranges(struct sw_reader *reader, const struct sw_entry *entry, void *item)
{
    int count = 0;

    reader->draft->shard = sw_draft_find_shard(reader, entry->key, entry->name);
    if (reader->draft->shard < 0)
        return;
    if (entry->value->type == YAML_SEQUENCE_NODE)
        sw_reader_sequence(reader, entry, 0, read_range, &count);
    else
        read_range(reader, entry, item);
}

static void check_gaps(struct sw_reader *reader, const struct sw_entry *entry)
{
    const int *owners = reader->draft->owners;
    int buckets = reader->draft->placement->buckets, gaps = 0, len = 0;
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

void sw_read_buckets(struct sw_reader *reader, const struct sw_entry *entry)
{
    struct sw_map_draft *draft = reader->draft;
    int buckets = draft->placement->buckets, count = 0;

    draft->owners = sw_alloc((size_t)buckets * sizeof *draft->owners);
    for (int i = 0; i < buckets; i++)
        draft->owners[i] = NOBODY;
    if (sw_reader_each(reader, entry, 0, read_ranges, &count) != NULL)
        check_gaps(reader, entry);
    free(draft->owners);
    draft->owners = NULL;
}
