#include "shardward/wire/startup.h"

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

#define VERSION_3 "\0\3\0\0"

static struct sw_frame frame_of(const char *body, size_t len)
{
    return (struct sw_frame){.body = (const uint8_t *)body, .body_len = len};
}

static void each_request_code_is_known(void **state)
{
    static const struct {
        const char *body;
        size_t len;
        enum sw_startup_kind kind;
    } rows[] = {
        {BODY("\x04\xd2\x16\x2f"), SW_STARTUP_SSL},
        {BODY("\x04\xd2\x16\x2fmore"), SW_STARTUP_SSL},
        {BODY("\x04\xd2\x16\x30"), SW_STARTUP_GSSENC},
        {BODY("\x04\xd2\x16\x2e\0\0\0\7\x80\0\0\1"), SW_STARTUP_CANCEL},
        {BODY(VERSION_3 "user\0ann\0\0"), SW_STARTUP_SESSION},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sw_frame frame = frame_of(rows[i].body, rows[i].len);
        struct sw_startup startup;
        struct sw_error err;

        assert_true(sw_startup_read(&startup, &frame, &err));
        assert_int_equal(startup.kind, rows[i].kind);
        if (startup.kind == SW_STARTUP_CANCEL) {
            assert_int_equal(startup.cancel_pid, 7);
            assert_int_equal(startup.cancel_key, 0x80000001);
        }
        sw_startup_finish(&startup);
    }
}

static void a_broken_packet_fails_as_in_postgresql(void **state)
{
    static const char layout[] =
        "invalid startup packet layout: expected terminator as last byte";
    static const char no_user[] = "no PostgreSQL user name specified in startup packet";
    static const struct {
        const char *body;
        size_t len;
        const char *sqlstate, *message;
    } rows[] = {
        {BODY(""), "08P01", "invalid length of startup packet"},
        {BODY("\0\3\0"), "08P01", "invalid length of startup packet"},
        {BODY("\x04\xd2\x16\x2e\0\0\0\7\0\0\0"), "08P01",
         "invalid length of query cancel packet"},
        {BODY("\x04\xd2\x16\x2e\0\0\0\7\0\0\0\1\0"), "08P01",
         "invalid length of query cancel packet"},
        {BODY(VERSION_3), "08P01", layout},
        {BODY(VERSION_3 "user\0ann\0"), "08P01", layout},
        {BODY(VERSION_3 "user\0ann"), "08P01", layout},
        {BODY(VERSION_3 "user\0"), "08P01", layout},
        {BODY(VERSION_3 "user\0\0"), "08P01", layout},
        {BODY(VERSION_3 "user"), "08P01", layout},
        {BODY(VERSION_3 "user\0ann\0\0\0"), "08P01", layout},
        {BODY(VERSION_3 "user\0ann\0\0x"), "08P01", layout},
        {BODY(VERSION_3 "\0x\0\0"), "08P01", layout},
        {BODY(VERSION_3 "\0"), "28000", no_user},
        {BODY(VERSION_3 "user\0\0\0"), "28000", no_user},
        {BODY(VERSION_3 "database\0ann\0\0"), "28000", no_user},
        {BODY(VERSION_3 "options\0x\0\0"), "28000", no_user},
        {BODY(VERSION_3 "User\0ann\0\0"), "28000", no_user},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sw_frame frame = frame_of(rows[i].body, rows[i].len);
        struct sw_startup startup;
        struct sw_error err;

        assert_false(sw_startup_read(&startup, &frame, &err));
        assert_string_equal(err.message, rows[i].message);
        assert_string_equal(err.sqlstate, rows[i].sqlstate);
        sw_startup_finish(&startup);
    }
}

static void the_major_version_must_be_3(void **state)
{
    static const struct {
        const char *body;
        size_t len;
        uint32_t version;
        const char *message; /* NULL: accepted */
    } rows[] = {
        {BODY("\0\3\0\0user\0a\0\0"), 0x30000, NULL},
        {BODY("\0\3\0\2user\0a\0\0"), 0x30002, NULL},
        {BODY("\0\3\xff\xffuser\0a\0\0"), 0x3ffff, NULL},
        {BODY("\0\2\0\0user\0a\0\0"), 0x20000,
         "unsupported frontend protocol 2.0: server supports 3.0 to 3.0"},
        {BODY("\0\4\0\1user\0a\0\0"), 0x40001,
         "unsupported frontend protocol 4.1: server supports 3.0 to 3.0"},
        {BODY("\x04\xd2\0\5"), 0x04d20005,
         "unsupported frontend protocol 1234.5: server supports 3.0 to 3.0"},
        {BODY("\0\0\0\0"), 0, "unsupported frontend protocol 0.0: server supports 3.0 to 3.0"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sw_frame frame = frame_of(rows[i].body, rows[i].len);
        struct sw_startup startup;
        struct sw_error err;

        assert_int_equal(sw_startup_read(&startup, &frame, &err), rows[i].message == NULL);
        assert_int_equal(startup.version, rows[i].version);
        if (rows[i].message != NULL) {
            assert_string_equal(err.message, rows[i].message);
            assert_string_equal(err.sqlstate, "0A000");
        }
        sw_startup_finish(&startup);
    }
}

static void the_database_defaults_to_the_user(void **state)
{
    static const struct {
        const char *body;
        size_t len;
        const char *database;
    } rows[] = {
        {BODY(VERSION_3 "user\0ann\0\0"), "ann"},
        {BODY(VERSION_3 "user\0ann\0database\0\0\0"), "ann"},
        {BODY(VERSION_3 "database\0\0user\0ann\0\0"), "ann"},
        {BODY(VERSION_3 "user\0ann\0database\0hotel\0\0"), "hotel"},
        {BODY(VERSION_3 "user\0bob\0user\0ann\0database\0x\0database\0hotel\0\0"), "hotel"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sw_frame frame = frame_of(rows[i].body, rows[i].len);
        struct sw_startup startup;
        struct sw_error err;

        assert_true(sw_startup_read(&startup, &frame, &err));
        assert_string_equal(startup.user, "ann");
        assert_string_equal(startup.database, rows[i].database);
        assert_int_equal(startup.setting_count, 0);
        assert_false(startup.is_replication);
        sw_startup_finish(&startup);
    }
}

/* A session of user ann with one more pair. */
static bool read_with(const char *name, const char *value, struct sw_startup *startup,
                      struct sw_buf *buf, struct sw_error *err)
{
    struct sw_frame frame;

    sw_buf_init(buf, SW_STARTUP_LIMIT);
    sw_put_int32(buf, 0x30000);
    sw_put_text(buf, "user");
    sw_put_text(buf, "ann");
    sw_put_text(buf, name);
    sw_put_text(buf, value);
    sw_put_byte(buf, 0);
    frame = frame_of((const char *)sw_buf_bytes(buf), sw_buf_len(buf));
    return sw_startup_read(startup, &frame, err);
}

static void replication_is_a_boolean_or_database(void **state)
{
    enum { NO, YES, BROKEN };
    static const struct {
        const char *value;
        int expected;
    } rows[] = {
        {"true", YES},      {"on", YES},       {"yes", YES},
        {"1", YES},         {"database", YES}, {"TRUE", YES},
        {"t", YES},         {"y", YES},        {"false", NO},
        {"off", NO},        {"no", NO},        {"0", NO},
        {"of", NO},         {"f", NO},         {"n", NO},
        {"o", BROKEN},      {"", BROKEN},      {"DATABASE", BROKEN},
        {"2", BROKEN},      {"true ", BROKEN}, {"10", BROKEN},
        {"falsey", BROKEN},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_startup startup;
        struct sw_buf buf;
        struct sw_error err;

        assert_int_equal(read_with("replication", rows[i].value, &startup, &buf, &err),
                         rows[i].expected != BROKEN);
        assert_int_equal(startup.is_replication, rows[i].expected == YES);
        if (rows[i].expected == BROKEN)
            assert_string_equal(err.sqlstate, "22023");
        sw_startup_finish(&startup);
        sw_buf_finish(&buf);
    }
}

static void other_keys_are_settings(void **state)
{
    const struct sw_frame frame =
        frame_of(BODY(VERSION_3 "application_name\0\0user\0ann\0Work_Mem\0001MB\0\0"));
    struct sw_startup startup;
    struct sw_error err;

    assert_true(sw_startup_read(&startup, &frame, &err));
    assert_int_equal(startup.setting_count, 2);
    assert_string_equal(startup.settings[0].name, "application_name");
    assert_string_equal(startup.settings[0].value, "");
    assert_string_equal(startup.settings[1].name, "Work_Mem");
    assert_string_equal(startup.settings[1].value, "1MB");
    sw_startup_finish(&startup);
}

static void protocol_options_are_collected(void **state)
{
    const struct sw_frame frame =
        frame_of(BODY("\0\3\0\2user\0ann\0_pq_.foo\0x\0_pq_.\0\0_pq\0y\0\0"));
    struct sw_startup startup;
    struct sw_error err;

    assert_true(sw_startup_read(&startup, &frame, &err));
    assert_int_equal(startup.unknown_option_count, 2);
    assert_string_equal(startup.unknown_options[0], "_pq_.foo");
    assert_string_equal(startup.unknown_options[1], "_pq_.");
    assert_int_equal(startup.setting_count, 1);
    sw_startup_finish(&startup);
}

static void options_are_read_as_a_command_line(void **state)
{
    static const struct {
        const char *options;
        const char *name, *value; /* of the last setting; NULL: none */
        int count;
    } rows[] = {
        {"", NULL, NULL, 0},
        {" \t\n", NULL, NULL, 0},
        {"-c work_mem=1MB", "work_mem", "1MB", 1},
        {"-cwork_mem=1MB", "work_mem", "1MB", 1},
        {"  -c \t work_mem=1MB  ", "work_mem", "1MB", 1},
        {"--work_mem=1MB", "work_mem", "1MB", 1},
        {"--Work-Mem=1MB", "work_mem", "1MB", 1},
        {"-c a-b.c=x-Y", "a_b.c", "x-Y", 1},
        {"-c a=", "a", "", 1},
        {"-c a==b=c", "a", "=b=c", 1},
        {"-c search_path=a\\ b", "search_path", "a b", 1},
        {"-c search_path=a\\\\b", "search_path", "a\\b", 1},
        {"-c search_path=a\\\\ --b=c", "b", "c", 2},
        {"-c search_path=\\a\\", "search_path", "a", 1},
        {"-c --a=b", "__a", "b", 1},
        {"--a=1 -c b=2 -cc=3", "c", "3", 3},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_startup startup;
        struct sw_buf buf;
        struct sw_error err;

        assert_true(read_with("options", rows[i].options, &startup, &buf, &err));
        assert_int_equal(startup.setting_count, rows[i].count);
        if (rows[i].count > 0) {
            assert_string_equal(startup.settings[rows[i].count - 1].name, rows[i].name);
            assert_string_equal(startup.settings[rows[i].count - 1].value, rows[i].value);
        }
        sw_startup_finish(&startup);
        sw_buf_finish(&buf);
    }
}

static void broken_options_fail_as_in_postgresql(void **state)
{
    static const char argument[] = "invalid command-line argument for server process: ";
    static const struct {
        const char *options, *sqlstate, *message, *culprit;
    } rows[] = {
        {"x", "42601", argument, "x"},
        {"-", "42601", argument, "-"},
        {"--", "42601", argument, "--"},
        {"-c", "42601", argument, "-c"},
        {"-c ", "42601", argument, "-c"},
        {"\\", "42601", argument, ""},
        {"-x", "42601", argument, "-x"},
        {"-c a=b y", "42601", argument, "y"},
        {"--work_mem", "42601", "--work_mem requires a value", ""},
        {"-c work_mem", "42601", "-c work_mem requires a value", ""},
        {"-cwork_mem", "42601", "-c work_mem requires a value", ""},
        {"-c =3", "42704", "unrecognized configuration parameter \"\"", ""},
        {"--=3", "42704", "unrecognized configuration parameter \"\"", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_startup startup;
        struct sw_buf buf;
        struct sw_error err;
        char message[128];

        (void)snprintf(message, sizeof message, "%s%s", rows[i].message, rows[i].culprit);
        assert_false(read_with("options", rows[i].options, &startup, &buf, &err));
        assert_string_equal(err.sqlstate, rows[i].sqlstate);
        assert_string_equal(err.message, message);
        assert_null(startup.options_memory);
        sw_buf_finish(&buf);
    }
}

static void options_come_before_the_other_settings(void **state)
{
    const struct sw_frame frame =
        frame_of(BODY(VERSION_3 "user\0ann\0a\0"
                                "1\0options\0-c lost=1\0options\0-c a=2\0b\0"
                                "3\0\0"));
    struct sw_startup startup;
    struct sw_error err;

    assert_true(sw_startup_read(&startup, &frame, &err));
    assert_int_equal(startup.setting_count, 3);
    assert_string_equal(startup.settings[0].name, "a");
    assert_string_equal(startup.settings[0].value, "2");
    assert_string_equal(startup.settings[1].name, "a");
    assert_string_equal(startup.settings[1].value, "1");
    assert_string_equal(startup.settings[2].name, "b");
    sw_startup_finish(&startup);
}

/* A session of @count pairs that are no user, and of @options settings in `options`. */
static bool read_many(const char *name, int count, int options, struct sw_error *err)
{
    struct sw_startup startup;
    struct sw_frame frame;
    struct sw_buf buf;
    bool is_read;

    sw_buf_init(&buf, SW_STARTUP_LIMIT);
    sw_put_int32(&buf, 0x30000);
    sw_put_text(&buf, "user");
    sw_put_text(&buf, "ann");
    for (int i = 0; i < count; i++) {
        sw_put_text(&buf, name);
        sw_put_text(&buf, "1");
    }
    sw_put_text(&buf, "options");
    for (int i = 0; i < options; i++)
        (void)sw_buf_append_text(&buf, " --a=1");
    sw_put_byte(&buf, 0);
    sw_put_byte(&buf, 0);
    frame = frame_of((const char *)sw_buf_bytes(&buf), sw_buf_len(&buf));
    is_read = sw_startup_read(&startup, &frame, err);
    sw_startup_finish(&startup);
    sw_buf_finish(&buf);
    return is_read;
}

static void there_is_a_limit_of_settings(void **state)
{
    static const struct {
        const char *name;
        int count, options;
        bool is_read;
    } rows[] = {
        {"a", SW_STARTUP_PAIRS, 0, true},        {"a", SW_STARTUP_PAIRS + 1, 0, false},
        {"a", 0, SW_STARTUP_PAIRS, true},        {"a", 0, SW_STARTUP_PAIRS + 1, false},
        {"a", 28, SW_STARTUP_PAIRS - 28, true},  {"a", 29, SW_STARTUP_PAIRS - 28, false},
        {"_pq_.a", SW_STARTUP_PAIRS, 0, true},   {"_pq_.a", SW_STARTUP_PAIRS + 1, 0, false},
        {"user", SW_STARTUP_PAIRS + 1, 0, true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_error err;

        assert_int_equal(read_many(rows[i].name, rows[i].count, rows[i].options, &err),
                         rows[i].is_read);
        if (!rows[i].is_read)
            assert_string_equal(err.sqlstate, "54000");
    }
}

static void a_packet_holds_at_most_10000_bytes(void **state)
{
    static const char head[] = VERSION_3 "user\0ann\0application_name\0";
    char body[10001];

    for (size_t len = 10000; len <= 10001; len++) {
        const struct sw_frame frame = frame_of(body, len);
        struct sw_startup startup;
        struct sw_error err;

        memset(body, 'x', sizeof body);
        memcpy(body, head, sizeof head - 1);
        memset(body + len - 2, 0, 2);
        assert_int_equal(sw_startup_read(&startup, &frame, &err), len == 10000);
        sw_startup_finish(&startup);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_code_is_known),
        cmocka_unit_test(a_broken_packet_fails_as_in_postgresql),
        cmocka_unit_test(the_major_version_must_be_3),
        cmocka_unit_test(the_database_defaults_to_the_user),
        cmocka_unit_test(replication_is_a_boolean_or_database),
        cmocka_unit_test(other_keys_are_settings),
        cmocka_unit_test(protocol_options_are_collected),
        cmocka_unit_test(options_are_read_as_a_command_line),
        cmocka_unit_test(broken_options_fail_as_in_postgresql),
        cmocka_unit_test(options_come_before_the_other_settings),
        cmocka_unit_test(there_is_a_limit_of_settings),
        cmocka_unit_test(a_packet_holds_at_most_10000_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
