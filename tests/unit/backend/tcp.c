#include "shardward/backend/tcp.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct row {
    const char *name;
    struct sw_tcp tcp;
    uint64_t waits_ms;
    bool is_unheard;
};

static const struct row rows[] = {
    {"a_slow_statement_is_confirmed", {0, 0, 60000}, 60000, false},
    {"it_was_sent_just_now_after_a_long_pause", {1, 0, 60000}, 0, false},
    {"it_waits_for_less_than_a_second", {1, 0, 60000}, 999, false},
    {"it_waits_for_a_second", {1, 0, 60000}, 1000, true},
    {"something_else_was_confirmed_meanwhile", {1, 0, 999}, 5000, false},
    {"but_a_second_ago", {1, 0, 1000}, 5000, true},
    {"one_packet_was_lost", {1, 1, 300}, 300, false},
    {"it_was_lost_again", {1, 2, 700}, 0, true},
    {"much_is_on_its_way", {500, 0, 20}, 5000, false},
    {"one_probe_was_lost", {0, 1, 8000}, 0, false},
    {"nobody_answers_probes", {0, 2, 9000}, 0, true},
};

static void check_row(void **state)
{
    const struct row *row = *state;

    assert_int_equal(sw_tcp_is_unheard(&row->tcp, row->waits_ms), row->is_unheard);
}

static void another_kind_of_socket_tells_nothing(void **state)
{
    int fds[2];
    struct sw_tcp tcp;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_false(sw_tcp_look(fds[0], &tcp));
    (void)close(fds[0]);
    (void)close(fds[1]);
}

/* Bytes that a listener has not even accepted are confirmed by its host. */
static void what_nobody_reads_is_confirmed(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sw_tcp tcp = {.unconfirmed = 1};

    (void)state;
    assert_int_equal(bind(listener, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(send(fd, "x", 1, 0), 1);
    while (tcp.unconfirmed > 0)
        assert_true(sw_tcp_look(fd, &tcp));
    assert_false(sw_tcp_is_unheard(&tcp, 5000));
    (void)close(fd);
    (void)close(listener);
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof rows[0] };
    struct CMUnitTest tests[ROWS + 2] = {
        [ROWS] = cmocka_unit_test(another_kind_of_socket_tells_nothing),
        [ROWS + 1] = cmocka_unit_test(what_nobody_reads_is_confirmed)};

    for (int i = 0; i < ROWS; i++)
        tests[i] = (struct CMUnitTest){.name = rows[i].name,
                                       .test_func = check_row,
                                       .initial_state = (void *)(uintptr_t)&rows[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
