/*
 * SHOW CONFIG and SET. A row is a path into the YAML file; secrets are shown as stars.
 */
#include "columns.h"
#include "internal.h"

#include "shardward/base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct sw_column config_columns[] = {TEXT("key"), TEXT("value"), TEXT("default"),
                                                  TEXT("changeable")};

const struct sw_columns sw_columns_config = {config_columns,
                                             sizeof config_columns / sizeof *config_columns};

/* --- SHOW CONFIG --- */

static const char hidden[] = "****";

/* @changes: does RELOAD take a new value over? @normal: NULL if there is no default. */
static void put(struct sw_answer *answer, const char *key, const char *value,
                const char *normal, bool changes)
{
    sw_answer_row(answer);
    sw_answer_text(answer, key);
    sw_answer_text(answer, value);
    sw_answer_text(answer, normal);
    sw_answer_text(answer, changes ? "yes" : "no");
}

static void put_listen(struct sw_answer *answer, const char *key, const char *address, int port)
{
    char value[128];

    (void)snprintf(value, sizeof value, strchr(address, ':') != NULL ? "[%s]:%d" : "%s:%d",
                   address, port);
    put(answer, key, value, NULL, false);
}

static void put_number(struct sw_answer *answer, const char *key, int64_t number,
                       const char *unit, int64_t normal)
{
    char value[48], usual[48];

    (void)snprintf(value, sizeof value, "%" PRId64 "%s", number, unit);
    (void)snprintf(usual, sizeof usual, "%" PRId64 "%s", normal, unit);
    put(answer, key, value, usual, true);
}

static void put_whole(struct sw_answer *answer, const struct sw_config *config)
{
    static const char *const levels[] = {"error", "warning", "info", "debug"};

    put(answer, "file", config->path, NULL, false);
    put_listen(answer, "listen", config->listen_address, config->listen_port);
    put_number(answer, "limits.clients", config->limits.clients, "", 10000);
    put_number(answer, "limits.message", (int64_t)config->limits.message, "B", 64 << 20);
    put_number(answer, "limits.query", (int64_t)config->limits.query, "B", 16 << 20);
    put_number(answer, "timeouts.login", config->timeouts.login_ms, "ms", 10000);
    put_number(answer, "timeouts.connect", config->timeouts.connect_ms, "ms", 5000);
    put_number(answer, "timeouts.lease", config->timeouts.lease_ms, "ms", 5000);
    put(answer, "log.level", levels[config->log.level], "info", true);
    put(answer, "log.format", config->log.format == SW_LOG_JSON ? "json" : "text", "text",
        true);
    put_number(answer, "log.slow", config->log.slow_ms, "ms", 0);
    put(answer, "log.connections", config->log.has_connections ? "on" : "off", "off", true);
}

/* A key of one of several things of a kind, as users.booking.password. */
static const char *path(char *out, size_t size, const char *kind, const char *name,
                        const char *key)
{
    (void)snprintf(out, size, "%s.%s.%s", kind, name, key);
    return out;
}

static void put_admin(struct sw_answer *answer, const struct sw_config *config)
{
    char key[200];

    if (config->admin.address == NULL)
        return;
    put_listen(answer, "admin.listen", config->admin.address, config->admin.port);
    for (int i = 0; i < config->admin.user_count; i++) {
        const struct sw_config_admin_user *user = &config->admin.users[i];

        put(answer, path(key, sizeof key, "admin.users", user->name, "password"), hidden, NULL,
            true);
        put(answer, path(key, sizeof key, "admin.users", user->name, "may"),
            user->may_change ? "all" : "look", "all", true);
    }
}

static void put_clusters(struct sw_answer *answer, const struct sw_config *config)
{
    char key[200], value[400];

    for (int c = 0; c < config->cluster_count; c++)
        for (int n = 0; n < config->clusters[c].node_count; n++) {
            const struct sw_config_node *node = &config->clusters[c].nodes[n];

            (void)snprintf(
                value, sizeof value, "address: %s, port: %d%s%s", node->address, node->port,
                node->cloud == NULL ? "" : ", cloud: ", node->cloud == NULL ? "" : node->cloud);
            (void)snprintf(key, sizeof key, "clusters.%s.nodes.%s", config->clusters[c].name,
                           node->name);
            put(answer, key, value, NULL, true);
        }
}

static void put_users(struct sw_answer *answer, const struct sw_config *config)
{
    char key[200], value[24];

    for (int i = 0; i < config->user_count; i++) {
        const struct sw_config_user *user = &config->users[i];
        bool is_trusted = user->auth == SW_AUTH_TRUST;

        put(answer, path(key, sizeof key, "users", user->name, "auth"),
            sw_config_auth_name(user->auth), sw_config_auth_name(config->auth), true);
        if (!is_trusted)
            put(answer, path(key, sizeof key, "users", user->name, "password"), hidden, NULL,
                true);
        put(answer, path(key, sizeof key, "users", user->name, "server.user"),
            user->server_user, NULL, true);
        if (user->server_password != NULL)
            put(answer, path(key, sizeof key, "users", user->name, "server.password"), hidden,
                NULL, true);
        (void)snprintf(value, sizeof value, "%d", user->pool.size);
        put(answer, path(key, sizeof key, "users", user->name, "pool.size"), value, "20", true);
    }
}

static void put_databases(struct sw_answer *answer, const struct sw_config *config)
{
    char key[200];

    for (int d = 0; d < config->database_count; d++) {
        const struct sw_config_database *database = &config->databases[d];

        put(answer, path(key, sizeof key, "databases", database->name, "catalog.cluster"),
            config->clusters[database->catalog_cluster].name, NULL, true);
        put(answer, path(key, sizeof key, "databases", database->name, "catalog.dbname"),
            database->catalog_dbname, NULL, true);
    }
}

void sw_show_config(struct sw_console *console)
{
    const struct sw_config *config = console->admin->map->config;

    put_whole(&console->answer, config);
    put_admin(&console->answer, config);
    put_clusters(&console->answer, config);
    put_users(&console->answer, config);
    put_databases(&console->answer, config);
    sw_console_done(console);
}

/* --- SET --- */

/* What drivers set on every connection; a console has no use for it. */
static bool is_of_drivers(const char *name)
{
    static const char *const names[] = {"application_name", "client_encoding", "datestyle",
                                        "extra_float_digits", "timezone"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(names[i], name) == 0)
            return true;
    return false;
}

void sw_set(struct sw_console *console)
{
    const struct sw_command *command = &console->command;
    const char *name = command->words[0].text;
    const char *value = command->words[command->word_count - 1].text;
    struct sw_error err;

    if (command->word_count == 3 && strcasecmp(command->words[1].text, "to") != 0) {
        sw_error_set(&err, "42601", "the command is SET database = name");
    } else if (is_of_drivers(name)) {
        sw_console_done(console);
        return;
    } else if (strcasecmp(name, "database") != 0) {
        sw_error_set(&err, "42704", "unrecognized configuration parameter \"%.64s\"", name);
        sw_error_hint(&err, "SET database = name; all else is the configuration file's.");
    } else if (sw_map_database(console->admin->map, value) == NULL) {
        sw_error_set(&err, "3D000", "there is no database \"%.64s\"", value);
    } else {
        free(console->database);
        console->database = sw_strdup(value);
        sw_console_done(console);
        return;
    }
    sw_console_fail(console, &err);
}
