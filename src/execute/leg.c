#include "shardward/execute/leg.h"

#include "cancel.h"
#include "sending.h"

#include "shardward/base/log.h"
#include "shardward/base/mem.h"
#include "shardward/wire/response.h"
#include "shardward/wire/write.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sw_backend *backend_of(const struct sw_leg *leg)
{
    return leg->lease.backend;
}

/* --- what the backend says --- */

static void be_free(struct sw_leg *leg)
{
    sw_leg_forget_cancel(leg);
    free(leg->setting_error);
    leg->setting_error = NULL;
    sw_task_cancel(&leg->settle);
    leg->state = SW_LEG_FREE;
    leg->shard = NULL;
    leg->is_rolling_back = leg->is_cancelled = leg->is_read_back_cut = leg->is_copying = false;
    leg->is_spent = false;
    leg->replica = NULL;
}

static void refuse(struct sw_leg *leg, const struct sw_error *err)
{
    be_free(leg);
    leg->sink->on_refused(leg->owner, err);
}

static void on_forward(void *owner, const uint8_t *bytes, size_t len)
{
    struct sw_leg *leg = owner;

    if (leg->state == SW_LEG_RUNNING && !leg->is_rolling_back)
        leg->sink->on_forward(leg->owner, bytes, len);
}

static void on_notice(void *owner, const uint8_t *bytes, size_t len)
{
    struct sw_leg *leg = owner;

    if (leg->state == SW_LEG_RUNNING && !leg->is_rolling_back && leg->sink->on_notice != NULL)
        leg->sink->on_notice(leg->owner, bytes, len);
}

static void on_copy_in(void *owner, const uint8_t *bytes, size_t len)
{
    struct sw_leg *leg = owner;

    leg->is_copying = true;
    leg->sink->on_copy_in(leg->owner, bytes, len);
}

static void on_drained(void *owner)
{
    struct sw_leg *leg = owner;

    if (leg->is_copying)
        leg->sink->on_drained(leg->owner);
}

static void on_answered(void *owner, const struct sw_reply *reply)
{
    struct sw_leg *leg = owner;

    if (reply->index == GUARD)
        leg->awaits_guard = false;
    if (leg->state != SW_LEG_RUNNING || reply->index == MARK || reply->index == GUARD)
        return;
    if (reply->index <= OPENING) {
        leg->opening_done++;
        return;
    }
    leg->work.run->requests[reply->index].is_done = true;
    if (reply->kind == SW_REPLY_LOCAL && leg->sink->on_local != NULL)
        leg->sink->on_local(leg->owner, reply->index);
}

/* A cancel was meant for the statement before; the values are asked for again, unless the
 * transaction has failed: then that is what became of the statement. */
static void on_read_back_failed(struct sw_leg *leg, const struct sw_frame *frame)
{
    struct sw_error err;

    sw_wire_read_error(frame, &err, NULL);
    if (!sw_error_is(&err, "57014"))
        leg->has_read_back_failed = true;
    else if (sw_backend_status(backend_of(leg)) == 'I')
        leg->is_read_back_cut = true;
    else
        leg->sink->on_error(leg->owner, -1, frame);
}

/* Division by zero is the guard's way of saying no; the run is skipped then. */
static bool is_behind(const struct sw_reply *reply, const struct sw_frame *frame)
{
    struct sw_error err;

    if (reply->index != GUARD)
        return false;
    sw_wire_read_error(frame, &err, NULL);
    return sw_error_is(&err, "22012");
}

static void keep_setting_error(struct sw_leg *leg, const struct sw_frame *frame)
{
    if (leg->setting_error == NULL)
        leg->setting_error = sw_alloc(sizeof *leg->setting_error);
    sw_wire_read_error(frame, leg->setting_error, NULL);
}

static void on_error(void *owner, const struct sw_reply *reply, const struct sw_frame *frame)
{
    struct sw_leg *leg = owner;

    leg->is_copying = false;
    if (is_behind(reply, frame)) {
        leg->is_behind = true;
        sw_lease_note_behind(&leg->lease);
    }
    if (leg->state == SW_LEG_SETTING)
        keep_setting_error(leg, frame);
    else if (leg->is_behind || leg->is_rolling_back)
        return;
    else if (reply->index == GUARD)
        leg->sink->on_error(leg->owner, -1, frame);
    else if (reply->use == SW_REPLY_CAPTURE && reply->index != MARK)
        on_read_back_failed(leg, frame);
    else if (!(reply->kind == SW_REPLY_QUERY && reply->index == OURS))
        leg->sink->on_error(leg->owner, reply->index < 0 ? -1 : reply->index, frame);
}

/* A transaction that has no number has written nothing. */
static void read_mark(struct sw_commit_mark *mark, const struct sw_frame *row)
{
    char text[2][32];
    uint32_t high, low;

    for (int i = 0; i < 2; i++) {
        const uint8_t *bytes;
        size_t len;

        if (!sw_wire_read_column(row, i, &bytes, &len) || bytes == NULL ||
            len >= sizeof text[i])
            return;
        memcpy(text[i], bytes, len);
        text[i][len] = '\0';
    }
    if (sscanf(text[1], "%" SCNx32 "/%" SCNx32, &high, &low) != 2)
        return;
    mark->xid = strtoull(text[0], NULL, 10);
    mark->lsn = (uint64_t)high << 32 | low;
    mark->is_known = true;
}

static void on_row(void *owner, const struct sw_reply *reply, const struct sw_frame *frame)
{
    struct sw_leg *leg = owner;
    const uint8_t *bytes;
    size_t len;

    if (reply->index == MARK) {
        read_mark(&leg->mark, frame);
        return;
    }
    if (leg->work.asks != SW_ASKS_NOTHING) {
        sw_leg_read_asked(leg, frame);
        return;
    }
    if (leg->work.question != NULL)
        leg->is_affirmed =
            sw_wire_read_column(frame, leg->work.read_back_count, &bytes, &len) &&
            bytes != NULL && len == 1 && bytes[0] == 't';
    for (int i = 0; i < leg->work.read_back_count && leg->sink->on_setting != NULL; i++) {
        char *value;

        if (!sw_wire_read_column(frame, i, &bytes, &len) || bytes == NULL)
            continue;
        value = sw_strndup((const char *)bytes, len);
        leg->sink->on_setting(leg->owner, i, value);
        free(value);
    }
}

static void on_types(void *owner, const struct sw_reply *reply, const struct sw_frame *frame)
{
    struct sw_leg *leg = owner;

    if (reply->index != OURS && leg->sink->on_types != NULL)
        leg->sink->on_types(leg->owner, reply->index, frame);
}

static void on_lent(void *owner);

static bool borrow(struct sw_leg *leg, struct sw_pool *pool)
{
    leg->left = 0;
    return (leg->pocket != NULL && leg->replica == NULL &&
            sw_pocket_take(leg->pocket, leg->shard, &leg->lease, &leg->left)) ||
           sw_pool_borrow(pool, &leg->lease);
}

/* What was left on the backend goes with it. */
static void give_up(struct sw_leg *leg, const struct sw_error *why)
{
    if (leg->left != 0 && leg->pocket != NULL)
        sw_pocket_break(leg->pocket, why);
    sw_lease_discard(&leg->lease);
}

static void give_back(struct sw_leg *leg)
{
    if (leg->pocket != NULL && leg->replica == NULL && sw_pocket_wants(leg->pocket, leg->left))
        sw_pocket_put(leg->pocket, leg->shard, &leg->lease, leg->left);
    else if (leg->left != 0)
        sw_lease_discard(&leg->lease);
    else
        sw_lease_return(&leg->lease);
}

/* The statement_timeout of whom the backend served before has struck. */
static bool was_cut_short(const struct sw_leg *leg)
{
    return sw_error_is(leg->setting_error, "57014") && leg->left == 0 &&
           sw_backend_settings(backend_of(leg)) != NULL;
}

static void borrow_another(struct sw_leg *leg)
{
    struct sw_pool *pool = leg->lease.pool;

    free(leg->setting_error);
    leg->setting_error = NULL;
    sw_lease_discard(&leg->lease);
    leg->state = SW_LEG_LEASING;
    if (borrow(leg, pool))
        on_lent(leg);
}

static void be_attached(struct sw_leg *leg)
{
    if (leg->sink->on_attached != NULL)
        leg->sink->on_attached(leg->owner, sw_backend_reported(backend_of(leg)));
    sw_leg_send_run(leg);
}

/* The settings are in force. */
static void go_on(struct sw_leg *leg)
{
    if (leg->work.guard.is_apart && !leg->was_guarded && sw_leg_needs_guard(leg)) {
        leg->was_guarded = true;
        sw_leg_send_guard(leg);
        return;
    }
    be_attached(leg);
}

static void refuse_cancelled(struct sw_leg *leg)
{
    struct sw_error err;

    sw_error_set(&err, "57014", "canceling statement due to user request");
    refuse(leg, &err);
}

static void after_settings(struct sw_leg *leg)
{
    if (leg->setting_error == NULL)
        sw_backend_set_settings(backend_of(leg), leg->work.settings);
    if (leg->is_cancelled) {
        give_back(leg);
        refuse_cancelled(leg);
        return;
    }
    if (leg->setting_error != NULL && was_cut_short(leg)) {
        borrow_another(leg);
        return;
    }
    if (leg->setting_error != NULL) {
        struct sw_error why = *leg->setting_error;

        give_back(leg);
        refuse(leg, &why);
        return;
    }
    go_on(leg);
}

/* What a run that is rolled back leaves in force counts for the client: neither the steps to it
 * nor the way back. */
static void on_ready(void *owner, const struct sw_reply *reply, char status)
{
    struct sw_leg *leg = owner;

    (void)status;
    if (reply->index == OURS || leg->state != SW_LEG_RUNNING)
        return;
    leg->work.run->requests[reply->index].is_done = true;
    if (leg->work.rolls_back && !leg->is_rolling_back && leg->sink->on_reported != NULL)
        leg->sink->on_reported(leg->owner, sw_backend_reported(backend_of(leg)));
}

static void on_parameter(void *owner, const struct sw_reply *reply, const char *name,
                         const char *value)
{
    struct sw_leg *leg = owner;
    bool is_ours = leg->work.rolls_back && reply != NULL && reply->index < 0;

    if (leg->state == SW_LEG_RUNNING && !leg->is_rolling_back && !is_ours &&
        leg->sink->on_parameter != NULL)
        leg->sink->on_parameter(leg->owner, name, value);
}

static void on_notification(void *owner, const uint8_t *bytes, size_t len)
{
    struct sw_leg *leg = owner;

    if (leg->pocket != NULL)
        sw_pocket_note(leg->pocket, bytes, len, sw_backend_server_pid(backend_of(leg)));
}

static void on_pause(void *owner)
{
    struct sw_leg *leg = owner;
    struct sw_backend *backend = backend_of(leg);

    if (sw_backend_is_answered(backend) && leg->state == SW_LEG_SETTING) {
        after_settings(leg);
        return;
    }
    if (sw_backend_is_answered(backend) && leg->state == SW_LEG_RUNNING &&
        leg->is_read_back_cut) {
        leg->is_read_back_cut = false;
        sw_leg_send_questions(leg);
        sw_backend_flush(backend);
        return;
    }
    if (sw_backend_is_answered(backend) && leg->state == SW_LEG_RUNNING) {
        leg->state = SW_LEG_ATTACHED;
        sw_leg_forget_cancel(leg);
        leg->rows = sw_backend_take_rows(backend);
        leg->sink->on_done(leg->owner, sw_backend_status(backend));
        return;
    }
    if (leg->state == SW_LEG_RUNNING && leg->sink->on_pause != NULL)
        leg->sink->on_pause(leg->owner);
}

static void on_lost(void *owner, const struct sw_error *err, enum sw_loss loss)
{
    static struct sw_log_limit limit;
    struct sw_leg *leg = owner;
    struct sw_error why = *err; /* the backend's own memory goes with the discard */
    bool was_setting = leg->state == SW_LEG_SETTING;

    sw_log_limited(&limit, SW_LOG_WARNING, "server-lost", "shard=%s sqlstate=%s reason=\"%s\"",
                   leg->shard->name, why.sqlstate, why.message);
    give_up(leg, &why);
    be_free(leg);
    if (was_setting)
        leg->sink->on_refused(leg->owner, &why);
    else
        leg->sink->on_lost(leg->owner, &why, loss);
}

static const struct sw_backend_events backend_events = {
    .on_forward = on_forward,
    .on_notice = on_notice,
    .on_pause = on_pause,
    .on_copy_in = on_copy_in,
    .on_drained = on_drained,
    .on_answered = on_answered,
    .on_error = on_error,
    .on_row = on_row,
    .on_types = on_types,
    .on_ready = on_ready,
    .on_parameter = on_parameter,
    .on_notification = on_notification,
    .on_lost = on_lost,
};

/* --- for the session --- */

static void on_lent(void *owner)
{
    struct sw_leg *leg = owner;
    struct sw_backend *backend = backend_of(leg);

    leg->was_guarded = false;
    sw_backend_use(backend, &backend_events, leg);
    if (sw_settings_are_equal(sw_backend_settings(backend), leg->work.settings))
        go_on(leg);
    else
        sw_leg_send_settings(leg);
    if (leg->sink->on_lent != NULL)
        leg->sink->on_lent(leg->owner);
}

static void on_lease_refused(void *owner, const struct sw_error *err)
{
    refuse(owner, err);
}

void sw_leg_init(struct sw_leg *leg, struct sw_loop *loop, const struct sw_leg_sink *sink,
                 void *owner)
{
    *leg = (struct sw_leg){.state = SW_LEG_FREE, .loop = loop, .sink = sink, .owner = owner};
    sw_task_init(&leg->settle, on_pause, leg);
    sw_lease_init(&leg->lease, on_lent, on_lease_refused, leg);
}

void sw_leg_start(struct sw_leg *leg, struct sw_pool *pool, const struct sw_shard *shard,
                  const struct sw_leg_work *work)
{
    assert(leg->state == SW_LEG_FREE || (leg->state == SW_LEG_ATTACHED && leg->shard == shard));
    leg->work = *work;
    leg->shard = shard;
    leg->is_behind = leg->was_guarded = leg->awaits_guard = false;
    if (leg->state == SW_LEG_ATTACHED) {
        sw_leg_send_run(leg);
        return;
    }
    leg->state = SW_LEG_LEASING;
    leg->replica = work->guard.replica;
    if (borrow(leg, pool))
        on_lent(leg);
}

void sw_leg_cancel(struct sw_leg *leg)
{
    switch (leg->state) {
    case SW_LEG_LEASING:
        sw_lease_forget(&leg->lease);
        refuse_cancelled(leg);
        return;
    case SW_LEG_SETTING:
        leg->is_cancelled = true;
        return;
    case SW_LEG_RUNNING:
        if (!leg->is_rolling_back)
            sw_leg_cancel_run(leg);
        return;
    case SW_LEG_FREE:
    case SW_LEG_ATTACHED:
        return;
    }
}

void sw_leg_tell(struct sw_leg *leg, const struct sw_leg_sink *sink, void *owner)
{
    leg->sink = sink;
    leg->owner = owner;
}

void sw_leg_note_settings(struct sw_leg *leg, struct sw_settings *settings)
{
    sw_backend_set_settings(backend_of(leg), settings);
}

char sw_leg_status(const struct sw_leg *leg)
{
    return sw_backend_status(backend_of(leg));
}

struct sw_settings *sw_leg_reported(const struct sw_leg *leg)
{
    return sw_backend_reported(backend_of(leg));
}

const char *sw_leg_default_isolation(const struct sw_leg *leg)
{
    return sw_backend_default_isolation(backend_of(leg));
}

int sw_leg_server_fd(const struct sw_leg *leg)
{
    return leg->lease.backend == NULL ? -1 : sw_backend_fd(backend_of(leg));
}

/* Outside of a transaction, and nothing that was meant for this client can still reach it. */
static bool is_clean(const struct sw_backend *backend)
{
    return sw_backend_status(backend) == 'I' && sw_backend_is_answered(backend) &&
           !sw_backend_may_be_struck(backend);
}

void sw_leg_release(struct sw_leg *leg)
{
    struct sw_error why;

    assert(leg->state == SW_LEG_ATTACHED);
    if (leg->is_spent) {
        sw_lease_discard(&leg->lease);
    } else if (is_clean(backend_of(leg))) {
        give_back(leg);
    } else {
        sw_error_set(&why, "08006", "the server connection could not be kept");
        give_up(leg, &why);
    }
    be_free(leg);
}

void sw_leg_cut(struct sw_leg *leg)
{
    struct sw_error why;

    if (leg->state == SW_LEG_FREE)
        return;
    sw_error_set(&why, "08006", "the server connection was closed");
    if (leg->state == SW_LEG_LEASING)
        sw_lease_forget(&leg->lease);
    else
        give_up(leg, &why);
    be_free(leg);
}

bool sw_leg_abandon(struct sw_leg *leg)
{
    struct sw_backend *backend = backend_of(leg);

    if (leg->state == SW_LEG_RUNNING && leg->is_copying) {
        leg->is_rolling_back = true;
        sw_leg_fail_copy(leg, "the client is gone");
        sw_leg_flush_copy(leg);
        return false;
    }
    if (leg->state != SW_LEG_ATTACHED) {
        sw_leg_cut(leg);
        return true;
    }
    if (sw_backend_status(backend) == 'I' && sw_backend_is_answered(backend)) {
        sw_leg_release(leg);
        return true;
    }
    leg->state = SW_LEG_RUNNING;
    leg->is_rolling_back = true;
    sw_write_query(sw_backend_out(backend), "ROLLBACK");
    sw_backend_expect(backend, SW_REPLY_QUERY, SW_REPLY_ABSORB, OURS);
    sw_backend_flush(backend);
    return false;
}

void sw_leg_hold(struct sw_leg *leg)
{
    if (leg->state == SW_LEG_RUNNING)
        sw_backend_hold(backend_of(leg));
}

void sw_leg_unhold(struct sw_leg *leg)
{
    if (leg->state == SW_LEG_RUNNING)
        sw_backend_release(backend_of(leg));
}
