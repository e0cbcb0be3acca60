/*
 * Numbers and column lists put into INSERT: the first two bytes of the input say what, the rest
 * is the text. What comes out is refused, or SQL that without what was put in is the text.
 */
#include "shardward/base/text.h"
#include "shardward/parse/parse.h"
#include "shardward/plan/splice.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 2, MOST_ROWS = 3 };

static const char *skip_characters(const char *at, int count)
{
    for (; count > 0; count--) {
        if (*at == '\0')
            abort();
        at++;
        while (((unsigned char)*at & 0xc0) == 0x80)
            at++;
    }
    return at;
}

/* Both texts go on alike for so many characters. */
static void compare(const char **text, const char **spliced, int count)
{
    const char *end = skip_characters(*text, count);

    if (strncmp(*text, *spliced, (size_t)(end - *text)) != 0)
        abort();
    *spliced += end - *text;
    *text = end;
}

static void check(const char *text, const char *spliced, const struct sw_splice *splice)
{
    struct sw_error err;
    struct sw_script *script = sw_parse(spliced, &err);
    int at = 0;

    if (script == NULL || script->count != 1)
        abort();
    sw_script_unref(script);
    for (int i = 0; i < splice->count; i++) {
        const struct sw_splice_piece *piece = &splice->pieces[i];

        if (piece->at < at || piece->removed < 0 || piece->added < 0)
            abort();
        compare(&text, &spliced, piece->at - at);
        text = skip_characters(text, piece->removed);
        spliced = skip_characters(spliced, piece->added);
        at = piece->at + piece->removed;
    }
    if (strcmp(text, spliced) != 0)
        abort();
}

static void splice(const char *text, uint8_t what, uint8_t where)
{
    static const int64_t ids[MOST_ROWS] = {7, 8, -9};
    const struct sw_fill fill = {
        .column = "id", .at = where % 4 - 1, .count = what % MOST_ROWS + 1};
    const bool fills = what & 0x10;
    const struct sw_insertion insertion = {.columns = what & 0x20 ? "\"a\", \"id\"" : NULL,
                                           .level = where >> 6,
                                           .fills = &fill,
                                           .fill_count = fills,
                                           .id_count = fills ? fill.count : 0,
                                           .overrides = what & 0x40};
    const struct sw_splice_values values = {.ids = what & 0x80 ? NULL : ids,
                                            .first_parameter = 3};
    struct sw_splice pieces = {0};
    struct sw_error err = {0};
    char *spliced = sw_splice(text, &insertion, &values, &pieces, &err);

    if (spliced == NULL && strlen(err.sqlstate) != 5)
        abort();
    if (spliced != NULL && sw_text_is_utf8(text))
        check(text, spliced, &pieces);
    free(spliced);
    sw_splice_clear(&pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;

    if (size < HEAD)
        return 0;
    text = calloc(1, size - HEAD + 1);
    if (text == NULL)
        abort();
    memcpy(text, data + HEAD, size - HEAD);
    if (data[0] & 0x30) /* it has columns or fills */
        splice(text, data[0], data[1]);
    free(text);
    return 0;
}
