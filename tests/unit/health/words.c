#include "shardward/health/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void positions_are_read(void **state)
{
    static const struct {
        const char *text;
        uint64_t lsn;
    } rows[] = {
        {"0/1", 1},
        {"16/B374D848", 0x16B374D848},
        {"FFFFFFFF/FFFFFFFF", UINT64_MAX},
        {"0/0", 0},
        {"", 0},
        {"16", 0},
        {"nothing", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(sw_words_lsn(rows[i].text), rows[i].lsn);
}

static void a_history_is_read(void **state)
{
    static const struct {
        const char *text;
        int count;
        struct sw_timeline_end last;
    } rows[] = {
        {"1\t0/3000110\tno recovery target specified\n", 1, {.timeline = 1, .lsn = 0x3000110}},
        {"1\t0/3000110\tbefore 2000-01-01\n\n2\t1/10\tat restore point \"3\"\n",
         2,
         {.timeline = 2, .lsn = 0x100000010}},
        {"# a comment\n1\t0/10\tx", 1, {.timeline = 1, .lsn = 16}},
        {"", 0, {.timeline = 0}},
        {"1\n", 0, {.timeline = 0}},
        {"x\t0/10\n", 0, {.timeline = 0}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_vitals vitals = {.end_count = 5};
        const struct sw_timeline_end *last;

        sw_words_history(rows[i].text, &vitals);
        assert_int_equal(vitals.end_count, rows[i].count);
        if (rows[i].count == 0)
            continue;
        last = &vitals.ends[vitals.end_count - 1];
        assert_int_equal(last->timeline, rows[i].last.timeline);
        assert_int_equal(last->lsn, rows[i].last.lsn);
    }
}

static void of_a_long_history_the_end_is_kept(void **state)
{
    enum { MANY = SW_TIMELINES + 10 };
    char text[MANY * 16];
    struct sw_vitals vitals = {.end_count = 0};
    size_t len = 0;

    (void)state;
    for (int i = 1; i <= MANY; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%d\t0/%X\tx\n", i, 16 * i);
    sw_words_history(text, &vitals);
    assert_int_equal(vitals.end_count, SW_TIMELINES);
    assert_int_equal(vitals.ends[0].timeline, 11);
    assert_int_equal(vitals.ends[SW_TIMELINES - 1].timeline, MANY);
    assert_int_equal(vitals.ends[SW_TIMELINES - 1].lsn, 16 * MANY);
}

static void a_failure_tells_of_health(void **state)
{
    static const struct {
        const char *sqlstate, *text;
        enum sw_outcome outcome;
    } rows[] = {
        {"57P03", "the database system is starting up", SW_STARTING},
        {"57P01", "terminating connection", SW_FAILED},
        {"53100", "could not extend file", SW_FAILED},
        {"58030", "could not read", SW_FAILED},
        {"XX000", "cache lookup failed", SW_FAILED},
        {"53300", "sorry, too many clients already", SW_TURNED_AWAY},
        {"28P01", "password authentication failed", SW_TURNED_AWAY},
        {"42501", "permission denied", SW_TURNED_AWAY},
        {"3D000", "database does not exist", SW_TURNED_AWAY},
        {"", "Connection refused", SW_REFUSED},
        {"", "server closed the connection unexpectedly", SW_REFUSED},
        {"", "could not receive data from server: Connection reset by peer", SW_REFUSED},
        {"", "No such file or directory", SW_REFUSED},
        {"", "Connection timed out", SW_TIMED_OUT},
        {"", "No route to host", SW_TIMED_OUT},
        {"", "Network is unreachable", SW_TIMED_OUT},
        {"", "could not translate host name \"x\" to address", SW_TIMED_OUT},
        {"", "SSL error: certificate verify failed", SW_TURNED_AWAY},
        {"", "fe_sendauth: no password supplied", SW_TURNED_AWAY},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (sw_words_failure(rows[i].sqlstate, rows[i].text) != rows[i].outcome)
            fail_msg("%s %s", rows[i].sqlstate, rows[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(positions_are_read),
        cmocka_unit_test(a_history_is_read),
        cmocka_unit_test(of_a_long_history_the_end_is_kept),
        cmocka_unit_test(a_failure_tells_of_health),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
