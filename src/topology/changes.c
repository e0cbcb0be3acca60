/*
 * Each map is turned into facts, names with texts; what the two lists do not have in common has
 * changed.
 */
#include "shardward/topology/changes.h"

#include "shardward/base/buf.h"
#include "shardward/base/mem.h"
#include "shardward/topology/accepted.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINE = 1024 };

struct fact {
    struct fact *next;
    const char *what, *text;
    const char *secret; /* compared, not shown */
};

struct facts {
    struct sw_arena arena;
    struct fact *first, **last;
    struct sw_textmap by_what;
};

static const char *printed(struct facts *facts, const char *format, va_list args)
{
    char text[LINE];

    (void)vsnprintf(text, sizeof text, format, args);
    return sw_arena_strdup(&facts->arena, text);
}

__attribute__((format(printf, 2, 3))) static const char *print(struct facts *facts,
                                                               const char *format, ...)
{
    const char *text;
    va_list args;

    va_start(args, format);
    text = printed(facts, format, args);
    va_end(args);
    return text;
}

/* @what belongs to the facts. */
__attribute__((format(printf, 3, 4))) static struct fact *
add(struct facts *facts, const char *what, const char *format, ...)
{
    struct fact *fact = sw_arena_alloc(&facts->arena, sizeof *fact);
    va_list args;

    va_start(args, format);
    *fact = (struct fact){.what = what, .text = printed(facts, format, args), .secret = ""};
    va_end(args);
    *facts->last = fact;
    facts->last = &fact->next;
    (void)sw_textmap_put(&facts->by_what, what, fact);
    return fact;
}

static const char *or_none(const char *text)
{
    return text == NULL ? "" : text;
}

static void add_settings(struct facts *facts, const struct sw_config *config)
{
    static const char *const levels[] = {"error", "warning", "info", "debug"};
    const struct {
        const char *what;
        int ms;
    } timeouts[] = {
        {"timeouts.login", config->timeouts.login_ms},
        {"timeouts.connect", config->timeouts.connect_ms},
        {"timeouts.lease", config->timeouts.lease_ms},
        {"timeouts.ddl_lock", config->timeouts.ddl_lock_ms},
        {"timeouts.query", config->timeouts.query_ms},
        {"timeouts.idle_session", config->timeouts.idle_session_ms},
        {"timeouts.idle_in_transaction", config->timeouts.idle_in_transaction_ms},
        {"timeouts.drain", config->timeouts.drain_ms},
    };

    add(facts, "listen", "%s:%d", config->listen_address, config->listen_port);
    if (config->http.address != NULL)
        add(facts, "http", "%s:%d", config->http.address, config->http.port);
    add(facts, "unix_socket", "%s, mode %04o",
        config->unix_socket.directory == NULL ? "none" : config->unix_socket.directory,
        (unsigned)config->unix_socket.mode);
    add(facts, "limits.clients", "%d", config->limits.clients);
    add(facts, "limits.connections", "%d", config->limits.connections);
    add(facts, "limits.message", "%zu bytes", config->limits.message);
    add(facts, "limits.query", "%zu bytes", config->limits.query);
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++)
        add(facts, timeouts[i].what, "%d ms", timeouts[i].ms);
    add(facts, "log", "level %s, %s, slow %d ms, connections %s", levels[config->log.level],
        config->log.format == SW_LOG_JSON ? "json" : "text", config->log.slow_ms,
        config->log.has_connections ? "on" : "off");
    add(facts, "tls", "%s", sw_tls_mode_name(config->tls.mode));
    if (config->tls.server != NULL)
        add(facts, "tls: certificate", "%s", sw_tls_fingerprint(config->tls.server));
    add(facts, "auth", "%s", sw_config_auth_name(config->auth));
    add(facts, "auth_query", "user %s, cache %d ms, %s", or_none(config->auth_query.user),
        config->auth_query.cache_ms, or_none(config->auth_query.text))
        ->secret = or_none(config->auth_query.password);
    for (int i = 0; i < config->hba_count; i++)
        add(facts, print(facts, "hba %d", i + 1), "%s", config->hba[i].text);
    for (int i = 0; i < config->admin.user_count; i++) {
        const struct sw_config_admin_user *user = &config->admin.users[i];

        add(facts, print(facts, "admin user %s", user->name), "may %s",
            user->may_change ? "all" : "look")
            ->secret = user->password;
    }
}

static void add_promotion(struct facts *facts, const struct sw_config_cluster *cluster)
{
    const struct sw_config_promotion *promotion = &cluster->promotion;

    add(facts, print(facts, "promotion of cluster %s", cluster->name),
        "%s, %d confirm, %s alone, max_lost %zu bytes, shrink_after %d ms, cooldown %d ms, "
        "most_per_hour %d, recruit_timeout %d ms, rejoin_command %s, fence_command %s",
        promotion->is_synchronous ? "synchronous" : "asynchronous", promotion->confirmations,
        promotion->goes_on_alone ? "goes on" : "waits", promotion->max_lost,
        promotion->shrink_after_ms, promotion->cooldown_ms, promotion->most_per_hour,
        promotion->recruit_timeout_ms, or_none(promotion->rejoin_command),
        or_none(promotion->fence_command));
}

static void add_clusters(struct facts *facts, const struct sw_config *config)
{
    for (int c = 0; c < config->cluster_count; c++) {
        const struct sw_config_cluster *cluster = &config->clusters[c];
        struct fact *fact = add(facts, print(facts, "cluster %s", cluster->name),
                                "first node %s, control user %s, connections %d, failover %s",
                                cluster->nodes[0].name, or_none(cluster->control.user),
                                cluster->connections, sw_failover_mode_name(cluster->failover));

        fact->secret = or_none(cluster->control.password);
        add(facts, print(facts, "reads of cluster %s", cluster->name),
            "max_lag %zu bytes, %d ms, wait %d ms", cluster->reads.max_lag_bytes,
            cluster->reads.max_lag_ms, cluster->reads.wait_ms);
        add_promotion(facts, cluster);
        for (int n = 0; n < cluster->node_count; n++) {
            const struct sw_config_node *node = &cluster->nodes[n];

            add(facts, print(facts, "node %s", node->name),
                "%s:%d of %s%s%s, weight %d, tls %s%s%s", node->address, node->port,
                cluster->name, node->cloud == NULL ? "" : ", cloud ",
                node->cloud == NULL ? "" : node->cloud, node->weight,
                sw_tls_mode_name(node->tls->mode), node->tls->files.ca == NULL ? "" : " by ",
                or_none(node->tls->files.ca));
        }
    }
}

/* Names as `a, b`; NULL: all. */
static const char *list(struct facts *facts, const char *const *names, int count)
{
    const char *text = "";

    if (names == NULL)
        return "all";
    for (int i = 0; i < count; i++)
        text = print(facts, "%s%s%s", text, i == 0 ? "" : ", ", names[i]);
    return text;
}

static void add_users(struct facts *facts, const struct sw_map *map)
{
    for (int i = 0; i < map->user_count; i++) {
        const struct sw_user *user = &map->users[i];
        const struct sw_config_rights *rights = &user->rights;
        const struct sw_config_pool *pool = &user->pool;
        struct fact *fact = add(
            facts, print(facts, "user %s", user->name),
            "auth %s, server user %s, databases %s, businesses %s, read only %s, clients %d, "
            "connections %d, pool size %d, min %d, reserve %d after %d ms, lifetime %d ms, "
            "idle %d ms, check %d ms, prepared %d",
            sw_config_auth_name(user->auth), user->server_user,
            list(facts, rights->databases, rights->database_count),
            list(facts, rights->businesses, rights->business_count),
            rights->is_read_only ? "yes" : "no", user->clients, user->connections, pool->size,
            pool->min, pool->reserve, pool->reserve_after_ms, pool->lifetime_ms, pool->idle_ms,
            pool->check_ms, pool->prepared);

        fact->secret =
            print(facts, "%s\n%s", or_none(user->password), or_none(user->server_password));
    }
}

static void add_shard(struct facts *facts, const struct sw_database *database,
                      const struct sw_shard *shard)
{
    add(facts, print(facts, "shard %s.%s", database->name, shard->name),
        "database %s on cluster %s", shard->dbname, shard->cluster->name);
}

/* Placements and tables, as the shards of the business keep them. */
static void add_rules(struct facts *facts, const struct sw_database *database,
                      const struct sw_business *business)
{
    int count;
    const struct sw_accepted *rows = sw_accepted_of_business(business, &facts->arena, &count);

    for (int i = 0; i < count; i++)
        add(facts, print(facts, "%s of %s", rows[i].what, database->name), "%s", rows[i].text);
}

/* What the DBA answers for. */
static void add_declared(struct facts *facts, const struct sw_database *database,
                         const struct sw_business *business)
{
    for (int i = 0; i < business->table_count; i++) {
        const struct sw_table *table = &business->tables[i];
        const struct sw_config_table *config = table->config;

        if (config->is_unique_local || config->is_foreign_local || config->is_trigger_local ||
            config->is_row_security_local)
            add(facts,
                print(facts, "declared local of table %s.%s of %s", table->schema, table->name,
                      database->name),
                "unique %s, foreign keys %s, triggers %s, row security %s",
                config->is_unique_local ? "yes" : "no", config->is_foreign_local ? "yes" : "no",
                config->is_trigger_local ? "yes" : "no",
                config->is_row_security_local ? "yes" : "no");
    }
}

static void add_functions(struct facts *facts, const struct sw_database *database,
                          const struct sw_business *business)
{
    for (int i = 0; i < business->function_count; i++) {
        const struct sw_config_function *function = business->functions[i].config;
        const struct sw_placement *placement = business->functions[i].home.placement;

        add(facts,
            print(facts, "function %s.%s(%s) of %s", function->schema, function->name,
                  function->arguments, database->name),
            "business %s, key %d, placement %s, writes %s, harmless %s", business->name,
            function->key, placement == NULL ? "none" : placement->name,
            function->writes ? "yes" : "no", function->is_harmless ? "yes" : "no");
    }
}

static void add_databases(struct facts *facts, const struct sw_map *map)
{
    for (int d = 0; d < map->database_count; d++) {
        const struct sw_database *database = &map->databases[d];

        add(facts, print(facts, "database %s", database->name), "clients %d, connections %d",
            database->clients, database->connections);
        for (int s = 0; s < database->shard_count; s++)
            add_shard(facts, database, database->shards[s]);
        for (int b = 0; b < database->business_count; b++) {
            const struct sw_business *business = &database->businesses[b];

            add_rules(facts, database, business);
            add_declared(facts, database, business);
            add_functions(facts, database, business);
        }
    }
}

static void collect(struct facts *facts, const struct sw_map *map)
{
    *facts = (struct facts){.first = NULL};
    facts->last = &facts->first;
    sw_arena_init(&facts->arena);
    sw_textmap_init(&facts->by_what);
    add_settings(facts, map->config);
    add_clusters(facts, map->config);
    add_users(facts, map);
    add_databases(facts, map);
}

static void drop(struct facts *facts)
{
    sw_textmap_finish(&facts->by_what);
    sw_arena_finish(&facts->arena);
}

struct listener {
    void (*on_change)(void *owner, const char *line);
    void *owner;
};

__attribute__((format(printf, 2, 3))) static void tell(const struct listener *listener,
                                                       const char *format, ...)
{
    char line[3 * LINE];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    listener->on_change(listener->owner, line);
}

/* How many bytes two texts have in common at their beginning, up to the last `, ` of it. */
static size_t common_head(const char *one, const char *two)
{
    size_t same = 0;

    for (size_t at = 0; one[at] != '\0' && one[at] == two[at]; at++)
        if (strncmp(one + at, ", ", 2) == 0)
            same = at + 2;
    return same;
}

/* ... at their end, from a `, ` on. */
static size_t common_tail(const char *one, size_t one_len, const char *two, size_t two_len)
{
    size_t same = 0;

    for (size_t at = 1; at <= one_len && at <= two_len; at++) {
        if (one[one_len - at] != two[two_len - at])
            break;
        if (strncmp(one + one_len - at, ", ", 2) == 0)
            same = at;
    }
    return same;
}

/* Of long texts only what lies between that which they have in common. */
static void tell_change(const struct listener *listener, const struct fact *was,
                        const struct fact *is)
{
    size_t head = common_head(was->text, is->text);
    const char *old = was->text + head, *new = is->text + head;
    size_t tail = common_tail(old, strlen(old), new, strlen(new));

    if (strcmp(was->text, is->text) != 0)
        tell(listener, "%s: %.*s -> %.*s", is->what, (int)(strlen(old) - tail), old,
             (int)(strlen(new) - tail), new);
    if (strcmp(was->secret, is->secret) != 0)
        tell(listener, "%s: another password", is->what);
}

void sw_map_changes(const struct sw_map *before, const struct sw_map *after,
                    void (*on_change)(void *owner, const char *line), void *owner)
{
    const struct listener listener = {on_change, owner};
    struct facts was, is;

    collect(&was, before);
    collect(&is, after);
    for (const struct fact *fact = was.first; fact != NULL; fact = fact->next)
        if (sw_textmap_get(&is.by_what, fact->what) == NULL)
            tell(&listener, "%s: removed", fact->what);
    for (const struct fact *fact = is.first; fact != NULL; fact = fact->next) {
        const struct fact *old = sw_textmap_get(&was.by_what, fact->what);

        if (old == NULL)
            tell(&listener, "%s: added, %s", fact->what, fact->text);
        else
            tell_change(&listener, old, fact);
    }
    drop(&was);
    drop(&is);
}
