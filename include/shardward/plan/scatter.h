/*
 * scatter - a SELECT whose rows are on several shards: what each of them is asked, and how one
 * answer is made of theirs.
 *
 * That the rows of FROM and WHERE on all shards are together those of the whole is proven from
 * the facts, when the statement is planned. What has to be asked and put together depends on
 * what a server says of the statement besides: the types of its parameters, the columns of `*`.
 * So a recipe is made once, in dialogue with any one of the shards, and kept:
 *
 *   cook = sw_cook_create(plan, text, ...)
 *   while ((question = sw_cook_question(cook)) != NULL)
 *           ask a shard; sw_cook_hear_description() or sw_cook_hear_row()
 *   recipe = sw_cook_recipe(cook)
 *
 * An error that the shard answers to the first question is the client's; to a later one it
 * means that the statement is refused.
 *
 * There are two ways to make one answer. *Merging*: rows go to the client as they come, or by
 * their order (see merge/merger.h). *Finishing*: what the shards answer becomes arrays (see
 * merge/columns.h), parameters of a last query, which one of the shards runs: there PostgreSQL
 * itself does what is left, such as the sums of sums and what is made of them.
 */
#ifndef SW_PLAN_SCATTER_H
#define SW_PLAN_SCATTER_H

#include "shardward/base/buf.h"
#include "shardward/merge/merger.h"
#include "shardward/parse/parse.h"
#include "shardward/plan/plan.h"

/* What a server says of a column, or of a parameter. OIDs are those of the catalog database. */
struct sw_described_column {
    const char *name;
    uint32_t table_oid;
    int16_t attribute;
    uint32_t type;
    int16_t type_len;
    int32_t typmod;
};

struct sw_description {
    const uint32_t *parameters; /* their types */
    int parameter_count;
    const struct sw_described_column *columns;
    int column_count;
};

enum sw_question_kind {
    SW_QUESTION_DESCRIBE, /* Parse, and Describe of the statement */
    SW_QUESTION_ROW,      /* run it, all parameters NULL: it gives one row, of texts or NULLs */
};

struct sw_question {
    enum sw_question_kind kind;
    const char *text;
    const uint32_t *parameters; /* types to be declared in Parse */
    int parameter_count;
    bool is_clients; /* it is the client's own text: so is an error */
};

/* LIMIT or OFFSET. */
struct sw_row_count {
    enum { SW_ROWS_UNSAID, SW_ROWS_CONSTANT, SW_ROWS_PARAMETER } kind;
    int64_t rows;
    int parameter; /* from 1 */
};

/*
 * What counts of columns for who reads their rows: name, type and typmod of each, as bytes that
 * are equal if those are. A recipe holds as long as the servers describe what it was made for:
 * a column may get another type behind our back, or in a transaction that is still open.
 */
struct sw_profile {
    const uint8_t *bytes; /* NULL: none was taken */
    size_t len;
};

void sw_profile_write(struct sw_buf *out, const struct sw_described_column *columns, int count);
struct sw_profile sw_profile_keep(struct sw_arena *arena,
                                  const struct sw_described_column *columns, int count);
bool sw_profile_is(const struct sw_profile *profile, const struct sw_described_column *columns,
                   int count);

struct sw_recipe {
    int refs;
    struct sw_arena arena;             /* of all that it points to */
    struct sw_description description; /* of the client's statement: types of the parameters,
                                          and what the client is told of the columns */
    struct sw_profile profile;         /* of those columns */

    /* What each shard is asked, with the client's parameters. */
    const char *gather;
    bool asks_clients_text; /* in place of it, which says the same; also that of another text
                               which differs in literals only */
    const uint32_t *described_types; /* of its columns, as a shard says; NULL: none was asked */
    struct sw_profile gathered; /* as each shard has to describe it: taken of the first one */
    char scope[33]; /* what tells a statement on servers from the same text when it gave other
                       columns: PostgreSQL keeps to those, and fails */
    int gathered_count; /* of its columns; of which types they are taken, to be finished */
    const uint32_t *gathered_types;
    const int *gathered_parts; /* of each column, see merge/columns.h; NULL: there is one part.
                                  Else a column before them tells it */
    int visible_count; /* the first ones, in the client's formats; the others, and all when they
                          are finished, in binary */

    /* Merging. */
    const struct sw_merge_key *keys;
    int key_count;
    struct sw_row_count limit, offset;

    /* Finishing: a query with the client's parameters, and behind them one for each gathered
     * column, of these types. NULL: rows are merged. */
    const char *finish;
    bool is_in_parts; /* it joins what was gathered, so that its plan depends on how much that
                         is */
    const uint32_t *finish_types;
    const char *finish_tables;  /* the same, but that it reads tables: see parse/recast.h */
    struct sw_profile finished; /* as the server that finishes has to describe it */
};

struct sw_cook;

/*
 * Make a recipe for statement @index (from 0) of @text. @types are those that the client's
 * Parse has declared (0: not said). All is borrowed until sw_cook_destroy().
 */
struct sw_cook *sw_cook_create(const struct sw_plan *plan, const char *text, int index,
                               const uint32_t *types, int type_count, struct sw_error *err);
void sw_cook_destroy(struct sw_cook *cook); /* accepts NULL */
/* NULL: there is none left. Borrowed until it is answered. */
const struct sw_question *sw_cook_question(struct sw_cook *cook);
/* False: 0A000, with the reason. */
bool sw_cook_hear_description(struct sw_cook *cook, const struct sw_description *description,
                              struct sw_error *err);
bool sw_cook_hear_row(struct sw_cook *cook, const char *const *texts, int count,
                      struct sw_error *err);
/* One reference; the questions are all answered. */
struct sw_recipe *sw_cook_recipe(struct sw_cook *cook);

struct sw_recipe *sw_recipe_ref(struct sw_recipe *recipe);
void sw_recipe_unref(struct sw_recipe *recipe);        /* accepts NULL */
size_t sw_recipe_size(const struct sw_recipe *recipe); /* bytes */
/* Are these the columns that a shard was to give, or who finishes? */
bool sw_recipe_fits_gathered(struct sw_recipe *recipe,
                             const struct sw_described_column *columns, int count);
bool sw_recipe_fits_finished(const struct sw_recipe *recipe,
                             const struct sw_described_column *columns, int count);

/* LIMIT and OFFSET with these parameters, as the merger takes them. False: 22023 as
 * PostgreSQL's for a negative one (2201W, 2201X), 0A000 for a value that cannot be read. */
bool sw_recipe_rows(const struct sw_recipe *recipe, const struct sw_parameters *parameters,
                    int64_t *limit, int64_t *offset, struct sw_error *err);

/*
 * The shards of a route of kind SEVERAL, in global order, for these values. Fills in as many of
 * @shards as @size allows, and returns how many there are; -1: *err as of sw_plan_locate().
 */
int sw_plan_list_several(const struct sw_plan *plan, const struct sw_parameters *parameters,
                         const struct sw_shard **shards, int size, struct sw_error *err);

/* For EXPLAIN: append the texts of a recipe, of which @gather is what shards are asked, as
 * lines of `name: text`, which may have lines of their own. */
void sw_recipe_print(const struct sw_recipe *recipe, const char *gather, struct sw_buf *out);

/*
 * For EXPLAIN: append lines of `name: value` that say where statement @index of @sql, which
 * @script is of, has to run, and how the answers of several shards become one. False: as of
 * sw_plan_route(), or what sw_cook_create() says.
 */
bool sw_plan_explain(const struct sw_plan_context *context, const struct sw_script *script,
                     const char *sql, int index, const struct sw_parameters *parameters,
                     struct sw_buf *out, struct sw_error *err);

#endif
