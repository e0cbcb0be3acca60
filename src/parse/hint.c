#include "shardward/parse/hint.h"

#include <string.h>

static const char blanks[] = " \t\n\r\f\v";

/* The end of the comment (which may hold others) that begins at @at; NULL: it has none. */
static const char *end_of_block(const char *at)
{
    int depth = 0;

    while (*at != '\0') {
        if (at[0] == '/' && at[1] == '*') {
            depth++;
            at += 2;
        } else if (at[0] == '*' && at[1] == '/') {
            at += 2;
            if (--depth == 0)
                return at;
        } else {
            at++;
        }
    }
    return NULL;
}

/* The hint in the comment text [at, end); NULL: it is another comment. */
static const char *read(const char *at, const char *end, size_t *len)
{
    static const char mark[] = "shardward:";

    while (at < end && strchr(blanks, *at) != NULL)
        at++;
    if ((size_t)(end - at) < sizeof mark - 1 || memcmp(at, mark, sizeof mark - 1) != 0)
        return NULL;
    at += sizeof mark - 1;
    while (at < end && strchr(blanks, *at) != NULL)
        at++;
    while (end > at && strchr(blanks, end[-1]) != NULL)
        end--;
    *len = (size_t)(end - at);
    return at;
}

const char *sw_hint_find(const char *text, size_t *len)
{
    const char *hint = NULL;

    while (hint == NULL) {
        const char *start, *end;

        text += strspn(text, blanks);
        start = text + 2;
        if (text[0] == '/' && text[1] == '*') {
            text = end_of_block(text);
            end = text == NULL ? NULL : text - 2;
        } else if (text[0] == '-' && text[1] == '-') {
            text = end = start + strcspn(start, "\n\r");
        } else {
            return NULL;
        }
        if (text == NULL)
            return NULL;
        hint = read(start, end, len);
    }
    return hint;
}
