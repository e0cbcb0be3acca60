/*
 * order - what an operator wants of a cluster: done by its manager, answered when done.
 */
#ifndef SW_FAILOVER_ORDER_H
#define SW_FAILOVER_ORDER_H

#include "shardward/failover/failover.h"

enum sw_order_kind {
    SW_ORDER_FAILOVER,    /* promote a standby, `node` or the most advanced, in any case */
    SW_ORDER_SWITCHOVER,  /* ... `node`, when the primary has written its last */
    SW_ORDER_FENCE,       /* `node` takes no writes */
    SW_ORDER_UNFENCE,     /* ... takes part again */
    SW_ORDER_MAINTENANCE, /* nobody is promoted by itself, or again */
};

enum { SW_ORDER_NAME = 64 };

/* Owned by whoever gives it, until on_done. */
struct sw_order {
    enum sw_order_kind kind;
    char cluster[SW_ORDER_NAME]; /* of FENCE and UNFENCE: may be empty */
    char node[SW_ORDER_NAME];    /* empty: none was named */
    bool is_forced;              /* FAILOVER: what is missing may be lost */
    bool is_on;                  /* MAINTENANCE */
    struct sw_mailbox *mailbox;
    struct sw_letter letter; /* its on_read is called there, once, when it is done */

    /* What came of it. */
    bool is_good;
    struct sw_error err; /* if it is not */
    char said[SW_WHY];   /* if it is */
    struct sw_link link; /* the manager's */
};

/* Give an order, from any thread. One that is about no managed cluster is answered at once:
 * 42704, or 55000. */
void sw_failover_order(struct sw_failover *failover, struct sw_order *order);

#endif
