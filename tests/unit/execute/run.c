#include "shardward/execute/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void a_request_comes_back_as_it_was_added(void **state)
{
    static const struct {
        enum sw_request_kind kind;
        bool is_prepared;
        const char *text; /* NULL: none */
        const char *bytes;
        size_t bytes_len;
    } rows[] = {
        {SW_REQUEST_QUERY, false, "select 1", NULL, 0},
        {SW_REQUEST_PARSE, true, NULL, NULL, 0},
        {SW_REQUEST_BIND, true, "portal", "\0\1\0", 3},
        {SW_REQUEST_BIND, true, "", "", 0},
        {SW_REQUEST_DESCRIBE_STATEMENT, true, NULL, NULL, 0},
        {SW_REQUEST_DESCRIBE_PORTAL, false, "portal", NULL, 0},
        {SW_REQUEST_EXECUTE, false, "", NULL, 0},
        {SW_REQUEST_CLOSE_PORTAL, false, "portal", NULL, 0},
        {SW_REQUEST_SYNC, false, NULL, NULL, 0},
        {SW_REQUEST_LOCAL, false, NULL, "1\0\0\0\4", 5},
        {SW_REQUEST_FAIL, false, NULL, "E", 1},
    };
    enum { COUNT = sizeof rows / sizeof *rows };
    struct sw_prepared *prepared = sw_prepared_create("select 1", NULL, 0, "");
    struct sw_run run;

    sw_run_init(&run);
    for (size_t i = 0; i < COUNT; i++) {
        const struct sw_request *added =
            sw_run_add(&run, rows[i].kind, rows[i].is_prepared ? prepared : NULL, rows[i].text,
                       rows[i].bytes, rows[i].bytes_len);

        assert_ptr_equal(added, &run.requests[i]);
    }
    assert_int_equal(run.count, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        const struct sw_request *request = &run.requests[i];

        assert_int_equal(request->kind, rows[i].kind);
        assert_ptr_equal(request->prepared, rows[i].is_prepared ? prepared : NULL);
        assert_int_equal(request->bytes_len, rows[i].bytes_len);
        assert_int_equal(request->max_rows, 0);
        assert_false(request->is_done);
        assert_null(request->about);
        if (rows[i].text != NULL)
            assert_string_equal(sw_run_text(&run, request), rows[i].text);
        if (rows[i].bytes_len > 0)
            assert_memory_equal(sw_run_bytes(&run, request), rows[i].bytes, rows[i].bytes_len);
    }
    sw_run_finish(&run);
    sw_prepared_unref(prepared);
}

static void what_a_server_must_answer_needs_one(void **state)
{
    static const struct {
        enum sw_request_kind kind;
        bool needs_server;
    } rows[] = {
        {SW_REQUEST_QUERY, true},
        {SW_REQUEST_PARSE, true},
        {SW_REQUEST_BIND, true},
        {SW_REQUEST_DESCRIBE_STATEMENT, true},
        {SW_REQUEST_DESCRIBE_PORTAL, true},
        {SW_REQUEST_EXECUTE, true},
        {SW_REQUEST_CLOSE_PORTAL, true},
        {SW_REQUEST_INJECT, true},
        {SW_REQUEST_SYNC, false},
        {SW_REQUEST_FLUSH, false},
        {SW_REQUEST_LOCAL, false},
        {SW_REQUEST_FAIL, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_run run;

        sw_run_init(&run);
        assert_false(run.needs_server);
        (void)sw_run_add(&run, rows[i].kind, NULL, "", NULL, 0);
        assert_int_equal(run.needs_server, rows[i].needs_server);
        (void)sw_run_add(&run, SW_REQUEST_SYNC, NULL, NULL, NULL, 0);
        assert_int_equal(run.needs_server, rows[i].needs_server);
        sw_run_clear(&run);
        assert_false(run.needs_server);
        sw_run_finish(&run);
    }
}

static void a_run_shares_its_statements_until_it_is_cleared(void **state)
{
    struct sw_prepared *prepared = sw_prepared_create("select 1", NULL, 0, "");
    struct sw_run run;

    sw_run_init(&run);
    (void)sw_run_add(&run, SW_REQUEST_PARSE, prepared, NULL, NULL, 0);
    (void)sw_run_add(&run, SW_REQUEST_BIND, prepared, "", NULL, 0);
    assert_int_equal(prepared->refs, 3);
    sw_run_clear(&run);
    assert_int_equal(prepared->refs, 1);
    sw_run_clear(&run);
    assert_int_equal(prepared->refs, 1);
    (void)sw_run_add(&run, SW_REQUEST_PARSE, prepared, NULL, NULL, 0);
    assert_int_equal(prepared->refs, 2);
    sw_run_finish(&run);
    assert_int_equal(prepared->refs, 1);
    sw_prepared_unref(prepared);
}

static void requests_keep_their_texts_while_the_run_grows(void **state)
{
    static const int counts[] = {1, 7, 8, 9, 64, 65, 1000};
    struct sw_run run;

    sw_run_init(&run);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        char text[32];

        for (int at = 0; at < counts[i]; at++) {
            int len = snprintf(text, sizeof text, "select %d", at);

            (void)sw_run_add(&run, SW_REQUEST_LOCAL, NULL, text, text, (size_t)len);
        }
        memset(text, 'x', sizeof text);
        assert_int_equal(run.count, counts[i]);
        for (int at = 0; at < counts[i]; at++) {
            const struct sw_request *request = &run.requests[at];

            (void)snprintf(text, sizeof text, "select %d", at);
            assert_string_equal(sw_run_text(&run, request), text);
            assert_int_equal(request->bytes_len, strlen(text));
            assert_memory_equal(sw_run_bytes(&run, request), text, strlen(text));
        }
        sw_run_clear(&run);
        assert_int_equal(run.count, 0);
        assert_int_equal(sw_buf_len(&run.bytes), 0);
    }
    sw_run_finish(&run);
}

static void only_a_run_that_grew_large_gives_memory_back(void **state)
{
    static const struct {
        int requests;
        size_t bytes;
        bool keeps_requests, keeps_bytes;
    } rows[] = {
        {1, 1, true, true},         {64, 4096 - 64, true, true},    {65, 65, false, true},
        {1, 4096 + 1, true, false}, {10000, 1 << 20, false, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static const uint8_t zeros[1 << 20];
        struct sw_run run;

        sw_run_init(&run);
        (void)sw_run_add(&run, SW_REQUEST_LOCAL, NULL, NULL, zeros, rows[i].bytes);
        for (int at = 1; at < rows[i].requests; at++)
            (void)sw_run_add(&run, SW_REQUEST_SYNC, NULL, NULL, NULL, 0);
        sw_run_clear(&run);
        assert_int_equal(run.requests != NULL, rows[i].keeps_requests);
        assert_int_equal(run.bytes.memory != NULL, rows[i].keeps_bytes);
        (void)sw_run_add(&run, SW_REQUEST_QUERY, NULL, "again", NULL, 0);
        assert_string_equal(sw_run_text(&run, &run.requests[0]), "again");
        sw_run_finish(&run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_comes_back_as_it_was_added),
        cmocka_unit_test(what_a_server_must_answer_needs_one),
        cmocka_unit_test(a_run_shares_its_statements_until_it_is_cleared),
        cmocka_unit_test(requests_keep_their_texts_while_the_run_grows),
        cmocka_unit_test(only_a_run_that_grew_large_gives_memory_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
