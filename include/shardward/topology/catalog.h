/*
 * catalog - what the shards really hold, compared: an immutable picture, counted.
 *
 * It is built for one map, of what was read from the map's shards, and says for each declared
 * table what it looks like and why it may not be touched. Counts may change from any thread.
 * Whoever has a table of the map finds its facts by name: a catalog may be older or newer than
 * the map in use.
 */
#ifndef SW_TOPOLOGY_CATALOG_H
#define SW_TOPOLOGY_CATALOG_H

#include "shardward/topology/map.h"
#include "shardward/topology/schema.h"

#include <stdatomic.h>

/* A reason to refuse statements, in the words the client shall read. */
struct sw_block {
    const char *sqlstate;                /* 0A000; 57P03 for what is not known yet */
    const char *message, *detail, *hint; /* detail and hint: NULL if there is none */
};

struct sw_catalog_table {
    const char *schema, *name;
    const struct sw_schema_table *facts; /* as the first shard has it that was read and has it,
                                            or else the catalog database; NULL: nobody was read
                                          */
    const struct sw_block *block;        /* no statement may touch it; NULL: may be read */
    const struct sw_block *write_block;  /* nor write it; NULL: may be written */
};

/* A declared table that two places have in different shapes. */
struct sw_difference {
    const char *table;                    /* "schema.name" */
    const char *left_shard, *left_text;   /* the first line that differs; NULL: there is no */
    const char *right_shard, *right_text; /* such line here; for both a part of the table */
};

/* A change of the schema that some of its shards have made, and others not: the process that
 * made it died between their commits. */
struct sw_unfinished_ddl {
    const struct sw_schema_ddl *note;
    const char *made_on, *missing_on; /* "orders_0, orders_1" */
};

/*
 * What is to be done to a note of finished DDL on one of its shards. It is marked when all have
 * it. A month later it is deleted, if all that have it say that it is so old: whoever finds it
 * on some shards only must find by its age that it is being deleted.
 */
struct sw_note_due {
    const char *id;
    int shard_id;
    bool is_old; /* to be deleted; else to be marked */
};

/* An index, a sequence, a partition: to which table it belongs. Or a table of no rule. */
struct sw_catalog_part {
    enum sw_part_kind kind;
    const char *schema, *table; /* a declared one, if there is one; NULL: of no table */
    const char *business; /* of that table, or on whose shards it was found; NULL: on none */
    bool is_ambiguous;    /* another business has something of that name, too */
};

struct sw_catalog_functions {
    const struct sw_schema_function **functions; /* of one name, each overload once */
    int count;
};

struct sw_catalog_shard {
    const char *name;
    bool is_read;
    const char *why_not;      /* if it is not read, or was not read again */
    bool is_installed;        /* it has schema shardward */
    struct sw_oid_map *types; /* NULL: it calls them as the catalog database does. Owned */
};

struct sw_catalog_database {
    const char *name;
    struct sw_textmap tables; /* "schema.name" -> const struct sw_catalog_table: every declared
                                 one */
    struct sw_textmap functions; /* name -> struct sw_catalog_functions: the user's, of all
                                    shards; what is immutable included */
    struct sw_textmap parts;     /* "schema.name" -> struct sw_catalog_part: of all shards */
    struct sw_textmap shards;    /* name -> struct sw_catalog_shard; "catalog" too */
    const struct sw_difference *differences;
    int difference_count;
    const struct sw_unfinished_ddl *unfinished;
    int unfinished_count;
    const struct sw_note_due *due;
    int due_count;  /* 0 if there is a conflict */
    bool has_types; /* some shard has types of its own to translate */
};

struct sw_catalog {
    atomic_int refs;
    int version;
    struct sw_map *map; /* that it was built for; shared */
    uint64_t digest;    /* of what was read */
    bool has_conflict;  /* a shard has accepted another map: */
    struct sw_error conflict;
    struct sw_arena arena;
    struct sw_schema **schemas; /* what was read, by shard id of the map; NULL: not read */
    int schema_count;
    struct sw_catalog_database *databases;
    int database_count;
};

/* What was read from one shard, borrowed for the call. */
struct sw_shard_reading {
    const char *text; /* see schema.h; NULL: the shard was not read */
    size_t len;
    const char *why_not; /* it should have been read; NULL: nobody may read it, and what is said
                            of its tables is taken on trust */
};

/*
 * Compare @readings, one for each shard id of @map (shared), and build version @version. A text
 * that cannot be understood counts as a shard that was not read. One reference.
 */
struct sw_catalog *sw_catalog_build(struct sw_map *map, const struct sw_shard_reading *readings,
                                    int version);

/*
 * The same from a saved file of @len bytes: before the lines of each shard stands a line
 * "shard", database, shard; cells are separated by tabs. NULL: 22P02, and the line.
 */
struct sw_catalog *sw_catalog_read(struct sw_map *map, const char *text, size_t len,
                                   struct sw_error *err);

/* Write what was read from the shards of @database as a part of such a file. */
void sw_catalog_write_database(const struct sw_database *database,
                               const struct sw_shard_reading *readings, struct sw_buf *out);

/* Do two catalogs say the same, apart from their versions? */
bool sw_catalog_is_like(const struct sw_catalog *a, const struct sw_catalog *b);

/* Have all shards that were read accepted the map? False: 55000, and what differs. */
bool sw_catalog_allows(const struct sw_catalog *catalog, struct sw_error *err);

struct sw_catalog *sw_catalog_ref(const struct sw_catalog *catalog);
void sw_catalog_unref(const struct sw_catalog *catalog);

/* NULL when there is no such thing. */
const struct sw_catalog_database *sw_catalog_database(const struct sw_catalog *catalog,
                                                      const char *name);
const struct sw_catalog_table *sw_catalog_table(const struct sw_catalog_database *database,
                                                const char *schema, const char *name);
const struct sw_catalog_part *sw_catalog_part(const struct sw_catalog_database *database,
                                              const char *schema, const char *name);
/* Were all shards read, and the catalog database? If not, what is not found may be there. */
bool sw_catalog_is_whole(const struct sw_catalog_database *database);
/* What @shard calls the types of the catalog database; NULL: nothing to translate. Borrowed. */
struct sw_oid_map *sw_catalog_types(const struct sw_catalog_database *database,
                                    const struct sw_shard *shard);

/* Do all functions of that extension look at nothing but their arguments? NULL is none. */
bool sw_extension_is_pure(const char *extension);

#endif
