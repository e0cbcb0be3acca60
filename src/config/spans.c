#include "draft.h"

#include "shardward/base/mem.h"

#include <stdlib.h>
#include <string.h>

static struct sw_span_draft *add_span(struct sw_map_draft *draft, const yaml_node_t *at)
{
    struct sw_span_draft *span;

    if (draft->span_count == draft->span_size) {
        draft->span_size = draft->span_size == 0 ? 16 : draft->span_size * 2;
        draft->spans =
            sw_realloc(draft->spans, (size_t)draft->span_size * sizeof *draft->spans);
    }
    span = &draft->spans[draft->span_count++];
    *span = (struct sw_span_draft){.at = at, .span.group = draft->group};
    return span;
}

/* A value of the first part's type. */
static bool read_value(struct sw_reader *reader, const struct sw_entry *entry,
                       struct sw_key_value *value)
{
    enum sw_key_type type = reader->placement->types[0];
    const char *text = sw_reader_scalar(reader, entry);
    struct sw_error err;

    if (text == NULL)
        return false;
    if (sw_key_value_of_text(type, text, strlen(text), false, value, &err))
        return true;
    sw_reader_fault(reader, entry->value, "%s; %s", err.message,
                    err.hint[0] != '\0' ? err.hint : "write a value that its type has");
    return false;
}

static void read_listed(struct sw_reader *reader, const struct sw_entry *entry, void *item)
{
    struct sw_key_value value;

    if (read_value(reader, entry, &value))
        add_span(reader->draft, entry->value)->span.from = value;
}

static bool read_bound(struct sw_reader *reader, const struct sw_entry *pair, int index,
                       struct sw_key_value *bound, bool *is_open)
{
    struct sw_entry entry = {
        pair->name, pair->key,
        sw_reader_node(reader, pair->value->data.sequence.items.start[index])};

    *is_open = sw_reader_is_null(entry.value);
    return *is_open || read_value(reader, &entry, bound);
}

static void read_range(struct sw_reader *reader, const struct sw_entry *entry, void *item)
{
    const yaml_node_t *node = entry->value;
    struct sw_key_span span = {.group = reader->draft->group};

    if (node->type != YAML_SEQUENCE_NODE ||
        node->data.sequence.items.top - node->data.sequence.items.start != 2) {
        sw_reader_fault(reader, node,
                        "'%.80s': write a range as [from, to], where null means without end",
                        entry->name);
        return;
    }
    if (!read_bound(reader, entry, 0, &span.from, &span.is_from_open) ||
        !read_bound(reader, entry, 1, &span.to, &span.is_to_open))
        return;
    if (!span.is_from_open && !span.is_to_open &&
        sw_key_value_compare(&span.from, &span.to) >= 0)
        sw_reader_fault(reader, node,
                        "the range ends before it begins; write [from, to], where 'to' is the "
                        "first value behind the range");
    else
        add_span(reader->draft, node)->span = span;
}

/* Is it one range, not a list of them? */
static bool is_one_range(struct sw_reader *reader, const yaml_node_t *node)
{
    const yaml_node_item_t *items = node->data.sequence.items.start;

    return items < node->data.sequence.items.top &&
           sw_reader_node(reader, *items)->type == YAML_SCALAR_NODE;
}

void sw_read_spans(struct sw_reader *reader, const struct sw_entry *entry)
{
    bool is_list = reader->placement->kind == SW_PLACEMENT_LIST;
    bool is_sequence = entry->value->type == YAML_SEQUENCE_NODE;
    int count = 0;

    if (is_list && !is_sequence)
        read_listed(reader, entry, NULL);
    else if (is_list)
        sw_reader_sequence(reader, entry, 0, read_listed, &count);
    else if (!is_sequence || is_one_range(reader, entry->value))
        read_range(reader, entry, NULL);
    else
        sw_reader_sequence(reader, entry, 0, read_range, &count);
}

static bool is_behind(const yaml_node_t *a, const yaml_node_t *b)
{
    return a->start_mark.index > b->start_mark.index;
}

static int compare(const void *left, const void *right)
{
    const struct sw_span_draft *a = left, *b = right;
    int order;

    if (a->span.is_from_open != b->span.is_from_open)
        return a->span.is_from_open ? -1 : 1;
    order = a->span.is_from_open ? 0 : sw_key_value_compare(&a->span.from, &b->span.from);
    if (order == 0 && a->at != b->at)
        order = is_behind(a->at, b->at) ? 1 : -1;
    return order;
}

static bool overlap(enum sw_placement_kind kind, const struct sw_key_span *a,
                    const struct sw_key_span *b)
{
    if (kind == SW_PLACEMENT_LIST)
        return sw_key_value_equals(&a->from, &b->from);
    return a->is_to_open || b->is_from_open || sw_key_value_compare(&b->from, &a->to) < 0;
}

static void report(struct sw_reader *reader, const struct sw_span_draft *a,
                   const struct sw_span_draft *b)
{
    const struct sw_span_draft *first = is_behind(a->at, b->at) ? b : a;
    const struct sw_span_draft *second = first == a ? b : a;
    size_t line = first->at->start_mark.line + 1;
    char value[SW_KEY_SHOWN];

    if (reader->placement->kind == SW_PLACEMENT_LIST) {
        sw_key_value_print(&second->span.from, value);
        sw_reader_fault(reader, second->at,
                        "'%s' stands twice in this map (first in line %zu); remove one", value,
                        line);
    } else {
        sw_reader_fault(reader, second->at,
                        "the range overlaps the one in line %zu; a range ends before its 'to', "
                        "where the next may begin",
                        line);
    }
}

/* Of all spans so far, the one that reaches furthest is compared with the next. */
static void check_overlaps(struct sw_reader *reader)
{
    struct sw_map_draft *draft = reader->draft;
    const struct sw_span_draft *furthest = draft->spans;

    for (int i = 1; i < draft->span_count; i++) {
        const struct sw_span_draft *next = &draft->spans[i];

        if (overlap(draft->placement->kind, &furthest->span, &next->span))
            report(reader, furthest, next);
        if (draft->placement->kind == SW_PLACEMENT_LIST ||
            (!furthest->span.is_to_open &&
             (next->span.is_to_open ||
              sw_key_value_compare(&next->span.to, &furthest->span.to) > 0)))
            furthest = next;
    }
}

void sw_draft_keep_spans(struct sw_reader *reader)
{
    struct sw_map_draft *draft = reader->draft;
    struct sw_key_span *spans =
        sw_arena_alloc(&reader->config->arena, (size_t)draft->span_count * sizeof *spans);

    if (draft->span_count > 1) {
        qsort(draft->spans, (size_t)draft->span_count, sizeof *draft->spans, compare);
        check_overlaps(reader);
    }
    for (int i = 0; i < draft->span_count; i++)
        spans[i] = draft->spans[i].span;
    draft->placement->spans = spans;
    draft->placement->span_count = draft->span_count;
}
