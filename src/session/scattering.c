/*
 * A statement over several shards, from its collecting to its end.
 *
 *   collected --> cooking --> gathering --------------> answered
 *                    |            |                       ^  ^
 *                    |            +--> finishing ---------+  |
 *                    +------------+--------+--- an error ----+
 *
 * It is a run of its own: what was collected before runs before, and what comes after it comes
 * after it. Of the extended protocol one portal takes part, from its Bind to the Sync behind
 * its Execute; its requests are answered by us, in their turn. What stands before the rows is
 * told when the first of them is there, or it is known that none will come: until then an error
 * may still have been one of Parse or Bind.
 */
#include "scattering.h"

#include "shardward/base/mem.h"
#include "shardward/wire/write.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static const uint8_t nothing_bound[6] = {0};

static bool is_copy(const struct sw_scattering *scattering)
{
    return scattering->copying != NULL ||
           scattering->planned->script->statements[0].copies != NULL;
}

static bool is_explain(const struct sw_scattering *scattering)
{
    return scattering->explaining != NULL ||
           scattering->planned->script->statements[0].explains != NULL;
}

/* --- collecting --- */

static bool refuse(struct sw_error *err, const char *what, const char *hint)
{
    sw_error_set(err, "0A000", "%s over several shards is not supported", what);
    sw_error_hint(err, "%s", hint);
    return false;
}

/* Is something in its way? What only prepares, and what is a scatter itself, runs first. */
static bool has_place(struct sw_session *session, struct sw_error *err)
{
    bool only_prepares = session->batch == NULL && !session->target.executes &&
                         session->change_count == 0 && !session->has_control;

    if (session->ddl != NULL)
        return refuse(err, "a statement beside DDL", "Send Sync between them.");
    if (session->scattering == NULL && !sw_session_is_pending(session))
        return true;
    session->wants_split =
        session->scattering != NULL || only_prepares || session->txn.state == SW_TXN_OPEN;
    return session->wants_split
               ? false
               : refuse(err, "a statement behind others in one batch",
                        "Send Sync (or separate queries) before it, or BEGIN before all.");
}

bool sw_session_add_scatter(struct sw_session *session, const struct sw_statement *statement,
                            const struct sw_plan *plan, const struct sw_parameters *parameters,
                            struct sw_error *err)
{
    int most = session->map->shard_count;
    const struct sw_shard **shards;
    struct sw_scattering *scattering;
    int count;

    if (!session->may_scatter || plan == NULL)
        return refuse(err,
                      plan == NULL ? "a statement among others in one query string"
                                   : "such a statement",
                      plan == NULL ? "Send the statements one by one."
                                   : "Use a plain SELECT, or add the key to WHERE.");
    if (statement->setting_count > 0)
        return refuse(err, "set_config()", "Call it in a statement without tables.");
    if (!has_place(session, err))
        return false;
    shards = sw_alloc_zero((size_t)most, sizeof(void *));
    count = sw_plan_list_several(plan, parameters, shards, most, err);
    if (count < 0) {
        free(shards);
        return false;
    }
    scattering = sw_alloc_zero(1, sizeof *scattering);
    scattering->session = session;
    scattering->shards = shards;
    scattering->count = count;
    sw_buf_init(&scattering->tail, SW_RUN_LIMIT);
    session->scattering = scattering;
    return true;
}

static void set_text(struct sw_scattering *scattering, struct sw_planned *planned,
                     const char *text)
{
    scattering->planned = sw_planned_ref(planned);
    scattering->text = sw_strdup(text);
}

void sw_session_scatter_query(struct sw_session *session, const char *text)
{
    struct sw_scattering *scattering = session->scattering;

    set_text(scattering, session->planned, text);
    (void)sw_buf_append(&scattering->tail, nothing_bound, sizeof nothing_bound);
    scattering->executes = true;
    (void)sw_session_add_bytes(session, SW_REQUEST_LOCAL, NULL, SW_ROLE_SCATTER, text, NULL, 0);
}

struct sw_named *sw_session_scatter_portal(struct sw_session *session, struct sw_named *named,
                                           const struct sw_wire_bind *bind)
{
    struct sw_scattering *scattering = session->scattering;
    const struct sw_prepared *prepared = named->prepared;

    set_text(scattering, named->planned, named->text);
    (void)sw_buf_append(&scattering->tail, bind->tail, bind->tail_len);
    scattering->types =
        sw_memdup(prepared->types, (size_t)prepared->type_count * sizeof *prepared->types);
    scattering->type_count = prepared->type_count;
    scattering->is_named = prepared->server_name[0] != '\0';
    scattering->statement = sw_named_ref(named);
    scattering->portal =
        sw_named_create(named->name, named->planned, named->text, NULL, NULL, 0);
    scattering->portal->is_scattered = true;
    sw_session_answer_about(session, '2', scattering->portal, SW_ROLE_BOUND, bind->portal);
    return scattering->portal;
}

static bool check_portal(const struct sw_session *session, const struct sw_named *named,
                         struct sw_error *err)
{
    if (session->scattering != NULL && session->scattering->portal == named)
        return true;
    return refuse(err, "going on with a portal",
                  "Bind, describe and execute it without Sync between, and without a limit of "
                  "rows (fetch size).");
}

bool sw_session_scatter_describe(struct sw_session *session, struct sw_named *named,
                                 struct sw_error *err)
{
    if (!check_portal(session, named, err))
        return false;
    (void)sw_session_add_bytes(session, SW_REQUEST_LOCAL, named, SW_ROLE_SCATTER_COLUMNS, NULL,
                               NULL, 0);
    return true;
}

bool sw_session_scatter_execute(struct sw_session *session, struct sw_named *named,
                                const char *portal, uint32_t max_rows, struct sw_error *err)
{
    struct sw_scattering *scattering = session->scattering;

    if (!check_portal(session, named, err))
        return false;
    if (scattering->executes)
        return refuse(err, "executing a portal again", "Bind it again.");
    if (max_rows > 0 && portal[0] != '\0')
        return refuse(err, "a limit of rows for a portal with a name",
                      "Do not set a fetch size, or use LIMIT.");
    scattering->executes = true;
    scattering->max_rows = max_rows;
    (void)sw_session_add_bytes(session, SW_REQUEST_LOCAL, named, SW_ROLE_SCATTER, NULL, NULL,
                               0);
    return true;
}

void sw_session_forget_scatter(struct sw_session *session)
{
    struct sw_scattering *scattering = session->scattering;

    if (scattering == NULL)
        return;
    session->scattering = NULL;
    sw_scattering_drop(scattering);
    sw_scattering_forget_copy(scattering);
    sw_scattering_end_explaining(scattering);
    sw_planned_unref(scattering->around);
    free(scattering->around_text);
    sw_cook_destroy(scattering->cook);
    sw_recipe_unref(scattering->recipe);
    sw_planned_unref(scattering->planned);
    sw_named_unref(scattering->portal);
    sw_named_unref(scattering->statement);
    sw_buf_finish(&scattering->tail);
    free(scattering->types);
    free(scattering->text);
    free(scattering->shards);
    free(scattering);
}

bool sw_scattering_is_cooking(const struct sw_scattering *scattering)
{
    return scattering->recipe == NULL &&
           (scattering->copying == NULL || !scattering->copying->passes);
}

static int count_characters(const char *text, int len)
{
    int count = 0;

    for (int i = 0; i < len; i++)
        count += ((uint8_t)text[i] & 0xc0) != 0x80;
    return count;
}

bool sw_scattering_enter(struct sw_scattering *scattering, int at, int end,
                         struct sw_error *err)
{
    char *query = sw_strndup(scattering->text + at, (size_t)(end - at));
    struct sw_planned *planned = sw_session_plan(scattering->session, query, err);

    if (planned != NULL && planned->plan == NULL) {
        sw_planned_unref(planned);
        planned = NULL;
        (void)refuse(err, "such a query", "Ask for it by itself.");
    }
    if (planned == NULL) {
        free(query);
        return false;
    }
    scattering->shift = count_characters(scattering->text, at);
    scattering->around = scattering->planned;
    scattering->around_text = scattering->text;
    scattering->planned = planned;
    scattering->text = query;
    return true;
}

/* --- answers in their turn --- */

/* The first request of @role; if there is none, how many there are. */
static int find(const struct sw_session *session, enum sw_request_role role)
{
    int at = 0;

    while (at < session->run.count && session->run.requests[at].role != (int)role)
        at++;
    return at;
}

/* The Bind of the portal; of a simple query where it stands itself. */
static int find_bound(const struct sw_scattering *scattering)
{
    const struct sw_run *run = &scattering->session->run;
    int at = 0;

    if (scattering->portal == NULL)
        return find(scattering->session, SW_ROLE_SCATTER);
    while (at < run->count && (run->requests[at].role != (int)SW_ROLE_BOUND ||
                               run->requests[at].about != scattering->portal))
        at++;
    return at;
}

static void write_columns(struct sw_scattering *scattering)
{
    const struct sw_description *description = &scattering->recipe->description;
    struct sw_buf *out = sw_session_out(scattering->session);
    struct sw_wire_bind bind;
    size_t start = sw_message_begin(out, 'T');

    (void)sw_wire_read_bind_tail(sw_buf_bytes(&scattering->tail), sw_buf_len(&scattering->tail),
                                 &bind);
    sw_put_int16(out, (uint16_t)description->column_count);
    for (int i = 0; i < description->column_count; i++) {
        const struct sw_described_column *column = &description->columns[i];

        sw_put_text(out, column->name);
        sw_put_int32(out, column->table_oid);
        sw_put_int16(out, (uint16_t)column->attribute);
        sw_put_int32(out, column->type);
        sw_put_int16(out, (uint16_t)column->type_len);
        sw_put_int32(out, (uint32_t)column->typmod);
        sw_put_int16(out, sw_wire_wants_binary(&bind, i));
    }
    sw_message_end(out, start);
}

/* Answer the requests before number @to. */
static void answer(struct sw_scattering *scattering, int to)
{
    struct sw_session *session = scattering->session;

    for (; scattering->at < to; scattering->at++) {
        struct sw_request *request = &session->run.requests[scattering->at];

        if (request->role == SW_ROLE_SCATTER_COLUMNS && is_copy(scattering)) {
            sw_write_empty(sw_session_out(session), 'n');
        } else if (request->role == SW_ROLE_SCATTER_COLUMNS && is_explain(scattering)) {
            sw_scattering_describe_plan(scattering);
        } else if (request->role == SW_ROLE_SCATTER_COLUMNS) {
            write_columns(scattering);
            sw_scattering_note_told(scattering);
        } else {
            (void)sw_buf_append(sw_session_out(session), sw_run_bytes(&session->run, request),
                                request->bytes_len);
        }
        request->is_done = true;
        session->has_answered = true;
    }
}

/* What comes before the rows. */
static void begin(struct sw_scattering *scattering)
{
    if (scattering->has_begun)
        return;
    scattering->has_begun = true;
    sw_scattering_note_told(scattering);
    answer(scattering, find(scattering->session, SW_ROLE_SCATTER));
    if (scattering->copying != NULL)
        sw_scattering_begin_copy(scattering);
    else if (scattering->portal == NULL && scattering->explaining != NULL)
        sw_scattering_describe_plan(scattering);
    else if (scattering->portal == NULL)
        write_columns(scattering);
}

void sw_scattering_end(struct sw_scattering *scattering)
{
    struct sw_session *session = scattering->session;
    int failure = session->run.count;
    bool has_failed;

    while (failure > 0 && session->run.requests[failure - 1].kind == SW_REQUEST_FAIL)
        failure--;
    has_failed = failure < session->run.count;
    sw_scattering_settle(scattering, -1);
    answer(scattering, session->run.count);
    if (has_failed)
        sw_session_end_failed(session);
    else
        sw_session_conclude(session);
}

/* --- errors --- */

/* Where its position stands in the client's text. */
static int shift_of(const struct sw_scattering *scattering)
{
    const struct sw_copying *copying = scattering->copying;
    const struct sw_recipe *recipe = scattering->recipe;

    if (copying != NULL && copying->passes)
        return 0;
    if (copying != NULL && copying->asks_head)
        return sw_scattering_head_shift();
    if (scattering->explaining != NULL && recipe != NULL && !scattering->finishes &&
        strcmp(recipe->gather, scattering->text) == 0)
        return 0;
    if (scattering->finishes ||
        (recipe != NULL && strcmp(recipe->gather, scattering->text) != 0))
        return SW_POSITION_LEFT_OUT;
    return scattering->shift;
}

static void write_failure(struct sw_scattering *scattering,
                          const struct sw_scatter_failure *failure)
{
    struct sw_buf *out = sw_session_out(scattering->session);
    int shift = shift_of(scattering);
    struct sw_frame frame;
    size_t len = sw_buf_len(&failure->frame);

    if (len == 0 ||
        sw_frame_next(sw_buf_bytes(&failure->frame), len, len, &frame) != SW_FRAME_WHOLE)
        sw_write_error(out, "ERROR", &failure->err);
    else if (shift == 0)
        (void)sw_buf_append(out, sw_buf_bytes(&failure->frame), len);
    else
        sw_write_shard_error(out, &frame, NULL, shift);
}

/* Did the servers come as far as to execute it? PostgreSQL has told of the Bind then, and of
 * the columns. */
static bool has_come_to_execute(const struct sw_scattering *scattering)
{
    return scattering->has_begun || scattering->finishes ||
           (scattering->scatter != NULL && !sw_scattering_is_cooking(scattering) &&
            scattering->scatter->failure.request == SW_SCATTERING_AT_EXECUTE);
}

void sw_scattering_fail(struct sw_scattering *scattering, const struct sw_error *err)
{
    struct sw_session *session = scattering->session;

    if (scattering->copying != NULL) {
        bool had_begun = scattering->has_begun;

        begin(scattering);
        if (!had_begun)
            sw_scattering_break_copy(scattering);
    } else if (err == NULL && has_come_to_execute(scattering) &&
               (scattering->explaining == NULL || scattering->portal != NULL))
        begin(scattering);
    else if (!scattering->has_begun)
        answer(scattering, find_bound(scattering));
    if (err == NULL)
        write_failure(scattering, &scattering->scatter->failure);
    else
        sw_write_error(sw_session_out(session), "ERROR", err);
    sw_scattering_settle(scattering, -1);
    sw_session_end_failed(session);
}

/* --- rows, and the end --- */

static bool has_rows(const struct sw_scatter *scatter)
{
    for (int i = 0; i < scatter->count; i++)
        if (scatter->parts[i].has_said_something)
            return true;
    return false;
}

static bool pull(struct sw_scattering *scattering)
{
    return scattering->copying != NULL
               ? sw_scattering_pull_copy(scattering)
               : sw_scatter_pull(scattering->scatter, sw_session_out(scattering->session),
                                 SW_STREAM_CONGESTED + 1);
}

void sw_scattering_take_rows(struct sw_scattering *scattering)
{
    struct sw_session *session = scattering->session;
    struct sw_scatter *scatter = scattering->scatter;

    if (!has_rows(scatter))
        return;
    begin(scattering);
    while (pull(scattering)) {
        sw_stream_flush(session->stream);
        if (sw_stream_is_congested(session->stream)) {
            sw_scatter_hold(scatter);
            return;
        }
    }
}

static void write_tag(struct sw_scattering *scattering)
{
    struct sw_buf *out = sw_session_out(scattering->session);
    int64_t rows = sw_merger_rows(scattering->scatter->merger);
    char tag[40];

    scattering->session->measure.rows = (uint64_t)rows;
    if (scattering->max_rows > 0 && rows == scattering->max_rows) {
        sw_write_empty(out, 's');
        return;
    }
    (void)snprintf(tag, sizeof tag, "SELECT %" PRId64, rows);
    sw_write_command_complete(out, tag);
}

void sw_scattering_conclude(struct sw_scattering *scattering)
{
    begin(scattering);
    if (scattering->copying != NULL)
        sw_scattering_end_copy(scattering);
    else if (scattering->explaining != NULL)
        sw_scattering_end_plan(scattering);
    else
        write_tag(scattering);
    sw_scattering_end(scattering);
}

/* Their columns are not those of the recipe. */
static void go_on_outdated(struct sw_scattering *scattering)
{
    struct sw_error err;

    if (sw_scattering_may_cook_anew(scattering)) {
        sw_scattering_cook_anew(scattering);
        return;
    }
    sw_plan_cache_drop_recipe(scattering->session->sessions->plans, scattering->planned,
                              scattering->recipe);
    if (!scattering->scatter->has_failed) {
        sw_error_set(&err, "55000", "the shards differ in the columns of this statement");
        sw_error_detail(&err, "Their types or names have changed since it began, or are not "
                              "the same on all shards.");
        sw_error_hint(&err, "Alter the tables of all shards alike, and run it again.");
    }
    sw_scattering_fail(scattering, scattering->scatter->has_failed ? NULL : &err);
}

void sw_scattering_go_on(struct sw_scattering *scattering)
{
    if (sw_scattering_is_cooking(scattering))
        sw_scattering_hear(scattering);
    else if (sw_scattering_is_outdated(scattering))
        go_on_outdated(scattering);
    else if (scattering->scatter->has_failed)
        sw_scattering_fail(scattering, NULL);
    else if (scattering->copying != NULL && scattering->copying->asks_head)
        sw_scattering_hear_head(scattering);
    else if (sw_scattering_awaits_plan(scattering))
        sw_scattering_hear_plan(scattering);
    else if (scattering->recipe != NULL && scattering->recipe->finish != NULL &&
             !scattering->finishes)
        sw_scattering_finish(scattering);
    else
        sw_scattering_conclude(scattering);
}

/* --- for the rest of the session --- */

void sw_session_run_scatter(struct sw_session *session)
{
    struct sw_scattering *scattering = session->scattering;
    bool is_described = find(session, SW_ROLE_SCATTER_COLUMNS) < session->run.count;
    struct sw_error err;

    session->state = SW_SESSION_RUNNING;
    sw_tally_start_several(session, scattering->count);
    sw_session_limit(session);
    sw_stream_hold(session->stream);
    if (session->run_end == SW_RUN_ENDS_FLUSH && !scattering->executes) {
        (void)refuse(&err, "Flush between Bind and Execute", "Leave it out.");
        sw_scattering_fail(scattering, &err);
    } else if (scattering->executes && is_copy(scattering)) {
        sw_scattering_copy(scattering);
    } else if (scattering->executes && is_explain(scattering)) {
        sw_scattering_explain(scattering);
    } else if (scattering->executes ||
               (is_described && !is_copy(scattering) && !is_explain(scattering))) {
        sw_scattering_cook(scattering);
    } else {
        sw_scattering_end(scattering);
    }
}

void sw_session_go_on_scattering(struct sw_session *session)
{
    if (session->scattering->scatter != NULL)
        sw_scatter_unhold(session->scattering->scatter);
}

void sw_session_refuse_scatter(struct sw_session *session, const struct sw_error *err)
{
    sw_scattering_fail(session->scattering, err);
}

void sw_session_cancel_scatter(struct sw_session *session, const struct sw_error *why)
{
    if (session->scattering->scatter != NULL)
        sw_scatter_cancel(session->scattering->scatter, why);
}
