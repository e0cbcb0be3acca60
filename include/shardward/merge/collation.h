/*
 * collation - how a server compares texts under a locale of libc.
 *
 * PostgreSQL asks strcoll(), and strcmp() where that finds none less (varstr_cmp()). Ours
 * answers alike if it is glibc of the same version, which PostgreSQL tells:
 * pg_collation_actual_version(), pg_database_collation_actual_version(). What both sort must be
 * UTF-8: the database's encoding, and client_encoding.
 *
 * C and POSIX need no such thing, they are bytewise. PostgreSQL tells no version of C.UTF-8.
 * It is bytewise in glibc 2.35 and later; earlier ones, made by distributions, sort to the end
 * what Unicode had not assigned yet. U&'\0378' < U&'\0391' is true under the former only.
 */
#ifndef SW_MERGE_COLLATION_H
#define SW_MERGE_COLLATION_H

#include "shardward/base/error.h"

#include <stddef.h>
#include <stdint.h>

/* Immutable, and counted from any thread. */
struct sw_collation;

/* The collation of a server where @locale sorts by libc's @version (NULL: none is told). One
 * reference. NULL: 0A000, libc here is another, or does not know that locale in UTF-8. */
struct sw_collation *sw_collation_open(const char *locale, const char *version,
                                       struct sw_error *err);
struct sw_collation *sw_collation_ref(struct sw_collation *collation); /* accepts NULL */
void sw_collation_unref(struct sw_collation *collation);               /* accepts NULL */

/* Less than, equal to or greater than 0. Texts have no zero bytes. */
int sw_collation_compare(const struct sw_collation *collation, const uint8_t *a, size_t a_len,
                         const uint8_t *b, size_t b_len);

#endif
