#include "internal.h"

#include "shardward/base/log.h"
#include "shardward/base/mem.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { HEARD_MS = 2000 };

bool sw_vitals_hears(const struct sw_vitals *vitals)
{
    return vitals->role == SW_ROLE_STANDBY && vitals->is_streaming && vitals->heard_ms >= 0 &&
           vitals->heard_ms < HEARD_MS;
}

struct sw_health *sw_health_create(struct sw_board *board, struct sw_error *err)
{
    struct sw_health *health = sw_alloc_zero(1, sizeof *health);
    int failed;

    health->board = board;
    atomic_init(&health->has_map, true);
    (void)pthread_mutex_init(&health->lock, NULL);
    health->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    failed = health->wake_fd < 0 ? errno
                                 : pthread_create(&health->thread, NULL, sw_prober_run, health);
    if (failed == 0)
        return health;
    sw_error_set(err, "53000", "cannot start the thread that watches nodes: %s",
                 strerror(failed));
    if (health->wake_fd >= 0)
        (void)close(health->wake_fd);
    free(health);
    return NULL;
}

void sw_health_wake(struct sw_health *health)
{
    const uint64_t one = 1;

    (void)!write(health->wake_fd, &one, sizeof one);
}

static void free_shown(struct sw_shown *shown, int count)
{
    for (int i = 0; i < count; i++) {
        free(shown[i].cluster);
        free(shown[i].node);
    }
    free(shown);
}

void sw_health_close(struct sw_health *health)
{
    if (health == NULL)
        return;
    atomic_store(&health->is_stopping, true);
    sw_health_wake(health);
    (void)pthread_join(health->thread, NULL);
    (void)close(health->wake_fd);
    free_shown(health->shown, health->shown_count);
    (void)pthread_mutex_destroy(&health->lock);
    free(health);
}

void sw_health_watch(struct sw_health *health, void (*on_news)(void *owner), void *owner)
{
    (void)pthread_mutex_lock(&health->lock);
    health->on_news = on_news;
    health->owner = owner;
    (void)pthread_mutex_unlock(&health->lock);
}

void sw_health_follow_map(struct sw_health *health)
{
    atomic_store(&health->has_map, true);
    sw_health_wake(health);
}

/* Under the lock. */
static struct sw_shown *find(struct sw_health *health, const char *cluster, const char *node)
{
    for (int i = 0; i < health->shown_count; i++)
        if (strcmp(health->shown[i].cluster, cluster) == 0 &&
            strcmp(health->shown[i].node, node) == 0)
            return &health->shown[i];
    return NULL;
}

void sw_health_look(struct sw_health *health, const struct sw_cluster *cluster,
                    struct sw_vitals *vitals)
{
    (void)pthread_mutex_lock(&health->lock);
    for (int i = 0; i < cluster->node_count; i++) {
        const struct sw_shown *shown = find(health, cluster->name, cluster->nodes[i].name);

        vitals[i] =
            shown == NULL ? (struct sw_vitals){.heard_ms = -1, .replay_ms = -1} : shown->vitals;
    }
    (void)pthread_mutex_unlock(&health->lock);
}

void sw_health_hint(struct sw_health *health, const char *cluster, const char *node,
                    const char *seen)
{
    struct sw_shown *shown;
    bool is_new;

    (void)pthread_mutex_lock(&health->lock);
    shown = find(health, cluster, node);
    is_new = shown != NULL && !shown->is_hinted;
    if (is_new)
        shown->is_hinted = true;
    (void)pthread_mutex_unlock(&health->lock);
    if (!is_new)
        return;
    sw_log(SW_LOG_DEBUG, "health-hint", "cluster=%s node=%s seen=\"%s\"", cluster, node, seen);
    sw_health_wake(health);
}

void sw_health_show(struct sw_health *health, struct sw_shown *shown, int count)
{
    struct sw_shown *before;
    int before_count;

    (void)pthread_mutex_lock(&health->lock);
    before = health->shown;
    before_count = health->shown_count;
    health->shown = shown;
    health->shown_count = count;
    if (health->on_news != NULL)
        health->on_news(health->owner);
    (void)pthread_mutex_unlock(&health->lock);
    free_shown(before, before_count);
}
