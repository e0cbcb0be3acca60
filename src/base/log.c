#include "shardward/base/log.h"

#include <unistd.h>

static atomic_int highest = SW_LOG_INFO;
static atomic_int format_is = SW_LOG_TEXT;
static atomic_bool is_verbose;

void sw_log_configure(enum sw_log_level level, enum sw_log_format format)
{
    atomic_store(&highest, (int)level);
    atomic_store(&format_is, (int)format);
}

void sw_log_be_verbose(void)
{
    atomic_store(&is_verbose, true);
}

static bool is_on(enum sw_log_level level)
{
    return (int)level <= atomic_load(&highest) || atomic_load(&is_verbose);
}

static void put_line(enum sw_log_level level, const char *event, int suppressed,
                     const char *format, va_list args)
{
    char line[SW_LOG_LINE];
    struct timespec now;
    size_t len;

    clock_gettime(CLOCK_REALTIME, &now);
    len = sw_log_line(line, (enum sw_log_format)atomic_load(&format_is), &now, level, event,
                      suppressed, format, args);
    /* One write per line, so that the lines of several threads do not mix. */
    if (write(STDERR_FILENO, line, len) < 0)
        return;
}

void sw_log(enum sw_log_level level, const char *event, const char *format, ...)
{
    va_list args;

    if (!is_on(level))
        return;
    va_start(args, format);
    put_line(level, event, 0, format, args);
    va_end(args);
}

bool sw_log_limit_passes(struct sw_log_limit *limit, long long second, int *suppressed)
{
    if (atomic_exchange(&limit->second, second) != second)
        atomic_store(&limit->passed, 0);
    if (atomic_fetch_add(&limit->passed, 1) >= SW_LOG_BURST) {
        atomic_fetch_add(&limit->suppressed, 1);
        return false;
    }
    *suppressed = atomic_exchange(&limit->suppressed, 0);
    return true;
}

void sw_log_limited(struct sw_log_limit *limit, enum sw_log_level level, const char *event,
                    const char *format, ...)
{
    struct timespec now;
    int suppressed;
    va_list args;

    if (!is_on(level))
        return;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (!sw_log_limit_passes(limit, (long long)now.tv_sec, &suppressed))
        return;
    va_start(args, format);
    put_line(level, event, suppressed, format, args);
    va_end(args);
}
