/*
 * rows_of - rows written as text: "1,a 2,- 3," are three rows of two columns.
 *
 * A field that begins with a digit, or with `-` and a digit, is an int4 in binary, `-` alone is
 * NULL, all else its own bytes.
 */
#ifndef TEST_ROWS_OF_H
#define TEST_ROWS_OF_H

#include "shardward/wire/write.h"

#include <stdlib.h>
#include <string.h>

static inline void put_field(struct sw_buf *buf, const char *text, size_t len)
{
    if (len == 1 && text[0] == '-') {
        sw_put_int32(buf, UINT32_MAX);
    } else if (len > 0 && ((text[0] >= '0' && text[0] <= '9') || text[0] == '-')) {
        sw_put_int32(buf, 4);
        sw_put_int32(buf, (uint32_t)strtol(text, NULL, 10));
    } else {
        sw_put_int32(buf, (uint32_t)len);
        (void)sw_buf_append(buf, text, len);
    }
}

static inline void put_rows(struct sw_buf *buf, const char *text)
{
    while (*text != '\0') {
        const size_t row_len = strcspn(text, " ");
        const size_t start = sw_message_begin(buf, 'D');
        const char *end = text + row_len;
        uint16_t count = 1;

        for (const char *at = text; at < end; at++)
            count += *at == ',';
        sw_put_int16(buf, count);
        for (; count > 0; count--) {
            const size_t len = strcspn(text, ", ");

            put_field(buf, text, len);
            text += len + (count > 1);
        }
        sw_message_end(buf, start);
        text += *text == ' ';
    }
}

#endif
