#include "shardward/wire/write.h"

#include "shardward/base/text.h"

#include <assert.h>
#include <string.h>

enum { OID_TEXT = 25 };

size_t sw_message_begin(struct sw_buf *buf, char type)
{
    const uint8_t head[5] = {(uint8_t)type}; /* the length comes at the end */
    size_t start = sw_buf_len(buf);

    (void)sw_buf_append(buf, head, sizeof head);
    return start;
}

static void store_int32(uint8_t *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> (24 - 8 * i));
}

void sw_message_end(struct sw_buf *buf, size_t start)
{
    size_t length = sw_buf_len(buf) - start - 1;

    if (buf->is_over) {
        /* Half a message would make the peer take the next one for its rest. */
        sw_buf_cut(buf, start);
        return;
    }
    assert(length <= INT32_MAX);
    store_int32(buf->memory + buf->start + start + 1, (uint32_t)length);
}

void sw_put_byte(struct sw_buf *buf, uint8_t value)
{
    (void)sw_buf_append(buf, &value, 1);
}

void sw_put_int16(struct sw_buf *buf, uint16_t value)
{
    const uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

    (void)sw_buf_append(buf, bytes, sizeof bytes);
}

void sw_put_int32(struct sw_buf *buf, uint32_t value)
{
    uint8_t bytes[4];

    store_int32(bytes, value);
    (void)sw_buf_append(buf, bytes, sizeof bytes);
}

void sw_put_text(struct sw_buf *buf, const char *text)
{
    (void)sw_buf_append(buf, text, strlen(text) + 1);
}

void sw_write_empty(struct sw_buf *buf, char type)
{
    sw_message_end(buf, sw_message_begin(buf, type));
}

void sw_write_auth(struct sw_buf *buf, uint32_t code, const void *data, size_t len)
{
    size_t start = sw_message_begin(buf, 'R');

    sw_put_int32(buf, code);
    (void)sw_buf_append(buf, data, len);
    sw_message_end(buf, start);
}

void sw_write_parameter_status(struct sw_buf *buf, const char *name, const char *value)
{
    size_t start = sw_message_begin(buf, 'S');

    sw_put_text(buf, name);
    sw_put_text(buf, value);
    sw_message_end(buf, start);
}

void sw_write_key_data(struct sw_buf *buf, uint32_t pid, uint32_t key)
{
    size_t start = sw_message_begin(buf, 'K');

    sw_put_int32(buf, pid);
    sw_put_int32(buf, key);
    sw_message_end(buf, start);
}

void sw_write_negotiate(struct sw_buf *buf, uint32_t version, const char *const *options,
                        int option_count)
{
    size_t start = sw_message_begin(buf, 'v');

    sw_put_int32(buf, version);
    sw_put_int32(buf, (uint32_t)option_count);
    for (int i = 0; i < option_count; i++)
        sw_put_text(buf, options[i]);
    sw_message_end(buf, start);
}

static void write_text(struct sw_buf *buf, char type, const char *text)
{
    size_t start = sw_message_begin(buf, type);

    sw_put_text(buf, text);
    sw_message_end(buf, start);
}

void sw_write_command_complete(struct sw_buf *buf, const char *tag)
{
    write_text(buf, 'C', tag);
}

void sw_write_ready(struct sw_buf *buf, char status)
{
    size_t start = sw_message_begin(buf, 'Z');

    sw_put_byte(buf, (uint8_t)status);
    sw_message_end(buf, start);
}

static void put_field(struct sw_buf *buf, char code, const char *text)
{
    sw_put_byte(buf, (uint8_t)code);
    sw_put_text(buf, text);
}

static void write_report(struct sw_buf *buf, char type, const char *severity,
                         const struct sw_error *err)
{
    size_t start = sw_message_begin(buf, type);

    put_field(buf, 'S', severity);
    put_field(buf, 'V', severity);
    put_field(buf, 'C', err->sqlstate);
    put_field(buf, 'M', err->message);
    if (err->detail[0] != '\0')
        put_field(buf, 'D', err->detail);
    if (err->hint[0] != '\0')
        put_field(buf, 'H', err->hint);
    if (err->position > 0) {
        (void)sw_buf_printf(buf, "P%d", err->position);
        sw_put_byte(buf, 0);
    }
    sw_put_byte(buf, 0);
    sw_message_end(buf, start);
}

void sw_write_error(struct sw_buf *buf, const char *severity, const struct sw_error *err)
{
    write_report(buf, 'E', severity, err);
}

void sw_write_notice(struct sw_buf *buf, const char *severity, const struct sw_error *err)
{
    write_report(buf, 'N', severity, err);
}

static void put_moved(struct sw_buf *buf, const char *text, int shift)
{
    int64_t position = 0;

    (void)sw_text_to_int64(text, strlen(text), &position);
    (void)sw_buf_printf(buf, "P%lld", (long long)position + shift);
    sw_put_byte(buf, 0);
}

void sw_write_shard_error(struct sw_buf *buf, const struct sw_frame *frame, const char *shard,
                          int shift)
{
    struct sw_cursor cursor = sw_cursor_of(frame);
    size_t start = sw_message_begin(buf, 'E');
    const char *context = NULL;
    uint8_t code;

    while ((code = sw_cursor_byte(&cursor)) != 0) {
        const char *text = sw_cursor_text(&cursor);

        if (cursor.is_bad)
            break;
        if (code == 'W')
            context = text;
        else if (code == 'P' && shift == SW_POSITION_LEFT_OUT)
            continue;
        else if (code == 'P')
            put_moved(buf, text, shift);
        else
            put_field(buf, (char)code, text);
    }
    if (shard != NULL) {
        (void)sw_buf_printf(buf, "W%s%sshard \"%s\"", context == NULL ? "" : context,
                            context == NULL ? "" : "\n", shard);
        sw_put_byte(buf, 0);
    } else if (context != NULL) {
        put_field(buf, 'W', context);
    }
    sw_put_byte(buf, 0);
    sw_message_end(buf, start);
}

void sw_write_query(struct sw_buf *buf, const char *query)
{
    write_text(buf, 'Q', query);
}

void sw_write_parse(struct sw_buf *buf, const char *name, const char *query,
                    const uint32_t *types, int type_count)
{
    size_t start = sw_message_begin(buf, 'P');

    assert(type_count >= 0 && type_count <= UINT16_MAX);
    sw_put_text(buf, name);
    sw_put_text(buf, query);
    sw_put_int16(buf, (uint16_t)type_count);
    for (int i = 0; i < type_count; i++)
        sw_put_int32(buf, types[i]);
    sw_message_end(buf, start);
}

void sw_write_bind(struct sw_buf *buf, const char *portal, const char *statement,
                   const uint8_t *tail, size_t tail_len)
{
    size_t start = sw_message_begin(buf, 'B');

    sw_put_text(buf, portal);
    sw_put_text(buf, statement);
    (void)sw_buf_append(buf, tail, tail_len);
    sw_message_end(buf, start);
}

void sw_write_target(struct sw_buf *buf, char type, char kind, const char *name)
{
    size_t start = sw_message_begin(buf, type);

    sw_put_byte(buf, (uint8_t)kind);
    sw_put_text(buf, name);
    sw_message_end(buf, start);
}

void sw_write_execute(struct sw_buf *buf, const char *portal, uint32_t max_rows)
{
    size_t start = sw_message_begin(buf, 'E');

    sw_put_text(buf, portal);
    sw_put_int32(buf, max_rows);
    sw_message_end(buf, start);
}

void sw_write_sync(struct sw_buf *buf)
{
    sw_write_empty(buf, 'S');
}

void sw_write_flush(struct sw_buf *buf)
{
    sw_write_empty(buf, 'H');
}
