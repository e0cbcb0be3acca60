/*
 * splice - puts into an INSERT what its plan says is missing: the column list that the shard
 * was chosen by, and the values that its server may not draw from a sequence of its own.
 *
 *      INSERT INTO t VALUES ($1, DEFAULT)      INSERT INTO t ("a", "id") VALUES ($1, 4711)
 *      INSERT INTO t (a) VALUES (1), (2)       INSERT INTO t ("id", a) VALUES (7, 1), (8, 2)
 *      INSERT INTO t DEFAULT VALUES            INSERT INTO t ("id") VALUES (9)
 *
 * With the columns in its text, the server itself checks what we assumed of them.
 */
#ifndef SW_PLAN_SPLICE_H
#define SW_PLAN_SPLICE_H

#include "shardward/base/error.h"
#include "shardward/plan/plan.h"

/* One place where the text was changed, in characters. */
struct sw_splice_piece {
    int at;      /* of the client's text stand before it */
    int removed; /* of it are gone */
    int added;
};

/* Where a text was changed. A zeroed one: nowhere. */
struct sw_splice {
    struct sw_splice_piece *pieces; /* in their order */
    int count;
};

void sw_splice_clear(struct sw_splice *splice);
void sw_splice_copy(struct sw_splice *to, const struct sw_splice *from); /* @to: anything */

/* What stands for the numbers drawn. */
struct sw_splice_values {
    const int64_t *ids;  /* as many as the insertion wants; NULL: parameters do, */
    int first_parameter; /* this one and those behind it */
};

/*
 * @text with @insertion put in, from the heap; *splice (zeroed) tells where. The result is
 * parsed again, and has to say what was meant, row by row. NULL: it does not (0A000), as when
 * there is another statement beside the INSERT.
 */
char *sw_splice(const char *text, const struct sw_insertion *insertion,
                const struct sw_splice_values *values, struct sw_splice *splice,
                struct sw_error *err);

/* A position in the spliced text (from 1) as one of the client's text. */
int sw_splice_position(const struct sw_splice *splice, int position);

#endif
