/* SQL: the input is a query string. */
#include "shardward/parse/parse.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_script *script;
    struct sw_error err = {0};
    char *sql = calloc(1, size + 1);

    if (sql == NULL)
        abort();
    if (size > 0)
        memcpy(sql, data, size);
    script = sw_parse(sql, &err);
    if (script == NULL && (strlen(err.sqlstate) != 5 || err.message[0] == '\0'))
        abort();
    free(sql);
    if (script != NULL)
        sw_script_unref(script);
    return 0;
}
