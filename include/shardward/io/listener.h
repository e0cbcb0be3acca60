/*
 * listener - a TCP port, or a Unix-domain socket, where clients knock.
 */
#ifndef SW_IO_LISTENER_H
#define SW_IO_LISTENER_H

#include "shardward/base/error.h"
#include "shardward/io/loop.h"
#include "shardward/io/mailbox.h"

struct sw_listener;

/* Who takes the clients in. */
struct sw_listener_host {
    struct sw_loop *loop;
    /* Of that loop, where another thread opens and closes the listener; NULL: its own does. */
    struct sw_mailbox *mailbox;
    /* Takes the connected socket. On the loop's thread, when what was posted to the mailbox
     * before the client knocked has been read. */
    void (*on_accept)(void *owner, int fd);
    void *owner;
};

/*
 * Listen on a numeric address: clients wait until sw_listener_start(). False-like NULL:
 * 08006-class error naming address and reason. When the process runs out of descriptors, the
 * listener rests for a moment instead of spinning.
 */
struct sw_listener *sw_listener_open(const struct sw_listener_host *host, const char *address,
                                     int port, struct sw_error *err);
/* A socket that listens there, for a library that accepts by itself: the caller's. -1: 08006.
 */
int sw_listener_socket(const char *address, int port, struct sw_error *err);
/* Listen on a Unix-domain socket of that mode. What a process that is no more has left at @path
 * is removed; 08006 if another one listens there. The path is removed at the close. */
struct sw_listener *sw_listener_open_local(const struct sw_listener_host *host,
                                           const char *path, int mode, struct sw_error *err);
/* Take clients in. Once; accepts NULL. */
void sw_listener_start(struct sw_listener *listener);
/* Another mode for a Unix-domain socket. */
void sw_listener_set_mode(struct sw_listener *listener, int mode);
/* Nobody is let in from this moment on, but for one who is being let in by another thread right
 * now: before it reads its mailbox again. Accepts NULL. */
void sw_listener_close(struct sw_listener *listener);

/* Close a connected socket so that what was sent last still arrives: bytes that were not read
 * would otherwise make the kernel reset the connection. */
void sw_socket_close(int fd);

#endif
