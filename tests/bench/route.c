/*
 * route MAP.yaml - what it costs to find the shard of a statement, in nanoseconds a statement:
 *
 *   cached    a prepared statement, its values bound      sw_plan_locate()
 *   text      a text that has come before                 sw_plan_cache_get(), locate
 *   skeleton  a text that is new but for its literals     sw_plan_cache_get_query(), locate
 *   uncached  a text that is new: parsed and planned      sw_parse(), sw_plan_compile(), locate
 *
 * The best of several rounds counts: others may use the machine, too. Run by `meson test
 * --benchmark`.
 */
#include "shardward/plan/cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TIMES = 20000, ROUNDS = 15, TEXT = 100 };

struct bench {
    struct sw_plan_context context;
    struct sw_plan_cache *cache;
    struct sw_planned *prepared;
};

static const char parameterized[] = "SELECT name FROM patients WHERE patient_id = $1";

static void die(const char *what)
{
    (void)fprintf(stderr, "route: %s\n", what);
    exit(1);
}

static void check(bool is_routed, const struct sw_route *route)
{
    if (!is_routed || route->kind != SW_ROUTE_ONE)
        die("a statement is not routed to one shard");
}

static void run_cached(struct bench *bench, int number)
{
    char digits[16];
    struct sw_parameter value = {.bytes = (const uint8_t *)digits};
    struct sw_parameters parameters = {.values = &value, .count = 1};
    struct sw_route route;
    struct sw_error err;

    value.len = (size_t)snprintf(digits, sizeof digits, "%d", number);
    check(sw_plan_locate(bench->prepared->plan, &parameters, &route, &err), &route);
}

static void write_text(char *text, int number)
{
    (void)snprintf(text, TEXT, "SELECT name FROM patients WHERE patient_id = %d", number);
}

static void run_text(struct bench *bench, int number)
{
    struct sw_parameters unbound = {.values = NULL};
    struct sw_planned *planned;
    struct sw_route route;
    struct sw_error err;
    char text[TEXT];

    write_text(text, number % 100);
    planned = sw_plan_cache_get(bench->cache, &bench->context, text, strlen(text), &err);
    if (planned == NULL)
        die(err.message);
    check(sw_plan_locate(planned->plan, &unbound, &route, &err), &route);
    sw_planned_unref(planned);
}

static void run_skeleton(struct bench *bench, int number)
{
    struct sw_parameters unbound = {.values = NULL};
    struct sw_planned *planned;
    struct sw_route route;
    struct sw_error err;
    char text[TEXT];

    write_text(text, number);
    planned = sw_plan_cache_get_query(bench->cache, &bench->context, text, strlen(text),
                                      &unbound.lifted, &err);
    if (planned == NULL || unbound.lifted == NULL)
        die("a text is not known by its skeleton");
    check(sw_plan_locate(planned->plan, &unbound, &route, &err), &route);
    sw_planned_unref(planned);
}

static void run_uncached(struct bench *bench, int number)
{
    struct sw_script *script;
    struct sw_plan *plan;
    struct sw_route route;
    struct sw_error err;
    char text[TEXT];

    write_text(text, number);
    script = sw_parse(text, &err);
    if (script == NULL)
        die(err.message);
    plan = sw_plan_compile(&bench->context, &script->statements[0], &err);
    if (plan == NULL)
        die(err.message);
    check(sw_plan_locate(plan, NULL, &route, &err), &route);
    sw_plan_free(plan);
    sw_script_unref(script);
}

/* The same text, written but not routed: what the others have besides. */
static void run_nothing(struct bench *bench, int number)
{
    char text[TEXT];

    write_text(text, number);
    if (text[0] != 'S')
        die("nothing was written");
}

static double now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double measure(struct bench *bench, void (*run)(struct bench *bench, int number))
{
    double best = 0;

    for (int round = 0; round < ROUNDS; round++) {
        double began = now_ns(), took;

        for (int i = 0; i < TIMES; i++)
            run(bench, i);
        took = (now_ns() - began) / TIMES;
        if (round == 0 || took < best)
            best = took;
    }
    return best;
}

static void open_bench(struct bench *bench, const char *path)
{
    struct sw_config_faults faults;
    struct sw_config *config = sw_config_read(path, &faults);
    struct sw_error err;

    if (config == NULL)
        die("the map cannot be read");
    bench->context.map = sw_map_build(config);
    bench->context.database = &bench->context.map->databases[0];
    bench->context.user = &bench->context.map->users[0];
    bench->context.is_search_path_plain = true;
    bench->cache = sw_plan_cache_create(64 << 20);
    bench->prepared = sw_plan_cache_get(bench->cache, &bench->context, parameterized,
                                        sizeof parameterized - 1, &err);
    if (bench->prepared == NULL || bench->prepared->plan == NULL)
        die("the statement has no plan");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(struct bench *bench, int number);
    } rows[] = {{"cached", run_cached},
                {"text", run_text},
                {"skeleton", run_skeleton},
                {"uncached", run_uncached}};
    struct bench bench = {.prepared = NULL};
    double nothing;

    if (argc != 2)
        die("usage: route MAP.yaml");
    open_bench(&bench, argv[1]);
    nothing = measure(&bench, run_nothing);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        (void)printf("%-9s %6.0f ns\n", rows[i].name, measure(&bench, rows[i].run) - nothing);
    sw_planned_unref(bench.prepared);
    sw_plan_cache_free(bench.cache);
    sw_map_unref(bench.context.map);
    return 0;
}
