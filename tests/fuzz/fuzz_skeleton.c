/*
 * The lexer that lifts literals: the input is a statement on the booking platform, or up to its
 * first line's end one whose literals those of the next line take the place of. By its skeleton
 * it must come to the same route, or the same refusal, as by a parse.
 */
#include "shardward/plan/cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char map_text[] =
    "listen: 127.0.0.1:1\n"
    "clusters: {c: {nodes: [{name: n, address: 127.0.0.1, port: 1}]}}\n"
    "users: {u: {password: p, server: {user: u, password: p}}}\n"
    "databases:\n"
    "  d:\n"
    "    catalog: {cluster: c, dbname: d}\n"
    "    businesses:\n"
    "      b:\n"
    "        shards: {s0: {cluster: c, dbname: s0}, s1: {cluster: c, dbname: s1},\n"
    "                 s2: {cluster: c, dbname: s2}}\n"
    "        placements:\n"
    "          p: {hash: {type: bigint, buckets: 3}, map: {s0: 0-0, s1: 1-1, s2: 2-2}}\n"
    "          q: {hash: {type: text, buckets: 3}, map: {s0: 0-0, s1: 1-1, s2: 2-2}}\n"
    "        tables: {t: {key: a, placement: p}, v: {key: a, placement: q}}\n";

static struct sw_plan_context context;

static void build_context(void)
{
    char path[] = "/tmp/fuzz_skeleton_XXXXXX";
    struct sw_config_faults faults;
    struct sw_config *config;
    int fd = mkstemp(path);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

    if (file == NULL || fputs(map_text, file) < 0 || fclose(file) != 0)
        abort();
    config = sw_config_read(path, &faults);
    (void)remove(path);
    if (config == NULL)
        abort();
    context.map = sw_map_build(config);
    context.database = &context.map->databases[0];
    context.user = &context.map->users[0];
    context.is_search_path_plain = true;
}

/* What becomes of a statement: its route, or its refusal. */
struct outcome {
    bool is_routed;
    struct sw_route route;
    struct sw_error err;
};

static void locate(struct outcome *outcome, const struct sw_planned *planned,
                   const struct sw_parameters *parameters)
{
    if (planned->plan != NULL)
        outcome->is_routed =
            sw_plan_locate(planned->plan, parameters, &outcome->route, &outcome->err);
    else if (planned->script->count == 1)
        outcome->is_routed = sw_plan_route(&context, &planned->script->statements[0],
                                           parameters, &outcome->route, &outcome->err);
}

static struct outcome by_cache(struct sw_plan_cache *cache, const char *sql)
{
    struct outcome outcome = {0};
    struct sw_parameters parameters = {.values = NULL};
    struct sw_planned *planned = sw_plan_cache_get_query(cache, &context, sql, strlen(sql),
                                                         &parameters.lifted, &outcome.err);

    if (planned != NULL)
        locate(&outcome, planned, &parameters);
    sw_planned_unref(planned);
    return outcome;
}

static struct outcome by_parse(const char *sql)
{
    struct outcome outcome = {0};
    struct sw_parameters parameters = {.values = NULL};
    struct sw_script *script = sw_parse(sql, &outcome.err);

    if (script != NULL && script->count == 1)
        outcome.is_routed = sw_plan_route(&context, &script->statements[0], &parameters,
                                          &outcome.route, &outcome.err);
    sw_script_unref(script);
    return outcome;
}

static void compare(struct sw_plan_cache *cache, const char *sql)
{
    struct outcome cached = by_cache(cache, sql), parsed = by_parse(sql);

    if (cached.is_routed != parsed.is_routed || cached.route.shard != parsed.route.shard ||
        cached.route.kind != parsed.route.kind ||
        strcmp(cached.err.sqlstate, parsed.err.sqlstate) != 0 ||
        strcmp(cached.err.message, parsed.err.message) != 0)
        abort();
}

/* The literals of @skeleton in the places of those of @sql: of the same class, in order. */
static char *exchange(const char *sql, const struct sw_skeleton *skeleton,
                      const char *other_sql, const struct sw_skeleton *other)
{
    struct sw_buf out;
    size_t at = 0;
    int next = 0;

    sw_buf_init(&out, 1 << 20);
    for (int i = 0; i < skeleton->literal_count; i++) {
        const struct sw_literal *literal = &skeleton->literals[i];

        while (next < other->literal_count && other->literals[next].class != literal->class)
            next++;
        if (literal->class == SW_LITERAL_KEPT || next == other->literal_count)
            continue;
        (void)sw_buf_append(&out, sql + at, literal->at - at);
        (void)sw_buf_append(&out, other_sql + other->literals[next].at,
                            other->literals[next].end - other->literals[next].at);
        at = literal->end;
        next++;
    }
    (void)sw_buf_append(&out, sql + at, strlen(sql + at) + 1);
    return (char *)out.memory;
}

static void compare_exchanged(struct sw_plan_cache *cache, const char *sql,
                              const char *other_sql)
{
    static struct sw_skeleton skeleton, other;
    char *exchanged;

    if (!sw_skeleton_make(&skeleton, sql, strlen(sql)) ||
        !sw_skeleton_make(&other, other_sql, strlen(other_sql)))
        return;
    exchanged = exchange(sql, &skeleton, other_sql, &other);
    compare(cache, exchanged);
    free(exchanged);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_plan_cache *cache = sw_plan_cache_create(1 << 20);
    char *sql = calloc(1, size + 1), *line_end;

    if (context.map == NULL)
        build_context();
    if (sql == NULL)
        abort();
    if (size > 0)
        memcpy(sql, data, size);
    line_end = strchr(sql, '\n');
    if (line_end != NULL)
        *line_end = '\0';
    compare(cache, sql);
    if (line_end != NULL)
        compare_exchanged(cache, sql, line_end + 1);
    free(sql);
    sw_plan_cache_free(cache);
    return 0;
}
