#include "internal.h"

const struct sw_runner *sw_runner(enum sw_verb_name verb)
{
    static const struct sw_columns none = {0};
    static const struct sw_runner list[SW_VERBS] = {
        [SW_SHOW_CLIENTS] = {&sw_columns_clients, sw_show_clients},
        [SW_SHOW_CLUSTERS] = {&sw_columns_clusters, sw_show_clusters},
        [SW_SHOW_CONFIG] = {&sw_columns_config, sw_show_config},
        [SW_SHOW_DATABASES] = {&sw_columns_databases, sw_show_databases},
        [SW_SHOW_EVENTS] = {&sw_columns_events, sw_show_events},
        [SW_SHOW_LISTS] = {&sw_columns_lists, sw_show_lists},
        [SW_SHOW_LOSS] = {&sw_columns_loss, sw_show_loss},
        [SW_SHOW_MEM] = {&sw_columns_mem, sw_show_mem},
        [SW_SHOW_POOLS] = {&sw_columns_pools, sw_show_pools},
        [SW_RECONNECT] = {&none, sw_reconnect},
        [SW_SHOW_HELP] = {&sw_columns_help, sw_show_help},
        [SW_SHOW_NODES] = {&sw_columns_nodes, sw_show_nodes},
        [SW_SHOW_SERVERS] = {&sw_columns_servers, sw_show_servers},
        [SW_SHOW_SHARDS] = {&sw_columns_shards, sw_show_shards},
        [SW_SHOW_STATEMENTS] = {&sw_columns_statements, sw_show_statements},
        [SW_SHOW_STATS] = {&sw_columns_stats, sw_show_stats},
        [SW_SHOW_TABLES] = {&sw_columns_tables, sw_show_tables},
        [SW_SHOW_TRANSACTIONS] = {&sw_columns_transactions, sw_show_transactions},
        [SW_SHOW_USERS] = {&sw_columns_users, sw_show_users},
        [SW_SHOW_VERSION] = {&sw_columns_version, sw_show_version},
        [SW_EXPLAIN] = {&sw_columns_property, sw_explain},
        [SW_LOCATE] = {&sw_columns_property, sw_locate},
        [SW_SET] = {&none, sw_set},
        [SW_RELOAD] = {&sw_columns_reload, sw_reload},
        [SW_REPAIR] = {&sw_columns_repair, sw_order_repair},
        [SW_FAILOVER] = {&sw_columns_appointed, sw_order_failover},
        [SW_SWITCHOVER] = {&sw_columns_appointed, sw_order_switchover},
        [SW_FENCE] = {&sw_columns_appointed, sw_order_fence},
        [SW_UNFENCE] = {&sw_columns_appointed, sw_order_unfence},
        [SW_MAINTENANCE] = {&sw_columns_appointed, sw_order_maintenance},
        [SW_PAUSE] = {&none, sw_pause},
        [SW_RESUME] = {&none, sw_resume},
        [SW_WAIT_CLOSE] = {&none, sw_wait_close},
        [SW_KILL] = {&none, sw_kill},
        [SW_SHUTDOWN] = {&none, sw_shutdown},
        [SW_HELP] = {&sw_columns_help, sw_show_help},
    };

    return &list[verb];
}
