/*
 * stream - the bytes of one connected socket, both ways.
 *
 * The stream watches the socket's descriptor level-triggered and borrows it: whoever opened the
 * socket closes it, in on_closed. While nothing is pending a stream holds no buffer; buffers
 * are borrowed from the loop.
 *
 * TLS lies inside of the stream: its owner says when it may begin, and reads and writes bytes
 * as before. A handshake that fails is a loss.
 *
 * No callback is called from inside a function of this page.
 */
#ifndef SW_IO_STREAM_H
#define SW_IO_STREAM_H

#include "shardward/base/buf.h"
#include "shardward/io/loop.h"
#include "shardward/io/tls.h"

struct sw_stream;

enum {
    /* Output above this many bytes: the stream is congested, producers should pause. */
    SW_STREAM_CONGESTED = 256 * 1024,
    /* A held stream stops reading after about this many bytes. */
    SW_STREAM_HELD = 64 * 1024,
};

struct sw_stream_events {
    /* Bytes have come; returns how many were dealt with. The rest is offered again, with more
     * behind it, when more comes or when the stream is released from hold. */
    size_t (*on_bytes)(void *owner, const uint8_t *bytes, size_t len);
    /* A congested stream has sent all its output. */
    void (*on_drained)(void *owner);
    /* The other side is gone, or an error: nothing more will come. The owner should close. */
    void (*on_lost)(void *owner, const char *reason);
    /* After sw_stream_close(): the descriptor is no longer watched. */
    void (*on_closed)(void *owner);
};

struct sw_stream *sw_stream_open(struct sw_loop *loop, int fd,
                                 const struct sw_stream_events *events, void *owner);
/* Stop; what was not sent is dropped. Only on_closed will be called. */
void sw_stream_close(struct sw_stream *stream);

/* Is nothing pending: all that came was dealt with, all output was sent, and the other side is
 * still there as far as the loop has heard? */
bool sw_stream_is_still(const struct sw_stream *stream);
/* Let go of the descriptor of a still stream at once, so that another loop may watch it; what a
 * borrowed TLS has read ahead goes with it. No callback follows; the stream is gone. */
void sw_stream_detach(struct sw_stream *stream);

/* Where output is appended; sent by sw_stream_flush(). */
struct sw_buf *sw_stream_out(struct sw_stream *stream);
/* Send what the socket takes now, the rest as it takes it. */
void sw_stream_flush(struct sw_stream *stream);
/* Bytes of the stream's whole life: those that were read and sent, within TLS if there is any.
 */
uint64_t sw_stream_received(const struct sw_stream *stream);
uint64_t sw_stream_sent(const struct sw_stream *stream);
bool sw_stream_is_congested(const struct sw_stream *stream);
/* Of a lost stream: was the connection reset? The other side then ended without having read
 * all that it was sent. */
bool sw_stream_was_reset(const struct sw_stream *stream);

/* Before a client's first byte: if it begins with TLS at once (PostgreSQL 17, sslnegotiation=
 * direct; ALPN must name postgresql then), it is answered by @tls, which is shared; and so it
 * is after sw_stream_start_tls(). */
void sw_stream_offer_tls(struct sw_stream *stream, struct sw_tls *tls);
bool sw_stream_offers_tls(const struct sw_stream *stream);
/* Answer what comes next as a client's handshake. TLS was offered, and all that came before has
 * been dealt with. What is in the output goes ahead, outside of TLS; what is appended from now
 * on goes after the handshake. */
void sw_stream_start_tls(struct sw_stream *stream);
/* From its opening on the stream is in TLS: @ssl is a SSL object of OpenSSL with its handshake
 * over, and borrowed. Nobody else may use it until the stream is closed or detached. */
void sw_stream_borrow_tls(struct sw_stream *stream, void *ssl);
/* What a client's handshake was made with; NULL: outside of TLS, or not over yet. */
const struct sw_tls *sw_stream_tls(const struct sw_stream *stream);
/* Has the client shown a certificate that a root of ours vouches for, of that common name? */
bool sw_stream_is_certified(const struct sw_stream *stream, const char *name);
/* Is a handshake under way, or was it when the stream was lost? */
bool sw_stream_is_shaking(const struct sw_stream *stream);
/* Version and cipher ("TLSv1.3/TLS_AES_256_GCM_SHA384"), empty outside of TLS. */
void sw_stream_describe_tls(const struct sw_stream *stream, char text[SW_TLS_PRINT]);

/* Hold: on_bytes is not called; at most about SW_STREAM_HELD bytes are read ahead. Release:
 * what was read is offered before the loop next waits. */
void sw_stream_hold(struct sw_stream *stream);
void sw_stream_release(struct sw_stream *stream);

#endif
