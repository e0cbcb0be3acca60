#include "prune.h"

#include "talk.h"

#include "shardward/base/log.h"
#include "shardward/base/mem.h"
#include "shardward/base/stop.h"
#include "shardward/base/text.h"

#include <stdlib.h>

enum { MOST_SQL = 64 << 20 };

/* "'id', 'id'": what is due on @shard; false: nothing. */
static bool list_ids(const struct sw_catalog_database *database, const struct sw_shard *shard,
                     bool is_old, struct sw_buf *out)
{
    size_t before = sw_buf_len(out);

    for (int i = 0; i < database->due_count; i++) {
        const struct sw_note_due *due = &database->due[i];
        char *id;

        if (due->shard_id != shard->id || due->is_old != is_old)
            continue;
        id = sw_text_literal(due->id);
        (void)sw_buf_printf(out, "%s%s", sw_buf_len(out) == before ? "" : ", ", id);
        free(id);
    }
    return sw_buf_len(out) > before;
}

static bool add_command(const struct sw_catalog_database *database,
                        const struct sw_shard *shard, bool is_old, const char *command,
                        struct sw_buf *sql)
{
    struct sw_buf ids;
    bool has_ids;

    sw_buf_init(&ids, MOST_SQL);
    has_ids = list_ids(database, shard, is_old, &ids);
    if (has_ids) {
        (void)sw_buf_printf(sql, "%s AND id IN (", command);
        (void)sw_buf_append(sql, sw_buf_bytes(&ids), sw_buf_len(&ids));
        (void)sw_buf_append_text(sql, ");\n");
    }
    sw_buf_finish(&ids);
    return has_ids;
}

static void run(const struct sw_shard *shard, const char *sql, int timeout_ms,
                const atomic_bool *is_stopping)
{
    struct sw_talk talk = {.waiting.is_stopping = is_stopping};
    struct sw_error err;

    if (!sw_talk_open(&talk, shard, timeout_ms, &err) ||
        !sw_talk_run(&talk, sql, NULL, NULL, &err))
        sw_log(SW_LOG_WARNING, "journal-not-pruned", "shard=%s error=\"%s\"", shard->name,
               err.message);
    sw_talk_close(&talk);
}

/* @turn counts the shards on which something is deleted. */
static void prune(const struct sw_catalog_database *database, const struct sw_shard *shard,
                  int timeout_ms, const atomic_bool *is_stopping, int *turn)
{
    struct sw_buf sql;

    sw_buf_init(&sql, MOST_SQL);
    (void)add_command(database, shard, false,
                      "UPDATE shardward.ddl SET finished_at = now() WHERE finished_at IS NULL",
                      &sql);
    if (add_command(database, shard, true,
                    "DELETE FROM shardward.ddl WHERE finished_at IS NOT NULL", &sql))
        sw_stop_at("journal-delete", (*turn)++);
    if (sw_buf_len(&sql) > 0 && sw_buf_append(&sql, "", 1))
        run(shard, (const char *)sw_buf_bytes(&sql), timeout_ms, is_stopping);
    sw_buf_finish(&sql);
}

void sw_prune_journals(const struct sw_catalog *catalog, int timeout_ms,
                       const atomic_bool *is_stopping)
{
    int turn = 0;

    for (int d = 0; d < catalog->database_count; d++)
        for (int s = 0; s < catalog->map->shard_count; s++)
            if (catalog->databases[d].due_count > 0)
                prune(&catalog->databases[d], catalog->map->shards[s], timeout_ms, is_stopping,
                      &turn);
}
