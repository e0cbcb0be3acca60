#include "internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { UUID_LEN = 16, MOST_PLAIN = 40 };

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

static bool uuid_of_text(const char *text, size_t len, struct sw_key_value *value,
                         struct sw_error *err)
{
    const char *end = text + len, *at = text;
    bool has_brace = len > 0 && *text == '{';

    *value = (struct sw_key_value){.type = SW_KEY_UUID, .len = UUID_LEN};
    at = read_groups(has_brace ? at + 1 : at, end, value->own);
    if (at != NULL && has_brace)
        at = at < end && *at == '}' ? at + 1 : NULL;
    if (at == end)
        return true;
    return sw_error_set(err, "22P02", "invalid input syntax for type uuid: \"%.*s\"",
                        sw_key_shown(len), text);
}

static void of_text(const char *text, size_t len, struct sw_key_value *value)
{
    *value = (struct sw_key_value){.type = SW_KEY_TEXT, .text = text, .len = len};
}

bool sw_key_value_of_text(enum sw_key_type type, const char *text, size_t len, bool is_utc,
                          struct sw_key_value *value, struct sw_error *err)
{
    int64_t number = 0;

    switch (type) {
    case SW_KEY_TEXT:
        of_text(text, len, value);
        return true;
    case SW_KEY_UUID:
        return uuid_of_text(text, len, value, err);
    case SW_KEY_BIGINT:
        if (!sw_key_integer_of_text(text, len, SW_OID_INT8, &number, err))
            return false;
        break;
    case SW_KEY_DATE:
    case SW_KEY_TIMESTAMP:
    case SW_KEY_TIMESTAMPTZ:
        if (!sw_key_moment_of_text(type, text, len, is_utc, &number, err))
            return false;
        break;
    }
    sw_key_value_of_number(type, number, value);
    return true;
}

/* Big-endian, as int2send, int4send and int8send write it. */
static int64_t integer_of_bytes(const uint8_t *bytes, size_t len)
{
    uint64_t sum = bytes[0] >= 0x80 ? UINT64_MAX : 0;

    for (size_t i = 0; i < len; i++)
        sum = sum << 8 | bytes[i];
    return (int64_t)sum;
}

static size_t binary_len(enum sw_key_type type, size_t len)
{
    switch (type) {
    case SW_KEY_BIGINT:
        return len == 2 || len == 4 ? len : 8;
    case SW_KEY_TEXT:
        return len;
    case SW_KEY_UUID:
        return UUID_LEN;
    case SW_KEY_DATE:
        return 4;
    case SW_KEY_TIMESTAMP:
    case SW_KEY_TIMESTAMPTZ:
        return 8;
    }
    return 0;
}

bool sw_key_value_of_binary(enum sw_key_type type, const uint8_t *bytes, size_t len,
                            struct sw_key_value *value, size_t *expected, struct sw_error *err)
{
    int64_t number;

    *expected = binary_len(type, len);
    if (len != *expected)
        return false;
    *expected = 0;
    if (type == SW_KEY_TEXT) {
        of_text((const char *)bytes, len, value);
        return true;
    }
    if (type == SW_KEY_UUID) {
        *value = (struct sw_key_value){.type = type, .len = UUID_LEN};
        memcpy(value->own, bytes, UUID_LEN);
        return true;
    }
    number = integer_of_bytes(bytes, len);
    if (type != SW_KEY_BIGINT && !sw_key_moment_is_valid(type, number, err))
        return false;
    sw_key_value_of_number(type, number, value);
    return true;
}

void sw_key_value_of_number(enum sw_key_type type, int64_t number, struct sw_key_value *value)
{
    *value = (struct sw_key_value){.type = type, .number = number};
}

void sw_key_value_of_digits(int64_t number, struct sw_key_value *value)
{
    *value = (struct sw_key_value){.type = SW_KEY_TEXT};
    value->len = (size_t)snprintf((char *)value->own, sizeof value->own, "%" PRId64, number);
}

const char *sw_key_value_bytes(const struct sw_key_value *value)
{
    return value->text != NULL ? value->text : (const char *)value->own;
}

static void put_little_endian(uint64_t number, size_t len, uint8_t *out)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(number >> (8 * i));
}

/* The canonical bytes: in the value itself, or in @scratch. */
static const void *canonical(const struct sw_key_value *value, uint8_t scratch[8], size_t *len)
{
    if (value->type == SW_KEY_TEXT || value->type == SW_KEY_UUID) {
        *len = value->len;
        return sw_key_value_bytes(value);
    }
    *len = value->type == SW_KEY_DATE ? 4 : 8;
    put_little_endian((uint64_t)value->number, *len, scratch);
    return scratch;
}

uint64_t sw_key_hash(const struct sw_key_value *parts, int count)
{
    uint8_t scratch[8], prefix[4];
    XXH3_state_t state;
    const void *bytes;
    size_t len;

    if (count == 1) {
        bytes = canonical(parts, scratch, &len);
        return XXH3_64bits(bytes, len);
    }
    (void)XXH3_64bits_reset(&state);
    for (int i = 0; i < count; i++) {
        bytes = canonical(&parts[i], scratch, &len);
        put_little_endian(len, sizeof prefix, prefix);
        (void)XXH3_64bits_update(&state, prefix, sizeof prefix);
        (void)XXH3_64bits_update(&state, bytes, len);
    }
    return XXH3_64bits_digest(&state);
}

int sw_key_value_compare(const struct sw_key_value *a, const struct sw_key_value *b)
{
    size_t common = a->len < b->len ? a->len : b->len;
    int order;

    if (a->type != SW_KEY_TEXT && a->type != SW_KEY_UUID)
        return (a->number > b->number) - (a->number < b->number);
    order = common == 0 ? 0 : memcmp(sw_key_value_bytes(a), sw_key_value_bytes(b), common);
    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

bool sw_key_value_equals(const struct sw_key_value *a, const struct sw_key_value *b)
{
    return sw_key_value_compare(a, b) == 0;
}

static void print_uuid(const uint8_t *bytes, char out[SW_KEY_SHOWN])
{
    static const char digits[] = "0123456789abcdef";
    char *at = out;

    for (int i = 0; i < UUID_LEN; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        *at++ = digits[bytes[i] >> 4];
        *at++ = digits[bytes[i] & 15];
    }
    *at = '\0';
}

static bool is_plain(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] < ' ' || text[i] > '~')
            return false;
    return len <= MOST_PLAIN;
}

void sw_key_value_print(const struct sw_key_value *value, char out[SW_KEY_SHOWN])
{
    const char *text = sw_key_value_bytes(value);

    switch (value->type) {
    case SW_KEY_BIGINT:
        (void)snprintf(out, SW_KEY_SHOWN, "%" PRId64, value->number);
        break;
    case SW_KEY_TEXT:
        if (is_plain(text, value->len))
            (void)snprintf(out, SW_KEY_SHOWN, "%.*s", (int)value->len, text);
        else
            (void)snprintf(out, SW_KEY_SHOWN, "...");
        break;
    case SW_KEY_UUID:
        print_uuid(value->own, out);
        break;
    case SW_KEY_DATE:
    case SW_KEY_TIMESTAMP:
    case SW_KEY_TIMESTAMPTZ:
        sw_key_moment_print(value->type, value->number, out);
        break;
    }
}
