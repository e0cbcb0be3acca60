#include "shardward/wire/request.h"

#include "shardward/base/buf.h"
#include "shardward/wire/write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A body as a string literal, without the zero byte that C puts behind it. */
#define BODY(text) (text), sizeof(text) - 1

static const char short_body[] = "insufficient data left in message";
static const char unended_text[] = "invalid string in message";
static const char long_body[] = "invalid message format";

struct row {
    const char *body;
    size_t len;
    const char *message; /* of the error; NULL: it passes */
};

static struct sw_frame frame_of(char type, const char *body, size_t len)
{
    return (struct sw_frame){
        .type = (uint8_t)type, .body = (const uint8_t *)body, .body_len = len};
}

static void check(bool is_read, const char *message, const struct sw_error *err)
{
    if (message == NULL) {
        assert_true(is_read);
        return;
    }
    assert_false(is_read);
    assert_string_equal(err->message, message);
    assert_string_equal(err->sqlstate, "08P01");
}

static void a_query_is_one_text(void **state)
{
    static const struct row rows[] = {
        {BODY("select 1\0"), NULL},        {BODY("\0"), NULL},
        {BODY(""), unended_text},          {BODY("select 1"), unended_text},
        {BODY("select 1\0\0"), long_body},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sw_frame frame = frame_of('Q', rows[i].body, rows[i].len);
        const char *query = "untouched";
        struct sw_error err;

        check(sw_wire_read_query(&frame, &query, &err), rows[i].message, &err);
        assert_string_equal(query, rows[i].message == NULL ? rows[i].body : "untouched");
    }
}

static void a_parse_is_bounded(void **state)
{
    static const struct row rows[] = {
        {BODY("s\0select $1\0\0\0"), NULL},
        {BODY("s\0select $1\0\0\1\0\0\0\x17"), NULL},
        {BODY("s"), unended_text},
        {BODY("s\0select $1"), unended_text},
        {BODY("s\0select $1\0\0"), short_body},
        {BODY("s\0select $1\0\0\1\0\0\0"), short_body},
        {BODY("s\0select $1\0\xff\xff\0\0\0\x17"), short_body},
        {BODY("s\0select $1\0\0\1\0\0\0\x17\0"), long_body},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sw_frame frame = frame_of('P', rows[i].body, rows[i].len);
        struct sw_wire_parse parse;
        struct sw_error err;

        check(sw_wire_read_parse(&frame, &parse, &err), rows[i].message, &err);
    }
}

static void a_parse_gives_its_types(void **state)
{
    const struct sw_frame frame =
        frame_of('P', BODY("s\0select 1\0\0\2\0\0\0\x17\xff\xff\xff\xfe"));
    struct sw_wire_parse parse;
    struct sw_error err;

    assert_true(sw_wire_read_parse(&frame, &parse, &err));
    assert_string_equal(parse.name, "s");
    assert_string_equal(parse.query, "select 1");
    assert_int_equal(parse.type_count, 2);
    assert_int_equal(sw_wire_parse_type(&parse, 0), 23);
    assert_int_equal(sw_wire_parse_type(&parse, 1), 0xfffffffe);
}

static void a_bind_is_bounded(void **state)
{
    static const struct row rows[] = {
        {BODY("p\0s\0\0\0\0\0\0\0"), NULL},
        {BODY("\0\0\0\0\0\1\0\0\0\2hi\0\0"), NULL},
        {BODY("\0\0\0\0\0\1\0\0\0\0\0\0"), NULL},
        {BODY("\0\0\0\0\0\1\xff\xff\xff\xff\0\0"), NULL},
        {BODY("\0\0\0\1\0\1\0\0\0\0"), NULL},
        {BODY("\0\0\0\0\0\0\0\2\0\1\0\1"), NULL},
        {BODY("p"), unended_text},
        {BODY("p\0s"), unended_text},
        {BODY("p\0s\0"), short_body},
        {BODY("p\0s\0\0"), short_body},
        {BODY("p\0s\0\0\1\0"), short_body},
        {BODY("p\0s\0\0\0\0"), short_body},
        {BODY("p\0s\0\0\0\0\1"), short_body},
        {BODY("p\0s\0\0\0\0\1\0\0\0"), short_body},
        {BODY("p\0s\0\0\0\0\1\0\0\0\3hi"), short_body},
        {BODY("p\0s\0\0\0\0\1\0\0\0\5hi\0\0"), short_body},
        {BODY("p\0s\0\0\0\0\1\xff\xff\xff\xfe\0\0"), short_body},
        {BODY("p\0s\0\0\0\0\1\x7f\xff\xff\xff\0\0"), short_body},
        {BODY("p\0s\0\0\0\0\0"), short_body},
        {BODY("p\0s\0\0\0\0\0\0"), short_body},
        {BODY("p\0s\0\0\0\0\0\0\1"), short_body},
        {BODY("p\0s\0\0\0\0\0\0\1\0"), short_body},
        {BODY("p\0s\0\0\0\0\0\0\0\0"), long_body},
        {BODY("\0\0\0\2\0\0\0\0\0\1\0\0\0\2hi\0\0"),
         "bind message has 2 parameter formats but 1 parameters"},
        {BODY("\0\0\0\2\0\0\0\0\0\0\0\0"),
         "bind message has 2 parameter formats but 0 parameters"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sw_frame frame = frame_of('B', rows[i].body, rows[i].len);
        struct sw_wire_bind bind;
        struct sw_error err;

        check(sw_wire_read_bind(&frame, &bind, &err), rows[i].message, &err);
    }
}

static void a_format_is_text_or_binary(void **state)
{
    static const struct {
        const char *body;
        size_t len;
        const char *message;
    } rows[] = {
        {BODY("\0\0\0\1\0\0\0\1\0\0\0\0\0\0"), NULL},
        {BODY("\0\0\0\1\0\1\0\1\0\0\0\0\0\0"), NULL},
        {BODY("\0\0\0\1\0\2\0\1\0\0\0\0\0\0"), "unsupported format code: 2"},
        {BODY("\0\0\0\1\xff\xff\0\1\0\0\0\0\0\0"), "unsupported format code: -1"},
        {BODY("\0\0\0\2\0\0\0\2\0\2\0\0\0\0\0\0\0\0\0\0"), "unsupported format code: 2"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sw_frame frame = frame_of('B', rows[i].body, rows[i].len);
        struct sw_wire_bind bind;
        struct sw_error err;

        assert_int_equal(sw_wire_read_bind(&frame, &bind, &err), rows[i].message == NULL);
        if (rows[i].message != NULL) {
            assert_string_equal(err.message, rows[i].message);
            assert_string_equal(err.sqlstate, "22023");
        }
    }
}

static void formats_are_none_one_or_one_each(void **state)
{
    static const struct {
        const char *body;
        size_t len;
        bool is_binary[2];
    } rows[] = {
        {BODY("\0\0\0\0\0\2\0\0\0\1a\0\0\0\1b\0\0"), {false, false}},
        {BODY("\0\0\0\1\0\0\0\2\0\0\0\1a\0\0\0\1b\0\0"), {false, false}},
        {BODY("\0\0\0\1\0\1\0\2\0\0\0\1a\0\0\0\1b\0\0"), {true, true}},
        {BODY("\0\0\0\2\0\0\0\1\0\2\0\0\0\1a\0\0\0\1b\0\0"), {false, true}},
        {BODY("\0\0\0\2\0\1\0\0\0\2\0\0\0\1a\0\0\0\1b\0\0"), {true, false}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sw_frame frame = frame_of('B', rows[i].body, rows[i].len);
        struct sw_wire_bind bind;
        struct sw_wire_value value;
        struct sw_error err;
        const uint8_t *at;
        int index = 0;

        assert_true(sw_wire_read_bind(&frame, &bind, &err));
        at = bind.values;
        for (int v = 0; v < 2; v++) {
            assert_true(sw_wire_bind_next(&bind, &at, &index, &value));
            assert_int_equal(value.is_binary, rows[i].is_binary[v]);
            assert_int_equal(value.bytes[0], 'a' + v);
        }
        assert_false(sw_wire_bind_next(&bind, &at, &index, &value));
    }
}

static void null_and_the_empty_value_differ(void **state)
{
    static const char body[] = "p\0s\0\0\0\0\3\xff\xff\xff\xff\0\0\0\0\0\0\0\2hi\0\1\0\1";
    const struct sw_frame frame = frame_of('B', BODY(body));
    struct sw_wire_bind bind;
    struct sw_wire_value value;
    struct sw_error err;
    const uint8_t *at;
    int index = 0;

    assert_true(sw_wire_read_bind(&frame, &bind, &err));
    assert_string_equal(bind.portal, "p");
    assert_string_equal(bind.statement, "s");
    assert_ptr_equal(bind.tail, body + 4);
    assert_int_equal(bind.tail_len, sizeof body - 1 - 4);
    at = bind.values;
    assert_true(sw_wire_bind_next(&bind, &at, &index, &value));
    assert_null(value.bytes);
    assert_true(sw_wire_bind_next(&bind, &at, &index, &value));
    assert_non_null(value.bytes);
    assert_int_equal(value.len, 0);
    assert_true(sw_wire_bind_next(&bind, &at, &index, &value));
    assert_int_equal(value.len, 2);
    assert_memory_equal(value.bytes, "hi", 2);
    assert_int_equal(index, 3);
    assert_false(sw_wire_bind_next(&bind, &at, &index, &value));
}

static void results_are_asked_for_in_one_format_or_in_one_each(void **state)
{
    static const struct {
        const char *tail;
        size_t len;
        bool is_read, any, of[3];
    } rows[] = {
        {"\0\0\0\0\0\0", 6, true, false, {false, false, false}},
        {"\0\0\0\0\0\1\0\0", 8, true, false, {false, false, false}},
        {"\0\0\0\0\0\1\0\1", 8, true, true, {true, true, true}},
        {"\0\0\0\0\0\2\0\0\0\1", 10, true, true, {false, true, false}},
        {"\0\0\0\1\xff\xff\xff\xff\0\1\0\1", 12, true, true, {true, true, true}},
        {"\0\2\0\0\0\0\0\1\xff\xff\xff\xff\0\0", 14, false, false, {false}},
        {"\0\0\0\0\0\1\0", 7, false, false, {false}},
        {"\0\0\0\0\0\0\0", 7, false, false, {false}},
        {"", 0, false, false, {false}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_wire_bind bind = {.portal = NULL};

        assert_int_equal(
            sw_wire_read_bind_tail((const uint8_t *)rows[i].tail, rows[i].len, &bind),
            rows[i].is_read);
        assert_int_equal(sw_wire_wants_any_binary(&bind), rows[i].any);
        for (int column = 0; column < 3; column++)
            assert_int_equal(sw_wire_wants_binary(&bind, column), rows[i].of[column]);
    }
}

static void a_bind_carries_65535_values(void **state)
{
    const int count = 65535;
    struct sw_buf buf;
    struct sw_frame frame;
    struct sw_wire_bind bind;
    struct sw_wire_value value;
    struct sw_error err;
    const uint8_t *at;
    int index = 0;

    sw_buf_init(&buf, 1 << 20);
    sw_put_text(&buf, "");
    sw_put_text(&buf, "");
    sw_put_int16(&buf, (uint16_t)count);
    for (int i = 0; i < count; i++)
        sw_put_int16(&buf, i == count - 1);
    sw_put_int16(&buf, (uint16_t)count);
    for (int i = 0; i < count; i++) {
        sw_put_int32(&buf, 1);
        sw_put_byte(&buf, (uint8_t)i);
    }
    sw_put_int16(&buf, 0);
    frame = frame_of('B', (const char *)sw_buf_bytes(&buf), sw_buf_len(&buf));

    assert_true(sw_wire_read_bind(&frame, &bind, &err));
    assert_int_equal(bind.value_count, count);
    at = bind.values;
    while (sw_wire_bind_next(&bind, &at, &index, &value)) {
        assert_int_equal(value.bytes[0], (uint8_t)(index - 1));
        assert_int_equal(value.is_binary, index == count);
    }
    assert_int_equal(index, count);
    sw_buf_finish(&buf);
}

static void a_target_is_a_statement_or_a_portal(void **state)
{
    static const struct {
        char type;
        const char *body;
        size_t len;
        char kind;
        const char *message;
    } rows[] = {
        {'D', BODY("Sname\0"), 'S', NULL},
        {'C', BODY("P\0"), 'P', NULL},
        {'C', BODY("Xname\0"), 0, "invalid CLOSE message subtype 88"},
        {'D', BODY("Xname\0"), 0, "invalid DESCRIBE message subtype 88"},
        {'D', BODY("\xffname\0"), 0, "invalid DESCRIBE message subtype 255"},
        {'D', BODY(""), 0, short_body},
        {'D', BODY("S"), 0, unended_text},
        {'D', BODY("Sname"), 0, unended_text},
        {'D', BODY("Sname\0\0"), 0, long_body},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sw_frame frame = frame_of(rows[i].type, rows[i].body, rows[i].len);
        const char *name = "untouched";
        struct sw_error err;
        char kind = 0;

        check(sw_wire_read_target(&frame, &kind, &name, &err), rows[i].message, &err);
        assert_int_equal(kind, rows[i].kind);
        assert_string_equal(name, rows[i].kind == 0 ? "untouched" : rows[i].body + 1);
    }
}

static void an_execute_gives_its_row_limit(void **state)
{
    static const struct row rows[] = {
        {BODY("p\0\0\0\0\0"), NULL},        {BODY("p\0\xff\xff\xff\xff"), NULL},
        {BODY("p"), unended_text},          {BODY("p\0\0\0\0"), short_body},
        {BODY("p\0\0\0\0\0\0"), long_body},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sw_frame frame = frame_of('E', rows[i].body, rows[i].len);
        const char *portal = "";
        uint32_t max_rows = 7;
        struct sw_error err;

        check(sw_wire_read_execute(&frame, &portal, &max_rows, &err), rows[i].message, &err);
        if (rows[i].message != NULL) {
            assert_int_equal(max_rows, 7);
            continue;
        }
        assert_string_equal(portal, "p");
        assert_int_equal(max_rows, rows[i].body[2] == 0 ? 0 : UINT32_MAX);
    }
}

static bool read_any(char type, const char *body, size_t len, struct sw_error *err)
{
    const struct sw_frame frame = frame_of(type, body, len);
    struct sw_wire_parse parse;
    struct sw_wire_bind bind;
    const char *text;
    uint32_t rows;
    char kind;

    switch (type) {
    case 'Q':
        return sw_wire_read_query(&frame, &text, err);
    case 'P':
        return sw_wire_read_parse(&frame, &parse, err);
    case 'B':
        return sw_wire_read_bind(&frame, &bind, err);
    case 'E':
        return sw_wire_read_execute(&frame, &text, &rows, err);
    default:
        return sw_wire_read_target(&frame, &kind, &text, err);
    }
}

static void names_and_queries_are_utf8(void **state)
{
    static const struct {
        char type;
        const char *body;
        size_t len;
        const char *bytes; /* shown in the error; NULL: it passes */
    } rows[] = {
        {'Q', BODY("select '\xc3\xab'\0"), NULL},
        {'Q', BODY("select '\xff'\0"), "0xff"},
        {'Q', BODY("select '\xc3'\0"), "0xc3 0x27"},
        {'Q', BODY("\xe2\x82\0"), "0xe2 0x82"},
        {'Q', BODY("\xf4\x90\x80\x80\0"), "0xf4 0x90 0x80 0x80"},
        {'P', BODY("\xc3\xab\0select\0\0\0"), NULL},
        {'P', BODY("\x80\0select\0\0\0"), "0x80"},
        {'P', BODY("s\0\x80\0\0\0"), "0x80"},
        {'B', BODY("\x80\0s\0\0\0\0\0\0\0"), "0x80"},
        {'B', BODY("p\0\x80\0\0\0\0\0\0\0"), "0x80"},
        {'E', BODY("\x80\0\0\0\0\0"), "0x80"},
        {'D', BODY("S\x80\0"), "0x80"},
        {'C', BODY("P\x80\0"), "0x80"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char message[80];
        struct sw_error err;
        bool is_read = read_any(rows[i].type, rows[i].body, rows[i].len, &err);

        assert_int_equal(is_read, rows[i].bytes == NULL);
        if (is_read)
            continue;
        assert_string_equal(err.sqlstate, "22021");
        (void)snprintf(message, sizeof message,
                       "invalid byte sequence for encoding \"UTF8\": %s", rows[i].bytes);
        assert_string_equal(err.message, message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_is_one_text),
        cmocka_unit_test(a_parse_is_bounded),
        cmocka_unit_test(a_parse_gives_its_types),
        cmocka_unit_test(a_bind_is_bounded),
        cmocka_unit_test(a_format_is_text_or_binary),
        cmocka_unit_test(formats_are_none_one_or_one_each),
        cmocka_unit_test(null_and_the_empty_value_differ),
        cmocka_unit_test(results_are_asked_for_in_one_format_or_in_one_each),
        cmocka_unit_test(a_bind_carries_65535_values),
        cmocka_unit_test(a_target_is_a_statement_or_a_portal),
        cmocka_unit_test(an_execute_gives_its_row_limit),
        cmocka_unit_test(names_and_queries_are_utf8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
