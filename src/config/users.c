#include "reader.h"

#include "shardward/base/mem.h"

#include <ctype.h>
#include <string.h>

enum { MOST_SECRET = 4096, KEY_DIGITS = 44, DEFAULT_POOL = 20, MOST_POOL = 10000 };

#define VERIFIER "SCRAM-SHA-256$"

/* Where a secret may stand; a user has two of them. */
struct secret {
    const char *text;
    const yaml_node_t *at, *file_at;
};

struct server {
    const char *user;
    struct secret secret;
};

struct pool {
    int size;
};

/* The user at hand, before it becomes a sw_config_user. */
struct draft {
    struct sw_config_user *user;
    struct secret secret;
    bool has_server;
    const yaml_node_t *auth_at;
};

static size_t base64_len(const char *text)
{
    size_t len =
        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

    while (len % 4 != 0 && text[len] == '=')
        len++;
    return len % 4 == 0 ? len : 0;
}

/* SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>: PostgreSQL docs, pg_authid. */
static bool is_verifier(const char *text)
{
    int iterations = 0;
    size_t salt;

    text = sw_reader_digits(text + strlen(VERIFIER), &iterations);
    if (text == NULL || iterations == 0 || *text++ != ':')
        return false;
    salt = base64_len(text);
    if (salt == 0 || text[salt] != '$')
        return false;
    text += salt + 1;
    return base64_len(text) == KEY_DIGITS && text[KEY_DIGITS] == ':' &&
           base64_len(text + KEY_DIGITS + 1) == KEY_DIGITS && text[2 * KEY_DIGITS + 1] == '\0';
}

static bool is_md5(const char *text)
{
    return strncmp(text, "md5", 3) == 0 && strlen(text) == 35 &&
           strspn(text + 3, "0123456789abcdef") == 32;
}

static void read_password(struct sw_reader *reader, const struct sw_entry *entry,
                          const struct sw_field *field, void *into)
{
    struct secret *secret = (void *)((char *)into + field->offset);
    const char *text = sw_reader_scalar(reader, entry);

    secret->at = entry->value;
    if (text != NULL && *text == '\0')
        sw_reader_fault(reader, entry->value, "'password' is empty; write the password");
    else
        secret->text = text;
}

/* The path of @name beside the config file. */
static char *beside(const char *config_path, const char *name)
{
    const char *slash = strrchr(config_path, '/');

    if (name[0] == '/' || slash == NULL)
        return sw_strdup(name);
    return sw_format("%.*s/%s", (int)(slash - config_path), config_path, name);
}

static void cut_line_end(char *text, size_t *len)
{
    if (*len > 0 && text[*len - 1] == '\n')
        text[--*len] = '\0';
    if (*len > 0 && text[*len - 1] == '\r')
        text[--*len] = '\0';
}

static void read_password_file(struct sw_reader *reader, const struct sw_entry *entry,
                               const struct sw_field *field, void *into)
{
    struct secret *secret = (void *)((char *)into + field->offset);
    const char *name = sw_reader_scalar(reader, entry), *why = NULL;
    char *path, *text;
    size_t len = 0;

    secret->file_at = entry->value;
    if (name == NULL)
        return;
    path = beside(reader->config->path, name);
    text = sw_file_read(path, MOST_SECRET, &len, &why);
    if (text != NULL)
        cut_line_end(text, &len);
    if (text == NULL)
        sw_reader_fault(reader, entry->value, "cannot read '%.150s': %s", path, why);
    else if (len == 0 || strlen(text) != len || strchr(text, '\n') != NULL)
        sw_reader_fault(reader, entry->value,
                        "'%.150s' must hold one line: the password or its verifier", path);
    else if (secret->text == NULL)
        secret->text = sw_arena_strdup(&reader->config->arena, text);
    free(text);
    free(path);
}

static void check_one_source(struct sw_reader *reader, const struct secret *secret)
{
    if (secret->at != NULL && secret->file_at != NULL)
        sw_reader_fault(reader, secret->file_at,
                        "both 'password' and 'password_file' are given; remove one");
}

static const struct sw_field server_fields[] = {
    {"user", sw_read_name, offsetof(struct server, user), true, 0, 0},
    {"password", read_password, offsetof(struct server, secret), false, 0, 0},
    {"password_file", read_password_file, offsetof(struct server, secret), false, 0, 0},
    {.name = "tls"},
};

static void check_server_password(struct sw_reader *reader, const struct secret *secret)
{
    const yaml_node_t *at = secret->at != NULL ? secret->at : secret->file_at;

    check_one_source(reader, secret);
    if (secret->text != NULL && strncmp(secret->text, VERIFIER, strlen(VERIFIER)) == 0)
        sw_reader_fault(reader, at,
                        "nobody can log in to a server with a verifier; write the password");
}

static void read_server(struct sw_reader *reader, const struct sw_entry *entry,
                        const struct sw_field *field, void *into)
{
    struct draft *draft = into;
    struct server server = {0};

    sw_reader_fields(reader, entry, server_fields, sizeof server_fields / sizeof *server_fields,
                     &server);
    check_server_password(reader, &server.secret);
    draft->user->server_user = server.user;
    draft->user->server_password = server.secret.text;
}

static void read_mode(struct sw_reader *reader, const struct sw_entry *entry,
                      const struct sw_field *field, void *into)
{
    const char *text = sw_reader_scalar(reader, entry);

    if (text == NULL || strcmp(text, "transaction") == 0)
        return;
    if (strcmp(text, "session") == 0 || strcmp(text, "statement") == 0)
        sw_reader_fault(reader, entry->value,
                        "'mode: %s' is not available in this version; write transaction", text);
    else
        sw_reader_fault(reader, entry->value, "'mode: %.80s': write transaction", text);
}

static const struct sw_field pool_fields[] = {
    {.name = "mode", .read = read_mode},
    {"size", sw_read_number, offsetof(struct pool, size), false, 1, MOST_POOL},
};

static void read_pool(struct sw_reader *reader, const struct sw_entry *entry,
                      const struct sw_field *field, void *into)
{
    struct draft *draft = into;
    struct pool pool = {DEFAULT_POOL};

    sw_reader_fields(reader, entry, pool_fields, sizeof pool_fields / sizeof *pool_fields,
                     &pool);
    draft->user->pool_size = pool.size;
}

static void read_auth(struct sw_reader *reader, const struct sw_entry *entry,
                      const struct sw_field *field, void *into)
{
    struct draft *draft = into;
    const char *text = sw_reader_scalar(reader, entry);

    draft->auth_at = entry->value;
    if (text == NULL || strcmp(text, "scram-sha-256") == 0)
        return;
    draft->user->auth = SW_AUTH_TRUST;
    if (strcmp(text, "trust") != 0)
        sw_reader_fault(reader, entry->value, "'auth: %.80s': write scram-sha-256 or trust",
                        text);
}

static const struct sw_field user_fields[] = {
    {.name = "auth", .read = read_auth},
    {"password", read_password, offsetof(struct draft, secret), false, 0, 0},
    {"password_file", read_password_file, offsetof(struct draft, secret), false, 0, 0},
    {.name = "server", .read = read_server, .is_required = true},
    {.name = "pool", .read = read_pool},
    {.name = "businesses"},
};

static void check_password(struct sw_reader *reader, const struct sw_entry *entry,
                           const struct draft *draft)
{
    const struct secret *secret = &draft->secret;
    const yaml_node_t *at = secret->at != NULL ? secret->at : secret->file_at;
    const char *text = secret->text;

    check_one_source(reader, secret);
    if (at == NULL && draft->user->auth != SW_AUTH_TRUST)
        sw_reader_fault(reader, entry->key,
                        "user '%.80s' has no password; write 'password' or 'password_file'",
                        entry->name);
    else if (at != NULL && draft->user->auth == SW_AUTH_TRUST)
        sw_reader_fault(reader, at, "'auth: trust' asks for no password; remove one of them");
    else if (text != NULL && is_md5(text))
        sw_reader_fault(reader, at,
                        "md5 passwords are not available; write the password or its "
                        "SCRAM-SHA-256 verifier");
    else if (text != NULL && strncmp(text, VERIFIER, strlen(VERIFIER)) == 0 &&
             !is_verifier(text))
        sw_reader_fault(reader, at,
                        "this is no SCRAM-SHA-256 verifier; write it as pg_authid has it: "
                        "SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>");
}

static void read_user(struct sw_reader *reader, const struct sw_entry *entry, void *item)
{
    struct sw_config_user *user = item;
    struct draft draft = {.user = user};

    user->name = sw_arena_strdup(&reader->config->arena, entry->name);
    user->pool_size = DEFAULT_POOL;
    sw_reader_is_name(reader, entry->key, "a user's name", entry->name);
    if (!sw_reader_fields(reader, entry, user_fields, sizeof user_fields / sizeof *user_fields,
                          &draft))
        return;
    check_password(reader, entry, &draft);
    user->password = draft.secret.text;
}

void sw_read_users(struct sw_reader *reader, const struct sw_entry *entry,
                   const struct sw_field *field, void *into)
{
    struct sw_config *config = into;

    config->users =
        sw_reader_each(reader, entry, sizeof *config->users, read_user, &config->user_count);
    if (config->users != NULL && config->user_count == 0)
        sw_reader_fault(reader, entry->value, "'users' is empty; write at least one");
}
