/*
 * What a manager stands for, as a state: on the failover thread, with what health has learned
 * since. A primary that is lost, or that has been started anew (I9), is not waited for.
 */
#include "manager.h"

#include "shardward/base/mem.h"

#include <stdio.h>
#include <string.h>

/* The index in the scene of a node of the manager's cluster; -1: it is there no more. */
static int place_of(const struct sw_scene *scene, const struct sw_cluster *cluster, int node)
{
    return node < 0 ? -1 : sw_node_index(scene->cluster, cluster->nodes[node].name);
}

static const struct sw_cluster *find_cluster(const struct sw_map *map, const char *name)
{
    for (int i = 0; i < map->cluster_count; i++)
        if (strcmp(map->clusters[i].name, name) == 0)
            return &map->clusters[i];
    return NULL;
}

static void take_standing(struct sw_scene *scene, const struct sw_standing *standing,
                          int primary)
{
    struct sw_cluster_state *to = scene->to;
    struct sw_memory *memory = scene->memory;
    struct sw_timeline_end *ends =
        sw_arena_alloc(scene->arena, (size_t)standing->end_count * sizeof *ends);

    if (standing->term != to->term && to->term != 0 && primary != to->primary) {
        memory->is_switched = true;
        memory->is_planned = standing->was_planned;
        (void)snprintf(memory->switched_how, sizeof memory->switched_how, "%s", standing->how);
        to->switched_us = scene->now_us;
    }
    if (standing->end_count > 0)
        memcpy(ends, standing->ends, (size_t)standing->end_count * sizeof *ends);
    to->primary = primary;
    if (memory->generations_before + standing->generation < to->generation)
        memory->generations_before = to->generation - standing->generation;
    to->generation = memory->generations_before + standing->generation;
    to->primary_started_us = standing->started_us;
    to->term = standing->term;
    to->timeline = standing->timeline;
    to->ends = ends;
    to->end_count = standing->end_count;
    to->is_in_maintenance = standing->is_in_maintenance;
}

/* Has something been learned of the primary that the manager has not seen yet? */
static const char *find_doubt(const struct sw_scene *scene, const struct sw_standing *standing,
                              int primary)
{
    const struct sw_vitals *vitals = &scene->vitals[primary];
    bool is_fresh = vitals->seen_ms > standing->since_ms;

    if (vitals->verdict == SW_VERDICT_DOWN)
        return vitals->why;
    if (is_fresh && vitals->role == SW_ROLE_STANDBY)
        return "it is a standby";
    if (is_fresh && vitals->started_us != standing->started_us)
        return "it was started anew";
    return NULL;
}

static void lose(struct sw_scene *scene, int primary, const char *doubt)
{
    struct sw_memory *memory = scene->memory;

    sw_scene_hold(scene, SW_SUSPEND, "%s is not vouched for: %s",
                  scene->cluster->nodes[primary].name, doubt);
    if (memory->has_admitted && !memory->is_lost_told)
        (void)sw_tidings_add(scene->tidings, SW_EVENT_PRIMARY_LOST, primary, "%s", doubt);
    memory->is_lost_told = true;
}

void sw_managed_decide(struct sw_scene *scene, struct sw_manager *manager)
{
    const struct sw_cluster *cluster;
    const char *doubt;
    struct sw_standing standing;
    int primary;

    (void)pthread_mutex_lock(&manager->lock);
    standing = manager->shown;
    cluster =
        manager->shown_map == NULL ? NULL : find_cluster(manager->shown_map, manager->name);
    primary = cluster == NULL ? -1 : place_of(scene, cluster, standing.primary);
    for (int i = 0; i < scene->cluster->node_count && cluster != NULL; i++) {
        int its = sw_node_index(cluster, scene->cluster->nodes[i].name);

        scene->nodes[i].is_fenced =
            sw_is_in(standing.fenced, its) || sw_node_is_foreign(scene, i);
    }
    (void)pthread_mutex_unlock(&manager->lock);
    if (cluster == NULL) {
        sw_scene_hold(scene, SW_SUSPEND, "it has not been examined yet");
        return;
    }
    take_standing(scene, &standing, primary);
    doubt = primary < 0 || standing.admission != SW_ADMIT
                ? NULL
                : find_doubt(scene, &standing, primary);
    if (primary < 0 && standing.admission == SW_ADMIT)
        sw_scene_hold(scene, SW_SUSPEND, "its primary is not in the file any more");
    else if (doubt != NULL)
        lose(scene, primary, doubt);
    else if (standing.admission == SW_ADMIT)
        sw_scene_admit(scene);
    else
        sw_scene_hold(scene, standing.admission, "%s", standing.why);
}
