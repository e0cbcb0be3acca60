/*
 * channel - the TLS of one stream: bytes in, bytes out, over the stream's own descriptor.
 *
 * It works in the way of recv() and send() on a descriptor that does not block. What it has
 * read ahead no poll can see: `has_more` says that there may be some.
 */
#ifndef SW_IO_CHANNEL_H
#define SW_IO_CHANNEL_H

#include "shardward/io/tls.h"

#include "internal.h"

#include <openssl/ssl.h>
#include <sys/types.h>

struct sw_channel {
    SSL *ssl;
    struct sw_tls *tls; /* NULL: the SSL object is borrowed */
    bool is_shaking;    /* hands */
    bool is_direct;     /* the client began with TLS: a protocol must have been chosen */
    bool is_broken;     /* nothing more may be asked of it */
    int failure;        /* of a broken one: errno, 0 of an end */
    bool has_more;
    bool read_wants_write;
    const char *reason; /* of an EPROTO */
};

/* The server's side of a handshake begins; NULL: out of memory. */
struct sw_channel *sw_channel_accept(struct sw_tls *tls, int fd, bool is_direct);
/* @ssl: an SSL whose handshake is over; borrowed, with what it has read ahead. */
struct sw_channel *sw_channel_borrow(void *ssl);
void sw_channel_free(struct sw_channel *channel); /* accepts NULL */

/* Go on with the handshake; false: errno is EAGAIN, EPROTO or what the socket said. */
bool sw_channel_shake(struct sw_channel *channel);
/* As recv() and send(), and EPROTO for broken TLS. A send that gave EAGAIN is to be tried again
 * with the same bytes, and perhaps more behind them. */
ssize_t sw_channel_recv(struct sw_channel *channel, uint8_t *bytes, size_t len);
ssize_t sw_channel_send(struct sw_channel *channel, const uint8_t *bytes, size_t len);
/* As sw_stream_is_certified(). */
bool sw_channel_is_certified(const struct sw_channel *channel, const char *name);
/* Tell the other side that nothing more will come, if that can be said now. */
void sw_channel_end(struct sw_channel *channel);

#endif
