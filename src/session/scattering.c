/*
 * A statement over several shards, from its collecting to its end.
 *
 *   collected --> cooking --> gathering --------------> answered
 *                    |            |                       ^  ^
 *                    |            +--> finishing ---------+  |
 *                    +------------+--------+--- an error ----+
 *
 * It is a run of its own: what was collected before runs before, and what comes after it comes
 * after it. Of the extended protocol one portal takes part; its requests are answered by us, in
 * their turn. What stands before the rows is
 * told when the first of them is there, or it is known that none will come: until then an error
 * may still have been one of Parse or Bind.
 */
#include "scattering.h"

#include "shardward/base/mem.h"
#include "shardward/wire/write.h"

#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

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
        (void)sw_scattering_refuse(err, "such a query", "Ask for it by itself.");
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

/* The Bind of the portal; if that was before the run, or of a simple query, its Execute. */
static int find_bound(const struct sw_scattering *scattering)
{
    const struct sw_run *run = &scattering->session->run;
    int at = 0;

    if (scattering->portal == NULL || scattering->is_open || scattering->is_over ||
        scattering->declares)
        return find(scattering->session, SW_ROLE_SCATTER);
    while (at < run->count && (run->requests[at].role != (int)SW_ROLE_BOUND ||
                               run->requests[at].about != scattering->portal))
        at++;
    return at;
}

void sw_scattering_write_columns(const struct sw_scattering *scattering,
                                 const struct sw_buf *formats, struct sw_buf *out)
{
    const struct sw_description *description = &scattering->recipe->description;
    struct sw_wire_bind bind;
    size_t start = sw_message_begin(out, 'T');

    (void)sw_wire_read_bind_tail(sw_buf_bytes(formats), sw_buf_len(formats), &bind);
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

static const struct sw_statement *statement_of_portal(const struct sw_scattering *scattering)
{
    return scattering->portal == NULL ? NULL : scattering->portal->statement;
}

/* A cursor that is described by its name gives texts. */
static void write_columns(struct sw_scattering *scattering)
{
    const struct sw_statement *statement = statement_of_portal(scattering);
    bool is_fetch =
        scattering->is_fetch || (statement != NULL && statement->kind == SW_STATEMENT_FETCH);

    sw_scattering_write_columns(scattering, is_fetch ? &scattering->wanted : &scattering->tail,
                                sw_session_out(scattering->session));
}

static bool is_mute(const struct sw_scattering *scattering)
{
    const struct sw_statement *statement = statement_of_portal(scattering);

    return is_copy(scattering) || scattering->is_move || scattering->declares ||
           scattering->closes || (statement != NULL && sw_scattering_is_mute(statement));
}

/* Answer the requests before number @to. */
static void answer(struct sw_scattering *scattering, int to)
{
    struct sw_session *session = scattering->session;

    for (; scattering->at < to; scattering->at++) {
        struct sw_request *request = &session->run.requests[scattering->at];

        if (request->role == SW_ROLE_SCATTER_COLUMNS && is_mute(scattering)) {
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

void sw_scattering_begin(struct sw_scattering *scattering)
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
    else if (scattering->portal == NULL && !is_mute(scattering))
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
        recipe->asks_clients_text)
        return 0;
    if (scattering->finishes || scattering->loading != NULL ||
        (recipe != NULL && !recipe->asks_clients_text))
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
    const struct sw_scatter *scatter = scattering->scatter;

    if (scattering->is_cursor)
        return scattering->has_begun;
    return scattering->has_begun || scattering->finishes || scattering->is_open ||
           scattering->loading != NULL ||
           (scatter != NULL && !sw_scattering_is_cooking(scattering) &&
            scatter->failure.request >= 0 &&
            scatter->run.requests[scatter->failure.request].kind == SW_REQUEST_EXECUTE);
}

void sw_scattering_fail(struct sw_scattering *scattering, const struct sw_error *err)
{
    struct sw_session *session = scattering->session;

    assert(err != NULL || scattering->scatter != NULL);
    scattering->is_failed = true;
    assert(err != NULL || scattering->scatter != NULL);
    if (scattering->copying != NULL) {
        bool had_begun = scattering->has_begun;

        sw_scattering_begin(scattering);
        if (!had_begun)
            sw_scattering_break_copy(scattering);
    } else if (err == NULL && has_come_to_execute(scattering) &&
               (scattering->explaining == NULL || scattering->portal != NULL))
        sw_scattering_begin(scattering);
    else if (!scattering->has_begun)
        answer(scattering, find_bound(scattering));
    sw_kinds_note_error(session->sessions->kinds,
                        err == NULL ? &scattering->scatter->failure.err : err);
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
    sw_scattering_begin(scattering);
    do {
        sw_stream_flush(session->stream);
        if (sw_stream_is_congested(session->stream)) {
            sw_scatter_hold(scatter);
            return;
        }
    } while (pull(scattering));
}

static void write_tag(struct sw_scattering *scattering)
{
    struct sw_buf *out = sw_session_out(scattering->session);
    int64_t rows = scattering->scatter == NULL ? scattering->given
                                               : sw_merger_rows(scattering->scatter->merger);
    const char *verb = !scattering->is_fetch ? "SELECT"
                       : scattering->is_move ? "MOVE"
                                             : "FETCH";
    char tag[40];

    scattering->session->measure.rows = (uint64_t)rows;
    if (scattering->max_rows > 0 && rows == scattering->max_rows) {
        sw_write_empty(out, 's');
        return;
    }
    (void)snprintf(tag, sizeof tag, "%s %" PRId64, verb, rows);
    sw_write_command_complete(out, tag);
}

void sw_scattering_conclude(struct sw_scattering *scattering)
{
    sw_scattering_begin(scattering);
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

static void end_closed(struct sw_scattering *scattering)
{
    sw_scattering_closed(scattering);
    sw_scattering_end(scattering);
}

/* All rows were asked for at once. */
static void end_at_once(struct sw_scattering *scattering)
{
    scattering->is_over = scattering->copying == NULL && scattering->explaining == NULL;
    sw_scattering_conclude(scattering);
}

void sw_scattering_go_on(struct sw_scattering *scattering)
{
    if (sw_scattering_starts_again(scattering))
        return;
    if (sw_scattering_is_cooking(scattering))
        sw_scattering_hear(scattering);
    else if (scattering->loading != NULL && !scattering->finishes)
        sw_scattering_go_on_loading(scattering);
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
    else if (scattering->closes)
        end_closed(scattering);
    else if (scattering->stays)
        sw_scattering_fetched(scattering);
    else
        end_at_once(scattering);
}

/* --- for the rest of the session --- */

static const char *name_of_portal(const struct sw_scattering *scattering)
{
    const struct sw_run *run = &scattering->session->run;

    return sw_run_text(run, &run->requests[find(scattering->session, SW_ROLE_SCATTER)]);
}

/* The portal is there from an earlier run. */
static void run_again(struct sw_scattering *scattering)
{
    struct sw_error err;

    if (scattering->closes) {
        sw_scattering_close(scattering);
    } else if (!scattering->executes) {
        sw_scattering_end(scattering);
    } else if (scattering->is_failed) {
        sw_error_set(&err, "55000", "portal \"%s\" cannot be run", name_of_portal(scattering));
        sw_scattering_fail(scattering, &err);
    } else if (scattering->is_open) {
        sw_scattering_fetch(scattering);
    } else {
        sw_scattering_conclude(scattering); /* without a row */
    }
}

/* Does more come of the portal than one Execute takes, or may it? */
static bool goes_on(const struct sw_scattering *scattering)
{
    return sw_scattering_may_stay(scattering->session) && scattering->portal != NULL &&
           !is_mute(scattering) && !is_explain(scattering) && !scattering->is_closed &&
           (!scattering->executes || scattering->max_rows > 0);
}

void sw_session_run_scatter(struct sw_session *session)
{
    struct sw_scattering *scattering = session->scattering;
    bool is_described = find(session, SW_ROLE_SCATTER_COLUMNS) < session->run.count;
    struct sw_error err;

    session->state = SW_SESSION_RUNNING;
    sw_tally_start_several(session, scattering->count);
    sw_session_limit(session);
    sw_stream_hold(session->stream);
    if (scattering->is_open || scattering->is_over) {
        run_again(scattering);
        return;
    }
    scattering->stays = scattering->declares || goes_on(scattering);
    sw_scattering_begin_relief(scattering);
    if (session->run_end == SW_RUN_ENDS_FLUSH && !scattering->executes && !scattering->stays) {
        (void)sw_scattering_refuse(&err, "Flush between Bind and Execute",
                                   "Leave it out, or BEGIN before it.");
        sw_scattering_fail(scattering, &err);
    } else if (scattering->executes && is_copy(scattering)) {
        sw_scattering_copy(scattering);
    } else if (scattering->declares) {
        sw_scattering_declare(scattering);
    } else if (scattering->executes && is_explain(scattering)) {
        sw_scattering_explain(scattering);
    } else if (scattering->executes || scattering->stays ||
               (is_described && !is_mute(scattering) && !is_explain(scattering))) {
        sw_scattering_cook(scattering);
    } else {
        sw_scattering_end(scattering);
    }
}

void sw_session_go_on_scattering(struct sw_session *session)
{
    if (session->scattering->scatter != NULL)
        sw_scatter_unhold(session->scattering->scatter);
    else if (session->scattering->waits)
        sw_scattering_fetch(session->scattering);
}

void sw_session_refuse_scatter(struct sw_session *session, const struct sw_error *err)
{
    sw_scattering_fail(session->scattering, err);
}

void sw_session_cancel_scatter(struct sw_session *session, const struct sw_error *why)
{
    if (session->scattering->scatter != NULL)
        sw_scatter_cancel(session->scattering->scatter, why);
    else if (session->scattering->loading != NULL)
        sw_scattering_cancel_loading(session->scattering, why);
    else if (session->scattering->waits)
        sw_scattering_fail(session->scattering, why);
}
