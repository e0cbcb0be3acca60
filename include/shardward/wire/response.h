/*
 * response - the bodies of the messages that a server sends.
 */
#ifndef SW_WIRE_RESPONSE_H
#define SW_WIRE_RESPONSE_H

#include "shardward/base/error.h"
#include "shardward/base/oidmap.h"
#include "shardward/wire/frame.h"

/* Read an ErrorResponse or NoticeResponse. A missing SQLSTATE becomes XX000. @is_fatal tells a
 * severity (field V, else S) of FATAL or PANIC; may be NULL. */
void sw_wire_read_error(const struct sw_frame *frame, struct sw_error *err, bool *is_fatal);
/* Was it said by this function of the server's (field R)? That is never translated. */
bool sw_wire_is_said_by(const struct sw_frame *frame, const char *routine);
/* Name and value borrow the frame. */
bool sw_wire_read_parameter_status(const struct sw_frame *frame, const char **name,
                                   const char **value);
/* Column @index (from 0) of a DataRow: borrowed bytes and length; *bytes NULL of NULL. False
 * when there is no such column. */
bool sw_wire_read_column(const struct sw_frame *frame, int index, const uint8_t **bytes,
                         size_t *len);
/* CommandComplete: how many rows its tag says; 0 if it says nothing. */
uint64_t sw_wire_rows_of_tag(const struct sw_frame *frame);
/* ParameterDescription: how many, and the OID of each. False of a broken body. */
bool sw_wire_read_parameter_types(const struct sw_frame *frame, int *count,
                                  const uint8_t **types);
/* RowDescription: how many columns, and of the first @most each. -1: broken. */
struct sw_wire_column {
    uint32_t type;
    bool is_binary;
};

int sw_wire_read_columns(const struct sw_frame *frame, struct sw_wire_column *columns,
                         int most);

/* Rename the types in a RowDescription (T) or ParameterDescription (t), as a shard calls them,
 * to what the catalog database calls them. @message is the whole message, which the caller may
 * change. False of a broken one. */
bool sw_wire_translate_types(uint8_t *message, const struct sw_frame *frame,
                             const struct sw_oid_map *types);

#endif
