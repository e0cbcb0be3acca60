/*
 * tournament - which of the rows of several sources is next.
 *
 * Each source has the rows that have come and did not leave yet, in the order of the keys. The
 * next row is known when each source has one, or has ended; of equal rows that of the first
 * source is next.
 */
#ifndef SW_MERGE_TOURNAMENT_H
#define SW_MERGE_TOURNAMENT_H

#include "rows.h"
#include "shardward/merge/merger.h"

struct sw_tournament;

/* A row in its place. */
struct sw_standing {
    struct sw_row row;
    struct sw_field *fields; /* up to the last key and the first one that does not leave */
    int rank;                /* of the first key: whether it is NULL; or the source has ended */
    uint64_t head;           /* of the first key (see internal.h) */
};

/* @recipe has keys. */
struct sw_tournament *sw_tournament_create(const struct sw_merge_recipe *recipe,
                                           int source_count);
void sw_tournament_destroy(struct sw_tournament *tournament); /* accepts NULL */

/* One more row of @source, copied. False: 08P01 for a row whose fields do not fill it, or a key
 * that is no value of its type; XX000 if it should have come before the last one. */
bool sw_tournament_add(struct sw_tournament *tournament, int source, const struct sw_row *row,
                       struct sw_error *err);
void sw_tournament_end(struct sw_tournament *tournament, int source);
/* Bytes of rows that did not leave. */
size_t sw_tournament_held(const struct sw_tournament *tournament, int source);

/* The next row, borrowed until another call but _held(); NULL: not known, or there is none. */
const struct sw_standing *sw_tournament_next(struct sw_tournament *tournament);
/* It leaves. */
void sw_tournament_pop(struct sw_tournament *tournament);
/* All sources have ended, and no row is left. */
bool sw_tournament_is_over(const struct sw_tournament *tournament);

#endif
