/*
 * EXPLAIN and LOCATE: the lines that the command line prints, as rows.
 */
#include "columns.h"
#include "internal.h"

#include "shardward/admin/places.h"

#include <string.h>
#include <strings.h>

static const struct sw_column property[] = {TEXT("property"), TEXT("value")};

const struct sw_columns sw_columns_property = COLUMNS(property);

static void put_line(struct sw_answer *answer, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    size_t name_len = colon == NULL ? 0 : (size_t)(colon - line);
    const char *value = colon == NULL ? line : colon + 1 + (colon[1] == ' ');

    sw_answer_row(answer);
    sw_answer_format(answer, "%.*s", (int)name_len, line);
    sw_answer_format(answer, "%.*s", (int)(line + len - value), value);
}

static void put_lines(struct sw_answer *answer, struct sw_buf *lines)
{
    const char *at = (const char *)sw_buf_bytes(lines), *end = at + sw_buf_len(lines);

    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));

        if (line_end == NULL)
            line_end = end;
        put_line(answer, at, (size_t)(line_end - at));
        at = line_end + 1;
    }
}

static void tell(struct sw_console *console, struct sw_buf *lines, bool is_good,
                 const struct sw_error *err)
{
    if (is_good)
        put_lines(&console->answer, lines);
    sw_buf_finish(lines);
    if (is_good)
        sw_console_done(console);
    else
        sw_console_fail(console, err);
}

void sw_explain(struct sw_console *console)
{
    const struct sw_command *command = &console->command;
    const struct sw_places places = {
        .map = console->admin->map,
        .catalog = sw_board_catalog(console->admin->board),
        .database = command->database != NULL ? command->database : console->database,
    };
    struct sw_buf lines;
    struct sw_error err;

    sw_buf_init(&lines, SIZE_MAX);
    tell(console, &lines, sw_places_explain(&places, command->sql, &lines, &err), &err);
    sw_catalog_unref(places.catalog);
}

void sw_locate(struct sw_console *console)
{
    const struct sw_command *command = &console->command;
    int words = command->word_count;
    bool names_database = words >= 4 && strcasecmp(command->words[words - 2].text, "in") == 0;
    const struct sw_places places = {
        .map = console->admin->map,
        .state = sw_board_state(console->admin->board),
        .database = names_database ? command->words[words - 1].text : console->database,
    };
    const char *keys[SW_COMMAND_WORDS] = {0};
    int count = words - 1 - (names_database ? 2 : 0);
    struct sw_buf lines;
    struct sw_error err;

    for (int i = 0; i < count; i++)
        keys[i] = command->words[i + 1].text;
    sw_buf_init(&lines, SIZE_MAX);
    tell(console, &lines,
         sw_places_locate(&places, command->words[0].text, keys, count, &lines, &err), &err);
    sw_state_unref(places.state);
}
