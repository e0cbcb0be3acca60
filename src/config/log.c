#include "reader.h"

#include <string.h>

static int index_of(const char *text, const char *const *words, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(words[i], text) == 0)
            return i;
    return -1;
}

static void read_level(struct sw_reader *reader, const struct sw_entry *entry,
                       const struct sw_field *field, void *into)
{
    static const char *const levels[] = {"error", "warning", "info", "debug"};
    struct sw_config *config = into;
    const char *text = sw_reader_scalar(reader, entry);
    int level = text == NULL ? SW_LOG_INFO : index_of(text, levels, 4);

    if (level < 0)
        sw_reader_fault(reader, entry->value,
                        "'level: %.80s': write error, warning, info or debug", text);
    else
        config->log.level = (enum sw_log_level)level;
}

static void read_format(struct sw_reader *reader, const struct sw_entry *entry,
                        const struct sw_field *field, void *into)
{
    static const char *const formats[] = {"text", "json"};
    struct sw_config *config = into;
    const char *text = sw_reader_scalar(reader, entry);
    int format = text == NULL ? SW_LOG_TEXT : index_of(text, formats, 2);

    if (format < 0)
        sw_reader_fault(reader, entry->value, "'format: %.80s': write text or json", text);
    else
        config->log.format = (enum sw_log_format)format;
}

/* YAML 1.2 knows true and false alone; DBAs write on and off. */
static void read_switch(struct sw_reader *reader, const struct sw_entry *entry,
                        const struct sw_field *field, void *into)
{
    static const char *const words[] = {"off", "on", "false", "true"};
    const char *text = sw_reader_scalar(reader, entry);
    int word = text == NULL ? 0 : index_of(text, words, 4);

    if (word < 0)
        sw_reader_fault(reader, entry->value, "'%s: %.80s': write on or off", entry->name,
                        text);
    else
        *(bool *)((char *)into + field->offset) = word % 2 == 1;
}

static const struct sw_field log_fields[] = {
    {.name = "level", .read = read_level},
    {.name = "format", .read = read_format},
    {"slow", sw_read_time, offsetof(struct sw_config, log.slow_ms), false, 0,
     INT64_C(24) * 60 * 60 * 1000},
    {"connections", read_switch, offsetof(struct sw_config, log.has_connections), false, 0, 0},
};

void sw_read_log(struct sw_reader *reader, const struct sw_entry *entry,
                 const struct sw_field *field, void *into)
{
    sw_reader_fields(reader, entry, log_fields, sizeof log_fields / sizeof *log_fields, into);
}
