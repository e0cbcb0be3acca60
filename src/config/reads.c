#include "reader.h"

#include <string.h>

enum { HOUR_MS = 3600 * 1000, MOST_WAIT_MS = 1000 };

static const char *const mode_names[] = {
    [SW_READ_PRIMARY] = "primary",
    [SW_READ_PREFER_REPLICA] = "prefer_replica",
    [SW_READ_REPLICA] = "replica",
};

const char *sw_read_mode_name(enum sw_read_mode mode)
{
    return mode_names[mode];
}

bool sw_read_mode_find(const char *name, enum sw_read_mode *mode)
{
    for (size_t i = 0; i < sizeof mode_names / sizeof *mode_names; i++) {
        if (strcmp(name, mode_names[i]) == 0) {
            *mode = (enum sw_read_mode)i;
            return true;
        }
    }
    return false;
}

void sw_read_read_mode(struct sw_reader *reader, const struct sw_entry *entry,
                       const struct sw_field *field, void *into)
{
    const char *text = sw_reader_scalar(reader, entry);

    (void)field;
    if (text != NULL && !sw_read_mode_find(text, into))
        sw_reader_fault(reader, entry->value,
                        "'read: %.80s': write primary, prefer_replica or replica", text);
}

const struct sw_config_reads sw_default_reads = {
    .max_lag_bytes = (size_t)16 << 20, .max_lag_ms = 10000, .wait_ms = 5};

static const struct sw_field fields[] = {
    {"max_lag_bytes", sw_read_size, offsetof(struct sw_config_reads, max_lag_bytes), false,
     8192, INT64_C(1) << 40},
    {"max_lag", sw_read_time, offsetof(struct sw_config_reads, max_lag_ms), false, 100,
     HOUR_MS},
    {"wait", sw_read_time, offsetof(struct sw_config_reads, wait_ms), false, 0, MOST_WAIT_MS},
};

void sw_read_reads(struct sw_reader *reader, const struct sw_entry *entry,
                   const struct sw_field *field, void *into)
{
    struct sw_config_cluster *cluster = into;

    (void)field;
    sw_reader_fields(reader, entry, fields, sizeof fields / sizeof *fields, &cluster->reads);
}

static bool is_any_watched(const struct sw_config *config)
{
    for (int i = 0; i < config->cluster_count; i++)
        if (config->clusters[i].failover != SW_FAILOVER_OFF)
            return true;
    return false;
}

void sw_check_reads(struct sw_reader *reader, const struct sw_entry *entry,
                    const struct sw_config_user *user)
{
    if (user->read == SW_READ_PRIMARY)
        return;
    if (user->pool.mode == SW_POOL_SESSION)
        sw_reader_fault(reader, entry->key,
                        "user '%.80s' has 'read: %s', but keeps one server for each session; "
                        "write 'pool: {mode: transaction}'",
                        user->name, sw_read_mode_name(user->read));
    else if (!is_any_watched(reader->config))
        sw_reader_fault(reader, entry->key,
                        "user '%.80s' has 'read: %s', but no cluster is watched; write "
                        "'failover: follow' or managed",
                        user->name, sw_read_mode_name(user->read));
}
