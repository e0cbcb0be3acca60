#include "shardward/execute/scatter.h"

#include "stuck.h"

#include "shardward/base/mem.h"
#include "shardward/wire/response.h"

#include <assert.h>

enum {
    SAID_LIMIT = 16 * 1024 * 1024,
    GRACE_MS = 20, /* for parts to end whose rows are not needed */
    AGAIN_MS = 5,  /* until parts are looked at again that could not be cancelled yet */
};

static void go_on(struct sw_scatter *scatter);

/* Are rows passed on as they come? */
static bool is_stream(const struct sw_scatter *scatter)
{
    return scatter->merger != NULL || scatter->copies != NULL;
}

static int index_of(const struct sw_scatter_part *part)
{
    return (int)(part - part->scatter->parts);
}

/* --- the beginning of the end --- */

static void unhold(struct sw_scatter_part *part)
{
    if (part->is_held)
        sw_leg_unhold(part->leg);
    part->is_held = false;
}

/* Would a cancel strike the run, and not its opening? A leg that waits is refused at once. */
static bool may_be_struck(const struct sw_scatter_part *part)
{
    const struct sw_leg *leg = part->leg;

    return part->scatter->may_cancel || leg->state == SW_LEG_LEASING ||
           (leg->state == SW_LEG_RUNNING && leg->opening_done >= part->work.opening_count);
}

static void on_grace_over(void *owner);

static void start_grace(struct sw_scatter *scatter, int ms)
{
    if (scatter->grace == NULL)
        scatter->grace = sw_timer_create(scatter->loop, on_grace_over, scatter);
    sw_timer_start(scatter->grace, (uint64_t)ms);
}

static void cancel_part(struct sw_scatter_part *part)
{
    part->is_to_be_cancelled = !may_be_struck(part);
    if (part->is_to_be_cancelled)
        start_grace(part->scatter, AGAIN_MS);
    else
        sw_leg_cancel(part->leg);
}

static void cancel_parts(struct sw_scatter *scatter)
{
    bool was_working = scatter->is_working;

    scatter->is_working = true;
    for (int i = 0; i < scatter->started; i++)
        if (!scatter->parts[i].has_ended)
            cancel_part(&scatter->parts[i]);
    scatter->is_working = was_working;
}

static void begin_to_end(struct sw_scatter *scatter)
{
    scatter->state = SW_SCATTER_ENDING;
    for (int i = 0; i < scatter->started; i++)
        if (!scatter->parts[i].has_ended)
            unhold(&scatter->parts[i]);
}

/* Within a transaction a failure counts, though all rows may have been taken. */
static bool may_fail(const struct sw_scatter *scatter)
{
    return scatter->state == SW_SCATTER_RUNNING ||
           (scatter->state == SW_SCATTER_ENDING && !scatter->has_failed &&
            !scatter->may_cancel);
}

/* The first one to fail is the one that counts. @frame may be NULL. */
static void fail(struct sw_scatter *scatter, const struct sw_error *err,
                 const struct sw_frame *frame, int request)
{
    if (!may_fail(scatter))
        return;
    scatter->has_failed = true;
    scatter->failure.err = *err;
    scatter->failure.request = request;
    if (frame != NULL)
        (void)sw_buf_append(&scatter->failure.frame,
                            frame->body - (frame->size - frame->body_len), frame->size);
    begin_to_end(scatter);
    cancel_parts(scatter);
}

static void fail_part(const struct sw_scatter_part *part, const struct sw_error *err,
                      const struct sw_frame *frame, int request)
{
    bool had_failed = part->scatter->has_failed;

    fail(part->scatter, err, frame, request);
    if (!had_failed && part->scatter->has_failed)
        part->scatter->failure.part = index_of(part);
}

static void on_grace_over(void *owner)
{
    struct sw_scatter *scatter = owner;

    scatter->is_working = true;
    for (int i = 0; i < scatter->started; i++)
        if (!scatter->parts[i].has_ended &&
            (scatter->may_cancel || scatter->parts[i].is_to_be_cancelled))
            cancel_part(&scatter->parts[i]);
    scatter->is_working = false;
    go_on(scatter);
}

/* Who waits for a backend yet, need not; is_working is set. */
static void spare_parts(struct sw_scatter *scatter)
{
    for (int i = 0; i < scatter->started; i++) {
        struct sw_scatter_part *part = &scatter->parts[i];

        if (part->has_ended || part->leg->state != SW_LEG_LEASING)
            continue;
        part->is_spared = true;
        sw_leg_cancel(part->leg);
    }
}

/* All rows that are needed have been taken. */
static void be_satisfied(struct sw_scatter *scatter)
{
    begin_to_end(scatter);
    spare_parts(scatter);
    if (scatter->busy == 0 || !scatter->may_cancel)
        return;
    start_grace(scatter, GRACE_MS);
}

/* --- what the legs tell --- */

static bool feed(struct sw_scatter *scatter, const struct sw_scatter_part *part,
                 const uint8_t *bytes, size_t len, struct sw_error *err)
{
    int index = index_of(part);

    if (scatter->filled != NULL)
        return sw_merger_feed(scatter->filled, part->source, bytes, len, err);
    if (scatter->merger != NULL)
        return sw_merger_feed(scatter->merger, index, bytes, len, err);
    if (scatter->copies != NULL)
        return sw_copies_feed(scatter->copies, index, bytes, len, err);
    if (scatter->spill != NULL)
        return sw_spill_feed(scatter->spill, index, bytes, len, err);
    return sw_buf_append(&scatter->said, bytes, len) ||
           sw_error_set(err, "54000", "a server's answer is too long");
}

/* What its rows are comes first, in one piece. Returns how long that is. */
static size_t take_columns(struct sw_scatter_part *part, const uint8_t *bytes, size_t len)
{
    struct sw_scatter *scatter = part->scatter;
    struct sw_frame frame;
    struct sw_error err;

    if (sw_frame_next(bytes, len, len, &frame) != SW_FRAME_WHOLE || frame.type != 'T') {
        sw_error_set(&err, "08P01", "a server gives rows without a description");
        fail(scatter, &err, NULL, -1);
        return len;
    }
    part->has_columns = true;
    if (!scatter->events->on_columns(scatter->owner, index_of(part), &frame)) {
        bool was_working = scatter->is_working;

        scatter->is_outdated = scatter->is_working = true;
        be_satisfied(scatter);
        scatter->is_working = was_working;
    }
    return frame.size;
}

static void take_answer(struct sw_scatter_part *part, const uint8_t *bytes, size_t len)
{
    struct sw_scatter *scatter = part->scatter;
    struct sw_error err;

    part->has_said_something = true;
    if (!feed(scatter, part, bytes, len, &err))
        fail(scatter, &err, NULL, -1);
}

static void on_forward(void *owner, const uint8_t *bytes, size_t len)
{
    struct sw_scatter_part *part = owner;
    struct sw_scatter *scatter = part->scatter;
    size_t taken = 0;

    if (scatter->state == SW_SCATTER_RUNNING && scatter->is_described && !part->has_columns)
        taken = take_columns(part, bytes, len);
    if (scatter->state == SW_SCATTER_RUNNING && taken < len)
        take_answer(part, bytes + taken, len - taken);
}

static void on_notice(void *owner, const uint8_t *bytes, size_t len)
{
    struct sw_scatter_part *part = owner;

    if (part->scatter->state == SW_SCATTER_RUNNING)
        part->scatter->events->on_notice(part->scatter->owner, bytes, len);
}

static void on_error(void *owner, int index, const struct sw_frame *frame)
{
    struct sw_scatter_part *part = owner;
    struct sw_error err;

    part->result = SW_PART_FAILED;
    sw_wire_read_error(frame, &err, NULL);
    fail_part(part, &err, frame, index);
}

static void on_lent(void *owner)
{
    struct sw_scatter_part *part = owner;

    part->scatter->events->on_lent(part->scatter->owner, index_of(part));
    go_on(part->scatter);
}

static void on_pause(void *owner)
{
    struct sw_scatter_part *part = owner;

    go_on(part->scatter);
}

static void end_part(struct sw_scatter_part *part)
{
    struct sw_scatter *scatter = part->scatter;

    part->has_ended = true;
    part->is_held = false;
    scatter->busy--;
    sw_leg_tell(part->leg, part->sink_before, part->owner_before);
    scatter->events->on_part(scatter->owner, index_of(part));
}

static bool end_source(const struct sw_scatter_part *part, struct sw_error *err)
{
    const struct sw_scatter *scatter = part->scatter;

    if (scatter->filled != NULL)
        return sw_merger_fed(scatter->filled, part->source) - part->fed_before >=
                   scatter->batch ||
               sw_merger_end(scatter->filled, part->source, err);
    if (scatter->merger != NULL)
        return sw_merger_end(scatter->merger, index_of(part), err);
    if (scatter->copies != NULL)
        return sw_copies_end(scatter->copies, index_of(part), err);
    return scatter->spill == NULL || sw_spill_end(scatter->spill, index_of(part), err);
}

/* It has run nothing. */
static void fail_behind(struct sw_scatter_part *part)
{
    struct sw_error err;

    part->result = SW_PART_FAILED;
    sw_error_set(&err, "57P03", "a replica of shard \"%s\" lags behind", part->shard->name);
    fail_part(part, &err, NULL, -1);
}

static void on_done(void *owner, char status)
{
    struct sw_scatter_part *part = owner;
    struct sw_scatter *scatter = part->scatter;
    struct sw_error err;

    part->status = status;
    if (part->leg->is_behind)
        fail_behind(part);
    else if (scatter->state == SW_SCATTER_RUNNING && !end_source(part, &err))
        fail(scatter, &err, NULL, -1);
    end_part(part);
    go_on(scatter);
}

static void on_refused(void *owner, const struct sw_error *err)
{
    struct sw_scatter_part *part = owner;
    struct sw_scatter *scatter = part->scatter;

    part->result = SW_PART_REFUSED;
    part->loss = *err;
    if (!part->is_spared)
        fail_part(part, &part->loss, NULL, -1);
    end_part(part);
    go_on(scatter);
}

static void start(struct sw_scatter_part *part)
{
    part->work.run = &part->scatter->run;
    part->has_columns = false;
    sw_leg_start(part->leg, part->pool, part->shard, &part->work);
}

/* Nothing has come of it, and the statement only reads. */
static bool may_start_again(const struct sw_scatter_part *part, enum sw_loss loss)
{
    return (loss == SW_LOSS_RESET || loss == SW_LOSS_LEFT) &&
           part->scatter->state == SW_SCATTER_RUNNING && !part->has_said_something &&
           part->result == SW_PART_DONE && part->tries < part->scatter->tries_most;
}

static void on_lost(void *owner, const struct sw_error *err, enum sw_loss loss)
{
    struct sw_scatter_part *part = owner;
    struct sw_scatter *scatter = part->scatter;

    part->is_held = false;
    if (may_start_again(part, loss)) {
        part->tries++;
        start(part);
        return;
    }
    part->result = SW_PART_LOST;
    part->loss = *err;
    fail_part(part, &part->loss, NULL, -1);
    end_part(part);
    go_on(scatter);
}

static const struct sw_leg_sink sink = {
    .on_forward = on_forward,
    .on_notice = on_notice,
    .on_error = on_error,
    .on_lent = on_lent,
    .on_pause = on_pause,
    .on_done = on_done,
    .on_refused = on_refused,
    .on_lost = on_lost,
};

/* --- going on --- */

/* The next one has its turn when the one before has its backend. */
static void start_parts(struct sw_scatter *scatter)
{
    struct sw_error err;

    while (scatter->state == SW_SCATTER_RUNNING && scatter->started < scatter->count) {
        struct sw_scatter_part *part = &scatter->parts[scatter->started];

        if (scatter->started > 0 && part[-1].leg->state == SW_LEG_LEASING &&
            !part[-1].has_ended)
            return;
        if (!scatter->events->on_turn(scatter->owner, scatter->started, &err)) {
            fail(scatter, &err, NULL, -1);
            return;
        }
        scatter->started++;
        scatter->busy++;
        part->is_started = true;
        part->sink_before = part->leg->sink;
        part->owner_before = part->leg->owner;
        sw_leg_tell(part->leg, &sink, part);
        start(part);
    }
}

static bool is_wanted(const struct sw_scatter *scatter, int index)
{
    if (scatter->state != SW_SCATTER_RUNNING)
        return true;
    if (scatter->spill != NULL)
        return sw_spill_wants(scatter->spill);
    if (!is_stream(scatter))
        return true;
    return !scatter->is_unwanted &&
           (scatter->merger != NULL ? sw_merger_wants(scatter->merger, index)
                                    : sw_copies_wants(scatter->copies, index));
}

static void hold_parts(struct sw_scatter *scatter)
{
    for (int i = 0; i < scatter->started; i++) {
        struct sw_scatter_part *part = &scatter->parts[i];

        if (part->has_ended || part->leg->state != SW_LEG_RUNNING)
            continue;
        if (is_wanted(scatter, i)) {
            unhold(part);
        } else if (!part->is_held) {
            sw_leg_hold(part->leg);
            part->is_held = true;
        }
    }
}

static bool has_all(const struct sw_scatter *scatter)
{
    return scatter->started == scatter->count && scatter->busy == 0 &&
           (scatter->spill == NULL || !sw_spill_is_busy(scatter->spill));
}

static bool is_known_not_behind(const struct sw_scatter_part *part)
{
    const struct sw_leg *leg = part->leg;

    return part->has_ended ||
           (leg->state == SW_LEG_RUNNING && !leg->awaits_guard && !leg->is_behind);
}

static bool may_give_rows(const struct sw_scatter *scatter)
{
    if (!scatter->waits_for_all)
        return true;
    if (scatter->started < scatter->count)
        return false;
    for (int i = 0; i < scatter->count; i++)
        if (!is_known_not_behind(&scatter->parts[i]))
            return false;
    return true;
}

static bool is_over(const struct sw_scatter *scatter)
{
    return scatter->merger != NULL ? sw_merger_is_over(scatter->merger)
                                   : sw_copies_is_over(scatter->copies);
}

static void take_rows(struct sw_scatter *scatter)
{
    if (!scatter->is_unwanted)
        scatter->events->on_rows(scatter->owner);
    if (scatter->state == SW_SCATTER_RUNNING && is_over(scatter))
        be_satisfied(scatter);
}

static void go_on(struct sw_scatter *scatter)
{
    struct sw_error err;

    if (scatter->is_working || scatter->state == SW_SCATTER_ENDED)
        return;
    scatter->is_working = true;
    start_parts(scatter);
    if (scatter->state == SW_SCATTER_RUNNING && is_stream(scatter) && may_give_rows(scatter))
        take_rows(scatter);
    if (scatter->state == SW_SCATTER_RUNNING && !is_stream(scatter) && has_all(scatter))
        scatter->state = SW_SCATTER_ENDING;
    hold_parts(scatter);
    if (sw_scatter_is_stuck(scatter, &err))
        fail(scatter, &err, NULL, -1);
    scatter->is_working = false;
    if (scatter->state == SW_SCATTER_ENDING && scatter->busy == 0) {
        scatter->state = SW_SCATTER_ENDED;
        scatter->events->on_done(scatter->owner);
    }
}

/* --- for the owner --- */

struct sw_scatter *sw_scatter_create(struct sw_loop *loop, int count,
                                     const struct sw_scatter_events *events, void *owner)
{
    struct sw_scatter *scatter = sw_alloc_zero(1, sizeof *scatter);

    assert(count > 0);
    scatter->loop = loop;
    scatter->parts = sw_alloc_zero((size_t)count, sizeof *scatter->parts);
    scatter->count = count;
    scatter->events = events;
    scatter->owner = owner;
    scatter->failure.part = -1;
    for (int i = 0; i < count; i++) {
        scatter->parts[i].scatter = scatter;
        scatter->parts[i].status = 'I';
        scatter->parts[i].source = i;
    }
    sw_run_init(&scatter->run);
    sw_buf_init(&scatter->said, SAID_LIMIT);
    sw_buf_init(&scatter->failure.frame, SAID_LIMIT);
    return scatter;
}

void sw_scatter_destroy(struct sw_scatter *scatter)
{
    if (scatter == NULL)
        return;
    for (int i = 0; i < scatter->started; i++) {
        struct sw_scatter_part *part = &scatter->parts[i];

        if (part->has_ended)
            continue;
        unhold(part);
        sw_leg_tell(part->leg, part->sink_before, part->owner_before);
    }
    sw_timer_close(scatter->grace);
    sw_merger_destroy(scatter->merger);
    sw_copies_destroy(scatter->copies);
    sw_spill_destroy(scatter->spill);
    sw_run_finish(&scatter->run);
    sw_buf_finish(&scatter->said);
    sw_buf_finish(&scatter->failure.frame);
    free(scatter->parts);
    free(scatter);
}

void sw_scatter_merge(struct sw_scatter *scatter, struct sw_merger *merger)
{
    scatter->merger = merger;
}

void sw_scatter_copy(struct sw_scatter *scatter, struct sw_copies *copies)
{
    scatter->copies = copies;
}

/* A chunk was written: there is room again. */
static void on_spilled(void *owner, const struct sw_error *err)
{
    struct sw_scatter *scatter = owner;

    if (err != NULL)
        fail(scatter, err, NULL, -1);
    go_on(scatter);
}

void sw_scatter_gather(struct sw_scatter *scatter, const struct sw_columns_layout *layout,
                       const struct sw_spill_limits *limits)
{
    scatter->spill =
        sw_spill_create(scatter->loop, layout, scatter->count, limits, on_spilled, scatter);
}

void sw_scatter_fill(struct sw_scatter *scatter, struct sw_merger *merger, uint32_t batch)
{
    scatter->filled = merger;
    scatter->batch = batch;
    for (int i = 0; i < scatter->count; i++)
        scatter->parts[i].fed_before = sw_merger_fed(merger, scatter->parts[i].source);
}

void sw_scatter_start(struct sw_scatter *scatter)
{
    assert(scatter->state == SW_SCATTER_NEW);
    scatter->state = SW_SCATTER_RUNNING;
    go_on(scatter);
}

bool sw_scatter_pull(struct sw_scatter *scatter, struct sw_buf *out, size_t most)
{
    if (scatter->state != SW_SCATTER_RUNNING)
        return false;
    return scatter->merger != NULL ? sw_merger_pull(scatter->merger, out, most) > 0
                                   : sw_copies_pull(scatter->copies, out, most) > 0;
}

void sw_scatter_hold(struct sw_scatter *scatter)
{
    scatter->is_unwanted = true;
}

void sw_scatter_unhold(struct sw_scatter *scatter)
{
    scatter->is_unwanted = false;
    go_on(scatter);
}

void sw_scatter_cancel(struct sw_scatter *scatter, const struct sw_error *why)
{
    fail(scatter, why, NULL, -1);
    cancel_parts(scatter);
    go_on(scatter);
}
