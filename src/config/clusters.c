#include "reader.h"

#include "shardward/io/local.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_HOST = 253, MOST_CONNECTIONS = 100000, MOST_WEIGHT = 1000, MOST_COUNT = 100 };
enum { DEFAULT_WEIGHT = 1, LEAST_MS = 10, HOUR_MS = 3600 * 1000 };
enum { MOST_DIRECTORY = SW_LOCAL_PATH - (int)(sizeof "/.s.PGSQL.65535" - 1) };

static bool is_numeric_address(const char *text)
{
    struct in6_addr address;

    return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

/* RFC 1123, section 2.1; a name made of digits and dots only is a mistyped address. */
static bool is_host_name(const char *text)
{
    size_t len = strlen(text);
    bool has_letter = false;

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (!isalnum(c) && c != '-' && c != '.' && c != '_')
            return false;
        if ((c == '.' || c == '-') && (i == 0 || text[i - 1] == '.'))
            return false;
        has_letter = has_letter || isalpha(c) != 0;
    }
    return len > 0 && len <= MOST_HOST && has_letter;
}

static const char *last_colon(char *text)
{
    char *colon = strrchr(text, ':');

    if (colon != NULL)
        *colon = '\0';
    return colon == NULL ? NULL : colon + 1;
}

/* "127.0.0.1:6432" or "[::1]:6432", cut apart in place; NULL when it is neither. */
static const char *split_listen(char *text, int *port)
{
    const char *digits = last_colon(text), *end;
    size_t len = strlen(text);
    bool has_brackets = len > 2 && text[0] == '[' && text[len - 1] == ']';

    end = digits == NULL ? NULL : sw_reader_digits(digits, port);
    if (end == NULL || *end != '\0' || *port < 1 || *port > 65535)
        return NULL;
    if (has_brackets) {
        text[len - 1] = '\0';
        text++;
    }
    if (!is_numeric_address(text) || has_brackets != (strchr(text, ':') != NULL))
        return NULL;
    return text;
}

void sw_reader_listen(struct sw_reader *reader, const struct sw_entry *entry, const char *key,
                      const char **address, int *port)
{
    const char *text = sw_reader_scalar(reader, entry), *host;
    int number = 0;

    if (text == NULL)
        return;
    host = split_listen(sw_arena_strdup(&reader->config->arena, text), &number);
    if (host == NULL) {
        sw_reader_fault(reader, entry->value,
                        "'%s: %.80s': write a numeric address and a port from 1 to 65535, as "
                        "127.0.0.1:6432 or [::1]:6432",
                        key, text);
        return;
    }
    *address = host;
    *port = number;
}

void sw_read_listen(struct sw_reader *reader, const struct sw_entry *entry,
                    const struct sw_field *field, void *into)
{
    struct sw_config *config = into;

    sw_reader_listen(reader, entry, field->name, &config->listen_address, &config->listen_port);
}

void sw_read_http(struct sw_reader *reader, const struct sw_entry *entry,
                  const struct sw_field *field, void *into)
{
    struct sw_config *config = into;

    sw_reader_listen(reader, entry, field->name, &config->http.address, &config->http.port);
}

void sw_read_address(struct sw_reader *reader, const struct sw_entry *entry,
                     const struct sw_field *field, void *into)
{
    const char *text = sw_reader_scalar(reader, entry);

    if (text == NULL)
        return;
    if (is_numeric_address(text) || is_host_name(text) ||
        (text[0] == '/' && strlen(text) <= MOST_DIRECTORY))
        *(const char **)((char *)into + field->offset) = text;
    else
        sw_reader_fault(reader, entry->value,
                        "'address: %.80s': write an IPv4 or IPv6 address or a host name, "
                        "without a port, or the directory of a Unix-domain socket, as "
                        "/var/run/postgresql",
                        text);
}

static void read_directory(struct sw_reader *reader, const struct sw_entry *entry,
                           const struct sw_field *field, void *into)
{
    const char *text = sw_reader_scalar(reader, entry);
    struct sw_config *config = into;

    if (text == NULL)
        return;
    config->unix_socket.directory = sw_reader_beside(reader, text);
    if (*text == '\0' || strlen(config->unix_socket.directory) > MOST_DIRECTORY)
        sw_reader_fault(reader, entry->value,
                        "'directory: %.120s': write a directory of at most %d bytes", text,
                        MOST_DIRECTORY);
}

/* Three octal digits, and perhaps a zero before them. */
static void read_mode(struct sw_reader *reader, const struct sw_entry *entry,
                      const struct sw_field *field, void *into)
{
    const char *text = sw_reader_scalar(reader, entry);
    struct sw_config *config = into;
    size_t len = text == NULL ? 0 : strspn(text, "01234567");

    if (text == NULL)
        return;
    if (text[len] == '\0' && (len == 3 || (len == 4 && text[0] == '0')))
        config->unix_socket.mode = (int)strtol(text, NULL, 8);
    else
        sw_reader_fault(reader, entry->value, "'mode: %.80s': write it as 0770", text);
}

void sw_read_unix_socket(struct sw_reader *reader, const struct sw_entry *entry,
                         const struct sw_field *field, void *into)
{
    static const struct sw_field socket_fields[] = {
        {.name = "directory", .read = read_directory, .is_required = true},
        {.name = "mode", .read = read_mode},
    };

    sw_reader_fields(reader, entry, socket_fields, sizeof socket_fields / sizeof *socket_fields,
                     into);
}

void sw_config_socket_path(const struct sw_config *config, int port, char *path, size_t size)
{
    (void)snprintf(path, size, "%s/.s.PGSQL.%d", config->unix_socket.directory, port);
}

static const struct sw_field node_fields[] = {
    {"name", sw_read_name, offsetof(struct sw_config_node, name), true, 0, 0},
    {"address", sw_read_address, offsetof(struct sw_config_node, address), true, 0, 0},
    {"port", sw_read_number, offsetof(struct sw_config_node, port), true, 1, 65535},
    {"cloud", sw_read_name, offsetof(struct sw_config_node, cloud), false, 0, 0},
    {.name = "tls", .read = sw_read_node_tls, .offset = offsetof(struct sw_config_node, tls)},
    {"weight", sw_read_number, offsetof(struct sw_config_node, weight), false, 0, MOST_WEIGHT},
};

static void read_node(struct sw_reader *reader, const struct sw_entry *entry, void *item)
{
    struct sw_config_node *node = item;
    struct sw_entry here = {"a node", entry->value, entry->value};
    const yaml_node_t *before;

    node->weight = DEFAULT_WEIGHT;
    sw_reader_fields(reader, &here, node_fields, sizeof node_fields / sizeof *node_fields,
                     node);
    if (node->name == NULL)
        return;
    before = sw_textmap_put(&reader->node_names, node->name, (void *)(uintptr_t)entry->value);
    if (before != NULL)
        sw_reader_fault(reader, entry->value,
                        "the node name '%s' stands twice (first in line %zu); node names are "
                        "unique in the file",
                        node->name, before->start_mark.line + 1);
}

static void read_nodes(struct sw_reader *reader, const struct sw_entry *entry,
                       const struct sw_field *field, void *into)
{
    static const struct sw_tls_client none = {.mode = SW_TLS_DISABLE};
    struct sw_config_cluster *cluster = into;
    struct sw_config_node *nodes =
        sw_reader_sequence(reader, entry, sizeof *nodes, read_node, &cluster->node_count);

    cluster->nodes = nodes;
    for (int i = 0; i < cluster->node_count; i++)
        if (nodes[i].tls == NULL)
            nodes[i].tls = cluster->tls == NULL ? &none : cluster->tls;
    if (nodes != NULL && cluster->node_count == 0)
        sw_reader_fault(reader, entry->value,
                        "cluster '%s' has no node; write its primary first, then its replicas",
                        cluster->name);
}

static const char *const failover_names[] = {
    [SW_FAILOVER_OFF] = "off",
    [SW_FAILOVER_FOLLOW] = "follow",
    [SW_FAILOVER_MANAGED] = "managed",
};

const char *sw_failover_mode_name(enum sw_failover_mode mode)
{
    return failover_names[mode];
}

static void read_failover(struct sw_reader *reader, const struct sw_entry *entry,
                          const struct sw_field *field, void *into)
{
    const char *text = sw_reader_scalar(reader, entry);
    struct sw_config_cluster *cluster = into;

    for (size_t i = 0; text != NULL && i < sizeof failover_names / sizeof *failover_names;
         i++) {
        if (strcmp(text, failover_names[i]) == 0) {
            cluster->failover = (enum sw_failover_mode)i;
            return;
        }
    }
    if (text != NULL)
        sw_reader_fault(reader, entry->value, "'failover: %.80s': write off, follow or managed",
                        text);
}

static const struct sw_field health_fields[] = {
    {"status", sw_read_time, offsetof(struct sw_config_health, status_ms), false, LEAST_MS,
     HOUR_MS},
    {"status_timeout", sw_read_time, offsetof(struct sw_config_health, status_timeout_ms),
     false, LEAST_MS, HOUR_MS},
    {"connect", sw_read_time, offsetof(struct sw_config_health, connect_ms), false, LEAST_MS,
     HOUR_MS},
    {"connect_timeout", sw_read_time, offsetof(struct sw_config_health, connect_timeout_ms),
     false, LEAST_MS, HOUR_MS},
    {"write", sw_read_time, offsetof(struct sw_config_health, write_ms), false, LEAST_MS,
     HOUR_MS},
    {"write_timeout", sw_read_time, offsetof(struct sw_config_health, write_timeout_ms), false,
     LEAST_MS, HOUR_MS},
    {"fast", sw_read_time, offsetof(struct sw_config_health, fast_ms), false, LEAST_MS,
     HOUR_MS},
    {"fall", sw_read_number, offsetof(struct sw_config_health, fall), false, 1, MOST_COUNT},
    {"rise", sw_read_number, offsetof(struct sw_config_health, rise), false, 1, MOST_COUNT},
    {"min_down", sw_read_time, offsetof(struct sw_config_health, min_down_ms), false, LEAST_MS,
     HOUR_MS},
    {"restart_grace", sw_read_time, offsetof(struct sw_config_health, restart_grace_ms), false,
     0, HOUR_MS},
    {"unreachable_grace", sw_read_time, offsetof(struct sw_config_health, unreachable_grace_ms),
     false, 0, HOUR_MS},
    {"unheard", sw_read_time, offsetof(struct sw_config_health, unheard_ms), false, 0, HOUR_MS},
};

static const struct sw_config_health default_health = {
    .status_ms = 500,
    .status_timeout_ms = 1000,
    .connect_ms = 2000,
    .connect_timeout_ms = 2000,
    .write_ms = 1000,
    .write_timeout_ms = 3000,
    .fast_ms = 200,
    .fall = 3,
    .rise = 3,
    .min_down_ms = 1500,
    .restart_grace_ms = 5000,
    .unreachable_grace_ms = 10000,
    .unheard_ms = 10000,
};

static void read_health(struct sw_reader *reader, const struct sw_entry *entry,
                        const struct sw_field *field, void *into)
{
    struct sw_config_cluster *cluster = into;

    sw_reader_fields(reader, entry, health_fields, sizeof health_fields / sizeof *health_fields,
                     &cluster->health);
}

static const struct sw_field cluster_fields[] = {
    {.name = "tls",
     .read = sw_read_node_tls,
     .offset = offsetof(struct sw_config_cluster, tls)},
    {"connections", sw_read_number, offsetof(struct sw_config_cluster, connections), false, 1,
     MOST_CONNECTIONS},
    {.name = "nodes", .read = read_nodes, .is_required = true},
    {.name = "control", .read = sw_read_control},
    {.name = "failover", .read = read_failover},
    {.name = "promotion", .read = sw_read_promotion},
    {.name = "health", .read = read_health},
    {.name = "reads", .read = sw_read_reads},
};

static void read_cluster(struct sw_reader *reader, const struct sw_entry *entry, void *item)
{
    struct sw_config_cluster *cluster = item;

    cluster->name = sw_arena_strdup(&reader->config->arena, entry->name);
    cluster->health = default_health;
    cluster->reads = sw_default_reads;
    sw_promotion_init(&cluster->promotion);
    sw_reader_is_name(reader, entry->key, "a cluster's name", entry->name);
    sw_reader_fields(reader, entry, cluster_fields,
                     sizeof cluster_fields / sizeof *cluster_fields, cluster);
    if (cluster->failover != SW_FAILOVER_OFF && cluster->control.user == NULL)
        sw_reader_fault(reader, entry->key,
                        "cluster '%s' has failover: %s, but no 'control': write how shardward "
                        "logs in to ask its nodes",
                        cluster->name, sw_failover_mode_name(cluster->failover));
    sw_promotion_check(reader, entry->key, cluster);
}

void sw_read_clusters(struct sw_reader *reader, const struct sw_entry *entry,
                      const struct sw_field *field, void *into)
{
    struct sw_config *config = into;

    config->clusters = sw_reader_each(reader, entry, sizeof *config->clusters, read_cluster,
                                      &config->cluster_count);
    if (config->clusters != NULL && config->cluster_count == 0)
        sw_reader_fault(reader, entry->value, "'clusters' is empty; write at least one");
}

void sw_read_cluster_name(struct sw_reader *reader, const struct sw_entry *entry,
                          const struct sw_field *field, void *into)
{
    const char *text = sw_reader_scalar(reader, entry);
    const struct sw_config *config = reader->config;

    for (int i = 0; text != NULL && i < config->cluster_count; i++) {
        if (strcmp(config->clusters[i].name, text) == 0) {
            *(int *)(void *)((char *)into + field->offset) = i;
            return;
        }
    }
    if (text != NULL)
        sw_reader_fault(reader, entry->value,
                        "there is no cluster '%.80s'; write one that stands under 'clusters'",
                        text);
}
