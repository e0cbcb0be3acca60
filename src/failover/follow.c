/*
 * Somebody else promotes; the primary is found and followed.
 *
 *   nobody writes -----------------------------> statements wait
 *   the known primary writes ------------------> it takes statements, once a write of this
 * start of it has been confirmed another one writes, on a later timeline, whose history has the
 * known one in it ---> a switch: the other one is fenced whose history is not read yet
 * -----------> statements wait two write, and neither has the other's timeline in its history
 * -----------------> split: nothing is taken until one of them is a standby again, or out of
 * the file
 *
 * A timeline never goes back: who writes on an earlier one is fenced until it is a standby.
 */
#include "shardward/failover/scene.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { NOBODY = -1 };

static const char *name_of(const struct sw_scene *scene, int node)
{
    return node < 0 ? "nobody" : scene->cluster->nodes[node].name;
}

/* --- what comes of a decision --- */

/* When the primary's first failure began, if it is failing. */
static uint64_t lost_since(const struct sw_scene *scene)
{
    uint64_t failed_ms =
        scene->to->primary < 0 ? 0 : scene->vitals[scene->to->primary].failed_ms;

    return failed_ms == 0 || failed_ms > scene->now_ms ? scene->now_ms : failed_ms;
}

void sw_scene_hold(struct sw_scene *scene, enum sw_admission admission, const char *format, ...)
{
    struct sw_cluster_state *to = scene->to;
    va_list args;

    va_start(args, format);
    (void)vsnprintf(to->why, sizeof to->why, format, args);
    va_end(args);
    if (scene->memory->lost_ms == 0)
        scene->memory->lost_ms = lost_since(scene);
    to->admission = admission;
}

void sw_scene_admit(struct sw_scene *scene)
{
    struct sw_memory *memory = scene->memory;
    struct sw_cluster_state *to = scene->to;
    uint64_t lasted_ms = memory->lost_ms == 0 ? 0 : scene->now_ms - memory->lost_ms;
    bool was_lost = to->admission != SW_ADMIT || memory->is_switched;

    to->admission = SW_ADMIT;
    to->why[0] = '\0';
    if (was_lost && memory->has_admitted)
        sw_tidings_add(scene->tidings,
                       !memory->is_switched ? SW_EVENT_PRIMARY_BACK
                       : memory->is_planned ? SW_EVENT_SWITCHOVER
                                            : SW_EVENT_FAILOVER,
                       to->primary, "%s", memory->is_switched ? memory->switched_how : "")
            ->duration_ms = lasted_ms;
    memory->has_admitted = true;
    memory->is_switched = memory->is_planned = memory->is_lost_told = false;
    memory->lost_ms = 0;
}

static void fence(struct sw_scene *scene, int node, const char *why)
{
    struct sw_node_state *to = &scene->nodes[node];

    if (!to->is_fenced)
        (void)sw_tidings_add(scene->tidings, SW_EVENT_FENCED, node, "%s", why);
    to->is_fenced = true;
    (void)snprintf(to->why, sizeof to->why, "%s", why);
}

/* Where the known timeline ends in the history of @vitals; 0: it does not. */
static uint64_t end_of(const struct sw_vitals *vitals, int timeline)
{
    for (int i = 0; i < vitals->end_count; i++)
        if (vitals->ends[i].timeline == timeline)
            return vitals->ends[i].lsn;
    return 0;
}

/* What the former primary had written, as far as it was seen, and the new one does not have. */
static void count_loss(struct sw_scene *scene, int node)
{
    const struct sw_cluster_state *to = scene->to;
    const struct sw_vitals *old = to->primary < 0 ? NULL : &scene->vitals[to->primary];
    uint64_t end = end_of(&scene->vitals[node], to->timeline);

    if (old == NULL || old->timeline != to->timeline || end == 0 || old->written_lsn <= end)
        return;
    sw_tidings_add(scene->tidings, SW_EVENT_LOSS, to->primary,
                   "written until %" PRIX32 "/%" PRIX32
                   " at least, but timeline %d ended at %" PRIX32 "/%" PRIX32,
                   (uint32_t)(old->written_lsn >> 32), (uint32_t)old->written_lsn, to->timeline,
                   (uint32_t)(end >> 32), (uint32_t)end)
        ->lost_bytes = old->written_lsn - end;
}

static void take_history(struct sw_scene *scene, const struct sw_vitals *vitals)
{
    struct sw_timeline_end *ends;
    size_t size = (size_t)vitals->end_count * sizeof *ends;

    if (vitals->history_timeline != vitals->timeline)
        return;
    ends = sw_arena_alloc(scene->arena, size);
    if (size > 0)
        memcpy(ends, vitals->ends, size);
    scene->to->ends = ends;
    scene->to->end_count = vitals->end_count;
}

void sw_scene_switch(struct sw_scene *scene, int node, const char *how)
{
    struct sw_cluster_state *to = scene->to;
    const struct sw_vitals *vitals = &scene->vitals[node];
    struct sw_memory *memory = scene->memory;
    int old = to->primary;

    if (memory->lost_ms == 0)
        memory->lost_ms = lost_since(scene);
    if (to->timeline != 0) {
        count_loss(scene, node);
        memory->is_switched = true;
        (void)snprintf(memory->switched_how, sizeof memory->switched_how, "%s", how);
        to->switched_us = scene->now_us;
    }
    to->primary = node;
    to->timeline = vitals->timeline;
    to->generation++;
    to->primary_started_us = vitals->started_us;
    take_history(scene, vitals);
    if (old >= 0 && old != node && scene->vitals[old].role != SW_ROLE_STANDBY)
        fence(scene, old, "another node is primary now");
}

/* --- histories --- */

static bool is_same_end(const struct sw_timeline_end *ends, int count,
                        const struct sw_timeline_end *end)
{
    for (int i = 0; i < count; i++)
        if (ends[i].timeline == end->timeline)
            return ends[i].lsn == end->lsn;
    return true; /* one of the two does not go back so far */
}

bool sw_history_descends(const struct sw_vitals *vitals, int timeline,
                         const struct sw_timeline_end *ends, int count)
{
    if (end_of(vitals, timeline) == 0)
        return false;
    for (int i = 0; i < vitals->end_count && vitals->ends[i].timeline < timeline; i++)
        if (!is_same_end(ends, count, &vitals->ends[i]))
            return false;
    return true;
}

/* --- who writes --- */

static bool is_writable(const struct sw_scene *scene, int node)
{
    return sw_node_counts(scene, node) && scene->vitals[node].role == SW_ROLE_PRIMARY &&
           !scene->nodes[node].is_fenced;
}

static bool is_standby(const struct sw_scene *scene, int node)
{
    return sw_node_counts(scene, node) && scene->vitals[node].role == SW_ROLE_STANDBY;
}

static void unfence_standbys(struct sw_scene *scene)
{
    for (int i = 0; i < scene->cluster->node_count; i++) {
        if (!is_standby(scene, i))
            continue;
        if (scene->nodes[i].is_fenced)
            (void)sw_tidings_add(scene->tidings, SW_EVENT_REJOINED, i, "it is a standby again");
        scene->nodes[i].is_fenced = false;
        (void)sw_textmap_remove(&scene->memory->rivals, name_of(scene, i));
    }
}

static void fence_stale(struct sw_scene *scene)
{
    for (int i = 0; i < scene->cluster->node_count; i++)
        if (is_writable(scene, i) && scene->vitals[i].timeline < scene->to->timeline)
            fence(scene, i, "it writes on a timeline that is over");
}

/* The one on the latest timeline, and a second one on the same; NOBODY: there is none. */
static int find_writable(const struct sw_scene *scene, int *second)
{
    const struct sw_vitals *vitals = scene->vitals;
    int best = NOBODY;

    *second = NOBODY;
    for (int i = 0; i < scene->cluster->node_count; i++) {
        if (!is_writable(scene, i))
            continue;
        if (best == NOBODY || vitals[i].timeline > vitals[best].timeline) {
            best = i;
            *second = NOBODY;
        } else if (vitals[i].timeline == vitals[best].timeline) {
            *second = i;
        }
    }
    return best;
}

/* A node that is, or was when it was last seen, on a later timeline than @timeline; NOBODY:
 * none is. */
static int find_later(const struct sw_scene *scene, int timeline)
{
    for (int i = 0; i < scene->cluster->node_count; i++)
        if (scene->vitals[i].seen_ms != 0 && scene->vitals[i].timeline > timeline &&
            !sw_node_is_foreign(scene, i))
            return i;
    return NOBODY;
}

/* --- splits --- */

static void split(struct sw_scene *scene, int one, int other)
{
    const int both[] = {one, other};

    (void)sw_tidings_add(scene->tidings, SW_EVENT_SPLIT, NOBODY,
                         "%s and %s both write, and neither has the other's timeline in its "
                         "history",
                         name_of(scene, one), name_of(scene, other));
    for (int i = 0; i < 2; i++) {
        (void)sw_textmap_put(&scene->memory->rivals, name_of(scene, both[i]), scene->memory);
        fence(scene, both[i], "split brain");
    }
    sw_scene_hold(scene, SW_REFUSE,
                  "SPLIT_BRAIN: %s and %s have written beside one another; make one of them a "
                  "standby of the other, or take it out of the configuration",
                  name_of(scene, one), name_of(scene, other));
}

/* Those that are left of a split, *last one of them. Names that the file has no more do not
 * count. */
static int count_rivals(const struct sw_scene *scene, int *last)
{
    int count = 0;

    for (int i = 0; i < scene->cluster->node_count; i++)
        if (sw_textmap_get(&scene->memory->rivals, name_of(scene, i)) != NULL) {
            count++;
            *last = i;
        }
    return count;
}

/* All others have given in: the last one is what the cluster is, once it is seen to write. */
static bool end_split(struct sw_scene *scene, int winner)
{
    if (!sw_node_counts(scene, winner) || scene->vitals[winner].role != SW_ROLE_PRIMARY)
        return false;
    (void)sw_textmap_remove(&scene->memory->rivals, name_of(scene, winner));
    scene->nodes[winner].is_fenced = false;
    (void)sw_tidings_add(scene->tidings, SW_EVENT_UNFENCED, winner,
                         "it is the only one left of a split");
    if (winner != scene->to->primary)
        sw_scene_switch(scene, winner, "the others of a split have given in");
    return true;
}

/* --- the primary --- */

static void describe_loss(struct sw_scene *scene)
{
    const struct sw_cluster_state *to = scene->to;

    if (to->primary < 0)
        sw_scene_hold(scene, SW_SUSPEND, "no node takes writes");
    else if (is_standby(scene, to->primary))
        sw_scene_hold(scene, SW_SUSPEND, "%s is a standby now, and no node takes writes",
                      name_of(scene, to->primary));
    else
        sw_scene_hold(scene, SW_SUSPEND, "%s is lost: %s", name_of(scene, to->primary),
                      scene->vitals[to->primary].why);
    if (scene->memory->has_admitted && !scene->memory->is_lost_told)
        (void)sw_tidings_add(scene->tidings, SW_EVENT_PRIMARY_LOST, to->primary, "%s", to->why);
    scene->memory->is_lost_told = true;
}

/* The known primary is one that a standby's word cannot be had of now: nobody else writes. */
static void lose(struct sw_scene *scene)
{
    for (int i = 0; i < scene->cluster->node_count; i++)
        if (scene->to->timeline == 0 && !scene->vitals[i].is_tried) {
            sw_scene_hold(scene, SW_SUSPEND, "%s has not been asked yet", name_of(scene, i));
            return;
        }
    describe_loss(scene);
}

/* A write of this start has to be confirmed first: what a crash has left on the primary alone
 * could be seen, and be gone later. */
static void admit_when_confirmed(struct sw_scene *scene)
{
    const struct sw_vitals *vitals = &scene->vitals[scene->to->primary];

    if (vitals->started_us != scene->to->primary_started_us) {
        scene->to->generation++;
        scene->to->primary_started_us = vitals->started_us;
    }
    if (vitals->verdict == SW_VERDICT_RECOVERING)
        sw_scene_hold(scene, SW_SUSPEND, "%s answers again, but not for long yet",
                      name_of(scene, scene->to->primary));
    else if (vitals->written_started_us == vitals->started_us)
        sw_scene_admit(scene);
    else if (vitals->writes == SW_WRITES_UNSYNCED)
        sw_scene_hold(scene, SW_SUSPEND,
                      "commits on %s wait for standbys, and none has been confirmed yet",
                      name_of(scene, scene->to->primary));
    else
        sw_scene_hold(scene, SW_SUSPEND, "%s has confirmed no write yet",
                      name_of(scene, scene->to->primary));
}

enum descent { DESCENDS, FORKED, UNREAD, UNREADABLE };

/* How the timeline of @node stands to @timeline with its history. */
static enum descent find_descent(const struct sw_scene *scene, int node, int timeline,
                                 const struct sw_timeline_end *ends, int count)
{
    const struct sw_vitals *vitals = &scene->vitals[node];

    if (vitals->timeline == 1)
        return timeline == 0 ? DESCENDS : FORKED;
    if (vitals->history_timeline != vitals->timeline && vitals->history_why[0] == '\0')
        return UNREAD;
    if (vitals->history_timeline != vitals->timeline)
        return timeline == 0 ? DESCENDS : UNREADABLE;
    return timeline == 0 || sw_history_descends(vitals, timeline, ends, count) ? DESCENDS
                                                                               : FORKED;
}

/* ... to all others that write, *rival being one that it does not descend from. */
static enum descent find_descent_of_all(const struct sw_scene *scene, int node, int *rival)
{
    for (int i = 0; i < scene->cluster->node_count; i++) {
        const struct sw_vitals *other = &scene->vitals[i];
        enum descent descent;

        if (i == node || !is_writable(scene, i))
            continue;
        descent =
            find_descent(scene, node, other->timeline, other->ends,
                         other->history_timeline == other->timeline ? other->end_count : 0);
        *rival = i;
        if (descent != DESCENDS)
            return descent;
    }
    *rival = scene->to->primary;
    return find_descent(scene, node, scene->to->timeline, scene->to->ends,
                        scene->to->end_count);
}

static void adopt(struct sw_scene *scene, int node)
{
    char how[SW_WHY];

    (void)snprintf(how, sizeof how, "%s is primary on timeline %d, %s was on timeline %d",
                   name_of(scene, node), scene->vitals[node].timeline,
                   name_of(scene, scene->to->primary), scene->to->timeline);
    sw_scene_switch(scene, node, how);
    for (int i = 0; i < scene->cluster->node_count; i++)
        if (i != node && is_writable(scene, i))
            fence(scene, i, "another node is primary now");
    admit_when_confirmed(scene);
}

/* Another node writes than the one that is known, or the known one on another timeline. */
static void judge_newcomer(struct sw_scene *scene, int node)
{
    const struct sw_vitals *vitals = &scene->vitals[node];
    int rival = NOBODY, known = scene->to->primary;

    switch (find_descent_of_all(scene, node, &rival)) {
    case DESCENDS:
        adopt(scene, node);
        return;
    case UNREAD:
        sw_scene_hold(scene, SW_SUSPEND, "the history of timeline %d of %s is being read",
                      vitals->timeline, name_of(scene, node));
        return;
    case UNREADABLE:
        if (scene->to->admission != SW_REFUSE)
            (void)sw_tidings_add(scene->tidings, SW_EVENT_FAILOVER_REFUSED, node,
                                 "the history of timelines cannot be read: %s",
                                 vitals->history_why);
        sw_scene_hold(scene, SW_REFUSE,
                      "%s writes on timeline %d, but whether that descends from timeline %d "
                      "cannot be read: %s",
                      name_of(scene, node), vitals->timeline, scene->to->timeline,
                      vitals->history_why);
        return;
    case FORKED:
        break;
    }
    if (rival == node)
        sw_scene_hold(scene, SW_REFUSE,
                      "SPLIT_BRAIN: %s is on timeline %d, which does not descend from timeline "
                      "%d that it was on; if that is meant, restart shardward",
                      name_of(scene, node), vitals->timeline, scene->to->timeline);
    else if (rival == known && (known < 0 || is_standby(scene, known)))
        adopt(scene, node); /* who was primary has given in: it was meant so */
    else
        split(scene, node, rival);
}

static bool is_known(const struct sw_scene *scene, int node)
{
    return node == scene->to->primary && scene->vitals[node].timeline == scene->to->timeline;
}

/* At first: whoever writes, once all have been tried. */
static bool is_too_early(const struct sw_scene *scene)
{
    if (scene->to->timeline != 0)
        return false;
    for (int i = 0; i < scene->cluster->node_count; i++)
        if (!scene->vitals[i].is_tried)
            return true;
    return false;
}

static void judge_writable(struct sw_scene *scene, int best, int second)
{
    int later = find_later(scene, scene->vitals[best].timeline);

    if (later != NOBODY)
        sw_scene_hold(scene, SW_SUSPEND,
                      "%s has been on timeline %d, whose primary is not seen; %s writes on "
                      "timeline %d",
                      name_of(scene, later), scene->vitals[later].timeline,
                      name_of(scene, best), scene->vitals[best].timeline);
    else if (second != NOBODY)
        split(scene, best, second);
    else if (is_known(scene, best))
        admit_when_confirmed(scene);
    else
        judge_newcomer(scene, best);
}

void sw_follow_decide(struct sw_scene *scene)
{
    int rival = NOBODY, rivals, best, second;

    if (scene->to->timeline == 0)
        scene->to->primary = NOBODY;
    unfence_standbys(scene);
    rivals = count_rivals(scene, &rival);
    if (rivals > 1 || (rivals == 1 && !end_split(scene, rival)))
        return;
    fence_stale(scene);
    best = find_writable(scene, &second);
    if (best == NOBODY || is_too_early(scene))
        lose(scene);
    else
        judge_writable(scene, best, second);
}
