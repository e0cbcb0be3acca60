/*
 * Reading: as long as nothing is left over, bytes are read into the loop's scratch and offered
 * from there; what the owner leaves is kept in `in` and offered again with what follows.
 *
 *   watching: READABLE unless lost, or held with SW_STREAM_HELD bytes in `in`
 *             WRITABLE while `out` holds bytes that the socket would not take; what its owner
 * has not flushed yet is not among them
 *
 * The poll handle is started anew only when that set changes.
 *
 * TLS may have read more from the socket than it has given out, which no poll tells: then the
 * stream reads `again` in the loop's next turn. During a handshake `out` waits, and the set is
 * what the handshake waits for.
 */
#include "shardward/io/stream.h"

#include "channel.h"
#include "internal.h"

#include "shardward/base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { TLS_HANDSHAKE = 0x16 /* the first byte of a client that begins with TLS */ };

struct sw_stream {
    struct sw_poll *poll; /* NULL: the stream is closing */
    struct sw_loop *loop;
    int fd;
    const struct sw_stream_events *events;
    void *owner;
    struct sw_buf in, out;
    struct sw_task
        later;        /* offers `in`, or tells of a loss, outside of any call of the owner */
    const char *loss; /* why nothing more will come; NULL: it may */
    bool is_loss_told, was_reset;
    bool is_held;
    bool is_closing, is_detached;
    struct sw_task gone; /* the end of a closing stream */
    bool is_blocked;     /* the socket would not take all of `out` */
    bool was_congested;
    int send_error; /* an errno: nothing can be sent; what has come may still be read */
    int watched;
    uint64_t received, sent;    /* bytes */
    struct sw_tls *offered;     /* NULL: TLS may not begin */
    struct sw_channel *channel; /* NULL: outside of TLS */
    struct sw_task again;       /* reads what TLS holds */
    bool has_begun;             /* the first byte was looked at */
};

static void on_ready(uv_poll_t *poll, int status, int events);

static bool is_shaking(const struct sw_stream *stream)
{
    return stream->channel != NULL && stream->channel->is_shaking;
}

static bool is_full(const struct sw_stream *stream)
{
    return stream->is_held && sw_buf_len(&stream->in) >= SW_STREAM_HELD;
}

static int wanted_events(const struct sw_stream *stream)
{
    bool has_output = stream->is_blocked || stream->was_congested;
    bool writes_to_read = stream->channel != NULL && stream->channel->read_wants_write;

    if (stream->loss != NULL)
        return 0;
    if (is_shaking(stream))
        return writes_to_read ? UV_WRITABLE : UV_READABLE;
    return (is_full(stream) ? 0 : UV_READABLE) |
           (has_output || writes_to_read ? UV_WRITABLE : 0);
}

static void watch(struct sw_stream *stream)
{
    int wanted = wanted_events(stream);

    if (stream->is_closing || wanted == stream->watched)
        return;
    stream->watched = wanted;
    if (wanted != 0)
        (void)uv_poll_start(&stream->poll->uv, wanted, on_ready);
    else
        (void)uv_poll_stop(&stream->poll->uv);
}

/* @error: an errno; 0 when the other side has closed. */
static void lose(struct sw_stream *stream, int error)
{
    if (stream->send_error != 0)
        error = stream->send_error;
    if (stream->loss == NULL && error == EPROTO && stream->channel != NULL)
        stream->loss = stream->channel->reason;
    if (stream->loss == NULL)
        stream->loss = error == 0 ? "closed by the other side" : strerror(error);
    stream->was_reset = stream->was_reset || error == ECONNRESET || error == EPIPE;
    sw_buf_clear(&stream->out);
    sw_task_post(stream->loop, &stream->later);
    watch(stream);
}

/* Offer [bytes, bytes + len); returns how many were dealt with. */
static size_t offer(struct sw_stream *stream, const uint8_t *bytes, size_t len)
{
    return stream->is_held ? 0 : stream->events->on_bytes(stream->owner, bytes, len);
}

static void offer_kept(struct sw_stream *stream)
{
    size_t taken = offer(stream, sw_buf_bytes(&stream->in), sw_buf_len(&stream->in));

    if (stream->is_closing)
        return;
    sw_buf_take(&stream->in, taken);
    if (sw_buf_len(&stream->in) == 0)
        sw_loop_take_back(stream->loop, &stream->in);
}

/* What TLS holds is read when others have had their turn. */
static void read_again(struct sw_stream *stream)
{
    if (stream->channel != NULL && stream->channel->has_more && stream->loss == NULL &&
        !is_full(stream))
        sw_task_put_off(stream->loop, &stream->again);
}

static void later(void *owner)
{
    struct sw_stream *stream = owner;

    if (sw_buf_len(&stream->in) > 0 && !stream->is_held)
        offer_kept(stream);
    if (stream->is_closing)
        return;
    watch(stream);
    read_again(stream);
    if (stream->loss != NULL && !stream->is_loss_told) {
        stream->is_loss_told = true;
        stream->events->on_lost(stream->owner, stream->loss);
    }
}

/* Of a connection that was closed first and reset then, recv() only tells the close. */
static int reset_behind_close(const struct sw_stream *stream)
{
    int error = 0;
    socklen_t len = sizeof error;

    return getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : 0;
}

static ssize_t receive(struct sw_stream *stream, uint8_t *room)
{
    if (stream->channel != NULL)
        return sw_channel_recv(stream->channel, room, SW_SCRATCH);
    return recv(stream->fd, room, SW_SCRATCH, 0);
}

/* A read into `in` behind what is kept there; else into the loop's scratch. */
static void on_readable(struct sw_stream *stream)
{
    bool is_kept = sw_buf_len(&stream->in) > 0;
    uint8_t *room = stream->loop->scratch;
    ssize_t len;

    if (is_kept)
        room = sw_buf_room(&stream->in, SW_SCRATCH);
    len = receive(stream, room);
    if (len < 0 && (errno == EAGAIN || errno == EINTR)) {
        watch(stream);
        return;
    }
    if (len <= 0) {
        lose(stream, len == 0 ? reset_behind_close(stream) : errno);
        return;
    }
    stream->received += (uint64_t)len;
    if (is_kept) {
        sw_buf_grown(&stream->in, (size_t)len);
        offer_kept(stream);
    } else {
        size_t taken = offer(stream, room, (size_t)len);

        if (!stream->is_closing && taken < (size_t)len) {
            sw_loop_lend(stream->loop, &stream->in);
            (void)sw_buf_append(&stream->in, room + taken, (size_t)len - taken);
        }
    }
    if (stream->is_closing)
        return;
    watch(stream);
    read_again(stream);
}

static void again(void *owner)
{
    struct sw_stream *stream = owner;

    if (stream->loss == NULL && !is_full(stream))
        on_readable(stream);
}

/* --- the beginning of TLS --- */

static void begin_tls(struct sw_stream *stream, bool is_direct)
{
    stream->has_begun = true;
    stream->channel = sw_channel_accept(stream->offered, stream->fd, is_direct);
    if (stream->channel == NULL)
        lose(stream, ENOMEM);
}

static void shake(struct sw_stream *stream)
{
    if (sw_channel_shake(stream->channel)) {
        sw_stream_flush(stream);
        read_again(stream);
    } else if (errno != EAGAIN && errno != EINTR) {
        lose(stream, errno);
    }
    watch(stream);
}

/* The first byte tells whether a client to whom TLS is offered begins with it. */
static void look(struct sw_stream *stream)
{
    uint8_t byte = 0;

    if (recv(stream->fd, &byte, 1, MSG_PEEK) < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    stream->has_begun = true;
    if (byte == TLS_HANDSHAKE)
        begin_tls(stream, true);
    else
        on_readable(stream);
}

static void on_writable(struct sw_stream *stream)
{
    sw_stream_flush(stream);
    if (stream->was_congested && sw_buf_len(&stream->out) == 0 && stream->loss == NULL) {
        stream->was_congested = false;
        watch(stream);
        stream->events->on_drained(stream->owner);
    }
}

static void carry(struct sw_stream *stream, int events)
{
    bool reads = (events & UV_READABLE) != 0 ||
                 (stream->channel != NULL && stream->channel->read_wants_write);

    if (events & UV_WRITABLE)
        on_writable(stream);
    if (!stream->is_closing && stream->loss == NULL && reads)
        on_readable(stream);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct sw_stream *stream = poll->data;

    if (stream->is_closing)
        return;
    if (status < 0) {
        /* POLLERR, for which libuv says EBADF and stops watching. recv() gives what came
         * before the error, then tells of it. */
        stream->watched = 0;
        events = UV_READABLE;
    }
    if (!stream->has_begun && stream->offered != NULL)
        look(stream);
    else if (!is_shaking(stream))
        carry(stream, events);
    if (!stream->is_closing && stream->loss == NULL && is_shaking(stream))
        shake(stream);
}

static void gone(void *owner)
{
    struct sw_stream *stream = owner;

    sw_loop_take_back(stream->loop, &stream->in);
    sw_loop_take_back(stream->loop, &stream->out);
    sw_channel_free(stream->channel);
    sw_tls_unref(stream->offered);
    if (!stream->is_detached)
        stream->events->on_closed(stream->owner);
    free(stream);
}

struct sw_stream *sw_stream_open(struct sw_loop *loop, int fd,
                                 const struct sw_stream_events *events, void *owner)
{
    struct sw_stream *stream = sw_alloc_zero(1, sizeof *stream);

    stream->loop = loop;
    stream->fd = fd;
    stream->events = events;
    stream->owner = owner;
    sw_buf_init(&stream->in, SIZE_MAX);
    sw_buf_init(&stream->out, SIZE_MAX);
    sw_task_init(&stream->later, later, stream);
    sw_task_init(&stream->again, again, stream);
    sw_task_init(&stream->gone, gone, stream);
    stream->poll = sw_poll_take(loop, fd);
    stream->poll->uv.data = stream;
    watch(stream);
    return stream;
}

void sw_stream_close(struct sw_stream *stream)
{
    if (stream->is_closing)
        return;
    stream->is_closing = true;
    sw_task_cancel(&stream->later);
    sw_task_cancel(&stream->again);
    if (stream->channel != NULL && stream->loss == NULL && sw_buf_len(&stream->out) == 0)
        sw_channel_end(stream->channel);
    sw_poll_give_back(stream->loop, stream->poll);
    stream->poll = NULL;
    sw_task_post(stream->loop, &stream->gone);
}

bool sw_stream_is_still(const struct sw_stream *stream)
{
    return !stream->is_closing && stream->loss == NULL && stream->send_error == 0 &&
           sw_buf_len(&stream->in) == 0 && sw_buf_len(&stream->out) == 0 && !is_shaking(stream);
}

void sw_stream_detach(struct sw_stream *stream)
{
    stream->is_detached = true;
    sw_stream_close(stream);
}

struct sw_buf *sw_stream_out(struct sw_stream *stream)
{
    sw_loop_lend(stream->loop, &stream->out);
    return &stream->out;
}

static ssize_t send_out(struct sw_stream *stream)
{
    const uint8_t *bytes = sw_buf_bytes(&stream->out);
    size_t len = sw_buf_len(&stream->out);

    if (stream->channel != NULL)
        return sw_channel_send(stream->channel, bytes, len);
    return send(stream->fd, bytes, len, MSG_NOSIGNAL);
}

void sw_stream_flush(struct sw_stream *stream)
{
    if (stream->is_closing || stream->loss != NULL || is_shaking(stream))
        return;
    stream->is_blocked = false;
    while (stream->send_error == 0 && sw_buf_len(&stream->out) > 0) {
        ssize_t len = send_out(stream);

        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0 && errno != EAGAIN) {
            stream->send_error = errno;
            stream->was_congested = false;
            break;
        }
        if (len < 0) {
            stream->is_blocked = true;
            break;
        }
        stream->sent += (uint64_t)len;
        sw_buf_take(&stream->out, (size_t)len);
    }
    if (stream->send_error != 0)
        sw_buf_clear(&stream->out);
    if (sw_buf_len(&stream->out) == 0)
        sw_loop_take_back(stream->loop, &stream->out);
    else if (sw_stream_is_congested(stream))
        stream->was_congested = true;
    watch(stream);
}

uint64_t sw_stream_received(const struct sw_stream *stream)
{
    return stream->received;
}

uint64_t sw_stream_sent(const struct sw_stream *stream)
{
    return stream->sent;
}

bool sw_stream_is_congested(const struct sw_stream *stream)
{
    return sw_buf_len(&stream->out) >= SW_STREAM_CONGESTED;
}

bool sw_stream_was_reset(const struct sw_stream *stream)
{
    return stream->was_reset;
}

void sw_stream_hold(struct sw_stream *stream)
{
    stream->is_held = true;
}

void sw_stream_release(struct sw_stream *stream)
{
    if (!stream->is_held)
        return;
    stream->is_held = false;
    sw_task_post(stream->loop, &stream->later);
}

/* --- TLS, for the owner --- */

void sw_stream_offer_tls(struct sw_stream *stream, struct sw_tls *tls)
{
    stream->offered = sw_tls_ref(tls);
}

bool sw_stream_offers_tls(const struct sw_stream *stream)
{
    return stream->offered != NULL;
}

void sw_stream_start_tls(struct sw_stream *stream)
{
    sw_stream_flush(stream);
    if (stream->loss == NULL && sw_buf_len(&stream->out) == 0)
        begin_tls(stream, false);
    else
        lose(stream, EPROTO); /* a client that has not read one byte */
}

void sw_stream_borrow_tls(struct sw_stream *stream, void *ssl)
{
    stream->channel = sw_channel_borrow(ssl);
    read_again(stream);
}

const struct sw_tls *sw_stream_tls(const struct sw_stream *stream)
{
    return stream->channel == NULL || is_shaking(stream) ? NULL : stream->channel->tls;
}

bool sw_stream_is_certified(const struct sw_stream *stream, const char *name)
{
    return sw_stream_tls(stream) != NULL && sw_channel_is_certified(stream->channel, name);
}

bool sw_stream_is_shaking(const struct sw_stream *stream)
{
    return is_shaking(stream);
}

void sw_stream_describe_tls(const struct sw_stream *stream, char text[SW_TLS_PRINT])
{
    text[0] = '\0';
    if (stream->channel != NULL && !is_shaking(stream))
        (void)snprintf(text, SW_TLS_PRINT, "%s/%s", SSL_get_version(stream->channel->ssl),
                       SSL_get_cipher_name(stream->channel->ssl));
}
