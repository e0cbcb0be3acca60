/*
 * Plans: the input is SQL, and behind a zero byte the values of its parameters, each a byte for
 * the length (255: NULL; 128 and more: binary) and the bytes. Every statement goes through the
 * maps of the booking platform and of the golden files for keys. Planning in one step and in
 * two must agree, and so must planning twice.
 */
#include "shardward/parse/parse.h"
#include "shardward/plan/plan.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAPS = 2, MOST_VALUES = 8, IS_NULL = 255, IS_BINARY = 128 };

/* int8, text, int4, date, uuid, timestamp, timestamptz, unknown */
static const uint32_t types[MOST_VALUES] = {20, 25, 23, 1082, 2950, 1114, 1184, 0};

static struct sw_map *read_map(const char *path)
{
    struct sw_config_faults faults = {.count = 0};
    struct sw_config *config = sw_config_read(path, &faults);

    if (config == NULL)
        abort();
    return sw_map_build(config);
}

static struct sw_map *map(int index)
{
    static struct sw_map *maps[MAPS];

    if (maps[0] == NULL) {
        maps[0] = read_map(SOURCE_ROOT "/conf/booking.yaml");
        maps[1] = read_map(SOURCE_ROOT "/tests/golden/plans/keys.yaml");
    }
    return maps[index];
}

static int read_values(const uint8_t *at, const uint8_t *end, struct sw_parameter *values)
{
    int count = 0;

    while (at < end && count < MOST_VALUES) {
        size_t len = *at == IS_NULL ? 0 : *at % IS_BINARY;
        bool is_binary = *at >= IS_BINARY && *at != IS_NULL, is_null = *at++ == IS_NULL;

        if (len > (size_t)(end - at))
            len = (size_t)(end - at);
        values[count++] = (struct sw_parameter){
            .bytes = is_null ? NULL : at, .len = len, .is_binary = is_binary};
        at += len;
    }
    return count;
}

static bool plan_in_two(const struct sw_plan_context *context,
                        const struct sw_statement *statement,
                        const struct sw_parameters *parameters, struct sw_route *route,
                        struct sw_error *err)
{
    struct sw_plan *plan = sw_plan_compile(context, statement, err);
    bool is_located = plan != NULL && sw_plan_locate(plan, parameters, route, err);

    sw_plan_free(plan);
    return is_located;
}

static void check_route(const struct sw_plan_context *context, const struct sw_route *route)
{
    struct sw_buf out;

    if (route->kind == SW_ROUTE_ONE &&
        (route->shard == NULL || route->shard->id >= context->map->shard_count))
        abort();
    sw_buf_init(&out, 1 << 20);
    sw_plan_print_route(context->database, route, &out);
    sw_buf_finish(&out);
}

static void plan(const struct sw_plan_context *context, const struct sw_statement *statement,
                 const struct sw_parameters *parameters)
{
    struct sw_error err = {0}, other = {0};
    struct sw_route route, again;
    bool is_planned = sw_plan_route(context, statement, parameters, &route, &err);

    if (plan_in_two(context, statement, parameters, &again, &other) != is_planned)
        abort();
    if (!is_planned) {
        if (strlen(err.sqlstate) != 5 || strcmp(err.sqlstate, other.sqlstate) != 0)
            abort();
        return;
    }
    if (route.kind != again.kind || route.shard != again.shard ||
        route.placement != again.placement || route.business != again.business)
        abort();
    check_route(context, &route);
}

static void plan_all(const struct sw_script *script, const struct sw_parameters *parameters)
{
    for (int i = 0; i < script->count; i++)
        for (int which = 0; which < MAPS; which++) {
            const struct sw_plan_context context = {
                .database = &map(which)->databases[0],
                .user = &map(which)->users[0],
                .is_search_path_plain = true,
                .is_timezone_utc = parameters->count % 2 == 0,
                .map = map(which),
            };

            plan(&context, &script->statements[i], parameters);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_parameter values[MOST_VALUES];
    struct sw_parameters parameters = {.types = types, .type_count = MOST_VALUES};
    struct sw_script *script;
    struct sw_error err;
    char *sql = calloc(1, size + 1);
    size_t len;

    if (sql == NULL)
        abort();
    if (size > 0)
        memcpy(sql, data, size);
    script = sw_parse(sql, &err);
    len = strlen(sql);
    if (script != NULL) {
        plan_all(script, &parameters);
        parameters.count = len < size ? read_values(data + len + 1, data + size, values) : 0;
        parameters.values = values;
        plan_all(script, &parameters);
    }
    sw_script_unref(script);
    free(sql);
    return 0;
}
