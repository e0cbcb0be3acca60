/*
 * config - the YAML file that a DBA edits, read into plain structs.
 *
 * A config is immutable once read and owns all it points to. Names are unique where the file
 * demands it, every name that is referred to exists, every number is within its range: whoever
 * holds a config need not check it again. Arrays keep the order of the file.
 */
#ifndef SW_CONFIG_CONFIG_H
#define SW_CONFIG_CONFIG_H

#include "shardward/base/arena.h"
#include "shardward/base/error.h"
#include "shardward/base/log.h"
#include "shardward/io/tls.h"
#include "shardward/key/value.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { SW_WORKERS_MOST = 64 };

struct sw_config_node {
    const char *name, *cloud; /* cloud may be NULL */
    const char *address;      /* or the directory of its Unix-domain socket */
    int port;
    int weight;                      /* of reads, beside the other replicas; 0: none */
    const struct sw_tls_client *tls; /* its own, or its cluster's; never NULL */
};

/* How shardward itself logs in to the nodes of a cluster. */
struct sw_config_control {
    const char *user;     /* NULL: it does not, and takes what the file says on trust */
    const char *password; /* NULL: the nodes ask for none */
    const char *dbname;   /* for what concerns no database: "postgres" unless the file says */
};

/* Who makes a standby the primary when the primary is lost. */
enum sw_failover_mode {
    SW_FAILOVER_OFF,     /* nobody: the node that stands first is the primary */
    SW_FAILOVER_FOLLOW,  /* somebody else (Patroni, RDS, an operator): it is found and followed
                          */
    SW_FAILOVER_MANAGED, /* shardward */
};

const char *sw_failover_mode_name(enum sw_failover_mode mode);

/* How the nodes of a cluster are watched. Times in milliseconds. */
struct sw_config_health {
    int status_ms, status_timeout_ms;   /* the question on a standing connection */
    int connect_ms, connect_timeout_ms; /* a fresh connection */
    int write_ms, write_timeout_ms;     /* a write on the primary */
    int fast_ms;                        /* between questions to a suspect */
    int fall, rise;           /* failures in a row until DOWN; good answers until UP */
    int min_down_ms;          /* a node that does not answer is not DOWN before */
    int restart_grace_ms;     /* a primary that says it starts anew is given so long */
    int unreachable_grace_ms; /* ... and one that its standbys still hear */
    int unheard_ms; /* a connection whose host confirms nothing is given up after it; 0: never
                     */
};

/* Where reads may go, the strictest first. */
enum sw_read_mode {
    SW_READ_PRIMARY,
    SW_READ_PREFER_REPLICA, /* to a replica, if one is usable */
    SW_READ_REPLICA,        /* ... and nowhere else */
};

const char *sw_read_mode_name(enum sw_read_mode mode); /* "prefer_replica" */
/* False: it is none, and *mode is untouched. */
bool sw_read_mode_find(const char *name, enum sw_read_mode *mode);

/* How far a replica may be behind to be read. It is read again when it is half as far. */
struct sw_config_reads {
    size_t max_lag_bytes;
    int max_lag_ms;
    int wait_ms; /* so long a read waits on a replica for what its session has to see */
};

/* How shardward promotes, with SW_FAILOVER_MANAGED. */
struct sw_config_promotion {
    bool is_synchronous; /* a commit waits until standbys have it; else it may be lost */
    int confirmations;   /* ... so many of them */
    bool goes_on_alone;  /* without a standby the primary takes writes, which may be lost */
    size_t max_lost; /* of an asynchronous cluster: bytes of WAL that a new primary may lack */
    int shrink_after_ms;        /* who is away for so long need not confirm any more */
    int cooldown_ms;            /* between two promotions that nobody ordered */
    int most_per_hour;          /* of those; then an operator has to order it */
    int recruit_timeout_ms;     /* for all that is asked of a node before one is promoted */
    const char *rejoin_command; /* makes a former primary a standby; NULL: an operator does */
    const char *fence_command;  /* cuts a former primary off; NULL: nothing does */
};

enum { SW_MANAGED_NODES = 16 }; /* of a managed cluster, at most */

struct sw_config_cluster {
    const char *name;
    struct sw_config_control control;
    enum sw_failover_mode failover;
    struct sw_config_promotion promotion;
    struct sw_config_health health;
    struct sw_config_reads reads;
    const struct sw_tls_client *tls;    /* of nodes that have none of their own; or NULL */
    const struct sw_config_node *nodes; /* the first one is the primary until more is known */
    int node_count;
    int connections; /* at most so many of ours to one node; 0: no limit but the pools' */
};

/* How a client proves who it is. */
enum sw_config_auth {
    SW_AUTH_SCRAM,
    SW_AUTH_MD5,
    SW_AUTH_PASSWORD,
    SW_AUTH_PEER, /* whom the kernel names at the other end of a Unix-domain socket */
    SW_AUTH_CERT, /* whom the certificate names that a client shows in TLS */
    SW_AUTH_TRUST,
};

/* A user's server connections to one shard, of all workers together. Times of 0: never. */
enum sw_pool_mode {
    SW_POOL_TRANSACTION, /* a connection is lent for a transaction */
    SW_POOL_SESSION,     /* ... for as long as the client stays */
    SW_POOL_STATEMENT,   /* ... for a statement: transaction blocks are refused */
};

const char *sw_pool_mode_name(enum sw_pool_mode mode);

struct sw_config_pool {
    enum sw_pool_mode mode;
    int size;
    int min;     /* opened at start, and kept */
    int reserve; /* so many more, for clients that have waited for reserve_after_ms */
    int reserve_after_ms;
    int lifetime_ms; /* of a connection */
    int idle_ms;     /* until an unused one is closed */
    int check_ms;    /* until an unused one is probed before use */
    int prepared;    /* statements kept on one connection */
};

/* What a user may do. A list of names that is NULL holds all. */
struct sw_config_rights {
    const char *const *databases; /* to connect to */
    int database_count;
    const char *const *businesses; /* to use, in whatever database */
    int business_count;
    bool is_read_only;
};

struct sw_config_user {
    const char *name;
    enum sw_config_auth auth;
    const char *password; /* or what pg_authid has: a SCRAM verifier, with SCRAM; an md5 hash,
                             with MD5 and PASSWORD. NULL with PEER and TRUST */
    uid_t peer; /* the operating system's user of that name, if it was looked for; else -1 */
    struct sw_config_rights rights;
    const char *server_user, *server_password; /* password NULL: the nodes ask for none */
    struct sw_config_pool pool;
    enum sw_read_mode read;   /* unless the session says otherwise */
    int clients, connections; /* at once, in whatever database, and to servers; 0: no limit */
};

/* How users that are not in the file are looked up in the catalog database. */
struct sw_config_auth_query {
    const char *user, *password; /* who asks; user NULL: nobody does; password NULL: none */
    const char *text;            /* $1 is the name; gives a name and a password */
    int cache_ms;                /* how long an answer holds; 0: for one login */
};

/* The name in the file of what holds for users that are looked up. */
#define SW_OTHER_USERS "*"

/* Who may use the console. */
struct sw_config_admin_user {
    const char *name, *password; /* a password or a SCRAM verifier */
    bool may_change;             /* else: look only */
};

struct sw_config_shard {
    const char *name;
    int cluster; /* index in clusters */
    const char *dbname;
};

/*
 * How a key finds its shard, in two steps of which either may be missing:
 *
 *      the first part --list or range--> a group        the parts from hashed_from on
 *                                          |            --hash--> one of its buckets --> shard
 *
 * A hash placement has one group. Without hash, each group is one bucket.
 */
enum sw_placement_kind {
    SW_PLACEMENT_HASH,
    SW_PLACEMENT_LIST,  /* the first part is one of some values */
    SW_PLACEMENT_RANGE, /* ... or lies in a range */
};

enum { SW_KEY_PARTS = 8 };

/* A value of a list (`from` alone), or a range [from, to), of the first part of a key. */
struct sw_key_span {
    struct sw_key_value from, to;
    bool is_from_open, is_to_open; /* the range has no such bound */
    int group;
};

/* Buckets first..last of a group belong to a shard. */
struct sw_config_range {
    int shard; /* index in the shards of the business */
    int group;
    int first, last;
};

struct sw_config_placement {
    const char *name;
    enum sw_placement_kind kind;
    enum sw_key_type types[SW_KEY_PARTS]; /* of the columns of a key, in their order */
    int part_count;
    int hashed_from;                 /* the first part that is hashed; part_count: none is */
    const struct sw_key_span *spans; /* in order of `from`; they do not overlap */
    int span_count;
    const char *const *groups; /* their names; of a list or range without hash: the shards' */
    int group_count;
    int default_group;                    /* of a first part without a span; -1: none */
    int buckets;                          /* of each group */
    const struct sw_config_range *ranges; /* every bucket of every group exactly once */
    int range_count;
};

struct sw_config_table {
    const char *schema, *name; /* schema is "public" unless the file says "schema.name" */
    const char *const *keys;   /* the columns of the key, one for each part; NULL: single */
    int key_count;
    int placement;     /* index in the placements of the business; -1 without a key */
    bool is_reference; /* each shard of the business has all its rows; it has no key */
    /* What the DBA answers for, although no shard can: that unique and exclusion constraints
     * hold over all shards; that foreign keys do; that triggers touch only rows of the same
     * shard; that row security does. */
    bool is_unique_local, is_foreign_local, is_trigger_local, is_row_security_local;
};

/* A function of the user's: where it finds its rows. */
struct sw_config_function {
    const char *schema, *name;
    const char *arguments; /* their types as PostgreSQL prints them: "bigint, text" */
    int argument_count;
    int key;       /* number of the argument that is the key, from 1; 0: none */
    int placement; /* index in the placements of the business; -1 without a key */
    bool writes;
    bool is_harmless; /* touches no table and has no side effect: runs anywhere */
};

struct sw_config_business {
    const char *name;
    const struct sw_config_shard *shards;
    int shard_count;
    int shards_of; /* the business before it whose shards they are; -1: its own */
    const struct sw_config_placement *placements;
    int placement_count;
    const struct sw_config_table *tables;
    int table_count;
    const struct sw_config_function *functions;
    int function_count;
};

struct sw_config_database {
    const char *name;
    int catalog_cluster;
    const char *catalog_dbname;
    int clients, connections; /* at once, and to servers; 0: no limit */
    const struct sw_config_business *businesses;
    int business_count;
};

/* Which connections a line of `hba` is of, and what becomes of them. */
enum sw_hba_type { SW_HBA_LOCAL, SW_HBA_HOST, SW_HBA_HOSTSSL, SW_HBA_HOSTNOSSL };
enum sw_hba_method {
    SW_HBA_AUTH /* the user's own */,
    SW_HBA_PEER,
    SW_HBA_CERT,
    SW_HBA_TRUST,
    SW_HBA_REJECT
};

struct sw_config_hba {
    enum sw_hba_type type;
    enum sw_hba_method method;
    const char *const *databases, *const *users; /* NULL: all */
    int database_count, user_count;
    uint8_t address[16];
    int address_len, address_bits; /* bytes of it, 0: all; bits that count */
    const char *address_text;
    const char *text; /* all of it, for people */
};

struct sw_config {
    struct sw_arena arena;
    const char *path;
    const char *listen_address; /* numeric */
    int listen_port;
    const char *cloud; /* that this proxy runs in; NULL: not said */
    struct {
        const char *directory; /* NULL: no Unix-domain sockets */
        int mode;              /* of their files */
    } unix_socket;
    enum sw_config_auth auth; /* of users that name none, and of names that are no user's */
    int workers;              /* threads that serve clients; 0: one per core */
    struct {
        int clients;
        int connections;      /* to servers, of all workers, users and databases; 0: no limit */
        int failover_waiting; /* statements that wait for a cluster's primary, of all workers */
        int id_block;         /* numbers drawn ahead from a sequence at a time */
        size_t message, query, statement_cache; /* bytes */
        /* Of one statement: what is gathered of several shards to be finished, in memory, and
         * in a file; 0: there is no file. */
        size_t gather_memory, gather_file;
        const char *gather_directory; /* of those files: unless it is said what TMPDIR says, or
                                         /tmp */
    } limits;
    struct {
        int login_ms, connect_ms, lease_ms, ddl_lock_ms; /* 0: none */
        int query_ms;                                    /* 0: for ever, as are these: */
        int idle_session_ms, idle_in_transaction_ms;
        int failover_ms; /* for a primary that is lost; 0: for ever */
        int drain_ms;    /* 0: not at all */
    } timeouts;
    struct {
        enum sw_tls_mode mode;     /* to clients, those of the console too */
        struct sw_tls *server;     /* NULL with SW_TLS_DISABLE; the config holds a reference */
        struct sw_tls_files files; /* of which it was made */
    } tls;
    struct {
        const char *address; /* NULL: no console */
        int port;
        const struct sw_config_admin_user *users;
        int user_count;
    } admin;
    struct {
        const char *address; /* NULL: no HTTP */
        int port;
    } http;
    struct {
        enum sw_log_level level;
        enum sw_log_format format;
        int slow_ms;          /* statements that take as long are logged; 0: none */
        bool has_connections; /* clients' coming and going is logged at level info */
    } log;
    const struct sw_config_cluster *clusters;
    int cluster_count;
    const struct sw_config_user *users;
    int user_count;
    struct sw_config_auth_query auth_query;
    const struct sw_config_hba *hba; /* in their order; NULL: everybody may try */
    int hba_count;
    const struct sw_config_database *databases;
    int database_count;
};

/* What is wrong with a file, and what to write instead. */
struct sw_config_fault {
    int line, column; /* from 1; 0 when the fault is of the file as a whole */
    char text[400];
};

enum { SW_CONFIG_FAULTS = 100 };

struct sw_config_faults {
    struct sw_config_fault faults[SW_CONFIG_FAULTS]; /* in the order of the file */
    int count;                                       /* further ones are dropped */
};

/*
 * Read the file at @path, and the files that its `password_file:` keys name (relative to its
 * folder). Returns NULL and at least one fault when anything is wrong: all faults of the file
 * in one run. A file has at most 16 MB, and 32 levels. Free with sw_config_free().
 */
struct sw_config *sw_config_read(const char *path, struct sw_config_faults *faults);
void sw_config_free(struct sw_config *config);

/* The path of the Unix-domain socket that stands for a TCP port, as libpq looks for it. */
void sw_config_socket_path(const struct sw_config *config, int port, char *path, size_t size);

/* As the file spells it. */
const char *sw_config_auth_name(enum sw_config_auth auth);

#endif
