#include "shardward/io/local.h"

#include "local.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

bool sw_socket_is_local(int fd)
{
    int domain = 0;
    socklen_t len = sizeof domain;

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX;
}

bool sw_socket_peer(int fd, uid_t *user)
{
    struct ucred peer;
    socklen_t len = sizeof peer;

    if (!sw_socket_is_local(fd) || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 ||
        len != sizeof peer)
        return false;
    *user = peer.uid;
    return true;
}

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, path, strlen(path));
    return address;
}

/* What a process that was killed has left behind is in the way. */
static bool clear(const char *path, struct sw_error *err)
{
    const struct sockaddr_un address = address_of(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct stat facts;
    bool is_refused;

    if (fd < 0)
        return sw_error_set(err, "08006", "cannot listen on %s: %s", path, strerror(errno));
    is_refused = connect(fd, (const struct sockaddr *)&address, sizeof address) < 0 &&
                 (errno == ECONNREFUSED || errno == ENOENT);
    (void)close(fd);
    if (lstat(path, &facts) != 0)
        return true;
    if (!S_ISSOCK(facts.st_mode))
        return sw_error_set(err, "08006", "cannot listen on %s: it is there, and no socket",
                            path);
    if (!is_refused)
        return sw_error_set(err, "08006", "cannot listen on %s: another process does", path);
    if (unlink(path) == 0)
        return true;
    return sw_error_set(err, "08006", "cannot remove %s of a process that is no more: %s", path,
                        strerror(errno));
}

/* The mode is there before the path: nobody comes through in between. */
static bool bind_with_mode(int fd, const char *path, mode_t mode)
{
    const struct sockaddr_un address = address_of(path);

    return fchmod(fd, mode) == 0 &&
           bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
           chmod(path, mode) == 0 && listen(fd, BACKLOG) == 0;
}

int sw_local_listen(const char *path, mode_t mode, struct stat *identity, struct sw_error *err)
{
    int fd;

    if (strlen(path) > SW_LOCAL_PATH) {
        sw_error_set(err, "08006",
                     "cannot listen on %.150s: a socket's path has %d bytes at "
                     "the most",
                     path, SW_LOCAL_PATH);
        return -1;
    }
    if (!clear(path, err))
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind_with_mode(fd, path, mode) && lstat(path, identity) == 0)
        return fd;
    sw_error_set(err, "08006", "cannot listen on %s: %s", path, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

void sw_local_remove(const char *path, const struct stat *identity)
{
    struct stat facts;

    if (lstat(path, &facts) == 0 && facts.st_dev == identity->st_dev &&
        facts.st_ino == identity->st_ino)
        (void)unlink(path);
}
