/* Texts without their values, for the log: the input is SQL, or nearly so. The form that is cut
 * to fit is the beginning of the whole one, and of characters comes no half. */
#include "shardward/base/text.h"
#include "shardward/parse/normal.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t room = 8 * size + 16, cut = size > 0 ? data[0] % 64 + (size_t)1 : 1, len, cut_len;
    char *sql = calloc(1, size + 1), *whole = malloc(room), *part = malloc(cut);

    if (sql == NULL || whole == NULL || part == NULL)
        abort();
    if (size > 0)
        memcpy(sql, data, size);
    len = sw_sql_normal(sql, whole, room);
    cut_len = sw_sql_normal(sql, part, cut);
    if (strlen(whole) != len || strlen(part) != cut_len || cut_len >= cut ||
        strncmp(whole, part, cut_len) != 0)
        abort();
    if (sw_text_is_utf8(sql) && (!sw_text_is_utf8(whole) || !sw_text_is_utf8(part)))
        abort();
    free(part);
    free(whole);
    free(sql);
    return 0;
}
