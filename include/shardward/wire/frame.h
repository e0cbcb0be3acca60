/*
 * frame - one protocol-v3 message: a type byte, a length, a body (PostgreSQL docs, "Frontend/
 * Backend Protocol: Message Formats").
 *
 * Finding a frame copies nothing and owns nothing: a frame borrows the caller's bytes.
 */
#ifndef SW_WIRE_FRAME_H
#define SW_WIRE_FRAME_H

#include <stddef.h>
#include <stdint.h>

struct sw_frame {
    uint8_t type;        /* 0 of a start-up packet */
    const uint8_t *body; /* behind the length */
    size_t body_len;
    size_t size; /* of the whole message: type byte, length, body */
};

enum sw_frame_status {
    SW_FRAME_WHOLE,  /* *frame is filled */
    SW_FRAME_HEADER, /* as above, but the body is not all here yet */
    SW_FRAME_SHORT,  /* not even the header is here */
    SW_FRAME_LONG,   /* a length above the limit; *frame is filled as far as the body goes */
    SW_FRAME_BAD,    /* a length below 4, or negative */
};

/* The message at the start of [bytes, bytes + len). @limit bounds its size in bytes. The frame
 * is untouched when the answer is SW_FRAME_SHORT or SW_FRAME_BAD. */
enum sw_frame_status sw_frame_next(const uint8_t *bytes, size_t len, size_t limit,
                                   struct sw_frame *frame);

/* The same for a packet without type byte, as clients send before the start-up is done. */
enum sw_frame_status sw_frame_next_untyped(const uint8_t *bytes, size_t len, size_t limit,
                                           struct sw_frame *frame);

/* What a cursor was asked for in vain. */
enum { SW_CURSOR_SHORT = 1, SW_CURSOR_UNENDED = 2 /* a text without its zero byte */ };

/* Reading the fields of a body. A cursor that was asked beyond the end is_bad from then on and
 * gives zeros, empty texts and NULL for bytes. */
struct sw_cursor {
    const uint8_t *at, *end;
    int is_bad; /* 0, SW_CURSOR_SHORT or SW_CURSOR_UNENDED */
};

struct sw_cursor sw_cursor_of(const struct sw_frame *frame);
uint8_t sw_cursor_byte(struct sw_cursor *cursor);
uint16_t sw_cursor_int16(struct sw_cursor *cursor);
uint32_t sw_cursor_int32(struct sw_cursor *cursor);
const char *sw_cursor_text(struct sw_cursor *cursor); /* up to and with its zero byte */
const uint8_t *sw_cursor_bytes(struct sw_cursor *cursor, size_t len);
/* Is all read, and nothing beyond the end? */
int sw_cursor_is_done(const struct sw_cursor *cursor);

#endif
