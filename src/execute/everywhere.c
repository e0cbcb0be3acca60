#include "shardward/execute/everywhere.h"

#include "shardward/base/mem.h"
#include "shardward/base/stop.h"
#include "shardward/wire/write.h"

#include <assert.h>

enum { WORDS_LIMIT = 16 * 1024 * 1024 };

/* --- legs between broadcasts --- */

/* A server is lost while others still work, or nobody works. */
static void on_lost(void *owner, const struct sw_error *err, enum sw_loss loss)
{
    struct sw_everywhere_shard *shard = owner;

    (void)err;
    (void)loss;
    shard->is_lost = true;
}

static const struct sw_leg_sink idle_sink = {.on_lost = on_lost};

/* --- making --- */

struct sw_everywhere *sw_everywhere_create(struct sw_loop *loop,
                                           const struct sw_shard *const *shards,
                                           struct sw_pool *const *pools, int count,
                                           struct sw_settings *settings,
                                           void (*on_done)(void *owner), void *owner)
{
    struct sw_everywhere *everywhere = sw_alloc_zero(1, sizeof *everywhere);

    assert(count > 0);
    everywhere->shards = sw_alloc_zero((size_t)count, sizeof *everywhere->shards);
    everywhere->parts = sw_alloc_zero((size_t)count, sizeof *everywhere->parts);
    everywhere->count = count;
    everywhere->settings = sw_settings_ref(settings);
    everywhere->on_done = on_done;
    everywhere->owner = owner;
    sw_buf_init(&everywhere->words, WORDS_LIMIT);
    for (int i = 0; i < count; i++) {
        struct sw_everywhere_shard *shard = &everywhere->shards[i];

        shard->shard = shards[i];
        shard->pool = pools[i];
        sw_leg_init(&shard->leg, loop, &idle_sink, shard);
    }
    return everywhere;
}

static void let_go(struct sw_everywhere *everywhere)
{
    for (int i = 0; i < everywhere->count; i++) {
        struct sw_leg *leg = &everywhere->shards[i].leg;

        if (leg->state == SW_LEG_ATTACHED)
            sw_leg_release(leg);
        else
            sw_leg_cut(leg);
    }
}

void sw_everywhere_destroy(struct sw_everywhere *everywhere)
{
    if (everywhere == NULL)
        return;
    sw_broadcast_forget(&everywhere->broadcast);
    let_go(everywhere);
    sw_settings_unref(everywhere->settings);
    sw_buf_finish(&everywhere->words);
    free(everywhere->shards);
    free(everywhere->parts);
    free(everywhere);
}

bool sw_everywhere_is_all(const struct sw_everywhere *everywhere, enum sw_outcome outcome)
{
    for (int i = 0; i < everywhere->count; i++)
        if (everywhere->shards[i].outcome != outcome)
            return false;
    return true;
}

/* --- words for the client --- */

/* Notices are alike everywhere; those of one data shard are enough. */
static int speaker(const struct sw_everywhere *everywhere)
{
    return everywhere->count > 1 ? 1 : 0;
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

static void say_error(struct sw_everywhere *everywhere, const struct sw_broadcast_part *part,
                      int shift)
{
    struct sw_error err = part->err;
    struct sw_frame frame;

    if (everywhere->has_error)
        return;
    everywhere->has_error = true;
    if (part->result == SW_PART_FAILED && find_error(&part->words, &frame)) {
        sw_write_shard_error(&everywhere->words, &frame, part->shard->name, shift);
        return;
    }
    sw_error_detail(&err, "On shard \"%s\".", part->shard->name);
    sw_write_error(&everywhere->words, "ERROR", &err);
}

static void say_lost(struct sw_everywhere *everywhere, const struct sw_everywhere_shard *shard)
{
    struct sw_error err;

    if (everywhere->has_error)
        return;
    everywhere->has_error = true;
    sw_error_set(&err, "08006", "the connection to shard \"%s\" was lost", shard->shard->name);
    sw_write_error(&everywhere->words, "ERROR", &err);
}

/* --- one broadcast --- */

static void move(struct sw_everywhere *everywhere, enum sw_everywhere_state to)
{
    everywhere->state = to;
}

static void settle(struct sw_everywhere *everywhere, enum sw_everywhere_state state)
{
    move(everywhere, state);
    everywhere->on_done(everywhere->owner);
}

static void on_answered(void *owner);

/* Tell @sql to the shards [from, to). */
static void tell(struct sw_everywhere *everywhere, int from, int to, const char *sql)
{
    for (int i = from; i < to; i++) {
        struct sw_everywhere_shard *shard = &everywhere->shards[i];

        everywhere->parts[i - from] = (struct sw_broadcast_part){
            .leg = &shard->leg,
            .pool = shard->pool,
            .shard = shard->shard,
            .sql = sql,
            .settings = everywhere->settings,
        };
    }
    sw_broadcast_start(&everywhere->broadcast, everywhere->parts, to - from, on_answered,
                       everywhere);
}

/* A transaction that is lost must not be begun anew by the next statement. */
static const struct sw_everywhere_shard *first_lost(const struct sw_everywhere *everywhere)
{
    for (int i = 0; i < everywhere->count; i++)
        if (everywhere->shards[i].is_lost)
            return &everywhere->shards[i];
    return NULL;
}

/* --- a step in which all must succeed --- */

static void fail(struct sw_everywhere *everywhere, int shift)
{
    const struct sw_broadcast_part *failure =
        sw_broadcast_first_failure(&everywhere->broadcast);

    for (int i = 0; i < everywhere->broadcast.count; i++) {
        struct sw_broadcast_part *part = &everywhere->parts[i];

        if (part->result == SW_PART_LOST || part->result == SW_PART_REFUSED)
            SW_OWNER(part->leg, struct sw_everywhere_shard, leg)->is_lost = true;
    }
    if (failure != NULL)
        say_error(everywhere, failure, shift);
    else
        say_lost(everywhere, first_lost(everywhere));
    sw_broadcast_forget(&everywhere->broadcast);
    settle(everywhere, SW_EVERYWHERE_FAILED);
}

static bool has_failed(const struct sw_everywhere *everywhere)
{
    return sw_broadcast_first_failure(&everywhere->broadcast) != NULL ||
           first_lost(everywhere) != NULL;
}

/* Take the notices of the speaker, if it was among those told and has no error to tell. */
static void take_words(struct sw_everywhere *everywhere)
{
    const struct sw_leg *leg = &everywhere->shards[speaker(everywhere)].leg;

    for (int i = 0; i < everywhere->broadcast.count; i++) {
        const struct sw_buf *words = &everywhere->parts[i].words;

        if (everywhere->parts[i].leg == leg && everywhere->parts[i].result == SW_PART_DONE)
            (void)sw_buf_append(&everywhere->words, sw_buf_bytes(words), sw_buf_len(words));
    }
    sw_broadcast_forget(&everywhere->broadcast);
}

static void after_run(struct sw_everywhere *everywhere)
{
    take_words(everywhere);
    if (everywhere->is_at_first && everywhere->count > 1) {
        everywhere->is_at_first = false;
        tell(everywhere, 1, everywhere->count, everywhere->sql);
        return;
    }
    settle(everywhere, SW_EVERYWHERE_OPEN);
}

void sw_everywhere_open(struct sw_everywhere *everywhere, const char *const *opening,
                        int opening_count, const char *sql)
{
    assert(everywhere->state == SW_EVERYWHERE_NEW);
    move(everywhere, SW_EVERYWHERE_OPENING);
    for (int i = 0; i < everywhere->count; i++)
        everywhere->parts[i] = (struct sw_broadcast_part){
            .leg = &everywhere->shards[i].leg,
            .pool = everywhere->shards[i].pool,
            .shard = everywhere->shards[i].shard,
            .opening = opening,
            .opening_count = opening_count,
            .sql = sql,
            .settings = everywhere->settings,
        };
    sw_broadcast_start(&everywhere->broadcast, everywhere->parts, everywhere->count,
                       on_answered, everywhere);
}

/* False: a transaction was lost meanwhile, and the step has failed. */
static bool may_go_on(struct sw_everywhere *everywhere)
{
    const struct sw_everywhere_shard *lost = first_lost(everywhere);

    assert(everywhere->state == SW_EVERYWHERE_OPEN);
    if (lost == NULL)
        return true;
    say_lost(everywhere, lost);
    settle(everywhere, SW_EVERYWHERE_FAILED);
    return false;
}

void sw_everywhere_run(struct sw_everywhere *everywhere, const char *sql, int shift)
{
    if (!may_go_on(everywhere))
        return;
    move(everywhere, SW_EVERYWHERE_RUNNING);
    everywhere->sql = sql;
    everywhere->shift = shift;
    everywhere->is_at_first = true;
    tell(everywhere, 0, 1, sql);
}

void sw_everywhere_commit(struct sw_everywhere *everywhere, const char *note)
{
    if (!may_go_on(everywhere))
        return;
    move(everywhere, SW_EVERYWHERE_NOTING);
    tell(everywhere, 0, everywhere->count, note);
}

/* --- in turn: the first shard is the last --- */

static struct sw_everywhere_shard *at_turn(const struct sw_everywhere *everywhere)
{
    return &everywhere->shards[(everywhere->turn + 1) % everywhere->count];
}

static bool has_begun_to_commit(const struct sw_everywhere *everywhere)
{
    return !sw_everywhere_is_all(everywhere, SW_OUTCOME_NONE);
}

/* The first COMMIT decides: when it fails, nothing has happened; later ones go on regardless.
 */
static void commit_next(struct sw_everywhere *everywhere)
{
    struct sw_everywhere_shard *shard;

    while (everywhere->turn < everywhere->count && at_turn(everywhere)->is_lost) {
        if (!has_begun_to_commit(everywhere)) {
            say_lost(everywhere, at_turn(everywhere));
            settle(everywhere, SW_EVERYWHERE_FAILED);
            return;
        }
        at_turn(everywhere)->outcome = SW_OUTCOME_FAILED;
        everywhere->turn++;
    }
    if (everywhere->turn == everywhere->count) {
        let_go(everywhere);
        settle(everywhere, SW_EVERYWHERE_ENDED);
        return;
    }
    shard = at_turn(everywhere);
    sw_stop_at("ddl-commit", everywhere->turn);
    tell(everywhere, (int)(shard - everywhere->shards), (int)(shard - everywhere->shards) + 1,
         "COMMIT");
}

static enum sw_outcome outcome_of(const struct sw_broadcast_part *part)
{
    if (part->result == SW_PART_DONE)
        return SW_OUTCOME_DONE;
    return part->result == SW_PART_LOST ? SW_OUTCOME_UNKNOWN : SW_OUTCOME_FAILED;
}

static void after_commit(struct sw_everywhere *everywhere)
{
    const struct sw_broadcast_part *part = &everywhere->parts[0];
    enum sw_outcome outcome = outcome_of(part);

    if (outcome == SW_OUTCOME_FAILED && !has_begun_to_commit(everywhere)) {
        fail(everywhere, 0);
        return;
    }
    if (outcome != SW_OUTCOME_DONE)
        say_error(everywhere, part, 0);
    at_turn(everywhere)->outcome = outcome;
    at_turn(everywhere)->is_lost |= outcome == SW_OUTCOME_UNKNOWN;
    take_words(everywhere);
    everywhere->turn++;
    commit_next(everywhere);
}

/* --- rolling back --- */

/* Legs whose transaction is there still; the others have none. */
static int list_open(struct sw_everywhere *everywhere)
{
    int count = 0;

    for (int i = 0; i < everywhere->count; i++) {
        struct sw_everywhere_shard *shard = &everywhere->shards[i];

        if (shard->leg.state == SW_LEG_ATTACHED && !shard->is_lost)
            everywhere->parts[count++] = (struct sw_broadcast_part){
                .leg = &shard->leg, .shard = shard->shard, .sql = "ROLLBACK"};
    }
    return count;
}

static void end(struct sw_everywhere *everywhere)
{
    sw_broadcast_forget(&everywhere->broadcast);
    let_go(everywhere);
    settle(everywhere, SW_EVERYWHERE_ENDED);
}

void sw_everywhere_roll_back(struct sw_everywhere *everywhere)
{
    int count = list_open(everywhere);

    assert(everywhere->state == SW_EVERYWHERE_OPEN ||
           everywhere->state == SW_EVERYWHERE_FAILED);
    move(everywhere, SW_EVERYWHERE_ROLLING_BACK);
    if (count == 0)
        end(everywhere);
    else
        sw_broadcast_start(&everywhere->broadcast, everywhere->parts, count, on_answered,
                           everywhere);
}

/* --- visiting --- */

/* The catalog database has its turn last, as when it commits. */
static void visit_next(struct sw_everywhere *everywhere)
{
    int at = (int)(at_turn(everywhere) - everywhere->shards);

    tell(everywhere, at, at + 1, everywhere->sql);
}

void sw_everywhere_visit(struct sw_everywhere *everywhere, const char *sql)
{
    assert(everywhere->state == SW_EVERYWHERE_NEW);
    move(everywhere, SW_EVERYWHERE_VISITING);
    everywhere->sql = sql;
    visit_next(everywhere);
}

static void after_visit(struct sw_everywhere *everywhere)
{
    struct sw_everywhere_shard *shard = at_turn(everywhere);

    shard->outcome = outcome_of(&everywhere->parts[0]);
    if (shard->outcome != SW_OUTCOME_DONE)
        say_error(everywhere, &everywhere->parts[0], 0);
    take_words(everywhere);
    everywhere->turn++;
    if (shard->outcome != SW_OUTCOME_DONE || everywhere->turn == everywhere->count)
        end(everywhere);
    else
        visit_next(everywhere);
}

/* --- what has been answered --- */

static void on_answered(void *owner)
{
    struct sw_everywhere *everywhere = owner;

    switch (everywhere->state) {
    case SW_EVERYWHERE_OPENING:
        if (has_failed(everywhere)) {
            fail(everywhere, 0);
            return;
        }
        sw_broadcast_forget(&everywhere->broadcast);
        settle(everywhere, SW_EVERYWHERE_OPEN);
        return;
    case SW_EVERYWHERE_RUNNING:
        if (has_failed(everywhere))
            fail(everywhere, everywhere->shift);
        else
            after_run(everywhere);
        return;
    case SW_EVERYWHERE_NOTING:
        if (has_failed(everywhere)) {
            fail(everywhere, 0);
            return;
        }
        sw_broadcast_forget(&everywhere->broadcast);
        move(everywhere, SW_EVERYWHERE_COMMITTING);
        commit_next(everywhere);
        return;
    case SW_EVERYWHERE_COMMITTING:
        after_commit(everywhere);
        return;
    case SW_EVERYWHERE_ROLLING_BACK:
        end(everywhere);
        return;
    case SW_EVERYWHERE_VISITING:
        after_visit(everywhere);
        return;
    case SW_EVERYWHERE_NEW:
    case SW_EVERYWHERE_OPEN:
    case SW_EVERYWHERE_FAILED:
    case SW_EVERYWHERE_ENDED:
        assert(!"nothing was asked");
    }
}

bool sw_everywhere_abandon(struct sw_everywhere *everywhere)
{
    if (everywhere->state == SW_EVERYWHERE_COMMITTING)
        return false;
    sw_broadcast_forget(&everywhere->broadcast);
    for (int i = 0; i < everywhere->count; i++)
        sw_leg_cut(&everywhere->shards[i].leg);
    return true;
}
