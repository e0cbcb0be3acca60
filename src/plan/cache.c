#include "shardward/plan/cache.h"

#include "shelf.h"

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

/* What the text of an entry is, and what is known by it. */
enum entry_kind {
    ENTRY_TEXT,     /* a text, as it came */
    ENTRY_SKELETON, /* a skeleton, of all texts that have it */
    ENTRY_OPAQUE, /* a skeleton whose texts must be looked up one by one; there are no facts */
};

struct entry {
    struct sw_planned planned;
    enum entry_kind kind;
    struct sw_link link; /* most recently used first */
    struct entry *next;  /* of the same head */
    XXH128_hash_t hash;
    size_t bytes; /* that it is counted with */
    size_t len;
    char text[];
};

/* What an entry is looked for by. */
struct key {
    const struct sw_plan_context *context;
    const char *text;
    size_t len;
    bool is_skeleton;
    XXH128_hash_t hash;
};

struct sw_plan_cache {
    size_t limit, bytes;
    struct sw_link recent;
    struct entry **heads;
    size_t head_count; /* a power of two */
    size_t count;
    struct sw_plan_counters counters;
    struct sw_skeleton skeleton; /* of the text that came last */
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

static struct key key_of(const struct sw_plan_context *context, const char *text, size_t len,
                         bool is_skeleton)
{
    uint64_t seed = (uint64_t)(uintptr_t)context->database * 31 +
                    (uint64_t)(uintptr_t)context->user * 4 +
                    (uint64_t)context->is_search_path_plain * 2 + context->is_timezone_utc;

    return (struct key){context, text, len, is_skeleton,
                        XXH3_128bits_withSeed(text, len, seed * 2 + is_skeleton)};
}

bool sw_plan_context_is_equal(const struct sw_plan_context *a, const struct sw_plan_context *b)
{
    return a->map == b->map && a->catalog == b->catalog && a->database == b->database &&
           a->user == b->user && a->temporaries == b->temporaries &&
           a->is_search_path_plain == b->is_search_path_plain &&
           a->is_timezone_utc == b->is_timezone_utc;
}

static bool is_entry_of(const struct entry *entry, const struct key *key)
{
    return XXH128_isEqual(entry->hash, key->hash) && entry->len == key->len &&
           (entry->kind != ENTRY_TEXT) == key->is_skeleton &&
           sw_plan_context_is_equal(&entry->planned.context, key->context) &&
           memcmp(entry->text, key->text, key->len) == 0;
}

/* What is found is the most recently used from now on. */
static struct entry *find(struct sw_plan_cache *cache, const struct key *key)
{
    struct entry *entry = cache->count == 0 ? NULL : *head_of(cache, key->hash);

    while (entry != NULL && !is_entry_of(entry, key))
        entry = entry->next;
    if (entry != NULL && cache->recent.next != &entry->link) {
        sw_link_remove(&entry->link);
        sw_list_push_front(&cache->recent, &entry->link);
    }
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
    note_size(cache);
}

/* Its recipes have changed, which had @before bytes. */
static void count_recipes(struct sw_plan_cache *cache, struct entry *entry, size_t before)
{
    size_t now = sw_recipe_shelf_size(entry->planned.recipes);

    entry->bytes = entry->bytes - before + now;
    cache->bytes = cache->bytes - before + now;
    if (entry->bytes > cache->limit / LARGEST_SHARE)
        unlink_entry(cache, entry);
    make_room(cache, 0);
    note_size(cache);
}

void sw_plan_cache_keep_recipe(struct sw_plan_cache *cache, struct sw_planned *planned,
                               const char *text, const uint32_t *types, int type_count,
                               struct sw_recipe *recipe)
{
    size_t before = sw_recipe_shelf_size(planned->recipes);

    sw_recipe_shelf_keep(planned, text, types, type_count, recipe);
    if (sw_link_is_linked(&entry_of(planned)->link))
        count_recipes(cache, entry_of(planned), before);
}

void sw_plan_cache_drop_recipe(struct sw_plan_cache *cache, struct sw_planned *planned,
                               const struct sw_recipe *recipe)
{
    size_t before = sw_recipe_shelf_size(planned->recipes);

    planned->dropped++;
    sw_recipe_shelf_drop(planned, recipe);
    if (sw_link_is_linked(&entry_of(planned)->link))
        count_recipes(cache, entry_of(planned), before);
}

/* @script is taken; NULL of an opaque entry. */
static struct entry *make_entry(const struct key *key, enum entry_kind kind,
                                struct sw_script *script)
{
    struct entry *entry = sw_alloc(sizeof *entry + key->len);
    struct sw_error ignored; /* whoever needs the plan finds the same refusal again */

    *entry = (struct entry){.planned = {.refs = 1, .context = *key->context, .script = script},
                            .kind = kind,
                            .hash = key->hash,
                            .bytes = sizeof *entry + key->len,
                            .len = key->len};
    (void)sw_map_ref(key->context->map);
    if (key->context->catalog != NULL)
        (void)sw_catalog_ref(key->context->catalog);
    (void)sw_temporaries_ref(key->context->temporaries);
    memcpy(entry->text, key->text, key->len);
    sw_link_init(&entry->link);
    if (script == NULL)
        return entry;
    entry->bytes += sizeof *script + sw_arena_size(&script->arena);
    if (script->count == 1)
        entry->planned.plan = sw_plan_compile(key->context, &script->statements[0], &ignored);
    if (entry->planned.plan != NULL)
        entry->bytes += sw_plan_size(entry->planned.plan);
    return entry;
}

static struct sw_planned *make_and_keep(struct sw_plan_cache *cache, const struct key *key,
                                        enum entry_kind kind, struct sw_script *script)
{
    struct entry *entry = make_entry(key, kind, script);

    keep(cache, entry);
    return &entry->planned;
}

/* --- looking up --- */

struct sw_planned *sw_plan_cache_get(struct sw_plan_cache *cache,
                                     const struct sw_plan_context *context, const char *text,
                                     size_t len, struct sw_error *err)
{
    const struct key key = key_of(context, text, len, false);
    struct entry *entry = find(cache, &key);
    struct sw_script *script;

    if (entry != NULL) {
        count_one(&cache->counters.hits);
        return sw_planned_ref(&entry->planned);
    }
    count_one(&cache->counters.misses);
    script = sw_parse(text, err);
    return script == NULL ? NULL : make_and_keep(cache, &key, ENTRY_TEXT, script);
}

/* The first text of its skeleton: the facts are for all of them, unless they are verbatim. */
static struct sw_planned *get_first(struct sw_plan_cache *cache, const struct key *key,
                                    const char *text, size_t len,
                                    const struct sw_skeleton **lifted, struct sw_error *err)
{
    struct sw_script *script = sw_parse_lifted(text, &cache->skeleton, err);
    struct key own;

    count_one(&cache->counters.misses);
    if (script == NULL)
        return NULL;
    if (script->count == 1 && !script->statements[0].is_verbatim) {
        *lifted = &cache->skeleton;
        return make_and_keep(cache, key, ENTRY_SKELETON, script);
    }
    sw_planned_unref(make_and_keep(cache, key, ENTRY_OPAQUE, NULL));
    own = key_of(key->context, text, len, false);
    return make_and_keep(cache, &own, ENTRY_TEXT, script);
}

struct sw_planned *sw_plan_cache_get_query(struct sw_plan_cache *cache,
                                           const struct sw_plan_context *context,
                                           const char *text, size_t len,
                                           const struct sw_skeleton **lifted,
                                           struct sw_error *err)
{
    struct entry *entry;
    struct key key;

    *lifted = NULL;
    if (!sw_skeleton_make(&cache->skeleton, text, len))
        return sw_plan_cache_get(cache, context, text, len, err);
    key = key_of(context, cache->skeleton.text, cache->skeleton.len, true);
    entry = find(cache, &key);
    if (entry != NULL && entry->kind == ENTRY_OPAQUE)
        return sw_plan_cache_get(cache, context, text, len, err);
    if (entry == NULL)
        return get_first(cache, &key, text, len, lifted, err);
    *lifted = &cache->skeleton;
    count_one(&cache->counters.lifted_hits);
    return sw_planned_ref(&entry->planned);
}

static bool minds(const struct sw_script *script, const struct sw_temporaries *temporaries)
{
    for (int i = 0; i < script->count; i++)
        if (sw_plan_minds_temporaries(temporaries, &script->statements[i]))
            return true;
    return false;
}

struct sw_planned *sw_planned_beside(struct sw_planned *planned,
                                     struct sw_temporaries *temporaries)
{
    struct sw_plan_context context = planned->context;
    const struct key key = {.context = &context, .text = ""};
    struct entry *entry;

    if (!minds(planned->script, temporaries))
        return planned;
    context.temporaries = temporaries;
    entry = make_entry(&key, ENTRY_TEXT, sw_script_ref(planned->script));
    sw_planned_unref(planned);
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
    sw_recipe_shelf_free(planned->recipes);
    sw_plan_free(planned->plan);
    sw_script_unref(planned->script);
    sw_catalog_unref(planned->context.catalog);
    sw_temporaries_unref(planned->context.temporaries);
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
