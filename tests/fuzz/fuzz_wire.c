/* Frames and the bodies in them: the input is a run of messages; every reader sees every body,
 * whatever its type says. */
#include "shardward/base/buf.h"
#include "shardward/wire/request.h"
#include "shardward/wire/response.h"
#include "shardward/wire/write.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 1 << 16 };

/* Written to where the sanitizers see it. */
static volatile size_t sum;

static void add_bytes(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        sum += bytes[i];
}

static void write_again(const struct sw_wire_bind *bind, const struct sw_frame *frame)
{
    struct sw_buf buf;

    sw_buf_init(&buf, 2 * LIMIT);
    sw_write_bind(&buf, bind->portal, bind->statement, bind->tail, bind->tail_len);
    if (sw_buf_len(&buf) != frame->body_len + 5 ||
        memcmp(sw_buf_bytes(&buf) + 5, frame->body, frame->body_len) != 0)
        abort();
    sw_buf_finish(&buf);
}

static void read_bind(const struct sw_frame *frame)
{
    struct sw_wire_bind bind;
    struct sw_wire_value value;
    struct sw_error err;
    const uint8_t *at;
    int index = 0;

    if (!sw_wire_read_bind(frame, &bind, &err))
        return;
    at = bind.values;
    while (sw_wire_bind_next(&bind, &at, &index, &value))
        add_bytes(value.bytes, value.len);
    if (index != bind.value_count)
        abort();
    sum += sw_wire_wants_any_binary(&bind);
    for (int i = 0; i < 4; i++)
        sum += sw_wire_wants_binary(&bind, i);
    write_again(&bind, frame);
}

static void read_requests(const struct sw_frame *frame)
{
    struct sw_wire_parse parse;
    struct sw_error err;
    const char *text;
    uint32_t max_rows;
    char kind;

    read_bind(frame);
    if (sw_wire_read_query(frame, &text, &err))
        sum += strlen(text);
    if (sw_wire_read_target(frame, &kind, &text, &err))
        sum += strlen(text);
    if (sw_wire_read_execute(frame, &text, &max_rows, &err))
        sum += strlen(text);
    if (sw_wire_read_parse(frame, &parse, &err))
        for (int i = 0; i < parse.type_count; i++)
            sum += sw_wire_parse_type(&parse, i);
}

static void write_error(const struct sw_error *err)
{
    struct sw_buf buf;
    struct sw_frame frame;
    struct sw_error again;

    sw_buf_init(&buf, LIMIT);
    sw_write_error(&buf, "ERROR", err);
    if (sw_frame_next(sw_buf_bytes(&buf), sw_buf_len(&buf), LIMIT, &frame) != SW_FRAME_WHOLE)
        abort();
    sw_wire_read_error(&frame, &again, NULL);
    if (memcmp(err, &again, sizeof again) != 0)
        abort();
    sw_buf_finish(&buf);
}

/* A server's error, as the client hears it. */
static void pass_error(const struct sw_frame *frame)
{
    struct sw_buf buf;
    struct sw_frame passed;

    sw_buf_init(&buf, 2 * LIMIT);
    sw_write_shard_error(&buf, frame, "s", -1);
    if (sw_frame_next(sw_buf_bytes(&buf), sw_buf_len(&buf), 2 * LIMIT, &passed) !=
        SW_FRAME_WHOLE)
        abort();
    sw_buf_finish(&buf);
}

static void read_responses(const struct sw_frame *frame)
{
    const char *name, *setting;
    const uint8_t *bytes;
    struct sw_error err;
    bool is_fatal;
    size_t len;
    int count;

    sw_wire_read_error(frame, &err, &is_fatal);
    write_error(&err);
    pass_error(frame);
    sum += (size_t)sw_wire_rows_of_tag(frame);
    if (sw_wire_read_parameter_status(frame, &name, &setting))
        sum += strlen(name) + strlen(setting);
    for (int i = 0; i < 4; i++)
        if (sw_wire_read_column(frame, i, &bytes, &len))
            add_bytes(bytes, len);
    if (sw_wire_read_parameter_types(frame, &count, &bytes))
        add_bytes(bytes, (size_t)count * 4);
    sum += (size_t)sw_wire_read_columns(frame, NULL, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_frame frame;

    while (sw_frame_next(data, size, LIMIT, &frame) == SW_FRAME_WHOLE) {
        read_requests(&frame);
        read_responses(&frame);
        data += frame.size;
        size -= frame.size;
    }
    return 0;
}
