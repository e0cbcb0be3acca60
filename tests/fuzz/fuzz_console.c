/* The words of the console: the input is what an operator has typed. */
#include "shardward/admin/command.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Written to where the sanitizers see it. */
static volatile size_t sum;

static void touch(const struct sw_command *command)
{
    const struct sw_verb *verb = sw_verb(command->verb);

    if (command->verb != SW_EXPLAIN &&
        (command->word_count < verb->least || command->word_count > verb->most))
        abort();
    for (int i = 0; i < command->word_count; i++) {
        if ((command->words[i].text == NULL) != (command->words[i].parameter > 0) ||
            command->words[i].parameter > command->parameter_count)
            abort();
        if (command->words[i].text != NULL)
            sum += strlen(command->words[i].text);
    }
    sum += command->sql == NULL ? 0 : strlen(command->sql);
    sum += command->database == NULL ? 0 : strlen(command->database);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = calloc(1, size + 1);
    const char *at = text, *before;
    enum sw_command_found found;
    struct sw_command command;
    struct sw_arena arena;
    struct sw_error err;

    if (text == NULL)
        abort();
    if (size > 0)
        memcpy(text, data, size);
    sw_arena_init(&arena);
    do {
        before = at;
        found = sw_command_next(&at, &arena, &command, &err);
        if (found == SW_COMMAND_FOUND)
            touch(&command);
        if (found == SW_COMMAND_BAD && (strlen(err.sqlstate) != 5 || err.message[0] == '\0'))
            abort();
    } while (found == SW_COMMAND_FOUND && at > before);
    if (found == SW_COMMAND_FOUND || at > text + strlen(text))
        abort();
    sw_arena_finish(&arena);
    free(text);
    return 0;
}
