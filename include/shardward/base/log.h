/*
 * log - one event, one line: `2026-01-31T12:00:00.000Z level event key=value ...` on stderr.
 *
 * Never a password, never a parameter value. Pure rooms return errors and never log.
 */
#ifndef SW_BASE_LOG_H
#define SW_BASE_LOG_H

enum sw_log_level { SW_LOG_ERROR, SW_LOG_WARNING, SW_LOG_INFO, SW_LOG_DEBUG };

/* Events above @level are dropped; SW_LOG_INFO until it is called. */
void sw_log_set_level(enum sw_log_level level);

/* @event is one word, as `client-connected`; @format gives the key=value pairs. Control
 * characters are replaced, so that an event stays on its line. Safe from any thread. */
void sw_log(enum sw_log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
