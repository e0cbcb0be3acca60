#include "shardward/key/array.h"

#include "internal.h"

#include <string.h>
#include <strings.h>

struct reading {
    const char *at, *end;
    struct sw_arena *arena;
};

static void skip_spaces(struct reading *reading)
{
    while (reading->at < reading->end && sw_key_is_space(*reading->at))
        reading->at++;
}

static bool is_at(const struct reading *reading, char c)
{
    return reading->at < reading->end && *reading->at == c;
}

/* The closing quote; NULL: there is none. */
static const char *find_quote(const char *at, const char *end)
{
    while (at < end && *at != '"')
        at += *at == '\\' ? 2 : 1;
    return at < end ? at : NULL;
}

/* Behind the opening quote, to behind the closing one. Backslashes are taken out. */
static bool read_quoted(struct reading *reading, struct sw_key_element *element)
{
    const char *quote = find_quote(reading->at, reading->end);
    char *out;

    if (quote == NULL)
        return false;
    out = sw_arena_alloc(reading->arena, (size_t)(quote - reading->at) + 1);
    element->bytes = (const uint8_t *)out;
    for (const char *from = reading->at; from < quote; from++) {
        from += *from == '\\';
        out[element->len++] = *from;
    }
    reading->at = quote + 1;
    return true;
}

/* Up to a comma or brace. What would need quotes is refused. */
static bool read_word(struct reading *reading, struct sw_key_element *element)
{
    const char *first = reading->at, *last = first;

    for (; reading->at < reading->end && *reading->at != ',' && *reading->at != '}';
         reading->at++) {
        if (*reading->at == '"' || *reading->at == '\\' || *reading->at == '{')
            return false;
        if (!sw_key_is_space(*reading->at))
            last = reading->at + 1;
    }
    element->len = (size_t)(last - first);
    if (element->len != 4 || strncasecmp(first, "NULL", 4) != 0)
        element->bytes = (const uint8_t *)sw_arena_text(reading->arena, first, element->len);
    return element->len > 0;
}

static bool read_element(struct reading *reading, struct sw_key_element *element)
{
    skip_spaces(reading);
    if (is_at(reading, '"')) {
        reading->at++;
        if (!read_quoted(reading, element))
            return false;
    } else if (!read_word(reading, element)) {
        return false;
    }
    skip_spaces(reading);
    return true;
}

static size_t most_elements(const char *text, size_t len)
{
    size_t commas = 0;

    for (size_t i = 0; i < len; i++)
        commas += text[i] == ',';
    return commas + 1;
}

bool sw_key_array_of_text(const char *text, size_t len, struct sw_arena *arena,
                          struct sw_key_array *array)
{
    struct reading reading = {.at = text, .end = text + len, .arena = arena};
    struct sw_key_element *elements =
        sw_arena_alloc(arena, most_elements(text, len) * sizeof *elements);

    *array = (struct sw_key_array){.elements = elements};
    skip_spaces(&reading);
    if (!is_at(&reading, '{'))
        return false;
    reading.at++;
    skip_spaces(&reading);
    while (!is_at(&reading, '}') || array->count > 0) {
        if (!read_element(&reading, &elements[array->count++]))
            return false;
        if (is_at(&reading, '}'))
            break;
        if (!is_at(&reading, ','))
            return false;
        reading.at++;
    }
    reading.at++;
    skip_spaces(&reading);
    return reading.at == reading.end;
}

static uint32_t take_word(const uint8_t **at)
{
    const uint8_t *bytes = *at;

    *at += 4;
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
           bytes[3];
}

static bool take_elements(const uint8_t *at, const uint8_t *end,
                          struct sw_key_element *elements, int count)
{
    for (int i = 0; i < count; i++) {
        uint32_t len;

        if (end - at < 4)
            return false;
        len = take_word(&at);
        if (len == UINT32_MAX)
            continue;
        if (len > (size_t)(end - at))
            return false;
        elements[i] = (struct sw_key_element){at, len};
        at += len;
    }
    return at == end;
}

bool sw_key_array_of_binary(const uint8_t *bytes, size_t len, struct sw_arena *arena,
                            struct sw_key_array *array)
{
    enum { HEADER = 12, DIMENSION = 8 };
    const uint8_t *at = bytes, *end = bytes + len;
    struct sw_key_element *elements;
    uint32_t dimensions, count;

    if (len < HEADER)
        return false;
    dimensions = take_word(&at);
    (void)take_word(&at); /* whether there are NULLs */
    *array = (struct sw_key_array){.type = take_word(&at)};
    if (dimensions == 0)
        return at == end;
    if (dimensions != 1 || end - at < DIMENSION)
        return false;
    count = take_word(&at);
    (void)take_word(&at); /* the lower bound */
    if (count > (size_t)(end - at) / 4)
        return false;
    elements = sw_arena_alloc(arena, (size_t)count * sizeof *elements);
    array->elements = elements;
    array->count = (int)count;
    return take_elements(at, end, elements, array->count);
}
