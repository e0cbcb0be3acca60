#include "shardward/backend/opening.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct row {
    const char *name, *said, *sqlstate, *message;
};

static const struct row rows[] = {
    {"a_server_refuses",
     "connection to server at \"::1\", port 5432 failed: FATAL:  53300: sorry\nLOCATION:  x",
     "53300", "sorry"},
    {"an_error_that_is_not_fatal", "ERROR:  42704: no such\nLOCATION:  x\n", "42704",
     "no such"},
    {"nobody_is_there",
     "connection to server at \"::1\", port 1 failed: Connection refused\n\tIs", "08006",
     "connection to server at \"::1\", port 1 failed: Connection refused"},
    {"too_short_for_a_state", "FATAL:  short", "08006", "FATAL:  short"},
    {"a_server_too_old_for_states", "FATAL:  the database system is starting", "08006",
     "FATAL:  the database system is starting"},
};

static void check_row(void **state)
{
    const struct row *row = *state;
    struct sw_error err;

    sw_opening_read_error(row->said, &err);
    assert_string_equal(err.sqlstate, row->sqlstate);
    assert_string_equal(err.message, row->message);
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof rows[0] };
    struct CMUnitTest tests[ROWS];

    for (int i = 0; i < ROWS; i++)
        tests[i] = (struct CMUnitTest){.name = rows[i].name,
                                       .test_func = check_row,
                                       .initial_state = (void *)(uintptr_t)&rows[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
