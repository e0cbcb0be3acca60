/*
 * What map and catalog tell, without asking a worker.
 */
#include "columns.h"
#include "internal.h"

static const struct sw_column version[] = {TEXT("version")};
static const struct sw_column help[] = {TEXT("command"), TEXT("about"), TEXT("may")};
static const struct sw_column tables[] = {
    TEXT("database"), TEXT("business"),      TEXT("schema"),    TEXT("table"),
    TEXT("kind"),     TEXT("key"),           TEXT("placement"), INT4("shards"),
    TEXT("refused"),  TEXT("writes_refused")};

const struct sw_columns sw_columns_version = COLUMNS(version);
const struct sw_columns sw_columns_help = COLUMNS(help);
const struct sw_columns sw_columns_tables = COLUMNS(tables);

void sw_show_version(struct sw_console *console)
{
    sw_answer_row(&console->answer);
    sw_answer_text(&console->answer, "shardward " SW_VERSION);
    sw_console_done(console);
}

void sw_show_help(struct sw_console *console)
{
    struct sw_answer *answer = &console->answer;

    for (int i = 0; i < SW_VERBS; i++) {
        const struct sw_verb *verb = sw_verb((enum sw_verb_name)i);

        sw_answer_row(answer);
        sw_answer_format(answer, "%s%s%s", verb->words, verb->arguments[0] == '\0' ? "" : " ",
                         verb->arguments);
        sw_answer_text(answer, verb->about);
        sw_answer_text(answer, verb->changes ? "all" : "look");
    }
    sw_console_done(console);
}

/* The columns, as `city, id`. */
static void put_key(struct sw_answer *answer, const struct sw_table *table)
{
    struct sw_buf key;

    sw_buf_init(&key, SIZE_MAX);
    for (int p = 0; p < table->placement->part_count; p++)
        (void)sw_buf_printf(&key, "%s%s", p == 0 ? "" : ", ", table->keys[p]);
    (void)sw_buf_append(&key, "", 1);
    sw_answer_text(answer, (const char *)sw_buf_bytes(&key));
    sw_buf_finish(&key);
}

/* Why the catalog lets no statement touch a table, or write it; NULL: it does. */
static void put_block(struct sw_answer *answer, const struct sw_block *block)
{
    if (block == NULL)
        sw_answer_null(answer);
    else
        sw_answer_format(answer, "%s%s%s", block->message, block->detail == NULL ? "" : ": ",
                         block->detail == NULL ? "" : block->detail);
}

static void put_table(struct sw_answer *answer, const struct sw_database *database,
                      const struct sw_table *table, const struct sw_catalog_table *found)
{
    bool is_sharded = table->keys != NULL, is_spread = is_sharded || table->is_reference;

    sw_answer_row(answer);
    sw_answer_text(answer, database->name);
    sw_answer_text(answer, table->business->name);
    sw_answer_text(answer, table->schema);
    sw_answer_text(answer, table->name);
    sw_answer_text(answer, is_sharded            ? "sharded"
                           : table->is_reference ? "reference"
                                                 : "single");
    if (is_sharded)
        put_key(answer, table);
    else
        sw_answer_text(answer, NULL);
    sw_answer_text(answer, is_sharded ? table->placement->name : NULL);
    sw_answer_number(answer, is_spread ? table->placement->shard_count : 1);
    put_block(answer, found == NULL ? NULL : found->block);
    put_block(answer, found == NULL ? NULL : found->write_block);
}

static void put_tables(struct sw_answer *answer, const struct sw_database *database,
                       const struct sw_catalog_database *read)
{
    for (int b = 0; b < database->business_count; b++)
        for (int t = 0; t < database->businesses[b].table_count; t++) {
            const struct sw_table *table = &database->businesses[b].tables[t];

            put_table(answer, database, table,
                      read == NULL ? NULL : sw_catalog_table(read, table->schema, table->name));
        }
}

void sw_show_tables(struct sw_console *console)
{
    const struct sw_map *map = console->admin->map;
    struct sw_catalog *catalog = sw_board_catalog(console->admin->board);

    for (int d = 0; d < map->database_count; d++)
        put_tables(&console->answer, &map->databases[d],
                   catalog == NULL ? NULL
                                   : sw_catalog_database(catalog, map->databases[d].name));
    sw_catalog_unref(catalog);
    sw_console_done(console);
}
