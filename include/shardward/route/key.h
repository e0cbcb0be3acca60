/*
 * key - from a key value to its shard: canonical bytes, bucket, shard.
 *
 * The canonical bytes of a value do not depend on how it arrived: bigint (and int, smallint) =
 * 8 bytes little-endian two's complement, text = its UTF-8 bytes, uuid = 16 bytes. The bucket
 * is XXH3-64 of these bytes, modulo the number of buckets.
 */
#ifndef SW_ROUTE_KEY_H
#define SW_ROUTE_KEY_H

#include "shardward/base/error.h"
#include "shardward/parse/statement.h"
#include "shardward/topology/map.h"

/* What a client bound to $1, $2 ... */
struct sw_parameter {
    const uint8_t *bytes; /* NULL: NULL */
    size_t len;
    bool is_binary;
};

struct sw_parameters {
    const struct sw_parameter *values; /* NULL: not bound yet (Parse, Describe) */
    int count;
    const uint32_t *types; /* OIDs as far as they are known, 0 where not */
    int type_count;
};

enum sw_key_status {
    SW_KEY_KNOWN,   /* *bucket is set */
    SW_KEY_NULL,    /* the value is NULL: equal to nothing */
    SW_KEY_UNBOUND, /* a parameter whose value is not there yet */
    SW_KEY_UNKNOWN, /* cannot be told: *err holds 0A000 with the reason, or 22P02 and its kin
                       for a literal that the key's type refuses */
};

/*
 * The bucket of one value of a key of @placement. @has_other_uses[n - 1]: $n also stands where
 * the key does not settle its type (NULL: none does). A parameter of unknown type takes that of
 * the key, unless it has other uses: then it may be of any type, and only a value that means
 * the same in all of them is known. @parameters may be NULL: nothing is bound.
 */
enum sw_key_status sw_key_locate(const struct sw_placement *placement,
                                 const struct sw_value *value, const bool *has_other_uses,
                                 const struct sw_parameters *parameters, int *bucket,
                                 struct sw_error *err);

/* The same for a text as a DBA types it. False: 22P02. */
bool sw_key_locate_text(const struct sw_placement *placement, const char *text, int *bucket,
                        const struct sw_shard **shard, struct sw_error *err);

#endif
