#include "shardward/backend/prepared.h"

#include "shardward/base/mem.h"

#define XXH_INLINE_ALL
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

struct sw_prepared *sw_prepared_create(const char *query, const uint32_t *types, int type_count,
                                       const char *scope)
{
    struct sw_prepared *prepared = sw_alloc_zero(1, sizeof *prepared);
    size_t types_len = (size_t)type_count * sizeof *types;
    XXH3_state_t *state = XXH3_createState();
    XXH128_hash_t hash;

    prepared->refs = 1;
    prepared->query = sw_strdup(query);
    prepared->types = sw_memdup(types, types_len);
    prepared->type_count = type_count;

    (void)XXH3_128bits_reset(state);
    (void)XXH3_128bits_update(state, query, strlen(query) + 1);
    (void)XXH3_128bits_update(state, scope, strlen(scope) + 1);
    (void)XXH3_128bits_update(state, prepared->types, types_len);
    hash = XXH3_128bits_digest(state);
    (void)XXH3_freeState(state);
    (void)snprintf(prepared->server_name, sizeof prepared->server_name, "sw_%016llx%016llx",
                   (unsigned long long)hash.high64, (unsigned long long)hash.low64);
    return prepared;
}

struct sw_prepared *sw_prepared_create_unnamed(const char *query, const uint32_t *types,
                                               int type_count)
{
    struct sw_prepared *prepared = sw_alloc_zero(1, sizeof *prepared);

    prepared->refs = 1;
    prepared->query = sw_strdup(query);
    prepared->types = sw_memdup(types, (size_t)type_count * sizeof *types);
    prepared->type_count = type_count;
    return prepared;
}

struct sw_prepared *sw_prepared_create_naming(const char *query, struct sw_prepared *needs)
{
    struct sw_prepared *prepared = sw_prepared_create_unnamed(query, NULL, 0);

    prepared->needs = sw_prepared_ref(needs);
    return prepared;
}

void sw_prepared_learn(struct sw_prepared *prepared, const uint32_t *types, int count)
{
    free(prepared->learned);
    prepared->learned = sw_memdup(types, (size_t)count * sizeof *types);
    prepared->learned_count = count;
}

struct sw_prepared *sw_prepared_ref(struct sw_prepared *prepared)
{
    prepared->refs++;
    return prepared;
}

void sw_prepared_unref(struct sw_prepared *prepared)
{
    if (prepared == NULL || --prepared->refs > 0)
        return;
    sw_prepared_unref(prepared->needs);
    free(prepared->query);
    free(prepared->types);
    free(prepared->learned);
    free(prepared);
}
