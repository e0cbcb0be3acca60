/*
 * probe - one connection of health's own, which never waits.
 */
#ifndef SW_HEALTH_PROBE_H
#define SW_HEALTH_PROBE_H

#include "question.h"

#include "shardward/backend/opening.h"

enum sw_probe_phase { SW_PROBE_CLOSED, SW_PROBE_CONNECTING, SW_PROBE_IDLE, SW_PROBE_ASKING };

enum sw_probe_news {
    SW_PROBE_NOTHING,
    SW_PROBE_OPEN,     /* it may be asked */
    SW_PROBE_ANSWERED, /* `result` is there, until the next question */
    SW_PROBE_LOST,     /* `state` and `text` say why; it is to be closed */
};

/* All zero: closed. */
struct sw_probe {
    struct sw_opening opening; /* CONNECTING */
    PGconn *conn;              /* once it is open */
    PGresult *result;
    enum sw_probe_phase phase;
    short wants; /* of poll(2) */
    char state[6], text[SW_EVIDENCE_TEXT];
    bool has_warning; /* the server has warned since the last question */
    /* The asker's own. */
    uint64_t opened_ms, asked_ms; /* when it began to connect; ... the question at hand */
    uint64_t asked_us;            /* the same, finer */
    bool has_missed;              /* that it was not answered in time has been told */
    bool is_write;                /* what it is to ask once it is open */
    bool is_urgent;               /* of a node that is not well */
    int64_t asked_started_us;     /* the node's start as it was known when it was asked */
};

/* Begin to connect as the control user; whatever was open is closed. */
enum sw_probe_news sw_probe_open(struct sw_probe *probe, const struct sw_cluster *cluster,
                                 const struct sw_node *node, bool is_replication);
/* Of an open one that is not being asked. */
enum sw_probe_news sw_probe_ask(struct sw_probe *probe, const char *sql);
/* To be polled for what it wants; -1: it is closed. */
int sw_probe_fd(const struct sw_probe *probe);
/* Its host's name is being looked up: to be moved every now and then besides. */
bool sw_probe_is_named(const struct sw_probe *probe);
/* Its descriptor is ready for what it wants. */
enum sw_probe_news sw_probe_move(struct sw_probe *probe);
void sw_probe_close(struct sw_probe *probe);
/* It connects, or is being asked. */
bool sw_probe_is_pending(const struct sw_probe *probe);

#endif
