#include "reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { NEAR = 2, LONGEST_SUGGESTED = 32 };

/* Put a fault in its place by line and column; the last one falls off a full list. */
static void insert(struct sw_config_faults *faults, const struct sw_config_fault *fault)
{
    int at = faults->count;

    while (at > 0 && (faults->faults[at - 1].line > fault->line ||
                      (faults->faults[at - 1].line == fault->line &&
                       faults->faults[at - 1].column > fault->column)))
        at--;
    if (at == SW_CONFIG_FAULTS)
        return;
    if (faults->count < SW_CONFIG_FAULTS)
        faults->count++;
    memmove(&faults->faults[at + 1], &faults->faults[at],
            (size_t)(faults->count - 1 - at) * sizeof *fault);
    faults->faults[at] = *fault;
}

static bool is_known(const struct sw_config_faults *faults, const struct sw_config_fault *fault)
{
    for (int i = 0; i < faults->count; i++)
        if (faults->faults[i].line == fault->line &&
            faults->faults[i].column == fault->column &&
            strcmp(faults->faults[i].text, fault->text) == 0)
            return true;
    return false;
}

static void add(struct sw_config_faults *faults, yaml_mark_t mark,
                struct sw_config_fault *fault)
{
    fault->line = (int)mark.line + 1;
    fault->column = (int)mark.column + 1;
    if (!is_known(faults, fault))
        insert(faults, fault);
}

void sw_reader_fault(struct sw_reader *reader, const yaml_node_t *at, const char *format, ...)
{
    struct sw_config_fault fault;
    va_list args;

    va_start(args, format);
    (void)vsnprintf(fault.text, sizeof fault.text, format, args);
    va_end(args);
    add(reader->faults, at->start_mark, &fault);
}

void sw_faults_add(struct sw_config_faults *faults, yaml_mark_t mark, const char *format, ...)
{
    struct sw_config_fault fault;
    va_list args;

    va_start(args, format);
    (void)vsnprintf(fault.text, sizeof fault.text, format, args);
    va_end(args);
    add(faults, mark, &fault);
}

const yaml_node_t *sw_reader_node(struct sw_reader *reader, int index)
{
    return yaml_document_get_node(&reader->document, index);
}

static bool may_visit(struct sw_reader *reader, const yaml_node_t *at)
{
    if (reader->visits == SW_READER_VISITS)
        sw_reader_fault(reader, at, "the file holds more than %d keys and items",
                        SW_READER_VISITS);
    return reader->visits++ < SW_READER_VISITS;
}

/* The steps from @a to @b: letters put in, left out, or changed. */
static int distance(const char *a, const char *b)
{
    int row[LONGEST_SUGGESTED + 1], len = (int)strlen(b);

    if (len > LONGEST_SUGGESTED || strlen(a) > LONGEST_SUGGESTED)
        return NEAR + 1;
    for (int j = 0; j <= len; j++)
        row[j] = j;
    for (int i = 1; a[i - 1] != '\0'; i++) {
        int diagonal = row[0];

        row[0] = i;
        for (int j = 1; j <= len; j++) {
            int best = diagonal + (a[i - 1] != b[j - 1]);

            diagonal = row[j];
            best = row[j] + 1 < best ? row[j] + 1 : best;
            row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
        }
    }
    return row[len];
}

static const struct sw_field *find_field(const char *name, const struct sw_field *fields,
                                         size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

static const struct sw_field *find_near(const char *name, const struct sw_field *fields,
                                        size_t count)
{
    const struct sw_field *nearest = NULL;
    int least = NEAR + 1;

    for (size_t i = 0; i < count; i++) {
        int steps = fields[i].read == NULL ? least : distance(name, fields[i].name);

        if (steps < least && (size_t)steps < strlen(name)) {
            nearest = &fields[i];
            least = steps;
        }
    }
    return nearest;
}

static void refuse_unknown(struct sw_reader *reader, const struct sw_entry *entry,
                           const struct sw_field *fields, size_t count)
{
    const struct sw_field *near = find_near(entry->name, fields, count);

    if (strcmp(entry->name, "<<") == 0)
        sw_reader_fault(reader, entry->key,
                        "merge keys ('<<') are not available; write the "
                        "keys out");
    else if (near != NULL)
        sw_reader_fault(reader, entry->key, "unknown key '%.80s'; did you mean '%s'?",
                        entry->name, near->name);
    else
        sw_reader_fault(reader, entry->key, "unknown key '%.80s'; remove it", entry->name);
}

static const char *kind_of(const yaml_node_t *node)
{
    switch (node->type) {
    case YAML_SCALAR_NODE:
        return "a single value";
    case YAML_SEQUENCE_NODE:
        return "a list";
    case YAML_MAPPING_NODE:
        return "a mapping";
    case YAML_NO_NODE:
        break;
    }
    return "nothing";
}

bool sw_reader_is_null(const yaml_node_t *node)
{
    const char *text = (const char *)node->data.scalar.value;

    return node->type == YAML_SCALAR_NODE &&
           node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (*text == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

static bool expect(struct sw_reader *reader, const struct sw_entry *entry,
                   yaml_node_type_t type, const char *wanted)
{
    if (entry->value->type == type)
        return true;
    if (sw_reader_is_null(entry->value))
        sw_reader_fault(reader, entry->value, "'%.80s' has no value; write %s", entry->name,
                        wanted);
    else
        sw_reader_fault(reader, entry->value, "'%.80s' is %s; write %s", entry->name,
                        kind_of(entry->value), wanted);
    return false;
}

/* The pair as an entry; false after a fault, or when the budget is spent. */
static bool open_pair(struct sw_reader *reader, const yaml_node_pair_t *pair,
                      struct sw_entry *entry)
{
    entry->key = sw_reader_node(reader, pair->key);
    entry->value = sw_reader_node(reader, pair->value);
    if (!may_visit(reader, entry->key))
        return false;
    if (entry->key->type != YAML_SCALAR_NODE) {
        sw_reader_fault(reader, entry->key, "a key is %s; write a name", kind_of(entry->key));
        return false;
    }
    entry->name = (const char *)entry->key->data.scalar.value;
    if (strlen(entry->name) == entry->key->data.scalar.length)
        return true;
    sw_reader_fault(reader, entry->key, "a key holds a zero byte; write a name");
    return false;
}

static const yaml_node_pair_t *first_pair(const yaml_node_t *node)
{
    return node->data.mapping.pairs.start;
}

static const yaml_node_pair_t *end_pair(const yaml_node_t *node)
{
    return node->data.mapping.pairs.top;
}

static bool find_entry(struct sw_reader *reader, const yaml_node_t *mapping, const char *name,
                       struct sw_entry *entry)
{
    for (const yaml_node_pair_t *at = first_pair(mapping); at < end_pair(mapping); at++) {
        const yaml_node_t *key = sw_reader_node(reader, at->key);

        if (key->type == YAML_SCALAR_NODE &&
            strcmp((const char *)key->data.scalar.value, name) == 0) {
            *entry = (struct sw_entry){name, key, sw_reader_node(reader, at->value)};
            return true;
        }
    }
    return false;
}

bool sw_reader_has(struct sw_reader *reader, const struct sw_entry *entry, const char *name)
{
    struct sw_entry found;

    return entry->value->type == YAML_MAPPING_NODE &&
           find_entry(reader, entry->value, name, &found);
}

static void check_keys(struct sw_reader *reader, const yaml_node_t *mapping,
                       const struct sw_field *fields, size_t count)
{
    for (const yaml_node_pair_t *at = first_pair(mapping); at < end_pair(mapping); at++) {
        const struct sw_field *field;
        struct sw_entry entry, first;

        if (!open_pair(reader, at, &entry))
            continue;
        field = find_field(entry.name, fields, count);
        if (field == NULL)
            refuse_unknown(reader, &entry, fields, count);
        else if (field->read == NULL)
            sw_reader_fault(reader, entry.key,
                            "'%s' is not available in this version; remove it", entry.name);
        else if (find_entry(reader, mapping, entry.name, &first) && first.key != entry.key)
            sw_reader_fault(reader, entry.key,
                            "'%s' stands twice (first in line %zu); remove one", entry.name,
                            first.key->start_mark.line + 1);
    }
}

bool sw_reader_fields(struct sw_reader *reader, const struct sw_entry *entry,
                      const struct sw_field *fields, size_t count, void *into)
{
    if (!expect(reader, entry, YAML_MAPPING_NODE, "a mapping of keys to values"))
        return false;
    check_keys(reader, entry->value, fields, count);
    for (size_t i = 0; i < count; i++) {
        struct sw_entry found;

        if (fields[i].read == NULL)
            continue;
        if (find_entry(reader, entry->value, fields[i].name, &found))
            fields[i].read(reader, &found, &fields[i], into);
        else if (fields[i].is_required)
            sw_reader_fault(reader, entry->key != NULL ? entry->key : entry->value,
                            "'%.80s' needs the key '%s'", entry->name, fields[i].name);
    }
    return true;
}

void *sw_reader_each(struct sw_reader *reader, const struct sw_entry *entry, size_t size,
                     sw_reader_item *read, int *count)
{
    struct sw_textmap names;
    const yaml_node_t *mapping = entry->value;
    char *items;

    if (!expect(reader, entry, YAML_MAPPING_NODE, "a mapping of names to mappings"))
        return NULL;
    sw_textmap_init(&names);
    items = sw_arena_alloc(&reader->config->arena,
                           (size_t)(end_pair(mapping) - first_pair(mapping)) * size);
    *count = 0;
    for (const yaml_node_pair_t *at = first_pair(mapping); at < end_pair(mapping); at++) {
        struct sw_entry item;
        const yaml_node_t *before;

        if (!open_pair(reader, at, &item))
            continue;
        before = sw_textmap_put(&names, item.name, (void *)(uintptr_t)item.key);
        if (before != NULL)
            sw_reader_fault(reader, item.key,
                            "'%.80s' stands twice (first in line %zu); remove one", item.name,
                            before->start_mark.line + 1);
        else
            read(reader, &item, items + size * (size_t)(*count)++);
    }
    sw_textmap_finish(&names);
    return items;
}

void *sw_reader_sequence(struct sw_reader *reader, const struct sw_entry *entry, size_t size,
                         sw_reader_item *read, int *count)
{
    const yaml_node_item_t *at, *end;
    char *items;

    if (!expect(reader, entry, YAML_SEQUENCE_NODE, "a list: [...] or lines with '-'"))
        return NULL;
    at = entry->value->data.sequence.items.start;
    end = entry->value->data.sequence.items.top;
    items = sw_arena_alloc(&reader->config->arena, (size_t)(end - at) * size);
    *count = 0;
    for (; at < end; at++) {
        struct sw_entry item = {entry->name, entry->key, sw_reader_node(reader, *at)};

        if (may_visit(reader, item.value))
            read(reader, &item, items + size * (size_t)(*count)++);
    }
    return items;
}

const char *sw_reader_scalar(struct sw_reader *reader, const struct sw_entry *entry)
{
    const yaml_node_t *node = entry->value;

    if (!expect(reader, entry, YAML_SCALAR_NODE, "a single value"))
        return NULL;
    if (sw_reader_is_null(node)) {
        sw_reader_fault(reader, node, "'%.80s' has no value; write one, or remove the key",
                        entry->name);
        return NULL;
    }
    if (strlen((const char *)node->data.scalar.value) != node->data.scalar.length) {
        sw_reader_fault(reader, node, "'%.80s' holds a zero byte; remove it", entry->name);
        return NULL;
    }
    return sw_arena_text(&reader->config->arena, (const char *)node->data.scalar.value,
                         node->data.scalar.length);
}
