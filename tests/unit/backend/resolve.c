#include "shardward/backend/resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- name servers that say what the test wants, when it wants --- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t change;
    bool are_mute;
    int asked, failure;
    const char *addresses[2];
} servers = {.lock = PTHREAD_MUTEX_INITIALIZER, .change = PTHREAD_COND_INITIALIZER};

static struct addrinfo *make(const char *address, struct addrinfo *next)
{
    struct addrinfo *info = calloc(1, sizeof *info + sizeof(struct sockaddr_in));
    struct sockaddr_in *at = (struct sockaddr_in *)(void *)(info + 1);

    at->sin_family = AF_INET;
    (void)inet_pton(AF_INET, address, &at->sin_addr);
    info->ai_addr = (struct sockaddr *)at;
    info->ai_addrlen = sizeof *at;
    info->ai_next = next;
    return info;
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **info)
{
    int failure;

    (void)host;
    (void)service;
    (void)hints;
    (void)pthread_mutex_lock(&servers.lock);
    servers.asked++;
    (void)pthread_cond_broadcast(&servers.change);
    while (servers.are_mute)
        (void)pthread_cond_wait(&servers.change, &servers.lock);
    failure = servers.failure;
    *info = NULL;
    for (int i = 2; failure == 0 && i-- > 0;)
        if (servers.addresses[i] != NULL)
            *info = make(servers.addresses[i], *info);
    (void)pthread_mutex_unlock(&servers.lock);
    return failure;
}

void freeaddrinfo(struct addrinfo *info)
{
    while (info != NULL) {
        struct addrinfo *next = info->ai_next;

        free(info);
        info = next;
    }
}

static void say(int failure, const char *first, const char *second)
{
    (void)pthread_mutex_lock(&servers.lock);
    servers.are_mute = false;
    servers.failure = failure;
    servers.addresses[0] = first;
    servers.addresses[1] = second;
    (void)pthread_cond_broadcast(&servers.change);
    (void)pthread_mutex_unlock(&servers.lock);
}

/* They say nothing for now. */
static void be_mute(void)
{
    (void)pthread_mutex_lock(&servers.lock);
    servers.are_mute = true;
    servers.asked = 0;
    (void)pthread_mutex_unlock(&servers.lock);
}

static int times_asked(void)
{
    int asked;

    (void)pthread_mutex_lock(&servers.lock);
    while (servers.asked == 0)
        (void)pthread_cond_wait(&servers.change, &servers.lock);
    asked = servers.asked;
    (void)pthread_mutex_unlock(&servers.lock);
    return asked;
}

/* --- what is found --- */

static void await(const struct sw_resolve *resolve, int timeout_ms)
{
    struct pollfd fd = {.fd = sw_resolve_fd(resolve), .events = POLLIN};

    (void)poll(&fd, 1, timeout_ms);
}

/* What is told when all is over. */
static void expect_end(struct sw_resolve *resolve, const char *addresses)
{
    char *found = NULL;
    struct sw_error err;

    await(resolve, -1);
    if (addresses == NULL) {
        assert_int_equal(sw_resolve_look(resolve, &found, &err), SW_RESOLVE_FAILED);
        assert_string_equal(err.sqlstate, "08006");
    } else {
        assert_int_equal(sw_resolve_look(resolve, &found, &err), SW_RESOLVE_FOUND);
        assert_string_equal(found, addresses);
    }
    free(found);
    sw_resolve_end(resolve);
}

static void numbers_and_directories_are_no_names(void **state)
{
    (void)state;
    assert_false(sw_resolve_is_name("127.0.0.1"));
    assert_false(sw_resolve_is_name("::1"));
    assert_false(sw_resolve_is_name("/var/run/postgresql"));
    assert_true(sw_resolve_is_name("db1.example"));
    assert_true(sw_resolve_is_name("localhost"));
}

static void all_addresses_are_found_in_their_order(void **state)
{
    (void)state;
    say(0, "10.0.0.1", NULL);
    expect_end(sw_resolve_begin("one"), "10.0.0.1");
    say(0, "10.0.0.2", "10.0.0.1");
    expect_end(sw_resolve_begin("one"), "10.0.0.2,10.0.0.1");
}

static void who_asks_meanwhile_waits_for_the_same(void **state)
{
    struct sw_resolve *first, *second, *other;
    char *found = NULL;
    struct sw_error err;

    (void)state;
    be_mute();
    first = sw_resolve_begin("same");
    second = sw_resolve_begin("same");
    other = sw_resolve_begin("another");
    assert_ptr_equal(first, second);
    assert_ptr_not_equal(first, other);
    assert_int_equal(sw_resolve_look(first, &found, &err), SW_RESOLVE_GOES_ON);
    sw_resolve_end(first);
    say(0, "10.0.0.3", NULL);
    expect_end(second, "10.0.0.3");
    expect_end(other, "10.0.0.3");
    assert_int_equal(times_asked(), 2);
}

static void who_gives_up_leaves_it_to_its_thread(void **state)
{
    (void)state;
    be_mute();
    sw_resolve_end(sw_resolve_begin("given.up"));
    assert_int_equal(times_asked(), 1);
    say(0, "10.0.0.4", NULL);
    expect_end(sw_resolve_begin("given.up"), "10.0.0.4");
}

static void a_name_that_is_none_fails(void **state)
{
    (void)state;
    say(EAI_NONAME, NULL, NULL);
    expect_end(sw_resolve_begin("none"), NULL);
}

static void what_is_known_holds_when_servers_fail(void **state)
{
    (void)state;
    say(EAI_AGAIN, NULL, NULL);
    expect_end(sw_resolve_begin("known"), NULL);
    say(0, "10.0.0.5", NULL);
    expect_end(sw_resolve_begin("known"), "10.0.0.5");
    say(EAI_AGAIN, NULL, NULL);
    expect_end(sw_resolve_begin("known"), "10.0.0.5");
    say(EAI_NONAME, NULL, NULL);
    expect_end(sw_resolve_begin("known"), NULL);
    say(EAI_AGAIN, NULL, NULL);
    expect_end(sw_resolve_begin("known"), NULL);
}

static void what_is_known_holds_when_servers_are_late(void **state)
{
    struct sw_resolve *resolve, *other;
    char *found = NULL;
    struct sw_error err;

    (void)state;
    say(0, "10.0.0.6", NULL);
    expect_end(sw_resolve_begin("late"), "10.0.0.6");
    be_mute();
    resolve = sw_resolve_begin("late");
    other = sw_resolve_begin("late.and.new");
    assert_int_equal(sw_resolve_look(resolve, &found, &err), SW_RESOLVE_GOES_ON);
    await(other, SW_RESOLVE_LATE_MS);
    assert_int_equal(sw_resolve_look(other, &found, &err), SW_RESOLVE_GOES_ON);
    assert_int_equal(sw_resolve_look(resolve, &found, &err), SW_RESOLVE_FOUND);
    assert_string_equal(found, "10.0.0.6");
    free(found);
    say(0, "10.0.0.7", NULL);
    expect_end(resolve, "10.0.0.7");
    expect_end(other, "10.0.0.7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_directories_are_no_names),
        cmocka_unit_test(all_addresses_are_found_in_their_order),
        cmocka_unit_test(who_asks_meanwhile_waits_for_the_same),
        cmocka_unit_test(who_gives_up_leaves_it_to_its_thread),
        cmocka_unit_test(a_name_that_is_none_fails),
        cmocka_unit_test(what_is_known_holds_when_servers_fail),
        cmocka_unit_test(what_is_known_holds_when_servers_are_late),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
