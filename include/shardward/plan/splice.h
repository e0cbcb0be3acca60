/*
 * splice - puts the column list into an INSERT that leaves it out.
 *
 * What such a statement means depends on the columns that a server has. With the list that the
 * shard was chosen by in its text, the server itself checks what we assumed.
 */
#ifndef SW_PLAN_SPLICE_H
#define SW_PLAN_SPLICE_H

#include "shardward/base/error.h"

/* What was put in, in characters; none: len is 0. */
struct sw_splice {
    int at; /* how many characters of the client's text stand before it */
    int len;
};

/*
 * @text, one INSERT INTO table [AS alias] VALUES ..., with @columns ("a, b", see
 * sw_plan_columns()) behind the table. From the heap. The result is parsed again; NULL: it does
 * not say what was meant (0A000), as when WITH stands before the INSERT.
 */
char *sw_splice_columns(const char *text, const char *columns, struct sw_splice *splice,
                        struct sw_error *err);

/* A position in the spliced text (from 1) as one of the client's text. */
int sw_splice_position(const struct sw_splice *splice, int position);

#endif
