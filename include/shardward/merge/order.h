/*
 * order - how two values of one type compare, in PostgreSQL's binary format.
 *
 * The comparison is that of the type's default btree operator class (PostgreSQL docs, "B-Tree
 * Indexes", and src/backend/utils/adt); what is not known here is for a server to sort.
 */
#ifndef SW_MERGE_ORDER_H
#define SW_MERGE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sw_order {
    SW_ORDER_NONE,     /* not known */
    SW_ORDER_SIGNED,   /* two's complement of any width: integers, date, time, timestamp(tz),
                          money */
    SW_ORDER_UNSIGNED, /* oid, "char", bool, xid8, pg_lsn */
    SW_ORDER_FLOAT,    /* of 4 or 8 bytes: -0 equals 0, NaN is last and equals itself */
    SW_ORDER_NUMERIC,  /* NaN last, infinities */
    SW_ORDER_BYTES,    /* memcmp(), then length: bytea, uuid, macaddr, tid, text whose collation
                          is bytewise */
    SW_ORDER_PADDED,   /* ... character(n), whose trailing blanks do not count */
    SW_ORDER_BITS,     /* bit, varbit */
    SW_ORDER_INET,     /* inet, cidr */
    SW_ORDER_TIMETZ,
    SW_ORDER_INTERVAL,
};

/* How values of type @oid (of pg_catalog) are ordered. @is_bytewise: the collation of what is
 * sorted is C, or POSIX; matters to texts, which are not known under others, but see
 * collation.h. (It is C for type name, unless the statement says another.) Texts are compared
 * as they come: client_encoding must be the database's encoding. */
enum sw_order sw_order_of(uint32_t oid, bool is_bytewise);

/* Are these bytes such as the type sends? Of texts all are. */
bool sw_order_admits(enum sw_order order, const uint8_t *bytes, size_t len);

/* Less than, equal to or greater than 0. Neither value is NULL. Values that are not admitted
 * compare as their bytes do. */
int sw_order_compare(enum sw_order order, const uint8_t *a, size_t a_len, const uint8_t *b,
                     size_t b_len);

#endif
