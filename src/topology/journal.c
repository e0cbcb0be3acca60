/*
 * Each change of the schema is noted on every shard that took part in it, in the same
 * transaction. All shards that were read must have the notes that name them; where one is
 * missing, the change was not finished, unless the others say that it was finished long ago:
 * then it is being deleted.
 */
#include "compare.h"

#include <string.h>

enum { LIST_LIMIT = 16 << 20, MARKING_VERSION = 4 /* of schema shardward, has finished_at */ };

/* A note, and on how many places it stands in which age. */
struct noted {
    const struct sw_schema_ddl *note;
    int times[SW_NOTE_OLD + 1];
};

static int count_times(const struct noted *noted)
{
    return noted->times[SW_NOTE_NEW] + noted->times[SW_NOTE_FINISHED] +
           noted->times[SW_NOTE_OLD];
}

/* The schema of a place of a note, if the map still knows it and it was read. */
static const struct sw_schema *place(const struct sw_comparison *comparison, const char *name)
{
    const struct sw_shard *shard = sw_database_shard(comparison->database, name);

    return shard == NULL ? NULL : sw_comparison_schema(comparison, shard);
}

static const struct sw_schema_ddl *find_note(const struct sw_schema *schema, const char *id)
{
    for (int i = schema->ddl_count - 1; i >= 0; i--)
        if (strcmp(schema->ddl[i].id, id) == 0)
            return &schema->ddl[i];
    return NULL;
}

static void add_notes(struct sw_comparison *comparison, const struct sw_shard *shard,
                      struct sw_textmap *all)
{
    const struct sw_schema *schema = sw_comparison_schema(comparison, shard);

    for (int i = 0; schema != NULL && i < schema->ddl_count; i++) {
        struct noted *noted = sw_textmap_get(all, schema->ddl[i].id);

        if (noted == NULL) {
            noted = sw_arena_alloc(&comparison->catalog->arena, sizeof *noted);
            *noted = (struct noted){.note = &schema->ddl[i]};
            (void)sw_textmap_put(all, schema->ddl[i].id, noted);
        }
        noted->times[schema->ddl[i].age]++;
    }
}

static bool is_unfinished(const struct sw_comparison *comparison, const struct noted *noted)
{
    int expected = 0;

    for (int i = 0; i < noted->note->place_count; i++)
        expected += place(comparison, noted->note->places[i]) != NULL;
    return noted->times[SW_NOTE_OLD] == 0 && count_times(noted) < expected;
}

static const char *list_places(struct sw_comparison *comparison,
                               const struct sw_schema_ddl *note, bool with_note)
{
    const char *text;
    struct sw_buf list;

    sw_buf_init(&list, LIST_LIMIT);
    for (int i = 0; i < note->place_count; i++) {
        const struct sw_schema *schema = place(comparison, note->places[i]);

        if (schema == NULL || (find_note(schema, note->id) != NULL) != with_note)
            continue;
        (void)sw_buf_printf(&list, "%s%s", sw_buf_len(&list) == 0 ? "" : ", ", note->places[i]);
    }
    (void)sw_buf_append(&list, "", 1);
    text = sw_arena_strdup(&comparison->catalog->arena, (const char *)sw_buf_bytes(&list));
    sw_buf_finish(&list);
    return text;
}

static void add_all_notes(struct sw_comparison *comparison, struct sw_textmap *all)
{
    const struct sw_database *database = comparison->database;

    for (int i = 0; i < database->shard_count; i++)
        add_notes(comparison, database->shards[i], all);
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

/* --- what is finished --- */

/* Can nothing be hidden in a place that this map does not know, or that was not read? */
static bool is_seen_whole(const struct sw_comparison *comparison,
                          const struct sw_schema_ddl *note)
{
    for (int i = 0; i < note->place_count; i++) {
        const struct sw_schema *schema = place(comparison, note->places[i]);

        if (schema == NULL || schema->installed < MARKING_VERSION)
            return false;
    }
    return true;
}

static bool is_to_be_marked(const struct noted *noted)
{
    return noted->times[SW_NOTE_NEW] > 0 && count_times(noted) == noted->note->place_count;
}

static bool is_to_be_deleted(const struct noted *noted)
{
    return noted->times[SW_NOTE_OLD] > 0 && noted->times[SW_NOTE_OLD] == count_times(noted);
}

/* How many; written to @out unless it is NULL. */
static int list_due_of(const struct sw_comparison *comparison, const struct noted *noted,
                       struct sw_note_due *out)
{
    bool is_old = is_to_be_deleted(noted);
    int count = 0;

    if (!is_seen_whole(comparison, noted->note) || (!is_old && !is_to_be_marked(noted)))
        return 0;
    for (int i = 0; i < noted->note->place_count; i++) {
        const struct sw_shard *shard =
            sw_database_shard(comparison->database, noted->note->places[i]);
        const struct sw_schema_ddl *here =
            find_note(sw_comparison_schema(comparison, shard), noted->note->id);

        if (here == NULL || here->age != (is_old ? SW_NOTE_OLD : SW_NOTE_NEW))
            continue;
        if (out != NULL)
            out[count] = (struct sw_note_due){here->id, shard->id, is_old};
        count++;
    }
    return count;
}

static int list_due(const struct sw_comparison *comparison, const struct sw_textmap *all,
                    struct sw_note_due *out)
{
    const struct noted *noted;
    size_t at = 0;
    int count = 0;

    while ((noted = sw_textmap_next(all, &at, NULL)) != NULL)
        count += list_due_of(comparison, noted, out == NULL ? NULL : out + count);
    return count;
}

static void find_due(struct sw_comparison *comparison, const struct sw_textmap *all)
{
    int count = list_due(comparison, all, NULL);
    struct sw_note_due *due =
        sw_arena_alloc(&comparison->catalog->arena, (size_t)count * sizeof *due);

    (void)list_due(comparison, all, due);
    comparison->into->due = due;
    comparison->into->due_count = count;
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
    find_due(comparison, &all);
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
