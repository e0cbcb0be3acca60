/*
 *   ASKING --not committed, unknown---------------------------> told
 *     |  ^ \--committed--> CONFIRMING --confirmed--> told
 *     |  |                     | ^ |
 *     |  +---the primary is another one by now
 *     +--------> RESTING <-----+ |           time over: UNKNOWN
 *   lost, refused,    \----------+
 *   or it goes on
 *
 * A COMMIT is confirmed by another one behind it, on the same server: that waits for the same
 * standbys, whatever the session's own commits wait for.
 */
#include "shardward/execute/resolution.h"

#include "shardward/base/log.h"
#include "shardward/base/mem.h"
#include "shardward/wire/response.h"
#include "shardward/wire/write.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REST_MS = 100, ANSWER_LIMIT = 64 * 1024, COLUMN_SIZE = 40 };

struct sw_resolution {
    struct sw_resolution_work work;
    struct sw_leg leg;
    struct sw_run run;
    struct sw_buf answer;
    struct sw_timer *timer;
    uint64_t until_ms; /* 0: for ever */
    bool is_asking;
    bool is_committed; /* at the server of this generation, and to be confirmed */
    int generation;
    bool is_in_future; /* what the server has said */
    bool has_failed;
};

struct sw_prepared *sw_resolution_question(void)
{
    return sw_prepared_create("SELECT pg_catalog.pg_current_xact_id_if_assigned(),"
                              " pg_catalog.pg_current_wal_insert_lsn()",
                              NULL, 0, "");
}

/* --- reading the answer --- */

static bool read_column(const struct sw_frame *row, int column, char text[COLUMN_SIZE])
{
    const uint8_t *bytes;
    size_t len;

    if (!sw_wire_read_column(row, column, &bytes, &len) || bytes == NULL || len >= COLUMN_SIZE)
        return false;
    memcpy(text, bytes, len);
    text[len] = '\0';
    return true;
}

static enum sw_xact_status status_of(const char *name)
{
    if (strcmp(name, "committed") == 0)
        return SW_XACT_COMMITTED;
    if (strcmp(name, "aborted") == 0)
        return SW_XACT_ABORTED;
    return strcmp(name, "in progress") == 0 ? SW_XACT_IN_PROGRESS : SW_XACT_FORGOTTEN;
}

/* "epoch:xid", as a checkpoint has it. */
static uint64_t read_next_xid(const char *text)
{
    uint64_t epoch;
    uint32_t xid;

    return sscanf(text, "%" SCNu64 ":%" SCNu32, &epoch, &xid) == 2 ? epoch << 32 | xid : 0;
}

static void read_row(const struct sw_frame *row, struct sw_commit_trace *trace)
{
    char text[COLUMN_SIZE];

    if (read_column(row, 0, text))
        trace->status = status_of(text);
    if (read_column(row, 1, text))
        trace->is_checkpoint_of_start = text[0] == 't';
    if (read_column(row, 2, text))
        trace->next_xid = read_next_xid(text);
}

static void read_answer(const struct sw_resolution *resolution, struct sw_commit_trace *trace)
{
    const uint8_t *at = sw_buf_bytes(&resolution->answer);
    size_t len = sw_buf_len(&resolution->answer);
    struct sw_frame frame;

    trace->status = resolution->is_in_future ? SW_XACT_IN_FUTURE : SW_XACT_FORGOTTEN;
    for (; sw_frame_next(at, len, ANSWER_LIMIT, &frame) == SW_FRAME_WHOLE; at += frame.size) {
        len -= frame.size;
        if (frame.type == 'D')
            read_row(&frame, trace);
    }
}

static enum sw_commit_fate judge(const struct sw_resolution *resolution,
                                 const struct sw_origin *at)
{
    const struct sw_resolution_work *work = &resolution->work;
    const struct sw_cluster_state *state = sw_pools_cluster(work->pools, work->shard->cluster);
    struct sw_commit_trace trace = {.at = *at};

    read_answer(resolution, &trace);
    return sw_commit_fate_of(&work->mark, &trace, state == NULL ? NULL : state->ends,
                             state == NULL ? 0 : state->end_count);
}

/* What the answer says: of a COMMIT, or of its confirmation. */
static enum sw_commit_fate hear(struct sw_resolution *resolution)
{
    enum sw_commit_fate fate = SW_FATE_OPEN;
    struct sw_origin at;

    sw_lease_origin(&resolution->leg.lease, &at);
    if (resolution->has_failed)
        return SW_FATE_OPEN;
    if (resolution->is_committed && at.generation == resolution->generation)
        return SW_FATE_COMMITTED;
    if (!resolution->is_committed)
        fate = judge(resolution, &at);
    resolution->is_committed = fate == SW_FATE_COMMITTED;
    resolution->generation = at.generation;
    return resolution->is_committed ? SW_FATE_OPEN : fate;
}

/* --- asking --- */

static void rest(struct sw_resolution *resolution, uint64_t rest_ms)
{
    resolution->is_asking = false;
    sw_timer_start(resolution->timer, rest_ms);
}

static void tell(struct sw_resolution *resolution, enum sw_commit_fate fate,
                 struct sw_settings *reported)
{
    static const char *const names[] = {
        [SW_FATE_COMMITTED] = "committed",
        [SW_FATE_NOT_COMMITTED] = "not committed",
        [SW_FATE_UNKNOWN] = "unknown",
        [SW_FATE_OPEN] = "open",
    };

    sw_log(SW_LOG_INFO, "commit-resolved", "shard=%s xid=%" PRIu64 " fate=\"%s\"",
           resolution->work.shard->name, resolution->work.mark.xid, names[fate]);
    resolution->work.on_resolved(resolution->work.owner, fate, reported);
}

static void on_forward(void *owner, const uint8_t *bytes, size_t len)
{
    struct sw_resolution *resolution = owner;

    (void)sw_buf_append(&resolution->answer, bytes, len);
}

static void on_error(void *owner, int index, const struct sw_frame *frame)
{
    struct sw_resolution *resolution = owner;
    struct sw_error err;

    (void)index;
    sw_wire_read_error(frame, &err, NULL);
    resolution->is_in_future = sw_error_is(&err, "22023");
    resolution->has_failed = !resolution->is_in_future;
}

static void on_done(void *owner, char status)
{
    struct sw_resolution *resolution = owner;
    bool was_committed = resolution->is_committed;
    enum sw_commit_fate fate = hear(resolution);
    struct sw_settings *reported = sw_settings_ref(sw_leg_reported(&resolution->leg));

    (void)status;
    sw_leg_release(&resolution->leg);
    if (fate != SW_FATE_OPEN)
        tell(resolution, fate, reported);
    else
        rest(resolution, resolution->is_committed && !was_committed ? 0 : REST_MS);
    sw_settings_unref(reported);
}

static void on_refused(void *owner, const struct sw_error *err)
{
    (void)err;
    rest(owner, REST_MS);
}

static void on_lost(void *owner, const struct sw_error *err, enum sw_loss loss)
{
    (void)err;
    (void)loss;
    rest(owner, REST_MS);
}

static const struct sw_leg_sink sink = {
    .on_forward = on_forward,
    .on_error = on_error,
    .on_done = on_done,
    .on_refused = on_refused,
    .on_lost = on_lost,
};

static void put_question(const struct sw_resolution *resolution, struct sw_buf *sql)
{
    if (resolution->is_committed)
        (void)sw_buf_append_text(
            sql, "SELECT pg_catalog.set_config('synchronous_commit', 'on', true),"
                 " pg_catalog.pg_logical_emit_message(true, 'shardward', 'resolved')");
    else
        (void)sw_buf_printf(sql,
                            "SELECT pg_catalog.pg_xact_status('%" PRIu64
                            "'::pg_catalog.xid8), c.checkpoint_lsn = c.redo_lsn, c.next_xid"
                            " FROM pg_catalog.pg_control_checkpoint() AS c",
                            resolution->work.mark.xid);
    (void)sw_buf_append(sql, "", 1);
}

static void ask(struct sw_resolution *resolution)
{
    const struct sw_resolution_work *work = &resolution->work;
    const struct sw_leg_work on_leg = {.run = &resolution->run, .settings = work->settings};
    struct sw_buf sql;

    sw_buf_init(&sql, ANSWER_LIMIT);
    put_question(resolution, &sql);
    sw_run_clear(&resolution->run);
    (void)sw_run_add(&resolution->run, SW_REQUEST_QUERY, NULL, (const char *)sw_buf_bytes(&sql),
                     NULL, 0);
    sw_buf_finish(&sql);
    sw_buf_clear(&resolution->answer);
    resolution->is_asking = true;
    resolution->is_in_future = resolution->has_failed = false;
    if (resolution->until_ms > 0)
        sw_timer_start(resolution->timer, resolution->until_ms - sw_loop_now_ms(work->loop));
    sw_leg_start(&resolution->leg, sw_pools_get(work->pools, work->user, work->shard),
                 work->shard, &on_leg);
}

static void on_due(void *owner)
{
    struct sw_resolution *resolution = owner;

    if (resolution->until_ms > 0 &&
        sw_loop_now_ms(resolution->work.loop) >= resolution->until_ms) {
        sw_leg_cut(&resolution->leg);
        tell(resolution, SW_FATE_UNKNOWN, NULL);
    } else if (!resolution->is_asking) {
        ask(resolution);
    }
}

/* Asks when the loss has been dealt with. */
struct sw_resolution *sw_resolution_start(const struct sw_resolution_work *work)
{
    struct sw_resolution *resolution = sw_alloc_zero(1, sizeof *resolution);

    resolution->work = *work;
    (void)sw_settings_ref(work->settings);
    if (work->timeout_ms > 0)
        resolution->until_ms = sw_loop_now_ms(work->loop) + (uint64_t)work->timeout_ms;
    sw_leg_init(&resolution->leg, work->loop, &sink, resolution);
    sw_run_init(&resolution->run);
    sw_buf_init(&resolution->answer, ANSWER_LIMIT);
    resolution->timer = sw_timer_create(work->loop, on_due, resolution);
    sw_timer_start(resolution->timer, 0);
    return resolution;
}

void sw_resolution_forget(struct sw_resolution *resolution)
{
    if (resolution == NULL)
        return;
    sw_leg_cut(&resolution->leg);
    sw_timer_close(resolution->timer);
    sw_run_finish(&resolution->run);
    sw_buf_finish(&resolution->answer);
    sw_settings_unref(resolution->work.settings);
    free(resolution);
}
