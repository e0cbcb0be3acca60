/*
 * FAILOVER, SWITCHOVER, FENCE, UNFENCE, MAINTENANCE: given to the managers of clusters, and
 * answered when they have been done.
 *
 *   command --> an order for each cluster --> its manager --letter--> all are back: answered
 *
 * What is under way goes on when the console leaves.
 */
#include "columns.h"
#include "internal.h"

#include "shardward/base/mem.h"
#include "shardward/failover/order.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct sw_column appointed[] = {TEXT("cluster"), TEXT("said")};

const struct sw_columns sw_columns_appointed = COLUMNS(appointed);

struct errand {
    struct sw_order order;
    struct appointment *owner;
};

/* Owned by its letters until the last one is back. */
struct appointment {
    struct sw_admin *admin;
    uint32_t console;
    int count, back;
    struct errand errands[];
};

/* --- the answer --- */

static void answer(struct appointment *appointment)
{
    struct sw_console *console = sw_admin_waiting(appointment->admin, appointment->console);
    const struct sw_order *failed = NULL;

    if (console == NULL)
        return;
    for (int i = 0; i < appointment->count; i++)
        if (!appointment->errands[i].order.is_good && failed == NULL)
            failed = &appointment->errands[i].order;
    if (failed != NULL) {
        sw_console_fail(console, &failed->err);
        return;
    }
    for (int i = 0; i < appointment->count; i++) {
        sw_answer_row(&console->answer);
        sw_answer_text(&console->answer, appointment->errands[i].order.cluster);
        sw_answer_text(&console->answer, appointment->errands[i].order.said);
    }
    sw_console_done(console);
}

static void on_obeyed(struct sw_letter *letter)
{
    struct sw_order *order = SW_OWNER(letter, struct sw_order, letter);
    struct appointment *appointment = SW_OWNER(order, struct errand, order)->owner;

    if (++appointment->back < appointment->count)
        return;
    if (!atomic_load(&appointment->admin->is_closing))
        answer(appointment);
    free(appointment);
}

static void give(struct sw_console *console, const struct sw_order *orders, int count)
{
    struct sw_admin *admin = console->admin;
    struct appointment *appointment =
        sw_alloc_zero(1, sizeof *appointment + (size_t)count * sizeof *appointment->errands);

    appointment->admin = admin;
    appointment->console = console->id;
    appointment->count = count;
    for (int i = 0; i < count; i++) {
        struct errand *errand = &appointment->errands[i];

        errand->owner = appointment;
        errand->order = orders[i];
        errand->order.mailbox = admin->mailbox;
        errand->order.letter.on_read = on_obeyed;
    }
    for (int i = 0; i < count; i++)
        sw_failover_order(admin->failover, &appointment->errands[i].order);
}

/* --- the words --- */

static bool is_word(const struct sw_command *command, int at, const char *word)
{
    return at < command->word_count && strcasecmp(command->words[at].text, word) == 0;
}

static void copy(char *into, const char *text)
{
    (void)snprintf(into, SW_ORDER_NAME, "%s", text);
}

static void misunderstand(struct sw_console *console)
{
    const struct sw_verb *verb = sw_verb(console->command.verb);
    struct sw_error err;

    sw_error_set(&err, "42601", "the command is %s %s", verb->words, verb->arguments);
    sw_console_fail(console, &err);
}

/* `cluster [TO node] [FORCE]` */
static void appoint(struct sw_console *console, enum sw_order_kind kind, bool needs_node)
{
    const struct sw_command *command = &console->command;
    struct sw_order order = {.kind = kind};
    int at = 1;

    copy(order.cluster, command->words[0].text);
    if (is_word(command, at, "TO") && at + 1 < command->word_count) {
        copy(order.node, command->words[at + 1].text);
        at += 2;
    }
    if (kind == SW_ORDER_FAILOVER && is_word(command, at, "FORCE")) {
        order.is_forced = true;
        at++;
    }
    if (at < command->word_count || (needs_node && order.node[0] == '\0'))
        misunderstand(console);
    else
        give(console, &order, 1);
}

void sw_order_failover(struct sw_console *console)
{
    appoint(console, SW_ORDER_FAILOVER, false);
}

void sw_order_switchover(struct sw_console *console)
{
    appoint(console, SW_ORDER_SWITCHOVER, true);
}

static const struct sw_cluster *find_cluster_of(const struct sw_map *map, const char *node)
{
    for (int i = 0; i < map->cluster_count; i++)
        for (int n = 0; n < map->clusters[i].node_count; n++)
            if (strcmp(map->clusters[i].nodes[n].name, node) == 0)
                return &map->clusters[i];
    return NULL;
}

static void order_node(struct sw_console *console, enum sw_order_kind kind)
{
    const char *node = console->command.words[0].text;
    const struct sw_cluster *cluster = find_cluster_of(console->admin->map, node);
    struct sw_order order = {.kind = kind};
    struct sw_error err;

    if (cluster == NULL) {
        sw_error_set(&err, "42704", "there is no node \"%.64s\"", node);
        sw_console_fail(console, &err);
        return;
    }
    copy(order.cluster, cluster->name);
    copy(order.node, node);
    give(console, &order, 1);
}

void sw_order_fence(struct sw_console *console)
{
    order_node(console, SW_ORDER_FENCE);
}

void sw_order_unfence(struct sw_console *console)
{
    order_node(console, SW_ORDER_UNFENCE);
}

/* `ON | OFF [cluster]`; without one all that are managed. */
void sw_order_maintenance(struct sw_console *console)
{
    const struct sw_command *command = &console->command;
    const struct sw_map *map = console->admin->map;
    const char *name = command->word_count > 1 ? command->words[1].text : NULL;
    struct sw_order *orders;
    struct sw_error err;
    int count = 0;

    if (!is_word(command, 0, "ON") && !is_word(command, 0, "OFF")) {
        misunderstand(console);
        return;
    }
    orders = sw_alloc_zero((size_t)map->cluster_count + 1, sizeof *orders);
    for (int i = 0; i < map->cluster_count; i++) {
        const struct sw_cluster *cluster = &map->clusters[i];

        if (name == NULL ? cluster->failover != SW_FAILOVER_MANAGED
                         : strcmp(cluster->name, name) != 0)
            continue;
        orders[count].kind = SW_ORDER_MAINTENANCE;
        orders[count].is_on = is_word(command, 0, "ON");
        copy(orders[count++].cluster, cluster->name);
    }
    if (count > 0) {
        give(console, orders, count);
    } else {
        sw_error_set(&err, "42704",
                     name == NULL ? "no cluster has failover: managed"
                                  : "there is no such cluster");
        sw_console_fail(console, &err);
    }
    free(orders);
}
