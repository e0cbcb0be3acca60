/*
 * end - a stream on one side of a socket pair; the test itself is the other side.
 *
 * An end notes what the stream calls, and fails where the stream breaks its word: a callback
 * inside of a call, or after the close.
 */
#ifndef TESTS_IO_END_H
#define TESTS_IO_END_H

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

static inline void close_stream(struct end *end)
{
    end->is_closing = true;
    sw_stream_close(end->stream);
}

static inline void note(struct end *end, char callback)
{
    assert_false(end->is_calling);
    assert_int_equal(end->closed, 0);
    assert_int_equal(end->is_closing, callback == 'c');
    if (end->closes_at == callback)
        close_stream(end);
}

static inline size_t on_bytes(void *owner, const uint8_t *bytes, size_t len)
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

static inline void on_drained(void *owner)
{
    struct end *end = owner;

    end->drained++;
    assert_int_equal(sw_buf_len(sw_stream_out(end->stream)), 0);
    assert_false(sw_stream_is_congested(end->stream));
    note(end, 'd');
}

static inline void on_lost(void *owner, const char *reason)
{
    struct end *end = owner;

    end->lost++;
    assert_non_null(reason);
    assert_string_not_equal(reason, "");
    note(end, 'l');
}

static inline void on_closed(void *owner)
{
    struct end *end = owner;

    note(end, 'c');
    end->closed++;
    (void)close(end->fd);
}

static const struct sw_stream_events events = {on_bytes, on_drained, on_lost, on_closed};

static inline void open_end(struct end *end)
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

static inline void close_peer(struct end *end)
{
    if (end->peer >= 0)
        (void)close(end->peer);
    end->peer = -1;
}

static inline void close_end(struct end *end)
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

static inline void hold(struct end *end)
{
    end->is_calling = true;
    sw_stream_hold(end->stream);
    end->is_calling = false;
}

static inline void release(struct end *end)
{
    end->is_calling = true;
    sw_stream_release(end->stream);
    end->is_calling = false;
}

static inline void flush(struct end *end)
{
    end->is_calling = true;
    sw_stream_flush(end->stream);
    end->is_calling = false;
}

static inline size_t out_len(struct end *end)
{
    return sw_buf_len(sw_stream_out(end->stream));
}

/* --- the other side --- */

static inline uint8_t pattern(size_t at)
{
    return (uint8_t)(at ^ (at >> 8) * 3 ^ (at >> 16) * 7);
}

/* Sends bytes [at, at + len) of the pattern, as far as the socket takes them. */
static inline size_t send_pattern(int fd, size_t at, size_t len)
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

static inline void append_pattern(struct sw_buf *buf, size_t at, size_t len)
{
    uint8_t *room = sw_buf_room(buf, len);

    assert_non_null(room);
    for (size_t i = 0; i < len; i++)
        room[i] = pattern(at + i);
    sw_buf_grown(buf, len);
}

static inline void expect_pattern(const struct sw_buf *buf, size_t len)
{
    assert_int_equal(sw_buf_len(buf), len);
    for (size_t i = 0; i < len; i++)
        if (sw_buf_bytes(buf)[i] != pattern(i))
            fail_msg("byte %zu of %zu is not the one that was sent", i, len);
}

/* Takes at most @len bytes from the peer's socket, behind those in @buf. */
static inline void receive(int fd, struct sw_buf *buf, size_t len)
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

static inline void say(struct end *end, const char *text)
{
    assert_int_equal(send(end->peer, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* What has not been read from the socket yet. */
static inline size_t unread(int fd)
{
    int len;

    assert_int_equal(ioctl(fd, FIONREAD, &len), 0);
    return (size_t)len;
}

static inline void expect(const struct sw_buf *buf, const char *text)
{
    assert_int_equal(sw_buf_len(buf), strlen(text));
    if (text[0] != '\0')
        assert_memory_equal(sw_buf_bytes(buf), text, strlen(text));
}

#endif
