/*
 * manager - keeps one managed cluster: a thread that looks at what health says, and does what
 * has to be done about it, one thing after the other.
 *
 *   EXAMINE: no primary is vouched for. All nodes are asked what they know.
 *     |  nobody knows any epoch ---------------------> bootstrap.c writes the first one
 *     |  somebody was promoted without an epoch -----> the promotion is finished
 *     |  the last epoch's primary is there, but its
 *     |    standbys have promised a later term ------> it is reinstated
 *     |  ... and they have not ----------------------> once it has confirmed a write: KEEP
 *     |  it is lost ---------------------------------> another one is promoted, if that is safe
 *     v
 *   KEEP: the primary takes statements. upkeep.c keeps its cohort, fencing.c whoever else
 *     writes; what is ordered is done.
 *     |  it is lost, or has been started anew -------> EXAMINE
 *
 * What it stands for is a `standing`, which the failover thread turns into the state of the
 * nodes. Only the manager's thread touches the rest.
 */
#ifndef SW_FAILOVER_MANAGER_H
#define SW_FAILOVER_MANAGER_H

#include "promotion.h"

#include "shardward/failover/choose.h"
#include "shardward/failover/order.h"
#include "shardward/failover/scene.h"

#include <pthread.h>

/* Of which cluster: that of the manager's map. */
struct sw_standing {
    int primary; /* -1: nobody is known */
    enum sw_admission admission;
    char why[SW_WHY];
    int generation;
    int64_t started_us, term;
    int timeline;
    struct sw_timeline_end ends[SW_TIMELINES];
    int end_count;
    bool is_in_maintenance;
    bool was_planned;  /* how the primary became it */
    char how[SW_WHY];  /* ... in words */
    uint64_t since_ms; /* monotonic: what was learned before counts for nothing */
    sw_nodes fenced;
};

/* What is remembered of a node. */
struct sw_kept_node {
    uint64_t absent_ms; /* since when it does not confirm; 0: it does */
    uint64_t led_ms;    /* when it was last told whom to follow */
    uint64_t fenced_ms; /* ... and fenced */
    uint64_t rejoin_ms; /* ... and its rejoin command seen to run */
    bool is_held;       /* an operator has fenced it */
};

/* A promotion has failed: when the next one may be begun. */
struct sw_pause {
    int failures;       /* in a row */
    uint64_t until_ms;  /* 0: not at all */
    bool is_for_others; /* else it ends when other nodes are there than at the failure: */
    sw_nodes up, standbys;
    int64_t yielded; /* the last term for which somebody else was given time */
    int64_t tried;   /* ... that we have tried ourselves */
};

struct sw_manager {
    struct sw_board *board;
    struct sw_health *health;
    const struct sw_lent *lent;
    char *name;      /* of the cluster */
    char by[SW_WHY]; /* who we are */
    void (*on_news)(void *owner);
    void *owner;
    pthread_t thread;
    pthread_mutex_t lock; /* for these: */
    pthread_cond_t changed;
    bool has_news;
    struct sw_link orders;
    struct sw_map *shown_map; /* of `shown`; shared */
    struct sw_standing shown;
    atomic_bool is_stopping;

    struct sw_map *map; /* whose indexes all below are; shared */
    const struct sw_cluster *cluster;
    struct sw_vitals *vitals;
    struct sw_standing standing;
    struct sw_kept_node nodes[SW_MANAGED_NODES];
    struct sw_gate gate;
    struct sw_pause pause;
    uint64_t system_id;
    int64_t term_known;
    int64_t term_reigned; /* of the last primary that was vouched for */
    bool is_keeping;      /* KEEP, else EXAMINE */
    bool is_unproven;     /* the primary does not wait for its cohort */
    bool knows_epochs;    /* some node has one */
    struct sw_cohort cohort;
    bool is_unsure;        /* nobody knows whether that row is confirmed */
    struct sw_seat keeper; /* the line to the primary, while it is kept */
    uint64_t looked_ms, examined_ms;
    uint64_t unsynced_ms; /* since when the primary waits for standbys that are there; 0: it
                             does not */
    int drained_by;       /* the version of the state by which the cluster drains; 0: not yet */
    char refused[SW_WHY]; /* the last refusal that was told */
};

struct sw_manager *sw_manager_create(struct sw_board *board, struct sw_health *health,
                                     const struct sw_lent *lent, const char *cluster,
                                     void (*on_news)(void *owner), void *owner,
                                     struct sw_error *err);
void sw_manager_close(struct sw_manager *manager); /* accepts NULL */
void sw_manager_wake(struct sw_manager *manager);
void sw_manager_order(struct sw_manager *manager, struct sw_order *order);
/* Take the first one off a queue that others fill, under its lock; NULL: there is none. */
struct sw_order *sw_orders_next(struct sw_link *orders, pthread_mutex_t *lock);

/* On the failover thread: what the manager stands for becomes the state. */
void sw_managed_decide(struct sw_scene *scene, struct sw_manager *manager);

/* --- for the files of the manager --- */

static inline bool sw_is_in(sw_nodes nodes, int index)
{
    return index >= 0 && (nodes >> index & 1) != 0;
}

void sw_manager_tell(struct sw_manager *manager, enum sw_event_kind kind, int node,
                     uint64_t duration_ms, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* Say why nobody is promoted, once for each reason. */
void sw_manager_refuse(struct sw_manager *manager, const char *why);
void sw_manager_hold(struct sw_manager *manager, enum sw_admission admission,
                     const char *format, ...) __attribute__((format(printf, 3, 4)));
/* From now on @node is the primary, under @term, since @started_us. */
void sw_manager_admit(struct sw_manager *manager, int node, int64_t term, int timeline,
                      int64_t started_us);
void sw_manager_show(struct sw_manager *manager);
/* A seat for each node, not opened yet. */
void sw_manager_seats(struct sw_manager *manager, struct sw_seat *seats);
struct sw_seat sw_manager_seat(struct sw_manager *manager, int node);
/* Open it, for a few seconds. False, and why is in it: also what has the data of another system
 * than the cluster is left alone. */
bool sw_manager_open(const struct sw_manager *manager, struct sw_seat *seat);
/* Is something known there of a later term than the primary's? Then it is we who are late, and
 * all have to be asked again. */
bool sw_manager_is_late(struct sw_manager *manager, const struct sw_seat *seat,
                        struct sw_error *err);
/* Those that health takes for down. */
sw_nodes sw_manager_down(const struct sw_manager *manager);
/* For some seconds the primary has waited for standbys that answer us, and not it: it will not
 * confirm anything. */
bool sw_manager_is_cut_off(struct sw_manager *manager);
/* Begin nothing for a while: leave it to others, or wait until other nodes are there. */
void sw_manager_pause(struct sw_manager *manager, bool is_for_others);
bool sw_manager_pauses(const struct sw_manager *manager);
/* A promotion, prepared for this cluster. */
struct sw_promotion sw_manager_promotion(struct sw_manager *manager,
                                         enum sw_promotion_kind kind);
/* Run it; its winner is admitted, and told. */
bool sw_manager_promote(struct sw_manager *manager, struct sw_promotion *promotion,
                        struct sw_error *err);

/* examine.c */
void sw_manager_examine(struct sw_manager *manager);
/* Another one is promoted, if the gate is open. */
void sw_manager_replace(struct sw_manager *manager);

/* bootstrap.c */
void sw_manager_bootstrap(struct sw_manager *manager, struct sw_seat *seats);

/* upkeep.c */
void sw_manager_upkeep(struct sw_manager *manager);
/* This is recorded on the primary. */
void sw_manager_learn(struct sw_manager *manager, const struct sw_cohort *cohort);
/* The primary @node waits by @text, which is not what is recorded: nobody is promoted by
 * itself. */
void sw_manager_doubt(struct sw_manager *manager, int node, const char *text);

/* fencing.c */
void sw_manager_fence_others(struct sw_manager *manager);
bool sw_manager_fence(struct sw_manager *manager, int node, const char *why,
                      struct sw_error *err);
bool sw_manager_unfence(struct sw_manager *manager, int node, struct sw_error *err);

/* orders.c */
/* Do what was ordered first; false: nothing was. */
bool sw_manager_obey(struct sw_manager *manager);
/* What is still ordered is not done any more. */
void sw_manager_leave(struct sw_manager *manager);

#endif
