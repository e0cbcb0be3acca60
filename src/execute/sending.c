/*
 * What goes over the wire for a run, in one flight:
 *
 *   a replica's guard | the opening | the run's requests, each statement preceded by a Parse
 * that is absorbed if the server lacks it | SELECT current_setting(...) for the settings to
 * read back, and what else is asked | ROLLBACK
 *
 * Settings that differ are brought in line before, in a flight of their own: whatever runs,
 * runs under the right settings or not at all.
 */
#include "sending.h"

#include "shardward/base/mem.h"
#include "shardward/wire/write.h"

#include <string.h>

static struct sw_backend *backend_of(const struct sw_leg *leg)
{
    return leg->lease.backend;
}

/* --- settings --- */

/* RESET what the session has not set, role first: it may forbid the rest. */
static void put_resets(struct sw_buf *sql, const struct sw_settings *is,
                       const struct sw_settings *wanted)
{
    if (sw_settings_get(is, "role") != NULL)
        (void)sw_buf_append_text(sql, "RESET ROLE;");
    for (size_t i = 0; is != NULL && i < is->count; i++)
        if (sw_settings_get(wanted, is->list[i].name) == NULL)
            (void)sw_buf_printf(sql, "RESET \"%s\";", is->list[i].name);
}

static void put_set(struct sw_buf *sql, const struct sw_setting *setting)
{
    sw_put_sql_set_config(sql, setting->name, setting->value, false);
    (void)sw_buf_append_text(sql, ";");
}

/* SET what differs, role last. */
static void put_sets(struct sw_buf *sql, const struct sw_settings *is,
                     const struct sw_settings *wanted)
{
    const struct sw_setting *role = NULL;

    for (size_t i = 0; wanted != NULL && i < wanted->count; i++) {
        const struct sw_setting *setting = &wanted->list[i];
        const char *now = sw_settings_get(is, setting->name);

        if (strcmp(setting->name, "role") == 0)
            role = setting;
        else if (now == NULL || strcmp(now, setting->value) != 0)
            put_set(sql, setting);
    }
    if (role != NULL)
        put_set(sql, role);
}

void sw_leg_send_settings(struct sw_leg *leg)
{
    const struct sw_settings *is = sw_backend_settings(backend_of(leg));
    struct sw_buf sql;

    sw_buf_init(&sql, SW_RUN_LIMIT);
    put_resets(&sql, is, leg->work.settings);
    put_sets(&sql, is, leg->work.settings);
    (void)sw_buf_append(&sql, "", 1);
    leg->state = SW_LEG_SETTING;
    sw_write_query(sw_backend_out(backend_of(leg)), (const char *)sw_buf_bytes(&sql));
    sw_backend_expect(backend_of(leg), SW_REPLY_QUERY, SW_REPLY_ABSORB, OURS);
    sw_buf_finish(&sql);
    sw_backend_flush(backend_of(leg));
}

/* --- sending the run --- */

static enum sw_reply_use use_of(const struct sw_request *request)
{
    return request->is_quiet ? SW_REPLY_ABSORB : SW_REPLY_FORWARD;
}

static void send_parse(struct sw_leg *leg, const struct sw_request *request, int index)
{
    if (!sw_backend_prepare(backend_of(leg), request->prepared, use_of(request), index))
        sw_backend_expect(backend_of(leg), SW_REPLY_LOCAL, SW_REPLY_FORWARD, index);
}

static void send_bind(struct sw_leg *leg, const struct sw_request *request, int index)
{
    struct sw_backend *backend = backend_of(leg);

    (void)sw_backend_prepare(backend, request->prepared, SW_REPLY_ABSORB, OURS);
    sw_backend_bind(backend, sw_run_text(leg->work.run, request), request->prepared,
                    sw_run_bytes(leg->work.run, request), request->bytes_len, use_of(request),
                    index);
}

static void send_describe_statement(struct sw_leg *leg, const struct sw_request *request,
                                    int index)
{
    struct sw_backend *backend = backend_of(leg);

    (void)sw_backend_prepare(backend, request->prepared, SW_REPLY_ABSORB, OURS);
    sw_backend_describe_statement(backend, request->prepared, use_of(request), index);
}

/* The server fails on a statement that cannot exist, and so rolls back what it did for this
 * batch; the client is told our own error in place of the server's. */
static void send_failure(struct sw_leg *leg, int index)
{
    static const uint8_t no_parameters[6] = {0};
    struct sw_backend *backend = backend_of(leg);

    sw_write_bind(sw_backend_out(backend), "", "sw_refused", no_parameters,
                  sizeof no_parameters);
    sw_backend_expect(backend, SW_REPLY_BIND, SW_REPLY_ABSORB, index);
}

static void send_request(struct sw_leg *leg, const struct sw_request *request, int index)
{
    struct sw_backend *backend = backend_of(leg);
    struct sw_buf *out = sw_backend_out(backend);
    const char *text = sw_run_text(leg->work.run, request);

    switch (request->kind) {
    case SW_REQUEST_QUERY:
        sw_write_query(out, text);
        sw_backend_expect(backend, SW_REPLY_QUERY, SW_REPLY_FORWARD, index);
        break;
    case SW_REQUEST_PARSE:
        send_parse(leg, request, index);
        break;
    case SW_REQUEST_BIND:
        send_bind(leg, request, index);
        break;
    case SW_REQUEST_DESCRIBE_STATEMENT:
        send_describe_statement(leg, request, index);
        break;
    case SW_REQUEST_DESCRIBE_PORTAL:
        sw_backend_describe_portal(backend, text, request->prepared,
                                   request->is_quiet ? SW_REPLY_COLUMNS : SW_REPLY_FORWARD,
                                   index);
        break;
    case SW_REQUEST_EXECUTE:
        sw_backend_execute(backend, text, request->prepared, request->max_rows,
                           request->is_for_rows ? SW_REPLY_ROWS : SW_REPLY_FORWARD, index);
        break;
    case SW_REQUEST_CLOSE_PORTAL:
        sw_backend_close_portal(backend, text, use_of(request), index);
        break;
    case SW_REQUEST_SYNC:
        sw_write_sync(out);
        sw_backend_expect(backend, SW_REPLY_SYNC, SW_REPLY_FORWARD, index);
        break;
    case SW_REQUEST_FLUSH:
        sw_write_flush(out);
        break;
    case SW_REQUEST_INJECT:
        sw_backend_inject(backend, text, SW_REPLY_ABSORB, OURS);
        break;
    case SW_REQUEST_COPY:
        sw_backend_inject(backend, text, SW_REPLY_FORWARD, index);
        break;
    case SW_REQUEST_LOCAL:
        sw_backend_expect(backend, SW_REPLY_LOCAL, SW_REPLY_FORWARD, index);
        break;
    case SW_REQUEST_FAIL:
        send_failure(leg, index);
        break;
    }
}

bool sw_leg_needs_guard(const struct sw_leg *leg)
{
    const struct sw_leg_guard *guard = &leg->work.guard;

    return guard->replica != NULL && guard->lsn > sw_lease_replayed(&leg->lease);
}

void sw_leg_send_guard(struct sw_leg *leg)
{
    leg->state = SW_LEG_SETTING;
    sw_leg_put_guard(leg);
    sw_write_sync(sw_backend_out(backend_of(leg)));
    sw_backend_expect(backend_of(leg), SW_REPLY_SYNC, SW_REPLY_ABSORB, OURS);
    sw_backend_flush(backend_of(leg));
}

static void send_read_back(struct sw_leg *leg)
{
    struct sw_buf sql;

    sw_buf_init(&sql, SW_RUN_LIMIT);
    for (int i = 0; i < leg->work.read_back_count; i++) {
        (void)sw_buf_append_text(&sql, i == 0 ? "SELECT pg_catalog.current_setting("
                                              : ",pg_catalog.current_setting(");
        sw_put_sql_literal(&sql, leg->work.read_back[i]);
        (void)sw_buf_append_text(&sql, ",true)");
    }
    if (leg->work.question != NULL) {
        (void)sw_buf_append_text(&sql, leg->work.read_back_count == 0 ? "SELECT " : ",");
        (void)sw_buf_append_text(&sql, leg->work.question);
    }
    (void)sw_buf_append(&sql, "", 1);
    sw_write_query(sw_backend_out(backend_of(leg)), (const char *)sw_buf_bytes(&sql));
    sw_backend_expect(backend_of(leg), SW_REPLY_QUERY, SW_REPLY_CAPTURE, OURS);
    sw_buf_finish(&sql);
}

/* What the transaction is called, and where it was. */
static void ask_mark(struct sw_leg *leg)
{
    sw_lease_origin(&leg->lease, &leg->mark.at);
    leg->mark.sent_ms = sw_loop_now_ms(leg->loop);
    sw_backend_ask(backend_of(leg), leg->work.mark, MARK);
}

void sw_leg_send_questions(struct sw_leg *leg)
{
    if (leg->work.read_back_count > 0 || leg->work.question != NULL)
        send_read_back(leg);
    else if (leg->work.asks != SW_ASKS_NOTHING)
        sw_leg_send_asked(leg);
}

void sw_leg_send_run(struct sw_leg *leg)
{
    struct sw_backend *backend = backend_of(leg);

    sw_backend_translate(backend, leg->work.types);
    leg->state = SW_LEG_RUNNING;
    leg->left |= leg->work.leaves;
    leg->sent_ms = (uint32_t)sw_loop_now_ms(leg->loop);
    leg->has_read_back_failed = leg->is_affirmed = leg->has_lsn = leg->is_behind = false;
    leg->opening_done = 0;
    leg->mark.is_known = false;
    leg->asked_ms = sw_loop_now_ms(leg->loop);
    leg->was_guarded |= !leg->work.guard.is_apart && sw_leg_needs_guard(leg);
    if (leg->was_guarded && !leg->work.guard.is_apart) {
        sw_leg_put_guard(leg);
        leg->awaits_guard = true;
        if (leg->work.guard.is_told)
            sw_write_flush(sw_backend_out(backend));
    }
    for (int i = 0; i < leg->work.opening_count; i++)
        sw_backend_inject(backend, leg->work.opening[i], SW_REPLY_ABSORB, OPENING - i);
    if (leg->work.tells_of_opening && leg->work.opening_count > 0)
        sw_write_flush(sw_backend_out(backend));
    for (int i = 0; i < leg->work.run->count; i++) {
        if (leg->work.mark != NULL && i == leg->work.mark_at)
            ask_mark(leg);
        send_request(leg, &leg->work.run->requests[i], i);
    }
    sw_leg_send_questions(leg);
    if (leg->work.rolls_back) {
        sw_write_query(sw_backend_out(backend), "ROLLBACK");
        sw_backend_expect(backend, SW_REPLY_QUERY, SW_REPLY_ABSORB, OURS);
    }
    sw_backend_flush(backend);
    /* All may be answered already: by LOCAL entries alone, or because there was nothing. */
    if (leg->state == SW_LEG_RUNNING && sw_backend_is_answered(backend))
        sw_task_post(leg->loop, &leg->settle);
}
