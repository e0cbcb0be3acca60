#include "shardward/key/array.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Elements are joined by |, NULL is ~. */
static void join(const struct sw_key_array *array, char *out, size_t size)
{
    size_t len = 0;

    for (int i = 0; i < array->count; i++) {
        const struct sw_key_element *element = &array->elements[i];

        assert_true(len + element->len + 2 < size);
        if (i > 0)
            out[len++] = '|';
        if (element->bytes == NULL)
            out[len++] = '~';
        else
            memcpy(out + len, element->bytes, element->len);
        len += element->bytes == NULL ? 0 : element->len;
    }
    out[len] = '\0';
}

static void texts_are_read_as_array_in_does(void **state)
{
    static const struct {
        const char *text, *elements; /* NULL: refused */
    } rows[] = {
        {"{}", ""},
        {" { } ", ""},
        {"{1}", "1"},
        {"{1,2}", "1|2"},
        {"{ 1 , -2 }", "1|-2"},
        {"{NULL,null,Nullo}", "~|~|Nullo"},
        {"{\"NULL\"}", "NULL"},
        {"{\"\"}", ""},
        {"{\"a b\",\"c,d\",\"e}\"}", "a b|c,d|e}"},
        {"{\"a\\\"b\\\\c\"}", "a\"b\\c"},
        {"{a b}", "a b"},
        {"{2026-01-01,\"2026-01-01 10:00+00\"}", "2026-01-01|2026-01-01 10:00+00"},
        {"", NULL},
        {"1", NULL},
        {"{", NULL},
        {"{1", NULL},
        {"{1,", NULL},
        {"{1,}", NULL},
        {"{,1}", NULL},
        {"{1,,2}", NULL},
        {"{1} 2", NULL},
        {"{{1},{2}}", NULL},
        {"[1:1]={1}", NULL},
        {"{\"a}", NULL},
        {"{\"a\\\"}", NULL},
        {"{\"a\"b}", NULL},
        {"{a\"b\"}", NULL},
        {"{a\\,b}", NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_arena arena;
        struct sw_key_array array;
        char joined[100] = "";
        bool is_good;

        sw_arena_init(&arena);
        is_good = sw_key_array_of_text(rows[i].text, strlen(rows[i].text), &arena, &array);
        if (is_good)
            join(&array, joined, sizeof joined);
        if (is_good != (rows[i].elements != NULL) ||
            (is_good && strcmp(joined, rows[i].elements) != 0))
            fail_msg("%s: %s", rows[i].text, is_good ? joined : "refused");
        sw_arena_finish(&arena);
    }
}

#define HEADER(dimensions)                                                                     \
    "\0\0\0" dimensions "\0\0\0\0"                                                             \
    "\0\0\0\x17"
#define COUNT(count) "\0\0\0" count "\0\0\0\1"

static void binary_arrays_are_read_as_array_recv_does(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *elements;
    } rows[] = {
#define ROW(bytes, elements) {bytes, sizeof(bytes) - 1, elements}
        ROW(HEADER("\0"), ""),
        ROW(HEADER("\1") COUNT("\2") "\0\0\0\1"
                                     "a"
                                     "\0\0\0\2"
                                     "bc",
            "a|bc"),
        ROW(HEADER("\1") COUNT("\2") "\xff\xff\xff\xff"
                                     "\0\0\0\0",
            "~|"),
        ROW(HEADER("\1") COUNT("\0"), ""),
        ROW("", NULL),
        ROW("\0\0\0\0", NULL),
        ROW(HEADER("\0") "x", NULL),
        ROW(HEADER("\1"), NULL),
        ROW(HEADER("\2") COUNT("\1") COUNT("\1") "\0\0\0\1"
                                                 "a",
            NULL),
        ROW(HEADER("\1") COUNT("\2") "\0\0\0\1"
                                     "a",
            NULL),
        ROW(HEADER("\1") COUNT("\1") "\0\0\0\2"
                                     "a",
            NULL),
        ROW(HEADER("\1") COUNT("\1") "\0\0\0\1"
                                     "ab",
            NULL),
        ROW(HEADER("\1") "\xff\xff\xff\xff"
                         "\0\0\0\1"
                         "\0\0\0\1"
                         "a",
            NULL),
        ROW(HEADER("\1") COUNT("\1") "\xff\xff\xff\xfe", NULL),
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_arena arena;
        struct sw_key_array array;
        char joined[100] = "";
        bool is_good;

        sw_arena_init(&arena);
        is_good =
            sw_key_array_of_binary((const uint8_t *)rows[i].bytes, rows[i].len, &arena, &array);
        if (is_good)
            join(&array, joined, sizeof joined);
        if (is_good != (rows[i].elements != NULL) ||
            (is_good && (strcmp(joined, rows[i].elements) != 0 || array.type != 23)))
            fail_msg("row %zu: %s", i, is_good ? joined : "refused");
        sw_arena_finish(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_read_as_array_in_does),
        cmocka_unit_test(binary_arrays_are_read_as_array_recv_does),
    };

    return cmocka_run_group_tests_name("array", tests, NULL, NULL);
}
