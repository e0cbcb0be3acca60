#include "canonical.h"

#include "shardward/base/text.h"

#include <inttypes.h>

enum { UUID_LEN = 16, SHOWN = 200 };

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool has_integer_syntax(const char *text, size_t len)
{
    const char *end = text + len;

    while (text < end && is_space(*text))
        text++;
    while (text < end && is_space(end[-1]))
        end--;
    if (text < end && (*text == '-' || *text == '+'))
        text++;
    if (text == end)
        return false;
    while (text < end && *text >= '0' && *text <= '9')
        text++;
    return text == end;
}

static const char *type_name(enum sw_type_oid type)
{
    return type == SW_OID_INT2 ? "smallint" : type == SW_OID_INT4 ? "integer" : "bigint";
}

static bool is_in_range(int64_t value, enum sw_type_oid type)
{
    if (type == SW_OID_INT2)
        return value >= INT16_MIN && value <= INT16_MAX;
    return type != SW_OID_INT4 || (value >= INT32_MIN && value <= INT32_MAX);
}

static int shown(size_t len)
{
    return len > SHOWN ? SHOWN : (int)len;
}

bool sw_integer_of_text(const char *text, size_t len, enum sw_type_oid type, int64_t *value,
                        struct sw_error *err)
{
    int64_t number;

    if (!has_integer_syntax(text, len))
        return sw_error_set(err, "22P02", "invalid input syntax for type %s: \"%.*s\"",
                            type_name(type), shown(len), text);
    if (!sw_text_to_int64(text, len, &number) || !is_in_range(number, type))
        return sw_error_set(err, "22003", "value \"%.*s\" is out of range for type %s",
                            shown(len), text, type_name(type));
    *value = number;
    return true;
}

bool sw_integer_fits(int64_t value, enum sw_type_oid type, struct sw_error *err)
{
    if (is_in_range(value, type))
        return true;
    return sw_error_set(err, "22003", "%s out of range", type_name(type));
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The rules of string_to_uuid() in PostgreSQL's uuid.c. Returns what follows the digits, or
 * NULL. */
static const char *read_groups(const char *text, const char *end, uint8_t *bytes)
{
    for (int i = 0; i < UUID_LEN; i++) {
        int high, low;

        if (end - text < 2)
            return NULL;
        high = hex_digit(text[0]);
        low = hex_digit(text[1]);
        if (high < 0 || low < 0)
            return NULL;
        bytes[i] = (uint8_t)(high << 4 | low);
        text += 2;
        if (text < end && *text == '-' && i % 2 == 1 && i < UUID_LEN - 1)
            text++;
    }
    return text;
}

bool sw_uuid_of_text(const char *text, size_t len, struct sw_canonical *canonical,
                     struct sw_error *err)
{
    const char *end = text + len, *at = text;
    bool has_brace = len > 0 && *text == '{';

    at = read_groups(has_brace ? at + 1 : at, end, canonical->own);
    if (at != NULL && has_brace)
        at = at < end && *at == '}' ? at + 1 : NULL;
    if (at != end)
        return sw_error_set(err, "22P02", "invalid input syntax for type uuid: \"%.*s\"",
                            shown(len), text);
    sw_canonical_borrow(canonical, canonical->own, UUID_LEN);
    return true;
}
