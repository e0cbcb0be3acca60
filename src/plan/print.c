#include "shardward/plan/plan.h"

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
    }
    return "";
}

void sw_plan_print_route(const struct sw_route *route, struct sw_buf *out)
{
    sw_buf_printf(out, "route: %s\n", name_of(route->kind));
    if (route->kind == SW_ROUTE_ONE)
        sw_buf_printf(out, "shard: %s\n", route->shard->name);
    if (route->kind == SW_ROUTE_ANY_OF)
        sw_buf_printf(out, "placement: %s.%s\n", route->shard->business->name,
                      route->placement->name);
    sw_buf_printf(out, "reason: %s\n", route->reason);
}
