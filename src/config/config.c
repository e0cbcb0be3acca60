/*
 * The file is parsed twice: once for its events, to find bad syntax, depth and a second
 * document cheaply, and once into a document that the field tables are laid upon.
 */
#include "shardward/config/config.h"

#include "reader.h"
#include "shardward/base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_FILE = 16 * 1024 * 1024, MOST_DEPTH = 32, DAY_MS = 24 * 60 * 60 * 1000 };

#define MB ((int64_t)1024 * 1024)

static void read_gather_directory(struct sw_reader *reader, const struct sw_entry *entry,
                                  const struct sw_field *field, void *into)
{
    const char *text = sw_reader_scalar(reader, entry);

    if (text != NULL && *text == '\0')
        sw_reader_fault(reader, entry->value, "'gather_directory:': write a directory");
    else if (text != NULL)
        ((struct sw_config *)into)->limits.gather_directory = sw_reader_beside(reader, text);
}

static const struct sw_field limit_fields[] = {
    {"clients", sw_read_number, offsetof(struct sw_config, limits.clients), false, 1, 1000000},
    {"connections", sw_read_number, offsetof(struct sw_config, limits.connections), false, 0,
     1000000},
    {"failover_waiting", sw_read_number, offsetof(struct sw_config, limits.failover_waiting),
     false, 0, 1000000},
    {.name = "gather_directory", .read = read_gather_directory},
    {"gather_file", sw_read_size, offsetof(struct sw_config, limits.gather_file), false, 0,
     INT64_C(16) * 1024 * 1024 * MB},
    {"gather_memory", sw_read_size, offsetof(struct sw_config, limits.gather_memory), false, MB,
     512 * MB},
    {"id_block", sw_read_number, offsetof(struct sw_config, limits.id_block), false, 1, 10000},
    {"message", sw_read_size, offsetof(struct sw_config, limits.message), false, 1024,
     1024 * MB},
    {"query", sw_read_size, offsetof(struct sw_config, limits.query), false, 1024, 1024 * MB},
    {"statement_cache", sw_read_size, offsetof(struct sw_config, limits.statement_cache), false,
     0, INT64_C(64) * 1024 * MB},
};

static void read_limits(struct sw_reader *reader, const struct sw_entry *entry,
                        const struct sw_field *field, void *into)
{
    sw_reader_fields(reader, entry, limit_fields, sizeof limit_fields / sizeof *limit_fields,
                     into);
}

static const struct sw_field timeout_fields[] = {
    {"login", sw_read_time, offsetof(struct sw_config, timeouts.login_ms), false, 0, DAY_MS},
    {"connect", sw_read_time, offsetof(struct sw_config, timeouts.connect_ms), false, 0,
     DAY_MS},
    {"lease", sw_read_time, offsetof(struct sw_config, timeouts.lease_ms), false, 0, DAY_MS},
    {"failover", sw_read_time, offsetof(struct sw_config, timeouts.failover_ms), false, 0,
     DAY_MS},
    {"ddl_lock", sw_read_time, offsetof(struct sw_config, timeouts.ddl_lock_ms), false, 0,
     DAY_MS},
    {"query", sw_read_time, offsetof(struct sw_config, timeouts.query_ms), false, 0, DAY_MS},
    {"idle_session", sw_read_time, offsetof(struct sw_config, timeouts.idle_session_ms), false,
     0, DAY_MS},
    {"idle_in_transaction", sw_read_time,
     offsetof(struct sw_config, timeouts.idle_in_transaction_ms), false, 0, DAY_MS},
    {"drain", sw_read_time, offsetof(struct sw_config, timeouts.drain_ms), false, 0, DAY_MS},
};

static void read_timeouts(struct sw_reader *reader, const struct sw_entry *entry,
                          const struct sw_field *field, void *into)
{
    sw_reader_fields(reader, entry, timeout_fields,
                     sizeof timeout_fields / sizeof *timeout_fields, into);
}

static void read_workers(struct sw_reader *reader, const struct sw_entry *entry,
                         const struct sw_field *field, void *into)
{
    const char *text = sw_reader_scalar(reader, entry), *end;
    struct sw_config *config = into;
    int number = 0;

    if (text == NULL || strcmp(text, "auto") == 0)
        return;
    end = sw_reader_digits(text, &number);
    if (end == NULL || *end != '\0' || number < 1 || number > SW_WORKERS_MOST)
        sw_reader_fault(reader, entry->value,
                        "'workers: %.80s': write auto, or a number from 1 to %d", text,
                        SW_WORKERS_MOST);
    config->workers = number;
}

static const struct sw_field file_fields[] = {
    {.name = "listen", .read = sw_read_listen, .is_required = true},
    {.name = "unix_socket", .read = sw_read_unix_socket},
    {.name = "workers", .read = read_workers},
    {.name = "limits", .read = read_limits},
    {.name = "timeouts", .read = read_timeouts},
    {.name = "log", .read = sw_read_log},
    {.name = "tls", .read = sw_read_tls},
    {.name = "clusters", .read = sw_read_clusters, .is_required = true},
    {.name = "databases", .read = sw_read_databases, .is_required = true},
    {.name = "auth", .read = sw_read_auth},
    {.name = "auth_query", .read = sw_read_auth_query},
    {.name = "users", .read = sw_read_users, .is_required = true},
    {.name = "hba", .read = sw_read_hba},
    {.name = "admin", .read = sw_read_admin},
    {.name = "http", .read = sw_read_http},
    {"cloud", sw_read_name, offsetof(struct sw_config, cloud), false, 0, 0},
};

static struct sw_config *create(const char *path)
{
    struct sw_config *config = sw_alloc_zero(1, sizeof *config);
    const char *temporaries = getenv("TMPDIR");

    sw_arena_init(&config->arena);
    config->path = sw_arena_strdup(&config->arena, path);
    config->unix_socket.mode = 0777;
    config->limits.clients = 10000;
    config->limits.failover_waiting = 1000;
    config->limits.gather_directory =
        sw_arena_strdup(&config->arena, temporaries == NULL ? "/tmp" : temporaries);
    config->limits.gather_file = (size_t)(4096 * MB);
    config->limits.gather_memory = (size_t)(64 * MB);
    config->limits.id_block = 32;
    config->limits.message = (size_t)(64 * MB);
    config->limits.query = (size_t)(16 * MB);
    config->limits.statement_cache = (size_t)(64 * MB);
    config->log.level = SW_LOG_INFO;
    config->timeouts.login_ms = 10000;
    config->timeouts.connect_ms = 5000;
    config->timeouts.lease_ms = 5000;
    config->timeouts.failover_ms = 10000;
    config->timeouts.drain_ms = 30000;
    config->timeouts.ddl_lock_ms = 10000;
    return config;
}

/* Where byte @offset stands; libyaml gives no mark for bytes that are no characters. */
static yaml_mark_t mark_of_byte(const char *bytes, size_t offset)
{
    yaml_mark_t mark = {.index = offset};

    for (size_t i = 0; i < offset; i++) {
        mark.column++;
        if (bytes[i] == '\n') {
            mark.line++;
            mark.column = 0;
        }
    }
    return mark;
}

static void report_syntax(const yaml_parser_t *parser, const char *bytes, size_t len,
                          struct sw_config_faults *faults)
{
    bool is_of_bytes = parser->error == YAML_READER_ERROR && parser->problem_offset <= len;

    sw_faults_add(
        faults,
        is_of_bytes ? mark_of_byte(bytes, parser->problem_offset) : parser->problem_mark,
        "this is no YAML: %s%s%s", parser->problem, parser->context != NULL ? ", " : "",
        parser->context != NULL ? parser->context : "");
}

static int depth_change(yaml_event_type_t type)
{
    if (type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT)
        return 1;
    return type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT ? -1 : 0;
}

/* Look at one event; false when the file has to be refused for it. */
static bool check_event(const yaml_event_t *event, int *depth, int *documents,
                        struct sw_config_faults *faults)
{
    *depth += depth_change(event->type);
    if (event->type == YAML_DOCUMENT_START_EVENT && ++*documents > 1)
        sw_faults_add(faults, event->start_mark,
                      "a second document begins here; write one document");
    else if (*depth > MOST_DEPTH)
        sw_faults_add(faults, event->start_mark, "nested more than %d deep", MOST_DEPTH);
    else
        return true;
    return false;
}

static bool check_syntax(const char *bytes, size_t len, struct sw_config_faults *faults)
{
    yaml_parser_t parser;
    int depth = 0, documents = 0;
    bool is_good = true, is_over = false;

    if (yaml_parser_initialize(&parser) == 0)
        abort();
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, len);
    while (is_good && !is_over) {
        yaml_event_t event;

        is_good = yaml_parser_parse(&parser, &event) != 0;
        if (!is_good) {
            report_syntax(&parser, bytes, len, faults);
            break;
        }
        is_over = event.type == YAML_STREAM_END_EVENT;
        is_good = check_event(&event, &depth, &documents, faults);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return is_good;
}

static void read_document(struct sw_reader *reader)
{
    yaml_node_t *root = yaml_document_get_root_node(&reader->document);
    struct sw_entry file = {"the file", NULL, root};

    if (root == NULL) {
        sw_faults_add(reader->faults, (yaml_mark_t){0}, "the file is empty");
        return;
    }
    sw_textmap_init(&reader->node_names);
    sw_reader_fields(reader, &file, file_fields, sizeof file_fields / sizeof *file_fields,
                     reader->config);
    sw_textmap_finish(&reader->node_names);
}

static void read_bytes(struct sw_config *config, const char *bytes, size_t len,
                       struct sw_config_faults *faults)
{
    struct sw_reader reader = {.config = config, .faults = faults};
    yaml_parser_t parser;

    if (!check_syntax(bytes, len, faults))
        return;
    if (yaml_parser_initialize(&parser) == 0)
        abort();
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, len);
    if (yaml_parser_load(&parser, &reader.document) != 0) {
        read_document(&reader);
        yaml_document_delete(&reader.document);
    } else {
        report_syntax(&parser, bytes, len, faults);
    }
    yaml_parser_delete(&parser);
}

static void report_unreadable(struct sw_config_faults *faults, const char *why)
{
    sw_faults_add(faults, (yaml_mark_t){0}, "cannot read the file: %s", why);
    faults->faults[0].line = faults->faults[0].column = 0;
}

struct sw_config *sw_config_read(const char *path, struct sw_config_faults *faults)
{
    struct sw_config *config = create(path);
    const char *why = NULL;
    size_t len = 0;
    char *bytes = sw_file_read(path, MOST_FILE, &len, &why);

    faults->count = 0;
    if (bytes == NULL)
        report_unreadable(faults, why);
    else
        read_bytes(config, bytes, len, faults);
    free(bytes);
    if (faults->count == 0)
        return config;
    sw_config_free(config);
    return NULL;
}

void sw_config_free(struct sw_config *config)
{
    if (config == NULL)
        return;
    sw_tls_unref(config->tls.server);
    sw_arena_finish(&config->arena);
    free(config);
}
