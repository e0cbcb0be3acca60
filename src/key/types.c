#include "shardward/key/types.h"

#include <stddef.h>
#include <string.h>

struct type_name {
    const char *name;
    enum sw_key_type type;
};

/* The first name of a type is the one that is shown. */
static const struct type_name type_names[] = {
    {"bigint", SW_KEY_BIGINT},       {"int", SW_KEY_BIGINT},
    {"integer", SW_KEY_BIGINT},      {"smallint", SW_KEY_BIGINT},
    {"text", SW_KEY_TEXT},           {"varchar", SW_KEY_TEXT},
    {"uuid", SW_KEY_UUID},           {"date", SW_KEY_DATE},
    {"timestamp", SW_KEY_TIMESTAMP}, {"timestamptz", SW_KEY_TIMESTAMPTZ},
};

enum { TYPE_NAMES = sizeof type_names / sizeof *type_names };

enum sw_type_oid sw_type_of_elements(uint32_t oid)
{
    static const struct {
        uint32_t array;
        enum sw_type_oid element;
    } arrays[] = {
        {1005, SW_OID_INT2}, {1007, SW_OID_INT4},      {1016, SW_OID_INT8},
        {1009, SW_OID_TEXT}, {1015, SW_OID_VARCHAR},   {2951, SW_OID_UUID},
        {1182, SW_OID_DATE}, {1115, SW_OID_TIMESTAMP}, {1185, SW_OID_TIMESTAMPTZ},
    };

    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        if (arrays[i].array == oid)
            return arrays[i].element;
    return SW_OID_NONE;
}

const char *sw_key_type_name(enum sw_key_type type)
{
    int i = 0;

    while (i < TYPE_NAMES - 1 && type_names[i].type != type)
        i++;
    return type_names[i].name;
}

bool sw_key_type_of_name(const char *name, enum sw_key_type *type)
{
    for (int i = 0; i < TYPE_NAMES; i++) {
        if (strcmp(type_names[i].name, name) == 0) {
            *type = type_names[i].type;
            return true;
        }
    }
    return false;
}
