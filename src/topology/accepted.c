#include "shardward/topology/accepted.h"

#include "shardward/base/mem.h"
#include "shardward/key/value.h"

#include <stdio.h>
#include <string.h>

enum { MOST_TEXT = 4 << 20 };

static const char *keep(struct sw_arena *arena, struct sw_buf *text)
{
    const char *copy = sw_arena_text(arena, (const char *)sw_buf_bytes(text), sw_buf_len(text));

    sw_buf_finish(text);
    return copy;
}

static const char *format_name(struct sw_arena *arena, const char *kind, const char *left,
                               const char *right)
{
    struct sw_buf text;

    sw_buf_init(&text, MOST_TEXT);
    sw_buf_printf(&text, "%s %s.%s", kind, left, right);
    return keep(arena, &text);
}

/* Numbers as they are, so that the text says exactly what is stored. */
static void describe_value(const struct sw_key_value *value, struct sw_buf *text)
{
    char shown[SW_KEY_SHOWN];

    if (value->type == SW_KEY_TEXT) {
        sw_buf_append_text(text, "'");
        sw_buf_append(text, sw_key_value_bytes(value), value->len);
        sw_buf_append_text(text, "'");
        return;
    }
    sw_key_value_print(value, shown);
    sw_buf_append_text(text, shown);
}

static void describe_span(const struct sw_placement *placement, const struct sw_key_span *span,
                          struct sw_buf *text)
{
    if (placement->kind == SW_PLACEMENT_LIST) {
        describe_value(&span->from, text);
    } else {
        sw_buf_append_text(text, "[");
        if (!span->is_from_open)
            describe_value(&span->from, text);
        sw_buf_append_text(text, ", ");
        if (!span->is_to_open)
            describe_value(&span->to, text);
        sw_buf_append_text(text, ")");
    }
    sw_buf_printf(text, " in %s, ", placement->groups[span->group]);
}

static void describe_way(const struct sw_placement *placement, struct sw_buf *text)
{
    static const char *const kinds[] = {[SW_PLACEMENT_HASH] = "hash",
                                        [SW_PLACEMENT_LIST] = "list",
                                        [SW_PLACEMENT_RANGE] = "range"};

    sw_buf_append_text(text, kinds[placement->kind]);
    for (int part = 0; part < placement->part_count; part++)
        sw_buf_printf(text, "%s%s %s", part == 0 ? "" : ",",
                      part > 0 && part == placement->hashed_from ? " then hash" : "",
                      sw_key_type_name(placement->types[part]));
    sw_buf_printf(text, " %d:", placement->group_buckets);
    if (placement->kind == SW_PLACEMENT_HASH)
        return;
    sw_buf_append_text(text, " ");
    for (int i = 0; i < placement->span_count; i++)
        describe_span(placement, &placement->spans[i], text);
    sw_buf_printf(text, "others %s;",
                  placement->default_group < 0 ? "nowhere"
                                               : placement->groups[placement->default_group]);
}

/* Which shards have the buckets of a group. */
static void describe_group(const struct sw_placement *placement, int group, struct sw_buf *text)
{
    const struct sw_bucket *buckets =
        placement->buckets + (ptrdiff_t)group * placement->group_buckets;
    const char *between = " ";

    if (placement->kind != SW_PLACEMENT_HASH)
        sw_buf_printf(text, "%s %s:", group == 0 ? "" : ";", placement->groups[group]);
    for (int at = 0; at < placement->group_buckets; at++) {
        const struct sw_shard *shard = buckets[at].shard;
        int first = at;

        while (at + 1 < placement->group_buckets && buckets[at + 1].shard == shard)
            at++;
        sw_buf_printf(text, "%s%s %d-%d", between, shard->name, first, at);
        between = ", ";
    }
}

static const char *describe_placement(const struct sw_placement *placement,
                                      struct sw_arena *arena)
{
    struct sw_buf text;

    sw_buf_init(&text, MOST_TEXT);
    describe_way(placement, &text);
    for (int group = 0; group < placement->group_count; group++)
        describe_group(placement, group, &text);
    return keep(arena, &text);
}

static const char *describe_table(const struct sw_table *table, struct sw_arena *arena)
{
    struct sw_buf text;

    sw_buf_init(&text, MOST_TEXT);
    if (table->is_reference) {
        sw_buf_append_text(&text, "reference on");
        for (int i = 0; i < table->placement->shard_count; i++)
            sw_buf_printf(&text, " %s", table->placement->shards[i]->name);
    } else if (table->keys == NULL) {
        sw_buf_printf(&text, "single on %s", table->shard->name);
    } else {
        sw_buf_printf(&text, "%s.%s(", table->business->name, table->placement->name);
        for (int part = 0; part < table->placement->part_count; part++)
            sw_buf_printf(&text, "%s%s", part == 0 ? "" : ", ", table->keys[part]);
        sw_buf_append_text(&text, ")");
    }
    return keep(arena, &text);
}

/* Placements of no table decide nothing: they are not told. Returns how many rows there are. */
static int add_business(const struct sw_business *business, struct sw_arena *arena,
                        struct sw_accepted *rows, int at)
{
    for (int i = 0; i < business->table_count; i++) {
        const struct sw_table *table = &business->tables[i];
        const char *what = format_name(arena, "table", table->schema, table->name);

        rows[at++] = (struct sw_accepted){what, describe_table(table, arena)};
        if (table->keys == NULL)
            continue;
        what = format_name(arena, "placement", business->name, table->placement->name);
        if (sw_accepted_find(rows, at, what) == NULL)
            rows[at++] =
                (struct sw_accepted){what, describe_placement(table->placement, arena)};
    }
    return at;
}

static size_t most_rows(const struct sw_business *business)
{
    return 2 * (size_t)business->table_count;
}

const struct sw_accepted *sw_accepted_of_business(const struct sw_business *business,
                                                  struct sw_arena *arena, int *count)
{
    struct sw_accepted *rows = sw_arena_alloc(arena, (most_rows(business) + 1) * sizeof *rows);

    *count = add_business(business, arena, rows, 0);
    return rows;
}

const struct sw_accepted *sw_accepted_of(const struct sw_database *database,
                                         const struct sw_shard *shard, struct sw_arena *arena,
                                         int *count)
{
    struct sw_accepted *rows;
    struct sw_buf home;
    size_t most = 1;

    for (int i = 0; i < database->business_count; i++)
        most += most_rows(&database->businesses[i]);
    rows = sw_arena_alloc(arena, most * sizeof *rows);
    sw_buf_init(&home, MOST_TEXT);
    sw_buf_printf(&home, "%s.%s", database->name, shard->name);
    rows[0] = (struct sw_accepted){"shard", keep(arena, &home)};
    *count = 1;
    for (int i = 0; i < database->business_count; i++)
        if (database->businesses[i].shards == shard->business->shards)
            *count = add_business(&database->businesses[i], arena, rows, *count);
    return rows;
}

const char *sw_accepted_find(const struct sw_accepted *rows, int count, const char *what)
{
    for (int i = 0; i < count; i++)
        if (strcmp(rows[i].what, what) == 0)
            return rows[i].text;
    return NULL;
}

bool sw_accepted_allows(const struct sw_database *database, const struct sw_shard *shard,
                        const struct sw_schema *schema, struct sw_error *err)
{
    struct sw_arena arena;
    const struct sw_accepted *rows;
    bool is_good = true;
    int count;

    sw_arena_init(&arena);
    rows = sw_accepted_of(database, shard, &arena, &count);
    for (int i = 0; is_good && i < count; i++) {
        const char *was =
            sw_accepted_find(schema->accepted, schema->accepted_count, rows[i].what);

        is_good = was == NULL || strcmp(was, rows[i].text) == 0;
        if (is_good)
            continue;
        sw_error_set(err, "55000",
                     "%s of shard \"%s\" is not the one that its rows were stored "
                     "under: accepted was '%.150s', the map says '%.150s'",
                     rows[i].what, shard->name, was, rows[i].text);
        sw_error_hint(err,
                      "Rows would vanish from sight. Take the change back; or, if the rows "
                      "have been moved, run shardward accept.");
    }
    sw_arena_finish(&arena);
    return is_good;
}
