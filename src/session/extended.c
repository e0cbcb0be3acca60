/*
 * The extended protocol. Messages are collected into a run until Sync or Flush; then it is
 * known where all of them can go. What a message does to names happens as it is collected, and
 * is undone if the server skips it after an error.
 */
#include "internal.h"

#include "shardward/base/mem.h"
#include "shardward/wire/request.h"
#include "shardward/wire/write.h"

#include <string.h>

enum {
    LONG_RUN_BYTES = 1024 * 1024, /* a longer run is sent without waiting for its Sync */
    LONG_RUN_REQUESTS = 8192,
};

/* An error of ours; unless the message only came too early. */
static void fail(struct sw_session *session, const struct sw_error *err)
{
    if (session->wants_split) {
        sw_session_split(session);
        return;
    }
    sw_session_add_failure(session, err);
    session->skips_to_sync = true;
}

static void dispatch_if_long(struct sw_session *session)
{
    if (session->state == SW_SESSION_READY && session->scattering == NULL &&
        (sw_buf_len(&session->run.bytes) > LONG_RUN_BYTES ||
         session->run.count > LONG_RUN_REQUESTS))
        sw_session_dispatch(session, SW_RUN_ENDS_FLUSH);
}

static void add(struct sw_session *session, enum sw_request_kind kind, struct sw_named *named,
                const char *text)
{
    sw_session_add_about(session, kind, named, SW_ROLE_NONE, text, NULL);
}

/* A message without body, as our own answer. */
void sw_session_answer_about(struct sw_session *session, char type, struct sw_named *named,
                             enum sw_request_role role, const char *text)
{
    const uint8_t message[] = {(uint8_t)type, 0, 0, 0, 4};

    (void)sw_session_add_bytes(session, SW_REQUEST_LOCAL, named, role, text, message,
                               sizeof message);
}

void sw_session_answer(struct sw_session *session, char type, struct sw_named *named,
                       enum sw_request_role role)
{
    sw_session_answer_about(session, type, named, role, NULL);
}

/* No answer at all: the run holds @named. */
static void answer_nothing(struct sw_session *session, struct sw_named *named,
                           enum sw_request_role role)
{
    (void)sw_session_add_bytes(session, SW_REQUEST_LOCAL, named, role, NULL, NULL, 0);
}

/* --- Parse --- */

void sw_session_on_parse(struct sw_session *session, const struct sw_frame *frame)
{
    struct sw_wire_parse parse;
    struct sw_planned *planned;
    struct sw_error err;

    if (session->skips_to_sync)
        return;
    if (!sw_wire_read_parse(frame, &parse, &err)) {
        fail(session, &err);
        return;
    }
    planned = sw_session_plan(session, parse.query, &err);
    if (planned == NULL || !sw_session_prepare(session, &parse, planned, &err)) {
        if (parse.name[0] == '\0' && !session->wants_split)
            sw_names_put(&session->statements, "", NULL);
        fail(session, &err);
    }
    sw_planned_unref(planned);
    dispatch_if_long(session);
}

/* --- Bind --- */

void sw_session_on_bind(struct sw_session *session, const struct sw_frame *frame)
{
    struct sw_wire_bind bind;
    struct sw_error err;

    if (session->skips_to_sync)
        return;
    if (!sw_wire_read_bind(frame, &bind, &err)) {
        fail(session, &err);
        return;
    }
    if (!sw_session_bind_portal(session, &bind, &err) && !session->takes_again)
        fail(session, &err);
    if (!session->takes_again)
        dispatch_if_long(session);
}

/* --- Describe --- */

static struct sw_named *find_portal(const struct sw_session *session, const char *name,
                                    struct sw_error *err)
{
    struct sw_named *named = sw_names_get(&session->portals, name);

    if (named == NULL)
        sw_error_set(err, "34000", "portal \"%s\" does not exist", name);
    return named;
}

/* A portal that was bound before this run lives where the transaction or the batch is. */
static bool reach_portal(struct sw_session *session, const struct sw_named *named,
                         const char *portal, struct sw_error *err)
{
    if (named->prepared == NULL)
        return true;
    for (int i = session->run.count - 1; i >= 0; i--) {
        const struct sw_request *request = &session->run.requests[i];

        if (request->role == SW_ROLE_BOUND &&
            strcmp(sw_run_text(&session->run, request), portal) == 0)
            return true;
    }
    return sw_session_aim_at_portal(session, named, portal, err);
}

static void describe_statement(struct sw_session *session, struct sw_named *named)
{
    struct sw_buf bytes;

    if (sw_session_describe_fetch(session, named))
        return;
    if (named->prepared != NULL) {
        add(session, SW_REQUEST_DESCRIBE_STATEMENT, named, NULL);
        return;
    }
    sw_buf_init(&bytes, 64);
    {
        size_t start = sw_message_begin(&bytes, 't');

        sw_put_int16(&bytes, 0);
        sw_message_end(&bytes, start);
    }
    sw_write_empty(&bytes, 'n');
    sw_session_add_about(session, SW_REQUEST_LOCAL, named, SW_ROLE_NONE, NULL, &bytes);
    sw_buf_finish(&bytes);
}

/* What is to be described, if it may be; the run is aimed at it. */
static struct sw_named *reach_described(struct sw_session *session, char kind, const char *name,
                                        struct sw_error *err)
{
    const struct sw_parameters unbound = {.values = NULL};
    struct sw_named *named = kind == 'S' ? sw_session_find_statement(session, name, err)
                                         : find_portal(session, name, err);
    bool is_reached;

    if (named == NULL || !sw_session_may_run(session, named->statement, err))
        return NULL;
    is_reached = kind == 'P' ? reach_portal(session, named, name, err)
                             : named->prepared == NULL ||
                                   sw_session_aim_named(session, named, &unbound, false, err);
    return is_reached ? named : NULL;
}

static void describe_scatter(struct sw_session *session, struct sw_named *named)
{
    struct sw_error err;

    if (!sw_session_scatter_describe(session, named, &err))
        fail(session, &err);
}

void sw_session_on_describe(struct sw_session *session, const struct sw_frame *frame)
{
    struct sw_named *named;
    struct sw_error err;
    const char *name;
    char kind;

    if (session->skips_to_sync)
        return;
    if (!sw_wire_read_target(frame, &kind, &name, &err)) {
        fail(session, &err);
        return;
    }
    named = reach_described(session, kind, name, &err);
    if (named == NULL)
        fail(session, &err);
    else if (kind == 'S')
        describe_statement(session, named);
    else if (named->is_scattered)
        describe_scatter(session, named);
    else if (named->prepared == NULL)
        sw_session_answer(session, 'n', named, SW_ROLE_NONE);
    else
        add(session, SW_REQUEST_DESCRIBE_PORTAL, named, name);
    dispatch_if_long(session);
}

/* --- Execute --- */

/* Which of a batch's settings outlive the end of a transaction in it is the server's secret. */
static bool check_mixture(const struct sw_session *session, bool is_control, bool is_change,
                          struct sw_error *err)
{
    bool has_control = is_control || session->has_control;
    bool has_change = is_change || session->change_count > 0;

    if (!has_control || !has_change)
        return true;
    sw_error_set(err, "0A000",
                 "changing a setting and transaction control in one batch is not "
                 "supported");
    sw_error_hint(err, "Send Sync between them.");
    return false;
}

/* Control that a server carries out: it hears a statement of ours, the client our answer. */
static bool add_heard_control(struct sw_session *session, struct sw_named *named,
                              struct sw_buf *answer, struct sw_error *err)
{
    const struct sw_statement *statement = named->statement;

    if (!check_mixture(session, true, false, err))
        return false;
    session->may_write |= statement->kind == SW_STATEMENT_COMMIT;
    sw_session_bind(session);
    session->has_control = true;
    session->has_begun |= statement->kind == SW_STATEMENT_BEGIN;
    sw_session_add_about(session, SW_REQUEST_INJECT, named, SW_ROLE_NONE,
                         sw_session_control_text(session, statement, named->text), NULL);
    sw_write_command_complete(answer, sw_session_control_tag(session, statement));
    return true;
}

static void spend_portal(struct sw_session *session, const char *portal,
                         const struct sw_named *named)
{
    struct sw_named *spent =
        sw_named_create(named->name, named->planned, named->text, NULL, NULL, 0);

    spent->is_spent = true;
    sw_names_put(&session->portals, portal, spent);
    sw_named_unref(spent);
}

/* The statement lives as long as the run, which holds it. */
static void carry_out_together(struct sw_session *session, struct sw_named *named)
{
    answer_nothing(session, named, SW_ROLE_NONE);
    sw_session_together(session, named->statement, SW_RUN_ENDS_SPLIT);
    sw_named_unref(named);
}

/* What DEALLOCATE closes comes back if the server skips it after an error. */
static void note_deallocated(struct sw_session *session, const struct sw_statement *statement)
{
    const char *name = statement->name;
    struct sw_named *named;
    size_t at = 0;

    if (name != NULL) {
        named = sw_names_get(&session->statements, name);
        if (named != NULL)
            answer_nothing(session, named, SW_ROLE_CLOSED);
        return;
    }
    while ((named = sw_textmap_next(&session->statements.named, &at, NULL)) != NULL)
        answer_nothing(session, named, SW_ROLE_CLOSED);
}

static void execute_control(struct sw_session *session, struct sw_named *named,
                            const char *portal)
{
    enum sw_control_way way = sw_session_control_way(session, named->statement);
    bool is_heard = way == SW_CONTROL_IN_PLACE;
    struct sw_buf bytes;
    struct sw_error err;
    bool is_good;

    if (way == SW_CONTROL_SPLIT) {
        sw_session_split(session);
        return;
    }
    (void)sw_named_ref(named); /* its portal may go */
    if (sw_ends_transaction(named->statement))
        sw_session_clear_portals(session);
    else
        spend_portal(session, portal, named);
    if (way == SW_CONTROL_TOGETHER) {
        carry_out_together(session, named);
        return;
    }
    if (named->statement->kind == SW_STATEMENT_DEALLOCATE)
        note_deallocated(session, named->statement);
    sw_buf_init(&bytes, SW_RUN_LIMIT);
    is_good = is_heard
                  ? add_heard_control(session, named, &bytes, &err)
                  : sw_session_control(session, named->statement, named->text, &bytes, &err);
    if (is_good)
        sw_session_add_about(session, SW_REQUEST_LOCAL, named,
                             is_heard ? SW_ROLE_CONTROL : SW_ROLE_NONE, NULL, &bytes);
    else
        fail(session, &err);
    /* What comes behind it is planned by what is there then. */
    if (is_good && is_heard && sw_ends_transaction(named->statement) &&
        sw_session_has_had_temporaries(session))
        sw_session_dispatch(session, SW_RUN_ENDS_FLUSH);
    sw_buf_finish(&bytes);
    sw_named_unref(named);
}

/* What its portal would run was settled when it was prepared: here is the time to tell. */
static void execute_ddl(struct sw_session *session, struct sw_named *named, const char *portal)
{
    struct sw_error err;

    if (!sw_session_add_ddl(session, named->statement, 1, named->text, &err)) {
        fail(session, &err);
        return;
    }
    sw_session_add_about(session, SW_REQUEST_LOCAL, named, SW_ROLE_DDL, NULL, NULL);
    spend_portal(session, portal, named);
}

static void execute_prepare(struct sw_session *session, struct sw_named *named,
                            const char *portal)
{
    struct sw_error err;

    if (sw_session_add_prepare(session, named->statement, named->text, &err))
        spend_portal(session, portal, named);
    else
        fail(session, &err);
}

/* Its table may have become another meanwhile. */
static bool check_copy(const struct sw_named *named, struct sw_error *err)
{
    if (sw_session_copies_rows(named->planned))
        return true;
    sw_error_set(err, "0A000", "the table of the prepared COPY has changed");
    sw_error_hint(err, "Prepare the statement again.");
    return false;
}

/* Only when all before it is answered can the client be asked for data. */
static void execute_copy(struct sw_session *session, struct sw_named *named, const char *portal)
{
    struct sw_error err;

    if (session->txn.state == SW_TXN_OPEN &&
        (session->run.count > 0 || session->batch != NULL)) {
        sw_session_split(session);
    } else if (session->run.count > 0) {
        session->takes_again = true;
        sw_session_dispatch(session, SW_RUN_ENDS_FLUSH);
    } else if (!sw_session_renew_named(session, named, &err) || !check_copy(named, &err) ||
               !sw_session_begin_rows(session, named->planned, named, named->text, &err)) {
        fail(session, &err);
    } else {
        spend_portal(session, portal, named);
    }
}

static void execute_on_server(struct sw_session *session, struct sw_named *named,
                              const char *portal, uint32_t max_rows)
{
    struct sw_error err;

    if (!named->is_cursor &&
        !sw_session_check_cursor(session, named->statement, NULL, 0, &err)) {
        fail(session, &err);
        return;
    }
    session->may_write |= named->statement->writes;
    sw_session_note_changes(session, named->statement);
    add(session, SW_REQUEST_EXECUTE, named, portal);
    session->run.requests[session->run.count - 1].max_rows = max_rows;
    if (!named->is_cursor)
        sw_session_add_cursors(session, named, portal);
    if (named->statement->kind == SW_STATEMENT_COPY_FROM ||
        sw_session_changes_temporaries(session, named->statement))
        sw_session_dispatch(session, SW_RUN_ENDS_FLUSH);
}

static void execute_scatter(struct sw_session *session, struct sw_named *named,
                            const char *portal, uint32_t max_rows)
{
    struct sw_error err;

    if (!sw_session_scatter_execute(session, named, portal, max_rows, &err))
        fail(session, &err);
}

static void execute(struct sw_session *session, struct sw_named *named, const char *portal,
                    uint32_t max_rows)
{
    struct sw_error err;

    if (named->is_spent) {
        sw_error_set(&err, "55000", "portal \"%s\" cannot be run", portal);
        fail(session, &err);
    } else if (named->statement == NULL) {
        sw_session_answer(session, 'I', named, SW_ROLE_NONE);
    } else if (named->is_scattered) {
        execute_scatter(session, named, portal, max_rows);
    } else if (!check_mixture(session, false, named->statement->setting_count > 0, &err) ||
               !sw_session_check_changes(session, named->statement, &err)) {
        fail(session, &err);
    } else if (sw_is_control(named->statement)) {
        execute_control(session, named, portal);
    } else if (named->statement->kind == SW_STATEMENT_PREPARE) {
        execute_prepare(session, named, portal);
    } else if (named->prepared == NULL && named->statement->ddl != NULL) {
        execute_ddl(session, named, portal);
    } else if (named->prepared == NULL && sw_session_copies_rows(named->planned)) {
        execute_copy(session, named, portal);
    } else if (named->prepared == NULL && session->scattering != NULL) {
        sw_session_split(session);
    } else if (named->prepared == NULL) {
        sw_session_note_changes(session, named->statement);
        (void)sw_session_add_reset(session, named->statement, named->text);
    } else if (named->statement->setting_count > 0 && max_rows > 0 &&
               named->statement->kind == SW_STATEMENT_SELECT) {
        sw_error_set(&err, "0A000", "set_config() under a row limit is not supported");
        fail(session, &err);
    } else {
        execute_on_server(session, named, portal, max_rows);
    }
}

void sw_session_on_execute(struct sw_session *session, const struct sw_frame *frame)
{
    struct sw_named *named;
    struct sw_error err;
    const char *portal;
    uint32_t max_rows;

    if (session->skips_to_sync)
        return;
    if (!sw_wire_read_execute(frame, &portal, &max_rows, &err)) {
        fail(session, &err);
        return;
    }
    named = find_portal(session, portal, &err);
    if (named == NULL || !sw_session_may_run(session, named->statement, &err) ||
        !reach_portal(session, named, portal, &err))
        fail(session, &err);
    else
        execute(session, named, portal, max_rows);
    dispatch_if_long(session);
}

/* --- Close, Flush, Sync --- */

static void close_statement(struct sw_session *session, const char *name)
{
    struct sw_named *named = sw_names_get(&session->statements, name);

    sw_session_answer(session, '3', named, named == NULL ? SW_ROLE_NONE : SW_ROLE_CLOSED);
    sw_names_put(&session->statements, name, NULL);
}

static void close_portal(struct sw_session *session, const char *name)
{
    struct sw_named *named = sw_names_get(&session->portals, name);
    struct sw_error err;

    if (named != NULL && named->is_scattered) {
        if (!sw_session_scatter_close(session, named, name, &err))
            fail(session, &err);
        return;
    }
    if (named != NULL && !reach_portal(session, named, name, &err)) {
        if (session->wants_split || !sw_error_is(&err, "34000")) {
            fail(session, &err);
            return;
        }
        named = NULL; /* it is not there any more */
    }
    if (named != NULL && named->prepared != NULL)
        sw_session_add_about(session, SW_REQUEST_CLOSE_PORTAL, named, SW_ROLE_CLOSED_PORTAL,
                             name, NULL);
    else
        sw_session_answer(session, '3', NULL, SW_ROLE_NONE);
    sw_names_put(&session->portals, name, NULL);
}

void sw_session_on_close(struct sw_session *session, const struct sw_frame *frame)
{
    struct sw_error err;
    const char *name;
    char kind;

    if (session->skips_to_sync)
        return;
    if (!sw_wire_read_target(frame, &kind, &name, &err))
        fail(session, &err);
    else if (kind == 'S')
        close_statement(session, name);
    else
        close_portal(session, name);
    dispatch_if_long(session);
}

void sw_session_on_flush(struct sw_session *session, const struct sw_frame *frame)
{
    (void)frame;
    if (!session->skips_to_sync || session->run.count > 0)
        sw_session_dispatch(session, SW_RUN_ENDS_FLUSH);
}

void sw_session_on_sync(struct sw_session *session, const struct sw_frame *frame)
{
    (void)frame;
    session->skips_to_sync = false;
    sw_session_dispatch(session, SW_RUN_ENDS_SYNC);
}
