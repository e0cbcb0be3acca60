/*
 * Each change of the schema is noted on every shard that took part in it, in the same
 * transaction. All shards that were read must have the notes that name them; where one is
 * missing, the change was not finished.
 */
#include "compare.h"

#include <stdio.h>
#include <string.h>

enum { LIST_SIZE = 400 };

struct noted {
    const struct sw_schema_ddl *note;
    int times;
};

static const struct sw_shard *find_shard(const struct sw_database *database, const char *name)
{
    if (strcmp(name, database->catalog->name) == 0)
        return database->catalog;
    for (int b = 0; b < database->business_count; b++)
        for (int s = 0; s < database->businesses[b].shard_count; s++)
            if (strcmp(database->businesses[b].shards[s].name, name) == 0)
                return &database->businesses[b].shards[s];
    return NULL;
}

/* The schema of a place of a note, if the map still knows it and it was read. */
static const struct sw_schema *place(const struct sw_comparison *comparison, const char *name)
{
    const struct sw_shard *shard = find_shard(comparison->database, name);

    return shard == NULL ? NULL : sw_comparison_schema(comparison, shard);
}

static bool has_note(const struct sw_schema *schema, const char *id)
{
    for (int i = schema->ddl_count - 1; i >= 0; i--)
        if (strcmp(schema->ddl[i].id, id) == 0)
            return true;
    return false;
}

static void add_notes(struct sw_comparison *comparison, const struct sw_shard *shard,
                      struct sw_textmap *all)
{
    const struct sw_schema *schema = sw_comparison_schema(comparison, shard);

    for (int i = 0; schema != NULL && i < schema->ddl_count; i++) {
        struct noted *noted = sw_textmap_get(all, schema->ddl[i].id);

        if (noted == NULL) {
            noted = sw_arena_alloc(&comparison->catalog->arena, sizeof *noted);
            noted->note = &schema->ddl[i];
            (void)sw_textmap_put(all, schema->ddl[i].id, noted);
        }
        noted->times++;
    }
}

static bool is_unfinished(const struct sw_comparison *comparison, const struct noted *noted)
{
    int expected = 0;

    for (int i = 0; i < noted->note->place_count; i++)
        expected += place(comparison, noted->note->places[i]) != NULL;
    return noted->times < expected;
}

static const char *list_places(struct sw_comparison *comparison,
                               const struct sw_schema_ddl *note, bool with_note)
{
    char list[LIST_SIZE] = "";
    size_t len = 0;

    for (int i = 0; i < note->place_count; i++) {
        const struct sw_schema *schema = place(comparison, note->places[i]);
        int more;

        if (schema == NULL || has_note(schema, note->id) != with_note)
            continue;
        more = snprintf(list + len, sizeof list - len, "%s%s", len == 0 ? "" : ", ",
                        note->places[i]);
        if (more < 0 || (size_t)more >= sizeof list - len)
            break;
        len += (size_t)more;
    }
    return sw_arena_strdup(&comparison->catalog->arena, list);
}

static void add_all_notes(struct sw_comparison *comparison, struct sw_textmap *all)
{
    const struct sw_database *database = comparison->database;

    add_notes(comparison, database->catalog, all);
    for (int b = 0; b < database->business_count; b++)
        for (int s = 0; s < database->businesses[b].shard_count; s++)
            add_notes(comparison, &database->businesses[b].shards[s], all);
}

static int count_unfinished(struct sw_comparison *comparison, const struct sw_textmap *all,
                            struct sw_unfinished_ddl *out)
{
    const struct noted *noted;
    size_t at = 0;
    int count = 0;

    while ((noted = sw_textmap_next(all, &at, NULL)) != NULL) {
        if (!is_unfinished(comparison, noted))
            continue;
        if (out != NULL)
            out[count] = (struct sw_unfinished_ddl){
                .note = noted->note,
                .made_on = list_places(comparison, noted->note, true),
                .missing_on = list_places(comparison, noted->note, false)};
        count++;
    }
    return count;
}

void sw_compare_journals(struct sw_comparison *comparison)
{
    struct sw_unfinished_ddl *unfinished;
    struct sw_textmap all;
    int count;

    sw_textmap_init(&all);
    add_all_notes(comparison, &all);
    count = count_unfinished(comparison, &all, NULL);
    unfinished =
        sw_arena_alloc(&comparison->catalog->arena, (size_t)count * sizeof *unfinished);
    (void)count_unfinished(comparison, &all, unfinished);
    comparison->into->unfinished = unfinished;
    comparison->into->unfinished_count = count;
    sw_textmap_finish(&all);
}

static bool is_about(const struct sw_schema_ddl *note, const char *table)
{
    for (int i = 0; i < note->table_count; i++)
        if (strcmp(note->tables[i], table) == 0)
            return true;
    return false;
}

void sw_block_unfinished(struct sw_comparison *comparison, const struct sw_table *table,
                         struct sw_catalog_table *into)
{
    const char *name = sw_comparison_format(comparison, "%s.%s", table->schema, table->name);

    for (int i = 0; i < comparison->into->unfinished_count; i++) {
        const struct sw_unfinished_ddl *unfinished = &comparison->into->unfinished[i];

        if (!is_about(unfinished->note, name) ||
            (into->block == NULL && !unfinished->note->changes_rows))
            continue;
        into->block = sw_comparison_block(
            comparison,
            sw_comparison_format(comparison, "a change of table \"%s\" was not finished",
                                 table->name),
            sw_comparison_format(comparison, "It was made on %s, and not on %s.",
                                 unfinished->made_on, unfinished->missing_on),
            "Run shardward repair, or make the shards equal by hand.");
        return;
    }
}
