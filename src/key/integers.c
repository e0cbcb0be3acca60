#include "internal.h"

#include "shardward/base/text.h"

bool sw_key_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

int sw_key_shown(size_t len)
{
    return len > SW_KEY_TEXT_SHOWN ? SW_KEY_TEXT_SHOWN : (int)len;
}

static bool has_integer_syntax(const char *text, size_t len)
{
    const char *end = text + len;

    while (text < end && sw_key_is_space(*text))
        text++;
    while (text < end && sw_key_is_space(end[-1]))
        end--;
    if (text < end && (*text == '-' || *text == '+'))
        text++;
    if (text == end)
        return false;
    while (text < end && *text >= '0' && *text <= '9')
        text++;
    return text == end;
}

static const char *type_name(enum sw_type_oid oid)
{
    return oid == SW_OID_INT2 ? "smallint" : oid == SW_OID_INT4 ? "integer" : "bigint";
}

static bool is_in_range(int64_t number, enum sw_type_oid oid)
{
    if (oid == SW_OID_INT2)
        return number >= INT16_MIN && number <= INT16_MAX;
    return oid != SW_OID_INT4 || (number >= INT32_MIN && number <= INT32_MAX);
}

bool sw_key_integer_of_text(const char *text, size_t len, enum sw_type_oid oid, int64_t *number,
                            struct sw_error *err)
{
    int64_t read;

    if (!has_integer_syntax(text, len))
        return sw_error_set(err, "22P02", "invalid input syntax for type %s: \"%.*s\"",
                            type_name(oid), sw_key_shown(len), text);
    if (!sw_text_to_int64(text, len, &read) || !is_in_range(read, oid))
        return sw_error_set(err, "22003", "value \"%.*s\" is out of range for type %s",
                            sw_key_shown(len), text, type_name(oid));
    *number = read;
    return true;
}

bool sw_key_integer_fits(int64_t number, enum sw_type_oid oid, struct sw_error *err)
{
    if (is_in_range(number, oid))
        return true;
    return sw_error_set(err, "22003", "%s out of range", type_name(oid));
}
