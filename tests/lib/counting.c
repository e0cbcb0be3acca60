/*
 * counting - a library to be preloaded: it counts what a program asks of the heap and of its
 * sockets, in a file that the test reads ($COUNTING_FILE, see steady() in test_steady.py).
 *
 * Built with -DSOCKETS_ONLY it leaves the heap to sanitizers.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAP, RECV, SEND, EPOLL_CTL, COUNTS };

static _Atomic uint64_t nowhere[COUNTS], *counts = nowhere;

__attribute__((constructor)) static void open_file(void)
{
    const char *path = getenv("COUNTING_FILE");
    int fd = path == NULL ? -1 : open(path, O_RDWR);
    void *shared = MAP_FAILED;

    if (fd >= 0)
        shared = mmap(NULL, sizeof nowhere, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    if (shared != MAP_FAILED)
        counts = shared;
}

#ifndef SOCKETS_ONLY
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

void *malloc(size_t size)
{
    counts[HEAP]++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    counts[HEAP]++;
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    counts[HEAP]++;
    return __libc_realloc(memory, size);
}
#endif

ssize_t recv(int fd, void *bytes, size_t len, int flags)
{
    static ssize_t (*next)(int, void *, size_t, int);

    if (next == NULL)
        *(void **)&next = dlsym(RTLD_NEXT, "recv");
    counts[RECV]++;
    return next(fd, bytes, len, flags);
}

ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
    static ssize_t (*next)(int, const void *, size_t, int);

    if (next == NULL)
        *(void **)&next = dlsym(RTLD_NEXT, "send");
    counts[SEND]++;
    return next(fd, bytes, len, flags);
}

/* OpenSSL's own way to a socket. */
static int is_socket(int fd)
{
    int type;
    socklen_t len = sizeof type;

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0;
}

ssize_t read(int fd, void *bytes, size_t len)
{
    static ssize_t (*next)(int, void *, size_t);

    if (next == NULL)
        *(void **)&next = dlsym(RTLD_NEXT, "read");
    if (is_socket(fd))
        counts[RECV]++;
    return next(fd, bytes, len);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    static ssize_t (*next)(int, const void *, size_t);

    if (next == NULL)
        *(void **)&next = dlsym(RTLD_NEXT, "write");
    if (is_socket(fd))
        counts[SEND]++;
    return next(fd, bytes, len);
}

int epoll_ctl(int epoll, int what, int fd, struct epoll_event *event)
{
    static int (*next)(int, int, int, struct epoll_event *);

    if (next == NULL)
        *(void **)&next = dlsym(RTLD_NEXT, "epoll_ctl");
    counts[EPOLL_CTL]++;
    return next(epoll, what, fd, event);
}
