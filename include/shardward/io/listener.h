/*
 * listener - a TCP port where clients knock.
 */
#ifndef SW_IO_LISTENER_H
#define SW_IO_LISTENER_H

#include "shardward/base/error.h"
#include "shardward/io/loop.h"

struct sw_listener;

/*
 * Listen on a numeric address. on_accept takes the connected socket. False-like NULL:
 * 08006-class error naming address and reason. When the process runs out of descriptors, the
 * listener rests for a moment instead of spinning.
 */
struct sw_listener *sw_listener_open(struct sw_loop *loop, const char *address, int port,
                                     void (*on_accept)(void *owner, int fd), void *owner,
                                     struct sw_error *err);
void sw_listener_close(struct sw_listener *listener); /* accepts NULL */

/* Close a connected socket so that what was sent last still arrives: bytes that were not read
 * would otherwise make the kernel reset the connection. */
void sw_socket_close(int fd);

#endif
