/*
 * What the control user needs to watch nodes and follow primaries.
 */
#include "shardward/catalog/install.h"

#include "talk.h"

enum { TIMEOUT_MS = 10000 };

/* Statements for a superuser; no row: nothing is missing. */
static const char sql[] =
    "SELECT 'GRANT pg_monitor TO ' || pg_catalog.quote_ident(current_user) || ';"
    "  -- else how far standbys are is not seen'"
    " WHERE NOT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') "
    "UNION ALL "
    "SELECT 'ALTER ROLE ' || pg_catalog.quote_ident(current_user) || ' REPLICATION;"
    "  -- else the history of timelines is not seen, and no new primary is followed'"
    " FROM pg_catalog.pg_roles WHERE rolname = current_user"
    " AND NOT rolsuper AND NOT rolreplication";

struct listener {
    void (*on_missing)(void *owner, const char *statement);
    void *owner;
};

static void on_rows(void *owner, const PGresult *result)
{
    const struct listener *listener = owner;

    for (int row = 0; row < PQntuples(result); row++)
        listener->on_missing(listener->owner, PQgetvalue(result, row, 0));
}

bool sw_watching_rights(const struct sw_cluster *cluster,
                        void (*on_missing)(void *owner, const char *statement), void *owner,
                        struct sw_error *err)
{
    struct listener listener = {on_missing, owner};
    const struct sw_shard control = {
        .name = cluster->name, .cluster = cluster, .dbname = cluster->control.dbname};
    struct sw_talk talk = {.conn = NULL};
    bool is_good = sw_talk_open(&talk, &control, TIMEOUT_MS, err) &&
                   sw_talk_run(&talk, sql, on_rows, &listener, err);

    sw_talk_close(&talk);
    return is_good;
}
