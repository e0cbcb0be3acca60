#include "shardward/failover/scene.h"

#include "shardward/base/mem.h"
#include "shardward/topology/reads.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* --- tidings and memory --- */

struct sw_tiding *sw_tidings_add(struct sw_tidings *tidings, enum sw_event_kind kind, int node,
                                 const char *format, ...)
{
    int at = tidings->count < SW_TIDINGS ? tidings->count++ : SW_TIDINGS - 1;
    struct sw_tiding *tiding = &tidings->items[at];
    va_list args;

    *tiding = (struct sw_tiding){.kind = kind, .node = node};
    va_start(args, format);
    (void)vsnprintf(tiding->detail, sizeof tiding->detail, format, args);
    va_end(args);
    return tiding;
}

void sw_memory_init(struct sw_memory *memory)
{
    *memory = (struct sw_memory){0};
    sw_textmap_init(&memory->rivals);
    sw_textmap_init(&memory->foreign);
    sw_textmap_init(&memory->ill_since);
}

static void finish_times(struct sw_textmap *map)
{
    size_t at = 0;
    void *since;

    while ((since = sw_textmap_next(map, &at, NULL)) != NULL)
        free(since);
    sw_textmap_finish(map);
}

void sw_memory_finish(struct sw_memory *memory)
{
    sw_textmap_finish(&memory->rivals);
    sw_textmap_finish(&memory->foreign);
    finish_times(&memory->ill_since);
}

static void begin(struct sw_textmap *map, const char *name, uint64_t at_ms)
{
    if (sw_textmap_get(map, name) == NULL)
        (void)sw_textmap_put(map, name, sw_memdup(&at_ms, sizeof at_ms));
}

/* For how long it was; 0: it was not. */
static uint64_t end(struct sw_textmap *map, const char *name, uint64_t now_ms)
{
    uint64_t *since = sw_textmap_remove(map, name);
    uint64_t lasted_ms = since == NULL || *since > now_ms ? 0 : now_ms - *since;

    free(since);
    return lasted_ms;
}

/* --- verdicts --- */

static bool is_down(enum sw_verdict verdict)
{
    return verdict == SW_VERDICT_DOWN || verdict == SW_VERDICT_RECOVERING;
}

static void tell_verdict(struct sw_scene *scene, int node)
{
    const struct sw_vitals *vitals = &scene->vitals[node];
    const char *name = scene->cluster->nodes[node].name;
    enum sw_verdict was = scene->nodes[node].verdict;
    struct sw_textmap *since = &scene->memory->ill_since;
    struct sw_tiding *tiding;

    if (vitals->verdict == SW_VERDICT_DOWN && !is_down(was)) {
        uint64_t first_ms = vitals->failed_ms == 0 ? scene->now_ms : vitals->failed_ms;

        begin(since, name, first_ms);
        tiding = sw_tidings_add(scene->tidings, SW_EVENT_NODE_DOWN, node, "%s", vitals->why);
        tiding->duration_ms = scene->now_ms - first_ms;
    } else if (vitals->verdict == SW_VERDICT_SUSPECT && was != SW_VERDICT_SUSPECT &&
               vitals->ailment != SW_AILS_SLOW) {
        begin(since, name, scene->now_ms);
        (void)sw_tidings_add(scene->tidings, SW_EVENT_NODE_SUSPECT, node, "%s", vitals->why);
    } else if (vitals->verdict == SW_VERDICT_UP && sw_textmap_get(since, name) != NULL) {
        tiding = sw_tidings_add(scene->tidings, SW_EVENT_NODE_UP, node, "%s", vitals->why);
        tiding->duration_ms = end(since, name, scene->now_ms);
    }
}

bool sw_node_is_foreign(const struct sw_scene *scene, int node)
{
    const struct sw_vitals *vitals = &scene->vitals[node];

    return scene->memory->system_id != 0 && vitals->system_id != 0 &&
           vitals->system_id != scene->memory->system_id;
}

bool sw_node_counts(const struct sw_scene *scene, int node)
{
    const struct sw_vitals *vitals = &scene->vitals[node];

    return vitals->seen_ms != 0 && vitals->verdict != SW_VERDICT_UNKNOWN &&
           vitals->verdict != SW_VERDICT_DOWN && vitals->ailment != SW_AILS_STARTING &&
           !sw_node_is_foreign(scene, node);
}

/* Whose data is the cluster's? What most nodes have; of as many the one that takes writes, or
 * stands first. Known once all have been tried. */
static void find_system(struct sw_scene *scene)
{
    const struct sw_vitals *vitals = scene->vitals;
    int best = 0;

    if (scene->memory->system_id != 0)
        return;
    for (int i = 0; i < scene->cluster->node_count; i++)
        if (!vitals[i].is_tried)
            return;
    for (int i = 0; i < scene->cluster->node_count; i++) {
        int votes = vitals[i].role == SW_ROLE_PRIMARY ? 1 : 0;

        for (int j = 0; j < scene->cluster->node_count; j++)
            votes += vitals[j].system_id == vitals[i].system_id ? 2 : 0;
        if (vitals[i].system_id != 0 && votes > best) {
            best = votes;
            scene->memory->system_id = vitals[i].system_id;
        }
    }
}

static void take_node(struct sw_scene *scene, int node)
{
    const struct sw_vitals *from = &scene->vitals[node];
    struct sw_node_state *to = &scene->nodes[node];

    tell_verdict(scene, node);
    to->verdict = from->verdict;
    to->role = from->role;
    to->timeline = from->timeline;
    to->written_lsn = from->written_lsn;
    to->replayed_lsn = from->replayed_lsn;
    to->started_us = from->started_us;
    to->probe_us = from->probe_us;
    to->since_us = from->since_us;
    if (!to->is_fenced)
        (void)snprintf(to->why, sizeof to->why, "%s", from->why);
}

/* What is not of this cluster is fenced until it is: an address that leads to another server, a
 * node that was made anew. */
static void judge_system(struct sw_scene *scene, int node)
{
    static const char why[] = "wrong system identifier";
    struct sw_node_state *to = &scene->nodes[node];
    struct sw_textmap *foreign = &scene->memory->foreign;
    const char *name = scene->cluster->nodes[node].name;

    if (!sw_node_is_foreign(scene, node)) {
        if (sw_textmap_remove(foreign, name) != NULL)
            to->is_fenced = false;
        return;
    }
    if (sw_textmap_put(foreign, name, foreign) == NULL)
        (void)sw_tidings_add(scene->tidings, SW_EVENT_NODE_QUARANTINED, node, "%s", why);
    to->is_fenced = true;
    (void)snprintf(to->why, sizeof to->why, "%s", why);
}

void sw_nodes_take(struct sw_scene *scene)
{
    find_system(scene);
    for (int i = 0; i < scene->cluster->node_count; i++) {
        take_node(scene, i);
        judge_system(scene, i);
    }
}

/* --- who may be read --- */

static bool is_named(const char *names, const char *name)
{
    size_t len = strlen(name);

    while (*names != '\0') {
        size_t word = strcspn(names, ",");

        if (word == len && strncmp(names, name, len) == 0)
            return true;
        names += word + (names[word] == ',' ? 1 : 0);
    }
    return false;
}

static void measure_lag(const struct sw_vitals *primary, const struct sw_vitals *from,
                        struct sw_node_state *to)
{
    to->lag_bytes = to->lag_ms = -1;
    if (primary == NULL || from->replayed_lsn == 0)
        return;
    to->lag_bytes = primary->written_lsn > from->replayed_lsn
                        ? (int64_t)(primary->written_lsn - from->replayed_lsn)
                        : 0;
    to->lag_ms = to->lag_bytes == 0 ? 0 : from->replay_ms;
}

/* Who was read a moment ago may be farther behind than who comes back. */
static bool is_fresh(const struct sw_scene *scene, int node)
{
    const struct sw_node_state *is = &scene->nodes[node];

    return scene->vitals[node].is_streaming &&
           sw_reads_may_serve(scene->cluster->reads, is->may_serve_reads, is->lag_bytes,
                              is->lag_ms);
}

/* While the primary is lost nobody streams, and nobody knows how far behind he is; but what was
 * fresh is not older than that. */
static bool was_fresh(const struct sw_scene *scene, int node)
{
    const struct sw_node_state *is = &scene->nodes[node];
    uint64_t most_ms = (uint64_t)scene->cluster->reads->max_lag_ms;

    return is->may_serve_reads && is->fresh_ms > 0 && scene->now_ms - is->fresh_ms <= most_ms &&
           (is->lag_bytes < 0 || !scene->vitals[node].is_streaming);
}

static bool may_serve_reads(const struct sw_scene *scene, int node)
{
    const struct sw_vitals *vitals = &scene->vitals[node];
    struct sw_node_state *is = &scene->nodes[node];

    if (vitals->verdict != SW_VERDICT_UP || vitals->role != SW_ROLE_STANDBY || is->is_fenced ||
        vitals->timeline != scene->to->timeline)
        return false;
    if (is_fresh(scene, node)) {
        is->fresh_ms = scene->now_ms;
        return true;
    }
    return was_fresh(scene, node);
}

void sw_nodes_measure(struct sw_scene *scene)
{
    int known = scene->to->primary;
    const struct sw_vitals *primary = known < 0 ? NULL : &scene->vitals[known];

    for (int i = 0; i < scene->cluster->node_count; i++) {
        struct sw_node_state *to = &scene->nodes[i];
        bool is_standby = scene->vitals[i].role == SW_ROLE_STANDBY;

        measure_lag(is_standby ? primary : NULL, &scene->vitals[i], to);
        to->may_serve_reads = may_serve_reads(scene, i);
        to->is_sync = is_standby && primary != NULL &&
                      is_named(primary->sync_standbys, scene->cluster->nodes[i].name);
    }
}
