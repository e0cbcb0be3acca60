#include "shardward/execute/broadcast.h"

#include "shardward/wire/response.h"
#include "shardward/wire/write.h"

enum { WORDS_LIMIT = 16 * 1024 * 1024 };

/* More notices than anybody reads: all of them are left out, since the last one is torn. */
static void leave_notices_out(struct sw_broadcast_part *part)
{
    sw_buf_finish(&part->words);
    sw_buf_init(&part->words, WORDS_LIMIT);
    if (part->result == SW_PART_FAILED)
        sw_write_error(&part->words, "ERROR", &part->err);
}

static void be_answered(struct sw_broadcast_part *part)
{
    struct sw_broadcast *broadcast = part->broadcast;

    if (part->words.is_over)
        leave_notices_out(part);
    sw_leg_tell(part->leg, part->sink_before, part->owner_before);
    if (--broadcast->pending == 0)
        broadcast->on_done(broadcast->owner);
}

/* All else is absorbed: these are notices. */
static void on_forward(void *owner, const uint8_t *bytes, size_t len)
{
    struct sw_broadcast_part *part = owner;

    (void)sw_buf_append(&part->words, bytes, len);
}

static void on_error(void *owner, int index, const struct sw_frame *frame)
{
    struct sw_broadcast_part *part = owner;

    (void)index;
    part->result = SW_PART_FAILED;
    sw_wire_read_error(frame, &part->err, NULL);
    (void)sw_buf_append(&part->words, frame->body - (frame->size - frame->body_len),
                        frame->size);
}

static void on_done(void *owner, char status)
{
    struct sw_broadcast_part *part = owner;

    part->status = status;
    be_answered(part);
}

static void on_refused(void *owner, const struct sw_error *err)
{
    struct sw_broadcast_part *part = owner;

    part->result = SW_PART_REFUSED;
    part->err = *err;
    be_answered(part);
}

static void on_lost(void *owner, const struct sw_error *err, enum sw_loss loss)
{
    struct sw_broadcast_part *part = owner;

    (void)loss;
    part->result = SW_PART_LOST;
    part->err = *err;
    be_answered(part);
}

static const struct sw_leg_sink sink = {
    .on_forward = on_forward,
    .on_error = on_error,
    .on_done = on_done,
    .on_refused = on_refused,
    .on_lost = on_lost,
};

static void prepare(struct sw_broadcast *broadcast, struct sw_broadcast_part *part)
{
    part->broadcast = broadcast;
    part->result = SW_PART_DONE;
    part->status = 'I';
    part->err = (struct sw_error){0};
    sw_buf_init(&part->words, WORDS_LIMIT);
    sw_run_init(&part->run);
    (void)sw_run_add(&part->run, SW_REQUEST_INJECT, NULL, part->sql, NULL, 0);
    (void)sw_run_add(&part->run, SW_REQUEST_SYNC, NULL, NULL, NULL, 0);
    part->sink_before = part->leg->sink;
    part->owner_before = part->leg->owner;
    sw_leg_tell(part->leg, &sink, part);
}

void sw_broadcast_start(struct sw_broadcast *broadcast, struct sw_broadcast_part *parts,
                        int count, void (*on_all_done)(void *owner), void *owner)
{
    *broadcast = (struct sw_broadcast){
        .parts = parts,
        .count = count,
        .pending = count + 1, /* not done before all have been started */
        .on_done = on_all_done,
        .owner = owner,
    };
    for (int i = 0; i < count; i++)
        prepare(broadcast, &parts[i]);
    for (int i = 0; i < count; i++) {
        const struct sw_leg_work work = {
            .run = &parts[i].run,
            .opening = parts[i].opening,
            .opening_count = parts[i].opening_count,
            .settings = parts[i].settings,
            .mark = parts[i].mark,
        };

        sw_leg_start(parts[i].leg, parts[i].pool, parts[i].shard, &work);
    }
    if (--broadcast->pending == 0)
        on_all_done(owner);
}

void sw_broadcast_forget(struct sw_broadcast *broadcast)
{
    for (int i = 0; i < broadcast->count; i++) {
        struct sw_broadcast_part *part = &broadcast->parts[i];

        if (part->leg->owner == part)
            sw_leg_tell(part->leg, part->sink_before, part->owner_before);
        sw_run_finish(&part->run);
        sw_buf_finish(&part->words);
    }
    *broadcast = (struct sw_broadcast){0};
}

const struct sw_broadcast_part *sw_broadcast_first_failure(const struct sw_broadcast *broadcast)
{
    const struct sw_broadcast_part *first = NULL;

    for (int i = 0; i < broadcast->count; i++) {
        const struct sw_broadcast_part *part = &broadcast->parts[i];

        if (part->result != SW_PART_DONE &&
            (first == NULL || part->shard->id < first->shard->id))
            first = part;
    }
    return first;
}
