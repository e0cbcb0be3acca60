#include "shardward/session/hba.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *const ann[] = {"ann"}, *const both[] = {"ann", "bob"},
                         *const shop[] = {"shop"};

/* A line whose address is that text, with that many bits; NULL: all. */
static struct sw_config_hba line_of(enum sw_hba_type type, const char *address, int bits)
{
    struct sw_config_hba line = {.type = type, .address_bits = bits};

    if (address == NULL)
        return line;
    if (inet_pton(AF_INET, address, line.address) == 1)
        line.address_len = 4;
    else if (inet_pton(AF_INET6, address, line.address) == 1)
        line.address_len = 16;
    return line;
}

/* From an address; NULL: through a Unix-domain socket. */
static struct sw_hba_client client_of(const char *address, bool is_tls)
{
    struct sw_hba_client client = {.is_tls = is_tls, .user = "ann", .database = "shop"};
    struct sockaddr_in *four = (struct sockaddr_in *)&client.address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&client.address;

    if (address == NULL)
        client.address.ss_family = AF_UNIX;
    else if (inet_pton(AF_INET, address, &four->sin_addr) == 1)
        client.address.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, address, &six->sin6_addr) == 1)
        client.address.ss_family = AF_INET6;
    return client;
}

static bool fits(const struct sw_config_hba *line, const struct sw_hba_client *client)
{
    const struct sw_config config = {.hba = line, .hba_count = 1};

    return sw_hba_find(&config, client) == line;
}

static void a_line_is_of_its_type(void **state)
{
    static const struct {
        enum sw_hba_type type;
        bool local, plain, tls;
    } rows[] = {
        {SW_HBA_LOCAL, true, false, false},
        {SW_HBA_HOST, false, true, true},
        {SW_HBA_HOSTSSL, false, false, true},
        {SW_HBA_HOSTNOSSL, false, true, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sw_config_hba line = line_of(rows[i].type, NULL, 0);
        const struct sw_hba_client local = client_of(NULL, false);
        const struct sw_hba_client plain = client_of("10.0.0.1", false);
        const struct sw_hba_client tls = client_of("10.0.0.1", true);

        assert_int_equal(fits(&line, &local), rows[i].local);
        assert_int_equal(fits(&line, &plain), rows[i].plain);
        assert_int_equal(fits(&line, &tls), rows[i].tls);
    }
}

static void an_address_is_compared_as_far_as_its_bits_go(void **state)
{
    static const struct {
        const char *address;
        int bits;
        const char *client;
        bool fits;
    } rows[] = {
        {"10.0.0.0", 8, "10.255.1.2", true},
        {"10.0.0.0", 8, "11.0.0.0", false},
        {"10.1.2.3", 32, "10.1.2.3", true},
        {"10.1.2.3", 32, "10.1.2.2", false},
        {"10.1.2.3", 31, "10.1.2.2", true},
        {"10.1.2.3", 30, "10.1.2.0", true},
        {"10.1.2.4", 30, "10.1.2.3", false},
        {"10.0.0.0", 9, "10.127.0.0", true},
        {"10.0.0.0", 9, "10.128.0.0", false},
        {"0.0.0.0", 0, "203.0.113.9", true},
        {"0.0.0.0", 0, "::1", false},
        {"::", 0, "10.0.0.1", false},
        {"::", 0, "2001:db8::1", true},
        {"2001:db8::", 32, "2001:db8:1::1", true},
        {"2001:db8::", 33, "2001:db8:8000::1", false},
        {"::1", 128, "::1", true},
        {"::1", 128, "::2", false},
        {"10.0.0.0", 8, "::ffff:10.9.9.9", true},
        {"10.0.0.0", 8, "::ffff:11.9.9.9", false},
        {NULL, 0, "10.0.0.1", true},
        {NULL, 0, "::1", true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sw_config_hba line = line_of(SW_HBA_HOST, rows[i].address, rows[i].bits);
        const struct sw_hba_client client = client_of(rows[i].client, false);

        assert_int_equal(fits(&line, &client), rows[i].fits);
    }
}

static void names_are_those_of_the_line(void **state)
{
    struct sw_config_hba line = line_of(SW_HBA_HOST, NULL, 0);
    struct sw_hba_client client = client_of("10.0.0.1", false);

    line.users = both;
    line.user_count = 2;
    assert_true(fits(&line, &client));
    client.user = "bob";
    assert_true(fits(&line, &client));
    line.user_count = 1;
    assert_false(fits(&line, &client));
    line.users = NULL;
    line.databases = shop;
    line.database_count = 1;
    assert_true(fits(&line, &client));
    client.database = "shops";
    assert_false(fits(&line, &client));
}

static void the_first_line_that_fits_counts(void **state)
{
    struct sw_config_hba lines[] = {
        line_of(SW_HBA_LOCAL, NULL, 0),
        line_of(SW_HBA_HOST, "10.0.0.0", 8),
        line_of(SW_HBA_HOST, NULL, 0),
    };
    const struct sw_config config = {.hba = lines, .hba_count = 3};
    const struct sw_hba_client near = client_of("10.0.0.1", false);
    const struct sw_hba_client far = client_of("192.0.2.1", false);

    lines[2].users = ann;
    lines[2].user_count = 1;
    assert_ptr_equal(sw_hba_find(&config, &near), &lines[1]);
    assert_ptr_equal(sw_hba_find(&config, &far), &lines[2]);
    lines[2].users = both + 1;
    assert_null(sw_hba_find(&config, &far));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_of_its_type),
        cmocka_unit_test(an_address_is_compared_as_far_as_its_bits_go),
        cmocka_unit_test(names_are_those_of_the_line),
        cmocka_unit_test(the_first_line_that_fits_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
