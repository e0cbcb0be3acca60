/*
 * COPY FROM STDIN into a sharded table. Its first row tells the shard, and a client sends none
 * before it was asked for data: so we ask for it, without a server.
 *
 *   begin --> rows are read, and kept --first key--> RUNNING on its shard --CopyInResponse-->
 *   the rows kept, and those that come, are passed on --CopyDone--> RUNNING
 *
 * Rows are passed on as they are read; the server hears CopyDone only if the shard of each of
 * them was told, and was the same. If not it hears CopyFail, so that nothing of it stays. A row
 * that it will refuse itself is sent on for it to say so.
 */
#include "internal.h"

#include "shardward/base/mem.h"
#include "shardward/plan/copy.h"
#include "shardward/wire/response.h"
#include "shardward/wire/write.h"

#include <inttypes.h>
#include <string.h>

struct sw_session_rows {
    struct sw_planned *planned;      /* shared */
    const struct sw_copy_plan *plan; /* of that */
    struct sw_named *named; /* of the extended protocol; shared; NULL: a simple query */
    char *text;             /* as the server hears it */
    struct sw_copy_rows reader;
    struct sw_buf kept;           /* data, until the server wants it */
    const struct sw_shard *shard; /* of the rows so far; NULL: there was none */
    uint64_t first_row;           /* that told it */
    bool is_started;              /* on a server */
    bool is_flowing;              /* the server wants data */
    bool is_read;                 /* to the end of the rows; what follows is passed on */
    bool is_dropped;              /* ... is not even passed on */
    bool has_ended;               /* the client has sent CopyDone */
    bool has_failed;              /* CopyFail is due */
    bool has_doubt;               /* CopyDone may not be sent; `doubt` tells why */
    struct sw_error doubt;
};

/* By which we know our own CopyFail in the server's error. */
static const char marker[] = "a row is not for this shard (shardward)";

bool sw_session_copies_rows(const struct sw_planned *planned)
{
    return planned->plan != NULL && sw_plan_copy(planned->plan) != NULL;
}

void sw_session_forget_rows(struct sw_session *session)
{
    struct sw_session_rows *rows = session->rows;

    if (rows == NULL)
        return;
    session->rows = NULL;
    sw_planned_unref(rows->planned);
    sw_named_unref(rows->named);
    sw_copy_rows_finish(&rows->reader);
    sw_buf_finish(&rows->kept);
    free(rows->text);
    free(rows);
}

/* --- the beginning --- */

static char *text_for_server(struct sw_session *session, const struct sw_planned *planned,
                             const char *text, struct sw_error *err)
{
    const struct sw_insertion *insertion = sw_planned_insertion(planned);
    const struct sw_splice_values none = {.ids = NULL};

    sw_splice_clear(&session->splice);
    return insertion == NULL ? sw_strdup(text)
                             : sw_splice(text, insertion, &none, &session->splice, err);
}

static void write_copy_in(struct sw_buf *out, const struct sw_copy_plan *plan)
{
    bool is_binary = plan->style->format == SW_COPY_BINARY;
    size_t start = sw_message_begin(out, 'G');

    sw_put_byte(out, is_binary);
    sw_put_int16(out, (uint16_t)plan->column_count);
    for (int i = 0; i < plan->column_count; i++)
        sw_put_int16(out, is_binary);
    sw_message_end(out, start);
}

bool sw_session_begin_rows(struct sw_session *session, struct sw_planned *planned,
                           struct sw_named *named, const char *text, struct sw_error *err)
{
    const struct sw_copy_plan *plan = sw_plan_copy(planned->plan);
    struct sw_session_rows *rows;
    char *heard;

    if (!sw_session_aim_copy(session, plan->table->placement, NULL, err))
        return false;
    heard = text_for_server(session, planned, text, err);
    if (heard == NULL)
        return false;
    rows = session->rows = sw_alloc_zero(1, sizeof *rows);
    rows->planned = sw_planned_ref(planned);
    rows->plan = plan;
    rows->named = named == NULL ? NULL : sw_named_ref(named);
    rows->text = heard;
    sw_copy_rows_init(&rows->reader, plan->style, plan->column_count, plan->columns,
                      plan->table->placement->part_count);
    sw_buf_init(&rows->kept, SW_RUN_LIMIT);
    session->state = SW_SESSION_RUNNING;
    sw_tally_asked(session);
    write_copy_in(sw_session_out(session), plan);
    session->is_copying = session->has_answered = true;
    session->is_copy_held = false;
    return true;
}

/* --- errors of ours --- */

/* No server has heard of it: an error ends it here. */
static void refuse(struct sw_session *session, const struct sw_error *err)
{
    bool is_simple = session->rows->named == NULL;

    sw_session_leave_copy(session);
    sw_session_forget_rows(session);
    session->state = SW_SESSION_READY;
    session->skips_to_sync = !is_simple;
    sw_session_add_failure(session, err);
    sw_session_dispatch(session, is_simple ? SW_RUN_ENDS_QUERY : SW_RUN_ENDS_FLUSH);
}

bool sw_session_refuse_rows(struct sw_session *session, const struct sw_error *err)
{
    if (session->rows == NULL || session->rows->is_started)
        return false;
    refuse(session, err);
    return true;
}

bool sw_session_doubts_rows(struct sw_session *session, const struct sw_frame *frame)
{
    const struct sw_session_rows *rows = session->rows;
    struct sw_error err;

    if (rows == NULL || !rows->has_doubt)
        return false;
    sw_wire_read_error(frame, &err, NULL);
    if (!sw_error_is(&err, "57014") || strstr(err.message, marker) == NULL)
        return false;
    sw_tally_refusal(session);
    sw_kinds_note_error(session->sessions->kinds, &rows->doubt);
    sw_write_error(sw_session_out(session), "ERROR", &rows->doubt);
    return true;
}

/* --- rows --- */

static void doubt_shard(struct sw_session_rows *rows, const struct sw_shard *other)
{
    const char *table = rows->plan->table->name;

    sw_error_set(&rows->doubt, "0A000", "COPY into \"%s\" needs more than one shard", table);
    sw_error_detail(&rows->doubt, "Row %" PRIu64 " is for %s, row %" PRIu64 " for %s.",
                    rows->first_row, rows->shard->name, rows->reader.row, other->name);
    sw_error_hint(&rows->doubt,
                  "Split the input by shard, a COPY for each: `shardward locate` tells the "
                  "shard of a key.");
    rows->has_doubt = rows->has_failed = true;
}

static void judge_row(struct sw_session_rows *rows)
{
    const struct sw_shard *shard;

    if (!sw_copy_place(rows->plan, rows->reader.fields, &shard, &rows->doubt)) {
        rows->has_doubt = rows->has_failed = true;
    } else if (rows->shard == NULL) {
        rows->shard = shard;
        rows->first_row = rows->reader.row;
    } else if (rows->shard != shard) {
        doubt_shard(rows, shard);
    }
}

static void doubt_reading(struct sw_session_rows *rows)
{
    const char *why = rows->reader.doubt;

    rows->has_doubt = true;
    if (why == NULL)
        why = "the server did not refuse a row without its key";
    sw_error_set(&rows->doubt, "0A000",
                 "the shard of row %" PRIu64 " of COPY into \"%s\" "
                 "cannot be told",
                 rows->reader.row, rows->plan->table->name);
    sw_error_detail(&rows->doubt, "%s", why);
}

/* The data ends in the middle of a row, as the server will not hear of it. */
static void doubt_end(struct sw_session_rows *rows)
{
    if (rows->reader.doubt == NULL) {
        doubt_reading(rows);
    } else {
        sw_error_set(&rows->doubt, "22P04", "%s", rows->reader.doubt);
        rows->has_doubt = true;
    }
}

static void judge(struct sw_session_rows *rows, enum sw_copy_step step)
{
    switch (step) {
    case SW_COPY_MORE:
        break;
    case SW_COPY_ROW:
        judge_row(rows);
        break;
    case SW_COPY_BROKEN: /* the server sees it when it has all that it needs for that */
        doubt_reading(rows);
        rows->is_read = true;
        break;
    case SW_COPY_UNSURE:
        doubt_reading(rows);
        rows->has_failed = true;
        break;
    case SW_COPY_END:
        rows->is_read = true;
        rows->is_dropped = rows->plan->style->format == SW_COPY_CSV;
        break;
    }
}

/* How much of the data is to be passed on. */
static size_t read_rows(struct sw_session_rows *rows, const uint8_t *data, size_t len)
{
    size_t at = 0;

    while (at < len && !rows->is_read && !rows->has_failed) {
        enum sw_copy_step step;

        at += sw_copy_rows_read(&rows->reader, data + at, len - at, &step);
        judge(rows, step);
    }
    return rows->is_dropped || rows->has_failed ? at : len;
}

/* --- the server --- */

/* A row that the server will refuse itself has to be whole for that. */
static void fail(struct sw_session *session)
{
    struct sw_session_rows *rows = session->rows;

    if (rows->has_ended && rows->plan->style->format != SW_COPY_BINARY)
        sw_leg_copy(session->running, (const uint8_t *)"\n", 1);
    sw_leg_fail_copy(session->running, marker);
}

/* CopyDone or CopyFail, if it is time for that; else go on. */
static void settle(struct sw_session *session)
{
    struct sw_session_rows *rows = session->rows;

    if (rows->has_failed || (rows->has_ended && rows->has_doubt))
        fail(session);
    else if (rows->has_ended)
        sw_leg_end_copy(session->running);
    else
        return;
    sw_leg_flush_copy(session->running);
    sw_session_leave_copy(session);
}

static void start(struct sw_session *session)
{
    struct sw_session_rows *rows = session->rows;
    bool is_simple = rows->named == NULL;
    struct sw_error err;

    if (!sw_session_may_run(session, &rows->planned->script->statements[0], &err) ||
        !sw_session_aim_copy(session, rows->plan->table->placement, rows->shard, &err)) {
        refuse(session, &err);
        return;
    }
    rows->is_started = true;
    sw_session_leave_copy(session);
    if (is_simple)
        (void)sw_run_add(&session->run, SW_REQUEST_QUERY, NULL, rows->text, NULL, 0);
    else
        sw_session_add_about(session, SW_REQUEST_COPY, rows->named, SW_ROLE_NONE, rows->text,
                             NULL);
    sw_session_dispatch(session, is_simple ? SW_RUN_ENDS_QUERY : SW_RUN_ENDS_FLUSH);
}

void sw_session_take_rows(struct sw_session *session, const uint8_t *data, size_t len)
{
    struct sw_session_rows *rows = session->rows;
    size_t limit = session->sessions->map->config->limits.message;
    struct sw_error err;

    if (rows->is_dropped)
        return;
    len = read_rows(rows, data, len);
    if (rows->is_flowing) {
        sw_session_pass_on(session, data, len);
        settle(session);
        return;
    }
    (void)sw_buf_append(&rows->kept, data, len);
    if (rows->shard != NULL || rows->has_doubt) {
        start(session);
    } else if (sw_buf_len(&rows->kept) > limit) {
        sw_error_set(&err, "54000", "the first row is longer than %zu bytes (limits.message)",
                     limit);
        refuse(session, &err);
    }
}

void sw_session_end_rows(struct sw_session *session)
{
    struct sw_session_rows *rows = session->rows;

    if (!rows->is_read) {
        enum sw_copy_step step = sw_copy_rows_end(&rows->reader);

        if (step == SW_COPY_BROKEN)
            doubt_end(rows);
        else
            judge(rows, step);
    }
    rows->has_ended = true;
    if (rows->is_flowing)
        settle(session);
    else
        start(session);
}

void sw_session_flow_rows(struct sw_session *session)
{
    struct sw_session_rows *rows = session->rows;

    rows->is_flowing = true;
    session->is_copying = true;
    session->is_copy_held = false;
    sw_stream_release(session->stream);
    sw_session_pass_on(session, sw_buf_bytes(&rows->kept), sw_buf_len(&rows->kept));
    sw_buf_release(&rows->kept);
    settle(session);
    sw_session_flush_copy(session);
}
