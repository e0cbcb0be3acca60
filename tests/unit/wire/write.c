#include "shardward/wire/write.h"

#include "shardward/wire/request.h"
#include "shardward/wire/response.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { LIMIT = 1 << 16 };

static struct sw_buf buf;

static int make_buf(void **state)
{
    sw_buf_init(&buf, LIMIT);
    return 0;
}

static int drop_buf(void **state)
{
    sw_buf_finish(&buf);
    return 0;
}

/* The buffer holds just this; then it is emptied. */
static void expect(const char *bytes, size_t len)
{
    assert_int_equal(sw_buf_len(&buf), len);
    assert_memory_equal(sw_buf_bytes(&buf), bytes, len);
    sw_buf_clear(&buf);
}

#define EXPECT(text) expect((text), sizeof(text) - 1)

static void messages_to_clients_have_their_layout(void **state)
{
    static const char *const options[] = {"_pq_.foo", "_pq_.b"};

    sw_write_empty(&buf, 'I');
    EXPECT("I\0\0\0\4");
    sw_write_auth(&buf, 0, NULL, 0);
    EXPECT("R\0\0\0\10\0\0\0\0");
    sw_write_auth(&buf, 11, "r=x", 3);
    EXPECT("R\0\0\0\13\0\0\0\13r=x");
    sw_write_parameter_status(&buf, "TimeZone", "UTC");
    EXPECT("S\0\0\0\21TimeZone\0UTC\0");
    sw_write_key_data(&buf, 0x01020304, 0xfffefdfc);
    EXPECT("K\0\0\0\14\1\2\3\4\xff\xfe\xfd\xfc");
    sw_write_negotiate(&buf, 0x30000, options, 2);
    EXPECT("v\0\0\0\34\0\3\0\0\0\0\0\2_pq_.foo\0_pq_.b\0");
    sw_write_command_complete(&buf, "SET");
    EXPECT("C\0\0\0\10SET\0");
    sw_write_ready(&buf, 'T');
    EXPECT("Z\0\0\0\5T");
}

static void messages_to_servers_have_their_layout(void **state)
{
    static const uint32_t types[] = {20, 0xffffffff};

    sw_write_query(&buf, "select 1");
    EXPECT("Q\0\0\0\15select 1\0");
    sw_write_parse(&buf, "s", "q", types, 2);
    EXPECT("P\0\0\0\22s\0q\0\0\2\0\0\0\24\xff\xff\xff\xff");
    sw_write_parse(&buf, "", "q", NULL, 0);
    EXPECT("P\0\0\0\11\0q\0\0\0");
    sw_write_bind(&buf, "p", "s", (const uint8_t *)"\0\0\0\0\0\0", 6);
    EXPECT("B\0\0\0\16p\0s\0\0\0\0\0\0\0");
    sw_write_target(&buf, 'D', 'S', "s");
    EXPECT("D\0\0\0\7Ss\0");
    sw_write_execute(&buf, "p", 0x01020304);
    EXPECT("E\0\0\0\12p\0\1\2\3\4");
    sw_write_sync(&buf);
    EXPECT("S\0\0\0\4");
    sw_write_flush(&buf);
    EXPECT("H\0\0\0\4");
}

static void an_error_has_the_fields_that_are_set(void **state)
{
    struct sw_error err;

    (void)sw_error_set(&err, "42601", "no");
    sw_write_error(&buf, "ERROR", &err);
    EXPECT("E\0\0\0\36SERROR\0VERROR\0C42601\0Mno\0\0");

    sw_error_detail(&err, "why");
    sw_error_hint(&err, "do");
    err.position = 12;
    sw_write_error(&buf, "FATAL", &err);
    EXPECT("E\0\0\0\53SFATAL\0VFATAL\0C42601\0Mno\0Dwhy\0Hdo\0P12\0\0");

    err = (struct sw_error){.sqlstate = "01000", .message = "hm"};
    sw_write_notice(&buf, "WARNING", &err);
    EXPECT("N\0\0\0\42SWARNING\0VWARNING\0C01000\0Mhm\0\0");
}

static void an_error_survives_the_way_to_the_client(void **state)
{
    struct sw_error err, read;
    struct sw_frame frame;
    bool is_fatal = false;

    (void)sw_error_set(&err, "57P03", "not yet");
    sw_error_detail(&err, "because");
    sw_error_hint(&err, "wait");
    err.position = 2147483647;
    sw_write_error(&buf, "FATAL", &err);
    assert_int_equal(sw_frame_next(sw_buf_bytes(&buf), sw_buf_len(&buf), LIMIT, &frame),
                     SW_FRAME_WHOLE);
    sw_wire_read_error(&frame, &read, &is_fatal);
    assert_memory_equal(&err, &read, sizeof err);
    assert_true(is_fatal);
}

static void messages_follow_one_another(void **state)
{
    sw_write_sync(&buf);
    sw_write_ready(&buf, 'I');
    sw_buf_take(&buf, 5);
    sw_write_query(&buf, "");
    EXPECT("Z\0\0\0\5IQ\0\0\0\5\0");
}

static void a_message_may_span_the_growth_of_its_buffer(void **state)
{
    size_t start, sent = 400;

    sw_put_byte(&buf, 'x');
    for (size_t i = 0; i < sent; i++)
        sw_put_byte(&buf, 'y');
    sw_buf_take(&buf, sent);
    start = sw_message_begin(&buf, 'd');
    for (int i = 0; i < 3000; i++)
        sw_put_byte(&buf, (uint8_t)i);
    sw_message_end(&buf, start);
    assert_int_equal(sw_buf_len(&buf), 1 + 5 + 3000);
    assert_memory_equal(sw_buf_bytes(&buf), "yd\0\0\x0b\xbc\0\1\2", 9);
}

static void a_message_beyond_the_limit_leaves_no_half(void **state)
{
    struct sw_buf small;

    sw_buf_init(&small, 5 + 6);
    sw_write_sync(&small);
    sw_write_ready(&small, 'I');
    assert_int_equal(sw_buf_len(&small), 11);
    assert_false(small.is_over);
    sw_buf_take(&small, 1);

    sw_write_query(&small, "select 1");
    assert_true(small.is_over);
    assert_int_equal(sw_buf_len(&small), 10);
    sw_write_sync(&small);
    assert_int_equal(sw_buf_len(&small), 10);
    sw_buf_finish(&small);
}

static void a_bind_is_sent_on_under_other_names(void **state)
{
    static const char body[] = "\0old\0\0\0\0\1\0\0\0\2hi\0\0";
    const struct sw_frame frame = {
        .type = 'B', .body = (const uint8_t *)body, .body_len = sizeof body - 1};
    struct sw_wire_bind bind;
    struct sw_error err;

    assert_true(sw_wire_read_bind(&frame, &bind, &err));
    sw_write_bind(&buf, bind.portal, "new1", bind.tail, bind.tail_len);
    EXPECT("B\0\0\0\26\0new1\0\0\0\0\1\0\0\0\2hi\0\0");
}

static void an_error_is_told_again_with_its_shard_and_its_place_moved(void **state)
{
    static const struct {
        const char *body;
        size_t len;
        const char *told;
        size_t told_len;
    } rows[] = {
#define ROW(body, told) {body, sizeof body - 1, told, sizeof told - 1}
        ROW("SERROR\0P7\0\0", "E\0\0\0\34SERROR\0P12\0Wshard \"s1\"\0\0"),
        ROW("MNo\0Win f\0\0", "E\0\0\0\32MNo\0Win f\nshard \"s1\"\0\0"),
        ROW("\0", "E\0\0\0\21Wshard \"s1\"\0\0"),
#undef ROW
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sw_frame frame = {
            .type = 'E', .body = (const uint8_t *)rows[i].body, .body_len = rows[i].len};

        sw_write_shard_error(&buf, &frame, "s1", 5);
        expect(rows[i].told, rows[i].told_len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            an_error_is_told_again_with_its_shard_and_its_place_moved, make_buf, drop_buf),
        cmocka_unit_test_setup_teardown(messages_to_clients_have_their_layout, make_buf,
                                        drop_buf),
        cmocka_unit_test_setup_teardown(messages_to_servers_have_their_layout, make_buf,
                                        drop_buf),
        cmocka_unit_test_setup_teardown(an_error_has_the_fields_that_are_set, make_buf,
                                        drop_buf),
        cmocka_unit_test_setup_teardown(an_error_survives_the_way_to_the_client, make_buf,
                                        drop_buf),
        cmocka_unit_test_setup_teardown(messages_follow_one_another, make_buf, drop_buf),
        cmocka_unit_test_setup_teardown(a_message_may_span_the_growth_of_its_buffer, make_buf,
                                        drop_buf),
        cmocka_unit_test(a_message_beyond_the_limit_leaves_no_half),
        cmocka_unit_test_setup_teardown(a_bind_is_sent_on_under_other_names, make_buf,
                                        drop_buf),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
