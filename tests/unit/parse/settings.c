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
        const char *sqlstate; /* NULL: it is allowed */
    } rows[] = {
        {"application_name", "anything", NULL},
        {"search_path", "a", NULL},
        {"client_encoding", "UTF8", NULL},
        {"client_encoding", "utf-8", NULL},
        {"Client_Encoding", "Unicode", NULL},
        {"client_encoding", "SQL_ASCII", NULL},
        {"client_encoding", "'utf8'", NULL},
        {"client_encoding", "LATIN1", "0A000"},
        {"CLIENT_ENCODING", "win1252", "0A000"},
        {"client_encoding", "Windows-1252", "0A000"},
        {"client_encoding", "MULE_INTERNAL", "0A000"},
        {"client_encoding", "", "22023"},
        {"client_encoding", "utf16", "22023"},
        {"client_encoding",
         "utf8utf8utf8utf8utf8utf8utf8utf8utf8utf8utf8utf8utf8utf8utf8utf8utf8", "22023"},
        {"standard_conforming_strings", "on", NULL},
        {"standard_conforming_strings", "TRUE", NULL},
        {"standard_conforming_strings", "1", NULL},
        {"standard_conforming_strings", "yes", NULL},
        {"standard_conforming_strings", "off", "0A000"},
        {"Standard_Conforming_Strings", "0", "0A000"},
        {"standard_conforming_strings", "", "0A000"},
        {"transform_null_equals", "off", NULL},
        {"transform_null_equals", "on", "0A000"},
        {"array_nulls", "on", NULL},
        {"array_nulls", "off", "0A000"},
        {"Array_Nulls", "0", "0A000"},
        {"session_authorization", "a", "0A000"},
        {"Session_Authorization", "default", "0A000"},
        {"role", "a", NULL},
        {"idle_session_timeout", "0", NULL},
        {"idle_session_timeout", "0min", NULL},
        {"Idle_Session_Timeout", "00MS", NULL},
        {"idle_session_timeout", "1", "0A000"},
        {"idle_session_timeout", "05s", "0A000"},
        {"idle_session_timeout", "", "0A000"},
        {"idle_session_timeout", "ms", "0A000"},
        {"idle_session_timeout", "0.5s", "0A000"},
        {"idle_in_transaction_session_timeout", "5s", NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sw_error err = {.sqlstate = "-----"};

        bool is_allowed = sw_setting_is_allowed(rows[i].name, rows[i].value, &err);

        if (is_allowed != (rows[i].sqlstate == NULL))
            fail_msg("%s = %s", rows[i].name, rows[i].value);
        assert_string_equal(err.sqlstate, is_allowed ? "-----" : rows[i].sqlstate);
        assert_int_equal(err.hint[0] != '\0', strcmp(err.sqlstate, "0A000") == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_settings_that_keep_the_meaning_of_text_are_allowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
