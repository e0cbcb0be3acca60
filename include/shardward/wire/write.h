/*
 * write - messages appended to a buffer, in both directions.
 */
#ifndef SW_WIRE_WRITE_H
#define SW_WIRE_WRITE_H

#include "shardward/base/buf.h"
#include "shardward/base/error.h"
#include "shardward/wire/frame.h"

#include <limits.h>

/* Messages are built between begin and end: begin returns where the message starts, to be given
 * to end, which fills its length in. Inside, any sw_put_*. */
size_t sw_message_begin(struct sw_buf *buf, char type);
void sw_message_end(struct sw_buf *buf, size_t start);
void sw_put_byte(struct sw_buf *buf, uint8_t value);
void sw_put_int16(struct sw_buf *buf, uint16_t value);
void sw_put_int32(struct sw_buf *buf, uint32_t value);
void sw_put_text(struct sw_buf *buf, const char *text); /* with its zero byte */

/* To clients. */
void sw_write_empty(struct sw_buf *buf,
                    char type); /* a message without body: '1' '2' '3' 'n' 'I' ... */
void sw_write_auth(struct sw_buf *buf, uint32_t code, const void *data, size_t len); /* 'R' */
void sw_write_parameter_status(struct sw_buf *buf, const char *name, const char *value);
void sw_write_key_data(struct sw_buf *buf, uint32_t pid, uint32_t key);
void sw_write_negotiate(struct sw_buf *buf, uint32_t version, const char *const *options,
                        int option_count);
void sw_write_command_complete(struct sw_buf *buf, const char *tag);
void sw_write_ready(struct sw_buf *buf, char status); /* 'I', 'T' or 'E' */
/* ErrorResponse; @severity is "ERROR" or "FATAL", fields S V C M, D H P if set. */
void sw_write_error(struct sw_buf *buf, const char *severity, const struct sw_error *err);
void sw_write_notice(struct sw_buf *buf, const char *severity, const struct sw_error *err);
/* A server's ErrorResponse once more, field by field: its position moved by @shift, or left
 * out, and a line of context (field W) that names the shard (NULL: no such line). */
enum { SW_POSITION_LEFT_OUT = INT_MIN };
void sw_write_shard_error(struct sw_buf *buf, const struct sw_frame *frame, const char *shard,
                          int shift);

/* To servers. */
void sw_write_query(struct sw_buf *buf, const char *query);
void sw_write_parse(struct sw_buf *buf, const char *name, const char *query,
                    const uint32_t *types, int type_count);
void sw_write_bind(struct sw_buf *buf, const char *portal, const char *statement,
                   const uint8_t *tail, size_t tail_len);
void sw_write_target(struct sw_buf *buf, char type, char kind, const char *name); /* 'D' 'C' */
void sw_write_execute(struct sw_buf *buf, const char *portal, uint32_t max_rows);
void sw_write_sync(struct sw_buf *buf);
void sw_write_flush(struct sw_buf *buf);

#endif
