#include "shardward/base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void *or_die(void *memory)
{
    if (memory == NULL) {
        (void)fputs("shardward: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *sw_alloc(size_t size)
{
    return or_die(malloc(size > 0 ? size : 1));
}

void *sw_alloc_zero(size_t count, size_t size)
{
    return or_die(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *sw_realloc(void *memory, size_t size)
{
    return or_die(realloc(memory, size > 0 ? size : 1));
}

void *sw_memdup(const void *bytes, size_t size)
{
    void *copy = sw_alloc(size);

    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

char *sw_strdup(const char *text)
{
    return sw_memdup(text, strlen(text) + 1);
}

char *sw_strndup(const char *text, size_t len)
{
    char *copy = sw_alloc(len + 1);

    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *sw_format(const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    return or_die(text);
}
