#include "shardward/io/listener.h"

#include "turns.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
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

static struct sw_listener *listen_at(struct door *door, const char *address, int port,
                                     struct sw_error *err)
{
    const struct sw_listener_host host = {
        .loop = door->turns.loop, .on_accept = on_accept, .owner = door};

    return sw_listener_open(&host, address, port, err);
}

static void open_door(struct door *door)
{
    struct sw_error err;

    *door = (struct door){0};
    turns_init(&door->turns);
    for (int tries = 0; tries < 20 && door->listener == NULL; tries++) {
        (void)close(bind_any(&door->port));
        door->listener = listen_at(door, "127.0.0.1", door->port, &err);
    }
    assert_non_null(door->listener);
    sw_listener_start(door->listener);
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

static void who_knocks_before_the_start_waits(void **state)
{
    struct sw_error err;
    struct door door;
    int client;

    open_door(&door);
    sw_listener_close(door.listener);
    turns_run(&door.turns);
    door.listener = listen_at(&door, "127.0.0.1", door.port, &err);
    assert_non_null(door.listener);
    assert_true((client = knock(door.port)) >= 0);
    turns_run(&door.turns);
    assert_int_equal(door.count, 0);
    sw_listener_start(door.listener);
    run_until(&door, 1);
    (void)close(client);
    close_door(&door);
}

static void a_listener_that_was_not_started_can_be_closed(void **state)
{
    struct sw_error err;
    struct door door;

    open_door(&door);
    sw_listener_close(door.listener);
    turns_run(&door.turns);
    door.listener = listen_at(&door, "127.0.0.1", door.port, &err);
    assert_non_null(door.listener);
    sw_listener_close(door.listener);
    door.listener = NULL;
    assert_int_equal(knock(door.port), -1);
    close_door(&door);
}

/* A listener whose clients are taken in by another thread than this one. */
struct guarded {
    struct door door;
    struct sw_mailbox *mailbox;
    pthread_t thread;
    struct sw_letter stop;
    struct count {
        struct sw_letter letter;
        struct guarded *guarded;
    } one, two;
    int letters;   /* that were read */
    int at_accept; /* letters that had been read at the last accept */
    sem_t accepted;
    int clients;
};

static void on_guarded_accept(void *owner, int fd)
{
    struct guarded *guarded = owner;

    guarded->at_accept = guarded->letters;
    guarded->clients++;
    (void)close(fd);
    (void)sem_post(&guarded->accepted);
}

static void on_count(struct sw_letter *letter)
{
    SW_OWNER(letter, struct count, letter)->guarded->letters++;
}

static void on_guarded_stop(struct sw_letter *letter)
{
    sw_loop_stop(SW_OWNER(letter, struct guarded, stop)->door.turns.loop);
}

static void *run_loop(void *owner)
{
    sw_loop_run(owner);
    return NULL;
}

static void start_guarded(struct guarded *guarded)
{
    struct sw_error err;

    *guarded = (struct guarded){.one = {{NULL, on_count}, guarded},
                                .two = {{NULL, on_count}, guarded},
                                .stop.on_read = on_guarded_stop};
    turns_init(&guarded->door.turns);
    assert_int_equal(sem_init(&guarded->accepted, 0, 0), 0);
    guarded->mailbox = sw_mailbox_create(guarded->door.turns.loop);
    (void)close(bind_any(&guarded->door.port));
    guarded->door.listener =
        sw_listener_open(&(struct sw_listener_host){guarded->door.turns.loop, guarded->mailbox,
                                                    on_guarded_accept, guarded},
                         "127.0.0.1", guarded->door.port, &err);
    assert_non_null(guarded->door.listener);
    sw_listener_start(guarded->door.listener);
    assert_int_equal(pthread_create(&guarded->thread, NULL, run_loop, guarded->door.turns.loop),
                     0);
}

static void join_guarded(struct guarded *guarded)
{
    sw_mailbox_post(guarded->mailbox, &guarded->stop);
    assert_int_equal(pthread_join(guarded->thread, NULL), 0);
    sw_mailbox_close(guarded->mailbox);
    (void)sem_destroy(&guarded->accepted);
    turns_finish(&guarded->door.turns);
}

static void letters_are_read_before_a_client_who_knocks_after_them(void **state)
{
    struct guarded guarded;
    int clients[2];

    start_guarded(&guarded);
    sw_mailbox_post(guarded.mailbox, &guarded.one.letter);
    assert_true((clients[0] = knock(guarded.door.port)) >= 0);
    assert_int_equal(sem_wait(&guarded.accepted), 0);
    assert_int_equal(guarded.at_accept, 1);
    sw_mailbox_post(guarded.mailbox, &guarded.two.letter);
    assert_true((clients[1] = knock(guarded.door.port)) >= 0);
    assert_int_equal(sem_wait(&guarded.accepted), 0);
    assert_int_equal(guarded.at_accept, 2);
    sw_listener_close(guarded.door.listener);
    join_guarded(&guarded);
    (void)close(clients[0]);
    (void)close(clients[1]);
}

static void a_listener_closed_by_another_thread_lets_nobody_in(void **state)
{
    struct guarded guarded;
    int client;

    start_guarded(&guarded);
    assert_true((client = knock(guarded.door.port)) >= 0);
    assert_int_equal(sem_wait(&guarded.accepted), 0);
    sw_listener_close(guarded.door.listener);
    assert_int_equal(knock(guarded.door.port), -1);
    join_guarded(&guarded);
    assert_int_equal(guarded.clients, 1);
    (void)close(client);
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
    door.listener = listen_at(&door, "127.0.0.1", door.port, &err);
    assert_non_null(door.listener);
    sw_listener_start(door.listener);
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

        assert_null(listen_at(&door, rows[i].address, rows[i].port, &err));
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
        cmocka_unit_test(who_knocks_before_the_start_waits),
        cmocka_unit_test(a_listener_that_was_not_started_can_be_closed),
        cmocka_unit_test(letters_are_read_before_a_client_who_knocks_after_them),
        cmocka_unit_test(a_listener_closed_by_another_thread_lets_nobody_in),
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
