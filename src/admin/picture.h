/*
 * picture - what metrics and pages are made of: the answers of all loops, added up, and what
 * hangs on the board.
 */
#ifndef SW_ADMIN_PICTURE_H
#define SW_ADMIN_PICTURE_H

#include "survey.h"

#include "shardward/board/board.h"

struct sw_picture {
    struct sw_arena arena;
    struct sw_map *map;
    struct sw_catalog *catalog; /* NULL: nothing has been read yet */
    struct sw_state *state;
    struct sw_events *events;
    const struct sw_survey *late; /* NULL: all loops answer */

    /* Of the last survey that all have answered; false: there is none, and the rest is empty.
     */
    bool has_answers;
    const struct sw_survey *survey;
    struct sw_sums *sums;
    const struct sw_sums *before; /* those of some seconds ago; borrowed */
    struct sw_pool_copy *pools;
    struct sw_client_count *clients;
    struct sw_class_copy *classes;
    struct sw_error_count *errors;
    struct sw_sessions_memory memory;
    struct sw_http_facts control;
};

/* @survey and @late as of sw_survey_take(), borrowed until sw_picture_finish(). */
void sw_picture_init(struct sw_picture *picture, struct sw_board *board,
                     const struct sw_survey *survey, const struct sw_survey *late);
void sw_picture_finish(struct sw_picture *picture);

/* Why nothing should be sent here now, a line each; nothing: it may. */
void sw_picture_unready(const struct sw_picture *picture, struct sw_buf *out);
/* Which clusters take no statements now, a line each. As long as others do, that is no reason
 * to send nothing here: nobody else would do better. */
void sw_picture_lame(const struct sw_picture *picture, struct sw_buf *out);
/* Which loops do not answer, a line each. */
void sw_picture_unhealthy(const struct sw_picture *picture, struct sw_buf *out);

/* metrics.c, status.c */
void sw_metrics_write(const struct sw_picture *picture, struct sw_buf *out);
void sw_status_write(const struct sw_picture *picture, struct sw_buf *out);

#endif
