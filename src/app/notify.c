#include "notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void send_text(const char *path, const char *text, size_t len)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t path_len = strlen(path);
    int fd;

    if (path_len == 0 || path_len >= sizeof address.sun_path)
        return;
    memcpy(address.sun_path, path, path_len);
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)sendto(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_len));
    (void)close(fd);
}

void sw_notify(const char *format, ...)
{
    const char *path = getenv("NOTIFY_SOCKET");
    char text[512];
    va_list args;
    int len;

    if (path == NULL)
        return;
    va_start(args, format);
    len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (len > 0)
        send_text(path, text, (size_t)len < sizeof text ? (size_t)len : sizeof text - 1);
}

void sw_notify_reloading(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    sw_notify("RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=reading the configuration",
              (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}
