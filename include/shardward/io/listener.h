/*
 * listener - a TCP port, or a Unix-domain socket, where clients knock.
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
/* Listen on a Unix-domain socket of that mode. What a process that is no more has left at @path
 * is removed; 08006 if another one listens there. The path is removed at the close. */
struct sw_listener *sw_listener_open_local(struct sw_loop *loop, const char *path, int mode,
                                           void (*on_accept)(void *owner, int fd), void *owner,
                                           struct sw_error *err);
/* Another mode for a Unix-domain socket. */
void sw_listener_set_mode(struct sw_listener *listener, int mode);
void sw_listener_close(struct sw_listener *listener); /* accepts NULL */

/* Close a connected socket so that what was sent last still arrives: bytes that were not read
 * would otherwise make the kernel reset the connection. */
void sw_socket_close(int fd);

#endif
