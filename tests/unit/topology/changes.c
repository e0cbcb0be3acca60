#include "shardward/topology/changes.h"

#include "shardward/base/buf.h"
#include "shardward/base/mem.h"

#include "unit/topology/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* The example file with a piece replaced, and all that is told of the change. */
struct row {
    const char *name;
    const char *old, *new;
    const char *told;
};

static const struct row rows[] = {
    {"nothing_changes", "", "", ""},
    {"listen", "listen: 127.0.0.1:6432", "listen: 127.0.0.1:6499",
     "listen: 127.0.0.1:6432 -> 127.0.0.1:6499\n"},
    {"limits", "clients: 10000", "clients: 20000", "limits.clients: 10000 -> 20000\n"},
    {"timeouts", "login: 10s", "login: 11s", "timeouts.login: 10000 ms -> 11000 ms\n"},
    {"limits_of_time", "  query: 0 ", "  query: 1s ", "timeouts.query: 0 ms -> 1000 ms\n"},
    {"http", "http: 127.0.0.1:6434", "http: 127.0.0.1:7000",
     "http: 127.0.0.1:6434 -> 127.0.0.1:7000\n"},
    {"no_http", "http: 127.0.0.1:6434", "", "http: removed\n"},
    {"a_pool", "size: 20", "size: 30", "user booking: pool size 20 -> pool size 30\n"},
    {"the_last_of_a_pool", "prepared: 256", "prepared: 7",
     "user booking: prepared 256 -> prepared 7\n"},
    {"two_of_a_pool",
     "      min: 0                            # opened at start and kept\n"
     "      reserve: 0 ",
     "      min: 2\n      reserve: 3 ",
     "user booking: min 0, reserve 0 after 1000 ms -> min 2, reserve 3 after 1000 ms\n"},
    {"limits_of_a_user", "    pool:\n", "    clients: 7\n    connections: 8\n    pool:\n",
     "user booking: clients 0, connections 0 -> clients 7, connections 8\n"},
    {"limits_of_a_database", "databases:\n  booking:\n",
     "databases:\n  booking:\n    clients: 7\n    connections: 8\n",
     "database booking: clients 0, connections 0 -> clients 7, connections 8\n"},
    {"rights", "    pool:\n",
     "    read_only: true\n    businesses: [users, orders]\n    pool:\n",
     "user booking: businesses all, read only no -> businesses users, orders, read only "
     "yes\n"},
    {"auth", "auth: scram-sha-256\n", "auth: password\n",
     "auth: scram-sha-256 -> password\n"
     "user booking: auth scram-sha-256 -> auth password\n"},
    {"the_slow_log", "slow: 0", "slow: 5ms", "log: slow 0 ms -> slow 5 ms\n"},
    {"the_right_of_a_console", "may: look}", "may: all}",
     "admin user stats: may look -> may all\n"},
    {"the_password_of_a_console", "password: stats", "password: other",
     "admin user stats: another password\n"},
    {"a_table_is_declared", "placement: by_patient}\n        # Functions",
     "placement: by_patient, unique: local}\n        # Functions",
     "declared local of table public.patients of booking: added, unique yes, foreign keys no, "
     "triggers no, row security no\n"},
    {"a_password_is_not_told", "    password: booking\n", "    password: other\n",
     "user booking: another password\n"},
    {"a_password_for_servers_is_not_told", "user: booking, password: booking",
     "user: booking, password: other", "user booking: another password\n"},
    {"a_user_is_renamed", "users:\n  booking:", "users:\n  other:",
     "user booking: removed\n"
     "user other: added, auth scram-sha-256, server user booking, databases all, "
     "businesses all, read only no, clients 0, connections 0, pool size 20, min 0, "
     "reserve 0 after 1000 ms, lifetime 3600000 ms, idle 600000 ms, check 30000 ms, "
     "prepared 256\n"},
    {"a_node_moves", "{name: c1-north, address: 127.0.3.1, port: 6445",
     "{name: c1-north, address: 127.0.3.1, port: 6499",
     "node c1-north: 127.0.3.1:6445 of c1 -> 127.0.3.1:6499 of c1\n"},
    {"a_shard_moves", "users_3: {cluster: c2, dbname: users_3}",
     "users_3: {cluster: c1, dbname: users_3}",
     "shard booking.users_3: database users_3 on cluster c2 -> database users_3 on cluster "
     "c1\n"},
    {"a_table_leaves", "          sync_messages: {}\n", "          sync_other: {}\n",
     "table public.sync_messages of booking: removed\n"
     "table public.sync_other of booking: added, single on hospitals\n"},
    {"buckets_move", "users_0: 0-255, users_1: 256-511,", "users_0: 0-254, users_1: 255-511,",
     "placement users.by_patient of booking: hash bigint 1024: users_0 0-255, users_1 256-511 "
     "-> hash bigint 1024: users_0 0-254, users_1 255-511\n"},
};

static char *read_example(void)
{
    FILE *file = fopen(BOOKING_YAML, "r");
    char *text = sw_alloc_zero(1, 65536);

    assert_non_null(file);
    assert_true(fread(text, 1, 65535, file) > 0);
    (void)fclose(file);
    return text;
}

static struct sw_map *map_with(const char *old, const char *new)
{
    char path[] = "/tmp/shardward-changes-XXXXXX";
    char *text = read_example(), *at = strstr(text, old);
    struct sw_config_faults faults;
    struct sw_config *config;
    FILE *file = fdopen(mkstemp(path), "w");

    assert_non_null(at);
    assert_non_null(file);
    (void)fprintf(file, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
    (void)fclose(file);
    free(text);
    config = sw_config_read(path, &faults);
    (void)unlink(path);
    if (config == NULL)
        fail_msg("%d:%d: %s", faults.faults[0].line, faults.faults[0].column,
                 faults.faults[0].text);
    return sw_map_build(config);
}

static void on_change(void *owner, const char *line)
{
    (void)sw_buf_printf(owner, "%s\n", line);
}

static void what_has_changed_is_told(void **state)
{
    struct sw_map *before = map_with("", "");

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_map *after = map_with(rows[i].old, rows[i].new);
        struct sw_buf told;

        sw_buf_init(&told, 65536);
        sw_map_changes(before, after, on_change, &told);
        (void)sw_buf_append(&told, "", 1);
        if (strcmp((const char *)sw_buf_bytes(&told), rows[i].told) != 0)
            fail_msg("%s:\n%s", rows[i].name, (const char *)sw_buf_bytes(&told));
        sw_buf_finish(&told);
        sw_map_unref(after);
    }
    sw_map_unref(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_has_changed_is_told)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
