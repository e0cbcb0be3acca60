/*
 * The ring is one array, in which event number N has place N % SW_EVENTS_KEPT. Totals are few,
 * one for each name in the configuration, and never end.
 */
#include "shardward/board/events.h"

#include "shardward/base/clock.h"
#include "shardward/base/log.h"
#include "shardward/base/mem.h"
#include "shardward/base/text.h"
#include "shardward/base/textmap.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

struct kept {
    struct sw_event event; /* its texts are these: */
    char cluster[SW_EVENT_NAME], node[SW_EVENT_NAME], detail[SW_EVENT_DETAIL];
};

struct total {
    struct sw_event_totals totals; /* its texts are these: */
    char cluster[SW_EVENT_NAME], node[SW_EVENT_NAME];
};

struct sw_events {
    pthread_mutex_t lock;     /* for all that follows */
    uint64_t count;           /* ever added */
    struct sw_textmap totals; /* of struct total */
    struct kept ring[SW_EVENTS_KEPT];
};

static const struct {
    const char *name;
    enum sw_log_level level;
} kinds[SW_EVENT_KINDS] = {
    [SW_EVENT_NODE_UP] = {"node-up", SW_LOG_INFO},
    [SW_EVENT_NODE_SUSPECT] = {"node-suspect", SW_LOG_WARNING},
    [SW_EVENT_NODE_DOWN] = {"node-down", SW_LOG_ERROR},
    [SW_EVENT_NODE_QUARANTINED] = {"node-quarantined", SW_LOG_WARNING},
    [SW_EVENT_REPLICA_LAGS] = {"replica-lags", SW_LOG_WARNING},
    [SW_EVENT_REPLICA_FOLLOWS] = {"replica-follows", SW_LOG_INFO},
    [SW_EVENT_PRIMARY_LOST] = {"primary-lost", SW_LOG_ERROR},
    [SW_EVENT_PRIMARY_BACK] = {"primary-back", SW_LOG_INFO},
    [SW_EVENT_FAILOVER] = {"failover", SW_LOG_WARNING},
    [SW_EVENT_SWITCHOVER] = {"switchover", SW_LOG_INFO},
    [SW_EVENT_FAILOVER_REFUSED] = {"failover-refused", SW_LOG_ERROR},
    [SW_EVENT_SPLIT] = {"split-brain", SW_LOG_ERROR},
    [SW_EVENT_FENCED] = {"fenced", SW_LOG_WARNING},
    [SW_EVENT_UNFENCED] = {"unfenced", SW_LOG_INFO},
    [SW_EVENT_REJOINED] = {"rejoined", SW_LOG_INFO},
    [SW_EVENT_COHORT] = {"cohort", SW_LOG_INFO},
    [SW_EVENT_LOSS] = {"loss", SW_LOG_ERROR},
    [SW_EVENT_MAINTENANCE] = {"maintenance", SW_LOG_INFO},
};

const char *sw_event_name(enum sw_event_kind kind)
{
    return kinds[kind].name;
}

struct sw_events *sw_events_create(void)
{
    struct sw_events *events = sw_alloc_zero(1, sizeof *events);

    (void)pthread_mutex_init(&events->lock, NULL);
    sw_textmap_init(&events->totals);
    return events;
}

void sw_events_free(struct sw_events *events)
{
    struct total *total;
    size_t at = 0;

    if (events == NULL)
        return;
    while ((total = sw_textmap_next(&events->totals, &at, NULL)) != NULL)
        free(total);
    sw_textmap_finish(&events->totals);
    (void)pthread_mutex_destroy(&events->lock);
    free(events);
}

/* Whole characters of @text that fit; NULL stays NULL. */
static const char *keep_text(char *into, size_t size, const char *text)
{
    size_t len = text == NULL ? 0 : strnlen(text, size - 1);

    if (text == NULL)
        return NULL;
    if (text[len] != '\0')
        len = sw_text_utf8_len(text, len);
    memcpy(into, text, len);
    into[len] = '\0';
    return into;
}

static void keep(struct kept *kept, const struct sw_event *event)
{
    kept->event = *event;
    kept->event.cluster = keep_text(kept->cluster, sizeof kept->cluster, event->cluster);
    kept->event.node = keep_text(kept->node, sizeof kept->node, event->node);
    kept->event.detail = keep_text(kept->detail, sizeof kept->detail, event->detail);
}

static struct sw_event_totals *find_totals(struct sw_events *events,
                                           const struct sw_event *kept)
{
    char *key = sw_format("%s\x1f%s", kept->cluster, kept->node == NULL ? "" : kept->node);
    struct total *total = sw_textmap_get(&events->totals, key);

    if (total == NULL) {
        total = sw_alloc_zero(1, sizeof *total);
        total->totals.cluster = keep_text(total->cluster, sizeof total->cluster, kept->cluster);
        total->totals.node = keep_text(total->node, sizeof total->node, kept->node);
        (void)sw_textmap_put(&events->totals, key, total);
    }
    free(key);
    return &total->totals;
}

static void count(struct sw_event_totals *totals, const struct sw_event *event)
{
    totals->counts[event->kind]++;
    totals->last_s[event->kind] = event->at_us / 1000000;
    totals->last_duration_ms[event->kind] = event->duration_ms;
    totals->lost_bytes += event->lost_bytes;
    totals->lost_writes += event->lost_writes;
}

static void tell_log(const struct sw_event *event)
{
    const char *node = event->node == NULL ? "" : event->node;
    const char *detail = event->detail == NULL ? "" : event->detail;

    if (event->kind == SW_EVENT_LOSS)
        sw_log(kinds[event->kind].level, kinds[event->kind].name,
               "cluster=\"%s\" node=\"%s\" bytes=%" PRIu64 " writes=%" PRIu64 " detail=\"%s\"",
               event->cluster, node, event->lost_bytes, event->lost_writes, detail);
    else
        sw_log(kinds[event->kind].level, kinds[event->kind].name,
               "cluster=\"%s\" node=\"%s\" ms=%" PRIu64 " detail=\"%s\"", event->cluster, node,
               event->duration_ms, detail);
}

void sw_events_add(struct sw_events *events, const struct sw_event *event)
{
    struct sw_event dated = *event;
    struct kept *kept;

    if (dated.at_us == 0)
        dated.at_us = sw_clock_unix_us();
    (void)pthread_mutex_lock(&events->lock);
    dated.number = ++events->count;
    kept = &events->ring[dated.number % SW_EVENTS_KEPT];
    keep(kept, &dated);
    count(find_totals(events, &kept->event), &dated);
    (void)pthread_mutex_unlock(&events->lock);
    tell_log(&dated);
}

void sw_events_each(struct sw_events *events,
                    void (*on_event)(void *owner, const struct sw_event *event), void *owner)
{
    uint64_t number;

    (void)pthread_mutex_lock(&events->lock);
    number = events->count > SW_EVENTS_KEPT ? events->count - SW_EVENTS_KEPT + 1 : 1;
    for (; number <= events->count; number++)
        on_event(owner, &events->ring[number % SW_EVENTS_KEPT].event);
    (void)pthread_mutex_unlock(&events->lock);
}

void sw_events_each_total(struct sw_events *events,
                          void (*on_total)(void *owner, const struct sw_event_totals *totals),
                          void *owner)
{
    const struct total *total;
    size_t at = 0;

    (void)pthread_mutex_lock(&events->lock);
    while ((total = sw_textmap_next(&events->totals, &at, NULL)) != NULL)
        on_total(owner, &total->totals);
    (void)pthread_mutex_unlock(&events->lock);
}
