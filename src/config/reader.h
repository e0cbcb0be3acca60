/*
 * reader - walks a YAML document by tables of fields, and notes every fault with its place.
 *
 * A field table names the keys of one mapping, in the order in which they are to be read (so
 * that what is referred to is read before what refers to it). Readers write into the config's
 * structs; after a fault these may be incomplete, but names are never NULL and indexes never
 * out of range, so reading goes on.
 */
#ifndef SW_CONFIG_READER_H
#define SW_CONFIG_READER_H

#include "shardward/base/textmap.h"
#include "shardward/config/config.h"

#include <yaml.h>

/* The budget of keys and items visited: aliases can make a small file a huge one. */
enum { SW_READER_VISITS = 1000000, SW_READER_NAME = 63 };

struct sw_reader {
    yaml_document_t document;
    struct sw_config *config;
    struct sw_config_faults *faults;
    int visits;
    struct sw_textmap node_names; /* of all clusters; the maps' values are YAML nodes */
    /* Of the database at hand. */
    struct sw_textmap shard_names, homes, table_names, function_names;
    struct sw_textmap business_names; /* those before the one at hand */
    const struct sw_config_business *first_business;
    /* Of the business at hand; its placement or table. */
    struct sw_config_business *business;
    struct sw_config_placement *placement;
    struct sw_config_table *table;
    bool is_way_broken;               /* the placement's: its map cannot be read */
    struct sw_map_draft *draft;       /* of its map */
    const yaml_node_t *auth_query_at; /* NULL: there is none */
    bool has_others;                  /* users have SW_OTHER_USERS */
};

/* One key of a mapping with its value. */
struct sw_entry {
    const char *name;
    const yaml_node_t *key, *value;
};

struct sw_field {
    const char *name;
    void (*read)(struct sw_reader *reader, const struct sw_entry *entry,
                 const struct sw_field *field, void *into); /* NULL: of a later version */
    size_t offset;                                          /* of what a scalar is read into */
    bool is_required;
    int64_t least, most; /* of numbers, sizes and times */
};

void sw_reader_fault(struct sw_reader *reader, const yaml_node_t *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void sw_faults_add(struct sw_config_faults *faults, yaml_mark_t mark, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Read the mapping @entry by @fields into the struct @into. False: it is no mapping. */
bool sw_reader_fields(struct sw_reader *reader, const struct sw_entry *entry,
                      const struct sw_field *fields, size_t count, void *into);

/* Does @entry, a mapping, have a key of that name? */
bool sw_reader_has(struct sw_reader *reader, const struct sw_entry *entry, const char *name);

typedef void sw_reader_item(struct sw_reader *reader, const struct sw_entry *entry, void *item);

/* Read the mapping @entry, whose keys are names of the user's choice: one item of @size bytes
 * for each. Returns the items, in the order of the file. */
void *sw_reader_each(struct sw_reader *reader, const struct sw_entry *entry, size_t size,
                     sw_reader_item *read, int *count);

/* The same for a sequence; the name of an item is the name of its sequence. */
void *sw_reader_sequence(struct sw_reader *reader, const struct sw_entry *entry, size_t size,
                         sw_reader_item *read, int *count);

/* The text of a scalar, owned by the config; NULL after a fault. */
const char *sw_reader_scalar(struct sw_reader *reader, const struct sw_entry *entry);
/* A name that PostgreSQL can bear: 1 to 63 bytes without control characters. */
bool sw_reader_is_name(struct sw_reader *reader, const yaml_node_t *at, const char *what,
                       const char *name);

/* Field readers for scalars. */
void sw_read_name(struct sw_reader *reader, const struct sw_entry *entry,
                  const struct sw_field *field, void *into); /* const char * */
void sw_read_number(struct sw_reader *reader, const struct sw_entry *entry,
                    const struct sw_field *field, void *into); /* int */
void sw_read_size(struct sw_reader *reader, const struct sw_entry *entry,
                  const struct sw_field *field, void *into); /* size_t, bytes */
void sw_read_time(struct sw_reader *reader, const struct sw_entry *entry,
                  const struct sw_field *field, void *into); /* int, milliseconds */

void sw_read_bool(struct sw_reader *reader, const struct sw_entry *entry,
                  const struct sw_field *field, void *into); /* bool: true or false */

/* Where a secret may stand. */
struct sw_secret {
    const char *text;
    const yaml_node_t *at, *file_at;
};

/* Field readers of `password` and `password_file` into one struct sw_secret. */
void sw_read_password(struct sw_reader *reader, const struct sw_entry *entry,
                      const struct sw_field *field, void *into);
void sw_read_password_file(struct sw_reader *reader, const struct sw_entry *entry,
                           const struct sw_field *field, void *into);
bool sw_secret_is_verifier(const struct sw_secret *secret);
/* A fault if it stands in both places. */
void sw_secret_check_source(struct sw_reader *reader, const struct sw_secret *secret);
/* ... or cannot be what somebody logs in to us with, by @auth. */
void sw_secret_check_login(struct sw_reader *reader, const struct sw_secret *secret,
                           enum sw_config_auth auth);
/* A node of the document by its number in a sequence or mapping. */
const yaml_node_t *sw_reader_node(struct sw_reader *reader, int index);
/* null, ~ or nothing, without quotes. */
bool sw_reader_is_null(const yaml_node_t *node);

/* The digits at @text as a number of at most nine digits; returns where they end, or NULL. */
const char *sw_reader_digits(const char *text, int *number);

/* The path of a file that the configuration names: beside the configuration. Its arena's. */
const char *sw_reader_beside(struct sw_reader *reader, const char *name);

/* Field readers of the sections. */
void sw_read_listen(struct sw_reader *reader, const struct sw_entry *entry,
                    const struct sw_field *field, void *into);
void sw_read_http(struct sw_reader *reader, const struct sw_entry *entry,
                  const struct sw_field *field, void *into);
/* "127.0.0.1:6432" or "[::1]:6432"; a fault of @key, and nothing changed, if it is neither. */
void sw_reader_listen(struct sw_reader *reader, const struct sw_entry *entry, const char *key,
                      const char **address, int *port);
void sw_read_hba(struct sw_reader *reader, const struct sw_entry *entry,
                 const struct sw_field *field, void *into);
void sw_read_unix_socket(struct sw_reader *reader, const struct sw_entry *entry,
                         const struct sw_field *field, void *into);
void sw_read_admin(struct sw_reader *reader, const struct sw_entry *entry,
                   const struct sw_field *field, void *into);
void sw_read_log(struct sw_reader *reader, const struct sw_entry *entry,
                 const struct sw_field *field, void *into);
void sw_read_tls(struct sw_reader *reader, const struct sw_entry *entry,
                 const struct sw_field *field, void *into);
void sw_read_node_tls(struct sw_reader *reader, const struct sw_entry *entry,
                      const struct sw_field *field,
                      void *into); /* const struct sw_tls_client * */
void sw_read_address(struct sw_reader *reader, const struct sw_entry *entry,
                     const struct sw_field *field, void *into);
void sw_read_clusters(struct sw_reader *reader, const struct sw_entry *entry,
                      const struct sw_field *field, void *into);
extern const struct sw_config_reads sw_default_reads;
void sw_read_reads(struct sw_reader *reader, const struct sw_entry *entry,
                   const struct sw_field *field, void *into); /* of a sw_config_cluster */
void sw_read_read_mode(struct sw_reader *reader, const struct sw_entry *entry,
                       const struct sw_field *field, void *into); /* enum sw_read_mode */
/* Of a user who may read on replicas: a fault if there can be none for it. */
void sw_check_reads(struct sw_reader *reader, const struct sw_entry *entry,
                    const struct sw_config_user *user);
void sw_read_promotion(struct sw_reader *reader, const struct sw_entry *entry,
                       const struct sw_field *field, void *into); /* of a sw_config_cluster */
/* What holds without a word in the file. */
void sw_promotion_init(struct sw_config_promotion *promotion);
/* A fault at @at of a managed cluster that cannot be. */
void sw_promotion_check(struct sw_reader *reader, const yaml_node_t *at,
                        const struct sw_config_cluster *cluster);
void sw_read_cluster_name(struct sw_reader *reader, const struct sw_entry *entry,
                          const struct sw_field *field, void *into); /* int: index, or -1 */
void sw_read_auth(struct sw_reader *reader, const struct sw_entry *entry,
                  const struct sw_field *field, void *into); /* of a sw_config */
void sw_read_users(struct sw_reader *reader, const struct sw_entry *entry,
                   const struct sw_field *field, void *into);
void sw_read_auth_query(struct sw_reader *reader, const struct sw_entry *entry,
                        const struct sw_field *field, void *into);
/* Of a secret that shardward logs in to servers with. */
void sw_check_server_password(struct sw_reader *reader, const struct sw_secret *secret);
void sw_read_control(struct sw_reader *reader, const struct sw_entry *entry,
                     const struct sw_field *field, void *into); /* of a sw_config_cluster */
void sw_read_databases(struct sw_reader *reader, const struct sw_entry *entry,
                       const struct sw_field *field, void *into);
void sw_read_functions(struct sw_reader *reader, const struct sw_entry *entry,
                       const struct sw_field *field, void *into); /* of a sw_config_business */
/* The index of the placement that is named, among those of the business at hand; or -1. */
int sw_read_placement_name(struct sw_reader *reader, const struct sw_entry *entry);
void sw_read_placements(struct sw_reader *reader, const struct sw_entry *entry,
                        const struct sw_field *field, void *into);

/* The user of the operating system of that name; false: there is none, and *user is untouched.
 */
/* @what, that stands at @at, needs clients who show certificates. */
void sw_check_cert(struct sw_reader *reader, const yaml_node_t *at, const char *what);
bool sw_account_find(const char *name, uid_t *user);

/* The bytes of the file at @path with a zero byte behind them, from the heap; NULL: *why says
 * what is wrong. At most @most bytes. */
char *sw_file_read(const char *path, size_t most, size_t *len, const char **why);

#endif
