/*
 * encryption - what a client hears that asks for TLS, or does not, before its start-up packet.
 * For those who log in to a database and for those of the console.
 */
#ifndef SW_SESSION_ENCRYPTION_H
#define SW_SESSION_ENCRYPTION_H

#include "shardward/config/config.h"
#include "shardward/io/stream.h"
#include "shardward/wire/startup.h"

/* A client has connected: let TLS begin when it wants to, as @config says. A Unix-domain socket
 * has none. */
void sw_encryption_offer(struct sw_stream *stream, int fd, const struct sw_config *config);

/*
 * Take a client's packet, as far as encryption is concerned: SSLRequest or GSSENCRequest is
 * answered with S or N, and after S the stream goes on in TLS; a start-up packet is looked at.
 * @has_more: bytes have come behind the packet. False: the client is to be told FATAL, 28000 if
 * it must not go on without TLS, 08P01 for bytes behind a request, which could be those of a
 * man in the middle, 0A000 for a request inside of TLS.
 */
bool sw_encryption_take(struct sw_stream *stream, int fd, const struct sw_config *config,
                        const struct sw_startup *startup, bool has_more, struct sw_error *err);

/* Log a stream that was lost in its handshake; else do nothing. */
void sw_encryption_log_loss(const struct sw_stream *stream, const char *reason);

#endif
