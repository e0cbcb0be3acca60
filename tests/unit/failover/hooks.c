/* Commands that wait for a word in a pipe, so that the test says when they end. */
#include "../../../src/failover/hooks.h"

#include "shardward/base/mem.h"

#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct pipes {
    char *directory, *to, *from;
};

static int make_pipes(void **state)
{
    struct pipes *pipes = sw_alloc(sizeof *pipes);
    char directory[] = "/tmp/shardward-hooks-XXXXXX";

    assert_non_null(mkdtemp(directory));
    pipes->directory = sw_strdup(directory);
    pipes->to = sw_format("%s/to", directory);
    pipes->from = sw_format("%s/from", directory);
    assert_int_equal(mkfifo(pipes->to, 0600), 0);
    assert_int_equal(mkfifo(pipes->from, 0600), 0);
    *state = pipes;
    return 0;
}

static int remove_pipes(void **state)
{
    struct pipes *pipes = *state;

    (void)unlink(pipes->to);
    (void)unlink(pipes->from);
    (void)rmdir(pipes->directory);
    free(pipes->directory);
    free(pipes->to);
    free(pipes->from);
    free(pipes);
    return 0;
}

static void run(const char *command)
{
    const struct sw_node node = {.name = "n1", .address = "127.0.0.1", .port = 5432};
    const struct sw_node primary = {.name = "n2", .address = "127.0.0.2", .port = 5433};
    const struct sw_cluster cluster = {.name = "c1"};

    sw_hook_run("rejoin", command, &cluster, &node, &primary);
}

static void await_end(void)
{
    while (sw_hook_is_running("c1", "n1"))
        (void)sched_yield();
}

/* Two that stop and rewind one node at once would spoil its data. */
static void a_command_is_known_to_run_until_it_has_ended(void **state)
{
    const struct pipes *pipes = *state;
    char *command = sw_format("read word < %s", pipes->to);
    FILE *to;

    assert_false(sw_hook_is_running("c1", "n1"));
    run(command);
    assert_true(sw_hook_is_running("c1", "n1"));
    assert_false(sw_hook_is_running("c1", "n2"));
    assert_false(sw_hook_is_running("c2", "n1"));
    to = fopen(pipes->to, "w"); /* it has opened its end then */
    assert_non_null(to);
    assert_true(sw_hook_is_running("c1", "n1"));
    assert_true(fputs("on\n", to) >= 0);
    (void)fclose(to);
    await_end();
    free(command);
}

static void a_command_is_told_whom_it_is_about(void **state)
{
    const struct pipes *pipes = *state;
    char *command = sw_format(
        "echo $CLUSTER $NODE $ADDRESS $PORT $PRIMARY $PRIMARY_ADDRESS $PRIMARY_PORT > %s",
        pipes->from);
    char line[200] = "";
    FILE *from;

    run(command);
    from = fopen(pipes->from, "r");
    assert_non_null(from);
    assert_non_null(fgets(line, sizeof line, from));
    assert_string_equal(line, "c1 n1 127.0.0.1 5432 n2 127.0.0.2 5433\n");
    (void)fclose(from);
    await_end();
    free(command);
}

/* We ignore it; what is started would write to closed pipes for ever. */
static void a_command_ends_by_sigpipe(void **state)
{
    const struct pipes *pipes = *state;
    char *command = sw_format("sh -c 'kill -PIPE $$; echo ignored'; echo $? > %s", pipes->from);
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    char line[20] = "";
    FILE *from;

    run(command);
    from = fopen(pipes->from, "r");
    assert_non_null(from);
    assert_non_null(fgets(line, sizeof line, from));
    assert_int_equal(strtol(line, NULL, 10), 128 + SIGPIPE);
    (void)fclose(from);
    await_end();
    (void)signal(SIGPIPE, before);
    free(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_is_known_to_run_until_it_has_ended),
        cmocka_unit_test(a_command_is_told_whom_it_is_about),
        cmocka_unit_test(a_command_ends_by_sigpipe),
    };

    return cmocka_run_group_tests(tests, make_pipes, remove_pipes);
}
