#include "shardward/base/settings.h"

#include "shardward/base/mem.h"

#include <string.h>

struct sw_settings *sw_settings_ref(struct sw_settings *settings)
{
    if (settings != NULL)
        settings->refs++;
    return settings;
}

void sw_settings_unref(struct sw_settings *settings)
{
    if (settings == NULL || --settings->refs > 0)
        return;
    for (size_t i = 0; i < settings->count; i++) {
        free((char *)settings->list[i].name);
        free((char *)settings->list[i].value);
    }
    free(settings);
}

static void put(struct sw_settings *settings, const char *name, const char *value)
{
    settings->list[settings->count++] =
        (struct sw_setting){.name = sw_strdup(name), .value = sw_strdup(value)};
}

struct sw_settings *sw_settings_with(struct sw_settings *settings, const char *name,
                                     const char *value)
{
    size_t count = settings == NULL ? 0 : settings->count;
    struct sw_settings *next;
    size_t i = 0;

    next = sw_alloc(sizeof *next + (count + 1) * sizeof next->list[0]);
    next->refs = 1;
    next->count = 0;
    for (; i < count && strcmp(settings->list[i].name, name) < 0; i++)
        put(next, settings->list[i].name, settings->list[i].value);
    if (value != NULL)
        put(next, name, value);
    if (i < count && strcmp(settings->list[i].name, name) == 0)
        i++;
    for (; i < count; i++)
        put(next, settings->list[i].name, settings->list[i].value);
    sw_settings_unref(settings);
    if (next->count == 0) {
        free(next);
        return NULL;
    }
    return next;
}

struct sw_settings *sw_settings_copy(const struct sw_settings *settings)
{
    struct sw_settings *copy;

    if (settings == NULL)
        return NULL;
    copy = sw_alloc(sizeof *copy + settings->count * sizeof copy->list[0]);
    copy->refs = 1;
    copy->count = 0;
    for (size_t i = 0; i < settings->count; i++)
        put(copy, settings->list[i].name, settings->list[i].value);
    return copy;
}

const char *sw_settings_get(const struct sw_settings *settings, const char *name)
{
    for (size_t i = 0; settings != NULL && i < settings->count; i++)
        if (strcmp(settings->list[i].name, name) == 0)
            return settings->list[i].value;
    return NULL;
}

bool sw_settings_are_equal(const struct sw_settings *a, const struct sw_settings *b)
{
    if (a == b)
        return true;
    if (a == NULL || b == NULL || a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->list[i].name, b->list[i].name) != 0 ||
            strcmp(a->list[i].value, b->list[i].value) != 0)
            return false;
    return true;
}

/* Bring lists[@at] to the front; the others move back. */
static void move_to_front(struct sw_settings_shared *shared, int at)
{
    struct sw_settings *first = shared->lists[at];

    for (; at > 0; at--)
        shared->lists[at] = shared->lists[at - 1];
    shared->lists[0] = first;
}

struct sw_settings *sw_settings_share(struct sw_settings_shared *shared,
                                      struct sw_settings *settings)
{
    int at = 0;

    if (settings == NULL)
        return NULL;
    while (at < SW_SETTINGS_SHARED && !sw_settings_are_equal(shared->lists[at], settings))
        at++;
    if (at == SW_SETTINGS_SHARED) {
        at--;
        sw_settings_unref(shared->lists[at]);
        shared->lists[at] = sw_settings_ref(settings);
    }
    move_to_front(shared, at);
    sw_settings_unref(settings);
    return sw_settings_ref(shared->lists[0]);
}

void sw_settings_shared_finish(struct sw_settings_shared *shared)
{
    for (int i = 0; i < SW_SETTINGS_SHARED; i++)
        sw_settings_unref(shared->lists[i]);
    *shared = (struct sw_settings_shared){0};
}

static void put_quoted(struct sw_buf *sql, char quote, const char *text)
{
    (void)sw_buf_append(sql, &quote, 1);
    for (; *text != '\0'; text++) {
        (void)sw_buf_append(sql, text, 1);
        if (*text == quote)
            (void)sw_buf_append(sql, text, 1);
    }
    (void)sw_buf_append(sql, &quote, 1);
}

void sw_put_sql_literal(struct sw_buf *sql, const char *text)
{
    put_quoted(sql, '\'', text);
}

void sw_put_sql_name(struct sw_buf *sql, const char *name)
{
    put_quoted(sql, '"', name);
}

void sw_put_sql_set_config(struct sw_buf *sql, const char *name, const char *value,
                           bool is_local)
{
    (void)sw_buf_append_text(sql, "SELECT pg_catalog.set_config(");
    sw_put_sql_literal(sql, name);
    (void)sw_buf_append_text(sql, ",");
    sw_put_sql_literal(sql, value);
    (void)sw_buf_append_text(sql, is_local ? ",true)" : ",false)");
}
