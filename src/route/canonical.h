/*
 * canonical - the bytes of a key value that are hashed, and how texts become them.
 */
#ifndef SW_ROUTE_CANONICAL_H
#define SW_ROUTE_CANONICAL_H

#include "shardward/route/key.h"

/* The object identifiers of pg_type that a key can meet. */
enum sw_type_oid {
    SW_OID_NONE = 0,
    SW_OID_INT8 = 20,
    SW_OID_INT2 = 21,
    SW_OID_INT4 = 23,
    SW_OID_TEXT = 25,
    SW_OID_UNKNOWN = 705,
    SW_OID_VARCHAR = 1043,
    SW_OID_UUID = 2950,
};

/* A text key borrows its bytes, the others hold them in `own`. */
struct sw_canonical {
    const uint8_t *bytes;
    size_t len;
    uint8_t own[24];
};

void sw_canonical_integer(struct sw_canonical *canonical, int64_t value);
void sw_canonical_decimal(struct sw_canonical *canonical, int64_t value);
void sw_canonical_borrow(struct sw_canonical *canonical, const void *bytes, size_t len);
int sw_canonical_bucket(const struct sw_placement *placement,
                        const struct sw_canonical *canonical);

/* As int2in, int4in and int8in: 22P02 for what is no integer, 22003 out of @type's range. */
bool sw_integer_of_text(const char *text, size_t len, enum sw_type_oid type, int64_t *value,
                        struct sw_error *err);
bool sw_integer_fits(int64_t value, enum sw_type_oid type, struct sw_error *err);
/* As uuid_in: 22P02. */
bool sw_uuid_of_text(const char *text, size_t len, struct sw_canonical *canonical,
                     struct sw_error *err);

#endif
