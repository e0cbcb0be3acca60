#include "reader.h"

enum { HOUR_MS = 3600 * 1000, LEAST_MS = 100, MOST_CONFIRMATIONS = 8, MOST_PER_HOUR = 8 };

void sw_promotion_init(struct sw_config_promotion *promotion)
{
    *promotion = (struct sw_config_promotion){.is_synchronous = true,
                                              .confirmations = 1,
                                              .max_lost = 1 << 20,
                                              .shrink_after_ms = 3000,
                                              .cooldown_ms = 60000,
                                              .most_per_hour = 3,
                                              .recruit_timeout_ms = 5000};
}

static void read_command(struct sw_reader *reader, const struct sw_entry *entry,
                         const struct sw_field *field, void *into)
{
    const char *text = sw_reader_scalar(reader, entry);

    if (text != NULL && *text == '\0')
        sw_reader_fault(reader, entry->value, "'%s' is empty; write a command, or nothing",
                        entry->name);
    *(const char **)(void *)((char *)into + field->offset) = text;
}

static const struct sw_field fields[] = {
    {.name = "synchronous",
     .read = sw_read_bool,
     .offset = offsetof(struct sw_config_promotion, is_synchronous)},
    {"confirmations", sw_read_number, offsetof(struct sw_config_promotion, confirmations),
     false, 1, MOST_CONFIRMATIONS},
    {.name = "goes_on_alone",
     .read = sw_read_bool,
     .offset = offsetof(struct sw_config_promotion, goes_on_alone)},
    {"max_lost", sw_read_size, offsetof(struct sw_config_promotion, max_lost), false, 0,
     (int64_t)1 << 40},
    {"shrink_after", sw_read_time, offsetof(struct sw_config_promotion, shrink_after_ms), false,
     LEAST_MS, HOUR_MS},
    {"cooldown", sw_read_time, offsetof(struct sw_config_promotion, cooldown_ms), false, 0,
     HOUR_MS},
    {"most_per_hour", sw_read_number, offsetof(struct sw_config_promotion, most_per_hour),
     false, 0, MOST_PER_HOUR},
    {"recruit_timeout", sw_read_time, offsetof(struct sw_config_promotion, recruit_timeout_ms),
     false, LEAST_MS, HOUR_MS},
    {.name = "rejoin_command",
     .read = read_command,
     .offset = offsetof(struct sw_config_promotion, rejoin_command)},
    {.name = "fence_command",
     .read = read_command,
     .offset = offsetof(struct sw_config_promotion, fence_command)},
};

void sw_read_promotion(struct sw_reader *reader, const struct sw_entry *entry,
                       const struct sw_field *field, void *into)
{
    struct sw_config_cluster *cluster = into;

    sw_reader_fields(reader, entry, fields, sizeof fields / sizeof *fields,
                     &cluster->promotion);
}

void sw_promotion_check(struct sw_reader *reader, const yaml_node_t *at,
                        const struct sw_config_cluster *cluster)
{
    if (cluster->failover != SW_FAILOVER_MANAGED)
        return;
    if (cluster->node_count > SW_MANAGED_NODES)
        sw_reader_fault(reader, at,
                        "cluster '%s' has failover: managed and %d nodes; it may have %d",
                        cluster->name, cluster->node_count, SW_MANAGED_NODES);
    else if (cluster->promotion.confirmations >= cluster->node_count && cluster->node_count > 1)
        sw_reader_fault(
            reader, at, "cluster '%s' wants %d confirmations of %d standbys; write fewer",
            cluster->name, cluster->promotion.confirmations, cluster->node_count - 1);
}
