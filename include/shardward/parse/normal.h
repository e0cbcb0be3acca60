/*
 * normal - a statement's text without its values, to be counted and logged: literals and
 * numbers become `?`, comments go, blanks become one. No byte of a literal is left over,
 * whatever the text; what is no SQL at all comes out as something.
 */
#ifndef SW_PARSE_NORMAL_H
#define SW_PARSE_NORMAL_H

#include <stddef.h>

/* Write the normal form of @sql to @out (@size > 0 bytes), cut to fit, with a zero byte; never
 * cut inside a character of UTF-8. Returns its length. A list of values, as in IN (1, 2, 3), is
 * written as `?, ...`, so that its length makes no difference. */
size_t sw_sql_normal(const char *sql, char *out, size_t size);

#endif
