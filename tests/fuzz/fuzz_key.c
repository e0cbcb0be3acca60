/*
 * Values of keys and arrays of them: the first byte of the input says the type and the form,
 * the rest is the value. However a value has arrived, what is printed of it reads as the same
 * value, and so leads to the same shard.
 */
#include "shardward/key/array.h"
#include "shardward/key/value.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TYPES = SW_KEY_TIMESTAMPTZ + 1, TEXT = 0, BINARY, TEXT_ARRAY, BINARY_ARRAY, FORMS };

/* Written to where the sanitizers see it. */
static volatile size_t sum;

static void check(const struct sw_key_value *value)
{
    struct sw_key_value again;
    char shown[SW_KEY_SHOWN];
    struct sw_error err;

    sw_key_value_print(value, shown);
    if (sw_key_value_compare(value, value) != 0 || strlen(shown) >= sizeof shown)
        abort();
    sum += (size_t)sw_key_hash(value, 1);
    if (value->type == SW_KEY_TEXT)
        return; /* long ones are left out */
    if (!sw_key_value_of_text(value->type, shown, strlen(shown), true, &again, &err)) {
        if (!sw_error_is(&err, "0A000")) /* as of a year before Christ */
            abort();
    } else if (!sw_key_value_equals(value, &again) ||
               sw_key_hash(value, 1) != sw_key_hash(&again, 1)) {
        abort();
    }
}

static void read_text(enum sw_key_type type, const char *text, size_t len)
{
    struct sw_key_value value;
    struct sw_error err;

    for (int is_utc = 0; is_utc < 2; is_utc++) {
        if (sw_key_value_of_text(type, text, len, is_utc != 0, &value, &err))
            check(&value);
        else if (strlen(err.sqlstate) != 5 || err.message[0] == '\0')
            abort();
    }
}

static void read_binary(enum sw_key_type type, const uint8_t *bytes, size_t len)
{
    struct sw_key_value value;
    struct sw_error err;
    size_t expected;

    if (sw_key_value_of_binary(type, bytes, len, &value, &expected, &err))
        check(&value);
    else if (expected == len)
        abort();
}

static void read_array(enum sw_key_type type, const uint8_t *bytes, size_t len, bool is_binary)
{
    struct sw_key_array array;
    struct sw_arena arena;

    sw_arena_init(&arena);
    if (is_binary ? sw_key_array_of_binary(bytes, len, &arena, &array)
                  : sw_key_array_of_text((const char *)bytes, len, &arena, &array))
        for (int i = 0; i < array.count; i++) {
            const struct sw_key_element *element = &array.elements[i];

            if (element->bytes != NULL && is_binary)
                read_binary(type, element->bytes, element->len);
            else if (element->bytes != NULL && element->bytes[element->len] != '\0')
                abort();
            else if (element->bytes != NULL)
                read_text(type, (const char *)element->bytes, element->len);
        }
    sw_arena_finish(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum sw_key_type type;
    uint8_t *bytes;
    int form;

    if (size < 1)
        return 0;
    type = (enum sw_key_type)(data[0] % TYPES);
    form = data[0] / TYPES % FORMS;
    size--;
    bytes = malloc(size);
    if (bytes == NULL)
        return 0;
    memcpy(bytes, data + 1, size);
    if (form == TEXT)
        read_text(type, (const char *)bytes, size);
    else if (form == BINARY)
        read_binary(type, bytes, size);
    else
        read_array(type, bytes, size, form == BINARY_ARRAY);
    free(bytes);
    return 0;
}
