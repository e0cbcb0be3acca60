/*
 * scene - one look at one cluster: what was, what health says, what is remembered; and what
 * follows, which is written into it.
 *
 * failover.c makes scenes and publishes what became of them; nodes.c takes over what health
 * says of nodes; follow.c decides who is primary where somebody else promotes. The last two are
 * pure.
 */
#ifndef SW_FAILOVER_SCENE_H
#define SW_FAILOVER_SCENE_H

#include "shardward/base/textmap.h"
#include "shardward/board/events.h"
#include "shardward/health/vitals.h"

/* Events of one look at one cluster, in their order. */
enum { SW_TIDINGS = 64 };

struct sw_tiding {
    enum sw_event_kind kind;
    int node; /* -1: of the cluster as a whole */
    uint64_t duration_ms, lost_bytes;
    char detail[SW_WHY];
};

struct sw_tidings {
    struct sw_tiding items[SW_TIDINGS]; /* further ones are dropped */
    int count;
};

/* Add one; the caller may set its numbers until the next call. */
struct sw_tiding *sw_tidings_add(struct sw_tidings *tidings, enum sw_event_kind kind, int node,
                                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* What is remembered of a cluster beside its state; all zero at first. */
struct sw_memory {
    uint64_t system_id;          /* whose data it is; 0: not known yet */
    struct sw_textmap rivals;    /* nodes, by name, that have written beside one another */
    struct sw_textmap foreign;   /* ... that had another system's data */
    uint64_t lost_ms;            /* since when it takes no writes; 0: it does */
    int generations_before;      /* the manager's begin behind those that others have given */
    bool is_switched;            /* the primary is another one since then */
    bool is_lost_told;           /* ... and this has been said */
    bool is_planned;             /* ... by order */
    bool has_admitted;           /* it has taken writes before */
    char switched_how[SW_WHY];   /* for the event, when it takes them again */
    struct sw_textmap ill_since; /* nodes by name, that are told to be: uint64_t *, monotonic
                                    ms */
};

void sw_memory_init(struct sw_memory *memory);
void sw_memory_finish(struct sw_memory *memory);

/* One look at one cluster. */
struct sw_scene {
    const struct sw_cluster *cluster;
    const struct sw_vitals *vitals; /* by the index of the cluster's nodes */
    uint64_t now_ms;                /* monotonic */
    int64_t now_us;                 /* since 1970 */
    struct sw_memory *memory;
    struct sw_arena *arena;      /* of the next state */
    struct sw_cluster_state *to; /* holds what was; becomes what is */
    struct sw_node_state *nodes; /* the same as to->nodes */
    struct sw_tidings *tidings;
};

/* --- nodes --- */

/* Take over verdicts, roles and positions. Before the decision about the primary. */
void sw_nodes_take(struct sw_scene *scene);
/* Who may be read, and how far behind everybody is. Behind the decision. */
void sw_nodes_measure(struct sw_scene *scene);
/* Does the node answer, with data of this cluster? What it says of itself counts then. */
bool sw_node_counts(const struct sw_scene *scene, int node);
bool sw_node_is_foreign(const struct sw_scene *scene, int node);

/* --- following --- */

void sw_follow_decide(struct sw_scene *scene);
/* Is the end of every timeline in @ends (@count, up to @timeline) that both know the same in
 * the history of @vitals, and is @timeline in it? */
bool sw_history_descends(const struct sw_vitals *vitals, int timeline,
                         const struct sw_timeline_end *ends, int count);

/* Where the primary is @node now: its timeline and history, and a new generation. Who was it
 * before is fenced until it is a standby. */
void sw_scene_switch(struct sw_scene *scene, int node, const char *how);
/* The primary takes statements, or not; says so when that is new. */
void sw_scene_admit(struct sw_scene *scene);
void sw_scene_hold(struct sw_scene *scene, enum sw_admission admission, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
