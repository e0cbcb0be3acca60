#include "reader.h"

#include "shardward/base/buf.h"

#include <arpa/inet.h>
#include <string.h>

static const char *const types[] = {
    [SW_HBA_LOCAL] = "local",
    [SW_HBA_HOST] = "host",
    [SW_HBA_HOSTSSL] = "hostssl",
    [SW_HBA_HOSTNOSSL] = "hostnossl",
};
static const char *const methods[] = {
    [SW_HBA_AUTH] = "auth",   [SW_HBA_PEER] = "peer",     [SW_HBA_CERT] = "cert",
    [SW_HBA_TRUST] = "trust", [SW_HBA_REJECT] = "reject",
};

enum { MOST_TEXT = 64 * 1024 };

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

static void put_choices(struct sw_buf *out, const char *const *words, int count)
{
    for (int i = 0; i < count; i++)
        (void)sw_buf_printf(out, "%s%s",
                            i == 0           ? ""
                            : i == count - 1 ? " or "
                                             : ", ",
                            words[i]);
    (void)sw_buf_append(out, "", 1);
}

/* The place of a word among @words; -1 after a fault. */
static int choose(struct sw_reader *reader, const struct sw_entry *entry,
                  const char *const *words, int count)
{
    const char *text = sw_reader_scalar(reader, entry);
    struct sw_buf choices;

    for (int i = 0; text != NULL && i < count; i++)
        if (strcmp(text, words[i]) == 0)
            return i;
    if (text == NULL)
        return -1;
    sw_buf_init(&choices, MOST_TEXT);
    put_choices(&choices, words, count);
    sw_reader_fault(reader, entry->value, "'%s: %.80s': write %s", entry->name, text,
                    (const char *)sw_buf_bytes(&choices));
    sw_buf_finish(&choices);
    return -1;
}

static void read_type(struct sw_reader *reader, const struct sw_entry *entry,
                      const struct sw_field *field, void *into)
{
    int type = choose(reader, entry, types, COUNT(types));

    if (type >= 0)
        ((struct sw_config_hba *)into)->type = (enum sw_hba_type)type;
}

static void read_method(struct sw_reader *reader, const struct sw_entry *entry,
                        const struct sw_field *field, void *into)
{
    int method = choose(reader, entry, methods, COUNT(methods));

    if (method >= 0)
        ((struct sw_config_hba *)into)->method = (enum sw_hba_method)method;
}

/* "10.0.0.0/8", cut apart in place; the number of its bytes, or 0. */
static int parse_address(char *text, struct sw_config_hba *line)
{
    char *slash = strchr(text, '/');
    const char *end = NULL;
    int len, bits = -1;

    if (slash != NULL) {
        *slash = '\0';
        end = sw_reader_digits(slash + 1, &bits);
    }
    if (slash != NULL && (end == NULL || *end != '\0'))
        return 0;
    len = inet_pton(AF_INET, text, line->address) == 1    ? 4
          : inet_pton(AF_INET6, text, line->address) == 1 ? 16
                                                          : 0;
    line->address_bits = slash == NULL ? 8 * len : bits;
    return line->address_bits <= 8 * len ? len : 0;
}

static void read_address(struct sw_reader *reader, const struct sw_entry *entry,
                         const struct sw_field *field, void *into)
{
    const char *text = sw_reader_scalar(reader, entry);
    struct sw_config_hba *line = into;

    if (text == NULL || strcmp(text, "all") == 0)
        return;
    line->address_text = text;
    line->address_len = parse_address(sw_arena_strdup(&reader->config->arena, text), line);
    if (line->address_len == 0)
        sw_reader_fault(
            reader, entry->value,
            "'address: %.80s': write all, or an address with the bits that count, as "
            "10.0.0.0/8",
            text);
}

static void read_one(struct sw_reader *reader, const struct sw_entry *entry, void *item)
{
    const char *text = sw_reader_scalar(reader, entry);

    *(const char **)item = text == NULL ? "" : text;
}

/* A name or a list of names; NULL: all. */
static const char *const *read_some(struct sw_reader *reader, const struct sw_entry *entry,
                                    int *count)
{
    const char **one;

    if (entry->value->type != YAML_SCALAR_NODE)
        return sw_reader_sequence(reader, entry, sizeof *one, read_one, count);
    one = sw_arena_alloc(&reader->config->arena, sizeof *one);
    read_one(reader, entry, (void *)one);
    *count = 1;
    return strcmp(*one, "all") == 0 ? NULL : one;
}

static bool has_user(const struct sw_config *config, const char *name)
{
    for (int i = 0; i < config->user_count; i++)
        if (strcmp(config->users[i].name, name) == 0)
            return true;
    return false;
}

static bool has_database(const struct sw_config *config, const char *name)
{
    for (int i = 0; i < config->database_count; i++)
        if (strcmp(config->databases[i].name, name) == 0)
            return true;
    return false;
}

static void read_hba_users(struct sw_reader *reader, const struct sw_entry *entry,
                           const struct sw_field *field, void *into)
{
    struct sw_config_hba *line = into;

    line->users = read_some(reader, entry, &line->user_count);
    for (int i = 0; line->users != NULL && i < line->user_count; i++)
        if (!has_user(reader->config, line->users[i]))
            sw_reader_fault(reader, entry->value, "there is no user '%.80s'", line->users[i]);
}

static void read_hba_databases(struct sw_reader *reader, const struct sw_entry *entry,
                               const struct sw_field *field, void *into)
{
    struct sw_config_hba *line = into;

    line->databases = read_some(reader, entry, &line->database_count);
    for (int i = 0; line->databases != NULL && i < line->database_count; i++)
        if (!has_database(reader->config, line->databases[i]))
            sw_reader_fault(reader, entry->value, "there is no database '%.80s'",
                            line->databases[i]);
}

static const struct sw_field hba_fields[] = {
    {.name = "type", .read = read_type, .is_required = true},
    {.name = "database", .read = read_hba_databases},
    {.name = "user", .read = read_hba_users},
    {.name = "address", .read = read_address},
    {.name = "method", .read = read_method},
};

static void put_names(struct sw_buf *out, const char *const *names, int count)
{
    for (int i = 0; names != NULL && i < count; i++)
        (void)sw_buf_printf(out, "%s%s", i == 0 ? "" : ",", names[i]);
    if (names == NULL)
        (void)sw_buf_append_text(out, "all");
}

static const char *text_of(struct sw_reader *reader, const struct sw_config_hba *line)
{
    struct sw_buf out;
    const char *text;

    sw_buf_init(&out, MOST_TEXT);
    (void)sw_buf_printf(&out, "type: %s, database: ", types[line->type]);
    put_names(&out, line->databases, line->database_count);
    (void)sw_buf_append_text(&out, ", user: ");
    put_names(&out, line->users, line->user_count);
    if (line->type != SW_HBA_LOCAL)
        (void)sw_buf_printf(&out, ", address: %s", line->address_text);
    (void)sw_buf_printf(&out, ", method: %s", methods[line->method]);
    text = sw_arena_text(&reader->config->arena, (const char *)sw_buf_bytes(&out),
                         sw_buf_len(&out));
    sw_buf_finish(&out);
    return text;
}

static void read_line(struct sw_reader *reader, const struct sw_entry *entry, void *item)
{
    struct sw_entry here = {"a line of hba", entry->value, entry->value};
    struct sw_config_hba *line = item;

    *line = (struct sw_config_hba){.address_text = "all", .text = ""};
    if (!sw_reader_fields(reader, &here, hba_fields, sizeof hba_fields / sizeof *hba_fields,
                          line))
        return;
    if (line->type == SW_HBA_LOCAL && line->address_len > 0)
        sw_reader_fault(reader, entry->value, "'type: local' has no address; remove it");
    if (line->type != SW_HBA_LOCAL && line->method == SW_HBA_PEER)
        sw_reader_fault(reader, entry->value, "'method: peer' is for 'type: local'");
    if (line->type != SW_HBA_HOSTSSL && line->method == SW_HBA_CERT)
        sw_reader_fault(reader, entry->value, "'method: cert' is for 'type: hostssl'");
    else if (line->method == SW_HBA_CERT)
        sw_check_cert(reader, entry->value, "method: cert");
    line->text = text_of(reader, line);
}

/* A user without an account is nobody's peer. */
static void find_peers(struct sw_config *config)
{
    bool has_peers = false;

    for (int i = 0; i < config->hba_count; i++)
        has_peers = has_peers || config->hba[i].method == SW_HBA_PEER;
    for (int i = 0; has_peers && i < config->user_count; i++) {
        struct sw_config_user *user = (struct sw_config_user *)(uintptr_t)&config->users[i];

        (void)sw_account_find(user->name, &user->peer);
    }
}

void sw_read_hba(struct sw_reader *reader, const struct sw_entry *entry,
                 const struct sw_field *field, void *into)
{
    struct sw_config *config = into;

    config->hba =
        sw_reader_sequence(reader, entry, sizeof *config->hba, read_line, &config->hba_count);
    if (config->hba == NULL)
        return;
    if (config->hba_count == 0)
        sw_reader_fault(reader, entry->value,
                        "'hba' is empty and lets nobody in; write at least one line");
    find_peers(config);
}
