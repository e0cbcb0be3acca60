#include "shardward/plan/plan.h"

enum { MOST_PRINTED = 64 };

static const char *name_of(enum sw_route_kind kind)
{
    switch (kind) {
    case SW_ROUTE_LOCAL:
        return "none";
    case SW_ROUTE_ANY:
        return "any database";
    case SW_ROUTE_CATALOG:
        return "catalog";
    case SW_ROUTE_ONE:
        return "one shard";
    case SW_ROUTE_ANY_OF:
        return "any shard of the placement";
    case SW_ROUTE_SEVERAL:
        return "several shards";
    case SW_ROUTE_SCHEMA:
        return "all shards";
    }
    return "";
}

static void print_shards(const struct sw_database *database, const struct sw_route *route,
                         struct sw_buf *out)
{
    const struct sw_shard *shards[MOST_PRINTED];
    int count = sw_plan_list_shards(database, route, shards, MOST_PRINTED);

    for (int i = 0; i < count && i < MOST_PRINTED; i++)
        sw_buf_printf(out, "%s%s", i == 0 ? "shards: " : ", ", shards[i]->name);
    sw_buf_append_text(out, count > MOST_PRINTED ? ", ...\n" : "\n");
}

void sw_plan_print_route(const struct sw_database *database, const struct sw_route *route,
                         struct sw_buf *out)
{
    sw_buf_printf(out, "route: %s\n", name_of(route->kind));
    if (route->kind == SW_ROUTE_ONE)
        sw_buf_printf(out, "shard: %s\n", route->shard->name);
    if (route->kind == SW_ROUTE_ANY_OF)
        sw_buf_printf(out, "placement: %s.%s\n", route->placement->business->name,
                      route->placement->name);
    if (route->kind == SW_ROUTE_SCHEMA)
        print_shards(database, route, out);
    sw_buf_printf(out, "reason: %s\n", route->reason);
}
