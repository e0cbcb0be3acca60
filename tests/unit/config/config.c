/*
 * A row is a change of a good file: the text that is replaced, what stands there instead, and
 * the fault that follows with its place (or none).
 */
#include "shardward/config/config.h"

#include "shardward/base/mem.h"
#include "unit/config/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char good[] = "listen: 127.0.0.1:6432\n"
                           "limits: {clients: 10}\n"
                           "timeouts: {login: 10s}\n"
                           "clusters:\n"
                           "  c1: {nodes: [{name: n1, address: 127.0.0.1, port: 5432}]}\n"
                           "  c2: {nodes: [{name: n2, address: db.example, port: 5433}]}\n"
                           "users:\n"
                           "  app:\n"
                           "    password: secret\n"
                           "    server: {user: app, password: other}\n"
                           "    pool: {mode: transaction, size: 3}\n"
                           "databases:\n"
                           "  shop:\n"
                           "    catalog: {cluster: c1, dbname: shop}\n"
                           "    businesses:\n"
                           "      one:\n"
                           "        shards: {s: {cluster: c1, dbname: s}}\n"
                           "        tables: {things: {}}\n"
                           "      many:\n"
                           "        shards:\n"
                           "          m0: {cluster: c1, dbname: m0}\n"
                           "          m1: {cluster: c2, dbname: m1}\n"
                           "        placements:\n"
                           "          p:\n"
                           "            hash: {type: bigint, buckets: 8}\n"
                           "            map: {m0: 0-3, m1: 4-7}\n"
                           "        tables:\n"
                           "          t: {key: k, placement: p}\n"
                           "log: {level: info, format: json, connections: off}\n"
                           "admin: {listen: 127.0.0.1:6433, users: [{name: a, password: b}]}\n";

#define HASH "md50123456789abcdef0123456789abcdef"
#define VERIFIER                                                                               \
    "SCRAM-SHA-256$4096:MTIzNDU2Nzg5MDEyMzQ1Ng==$"                                             \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"                                            \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

struct row {
    const char *name, *from, *to;
    int line, column;
    const char *text; /* a part of it; NULL: no fault */
};

static const struct row rows[] = {
    {"a_good_file_has_no_fault", "", "", 0, 0, NULL},

    {"an_ipv6_address_stands_in_brackets", "127.0.0.1:6432", "'[::1]:6432'", 0, 0, NULL},
    {"an_ipv6_address_without_brackets_is_refused", "127.0.0.1:6432", "'::1:6432'", 1, 9,
     "[::1]:6432"},
    {"a_host_name_is_no_place_to_listen", "127.0.0.1:6432", "localhost:6432", 1, 9, "numeric"},
    {"port_1_is_the_lowest", "127.0.0.1:6432", "127.0.0.1:1", 0, 0, NULL},
    {"port_0_is_refused", "127.0.0.1:6432", "127.0.0.1:0", 1, 9, "1 to 65535"},
    {"port_65535_is_the_highest", "127.0.0.1:6432", "127.0.0.1:65535", 0, 0, NULL},
    {"port_65536_is_refused", "127.0.0.1:6432", "127.0.0.1:65536", 1, 9, "1 to 65535"},
    {"listen_needs_a_port", "127.0.0.1:6432", "127.0.0.1", 1, 9, "a port"},
    {"listen_is_required", "listen: 127.0.0.1:6432\n", "", 1, 1, "needs the key 'listen'"},
    {"listen_without_a_value_is_refused", "127.0.0.1:6432", "", 1, 8, "has no value"},
    {"listen_is_no_list", "127.0.0.1:6432", "[a]", 1, 9, "is a list"},

    {"an_unknown_key_is_refused", "limits:", "wallpaper: red\nlimits:", 2, 1,
     "unknown key 'wallpaper'; remove it"},
    {"a_misspelt_key_gets_a_suggestion", "limits:", "limit:", 2, 1, "did you mean 'limits'?"},
    {"a_key_that_stands_twice_is_refused", "limits:", "listen: 127.0.0.1:1\nlimits:", 2, 1,
     "stands twice (first in line 1)"},
    {"debug_is_a_level", "level: info", "level: debug", 0, 0, NULL},
    {"an_unknown_level_is_refused", "level: info", "level: loud", 29, 14,
     "error, warning, info or debug"},
    {"text_is_a_log_format", "format: json", "format: text", 0, 0, NULL},
    {"an_unknown_log_format_is_refused", "format: json", "format: xml", 29, 28, "text or json"},
    {"a_switch_may_say_true", "connections: off", "connections: true", 0, 0, NULL},
    {"a_switch_is_on_or_off", "connections: off", "connections: 1", 29, 47, "on or off"},
    {"a_switch_needs_a_value", "connections: off", "connections: ", 29, 47, "has no value"},
    {"admin_may_be_left_out",
     "admin: {listen: 127.0.0.1:6433, users: [{name: a, password: b}]}\n", "", 0, 0, NULL},
    {"admin_needs_a_place_to_listen", "listen: 127.0.0.1:6433, ", "", 30, 1,
     "needs the key 'listen'"},
    {"admin_needs_users", ", users: [{name: a, password: b}]", "", 30, 1,
     "needs the key 'users'"},
    {"admin_needs_one_user_at_least", "{name: a, password: b}", "", 30, 40,
     "write at least one"},
    {"admin_listens_on_an_address", "127.0.0.1:6433", "localhost:6433", 30, 17, "numeric"},
    {"an_admin_user_needs_a_name", "name: a, ", "", 30, 41, "needs the key 'name'"},
    {"an_admin_user_needs_a_password", ", password: b", "", 30, 41, "has no password"},
    {"an_admin_user_may_only_look", "password: b", "password: b, may: look", 0, 0, NULL},
    {"an_admin_user_may_do_all", "password: b", "password: b, may: all", 0, 0, NULL},
    {"an_admin_user_may_nothing_else", "password: b", "password: b, may: go", 30, 69,
     "write look or all"},
    {"an_admin_user_stands_once", "{name: a, password: b}",
     "{name: a, password: b}, {name: a, password: c}", 30, 40, "stands twice"},
    {"an_admin_user_has_no_md5_password", "password: b",
     "password: md50123456789abcdef0123456789abcdef", 30, 61, "md5"},
    {"http_has_an_address", "limits:", "http: 127.0.0.1:6434\nlimits:", 0, 0, NULL},
    {"http_may_have_an_address_of_ipv6", "limits:", "http: '[::1]:6434'\nlimits:", 0, 0, NULL},
    {"http_is_no_number", "limits:", "http: 1\nlimits:", 2, 7,
     "'http: 1': write a numeric address"},
    {"http_is_no_name", "limits:", "http: localhost:6434\nlimits:", 2, 7, "numeric"},
    {"http_needs_a_port", "limits:", "http: 127.0.0.1\nlimits:", 2, 7, "a port from 1"},
    {"a_proxy_may_say_its_cloud", "limits:", "cloud: east\nlimits:", 0, 0, NULL},
    {"workers_may_be_one_per_core", "limits:", "workers: auto\nlimits:", 0, 0, NULL},
    {"one_worker_is_the_least", "limits:", "workers: 1\nlimits:", 0, 0, NULL},
    {"no_worker_is_refused", "limits:", "workers: 0\nlimits:", 2, 10, "auto, or a number"},
    {"64_workers_are_the_most", "limits:", "workers: 64\nlimits:", 0, 0, NULL},
    {"65_workers_are_refused", "limits:", "workers: 65\nlimits:", 2, 10, "from 1 to 64"},
    {"workers_are_no_word", "limits:", "workers: many\nlimits:", 2, 10, "auto, or a number"},
    {"a_unix_socket_has_a_directory", "limits:", "unix_socket: {directory: /tmp}\nlimits:", 0,
     0, NULL},
    {"a_unix_socket_has_a_mode",
     "limits:", "unix_socket: {directory: /tmp, mode: 770}\nlimits:", 0, 0, NULL},
    {"a_mode_is_octal", "limits:", "unix_socket: {directory: /tmp, mode: 0780}\nlimits:", 2, 38,
     "write it as 0770"},
    {"a_mode_has_no_more_digits", "limits:",
     "unix_socket: {directory: /tmp, mode: 1777}\nlimits:", 2, 38, "write it as 0770"},
    {"a_node_may_be_a_directory", "address: 127.0.0.1", "address: /var/run/postgresql", 0, 0,
     NULL},
    {"hba_has_lines", "users:",
     "hba: [{type: hostssl, database: shop, user: app, "
     "address: 10.0.0.0/8, method: trust}, {type: local, method: peer}]\nusers:",
     0, 0, NULL},
    {"hba_may_name_several", "users:",
     "hba: [{type: host, database: [shop], user: [app], address: '::1/128'}]\nusers:", 0, 0,
     NULL},
    {"hba_is_not_empty", "users:", "hba: []\nusers:", 7, 6, "lets nobody in"},
    {"a_line_has_a_type", "users:", "hba: [{method: auth}]\nusers:", 7, 7,
     "needs the key 'type'"},
    {"a_line_has_a_known_type", "users:", "hba: [{type: hostgss}]\nusers:", 7, 14,
     "write local, host, hostssl or hostnossl"},
    {"a_line_has_a_known_method", "users:", "hba: [{type: host, method: md5}]\nusers:", 7, 28,
     "write auth, peer, cert, trust or reject"},
    {"a_line_has_an_address", "users:", "hba: [{type: host, address: here}]\nusers:", 7, 29,
     "write all, or an address"},
    {"a_line_has_no_more_bits_than_its_address", "users:",
     "hba: [{type: host, address: 10.0.0.0/33}]\nusers:", 7, 29, "write all, or an address"},
    {"a_line_has_whole_bits", "users:", "hba: [{type: host, address: 10.0.0.0/}]\nusers:", 7,
     29, "write all, or an address"},
    {"a_local_line_has_no_address", "users:", "hba: [{type: local, address: '::1'}]\nusers:", 7,
     7, "has no address"},
    {"peers_are_local", "users:", "hba: [{type: host, method: peer}]\nusers:", 7, 7,
     "is for 'type: local'"},
    {"certificates_come_in_tls", "users:", "hba: [{type: host, method: cert}]\nusers:", 7, 7,
     "is for 'type: hostssl'"},
    {"a_line_of_certificates_needs_them", "users:",
     "hba: [{type: hostssl, method: cert}]\nusers:", 7, 7, "needs 'tls' of 'mode: verify-ca'"},
    {"a_user_of_a_line_exists", "users:", "hba: [{type: host, user: who}]\nusers:", 7, 26,
     "no user 'who'"},
    {"a_database_of_a_line_exists", "users:", "hba: [{type: host, database: what}]\nusers:", 7,
     30, "no database 'what'"},
    {"a_peer_needs_a_unix_socket", "password: secret", "auth: peer", 8, 3,
     "write 'unix_socket'"},
    {"tls_may_be_off", "limits:", "tls: {mode: disable}\nlimits:", 0, 0, NULL},
    {"tls_needs_a_mode", "limits:", "tls: {}\nlimits:", 2, 1, "needs the key 'mode'"},
    {"tls_has_few_modes", "limits:", "tls: {mode: on}\nlimits:", 2, 13, "write disable, allow"},
    {"tls_needs_a_certificate", "limits:", "tls: {mode: prefer}\nlimits:", 2, 6,
     "needs 'certificate' and 'key'"},
    {"tls_needs_a_certificate_that_is_there",
     "limits:", "tls: {mode: prefer, certificate: /none, key: /none}\nlimits:", 2, 34,
     "cannot use the certificate '/none': No such file"},
    {"a_drain_may_take_a_day", "login: 10s", "drain: 24h", 0, 0, NULL},
    {"a_longer_drain_is_refused", "login: 10s", "drain: 25h", 3, 19, "0ms to 24h"},
    {"transactions_may_be_idle_for_ever", "login: 10s", "idle_in_transaction: 0", 0, 0, NULL},
    {"transactions_may_be_idle_for_a_day", "login: 10s", "idle_in_transaction: 24h", 0, 0,
     NULL},
    {"transactions_that_are_idle_for_longer_are_refused", "login: 10s",
     "idle_in_transaction: 25h", 3, 33, "0ms to 24h"},
    {"statements_may_take_for_ever", "login: 10s", "query: 0", 0, 0, NULL},
    {"statements_that_take_more_than_a_day_are_refused", "login: 10s", "query: 25h", 3, 19,
     "0ms to 24h"},
    {"sessions_may_be_idle_for_a_day", "login: 10s", "idle_session: 24h", 0, 0, NULL},
    {"sessions_that_are_idle_for_longer_are_refused", "login: 10s", "idle_session: 25h", 3, 26,
     "0ms to 24h"},
    {"failover_needs_somebody_who_asks", "c1: {nodes", "c1: {failover: follow, nodes", 5, 3,
     "but no 'control'"},
    {"failover_may_be_followed", "c1: {nodes",
     "c1: {failover: follow, control: {user: u}, nodes", 0, 0, NULL},
    {"failover_may_be_managed", "c1: {nodes",
     "c1: {failover: managed, control: {user: u}, nodes", 0, 0, NULL},
    {"failover_may_be_off", "c1: {nodes", "c1: {failover: off, nodes", 0, 0, NULL},
    {"failover_is_nothing_else", "c1: {nodes", "c1: {failover: on, nodes", 5, 18,
     "write off, follow or managed"},
    {"health_has_times_and_counts", "c1: {nodes", "c1: {health: {status: 1s, fall: 5}, nodes",
     0, 0, NULL},
    {"health_has_no_times_of_nothing", "c1: {nodes", "c1: {health: {status: 9ms}, nodes", 5, 25,
     "10ms to 1h"},
    {"reads_have_limits_of_lag", "c1: {nodes",
     "c1: {reads: {max_lag_bytes: 8kB, max_lag: 100ms, wait: 0}, nodes", 0, 0, NULL},
    {"reads_have_no_lag_of_nothing", "c1: {nodes", "c1: {reads: {max_lag: 99ms}, nodes", 5, 25,
     "100ms to 1h"},
    {"reads_do_not_wait_for_long", "c1: {nodes", "c1: {reads: {wait: 1001ms}, nodes", 5, 22,
     "0ms to 1s"},
    {"reads_go_to_the_primary", "pool:", "read: primary\n    pool:", 0, 0, NULL},
    {"reads_go_to_replicas_that_somebody_watches", "pool:", "read: replica\n    pool:", 8, 3,
     "no cluster is watched"},
    {"reads_go_nowhere_else", "pool:", "read: standby\n    pool:", 11, 11,
     "write primary, prefer_replica or replica"},
    {"promotion_has_its_own_words", "c1: {nodes",
     "c1: {promotion: {synchronous: false, max_lost: 1MB, goes_on_alone: true, cooldown: 0, "
     "rejoin_command: /usr/bin/true}, nodes",
     0, 0, NULL},
    {"promotion_has_commands_or_none", "c1: {nodes",
     "c1: {promotion: {rejoin_command: ''}, nodes", 5, 36, "write a command, or nothing"},
    {"a_managed_cluster_cannot_confirm_more_than_it_has", "c1: {nodes:",
     "c1: {failover: managed, control: {user: u}, promotion: {confirmations: 2}, nodes: "
     "[{name: "
     "x, address: 127.0.0.9, port: 1}, {name: y, address: 127.0.0.9, port: 2}], x:",
     5, 3, "wants 2 confirmations of 1 standbys"},
    {"control_names_the_user_of_shardward_itself", "c1: {nodes",
     "c1: {control: {user: shardward, password: x, dbname: d}, nodes", 0, 0, NULL},
    {"control_needs_no_password", "c1: {nodes", "c1: {control: {user: shardward}, nodes", 0, 0,
     NULL},
    {"control_needs_a_user", "c1: {nodes", "c1: {control: {}, nodes", 5, 8,
     "needs the key 'user'"},
    {"control_logs_in_with_no_verifier", "c1: {nodes",
     "c1: {control: {user: u, password: '" VERIFIER "'}, nodes", 5, 37, "write the password"},
    {"a_node_may_have_a_weight", "port: 5432", "port: 5432, weight: 1000", 0, 0, NULL},
    {"a_node_may_have_no_weight", "port: 5432", "port: 5432, weight: 0", 0, 0, NULL},
    {"a_weight_has_an_end", "port: 5432", "port: 5432, weight: 1001", 5, 67, "0 to 1000"},
    {"a_user_may_be_held_to_businesses", "pool:", "businesses: [one, many]\n    pool:", 0, 0,
     NULL},
    {"a_user_may_be_held_to_databases", "pool:", "databases: [shop]\n    pool:", 0, 0, NULL},
    {"a_user_may_only_read", "pool:", "read_only: true\n    pool:", 0, 0, NULL},
    {"a_business_of_a_user_must_exist", "pool:", "businesses: [one, two]\n    pool:", 11, 23,
     "no business 'two'"},
    {"a_database_of_a_user_must_exist", "pool:", "databases: [shops]\n    pool:", 11, 17,
     "no database 'shops'"},
    {"an_empty_list_of_businesses_is_refused", "pool:", "businesses: []\n    pool:", 11, 17,
     "write at least one"},
    {"an_empty_list_of_databases_is_refused", "pool:", "databases: []\n    pool:", 11, 16,
     "write at least one"},
    {"businesses_of_a_user_are_a_list", "pool:", "businesses: one\n    pool:", 11, 17, "list"},
    {"read_only_is_a_switch", "pool:", "read_only: perhaps\n    pool:", 11, 16,
     "true or false"},
    {"tls_is_not_of_a_user", "password: other", "password: other, tls: x", 10, 42,
     "of a cluster or a node"},
    {"a_cluster_may_have_tls", "c1: {nodes", "c1: {tls: {mode: require}, nodes", 0, 0, NULL},
    {"a_node_may_have_tls_of_its_own", "port: 5432", "port: 5432, tls: {mode: prefer}", 0, 0,
     NULL},
    {"a_node_is_verified_by_something", "port: 5432", "port: 5432, tls: {mode: verify-full}", 5,
     64, "needs 'ca'"},
    {"roots_of_a_node_must_be_there", "port: 5432",
     "port: 5432, tls: {mode: verify-full, ca: /none}", 5, 88,
     "cannot use the root certificates '/none': No such file"},
    {"roots_are_for_those_who_verify", "port: 5432", "port: 5432, tls: {mode: require, ca: x}",
     5, 84, "of no use to 'mode: require'"},
    {"a_certificate_needs_its_key", "port: 5432",
     "port: 5432, tls: {mode: require, certificate: x}", 5, 64, "belong together"},
    {"a_node_chooses_the_cipher", "port: 5432", "port: 5432, tls: {mode: require, ciphers: x}",
     5, 89, "chooses among"},
    {"a_pool_may_keep_none_open", "size: 3", "size: 3, min: 0", 0, 0, NULL},
    {"a_pool_may_keep_all_open", "size: 3", "size: 3, min: 3", 0, 0, NULL},
    {"a_pool_keeps_no_more_than_its_size", "size: 3", "size: 3, min: 4", 11, 11,
     "more than the size of the pool (3)"},
    {"a_reserve_may_be_as_large_as_a_pool", "size: 3", "size: 3, reserve: 10000", 0, 0, NULL},
    {"a_reserve_has_a_limit", "size: 3", "size: 3, reserve: 10001", 11, 49, "0 to 10000"},
    {"a_reserve_may_wait_an_hour", "size: 3", "size: 3, reserve_after: 1h", 0, 0, NULL},
    {"a_reserve_does_not_wait_for_longer", "size: 3", "size: 3, reserve_after: 61min", 11, 55,
     "0ms to 1h"},
    {"clients_may_be_without_limit", "clients: 10", "clients: 10, connections: 0", 0, 0, NULL},
    {"connections_have_a_limit", "clients: 10", "clients: 10, connections: 1000001", 2, 36,
     "0 to 1000000"},
    {"users_have_limits", "    server:", "    clients: 1\n    connections: 1\n    server:", 0,
     0, NULL},
    {"limits_of_users_are_numbers", "    server:", "    clients: many\n    server:", 10, 14,
     "0 to 1000000"},
    {"databases_have_limits",
     "    catalog:", "    clients: 1\n    connections: 1\n    catalog:", 0, 0, NULL},
    {"limits_of_databases_are_numbers", "    catalog:", "    connections: -1\n    catalog:", 14,
     18, "0 to 1000000"},
    {"users_may_be_looked_up", "users:\n",
     "auth_query: {user: a, password: b, query: 'SELECT $1', cache: 1h}\nusers:\n"
     "  '*': {server: {user: app, password: other}}\n",
     0, 0, NULL},
    {"users_that_are_looked_up_need_a_query", "users:\n",
     "users:\n  '*': {server: {user: app, password: other}}\n", 8, 3, "write 'auth_query'"},
    {"a_query_needs_users_that_are_looked_up", "users:\n", "auth_query: {user: a}\nusers:\n", 7,
     1, "write user '*'"},
    {"a_query_asks_for_a_name", "users:\n",
     "auth_query: {user: a, query: SELECT 1}\nusers:\n"
     "  '*': {server: {user: app, password: other}}\n",
     7, 30, "no $1"},
    {"a_query_is_asked_by_somebody", "users:\n",
     "auth_query: {cache: 0}\nusers:\n  '*': {server: {user: app, password: other}}\n", 7, 1,
     "needs the key 'user'"},
    {"nobody_asks_by_a_verifier", "users:\n",
     "auth_query: {user: a, password: 'SCRAM-SHA-256$'}\nusers:\n"
     "  '*': {server: {user: app, password: other}}\n",
     7, 33, "write the password"},
    {"users_that_are_looked_up_have_passwords_of_their_own", "users:\n",
     "auth_query: {user: a}\nusers:\n"
     "  '*': {password: x, server: {user: app, password: other}}\n",
     9, 19, "remove this one"},
    {"users_that_are_looked_up_prove_themselves", "users:\n",
     "auth_query: {user: a}\nusers:\n"
     "  '*': {auth: trust, server: {user: app, password: other}}\n",
     9, 3, "cannot log in by 'trust'"},
    {"a_connection_may_live_for_ever", "pool: {", "pool: {lifetime: 0, idle: 0, check: 0, ", 0,
     0, NULL},
    {"a_connection_may_live_a_week", "pool: {", "pool: {lifetime: 168h, ", 0, 0, NULL},
    {"a_lifetime_beyond_a_week_is_refused", "pool: {", "pool: {lifetime: 169h, ", 11, 22,
     "0ms to 168h"},
    {"a_connection_keeps_one_statement_at_the_least", "pool: {", "pool: {prepared: 1, ", 0, 0,
     NULL},
    {"a_connection_that_keeps_none_is_refused", "pool: {", "pool: {prepared: 0, ", 11, 22,
     "1 to 100000"},
    {"a_node_may_take_one_connection", "c1: {nodes", "c1: {connections: 1, nodes", 0, 0, NULL},
    {"a_node_that_takes_none_is_refused", "c1: {nodes", "c1: {connections: 0, nodes", 5, 21,
     "1 to 100000"},
    {"a_pool_may_be_lent_by_statement", "mode: transaction", "mode: statement", 0, 0, NULL},
    {"an_unknown_pool_mode_is_refused", "mode: transaction", "mode: x", 11, 18,
     "write transaction, session or statement"},
    {"a_function_on_one_shard_needs_no_key", "tables: {things",
     "functions: {f(): {}, 'f(int, text[])': {writes: false}}\n        tables: {things", 0, 0,
     NULL},
    {"a_function_has_argument_types", "tables: {things",
     "functions: {f: {}}\n        tables: {things", 18, 21, "as book_slot(bigint, bigint)"},
    {"an_argument_type_is_not_empty", "tables: {things",
     "functions: {'f(int,)': {}}\n        tables: {things", 18, 21,
     "as book_slot(bigint, bigint)"},
    {"a_function_is_unique_in_its_database", "tables: {things",
     "functions: {f(int8): {}, 'public.f( bigint )': {}}\n        tables: {things", 18, 34,
     "public.f(bigint)' stands twice"},
    {"a_function_over_several_shards_has_a_key",
     "tables:\n          t:", "functions: {f(int): {}}\n        tables:\n          t:", 27, 21,
     "needs a key and a placement"},
    {"a_function_with_a_key_is_found", "tables:\n          t:",
     "functions: {f(int): {key: 1, placement: p}}\n        tables:\n          t:", 0, 0, NULL},
    {"the_key_of_a_function_is_one_of_its_arguments", "tables:\n          t:",
     "functions: {f(int): {key: 2, placement: p}}\n        tables:\n          t:", 27, 21,
     "has 1 arguments"},
    {"a_key_of_a_function_has_a_placement", "tables:\n          t:",
     "functions: {f(int): {key: 1}}\n        tables:\n          t:", 27, 21,
     "write its placement too"},
    {"a_harmless_function_has_no_key", "tables:\n          t:",
     "functions: {f(int): {key: 1, placement: p, harmless: true}}\n        tables:\n          "
     "t:",
     27, 21, "runs anywhere"},
    {"a_harmless_function_runs_anywhere", "tables:\n          t:",
     "functions: {f(int): {harmless: true}}\n        tables:\n          t:", 0, 0, NULL},
    {"harmless_is_true_or_false", "tables:\n          t:",
     "functions: {f(int): {harmless: yes}}\n        tables:\n          t:", 27, 40,
     "write true or false"},
    {"a_reference_table", "things: {}", "things: {reference: true}", 0, 0, NULL},
    {"reference_is_true_or_false", "things: {}", "things: {reference: yes}", 18, 38,
     "write true or false"},
    {"a_reference_table_has_no_key", "key: k,", "key: k, reference: true,", 28, 11,
     "remove its key and placement"},
    {"a_reference_table_of_several_shards", "tables:\n          t:",
     "tables:\n          r: {reference: true}\n          t:", 0, 0, NULL},
    {"what_shards_cannot_promise_may_be_local", "key: k,",
     "key: k, unique: local, foreign_keys: local, triggers: local, row_security: local,", 0, 0,
     NULL},
    {"unique_is_local_or_not_written", "key: k,", "key: k, unique: global,", 28, 31,
     "write local"},
    {"default_business_is_of_a_later_version", "businesses:\n",
     "default_business: one\n    businesses:\n", 15, 5, "not available"},

    {"nothing_need_be_put_into_a_file", "clients: 10", "gather_file: 0", 0, 0, NULL},
    {"a_directory_for_it", "clients: 10", "gather_directory: /var/tmp", 0, 0, NULL},
    {"no_directory_for_it", "clients: 10", "gather_directory: \"\"", 2, 28,
     "write a directory"},
    {"the_largest_memory_of_a_statement", "clients: 10", "gather_memory: 512MB", 0, 0, NULL},
    {"a_larger_memory_is_refused", "clients: 10", "gather_memory: 513MB", 2, 25,
     "1MB to 512MB"},
    {"the_least_memory_of_a_statement", "clients: 10", "gather_memory: 1MB", 0, 0, NULL},
    {"less_memory_is_refused", "clients: 10", "gather_memory: 1023kB", 2, 25, "1MB to 512MB"},

    {"no_statement_need_be_cached", "clients: 10", "statement_cache: 0", 0, 0, NULL},
    {"the_largest_statement_cache", "clients: 10", "statement_cache: 64GB", 0, 0, NULL},
    {"a_larger_statement_cache_is_refused", "clients: 10", "statement_cache: 65GB", 2, 27,
     "0B to 64GB"},

    {"one_client_is_the_least", "clients: 10", "clients: 1", 0, 0, NULL},
    {"no_client_is_refused", "clients: 10", "clients: 0", 2, 19, "1 to 1000000"},
    {"a_million_clients_are_the_most", "clients: 10", "clients: 1000000", 0, 0, NULL},
    {"more_clients_are_refused", "clients: 10", "clients: 1000001", 2, 19, "1 to 1000000"},
    {"a_negative_number_is_refused", "clients: 10", "clients: -1", 2, 19, "write a number"},
    {"a_huge_number_is_refused", "clients: 10", "clients: 99999999999999999999", 2, 19,
     "write a number"},
    {"a_size_carries_its_unit", "clients: 10", "message: 16MB, query: 64kB", 0, 0, NULL},
    {"a_size_without_a_unit_is_refused", "clients: 10", "message: 1000000", 2, 19,
     "with its unit (B, kB, MB, GB), as 64MB"},
    {"units_are_case_sensitive", "clients: 10", "message: 64mb", 2, 19, "with its unit"},
    {"a_size_of_zero_is_refused", "clients: 10", "message: 0", 2, 19, "with its unit"},
    {"1kB_is_the_least_message", "clients: 10", "message: 1kB", 0, 0, NULL},
    {"1023B_is_too_small_a_message", "clients: 10", "message: 1023B", 2, 19, "1kB to 1GB"},
    {"1GB_is_the_largest_message", "clients: 10", "message: 1GB", 0, 0, NULL},
    {"more_than_1GB_is_refused", "clients: 10", "message: 1025MB", 2, 19, "1kB to 1GB"},
    {"an_immense_size_is_refused", "clients: 10", "message: 999999999GB", 2, 19, "1kB to 1GB"},
    {"a_time_carries_its_unit", "login: 10s", "login: 1500ms, connect: 2min, lease: 1h", 0, 0,
     NULL},
    {"a_time_of_plain_zero_is_fine", "login: 10s", "login: 0", 0, 0, NULL},
    {"a_time_without_a_unit_is_refused", "login: 10s", "login: 10", 3, 19,
     "with its unit (ms, s, min, h), as 500ms"},
    {"a_day_is_the_longest_time", "login: 10s", "login: 24h", 0, 0, NULL},
    {"more_than_a_day_is_refused", "login: 10s", "login: 25h", 3, 19, "0ms to 24h"},

    {"a_cluster_needs_a_node", "nodes: [{name: n1, address: 127.0.0.1, port: 5432}]",
     "nodes: []", 5, 15, "has no node"},
    {"a_cluster_needs_nodes", "{nodes: [{name: n1, address: 127.0.0.1, port: 5432}]}", "{}", 5,
     3, "'c1' needs the key 'nodes'"},
    {"nodes_are_a_list", "nodes: [{name: n1, address: 127.0.0.1, port: 5432}]", "nodes: {}", 5,
     15, "is a mapping; write a list"},
    {"node_names_are_unique_in_the_file", "name: n2", "name: n1", 6, 16,
     "stands twice (first in line 5)"},
    {"a_node_needs_a_port", "address: db.example, port: 5433", "address: db.example", 6, 16,
     "'a node' needs the key 'port'"},
    {"a_node_takes_no_port_0", "port: 5433", "port: 0", 6, 54, "1 to 65535"},
    {"a_node_takes_an_ipv6_address", "db.example", "'fd00::1'", 0, 0, NULL},
    {"a_mistyped_address_is_no_host_name", "address: 127.0.0.1", "address: 127.0.0.300", 5, 36,
     "IPv4 or IPv6"},
    {"an_address_takes_no_port", "db.example", "'db.example:1'", 6, 36, "without a port"},

    {"a_user_needs_a_password", "    password: secret\n", "", 8, 3, "has no password"},
    {"trust_needs_no_password", "    password: secret\n", "    auth: trust\n", 0, 0, NULL},
    {"trust_and_password_contradict", "pool:", "auth: trust\n    pool:", 9, 15,
     "asks for no password"},
    {"an_unknown_auth_is_refused", "pool:", "auth: ldap\n    pool:", 11, 11,
     "write scram-sha-256, md5, password, peer, cert or trust"},
    {"md5_takes_a_password", "pool:", "auth: md5\n    pool:", 0, 0, NULL},
    {"password_takes_a_password", "pool:", "auth: password\n    pool:", 0, 0, NULL},
    {"md5_takes_a_hash", "password: secret", "auth: md5\n    password: " HASH, 0, 0, NULL},
    {"password_takes_a_hash", "password: secret", "auth: password\n    password: " HASH, 0, 0,
     NULL},
    {"md5_takes_no_verifier", "password: secret", "auth: md5\n    password: " VERIFIER, 10, 15,
     "of no use to md5"},
    {"password_takes_no_verifier", "password: secret",
     "auth: password\n    password: " VERIFIER, 10, 15, "of no use to password"},
    {"users_may_share_their_auth", "limits:", "auth: md5\nlimits:", 0, 0, NULL},
    {"trust_is_shared_by_nobody", "limits:", "auth: trust\nlimits:", 2, 7,
     "peer, cert and trust are for single users"},
    {"a_certificate_is_no_password", "pool:", "auth: cert\n    pool:", 9, 15,
     "asks for no password"},
    {"an_empty_password_is_refused", "password: secret", "password: ''", 9, 15, "is empty"},
    {"a_verifier_is_a_password", "password: secret", "password: " VERIFIER, 0, 0, NULL},
    {"half_a_verifier_is_refused", "password: secret", "password: SCRAM-SHA-256$4096:abc", 9,
     15, "no SCRAM-SHA-256 verifier"},
    {"a_verifier_with_a_tail_is_refused", "password: secret", "password: " VERIFIER "x", 9, 15,
     "no SCRAM-SHA-256 verifier"},
    {"scram_takes_no_hash", "password: secret", "password: " HASH, 9, 15,
     "of no use to scram-sha-256"},
    {"a_server_takes_no_verifier", "password: other", "password: " VERIFIER, 10, 35,
     "write the password"},
    {"a_server_needs_a_user", "{user: app, password: other}", "{password: other}", 10, 5,
     "needs the key 'user'"},
    {"both_password_and_file_are_refused", "pool:", "password_file: /dev/null\n    pool:", 11,
     20, "both 'password' and 'password_file'"},
    {"a_password_file_must_exist", "password: secret", "password_file: no/such", 9, 20,
     "No such file"},
    {"a_password_file_must_not_be_empty", "password: secret", "password_file: /dev/null", 9, 20,
     "one line"},
    {"a_pool_of_one_is_the_least", "size: 3", "size: 1", 0, 0, NULL},
    {"an_empty_pool_is_refused", "size: 3", "size: 0", 11, 37, "1 to 10000"},

    {"a_database_needs_a_catalog", "    catalog: {cluster: c1, dbname: shop}\n", "", 13, 3,
     "'shop' needs the key 'catalog'"},
    {"a_catalog_names_a_cluster_that_exists", "cluster: c1, dbname: shop",
     "cluster: c9, dbname: shop", 14, 24, "there is no cluster 'c9'"},
    {"a_shard_names_a_cluster_that_exists", "cluster: c2, dbname: m1",
     "cluster: c9, dbname: m1", 22, 25, "there is no cluster 'c9'"},
    {"a_shard_name_is_unique_in_its_database", "          m1: {", "          s: {", 22, 11,
     "the shard 's' stands twice in this database (first in line 17)"},
    {"two_shards_are_two_databases", "cluster: c2, dbname: m1", "cluster: c1, dbname: m0", 22,
     15, "'m0 on c1' stands twice"},
    {"a_shard_is_not_the_catalog", "dbname: m0", "dbname: shop", 21, 15,
     "'shop on c1' stands twice"},
    {"a_business_may_live_on_the_shards_of_another", "log: {level",
     "      guest: {shards: many, placements: {q: {hash: {type: int, buckets: 2}, map: {m0: 0, "
     "m1: 1}}}, tables: {g: {key: k, placement: q}}}\nlog: {level",
     0, 0, NULL},
    {"a_business_shares_shards_with_one_that_is_there", "log: {level",
     "      guest: {shards: nobody}\nlog: {level", 29, 23,
     "'shards: nobody': write the shards"},
    {"a_business_does_not_share_with_itself", "log: {level",
     "      guest: {shards: guest}\nlog: {level", 29, 23, "'shards: guest': write the shards"},
    {"a_business_shares_with_the_one_whose_shards_they_are", "log: {level",
     "      guest: {shards: many}\n      third: {shards: guest}\nlog: {level", 30, 23,
     "has shards of its own"},
    {"a_shared_business_of_two_shards_has_no_single_table", "log: {level",
     "      guest: {shards: many, tables: {g: {}}}\nlog: {level", 29, 38, "has 2 shards"},
    {"a_table_is_unique_in_its_database", "          t: {", "          things: {", 28, 11,
     "the table 'public.things' stands twice"},
    {"schema_public_is_the_default", "          t: {", "          public.things: {", 28, 11,
     "the table 'public.things' stands twice"},
    {"a_table_of_another_schema_is_another", "          t: {", "          other.things: {", 0,
     0, NULL},
    {"a_table_has_one_dot_at_most", "          t: {", "          a.b.c: {", 28, 11,
     "more than one dot"},
    {"a_table_of_pg_catalog_is_refused", "          t: {", "          pg_catalog.t: {", 28, 11,
     "belongs to PostgreSQL"},
    {"a_key_needs_a_placement", "{key: k, placement: p}", "{key: k}", 28, 11,
     "write its placement"},
    {"a_placement_needs_a_key", "{key: k, placement: p}", "{placement: p}", 28, 11,
     "write its key"},
    {"a_placement_must_exist", "placement: p}", "placement: q}", 28, 34, "no placement 'q'"},
    {"a_single_table_needs_a_business_of_one_shard", "{key: k, placement: p}", "{}", 28, 11,
     "has 2 shards"},
    {"a_table_without_a_value_is_refused", "things: {}", "things: ~", 18, 26, "has no value"},
    {"a_name_of_63_bytes_is_the_longest", "key: k,",
     "key: aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg,", 0, 0, NULL},
    {"a_name_of_64_bytes_is_refused", "key: k,",
     "key: aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg,", 28, 20,
     "longer than the 63 bytes"},

    {"one_bucket_is_the_least", "buckets: 8}\n            map: {m0: 0-3, m1: 4-7}",
     "buckets: 1}\n            map: {m0: 0}", 0, 0, NULL},
    {"no_bucket_is_refused", "buckets: 8", "buckets: 0", 25, 43, "1 to 65536"},
    {"65536_buckets_are_the_most", "buckets: 8}\n            map: {m0: 0-3, m1: 4-7}",
     "buckets: 65536}\n            map: {m0: 0-3, m1: 4-65535}", 0, 0, NULL},
    {"65537_buckets_are_refused", "buckets: 8", "buckets: 65537", 25, 43, "1 to 65536"},
    {"a_gap_is_found", "m1: 4-7", "m1: 5-6", 26, 13, "no shard has the buckets 4-4, 7-7"},
    {"an_overlap_is_found", "m1: 4-7", "m1: 2-7", 26, 32,
     "the buckets 2-3 belong to 'm0' already"},
    {"a_bucket_beyond_the_last_is_found", "m1: 4-7", "m1: 4-8", 26, 32, "the last bucket is 7"},
    {"a_range_runs_upwards", "m1: 4-7", "m1: 7-4", 26, 32, "as 0-255"},
    {"a_range_has_two_ends", "m1: 4-7", "m1: 4-", 26, 32, "as 0-255"},
    {"a_shard_of_another_business_is_found", "m1: 4-7", "m1: 4-7, s: 0", 26, 37,
     "has no shard 's'"},
    {"a_shard_stands_once_in_a_map", "m1: 4-7", "m1: 4-7, m1: 4-7", 26, 37, "stands twice"},
    {"ranges_may_be_a_list", "m0: 0-3, m1: 4-7", "m0: [0, 2-3], m1: [1, 4-7]", 0, 0, NULL},
    {"an_item_of_a_list_may_overlap", "m0: 0-3, m1: 4-7", "m0: [0-3, 3], m1: 4-7", 26, 29,
     "the buckets 3-3 belong to 'm0' already"},
    {"a_shard_may_have_no_bucket", "m0: 0-3, m1: 4-7", "m0: 0-7, m1: []", 0, 0, NULL},
    {"a_range_is_no_mapping", "m1: 4-7", "m1: {}", 26, 32, "is a mapping"},

    {"bad_syntax_is_one_fault", "limits: {clients", "limits: {{clients", 3, 1, "no YAML"},
    {"bytes_that_are_no_characters_are_found", "limits:", "\xff: 1\nlimits:", 2, 1, "no YAML"},
    {"a_second_document_is_refused", "limits:", "---\nlimits:", 2, 1, "second document"},
    {"deep_nesting_is_refused", "clients: 10",
     "clients: "
     "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
     2, 0, "deep"},
    {"an_alias_stands_for_what_it_names", "c1: {nodes: [", "c1: {nodes: &n [", 0, 0, NULL},
    {"an_alias_that_names_nothing_is_refused", "clients: 10", "clients: *x", 2, 19,
     "undefined alias"},
    {"an_alias_of_itself_is_refused", "limits: {clients: 10}",
     "limits: &l {clients: 10, message: *l}", 2, 9, "is a mapping"},
    {"merge_keys_are_refused", "clients: 10", "<<: {}, clients: 10", 2, 10, "merge keys"},
    {"a_key_that_is_a_list_is_refused", "clients: 10", "? [a] : 1", 2, 12, "a key is a list"},
    {"a_zero_byte_is_refused", "user: app,", "user: \"a\\0b\",", 10, 20, "zero byte"},
};

static char *with_change(const struct row *row)
{
    const char *at = strstr(good, row->from);

    assert_non_null(at);
    return sw_format("%.*s%s%s", (int)(at - good), good, row->to, at + strlen(row->from));
}

static struct sw_config *read_text(const char *text, size_t len,
                                   struct sw_config_faults *faults)
{
    char path[] = "/tmp/shardward-config-XXXXXX";
    int fd = mkstemp(path);
    struct sw_config *config;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    (void)close(fd);
    config = sw_config_read(path, faults);
    (void)unlink(path);
    return config;
}

static void run_row(void **state)
{
    const struct row *row = *state;
    struct sw_config_faults faults;
    char *text = with_change(row);
    struct sw_config *config = read_text(text, strlen(text), &faults);

    free(text);
    if (row->text == NULL) {
        if (faults.count > 0)
            fail_msg("%d:%d: %s", faults.faults[0].line, faults.faults[0].column,
                     faults.faults[0].text);
        assert_non_null(config);
        sw_config_free(config);
        return;
    }
    assert_null(config);
    assert_int_not_equal(faults.count, 0);
    for (int i = 0; i < faults.count; i++)
        if (faults.faults[i].line == row->line &&
            (row->column == 0 || faults.faults[i].column == row->column) &&
            strstr(faults.faults[i].text, row->text) != NULL)
            return;
    fail_msg("first fault: %d:%d: %s", faults.faults[0].line, faults.faults[0].column,
             faults.faults[0].text);
}

static void the_example_file_has_no_fault(void **state)
{
    struct sw_config_faults faults;
    struct sw_config *config = sw_config_read(BOOKING_YAML, &faults);

    for (int i = 0; i < faults.count; i++)
        print_error("%d:%d: %s\n", faults.faults[i].line, faults.faults[i].column,
                    faults.faults[i].text);
    assert_non_null(config);
    assert_string_equal(config->listen_address, "127.0.0.1");
    assert_int_equal(config->listen_port, 6432);
    assert_int_equal(config->limits.clients, 10000);
    assert_int_equal(config->limits.message, 64 * 1024 * 1024);
    assert_int_equal(config->limits.query, 16 * 1024 * 1024);
    assert_int_equal(config->limits.statement_cache, 64 * 1024 * 1024);
    assert_int_equal(config->limits.gather_memory, 64 * 1024 * 1024);
    assert_int_equal(config->limits.gather_file, INT64_C(4) << 30);
    assert_int_equal(config->timeouts.login_ms, 10000);
    assert_int_equal(config->cluster_count, 2);
    assert_string_equal(config->clusters[1].nodes[2].name, "c2-north");
    assert_string_equal(config->clusters[1].nodes[2].cloud, "north");
    assert_int_equal(config->clusters[1].nodes[2].port, 6448);
    assert_int_equal(config->users[0].pool.size, 20);
    assert_int_equal(config->users[0].pool.min, 0);
    assert_int_equal(config->users[0].pool.lifetime_ms, 3600000);
    assert_int_equal(config->users[0].pool.idle_ms, 600000);
    assert_int_equal(config->users[0].pool.check_ms, 30000);
    assert_int_equal(config->users[0].pool.prepared, 256);
    assert_int_equal(config->workers, 0);
    assert_string_equal(config->users[0].server_password, "booking");
    assert_int_equal(config->databases[0].business_count, 5);
    assert_int_equal(config->databases[0].businesses[1].tables[0].key_count, 1);
    assert_string_equal(config->databases[0].businesses[1].tables[0].keys[0], "patient_id");
    assert_int_equal(config->databases[0].businesses[1].placements[0].ranges[3].last, 1023);
    sw_config_free(config);
}

static void all_faults_come_in_one_run_and_in_order(void **state)
{
    static const char text[] = "listen: here\n"
                               "clusters: {}\n"
                               "users: {u: {server: {}}}\n"
                               "colour: red\n"
                               "databases: 7\n";
    struct sw_config_faults faults;

    assert_null(read_text(text, strlen(text), &faults));
    assert_int_equal(faults.count, 6);
    for (int i = 1; i < faults.count; i++)
        assert_true(faults.faults[i - 1].line <= faults.faults[i].line);
    assert_int_equal(faults.faults[0].line, 1);
    assert_int_equal(faults.faults[5].line, 5);
}

static void only_the_first_hundred_faults_are_kept(void **state)
{
    enum { REQUIRED = 4 }; /* missing keys are faults of the first line */
    struct sw_config_faults faults;
    char text[4000] = "";

    for (int i = 0; i < 150; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "unknown%d: 1\n", i);
    assert_null(read_text(text, strlen(text), &faults));
    assert_int_equal(faults.count, SW_CONFIG_FAULTS);
    assert_int_equal(faults.faults[SW_CONFIG_FAULTS - 1].line, SW_CONFIG_FAULTS - REQUIRED);
}

static void a_file_that_is_not_there_is_one_fault_without_a_place(void **state)
{
    struct sw_config_faults faults;

    assert_null(sw_config_read("/no/such/file", &faults));
    assert_int_equal(faults.count, 1);
    assert_int_equal(faults.faults[0].line, 0);
    assert_non_null(strstr(faults.faults[0].text, "No such file"));
}

static void a_folder_is_no_file(void **state)
{
    struct sw_config_faults faults;

    assert_null(sw_config_read("/tmp", &faults));
    assert_int_equal(faults.count, 1);
}

static void an_empty_file_is_refused(void **state)
{
    struct sw_config_faults faults;

    assert_null(read_text("", 0, &faults));
    assert_int_equal(faults.count, 1);
    assert_null(read_text("# nothing\n", 10, &faults));
    assert_string_equal(faults.faults[0].text, "the file is empty");
}

static void a_file_of_16MB_is_read_and_one_byte_more_is_not(void **state)
{
    enum { MOST = 16 * 1024 * 1024 };
    struct sw_config_faults faults;
    struct sw_config *config;
    char *text = sw_alloc(MOST + 1);

    memset(text, '\n', MOST + 1);
    memcpy(text, good, sizeof good - 1);
    config = read_text(text, MOST, &faults);
    assert_non_null(config);
    sw_config_free(config);
    assert_null(read_text(text, MOST + 1, &faults));
    assert_non_null(strstr(faults.faults[0].text, "too large"));
    free(text);
}

static void a_password_file_stands_beside_the_config_and_ends_with_its_line(void **state)
{
    char folder[] = "/tmp/shardward-config-XXXXXX";
    struct sw_config_faults faults;
    struct sw_config *config;
    struct row row = {.from = "password: secret", .to = "password_file: app.secret"};
    char *text = with_change(&row), *path, *secret;
    FILE *file;

    assert_non_null(mkdtemp(folder));
    path = sw_format("%s/c.yaml", folder);
    secret = sw_format("%s/app.secret", folder);
    file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
    file = fopen(secret, "w");
    assert_non_null(file);
    (void)fputs(" pass word \r\n", file);
    (void)fclose(file);
    config = sw_config_read(path, &faults);
    assert_non_null(config);
    assert_string_equal(config->users[0].password, " pass word ");
    sw_config_free(config);
    (void)unlink(path);
    (void)unlink(secret);
    (void)rmdir(folder);
    free(path);
    free(secret);
    free(text);
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof *rows };
    const struct CMUnitTest more[] = {
        cmocka_unit_test(the_example_file_has_no_fault),
        cmocka_unit_test(all_faults_come_in_one_run_and_in_order),
        cmocka_unit_test(only_the_first_hundred_faults_are_kept),
        cmocka_unit_test(a_file_that_is_not_there_is_one_fault_without_a_place),
        cmocka_unit_test(a_folder_is_no_file),
        cmocka_unit_test(an_empty_file_is_refused),
        cmocka_unit_test(a_file_of_16MB_is_read_and_one_byte_more_is_not),
        cmocka_unit_test(a_password_file_stands_beside_the_config_and_ends_with_its_line),
    };
    struct CMUnitTest tests[ROWS];

    for (int i = 0; i < ROWS; i++)
        tests[i] = (struct CMUnitTest){.name = rows[i].name,
                                       .test_func = run_row,
                                       .initial_state = (void *)(uintptr_t)&rows[i]};
    return _cmocka_run_group_tests("faults", tests, ROWS, NULL, NULL) +
           cmocka_run_group_tests_name("config", more, NULL, NULL);
}
