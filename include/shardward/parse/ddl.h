/*
 * ddl - the facts about a statement that changes the schema, or keeps it in order.
 *
 * Which objects it names and what becomes of them. A table can be looked up in the map; an
 * index or a sequence only in the catalog, which knows its table; what belongs to no table
 * (types, schemas, extensions) is everywhere.
 */
#ifndef SW_PARSE_DDL_H
#define SW_PARSE_DDL_H

#include <stdbool.h>

enum sw_object_kind {
    SW_OBJECT_TABLE,
    SW_OBJECT_INDEX,
    SW_OBJECT_SEQUENCE,
    SW_OBJECT_SHARED, /* type, domain, extension: of no table */
    SW_OBJECT_SCHEMA, /* of no table either; `name` is its name */
    SW_OBJECT_ALL,    /* every table there is: VACUUM without a name; of a schema if one is
                         given: GRANT ... ON ALL TABLES IN SCHEMA */
};

enum sw_object_use {
    SW_OBJECT_MADE,
    SW_OBJECT_CHANGED,
    SW_OBJECT_RENAMED, /* or moved to another schema */
    SW_OBJECT_DROPPED,
    SW_OBJECT_NAMED, /* REFERENCES, LIKE, INHERITS, PARTITION OF */
};

struct sw_object {
    enum sw_object_kind kind;
    enum sw_object_use use;
    const char *schema; /* NULL: not qualified */
    const char *name;
    int partition_of; /* the object of the partitioned table, which it follows; -1: none */
};

enum sw_ddl_column_use {
    SW_DDL_COLUMN_MADE,
    SW_DDL_COLUMN_NUMBERED, /* given an identity, or a default that calls nextval() */
    SW_DDL_COLUMN_RETYPED,
    SW_DDL_COLUMN_RENAMED,
    SW_DDL_COLUMN_DROPPED,
};

struct sw_ddl_column {
    int object; /* the table */
    enum sw_ddl_column_use use;
    const char *name;
    bool is_numbered; /* of MADE: serial, identity, or a default that calls nextval() */
};

/* UNIQUE, PRIMARY KEY, EXCLUDE, or a unique index. */
struct sw_ddl_unique {
    int object;                 /* the table */
    const char *const *columns; /* compared for equality; expressions are left out */
    int column_count;
};

struct sw_ddl {
    const char *command; /* PostgreSQL's command tag: "ALTER TABLE" */
    const struct sw_object *objects;
    int object_count;
    const struct sw_ddl_column *columns;
    int column_count;
    const struct sw_ddl_unique *uniques;
    int unique_count;
    const char *new_name;   /* of RENAME; else NULL, also of SET SCHEMA */
    const char *index_name; /* of CREATE INDEX; NULL: PostgreSQL chooses one */
    bool inherits;          /* INHERIT, ATTACH PARTITION and their kin: what one table becomes
                               of another */
    bool calls_nextval;
    bool is_outside;    /* runs in no transaction block: CREATE INDEX CONCURRENTLY, VACUUM */
    bool is_upkeep;     /* leaves the schema as it is: VACUUM, ANALYZE, REINDEX, TRUNCATE */
    bool is_unlogged;   /* makes what a standby never has rows of: UNLOGGED */
    bool if_exists;     /* IF EXISTS: of DROP and ALTER, for all objects */
    bool is_listed;     /* CREATE TABLE whose columns all stand in it: no LIKE, INHERITS, OF */
    bool changes_rows;  /* what the shape of a table does not show: other rows or values are
                           in it, or come to it: TRUNCATE, another type, partitions that come
                           and go, other numbers to be drawn */
    bool fills_columns; /* writes values into rows that are there, one moment or user for all:
                           ADD COLUMN ... DEFAULT now() */
    bool fills_by_chance; /* ... or another one for each: DEFAULT random() */
};

#endif
