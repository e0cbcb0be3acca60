/*
 * tree - libpg_query's raw parse trees, read through PostgreSQL's own node structs.
 *
 * Both must be of one major; even then an enum may differ (LimitOption does: never read it by
 * its names). Nothing of the library may be called while a tree is read except what
 * parse.c calls: its errors leave by longjmp. Only inline functions and macros of the headers
 * are used (lists, IsA); MemoryContextSwitchTo and its kin do not link.
 */
#ifndef SW_PARSE_TREE_H
#define SW_PARSE_TREE_H

#include <stdint.h>

#include <pg_query.h>

enum { SW_PARSER_MAJOR = PG_VERSION_NUM / 10000 };
#undef PG_MAJORVERSION
#undef PG_VERSION
#undef PG_VERSION_NUM

#include <postgres.h>

#include <nodes/parsenodes.h>
#include <nodes/pg_list.h>
#include <nodes/primnodes.h>
#include <nodes/value.h>

_Static_assert((int)SW_PARSER_MAJOR == PG_VERSION_NUM / 10000,
               "libpg_query and the PostgreSQL server headers are of different majors");

/* port.h puts its own functions in their place, which we must not link. */
#undef printf
#undef snprintf
#undef vsnprintf
#undef sprintf
#undef vsprintf
#undef fprintf
#undef vfprintf
#undef vprintf
#undef strerror
#undef strerror_r

#endif
