#include "shardward/execute/joint.h"

#include "shardward/topology/map.h"
#include "shardward/wire/response.h"
#include "shardward/wire/write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Legs without backends. What they are told is written down as "1c": the shard, and the first
 * letter of the statement. They answer in the order in which they were told, when the test says
 * so. */
enum { SHARDS = 3 };

static char told[128];
static struct sw_leg *asked[64];
static int asked_count, answered_count, cut_count, cancel_count;
static struct sw_shard shards[SHARDS] = {
    {.id = 0, .name = "zero"}, {.id = 1, .name = "one"}, {.id = 2, .name = "two"}};

void sw_leg_init(struct sw_leg *leg, struct sw_loop *loop, const struct sw_leg_sink *sink,
                 void *owner)
{
    *leg = (struct sw_leg){.state = SW_LEG_FREE, .loop = loop, .sink = sink, .owner = owner};
}

void sw_leg_start(struct sw_leg *leg, struct sw_pool *pool, const struct sw_shard *shard,
                  const struct sw_leg_work *work)
{
    size_t len = strlen(told);

    (void)pool;
    leg->shard = shard;
    leg->state = SW_LEG_ATTACHED;
    (void)snprintf(told + len, sizeof told - len, "%d%c", shard->id,
                   sw_run_text(work->run, &work->run->requests[0])[0]);
    asked[asked_count++] = leg;
}

void sw_leg_cancel(struct sw_leg *leg)
{
    cancel_count += leg->owner != NULL;
}

void sw_leg_tell(struct sw_leg *leg, const struct sw_leg_sink *sink, void *owner)
{
    leg->sink = sink;
    leg->owner = owner;
}

void sw_leg_release(struct sw_leg *leg)
{
    assert_int_equal(leg->state, SW_LEG_ATTACHED);
    leg->state = SW_LEG_FREE;
}

void sw_leg_cut(struct sw_leg *leg)
{
    cut_count += leg->state != SW_LEG_FREE;
    leg->state = SW_LEG_FREE;
}

/* --- a joint, and what its owner does after each step --- */

static struct sw_joint *joint;
static bool is_step_done, has_run;

static void on_done(void *owner)
{
    assert_ptr_equal(owner, &joint);
    is_step_done = true;
}

static void create(int count)
{
    static const struct sw_shard *const all[SHARDS] = {&shards[0], &shards[1], &shards[2]};
    static struct sw_pool *const pools[SHARDS];

    told[0] = '\0';
    asked_count = answered_count = cut_count = cancel_count = 0;
    is_step_done = has_run = false;
    joint = sw_joint_create(NULL, all, pools, count, NULL, on_done, &joint);
}

static void go_on(void)
{
    while (is_step_done && joint->state != SW_JOINT_ENDED) {
        is_step_done = false;
        if (joint->state == SW_JOINT_FAILED)
            sw_joint_roll_back(joint);
        else if (has_run)
            sw_joint_commit(joint, "note");
        else
            sw_joint_run(joint, "statement", 0);
        has_run = true;
    }
}

static void lose(struct sw_leg *leg)
{
    struct sw_error err;

    sw_error_set(&err, "08006", "lost");
    leg->state = SW_LEG_FREE;
    leg->sink->on_lost(leg->owner, &err, SW_LOSS_CLOSED);
}

static void fail_statement(struct sw_leg *leg)
{
    struct sw_error err;
    struct sw_frame frame;
    struct sw_buf bytes;

    sw_error_set(&err, "22012", "failed");
    sw_buf_init(&bytes, 4096);
    sw_write_error(&bytes, "ERROR", &err);
    assert_int_equal(sw_frame_next(sw_buf_bytes(&bytes), sw_buf_len(&bytes), 4096, &frame),
                     SW_FRAME_WHOLE);
    leg->sink->on_error(leg->owner, -1, &frame);
    leg->sink->on_done(leg->owner, 'E');
    sw_buf_finish(&bytes);
}

static void refuse(struct sw_leg *leg)
{
    struct sw_error err;

    sw_error_set(&err, "53300", "refused");
    leg->state = SW_LEG_FREE;
    leg->sink->on_refused(leg->owner, &err);
}

/* d: done, f: failed, r: no connection, l: lost; a digit: that shard is lost while it has
 * nothing to answer. */
static void answer(char how)
{
    struct sw_leg *leg;

    if (how >= '0' && how <= '2') {
        lose(&joint->shards[how - '0'].leg);
        return;
    }
    assert_true(answered_count < asked_count);
    leg = asked[answered_count++];
    if (how == 'd')
        leg->sink->on_done(leg->owner, 'T');
    else if (how == 'f')
        fail_statement(leg);
    else if (how == 'r')
        refuse(leg);
    else
        lose(leg);
}

static void answer_all(const char *answers)
{
    for (; *answers != '\0'; answers++) {
        answer(*answers);
        go_on();
    }
}

/* The SQLSTATE of the one error for the client; "": none. */
static void find_sqlstate(char *out, size_t size)
{
    const uint8_t *at = sw_buf_bytes(&joint->words);
    size_t len = sw_buf_len(&joint->words);
    struct sw_frame frame;
    struct sw_error err;

    out[0] = '\0';
    for (; sw_frame_next(at, len, 4096, &frame) == SW_FRAME_WHOLE;
         at += frame.size, len -= frame.size) {
        assert_int_equal(frame.type, 'E');
        assert_string_equal(out, "");
        sw_wire_read_error(&frame, &err, NULL);
        (void)snprintf(out, size, "%s", err.sqlstate);
    }
}

static void check_end(const char *outcomes, const char *sqlstate)
{
    static const char letters[] = {[SW_OUTCOME_NONE] = '-',
                                   [SW_OUTCOME_DONE] = 'D',
                                   [SW_OUTCOME_FAILED] = 'F',
                                   [SW_OUTCOME_UNKNOWN] = 'U'};
    char found[SHARDS + 1] = {0}, state[8];

    assert_int_equal(joint->state, SW_JOINT_ENDED);
    assert_int_equal(answered_count, asked_count);
    for (int i = 0; i < joint->count; i++) {
        assert_int_equal(joint->shards[i].leg.state, SW_LEG_FREE);
        found[i] = letters[joint->shards[i].outcome];
    }
    assert_string_equal(found, outcomes);
    find_sqlstate(state, sizeof state);
    assert_string_equal(state, sqlstate);
    sw_joint_destroy(joint);
}

static void all_shards_commit_or_none_unless_the_first_commit_was_heard(void **state)
{
    /* lock, statement, note, COMMIT, ROLLBACK; shard 0, the catalog database, commits last */
    static const struct {
        int count;
        const char *answers, *told, *outcomes, *sqlstate;
    } rows[] = {
        {3, "dddddddddddd", "0l1l2l0s1s2s0n1n2n1C2C0C", "DDD", ""},
        {1, "dddd", "0l0s0n0C", "D", ""},
        {2, "dddddddd", "0l1l0s1s0n1n1C0C", "DD", ""},
        /* before the first COMMIT nothing lasts */
        {3, "dfdddd", "0l1l2l0R1R2R", "---", "22012"},
        {3, "dlddd", "0l1l2l0R2R", "---", "08006"},
        {3, "drddd", "0l1l2l0R2R", "---", "53300"},
        {3, "rrr", "0l1l2l", "---", "53300"},
        {3, "dddfddd", "0l1l2l0s0R1R2R", "---", "22012"},
        {3, "ddddfdddd", "0l1l2l0s1s2s0R1R2R", "---", "22012"},
        {3, "dddddldd", "0l1l2l0s1s2s0R1R", "---", "08006"},
        {3, "dddddddfdddd", "0l1l2l0s1s2s0n1n2n0R1R2R", "---", "22012"},
        {3, "dddddddddfddd", "0l1l2l0s1s2s0n1n2n1C0R1R2R", "---", "22012"},
        {1, "dddfd", "0l0s0n0C0R", "-", "22012"},
        /* ... and the loss of one that has nothing to say is noticed */
        {3, "ddd2ddd", "0l1l2l0s0R1R", "---", "08006"},
        {3, "ddd1ddd", "0l1l2l0s0R2R", "---", "08006"},
        /* once one has committed, or may have, the others do */
        {3, "dddddddddldd", "0l1l2l0s1s2s0n1n2n1C2C0C", "DUD", "08006"},
        {3, "ddddddddddfd", "0l1l2l0s1s2s0n1n2n1C2C0C", "DDF", "22012"},
        {3, "dddddddddddl", "0l1l2l0s1s2s0n1n2n1C2C0C", "UDD", "08006"},
        {3, "dddddddddlfl", "0l1l2l0s1s2s0n1n2n1C2C0C", "UUF", "08006"},
        {3, "ddddddddd2dd", "0l1l2l0s1s2s0n1n2n1C0C", "DDF", ""},
        {3, "dddddddddd0d", "0l1l2l0s1s2s0n1n2n1C2C", "FDD", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        create(rows[i].count);
        sw_joint_open(joint, NULL, 0, "lock");
        answer_all(rows[i].answers);
        if (strcmp(told, rows[i].told) != 0)
            fail_msg("row %zu: %s", i, told);
        check_end(rows[i].outcomes, rows[i].sqlstate);
    }
}

static void a_visit_ends_at_the_first_shard_that_fails(void **state)
{
    static const struct {
        const char *answers, *told, *outcomes, *sqlstate;
    } rows[] = {
        {"ddd", "1v2v0v", "DDD", ""},      {"f", "1v", "-F-", "22012"},
        {"df", "1v2v", "-DF", "22012"},    {"dl", "1v2v", "-DU", "08006"},
        {"ddr", "1v2v0v", "FDD", "53300"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        create(SHARDS);
        sw_joint_visit(joint, "visit");
        answer_all(rows[i].answers);
        assert_string_equal(told, rows[i].told);
        check_end(rows[i].outcomes, rows[i].sqlstate);
    }
}

static void it_is_cancelled_or_given_up_with_its_client_until_it_commits(void **state)
{
    static const struct {
        const char *answers;
        bool is_given_up;
    } rows[] = {{"", true},         {"dd", true},         {"dddd", true},
                {"dddddddd", true}, {"ddddddddd", false}, {"ddddddddddd", false}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        create(SHARDS);
        sw_joint_open(joint, NULL, 0, "lock");
        answer_all(rows[i].answers);
        sw_joint_cancel(joint);
        assert_int_equal(cancel_count, rows[i].is_given_up ? SHARDS : 0);
        assert_int_equal(sw_joint_abandon(joint), rows[i].is_given_up);
        assert_int_equal(cut_count, rows[i].is_given_up ? SHARDS : 0);
        while (!rows[i].is_given_up && joint->state != SW_JOINT_ENDED)
            answer_all("d");
        if (!rows[i].is_given_up)
            assert_true(sw_joint_is_all(joint, SW_OUTCOME_DONE));
        sw_joint_destroy(joint);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_shards_commit_or_none_unless_the_first_commit_was_heard),
        cmocka_unit_test(a_visit_ends_at_the_first_shard_that_fails),
        cmocka_unit_test(it_is_cancelled_or_given_up_with_its_client_until_it_commits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
