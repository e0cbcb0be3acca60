#include "shardward/wire/inner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What a shard calls 0x401x is 0x4e2x to clients. */
static const struct sw_oid_pair pairs[] = {
    {.shard_oid = 0x4010, .catalog_oid = 0x4e20}, /* an enum */
    {.shard_oid = 0x4011, .catalog_oid = 0x4e21, .shape = {.kind = SW_SHAPE_ARRAY}},
    {.shard_oid = 0x4012, .catalog_oid = 0x4e22, .shape = {.kind = SW_SHAPE_COMPOSITE}},
    {.shard_oid = 0x4013, .catalog_oid = 0x4e23, .shape = {.kind = SW_SHAPE_ARRAY}},
    {.shard_oid = 0x4014, .catalog_oid = 0x4e24, .shape = {SW_SHAPE_RANGE, 0x4012}},
    {.shard_oid = 0x4015, .catalog_oid = 0x4e25, .shape = {SW_SHAPE_MULTIRANGE, 0x4012}},
    {.shard_oid = 0x4016, .catalog_oid = 0x4e26, .shape = {SW_SHAPE_RANGE, 0x4014}},
    {.shard_oid = 0x4017, .catalog_oid = 0x4e27, .shape = {SW_SHAPE_RANGE, 23}},
};

enum { ENUM = 0x4010, ENUMS, PAIR, PAIRS, SPAN, SPANS, SPAN_OF_SPANS, INTS };
enum { RECORD = 2249, RECORDS = 2287, ANYARRAY = 2277, ARRAY_OF_INT = 1007 };

/* Oids are written SS and then their last byte, lengths and numbers L and a byte. */
#define SS "\0\0\x40"
#define CC "\0\0\x4e"
#define L "\0\0\0"
#define NONE "\xff\xff\xff\xff"
#define HUGE "\x7f\xff\xff\xff"
#define FLAGS L "\0"
#define FLAGS_NULL L "\1"
#define LOWER L "\1"
#define RECORD_OID "\0\0\x08\xc9"

#define SAD L "\3sad"
/* The pair ('sad', {'sad', NULL}), of 46 bytes with its length of 4. */
#define ENUMS_OF(cc, n) L "\1" FLAGS_NULL cc n L "\2" LOWER SAD NONE
#define PAIR_S L "\x36" L "\2" SS "\x10" SAD SS "\x11" L "\x1f" ENUMS_OF(SS, "\x10")
#define PAIR_C L "\x36" L "\2" CC "\x20" SAD CC "\x21" L "\x1f" ENUMS_OF(CC, "\x20")

#define TEXT(literal) literal, sizeof literal - 1

struct value {
    uint32_t type;
    const char *shard;
    size_t len;
    const char *catalog;
    size_t catalog_len;
};

static const struct value values[] = {
    {ENUM, TEXT("sad"), TEXT("sad")},
    {INTS, TEXT("\0"), TEXT("\0")},
    {ENUMS, TEXT(L "\0" FLAGS SS "\x10"), TEXT(L "\0" FLAGS CC "\x20")},
    {ENUMS, TEXT(L "\1" FLAGS SS "\x10" L "\1" LOWER SAD),
     TEXT(L "\1" FLAGS CC "\x20" L "\1" LOWER SAD)},
    {ENUMS, TEXT(L "\1" FLAGS_NULL SS "\x10" L "\2" LOWER SAD NONE),
     TEXT(L "\1" FLAGS_NULL CC "\x20" L "\2" LOWER SAD NONE)},
    {ANYARRAY, TEXT(L "\0" FLAGS SS "\x10"), TEXT(L "\0" FLAGS CC "\x20")},
    /* Whose values are the users' even if the array is not. */
    {RECORDS,
     TEXT(L "\1" FLAGS RECORD_OID L "\1" LOWER L "\x13" L "\1" SS "\x10" L "\7"
            "content"),
     TEXT(L "\1" FLAGS RECORD_OID L "\1" LOWER L "\x13" L "\1" CC "\x20" L "\7"
            "content")},
    {ARRAY_OF_INT, TEXT("whatever"), TEXT("whatever")},
    {PAIR, TEXT(L "\0"), TEXT(L "\0")},
    {PAIR, TEXT(L "\2" SS "\x10" NONE L "\x17" L "\4" SS "\x10"),
     TEXT(L "\2" CC "\x20" NONE L "\x17" L "\4" SS "\x10")},
    {RECORD, TEXT(L "\2" SS "\x10" SAD SS "\x12" PAIR_S),
     TEXT(L "\2" CC "\x20" SAD CC "\x22" PAIR_C)},
    {RECORD, TEXT(L "\1" RECORD_OID L "\x0c" L "\1" SS "\x13" NONE),
     TEXT(L "\1" RECORD_OID L "\x0c" L "\1" CC "\x23" NONE)},
    {PAIRS, TEXT(L "\1" FLAGS_NULL SS "\x12" L "\3" LOWER PAIR_S NONE PAIR_S),
     TEXT(L "\1" FLAGS_NULL CC "\x22" L "\3" LOWER PAIR_C NONE PAIR_C)},
    {PAIRS, TEXT(L "\2" FLAGS SS "\x12" L "\2" LOWER L "\1" LOWER PAIR_S PAIR_S),
     TEXT(L "\2" FLAGS CC "\x22" L "\2" LOWER L "\1" LOWER PAIR_C PAIR_C)},
    {SPAN, TEXT("\1"), TEXT("\1")},
    {SPAN, TEXT("\x18"), TEXT("\x18")},
    {SPAN, TEXT("\x0a" PAIR_S), TEXT("\x0a" PAIR_C)},
    {SPAN, TEXT("\x12" PAIR_S), TEXT("\x12" PAIR_C)},
    {SPAN, TEXT("\2" PAIR_S PAIR_S), TEXT("\2" PAIR_C PAIR_C)},
    {SPANS, TEXT(L "\0"), TEXT(L "\0")},
    {SPANS, TEXT(L "\2" L "\1\1" L "\x3b\x12" PAIR_S),
     TEXT(L "\2" L "\1\1" L "\x3b\x12" PAIR_C)},
    {SPAN_OF_SPANS, TEXT("\2" L "\1\1" L "\x3b\x12" PAIR_S),
     TEXT("\2" L "\1\1" L "\x3b\x12" PAIR_C)},
};

static struct sw_oid_map *map;

static int set_up(void **state)
{
    (void)state;
    map = sw_oid_map_create(pairs, sizeof pairs / sizeof *pairs);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sw_oid_map_unref(map);
    return 0;
}

/* In memory of its own, so that a sanitizer sees a step too far. */
static bool translates(const char *bytes, size_t len, uint32_t type, enum sw_inner_way way,
                       const char *expected)
{
    uint8_t *own = malloc(len);
    struct sw_shape shape = sw_shape_of_shard(map, type);
    bool is_good;

    assert_non_null(own);
    memcpy(own, bytes, len);
    is_good = sw_wire_translate_value(own, len, shape, map, way);
    if (expected != NULL)
        assert_memory_equal(own, expected, len);
    free(own);
    return is_good;
}

static void types_are_renamed_both_ways(void **state)
{
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const struct value *value = &values[i];

        assert_int_equal(value->len, value->catalog_len);
        assert_true(translates(value->shard, value->len, value->type, SW_INNER_TO_CATALOG,
                               value->catalog));
        assert_true(translates(value->catalog, value->len, value->type, SW_INNER_TO_SHARD,
                               value->shard));
    }
}

static bool is_looked_into(const struct value *value)
{
    return sw_shape_of_shard(map, value->type).kind != SW_SHAPE_PLAIN;
}

/* The elements of an enum's array are not looked at. */
static bool is_walked_to_its_end(const struct value *value)
{
    return is_looked_into(value) && value->type != ENUMS && value->type != ANYARRAY;
}

static void what_ends_too_early_or_too_late_is_refused(void **state)
{
    enum { HEADER = 12 };

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const struct value *value = &values[i];
        char longer[256] = {0};

        for (size_t len = 1; len < value->len && is_looked_into(value); len++)
            assert_int_equal(
                translates(value->shard, len, value->type, SW_INNER_TO_CATALOG, NULL),
                !is_walked_to_its_end(value) && len >= HEADER);
        memcpy(longer, value->shard, value->len);
        assert_int_equal(
            translates(longer, value->len + 1, value->type, SW_INNER_TO_CATALOG, NULL),
            !is_walked_to_its_end(value));
    }
}

static void absurd_numbers_are_refused(void **state)
{
    static const struct {
        uint32_t type;
        const char *bytes;
        size_t len;
    } rows[] = {
        {PAIRS, TEXT(L "\7" FLAGS SS "\x12")},
        {PAIRS, TEXT(NONE FLAGS SS "\x12")},
        {PAIRS, TEXT(L "\1" FLAGS SS "\x12" HUGE LOWER)},
        {PAIRS, TEXT(L "\1" FLAGS SS "\x12" NONE LOWER)},
        {PAIRS, TEXT(L "\3" FLAGS SS "\x12" HUGE LOWER HUGE LOWER HUGE LOWER)},
        {PAIRS, TEXT(L "\3" FLAGS SS "\x12" L "\6" LOWER L "\6" LOWER L "\6" LOWER)},
        {PAIRS, TEXT(L "\1" FLAGS SS "\x12" L "\1" LOWER HUGE)},
        {PAIRS, TEXT(L "\1" FLAGS SS "\x12" L "\1" LOWER "\xff\xff\xff\xfe")},
        {PAIR, TEXT(HUGE)},
        {PAIR, TEXT(NONE)},
        {PAIR, TEXT(L "\1" SS "\x10" HUGE)},
        {PAIR, TEXT(L "\1" SS "\x11" L "\0")},
        {SPANS, TEXT(HUGE)},
        {SPANS, TEXT(NONE L "\1\1")},
        {SPAN, TEXT("\1" PAIR_S)},
        {SPAN, "", 0},
        {PAIR, "", 0},
        {ENUMS, "", 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_false(
            translates(rows[i].bytes, rows[i].len, rows[i].type, SW_INNER_TO_CATALOG, NULL));
}

/* A record in a record ..., @depth of them. */
static bool translates_nested(int depth)
{
    enum { HEADER = 12 };
    size_t len = (size_t)depth * HEADER;
    uint8_t *bytes = malloc(len);
    bool is_good;

    assert_non_null(bytes);
    for (int i = 0; i < depth; i++) {
        size_t left = len - (size_t)(i + 1) * HEADER;

        memcpy(bytes + (size_t)i * HEADER, L "\1" RECORD_OID NONE, HEADER);
        if (i < depth - 1)
            for (int b = 0; b < 4; b++)
                bytes[(size_t)i * HEADER + 8 + (size_t)b] = (uint8_t)(left >> (24 - 8 * b));
    }
    is_good = sw_wire_translate_value(bytes, len, sw_shape_of_shard(map, RECORD), map,
                                      SW_INNER_TO_CATALOG);
    free(bytes);
    return is_good;
}

static void nesting_has_a_limit(void **state)
{
    assert_true(translates_nested(1));
    assert_true(translates_nested(SW_INNER_DEPTH));
    assert_false(translates_nested(SW_INNER_DEPTH + 1));
    assert_false(translates_nested(100000));
}

static void of_a_row_only_the_columns_named_are_changed(void **state)
{
#define ENUMS_S L "\x0c" L "\0" FLAGS SS "\x10"
#define ENUMS_C L "\x0c" L "\0" FLAGS CC "\x20"
    static const struct {
        int count;
        struct sw_inner_column columns[3];
        const char *body, *after; /* after NULL: refused */
        size_t len;
    } rows[] = {
        {1, {{0, ENUMS}}, "\0\1" ENUMS_S, "\0\1" ENUMS_C, 18},
        {1, {{1, ENUMS}}, "\0\3" ENUMS_S ENUMS_S ENUMS_S, "\0\3" ENUMS_S ENUMS_C ENUMS_S, 50},
        {2,
         {{0, ENUMS}, {2, PAIR}},
         "\0\3" ENUMS_S NONE L "\x0c" L "\1" SS "\x10" NONE,
         "\0\3" ENUMS_C NONE L "\x0c" L "\1" CC "\x20" NONE,
         38},
        {1, {{1, ENUMS}}, "\0\2" ENUMS_S NONE, "\0\2" ENUMS_S NONE, 22},
        {1, {{2, ENUMS}}, "\0\2" ENUMS_S NONE, NULL, 22},
        {1, {{0, ENUMS}}, "\0\1" ENUMS_S, NULL, 17},
        {1, {{1, ENUMS}}, "\0\2" ENUMS_S, NULL, 18},
        {1, {{0, ENUMS}}, "\0\1", NULL, 2},
        {1, {{0, ENUMS}}, "\0", NULL, 1},
        {1, {{0, PAIR}}, "\0\1" L "\1x", NULL, 7},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum { HEADER = 5 };
        uint8_t message[80] = {'D'};
        const struct sw_frame frame = {.type = 'D',
                                       .body = message + HEADER,
                                       .body_len = rows[i].len,
                                       .size = HEADER + rows[i].len};

        memcpy(message + HEADER, rows[i].body, rows[i].len);
        assert_int_equal(
            sw_wire_translate_row(message, &frame, rows[i].columns, rows[i].count, map),
            rows[i].after != NULL);
        if (rows[i].after != NULL)
            assert_memory_equal(message + HEADER, rows[i].after, rows[i].len);
    }
}

static void of_a_bind_only_binary_values_of_known_types_are_changed(void **state)
{
#define TWO "\0\2" ENUMS_C ENUMS_C "\0\1\0\1"
#define TWO_LEN 38
    static const struct {
        int count;
        uint32_t types[3];
        const char *tail, *after;
        size_t len;
    } rows[] = {
        {2, {0x4e21, 0x4e21}, "\0\1\0\1" TWO, "\0\1\0\1\0\2" ENUMS_S ENUMS_S "\0\1\0\1", 42},
        {2,
         {0x4e21, 0x4e21},
         "\0\2\0\0\0\1" TWO,
         "\0\2\0\0\0\1\0\2" ENUMS_C ENUMS_S "\0\1\0\1",
         44},
        {2, {0x4e21, 0x4e21}, "\0\0" TWO, "\0\0" TWO, 40},
        {2, {0, 0x4e21}, "\0\1\0\1" TWO, "\0\1\0\1\0\2" ENUMS_C ENUMS_S "\0\1\0\1", 42},
        {1, {0x4e21}, "\0\1\0\1" TWO, "\0\1\0\1\0\2" ENUMS_S ENUMS_C "\0\1\0\1", 42},
        {0, {0}, "\0\1\0\1" TWO, "\0\1\0\1" TWO, 42},
        {2, {0x4e20, 0x4011}, "\0\1\0\1" TWO, "\0\1\0\1" TWO, 42},
        {3,
         {0x4e21, 0x4e21, 0x4e21},
         "\0\1\0\1\0\1" NONE "\0\0",
         "\0\1\0\1\0\1" NONE "\0\0",
         12},
        /* What the server is to refuse: too short a value, no such tail. */
        {1, {0x4e22}, "\0\1\0\1\0\1" L "\1x\0\0", "\0\1\0\1\0\1" L "\1x\0\0", 13},
        {2, {0x4e21, 0x4e21}, "\0\1\0\1" TWO, "\0\1\0\1" TWO, 40},
        {2, {0x4e21, 0x4e21}, "", "", 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t tail[80];

        memcpy(tail, rows[i].tail, rows[i].len);
        sw_wire_translate_bind(tail, rows[i].len, rows[i].types, rows[i].count, map);
        assert_memory_equal(tail, rows[i].after, rows[i].len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_are_renamed_both_ways),
        cmocka_unit_test(what_ends_too_early_or_too_late_is_refused),
        cmocka_unit_test(absurd_numbers_are_refused),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(of_a_row_only_the_columns_named_are_changed),
        cmocka_unit_test(of_a_bind_only_binary_values_of_known_types_are_changed),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
