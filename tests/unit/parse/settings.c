#include "shardward/parse/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void only_settings_that_keep_the_meaning_of_text_are_allowed(void **state)
{
    static const struct {
        const char *name, *value;
        bool is_allowed;
    } rows[] = {
        {"application_name", "anything", true},
        {"search_path", "a", true},
        {"client_encoding", "UTF8", true},
        {"client_encoding", "utf-8", true},
        {"Client_Encoding", "Unicode", true},
        {"client_encoding", "SQL_ASCII", true},
        {"client_encoding", "'utf8'", true},
        {"client_encoding", "LATIN1", false},
        {"CLIENT_ENCODING", "win1252", false},
        {"client_encoding", "", false},
        {"client_encoding", "utf16", false},
        {"client_encoding",
         "utf8utf8utf8utf8utf8utf8utf8utf8utf8utf8utf8utf8utf8utf8utf8utf8utf8", false},
        {"standard_conforming_strings", "on", true},
        {"standard_conforming_strings", "TRUE", true},
        {"standard_conforming_strings", "1", true},
        {"standard_conforming_strings", "yes", true},
        {"standard_conforming_strings", "off", false},
        {"Standard_Conforming_Strings", "0", false},
        {"standard_conforming_strings", "", false},
        {"transform_null_equals", "off", true},
        {"transform_null_equals", "on", false},
        {"array_nulls", "on", true},
        {"array_nulls", "off", false},
        {"Array_Nulls", "0", false},
        {"session_authorization", "a", false},
        {"Session_Authorization", "default", false},
        {"role", "a", true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sw_error err = {.sqlstate = "-----"};

        if (sw_setting_is_allowed(rows[i].name, rows[i].value, &err) != rows[i].is_allowed)
            fail_msg("%s = %s", rows[i].name, rows[i].value);
        assert_string_equal(err.sqlstate, rows[i].is_allowed ? "-----" : "0A000");
        assert_true(rows[i].is_allowed || err.hint[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_settings_that_keep_the_meaning_of_text_are_allowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
