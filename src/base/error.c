#include "shardward/base/error.h"

#include "shardward/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { CHARACTER_MOST = 4 };

/* What goes to a client or into the log is UTF-8, whatever was quoted in it: a byte that is
 * none becomes '?', and the rest of a character that was cut is left out. */
static void mend(char *text, bool was_cut)
{
    size_t len = strlen(text), at = sw_text_utf8_len(text, len);

    while (at < len) {
        bool is_end = was_cut && len - at < CHARACTER_MOST && (unsigned char)text[at] >= 0xc0;

        text[at] = is_end ? '\0' : '?';
        len = is_end ? at : len;
        at += sw_text_utf8_len(text + at, len - at);
    }
}

static void print(char *out, size_t size, const char *format, va_list args)
{
    int whole = vsnprintf(out, size, format, args);

    mend(out, whole >= 0 && (size_t)whole >= size);
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
    mend(err->message, true);
}

bool sw_error_is(const struct sw_error *err, const char *sqlstate)
{
    return strcmp(err->sqlstate, sqlstate) == 0;
}
