/*
 * The control database of a managed cluster: the tables that say who is primary, and whether
 * the control user may do what a promotion takes. All of it is written on the primary, and
 * reaches the standbys as everything does.
 */
#include "shardward/catalog/install.h"

#include "sql.h"
#include "talk.h"

#include "shardward/base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { CONNECT_MS = 5000, TIMEOUT_MS = 60000, GRANTABLE = 150000 };

static void tell(const struct sw_cluster *cluster, FILE *out, const char *text)
{
    (void)fprintf(out, "control database of cluster %s (%s): %s\n", cluster->name,
                  cluster->control.dbname, text);
}

static bool complain(const struct sw_cluster *cluster, const struct sw_error *err, FILE *out)
{
    tell(cluster, out, err->message);
    if (sw_error_is(err, "42501"))
        (void)fprintf(out,
                      "  hint: the control user needs rights; run as a superuser:\n"
                      "    GRANT CONNECT, CREATE ON DATABASE \"%s\" TO \"%s\";\n"
                      "    ALTER SCHEMA shardward OWNER TO \"%s\";  -- if somebody else made "
                      "it\n",
                      cluster->control.dbname, cluster->control.user, cluster->control.user);
    return false;
}

struct rights {
    FILE *out;
    const struct sw_cluster *cluster;
    int missing;
};

static void on_missing(void *owner, const PGresult *result)
{
    struct rights *rights = owner;

    for (int row = 0; row < PQntuples(result); row++) {
        if (rights->missing++ == 0) {
            tell(rights->cluster, rights->out, "the control user may not promote or fence");
            (void)fprintf(rights->out, "  hint: run as a superuser:\n");
        }
        (void)fprintf(rights->out, "    %s\n", PQgetvalue(result, row, 0));
    }
}

static bool check_rights(struct sw_talk *talk, const struct sw_cluster *cluster, FILE *out,
                         struct sw_error *err)
{
    struct rights rights = {.out = out, .cluster = cluster};

    if (PQserverVersion(talk->conn) < GRANTABLE) {
        tell(
            cluster, out,
            "before PostgreSQL 15 the control user of a managed cluster has to be a superuser");
        return true;
    }
    if (!sw_talk_run(talk, sw_sql_control_rights, on_missing, &rights, err))
        return complain(cluster, err, out);
    return rights.missing == 0;
}

bool sw_install_control(const struct sw_cluster *cluster, FILE *out)
{
    struct sw_talk talk = {.conn = NULL};
    char *sql =
        sw_format("SET client_min_messages = warning;\nBEGIN;\n%sCOMMIT;\n", sw_sql_control);
    struct sw_error err;
    const struct sw_shard control = {
        .name = cluster->name, .cluster = cluster, .dbname = cluster->control.dbname};
    bool is_good;

    is_good = sw_talk_open(&talk, &control, CONNECT_MS, &err);
    sw_talk_renew(&talk, TIMEOUT_MS);
    is_good = is_good && sw_talk_run(&talk, sql, NULL, NULL, &err);
    free(sql);
    if (is_good)
        tell(cluster, out, "the tables of epochs and cohorts are there");
    else
        (void)complain(cluster, &err, out);
    is_good = is_good && check_rights(&talk, cluster, out, &err);
    sw_talk_close(&talk);
    return is_good;
}
