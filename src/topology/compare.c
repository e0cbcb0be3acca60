/*
 * Every table is described line by line wherever it is; the descriptions must be equal. The
 * first line that differs, seen from both sides, says what to repair.
 */
#include "compare.h"

#include "shardward/base/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MOST_DESCRIPTION = 16 << 20 };

const struct sw_schema *sw_comparison_schema(const struct sw_comparison *comparison,
                                             const struct sw_shard *shard)
{
    return comparison->catalog->schemas[shard->id];
}

const char *sw_comparison_format(struct sw_comparison *comparison, const char *format, ...)
{
    va_list args, again;
    char *text;
    int len;

    assert(format != NULL);
    va_start(args, format);
    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, args);
    text = sw_arena_alloc(&comparison->catalog->arena, (size_t)len + 1);
    (void)vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

const struct sw_block *sw_comparison_block(struct sw_comparison *comparison,
                                           const char *message, const char *detail,
                                           const char *hint)
{
    struct sw_block *block = sw_arena_alloc(&comparison->catalog->arena, sizeof *block);

    *block = (struct sw_block){"0A000", message, detail, hint};
    return block;
}

static void add_difference(struct sw_comparison *comparison, struct sw_difference difference)
{
    if (comparison->difference_count == comparison->difference_size) {
        size_t size = (size_t)comparison->difference_size * 2 + 8;
        struct sw_difference *grown =
            sw_arena_alloc(&comparison->catalog->arena, size * sizeof *grown);

        if (comparison->difference_count > 0)
            memcpy(grown, comparison->differences,
                   (size_t)comparison->difference_count * sizeof *grown);
        comparison->differences = grown;
        comparison->difference_size = (int)size;
    }
    comparison->differences[comparison->difference_count++] = difference;
}

/* A description without its zero byte's need: lines end in \n. */
static void describe(const struct sw_schema_table *table, enum sw_schema_depth depth,
                     struct sw_buf *out)
{
    sw_buf_init(out, MOST_DESCRIPTION);
    if (table != NULL)
        sw_schema_describe(table, depth, out);
    sw_buf_append(out, "", 1);
}

static size_t line_len(const char *at)
{
    return strcspn(at, "\n");
}

/* Cut both to their first line that differs; false: they are equal. */
static bool first_difference(const char **left, const char **right)
{
    while (**left != '\0' || **right != '\0') {
        size_t len = line_len(*left);

        if (len != line_len(*right) || memcmp(*left, *right, len) != 0)
            return true;
        *left += len + ((*left)[len] == '\n');
        *right += len + ((*right)[len] == '\n');
    }
    return false;
}

static const char *line_at(struct sw_comparison *comparison, const char *at)
{
    return *at == '\0' ? NULL : sw_arena_text(&comparison->catalog->arena, at, line_len(at));
}

static const char *side(struct sw_comparison *comparison, const char *shard, const char *text)
{
    return sw_comparison_format(comparison, "%s: %s", shard,
                                text == NULL ? "no such thing" : text);
}

static void block_for(struct sw_comparison *comparison, const struct sw_difference *difference,
                      struct sw_catalog_table *into)
{
    const char *message, *detail;

    if (into->block != NULL)
        return;
    message = sw_comparison_format(comparison, "table \"%s\" differs between %s and %s",
                                   into->name, difference->left_shard, difference->right_shard);
    detail = sw_comparison_format(
        comparison, "%s; %s.", side(comparison, difference->left_shard, difference->left_text),
        side(comparison, difference->right_shard, difference->right_text));
    into->block = sw_comparison_block(comparison, message, detail,
                                      "Make the table equal on all shards and in the catalog "
                                      "database.");
}

/* Is the table in both places, and alike? */
static void compare_places(struct sw_comparison *comparison, const char *left_shard,
                           const struct sw_schema_table *left, const char *right_shard,
                           const struct sw_schema_table *right, enum sw_schema_depth depth,
                           struct sw_catalog_table *into)
{
    struct sw_difference difference = {.left_shard = left_shard, .right_shard = right_shard};
    struct sw_buf left_text, right_text;
    const char *a, *b;

    describe(left, depth, &left_text);
    describe(right, depth, &right_text);
    a = (const char *)sw_buf_bytes(&left_text);
    b = (const char *)sw_buf_bytes(&right_text);
    assert(a != NULL && b != NULL);
    if (first_difference(&a, &b)) {
        difference.table = sw_comparison_format(comparison, "%s.%s", into->schema, into->name);
        difference.left_text = line_at(comparison, a);
        difference.right_text = line_at(comparison, b);
        add_difference(comparison, difference);
        block_for(comparison, &difference, into);
    }
    sw_buf_finish(&left_text);
    sw_buf_finish(&right_text);
}

static const struct sw_block *not_known_yet(struct sw_comparison *comparison,
                                            const struct sw_table *table, const char *why)
{
    const char *message = sw_comparison_format(
        comparison, "table \"%s\" is not known yet, as none of its shards could be read",
        table->name);
    struct sw_block *block = sw_arena_alloc(&comparison->catalog->arena, sizeof *block);

    *block = (struct sw_block){"57P03", message,
                               sw_arena_strdup(&comparison->catalog->arena, why), NULL};
    return block;
}

/* The shards of a table, one after the other; NULL behind the last. */
static const struct sw_shard *shard_of(const struct sw_table *table, int at)
{
    if (table->keys == NULL && !table->is_reference)
        return at == 0 ? table->shard : NULL;
    return at < table->placement->shard_count ? table->placement->shards[at] : NULL;
}

void sw_compare_table(struct sw_comparison *comparison, const struct sw_table *table,
                      struct sw_catalog_table *into)
{
    const struct sw_shard *catalog = comparison->database->catalog;
    const struct sw_schema *schema = sw_comparison_schema(comparison, catalog);
    const struct sw_shard *first = NULL, *shard;
    const struct sw_schema_table *here, *facts = NULL;
    const char *why_not = NULL;

    for (int i = 0; (shard = shard_of(table, i)) != NULL; i++) {
        const struct sw_schema *there = sw_comparison_schema(comparison, shard);

        if (there == NULL && why_not == NULL)
            why_not = comparison->readings[shard->id].why_not;
        if (there == NULL)
            continue;
        here = sw_schema_find(there, table->schema, table->name);
        if (first == NULL)
            first = shard;
        if (facts == NULL)
            facts = here;
        if (first != shard)
            compare_places(comparison, first->name,
                           sw_schema_find(sw_comparison_schema(comparison, first),
                                          table->schema, table->name),
                           shard->name, here, SW_SCHEMA_WHOLE, into);
    }
    if (first == NULL && why_not != NULL)
        into->block = not_known_yet(comparison, table, why_not);
    if (first != NULL && schema != NULL)
        compare_places(comparison, first->name, facts, "the catalog database",
                       sw_schema_find(schema, table->schema, table->name), SW_SCHEMA_SHAPE,
                       into);
    into->facts = facts;
}
