/*
 * Commands run one after the other. A simple query may hold several: all of it is read before
 * the first one runs. In the extended protocol a statement is one command, whose words may be
 * parameters, and a portal keeps its rows until all are sent.
 *
 *   take --> run --> (done at once | WAITING until done) --> answer --> the next command, or
 * READY
 */
#include "internal.h"

#include "shardward/base/log.h"
#include "shardward/base/mem.h"
#include "shardward/base/text.h"
#include "shardward/wire/request.h"
#include "shardward/wire/write.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* --- running a command --- */

static bool check_rights(struct sw_console *console)
{
    const struct sw_verb *verb = sw_verb(console->command.verb);

    if (!verb->changes || console->may_change)
        return true;
    sw_error_set(&console->err, "42501", "admin user \"%s\" may only look", console->user_name);
    sw_error_hint(&console->err, "Write `may: all` for this user in the configuration.");
    console->has_failed = true;
    return false;
}

void sw_dialogue_run(struct sw_console *console)
{
    const struct sw_verb *verb = sw_verb(console->command.verb);
    const struct sw_runner *runner = sw_runner(console->command.verb);

    console->has_failed = false;
    sw_answer_init(&console->answer, runner->columns);
    if (!check_rights(console))
        return;
    if (verb->changes)
        sw_log(SW_LOG_INFO, "console-command",
               "console=%u user=\"%s\" command=\"%s\" word=\"%s\"", console->id,
               console->user_name, verb->words,
               console->command.word_count > 0 ? console->command.words[0].text : "");
    console->state = SW_CONSOLE_WAITING;
    runner->run(console);
}

void sw_dialogue_tag(struct sw_console *console, const struct sw_command *command)
{
    const char *words = sw_verb(command->verb)->words;
    char tag[32];

    (void)snprintf(tag, sizeof tag, "%.*s", (int)strcspn(words, " "), words);
    sw_write_command_complete(sw_console_out(console), tag);
}

/* --- simple queries --- */

static void end_query(struct sw_console *console)
{
    free(console->text);
    console->text = NULL;
    sw_arena_finish(&console->arena);
    sw_write_ready(sw_console_out(console), 'I');
}

static void answer_query(struct sw_console *console)
{
    struct sw_buf *out = sw_console_out(console);

    if (console->has_failed) {
        sw_write_error(out, "ERROR", &console->err);
        console->at = "";
    } else {
        if (console->answer.columns.count > 0)
            sw_answer_describe(&console->answer.columns, NULL, 0, out);
        for (size_t r = 0; r < console->answer.row_count; r++)
            sw_answer_put(&console->answer, r, NULL, 0, out);
        sw_dialogue_tag(console, &console->command);
    }
    sw_answer_finish(&console->answer);
}

/* Run what is left of the query, up to a command that has to be waited for. */
static void go_on(struct sw_console *console)
{
    console->is_in_steps = true;
    while (console->state == SW_CONSOLE_READY &&
           sw_command_next(&console->at, &console->arena, &console->command, &console->err) ==
               SW_COMMAND_FOUND) {
        sw_dialogue_run(console);
        if (console->state == SW_CONSOLE_READY)
            answer_query(console);
    }
    console->is_in_steps = false;
    if (console->state == SW_CONSOLE_READY)
        end_query(console);
}

/* Is all of the query readable, and free of parameters? *count: its commands. */
static bool check_query(struct sw_console *console, int *count)
{
    const char *at = console->text;
    enum sw_command_found found;

    *count = 0;
    while ((found = sw_command_next(&at, &console->arena, &console->command, &console->err)) ==
           SW_COMMAND_FOUND) {
        if (console->command.parameter_count > 0)
            return sw_error_set(&console->err, "42P02", "there is no parameter $%d",
                                console->command.parameter_count);
        *count += 1;
    }
    return found == SW_COMMAND_END;
}

static void on_query(struct sw_console *console, const struct sw_frame *frame)
{
    struct sw_error err;
    const char *text;
    int count;

    if (!sw_wire_read_query(frame, &text, &err)) {
        sw_write_error(sw_console_out(console), "ERROR", &err);
        end_query(console);
        return;
    }
    console->text = sw_strdup(text);
    console->at = console->text;
    if (!check_query(console, &count)) {
        sw_write_error(sw_console_out(console), "ERROR", &console->err);
        end_query(console);
    } else if (count == 0) {
        sw_write_empty(sw_console_out(console), 'I');
        end_query(console);
    } else {
        go_on(console);
    }
}

static void on_terminate(struct sw_console *console, const struct sw_frame *frame)
{
    (void)frame;
    sw_console_close(console);
}

static void (*const handlers[256])(struct sw_console *, const struct sw_frame *) = {
    ['Q'] = on_query,
    ['P'] = sw_extended_parse,
    ['B'] = sw_extended_bind,
    ['D'] = sw_extended_describe,
    ['E'] = sw_extended_execute,
    ['C'] = sw_extended_close,
    ['H'] = sw_extended_flush,
    ['S'] = sw_extended_sync,
    ['X'] = on_terminate,
};

void sw_dialogue_take(struct sw_console *console, const struct sw_frame *frame)
{
    struct sw_error err;

    if (handlers[frame->type] == NULL) {
        sw_error_set(&err, "08P01", "invalid frontend message type %d", frame->type);
        sw_console_fatal(console, &err);
    } else if (!console->skips_to_sync || frame->type == 'S' || frame->type == 'X') {
        handlers[frame->type](console, frame);
    }
    if (console->state == SW_CONSOLE_WAITING)
        sw_stream_hold(console->stream);
}

/* --- the end of a command --- */

static void finish(struct sw_console *console)
{
    if (console->state == SW_CONSOLE_CLOSING)
        return;
    assert(console->state == SW_CONSOLE_WAITING);
    console->state = SW_CONSOLE_READY;
    if (console->is_in_steps)
        return;
    if (console->portal != NULL) {
        sw_extended_answer(console);
    } else {
        answer_query(console);
        go_on(console);
    }
    sw_stream_flush(console->stream);
    if (console->state == SW_CONSOLE_READY && !sw_stream_is_congested(console->stream))
        sw_stream_release(console->stream);
}

void sw_console_done(struct sw_console *console)
{
    finish(console);
}

void sw_console_fail(struct sw_console *console, const struct sw_error *err)
{
    console->err = *err;
    console->has_failed = true;
    finish(console);
}

void sw_dialogue_forget(struct sw_console *console)
{
    sw_extended_forget(console);
    sw_answer_finish(&console->answer);
    sw_arena_finish(&console->arena);
    free(console->text);
}
