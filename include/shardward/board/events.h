/*
 * events - what has happened to clusters and their nodes: a ring of the last ones, and how
 * often each kind has happened since the start.
 *
 * Any thread may add, any thread may read. Whoever adds an event has it logged too, so that no
 * other line need say it.
 */
#ifndef SW_BOARD_EVENTS_H
#define SW_BOARD_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    SW_EVENTS_KEPT = 1000,
    SW_EVENT_NAME =
        64, /* bytes of a cluster's or node's name that are kept, with a zero byte */
    SW_EVENT_DETAIL = 400, /* ... and of a detail */
};

enum sw_event_kind {
    SW_EVENT_NODE_UP,          /* duration: it was away */
    SW_EVENT_NODE_SUSPECT,     /* detail: what was missed */
    SW_EVENT_NODE_DOWN,        /* detail: by which evidence; duration: from the first miss */
    SW_EVENT_NODE_QUARANTINED, /* only we do not see it, or it is not what it should be */
    SW_EVENT_REPLICA_LAGS,     /* too far behind to be read from */
    SW_EVENT_REPLICA_FOLLOWS,  /* ... near enough again; duration: it was too far behind */
    SW_EVENT_PRIMARY_LOST,     /* the cluster takes no writes; detail: why */
    SW_EVENT_PRIMARY_BACK,     /* ... the same node takes them again; duration: it did not */
    SW_EVENT_FAILOVER,         /* another node is primary now; duration: no writes were taken */
    SW_EVENT_SWITCHOVER,       /* the same, by order */
    SW_EVENT_FAILOVER_REFUSED, /* detail: why nobody is promoted */
    SW_EVENT_SPLIT,            /* two nodes say they are primary */
    SW_EVENT_FENCED,
    SW_EVENT_UNFENCED,
    SW_EVENT_REJOINED,    /* a former primary is a replica again */
    SW_EVENT_COHORT,      /* who has to confirm commits has changed; detail: the cohort */
    SW_EVENT_LOSS,        /* acknowledged writes are not on the new primary */
    SW_EVENT_MAINTENANCE, /* detail: on or off, and by whom */
    SW_EVENT_KINDS,       /* their number */
};

struct sw_event {
    uint64_t number; /* from 1, in their order; given by the ring */
    uint64_t at_us;  /* Unix time; 0: now */
    enum sw_event_kind kind;
    const char *cluster;
    const char *node;     /* NULL: of the cluster as a whole */
    const char *detail;   /* for people; NULL: nothing to add */
    uint64_t duration_ms; /* 0: it took no time */
    uint64_t lost_bytes;  /* of LOSS: write-ahead log that was acknowledged */
    uint64_t lost_writes; /* of LOSS: acknowledged commits; 0: not counted */
};

/* What was added since the start, of one cluster and node. */
struct sw_event_totals {
    const char *cluster, *node; /* node NULL: of the cluster as a whole */
    uint64_t counts[SW_EVENT_KINDS];
    uint64_t last_s[SW_EVENT_KINDS];           /* Unix time of the last one; 0: none yet */
    uint64_t last_duration_ms[SW_EVENT_KINDS]; /* of the last one */
    uint64_t lost_bytes, lost_writes;
};

struct sw_events;

struct sw_events *sw_events_create(void);
void sw_events_free(struct sw_events *events); /* accepts NULL */

/* Copies; @event->number counts for nothing. */
void sw_events_add(struct sw_events *events, const struct sw_event *event);
/* Those that are kept, the oldest first. Texts are borrowed for the call, which must not add.
 */
void sw_events_each(struct sw_events *events,
                    void (*on_event)(void *owner, const struct sw_event *event), void *owner);
/* In no order; the same rules. */
void sw_events_each_total(struct sw_events *events,
                          void (*on_total)(void *owner, const struct sw_event_totals *totals),
                          void *owner);

/* As it is logged and shown, "node-down". */
const char *sw_event_name(enum sw_event_kind kind);

#endif
