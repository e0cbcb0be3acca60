/*
 * hint - what a comment in front of a statement tells shardward, as in
 *
 *      (slash-star) shardward: replica (star-slash) SELECT name FROM t WHERE id = 42
 *
 * A comment is no part of a statement: plans are shared with texts that have none. Pure.
 */
#ifndef SW_PARSE_HINT_H
#define SW_PARSE_HINT_H

#include <stdbool.h>
#include <stddef.h>

/* What stands behind "shardward:" in the first of the comments at the beginning of @text that
 * has it, without the blanks around; NULL: none has. */
const char *sw_hint_find(const char *text, size_t *len);

#endif
