/*
 * copy - COPY FROM STDIN into a sharded table, whose rows are only known when they come.
 */
#ifndef SW_PLAN_COPY_H
#define SW_PLAN_COPY_H

#include "shardward/plan/plan.h"

/* What a plan knows of them. It borrows the plan's statement and context. */
struct sw_copy_plan {
    const struct sw_table *table;
    const struct sw_copy_style *style;
    int column_count;          /* of a row */
    int columns[SW_KEY_PARTS]; /* where in a row the parts of the key stand, from 0 */
    struct {
        const char *type; /* of the column, for people */
        int most;         /* characters that it takes; -1: any number */
    } texts[SW_KEY_PARTS];
    bool is_utc; /* see sw_plan_context */
};

/* NULL: the plan is of something else. */
const struct sw_copy_plan *sw_plan_copy(const struct sw_plan *plan);

/*
 * The shard of a row with these @fields, one for each part of the key. False: it cannot be
 * told. As of INSERT: 23502 for NULL, 22P02 and its kin for what is no value of the key, 22001
 * for a text that is too long, 22023 for a key without a place, 0A000 for a form that may
 * depend on settings.
 */
bool sw_copy_place(const struct sw_copy_plan *plan, const struct sw_copy_field *fields,
                   const struct sw_shard **shard, struct sw_error *err);

#endif
