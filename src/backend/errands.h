/*
 * errands - what has to be done at nodes with blocking calls of libpq, on threads of its own.
 *
 * Nodes have their turns, and only so many threads work for one node at a time: a node that
 * does not answer delays only those who wait for it. Threads are started when they are needed
 * first.
 */
#ifndef SW_BACKEND_ERRANDS_H
#define SW_BACKEND_ERRANDS_H

#include "shardward/base/list.h"

#include <stdbool.h>

struct sw_errands;
struct sw_errand_node;

/* Embedded in what it is about. */
struct sw_errand {
    struct sw_link link;
    struct sw_errand_node *node;
    /* On a thread. The errand is nobody's afterwards, and may be freed inside. Work that waits
     * has to end when the errands close: @closing_fd becomes readable then, and a thread that
     * has enabled its cancellation (pthread_setcancelstate()) is cancelled. */
    void (*work)(struct sw_errand *errand, int closing_fd);
    /* Instead of work: the errands have closed before its turn came. */
    void (*drop)(struct sw_errand *errand);
};

enum { SW_ERRAND_THREADS_MOST = 64 };

struct sw_errands *sw_errands_create(int per_node);
/* From any thread. The address is copied. */
void sw_errands_add(struct sw_errands *errands, const char *address, int port,
                    struct sw_errand *errand);
/* Ends the work at hand, drops the rest, and waits for the threads. Nobody may add any more.
 * Accepts NULL. */
void sw_errands_close(struct sw_errands *errands);

#endif
