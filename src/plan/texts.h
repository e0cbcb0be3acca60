/*
 * texts - SQL that is put around the texts of parts: what servers are asked of them, and the
 * one text that gathers them all.
 *
 * A shard gives all parts from one snapshot, since they are one statement; a first column tells
 * which part a row belongs to, and the columns of the others are NULL:
 *
 *      SELECT 0 AS part, c1, c2, c3 FROM (...) AS g1(c1, c2), (...) AS g2(c3) WHERE false
 *      UNION ALL SELECT 0, c1, c2, NULL FROM (...) AS g1(c1, c2)
 *      UNION ALL SELECT 1, NULL, NULL, c3 FROM (...) AS g2(c3)
 *
 * The first arm gives no rows, but all columns their types.
 *
 * All results are in @arena; NULL: they would be too large.
 */
#ifndef SW_PLAN_TEXTS_H
#define SW_PLAN_TEXTS_H

#include "shardward/base/arena.h"

#include <stdbool.h>

struct sw_text_part {
    const char *text;
    int first, count; /* its columns are c<first + 1> and so on */
};

/* To be described: the columns of each text, and behind them one that ends it. */
const char *sw_texts_of_parts(const char *const *texts, int count, struct sw_arena *arena);
bool sw_texts_ends_part(const char *column, int part);
/* To be described: the columns of all. */
const char *sw_texts_side_by_side(const struct sw_text_part *parts, int count,
                                  struct sw_arena *arena);
/* One row: the locale of the database, and whether characters without a name stand in their
 * place there; then of each column its collation, if it has one, the kind of its type and the
 * name. */
const char *sw_texts_probe(const struct sw_text_part *parts, int count, struct sw_arena *arena);
/* @is_text: of each column, whether its values are cast to text. */
const char *sw_texts_gather(const struct sw_text_part *parts, int count, const bool *is_text,
                            struct sw_arena *arena);

#endif
