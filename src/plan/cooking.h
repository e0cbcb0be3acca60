/*
 * cooking - a recipe while it is made: see plan/scatter.h, and cook.c for the dialogue.
 *
 *   cook.c           questions and answers, texts
 *   cook_parts.c     which parts there are, and what their columns are called
 */
#ifndef SW_PLAN_COOKING_H
#define SW_PLAN_COOKING_H

#include "spread.h"
#include "texts.h"

#include "shardward/parse/recast.h"
#include "shardward/plan/scatter.h"

enum sw_cook_state {
    SW_COOK_CLIENTS,
    SW_COOK_PARTS,
    SW_COOK_GATHER,
    SW_COOK_PROBE,
    SW_COOK_FINISH,
    SW_COOK_DONE
};

struct sw_cook_part {
    const struct sw_cook *cook;
    struct sw_recast_source source;
    struct sw_recast_gather gather;
};

struct sw_cook {
    const struct sw_plan *plan;
    const struct sw_catalog_database *catalog; /* NULL: nothing is known */
    const struct sw_statement *statement;
    struct sw_script *script; /* with the outline */
    const struct sw_outline *outline;
    const char *text;
    int index;
    enum sw_cook_state state;
    struct sw_arena arena; /* what is not to be kept */
    bool *banned;          /* of each query: it cannot be recast */
    bool is_raw;
    struct sw_cook_part *parts;
    struct sw_text_part *texts; /* what is gathered of each */
    int part_count;
    bool is_whole; /* the only part is all of it */
    struct sw_question question;
    struct sw_recast_column *columns; /* gathered */
    bool *column_is_text;             /* its values are gathered as texts */
    int column_count;
    struct sw_recipe *recipe;
};

/* 0A000, with a hint; false. @detail may be NULL. */
bool sw_cook_refuse(struct sw_error *err, const char *message, const char *detail);
bool sw_cook_refuse_size(struct sw_error *err);
bool sw_cook_refuse_unknown(struct sw_error *err);

/* Find the parts, without what is banned. False: 0A000. */
bool sw_cook_choose_parts(struct sw_cook *cook, struct sw_error *err);
/* The columns of a part, of which those of a table may not all be wanted. */
void sw_cook_name_columns(struct sw_cook *cook, struct sw_cook_part *part,
                          const struct sw_described_column *columns, int count);

#endif
