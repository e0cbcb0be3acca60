#include "shardward/base/text.h"

#include "shardward/base/mem.h"

#include <stdlib.h>
#include <string.h>

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool sw_text_to_int64(const char *text, size_t len, int64_t *value)
{
    const char *end = text + len;
    bool is_negative = false;
    uint64_t most, sum = 0;

    while (text < end && is_space(*text))
        text++;
    while (end > text && is_space(end[-1]))
        end--;
    if (text < end && (*text == '-' || *text == '+'))
        is_negative = *text++ == '-';
    if (text == end)
        return false;
    most = is_negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    for (; text < end; text++) {
        uint64_t digit = (uint64_t)(unsigned char)*text - '0';

        if (digit > 9 || sum > (most - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    *value = is_negative ? (int64_t)(0 - sum) : (int64_t)sum;
    return true;
}

bool sw_text_lower(const char *text, char *out, size_t size)
{
    size_t len = strlen(text);

    if (len >= size)
        return false;
    for (size_t i = 0; i <= len; i++) {
        bool is_upper = text[i] >= 'A' && text[i] <= 'Z';

        out[i] = (char)(is_upper ? text[i] + 'a' - 'A' : text[i]);
    }
    return true;
}

size_t sw_utf8_character(const unsigned char *at, size_t len)
{
    size_t size = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;

    if (size == 0 || size > len || at[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return size;
}

size_t sw_text_utf8_len(const char *text, size_t len)
{
    const uint64_t high_bits = UINT64_C(0x8080808080808080);
    size_t at = 0, step = 1;

    while (at < len && step > 0) {
        uint64_t eight;

        while (len - at >= sizeof eight) {
            memcpy(&eight, text + at, sizeof eight);
            if ((eight & high_bits) != 0)
                break;
            at += sizeof eight;
        }
        step = at < len ? sw_utf8_character((const unsigned char *)text + at, len - at) : 0;
        at += step;
    }
    return at;
}

int sw_text_characters(const char *text, size_t len)
{
    int count = 0;

    for (size_t i = 0; i < len; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

bool sw_text_is_utf8(const char *text)
{
    size_t len = strlen(text);

    return sw_text_utf8_len(text, len) == len;
}

static int compare(const void *key, const void *row)
{
    return strcmp(key, *(const char *const *)row);
}

bool sw_text_is_one_of(const char *text, const char *const *sorted, size_t count)
{
    return bsearch(text, sorted, count, sizeof *sorted, compare) != NULL;
}

char *sw_text_literal(const char *text)
{
    size_t len = strlen(text);
    char *quoted = sw_alloc(2 * len + 5), *to = quoted;
    bool has_backslash = strchr(text, '\\') != NULL;

    if (has_backslash) {
        *to++ = ' ';
        *to++ = 'E';
    }
    *to++ = '\'';
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            *to++ = *text;
        *to++ = *text;
    }
    *to++ = '\'';
    *to = '\0';
    return quoted;
}
