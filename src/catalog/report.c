#include "report.h"

#include "shardward/base/log.h"

#include <string.h>

static bool is_same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static const char *shown(const char *text)
{
    return text == NULL ? "no such thing" : text;
}

static bool was_known(const struct sw_catalog_database *before,
                      const struct sw_difference *difference)
{
    for (int i = 0; before != NULL && i < before->difference_count; i++) {
        const struct sw_difference *old = &before->differences[i];

        if (is_same(old->table, difference->table) &&
            is_same(old->left_shard, difference->left_shard) &&
            is_same(old->right_shard, difference->right_shard) &&
            is_same(old->left_text, difference->left_text) &&
            is_same(old->right_text, difference->right_text))
            return true;
    }
    return false;
}

static void report_differences(const struct sw_catalog_database *database,
                               const struct sw_catalog_database *before)
{
    for (int i = 0; i < database->difference_count; i++) {
        const struct sw_difference *difference = &database->differences[i];

        if (was_known(before, difference))
            continue;
        sw_log(SW_LOG_WARNING, "table-differs",
               "database=%s table=\"%s\" here=\"%s: %s\" there=\"%s: %s\"", database->name,
               difference->table, difference->left_shard, shown(difference->left_text),
               difference->right_shard, shown(difference->right_text));
    }
}

static void report_block(const struct sw_catalog_database *database,
                         const struct sw_catalog_table *table, const struct sw_block *block,
                         const struct sw_block *before, const char *event)
{
    if (block == NULL && before != NULL)
        sw_log(SW_LOG_INFO, "table-open", "database=%s table=\"%s.%s\"", database->name,
               table->schema, table->name);
    if (block == NULL || (before != NULL && is_same(block->message, before->message)))
        return;
    sw_log(SW_LOG_WARNING, event, "database=%s table=\"%s.%s\" reason=\"%s\" detail=\"%s\"",
           database->name, table->schema, table->name, block->message,
           block->detail == NULL ? "" : block->detail);
}

static void report_tables(const struct sw_catalog_database *database,
                          const struct sw_catalog_database *before)
{
    const struct sw_catalog_table *table;
    const char *name;
    size_t at = 0;

    while ((table = sw_textmap_next(&database->tables, &at, &name)) != NULL) {
        const struct sw_catalog_table *old =
            before == NULL ? NULL : sw_textmap_get(&before->tables, name);

        report_block(database, table, table->block, old == NULL ? NULL : old->block,
                     "table-blocked");
        report_block(database, table, table->write_block, old == NULL ? NULL : old->write_block,
                     "table-read-only");
    }
}

static void report_shards(const struct sw_catalog_database *database,
                          const struct sw_catalog_database *before)
{
    const struct sw_catalog_shard *shard;
    const char *name;
    size_t at = 0;

    while ((shard = sw_textmap_next(&database->shards, &at, &name)) != NULL) {
        const struct sw_catalog_shard *old =
            before == NULL ? NULL : sw_textmap_get(&before->shards, name);

        if (!shard->is_read && shard->why_not != NULL &&
            (old == NULL || old->is_read || !is_same(old->why_not, shard->why_not)))
            sw_log(SW_LOG_WARNING, "shard-unread", "database=%s shard=%s reason=\"%s\"",
                   database->name, name, shard->why_not);
        if (shard->is_read && !shard->is_installed && (old == NULL || !old->is_read))
            sw_log(SW_LOG_WARNING, "shard-not-installed",
                   "database=%s shard=%s hint=\"run shardward install\"", database->name, name);
    }
}

static bool was_unfinished(const struct sw_catalog_database *before, const char *id)
{
    for (int i = 0; before != NULL && i < before->unfinished_count; i++)
        if (strcmp(before->unfinished[i].note->id, id) == 0)
            return true;
    return false;
}

static void report_unfinished(const struct sw_catalog_database *database,
                              const struct sw_catalog_database *before)
{
    for (int i = 0; i < database->unfinished_count; i++) {
        const struct sw_unfinished_ddl *unfinished = &database->unfinished[i];

        if (!was_unfinished(before, unfinished->note->id))
            sw_log(SW_LOG_WARNING, "ddl-unfinished",
                   "database=%s id=%s at=\"%s\" made=\"%s\" missing=\"%s\" statement=\"%s\" "
                   "hint=\"run shardward repair\"",
                   database->name, unfinished->note->id, unfinished->note->at,
                   unfinished->made_on, unfinished->missing_on, unfinished->note->statement);
    }
}

void sw_report_catalog(const struct sw_catalog *catalog, const struct sw_catalog *before)
{
    for (int i = 0; i < catalog->database_count; i++) {
        const struct sw_catalog_database *database = &catalog->databases[i];
        const struct sw_catalog_database *old =
            before == NULL ? NULL : sw_catalog_database(before, database->name);

        report_shards(database, old);
        report_unfinished(database, old);
        report_differences(database, old);
        report_tables(database, old);
    }
}
