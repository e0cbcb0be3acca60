#include "shardward/wire/response.h"

#include "shardward/base/text.h"

#include <limits.h>
#include <string.h>

enum { SQLSTATE_LEN = 5, OID_LEN = 4 };

/* The fields of an error that we keep; NULL: not sent. */
struct fields {
    const char *severity, *plain_severity, *sqlstate, *message, *detail, *hint, *position,
        *routine;
};

static void keep_field(struct fields *fields, uint8_t code, const char *text)
{
    switch (code) {
    case 'S':
        fields->severity = text;
        break;
    case 'V':
        fields->plain_severity = text;
        break;
    case 'C':
        fields->sqlstate = text;
        break;
    case 'M':
        fields->message = text;
        break;
    case 'D':
        fields->detail = text;
        break;
    case 'H':
        fields->hint = text;
        break;
    case 'P':
        fields->position = text;
        break;
    case 'R':
        fields->routine = text;
        break;
    default: /* sent by a newer server */
        break;
    }
}

static struct fields read_fields(const struct sw_frame *frame)
{
    struct sw_cursor cursor = sw_cursor_of(frame);
    struct fields fields = {0};
    uint8_t code;

    while ((code = sw_cursor_byte(&cursor)) != 0) {
        const char *text = sw_cursor_text(&cursor);

        if (!cursor.is_bad)
            keep_field(&fields, code, text);
    }
    return fields;
}

static bool is_sqlstate(const char *text)
{
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    return text != NULL && strlen(text) == SQLSTATE_LEN &&
           strspn(text, letters) == SQLSTATE_LEN;
}

static int position_of(const char *text)
{
    int64_t position;

    if (text == NULL || !sw_text_to_int64(text, strlen(text), &position))
        return 0;
    return position < 0 || position > INT_MAX ? 0 : (int)position;
}

void sw_wire_read_error(const struct sw_frame *frame, struct sw_error *err, bool *is_fatal)
{
    struct fields fields = read_fields(frame);
    const char *severity = fields.plain_severity ? fields.plain_severity : fields.severity;

    (void)sw_error_set(err, is_sqlstate(fields.sqlstate) ? fields.sqlstate : "XX000", "%s",
                       fields.message ? fields.message : "");
    if (fields.detail != NULL)
        sw_error_detail(err, "%s", fields.detail);
    if (fields.hint != NULL)
        sw_error_hint(err, "%s", fields.hint);
    err->position = position_of(fields.position);
    if (is_fatal != NULL)
        *is_fatal = severity != NULL &&
                    (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
}

bool sw_wire_is_said_by(const struct sw_frame *frame, const char *routine)
{
    struct fields fields = read_fields(frame);

    return fields.routine != NULL && strcmp(fields.routine, routine) == 0;
}

bool sw_wire_read_parameter_status(const struct sw_frame *frame, const char **name,
                                   const char **value)
{
    struct sw_cursor cursor = sw_cursor_of(frame);
    const char *key = sw_cursor_text(&cursor);
    const char *text = sw_cursor_text(&cursor);

    if (!sw_cursor_is_done(&cursor))
        return false;
    *name = key;
    *value = text;
    return true;
}

bool sw_wire_read_column(const struct sw_frame *frame, int index, const uint8_t **bytes,
                         size_t *len)
{
    struct sw_cursor cursor = sw_cursor_of(frame);
    int count = sw_cursor_int16(&cursor);
    const uint8_t *value = NULL;
    uint32_t value_len = 0;

    if (index < 0 || index >= count)
        return false;
    for (int i = 0; i <= index; i++) {
        value_len = sw_cursor_int32(&cursor);
        value = value_len == UINT32_MAX ? NULL : sw_cursor_bytes(&cursor, value_len);
        if (cursor.is_bad)
            return false;
    }
    *bytes = value;
    *len = value_len == UINT32_MAX ? 0 : value_len;
    return true;
}

bool sw_wire_read_parameter_types(const struct sw_frame *frame, int *count,
                                  const uint8_t **types)
{
    struct sw_cursor cursor = sw_cursor_of(frame);
    int type_count = sw_cursor_int16(&cursor);
    const uint8_t *bytes = sw_cursor_bytes(&cursor, (size_t)type_count * OID_LEN);

    if (!sw_cursor_is_done(&cursor))
        return false;
    *count = type_count;
    *types = bytes;
    return true;
}

/* Of a column: its name, table oid and number; then its type's oid, length, modifier and format
 * (PostgreSQL docs, "Message Formats"). */
enum { NUMBER_LEN = 2, SIZES_LEN = 2 + 4, BEHIND_TYPE = SIZES_LEN + 2 };

int sw_wire_read_columns(const struct sw_frame *frame, struct sw_wire_column *columns, int most)
{
    struct sw_cursor cursor = sw_cursor_of(frame);
    int count = sw_cursor_int16(&cursor);

    for (int i = 0; i < count && !cursor.is_bad; i++) {
        struct sw_wire_column column;

        (void)sw_cursor_text(&cursor);
        (void)sw_cursor_bytes(&cursor, OID_LEN + NUMBER_LEN);
        column.type = sw_cursor_int32(&cursor);
        (void)sw_cursor_bytes(&cursor, SIZES_LEN);
        column.is_binary = sw_cursor_int16(&cursor) == 1;
        if (i < most)
            columns[i] = column;
    }
    return sw_cursor_is_done(&cursor) ? count : -1;
}

static void translate_at(uint8_t *message, const struct sw_frame *frame, const uint8_t *oid,
                         const struct sw_oid_map *types)
{
    uint8_t *at = message + (frame->size - frame->body_len) + (oid - frame->body);
    uint32_t there = sw_oid_of_catalog(types, (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
                                                  (uint32_t)at[2] << 8 | at[3]);

    at[0] = (uint8_t)(there >> 24);
    at[1] = (uint8_t)(there >> 16);
    at[2] = (uint8_t)(there >> 8);
    at[3] = (uint8_t)there;
}

bool sw_wire_translate_types(uint8_t *message, const struct sw_frame *frame,
                             const struct sw_oid_map *types)
{
    struct sw_cursor cursor = sw_cursor_of(frame);
    int count = sw_cursor_int16(&cursor);

    for (int i = 0; i < count; i++) {
        const uint8_t *oid, *table = NULL;

        if (frame->type == 'T') {
            (void)sw_cursor_text(&cursor);
            table = sw_cursor_bytes(&cursor, OID_LEN);
            (void)sw_cursor_bytes(&cursor, NUMBER_LEN);
        }
        oid = sw_cursor_bytes(&cursor, OID_LEN);
        if (frame->type == 'T')
            (void)sw_cursor_bytes(&cursor, BEHIND_TYPE);
        if (cursor.is_bad)
            return false;
        translate_at(message, frame, oid, types);
        if (table != NULL && types->tables != NULL)
            translate_at(message, frame, table, types->tables);
    }
    return sw_cursor_is_done(&cursor) != 0;
}

uint64_t sw_wire_rows_of_tag(const struct sw_frame *frame)
{
    const uint8_t *at = frame->body + frame->body_len;
    uint64_t rows = 0, power = 1;

    if (frame->body_len == 0 || *--at != '\0')
        return 0;
    while (at > frame->body && at[-1] >= '0' && at[-1] <= '9' && power < UINT64_MAX / 100) {
        rows += (uint64_t)(*--at - '0') * power;
        power *= 10;
    }
    return at > frame->body && at[-1] == ' ' ? rows : 0;
}
