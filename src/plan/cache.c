#include "shardward/plan/cache.h"

#include "shardward/base/list.h"
#include "shardward/base/mem.h"

#define XXH_INLINE_ALL
#include <assert.h>
#include <string.h>
#include <xxhash.h>

enum {
    FEWEST_HEADS = 64,
    LARGEST_SHARE = 16, /* one entry takes at most this part of the limit */
};

struct entry {
    struct sw_planned planned;
    struct sw_link link; /* most recently used first */
    struct entry *next;  /* of the same head */
    XXH128_hash_t hash;
    size_t bytes; /* that it is counted with; 0: the cache does not hold it */
    size_t len;
    char text[];
};

struct sw_plan_cache {
    size_t limit, bytes;
    struct sw_link recent;
    struct entry **heads;
    size_t head_count; /* a power of two */
    size_t count;
    struct sw_plan_counters counters;
};

struct sw_plan_cache *sw_plan_cache_create(size_t limit)
{
    struct sw_plan_cache *cache = sw_alloc_zero(1, sizeof *cache);

    cache->limit = limit;
    sw_link_init(&cache->recent);
    return cache;
}

void sw_plan_cache_free(struct sw_plan_cache *cache)
{
    if (cache == NULL)
        return;
    sw_plan_cache_clear(cache);
    free(cache);
}

static void note(_Atomic uint64_t *counter, uint64_t value)
{
    atomic_store_explicit(counter, value, memory_order_relaxed);
}

/* Only the cache's own thread writes. */
static void count_one(_Atomic uint64_t *counter)
{
    note(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1);
}

static void note_size(struct sw_plan_cache *cache)
{
    note(&cache->counters.bytes, cache->bytes + cache->head_count * sizeof(struct entry *));
    note(&cache->counters.entries, cache->count);
}

static struct entry *entry_of(struct sw_planned *planned)
{
    return SW_OWNER(planned, struct entry, planned);
}

static struct entry **head_of(const struct sw_plan_cache *cache, XXH128_hash_t hash)
{
    return &cache->heads[hash.low64 & (cache->head_count - 1)];
}

static XXH128_hash_t hash_of(const struct sw_plan_context *context, const char *text,
                             size_t len)
{
    uint64_t seed = (uint64_t)(uintptr_t)context->database * 31 +
                    (uint64_t)(uintptr_t)context->user * 4 +
                    context->is_search_path_plain * 2U + context->is_timezone_utc;

    return XXH3_128bits_withSeed(text, len, seed);
}

bool sw_plan_context_is_equal(const struct sw_plan_context *a, const struct sw_plan_context *b)
{
    return a->map == b->map && a->catalog == b->catalog && a->database == b->database &&
           a->user == b->user && a->is_search_path_plain == b->is_search_path_plain &&
           a->is_timezone_utc == b->is_timezone_utc;
}

static struct entry *find(const struct sw_plan_cache *cache,
                          const struct sw_plan_context *context, const char *text, size_t len,
                          XXH128_hash_t hash)
{
    struct entry *entry = cache->count == 0 ? NULL : *head_of(cache, hash);

    while (entry != NULL && (!XXH128_isEqual(entry->hash, hash) || entry->len != len ||
                             !sw_plan_context_is_equal(&entry->planned.context, context) ||
                             memcmp(entry->text, text, len) != 0))
        entry = entry->next;
    return entry;
}

/* --- coming and going --- */

static void unlink_entry(struct sw_plan_cache *cache, struct entry *entry)
{
    struct entry **at = head_of(cache, entry->hash);

    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    sw_link_remove(&entry->link);
    cache->count--;
    cache->bytes -= entry->bytes;
    sw_planned_unref(&entry->planned);
}

static void make_room(struct sw_plan_cache *cache, size_t bytes)
{
    while (cache->bytes + bytes > cache->limit) {
        struct sw_link *oldest = sw_list_last(&cache->recent);

        unlink_entry(cache, SW_OWNER(oldest, struct entry, link));
        count_one(&cache->counters.evictions);
    }
}

static void grow(struct sw_plan_cache *cache)
{
    size_t old_count = cache->head_count;
    struct entry **old = cache->heads;

    cache->head_count = old_count == 0 ? FEWEST_HEADS : old_count * 2;
    cache->heads = sw_alloc_zero(cache->head_count, sizeof(struct entry *));
    for (size_t i = 0; i < old_count; i++) {
        for (struct entry *entry = old[i], *next; entry != NULL; entry = next) {
            struct entry **head = head_of(cache, entry->hash);

            next = entry->next;
            entry->next = *head;
            *head = entry;
        }
    }
    free(old);
}

static void keep(struct sw_plan_cache *cache, struct entry *entry)
{
    struct entry **head;

    if (entry->bytes > cache->limit / LARGEST_SHARE)
        return;
    make_room(cache, entry->bytes);
    if (cache->count >= cache->head_count)
        grow(cache);
    head = head_of(cache, entry->hash);
    entry->next = *head;
    *head = entry;
    sw_list_push_front(&cache->recent, &entry->link);
    cache->count++;
    cache->bytes += entry->bytes;
    (void)sw_planned_ref(&entry->planned);
}

static struct entry *make_entry(const struct sw_plan_context *context, const char *text,
                                size_t len, XXH128_hash_t hash, struct sw_error *err)
{
    struct sw_script *script = sw_parse(text, err);
    struct sw_error ignored; /* whoever needs the plan finds the same refusal again */
    struct entry *entry;

    if (script == NULL)
        return NULL;
    entry = sw_alloc(sizeof *entry + len);
    *entry = (struct entry){.planned = {.refs = 1, .context = *context, .script = script},
                            .hash = hash,
                            .bytes = sizeof *entry + len + sizeof *script +
                                     sw_arena_size(&script->arena),
                            .len = len};
    (void)sw_map_ref(context->map);
    if (context->catalog != NULL)
        (void)sw_catalog_ref(context->catalog);
    memcpy(entry->text, text, len);
    sw_link_init(&entry->link);
    if (script->count == 1)
        entry->planned.plan = sw_plan_compile(context, &script->statements[0], &ignored);
    if (entry->planned.plan != NULL)
        entry->bytes += sw_plan_size(entry->planned.plan);
    return entry;
}

struct sw_planned *sw_plan_cache_get(struct sw_plan_cache *cache,
                                     const struct sw_plan_context *context, const char *text,
                                     size_t len, struct sw_error *err)
{
    XXH128_hash_t hash = hash_of(context, text, len);
    struct entry *entry = find(cache, context, text, len, hash);

    if (entry != NULL) {
        count_one(&cache->counters.hits);
        sw_link_remove(&entry->link);
        sw_list_push_front(&cache->recent, &entry->link);
        return sw_planned_ref(&entry->planned);
    }
    count_one(&cache->counters.misses);
    entry = make_entry(context, text, len, hash, err);
    if (entry == NULL)
        return NULL;
    keep(cache, entry);
    note_size(cache);
    return &entry->planned;
}

struct sw_planned *sw_planned_ref(struct sw_planned *planned)
{
    planned->refs++;
    return planned;
}

void sw_planned_unref(struct sw_planned *planned)
{
    if (planned == NULL || --planned->refs > 0)
        return;
    sw_plan_free(planned->plan);
    sw_script_unref(planned->script);
    sw_catalog_unref(planned->context.catalog);
    sw_map_unref(planned->context.map);
    free(entry_of(planned));
}

void sw_plan_cache_clear(struct sw_plan_cache *cache)
{
    struct sw_link *link;

    while ((link = sw_list_first(&cache->recent)) != NULL)
        unlink_entry(cache, SW_OWNER(link, struct entry, link));
    free(cache->heads);
    cache->heads = NULL;
    cache->head_count = 0;
    note_size(cache);
}

const struct sw_plan_counters *sw_plan_cache_counters(const struct sw_plan_cache *cache)
{
    return &cache->counters;
}
