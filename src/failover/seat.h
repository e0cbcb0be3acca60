/*
 * seat - a node's place in an operation: the line to it, what it says, and what is done to it.
 *
 * All of it is bounded by the line's deadline, and leaves the node in a state that a later
 * operation can go on from.
 */
#ifndef SW_FAILOVER_SEAT_H
#define SW_FAILOVER_SEAT_H

#include "report.h"

struct sw_seat {
    const struct sw_cluster *cluster;
    int index;
    const struct sw_node *node;
    const atomic_bool *is_stopping;
    struct sw_line line;
    bool is_open;            /* it answered */
    struct sw_report report; /* when it was last asked */
    int64_t term_before;     /* that it had promised before it was recruited */
    bool is_recruited;
    struct sw_error err; /* why it is not open, or not recruited */
};

/* What is done to each of several seats at once, each on a thread of its own. */
typedef void sw_seat_work(struct sw_seat *seat, void *argument);
void sw_seats_do(struct sw_seat *seats, int count, sw_nodes which, sw_seat_work *work,
                 void *argument);
void sw_seats_close(struct sw_seat *seats, int count);

/* Connect, as long as health would wait for it, and ask; then the line is good for @timeout_ms.
 */
bool sw_seat_open(struct sw_seat *seat, int timeout_ms);

/* Take the lock, and have the node promise @term, durably, if it has not promised as much. A
 * standby whose promotion was begun goes on promising that, whatever @what says. */
bool sw_seat_promise(struct sw_seat *seat, int64_t term, const char *what,
                     struct sw_error *err);
/* The same for the term of a primary that is vouched for, which all others promise: done if it
 * has promised that already. A later one was promised to somebody else. */
bool sw_seat_settle(struct sw_seat *seat, int64_t term, struct sw_error *err);
/* The same as sw_seat_promise() of a standby, which then follows nobody and has replayed all
 * that it has (I2): what it reports is final. */
bool sw_seat_recruit(struct sw_seat *seat, int64_t term, const char *what,
                     struct sw_error *err);
/* I2: it is told to follow nobody any more: no receiver shall be left that could confirm
 * anything to the old primary. Needs the lock, and a report of now. */
bool sw_seat_detach(struct sw_seat *seat, struct sw_error *err);
/* A standby follows @to, under its own name. Needs the lock. */
bool sw_seat_follow(struct sw_seat *seat, const struct sw_node *to, struct sw_error *err);

/* A setting, loaded: each ALTER SYSTEM is a query of its own (25001 otherwise). */
bool sw_seat_set(struct sw_seat *seat, const char *name, const char *value,
                 struct sw_error *err);
/* One of ours, which a server does not know until it is set. */
bool sw_seat_note(struct sw_seat *seat, const char *name, const char *value,
                  struct sw_error *err);
bool sw_seat_reload(struct sw_seat *seat, struct sw_error *err);
/* End all its clients but ourselves, and superusers where we are none. */
bool sw_seat_end_clients(struct sw_seat *seat, struct sw_error *err);
/* Wait for `quorum` of `standbys`; 0: for nobody. */
bool sw_seat_wait_for(struct sw_seat *seat, sw_nodes standbys, int quorum,
                      struct sw_error *err);
/* "ANY 1 ("a", "b")", as synchronous_standby_names; free() it. */
char *sw_sync_names(const struct sw_cluster *cluster, sw_nodes standbys, int quorum);
/* The same taken apart; false: it is nothing that we would have written. */
bool sw_sync_names_read(const struct sw_cluster *cluster, const char *text, sw_nodes *standbys,
                        int *quorum);

#endif
