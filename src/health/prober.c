/*
 * The thread's loop: begin what is due, wait until something comes or a tick is over, take what
 * came, give up what has taken too long, come to verdicts, tell the others. Ticks are short
 * enough for every time in the configuration; one that comes late says that it was us who stood
 * still.
 */
#include "internal.h"
#include "patient.h"

#include "shardward/base/clock.h"
#include "shardward/base/log.h"
#include "shardward/base/mem.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

enum {
    SHORT_TICK_MS = 20, /* while some node is not well */
    TOGETHER_MS = 1000, /* who falls silent within that does so for one reason */
};

struct prober {
    struct sw_health *health;
    struct sw_map *map;
    struct sw_patient *patients;
    int count;
    struct pollfd *fds; /* the first one wakes us, then SW_PATIENT_PROBES for each patient */
    struct sw_pulse pulse;
    uint64_t beat_ms; /* when that was last felt */
    struct sw_round round;
};

/* --- whom to watch --- */

static int count_watched(const struct sw_map *map)
{
    int count = 0;

    for (int c = 0; c < map->cluster_count; c++)
        if (map->clusters[c].failover != SW_FAILOVER_OFF)
            count += map->clusters[c].node_count;
    return count;
}

static const struct sw_patient *find_same(const struct prober *prober,
                                          const struct sw_cluster *cluster,
                                          const struct sw_node *node)
{
    for (int i = 0; i < prober->count; i++) {
        const struct sw_patient *patient = &prober->patients[i];

        if (strcmp(patient->cluster->name, cluster->name) == 0 &&
            strcmp(patient->node->name, node->name) == 0 &&
            strcmp(patient->node->address, node->address) == 0 &&
            patient->node->port == node->port)
            return patient;
    }
    return NULL;
}

static void admit(const struct prober *prober, struct sw_patient *patient,
                  const struct sw_cluster *cluster, const struct sw_node *node)
{
    const struct sw_patient *before = find_same(prober, cluster, node);

    *patient = (struct sw_patient){.cluster = cluster, .node = node};
    patient->vitals.heard_ms = patient->vitals.replay_ms = -1;
    patient->noise = (uint32_t)(uintptr_t)node + (uint32_t)prober->round.now_ms;
    patient->next_connect_ms = prober->round.now_ms + (uint64_t)cluster->health->connect_ms;
    if (before == NULL)
        return;
    patient->judge = before->judge;
    patient->vitals = before->vitals;
}

static void show_all(struct prober *prober)
{
    struct sw_shown *shown = sw_alloc_zero((size_t)prober->count + 1, sizeof *shown);

    for (int i = 0; i < prober->count; i++) {
        shown[i].cluster = sw_strdup(prober->patients[i].cluster->name);
        shown[i].node = sw_strdup(prober->patients[i].node->name);
        shown[i].vitals = prober->patients[i].vitals;
    }
    sw_health_show(prober->health, shown, prober->count);
}

static bool has_clouds(const struct prober *prober)
{
    const char *first = NULL;

    for (int i = 0; i < prober->count; i++) {
        const char *cloud = prober->patients[i].node->cloud;

        if (cloud != NULL && first != NULL && strcmp(cloud, first) != 0)
            return true;
        first = first == NULL ? cloud : first;
    }
    return false;
}

/* Connections are opened anew: the new map may say another user, or other certificates. */
static void use_map(struct prober *prober, struct sw_map *map)
{
    int count = map == NULL ? 0 : count_watched(map), at = 0;
    struct sw_patient *patients = sw_alloc_zero((size_t)count + 1, sizeof *patients);

    for (int i = 0; i < prober->count; i++)
        sw_patient_close(&prober->patients[i]);
    for (int c = 0; map != NULL && c < map->cluster_count; c++) {
        const struct sw_cluster *cluster = &map->clusters[c];

        for (int n = 0; cluster->failover != SW_FAILOVER_OFF && n < cluster->node_count; n++)
            admit(prober, &patients[at++], cluster, &cluster->nodes[n]);
    }
    free(prober->patients);
    free(prober->fds);
    sw_map_unref(prober->map);
    prober->map = map;
    prober->patients = patients;
    prober->count = count;
    prober->fds = sw_alloc_zero((size_t)count * SW_PATIENT_PROBES + 1, sizeof *prober->fds);
    prober->round.has_clouds = has_clouds(prober);
    show_all(prober);
}

/* --- telling --- */

/* Under the lock: take over what others want, and give what they read. */
static void exchange(struct prober *prober)
{
    struct sw_health *health = prober->health;
    bool is_news = false;

    (void)pthread_mutex_lock(&health->lock);
    for (int i = 0; i < prober->count; i++) {
        struct sw_patient *patient = &prober->patients[i];

        if (health->shown[i].is_hinted)
            sw_patient_hurry(patient, &prober->round);
        health->shown[i].is_hinted = false;
        if (!patient->is_changed)
            continue;
        health->shown[i].vitals = patient->vitals;
        patient->is_changed = false;
        is_news = true;
    }
    if (is_news && health->on_news != NULL)
        health->on_news(health->owner);
    (void)pthread_mutex_unlock(&health->lock);
}

/* --- a turn --- */

static void wait_for_news(struct prober *prober, int timeout_ms)
{
    nfds_t count = 1;
    uint64_t drained;

    prober->fds[0] = (struct pollfd){.fd = prober->health->wake_fd, .events = POLLIN};
    for (int i = 0; i < prober->count; i++) {
        for (int n = 0; n < SW_PATIENT_PROBES; n++) {
            const struct sw_probe *probe = sw_patient_probe(&prober->patients[i], n);

            prober->fds[count++] =
                (struct pollfd){.fd = sw_probe_fd(probe), .events = probe->wants};
        }
    }
    (void)poll(prober->fds, count, timeout_ms);
    if (prober->fds[0].revents != 0)
        (void)!read(prober->health->wake_fd, &drained, sizeof drained);
}

static void take_news(struct prober *prober)
{
    size_t at = 1;

    for (int i = 0; i < prober->count; i++) {
        for (int n = 0; n < SW_PATIENT_PROBES; n++, at++) {
            struct sw_probe *probe = sw_patient_probe(&prober->patients[i], n);

            if (prober->fds[at].revents != 0 || sw_probe_is_named(probe))
                sw_patient_take(&prober->patients[i], probe, sw_probe_move(probe),
                                &prober->round);
        }
    }
}

static int tick_of(const struct prober *prober)
{
    if (prober->count == 0)
        return -1;
    for (int i = 0; i < prober->count; i++)
        if (prober->patients[i].judge.verdict != SW_VERDICT_UP)
            return SHORT_TICK_MS;
    return SW_TICK_MS;
}

static bool are_apart(const struct sw_patient *a, const struct sw_patient *b)
{
    return a->node->cloud != NULL && b->node->cloud != NULL &&
           strcmp(a->node->cloud, b->node->cloud) != 0;
}

/* Have nodes of two clouds fallen silent together, while we had too little time to listen? */
static bool is_deaf(const struct prober *prober)
{
    for (int i = 0; i < prober->count && sw_pulse_factor(&prober->pulse) > 1; i++) {
        const struct sw_patient *a = &prober->patients[i];
        uint64_t a_ms = sw_judge_silent_ms(&a->judge, a->cluster->health);

        for (int n = 0; n < i && a_ms != 0; n++) {
            const struct sw_patient *b = &prober->patients[n];
            uint64_t b_ms = sw_judge_silent_ms(&b->judge, b->cluster->health);

            if (b_ms != 0 && are_apart(a, b) &&
                (a_ms > b_ms ? a_ms - b_ms : b_ms - a_ms) < TOGETHER_MS)
                return true;
        }
    }
    return false;
}

static void check_pulse(struct prober *prober, int tick_ms)
{
    struct sw_round *round = &prober->round;
    uint64_t before_ms = prober->beat_ms;

    prober->beat_ms = round->now_ms = sw_clock_ms();
    if (tick_ms >= 0 && before_ms != 0 &&
        sw_pulse_beat(&prober->pulse, before_ms + (uint64_t)tick_ms, round->now_ms)) {
        sw_log(SW_LOG_WARNING, "health-stalled", "for_ms=%d",
               (int)(round->now_ms - before_ms) - tick_ms);
        for (int i = 0; i < prober->count; i++)
            sw_patient_excuse(&prober->patients[i], round);
    }
    round->factor = sw_pulse_factor(&prober->pulse);
    for (int i = 0; i < prober->count; i++)
        if (prober->patients[i].judge.answered_ms > round->newest_ms)
            round->newest_ms = prober->patients[i].judge.answered_ms;
}

static bool has_ill_primary(const struct prober *prober, const struct sw_cluster *cluster)
{
    for (int i = 0; i < prober->count; i++) {
        const struct sw_patient *patient = &prober->patients[i];

        if (patient->cluster == cluster && patient->vitals.role == SW_ROLE_PRIMARY &&
            patient->judge.verdict != SW_VERDICT_UP)
            return true;
    }
    return false;
}

/* A new primary shall be seen soon. */
static void alert(struct prober *prober)
{
    for (int i = 0; i < prober->count; i++)
        prober->patients[i].is_alert = has_ill_primary(prober, prober->patients[i].cluster);
}

static void turn(struct prober *prober)
{
    int tick_ms = tick_of(prober);

    prober->round.now_ms = sw_clock_ms();
    for (int i = 0; i < prober->count; i++)
        sw_patient_start_due(&prober->patients[i], &prober->round);
    wait_for_news(prober, tick_ms);
    check_pulse(prober, tick_ms);
    take_news(prober);
    for (int i = 0; i < prober->count; i++)
        sw_patient_give_up(&prober->patients[i], &prober->round);
    prober->round.is_deaf = is_deaf(prober);
    for (int i = 0; i < prober->count; i++)
        sw_patient_judge(&prober->patients[i], &prober->round);
    alert(prober);
    exchange(prober);
}

void *sw_prober_run(void *owner)
{
    struct prober prober = {.health = owner};

    use_map(&prober, NULL);
    while (!atomic_load(&prober.health->is_stopping)) {
        prober.round.now_ms = sw_clock_ms();
        if (atomic_exchange(&prober.health->has_map, false))
            use_map(&prober, sw_board_map(prober.health->board));
        turn(&prober);
    }
    use_map(&prober, NULL);
    free(prober.patients);
    free(prober.fds);
    return NULL;
}
