/*
 * request - the bodies of the messages that a logged-in client sends.
 *
 * Everything read borrows the frame's bytes. A false result sets 08P01, as PostgreSQL does for
 * "invalid message format", or 22021 for names and queries that are no UTF-8.
 */
#ifndef SW_WIRE_REQUEST_H
#define SW_WIRE_REQUEST_H

#include "shardward/base/error.h"
#include "shardward/wire/frame.h"

struct sw_wire_parse {
    const char *name, *query;
    int type_count;       /* parameter types that the client declared */
    const uint8_t *types; /* OIDs of 4 bytes, network order: sw_wire_parse_type() */
};

struct sw_wire_bind {
    const char *portal, *statement;
    int format_count;
    const uint8_t *formats;
    int value_count;
    const uint8_t *values; /* each a 4-byte length (-1: NULL) and its bytes; all checked */
    int result_count;
    const uint8_t *results; /* formats of the result's columns: sw_wire_wants_binary() */
    const uint8_t *tail;    /* all of the body behind the two names, to be sent on as it is */
    size_t tail_len;
};

struct sw_wire_value {
    const uint8_t *bytes; /* NULL: NULL */
    size_t len;
    bool is_binary;
};

bool sw_wire_read_query(const struct sw_frame *frame, const char **query, struct sw_error *err);
bool sw_wire_read_parse(const struct sw_frame *frame, struct sw_wire_parse *parse,
                        struct sw_error *err);
uint32_t sw_wire_parse_type(const struct sw_wire_parse *parse, int index);
bool sw_wire_read_bind(const struct sw_frame *frame, struct sw_wire_bind *bind,
                       struct sw_error *err);
/* A tail that was read before; the names are NULL. False if it is none after all. */
bool sw_wire_read_bind_tail(const uint8_t *tail, size_t len, struct sw_wire_bind *bind);
/* Does it ask for binary values in column @index (from 0), if there are so many? In any? */
bool sw_wire_wants_binary(const struct sw_wire_bind *bind, int index);
bool sw_wire_wants_any_binary(const struct sw_wire_bind *bind);
/* The values of a Bind one after the other: start with *at = bind->values, *index = 0. False
 * when there is none left. */
bool sw_wire_bind_next(const struct sw_wire_bind *bind, const uint8_t **at, int *index,
                       struct sw_wire_value *value);
/* Describe and Close: @kind is 'S' (statement) or 'P' (portal). */
bool sw_wire_read_target(const struct sw_frame *frame, char *kind, const char **name,
                         struct sw_error *err);
bool sw_wire_read_execute(const struct sw_frame *frame, const char **portal, uint32_t *max_rows,
                          struct sw_error *err);

#endif
