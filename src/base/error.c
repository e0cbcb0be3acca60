#include "shardward/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool sw_error_set(struct sw_error *err, const char *sqlstate, const char *format, ...)
{
    va_list args;

    memset(err, 0, sizeof *err);
    memcpy(err->sqlstate, sqlstate, 5);
    va_start(args, format);
    (void)vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return false;
}

void sw_error_detail(struct sw_error *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(err->detail, sizeof err->detail, format, args);
    va_end(args);
}

void sw_error_hint(struct sw_error *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(err->hint, sizeof err->hint, format, args);
    va_end(args);
}

void sw_error_trying(struct sw_error *err, const char *format, ...)
{
    char trying[sizeof err->message / 2 - 2], was[sizeof err->message / 2];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(trying, sizeof trying, format, args);
    va_end(args);
    (void)snprintf(was, sizeof was, "%.*s", (int)sizeof was - 1, err->message);
    (void)snprintf(err->message, sizeof err->message, "%s: %s", trying, was);
}

bool sw_error_is(const struct sw_error *err, const char *sqlstate)
{
    return strcmp(err->sqlstate, sqlstate) == 0;
}
