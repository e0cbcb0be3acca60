#include "shardward/execute/broadcast.h"

#include "shardward/topology/map.h"
#include "shardward/wire/write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Legs without backends: they note what they are told to run, and answer when the test says
 * so. */
static const char *started[8];
static int started_count;
static const struct sw_error *refuses_at_once;

void sw_leg_start(struct sw_leg *leg, struct sw_pool *pool, const struct sw_shard *shard,
                  const struct sw_leg_work *work)
{
    (void)pool;
    leg->shard = shard;
    leg->work = *work;
    assert_int_equal(work->run->count, 2);
    assert_int_equal(work->run->requests[1].kind, SW_REQUEST_SYNC);
    started[started_count++] = sw_run_text(work->run, &work->run->requests[0]);
    if (refuses_at_once != NULL)
        leg->sink->on_refused(leg->owner, refuses_at_once);
}

void sw_leg_tell(struct sw_leg *leg, const struct sw_leg_sink *sink, void *owner)
{
    leg->sink = sink;
    leg->owner = owner;
}

static const struct sw_leg_sink former_sink;
static int former_owner, done_count;
static struct sw_shard shards[3] = {{.id = 0}, {.id = 1}, {.id = 2}};
static struct sw_leg legs[3];
static struct sw_broadcast_part parts[3];
static struct sw_broadcast broadcast;

static void on_done(void *owner)
{
    assert_ptr_equal(owner, &broadcast);
    done_count++;
}

static void start(void)
{
    started_count = done_count = 0;
    for (int i = 0; i < 3; i++) {
        legs[i] = (struct sw_leg){.sink = &former_sink, .owner = &former_owner};
        parts[i] = (struct sw_broadcast_part){
            .leg = &legs[i], .shard = &shards[2 - i], .sql = i == 1 ? "two" : "one"};
    }
    sw_broadcast_start(&broadcast, parts, 3, on_done, &broadcast);
}

/* d: done, f: failed, r: refused, l: lost */
static void answer(int part, char how)
{
    struct sw_leg *leg = &legs[part];
    struct sw_error err;
    struct sw_buf bytes;
    struct sw_frame frame;

    sw_error_set(&err, how == 'r' ? "53300" : "08006", "part %d", part);
    sw_buf_init(&bytes, 4096);
    switch (how) {
    case 'd':
        leg->sink->on_done(leg->owner, 'T');
        break;
    case 'f':
        sw_error_set(&err, "22012", "part %d", part);
        sw_write_error(&bytes, "ERROR", &err);
        assert_int_equal(sw_frame_next(sw_buf_bytes(&bytes), sw_buf_len(&bytes), 4096, &frame),
                         SW_FRAME_WHOLE);
        leg->sink->on_error(leg->owner, -1, &frame);
        leg->sink->on_done(leg->owner, 'E');
        break;
    case 'r':
        leg->sink->on_refused(leg->owner, &err);
        break;
    default:
        leg->sink->on_lost(leg->owner, &err, SW_LOSS_CLOSED);
    }
    sw_buf_finish(&bytes);
}

static void every_leg_hears_its_statement_before_one_is_asked_for_its_answer(void **state)
{
    (void)state;
    start();
    assert_int_equal(started_count, 3);
    assert_string_equal(started[0], "one");
    assert_string_equal(started[1], "two");
    assert_string_equal(started[2], "one");
    sw_broadcast_forget(&broadcast);
    assert_int_equal(done_count, 0);
}

static void all_is_told_once_and_after_the_last_answer(void **state)
{
    static const int orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        start();
        for (int k = 0; k < 3; k++) {
            assert_int_equal(done_count, 0);
            answer(orders[i][k], 'd');
        }
        assert_int_equal(done_count, 1);
        assert_null(sw_broadcast_first_failure(&broadcast));
        for (int k = 0; k < 3; k++)
            assert_int_equal(parts[k].status, 'T');
        sw_broadcast_forget(&broadcast);
    }
}

static void the_failure_of_the_lowest_shard_is_the_one_that_counts(void **state)
{
    /* part 0 is on shard 2, part 2 on shard 0 */
    static const struct {
        const char *how;
        int first;
        const char *sqlstate;
    } rows[] = {
        {"fdd", 0, "22012"}, {"ffd", 1, "22012"}, {"fff", 2, "22012"},
        {"fdr", 2, "53300"}, {"dlf", 2, "22012"}, {"rld", 1, "08006"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct sw_broadcast_part *first;

        start();
        for (int k = 0; k < 3; k++)
            answer(k, rows[i].how[k]);
        assert_int_equal(done_count, 1);
        first = sw_broadcast_first_failure(&broadcast);
        assert_ptr_equal(first, &parts[rows[i].first]);
        assert_string_equal(first->err.sqlstate, rows[i].sqlstate);
        sw_broadcast_forget(&broadcast);
    }
}

static void a_failure_keeps_the_servers_own_words(void **state)
{
    static const uint8_t notice[] = {'N', 0, 0, 0, 5, 0};
    struct sw_frame frame;

    (void)state;
    start();
    legs[0].sink->on_forward(legs[0].owner, notice, sizeof notice);
    answer(0, 'f');
    assert_int_equal(parts[0].result, SW_PART_FAILED);
    assert_int_equal(parts[0].status, 'E');
    assert_memory_equal(sw_buf_bytes(&parts[0].words), notice, sizeof notice);
    assert_int_equal(sw_frame_next(sw_buf_bytes(&parts[0].words) + sizeof notice,
                                   sw_buf_len(&parts[0].words) - sizeof notice, 4096, &frame),
                     SW_FRAME_WHOLE);
    assert_int_equal(frame.type, 'E');
    sw_broadcast_forget(&broadcast);
}

static void too_many_notices_are_left_out_and_the_error_is_not(void **state)
{
    static uint8_t notice[1024 * 1024];
    struct sw_frame frame;

    (void)state;
    start();
    for (int i = 0; i < 17; i++)
        legs[0].sink->on_forward(legs[0].owner, notice, sizeof notice);
    answer(0, 'f');
    assert_int_equal(
        sw_frame_next(sw_buf_bytes(&parts[0].words), sw_buf_len(&parts[0].words), 4096, &frame),
        SW_FRAME_WHOLE);
    assert_int_equal(frame.type, 'E');
    assert_int_equal(frame.size, sw_buf_len(&parts[0].words));
    sw_broadcast_forget(&broadcast);
}

static void legs_tell_their_former_owner_again(void **state)
{
    (void)state;
    start();
    answer(0, 'd');
    assert_ptr_equal(legs[0].owner, &former_owner);
    assert_ptr_equal(legs[0].sink, &former_sink);
    assert_ptr_not_equal(legs[1].owner, &former_owner);
    sw_broadcast_forget(&broadcast); /* in the middle: the session is closing */
    for (int i = 0; i < 3; i++) {
        assert_ptr_equal(legs[i].owner, &former_owner);
        assert_ptr_equal(legs[i].sink, &former_sink);
    }
}

static void refusals_at_once_are_told_when_all_were_asked(void **state)
{
    struct sw_error err;

    (void)state;
    sw_error_set(&err, "53300", "full");
    refuses_at_once = &err;
    start();
    refuses_at_once = NULL;
    assert_int_equal(started_count, 3);
    assert_int_equal(done_count, 1);
    assert_ptr_equal(sw_broadcast_first_failure(&broadcast), &parts[2]);
    sw_broadcast_forget(&broadcast);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_leg_hears_its_statement_before_one_is_asked_for_its_answer),
        cmocka_unit_test(all_is_told_once_and_after_the_last_answer),
        cmocka_unit_test(the_failure_of_the_lowest_shard_is_the_one_that_counts),
        cmocka_unit_test(a_failure_keeps_the_servers_own_words),
        cmocka_unit_test(too_many_notices_are_left_out_and_the_error_is_not),
        cmocka_unit_test(legs_tell_their_former_owner_again),
        cmocka_unit_test(refusals_at_once_are_told_when_all_were_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
