/*
 * function_names - functions of pg_catalog, sorted into kinds.
 */
#ifndef SW_PARSE_FUNCTION_NAMES_H
#define SW_PARSE_FUNCTION_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* Sorted by strcmp. */
extern const char *const sw_harmless_functions[];
extern const size_t sw_harmless_function_count;

/* Read only, but the answer depends on pg_catalog. Sorted by strcmp. */
extern const char *const sw_catalog_functions[];
extern const size_t sw_catalog_function_count;

/* Is @name an aggregate of pg_catalog (or may be, as rank() is within a group)? */
bool sw_function_is_aggregate(const char *name);
/* Does it have another value at each call? */
bool sw_function_is_by_chance(const char *name);

#endif
