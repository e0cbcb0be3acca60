#include "shardward/base/lsn.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void sw_lsn_print(uint64_t lsn, char text[SW_LSN_TEXT])
{
    (void)snprintf(text, SW_LSN_TEXT, "%" PRIX32 "/%" PRIX32, (uint32_t)(lsn >> 32),
                   (uint32_t)lsn);
}

/* One to eight hexadecimal digits; returns where they end, or NULL. */
static const char *read_half(const char *at, const char *end, uint32_t *half)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    const char *start = at;
    uint32_t sum = 0;

    for (; at < end; at++) {
        const char *digit = *at == '\0' ? NULL : strchr(digits, *at);
        int value = digit == NULL ? -1 : (int)(digit - digits);

        if (value < 0)
            break;
        sum = sum << 4 | (uint32_t)(value < 16 ? value : value - 6);
    }
    *half = sum;
    return at == start || at - start > 8 ? NULL : at;
}

bool sw_lsn_read(const char *text, size_t len, uint64_t *lsn)
{
    const char *end = text + len, *at;
    uint32_t high, low;

    at = read_half(text, end, &high);
    if (at == NULL || at == end || *at != '/')
        return false;
    at = read_half(at + 1, end, &low);
    if (at != end)
        return false;
    *lsn = (uint64_t)high << 32 | low;
    return true;
}
