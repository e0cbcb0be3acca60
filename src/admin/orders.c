/*
 * PAUSE, RESUME, RECONNECT, WAIT_CLOSE, RELOAD, SHUTDOWN.
 *
 * PAUSE is told to all workers. When none of their sessions holds a server any more, for which
 * they are asked again and again, the servers' connections are closed.
 */
#include "ask.h"
#include "columns.h"

#include <string.h>
#include <strings.h>

enum { ASK_AGAIN_MS = 10 };

static const struct sw_ask_kind reconnection = {.on_worker = sw_reconnect_part,
                                                .on_all = sw_ask_done};

/* The word behind the verb: NULL, all databases. False: it is none, and the command has ended.
 */
static bool read_database(struct sw_console *console, const char **database)
{
    const struct sw_command *command = &console->command;
    struct sw_error err;

    *database = command->word_count == 0 ? NULL : command->words[0].text;
    if (*database == NULL || sw_map_database(console->admin->map, *database) != NULL)
        return true;
    sw_error_set(&err, "3D000", "there is no database \"%.64s\"", *database);
    sw_console_fail(console, &err);
    return false;
}

/* --- PAUSE --- */

static void pause_part(struct sw_part *part)
{
    sw_sessions_pause(part->worker->sessions, part->ask->word);
    part->count = sw_sessions_holding(part->worker->sessions, part->ask->word);
}

/* Is it still paused, and who still holds a server? -1: it was resumed meanwhile. */
static void look_again(struct sw_part *part)
{
    const struct sw_sessions *sessions = part->worker->sessions;

    part->count = sw_sessions_are_paused(sessions, part->ask->word)
                      ? sw_sessions_holding(sessions, part->ask->word)
                      : -1;
}

static bool was_resumed(const struct sw_ask *ask)
{
    for (int i = 0; i < ask->part_count; i++)
        if (ask->parts[i].count < 0)
            return true;
    return false;
}

static void on_paused(struct sw_console *console, struct sw_ask *ask)
{
    struct sw_error err;

    if (was_resumed(ask)) {
        sw_timer_close(console->again);
        console->again = NULL;
        sw_error_set(&err, "57014", "RESUME has ended the pause");
        sw_console_fail(console, &err);
    } else if (sw_ask_sum(ask) == 0) {
        sw_timer_close(console->again);
        console->again = NULL;
        sw_ask(ask->admin, console, &reconnection, ask->word, 0);
    } else {
        sw_timer_start(console->again, ASK_AGAIN_MS);
    }
}

static void ask_again(void *owner)
{
    static const struct sw_ask_kind kind = {.on_worker = look_again, .on_all = on_paused};
    struct sw_console *console = owner;
    const struct sw_command *command = &console->command;

    sw_ask(console->admin, console, &kind,
           command->word_count == 0 ? NULL : command->words[0].text, 0);
}

void sw_pause(struct sw_console *console)
{
    static const struct sw_ask_kind kind = {.on_worker = pause_part, .on_all = on_paused};
    const char *database;

    if (!read_database(console, &database))
        return;
    if (console->again == NULL)
        console->again = sw_timer_create(console->admin->loop, ask_again, console);
    sw_ask(console->admin, console, &kind, database, 0);
}

/* --- RESUME --- */

static void resume_part(struct sw_part *part)
{
    sw_sessions_resume(part->worker->sessions, part->ask->word);
}

void sw_resume(struct sw_console *console)
{
    static const struct sw_ask_kind kind = {.on_worker = resume_part, .on_all = sw_ask_done};
    const char *database;

    if (read_database(console, &database))
        sw_ask(console->admin, console, &kind, database, 0);
}

/* --- RECONNECT --- */

void sw_reconnect(struct sw_console *console)
{
    const char *database;

    if (read_database(console, &database))
        sw_ask(console->admin, console, &reconnection, database, 0);
}

/* --- WAIT_CLOSE --- */

struct spent {
    const char *database; /* NULL: all */
    int count;
};

static void count_spent(void *owner, const struct sw_server_facts *facts)
{
    struct spent *spent = owner;

    spent->count += facts->is_spent && (spent->database == NULL ||
                                        strcmp(spent->database, facts->pool->database) == 0);
}

static void look_for_spent(struct sw_part *part)
{
    struct spent spent = {part->ask->word, 0};

    sw_pools_each_server(part->worker->pools, count_spent, &spent);
    part->count = spent.count;
}

static void on_looked(struct sw_console *console, struct sw_ask *ask)
{
    if (sw_ask_sum(ask) > 0) {
        sw_timer_start(console->again, ASK_AGAIN_MS);
        return;
    }
    sw_timer_close(console->again);
    console->again = NULL;
    sw_console_done(console);
}

static void look_for_spent_again(void *owner)
{
    static const struct sw_ask_kind kind = {.on_worker = look_for_spent, .on_all = on_looked};
    struct sw_console *console = owner;
    const struct sw_command *command = &console->command;

    sw_ask(console->admin, console, &kind,
           command->word_count == 0 ? NULL : command->words[0].text, 0);
}

void sw_wait_close(struct sw_console *console)
{
    const char *database;

    if (!read_database(console, &database))
        return;
    console->again = sw_timer_create(console->admin->loop, look_for_spent_again, console);
    look_for_spent_again(console);
}

/* --- RELOAD --- */

static const struct sw_column reload[] = {TEXT("changed")};

const struct sw_columns sw_columns_reload = COLUMNS(reload);

void sw_reload(struct sw_console *console)
{
    console->admin->on_reload(console->admin->owner, console->id);
}

void sw_admin_reloaded(struct sw_admin *admin, uint32_t console_id, const struct sw_error *err,
                       const char *report)
{
    struct sw_console *console = sw_admin_waiting(admin, console_id);
    struct sw_error failure;

    if (console == NULL)
        return;
    if (err != NULL) {
        failure = *err;
        if (*report != '\0')
            sw_error_detail(&failure, "%s", report);
        sw_console_fail(console, &failure);
        return;
    }
    while (*report != '\0') {
        size_t len = strcspn(report, "\n");

        sw_answer_row(&console->answer);
        sw_answer_format(&console->answer, "%.*s", (int)len, report);
        report += len + (report[len] == '\n');
    }
    sw_console_done(console);
}

/* --- SHUTDOWN --- */

void sw_shutdown(struct sw_console *console)
{
    const struct sw_command *command = &console->command;
    struct sw_admin *admin = console->admin;
    bool waits = command->word_count == 1;
    struct sw_error err;

    if (waits && strcasecmp(command->words[0].text, "wait") != 0) {
        sw_error_set(&err, "42601", "the command is SHUTDOWN [WAIT]");
        sw_console_fail(console, &err);
        return;
    }
    sw_console_done(console);
    admin->on_shutdown(admin->owner, waits);
}
