/*
 * reads - which replica may serve a read, and what it has to have replayed for that.
 *
 * What a session has written or seen on a cluster is a token: a place in its WAL. Whoever has
 * replayed that place shows it. Places of earlier timelines count as long as the next timeline
 * begins behind them; what lies beyond that was never part of the cluster's history since.
 * Pure.
 */
#ifndef SW_TOPOLOGY_READS_H
#define SW_TOPOLOGY_READS_H

#include "shardward/topology/state.h"

/* --- how far behind --- */

/* May a replica be read that is so far behind (-1: not known, hence no)? One that is not read
 * now (@is_read) is read again when it is at most half as far behind as it may be. */
bool sw_reads_may_serve(const struct sw_config_reads *limits, bool is_read, int64_t lag_bytes,
                        int64_t lag_ms);

/* --- tokens --- */

enum sw_token_kind {
    SW_TOKEN_NOTHING, /* the session has neither written nor seen anything */
    SW_TOKEN_PLACE,
    SW_TOKEN_UNKNOWN, /* it has, but nobody knows where that is: only the primary will do */
};

struct sw_token {
    enum sw_token_kind kind;
    int timeline;
    uint64_t lsn;
};

/* Whoever has replayed the result has replayed both. Of two timelines the later one counts; who
 * has told it may have been a replica that is still at an earlier place than the other. */
struct sw_token sw_token_join(struct sw_token a, struct sw_token b);

/* The history of the cluster as it is now does not hold the place: what was written there is
 * lost. */
bool sw_token_is_lost(const struct sw_token *token, const struct sw_cluster_state *cluster);
/* Can a replica that follows @timeline hold the place, if it has replayed that far? */
bool sw_token_fits(const struct sw_token *token, const struct sw_cluster_state *cluster,
                   int timeline);

/* "2:16/B374D848", "-" (nothing) or "?" (not known). */
enum { SW_TOKEN_TEXT = 48 };
void sw_token_print(const struct sw_token *token, char text[SW_TOKEN_TEXT]);
/* Read what stands in [text, text + len); false: that is no token. */
bool sw_token_read(const char *text, size_t len, struct sw_token *token);

/* --- whom to ask --- */

struct sw_read_wish {
    const struct sw_token *token;
    const char *cloud;      /* its replicas first; NULL: none is nearer than others */
    const int *outstanding; /* by the index of the cluster's nodes: what they have to do */
    uint64_t avoided;       /* a bit for each index: those are out of the question */
    uint64_t late;          /* those have not replayed the token: usable, but not for this */
    uint32_t chance;        /* decides between equals */
};

enum { SW_READ_NODES = 64 }; /* nodes of a cluster beyond that are not read */

/* The index of the node of @cluster to read from: of those in the cloud, if one of them is
 * usable, else of all, the one with the least to do for its weight. -1: no replica is usable.
 * *usable (may be NULL) tells how many would be, whatever they have replayed. */
int sw_reads_choose(const struct sw_state *state, const struct sw_cluster *cluster,
                    const struct sw_read_wish *wish, int *usable);

#endif
