/*
 * operation - one promotion while it is under way: promotion.c has what all ways of it share,
 * ways.c the ways.
 */
#ifndef SW_FAILOVER_OPERATION_H
#define SW_FAILOVER_OPERATION_H

#include "promotion.h"

/* What the threads of one operation share. */
struct sw_operation {
    struct sw_promotion *promotion;
    const struct sw_cluster *cluster;
    struct sw_seat seats[SW_MANAGED_NODES];
    int64_t term;
    sw_nodes tried;    /* opened, or found not to be there */
    sw_nodes recruits; /* I2: they confirm nothing to anybody, and their reports are final */
    struct sw_cohort known; /* the newest cohort that is found in them */
    struct sw_epoch epoch;  /* ... and the newest epoch */
    bool is_retired;        /* the old primary has given up, and nothing is missing */
    uint64_t began_ms;
};

static inline bool sw_nodes_have(sw_nodes nodes, int index)
{
    return index >= 0 && (nodes >> index & 1) != 0;
}

static inline sw_nodes sw_nodes_of(int index)
{
    return index < 0 ? 0 : (sw_nodes)1 << index;
}

/* How long it took until here. */
void sw_operation_note(struct sw_operation *operation, const char *step);
/* From here on it is about the term behind all that are known. */
void sw_operation_take_term(struct sw_operation *operation);
/* Ask those of @which that have not been asked yet. */
void sw_operation_open(struct sw_operation *operation, sw_nodes which);
/* Of those that answered: the standbys, or those that are none. */
sw_nodes sw_operation_nodes(const struct sw_operation *operation, bool standbys);
void sw_operation_recruit(struct sw_operation *operation, sw_nodes which);
/* So many of @standbys have to confirm. */
int sw_operation_quorum(const struct sw_cluster *cluster, sw_nodes standbys);
/* Who of @followers confirms for @winner, and how many of them: so that every promotion that
 * knows the cohort until now alone meets @winner or one who has confirmed its epoch. */
bool sw_operation_appoint(struct sw_operation *operation, int winner, sw_nodes followers,
                          sw_nodes *standbys, int *quorum, struct sw_error *err);
/* May @winner take writes with these? */
bool sw_operation_stands(const struct sw_operation *operation, int winner, sw_nodes standbys,
                         struct sw_error *err);
/* Have @others follow; *followers are those that do. */
bool sw_operation_lead(struct sw_operation *operation, struct sw_seat *winner, sw_nodes others,
                       sw_nodes *followers, struct sw_error *err);
/* Those of @followers that stream what the winner, which is a primary already, writes. Whoever
 * has gone on without it cannot, though it has been told to. Waits some seconds for all of
 * them. */
sw_nodes sw_operation_streaming(struct sw_operation *operation, struct sw_seat *winner,
                                sw_nodes followers);
/* @strays do not try to follow it any more. */
void sw_operation_let_go(struct sw_operation *operation, struct sw_seat *winner,
                         sw_nodes strays);
bool sw_operation_promote(struct sw_operation *operation, struct sw_seat *winner,
                          sw_nodes standbys, int quorum, uint64_t *next_xid,
                          struct sw_error *err);
bool sw_operation_conclude(struct sw_operation *operation, struct sw_seat *winner,
                           sw_nodes standbys, int quorum, uint64_t next_xid,
                           struct sw_error *err);
/* One of the standbys but @but. */
bool sw_operation_promote_other(struct sw_operation *operation, sw_nodes but,
                                struct sw_error *err);

/* ways.c */
bool sw_operation_finish(struct sw_operation *operation, struct sw_error *err);
bool sw_operation_reinstate(struct sw_operation *operation, struct sw_error *err);
bool sw_operation_plan(struct sw_operation *operation, struct sw_error *err);

#endif
