#include "shardward/io/stream.h"

#include "turns.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cmocka.h>

/* A stream on one side of a socket pair; the test itself is the other side. */
struct end {
    struct turns turns;
    int fd, peer; /* peer: -1 once it is closed */
    struct sw_stream *stream;
    size_t takes;      /* this many bytes of each offer, at most */
    struct sw_buf got; /* what was taken */
    struct sw_buf offered;
    int offers, drained, lost, closed;
    bool is_closing;
    bool is_calling; /* the test is inside a function of the stream */
    char closes_at;  /* the callback that closes: b, d or l */
    bool holds;      /* in each offer */
    bool releases;   /* ... and again */
};

static void close_stream(struct end *end)
{
    end->is_closing = true;
    sw_stream_close(end->stream);
}

static void note(struct end *end, char callback)
{
    assert_false(end->is_calling);
    assert_int_equal(end->closed, 0);
    assert_int_equal(end->is_closing, callback == 'c');
    if (end->closes_at == callback)
        close_stream(end);
}

static size_t on_bytes(void *owner, const uint8_t *bytes, size_t len)
{
    struct end *end = owner;
    size_t taken = len < end->takes ? len : end->takes;

    assert_true(len > 0);
    end->offers++;
    sw_buf_clear(&end->offered);
    assert_true(sw_buf_append(&end->offered, bytes, len));
    assert_true(sw_buf_append(&end->got, bytes, taken));
    if (end->holds)
        sw_stream_hold(end->stream);
    if (end->releases)
        sw_stream_release(end->stream);
    note(end, 'b');
    return taken;
}

static void on_drained(void *owner)
{
    struct end *end = owner;

    end->drained++;
    assert_int_equal(sw_buf_len(sw_stream_out(end->stream)), 0);
    assert_false(sw_stream_is_congested(end->stream));
    note(end, 'd');
}

static void on_lost(void *owner, const char *reason)
{
    struct end *end = owner;

    end->lost++;
    assert_non_null(reason);
    assert_string_not_equal(reason, "");
    note(end, 'l');
}

static void on_closed(void *owner)
{
    struct end *end = owner;

    note(end, 'c');
    end->closed++;
    (void)close(end->fd);
}

static const struct sw_stream_events events = {on_bytes, on_drained, on_lost, on_closed};

static void open_end(struct end *end)
{
    int fds[2];

    *end = (struct end){.takes = SIZE_MAX};
    turns_init(&end->turns);
    sw_buf_init(&end->got, SIZE_MAX);
    sw_buf_init(&end->offered, SIZE_MAX);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    end->fd = fds[0];
    end->peer = fds[1];
    end->stream = sw_stream_open(end->turns.loop, end->fd, &events, end);
}

static void close_peer(struct end *end)
{
    if (end->peer >= 0)
        (void)close(end->peer);
    end->peer = -1;
}

static void close_end(struct end *end)
{
    if (!end->is_closing)
        close_stream(end);
    turns_finish(&end->turns);
    assert_int_equal(end->closed, 1);
    close_peer(end);
    sw_buf_finish(&end->got);
    sw_buf_finish(&end->offered);
}

/* No callback is called from inside any of these. */

static void hold(struct end *end)
{
    end->is_calling = true;
    sw_stream_hold(end->stream);
    end->is_calling = false;
}

static void release(struct end *end)
{
    end->is_calling = true;
    sw_stream_release(end->stream);
    end->is_calling = false;
}

static void flush(struct end *end)
{
    end->is_calling = true;
    sw_stream_flush(end->stream);
    end->is_calling = false;
}

static size_t out_len(struct end *end)
{
    return sw_buf_len(sw_stream_out(end->stream));
}

/* --- the other side --- */

static uint8_t pattern(size_t at)
{
    return (uint8_t)(at ^ (at >> 8) * 3 ^ (at >> 16) * 7);
}

/* Sends bytes [at, at + len) of the pattern, as far as the socket takes them. */
static size_t send_pattern(int fd, size_t at, size_t len)
{
    size_t sent = 0;

    while (sent < len) {
        uint8_t bytes[4096];
        size_t part = len - sent < sizeof bytes ? len - sent : sizeof bytes;
        ssize_t taken;

        for (size_t i = 0; i < part; i++)
            bytes[i] = pattern(at + sent + i);
        taken = send(fd, bytes, part, MSG_NOSIGNAL);
        if (taken < 0) {
            assert_int_equal(errno, EAGAIN);
            break;
        }
        sent += (size_t)taken;
    }
    return sent;
}

static void append_pattern(struct sw_buf *buf, size_t at, size_t len)
{
    uint8_t *room = sw_buf_room(buf, len);

    assert_non_null(room);
    for (size_t i = 0; i < len; i++)
        room[i] = pattern(at + i);
    sw_buf_grown(buf, len);
}

static void expect_pattern(const struct sw_buf *buf, size_t len)
{
    assert_int_equal(sw_buf_len(buf), len);
    for (size_t i = 0; i < len; i++)
        if (sw_buf_bytes(buf)[i] != pattern(i))
            fail_msg("byte %zu of %zu is not the one that was sent", i, len);
}

/* Takes at most @len bytes from the peer's socket, behind those in @buf. */
static void receive(int fd, struct sw_buf *buf, size_t len)
{
    while (len > 0) {
        uint8_t bytes[4096];
        ssize_t taken = recv(fd, bytes, len < sizeof bytes ? len : sizeof bytes, 0);

        if (taken <= 0)
            return;
        assert_true(sw_buf_append(buf, bytes, (size_t)taken));
        len -= (size_t)taken;
    }
}

static void say(struct end *end, const char *text)
{
    assert_int_equal(send(end->peer, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* What has not been read from the socket yet. */
static size_t unread(int fd)
{
    int len;

    assert_int_equal(ioctl(fd, FIONREAD, &len), 0);
    return (size_t)len;
}

static void expect(const struct sw_buf *buf, const char *text)
{
    assert_int_equal(sw_buf_len(buf), strlen(text));
    if (text[0] != '\0')
        assert_memory_equal(sw_buf_bytes(buf), text, strlen(text));
}

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
    struct end end;

    open_end(&end);
    for (int i = 1; i <= 3; i++) {
        struct sw_buf received;
        size_t all = congest(&end, SW_STREAM_CONGESTED);

        sw_buf_init(&received, SIZE_MAX);
        while (sw_buf_len(&received) < all) {
            receive(end.peer, &received, SIZE_MAX);
            turns_run(&end.turns);
        }
        assert_int_equal(end.drained, i);
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
    struct end end;

    open_end(&end);
    (void)congest(&end, SW_STREAM_CONGESTED);
    close_peer(&end);
    turns_run(&end.turns);
    assert_int_equal(end.lost, 1);
    assert_int_equal(end.drained, 0);
    assert_false(sw_stream_is_congested(end.stream));
    close_end(&end);
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

            ends[i] = (struct end){.turns = first.turns};
            sw_buf_init(&ends[i].got, 100);
            sw_buf_init(&ends[i].offered, 100);
            assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
            ends[i].fd = fds[0];
            peers[i] = fds[1];
            ends[i].stream = sw_stream_open(first.turns.loop, fds[0], &events, &ends[i]);
            assert_int_equal(send_pattern(peers[i], 0, 50), 50);
        }
        turns_run(&first.turns);
        for (int i = 0; i < COUNT; i++) {
            ends[i].takes = SIZE_MAX;
            assert_int_equal(send_pattern(peers[i], 50, 50), 50);
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
        cmocka_unit_test(after_a_close_only_its_end_is_told),
        cmocka_unit_test(a_released_stream_may_be_closed_at_once),
        cmocka_unit_test(what_was_not_sent_is_dropped_by_a_close),
        cmocka_unit_test(more_streams_than_the_loop_keeps_buffers_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
