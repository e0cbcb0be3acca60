#include "shardward/base/buf.h"

#include "shardward/base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SMALLEST = 512 };

void sw_buf_init(struct sw_buf *buf, size_t limit)
{
    *buf = (struct sw_buf){.limit = limit};
}

void sw_buf_finish(struct sw_buf *buf)
{
    sw_buf_release(buf);
}

/* Move the bytes to the front when that alone makes room; otherwise grow. */
static void make_room(struct sw_buf *buf, size_t len)
{
    size_t held = sw_buf_len(buf);
    size_t size = buf->size < SMALLEST ? SMALLEST : buf->size;

    if (held + len <= buf->size / 2 || (buf->start > 0 && held + len <= buf->size)) {
        memmove(buf->memory, buf->memory + buf->start, held);
    } else {
        uint8_t *memory;

        while (size < held + len)
            size *= 2;
        memory = sw_alloc(size);
        if (held > 0)
            memcpy(memory, sw_buf_bytes(buf), held);
        free(buf->memory);
        buf->memory = memory;
        buf->size = size;
    }
    buf->start = 0;
    buf->end = held;
}

uint8_t *sw_buf_room(struct sw_buf *buf, size_t len)
{
    if (buf->is_over || len > buf->limit - sw_buf_len(buf)) {
        buf->is_over = true;
        return NULL;
    }
    if (buf->size - buf->end < len)
        make_room(buf, len);
    return buf->memory + buf->end;
}

void sw_buf_grown(struct sw_buf *buf, size_t len)
{
    buf->end += len;
}

bool sw_buf_append(struct sw_buf *buf, const void *bytes, size_t len)
{
    uint8_t *room;

    if (len == 0)
        return !buf->is_over;
    room = sw_buf_room(buf, len);
    if (room == NULL)
        return false;
    memcpy(room, bytes, len);
    buf->end += len;
    return true;
}

bool sw_buf_append_text(struct sw_buf *buf, const char *text)
{
    return sw_buf_append(buf, text, strlen(text));
}

bool sw_buf_printf(struct sw_buf *buf, const char *format, ...)
{
    va_list args, again;
    uint8_t *room = NULL;
    int len;

    va_start(args, format);
    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len >= 0)
        room = sw_buf_room(buf, (size_t)len + 1);
    if (room != NULL) {
        (void)vsnprintf((char *)room, (size_t)len + 1, format, again);
        buf->end += (size_t)len;
    }
    va_end(again);
    return room != NULL;
}

void sw_buf_take(struct sw_buf *buf, size_t len)
{
    buf->start += len;
    if (buf->start == buf->end)
        buf->start = buf->end = 0;
}

void sw_buf_cut(struct sw_buf *buf, size_t len)
{
    buf->end = buf->start + len;
}

void sw_buf_clear(struct sw_buf *buf)
{
    buf->start = buf->end = 0;
    buf->is_over = false;
}

void sw_buf_release(struct sw_buf *buf)
{
    free(buf->memory);
    buf->memory = NULL;
    buf->size = 0;
    sw_buf_clear(buf);
}
