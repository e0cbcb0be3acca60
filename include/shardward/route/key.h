/*
 * key - from the value of a key to its bucket, and so to its shard.
 *
 * All of this is pure, and but for arrays takes no memory, so that a cached plan may ask it
 * anew for each execution. What a value stands for depends on the statement's text and
 * parameters, on the types declared for these, and (timestamptz without an offset only) on the
 * session's TimeZone.
 */
#ifndef SW_ROUTE_KEY_H
#define SW_ROUTE_KEY_H

#include "shardward/base/arena.h"
#include "shardward/base/error.h"
#include "shardward/key/value.h"
#include "shardward/parse/skeleton.h"
#include "shardward/topology/map.h"

/* What a client bound to $1, $2 ... */
struct sw_parameter {
    const uint8_t *bytes; /* NULL: NULL */
    size_t len;
    bool is_binary;
    bool is_unknown; /* it has a value that only a server can tell */
};

struct sw_parameters {
    const struct sw_parameter *values; /* NULL: not bound yet (Parse, Describe) */
    int count;
    const uint32_t *types; /* OIDs as far as they are known, 0 where not */
    int type_count;
    const struct sw_skeleton *lifted; /* whose literals stand in the slots of values; NULL:
                                         values are what the facts say */
    const int64_t *ids; /* drawn for the statement, as its plan says; NULL: none yet */
};

/* What values in a text stand for. */
struct sw_key_source {
    const struct sw_parameters *parameters; /* NULL: nothing is bound */
    /* has_other_uses[n - 1]: $n also stands where the key does not settle its type (NULL: none
     * does). A parameter of unknown type takes that of the key, unless it has other uses: then
     * it may be of any type, and only a value that means the same in all of them is known. */
    const bool *has_other_uses;
    bool is_utc; /* the session's TimeZone is UTC when the text is read */
};

enum sw_key_status {
    SW_KEY_KNOWN,   /* the value is set */
    SW_KEY_NULL,    /* the value is NULL: equal to nothing */
    SW_KEY_UNBOUND, /* a parameter whose value is not there yet */
    SW_KEY_UNKNOWN, /* cannot be told: *err holds 0A000 with the reason, or 22P02 and its kin
                       for a literal that the key's type refuses */
};

/* Does a value with @cast leave a comparison with a key of @type one within that type? */
bool sw_key_cast_fits(enum sw_key_type type, enum sw_cast cast);

/* The value of one part of a key, of @type. It borrows the text's or the parameter's bytes. */
enum sw_key_status sw_key_read(enum sw_key_type type, const struct sw_value *value,
                               const struct sw_key_source *source, struct sw_key_value *key,
                               struct sw_error *err);

struct sw_key_list {
    struct sw_key_value *values;
    int count;
};

/* The same of an array parameter, `= ANY ($1)`: its elements that are not NULL, in @arena.
 * SW_KEY_NULL: the array is NULL. */
enum sw_key_status sw_key_read_array(enum sw_key_type type, const struct sw_value *value,
                                     const struct sw_key_source *source, struct sw_arena *arena,
                                     struct sw_key_list *list, struct sw_error *err);

/* The group of a first part's value: -1 if a list or range has no place for it; 0 of a hash
 * placement. */
int sw_key_group(const struct sw_placement *placement, const struct sw_key_value *first);
/* Where in its group a key is, by the parts from hashed_from on (@hashed is the first of
 * them); 0 without such parts. */
int sw_key_bucket_in_group(const struct sw_placement *placement,
                           const struct sw_key_value *hashed);
/* The bucket of a whole key, an index in placement->buckets; -1: it has no place. */
int sw_key_bucket(const struct sw_placement *placement, const struct sw_key_value *parts);

/* The same of texts as a DBA types them, one for each part. *bucket may be -1. False: 22P02 and
 * its kin. */
bool sw_key_locate_text(const struct sw_placement *placement, const char *const *texts,
                        int *bucket, struct sw_error *err);

#endif
