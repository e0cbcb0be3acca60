#include "shardward/execute/joint.h"

#include "shardward/base/mem.h"
#include "shardward/base/stop.h"
#include "shardward/wire/write.h"

#include <assert.h>

enum { WORDS_LIMIT = 16 * 1024 * 1024 };

/* --- legs between broadcasts --- */

/* A server is lost while others still work, or nobody works. */
static void on_lost(void *owner, const struct sw_error *err, enum sw_loss loss)
{
    struct sw_joint_shard *shard = owner;

    (void)err;
    (void)loss;
    shard->is_lost = true;
}

static const struct sw_leg_sink idle_sink = {.on_lost = on_lost};

/* --- making --- */

struct sw_joint *sw_joint_create(struct sw_loop *loop, const struct sw_shard *const *shards,
                                 struct sw_pool *const *pools, int count,
                                 struct sw_settings *settings, void (*on_done)(void *owner),
                                 void *owner)
{
    struct sw_joint *joint = sw_alloc_zero(1, sizeof *joint);

    assert(count > 0);
    joint->shards = sw_alloc_zero((size_t)count, sizeof *joint->shards);
    joint->parts = sw_alloc_zero((size_t)count, sizeof *joint->parts);
    joint->count = count;
    joint->settings = sw_settings_ref(settings);
    joint->on_done = on_done;
    joint->owner = owner;
    sw_buf_init(&joint->words, WORDS_LIMIT);
    for (int i = 0; i < count; i++) {
        struct sw_joint_shard *shard = &joint->shards[i];

        shard->shard = shards[i];
        shard->pool = pools[i];
        sw_leg_init(&shard->leg, loop, &idle_sink, shard);
    }
    return joint;
}

static void let_go(struct sw_joint *joint)
{
    for (int i = 0; i < joint->count; i++) {
        struct sw_leg *leg = &joint->shards[i].leg;

        if (leg->state == SW_LEG_ATTACHED)
            sw_leg_release(leg);
        else
            sw_leg_cut(leg);
    }
}

void sw_joint_keep(struct sw_joint *joint, struct sw_pocket *pocket)
{
    for (int i = 0; i < joint->count; i++)
        joint->shards[i].leg.pocket = pocket;
}

void sw_joint_destroy(struct sw_joint *joint)
{
    if (joint == NULL)
        return;
    sw_broadcast_forget(&joint->broadcast);
    let_go(joint);
    sw_settings_unref(joint->settings);
    sw_buf_finish(&joint->words);
    free(joint->shards);
    free(joint->parts);
    free(joint);
}

bool sw_joint_is_all(const struct sw_joint *joint, enum sw_outcome outcome)
{
    for (int i = 0; i < joint->count; i++)
        if (joint->shards[i].outcome != outcome)
            return false;
    return true;
}

/* --- words for the client --- */

/* Notices are alike joint; those of one data shard are enough. */
static int speaker(const struct sw_joint *joint)
{
    return joint->count > 1 ? 1 : 0;
}

/* The error stands behind the notices. */
static bool find_error(const struct sw_buf *words, struct sw_frame *frame)
{
    const uint8_t *at = sw_buf_bytes(words);
    size_t len = sw_buf_len(words);

    while (sw_frame_next(at, len, WORDS_LIMIT, frame) == SW_FRAME_WHOLE) {
        if (frame->type == 'E')
            return true;
        at += frame->size;
        len -= frame->size;
    }
    return false;
}

static void say_error(struct sw_joint *joint, const struct sw_broadcast_part *part, int shift)
{
    struct sw_error err = part->err;
    struct sw_frame frame;

    if (joint->has_error)
        return;
    joint->has_error = true;
    if (part->result == SW_PART_FAILED && find_error(&part->words, &frame)) {
        sw_write_shard_error(&joint->words, &frame, part->shard->name, shift);
        return;
    }
    sw_error_detail(&err, "On shard \"%s\".", part->shard->name);
    sw_write_error(&joint->words, "ERROR", &err);
}

static void say_lost(struct sw_joint *joint, const struct sw_joint_shard *shard)
{
    struct sw_error err;

    if (joint->has_error)
        return;
    joint->has_error = true;
    sw_error_set(&err, "08006", "the connection to shard \"%s\" was lost", shard->shard->name);
    sw_write_error(&joint->words, "ERROR", &err);
}

/* --- one broadcast --- */

static void move(struct sw_joint *joint, enum sw_joint_state to)
{
    joint->state = to;
}

static void settle(struct sw_joint *joint, enum sw_joint_state state)
{
    move(joint, state);
    joint->on_done(joint->owner);
}

static void on_answered(void *owner);

/* Tell @sql to the shards [from, to). */
static void tell(struct sw_joint *joint, int from, int to, const char *sql)
{
    for (int i = from; i < to; i++) {
        struct sw_joint_shard *shard = &joint->shards[i];

        joint->parts[i - from] = (struct sw_broadcast_part){
            .leg = &shard->leg,
            .pool = shard->pool,
            .shard = shard->shard,
            .sql = sql,
            .settings = joint->settings,
        };
    }
    sw_broadcast_start(&joint->broadcast, joint->parts, to - from, on_answered, joint);
}

/* A transaction that is lost must not be begun anew by the next statement. */
static const struct sw_joint_shard *first_lost(const struct sw_joint *joint)
{
    for (int i = 0; i < joint->count; i++)
        if (joint->shards[i].is_lost)
            return &joint->shards[i];
    return NULL;
}

/* --- a step in which all must succeed --- */

static void fail(struct sw_joint *joint, int shift)
{
    const struct sw_broadcast_part *failure = sw_broadcast_first_failure(&joint->broadcast);

    for (int i = 0; i < joint->broadcast.count; i++) {
        struct sw_broadcast_part *part = &joint->parts[i];

        if (part->result == SW_PART_LOST || part->result == SW_PART_REFUSED)
            SW_OWNER(part->leg, struct sw_joint_shard, leg)->is_lost = true;
    }
    if (failure != NULL)
        say_error(joint, failure, shift);
    else
        say_lost(joint, first_lost(joint));
    sw_broadcast_forget(&joint->broadcast);
    settle(joint, SW_JOINT_FAILED);
}

static bool has_failed(const struct sw_joint *joint)
{
    return sw_broadcast_first_failure(&joint->broadcast) != NULL || first_lost(joint) != NULL;
}

/* Take the notices of the speaker, if it was among those told and has no error to tell. */
static void take_words(struct sw_joint *joint)
{
    const struct sw_leg *leg = &joint->shards[speaker(joint)].leg;

    for (int i = 0; i < joint->broadcast.count; i++) {
        const struct sw_buf *words = &joint->parts[i].words;

        if (joint->parts[i].leg == leg && joint->parts[i].result == SW_PART_DONE)
            (void)sw_buf_append(&joint->words, sw_buf_bytes(words), sw_buf_len(words));
    }
    sw_broadcast_forget(&joint->broadcast);
}

static void after_run(struct sw_joint *joint)
{
    take_words(joint);
    if (joint->is_at_first && joint->count > 1) {
        joint->is_at_first = false;
        tell(joint, 1, joint->count, joint->sql);
        return;
    }
    settle(joint, SW_JOINT_OPEN);
}

void sw_joint_open(struct sw_joint *joint, const char *const *opening, int opening_count,
                   const char *sql)
{
    assert(joint->state == SW_JOINT_NEW);
    move(joint, SW_JOINT_OPENING);
    for (int i = 0; i < joint->count; i++)
        joint->parts[i] = (struct sw_broadcast_part){
            .leg = &joint->shards[i].leg,
            .pool = joint->shards[i].pool,
            .shard = joint->shards[i].shard,
            .opening = opening,
            .opening_count = opening_count,
            .sql = sql,
            .settings = joint->settings,
        };
    sw_broadcast_start(&joint->broadcast, joint->parts, joint->count, on_answered, joint);
}

/* False: a transaction was lost meanwhile, and the step has failed. */
static bool may_go_on(struct sw_joint *joint)
{
    const struct sw_joint_shard *lost = first_lost(joint);

    assert(joint->state == SW_JOINT_OPEN);
    if (lost == NULL)
        return true;
    say_lost(joint, lost);
    settle(joint, SW_JOINT_FAILED);
    return false;
}

void sw_joint_run(struct sw_joint *joint, const char *sql, int shift)
{
    if (!may_go_on(joint))
        return;
    move(joint, SW_JOINT_RUNNING);
    joint->sql = sql;
    joint->shift = shift;
    joint->is_at_first = true;
    tell(joint, 0, 1, sql);
}

void sw_joint_commit(struct sw_joint *joint, const char *note)
{
    if (!may_go_on(joint))
        return;
    move(joint, SW_JOINT_NOTING);
    tell(joint, 0, joint->count, note);
}

/* --- in turn: the first shard is the last --- */

static struct sw_joint_shard *at_turn(const struct sw_joint *joint)
{
    return &joint->shards[(joint->turn + 1) % joint->count];
}

static bool has_begun_to_commit(const struct sw_joint *joint)
{
    return !sw_joint_is_all(joint, SW_OUTCOME_NONE);
}

/* The first COMMIT decides: when it fails, nothing has happened; later ones go on regardless.
 */
static void commit_next(struct sw_joint *joint)
{
    struct sw_joint_shard *shard;

    while (joint->turn < joint->count && at_turn(joint)->is_lost) {
        if (!has_begun_to_commit(joint)) {
            say_lost(joint, at_turn(joint));
            settle(joint, SW_JOINT_FAILED);
            return;
        }
        at_turn(joint)->outcome = SW_OUTCOME_FAILED;
        joint->turn++;
    }
    if (joint->turn == joint->count) {
        let_go(joint);
        settle(joint, SW_JOINT_ENDED);
        return;
    }
    shard = at_turn(joint);
    sw_stop_at("ddl-commit", joint->turn);
    tell(joint, (int)(shard - joint->shards), (int)(shard - joint->shards) + 1, "COMMIT");
}

static enum sw_outcome outcome_of(const struct sw_broadcast_part *part)
{
    if (part->result == SW_PART_DONE)
        return SW_OUTCOME_DONE;
    return part->result == SW_PART_LOST ? SW_OUTCOME_UNKNOWN : SW_OUTCOME_FAILED;
}

static void after_commit(struct sw_joint *joint)
{
    const struct sw_broadcast_part *part = &joint->parts[0];
    enum sw_outcome outcome = outcome_of(part);

    if (outcome == SW_OUTCOME_FAILED && !has_begun_to_commit(joint)) {
        fail(joint, 0);
        return;
    }
    if (outcome != SW_OUTCOME_DONE)
        say_error(joint, part, 0);
    at_turn(joint)->outcome = outcome;
    at_turn(joint)->is_lost |= outcome == SW_OUTCOME_UNKNOWN;
    take_words(joint);
    joint->turn++;
    commit_next(joint);
}

/* --- rolling back --- */

/* Legs whose transaction is there still; the others have none. */
static int list_open(struct sw_joint *joint)
{
    int count = 0;

    for (int i = 0; i < joint->count; i++) {
        struct sw_joint_shard *shard = &joint->shards[i];

        if (shard->leg.state == SW_LEG_ATTACHED && !shard->is_lost)
            joint->parts[count++] = (struct sw_broadcast_part){
                .leg = &shard->leg, .shard = shard->shard, .sql = "ROLLBACK"};
    }
    return count;
}

static void end(struct sw_joint *joint)
{
    sw_broadcast_forget(&joint->broadcast);
    let_go(joint);
    settle(joint, SW_JOINT_ENDED);
}

void sw_joint_roll_back(struct sw_joint *joint)
{
    int count = list_open(joint);

    assert(joint->state == SW_JOINT_OPEN || joint->state == SW_JOINT_FAILED);
    move(joint, SW_JOINT_ROLLING_BACK);
    if (count == 0)
        end(joint);
    else
        sw_broadcast_start(&joint->broadcast, joint->parts, count, on_answered, joint);
}

/* --- visiting --- */

/* The catalog database has its turn last, as when it commits. */
static void visit_next(struct sw_joint *joint)
{
    int at = (int)(at_turn(joint) - joint->shards);

    tell(joint, at, at + 1, joint->sql);
}

void sw_joint_visit(struct sw_joint *joint, const char *sql)
{
    assert(joint->state == SW_JOINT_NEW);
    move(joint, SW_JOINT_VISITING);
    joint->sql = sql;
    visit_next(joint);
}

static void after_visit(struct sw_joint *joint)
{
    struct sw_joint_shard *shard = at_turn(joint);

    shard->outcome = outcome_of(&joint->parts[0]);
    if (shard->outcome != SW_OUTCOME_DONE)
        say_error(joint, &joint->parts[0], 0);
    take_words(joint);
    joint->turn++;
    if (shard->outcome != SW_OUTCOME_DONE || joint->turn == joint->count)
        end(joint);
    else
        visit_next(joint);
}

/* --- what has been answered --- */

static void on_answered(void *owner)
{
    struct sw_joint *joint = owner;

    switch (joint->state) {
    case SW_JOINT_OPENING:
        if (has_failed(joint)) {
            fail(joint, 0);
            return;
        }
        sw_broadcast_forget(&joint->broadcast);
        settle(joint, SW_JOINT_OPEN);
        return;
    case SW_JOINT_RUNNING:
        if (has_failed(joint))
            fail(joint, joint->shift);
        else
            after_run(joint);
        return;
    case SW_JOINT_NOTING:
        if (has_failed(joint)) {
            fail(joint, 0);
            return;
        }
        sw_broadcast_forget(&joint->broadcast);
        move(joint, SW_JOINT_COMMITTING);
        commit_next(joint);
        return;
    case SW_JOINT_COMMITTING:
        after_commit(joint);
        return;
    case SW_JOINT_ROLLING_BACK:
        end(joint);
        return;
    case SW_JOINT_VISITING:
        after_visit(joint);
        return;
    case SW_JOINT_NEW:
    case SW_JOINT_OPEN:
    case SW_JOINT_FAILED:
    case SW_JOINT_ENDED:
        assert(!"nothing was asked");
    }
}

static bool may_be_cancelled(const struct sw_joint *joint)
{
    return joint->state == SW_JOINT_OPENING || joint->state == SW_JOINT_RUNNING ||
           joint->state == SW_JOINT_NOTING || joint->state == SW_JOINT_VISITING;
}

/* Legs that still wait are refused at once; with the last one the step may be over. */
void sw_joint_cancel(struct sw_joint *joint)
{
    for (int i = 0; i < joint->count && may_be_cancelled(joint); i++)
        sw_leg_cancel(&joint->shards[i].leg);
}

bool sw_joint_abandon(struct sw_joint *joint)
{
    if (joint->state == SW_JOINT_COMMITTING)
        return false;
    sw_broadcast_forget(&joint->broadcast);
    for (int i = 0; i < joint->count; i++)
        sw_leg_cut(&joint->shards[i].leg);
    return true;
}
