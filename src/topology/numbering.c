#include "shardward/key/types.h"
#include "shardward/topology/schema.h"

#include <string.h>

/* Is @text nothing but @before, a literal and @after? */
static bool wraps_literal(const char *text, const char *before, const char *after)
{
    const char *at = text + strlen(before), *end = text + strlen(text) - strlen(after);

    if (strncmp(text, before, strlen(before)) != 0 || end < at || strcmp(end, after) != 0)
        return false;
    for (; at < end; at++) {
        if (*at == '\\' || (*at == '\'' && at[1] != '\''))
            return false;
        at += *at == '\'';
    }
    return at == end;
}

static bool is_integer(const struct sw_schema_column *column)
{
    return column->type_oid == SW_OID_INT2 || column->type_oid == SW_OID_INT4 ||
           column->type_oid == SW_OID_INT8;
}

static bool calls(const struct sw_schema_column *column, const char *function)
{
    return column->default_text != NULL && strstr(column->default_text, function) != NULL;
}

/* nextval() by a text is no dependency that the catalog would tell of. */
enum sw_numbering sw_schema_numbering(const struct sw_schema_column *column)
{
    const char *text = column->default_text;

    if (column->is_generated ||
        (column->default_sequence == NULL && column->identity == '\0' &&
         !calls(column, "nextval(") && !calls(column, "shardward.next_id(")))
        return SW_NUMBERING_NONE;
    if (!is_integer(column))
        return SW_NUMBERING_ODD;
    if (column->identity != '\0')
        return SW_NUMBERING_IDENTITY;
    if (wraps_literal(text, "shardward.next_id('", "'::text)"))
        return SW_NUMBERING_NEXT_ID;
    return wraps_literal(text, "nextval('", "'::regclass)") ? SW_NUMBERING_NEXTVAL
                                                            : SW_NUMBERING_ODD;
}
