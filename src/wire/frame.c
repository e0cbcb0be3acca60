#include "shardward/wire/frame.h"

#include <string.h>

static uint16_t get_int16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static uint32_t get_int32(const uint8_t *bytes)
{
    return (uint32_t)get_int16(bytes) << 16 | get_int16(bytes + 2);
}

static enum sw_frame_status find(const uint8_t *bytes, size_t len, size_t limit,
                                 size_t type_len, struct sw_frame *frame)
{
    const size_t header_len = type_len + 4;
    uint32_t length;

    if (len < header_len)
        return SW_FRAME_SHORT;
    length = get_int32(bytes + type_len);
    /* The length is a signed number on the wire. */
    if (length < 4 || length > INT32_MAX)
        return SW_FRAME_BAD;
    *frame = (struct sw_frame){.type = type_len > 0 ? bytes[0] : 0,
                               .body = bytes + header_len,
                               .body_len = length - 4,
                               .size = type_len + length};
    if (frame->size > limit)
        return SW_FRAME_LONG;
    return len < frame->size ? SW_FRAME_HEADER : SW_FRAME_WHOLE;
}

enum sw_frame_status sw_frame_next(const uint8_t *bytes, size_t len, size_t limit,
                                   struct sw_frame *frame)
{
    return find(bytes, len, limit, 1, frame);
}

enum sw_frame_status sw_frame_next_untyped(const uint8_t *bytes, size_t len, size_t limit,
                                           struct sw_frame *frame)
{
    return find(bytes, len, limit, 0, frame);
}

struct sw_cursor sw_cursor_of(const struct sw_frame *frame)
{
    return (struct sw_cursor){.at = frame->body, .end = frame->body + frame->body_len};
}

static size_t left(const struct sw_cursor *cursor)
{
    return (size_t)(cursor->end - cursor->at);
}

const uint8_t *sw_cursor_bytes(struct sw_cursor *cursor, size_t len)
{
    const uint8_t *bytes = cursor->at;

    if (!cursor->is_bad && len > left(cursor))
        cursor->is_bad = SW_CURSOR_SHORT;
    if (cursor->is_bad)
        return NULL;
    cursor->at += len;
    return bytes;
}

uint8_t sw_cursor_byte(struct sw_cursor *cursor)
{
    const uint8_t *bytes = sw_cursor_bytes(cursor, 1);

    return bytes == NULL ? 0 : bytes[0];
}

uint16_t sw_cursor_int16(struct sw_cursor *cursor)
{
    const uint8_t *bytes = sw_cursor_bytes(cursor, 2);

    return bytes == NULL ? 0 : get_int16(bytes);
}

uint32_t sw_cursor_int32(struct sw_cursor *cursor)
{
    const uint8_t *bytes = sw_cursor_bytes(cursor, 4);

    return bytes == NULL ? 0 : get_int32(bytes);
}

const char *sw_cursor_text(struct sw_cursor *cursor)
{
    const char *text = (const char *)cursor->at;
    const uint8_t *zero = NULL;

    if (!cursor->is_bad && left(cursor) > 0)
        zero = memchr(cursor->at, 0, left(cursor));
    if (!cursor->is_bad && zero == NULL)
        cursor->is_bad = SW_CURSOR_UNENDED;
    if (cursor->is_bad)
        return "";
    cursor->at = zero + 1;
    return text;
}

int sw_cursor_is_done(const struct sw_cursor *cursor)
{
    return !cursor->is_bad && cursor->at == cursor->end;
}
