/*
 * patient - one node that is watched: its connections, what is known of it, and what is asked
 * next. All of it is the prober's thread's.
 */
#ifndef SW_HEALTH_PATIENT_H
#define SW_HEALTH_PATIENT_H

#include "probe.h"

enum {
    SW_FRESH = 6, /* fresh connections to one node at once */
    SW_PATIENT_PROBES = 3 + SW_FRESH,
};

struct sw_patient {
    const struct sw_cluster *cluster; /* of the prober's map */
    const struct sw_node *node;
    struct sw_judge judge;
    struct sw_vitals vitals;
    struct sw_probe standing, writer, history, fresh[SW_FRESH];
    uint64_t next_status_ms, next_connect_ms, next_write_ms, next_extra_write_ms,
        next_history_ms;
    uint64_t unsynced_ms; /* when a write was last seen to wait for standbys */
    uint32_t noise;       /* for what is not to happen at the same time everywhere */
    bool is_alert;        /* its cluster's primary is not well: will it be the next one? */
    bool is_changed;      /* others have not been told yet */
};

/* The time, and what comes with it. */
struct sw_round {
    uint64_t now_ms;
    int factor;         /* of timeouts */
    uint64_t newest_ms; /* when any node last gave a sign of life */
    bool has_clouds;    /* there are several */
    bool is_deaf;       /* we do not hear what answers: nobody is DOWN for being silent */
};

struct sw_probe *sw_patient_probe(struct sw_patient *patient, int index);
/* Begin what is due. */
void sw_patient_start_due(struct sw_patient *patient, const struct sw_round *round);
/* Something came for @probe. */
void sw_patient_take(struct sw_patient *patient, struct sw_probe *probe,
                     enum sw_probe_news news, const struct sw_round *round);
/* patience.c: give up what has taken too long. */
void sw_patient_give_up(struct sw_patient *patient, const struct sw_round *round);
/* What is under way begins to take time now: we have stood still. */
void sw_patient_excuse(struct sw_patient *patient, const struct sw_round *round);
/* Come to a verdict. */
void sw_patient_judge(struct sw_patient *patient, const struct sw_round *round);
/* The standing session is no more, if there was one. */
void sw_patient_end_session(struct sw_patient *patient);
/* Ask everything now. */
void sw_patient_hurry(struct sw_patient *patient, const struct sw_round *round);
void sw_patient_close(struct sw_patient *patient);

/* Something was learned of it. */
void sw_patient_hear(struct sw_patient *patient, enum sw_channel channel,
                     enum sw_outcome outcome, uint64_t asked_ms, uint64_t came_ms,
                     const char *text);
/* Its writes wait for standbys. */
bool sw_patient_is_unsynced(const struct sw_patient *patient, const struct sw_round *round);

#endif
