/*
 * The extended protocol: a statement is one command, whose words may be parameters, and a
 * portal keeps its rows until all are sent.
 */
#include "internal.h"

#include "shardward/base/mem.h"
#include "shardward/base/text.h"
#include "shardward/wire/request.h"
#include "shardward/wire/write.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { OID_INT2 = 21, OID_INT4 = 23, OID_INT8 = 20, OID_TEXT = 25, MOST_NAMES = 100 };

static void fail_batch(struct sw_console *console, const struct sw_error *err)
{
    sw_write_error(sw_console_out(console), "ERROR", err);
    console->skips_to_sync = true;
}

static void free_prepared(struct sw_prepared_command *prepared)
{
    if (prepared == NULL)
        return;
    free(prepared->text);
    sw_arena_finish(&prepared->arena);
    free(prepared);
}

static void free_portal(struct sw_portal *portal)
{
    if (portal == NULL)
        return;
    sw_answer_finish(&portal->answer);
    sw_arena_finish(&portal->arena);
    free(portal);
}

static bool read_command(struct sw_prepared_command *prepared, const char *text,
                         struct sw_error *err)
{
    struct sw_command second;
    enum sw_command_found found;

    found = sw_command_next(&text, &prepared->arena, &prepared->command, err);
    prepared->is_empty = found == SW_COMMAND_END;
    if (found != SW_COMMAND_FOUND)
        return found == SW_COMMAND_END;
    found = sw_command_next(&text, &prepared->arena, &second, err);
    if (found == SW_COMMAND_FOUND)
        return sw_error_set(err, "42601",
                            "cannot insert multiple commands into a prepared statement");
    return found == SW_COMMAND_END;
}

static bool check_names(const struct sw_textmap *names, const char *name, const char *what,
                        const char *sqlstate, struct sw_error *err)
{
    if (name[0] != '\0' && sw_textmap_get(names, name) != NULL)
        return sw_error_set(err, sqlstate, "%s \"%.64s\" already exists", what, name);
    if (names->count >= MOST_NAMES)
        return sw_error_set(err, "53000", "a console keeps at most %d %ss", MOST_NAMES, what);
    return true;
}

void sw_extended_parse(struct sw_console *console, const struct sw_frame *frame)
{
    struct sw_prepared_command *prepared;
    struct sw_wire_parse parse;
    struct sw_error err;

    if (!sw_wire_read_parse(frame, &parse, &err)) {
        fail_batch(console, &err);
        return;
    }
    prepared = sw_alloc_zero(1, sizeof *prepared);
    sw_arena_init(&prepared->arena);
    for (int i = 0; i < parse.type_count && i < SW_COMMAND_PARAMETERS; i++)
        prepared->types[i] = sw_wire_parse_type(&parse, i);
    if (!check_names(&console->statements, parse.name, "prepared statement", "42P05", &err) ||
        !read_command(prepared, parse.query, &err)) {
        free_prepared(prepared);
        fail_batch(console, &err);
        return;
    }
    free_prepared(sw_textmap_put(&console->statements, parse.name, prepared));
    sw_write_empty(sw_console_out(console), '1');
}

/* The word that a parameter stands for. */
static bool read_value(struct sw_arena *arena, const struct sw_wire_value *value, uint32_t type,
                       const char **word, struct sw_error *err)
{
    bool is_int = type == OID_INT2 || type == OID_INT4 || type == OID_INT8;
    int64_t number = 0;

    if (value->bytes == NULL)
        return sw_error_set(err, "22004", "a word of a command cannot be NULL");
    if (memchr(value->bytes, '\0', value->len) != NULL && !value->is_binary)
        return sw_error_set(err, "22021", "invalid byte sequence for encoding \"UTF8\": 0x00");
    if (!value->is_binary || !is_int) {
        *word = sw_arena_text(arena, (const char *)value->bytes, value->len);
        return sw_text_is_utf8(*word) ||
               sw_error_set(err, "22021", "invalid byte sequence for encoding \"UTF8\"");
    }
    if (value->len != (type == OID_INT2 ? 2U : type == OID_INT4 ? 4U : 8U))
        return sw_error_set(err, "22P03", "incorrect binary data format in bind parameter");
    for (size_t i = 0; i < value->len; i++)
        number = (int64_t)((uint64_t)number << 8 | value->bytes[i]);
    if (type == OID_INT2)
        number = (int16_t)number;
    if (type == OID_INT4)
        number = (int32_t)number;
    *word = sw_arena_alloc(arena, 32);
    (void)snprintf((char *)(uintptr_t)*word, 32, "%" PRId64, number);
    return true;
}

/* The portal's command is the statement's, its parameters replaced by what Bind brought. */
static bool bind_words(struct sw_portal *portal, const struct sw_prepared_command *prepared,
                       const struct sw_wire_bind *bind, struct sw_error *err)
{
    const char *words[SW_COMMAND_PARAMETERS] = {NULL};
    const uint8_t *at = bind->values;
    struct sw_wire_value value;
    int index = 0;

    if (bind->value_count != prepared->command.parameter_count)
        return sw_error_set(err, "08P01",
                            "bind message supplies %d parameters, but the command requires %d",
                            bind->value_count, prepared->command.parameter_count);
    for (int i = 0; sw_wire_bind_next(bind, &at, &index, &value); i++)
        if (!read_value(&portal->arena, &value, prepared->types[i], &words[i], err))
            return false;
    portal->is_empty = prepared->is_empty;
    portal->command = prepared->command;
    for (int i = 0; i < portal->command.word_count; i++) {
        int parameter = portal->command.words[i].parameter;
        const char *text = parameter > 0 ? words[parameter - 1] : portal->command.words[i].text;

        portal->command.words[i].text = sw_arena_strdup(&portal->arena, text);
    }
    if (portal->command.sql != NULL)
        portal->command.sql = sw_arena_strdup(&portal->arena, portal->command.sql);
    if (portal->command.database != NULL)
        portal->command.database = sw_arena_strdup(&portal->arena, portal->command.database);
    return true;
}

/* The formats that the client wants stand behind the values: a count, and so many of them. */
static bool bind_formats(struct sw_portal *portal, const uint8_t *at, const uint8_t *end,
                         const struct sw_columns *columns, struct sw_error *err)
{
    const struct sw_frame rest = {.body = at, .body_len = (size_t)(end - at)};
    struct sw_cursor cursor = sw_cursor_of(&rest);

    portal->format_count = sw_cursor_int16(&cursor);
    if (portal->format_count > 1 && portal->format_count != columns->count)
        return sw_error_set(err, "08P01",
                            "bind message has %d result formats but query has %d "
                            "columns",
                            portal->format_count, columns->count);
    portal->formats =
        sw_arena_alloc(&portal->arena, (size_t)(portal->format_count + 1) * sizeof(uint16_t));
    for (int i = 0; i < portal->format_count; i++) {
        portal->formats[i] = sw_cursor_int16(&cursor);
        if (portal->formats[i] > 1)
            return sw_error_set(err, "22023", "unsupported format code: %d",
                                portal->formats[i]);
    }
    return true;
}

static const uint8_t *end_of_values(const struct sw_wire_bind *bind)
{
    const uint8_t *at = bind->values;
    struct sw_wire_value value;
    int index = 0;

    while (sw_wire_bind_next(bind, &at, &index, &value))
        ;
    return at;
}

void sw_extended_bind(struct sw_console *console, const struct sw_frame *frame)
{
    const struct sw_prepared_command *prepared;
    struct sw_wire_bind bind;
    struct sw_portal *portal;
    struct sw_error err;

    if (!sw_wire_read_bind(frame, &bind, &err)) {
        fail_batch(console, &err);
        return;
    }
    prepared = sw_textmap_get(&console->statements, bind.statement);
    if (prepared == NULL) {
        sw_error_set(&err, "26000", "prepared statement \"%.64s\" does not exist",
                     bind.statement);
        fail_batch(console, &err);
        return;
    }
    portal = sw_alloc_zero(1, sizeof *portal);
    sw_arena_init(&portal->arena);
    if (!check_names(&console->portals, bind.portal, "portal", "42P03", &err) ||
        !bind_words(portal, prepared, &bind, &err) ||
        !bind_formats(portal, end_of_values(&bind), bind.tail + bind.tail_len,
                      sw_runner(prepared->command.verb)->columns, &err)) {
        free_portal(portal);
        fail_batch(console, &err);
        return;
    }
    free_portal(sw_textmap_put(&console->portals, bind.portal, portal));
    sw_write_empty(sw_console_out(console), '2');
}

static void describe_rows(struct sw_console *console, const struct sw_command *command,
                          bool is_empty, const uint16_t *formats, int format_count)
{
    const struct sw_columns *columns = sw_runner(command->verb)->columns;

    if (is_empty || columns->count == 0)
        sw_write_empty(sw_console_out(console), 'n');
    else
        sw_answer_describe(columns, formats, format_count, sw_console_out(console));
}

static void describe_statement(struct sw_console *console,
                               const struct sw_prepared_command *prepared)
{
    struct sw_buf *out = sw_console_out(console);
    size_t start = sw_message_begin(out, 't');

    sw_put_int16(out, (uint16_t)prepared->command.parameter_count);
    for (int i = 0; i < prepared->command.parameter_count; i++)
        sw_put_int32(out, prepared->types[i] == 0 ? OID_TEXT : prepared->types[i]);
    sw_message_end(out, start);
    describe_rows(console, &prepared->command, prepared->is_empty, NULL, 0);
}

void sw_extended_describe(struct sw_console *console, const struct sw_frame *frame)
{
    const struct sw_prepared_command *prepared;
    const struct sw_portal *portal;
    struct sw_error err;
    const char *name;
    char kind;

    if (!sw_wire_read_target(frame, &kind, &name, &err)) {
        fail_batch(console, &err);
        return;
    }
    prepared = kind == 'S' ? sw_textmap_get(&console->statements, name) : NULL;
    portal = kind == 'P' ? sw_textmap_get(&console->portals, name) : NULL;
    if (prepared != NULL) {
        describe_statement(console, prepared);
    } else if (portal != NULL) {
        describe_rows(console, &portal->command, portal->is_empty, portal->formats,
                      portal->format_count);
    } else {
        sw_error_set(&err, kind == 'S' ? "26000" : "34000", "%s \"%.64s\" does not exist",
                     kind == 'S' ? "prepared statement" : "portal", name);
        fail_batch(console, &err);
    }
}

static void send_rows(struct sw_console *console, struct sw_portal *portal)
{
    struct sw_buf *out = sw_console_out(console);
    size_t left = portal->answer.row_count - portal->sent;
    size_t count =
        console->portal_rows > 0 && console->portal_rows < left ? console->portal_rows : left;

    for (size_t i = 0; i < count; i++)
        sw_answer_put(&portal->answer, portal->sent++, portal->formats, portal->format_count,
                      out);
    if (count < left)
        sw_write_empty(out, 's');
    else
        sw_dialogue_tag(console, &portal->command);
}

void sw_extended_answer(struct sw_console *console)
{
    struct sw_portal *portal = console->portal;

    console->portal = NULL;
    portal->has_run = true;
    if (console->has_failed) {
        sw_answer_finish(&console->answer);
        fail_batch(console, &console->err);
        return;
    }
    portal->answer = console->answer;
    console->answer = (struct sw_answer){0};
    send_rows(console, portal);
}

void sw_extended_execute(struct sw_console *console, const struct sw_frame *frame)
{
    struct sw_portal *portal;
    struct sw_error err;
    const char *name;

    if (!sw_wire_read_execute(frame, &name, &console->portal_rows, &err)) {
        fail_batch(console, &err);
        return;
    }
    portal = sw_textmap_get(&console->portals, name);
    if (portal == NULL) {
        sw_error_set(&err, "34000", "portal \"%.64s\" does not exist", name);
        fail_batch(console, &err);
    } else if (portal->is_empty) {
        sw_write_empty(sw_console_out(console), 'I');
    } else if (portal->has_run) {
        send_rows(console, portal);
    } else {
        console->portal = portal;
        console->command = portal->command;
        console->is_in_steps = true;
        sw_dialogue_run(console);
        console->is_in_steps = false;
        if (console->state == SW_CONSOLE_READY)
            sw_extended_answer(console);
    }
}

void sw_extended_close(struct sw_console *console, const struct sw_frame *frame)
{
    struct sw_error err;
    const char *name;
    char kind;

    if (!sw_wire_read_target(frame, &kind, &name, &err)) {
        fail_batch(console, &err);
        return;
    }
    if (kind == 'S')
        free_prepared(sw_textmap_remove(&console->statements, name));
    else
        free_portal(sw_textmap_remove(&console->portals, name));
    sw_write_empty(sw_console_out(console), '3');
}

void sw_extended_flush(struct sw_console *console, const struct sw_frame *frame)
{
    (void)console; /* what was written is sent behind every message */
    (void)frame;
}

static void forget_portals(struct sw_console *console)
{
    struct sw_portal *portal;
    size_t at = 0;

    while ((portal = sw_textmap_next(&console->portals, &at, NULL)) != NULL)
        free_portal(portal);
    sw_textmap_finish(&console->portals);
}

void sw_extended_sync(struct sw_console *console, const struct sw_frame *frame)
{
    (void)frame;
    console->skips_to_sync = false;
    forget_portals(console);
    sw_write_ready(sw_console_out(console), 'I');
}

void sw_extended_forget(struct sw_console *console)
{
    struct sw_prepared_command *prepared;
    size_t at = 0;

    while ((prepared = sw_textmap_next(&console->statements, &at, NULL)) != NULL)
        free_prepared(prepared);
    sw_textmap_finish(&console->statements);
    forget_portals(console);
}
