/*
 * map - where the tables are: an immutable picture, counted, made of a config.
 *
 * One map serves all sessions; nothing in it changes after it is built. It shares the config's
 * texts, and so owns the config. References are taken and given back on any thread.
 */
#ifndef SW_TOPOLOGY_MAP_H
#define SW_TOPOLOGY_MAP_H

#include "shardward/base/textmap.h"
#include "shardward/config/config.h"

#include <stdatomic.h>

struct sw_node {
    const char *name, *address, *cloud;
    int port, weight;
    const struct sw_tls_client *tls;
};

struct sw_cluster {
    const char *name;
    struct sw_config_control control;
    enum sw_failover_mode failover;
    const struct sw_config_promotion *promotion;
    const struct sw_config_health *health;
    const struct sw_config_reads *reads;
    const struct sw_node *nodes; /* which one is the primary: see state.h */
    int node_count;
    int connections; /* at most so many of ours to one node; 0: no limit */
};

/* One database on one cluster. The catalog database of an application database is a shard too,
 * of no business, and is called "catalog". */
struct sw_shard {
    int id; /* in the whole map, from 0: also the global order of shards */
    const char *name;
    const struct sw_cluster *cluster;
    const char *dbname;
    const struct sw_business *business; /* whose own it is; NULL: a catalog database */
    const struct sw_database *database; /* of the application */
};

/* A bucket's way through a move; only active ones exist until shards can be split. */
enum sw_bucket_state { SW_BUCKET_ACTIVE, SW_BUCKET_MOVING, SW_BUCKET_FROZEN };

struct sw_bucket {
    const struct sw_shard *shard;
    enum sw_bucket_state state;
};

/*
 * How a key finds its bucket (enum sw_placement_kind tells the way). Bucket b of group g is
 * buckets[g * group_buckets + b]; of a hash placement, whose one group has all buckets, that is
 * buckets[b].
 */
struct sw_placement {
    const char *name;
    const struct sw_business *business;
    enum sw_placement_kind kind;
    const enum sw_key_type *types; /* of the parts of a key */
    int part_count;
    int hashed_from;                 /* the first part that is hashed; part_count: none is */
    const struct sw_key_span *spans; /* of a list or range, in order */
    int span_count;
    const char *const *groups; /* their names */
    int group_count;
    int default_group; /* -1: a value without a span has no place */
    int group_buckets;
    const struct sw_bucket *buckets;
    int bucket_count;
    const struct sw_shard *const *shards; /* those that hold a bucket, in global order */
    int shard_count;
};

struct sw_table {
    const char *schema, *name;
    const struct sw_business *business;
    const char *const *keys; /* the columns of the key, one for each part; NULL: single */
    const struct sw_placement *placement; /* of a sharded table; of a reference table one that
                                             leads to all shards */
    const struct sw_shard *shard; /* of a single table; of a reference table the first */
    bool
        is_reference; /* each shard of its business, of which there are several, has all rows */
    const struct sw_config_table *config; /* what the DBA answers for; NULL: nothing */
};

/* A function of the user's. What it touches is where a row with its key would be. */
struct sw_function_rule {
    const struct sw_config_function *config;
    struct sw_table home; /* bears the function's name; `keys` is NULL without one */
};

struct sw_business {
    const char *name;
    const struct sw_shard *shards; /* its own, or those of another one: see sw_shard.business */
    int shard_count;
    const struct sw_table *tables;
    int table_count;
    const struct sw_function_rule *functions;
    int function_count;
};

struct sw_database {
    const char *name;
    const struct sw_shard *catalog;
    const struct sw_business *businesses;
    int business_count;
    const struct sw_shard *const *shards; /* the catalog database, then all others, once each */
    int shard_count;
    int clients, connections; /* see config.h */
    struct sw_textmap tables; /* "schema.name" -> const struct sw_table */
};

struct sw_user {
    const char *name;
    enum sw_config_auth auth;
    const char *password;
    uid_t peer; /* with SW_AUTH_PEER */
    const char *server_user, *server_password;
    struct sw_config_rights rights;
    struct sw_config_pool pool;
    enum sw_read_mode read;
    int clients, connections; /* see config.h */
    const struct sw_map *map; /* that it belongs to */
};

struct sw_map {
    atomic_int refs;
    struct sw_config *config;
    struct sw_arena arena;
    const struct sw_cluster *clusters;
    int cluster_count;
    const struct sw_database *databases;
    int database_count;
    const struct sw_user *users; /* `others` among them */
    int user_count;
    const struct sw_user *others; /* what holds for users that are looked up; NULL: none are */
    const struct sw_shard *const *shards; /* by id */
    int shard_count;
};

/* Build the map of @config, which it takes. One reference. */
struct sw_map *sw_map_build(struct sw_config *config);
struct sw_map *sw_map_ref(struct sw_map *map);
void sw_map_unref(struct sw_map *map);

/* NULL when there is no such thing. */
const struct sw_database *sw_map_database(const struct sw_map *map, const char *name);
/* Not `others`, whatever the name. */
const struct sw_user *sw_map_user(const struct sw_map *map, const char *name);
bool sw_user_may_connect(const struct sw_user *user, const struct sw_database *database);
/* Is there nothing of it but on one server, its catalog database? */
bool sw_database_is_whole(const struct sw_database *database);
/* May the user use tables of @business, of a database that he may connect to? */
bool sw_user_may_use(const struct sw_user *user, const struct sw_business *business);
/* May a connection of the user to @shard be of use: of a business that he may use, or a catalog
 * database that he may connect to? */
bool sw_user_may_reach(const struct sw_user *user, const struct sw_shard *shard);
const struct sw_table *sw_database_table(const struct sw_database *database, const char *schema,
                                         const char *name);
/* By the name of a shard, or that of the catalog database. */
const struct sw_shard *sw_database_shard(const struct sw_database *database, const char *name);
/* Does each key have the same shard in both? */
bool sw_placements_coincide(const struct sw_placement *a, const struct sw_placement *b);
/* Is a row of the same key, in columns of the same names, on the same shard in both? */
bool sw_tables_are_placed_alike(const struct sw_table *a, const struct sw_table *b);
/* The rule for a function with so many arguments; NULL also when there are several. */
const struct sw_function_rule *sw_database_function(const struct sw_database *database,
                                                    const char *schema, const char *name,
                                                    int argument_count);

#endif
