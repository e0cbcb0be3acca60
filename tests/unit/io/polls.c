/*
 * What a loop watches when descriptors come again under the same number.
 */
#include "end.h"

#include <fcntl.h>

/* Numbers that no test is given by chance; the last two share a place among the idle polls. */
enum { NUMBERS = 3, FIRST = 300, FOLLOWING = 301, SAME_PLACE = FIRST + 256, ROUNDS = 4 };

static const int numbers[NUMBERS] = {FIRST, FOLLOWING, SAME_PLACE};

/* A stream on the descriptor of that number, in the loop of @turns. */
static void open_at(struct end *end, struct turns *turns, int number)
{
    int fds[2];

    *end = (struct end){.takes = SIZE_MAX};
    sw_buf_init(&end->got, SIZE_MAX);
    sw_buf_init(&end->offered, SIZE_MAX);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    end->fd = fcntl(fds[0], F_DUPFD_CLOEXEC, number);
    assert_int_equal(end->fd, number);
    (void)close(fds[0]);
    end->peer = fds[1];
    end->stream = sw_stream_open(turns->loop, end->fd, &events, end);
}

static void put_away(struct end *end)
{
    assert_int_equal(end->closed, 1);
    close_peer(end);
    sw_buf_finish(&end->got);
    sw_buf_finish(&end->offered);
}

static void hears(struct end *end, struct turns *turns, const char *word)
{
    sw_buf_clear(&end->got);
    say(end, word);
    turns_run(turns);
    expect(&end->got, word);
}

static void descriptors_come_again(void **state)
{
    struct turns turns;

    turns_init(&turns);
    for (int round = 0; round < ROUNDS; round++) {
        struct end ends[NUMBERS];

        for (int i = 0; i < NUMBERS; i++)
            open_at(&ends[i], &turns, numbers[(i + round) % NUMBERS]);
        for (int i = 0; i < NUMBERS; i++) {
            hears(&ends[i], &turns, "once");
            hears(&ends[i], &turns, "again");
            assert_int_equal(ends[i].offers, 2);
        }
        for (int i = 0; i < NUMBERS; i++)
            close_stream(&ends[i]);
        turns_run(&turns);
        for (int i = 0; i < NUMBERS; i++)
            put_away(&ends[i]);
    }
    turns_finish(&turns);
}

/* As a server connection does that is lent to and fro. */
static void a_descriptor_goes_from_loop_to_loop(void **state)
{
    struct turns turns[2];
    struct end end;

    turns_init(&turns[0]);
    turns_init(&turns[1]);
    open_at(&end, &turns[0], FIRST);
    for (int round = 0; round < ROUNDS; round++) {
        hears(&end, &turns[round % 2], "here");
        sw_stream_detach(end.stream);
        end.stream = sw_stream_open(turns[(round + 1) % 2].loop, end.fd, &events, &end);
    }
    hears(&end, &turns[ROUNDS % 2], "there");
    assert_int_equal(end.offers, ROUNDS + 1);
    close_stream(&end);
    turns_run(&turns[0]);
    turns_run(&turns[1]);
    put_away(&end);
    turns_finish(&turns[0]);
    turns_finish(&turns[1]);
}

/* A stream that ended with output which nobody took leaves nothing behind. */
static void the_next_one_waits_for_nothing_of_the_one_before(void **state)
{
    static const uint8_t noise[4 * SW_STREAM_CONGESTED];
    struct turns turns;
    struct end end;

    turns_init(&turns);
    open_at(&end, &turns, FIRST);
    assert_true(sw_buf_append(sw_stream_out(end.stream), noise, sizeof noise));
    sw_stream_flush(end.stream);
    assert_true(sw_stream_is_congested(end.stream));
    close_stream(&end);
    turns_run(&turns);
    put_away(&end);
    open_at(&end, &turns, FIRST);
    turns_run(&turns);
    assert_int_equal(end.drained + end.offers + end.lost, 0);
    hears(&end, &turns, "word");
    close_stream(&end);
    turns_run(&turns);
    put_away(&end);
    turns_finish(&turns);
}

static void what_was_not_flushed_waits(void **state)
{
    struct turns turns;
    struct end end;
    char byte;

    turns_init(&turns);
    open_at(&end, &turns, FIRST);
    assert_true(sw_buf_append(sw_stream_out(end.stream), "late", 4));
    hears(&end, &turns, "word");
    assert_int_equal(recv(end.peer, &byte, 1, MSG_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
    sw_stream_flush(end.stream);
    assert_int_equal(recv(end.peer, &byte, 1, MSG_DONTWAIT), 1);
    close_stream(&end);
    turns_run(&turns);
    put_away(&end);
    turns_finish(&turns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptors_come_again),
        cmocka_unit_test(a_descriptor_goes_from_loop_to_loop),
        cmocka_unit_test(the_next_one_waits_for_nothing_of_the_one_before),
        cmocka_unit_test(what_was_not_flushed_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
