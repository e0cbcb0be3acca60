/*
 * log - one event, one line on stderr, whatever the values hold:
 *
 *   2026-01-31T12:00:00.000Z info client-ready client=7 user="order app"
 *   {"time":"2026-01-31T12:00:00.000Z","level":"info","event":"client-ready","client":7,...}
 *
 * stderr belongs to whoever started the process: under systemd it is the journal, else a file
 * that the starter opened. The process never opens, rotates or reopens a log file.
 *
 * Never a password, never a parameter value. Pure rooms return errors and never log.
 */
#ifndef SW_BASE_LOG_H
#define SW_BASE_LOG_H

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

enum sw_log_level { SW_LOG_ERROR, SW_LOG_WARNING, SW_LOG_INFO, SW_LOG_DEBUG };
enum sw_log_format { SW_LOG_TEXT, SW_LOG_JSON };

/* Bytes of a line with its line end: what a pipe takes in one piece (PIPE_BUF on Linux). A
 * longer event is cut; its line stays well-formed. */
enum { SW_LOG_LINE = 4096 };

/* Events above @level are dropped. SW_LOG_INFO and SW_LOG_TEXT until it is called; from any
 * thread. */
void sw_log_configure(enum sw_log_level level, enum sw_log_format format);
/* From now on debug events are logged too, whatever is configured: the command line's -v. */
void sw_log_be_verbose(void);

/*
 * @event is one word, as `client-connected`. @format is a list of `key=value` or `key="value"`,
 * parted by spaces, whose values are made by the conversions of printf: d i u x c s f g e p
 * with flags, width, precision (`*` only as %.*s) and the lengths h hh l ll z j. A key without
 * value is a flag. A value that is one integer conversion is a number in JSON, any other one a
 * string. Lines of several threads do not mix.
 */
void sw_log(enum sw_log_level level, const char *event, const char *format, ...)
    __attribute__((cold, format(printf, 3, 4)));

/* Where something can be repeated in a flood: at most SW_LOG_BURST lines a second pass, and the
 * next one that passes says `suppressed=N`. Static at the place that logs, all zero at first.
 */
struct sw_log_limit {
    atomic_llong second; /* of the burst at hand, of a monotonic clock */
    atomic_int passed;   /* in it */
    atomic_int suppressed;
};

enum { SW_LOG_BURST = 10 };

void sw_log_limited(struct sw_log_limit *limit, enum sw_log_level level, const char *event,
                    const char *format, ...) __attribute__((cold, format(printf, 4, 5)));

/* May a line pass at @second? *suppressed: how many did not since the last one that did. */
bool sw_log_limit_passes(struct sw_log_limit *limit, long long second, int *suppressed);

/* Write a line with its line end to @out (SW_LOG_LINE bytes); returns its length. */
size_t sw_log_line(char *out, enum sw_log_format as, const struct timespec *now,
                   enum sw_log_level level, const char *event, int suppressed,
                   const char *format, va_list args);

#endif
