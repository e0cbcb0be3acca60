/*
 * local - sockets of the Unix domain: who is at the other end.
 */
#ifndef SW_IO_LOCAL_H
#define SW_IO_LOCAL_H

#include <stdbool.h>
#include <sys/types.h>

/* Bytes of a socket's path, without its zero byte: what the kernel takes. */
enum { SW_LOCAL_PATH = 107 };

/* Is it of the Unix domain? */
bool sw_socket_is_local(int fd);
/* The user whose process has connected, as the kernel saw it. False: it is no local socket. */
bool sw_socket_peer(int fd, uid_t *user);

#endif
