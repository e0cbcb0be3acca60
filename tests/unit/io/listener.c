#include "shardward/io/listener.h"

#include "turns.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cmocka.h>

enum { MOST = 200 };

struct door {
    struct turns turns;
    struct sw_listener *listener;
    int port;
    int accepted[MOST];
    int count, wanted; /* the loop is stopped at `wanted` */
    bool closes;       /* the listener, at the first client */
};

static void on_accept(void *owner, int fd)
{
    struct door *door = owner;

    assert_true(door->count < MOST);
    door->accepted[door->count++] = fd;
    if (door->closes) {
        sw_listener_close(door->listener);
        door->listener = NULL;
    }
    if (door->count == door->wanted)
        sw_loop_stop(door->turns.loop);
}

static struct sockaddr_in local(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* A bound socket, so that nobody else is given its port; *port tells which that is. */
static int bind_any(int *port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = local(0);
    socklen_t len = sizeof address;

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

/* The kernel completes the connection; nobody has to accept it for that. */
static int knock(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = local(port);

    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

static void open_door(struct door *door)
{
    struct sw_error err;

    *door = (struct door){0};
    turns_init(&door->turns);
    for (int tries = 0; tries < 20 && door->listener == NULL; tries++) {
        (void)close(bind_any(&door->port));
        door->listener =
            sw_listener_open(door->turns.loop, "127.0.0.1", door->port, on_accept, door, &err);
    }
    assert_non_null(door->listener);
}

static void close_door(struct door *door)
{
    for (int i = 0; i < door->count; i++)
        (void)close(door->accepted[i]);
    sw_listener_close(door->listener);
    turns_finish(&door->turns);
}

static void run_until(struct door *door, int wanted)
{
    door->wanted = wanted;
    sw_loop_run(door->turns.loop);
}

static void every_client_that_knocks_is_let_in(void **state)
{
    static const int counts[] = {1, 2, 63, 64, 65, MOST};

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        int clients[MOST];
        struct door door;

        open_door(&door);
        for (int at = 0; at < counts[i]; at++)
            assert_true((clients[at] = knock(door.port)) >= 0);
        run_until(&door, counts[i]);
        turns_run(&door.turns);
        assert_int_equal(door.count, counts[i]);
        for (int at = 0; at < counts[i]; at++)
            (void)close(clients[at]);
        close_door(&door);
    }
}

static void an_accepted_socket_speaks_and_does_not_block(void **state)
{
    struct door door;
    char word[8];
    int client;

    open_door(&door);
    client = knock(door.port);
    run_until(&door, 1);
    assert_true(fcntl(door.accepted[0], F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(door.accepted[0], F_GETFD) & FD_CLOEXEC);
    assert_int_equal(send(door.accepted[0], "hello", 5, 0), 5);
    assert_int_equal(recv(client, word, 5, MSG_WAITALL), 5);
    assert_memory_equal(word, "hello", 5);
    (void)close(client);
    close_door(&door);
}

static void a_closed_listener_lets_nobody_in(void **state)
{
    struct door door;
    int client;

    open_door(&door);
    client = knock(door.port);
    assert_true(client >= 0);
    sw_listener_close(door.listener);
    door.listener = NULL;
    turns_run(&door.turns);
    assert_int_equal(door.count, 0);
    assert_int_equal(knock(door.port), -1);
    (void)close(client);
    sw_listener_close(NULL);
    close_door(&door);
}

static void a_listener_may_be_closed_by_whom_it_calls(void **state)
{
    int clients[3];
    struct door door;

    open_door(&door);
    door.closes = true;
    for (size_t i = 0; i < 3; i++)
        assert_true((clients[i] = knock(door.port)) >= 0);
    turns_run(&door.turns);
    assert_int_equal(door.count, 1);
    for (size_t i = 0; i < 3; i++)
        (void)close(clients[i]);
    close_door(&door);
}

static void a_port_can_be_taken_again_at_once(void **state)
{
    struct sw_error err;
    struct door door;
    int client;

    open_door(&door);
    client = knock(door.port);
    run_until(&door, 1);
    sw_listener_close(door.listener);
    turns_run(&door.turns);
    /* Whoever closes first keeps the port in TIME-WAIT. */
    (void)close(door.accepted[0]);
    door.count = 0;
    (void)close(client);
    door.listener =
        sw_listener_open(door.turns.loop, "127.0.0.1", door.port, on_accept, &door, &err);
    assert_non_null(door.listener);
    client = knock(door.port);
    run_until(&door, 1);
    (void)close(client);
    close_door(&door);
}

static void an_address_that_cannot_be_had_is_named(void **state)
{
    int port, free_port;
    int taken = bind_any(&port), freed = bind_any(&free_port);
    const struct {
        const char *address;
        int port;
    } rows[] = {
        {"127.0.0.1", port},        /* of somebody else */
        {"192.0.2.1", free_port},   /* RFC 5737: nobody's */
        {"localhost", free_port},   /* not numeric */
        {"127.0.0.256", free_port}, /* no address */
    };
    struct door door;

    open_door(&door);
    (void)close(freed);
    assert_int_equal(listen(taken, 1), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_error err = {0};
        char place[64];

        assert_null(sw_listener_open(door.turns.loop, rows[i].address, rows[i].port, on_accept,
                                     &door, &err));
        (void)snprintf(place, sizeof place, "%s:%d: ", rows[i].address, rows[i].port);
        assert_string_equal(err.sqlstate, "08006");
        assert_non_null(strstr(err.message, place));
        assert_string_not_equal(strstr(err.message, place) + strlen(place), "");
    }
    (void)close(taken);
    close_door(&door);
}

/* The lowest descriptor that is free is also the first that a limit can forbid. */
static void limit_descriptors(struct rlimit *before)
{
    int lowest = dup(STDIN_FILENO);
    struct rlimit limit;

    assert_true(lowest >= 0);
    (void)close(lowest);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
    limit = (struct rlimit){(rlim_t)lowest, before->rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* What is logged goes to a file meanwhile, and its lines are counted. */
static int divert_log(int *before)
{
    int file = memfd_create("log", MFD_CLOEXEC);

    assert_true(file >= 0);
    *before = dup(STDERR_FILENO);
    assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
    return file;
}

static int count_lines(int file, int before)
{
    char text[4096] = "";
    int count = 0;

    assert_true(pread(file, text, sizeof text - 1, 0) >= 0);
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        count++;
    assert_int_equal(dup2(before, STDERR_FILENO), STDERR_FILENO);
    (void)close(before);
    (void)close(file);
    return count;
}

static void a_client_waits_until_there_is_a_descriptor(void **state)
{
    struct rlimit before;
    struct door door;
    int client, log, stderr_before;

    open_door(&door);
    turns_run(&door.turns);
    client = knock(door.port);
    log = divert_log(&stderr_before);
    limit_descriptors(&before);
    turns_run(&door.turns);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    /* It rests: it did not try at every turn. */
    assert_in_range(count_lines(log, stderr_before), 1, SOME_TURNS / 2);
    assert_int_equal(door.count, 0);
    run_until(&door, 1);
    assert_int_equal(door.count, 1);
    (void)close(client);
    close_door(&door);
}

static void a_resting_listener_can_be_closed(void **state)
{
    struct rlimit before;
    struct door door;
    int client, log, stderr_before;

    open_door(&door);
    turns_run(&door.turns);
    client = knock(door.port);
    log = divert_log(&stderr_before);
    limit_descriptors(&before);
    turns_run(&door.turns);
    assert_in_range(count_lines(log, stderr_before), 1, SOME_TURNS / 2);
    sw_listener_close(door.listener);
    door.listener = NULL;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    turns_run(&door.turns);
    assert_int_equal(door.count, 0);
    (void)close(client);
    close_door(&door);
}

static void last_words_arrive_although_bytes_were_not_read(void **state)
{
    static const size_t unread[] = {0, 1, 4096, 64 * 1024};

    for (size_t i = 0; i < sizeof unread / sizeof *unread; i++) {
        static const char noise[64 * 1024];
        struct door door;
        char word[8];
        int client, error;
        socklen_t error_len = sizeof error;

        open_door(&door);
        client = knock(door.port);
        run_until(&door, 1);
        assert_int_equal(send(client, noise, unread[i], 0), unread[i]);
        assert_int_equal(send(door.accepted[0], "bye", 3, 0), 3);
        sw_socket_close(door.accepted[0]);
        door.count = 0;
        assert_int_equal(recv(client, word, sizeof word, MSG_WAITALL), 3);
        assert_memory_equal(word, "bye", 3);
        assert_int_equal(recv(client, word, sizeof word, 0), 0);
        assert_int_equal(getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &error_len), 0);
        assert_int_equal(error, 0);
        (void)close(client);
        close_door(&door);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_client_that_knocks_is_let_in),
        cmocka_unit_test(an_accepted_socket_speaks_and_does_not_block),
        cmocka_unit_test(a_closed_listener_lets_nobody_in),
        cmocka_unit_test(a_listener_may_be_closed_by_whom_it_calls),
        cmocka_unit_test(a_port_can_be_taken_again_at_once),
        cmocka_unit_test(an_address_that_cannot_be_had_is_named),
        cmocka_unit_test(a_client_waits_until_there_is_a_descriptor),
        cmocka_unit_test(a_resting_listener_can_be_closed),
        cmocka_unit_test(last_words_arrive_although_bytes_were_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
