/*
 * In a managed cluster a standby is promoted because it has all commits that were answered. So
 * no commit may be answered that no standby has.
 */
#include "internal.h"

#include "shardward/parse/parse.h"

#include <strings.h>

bool sw_database_is_managed(const struct sw_database *database)
{
    for (int i = 0; i < database->shard_count; i++)
        if (database->shards[i]->cluster->failover == SW_FAILOVER_MANAGED)
            return true;
    return false;
}

static bool refuse(const char *name, struct sw_error *err)
{
    if (strcasecmp(name, "client_min_messages") == 0) {
        sw_error_set(err, "0A000", "setting %s to more than \"warning\" is not supported",
                     name);
        sw_error_detail(err, "A cluster of the database is managed: only a warning tells that "
                             "the standbys have not confirmed a commit.");
        sw_error_hint(err, "Use \"warning\", as a constant.");
        return false;
    }
    sw_error_set(err, "0A000", "setting %s to less than \"on\" is not supported", name);
    sw_error_detail(err, "A cluster of the database is managed: its standbys confirm each "
                         "commit, so that one of them can become the primary.");
    sw_error_hint(err, "Use \"on\" or \"remote_apply\", as a constant.");
    return false;
}

bool sw_session_keeps_commits(const struct sw_session *session,
                              const struct sw_statement *statement, struct sw_error *err)
{
    for (int i = 0; i < statement->setting_count; i++)
        if (statement->settings[i].is_weak && sw_database_is_managed(session->database))
            return refuse(statement->settings[i].name, err);
    return true;
}

bool sw_session_keeps_rows(const struct sw_session *session,
                           const struct sw_statement *statement, struct sw_error *err)
{
    if (statement->ddl == NULL || !statement->ddl->is_unlogged ||
        !sw_database_is_managed(session->database))
        return true;
    sw_error_set(err, "0A000", "UNLOGGED is not supported in a managed cluster");
    sw_error_detail(err, "Standbys do not have the rows: they would be gone when one of them "
                         "becomes the primary.");
    return false;
}

/* What is passed on unread could set anything. */
static bool would_be_unread(const struct sw_session *session)
{
    return session->user->pool.mode == SW_POOL_SESSION &&
           session->database->business_count == 0 && sw_database_is_managed(session->database);
}

bool sw_session_starts_with_commits(const struct sw_session *session, struct sw_error *err)
{
    const struct sw_settings *startup = session->startup;

    if (would_be_unread(session)) {
        sw_error_set(
            err, "0A000",
            "pool mode session for a database without businesses is not supported in a "
            "managed cluster");
        sw_error_detail(err, "Its clients' statements are passed on unread, and could keep "
                             "standbys from confirming commits.");
        sw_error_hint(err, "Use failover: follow, or name its tables.");
        return false;
    }
    for (size_t i = 0; startup != NULL && i < startup->count; i++)
        if (!sw_setting_is_durable(startup->list[i].name, startup->list[i].value) &&
            sw_database_is_managed(session->database))
            return refuse(startup->list[i].name, err);
    return true;
}
