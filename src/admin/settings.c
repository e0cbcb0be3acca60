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

/* The key of something in one of several things of a kind, as users.booking.password. */
struct place {
    struct sw_answer *answer;
    const char *kind, *name;
};

static void put_in(const struct place *place, const char *key, const char *value,
                   const char *normal)
{
    char path[3 * 64 + 64];

    (void)snprintf(path, sizeof path, "%s.%s.%s", place->kind, place->name, key);
    put(place->answer, path, value, normal, true);
}

static void put_secret_in(const struct place *place, const char *key, const char *secret)
{
    put_in(place, key, secret == NULL ? NULL : hidden, NULL);
}

static void put_number_in(const struct place *place, const char *key, int64_t number,
                          const char *unit, int64_t normal)
{
    char value[48], usual[48];

    (void)snprintf(value, sizeof value, "%" PRId64 "%s", number, unit);
    (void)snprintf(usual, sizeof usual, "%" PRId64 "%s", normal, unit);
    put_in(place, key, value, usual);
}

/* @names NULL: all. */
static void put_names_in(const struct place *place, const char *key, const char *const *names,
                         int count)
{
    struct sw_buf list;

    sw_buf_init(&list, SIZE_MAX);
    for (int i = 0; i < count; i++)
        (void)sw_buf_printf(&list, "%s%s", i == 0 ? "" : ", ", names[i]);
    (void)sw_buf_append(&list, "", 1);
    put_in(place, key, names == NULL ? "all" : (const char *)sw_buf_bytes(&list), "all");
    sw_buf_finish(&list);
}

static void put_listen(struct sw_answer *answer, const char *key, const char *address, int port,
                       bool changes)
{
    char value[128];

    (void)snprintf(value, sizeof value, strchr(address, ':') != NULL ? "[%s]:%d" : "%s:%d",
                   address, port);
    put(answer, key, value, NULL, changes);
}

static void put_number(struct sw_answer *answer, const char *key, int64_t number,
                       const char *unit, int64_t normal, bool changes)
{
    char value[48], usual[48];

    (void)snprintf(value, sizeof value, "%" PRId64 "%s", number, unit);
    (void)snprintf(usual, sizeof usual, "%" PRId64 "%s", normal, unit);
    put(answer, key, value, usual, changes);
}

static void put_limits(struct sw_answer *answer, const struct sw_config *config)
{
    put_number(answer, "limits.clients", config->limits.clients, "", 10000, true);
    put_number(answer, "limits.connections", config->limits.connections, "", 0, true);
    put_number(answer, "limits.failover_waiting", config->limits.failover_waiting, "", 1000,
               true);
    put(answer, "limits.gather_directory", config->limits.gather_directory, NULL, true);
    put_number(answer, "limits.gather_file", (int64_t)config->limits.gather_file, "B",
               INT64_C(4) << 30, true);
    put_number(answer, "limits.gather_memory", (int64_t)config->limits.gather_memory, "B",
               64 << 20, true);
    put_number(answer, "limits.id_block", config->limits.id_block, "", 32, true);
    put_number(answer, "limits.message", (int64_t)config->limits.message, "B", 64 << 20, true);
    put_number(answer, "limits.query", (int64_t)config->limits.query, "B", 16 << 20, true);
    put_number(answer, "limits.statement_cache", (int64_t)config->limits.statement_cache, "B",
               64 << 20, false);
}

static void put_timeouts(struct sw_answer *answer, const struct sw_config *config)
{
    put_number(answer, "timeouts.login", config->timeouts.login_ms, "ms", 10000, true);
    put_number(answer, "timeouts.connect", config->timeouts.connect_ms, "ms", 5000, true);
    put_number(answer, "timeouts.lease", config->timeouts.lease_ms, "ms", 5000, true);
    put_number(answer, "timeouts.ddl_lock", config->timeouts.ddl_lock_ms, "ms", 10000, true);
    put_number(answer, "timeouts.query", config->timeouts.query_ms, "ms", 0, true);
    put_number(answer, "timeouts.idle_session", config->timeouts.idle_session_ms, "ms", 0,
               true);
    put_number(answer, "timeouts.idle_in_transaction", config->timeouts.idle_in_transaction_ms,
               "ms", 0, true);
    put_number(answer, "timeouts.drain", config->timeouts.drain_ms, "ms", 30000, true);
}

static void put_log(struct sw_answer *answer, const struct sw_config *config)
{
    static const char *const levels[] = {"error", "warning", "info", "debug"};

    put(answer, "log.level", levels[config->log.level], "info", true);
    put(answer, "log.format", config->log.format == SW_LOG_JSON ? "json" : "text", "text",
        true);
    put_number(answer, "log.slow", config->log.slow_ms, "ms", 0, true);
    put(answer, "log.connections", config->log.has_connections ? "on" : "off", "off", true);
}

static void put_tls(struct sw_answer *answer, const struct sw_config *config)
{
    const struct sw_tls_files *files = &config->tls.files;

    put(answer, "tls.mode", sw_tls_mode_name(config->tls.mode), "disable", true);
    put(answer, "tls.certificate", files->certificate, NULL, true);
    put(answer, "tls.key", files->key, NULL, true);
    put(answer, "tls.ca", files->ca, NULL, true);
    put(answer, "tls.ciphers", files->ciphers, NULL, true);
    put(answer, "tls.min_version", files->needs_13 ? "1.3" : "1.2", "1.2", true);
}

static void put_hba(struct sw_answer *answer, const struct sw_config *config)
{
    for (int i = 0; i < config->hba_count; i++) {
        char key[32];

        (void)snprintf(key, sizeof key, "hba.%d", i + 1);
        put(answer, key, config->hba[i].text, NULL, true);
    }
}

static void put_whole(struct sw_answer *answer, const struct sw_config *config)
{
    const struct sw_config_auth_query *query = &config->auth_query;
    char workers[16], mode[16];

    (void)snprintf(workers, sizeof workers, "%d", config->workers);
    put(answer, "file", config->path, NULL, false);
    put_listen(answer, "listen", config->listen_address, config->listen_port, true);
    put(answer, "cloud", config->cloud, NULL, true);
    (void)snprintf(mode, sizeof mode, "%04o", (unsigned)config->unix_socket.mode);
    put(answer, "unix_socket.directory", config->unix_socket.directory, NULL, true);
    put(answer, "unix_socket.mode", mode, "0777", true);
    put(answer, "workers", config->workers == 0 ? "auto" : workers, "auto", false);
    put_limits(answer, config);
    put_timeouts(answer, config);
    put_log(answer, config);
    put_tls(answer, config);
    put(answer, "auth", sw_config_auth_name(config->auth), sw_config_auth_name(SW_AUTH_SCRAM),
        true);
    put(answer, "auth_query.user", query->user, NULL, true);
    put(answer, "auth_query.password", query->password == NULL ? NULL : hidden, NULL, true);
    put(answer, "auth_query.query", query->text, NULL, true);
    put_number(answer, "auth_query.cache", query->cache_ms, "ms", 10000, true);
    put_hba(answer, config);
}

static void put_admin(struct sw_answer *answer, const struct sw_config *config)
{
    if (config->admin.address == NULL)
        return;
    put_listen(answer, "admin.listen", config->admin.address, config->admin.port, false);
    for (int i = 0; i < config->admin.user_count; i++) {
        const struct sw_config_admin_user *user = &config->admin.users[i];
        const struct place place = {answer, "admin.users", user->name};

        put_secret_in(&place, "password", user->password);
        put_in(&place, "may", user->may_change ? "all" : "look", "all");
    }
}

static void put_http(struct sw_answer *answer, const struct sw_config *config)
{
    if (config->http.address != NULL)
        put_listen(answer, "http", config->http.address, config->http.port, true);
}

static void put_nodes(const struct place *place, const struct sw_config_cluster *cluster)
{
    char key[80], value[400];

    for (int n = 0; n < cluster->node_count; n++) {
        const struct sw_config_node *node = &cluster->nodes[n];

        bool has_tls = node->tls->mode != SW_TLS_DISABLE;

        (void)snprintf(
            value, sizeof value, "address: %s, port: %d, weight: %d%s%s%s%s", node->address,
            node->port, node->weight,
            node->cloud == NULL ? "" : ", cloud: ", node->cloud == NULL ? "" : node->cloud,
            has_tls ? ", tls: " : "", has_tls ? sw_tls_mode_name(node->tls->mode) : "");
        (void)snprintf(key, sizeof key, "nodes.%s", node->name);
        put_in(place, key, value, NULL);
    }
}

static void put_promotion(const struct place *place,
                          const struct sw_config_promotion *promotion)
{
    put_in(place, "promotion.synchronous", promotion->is_synchronous ? "true" : "false",
           "true");
    put_number_in(place, "promotion.confirmations", promotion->confirmations, "", 1);
    put_in(place, "promotion.goes_on_alone", promotion->goes_on_alone ? "true" : "false",
           "false");
    put_number_in(place, "promotion.max_lost", (int64_t)promotion->max_lost, "B", 1 << 20);
    put_number_in(place, "promotion.shrink_after", promotion->shrink_after_ms, "ms", 3000);
    put_number_in(place, "promotion.cooldown", promotion->cooldown_ms, "ms", 60000);
    put_number_in(place, "promotion.most_per_hour", promotion->most_per_hour, "", 3);
    put_number_in(place, "promotion.recruit_timeout", promotion->recruit_timeout_ms, "ms",
                  5000);
    put_in(place, "promotion.rejoin_command", promotion->rejoin_command, NULL);
    put_in(place, "promotion.fence_command", promotion->fence_command, NULL);
}

static void put_reads(const struct place *place, const struct sw_config_reads *reads)
{
    put_number_in(place, "reads.max_lag_bytes", (int64_t)reads->max_lag_bytes, "B", 16 << 20);
    put_number_in(place, "reads.max_lag", reads->max_lag_ms, "ms", 10000);
    put_number_in(place, "reads.wait", reads->wait_ms, "ms", 5);
}

static void put_health(const struct place *place, const struct sw_config_health *health)
{
    const struct {
        const char *key, *unit;
        int value, normal;
    } rows[] = {
        {"health.status", "ms", health->status_ms, 500},
        {"health.status_timeout", "ms", health->status_timeout_ms, 1000},
        {"health.connect", "ms", health->connect_ms, 2000},
        {"health.connect_timeout", "ms", health->connect_timeout_ms, 2000},
        {"health.write", "ms", health->write_ms, 1000},
        {"health.write_timeout", "ms", health->write_timeout_ms, 3000},
        {"health.fast", "ms", health->fast_ms, 200},
        {"health.fall", "", health->fall, 3},
        {"health.rise", "", health->rise, 3},
        {"health.min_down", "ms", health->min_down_ms, 1500},
        {"health.restart_grace", "ms", health->restart_grace_ms, 5000},
        {"health.unreachable_grace", "ms", health->unreachable_grace_ms, 10000},
        {"health.unheard", "ms", health->unheard_ms, 10000},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        put_number_in(place, rows[i].key, rows[i].value, rows[i].unit, rows[i].normal);
}

static void put_clusters(struct sw_answer *answer, const struct sw_config *config)
{
    for (int c = 0; c < config->cluster_count; c++) {
        const struct sw_config_cluster *cluster = &config->clusters[c];
        const struct place place = {answer, "clusters", cluster->name};
        const char *user = cluster->control.user;

        put_number_in(&place, "connections", cluster->connections, "", 0);
        put_in(&place, "control.user", user, NULL);
        put_secret_in(&place, "control.password", cluster->control.password);
        put_in(&place, "control.dbname", user == NULL ? NULL : cluster->control.dbname,
               "postgres");
        put_in(&place, "failover", sw_failover_mode_name(cluster->failover),
               sw_failover_mode_name(SW_FAILOVER_OFF));
        put_promotion(&place, &cluster->promotion);
        put_health(&place, &cluster->health);
        put_reads(&place, &cluster->reads);
        put_nodes(&place, cluster);
    }
}

static void put_pool(const struct place *place, const struct sw_config_pool *pool)
{
    put_in(place, "pool.mode", sw_pool_mode_name(pool->mode), "transaction");
    put_number_in(place, "pool.size", pool->size, "", 20);
    put_number_in(place, "pool.min", pool->min, "", 0);
    put_number_in(place, "pool.reserve", pool->reserve, "", 0);
    put_number_in(place, "pool.reserve_after", pool->reserve_after_ms, "ms", 1000);
    put_number_in(place, "pool.lifetime", pool->lifetime_ms, "ms", 3600000);
    put_number_in(place, "pool.idle", pool->idle_ms, "ms", 600000);
    put_number_in(place, "pool.check", pool->check_ms, "ms", 30000);
    put_number_in(place, "pool.prepared", pool->prepared, "", 256);
}

static void put_users(struct sw_answer *answer, const struct sw_config *config)
{
    for (int i = 0; i < config->user_count; i++) {
        const struct sw_config_user *user = &config->users[i];
        const struct sw_config_rights *rights = &user->rights;
        const struct place place = {answer, "users", user->name};

        put_in(&place, "auth", sw_config_auth_name(user->auth),
               sw_config_auth_name(config->auth));
        put_secret_in(&place, "password", user->auth >= SW_AUTH_PEER ? NULL : user->password);
        put_names_in(&place, "databases", rights->databases, rights->database_count);
        put_names_in(&place, "businesses", rights->businesses, rights->business_count);
        put_in(&place, "read", sw_read_mode_name(user->read),
               sw_read_mode_name(SW_READ_PRIMARY));
        put_in(&place, "read_only", rights->is_read_only ? "true" : "false", "false");
        put_in(&place, "server.user", user->server_user, NULL);
        put_secret_in(&place, "server.password", user->server_password);
        put_pool(&place, &user->pool);
        put_number_in(&place, "clients", user->clients, "", 0);
        put_number_in(&place, "connections", user->connections, "", 0);
    }
}

void sw_show_config(struct sw_console *console)
{
    const struct sw_map *map = console->admin->map;

    put_whole(&console->answer, map->config);
    put_admin(&console->answer, map->config);
    put_http(&console->answer, map->config);
    put_clusters(&console->answer, map->config);
    put_users(&console->answer, map->config);
    sw_put_databases(&console->answer, map);
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
