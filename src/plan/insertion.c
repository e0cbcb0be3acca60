/*
 * What an INSERT leaves unsaid: its columns, and the values that sequences give. Each shard has
 * sequences of its own, which would give numbers that other shards have given too; so nothing
 * may be left to them.
 */
#include "planner.h"

#include "shardward/base/settings.h"

#include <string.h>

/* --- the column list --- */

static const char *finish_text(struct sw_planner *planner, struct sw_buf *text)
{
    const char *kept =
        sw_arena_text(&planner->arena, (const char *)sw_buf_bytes(text), sw_buf_len(text));

    sw_buf_finish(text);
    return kept;
}

/* The first columns of the table, as many as a row has, quoted; of COPY all but the generated
 * ones. */
static const char *print_columns(struct sw_planner *planner,
                                 const struct sw_schema_table *facts, int count, bool is_copy)
{
    struct sw_buf text;

    sw_buf_init(&text, SIZE_MAX);
    for (int i = 0; i < count; i++) {
        if (is_copy && facts->columns[i].is_generated)
            continue;
        if (sw_buf_len(&text) > 0)
            (void)sw_buf_append_text(&text, ", ");
        sw_put_sql_name(&text, facts->columns[i].name);
    }
    return finish_text(planner, &text);
}

static bool refuse_listless(struct sw_planner *planner, const struct sw_table *table)
{
    sw_error_set(planner->err, "0A000",
                 "INSERT without a column list into the sharded table \"%s\" is not supported "
                 "yet",
                 table->name);
    sw_error_hint(planner->err,
                  "Write the columns: INSERT INTO table (column, ...) VALUES ...");
    return false;
}

/* Only one level of a statement can be given anything. */
static bool take_level(struct sw_planner *planner, struct sw_insertion *into, int level)
{
    if (into->level >= 0 && into->level != level) {
        sw_error_set(planner->err, "0A000",
                     "two INSERTs in one statement leave columns to shardward");
        sw_error_hint(planner->err, "Write all columns and their values, or two statements.");
        return false;
    }
    into->level = level;
    return true;
}

static bool find_columns_of_copy(struct sw_planner *planner, struct sw_insertion *into,
                                 int index)
{
    const struct sw_level *level = &planner->statement->levels[index];
    const struct sw_schema_table *facts = sw_insert_facts(planner, level);

    if (!sw_copy_compile(planner, level))
        return false;
    if (level->has_column_list)
        return true;
    into->level = index;
    into->columns = print_columns(planner, facts, facts->column_count, true);
    return true;
}

static bool find_columns(struct sw_planner *planner, struct sw_insertion *into, int index)
{
    const struct sw_level *level = &planner->statement->levels[index];
    const struct sw_table *table = planner->places[level->target].table;
    const struct sw_schema_table *facts = sw_insert_facts(planner, level);

    if (level->source == SW_INSERT_COPY)
        return find_columns_of_copy(planner, into, index);
    if (level->source != SW_INSERT_VALUES)
        return true;
    if (level->has_column_list)
        return sw_insert_check_width(planner, level, level->column_count);
    if (facts == NULL)
        return refuse_listless(planner, table);
    if (!sw_insert_check_width(planner, level, facts->column_count) ||
        !take_level(planner, into, index))
        return false;
    into->columns = print_columns(planner, facts, level->row_width, false);
    return true;
}

/* --- what numbers a column --- */

static const char *draw_identity(struct sw_planner *planner,
                                 const struct sw_schema_table *table,
                                 const struct sw_schema_column *column)
{
    struct sw_buf name, text;

    sw_buf_init(&name, SIZE_MAX);
    sw_put_sql_name(&name, table->schema);
    (void)sw_buf_append_text(&name, ".");
    sw_put_sql_name(&name, table->name);
    (void)sw_buf_append(&name, "", 1);
    sw_buf_init(&text, SIZE_MAX);
    (void)sw_buf_append_text(&text, "pg_catalog.nextval(pg_catalog.pg_get_serial_sequence(");
    sw_put_sql_literal(&text, (const char *)sw_buf_bytes(&name));
    (void)sw_buf_append_text(&text, ", ");
    sw_put_sql_literal(&text, column->name);
    (void)sw_buf_append_text(&text, "))");
    sw_buf_finish(&name);
    return finish_text(planner, &text);
}

/* The expression whose value is what the column's default would be over all shards; NULL: it is
 * not known to be. */
static const char *find_draw(struct sw_planner *planner, const struct sw_schema_table *table,
                             const struct sw_schema_column *column)
{
    struct sw_buf draw;

    switch (sw_schema_numbering(column)) {
    case SW_NUMBERING_IDENTITY:
        return draw_identity(planner, table, column);
    case SW_NUMBERING_NEXT_ID:
        return sw_arena_strdup(&planner->arena, column->default_text);
    case SW_NUMBERING_NEXTVAL:
        sw_buf_init(&draw, SIZE_MAX);
        (void)sw_buf_append_text(&draw, "pg_catalog.");
        (void)sw_buf_append_text(&draw, column->default_text);
        return finish_text(planner, &draw);
    case SW_NUMBERING_NONE:
    case SW_NUMBERING_ODD:
        break;
    }
    return NULL;
}

/* --- who gives the value --- */

static int rows_of(const struct sw_level *level)
{
    return level->source == SW_INSERT_DEFAULTS || level->source == SW_INSERT_COPY
               ? 1
               : level->row_count;
}

/* In how many rows is the column at @at left to its default? */
static int count_lacking(const struct sw_level *level, int at)
{
    int count = 0;

    if (at < 0)
        return rows_of(level);
    for (int row = 0; row < level->row_count; row++)
        count += level->values[(size_t)row * (size_t)level->row_width + (size_t)at].kind ==
                 SW_VALUE_DEFAULT;
    return count;
}

static bool refuse_sequence(struct sw_planner *planner, const struct sw_table *table,
                            const struct sw_schema_column *column)
{
    const char *sequence = column->default_sequence;

    sw_error_set(planner->err, "0A000", "INSERT into \"%s\" leaves \"%s\" to a sequence",
                 table->name, column->name);
    sw_error_detail(planner->err, "Each shard has its own, and rows on other shards would get "
                                  "the same numbers; shardward fills integers whose default is "
                                  "a plain nextval(), shardward.next_id() or an identity.");
    sw_error_hint(planner->err, "Give a value, such as that of SELECT shardward.next_id('%s').",
                  sequence == NULL ? "sequence" : sequence);
    return false;
}

static bool refuse_sequence_of_copy(struct sw_planner *planner, const struct sw_table *table,
                                    const struct sw_schema_column *column)
{
    sw_error_set(planner->err, "0A000", "COPY into \"%s\" leaves \"%s\" to a sequence",
                 table->name, column->name);
    sw_error_detail(planner->err, "Each shard has its own, and rows on other shards would get "
                                  "the same numbers.");
    sw_error_hint(planner->err, "Name the column, and give its values.");
    return false;
}

/* As the server says it: with OVERRIDING SYSTEM VALUE for the other rows it would not. */
static bool refuse_always(struct sw_planner *planner, const struct sw_schema_column *column)
{
    sw_error_set(planner->err, "428C9", "cannot insert a non-DEFAULT value into column \"%s\"",
                 column->name);
    sw_error_detail(planner->err,
                    "Column \"%s\" is an identity column defined as GENERATED ALWAYS.",
                    column->name);
    sw_error_hint(planner->err, "Use OVERRIDING SYSTEM VALUE to override.");
    return false;
}

/* Does anybody have to know which number a new row gets? Where all rows of a table are on one
 * shard, only who routes by it. */
static bool is_ours(const struct sw_table *table, const struct sw_schema_column *column)
{
    return sw_schema_numbering(column) != SW_NUMBERING_NONE &&
           (table->placement->shard_count > 1 || sw_table_key_part(table, column->name) >= 0);
}

struct filling {
    struct sw_insertion *into;
    struct sw_fill *fills;                       /* as many as the table has columns */
    int index;                                   /* of the level */
    const struct sw_schema_column *given_always; /* that has a value in some row */
};

static bool fill_column(struct sw_planner *planner, struct filling *filling,
                        const struct sw_schema_column *column)
{
    const struct sw_level *level = &planner->statement->levels[filling->index];
    const struct sw_table *table = planner->places[level->target].table;
    struct sw_insertion *into = filling->into;
    int at = sw_insert_column(planner, level, column->name);
    int count = count_lacking(level, at);
    struct sw_fill *fill;

    if (column->identity == 'a' && count < rows_of(level))
        filling->given_always = column;
    if (count == 0 || !is_ours(table, column))
        return true;
    if (level->source == SW_INSERT_COPY)
        return refuse_sequence_of_copy(planner, table, column);
    if (!take_level(planner, into, filling->index))
        return false;
    fill = &filling->fills[into->fill_count];
    *fill =
        (struct sw_fill){.column = column->name,
                         .draws = find_draw(planner, sw_insert_facts(planner, level), column),
                         .at = at,
                         .first = into->id_count,
                         .count = count,
                         .is_identity_always = column->identity == 'a'};
    if (fill->draws == NULL)
        return refuse_sequence(planner, table, column);
    into->fill_count++;
    into->id_count += count;
    into->overrides |= fill->is_identity_always && level->overriding != SW_OVERRIDING_SYSTEM;
    planner->places[level->target].is_filled |= sw_table_key_part(table, column->name) >= 0;
    return true;
}

/* The server would put its own numbers in place of those that the shard was chosen by. */
static bool check_overriding(struct sw_planner *planner, const struct sw_level *level)
{
    const struct sw_schema_table *facts = sw_insert_facts(planner, level);
    bool has_identity = facts == NULL;

    for (int i = 0; facts != NULL && i < facts->column_count; i++)
        has_identity |= facts->columns[i].identity != '\0';
    if (level->overriding != SW_OVERRIDING_USER || !has_identity)
        return true;
    sw_error_set(planner->err, "0A000",
                 "OVERRIDING USER VALUE of a sharded table with an identity column is not "
                 "supported");
    sw_error_hint(planner->err, "Leave the identity column out.");
    return false;
}

static bool fill_level(struct sw_planner *planner, struct sw_insertion *into, int index)
{
    const struct sw_level *level = &planner->statement->levels[index];
    const struct sw_schema_table *facts = sw_insert_facts(planner, level);
    struct filling filling = {.into = into, .index = index};

    if (!check_overriding(planner, level))
        return false;
    if (facts == NULL || level->source == SW_INSERT_QUERY)
        return true;
    filling.fills =
        sw_arena_alloc(&planner->arena, (size_t)facts->column_count * sizeof *filling.fills);
    for (int i = 0; i < facts->column_count; i++)
        if (!fill_column(planner, &filling, &facts->columns[i]))
            return false;
    if (into->overrides && filling.given_always != NULL)
        return refuse_always(planner, filling.given_always);
    if (into->level == index)
        into->fills = filling.fills;
    return true;
}

/* --- DEFAULT that is assigned --- */

static bool check_assigned(struct sw_planner *planner, const struct sw_level *level)
{
    const struct sw_table *table = planner->places[level->target].table;
    const struct sw_schema_table *facts = sw_insert_facts(planner, level);

    for (int i = 0; facts != NULL && i < level->set_count; i++) {
        int at = sw_schema_column_index(facts, level->set_columns[i]);

        if (!level->sets_default[i] || at < 0 || !is_ours(table, &facts->columns[at]))
            continue;
        sw_error_set(planner->err, "0A000", "SET \"%s\" = DEFAULT of \"%s\" is not supported",
                     facts->columns[at].name, table->name);
        sw_error_detail(planner->err, "Each shard would number rows by a sequence of its own.");
        sw_error_hint(planner->err, "Draw a number with SELECT shardward.next_id() first.");
        return false;
    }
    return true;
}

/* --- all levels --- */

static bool look_at(struct sw_planner *planner, struct sw_insertion *into, int index)
{
    const struct sw_level *level = &planner->statement->levels[index];
    const struct sw_table *table =
        level->target < 0 ? NULL : planner->places[level->target].table;

    if (!sw_table_is_sharded(table))
        return true;
    return check_assigned(planner, level) &&
           (level->kind != SW_LEVEL_INSERT ||
            (find_columns(planner, into, index) && fill_level(planner, into, index)));
}

bool sw_insertion_find(struct sw_planner *planner)
{
    struct sw_insertion *into = sw_arena_alloc(&planner->arena, sizeof *into);

    into->level = -1;
    for (int i = 0; i < planner->statement->level_count; i++)
        if (!look_at(planner, into, i))
            return false;
    if (into->level >= 0)
        planner->insertion = into;
    return true;
}

static bool is_fill_equal(const struct sw_fill *a, const struct sw_fill *b)
{
    return strcmp(a->column, b->column) == 0 && strcmp(a->draws, b->draws) == 0 &&
           a->at == b->at && a->first == b->first && a->count == b->count;
}

bool sw_insertion_is_equal(const struct sw_insertion *a, const struct sw_insertion *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    if (a->level != b->level || a->overrides != b->overrides ||
        a->fill_count != b->fill_count || (a->columns == NULL) != (b->columns == NULL) ||
        (a->columns != NULL && strcmp(a->columns, b->columns) != 0))
        return false;
    for (int i = 0; i < a->fill_count; i++)
        if (!is_fill_equal(&a->fills[i], &b->fills[i]))
            return false;
    return true;
}
