#include "manager.h"

#include "shardward/base/clock.h"
#include "shardward/base/cond.h"
#include "shardward/base/mem.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    REST_MS = 200,
    ASK_MS = 3000,
    QUORUM_LOST_MS = 5000, /* for so long a primary may wait for standbys that are there */
};

/* --- telling --- */

void sw_manager_tell(struct sw_manager *manager, enum sw_event_kind kind, int node,
                     uint64_t duration_ms, const char *format, ...)
{
    char detail[SW_EVENT_DETAIL];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    sw_events_add(
        sw_board_events(manager->board),
        &(struct sw_event){.kind = kind,
                           .cluster = manager->name,
                           .node = node < 0 ? NULL : manager->cluster->nodes[node].name,
                           .detail = detail,
                           .duration_ms = duration_ms});
}

void sw_manager_refuse(struct sw_manager *manager, const char *why)
{
    if (strcmp(manager->refused, why) == 0)
        return;
    (void)snprintf(manager->refused, sizeof manager->refused, "%s", why);
    sw_manager_tell(manager, SW_EVENT_FAILOVER_REFUSED, -1, 0, "%s", why);
}

void sw_manager_show(struct sw_manager *manager)
{
    struct sw_map *before;

    (void)pthread_mutex_lock(&manager->lock);
    before = manager->shown_map;
    manager->shown_map = sw_map_ref(manager->map);
    manager->shown = manager->standing;
    (void)pthread_mutex_unlock(&manager->lock);
    sw_map_unref(before);
    manager->on_news(manager->owner);
}

void sw_manager_hold(struct sw_manager *manager, enum sw_admission admission,
                     const char *format, ...)
{
    struct sw_standing *standing = &manager->standing;
    char why[SW_WHY];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(why, sizeof why, format, args);
    va_end(args);
    if (standing->admission == admission && strcmp(standing->why, why) == 0 &&
        manager->shown_map == manager->map)
        return;
    standing->admission = admission;
    (void)snprintf(standing->why, sizeof standing->why, "%s", why);
    sw_manager_show(manager);
}

void sw_manager_admit(struct sw_manager *manager, int node, int64_t term, int timeline,
                      int64_t started_us)
{
    struct sw_standing *standing = &manager->standing;

    standing->generation++;
    standing->primary = node;
    standing->term = term;
    standing->timeline = timeline;
    standing->started_us = started_us;
    standing->admission = SW_ADMIT;
    standing->why[0] = '\0';
    standing->since_ms = sw_clock_ms();
    standing->fenced &= ~((sw_nodes)1 << node);
    if (term > manager->term_known)
        manager->term_known = term;
    if (term > manager->term_reigned)
        manager->term_reigned = term;
    manager->is_keeping = true;
    manager->knows_epochs = manager->knows_epochs || term > 0;
    manager->refused[0] = '\0';
    manager->pause.failures = 0;
    manager->pause.until_ms = 0;
    manager->unsynced_ms = 0;
    sw_manager_show(manager);
}

/* --- seats --- */

struct sw_seat sw_manager_seat(struct sw_manager *manager, int node)
{
    return (struct sw_seat){.cluster = manager->cluster,
                            .index = node,
                            .node = &manager->cluster->nodes[node],
                            .is_stopping = &manager->is_stopping};
}

bool sw_manager_open(const struct sw_manager *manager, struct sw_seat *seat)
{
    if (!sw_seat_open(seat, ASK_MS))
        return false;
    if (manager->system_id == 0 || seat->report.system_id == manager->system_id)
        return true;
    sw_seats_close(seat, 1);
    return sw_error_set(&seat->err, "55000", "%s has the data of another system",
                        seat->node->name);
}

/* Who was promoted by somebody else is a primary, and no rival. */
bool sw_manager_is_late(struct sw_manager *manager, const struct sw_seat *seat,
                        struct sw_error *err)
{
    const struct sw_report *report = &seat->report;
    int64_t term = report->epoch.term > report->term ? report->epoch.term : report->term;

    if (term <= manager->standing.term)
        return false;
    manager->is_keeping = false;
    manager->examined_ms = 0;
    sw_error_set(err, "55000", "%s knows term %" PRId64 ", and the primary has term %" PRId64,
                 seat->node->name, term, manager->standing.term);
    return true;
}

void sw_manager_seats(struct sw_manager *manager, struct sw_seat *seats)
{
    for (int i = 0; i < manager->cluster->node_count; i++)
        seats[i] = sw_manager_seat(manager, i);
}

sw_nodes sw_manager_down(const struct sw_manager *manager)
{
    sw_nodes down = 0;

    for (int i = 0; i < manager->cluster->node_count; i++)
        if (manager->vitals[i].verdict == SW_VERDICT_DOWN)
            down |= (sw_nodes)1 << i;
    return down;
}

/* --- promotions --- */

static sw_nodes find_standbys(const struct sw_manager *manager)
{
    sw_nodes standbys = 0;

    for (int i = 0; i < manager->cluster->node_count; i++)
        if (manager->vitals[i].role == SW_ROLE_STANDBY)
            standbys |= (sw_nodes)1 << i;
    return standbys;
}

void sw_manager_pause(struct sw_manager *manager, bool is_for_others)
{
    uint32_t random = 0;

    (void)getrandom(&random, sizeof random, GRND_NONBLOCK);
    manager->pause.until_ms =
        sw_clock_ms() + (uint64_t)sw_pause_ms(manager->pause.failures, random);
    manager->pause.is_for_others = is_for_others;
    manager->pause.up = ~sw_manager_down(manager);
    manager->pause.standbys = find_standbys(manager);
}

bool sw_manager_pauses(const struct sw_manager *manager)
{
    const struct sw_pause *pause = &manager->pause;

    return sw_clock_ms() < pause->until_ms &&
           (pause->is_for_others || (pause->up == ~sw_manager_down(manager) &&
                                     pause->standbys == find_standbys(manager)));
}

/* Those who have a connection while the cluster drains have it until all workers say otherwise:
 * of the state by which it drains, or a later one. */
static bool is_lent(void *owner)
{
    struct sw_manager *manager = owner;
    struct sw_state *state = sw_board_state(manager->board);
    const struct sw_cluster_state *now = sw_state_cluster(state, manager->cluster);

    if (manager->drained_by == 0 && now != NULL && now->admission == SW_DRAIN)
        manager->drained_by = state->version;
    sw_state_unref(state);
    return manager->drained_by == 0 ||
           manager->lent->count(manager->lent->owner, manager->name, manager->drained_by) != 0;
}

static void on_drained(void *owner)
{
    sw_manager_hold(owner, SW_SUSPEND, "another node is made primary, as ordered");
}

struct sw_promotion sw_manager_promotion(struct sw_manager *manager,
                                         enum sw_promotion_kind kind)
{
    int old = manager->standing.primary;

    manager->drained_by = 0;
    return (struct sw_promotion){
        .cluster = manager->cluster,
        .kind = kind,
        .old = old,
        .target = -1,
        .cloud = manager->map->config->cloud,
        .by = manager->by,
        .down = sw_manager_down(manager),
        .old_written = old < 0 ? 0 : manager->vitals[old].written_lsn,
        .term_known = manager->term_known,
        .term_reigned = manager->term_reigned,
        .remembered = manager->cohort.term == manager->term_reigned
                          ? manager->cohort
                          : (struct sw_cohort){.primary = -1},
        .is_unsure = manager->is_unsure,
        .system_id = manager->system_id,
        .is_stopping = &manager->is_stopping,
        .is_lent = is_lent,
        .on_drained = on_drained,
        .owner = manager,
        .winner = -1,
    };
}

/* What was acknowledged on the old primary is on the new one if it waited for its cohort; else
 * this tells what is missing. */
static void audit(struct sw_manager *manager, const struct sw_promotion *promotion)
{
    uint64_t lost = promotion->old_written > promotion->switch_lsn
                        ? promotion->old_written - promotion->switch_lsn
                        : 0;
    char detail[SW_WHY];

    if (lost == 0 || promotion->old_timeline == 0 ||
        (promotion->was_synchronous && !manager->is_unproven))
        return;
    (void)snprintf(detail, sizeof detail,
                   "term %" PRId64 ": timeline %d ended at %" PRIX32 "/%" PRIX32
                   ", and was written until %" PRIX32 "/%" PRIX32 " at least",
                   promotion->term, promotion->old_timeline,
                   (uint32_t)(promotion->switch_lsn >> 32), (uint32_t)promotion->switch_lsn,
                   (uint32_t)(promotion->old_written >> 32), (uint32_t)promotion->old_written);
    sw_events_add(sw_board_events(manager->board),
                  &(struct sw_event){.kind = SW_EVENT_LOSS,
                                     .cluster = manager->name,
                                     .node = promotion->old < 0
                                                 ? NULL
                                                 : manager->cluster->nodes[promotion->old].name,
                                     .detail = detail,
                                     .lost_bytes = lost});
}

static void take_ends(struct sw_standing *standing, const struct sw_promotion *promotion)
{
    standing->end_count = promotion->end_count;
    memcpy(standing->ends, promotion->ends,
           (size_t)promotion->end_count * sizeof *promotion->ends);
}

bool sw_manager_promote(struct sw_manager *manager, struct sw_promotion *promotion,
                        struct sw_error *err)
{
    struct sw_standing *standing = &manager->standing;
    bool is_good;

    sw_seats_close(&manager->keeper, 1);
    is_good = sw_promotion_run(promotion, err);
    if (promotion->term_known > manager->term_known)
        manager->term_known = promotion->term_known;
    if (promotion->term > manager->term_known)
        manager->term_known = promotion->term;
    if (promotion->term > manager->pause.tried)
        manager->pause.tried = promotion->term;
    if (!is_good) {
        manager->is_unsure = promotion->is_unsure;
        /* Whoever is missing for another one to be promoted is looked for all the time. */
        if (promotion->is_disturbed || promotion->kind == SW_PROMOTE_FINISH ||
            promotion->kind == SW_PROMOTE_REINSTATE) {
            manager->pause.failures++;
            sw_manager_pause(manager, promotion->is_disturbed);
        }
        return false;
    }
    audit(manager, promotion);
    standing->was_planned = promotion->kind == SW_PROMOTE_PLANNED;
    (void)snprintf(standing->how, sizeof standing->how, "term %" PRId64 ": %.160s",
                   promotion->term, promotion->steps);
    if (promotion->old >= 0 && promotion->old != promotion->winner)
        standing->fenced |= (sw_nodes)1 << promotion->old;
    take_ends(standing, promotion);
    manager->cohort = promotion->cohort;
    manager->is_unproven = manager->is_unsure = false;
    sw_manager_admit(manager, promotion->winner, promotion->term, promotion->timeline,
                     promotion->started_us);
    sw_health_hint(manager->health, manager->name,
                   manager->cluster->nodes[promotion->winner].name, "it was promoted");
    return true;
}

/* --- the map --- */

/* What is remembered by index, for another map. */
static void move_nodes(struct sw_manager *manager, const struct sw_cluster *was,
                       const struct sw_cluster *is)
{
    struct sw_kept_node nodes[SW_MANAGED_NODES] = {{0}};
    struct sw_standing *standing = &manager->standing;
    sw_nodes fenced = 0;
    int primary = -1;

    for (int i = 0; was != NULL && i < is->node_count; i++) {
        int before = sw_node_index(was, is->nodes[i].name);

        if (before < 0)
            continue;
        nodes[i] = manager->nodes[before];
        fenced |= sw_is_in(standing->fenced, before) ? (sw_nodes)1 << i : 0;
        primary = before == standing->primary ? i : primary;
    }
    memcpy(manager->nodes, nodes, sizeof nodes);
    standing->fenced = fenced;
    standing->primary = primary;
    manager->is_keeping = manager->is_keeping && primary >= 0;
    manager->cohort = (struct sw_cohort){.primary = -1};
}

/* False: the cluster is there no more, or somebody else's. */
static bool take_map(struct sw_manager *manager)
{
    struct sw_map *map = sw_board_map(manager->board), *before = manager->map;
    const struct sw_cluster *cluster = NULL;

    for (int i = 0; i < map->cluster_count; i++)
        if (strcmp(map->clusters[i].name, manager->name) == 0 &&
            map->clusters[i].failover == SW_FAILOVER_MANAGED)
            cluster = &map->clusters[i];
    if (cluster == NULL || map == before) {
        sw_map_unref(map);
        return cluster != NULL;
    }
    sw_seats_close(&manager->keeper, 1);
    move_nodes(manager, manager->cluster, cluster);
    manager->map = map;
    manager->cluster = cluster;
    manager->keeper = sw_manager_seat(manager, 0);
    free(manager->vitals);
    manager->vitals = sw_alloc_zero((size_t)cluster->node_count, sizeof *manager->vitals);
    manager->gate.cooldown_ms = cluster->promotion->cooldown_ms;
    manager->gate.most_per_hour = cluster->promotion->most_per_hour;
    manager->gate.restart_grace_ms = cluster->health->restart_grace_ms;
    manager->gate.unreachable_grace_ms = cluster->health->unreachable_grace_ms;
    if (before != NULL)
        sw_manager_show(manager);
    sw_map_unref(before);
    return true;
}

/* --- the thread --- */

/* Is the primary still the one that is vouched for? */
static bool is_vouched(const struct sw_manager *manager)
{
    const struct sw_standing *standing = &manager->standing;
    const struct sw_vitals *vitals = &manager->vitals[standing->primary];
    bool is_fresh = vitals->seen_ms > standing->since_ms;

    return vitals->verdict != SW_VERDICT_DOWN &&
           !(is_fresh &&
             (vitals->role == SW_ROLE_STANDBY || vitals->started_us != standing->started_us));
}

bool sw_manager_is_cut_off(struct sw_manager *manager)
{
    const struct sw_vitals *vitals = &manager->vitals[manager->standing.primary];
    uint64_t now = sw_clock_ms();

    if (vitals->writes != SW_WRITES_UNSYNCED || manager->cohort.quorum == 0 ||
        !sw_cohort_is_covered(&manager->cohort, ~sw_manager_down(manager))) {
        manager->unsynced_ms = 0;
        return false;
    }
    if (manager->unsynced_ms == 0)
        manager->unsynced_ms = now;
    return now - manager->unsynced_ms >= QUORUM_LOST_MS;
}

/* Has some node promised a later term than the primary's? */
static bool is_superseded(const struct sw_manager *manager)
{
    const struct sw_standing *standing = &manager->standing;

    for (int i = 0; i < manager->cluster->node_count; i++) {
        const struct sw_vitals *vitals = &manager->vitals[i];

        if (vitals->verdict != SW_VERDICT_DOWN && vitals->seen_ms > standing->since_ms &&
            vitals->system_id == manager->system_id && vitals->term > standing->term)
            return true;
    }
    return false;
}

static bool are_all_tried(const struct sw_manager *manager)
{
    for (int i = 0; i < manager->cluster->node_count; i++)
        if (!manager->vitals[i].is_tried)
            return false;
    return true;
}

/* What others make of the cluster meanwhile is not known: it has to be examined if it comes
 * back. */
static void retire(struct sw_manager *manager)
{
    sw_seats_close(&manager->keeper, 1);
    manager->is_keeping = false;
    manager->examined_ms = 0;
    if (manager->map != NULL)
        sw_manager_hold(manager, SW_SUSPEND, "it has not been examined yet");
}

static void go_round(struct sw_manager *manager)
{
    if (!take_map(manager)) {
        sw_manager_leave(manager);
        retire(manager);
        return;
    }
    sw_health_look(manager->health, manager->cluster, manager->vitals);
    if (!are_all_tried(manager))
        return;
    if (sw_manager_obey(manager))
        return;
    if (manager->is_keeping && !is_vouched(manager)) {
        manager->is_keeping = false;
        manager->examined_ms = 0;
        if (manager->vitals[manager->standing.primary].verdict == SW_VERDICT_DOWN) {
            sw_manager_replace(manager);
            return;
        }
    }
    if (manager->is_keeping && sw_manager_is_cut_off(manager)) {
        manager->is_keeping = false;
        manager->unsynced_ms = 0;
        sw_manager_replace(manager);
        return;
    }
    if (manager->is_keeping && is_superseded(manager)) {
        manager->is_keeping = false;
        manager->examined_ms = 0;
        sw_manager_hold(manager, SW_SUSPEND, "a later term was promised to somebody else");
    }
    if (!manager->is_keeping)
        sw_manager_examine(manager);
    if (manager->is_keeping) {
        sw_manager_upkeep(manager);
        sw_manager_fence_others(manager);
    }
}

/* A pause ends when it ends: two that wake at the same beats would meet again. */
static int rest_ms(const struct sw_manager *manager)
{
    uint64_t now = sw_clock_ms(), until = manager->pause.until_ms;

    return until > now && until - now < REST_MS ? (int)(until - now) : REST_MS;
}

static void rest(struct sw_manager *manager)
{
    uint64_t until_ms = sw_cond_in_ms(rest_ms(manager));

    (void)pthread_mutex_lock(&manager->lock);
    while (!manager->has_news && !atomic_load(&manager->is_stopping) &&
           sw_cond_wait(&manager->changed, &manager->lock, until_ms))
        continue;
    manager->has_news = false;
    (void)pthread_mutex_unlock(&manager->lock);
}

static void *run_thread(void *owner)
{
    struct sw_manager *manager = owner;

    while (!atomic_load(&manager->is_stopping)) {
        go_round(manager);
        rest(manager);
    }
    sw_seats_close(&manager->keeper, 1);
    return NULL;
}

void sw_manager_wake(struct sw_manager *manager)
{
    (void)pthread_mutex_lock(&manager->lock);
    manager->has_news = true;
    (void)pthread_cond_broadcast(&manager->changed);
    (void)pthread_mutex_unlock(&manager->lock);
}

void sw_manager_order(struct sw_manager *manager, struct sw_order *order)
{
    (void)pthread_mutex_lock(&manager->lock);
    sw_list_push_back(&manager->orders, &order->link);
    manager->has_news = true;
    (void)pthread_cond_broadcast(&manager->changed);
    (void)pthread_mutex_unlock(&manager->lock);
}

static void free_manager(struct sw_manager *manager)
{
    sw_map_unref(manager->map);
    sw_map_unref(manager->shown_map);
    free(manager->vitals);
    (void)pthread_mutex_destroy(&manager->lock);
    (void)pthread_cond_destroy(&manager->changed);
    free(manager->name);
    free(manager);
}

struct sw_manager *sw_manager_create(struct sw_board *board, struct sw_health *health,
                                     const struct sw_lent *lent, const char *cluster,
                                     void (*on_news)(void *owner), void *owner,
                                     struct sw_error *err)
{
    struct sw_manager *manager = sw_alloc_zero(1, sizeof *manager);
    char host[100] = "";
    int failed;

    (void)gethostname(host, sizeof host - 1);
    manager->board = board;
    manager->health = health;
    manager->lent = lent;
    manager->name = sw_strdup(cluster);
    (void)snprintf(manager->by, sizeof manager->by, "%s:%d", host, (int)getpid());
    manager->on_news = on_news;
    manager->owner = owner;
    manager->standing.primary = -1;
    manager->standing.admission = SW_SUSPEND;
    manager->cohort.primary = -1;
    atomic_init(&manager->is_stopping, false);
    sw_link_init(&manager->orders);
    (void)pthread_mutex_init(&manager->lock, NULL);
    sw_cond_init(&manager->changed);
    failed = pthread_create(&manager->thread, NULL, run_thread, manager);
    if (failed == 0)
        return manager;
    sw_error_set(err, "53000", "cannot start the thread that manages cluster %s: %s", cluster,
                 strerror(failed));
    free_manager(manager);
    return NULL;
}

void sw_manager_close(struct sw_manager *manager)
{
    if (manager == NULL)
        return;
    atomic_store(&manager->is_stopping, true);
    sw_manager_wake(manager);
    (void)pthread_join(manager->thread, NULL);
    sw_manager_leave(manager);
    free_manager(manager);
}
