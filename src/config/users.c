#include "reader.h"

#include <pwd.h>
#include <string.h>

enum { MOST_POOL = 10000, MOST_PREPARED = 100000 };
enum { SECOND_MS = 1000, HOUR_MS = 3600 * SECOND_MS, WEEK_MS = 7 * 24 * HOUR_MS };

static const struct sw_config_pool default_pool = {.size = 20,
                                                   .reserve_after_ms = SECOND_MS,
                                                   .lifetime_ms = HOUR_MS,
                                                   .idle_ms = HOUR_MS / 6,
                                                   .check_ms = 30 * SECOND_MS,
                                                   .prepared = 256};

struct server {
    const char *user;
    struct sw_secret secret;
};

/* The user at hand, before it becomes a sw_config_user. */
struct draft {
    struct sw_config_user *user;
    struct sw_secret secret;
    bool has_server;
};

static void refuse_tls(struct sw_reader *reader, const struct sw_entry *entry,
                       const struct sw_field *field, void *into)
{
    sw_reader_fault(reader, entry->key, "'tls' is of a cluster or a node; write it there");
}

static const struct sw_field server_fields[] = {
    {"user", sw_read_name, offsetof(struct server, user), true, 0, 0},
    {"password", sw_read_password, offsetof(struct server, secret), false, 0, 0},
    {"password_file", sw_read_password_file, offsetof(struct server, secret), false, 0, 0},
    {.name = "tls", .read = refuse_tls},
};

void sw_check_server_password(struct sw_reader *reader, const struct sw_secret *secret)
{
    const yaml_node_t *at = secret->at != NULL ? secret->at : secret->file_at;

    sw_secret_check_source(reader, secret);
    if (sw_secret_is_verifier(secret))
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
    sw_check_server_password(reader, &server.secret);
    draft->user->server_user = server.user;
    draft->user->server_password = server.secret.text;
}

static const char *const mode_names[] = {
    [SW_POOL_TRANSACTION] = "transaction",
    [SW_POOL_SESSION] = "session",
    [SW_POOL_STATEMENT] = "statement",
};

const char *sw_pool_mode_name(enum sw_pool_mode mode)
{
    return mode_names[mode];
}

static void read_mode(struct sw_reader *reader, const struct sw_entry *entry,
                      const struct sw_field *field, void *into)
{
    const char *text = sw_reader_scalar(reader, entry);
    struct sw_config_pool *pool = into;

    if (text == NULL)
        return;
    for (size_t i = 0; i < sizeof mode_names / sizeof *mode_names; i++) {
        if (strcmp(text, mode_names[i]) == 0) {
            pool->mode = (enum sw_pool_mode)i;
            return;
        }
    }
    sw_reader_fault(reader, entry->value,
                    "'mode: %.80s': write transaction, session or statement", text);
}

struct control {
    struct server server;
    const char *dbname;
};

static const struct sw_field control_fields[] = {
    {"user", sw_read_name, offsetof(struct control, server.user), true, 0, 0},
    {"password", sw_read_password, offsetof(struct control, server.secret), false, 0, 0},
    {"password_file", sw_read_password_file, offsetof(struct control, server.secret), false, 0,
     0},
    {"dbname", sw_read_name, offsetof(struct control, dbname), false, 0, 0},
};

void sw_read_control(struct sw_reader *reader, const struct sw_entry *entry,
                     const struct sw_field *field, void *into)
{
    struct sw_config_cluster *cluster = into;
    struct control control = {.dbname = "postgres"};

    sw_reader_fields(reader, entry, control_fields,
                     sizeof control_fields / sizeof *control_fields, &control);
    sw_check_server_password(reader, &control.server.secret);
    cluster->control = (struct sw_config_control){control.server.user,
                                                  control.server.secret.text, control.dbname};
}

static const struct sw_field pool_fields[] = {
    {.name = "mode", .read = read_mode},
    {"size", sw_read_number, offsetof(struct sw_config_pool, size), false, 1, MOST_POOL},
    {"min", sw_read_number, offsetof(struct sw_config_pool, min), false, 0, MOST_POOL},
    {"reserve", sw_read_number, offsetof(struct sw_config_pool, reserve), false, 0, MOST_POOL},
    {"reserve_after", sw_read_time, offsetof(struct sw_config_pool, reserve_after_ms), false, 0,
     HOUR_MS},
    {"lifetime", sw_read_time, offsetof(struct sw_config_pool, lifetime_ms), false, 0, WEEK_MS},
    {"idle", sw_read_time, offsetof(struct sw_config_pool, idle_ms), false, 0, WEEK_MS},
    {"check", sw_read_time, offsetof(struct sw_config_pool, check_ms), false, 0, WEEK_MS},
    {"prepared", sw_read_number, offsetof(struct sw_config_pool, prepared), false, 1,
     MOST_PREPARED},
};

static void read_pool(struct sw_reader *reader, const struct sw_entry *entry,
                      const struct sw_field *field, void *into)
{
    struct draft *draft = into;
    struct sw_config_pool *pool = &draft->user->pool;

    sw_reader_fields(reader, entry, pool_fields, sizeof pool_fields / sizeof *pool_fields,
                     pool);
    if (pool->min > pool->size)
        sw_reader_fault(reader, entry->value,
                        "'min: %d' is more than the size of the pool (%d); lower one or raise "
                        "the other",
                        pool->min, pool->size);
}

static const char *const auth_names[] = {
    [SW_AUTH_SCRAM] = "scram-sha-256", [SW_AUTH_MD5] = "md5",   [SW_AUTH_PASSWORD] = "password",
    [SW_AUTH_PEER] = "peer",           [SW_AUTH_CERT] = "cert", [SW_AUTH_TRUST] = "trust",
};

const char *sw_config_auth_name(enum sw_config_auth auth)
{
    return auth_names[auth];
}

/* Up to @last; *auth stays after a fault. */
static void take_auth(struct sw_reader *reader, const struct sw_entry *entry,
                      enum sw_config_auth last, enum sw_config_auth *auth)
{
    const char *text = sw_reader_scalar(reader, entry);

    for (int i = SW_AUTH_SCRAM; text != NULL && i <= (int)last; i++)
        if (strcmp(text, auth_names[i]) == 0) {
            *auth = (enum sw_config_auth)i;
            return;
        }
    if (text != NULL)
        sw_reader_fault(reader, entry->value, "'auth: %.80s': write scram-sha-256, md5%s", text,
                        last == SW_AUTH_TRUST ? ", password, peer, cert or trust"
                                              : " or password; peer, cert and trust are for "
                                                "single users");
}

void sw_read_auth(struct sw_reader *reader, const struct sw_entry *entry,
                  const struct sw_field *field, void *into)
{
    struct sw_config *config = into;

    take_auth(reader, entry, SW_AUTH_PASSWORD, &config->auth);
}

static void read_auth(struct sw_reader *reader, const struct sw_entry *entry,
                      const struct sw_field *field, void *into)
{
    take_auth(reader, entry, SW_AUTH_TRUST, &((struct draft *)into)->user->auth);
}

/* --- rights --- */

static bool has_database(const struct sw_config *config, const char *name)
{
    for (int i = 0; i < config->database_count; i++)
        if (strcmp(config->databases[i].name, name) == 0)
            return true;
    return false;
}

static bool has_business(const struct sw_config *config, const char *name)
{
    for (int i = 0; i < config->database_count; i++)
        for (int b = 0; b < config->databases[i].business_count; b++)
            if (strcmp(config->databases[i].businesses[b].name, name) == 0)
                return true;
    return false;
}

static void read_database_name(struct sw_reader *reader, const struct sw_entry *entry,
                               void *item)
{
    const char *name = sw_reader_scalar(reader, entry);

    if (name != NULL && !has_database(reader->config, name))
        sw_reader_fault(reader, entry->value, "there is no database '%.80s'", name);
    *(const char **)item = name == NULL ? "" : name;
}

static void read_business_name(struct sw_reader *reader, const struct sw_entry *entry,
                               void *item)
{
    const char *name = sw_reader_scalar(reader, entry);

    if (name != NULL && !has_business(reader->config, name))
        sw_reader_fault(reader, entry->value, "there is no business '%.80s'", name);
    *(const char **)item = name == NULL ? "" : name;
}

static const char *const *read_names(struct sw_reader *reader, const struct sw_entry *entry,
                                     sw_reader_item *read, int *count)
{
    const char *const *names =
        sw_reader_sequence(reader, entry, sizeof(const char *), read, count);

    if (names != NULL && *count == 0)
        sw_reader_fault(reader, entry->value,
                        "'%s' is empty; write at least one, or leave it out for all",
                        entry->name);
    return names;
}

static void read_user_databases(struct sw_reader *reader, const struct sw_entry *entry,
                                const struct sw_field *field, void *into)
{
    struct sw_config_rights *rights = &((struct draft *)into)->user->rights;

    rights->databases = read_names(reader, entry, read_database_name, &rights->database_count);
}

static void read_user_businesses(struct sw_reader *reader, const struct sw_entry *entry,
                                 const struct sw_field *field, void *into)
{
    struct sw_config_rights *rights = &((struct draft *)into)->user->rights;

    rights->businesses = read_names(reader, entry, read_business_name, &rights->business_count);
}

static void read_read_only(struct sw_reader *reader, const struct sw_entry *entry,
                           const struct sw_field *field, void *into)
{
    sw_read_bool(reader, entry, field, &((struct draft *)into)->user->rights.is_read_only);
}

static void read_user_number(struct sw_reader *reader, const struct sw_entry *entry,
                             const struct sw_field *field, void *into)
{
    sw_read_number(reader, entry, field, ((struct draft *)into)->user);
}

static void read_where(struct sw_reader *reader, const struct sw_entry *entry,
                       const struct sw_field *field, void *into)
{
    sw_read_read_mode(reader, entry, field, &((struct draft *)into)->user->read);
}

static const struct sw_field user_fields[] = {
    {.name = "auth", .read = read_auth},
    {"password", sw_read_password, offsetof(struct draft, secret), false, 0, 0},
    {"password_file", sw_read_password_file, offsetof(struct draft, secret), false, 0, 0},
    {.name = "server", .read = read_server, .is_required = true},
    {.name = "pool", .read = read_pool},
    {.name = "databases", .read = read_user_databases},
    {.name = "businesses", .read = read_user_businesses},
    {.name = "read_only", .read = read_read_only},
    {.name = "read", .read = read_where},
    {"clients", read_user_number, offsetof(struct sw_config_user, clients), false, 0, 1000000},
    {"connections", read_user_number, offsetof(struct sw_config_user, connections), false, 0,
     1000000},
};

bool sw_account_find(const char *name, uid_t *user)
{
    char room[4096];
    struct passwd account, *found = NULL;

    if (getpwnam_r(name, &account, room, sizeof room, &found) != 0 || found == NULL)
        return false;
    *user = found->pw_uid;
    return true;
}

/* The operating system's user of the same name, looked up here, since that may take long. */
static void find_peer(struct sw_reader *reader, const struct sw_entry *entry,
                      struct sw_config_user *user)
{
    if (reader->config->unix_socket.directory == NULL)
        sw_reader_fault(reader, entry->key,
                        "'auth: peer' needs Unix-domain sockets; write 'unix_socket'");
    else if (!sw_account_find(user->name, &user->peer))
        sw_reader_fault(reader, entry->key,
                        "'auth: peer': the operating system has no user '%.80s'", user->name);
}

/* What holds for users that are looked up: their passwords are theirs. */
static void check_others(struct sw_reader *reader, const struct sw_entry *entry,
                         const struct draft *draft)
{
    const struct sw_secret *secret = &draft->secret;
    const yaml_node_t *at = secret->at != NULL ? secret->at : secret->file_at;

    if (at != NULL)
        sw_reader_fault(reader, at,
                        "user '*' stands for those that auth_query finds, with passwords of "
                        "their own; remove this one");
    if (draft->user->auth > SW_AUTH_MD5)
        sw_reader_fault(reader, entry->key,
                        "user '*' cannot log in by '%s'; write 'auth: scram-sha-256' or md5",
                        sw_config_auth_name(draft->user->auth));
    if (reader->auth_query_at == NULL)
        sw_reader_fault(reader, entry->key,
                        "user '*' stands for those that auth_query finds; write 'auth_query'");
}

static void check_password(struct sw_reader *reader, const struct sw_entry *entry,
                           const struct draft *draft)
{
    const struct sw_secret *secret = &draft->secret;
    const yaml_node_t *at = secret->at != NULL ? secret->at : secret->file_at;
    bool needs_one = draft->user->auth < SW_AUTH_PEER;

    sw_secret_check_login(reader, secret, draft->user->auth);
    if (at == NULL && needs_one)
        sw_reader_fault(reader, entry->key,
                        "user '%.80s' has no password; write 'password' or 'password_file'",
                        entry->name);
    else if (at != NULL && !needs_one)
        sw_reader_fault(reader, at, "'auth: %s' asks for no password; remove one of them",
                        sw_config_auth_name(draft->user->auth));
    if (draft->user->auth == SW_AUTH_PEER)
        find_peer(reader, entry, draft->user);
    if (draft->user->auth == SW_AUTH_CERT)
        sw_check_cert(reader, entry->key, "auth: cert");
}

static void read_user(struct sw_reader *reader, const struct sw_entry *entry, void *item)
{
    struct sw_config_user *user = item;
    struct draft draft = {.user = user};

    user->name = sw_arena_strdup(&reader->config->arena, entry->name);
    user->auth = reader->config->auth;
    user->peer = (uid_t)-1;
    user->pool = default_pool;
    sw_reader_is_name(reader, entry->key, "a user's name", entry->name);
    if (!sw_reader_fields(reader, entry, user_fields, sizeof user_fields / sizeof *user_fields,
                          &draft))
        return;
    sw_check_reads(reader, entry, user);
    if (strcmp(user->name, SW_OTHER_USERS) == 0) {
        reader->has_others = true;
        check_others(reader, entry, &draft);
        return;
    }
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
    if (reader->auth_query_at != NULL && !reader->has_others)
        sw_reader_fault(reader, reader->auth_query_at,
                        "auth_query finds users for whom nothing is said; write user '*' in "
                        "'users'");
}
