/*
 * What operators order. An order is done between two looks of the manager, so that nothing else
 * is under way in its cluster.
 */
#include "manager.h"

#include "shardward/base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *name_of(const struct sw_manager *manager, int node)
{
    return node < 0 ? "nobody" : manager->cluster->nodes[node].name;
}

static void say_promoted(struct sw_manager *manager, struct sw_order *order)
{
    (void)snprintf(order->said, sizeof order->said, "%.60s is primary, %.120s",
                   name_of(manager, manager->standing.primary), manager->standing.how);
}

static bool fail_over(struct sw_manager *manager, struct sw_order *order, int node)
{
    struct sw_promotion promotion = sw_manager_promotion(manager, SW_PROMOTE_OTHER);

    if (node >= 0 && node == manager->standing.primary)
        return sw_error_set(&order->err, "55000", "%s is the primary", order->node);
    promotion.target = node;
    promotion.may_lose = order->is_forced;
    if (promotion.old < 0 && !order->is_forced)
        return sw_error_set(&order->err, "55000", "nobody knows who the primary was");
    sw_manager_hold(manager, SW_SUSPEND, "another node is made primary, as ordered");
    if (!sw_manager_promote(manager, &promotion, &order->err)) {
        manager->is_keeping = false;
        manager->examined_ms = 0;
        return false;
    }
    say_promoted(manager, order);
    return true;
}

static bool switch_over(struct sw_manager *manager, struct sw_order *order, int node)
{
    struct sw_promotion promotion = sw_manager_promotion(manager, SW_PROMOTE_PLANNED);

    if (node < 0)
        return sw_error_set(&order->err, "42601", "SWITCHOVER needs the name of a standby");
    if (!manager->is_keeping || manager->standing.term == 0)
        return sw_error_set(&order->err, "55000",
                            "the cluster has no primary that is vouched for: %s",
                            manager->standing.why);
    if (node == manager->standing.primary)
        return sw_error_set(&order->err, "55000", "%s is the primary", order->node);
    if (manager->is_unproven)
        return sw_error_set(&order->err, "55000",
                            "the primary does not wait for those that are recorded");
    promotion.target = node;
    sw_manager_hold(manager, SW_DRAIN, "%s is made primary, as ordered", order->node);
    if (!sw_manager_promote(manager, &promotion, &order->err)) {
        if (!promotion.is_begun) {
            sw_manager_hold(manager, SW_ADMIT, "%s", "");
            return false;
        }
        manager->is_keeping = false;
        manager->examined_ms = 0;
        return false;
    }
    say_promoted(manager, order);
    return true;
}

static bool set_fence(struct sw_manager *manager, struct sw_order *order, int node)
{
    if (node < 0)
        return sw_error_set(&order->err, "42601", "FENCE needs the name of a node");
    if (node == manager->standing.primary)
        return sw_error_set(&order->err, "55000",
                            "%s is the primary: order SWITCHOVER or FAILOVER first",
                            order->node);
    manager->nodes[node].is_held = true;
    (void)snprintf(order->said, sizeof order->said, "%s is fenced", order->node);
    if (manager->vitals[node].role == SW_ROLE_PRIMARY)
        return sw_manager_fence(manager, node, "as ordered", &order->err);
    manager->standing.fenced |= (sw_nodes)1 << node;
    sw_manager_tell(manager, SW_EVENT_FENCED, node, 0, "as ordered");
    sw_manager_show(manager);
    return true;
}

static bool lift_fence(struct sw_manager *manager, struct sw_order *order, int node)
{
    if (node < 0)
        return sw_error_set(&order->err, "42601", "UNFENCE needs the name of a node");
    if (!sw_manager_unfence(manager, node, &order->err))
        return false;
    sw_manager_tell(manager, SW_EVENT_UNFENCED, node, 0, "as ordered");
    (void)snprintf(order->said, sizeof order->said, "%s takes part again", order->node);
    return true;
}

static bool maintain(struct sw_manager *manager, struct sw_order *order)
{
    manager->standing.is_in_maintenance = order->is_on;
    sw_manager_tell(manager, SW_EVENT_MAINTENANCE, -1, 0, "%s", order->is_on ? "on" : "off");
    (void)snprintf(order->said, sizeof order->said, "maintenance is %s",
                   order->is_on ? "on: nobody is promoted by itself" : "off");
    manager->refused[0] = '\0';
    sw_manager_show(manager);
    return true;
}

static bool obey(struct sw_manager *manager, struct sw_order *order)
{
    int node = order->node[0] == '\0' ? -1 : sw_node_index(manager->cluster, order->node);

    if (order->node[0] != '\0' && node < 0)
        return sw_error_set(&order->err, "42704", "cluster %s has no node \"%s\"",
                            manager->name, order->node);
    switch (order->kind) {
    case SW_ORDER_FAILOVER:
        return fail_over(manager, order, node);
    case SW_ORDER_SWITCHOVER:
        return switch_over(manager, order, node);
    case SW_ORDER_FENCE:
        return set_fence(manager, order, node);
    case SW_ORDER_UNFENCE:
        return lift_fence(manager, order, node);
    case SW_ORDER_MAINTENANCE:
        return maintain(manager, order);
    }
    return false;
}

struct sw_order *sw_orders_next(struct sw_link *orders, pthread_mutex_t *lock)
{
    struct sw_link *link;

    (void)pthread_mutex_lock(lock);
    link = sw_list_first(orders);
    if (link != NULL)
        sw_link_remove(link);
    (void)pthread_mutex_unlock(lock);
    return link == NULL ? NULL : SW_OWNER(link, struct sw_order, link);
}

bool sw_manager_obey(struct sw_manager *manager)
{
    struct sw_order *order = sw_orders_next(&manager->orders, &manager->lock);

    if (order == NULL)
        return false;
    order->is_good = obey(manager, order);
    sw_mailbox_post(order->mailbox, &order->letter);
    return true;
}

void sw_manager_leave(struct sw_manager *manager)
{
    struct sw_order *order;

    while ((order = sw_orders_next(&manager->orders, &manager->lock)) != NULL) {
        order->is_good = false;
        sw_error_set(&order->err, "55000", "the cluster is not managed any more");
        sw_mailbox_post(order->mailbox, &order->letter);
    }
}
