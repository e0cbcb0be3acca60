/*
 * What the files of this room share. health.c is the door; prober.c the thread; patient.c one
 * node: what it is asked when, and what it answers; patience.c when it is given up; probe.c one
 * connection; question.c what is asked and how answers are read; verdict.c what follows of
 * them. The last two are pure.
 */
#ifndef SW_HEALTH_INTERNAL_H
#define SW_HEALTH_INTERNAL_H

#include "shardward/health/health.h"

#include <pthread.h>
#include <stdatomic.h>

/* What others may read of a node. */
struct sw_shown {
    char *cluster, *node;
    struct sw_vitals vitals;
    bool is_hinted; /* somebody wants it asked at once */
};

struct sw_health {
    struct sw_board *board;
    pthread_t thread;
    int wake_fd;
    atomic_bool is_stopping, has_map;
    pthread_mutex_t lock; /* for these: */
    struct sw_shown *shown;
    int shown_count;
    void (*on_news)(void *owner);
    void *owner;
};

/* --- health.c --- */

/* Show these instead; takes the array and its texts. */
void sw_health_show(struct sw_health *health, struct sw_shown *shown, int count);
void sw_health_wake(struct sw_health *health);

/* --- prober.c --- */

void *sw_prober_run(void *health);

#endif
