/*
 * DDL, which runs on all shards of a business and on its catalog database: on all or on none.
 *
 *   collected --> opening --> statement by statement --> committing --> reading --> answered
 *                    |                 |                     |
 *                    +-----------------+---> rolling back ---+--> answered with an error
 *
 *   collected --> visiting, shard by shard (what runs in no transaction block) --> reading ...
 *
 * Before a change is answered, the shards are read again: the client's next statement is
 * planned by what it has changed.
 *
 * The client hears nothing before all is over: then notices and command tags, once, or the
 * error of one shard.
 */
#include "internal.h"

#include "shardward/base/log.h"
#include "shardward/base/mem.h"
#include "shardward/base/text.h"
#include "shardward/execute/joint.h"
#include "shardward/wire/write.h"

#include <string.h>

enum { ANSWER_LIMIT = 64 * 1024 * 1024, LIST_LIMIT = 1024 };

struct step {
    char *sql;
    int shift;       /* characters before it in what the client has sent */
    const char *tag; /* NULL: ours, the client hears nothing of it */
};

struct sw_session_ddl {
    struct sw_route route;
    struct sw_joint *joint; /* NULL: not yet begun */
    struct step *steps;
    int step_count, at;
    bool is_outside, changes_schema;
    bool is_done; /* and not to be answered with an error */
    struct sw_rereading rereading;
    bool is_reading;
    struct sw_session *session;
    bool is_open; /* all shards have begun */
    char *limits; /* the first statement, ours */
    char *note;   /* the last one */
    struct sw_buf answer;
};

/* --- collecting --- */

bool sw_session_is_ddl(struct sw_session *session, const struct sw_statement *statement)
{
    const struct sw_parameters none = {.values = NULL};
    struct sw_route route;
    struct sw_error err;

    if (statement->kind != SW_STATEMENT_TRUNCATE &&
        (session->temporaries == NULL || statement->kind != SW_STATEMENT_DDL))
        return statement->kind == SW_STATEMENT_DDL && statement->makes == NULL;
    if (statement->makes != NULL)
        return false;
    return sw_session_find_route(session, statement, NULL, &none, &route, &err) &&
           route.kind == SW_ROUTE_SCHEMA;
}

static bool refuse(struct sw_error *err, const char *what, const char *hint)
{
    sw_error_set(err, "0A000", "%s is not supported", what);
    sw_error_hint(err, "%s", hint);
    return false;
}

/* Does DDL stand alone, or beside DDL of the same shards in one query string? */
static bool check_place(const struct sw_session *session, struct sw_error *err)
{
    if (session->txn.state != SW_TXN_IDLE)
        return refuse(
            err, "DDL on several shards inside a transaction block",
            "Commit before it; each statement, or query string of DDL alone, is all or "
            "nothing by itself. Migrations: atomic = False (Django), "
            "disable_ddl_transaction! (Rails), executeInTransaction=false (Flyway), "
            "autocommit_block() (Alembic).");
    if (session->ddl != NULL || session->scattering != NULL || session->run.needs_server ||
        session->batch != NULL)
        return refuse(err, "DDL and other statements in one batch",
                      "Send Sync (or separate queries) between them.");
    return true;
}

static bool check_outside(const struct sw_statement *statements, int count,
                          struct sw_error *err)
{
    for (int i = 0; i < count; i++)
        if (count > 1 && statements[i].ddl != NULL && statements[i].ddl->is_outside)
            return sw_error_set(err, "25001", "%s cannot run inside a transaction block",
                                statements[i].ddl->command);
    return true;
}

static bool is_same_route(const struct sw_route *a, const struct sw_route *b)
{
    return a->kind == b->kind && a->business == b->business &&
           a->hears_catalog == b->hears_catalog;
}

/* Where all of the statements go. */
static bool find_route(struct sw_session *session, const struct sw_statement *statements,
                       int count, struct sw_route *route, struct sw_error *err)
{
    const struct sw_parameters none = {.values = NULL};

    for (int i = 0; i < count; i++) {
        struct sw_route next;

        if (!sw_session_keeps_rows(session, &statements[i], err) ||
            !sw_session_find_route(session, &statements[i], NULL, &none, &next, err))
            return false;
        if (next.kind != SW_ROUTE_SCHEMA)
            return refuse(err, "DDL and other statements in one query string",
                          "Send the DDL by itself, without BEGIN and COMMIT.");
        if (i > 0 && !is_same_route(&next, route))
            return refuse(err, "DDL for different shards in one query string",
                          "Send the statements one by one.");
        *route = next;
    }
    return true;
}

static void take_steps(struct sw_session_ddl *ddl, const struct sw_statement *statements,
                       int count, const char *text)
{
    ddl->steps = sw_alloc_zero((size_t)count + 1, sizeof *ddl->steps);
    ddl->step_count = count + 1;
    /* What a COMMIT could still object to is to come out before any shard commits. */
    ddl->steps[count].sql = sw_strdup("SET CONSTRAINTS ALL IMMEDIATE");
    for (int i = 0; i < count; i++) {
        const struct sw_statement *statement = &statements[i];

        ddl->steps[i] =
            (struct step){.sql = sw_strndup(text + statement->location, (size_t)statement->len),
                          .shift = sw_text_characters(text, (size_t)statement->location),
                          .tag = statement->ddl->command};
        ddl->is_outside |= statement->ddl->is_outside;
        ddl->changes_schema |= !statement->ddl->is_upkeep;
    }
}

bool sw_session_add_ddl(struct sw_session *session, const struct sw_statement *statements,
                        int count, const char *text, struct sw_error *err)
{
    struct sw_session_ddl *ddl;
    struct sw_route route;

    if (!check_outside(statements, count, err) ||
        !find_route(session, statements, count, &route, err) || !check_place(session, err))
        return false;
    ddl = sw_alloc_zero(1, sizeof *ddl);
    ddl->route = route;
    ddl->session = session;
    sw_buf_init(&ddl->answer, ANSWER_LIMIT);
    take_steps(ddl, statements, count, text);
    if (!ddl->is_outside)
        ddl->note = sw_session_ddl_note(session, &route, statements, count, text);
    session->ddl = ddl;
    return true;
}

void sw_session_forget_ddl(struct sw_session *session)
{
    struct sw_session_ddl *ddl = session->ddl;

    if (ddl == NULL)
        return;
    session->ddl = NULL;
    if (ddl->is_reading)
        session->sessions->forget_reading(session->sessions->owner, &ddl->rereading);
    sw_joint_destroy(ddl->joint);
    for (int i = 0; i < ddl->step_count; i++)
        free(ddl->steps[i].sql);
    free(ddl->steps);
    free(ddl->limits);
    free(ddl->note);
    sw_buf_finish(&ddl->answer);
    free(ddl);
}

struct sw_joint *sw_session_joint(const struct sw_session *session)
{
    return session->ddl == NULL ? NULL : session->ddl->joint;
}

bool sw_session_abandon_ddl(struct sw_session *session)
{
    return session->ddl->joint == NULL || sw_joint_abandon(session->ddl->joint);
}

/* --- the end --- */

static void list_shards(const struct sw_joint *joint, enum sw_outcome outcome,
                        struct sw_buf *list)
{
    for (int i = 0; i < joint->count; i++)
        if (joint->shards[i].outcome == outcome)
            (void)sw_buf_printf(list, "%s%s", sw_buf_len(list) == 0 ? "" : ", ",
                                joint->shards[i].shard->name);
    (void)sw_buf_append(list, "", 1);
}

/* "Done on: a, b. Failed on: c. ..." */
static void tell_outcomes(const struct sw_joint *joint, struct sw_error *err)
{
    static const struct {
        enum sw_outcome outcome;
        const char *words;
    } outcomes[] = {{SW_OUTCOME_DONE, "Done on"},
                    {SW_OUTCOME_FAILED, "Failed on"},
                    {SW_OUTCOME_UNKNOWN, "Unknown of"},
                    {SW_OUTCOME_NONE, "Not begun on"}};
    struct sw_buf text, list;

    sw_buf_init(&text, LIST_LIMIT);
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        sw_buf_init(&list, LIST_LIMIT);
        list_shards(joint, outcomes[i].outcome, &list);
        if (sw_buf_len(&list) > 1)
            (void)sw_buf_printf(&text, "%s%s: %s.", sw_buf_len(&text) == 0 ? "" : " ",
                                outcomes[i].words, (const char *)sw_buf_bytes(&list));
        sw_buf_finish(&list);
    }
    (void)sw_buf_append(&text, "", 1);
    sw_error_detail(err, "%s", (const char *)sw_buf_bytes(&text));
    sw_buf_finish(&text);
}

/* Every request before the DDL, and the DDL itself if it was carried out, in their turn. */
static void answer(struct sw_session *session, bool is_done)
{
    struct sw_buf *out = sw_session_out(session);
    const struct sw_buf *words = &session->ddl->answer;

    for (int i = 0; i < session->run.count; i++) {
        struct sw_request *request = &session->run.requests[i];
        bool is_ddl = request->role == SW_ROLE_DDL;

        if (is_ddl)
            (void)sw_buf_append(out, sw_buf_bytes(words), sw_buf_len(words));
        else
            (void)sw_buf_append(out, sw_run_bytes(&session->run, request), request->bytes_len);
        if (is_ddl && !is_done)
            return;
        request->is_done = true;
    }
}

static void conclude(struct sw_session *session)
{
    bool is_done = session->ddl->is_done;

    answer(session, is_done);
    if (is_done)
        sw_session_conclude(session);
    else
        sw_session_end_failed(session);
}

static void on_read(struct sw_rereading *rereading)
{
    struct sw_session_ddl *ddl = SW_OWNER(rereading, struct sw_session_ddl, rereading);

    ddl->is_reading = false;
    conclude(ddl->session);
}

static void read_then_conclude(struct sw_session *session)
{
    struct sw_session_ddl *ddl = session->ddl;

    ddl->is_reading = true;
    ddl->rereading.on_read = on_read;
    session->sessions->read_again(session->sessions->owner, &ddl->rereading);
}

static void answer_error(struct sw_session *session, const struct sw_error *err)
{
    sw_buf_clear(&session->ddl->answer);
    sw_kinds_note_error(session->sessions->kinds, err);
    sw_write_error(&session->ddl->answer, "ERROR", err);
}

void sw_session_refuse_ddl(struct sw_session *session, const struct sw_error *err)
{
    answer_error(session, err);
    conclude(session);
}

/* Some shards have committed, others have not, or perhaps. */
static void fail_in_part(struct sw_session *session)
{
    const struct sw_session_ddl *ddl = session->ddl;
    struct sw_error err;

    sw_error_set(&err, "08007", "%s was committed on some shards, and perhaps not on others",
                 ddl->steps[0].tag);
    tell_outcomes(ddl->joint, &err);
    sw_error_hint(&err, "shardward repair finishes it on the others.");
    sw_log(SW_LOG_ERROR, "ddl-in-part", "client=%u detail=\"%s\"", session->id, err.detail);
    answer_error(session, &err);
    read_then_conclude(session);
}

/* --- outside of a transaction block --- */

static void report_visits(struct sw_session *session)
{
    struct sw_session_ddl *ddl = session->ddl;
    struct sw_error report;

    sw_error_set(&report, ddl->joint->has_error ? "01000" : "00000", "%s ran shard by shard",
                 ddl->steps[0].tag);
    tell_outcomes(ddl->joint, &report);
    if (ddl->joint->has_error)
        sw_error_hint(&report, "What is done stays. Mend the cause, then do it by itself on "
                               "the other shards; an index that failed is there, and invalid.");
    sw_write_notice(&ddl->answer, ddl->joint->has_error ? "WARNING" : "NOTICE", &report);
}

static void after_visits(struct sw_session *session)
{
    struct sw_session_ddl *ddl = session->ddl;
    const struct sw_buf *words = &ddl->joint->words;

    if (ddl->joint->count > 1)
        report_visits(session);
    (void)sw_buf_append(&ddl->answer, sw_buf_bytes(words), sw_buf_len(words));
    ddl->is_done = !ddl->joint->has_error;
    if (ddl->is_done)
        sw_write_command_complete(&ddl->answer, ddl->steps[0].tag);
    if (ddl->changes_schema)
        read_then_conclude(session);
    else
        conclude(session);
}

/* --- in a transaction --- */

/* What was said so far was said of something that has not happened. */
static void keep_error_alone(struct sw_session_ddl *ddl)
{
    sw_buf_clear(&ddl->answer);
    (void)sw_buf_append(&ddl->answer, sw_buf_bytes(&ddl->joint->words),
                        sw_buf_len(&ddl->joint->words));
}

static void run_next(struct sw_session *session)
{
    struct sw_session_ddl *ddl = session->ddl;
    const struct step *step = &ddl->steps[ddl->at];

    if (ddl->at == ddl->step_count)
        sw_joint_commit(ddl->joint, ddl->note);
    else
        sw_joint_run(ddl->joint, step->sql, step->shift);
}

/* A statement is done: notices first, then its tag. */
static void after_step(struct sw_session_ddl *ddl)
{
    struct sw_buf *words = &ddl->joint->words;

    (void)sw_buf_append(&ddl->answer, sw_buf_bytes(words), sw_buf_len(words));
    sw_buf_clear(words);
    if (ddl->steps[ddl->at].tag != NULL)
        sw_write_command_complete(&ddl->answer, ddl->steps[ddl->at].tag);
    ddl->at++;
}

static void after_end(struct sw_session *session)
{
    const struct sw_joint *joint = session->ddl->joint;

    session->ddl->is_done = sw_joint_is_all(joint, SW_OUTCOME_DONE);
    if (session->ddl->is_done && session->ddl->changes_schema) {
        read_then_conclude(session);
    } else if (session->ddl->is_done) {
        conclude(session);
    } else if (sw_joint_is_all(joint, SW_OUTCOME_NONE)) {
        keep_error_alone(session->ddl);
        conclude(session);
    } else {
        fail_in_part(session);
    }
}

static void on_done(void *owner)
{
    struct sw_session *session = owner;
    struct sw_session_ddl *ddl = session->ddl;

    switch (ddl->joint->state) {
    case SW_JOINT_OPEN:
        if (ddl->is_open)
            after_step(ddl);
        ddl->is_open = true;
        run_next(session);
        return;
    case SW_JOINT_FAILED:
        sw_joint_roll_back(ddl->joint);
        return;
    case SW_JOINT_ENDED:
        if (session->state == SW_SESSION_CLOSING) {
            if (!sw_joint_is_all(ddl->joint, SW_OUTCOME_NONE)) /* for the others */
                read_then_conclude(session);
            sw_session_forget_ddl(session);
            sw_session_leg_is_done(session);
        } else if (ddl->is_outside) {
            after_visits(session);
        } else {
            after_end(session);
        }
        return;
    case SW_JOINT_NEW:
    case SW_JOINT_OPENING:
    case SW_JOINT_RUNNING:
    case SW_JOINT_NOTING:
    case SW_JOINT_COMMITTING:
    case SW_JOINT_ROLLING_BACK:
    case SW_JOINT_VISITING:
        return;
    }
}

/* --- the beginning --- */

static struct sw_joint *create(struct sw_session *session, const struct sw_route *route)
{
    int count = sw_plan_list_shards(session->database, route, NULL, 0);
    const struct sw_shard **shards = sw_alloc_zero((size_t)count, sizeof(void *));
    struct sw_pool **pools = sw_alloc_zero((size_t)count, sizeof(void *));
    struct sw_joint *joint;

    (void)sw_plan_list_shards(session->database, route, shards, count);
    for (int i = 0; i < count; i++)
        pools[i] = sw_pools_get(session->sessions->pools, session->user, shards[i]);
    joint = sw_joint_create(session->sessions->loop, shards, pools, count, session->settings,
                            on_done, session);
    sw_session_may_keep_joint(session, joint);
    free(shards);
    free(pools);
    return joint;
}

/* A wait for a lock that goes round over several servers is seen by none of them. A shard that
 * waits for the others is idle in its transaction, which the client is not. */
static void open_joint(struct sw_session *session)
{
    static const char *const opening[] = {"BEGIN"};
    int lock_ms = session->sessions->map->config->timeouts.ddl_lock_ms;
    struct sw_session_ddl *ddl = session->ddl;

    ddl->limits = sw_format(
        "SELECT pg_catalog.set_config(name, value, true) FROM (VALUES ('lock_timeout', '%d'), "
        "('idle_in_transaction_session_timeout', '0')) x (name, value) "
        "WHERE name <> 'lock_timeout' OR pg_catalog.current_setting(name) = '0'",
        lock_ms);
    sw_joint_open(ddl->joint, opening, 1, ddl->limits);
}

static bool has_failed(const struct sw_session *session)
{
    for (int i = 0; i < session->run.count; i++)
        if (session->run.requests[i].kind == SW_REQUEST_FAIL)
            return true;
    return false;
}

void sw_session_run_ddl(struct sw_session *session)
{
    struct sw_session_ddl *ddl = session->ddl;
    struct sw_error err;

    if (has_failed(session)) { /* the batch has an error behind the DDL, which undoes it */
        conclude(session);
        return;
    }
    if (!sw_session_is_ready_due(session)) {
        (void)refuse(&err, "Flush behind DDL", "Send Sync.");
        sw_session_refuse_ddl(session, &err);
        return;
    }
    session->state = SW_SESSION_RUNNING;
    sw_session_limit(session);
    sw_stream_hold(session->stream);
    ddl->joint = create(session, &ddl->route);
    if (ddl->is_outside)
        sw_joint_visit(ddl->joint, ddl->steps[0].sql);
    else
        open_joint(session);
}
