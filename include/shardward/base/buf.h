/*
 * buf - bytes that grow at the end and are taken from the front.
 *
 * A buffer takes its limit when it is made and holds no memory while it is empty after
 * sw_buf_release(). The bytes not yet taken are [sw_buf_bytes, sw_buf_bytes + sw_buf_len).
 */
#ifndef SW_BASE_BUF_H
#define SW_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sw_buf {
    uint8_t *memory;
    size_t start, end, size;
    size_t limit; /* of the bytes held, in bytes */
    bool is_over; /* an append would have passed the limit; nothing is appended from then on */
};

void sw_buf_init(struct sw_buf *buf, size_t limit);
void sw_buf_finish(struct sw_buf *buf);

static inline const uint8_t *sw_buf_bytes(const struct sw_buf *buf)
{
    return buf->memory == NULL ? NULL : buf->memory + buf->start;
}

static inline size_t sw_buf_len(const struct sw_buf *buf)
{
    return buf->end - buf->start;
}

/* Room for @len more bytes at the end, to be filled by the caller and then counted in with
 * sw_buf_grown(); NULL beyond the limit (is_over is set then). */
uint8_t *sw_buf_room(struct sw_buf *buf, size_t len);
void sw_buf_grown(struct sw_buf *buf, size_t len);

bool sw_buf_append(struct sw_buf *buf, const void *bytes, size_t len);
bool sw_buf_append_text(struct sw_buf *buf, const char *text); /* without its zero byte */
bool sw_buf_printf(struct sw_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Take @len bytes from the front. */
void sw_buf_take(struct sw_buf *buf, size_t len);
/* Forget the last bytes, so that @len remain. */
void sw_buf_cut(struct sw_buf *buf, size_t len);
void sw_buf_clear(struct sw_buf *buf);
/* Clear, and give the memory back. */
void sw_buf_release(struct sw_buf *buf);

#endif
