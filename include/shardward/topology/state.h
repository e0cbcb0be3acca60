/*
 * state - how the nodes of a map's clusters are, and which of them is the primary: an immutable
 * picture, counted.
 *
 * It changes whenever something is learned of a node, and never makes a plan void. Whoever asks
 * by a cluster of another map than the picture's gets what is known of the cluster and node of
 * the same name. Where nobody watches (`failover: off`), the first node is the primary and
 * takes statements.
 */
#ifndef SW_TOPOLOGY_STATE_H
#define SW_TOPOLOGY_STATE_H

#include "shardward/topology/map.h"

#include <stdatomic.h>

/* What health says about a node. */
enum sw_verdict {
    SW_VERDICT_UNKNOWN, /* not asked yet, or nobody watches */
    SW_VERDICT_UP,
    SW_VERDICT_SUSPECT,    /* something failed; it is asked more often */
    SW_VERDICT_DOWN,       /* it is not used */
    SW_VERDICT_RECOVERING, /* it answers again, and has to go on so for a while */
};

enum sw_role { SW_ROLE_UNKNOWN, SW_ROLE_PRIMARY, SW_ROLE_STANDBY };

const char *sw_verdict_name(enum sw_verdict verdict); /* "up" */
const char *sw_role_name(enum sw_role role);          /* "primary" */

enum { SW_WHY = 200 };

/* One node, as it was last seen. Numbers that are not known are 0, lags -1. */
struct sw_node_state {
    enum sw_verdict verdict;
    enum sw_role role;    /* what the node itself says */
    bool is_fenced;       /* nothing is sent to it, whatever it says: it was a primary, or an
                             operator wants it so */
    bool may_serve_reads; /* a standby that is up, and streams and does not lag too much: or did
                             so a moment ago, and has no primary to stream from */
    uint64_t fresh_ms;    /* when it last did so, by our clock; 0: never */
    bool is_sync;         /* it is one of those whose word a commit waits for */
    int timeline;
    uint64_t written_lsn;  /* of a primary: flushed; of a standby: received */
    uint64_t replayed_lsn; /* of a standby; holds for this start of its postmaster alone */
    int64_t lag_bytes, lag_ms;
    int64_t started_us; /* its postmaster's start, by its own clock since 1970 */
    int probe_us;       /* how long the last question took */
    int64_t since_us;   /* of the verdict; since 1970 */
    char why[SW_WHY];   /* of the verdict; may be empty */
};

/* What becomes of statements that need the primary. */
enum sw_admission {
    SW_ADMIT,   /* it takes them */
    SW_SUSPEND, /* it is lost or being switched: who has no connection yet waits for the next
                   one, who has one on the old one loses it */
    SW_DRAIN,   /* a planned switch: who has a connection goes on, who has none waits */
    SW_REFUSE,  /* it will not come by itself: 57P03, with why */
};

const char *sw_admission_name(enum sw_admission admission); /* "admits" */

/* The end of a timeline: what was written behind `lsn` on it is not on the next one. */
struct sw_timeline_end {
    int timeline;
    uint64_t lsn;
    uint64_t next_xid; /* the first one that the next timeline gave anew; 0: not known */
};

struct sw_cluster_state {
    const struct sw_cluster *cluster;
    int primary; /* index of the node; -1: nobody knows */
    enum sw_admission admission;
    char why[SW_WHY]; /* it does not admit */
    /* Connections to the primary that were opened under another number are not used: it is
     * another node, or has been started anew. */
    int generation;
    int64_t primary_started_us; /* its start that is vouched for: a connection to another one is
                                   not used; 0: any */
    int sessions_ended; /* with its nodes, see sw_vitals: at most so many have crashed */
    int64_t term;       /* of a managed cluster; 0: none yet */
    int timeline;       /* the primary's; 0: not known */
    const struct sw_timeline_end *ends; /* of earlier timelines, the oldest first */
    int end_count;
    bool is_in_maintenance; /* nothing is promoted by itself */
    int64_t switched_us;    /* when the primary became it; 0: it was it at our start */
    const struct sw_node_state *nodes; /* by the index of the cluster's nodes */
};

struct sw_state {
    atomic_int refs;
    int version;
    struct sw_map *map; /* whose clusters they are; shared */
    struct sw_arena arena;
    struct sw_cluster_state *clusters; /* by the index of the map's */
};

/* What holds for @map (shared) before anybody has looked: what @before (NULL: nothing) knows of
 * clusters and nodes of the same names, else the first node is the primary. One reference; to
 * be changed until it is published. */
struct sw_state *sw_state_create(struct sw_map *map, const struct sw_state *before);
struct sw_state *sw_state_ref(const struct sw_state *state);
void sw_state_unref(const struct sw_state *state); /* accepts NULL */

/* What is known of @cluster, which may be of another map; NULL: nothing. */
const struct sw_cluster_state *sw_state_cluster(const struct sw_state *state,
                                                const struct sw_cluster *cluster);
/* The node of @cluster to write to: of that cluster's own nodes. The first one if nothing is
 * known; NULL: there is none now. */
const struct sw_node *sw_state_primary(const struct sw_state *state,
                                       const struct sw_cluster *cluster);
/* What is known of one of @cluster's nodes; NULL: nothing. */
const struct sw_node_state *sw_state_node(const struct sw_state *state,
                                          const struct sw_cluster *cluster,
                                          const struct sw_node *node);

#endif
