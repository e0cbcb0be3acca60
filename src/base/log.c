#include "shardward/base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static atomic_int highest = SW_LOG_INFO;

void sw_log_set_level(enum sw_log_level level)
{
    atomic_store(&highest, (int)level);
}

static size_t write_head(char *line, size_t size, enum sw_log_level level, const char *event)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    struct timespec now;
    struct tm utc;
    size_t len;
    int more;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    len = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &utc);
    more = snprintf(line + len, size - len, ".%03ldZ %s %s ", now.tv_nsec / 1000000,
                    names[level], event);
    return len + (size_t)more;
}

void sw_log(enum sw_log_level level, const char *event, const char *format, ...)
{
    char line[2048];
    size_t head, len;
    va_list args;
    int more;

    if ((int)level > atomic_load(&highest))
        return;
    head = write_head(line, sizeof line - 1, level, event);
    va_start(args, format);
    more = vsnprintf(line + head, sizeof line - 1 - head, format, args);
    va_end(args);
    len = more < 0 ? head : head + (size_t)more;
    if (len > sizeof line - 2)
        len = sizeof line - 2;
    for (size_t i = head; i < len; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 127)
            line[i] = '?';
    line[len++] = '\n';
    /* One write per line, so that the lines of several threads do not mix. */
    if (write(STDERR_FILENO, line, len) < 0)
        return;
}
