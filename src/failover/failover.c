/*
 * The thread sleeps until health has news, or a map is new. Then, for each cluster that is
 * watched: what was -> what health says -> the decision -> what is. A state that says something
 * else than the one on the board is published at once; one in which only positions have moved
 * a little later, with others of its like.
 */
#include "shardward/failover/failover.h"

#include "manager.h"

#include "shardward/failover/scene.h"

#include "shardward/base/clock.h"
#include "shardward/base/cond.h"
#include "shardward/base/log.h"
#include "shardward/base/mem.h"

#include <pthread.h>
#include <string.h>

enum {
    POSITIONS_MS = 250, /* between two states in which only positions are new */
    REST_MS = 1000,     /* at the latest it looks again: some decisions hang on time */
};

/* A cluster that is watched; the thread's own. */
struct watched {
    struct sw_memory memory;
    struct sw_manager *manager; /* NULL: it is not, or was never, managed */
};

struct sw_failover {
    struct sw_board *board;
    struct sw_health *health;
    struct sw_lent lent;
    pthread_t thread;
    pthread_mutex_t lock; /* for these: */
    pthread_cond_t changed;
    bool has_news, is_stopping, is_settled;
    struct sw_link orders; /* of struct sw_order */
    /* The thread's own. */
    struct sw_textmap watched; /* by the cluster's name: struct watched */
    uint64_t published_ms;
    struct sw_tidings tidings;
};

static struct watched *find_watched(struct sw_failover *failover, const char *name)
{
    struct watched *watched = sw_textmap_get(&failover->watched, name);

    if (watched == NULL) {
        watched = sw_alloc_zero(1, sizeof *watched);
        sw_memory_init(&watched->memory);
        (void)sw_textmap_put(&failover->watched, name, watched);
    }
    return watched;
}

static void watched_free(struct watched *watched)
{
    if (watched == NULL)
        return;
    sw_manager_close(watched->manager);
    sw_memory_finish(&watched->memory);
    free(watched);
}

/* --- what is told --- */

static void tell(struct sw_failover *failover, const struct sw_cluster *cluster)
{
    struct sw_events *events = sw_board_events(failover->board);

    for (int i = 0; i < failover->tidings.count; i++) {
        const struct sw_tiding *tiding = &failover->tidings.items[i];

        sw_events_add(events,
                      &(struct sw_event){
                          .kind = tiding->kind,
                          .cluster = cluster->name,
                          .node = tiding->node < 0 ? NULL : cluster->nodes[tiding->node].name,
                          .detail = tiding->detail,
                          .duration_ms = tiding->duration_ms,
                          .lost_bytes = tiding->lost_bytes});
    }
}

static bool is_other_cluster(const struct sw_cluster_state *was,
                             const struct sw_cluster_state *is)
{
    return was->primary != is->primary || was->admission != is->admission ||
           was->generation != is->generation || was->timeline != is->timeline ||
           was->term != is->term || was->end_count != is->end_count ||
           was->primary_started_us != is->primary_started_us ||
           was->is_in_maintenance != is->is_in_maintenance || strcmp(was->why, is->why) != 0;
}

static bool is_other_node(const struct sw_node_state *was, const struct sw_node_state *is)
{
    return was->verdict != is->verdict || was->role != is->role ||
           was->is_fenced != is->is_fenced || was->may_serve_reads != is->may_serve_reads ||
           was->is_sync != is->is_sync || was->timeline != is->timeline ||
           was->started_us != is->started_us || strcmp(was->why, is->why) != 0;
}

/* That a replica may still be read is worth telling so often. */
enum { FRESH_MS = 1000 };

static bool is_moved(const struct sw_node_state *was, const struct sw_node_state *is)
{
    return was->written_lsn != is->written_lsn || was->replayed_lsn != is->replayed_lsn ||
           was->lag_bytes != is->lag_bytes || is->fresh_ms > was->fresh_ms + FRESH_MS;
}

static void log_cluster(const struct sw_cluster_state *was, const struct sw_cluster_state *is)
{
    if (!is_other_cluster(was, is))
        return;
    sw_log(SW_LOG_INFO, "cluster",
           "cluster=%s primary=%s admission=%s timeline=%d generation=%d why=\"%s\"",
           is->cluster->name, is->primary < 0 ? "" : is->cluster->nodes[is->primary].name,
           sw_admission_name(is->admission), is->timeline, is->generation, is->why);
}

/* --- a look at everything --- */

enum news { NOTHING_NEW, MOVED, ELSE };

static enum news compare(const struct sw_cluster_state *was, const struct sw_cluster_state *is)
{
    enum news news = is_other_cluster(was, is) || was->sessions_ended != is->sessions_ended
                         ? ELSE
                         : NOTHING_NEW;

    for (int i = 0; i < is->cluster->node_count && news != ELSE; i++) {
        if (is_other_node(&was->nodes[i], &is->nodes[i]))
            news = ELSE;
        else if (is_moved(&was->nodes[i], &is->nodes[i]))
            news = MOVED;
    }
    return news;
}

static void wake(void *owner);

/* The manager of a cluster that has one; NULL: it is not managed, or *err. */
static struct sw_manager *find_manager(struct sw_failover *failover,
                                       const struct sw_cluster *cluster, struct sw_error *err)
{
    struct watched *watched = find_watched(failover, cluster->name);

    if (watched->manager == NULL)
        watched->manager = sw_manager_create(failover->board, failover->health, &failover->lent,
                                             cluster->name, wake, failover, err);
    else
        sw_manager_wake(watched->manager);
    return watched->manager;
}

static void decide(struct sw_failover *failover, struct sw_scene *scene)
{
    struct sw_manager *manager;
    struct sw_error err;

    sw_nodes_take(scene);
    if (scene->cluster->failover == SW_FAILOVER_FOLLOW) {
        sw_follow_decide(scene);
    } else {
        manager = find_manager(failover, scene->cluster, &err);
        if (manager == NULL)
            sw_scene_hold(scene, SW_SUSPEND, "%s", err.message);
        else
            sw_managed_decide(scene, manager);
    }
    sw_nodes_measure(scene);
}

/* The nodes of a state are the failover thread's until it is published. */
static struct sw_node_state *nodes_of(const struct sw_cluster_state *cluster)
{
    return (struct sw_node_state *)(uintptr_t)cluster->nodes;
}

/* False: it is not known yet how some node is. */
static bool look_at(struct sw_failover *failover, struct sw_state *next, int index,
                    const struct sw_cluster_state *was, enum news *news)
{
    struct sw_cluster_state *to = &next->clusters[index];
    const struct sw_cluster *cluster = to->cluster;
    struct watched *watched = find_watched(failover, cluster->name);
    struct sw_vitals *vitals = sw_alloc_zero((size_t)cluster->node_count, sizeof *vitals);
    struct sw_scene scene = {.cluster = cluster,
                             .vitals = vitals,
                             .now_ms = sw_clock_ms(),
                             .now_us = (int64_t)sw_clock_unix_us(),
                             .memory = &watched->memory,
                             .arena = &next->arena,
                             .to = to,
                             .nodes = nodes_of(to),
                             .tidings = &failover->tidings};
    bool is_settled = true, has_writer = false;
    enum news here;

    sw_health_look(failover->health, cluster, vitals);
    to->sessions_ended = 0;
    for (int i = 0; i < cluster->node_count; i++)
        to->sessions_ended += vitals[i].sessions_ended;
    failover->tidings.count = 0;
    decide(failover, &scene);
    here = compare(was, to);
    *news = here > *news ? here : *news;
    tell(failover, cluster);
    log_cluster(was, to);
    for (int i = 0; i < cluster->node_count; i++) {
        is_settled = is_settled && vitals[i].is_tried;
        has_writer =
            has_writer || (vitals[i].role == SW_ROLE_PRIMARY && vitals[i].seen_ms != 0);
    }
    free(vitals);
    return is_settled && (to->admission != SW_SUSPEND || !has_writer);
}

/* False: there is another map by now, and it has to be looked at. */
static bool publish(struct sw_failover *failover, struct sw_state *next, enum news news,
                    int *rest_ms)
{
    uint64_t age_ms = sw_clock_ms() - failover->published_ms;

    if (news == NOTHING_NEW)
        return true;
    if (news == MOVED && age_ms < POSITIONS_MS) {
        *rest_ms = POSITIONS_MS - (int)age_ms;
        return true;
    }
    failover->published_ms = sw_clock_ms();
    return sw_board_publish_state(failover->board, next);
}

/* --- orders --- */

static bool has_node(const struct sw_cluster *cluster, const char *name)
{
    for (int i = 0; i < cluster->node_count; i++)
        if (strcmp(cluster->nodes[i].name, name) == 0)
            return true;
    return false;
}

/* The cluster that is named, or that has the node that is; NULL: there is none. */
static const struct sw_cluster *find_ordered(const struct sw_map *map,
                                             const struct sw_order *order)
{
    for (int i = 0; i < map->cluster_count; i++) {
        const struct sw_cluster *cluster = &map->clusters[i];

        if (order->cluster[0] == '\0' ? has_node(cluster, order->node)
                                      : strcmp(cluster->name, order->cluster) == 0)
            return cluster;
    }
    return NULL;
}

static void hand_over(struct sw_failover *failover, const struct sw_map *map,
                      struct sw_order *order)
{
    const struct sw_cluster *cluster = find_ordered(map, order);
    struct sw_manager *manager = NULL;

    if (cluster == NULL)
        sw_error_set(&order->err, "42704", "there is no such cluster or node");
    else if (cluster->failover != SW_FAILOVER_MANAGED)
        sw_error_set(&order->err, "55000", "cluster %s has failover: %s, and is not managed",
                     cluster->name, sw_failover_mode_name(cluster->failover));
    else
        manager = find_manager(failover, cluster, &order->err);
    order->is_good = false;
    if (manager == NULL)
        sw_mailbox_post(order->mailbox, &order->letter);
    else
        sw_manager_order(manager, order);
}

void sw_failover_order(struct sw_failover *failover, struct sw_order *order)
{
    (void)pthread_mutex_lock(&failover->lock);
    sw_list_push_back(&failover->orders, &order->link);
    failover->has_news = true;
    (void)pthread_cond_broadcast(&failover->changed);
    (void)pthread_mutex_unlock(&failover->lock);
}

/* Returns how long to rest if there is no news; -1: for ever. */
static int go_round(struct sw_failover *failover)
{
    struct sw_map *map = sw_board_map(failover->board);
    struct sw_state *before = sw_board_state(failover->board), *next;
    bool is_settled = true;
    enum news news = NOTHING_NEW;
    struct sw_order *order;
    int rest_ms = -1;

    while ((order = sw_orders_next(&failover->orders, &failover->lock)) != NULL)
        hand_over(failover, map, order);
    if (before->map == map) {
        next = sw_state_create(map, before);
        for (int i = 0; i < map->cluster_count; i++) {
            if (map->clusters[i].failover == SW_FAILOVER_OFF)
                continue;
            rest_ms = REST_MS;
            if (!look_at(failover, next, i, &before->clusters[i], &news))
                is_settled = false;
        }
        if (!publish(failover, next, news, &rest_ms))
            rest_ms = 0;
        sw_state_unref(next);
    } else {
        rest_ms = 0;
    }
    sw_state_unref(before);
    sw_map_unref(map);
    if (is_settled && rest_ms != 0) {
        (void)pthread_mutex_lock(&failover->lock);
        failover->is_settled = true;
        (void)pthread_cond_broadcast(&failover->changed);
        (void)pthread_mutex_unlock(&failover->lock);
    }
    return rest_ms;
}

/* --- the thread --- */

/* Under the lock. */
static void rest(struct sw_failover *failover, int rest_ms)
{
    uint64_t until_ms = sw_cond_in_ms(rest_ms);

    while (!failover->has_news && !failover->is_stopping &&
           sw_cond_wait(&failover->changed, &failover->lock, until_ms))
        continue;
}

static void *run_thread(void *owner)
{
    struct sw_failover *failover = owner;
    int rest_ms;

    (void)pthread_mutex_lock(&failover->lock);
    while (!failover->is_stopping) {
        failover->has_news = false;
        (void)pthread_mutex_unlock(&failover->lock);
        rest_ms = go_round(failover);
        (void)pthread_mutex_lock(&failover->lock);
        rest(failover, rest_ms);
    }
    (void)pthread_mutex_unlock(&failover->lock);
    return NULL;
}

static void wake(void *owner)
{
    struct sw_failover *failover = owner;

    (void)pthread_mutex_lock(&failover->lock);
    failover->has_news = true;
    (void)pthread_cond_broadcast(&failover->changed);
    (void)pthread_mutex_unlock(&failover->lock);
}

struct sw_failover *sw_failover_create(struct sw_board *board, struct sw_health *health,
                                       struct sw_lent lent, struct sw_error *err)
{
    struct sw_failover *failover = sw_alloc_zero(1, sizeof *failover);
    int failed;

    failover->board = board;
    failover->health = health;
    failover->lent = lent;
    sw_textmap_init(&failover->watched);
    sw_link_init(&failover->orders);
    (void)pthread_mutex_init(&failover->lock, NULL);
    sw_cond_init(&failover->changed);
    failed = pthread_create(&failover->thread, NULL, run_thread, failover);
    if (failed == 0) {
        sw_health_watch(health, wake, failover);
        return failover;
    }
    sw_error_set(err, "53000", "cannot start the thread that follows primaries: %s",
                 strerror(failed));
    free(failover);
    return NULL;
}

void sw_failover_wait(struct sw_failover *failover, int timeout_ms)
{
    uint64_t until_ms = sw_cond_in_ms(timeout_ms);

    (void)pthread_mutex_lock(&failover->lock);
    while (!failover->is_settled && sw_cond_wait(&failover->changed, &failover->lock, until_ms))
        continue;
    (void)pthread_mutex_unlock(&failover->lock);
}

void sw_failover_follow_map(struct sw_failover *failover)
{
    wake(failover);
}

void sw_failover_close(struct sw_failover *failover)
{
    struct watched *watched;
    struct sw_order *order;
    size_t at = 0;

    if (failover == NULL)
        return;
    sw_health_watch(failover->health, NULL, NULL);
    (void)pthread_mutex_lock(&failover->lock);
    failover->is_stopping = true;
    (void)pthread_cond_broadcast(&failover->changed);
    (void)pthread_mutex_unlock(&failover->lock);
    (void)pthread_join(failover->thread, NULL);
    while ((order = sw_orders_next(&failover->orders, &failover->lock)) != NULL) {
        sw_error_set(&order->err, "57P01", "shardward is stopping");
        sw_mailbox_post(order->mailbox, &order->letter);
    }
    while ((watched = sw_textmap_next(&failover->watched, &at, NULL)) != NULL)
        watched_free(watched);
    sw_textmap_finish(&failover->watched);
    (void)pthread_mutex_destroy(&failover->lock);
    (void)pthread_cond_destroy(&failover->changed);
    free(failover);
}
