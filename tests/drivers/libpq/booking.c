/*
 * booking - libpq: synchronous, asynchronous, single row and pipeline mode.
 */
#include <libpq-fe.h>

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BIGINT 20
#define TEXT 25

static PGconn *conn;
static char *keys[4];

static void say(const char *step, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("%s: ", step);
    vprintf(format, args);
    putchar('\n');
    fflush(stdout);
    va_end(args);
}

static void die(const char *what)
{
    fprintf(stderr, "%s: %s", what, PQerrorMessage(conn));
    exit(1);
}

static PGconn *dial(const char *conninfo)
{
    PGconn *made = PQconnectdb(conninfo);
    if (PQstatus(made) != CONNECTION_OK) {
        fprintf(stderr, "%s", PQerrorMessage(made));
        exit(1);
    }
    return made;
}

/* The result, which has to be of that status. */
static PGresult *expect(PGresult *result, ExecStatusType status, const char *what)
{
    if (PQresultStatus(result) != status) {
        fprintf(stderr, "%s: %s, not %s: %s", what, PQresStatus(PQresultStatus(result)),
                PQresStatus(status), PQresultErrorMessage(result));
        exit(1);
    }
    return result;
}

static char *state_of(const PGresult *result)
{
    char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state ? state : "none";
}

static void run(const char *sql)
{
    PQclear(expect(PQexec(conn, sql), PGRES_COMMAND_OK, sql));
}

static PGresult *run_params(const char *sql, int count, const char *const *values)
{
    PGresult *result = PQexecParams(conn, sql, count, NULL, values, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(result);
    return expect(result, status == PGRES_TUPLES_OK ? status : PGRES_COMMAND_OK, sql);
}

/* "a|b" for each row, rows separated by "; ". */
static void say_rows(const char *step, PGresult *result)
{
    printf("%s: %s:", step, PQcmdStatus(result));
    for (int row = 0; row < PQntuples(result); row++) {
        for (int column = 0; column < PQnfields(result); column++) {
            bool is_null = PQgetisnull(result, row, column);
            printf("%s%s",
                   column ? "|"
                   : row  ? "; "
                          : " ",
                   is_null ? "NULL" : PQgetvalue(result, row, column));
        }
    }
    putchar('\n');
    PQclear(result);
}

static void connect_step(void)
{
    conn = dial("connect_timeout=10");
    say("connect", "protocol %d, server %d, %s, %s, in transaction: %d",
        PQprotocolVersion(conn), PQserverVersion(conn),
        PQparameterStatus(conn, "server_encoding"),
        PQparameterStatus(conn, "standard_conforming_strings"), PQtransactionStatus(conn));
}

static void rows_step(void)
{
    for (int i = 0; i < 4; i++) {
        const char *values[] = {keys[i], "Zoë", i % 2 ? "+49 1" : NULL};
        PGresult *result = run_params(
            "INSERT INTO patients (patient_id, name, phone) VALUES ($1, $2, $3)", 3, values);
        say("insert", "%s, %s rows", PQcmdStatus(result), PQcmdTuples(result));
        PQclear(result);
    }
    const char *hospital[] = {keys[0], "St. Mary"};
    say_rows("single table",
             run_params("INSERT INTO hospitals VALUES ($1, $2, 'Cork') RETURNING name", 2,
                        hospital));
    say_rows(
        "single table",
        run_params("SELECT name, city FROM hospitals WHERE hospital_id = $1", 1, hospital));
    for (int i = 0; i < 4; i++) {
        const char *values[] = {keys[i]};
        say_rows("select", run_params("SELECT name, phone, city, visits FROM patients"
                                      " WHERE patient_id = $1",
                                      1, values));
    }
}

static void binary_step(void)
{
    uint64_t key = strtoull(keys[1], NULL, 10);
    uint32_t words[] = {htonl(key >> 32), htonl((uint32_t)key)};
    const Oid types[] = {BIGINT};
    const char *values[] = {(const char *)words};
    const int lengths[] = {sizeof(words)}, formats[] = {1};
    PGresult *result = expect(PQexecParams(conn,
                                           "SELECT visits, name, city, patient_id = $1"
                                           " FROM patients WHERE patient_id = $1",
                                           1, types, values, lengths, formats, 1),
                              PGRES_TUPLES_OK, "binary");
    say("binary", "visits in %d bytes, name in %d, null %d, equal %d",
        PQgetlength(result, 0, 0), PQgetlength(result, 0, 1), PQgetisnull(result, 0, 2),
        *PQgetvalue(result, 0, 3));
    PQclear(result);
}

static void update_step(void)
{
    const char *values[] = {keys[2]};
    say_rows("update",
             run_params("UPDATE patients SET visits = visits + 1 WHERE patient_id = $1"
                        " RETURNING visits",
                        1, values));
    PGresult *result = run_params("DELETE FROM hospitals WHERE hospital_id = $1", 1,
                                  (const char *const[]){keys[0]});
    say("delete", "%s", PQcmdStatus(result));
    PQclear(result);
}

static void prepared_step(void)
{
    static const char sql[] = "UPDATE patients SET visits = visits + $2 WHERE patient_id = $1"
                              " RETURNING name, visits";
    PQclear(expect(PQprepare(conn, "add", sql, 0, NULL), PGRES_COMMAND_OK, "prepare"));
    PGresult *result = expect(PQdescribePrepared(conn, "add"), PGRES_COMMAND_OK, "describe");
    say("prepared", "%d parameters of types %u and %u, %d columns: %s (%u), %s (%u)",
        PQnparams(result), PQparamtype(result, 0), PQparamtype(result, 1), PQnfields(result),
        PQfname(result, 0), PQftype(result, 0), PQfname(result, 1), PQftype(result, 1));
    PQclear(result);
    for (int i = 0; i < 8; i++) {
        const char *values[] = {keys[i % 4], "2"};
        say_rows("prepared", expect(PQexecPrepared(conn, "add", 2, values, NULL, NULL, 0),
                                    PGRES_TUPLES_OK, "execute"));
    }
    result = PQprepare(conn, "add", sql, 0, NULL);
    say("prepared", "again: %s", state_of(result));
    PQclear(result);
    run("DEALLOCATE add");
    result = PQexecPrepared(conn, "add", 0, NULL, NULL, NULL, 0);
    say("prepared", "gone: %s", state_of(result));
    PQclear(result);
}

static void async_step(void)
{
    PQsetnonblocking(conn, 1);
    for (int i = 0; i < 2; i++) {
        const char *values[] = {keys[i]};
        if (!PQsendQueryParams(conn, "SELECT name FROM patients WHERE patient_id = $1", 1, NULL,
                               values, NULL, NULL, 0))
            die("PQsendQueryParams");
        while (PQflush(conn) == 1 || PQisBusy(conn)) {
            usleep(1000);
            if (!PQconsumeInput(conn))
                die("PQconsumeInput");
        }
        PGresult *result;
        while ((result = PQgetResult(conn)))
            say_rows("async", expect(result, PGRES_TUPLES_OK, "async"));
    }
    PQsetnonblocking(conn, 0);
    if (!PQsendQuery(conn, "SELECT 1; SELECT 2, 3; SELECT 'last'"))
        die("PQsendQuery");
    PGresult *result;
    while ((result = PQgetResult(conn)))
        say_rows("async", result);

    if (!PQsendQuery(conn, "SELECT n FROM generate_series(1, 5) n") ||
        !PQsetSingleRowMode(conn))
        die("single row mode");
    while ((result = PQgetResult(conn))) {
        say("single row mode", "%s, %d", PQresStatus(PQresultStatus(result)),
            PQntuples(result));
        PQclear(result);
    }
}

/* The results of one entry of the pipeline, or its Sync. */
static void say_entry(const char *step)
{
    PGresult *result;
    while ((result = PQgetResult(conn))) {
        ExecStatusType status = PQresultStatus(result);
        say(step, "%s %s %s", PQresStatus(status), PQcmdStatus(result),
            status == PGRES_TUPLES_OK && PQntuples(result) ? PQgetvalue(result, 0, 0)
            : status == PGRES_FATAL_ERROR                  ? state_of(result)
                                                           : "");
        PQclear(result);
        if (status == PGRES_PIPELINE_SYNC)
            return;
    }
}

static void send_in_pipeline(const char *sql, const char *key)
{
    const char *values[] = {key};
    if (!PQsendQueryParams(conn, sql, 1, NULL, values, NULL, NULL, 0))
        die(sql);
}

static void pipeline_step(void)
{
    static const char select[] = "SELECT name FROM patients WHERE patient_id = $1";
    if (!PQenterPipelineMode(conn))
        die("PQenterPipelineMode");
    if (!PQsendPrepare(conn, "piped", select, 0, NULL) || !PQpipelineSync(conn))
        die("prepare in a pipeline");
    for (int i = 0; i < 4; i++) {
        const char *values[] = {keys[i]};
        if (!PQsendQueryPrepared(conn, "piped", 1, values, NULL, NULL, 0) ||
            !PQpipelineSync(conn))
            die("pipeline");
    }
    say_entry("pipeline");
    say_entry("pipeline");
    for (int i = 0; i < 4; i++) {
        say_entry("pipeline");
        say_entry("pipeline");
    }
    /* Four statements and one Sync: the second fails, what stands before it is undone. */
    send_in_pipeline("UPDATE patients SET visits = 77 WHERE patient_id = $1", keys[0]);
    send_in_pipeline("SELECT 1/0 FROM patients WHERE patient_id = $1", keys[0]);
    send_in_pipeline(select, keys[0]);
    if (!PQpipelineSync(conn))
        die("PQpipelineSync");
    for (int i = 0; i < 4; i++)
        say_entry("pipeline error");
    send_in_pipeline("SELECT visits FROM patients WHERE patient_id = $1", keys[0]);
    if (!PQpipelineSync(conn))
        die("PQpipelineSync");
    say_entry("pipeline error");
    say_entry("pipeline error");
    if (!PQexitPipelineMode(conn))
        die("PQexitPipelineMode");
    run("DEALLOCATE ALL");
}

static void transaction_step(void)
{
    const char *values[] = {keys[3]};
    static const char update[] =
        "UPDATE patients SET balance = balance + 1 WHERE patient_id = $1";
    static const char select[] = "SELECT balance FROM patients WHERE patient_id = $1";
    run("BEGIN");
    PQclear(run_params(update, 1, values));
    say("transaction", "status %d", PQtransactionStatus(conn));
    run("ROLLBACK");
    say_rows("transaction", run_params(select, 1, values));
    run("BEGIN ISOLATION LEVEL REPEATABLE READ");
    PQclear(run_params(update, 1, values));
    run("COMMIT");
    say_rows("transaction", run_params(select, 1, values));

    run("BEGIN");
    run("SAVEPOINT one");
    PQclear(run_params(update, 1, values));
    PGresult *result = PQexec(conn, "SELECT 1/0");
    say("savepoint", "%s, status %d", state_of(result), PQtransactionStatus(conn));
    PQclear(result);
    result = PQexec(conn, "SELECT 1");
    say("savepoint", "%s", state_of(result));
    PQclear(result);
    run("ROLLBACK TO one");
    PQclear(run_params(update, 1, values));
    run("RELEASE one");
    run("COMMIT");
    say_rows("savepoint", run_params(select, 1, values));
}

static void copy_in_step(void)
{
    PQclear(
        expect(PQexec(conn, "COPY appointments (patient_id, appointment_id, doctor_id, slot_id)"
                            " FROM STDIN"),
               PGRES_COPY_IN, "copy"));
    for (int i = 1; i <= 1000; i++) {
        char line[100];
        int len = snprintf(line, sizeof(line), "%s\t%d\t7\t%d\n", keys[0], i, i * 2);
        if (PQputCopyData(conn, line, len) != 1)
            die("PQputCopyData");
    }
    if (PQputCopyEnd(conn, NULL) != 1)
        die("PQputCopyEnd");
    PGresult *result;
    while ((result = PQgetResult(conn))) {
        say("copy in", "%s", PQcmdStatus(result));
        PQclear(result);
    }
    PQclear(
        expect(PQexec(conn, "COPY appointments (patient_id, appointment_id, doctor_id, slot_id)"
                            " FROM STDIN (FORMAT csv)"),
               PGRES_COPY_IN, "copy"));
    if (PQputCopyEnd(conn, "changed my mind") != 1)
        die("PQputCopyEnd");
    while ((result = PQgetResult(conn))) {
        say("copy in", "given up: %s", state_of(result));
        PQclear(result);
    }
}

static void copy_out_step(void)
{
    char sql[200], *row;
    snprintf(sql, sizeof(sql),
             "COPY (SELECT appointment_id, slot_id, status FROM appointments"
             " WHERE patient_id = %s ORDER BY 1) TO STDOUT (FORMAT csv)",
             keys[0]);
    PQclear(expect(PQexec(conn, sql), PGRES_COPY_OUT, "copy"));
    int count = 0, bytes = 0, len;
    while ((len = PQgetCopyData(conn, &row, 0)) > 0) {
        if (++count == 3)
            say("copy out", "%.*s", len - 1, row);
        bytes += len;
        PQfreemem(row);
    }
    PGresult *result = PQgetResult(conn);
    say("copy out", "%d rows, %d bytes, %s", count, bytes, PQcmdStatus(result));
    PQclear(result);
    while ((result = PQgetResult(conn)))
        PQclear(result);
}

static void cursor_step(void)
{
    char sql[200];
    run("BEGIN");
    snprintf(sql, sizeof(sql),
             "DECLARE rows SCROLL CURSOR FOR SELECT appointment_id FROM appointments"
             " WHERE patient_id = %s ORDER BY 1",
             keys[0]);
    run(sql);
    say_rows("cursor", PQexec(conn, "FETCH 3 FROM rows"));
    say_rows("cursor", PQexec(conn, "FETCH LAST FROM rows"));
    say_rows("cursor", PQexec(conn, "FETCH PRIOR FROM rows"));
    say_rows("cursor", PQexec(conn, "MOVE ABSOLUTE 10 FROM rows"));
    say_rows("cursor", PQexec(conn, "FETCH NEXT FROM rows"));
    PGresult *result = expect(PQdescribePortal(conn, "rows"), PGRES_COMMAND_OK, "describe");
    say("cursor", "%s of type %u", PQfname(result, 0), PQftype(result, 0));
    PQclear(result);
    run("CLOSE rows");
    run("COMMIT");
}

static void types_step(void)
{
    const char *values[] = {keys[1],
                            "{1,NULL,3}",
                            "{\"a b\",\"c\\\"d\"}",
                            "\\x00ff41",
                            NULL,
                            "(2026-07-01,glad,\"{x,y}\")",
                            "{sad,glad}",
                            "[2026-01-01,2026-02-01)"};
    PQclear(run_params(
        "INSERT INTO kinds (patient_id, n, numbers, words, bytes, word, visit, moods, period)"
        " VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8)",
        8, values));
    say_rows("types",
             run_params("SELECT numbers, words, bytes, word, visit, moods, period, docb"
                        " FROM kinds WHERE patient_id = $1 AND n = 1",
                        1, values));
    PGresult *result =
        PQexecParams(conn, "SELECT numbers, bytes, period FROM kinds WHERE patient_id = $1", 1,
                     NULL, values, NULL, NULL, 1);
    expect(result, PGRES_TUPLES_OK, "types");
    for (int column = 0; column < 3; column++) {
        printf("types: type %u: ", PQftype(result, column));
        for (int i = 0; i < PQgetlength(result, 0, column); i++)
            printf("%02x", (unsigned char)PQgetvalue(result, 0, column)[i]);
        putchar('\n');
    }
    PQclear(result);
}

static void say_error(const char *step, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    const char *table = PQresultErrorField(result, PG_DIAG_TABLE_NAME);
    const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    say(step, "%s %s at %s, table %s, constraint %s", state_of(result),
        PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY), position ? position : "-",
        table ? table : "-", constraint ? constraint : "-");
    PQclear(result);
}

static void errors_step(void)
{
    char sql[200];
    snprintf(sql, sizeof(sql), "INSERT INTO patients (patient_id, name) VALUES (%s, 'x')",
             keys[0]);
    say_error("errors", sql);
    snprintf(sql, sizeof(sql), "INSERT INTO patients (patient_id) VALUES (%s)", keys[0]);
    say_error("errors", sql);
    say_error("errors", "SELEC 1");
    say_error("errors", "SELECT nothing FROM patients WHERE patient_id = 1");
    say_error("errors", "SELECT 'x'::int");
    say_error("errors", "SELECT 1/0");
    say_error("unknown table", "SELECT * FROM no_such_table");
    say_rows("errors", PQexec(conn, "SELECT 'the session goes on'"));
}

/* Returns when the statement runs on its server. */
static void wait_until_runs(const char *sql)
{
    PGconn *other = dial(getenv("WATCH"));
    const char *values[] = {sql};
    for (bool runs = false; !runs;) {
        PGresult *result = PQexecParams(other,
                                        "SELECT 1 FROM pg_stat_activity WHERE state = 'active'"
                                        " AND query = $1",
                                        1, NULL, values, NULL, NULL, 0);
        runs = PQntuples(expect(result, PGRES_TUPLES_OK, "pg_stat_activity")) > 0;
        PQclear(result);
    }
    PQfinish(other);
}

static void cancel_step(void)
{
    char sqls[2][200] = {"SELECT pg_sleep(50) /* libpq */", ""}, error[256];
    snprintf(sqls[1], sizeof(sqls[1]),
             "SELECT pg_sleep(50) FROM patients WHERE patient_id = %s"
             " /* libpq */",
             keys[0]);
    for (int i = 0; i < 2; i++) {
        PGcancel *cancel = PQgetCancel(conn);
        if (!PQsendQuery(conn, sqls[i]))
            die("PQsendQuery");
        wait_until_runs(sqls[i]);
        if (!PQcancel(cancel, error, sizeof(error))) {
            fprintf(stderr, "PQcancel: %s\n", error);
            exit(1);
        }
        PQfreeCancel(cancel);
        PGresult *result;
        while ((result = PQgetResult(conn))) {
            say("cancel", "%s", state_of(result));
            PQclear(result);
        }
    }
    say_rows("cancel", PQexec(conn, "SELECT 'goes on'"));
}

static void notify_step(void)
{
    run("LISTEN bookings_libpq");
    PGconn *other = dial("connect_timeout=10");
    PQclear(
        expect(PQexec(other, "NOTIFY bookings_libpq, 'slot 7'"), PGRES_COMMAND_OK, "NOTIFY"));
    PQfinish(other);
    PGnotify *note;
    while (!(note = PQnotifies(conn))) {
        usleep(1000);
        if (!PQconsumeInput(conn))
            die("PQconsumeInput");
    }
    say("notify", "%s: %s", note->relname, note->extra);
    PQfreemem(note);
}

/* A value of some MB, there and back. */
static void large_step(void)
{
    enum { LEN = 3 << 20 };
    char *word = malloc(LEN + 1);
    memset(word, 'x', LEN);
    word[LEN] = '\0';
    PQclear(run_params("INSERT INTO kinds (patient_id, n, word) VALUES ($1, 2, $2)", 2,
                       (const char *const[]){keys[2], word}));
    PGresult *result = run_params("SELECT word FROM kinds WHERE patient_id = $1 AND n = 2", 1,
                                  (const char *const[]){keys[2]});
    say("large", "%d bytes, the same: %d", PQgetlength(result, 0, 0),
        !strcmp(word, PQgetvalue(result, 0, 0)));
    PQclear(result);
    free(word);
}

static void ddl_step(void)
{
    run("CREATE TABLE notes_libpq (patient_id bigint PRIMARY KEY, note text)");
    run("CREATE INDEX notes_libpq_note ON notes_libpq (note)");
    run("ALTER TABLE notes_libpq ADD COLUMN at date DEFAULT '2026-07-01'");
    const char *values[] = {keys[3], "seen"};
    say_rows("ddl", run_params("INSERT INTO notes_libpq VALUES ($1, $2) RETURNING note, at", 2,
                               values));
    run("DROP TABLE notes_libpq");
    say("ddl", "dropped");
}

int main(void)
{
    char *list = strdup(getenv("KEYS"));
    for (int i = 0; i < 4; i++) {
        keys[i] = strtok(i ? NULL : list, " ");
    }
    connect_step();
    rows_step();
    binary_step();
    update_step();
    prepared_step();
    async_step();
    pipeline_step();
    transaction_step();
    copy_in_step();
    copy_out_step();
    cursor_step();
    types_step();
    errors_step();
    cancel_step();
    notify_step();
    large_step();
    ddl_step();
    PQfinish(conn);
    say("done", "all");
    return 0;
}
