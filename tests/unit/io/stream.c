#include "end.h"

/* --- reading --- */

static void bytes_arrive(void **state)
{
    static const size_t lens[] = {1, 4096, 65535, 65536, 65537, 1 << 20};

    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        size_t sent = 0;
        struct end end;

        open_end(&end);
        turns_run(&end.turns);
        assert_int_equal(end.offers, 0);
        while (sent < lens[i]) {
            sent += send_pattern(end.peer, sent, lens[i] - sent);
            turns_run(&end.turns);
        }
        expect_pattern(&end.got, lens[i]);
        assert_int_equal(end.lost, 0);
        close_end(&end);
    }
}

static void what_is_left_is_offered_again_with_more_behind(void **state)
{
    static const struct {
        const char *said;
        size_t takes;
        const char *offered; /* the last offer; NULL: none came */
    } rows[] = {
        {"abc", 1, "abc"},    /* leaves bc */
        {"", SIZE_MAX, NULL}, /* which is not offered before more comes */
        {"d", 0, "bcd"},      {"e", 2, "bcde"}, {"f", SIZE_MAX, "def"},
        {"ghi", 0, "ghi"},    {"j", 4, "ghij"}, {"k", 1, "k"},
    };
    struct end end;

    open_end(&end);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int offers = end.offers;

        end.takes = rows[i].takes;
        say(&end, rows[i].said);
        turns_run(&end.turns);
        assert_int_equal(end.offers, offers + (rows[i].offered != NULL));
        if (rows[i].offered != NULL)
            expect(&end.offered, rows[i].offered);
    }
    expect(&end.got, "abcdefghijk");
    close_end(&end);
}

/* An owner that waits for a whole message of any size gets it. */
static void an_owner_may_wait_for_as_much_as_he_needs(void **state)
{
    static const size_t lens[] = {2, 16 * 1024, 16 * 1024 + 1, 65536, 65537, 1000000};

    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        size_t sent = 0;
        struct end end;

        open_end(&end);
        end.takes = 0;
        while (sent < lens[i] - 1) {
            sent += send_pattern(end.peer, sent, lens[i] - 1 - sent);
            turns_run(&end.turns);
        }
        expect_pattern(&end.offered, lens[i] - 1);
        expect(&end.got, "");
        end.takes = SIZE_MAX;
        assert_int_equal(send_pattern(end.peer, sent, 1), 1);
        turns_run(&end.turns);
        expect_pattern(&end.got, lens[i]);
        close_end(&end);
    }
}

/* --- hold and release --- */

static void a_held_stream_offers_nothing_until_it_is_released(void **state)
{
    struct end end;

    open_end(&end);
    hold(&end);
    say(&end, "ab");
    turns_run(&end.turns);
    say(&end, "cd");
    turns_run(&end.turns);
    assert_int_equal(end.offers, 0);
    release(&end);
    release(&end);
    turns_run(&end.turns);
    expect(&end.got, "abcd");
    assert_int_equal(end.offers, 1);
    close_end(&end);
}

static void what_was_left_is_offered_after_a_release(void **state)
{
    struct end end;

    open_end(&end);
    end.takes = 1;
    say(&end, "abc");
    turns_run(&end.turns);
    release(&end); /* it was not held */
    turns_run(&end.turns);
    assert_int_equal(end.offers, 1);
    hold(&end);
    turns_run(&end.turns);
    assert_int_equal(end.offers, 1);
    release(&end);
    turns_run(&end.turns);
    assert_int_equal(end.offers, 2);
    expect(&end.offered, "bc");
    expect(&end.got, "ab");
    close_end(&end);
}

static void an_owner_may_hold_while_he_is_offered_bytes(void **state)
{
    struct end end;

    open_end(&end);
    end.takes = 1;
    end.holds = true;
    say(&end, "abc");
    turns_run(&end.turns);
    say(&end, "d");
    turns_run(&end.turns);
    assert_int_equal(end.offers, 1);
    for (int i = 2; i <= 4; i++) {
        release(&end);
        turns_run(&end.turns);
        assert_int_equal(end.offers, i);
    }
    expect(&end.got, "abcd");
    release(&end);
    turns_run(&end.turns);
    assert_int_equal(end.offers, 4);
    close_end(&end);
}

static void an_owner_who_lets_go_at_once_is_offered_the_rest(void **state)
{
    struct end end;

    open_end(&end);
    end.takes = 1;
    end.holds = end.releases = true;
    say(&end, "abc");
    turns_run(&end.turns);
    expect(&end.got, "abc");
    assert_int_equal(end.offers, 3);
    close_end(&end);
}

static void a_hold_that_ends_before_anything_comes_is_not_noticed(void **state)
{
    struct end end;

    open_end(&end);
    hold(&end);
    turns_run(&end.turns);
    release(&end);
    turns_run(&end.turns);
    assert_int_equal(end.offers, 0);
    say(&end, "ab");
    turns_run(&end.turns);
    expect(&end.got, "ab");
    close_end(&end);
}

static void a_held_stream_reads_only_so_far_ahead(void **state)
{
    static const struct {
        size_t ahead;   /* read while the stream is held */
        size_t is_left; /* of one more byte: in the socket */
    } rows[] = {{1, 0}, {SW_STREAM_HELD - 1, 0}, {SW_STREAM_HELD, 1}, {SW_STREAM_HELD + 1, 1}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t sent = 0;
        struct end end;

        open_end(&end);
        hold(&end);
        /* The last byte comes alone: up to the limit, one read may go beyond it. */
        sent +=
            send_pattern(end.peer, sent,
                         rows[i].ahead > SW_STREAM_HELD ? SW_STREAM_HELD - 1 : rows[i].ahead);
        turns_run(&end.turns);
        sent += send_pattern(end.peer, sent, rows[i].ahead - sent);
        turns_run(&end.turns);
        assert_int_equal(unread(end.fd), 0);
        assert_int_equal(send_pattern(end.peer, sent, 1), 1);
        turns_run(&end.turns);
        assert_int_equal(unread(end.fd), rows[i].is_left);
        assert_int_equal(end.offers, 0);
        release(&end);
        turns_run(&end.turns);
        expect_pattern(&end.got, rows[i].ahead + 1);
        close_end(&end);
    }
}

static void a_busy_sender_cannot_fill_a_held_stream(void **state)
{
    size_t sent = 0, part, ahead;
    struct end end;

    open_end(&end);
    hold(&end);
    while ((part = send_pattern(end.peer, sent, 1 << 20)) > 0) {
        sent += part;
        turns_run(&end.turns);
    }
    ahead = sent - unread(end.fd);
    assert_in_range(ahead, SW_STREAM_HELD, 2 * SW_STREAM_HELD);
    assert_true(sent > ahead);
    release(&end);
    turns_run(&end.turns);
    expect_pattern(&end.got, sent);
    close_end(&end);
}

/* --- writing --- */

static void what_is_flushed_is_sent(void **state)
{
    struct sw_buf received;
    struct end end;

    sw_buf_init(&received, 100);
    open_end(&end);
    flush(&end);
    assert_true(sw_buf_append_text(sw_stream_out(end.stream), "ab"));
    turns_run(&end.turns);
    assert_int_equal(unread(end.peer), 0);
    flush(&end);
    receive(end.peer, &received, 10);
    expect(&received, "ab");
    assert_int_equal(out_len(&end), 0);
    assert_true(sw_buf_append_text(sw_stream_out(end.stream), "c"));
    assert_true(sw_buf_append_text(sw_stream_out(end.stream), "d"));
    flush(&end);
    receive(end.peer, &received, 10);
    expect(&received, "abcd");
    turns_run(&end.turns);
    assert_int_equal(end.drained, 0);
    close_end(&end);
    sw_buf_finish(&received);
}

/* Appends until @left bytes wait that the socket does not take; returns how many in all. */
static size_t congest(struct end *end, size_t left)
{
    size_t all = 0, more;

    for (; out_len(end) == 0; all += 4096) {
        append_pattern(sw_stream_out(end->stream), all, 4096);
        flush(end);
    }
    more = left - out_len(end);
    append_pattern(sw_stream_out(end->stream), all, more);
    flush(end);
    assert_int_equal(out_len(end), left);
    return all + more;
}

static void a_slow_reader_congests_the_stream(void **state)
{
    static const struct {
        size_t left;
        bool is_congested;
    } rows[] = {
        {SW_STREAM_CONGESTED - 1, false},
        {SW_STREAM_CONGESTED, true},
        {SW_STREAM_CONGESTED + 1, true},
        {4 * SW_STREAM_CONGESTED, true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_buf received;
        struct end end;
        size_t all;

        sw_buf_init(&received, SIZE_MAX);
        open_end(&end);
        all = congest(&end, rows[i].left);
        assert_int_equal(sw_stream_is_congested(end.stream), rows[i].is_congested);
        turns_run(&end.turns);
        assert_int_equal(out_len(&end), rows[i].left);
        while (sw_buf_len(&received) < all) {
            assert_int_equal(end.drained > 0, rows[i].is_congested && out_len(&end) == 0);
            receive(end.peer, &received, 10000);
            turns_run(&end.turns);
        }
        expect_pattern(&received, all);
        assert_int_equal(end.drained, rows[i].is_congested);
        turns_run(&end.turns);
        assert_int_equal(end.drained, rows[i].is_congested);
        close_end(&end);
        sw_buf_finish(&received);
    }
}

static void a_stream_may_be_congested_again(void **state)
{
    static const struct {
        size_t left;
        int drained; /* so far */
    } rows[] = {
        {SW_STREAM_CONGESTED, 1}, {4096, 1},
        {SW_STREAM_CONGESTED, 2}, {SW_STREAM_CONGESTED - 1, 2},
        {SW_STREAM_CONGESTED, 3},
    };
    struct end end;

    open_end(&end);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_buf received;
        size_t all;

        sw_buf_init(&received, SIZE_MAX);
        all = congest(&end, rows[i].left);
        while (sw_buf_len(&received) < all) {
            receive(end.peer, &received, SIZE_MAX);
            turns_run(&end.turns);
        }
        assert_int_equal(end.drained, rows[i].drained);
        sw_buf_finish(&received);
    }
    close_end(&end);
}

static void a_held_stream_goes_on_sending(void **state)
{
    struct sw_buf received;
    struct end end;
    size_t all;

    sw_buf_init(&received, SIZE_MAX);
    open_end(&end);
    hold(&end);
    say(&end, "ab");
    all = congest(&end, SW_STREAM_CONGESTED);
    while (sw_buf_len(&received) < all) {
        receive(end.peer, &received, SIZE_MAX);
        turns_run(&end.turns);
    }
    expect_pattern(&received, all);
    assert_int_equal(end.drained, 1);
    assert_int_equal(end.offers, 0);
    close_end(&end);
    sw_buf_finish(&received);
}

/* --- loss and close --- */

static void a_loss_is_told_once(void **state)
{
    static const struct {
        const char *last; /* said before */
        bool is_half;     /* the other side only stops sending */
        bool is_flushed;  /* we send afterwards */
        bool is_held;
        size_t takes;
    } rows[] = {
        {"", false, false, false, SIZE_MAX},     {"", true, false, false, SIZE_MAX},
        {"", false, true, false, SIZE_MAX},      {"", false, false, true, SIZE_MAX},
        {"last", false, false, false, SIZE_MAX}, {"last", true, false, false, SIZE_MAX},
        {"last", true, true, false, SIZE_MAX},   {"last", false, false, false, 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct end end;

        open_end(&end);
        end.takes = rows[i].takes;
        if (rows[i].is_held)
            hold(&end);
        say(&end, rows[i].last);
        if (rows[i].is_half)
            assert_int_equal(shutdown(end.peer, SHUT_WR), 0);
        else
            close_peer(&end);
        if (rows[i].is_flushed) {
            assert_true(sw_buf_append_text(sw_stream_out(end.stream), "ab"));
            flush(&end);
        }
        assert_int_equal(end.lost, 0);
        turns_run(&end.turns);
        assert_int_equal(end.lost, 1);
        assert_int_equal(end.offers > 0, rows[i].last[0] != '\0');
        if (rows[i].takes == SIZE_MAX)
            expect(&end.got, rows[i].last);

        assert_true(sw_buf_append_text(sw_stream_out(end.stream), "ab"));
        flush(&end);
        hold(&end);
        release(&end);
        turns_run(&end.turns);
        assert_int_equal(end.lost, 1);
        assert_int_equal(end.drained, 0);
        close_end(&end);
    }
}

static void a_congested_stream_that_is_lost_does_not_drain(void **state)
{
    for (int reads = 0; reads <= 1; reads++) { /* unless all was read, it is a reset */
        struct sw_buf received;
        struct end end;

        sw_buf_init(&received, SIZE_MAX);
        open_end(&end);
        (void)congest(&end, SW_STREAM_CONGESTED);
        if (reads)
            receive(end.peer, &received, SIZE_MAX);
        close_peer(&end);
        turns_run(&end.turns);
        assert_int_equal(end.lost, 1);
        assert_int_equal(end.drained, 0);
        assert_false(sw_stream_is_congested(end.stream));
        close_end(&end);
        sw_buf_finish(&received);
    }
}

static void after_a_close_only_its_end_is_told(void **state)
{
    static const struct {
        char closes_at; /* x: by the test */
        int offers;     /* -1: any number of them, before */
        int drained, lost;
    } rows[] = {
        {'x', 0, 0, 0},
        {'b', 1, 0, 0},
        {'d', -1, 1, 0},
        {'l', 0, 0, 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_buf received;
        struct end end;

        sw_buf_init(&received, SIZE_MAX);
        open_end(&end);
        end.closes_at = rows[i].closes_at;
        end.takes = 1;
        if (end.closes_at == 'd') {
            (void)congest(&end, SW_STREAM_CONGESTED);
            while (!end.is_closing) {
                receive(end.peer, &received, SIZE_MAX);
                say(&end, "a"); /* readable as well as writable */
                turns_run(&end.turns);
            }
        } else if (end.closes_at == 'l') {
            close_peer(&end);
        } else {
            say(&end, "ab");
        }
        if (end.closes_at == 'x') {
            end.is_calling = true;
            close_stream(&end);
            close_stream(&end);
            end.is_calling = false;
        }
        turns_run(&end.turns);
        close_peer(&end);
        turns_run(&end.turns);
        if (rows[i].offers >= 0)
            assert_int_equal(end.offers, rows[i].offers);
        assert_int_equal(end.drained, rows[i].drained);
        assert_int_equal(end.lost, rows[i].lost);
        assert_int_equal(end.closed, 1);
        close_end(&end);
        sw_buf_finish(&received);
    }
}

/* A task of the stream waits; after the close it must not run. */
static void a_released_stream_may_be_closed_at_once(void **state)
{
    struct end end;

    open_end(&end);
    hold(&end);
    say(&end, "ab");
    turns_run(&end.turns);
    release(&end);
    close_stream(&end);
    turns_run(&end.turns);
    assert_int_equal(end.offers, 0);
    assert_int_equal(end.closed, 1);
    close_end(&end);
}

static void what_was_not_sent_is_dropped_by_a_close(void **state)
{
    struct sw_buf received;
    struct end end;
    size_t all;

    sw_buf_init(&received, SIZE_MAX);
    open_end(&end);
    all = congest(&end, SW_STREAM_CONGESTED);
    close_stream(&end);
    turns_run(&end.turns);
    assert_int_equal(end.closed, 1);
    receive(end.peer, &received, SIZE_MAX);
    expect_pattern(&received, all - SW_STREAM_CONGESTED);
    close_end(&end);
    sw_buf_finish(&received);
}

static void more_streams_than_the_loop_keeps_buffers_for(void **state)
{
    enum { COUNT = 100 };
    struct end first, ends[COUNT];
    int peers[COUNT];

    open_end(&first);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < COUNT; i++) {
            int fds[2];

            ends[i] = (struct end){.turns = first.turns, .takes = SIZE_MAX};
            sw_buf_init(&ends[i].got, 100);
            sw_buf_init(&ends[i].offered, 100);
            assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
            ends[i].fd = fds[0];
            peers[i] = fds[1];
            ends[i].stream = sw_stream_open(first.turns.loop, fds[0], &events, &ends[i]);
            sw_stream_hold(ends[i].stream);
            assert_int_equal(send_pattern(peers[i], 0, 100), 100);
        }
        turns_run(&first.turns);
        for (int i = 0; i < COUNT; i++) {
            assert_int_equal(unread(ends[i].fd), 0);
            sw_stream_release(ends[i].stream);
        }
        turns_run(&first.turns);
        for (int i = 0; i < COUNT; i++) {
            expect_pattern(&ends[i].got, 100);
            close_stream(&ends[i]);
            (void)close(peers[i]);
        }
        turns_run(&first.turns);
        for (int i = 0; i < COUNT; i++) {
            assert_int_equal(ends[i].closed, 1);
            sw_buf_finish(&ends[i].got);
            sw_buf_finish(&ends[i].offered);
        }
    }
    close_end(&first);
}

static void a_congested_stream_drains_in_a_flush_of_its_owner_too(void **state)
{
    struct sw_buf received;
    struct end end;
    size_t all;

    sw_buf_init(&received, SIZE_MAX);
    open_end(&end);
    all = congest(&end, SW_STREAM_CONGESTED);
    while (sw_buf_len(&received) < all) {
        receive(end.peer, &received, SIZE_MAX);
        flush(&end);
    }
    turns_run(&end.turns);
    assert_int_equal(end.drained, 1);
    close_end(&end);
    sw_buf_finish(&received);
}

static void the_last_words_before_a_reset_arrive(void **state)
{
    for (int sends_first = 0; sends_first < 2; sends_first++) {
        struct end end;

        open_end(&end);
        assert_true(sw_buf_append_text(sw_stream_out(end.stream), "query"));
        if (sends_first)
            flush(&end);
        say(&end, "FATAL");
        close_peer(&end);
        flush(&end);
        turns_run(&end.turns);
        assert_int_equal(end.lost, 1);
        expect(&end.got, "FATAL");
        assert_true(sw_stream_was_reset(end.stream));
        close_end(&end);
    }
}

/* --- detaching --- */

static void a_stream_is_still_while_nothing_is_pending(void **state)
{
    struct end end;

    open_end(&end);
    turns_run(&end.turns);
    assert_true(sw_stream_is_still(end.stream));
    end.takes = 1;
    say(&end, "ab");
    turns_run(&end.turns);
    assert_false(sw_stream_is_still(end.stream)); /* a byte is left */
    end.takes = SIZE_MAX;
    say(&end, "c");
    turns_run(&end.turns);
    assert_true(sw_stream_is_still(end.stream));
    (void)sw_buf_append(sw_stream_out(end.stream), "x", 1);
    assert_false(sw_stream_is_still(end.stream));
    sw_stream_flush(end.stream);
    assert_true(sw_stream_is_still(end.stream));
    (void)shutdown(end.peer, SHUT_WR);
    turns_run(&end.turns);
    assert_false(sw_stream_is_still(end.stream));
    close_end(&end);
}

static void a_detached_descriptor_is_watched_by_another_loop(void **state)
{
    struct end end;
    struct turns other;

    open_end(&end);
    turns_init(&other);
    say(&end, "ab");
    turns_run(&end.turns);
    sw_stream_detach(end.stream);
    say(&end, "cd");
    turns_run(&end.turns);
    expect(&end.got, "ab");
    assert_int_equal(end.closed + end.lost, 0);
    end.stream = sw_stream_open(other.loop, end.fd, &events, &end);
    turns_run(&other);
    expect(&end.got, "abcd");
    close_stream(&end);
    turns_finish(&other);
    close_end(&end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_arrive),
        cmocka_unit_test(what_is_left_is_offered_again_with_more_behind),
        cmocka_unit_test(an_owner_may_wait_for_as_much_as_he_needs),
        cmocka_unit_test(a_held_stream_offers_nothing_until_it_is_released),
        cmocka_unit_test(what_was_left_is_offered_after_a_release),
        cmocka_unit_test(an_owner_may_hold_while_he_is_offered_bytes),
        cmocka_unit_test(an_owner_who_lets_go_at_once_is_offered_the_rest),
        cmocka_unit_test(a_hold_that_ends_before_anything_comes_is_not_noticed),
        cmocka_unit_test(a_held_stream_reads_only_so_far_ahead),
        cmocka_unit_test(a_busy_sender_cannot_fill_a_held_stream),
        cmocka_unit_test(what_is_flushed_is_sent),
        cmocka_unit_test(a_slow_reader_congests_the_stream),
        cmocka_unit_test(a_stream_may_be_congested_again),
        cmocka_unit_test(a_held_stream_goes_on_sending),
        cmocka_unit_test(a_loss_is_told_once),
        cmocka_unit_test(a_congested_stream_that_is_lost_does_not_drain),
        cmocka_unit_test(a_congested_stream_drains_in_a_flush_of_its_owner_too),
        cmocka_unit_test(the_last_words_before_a_reset_arrive),
        cmocka_unit_test(after_a_close_only_its_end_is_told),
        cmocka_unit_test(a_released_stream_may_be_closed_at_once),
        cmocka_unit_test(what_was_not_sent_is_dropped_by_a_close),
        cmocka_unit_test(a_stream_is_still_while_nothing_is_pending),
        cmocka_unit_test(a_detached_descriptor_is_watched_by_another_loop),
        cmocka_unit_test(more_streams_than_the_loop_keeps_buffers_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
