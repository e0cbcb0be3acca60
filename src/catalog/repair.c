#include "shardward/catalog/repair.h"

#include "talk.h"

#include "shardward/base/mem.h"
#include "shardward/base/text.h"
#include "shardward/catalog/reader.h"
#include "shardward/topology/catalog.h"

#include <stdlib.h>
#include <string.h>

enum { READ_MS = 10000, REPAIR_MS = 24 * 60 * 60 * 1000, MOST_SQL = 256 << 20 };

/* One note, as a database that has it keeps it. */
struct note {
    char *row;  /* a literal of the whole row */
    char *role; /* quoted */
    char *search_path;
    char *statement;
};

struct repairer {
    const struct sw_database *database;
    const struct sw_unfinished_ddl *unfinished;
    struct note note;
    FILE *out;
};

/* --- the note --- */

static void on_note(void *owner, const PGresult *result)
{
    struct note *note = owner;

    if (PQntuples(result) != 1 || note->row != NULL)
        return;
    note->row = sw_strdup(PQgetvalue(result, 0, 0));
    note->role = sw_strdup(PQgetvalue(result, 0, 1));
    note->search_path = sw_strdup(PQgetvalue(result, 0, 2));
    note->statement = sw_strdup(PQgetvalue(result, 0, 3));
}

static void forget_note(struct note *note)
{
    free(note->row);
    free(note->role);
    free(note->search_path);
    free(note->statement);
    *note = (struct note){0};
}

/* Read it where it is; whether there too is told by note->row. */
static bool read_note(struct repairer *repairer, const struct sw_shard *shard,
                      struct sw_error *err)
{
    char *id = sw_text_literal(repairer->unfinished->note->id);
    char *sql =
        sw_format("SELECT quote_literal(d::text), quote_ident(by), "
                  "quote_literal(search_path), statement FROM shardward.ddl d WHERE id = "
                  "%s",
                  id);
    struct sw_talk talk = {.conn = NULL};
    bool is_good = sw_talk_open(&talk, shard, READ_MS, err) &&
                   sw_talk_run(&talk, sql, on_note, &repairer->note, err);

    sw_talk_close(&talk);
    free(sql);
    free(id);
    return is_good;
}

/* --- one shard --- */

/* The line end is for a comment at the end of the statement. digest is made anew. */
static char *compose(const struct note *note)
{
    return sw_format(
        "BEGIN;\n"
        "SELECT set_config('search_path', %s, true);\n"
        "SET LOCAL ROLE %s;\n"
        "%s\n;\n"
        "RESET ROLE;\n"
        "INSERT INTO shardward.ddl (id, at, by, database, places, tables, "
        "changes_rows, search_path, statement) SELECT id, at, by, database, places, "
        "tables, changes_rows, search_path, statement FROM (SELECT "
        "(%s::shardward.ddl).*) x;\n"
        "COMMIT;",
        note->search_path, note->role, note->statement, note->row);
}

static bool finish_on(struct repairer *repairer, const struct sw_shard *shard)
{
    char *sql = compose(&repairer->note);
    struct sw_talk talk = {.conn = NULL};
    struct sw_error err;
    bool is_good = sw_talk_open(&talk, shard, REPAIR_MS, &err) &&
                   sw_talk_run(&talk, sql, NULL, NULL, &err);

    (void)fprintf(repairer->out, "%s, on %s: %s\n", repairer->unfinished->note->id, shard->name,
                  is_good ? "done" : err.message);
    sw_talk_close(&talk);
    free(sql);
    return is_good;
}

/* --- one change --- */

/* Is @name one of the names of "a, b, c"? */
static bool lists(const char *list, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = list; (at = strstr(at, name)) != NULL; at += len)
        if ((at == list || at[-1] == ' ') && (at[len] == ',' || at[len] == '\0'))
            return true;
    return false;
}

static bool find_note(struct repairer *repairer)
{
    const struct sw_schema_ddl *note = repairer->unfinished->note;
    struct sw_error err;

    for (int i = 0; i < note->place_count && repairer->note.row == NULL; i++) {
        const struct sw_shard *shard = sw_database_shard(repairer->database, note->places[i]);

        if (shard != NULL && lists(repairer->unfinished->made_on, note->places[i]) &&
            !read_note(repairer, shard, &err))
            (void)fprintf(repairer->out, "%s, on %s: %s\n", note->id, note->places[i],
                          err.message);
    }
    return repairer->note.row != NULL;
}

static bool repair_one(struct repairer *repairer)
{
    const struct sw_schema_ddl *note = repairer->unfinished->note;
    bool is_good = find_note(repairer);

    for (int i = 0; repairer->note.row != NULL && i < note->place_count; i++) {
        const struct sw_shard *shard = sw_database_shard(repairer->database, note->places[i]);

        if (shard != NULL && lists(repairer->unfinished->missing_on, note->places[i]))
            is_good = finish_on(repairer, shard) && is_good;
    }
    forget_note(&repairer->note);
    return is_good;
}

/* --- all of them --- */

static int by_time(const void *a, const void *b)
{
    const struct sw_unfinished_ddl *left = a, *right = b;

    return strcmp(left->note->at, right->note->at);
}

static bool repair_database(const struct sw_map *map, const struct sw_catalog_database *found,
                            FILE *out)
{
    size_t count = (size_t)found->unfinished_count;
    struct sw_unfinished_ddl *list = sw_memdup(found->unfinished, count * sizeof *list);
    struct repairer repairer = {.database = sw_map_database(map, found->name), .out = out};
    bool is_good = true;

    if (count > 0)
        qsort(list, count, sizeof *list, by_time);
    for (size_t i = 0; i < count && is_good; i++) {
        repairer.unfinished = &list[i];
        is_good = repair_one(&repairer);
    }
    free(list);
    return is_good;
}

/* What cannot be read cannot be judged. */
static bool are_all_read(const struct sw_map *map, const struct sw_shard_reading *readings,
                         FILE *out)
{
    bool is_good = true;

    for (int i = 0; i < map->shard_count; i++)
        if (readings[i].text == NULL) {
            (void)fprintf(out, "%s\n",
                          readings[i].why_not == NULL
                              ? "a cluster has no control user, and cannot be looked at"
                              : readings[i].why_not);
            is_good = false;
        }
    return is_good;
}

bool sw_repair(struct sw_map *map, FILE *out)
{
    struct sw_shard_reading *readings =
        sw_alloc_zero((size_t)map->shard_count, sizeof *readings);
    struct sw_catalog *catalog;
    bool is_good;
    int count = 0;

    sw_readings_take(map, READ_MS, readings);
    is_good = are_all_read(map, readings, out);
    catalog = sw_catalog_build(map, readings, 1);
    for (int i = 0; i < catalog->database_count && is_good; i++) {
        count += catalog->databases[i].unfinished_count;
        is_good = repair_database(map, &catalog->databases[i], out);
    }
    if (is_good && count == 0)
        (void)fprintf(out, "nothing is unfinished\n");
    sw_catalog_unref(catalog);
    sw_readings_free(readings, map->shard_count);
    return is_good;
}
