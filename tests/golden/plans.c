/*
 * plans [--update] FILE.sql MAP.yaml ... - prints the route of every statement under that map,
 * or its refusal, and compares them with FILE.txt (or rewrites that).
 *
 * A line that starts with `@path ` is planned as if search_path were changed, one with `@utc `
 * as if the session's TimeZone were known to be UTC. What follows
 * `--$` binds the parameters: `42` is a text of no declared type, `42:23` one of type 23,
 * `x0000002a:23` binary, NULL is NULL. Without `--$` parameters are unbound.
 */
#include "lines.h"

#include "shardward/base/buf.h"
#include "shardward/parse/parse.h"
#include "shardward/plan/scatter.h"

#include <stdbool.h>
#include <stdint.h>

enum { MOST_PARAMETERS = 16, MOST_BYTES = 64 };

struct binding {
    struct sw_parameter values[MOST_PARAMETERS];
    uint32_t types[MOST_PARAMETERS];
    uint8_t bytes[MOST_PARAMETERS][MOST_BYTES];
    int count;
};

static void bind_hex(struct binding *binding, int at, const char *digits, size_t len)
{
    for (size_t i = 0; i + 1 < len; i += 2) {
        unsigned byte = 0;

        (void)sscanf(digits + i, "%2x", &byte);
        binding->bytes[at][i / 2] = (uint8_t)byte;
    }
    binding->values[at] =
        (struct sw_parameter){.bytes = binding->bytes[at], .len = len / 2, .is_binary = true};
}

static void bind_word(struct binding *binding, const char *word)
{
    const char *colon = strrchr(word, ':');
    size_t len = colon == NULL ? strlen(word) : (size_t)(colon - word);
    int at = binding->count++;

    binding->types[at] = colon == NULL ? 0 : (uint32_t)strtoul(colon + 1, NULL, 10);
    if (strncmp(word, "NULL", len) == 0 && len == 4) {
        binding->values[at] = (struct sw_parameter){.bytes = NULL};
    } else if (word[0] == 'x') {
        bind_hex(binding, at, word + 1, len - 1);
    } else {
        memcpy(binding->bytes[at], word, len);
        binding->values[at] = (struct sw_parameter){.bytes = binding->bytes[at], .len = len};
    }
}

static void bind_all(struct binding *binding, const char *sql)
{
    const char *at = strstr(sql, "--$");
    char word[MOST_BYTES];
    int len;

    binding->count = 0;
    for (at = at == NULL ? "" : at + 3;
         binding->count < MOST_PARAMETERS && sscanf(at, "%63s%n", word, &len) == 1; at += len)
        bind_word(binding, word);
}

static void print_error(struct sw_buf *out, const struct sw_error *err)
{
    sw_buf_printf(out, "%s: %s\n", err->sqlstate, err->message);
    if (err->detail[0] != '\0')
        sw_buf_printf(out, "detail: %s\n", err->detail);
    if (err->hint[0] != '\0')
        sw_buf_printf(out, "hint: %s\n", err->hint);
}

static void print_script(struct sw_buf *out, struct sw_plan_context *context, const char *sql)
{
    struct binding binding;
    struct sw_parameters parameters = {.types = binding.types};
    const char *text = *sql == '@' ? strchr(sql, ' ') : sql;
    struct sw_error err;
    struct sw_script *script = sw_parse(text, &err);

    sw_buf_printf(out, "%s\n", sql);
    context->is_search_path_plain = strncmp(sql, "@path ", 6) != 0;
    context->is_timezone_utc = strncmp(sql, "@utc ", 5) == 0;
    bind_all(&binding, sql);
    if (strstr(sql, "--$") != NULL) {
        parameters.values = binding.values;
        parameters.count = parameters.type_count = binding.count;
    }
    if (script == NULL)
        print_error(out, &err);
    for (int i = 0; script != NULL && i < script->count; i++)
        if (!sw_plan_explain(context, script, text, i, &parameters, out, &err))
            print_error(out, &err);
    sw_buf_append_text(out, "\n");
    sw_script_unref(script);
}

static void print_file(struct sw_buf *out, struct sw_map *map, FILE *file)
{
    struct sw_plan_context context = {
        .database = &map->databases[0], .user = &map->users[0], .map = map};
    char *line = NULL, *sql;
    size_t size = 0;

    while ((sql = next_statement(file, &line, &size)) != NULL)
        print_script(out, &context, sql);
    free(line);
}

static bool is_equal(const char *path, const struct sw_buf *out)
{
    FILE *file = fopen(path, "r");
    size_t at = 0;
    int c, line = 1;

    if (file == NULL) {
        (void)fprintf(stderr, "%s: missing; run with --update\n", path);
        return false;
    }
    while ((c = getc(file)) != EOF && at < sw_buf_len(out) && sw_buf_bytes(out)[at] == c) {
        line += c == '\n';
        at++;
    }
    (void)fclose(file);
    if (c == EOF && at == sw_buf_len(out))
        return true;
    (void)fprintf(stderr, "%s:%d: plans differ; now:\n%.*s\n", path, line,
                  (int)(sw_buf_len(out) - at > 400 ? 400 : sw_buf_len(out) - at),
                  (const char *)sw_buf_bytes(out) + at);
    return false;
}

static bool rewrite(const char *path, const struct sw_buf *out)
{
    FILE *file = fopen(path, "w");
    bool is_written;

    if (file == NULL)
        return false;
    is_written = fwrite(sw_buf_bytes(out), 1, sw_buf_len(out), file) == sw_buf_len(out);
    return fclose(file) == 0 && is_written;
}

static struct sw_map *read_map(const char *path)
{
    struct sw_config_faults faults;
    struct sw_config *config = sw_config_read(path, &faults);

    for (int i = 0; i < faults.count; i++)
        (void)fprintf(stderr, "%s:%d:%d: %s\n", path, faults.faults[i].line,
                      faults.faults[i].column, faults.faults[i].text);
    return config == NULL ? NULL : sw_map_build(config);
}

static bool run_file(const char *path, const char *map_path, bool is_update)
{
    char result[4096];
    struct sw_buf out;
    struct sw_map *map = read_map(map_path);
    FILE *file = fopen(path, "r");
    bool is_good = false;

    (void)snprintf(result, sizeof result, "%.*s.txt", (int)strlen(path) - 4, path);
    sw_buf_init(&out, 64 << 20);
    if (file == NULL)
        perror(path);
    if (file != NULL && map != NULL) {
        print_file(&out, map, file);
        is_good = is_update ? rewrite(result, &out) : is_equal(result, &out);
    }
    if (file != NULL)
        (void)fclose(file);
    sw_buf_finish(&out);
    sw_map_unref(map);
    return is_good;
}

int main(int argc, char **argv)
{
    bool is_update = argc > 1 && strcmp(argv[1], "--update") == 0;
    int failures = 0, first = is_update ? 2 : 1;

    for (int i = first; i + 1 < argc; i += 2)
        failures += !run_file(argv[i], argv[i + 1], is_update);
    return failures == 0 && argc > first + 1 ? 0 : 1;
}
