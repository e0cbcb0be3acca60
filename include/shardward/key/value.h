/*
 * value - one part of a key: how texts and binary forms become it, and its canonical bytes.
 *
 * A value does not depend on how it arrived. Its canonical bytes are on disk in every
 * installation, in the shard that a row is on, and never change:
 *
 *      smallint, int, bigint   8 bytes, little-endian two's complement
 *      text, varchar           the UTF-8 bytes
 *      uuid                    16 bytes
 *      date                    4 bytes, little-endian: days since 2000-01-01
 *      timestamp, timestamptz  8 bytes, little-endian: microseconds since 2000-01-01 00:00,
 *                              timestamptz in UTC
 *      several parts           for each: a length of 4 bytes, little-endian, then its bytes
 *
 * infinity and -infinity are the highest and the lowest number of their type, as in PostgreSQL.
 */
#ifndef SW_KEY_VALUE_H
#define SW_KEY_VALUE_H

#include "shardward/base/error.h"
#include "shardward/key/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sw_key_value {
    enum sw_key_type type;
    int64_t number;   /* of all but text and uuid */
    const char *text; /* of a text, borrowed; NULL: its bytes are in `own` */
    size_t len;       /* of text and uuid */
    uint8_t own[24];  /* of a uuid, or of a short text */
};

enum { SW_KEY_SHOWN = 48 };

/*
 * Read @text as PostgreSQL's input function of @type does. A text borrows @text.
 *
 * Of dates and timestamps only ISO forms are read, which mean the same under every DateStyle:
 *
 *      2026-01-31   2026-01-31 09:30[:00[.123456]]   with T for the space, and behind it
 *      Z, +02, +0200, +02:00 or +02:00:00            infinity, -infinity
 *
 * date takes the day as it stands, timestamp ignores the offset, as PostgreSQL does.
 * timestamptz needs the offset, unless @is_utc: the TimeZone in which the text will be read is
 * known to be UTC.
 *
 * False: 22P02, 22003, 22008 as PostgreSQL would raise; 0A000 with a hint for a form that may
 * depend on settings.
 */
bool sw_key_value_of_text(enum sw_key_type type, const char *text, size_t len, bool is_utc,
                          struct sw_key_value *value, struct sw_error *err);

/* The same of a type's binary form (of a bigint: 2, 4 or 8 bytes). False: *expected is the
 * length it should have, or 22008 for a date out of range, and *expected is 0. */
bool sw_key_value_of_binary(enum sw_key_type type, const uint8_t *bytes, size_t len,
                            struct sw_key_value *value, size_t *expected, struct sw_error *err);

void sw_key_value_of_number(enum sw_key_type type, int64_t number, struct sw_key_value *value);
/* The text that an integer becomes when it is assigned to a text column. */
void sw_key_value_of_digits(int64_t number, struct sw_key_value *value);

/* As int2in, int4in and int8in: 22P02 for what is no integer, 22003 out of @oid's range. */
bool sw_key_integer_of_text(const char *text, size_t len, enum sw_type_oid oid, int64_t *number,
                            struct sw_error *err);
bool sw_key_integer_fits(int64_t number, enum sw_type_oid oid, struct sw_error *err);
/* Does adding @days to a date stay within what PostgreSQL has? Not for infinite dates. */
bool sw_key_date_add(int64_t date, int64_t days, int64_t *sum);

/* The bytes of a text or uuid. */
const char *sw_key_value_bytes(const struct sw_key_value *value);

/* XXH3-64 of the canonical bytes of @count parts. Takes no memory. */
uint64_t sw_key_hash(const struct sw_key_value *parts, int count);

/* Of one type: numbers by number, texts and uuids bytewise. */
int sw_key_value_compare(const struct sw_key_value *a, const struct sw_key_value *b);
bool sw_key_value_equals(const struct sw_key_value *a, const struct sw_key_value *b);

/* Print for people, in ISO form; a long or unprintable text is left out. */
void sw_key_value_print(const struct sw_key_value *value, char out[SW_KEY_SHOWN]);

#endif
