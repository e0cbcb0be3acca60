#include "shardward/wire/response.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* A body as a string literal, without the zero byte that C puts behind it. */
#define BODY(text) (text), sizeof(text) - 1

static struct sw_frame frame_of(const char *body, size_t len)
{
    return (struct sw_frame){.body = (const uint8_t *)body, .body_len = len};
}

static void an_error_keeps_what_the_server_said(void **state)
{
    static const struct {
        const char *body;
        size_t len;
        const char *sqlstate, *message, *detail, *hint;
        int position;
        bool is_fatal;
    } rows[] = {
        {BODY("SERROR\0VERROR\0C42601\0Mno\0Dwhy\0Hdo\0P12\0Fscan.l\0L1\0Ryyerror\0\0"),
         "42601", "no", "why", "do", 12, false},
        {BODY("SFATAL\0C57P01\0Mgone\0\0"), "57P01", "gone", "", "", 0, true},
        {BODY("SPANIK\0VPANIC\0CXX000\0Mgone\0\0"), "XX000", "gone", "", "", 0, true},
        {BODY("SFATAL\0VERROR\0CXX000\0Mno\0\0"), "XX000", "no", "", "", 0, false},
        {BODY("SERROR\0Mno\0\0"), "XX000", "no", "", "", 0, false},
        {BODY("SERROR\0C123\0Mno\0\0"), "XX000", "no", "", "", 0, false},
        {BODY("SERROR\0C123456\0Mno\0\0"), "XX000", "no", "", "", 0, false},
        {BODY("SERROR\0C4260x\0Mno\0\0"), "XX000", "no", "", "", 0, false},
        {BODY("C42601\0P-1\0\0"), "42601", "", "", "", 0, false},
        {BODY("C42601\0P2147483647\0\0"), "42601", "", "", "", 2147483647, false},
        {BODY("C42601\0P2147483648\0\0"), "42601", "", "", "", 0, false},
        {BODY("C42601\0Px\0\0"), "42601", "", "", "", 0, false},
        {BODY("C42601\0Mno\0Dcut of"), "42601", "no", "", "", 0, false},
        {BODY("C42601\0Mno\0"), "42601", "no", "", "", 0, false},
        {BODY("\0"), "XX000", "", "", "", 0, false},
        {BODY(""), "XX000", "", "", "", 0, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sw_frame frame = frame_of(rows[i].body, rows[i].len);
        bool is_fatal = !rows[i].is_fatal;
        struct sw_error err;

        sw_wire_read_error(&frame, &err, &is_fatal);
        assert_string_equal(err.sqlstate, rows[i].sqlstate);
        assert_string_equal(err.message, rows[i].message);
        assert_string_equal(err.detail, rows[i].detail);
        assert_string_equal(err.hint, rows[i].hint);
        assert_int_equal(err.position, rows[i].position);
        assert_int_equal(is_fatal, rows[i].is_fatal);
    }
}

static void nobody_need_ask_whether_it_is_fatal(void **state)
{
    const struct sw_frame frame = frame_of(BODY("SFATAL\0C57P01\0Mgone\0\0"));
    struct sw_error err;

    sw_wire_read_error(&frame, &err, NULL);
    assert_string_equal(err.message, "gone");
}

static void a_parameter_status_is_two_texts(void **state)
{
    static const struct {
        const char *body;
        size_t len;
        const char *name, *value; /* NULL: refused */
    } rows[] = {
        {BODY("TimeZone\0UTC\0"), "TimeZone", "UTC"},
        {BODY("application_name\0\0"), "application_name", ""},
        {BODY("TimeZone\0UTC"), NULL, NULL},
        {BODY("TimeZone\0"), NULL, NULL},
        {BODY("TimeZone\0UTC\0\0"), NULL, NULL},
        {BODY(""), NULL, NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sw_frame frame = frame_of(rows[i].body, rows[i].len);
        const char *name, *value;

        assert_int_equal(sw_wire_read_parameter_status(&frame, &name, &value),
                         rows[i].name != NULL);
        if (rows[i].name != NULL) {
            assert_string_equal(name, rows[i].name);
            assert_string_equal(value, rows[i].value);
        }
    }
}

static void a_column_is_found_by_its_index(void **state)
{
    static const struct {
        const char *body;
        size_t len;
        int index;
        bool is_found;
        const char *value; /* NULL: NULL */
    } rows[] = {
        {BODY("\0\3\0\0\0\2hi\xff\xff\xff\xff\0\0\0\0"), 0, true, "hi"},
        {BODY("\0\3\0\0\0\2hi\xff\xff\xff\xff\0\0\0\0"), 1, true, NULL},
        {BODY("\0\3\0\0\0\2hi\xff\xff\xff\xff\0\0\0\0"), 2, true, ""},
        {BODY("\0\3\0\0\0\2hi\xff\xff\xff\xff\0\0\0\0"), 3, false, NULL},
        {BODY("\0\3\0\0\0\2hi\xff\xff\xff\xff\0\0\0\0"), -1, false, NULL},
        {BODY("\0\1\0\0\0\3hi"), 0, false, NULL},
        {BODY("\0\2\0\0\0\3hi!\0\0\0"), 1, false, NULL},
        {BODY("\0\1\xff\xff\xff\xfe"), 0, false, NULL},
        {BODY("\0\0"), 0, false, NULL},
        {BODY("\0"), 0, false, NULL},
        {BODY(""), 0, false, NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sw_frame frame = frame_of(rows[i].body, rows[i].len);
        const uint8_t *bytes;
        size_t len;

        assert_int_equal(sw_wire_read_column(&frame, rows[i].index, &bytes, &len),
                         rows[i].is_found);
        if (!rows[i].is_found)
            continue;
        assert_int_equal(bytes == NULL, rows[i].value == NULL);
        assert_int_equal(len, rows[i].value == NULL ? 0 : strlen(rows[i].value));
        if (rows[i].value != NULL)
            assert_memory_equal(bytes, rows[i].value, len);
    }
}

static void parameter_types_are_counted(void **state)
{
    static const struct {
        const char *body;
        size_t len;
        int count; /* -1: refused */
    } rows[] = {
        {BODY("\0\0"), 0},
        {BODY("\0\2\0\0\0\x17\0\0\0\x19"), 2},
        {BODY("\0\2\0\0\0\x17\0\0\0"), -1},
        {BODY("\0\1\0\0\0\x17\0"), -1},
        {BODY("\xff\xff"), -1},
        {BODY("\0"), -1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sw_frame frame = frame_of(rows[i].body, rows[i].len);
        const uint8_t *types = NULL;
        int count = -1;

        assert_int_equal(sw_wire_read_parameter_types(&frame, &count, &types),
                         rows[i].count >= 0);
        assert_int_equal(count, rows[i].count);
        if (count > 0)
            assert_ptr_equal(types, rows[i].body + 2);
    }
}

/* Oid 16400 (0x4010) of the shard is 20000 (0x4e20) of the catalog database. */
static void types_are_translated_where_they_stand(void **state)
{
    static const struct {
        uint8_t type;
        const char *body, *after; /* after NULL: refused */
        size_t len;
    } rows[] = {
        {'t', "\0\2\0\0\x40\x10\0\0\0\x19", "\0\2\0\0\x4e\x20\0\0\0\x19", 10},
        {'t', "\0\1\0\0\x40\x11", "\0\1\0\0\x40\x11", 6},
        {'t', "\0\0", "\0\0", 2},
        {'t', "\0\2\0\0\x40\x10\0\0", NULL, 8},
        {'T', "\0\1mood\0\0\0\0\7\0\1\0\0\x40\x10\0\4\xff\xff\xff\xff\0\1",
         "\0\1mood\0\0\0\0\7\0\1\0\0\x4e\x20\0\4\xff\xff\xff\xff\0\1", 25},
        {'T', "\0\1mood\0\0\0\0\7\0\1\0\0\x40\x10\0\4\xff\xff\xff\xff\0", NULL, 24},
        {'T', "\0\1mood\0\0\0\x40\x10\0\1\0\0\x40\x10\0\4\xff\xff\xff\xff\0\1",
         "\0\1mood\0\0\0\x75\x30\0\1\0\0\x4e\x20\0\4\xff\xff\xff\xff\0\1", 25},
        {'T', "\0\1mood", NULL, 6},
    };
    const struct sw_oid_pair pair = {.shard_oid = 16400, .catalog_oid = 20000};
    const struct sw_oid_pair table = {.shard_oid = 16400, .catalog_oid = 30000};
    struct sw_oid_map *types = sw_oid_map_create(&pair, 1);

    types->tables = sw_oid_map_create(&table, 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum { HEADER = 5 };
        uint8_t message[64] = {rows[i].type};
        struct sw_frame frame = {.type = rows[i].type,
                                 .body = message + HEADER,
                                 .body_len = rows[i].len,
                                 .size = HEADER + rows[i].len};

        memcpy(message + HEADER, rows[i].body, rows[i].len);
        assert_int_equal(sw_wire_translate_types(message, &frame, types),
                         rows[i].after != NULL);
        if (rows[i].after != NULL)
            assert_memory_equal(message + HEADER, rows[i].after, rows[i].len);
    }
    sw_oid_map_unref(types);
}

static void columns_are_counted_with_their_types(void **state)
{
#define COLUMN(name, oid) name "\0\0\0\0\7\0\1\0\0" oid "\0\4\xff\xff\xff\xff\0\1"
    static const struct {
        const char *body;
        size_t len;
        int count;
        uint32_t types[2];
    } rows[] = {
        {"\0\0", 2, 0, {0}},
        {"\0\1" COLUMN("mood", "\x40\x10"), 25, 1, {16400}},
        {"\0\3" COLUMN("", "\x40\x10") COLUMN("b", "\0\x19") COLUMN("", "\0\x17"),
         60,
         3,
         {16400, 25}},
        {"\0\1" COLUMN("mood", "\x40\x10"), 24, -1, {0}},
        {"\0\2" COLUMN("mood", "\x40\x10"), 25, -1, {0}},
        {"\0\0" COLUMN("mood", "\x40\x10"), 25, -1, {0}},
        {"\0", 1, -1, {0}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sw_frame frame = frame_of(rows[i].body, rows[i].len);
        struct sw_wire_column columns[2] = {{.type = 0}};

        assert_int_equal(sw_wire_read_columns(&frame, NULL, 0), rows[i].count);
        assert_int_equal(sw_wire_read_columns(&frame, columns, 2), rows[i].count);
        for (int at = 0; at < 2 && rows[i].count >= 0; at++) {
            assert_int_equal(columns[at].type, rows[i].types[at]);
            assert_int_equal(columns[at].is_binary, at < rows[i].count);
        }
    }
}

static void a_tag_tells_how_many_rows(void **state)
{
    static const struct {
        const char *tag;
        uint64_t rows;
    } rows[] = {
        {"SELECT 12", 12},
        {"INSERT 0 3", 3},
        {"UPDATE 0", 0},
        {"DELETE 100000000000", 100000000000},
        {"BEGIN", 0},
        {"CREATE TABLE", 0},
        {"", 0},
        {"7", 0},
        {"SELECT ", 0},
        {"X1", 0},
        {"SELECT 99999999999999999999999", 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sw_frame frame = {.type = 'C',
                                       .body = (const uint8_t *)rows[i].tag,
                                       .body_len = strlen(rows[i].tag) + 1};
        const struct sw_frame broken = {
            .type = 'C', .body = (const uint8_t *)rows[i].tag, .body_len = strlen(rows[i].tag)};

        assert_int_equal(sw_wire_rows_of_tag(&frame), rows[i].rows);
        assert_int_equal(sw_wire_rows_of_tag(&broken), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_counted_with_their_types),
        cmocka_unit_test(a_tag_tells_how_many_rows),
        cmocka_unit_test(an_error_keeps_what_the_server_said),
        cmocka_unit_test(nobody_need_ask_whether_it_is_fatal),
        cmocka_unit_test(a_parameter_status_is_two_texts),
        cmocka_unit_test(a_column_is_found_by_its_index),
        cmocka_unit_test(parameter_types_are_counted),
        cmocka_unit_test(types_are_translated_where_they_stand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
