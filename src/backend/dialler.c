#include "shardward/backend/dialler.h"

#include "errands.h"
#include "internal.h"

#include "shardward/backend/waiting.h"
#include "shardward/base/clock.h"
#include "shardward/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct job {
    struct sw_errand errand;
    struct sw_letter letter;
    struct sw_dial dial;
    char *address, *dbname, *user, *password;
    struct sw_tls_client *tls;
    char *options; /* NULL: for whoever needs one */
    struct sw_dialled *dialled;
    struct sw_error err;
};

struct sw_dialler {
    struct sw_errands *errands;
};

static void job_free(struct job *job)
{
    sw_dialled_free(job->dialled);
    free(job->address);
    free(job->dbname);
    free(job->user);
    free(job->password);
    sw_tls_client_free(job->tls);
    free(job->options);
    free(job);
}

void sw_dialled_free(struct sw_dialled *dialled)
{
    if (dialled == NULL)
        return;
    PQfinish(dialled->conn);
    free(dialled);
}

int sw_dialled_tag(const struct sw_dialled *dialled)
{
    return dialled->tag;
}

int64_t sw_dialled_started_us(const struct sw_dialled *dialled)
{
    return dialled->started_us;
}

/* Is the connection set to what routing relies on? */
static bool check_settings(const PGresult *result, struct sw_error *err)
{
    const char *encoding = PQgetvalue(result, 0, 1), *strings = PQgetvalue(result, 0, 2),
               *path = PQgetvalue(result, 0, 3);

    if (strcmp(encoding, "UTF8") != 0)
        return sw_error_set(err, "0A000", "the database is encoded in %s, not in UTF8",
                            encoding);
    if (strcmp(strings, "on") != 0)
        return sw_error_set(err, "0A000", "standard_conforming_strings is off");
    return strcmp(path, "\"$user\", public") == 0 || strcmp(path, "public") == 0 ||
           sw_error_set(err, "0A000", "search_path is set to %s, not to \"$user\", public",
                        path);
}

static bool check_durability(const PGresult *result, struct sw_error *err)
{
    const char *level = PQgetvalue(result, 0, 6), *messages = PQgetvalue(result, 0, 7);
    const char *setting = "synchronous_commit";

    if (strcmp(level, "on") == 0 || strcmp(level, "remote_apply") == 0) {
        if (strcmp(messages, "error") != 0)
            return true;
        setting = "client_min_messages"; /* a warning tells of a commit that is not confirmed */
        level = messages;
    }
    sw_error_set(err, "0A000", "%s is %s, in a managed cluster", setting, level);
    sw_error_hint(err, "ALTER ROLE, DATABASE or SYSTEM RESET %s, whichever sets it.", setting);
    return false;
}

/* Is the node what it is taken for? A standby's transactions must see what is there when each
 * of their statements begins. */
static bool check_role(const PGresult *result, bool is_replica, struct sw_error *err)
{
    const char *isolation = PQgetvalue(result, 0, 4);
    bool is_standby = strcmp(PQgetvalue(result, 0, 0), "f") != 0;

    if (!is_replica)
        return !is_standby || sw_error_set(err, "25006",
                                           "the node is a standby, not the primary of its "
                                           "cluster");
    if (!is_standby)
        return sw_error_set(err, "25006", "the node is no standby");
    return strcmp(isolation, "read committed") == 0 ||
           sw_error_set(err, "0A000", "default_transaction_isolation is %s on a replica",
                        isolation);
}

/* The private query. */
static bool check_session(const struct sw_waiting *waiting, PGconn *conn, const struct job *job,
                          struct sw_dialled *dialled, struct sw_error *err)
{
    static const char query[] =
        "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('server_encoding'),"
        " pg_catalog.current_setting('standard_conforming_strings'),"
        " pg_catalog.current_setting('search_path'),"
        " pg_catalog.current_setting('default_transaction_isolation'),"
        " (extract(epoch FROM pg_catalog.pg_postmaster_start_time()) * "
        "1000000)::pg_catalog.int8,"
        " pg_catalog.current_setting('synchronous_commit'),"
        " pg_catalog.current_setting('client_min_messages')";
    PGresult *result;
    bool is_good;

    if (PQsendQuery(conn, query) == 0)
        return sw_error_set(err, "08006", "the connection is lost");
    /* libpq has read all that the server sent then. */
    result = sw_waiting_results(waiting, conn, NULL, NULL, err);
    if (result == NULL)
        return false;
    is_good = check_role(result, job->dial.is_replica, err) &&
              (job->options != NULL || check_settings(result, err)) &&
              (!job->dial.is_durable || check_durability(result, err));
    if (is_good) {
        (void)snprintf(dialled->default_isolation, sizeof dialled->default_isolation, "%s",
                       PQgetvalue(result, 0, 4));
        dialled->started_us = strtoll(PQgetvalue(result, 0, 5), NULL, 10);
    }
    PQclear(result);
    return is_good;
}

/* A statement whose connection we have closed ends at the server's next look, instead of going
 * on for as long as it likes. RESET ALL leaves what a connection was opened with. */
static const char watchful[] = "-c client_connection_check_interval=1s";

static struct sw_dialled *try_dial(const struct job *job, const char *options, int closing_fd,
                                   struct sw_error *err)
{
    /* Not brief: see tcp.h. */
    const struct sw_opening_to to = {
        .address = job->address,
        .port = job->dial.port,
        .dbname = job->dbname,
        .user = job->user,
        .password = job->password,
        .encoding = job->options == NULL ? NULL : "",
        .application = "",
        .options = options,
        .tls = job->tls,
    };
    uint64_t timeout_ms = (uint64_t)job->dial.timeout_ms;
    const struct sw_waiting waiting = {.stop_fd = &closing_fd,
                                       .deadline_ms =
                                           timeout_ms == 0 ? 0 : sw_clock_ms() + timeout_ms};
    struct sw_dialled *dialled;
    PGconn *conn = sw_waiting_open(&waiting, &to, err);

    if (conn == NULL)
        return NULL;
    dialled = sw_alloc_zero(1, sizeof *dialled);
    if (!check_session(&waiting, conn, job, dialled, err)) {
        free(dialled);
        PQfinish(conn);
        return NULL;
    }
    (void)PQsetnonblocking(conn, 1); /* its end must not wait for a server that is frozen */
    dialled->conn = conn;
    dialled->tag = job->dial.tag;
    dialled->is_replica = job->dial.is_replica;
    return dialled;
}

/* PostgreSQL before 14 does not know the parameter; where the kernel cannot tell of a closed
 * socket, it accepts no such value. */
static bool cannot_watch(const struct sw_error *err)
{
    return sw_error_is(err, "42704") || sw_error_is(err, "22023");
}

static struct sw_dialled *dial(const struct job *job, int closing_fd, struct sw_error *err)
{
    const char *own = job->options == NULL ? "" : job->options;
    char *options = sw_format("%s %s", watchful, own);
    struct sw_dialled *dialled = try_dial(job, options, closing_fd, err);

    free(options);
    if (dialled == NULL && cannot_watch(err))
        dialled = try_dial(job, own, closing_fd, err);
    if (dialled == NULL && job->options == NULL)
        sw_error_trying(err, "cannot connect to %s:%d/%s", job->address, job->dial.port,
                        job->dbname);
    return dialled;
}

static void on_answer(struct sw_letter *letter)
{
    struct job *job = SW_OWNER(letter, struct job, letter);
    struct sw_dialled *dialled = job->dialled;

    job->dialled = NULL;
    job->dial.on_dialled(job->dial.owner, dialled, dialled == NULL ? &job->err : NULL);
    job_free(job);
}

static struct job *job_of(struct sw_errand *errand)
{
    return SW_OWNER(errand, struct job, errand);
}

static void work(struct sw_errand *errand, int closing_fd)
{
    struct job *job = job_of(errand);

    job->dialled = dial(job, closing_fd, &job->err);
    sw_mailbox_post(job->dial.mailbox, &job->letter);
}

static void drop(struct sw_errand *errand)
{
    job_free(job_of(errand));
}

struct sw_dialler *sw_dialler_create(void)
{
    struct sw_dialler *dialler = sw_alloc_zero(1, sizeof *dialler);

    dialler->errands = sw_errands_create(SW_DIALS_PER_NODE);
    return dialler;
}

void sw_dialler_dial(struct sw_dialler *dialler, const struct sw_dial *ask)
{
    struct job *job = sw_alloc_zero(1, sizeof *job);

    job->errand.work = work;
    job->errand.drop = drop;
    job->letter.on_read = on_answer;
    job->dial = *ask;
    job->address = sw_strdup(ask->address);
    job->dbname = sw_strdup(ask->dbname);
    job->tls = sw_tls_client_copy(ask->tls);
    job->user = sw_strdup(ask->user);
    job->password = sw_strdup(ask->password == NULL ? "" : ask->password);
    job->options = ask->options == NULL ? NULL : sw_strdup(ask->options);
    sw_errands_add(dialler->errands, job->address, ask->port, &job->errand);
}

void sw_dialler_close(struct sw_dialler *dialler)
{
    if (dialler == NULL)
        return;
    sw_errands_close(dialler->errands);
    free(dialler);
}
