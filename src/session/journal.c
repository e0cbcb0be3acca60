/*
 * DDL leaves a note on each shard, in the same transaction: what was done where. Whoever finds
 * a note on some of its shards only knows that a crash came between their commits, and what
 * would finish it.
 */
#include "internal.h"

#include "shardward/base/mem.h"
#include "shardward/wire/write.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

static void put_id(struct sw_buf *sql)
{
    uint64_t random[2] = {0};

    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        random[0] = (uint64_t)(uintptr_t)sql;
    (void)sw_buf_printf(sql, "'%016" PRIx64 "%016" PRIx64 "'", random[0], random[1]);
}

static void put_shards(const struct sw_session *session, const struct sw_route *route,
                       struct sw_buf *sql)
{
    int count = sw_plan_list_shards(session->database, route, NULL, 0);
    const struct sw_shard **shards = sw_alloc_zero((size_t)count, sizeof(void *));

    (void)sw_plan_list_shards(session->database, route, shards, count);
    (void)sw_buf_append_text(sql, "ARRAY[");
    for (int i = 0; i < count; i++) {
        (void)sw_buf_append_text(sql, i == 0 ? "" : ",");
        sw_put_sql_literal(sql, shards[i]->name);
    }
    (void)sw_buf_append_text(sql, "]::text[]");
    free(shards);
}

static void put_tables_of(const struct sw_session *session, const struct sw_ddl *ddl,
                          bool *is_first, struct sw_buf *sql)
{
    int count = sw_plan_list_tables(session->database, session->catalog, ddl, NULL, 0);
    const struct sw_table **tables = sw_alloc_zero((size_t)count, sizeof(void *));

    (void)sw_plan_list_tables(session->database, session->catalog, ddl, tables, count);
    for (int i = 0; i < count; i++) {
        char *name = sw_format("%s.%s", tables[i]->schema, tables[i]->name);

        (void)sw_buf_append_text(sql, *is_first ? "" : ",");
        sw_put_sql_literal(sql, name);
        *is_first = false;
        free(name);
    }
    free(tables);
}

/* A COMMIT that a limit of the client's ends, behind one that has succeeded, would leave the
 * shards unequal. transaction_timeout came with PostgreSQL 17. */
static const char no_limits[] =
    ", pg_catalog.set_config('statement_timeout', '0', true), (SELECT pg_catalog.set_config("
    "name, '0', true) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout')";

char *sw_session_ddl_note(const struct sw_session *session, const struct sw_route *route,
                          const struct sw_statement *statements, int count, const char *text)
{
    bool is_first = true, rows = false;
    struct sw_buf sql;
    char *note;

    sw_buf_init(&sql, SW_RUN_LIMIT);
    (void)sw_buf_append_text(&sql, "SELECT shardward.note_ddl(");
    put_id(&sql);
    (void)sw_buf_append_text(&sql, ",current_user,");
    sw_put_sql_literal(&sql, session->database->name);
    (void)sw_buf_append_text(&sql, ",");
    put_shards(session, route, &sql);
    (void)sw_buf_append_text(&sql, ",ARRAY[");
    for (int i = 0; i < count; i++) {
        put_tables_of(session, statements[i].ddl, &is_first, &sql);
        rows = rows || statements[i].ddl->changes_rows;
    }
    (void)sw_buf_printf(&sql, "]::text[],%s,pg_catalog.current_setting('search_path'),",
                        rows ? "true" : "false");
    sw_put_sql_literal(&sql, text);
    (void)sw_buf_append_text(&sql, ")");
    (void)sw_buf_append_text(&sql, no_limits);
    note = sw_strndup((const char *)sw_buf_bytes(&sql), sw_buf_len(&sql));
    sw_buf_finish(&sql);
    return note;
}
