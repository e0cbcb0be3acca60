#include "shardward/admin/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A command as text: its verb, then each word in brackets. */
static void print(const struct sw_command *command, char *out, size_t size)
{
    size_t len = (size_t)snprintf(out, size, "%s", sw_verb(command->verb)->words);

    for (int i = 0; i < command->word_count; i++)
        len +=
            command->words[i].parameter > 0
                ? (size_t)snprintf(out + len, size - len, " {$%d}", command->words[i].parameter)
                : (size_t)snprintf(out + len, size - len, " <%s>", command->words[i].text);
    if (command->database != NULL)
        len += (size_t)snprintf(out + len, size - len, " in <%s>", command->database);
    if (command->sql != NULL)
        (void)snprintf(out + len, size - len, " sql <%s>", command->sql);
}

struct row {
    const char *text, *read; /* all commands, parted by `; `; an error as `! sqlstate` */
};

static const struct row rows[] = {
    {"", ""},
    {" ; ;\n;", ""},
    {"-- nothing", ""},
    {"/* nothing", ""},
    {"show version", "SHOW VERSION"},
    {"SHOW\tVERSION;", "SHOW VERSION"},
    {"sHoW -- which\n /* one */ VeRsIoN", "SHOW VERSION"},
    {"SHOW VERSION; SHOW TABLES;; HELP", "SHOW VERSION; SHOW TABLES; HELP"},
    {"SHOW VERSIONS", "! 42601"},
    {"SHOW 'VERSION'", "! 42601"},
    {"SHOW", "! 42601"},
    {"SHOW VERSION 1", "! 42601"},
    {"SHOW VERSION = 1", "! 42601"},
    {"SHOW VERSION; FROB", "SHOW VERSION; ! 42601"},
    {"SELECT 1", "! 42601"},
    {"\xff\xfe", "! 42601"},
    {"LOCATE patients 42", "LOCATE <patients> <42>"},
    {"LOCATE patients -42", "LOCATE <patients> <-42>"},
    {"LOCATE patients", "! 42601"},
    {"LOCATE 'odd name' 'it''s' IN \"my\"\"db\"", "LOCATE <odd name> <it's> <IN> <my\"db>"},
    {"LOCATE a 'x;y'; HELP", "LOCATE <a> <x;y>; HELP"},
    {"LOCATE a ''", "LOCATE <a> <>"},
    {"LOCATE a 'b", "! 42601"},
    {"LOCATE $1 $2", "LOCATE {$1} {$2}"},
    {"LOCATE a $8", "LOCATE <a> {$8}"},
    {"LOCATE a $9", "LOCATE <a> <$9>"},
    {"LOCATE a $0", "LOCATE <a> <$0>"},
    {"LOCATE a '$1'", "LOCATE <a> <$1>"},
    {"LOCATE 1 2 3 4 5 6 7 8", "LOCATE <1> <2> <3> <4> <5> <6> <7> <8>"},
    {"LOCATE 1 2 3 4 5 6 7 8 9", "! 54000"},
    {"SET database = booking", "SET <database> <booking>"},
    {"SET database=booking", "SET <database> <booking>"},
    {"SET database TO 'booking'", "SET <database> <TO> <booking>"},
    {"SET database", "! 42601"},
    {"SET = database", "! 42601"},
    {"EXPLAIN SELECT 1; HELP", "EXPLAIN sql <SELECT 1; HELP>"},
    {"EXPLAIN shop: SELECT ':'", "EXPLAIN in <shop> sql <SELECT ':'>"},
    {"EXPLAIN 1::text", "EXPLAIN sql <1::text>"},
    {"EXPLAIN (SELECT a:b)", "EXPLAIN sql <(SELECT a:b)>"},
    {"EXPLAIN", "! 42601"},
    {"EXPLAIN shop:", "! 42601"},
    {"SHUTDOWN", "SHUTDOWN"},
    {"shutdown wait;", "SHUTDOWN <wait>"},
    {"RELOAD", "RELOAD"},
    {"pause", "PAUSE"},
    {"PAUSE booking", "PAUSE <booking>"},
    {"KILL", "! 42601"},
    {"failover c1", "FAILOVER <c1>"},
    {"FAILOVER c1 TO c1-west FORCE", "FAILOVER <c1> <TO> <c1-west> <FORCE>"},
    {"FAILOVER", "! 42601"},
    {"SWITCHOVER c1", "! 42601"},
    {"MAINTENANCE ON", "MAINTENANCE <ON>"},
};

static void run_row(void **state)
{
    const struct row *row = *state;
    const char *at = row->text;
    char all[512] = "", one[256];
    struct sw_command command;
    enum sw_command_found found;
    struct sw_arena arena;
    struct sw_error err;

    sw_arena_init(&arena);
    while ((found = sw_command_next(&at, &arena, &command, &err)) != SW_COMMAND_END) {
        if (found == SW_COMMAND_FOUND)
            print(&command, one, sizeof one);
        else
            (void)snprintf(one, sizeof one, "! %s", err.sqlstate);
        (void)strncat(all, all[0] == '\0' ? "" : "; ", sizeof all - strlen(all) - 1);
        (void)strncat(all, one, sizeof all - strlen(all) - 1);
        if (found == SW_COMMAND_BAD)
            break;
    }
    assert_string_equal(all, row->read);
    sw_arena_finish(&arena);
}

static void an_unknown_command_is_told_of_help_and_cut_between_characters(void **state)
{
    char text[400] = "";
    const char *at = text;
    struct sw_command command;
    struct sw_arena arena;
    struct sw_error err;

    for (int i = 0; i < 99; i++)
        text[i] = 'x';
    memcpy(text + 99, "\xe5\x8c\xbb\xe5\x8c\xbb", 7);
    sw_arena_init(&arena);
    assert_int_equal(sw_command_next(&at, &arena, &command, &err), SW_COMMAND_BAD);
    assert_string_equal(err.hint, "HELP lists the commands.");
    assert_null(strchr(err.message, '\xe5'));
    sw_arena_finish(&arena);
}

static void of_bytes_that_are_no_characters_nothing_is_told(void **state)
{
    char text[151] = "";
    const char *at = text;
    struct sw_command command;
    struct sw_arena arena;
    struct sw_error err;

    memset(text, 0x80, sizeof text - 1);
    sw_arena_init(&arena);
    assert_int_equal(sw_command_next(&at, &arena, &command, &err), SW_COMMAND_BAD);
    assert_string_equal(err.message, "there is no such command: \"\"");
    sw_arena_finish(&arena);
}

static void every_verb_can_be_read_from_its_own_words(void **state)
{
    for (int i = 0; i < SW_VERBS; i++) {
        const struct sw_verb *verb = sw_verb((enum sw_verb_name)i);
        char text[128];
        const char *at = text;
        struct sw_command command;
        struct sw_arena arena;
        struct sw_error err;

        assert_non_null(verb->words);
        (void)snprintf(text, sizeof text, "%s%s", verb->words, i == SW_EXPLAIN ? " x" : "");
        for (int words = 0; words < verb->least; words++)
            (void)strncat(text, " x", sizeof text - strlen(text) - 1);
        sw_arena_init(&arena);
        assert_int_equal(sw_command_next(&at, &arena, &command, &err), SW_COMMAND_FOUND);
        assert_int_equal(command.verb, i);
        sw_arena_finish(&arena);
    }
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof *rows };
    const struct CMUnitTest more[] = {
        cmocka_unit_test(of_bytes_that_are_no_characters_nothing_is_told),
        cmocka_unit_test(an_unknown_command_is_told_of_help_and_cut_between_characters),
        cmocka_unit_test(every_verb_can_be_read_from_its_own_words),
    };
    struct CMUnitTest tests[ROWS];

    for (int i = 0; i < ROWS; i++)
        tests[i] = (struct CMUnitTest){.name = rows[i].text,
                                       .test_func = run_row,
                                       .initial_state = (void *)(uintptr_t)&rows[i]};
    return _cmocka_run_group_tests("rows", tests, ROWS, NULL, NULL) +
           cmocka_run_group_tests_name("command", more, NULL, NULL);
}
