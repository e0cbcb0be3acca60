#include "shardward/base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct timespec noon = {.tv_sec = 1769860800, .tv_nsec = 7999999};

static char line[SW_LOG_LINE];

__attribute__((format(printf, 3, 4))) static size_t print(enum sw_log_format as, int suppressed,
                                                          const char *format, ...)
{
    va_list args;
    size_t len;

    va_start(args, format);
    len = sw_log_line(line, as, &noon, SW_LOG_INFO, "met", suppressed, format, args);
    va_end(args);
    assert_int_equal(line[len - 1], '\n');
    line[len - 1] = '\0';
    assert_int_equal(strlen(line), len - 1);
    return len;
}

#define TEXT "2026-01-31T12:00:00.007Z info met"
#define JSON "{\"time\":\"2026-01-31T12:00:00.007Z\",\"level\":\"info\",\"event\":\"met\""

static void conversions_become_values_and_integers_numbers(void **state)
{
    print(SW_LOG_TEXT, 0, "a=%d b=%u c=\"%s\" d=%s:%d e=%zu f=%.*s g=%llu h=%c", -1, 2U, "x y",
          "127.0.0.1", 6432, (size_t)3, 2, "xyz", 4ULL, 'q');
    assert_string_equal(line, TEXT " a=-1 b=2 c=\"x y\" d=127.0.0.1:6432 e=3 f=xy g=4 h=q");
    print(SW_LOG_JSON, 0, "a=%d b=%u c=\"%s\" d=%s:%d e=%zu f=%.*s g=%llu h=%c", -1, 2U, "x y",
          "127.0.0.1", 6432, (size_t)3, 2, "xyz", 4ULL, 'q');
    assert_string_equal(line, JSON ",\"a\":-1,\"b\":2,\"c\":\"x y\",\"d\":\"127.0.0.1:6432\","
                                   "\"e\":3,\"f\":\"xy\",\"g\":4,\"h\":\"q\"}");
    print(SW_LOG_JSON, 0, "a=%ld b=%.1f c=%03d d=\"%d\" e=5%% f", -9L, 1.25, 7, 8);
    assert_string_equal(
        line,
        JSON ",\"a\":-9,\"b\":\"1.2\",\"c\":\"007\",\"d\":\"8\",\"e\":\"5%\",\"f\":true}");
}

static void an_event_may_have_nothing_to_say(void **state)
{
    print(SW_LOG_TEXT, 0, "%s", "");
    assert_string_equal(line, TEXT " %s=true");
    print(SW_LOG_JSON, 3, "a=%s", "b");
    assert_string_equal(line, JSON ",\"suppressed\":3,\"a\":\"b\"}");
    print(SW_LOG_TEXT, 3, "a=%s", "b");
    assert_string_equal(line, TEXT " suppressed=3 a=b");
}

static void no_byte_of_a_value_leaves_its_quotes(void **state)
{
    static const struct {
        const char *value, *text, *json;
    } rows[] = {
        {"plain", "plain", "\"plain\""},
        {"", "\"\"", "\"\""},
        {"a b", "\"a b\"", "\"a b\""},
        {"a=b", "\"a=b\"", "\"a=b\""},
        {"say \"hi\"", "\"say \\\"hi\\\"\"", "\"say \\\"hi\\\"\""},
        {"back\\slash", "\"back\\\\slash\"", "\"back\\\\slash\""},
        {"two\nlines", "\"two\\nlines\"", "\"two\\nlines\""},
        {"\r\t\x1b\x7f\x01", "\"\\u000d\\u0009\\u001b\\u007f\\u0001\"",
         "\"\\u000d\\u0009\\u001b\\u007f\\u0001\""},
        {"\xe5\x8c\xbb", "\"\xe5\x8c\xbb\"", "\"\xe5\x8c\xbb\""},
        {"\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"", "\"\xf0\x9f\x98\x80\""},
        {"cut \xe5\x8c", "\"cut \xef\xbf\xbd\xef\xbf\xbd\"",
         "\"cut \xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xff", "\"\xef\xbf\xbd\"", "\"\xef\xbf\xbd\""},
        {"\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\"", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"",
         "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"",
         "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char wanted[256];

        print(SW_LOG_TEXT, 0, "v=%s", rows[i].value);
        (void)snprintf(wanted, sizeof wanted, TEXT " v=%s", rows[i].text);
        assert_string_equal(line, wanted);
        print(SW_LOG_JSON, 0, "v=%s", rows[i].value);
        (void)snprintf(wanted, sizeof wanted, JSON ",\"v\":%s}", rows[i].json);
        assert_string_equal(line, wanted);
    }
}

/* Whatever the length of a value, the line ends as it should, and never in half a character. */
static void a_long_event_is_cut_and_stays_well_formed(void **state)
{
    static const char *const pieces[] = {"x", "\"", "\x01", "\xe5\x8c\xbb", "\xff"};
    static char value[SW_LOG_LINE + 100];

    for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
        size_t piece = strlen(pieces[p]);

        value[0] = '\0';
        for (size_t len = 0; len + piece < sizeof value; len += piece) {
            size_t written;
            const char *end;

            memcpy(value + len, pieces[p], piece + 1);
            if (len + piece < 450)
                continue;
            written = print(SW_LOG_JSON, 0, "a=%s n=%d", value, 42);
            assert_true(written <= SW_LOG_LINE);
            end = strstr(line, "\",\"n\":42}");
            assert_true(end != NULL ? end[9] == '\0' : strcmp(line + written - 3, "\"}") == 0);
            for (const char *at = strstr(line, "\"a\":\"") + 5; *at != '"'; at++)
                at += *at == '\\' && (at[1] == '"' || strncmp(at, "\\u0001", 6) == 0);
        }
        assert_null(strstr(line, "\"n\""));
    }
}

static void a_flood_passes_in_bursts_and_is_counted(void **state)
{
    struct sw_log_limit limit = {0};
    int suppressed = -1;

    for (int i = 0; i < SW_LOG_BURST; i++) {
        assert_true(sw_log_limit_passes(&limit, 100, &suppressed));
        assert_int_equal(suppressed, 0);
    }
    for (int i = 0; i < 5; i++)
        assert_false(sw_log_limit_passes(&limit, 100, &suppressed));
    assert_true(sw_log_limit_passes(&limit, 101, &suppressed));
    assert_int_equal(suppressed, 5);
    assert_true(sw_log_limit_passes(&limit, 101, &suppressed));
    assert_int_equal(suppressed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversions_become_values_and_integers_numbers),
        cmocka_unit_test(an_event_may_have_nothing_to_say),
        cmocka_unit_test(no_byte_of_a_value_leaves_its_quotes),
        cmocka_unit_test(a_long_event_is_cut_and_stays_well_formed),
        cmocka_unit_test(a_flood_passes_in_bursts_and_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
