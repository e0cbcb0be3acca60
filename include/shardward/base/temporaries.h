/*
 * temporaries - the temporary tables of one session, and on which shard each lives: an
 * immutable, counted list.
 *
 * A change makes a new list; the old one stays as it was, so that a snapshot is a reference,
 * and a rollback goes back to one. NULL is the empty list. A list and all that is planned by it
 * belong to one thread; a shard is a name here.
 */
#ifndef SW_BASE_TEMPORARIES_H
#define SW_BASE_TEMPORARIES_H

#include <stdbool.h>
#include <stdint.h>

struct sw_shard;

struct sw_temporary {
    const char *name;
    const char *table; /* of an index that was given a name: its table; NULL: it is a table */
    const struct sw_shard *shard; /* borrowed */
    bool is_dropped_at_commit;
};

struct sw_temporaries {
    int refs;
    uint64_t serial; /* no other list of this process has it */
    int count;
    struct sw_temporary list[]; /* the oldest first */
};

struct sw_temporaries *sw_temporaries_ref(struct sw_temporaries *temporaries);
void sw_temporaries_unref(struct sw_temporaries *temporaries);

/* What is called @name, be it table or index; NULL: nothing. */
const struct sw_temporary *sw_temporaries_find(const struct sw_temporaries *temporaries,
                                               const char *name);
/* Does anything live on @shard? */
bool sw_temporaries_are_on(const struct sw_temporaries *temporaries,
                           const struct sw_shard *shard);

/* Each takes the caller's reference and returns one to the result. Names are copied. */

/* With @added at the end, unless something has its name. */
struct sw_temporaries *sw_temporaries_with(struct sw_temporaries *temporaries,
                                           const struct sw_temporary *added);
/* Without @name and its indexes. */
struct sw_temporaries *sw_temporaries_without(struct sw_temporaries *temporaries,
                                              const char *name);
struct sw_temporaries *sw_temporaries_renamed(struct sw_temporaries *temporaries,
                                              const char *name, const char *new_name);
/* What is left at COMMIT. */
struct sw_temporaries *sw_temporaries_committed(struct sw_temporaries *temporaries);
/* On the shards that @find gives for those of now; without what has none. */
struct sw_temporaries *sw_temporaries_moved(
    struct sw_temporaries *temporaries,
    const struct sw_shard *(*find)(const void *owner, const struct sw_shard *shard),
    const void *owner);

#endif
