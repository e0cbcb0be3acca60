/*
 * target - where the run that is being collected goes.
 */
#ifndef SW_SESSION_TARGET_H
#define SW_SESSION_TARGET_H

#include "shardward/config/config.h"

#include <stdbool.h>

struct sw_placement;
struct sw_shard;

enum sw_target_kind {
    SW_TARGET_NONE,
    SW_TARGET_ANY,
    SW_TARGET_CATALOG,
    SW_TARGET_ANY_OF, /* a shard of `placement` */
    SW_TARGET_ONE,
};

/* Where the run being collected has to go, as far as its statements tell. */
struct sw_target {
    enum sw_target_kind kind;
    const struct sw_shard *shard;
    const struct sw_placement *placement;
    bool executes; /* not only Parse and Describe */
    bool stays;    /* opens a cursor, or a portal with a name: what goes on there belongs to the
                      transaction */
    enum sw_read_mode read; /* where all that it executes may be read */
    bool writes, locks_rows;
    unsigned leaves; /* bits of enum sw_leftover */
    bool may_unlock;
};

/* Where both may be read, as far as they execute anything. */
static inline enum sw_read_mode sw_target_read(const struct sw_target *a,
                                               const struct sw_target *b)
{
    if (!a->executes || !b->executes)
        return a->executes ? a->read : b->read;
    return a->read < b->read ? a->read : b->read;
}

#endif
