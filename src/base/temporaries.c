#include "shardward/base/temporaries.h"

#include "shardward/base/mem.h"

#include <stdatomic.h>
#include <string.h>

static _Atomic uint64_t last_serial;

static const char *copy_of(const char *text)
{
    return text == NULL ? NULL : sw_strdup(text);
}

static int count_of(const struct sw_temporaries *temporaries)
{
    return temporaries == NULL ? 0 : temporaries->count;
}

/* --- counting --- */

struct sw_temporaries *sw_temporaries_ref(struct sw_temporaries *temporaries)
{
    if (temporaries != NULL)
        temporaries->refs++;
    return temporaries;
}

void sw_temporaries_unref(struct sw_temporaries *temporaries)
{
    if (temporaries == NULL || --temporaries->refs > 0)
        return;
    for (int i = 0; i < temporaries->count; i++) {
        free((char *)temporaries->list[i].name);
        free((char *)temporaries->list[i].table);
    }
    free(temporaries);
}

/* --- looking --- */

const struct sw_temporary *sw_temporaries_find(const struct sw_temporaries *temporaries,
                                               const char *name)
{
    for (int i = 0; i < count_of(temporaries); i++)
        if (strcmp(temporaries->list[i].name, name) == 0)
            return &temporaries->list[i];
    return NULL;
}

bool sw_temporaries_are_on(const struct sw_temporaries *temporaries,
                           const struct sw_shard *shard)
{
    for (int i = 0; i < count_of(temporaries); i++)
        if (temporaries->list[i].shard == shard)
            return true;
    return false;
}

/* --- the next list --- */

static struct sw_temporaries *create(int size)
{
    struct sw_temporaries *next = sw_alloc(sizeof *next + (size_t)size * sizeof next->list[0]);

    next->refs = 1;
    next->serial = atomic_fetch_add_explicit(&last_serial, 1, memory_order_relaxed) + 1;
    next->count = 0;
    return next;
}

static void put(struct sw_temporaries *next, const struct sw_temporary *entry)
{
    next->list[next->count++] =
        (struct sw_temporary){.name = copy_of(entry->name),
                              .table = copy_of(entry->table),
                              .shard = entry->shard,
                              .is_dropped_at_commit = entry->is_dropped_at_commit};
}

/* @next takes the place of @before. */
static struct sw_temporaries *replace(struct sw_temporaries *before,
                                      struct sw_temporaries *next)
{
    sw_temporaries_unref(before);
    if (next->count > 0)
        return next;
    sw_temporaries_unref(next);
    return NULL;
}

struct sw_temporaries *sw_temporaries_with(struct sw_temporaries *temporaries,
                                           const struct sw_temporary *added)
{
    struct sw_temporaries *next;

    if (sw_temporaries_find(temporaries, added->name) != NULL)
        return temporaries;
    next = create(count_of(temporaries) + 1);
    for (int i = 0; i < count_of(temporaries); i++)
        put(next, &temporaries->list[i]);
    put(next, added);
    return replace(temporaries, next);
}

static bool is_or_belongs_to(const struct sw_temporary *entry, const char *name)
{
    return strcmp(entry->name, name) == 0 ||
           (entry->table != NULL && strcmp(entry->table, name) == 0);
}

struct sw_temporaries *sw_temporaries_without(struct sw_temporaries *temporaries,
                                              const char *name)
{
    struct sw_temporaries *next;

    if (sw_temporaries_find(temporaries, name) == NULL)
        return temporaries;
    next = create(temporaries->count);
    for (int i = 0; i < temporaries->count; i++)
        if (!is_or_belongs_to(&temporaries->list[i], name))
            put(next, &temporaries->list[i]);
    return replace(temporaries, next);
}

struct sw_temporaries *sw_temporaries_renamed(struct sw_temporaries *temporaries,
                                              const char *name, const char *new_name)
{
    struct sw_temporaries *next;

    if (sw_temporaries_find(temporaries, name) == NULL)
        return temporaries;
    next = create(temporaries->count);
    for (int i = 0; i < temporaries->count; i++) {
        struct sw_temporary entry = temporaries->list[i];

        if (strcmp(entry.name, name) == 0)
            entry.name = new_name;
        if (entry.table != NULL && strcmp(entry.table, name) == 0)
            entry.table = new_name;
        put(next, &entry);
    }
    return replace(temporaries, next);
}

static bool ends_with_commit(const struct sw_temporaries *temporaries,
                             const struct sw_temporary *entry)
{
    const struct sw_temporary *table =
        entry->table == NULL ? entry : sw_temporaries_find(temporaries, entry->table);

    return table == NULL || table->is_dropped_at_commit;
}

struct sw_temporaries *sw_temporaries_committed(struct sw_temporaries *temporaries)
{
    struct sw_temporaries *next;
    int ending = 0;

    for (int i = 0; i < count_of(temporaries); i++)
        ending += ends_with_commit(temporaries, &temporaries->list[i]);
    if (ending == 0)
        return temporaries;
    next = create(temporaries->count);
    for (int i = 0; i < temporaries->count; i++)
        if (!ends_with_commit(temporaries, &temporaries->list[i]))
            put(next, &temporaries->list[i]);
    return replace(temporaries, next);
}

struct sw_temporaries *sw_temporaries_moved(
    struct sw_temporaries *temporaries,
    const struct sw_shard *(*find)(const void *owner, const struct sw_shard *shard),
    const void *owner)
{
    struct sw_temporaries *next;

    if (temporaries == NULL)
        return NULL;
    next = create(temporaries->count);
    for (int i = 0; i < temporaries->count; i++) {
        struct sw_temporary entry = temporaries->list[i];

        entry.shard = find(owner, entry.shard);
        if (entry.shard != NULL)
            put(next, &entry);
    }
    return replace(temporaries, next);
}
