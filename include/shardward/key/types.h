/*
 * types - the types a key may have, and the object identifiers of pg_type that keys meet.
 */
#ifndef SW_KEY_TYPES_H
#define SW_KEY_TYPES_H

#include <stdbool.h>
#include <stdint.h>

enum sw_key_type {
    SW_KEY_BIGINT, /* also smallint and int: one number has one place, whatever its width */
    SW_KEY_TEXT,   /* also varchar */
    SW_KEY_UUID,
    SW_KEY_DATE,
    SW_KEY_TIMESTAMP,
    SW_KEY_TIMESTAMPTZ,
};

enum sw_type_oid {
    SW_OID_NONE = 0,
    SW_OID_INT8 = 20,
    SW_OID_INT2 = 21,
    SW_OID_INT4 = 23,
    SW_OID_TEXT = 25,
    SW_OID_UNKNOWN = 705,
    SW_OID_VARCHAR = 1043,
    SW_OID_DATE = 1082,
    SW_OID_TIMESTAMP = 1114,
    SW_OID_TIMESTAMPTZ = 1184,
    SW_OID_UUID = 2950,
};

/* The type of the elements of array type @oid; SW_OID_NONE if these are of no key type. */
enum sw_type_oid sw_type_of_elements(uint32_t oid);

const char *sw_key_type_name(enum sw_key_type type);
/* By the names a DBA writes: smallint, int, integer, bigint, text, varchar, uuid, date,
 * timestamp, timestamptz. False: no key type. */
bool sw_key_type_of_name(const char *name, enum sw_key_type *type);

#endif
