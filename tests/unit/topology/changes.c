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
    {"a_pool", "size: 20", "size: 30",
     "user booking: pool size 20, min 0, lifetime 3600000 ms, idle 600000 ms, check 30000 ms, "
     "prepared 256 -> pool size 30, min 0, lifetime 3600000 ms, idle 600000 ms, check 30000 "
     "ms, prepared 256\n"},
    {"a_password_is_not_told", "    password: booking\n", "    password: other\n",
     "user booking: another password\n"},
    {"a_password_for_servers_is_not_told", "user: booking, password: booking",
     "user: booking, password: other", "user booking: another password\n"},
    {"a_user_is_renamed", "users:\n  booking:", "users:\n  other:",
     "user booking: removed\n"
     "user other: added, auth by password, server user booking, pool size 20, min 0, "
     "lifetime 3600000 ms, idle 600000 ms, check 30000 ms, prepared 256\n"},
    {"a_node_moves", "{name: c1-north, address: 127.0.3.1, port: 6445",
     "{name: c1-north, address: 127.0.3.1, port: 6499",
     "node c1-north: 127.0.3.1:6445 of c1, cloud north -> 127.0.3.1:6499 of c1, cloud "
     "north\n"},
    {"a_shard_moves", "users_3: {cluster: c2, dbname: users_3}",
     "users_3: {cluster: c1, dbname: users_3}",
     "shard booking.users_3: database users_3 on cluster c2 -> database users_3 on cluster "
     "c1\n"},
    {"a_table_leaves", "          sync_messages: {}\n", "          sync_other: {}\n",
     "table public.sync_messages of booking: removed\n"
     "table public.sync_other of booking: added, single on hospitals\n"},
    {"buckets_move", "users_0: 0-255, users_1: 256-511,", "users_0: 0-254, users_1: 255-511,",
     "placement users.by_patient of booking: hash bigint 1024: users_0 0-255, users_1 256-511, "
     "users_2 512-767, users_3 768-1023 -> hash bigint 1024: users_0 0-254, users_1 255-511, "
     "users_2 512-767, users_3 768-1023\n"},
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
