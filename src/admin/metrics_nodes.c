/*
 * Clusters and nodes: how they are is on the board, what has happened to them in its journal.
 */
#include "metrics.h"

#include <string.h>

#define COUNT(array) (int)(sizeof(array) / sizeof *(array))

/* --- how clusters are --- */

static uint64_t cluster_admits(const struct sw_cluster_state *cluster)
{
    return cluster->primary >= 0 && cluster->admission == SW_ADMIT;
}

static uint64_t cluster_maintenance(const struct sw_cluster_state *cluster)
{
    return cluster->is_in_maintenance;
}

static uint64_t cluster_term(const struct sw_cluster_state *cluster)
{
    return (uint64_t)cluster->term;
}

static uint64_t cluster_timeline(const struct sw_cluster_state *cluster)
{
    return (uint64_t)cluster->timeline;
}

static void put_clusters(struct sw_exposition *to, const struct sw_state *state)
{
    static const struct {
        const char *name, *help;
        uint64_t (*value)(const struct sw_cluster_state *cluster);
    } families[] = {
        {"shardward_cluster_admits", "1 if the cluster has a primary that takes statements.",
         cluster_admits},
        {"shardward_cluster_maintenance", "1 if nothing is promoted by itself.",
         cluster_maintenance},
        {"shardward_cluster_term", "Of a managed cluster: grows with each of its primaries.",
         cluster_term},
        {"shardward_cluster_timeline", "The primary's timeline; 0: not known.",
         cluster_timeline},
    };

    for (int f = 0; f < COUNT(families); f++) {
        sw_exposition_family(to, SW_METRIC_GAUGE, families[f].name, families[f].help);
        for (int c = 0; c < state->map->cluster_count; c++) {
            const struct sw_cluster_state *cluster = &state->clusters[c];
            const struct sw_label labels[] = {
                {"cluster", cluster->cluster->name},
                {"failover", sw_failover_mode_name(cluster->cluster->failover)}};

            sw_exposition_count(to, labels, COUNT(labels), families[f].value(cluster));
        }
    }
}

/* --- how nodes are --- */

/* One node, and what is to be told of it; false: that is not known. */
struct seen {
    const struct sw_cluster_state *cluster;
    const struct sw_node_state *node;
    int index;
};

static bool node_up(const struct seen *seen, double *value)
{
    *value = seen->node->verdict == SW_VERDICT_UP || seen->node->verdict == SW_VERDICT_SUSPECT;
    return seen->node->verdict != SW_VERDICT_UNKNOWN;
}

static bool node_suspect(const struct seen *seen, double *value)
{
    *value = seen->node->verdict == SW_VERDICT_SUSPECT;
    return seen->node->verdict != SW_VERDICT_UNKNOWN;
}

static bool node_primary(const struct seen *seen, double *value)
{
    *value = seen->cluster->primary == seen->index;
    return true;
}

static bool node_fenced(const struct seen *seen, double *value)
{
    *value = seen->node->is_fenced;
    return true;
}

static bool node_reads(const struct seen *seen, double *value)
{
    *value = seen->node->may_serve_reads;
    return true;
}

static bool node_sync(const struct seen *seen, double *value)
{
    *value = seen->node->is_sync;
    return true;
}

static bool node_lag_bytes(const struct seen *seen, double *value)
{
    *value = (double)seen->node->lag_bytes;
    return seen->node->lag_bytes >= 0 && seen->node->verdict != SW_VERDICT_UNKNOWN;
}

static bool node_lag_seconds(const struct seen *seen, double *value)
{
    *value = (double)seen->node->lag_ms / 1e3;
    return seen->node->lag_ms >= 0 && seen->node->verdict != SW_VERDICT_UNKNOWN;
}

static bool node_probe_seconds(const struct seen *seen, double *value)
{
    *value = (double)seen->node->probe_us / 1e6;
    return seen->node->probe_us > 0;
}

static bool node_timeline(const struct seen *seen, double *value)
{
    *value = seen->node->timeline;
    return seen->node->timeline > 0;
}

static const struct {
    const char *name, *help;
    bool (*value)(const struct seen *seen, double *value);
} node_families[] = {
    {"shardward_node_up", "1 if the node is up, 0 if it is down or recovering.", node_up},
    {"shardward_node_suspect", "1 if the node has missed something just now.", node_suspect},
    {"shardward_node_primary", "1 if the node is written to.", node_primary},
    {"shardward_node_fenced", "1 if nothing is sent to the node, whatever it says.",
     node_fenced},
    {"shardward_node_serves_reads", "1 if the node is a standby that may be read.", node_reads},
    {"shardward_node_sync", "1 if commits wait for the word of the node.", node_sync},
    {"shardward_node_lag_bytes", "Write-ahead log that a standby has not replayed yet.",
     node_lag_bytes},
    {"shardward_node_lag_seconds", "For how long it has not.", node_lag_seconds},
    {"shardward_node_probe_seconds", "How long the last question to the node took.",
     node_probe_seconds},
    {"shardward_node_timeline", "The node's timeline.", node_timeline},
};

static void put_node(struct sw_exposition *to, const struct seen *seen,
                     bool (*find)(const struct seen *seen, double *value))
{
    const struct sw_node *node = &seen->cluster->cluster->nodes[seen->index];
    const struct sw_label labels[] = {{"cluster", seen->cluster->cluster->name},
                                      {"node", node->name},
                                      {"cloud", node->cloud}};
    double value;

    if (find(seen, &value))
        sw_exposition_real(to, labels, COUNT(labels), value);
}

static void put_nodes(struct sw_exposition *to, const struct sw_state *state)
{
    for (int f = 0; f < COUNT(node_families); f++) {
        sw_exposition_family(to, SW_METRIC_GAUGE, node_families[f].name, node_families[f].help);
        for (int c = 0; c < state->map->cluster_count; c++)
            for (int n = 0; n < state->clusters[c].cluster->node_count; n++) {
                const struct seen seen = {&state->clusters[c], &state->clusters[c].nodes[n], n};

                put_node(to, &seen, node_families[f].value);
            }
    }
}

/* --- what has happened --- */

/* Of one cluster, all nodes together. */
struct history {
    const char *cluster;
    uint64_t counts[SW_EVENT_KINDS];
    uint64_t switched_s, switch_ms; /* the last one */
    uint64_t lost_bytes, lost_writes;
};

struct histories {
    struct history *list;
    int count;
};

static void note_switch(struct history *history, const struct sw_event_totals *totals,
                        enum sw_event_kind kind)
{
    if (totals->last_s[kind] < history->switched_s || totals->counts[kind] == 0)
        return;
    history->switched_s = totals->last_s[kind];
    history->switch_ms = totals->last_duration_ms[kind];
}

static void add_totals(void *owner, const struct sw_event_totals *totals)
{
    const struct histories *histories = owner;

    for (int i = 0; i < histories->count; i++) {
        struct history *history = &histories->list[i];

        if (strcmp(history->cluster, totals->cluster) != 0)
            continue;
        for (int k = 0; k < SW_EVENT_KINDS; k++)
            history->counts[k] += totals->counts[k];
        history->lost_bytes += totals->lost_bytes;
        history->lost_writes += totals->lost_writes;
        note_switch(history, totals, SW_EVENT_FAILOVER);
        note_switch(history, totals, SW_EVENT_SWITCHOVER);
    }
}

static void put_kinds(struct sw_exposition *to, const struct histories *histories)
{
    sw_exposition_family(to, SW_METRIC_COUNTER, "shardward_cluster_events_total",
                         "What has happened to a cluster and its nodes, see SHOW EVENTS.");
    for (int i = 0; i < histories->count; i++)
        for (int k = 0; k < SW_EVENT_KINDS; k++) {
            const struct sw_label labels[] = {{"cluster", histories->list[i].cluster},
                                              {"event", sw_event_name((enum sw_event_kind)k)}};

            sw_exposition_count(to, labels, COUNT(labels), histories->list[i].counts[k]);
        }
}

static void put_switches(struct sw_exposition *to, const struct histories *histories)
{
    sw_exposition_family(to, SW_METRIC_GAUGE, "shardward_cluster_switched_timestamp_seconds",
                         "When the primary became it, since 1970; without: before our start.");
    for (int i = 0; i < histories->count; i++) {
        const struct sw_label label = {"cluster", histories->list[i].cluster};

        if (histories->list[i].switched_s > 0)
            sw_exposition_count(to, &label, 1, histories->list[i].switched_s);
    }
    sw_exposition_family(to, SW_METRIC_GAUGE, "shardward_cluster_switch_seconds",
                         "For how long no writes were taken before it.");
    for (int i = 0; i < histories->count; i++) {
        const struct sw_label label = {"cluster", histories->list[i].cluster};

        if (histories->list[i].switched_s > 0)
            sw_exposition_real(to, &label, 1, (double)histories->list[i].switch_ms / 1e3);
    }
}

static void put_losses(struct sw_exposition *to, const struct histories *histories)
{
    sw_exposition_family(to, SW_METRIC_COUNTER, "shardward_lost_bytes_total",
                         "Acknowledged write-ahead log that is not on the new primary.");
    for (int i = 0; i < histories->count; i++) {
        const struct sw_label label = {"cluster", histories->list[i].cluster};

        sw_exposition_count(to, &label, 1, histories->list[i].lost_bytes);
    }
    sw_exposition_family(to, SW_METRIC_COUNTER, "shardward_lost_writes_total",
                         "Acknowledged commits that are not, as far as they were counted.");
    for (int i = 0; i < histories->count; i++) {
        const struct sw_label label = {"cluster", histories->list[i].cluster};

        sw_exposition_count(to, &label, 1, histories->list[i].lost_writes);
    }
}

void sw_metrics_nodes(struct sw_exposition *to, const struct sw_picture *picture)
{
    struct sw_arena arena;
    struct histories histories = {.count = picture->map->cluster_count};

    sw_arena_init(&arena);
    histories.list =
        sw_arena_alloc(&arena, (size_t)histories.count * sizeof(struct history) + 1);
    for (int c = 0; c < histories.count; c++)
        histories.list[c] = (struct history){.cluster = picture->map->clusters[c].name};
    sw_events_each_total(picture->events, add_totals, &histories);
    put_clusters(to, picture->state);
    put_nodes(to, picture->state);
    put_kinds(to, &histories);
    put_switches(to, &histories);
    put_losses(to, &histories);
    sw_arena_finish(&arena);
}
