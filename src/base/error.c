#include "shardward/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A text that does not fit is cut, but never inside a character of UTF-8. */
static void print(char *out, size_t size, const char *format, va_list args)
{
    int whole = vsnprintf(out, size, format, args);
    size_t len = size - 1, lead = len;

    if (whole < 0 || (size_t)whole < size)
        return;
    while (lead > 0 && ((unsigned char)out[lead - 1] & 0xc0) == 0x80)
        lead--;
    if (lead > 0) {
        unsigned char first = (unsigned char)out[lead - 1];
        size_t wanted = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;

        if (len - (lead - 1) < wanted)
            out[lead - 1] = '\0';
    }
}

bool sw_error_set(struct sw_error *err, const char *sqlstate, const char *format, ...)
{
    va_list args;

    memset(err, 0, sizeof *err);
    memcpy(err->sqlstate, sqlstate, 5);
    va_start(args, format);
    print(err->message, sizeof err->message, format, args);
    va_end(args);
    return false;
}

void sw_error_detail(struct sw_error *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print(err->detail, sizeof err->detail, format, args);
    va_end(args);
}

void sw_error_hint(struct sw_error *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print(err->hint, sizeof err->hint, format, args);
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
