/*
 * schema - what one PostgreSQL database really holds: tables, columns, constraints, functions.
 *
 * It is read from a text: one line per object, cells separated by tabs, written as COPY writes
 * text (\\ \t \n \r, \N for NULL). The first cell names the kind of the object; a table stands
 * before what belongs to it. Lists of names are comma-separated, quoted as quote_ident() does.
 *
 *     table       schema, name, kind, row security, rules, foreign descendant
 *
 *     column      schema, table, name, type oid, base type's oid, type, typmod, collation,
 *                 is deterministic, not null, default, identity, generated, sequence
 *
 *     constraint  schema, table, name, kind (p u x i f c), columns, definition, and of a
 *                 foreign key: schema, table, columns referred to
 *
 *     index       schema, table, schema, name; those of partitions and heirs stand under each
 *                 of their ancestors too
 *
 *     sequence    schema, table, schema, name; NULL for the table: nobody owns it
 *
 *     partition   schema, table, schema, name; heirs, and partitions of partitions, too
 *
 *     trigger     schema, table, name, function's schema, function, definition
 *
 *     use         schema, table, purpose, function's schema, function, volatility, extension
 *
 *     function    schema, name, argument types, how many, how many defaults, variadic,
 *                 volatility, language, extension, bears the name of one of pg_catalog
 *
 *     operator    schema, name, function's schema, function, volatility, extension
 *
 *     cast        from, to, function's schema, function, volatility, extension
 *
 *     type        schema, name, oid, is of a table's row, oid of that table, shape (p a c r m,
 *                 see sw_shape_kind), oid of what a range is of; the last three may be missing
 *
 *     installed   version of schema shardward, version of the map accepted
 *
 *     accepted    what, its text (see accepted.h)
 *
 *     ddl         id, when, the shards that took part, tables, changes rows, statement,
 *                 age (n f o)
 *
 * Views, functions ... of pg_catalog and information_schema are left out, unless somebody has
 * put them there.
 */
#ifndef SW_TOPOLOGY_SCHEMA_H
#define SW_TOPOLOGY_SCHEMA_H

#include "shardward/base/arena.h"
#include "shardward/base/buf.h"
#include "shardward/base/error.h"
#include "shardward/base/oidmap.h"
#include "shardward/base/textmap.h"

#include <stdint.h>

/* PostgreSQL docs, "pg_class", relkind. */
enum sw_table_kind {
    SW_TABLE_ORDINARY,
    SW_TABLE_PARTITIONED,
    SW_TABLE_VIEW,
    SW_TABLE_MATERIALIZED_VIEW,
    SW_TABLE_FOREIGN,
};

struct sw_schema_column {
    const char *name;
    uint32_t type_oid;     /* in a catalog: as the catalog database has it, if it has it */
    uint32_t base_oid;     /* of what a domain is made of in the end; else type_oid */
    const char *type;      /* as format_type() writes it: "character varying(20)" */
    int typmod;            /* PostgreSQL's own encoding; -1: none */
    const char *collation; /* "schema.name"; NULL: the type has none */
    bool is_deterministic; /* the collation; true without one */
    bool is_not_null;
    const char *default_text;     /* the expression, also of a generated column; NULL: none */
    const char *default_sequence; /* "schema.name", if the default is its nextval(), or the
                                     column has an identity */
    char identity;                /* '\0', 'a' always, 'd' by default */
    bool is_generated;
};

enum sw_constraint_kind {
    SW_CONSTRAINT_PRIMARY,
    SW_CONSTRAINT_UNIQUE,
    SW_CONSTRAINT_EXCLUSION,
    SW_CONSTRAINT_UNIQUE_INDEX, /* without a constraint */
    SW_CONSTRAINT_FOREIGN,
    SW_CONSTRAINT_CHECK,
};

struct sw_schema_constraint {
    enum sw_constraint_kind kind;
    const char *name;
    const char *const *columns; /* FOREIGN: that refer. PRIMARY to UNIQUE_INDEX: that are equal
                                   in any two rows in conflict (no expressions) */
    int column_count;
    const char *definition;
    const char *other_schema, *other_table; /* of FOREIGN */
    const char *const *other_columns;       /* as many as columns */
};

enum sw_part_kind {
    SW_PART_INDEX,    /* of the table, or of a partition or heir */
    SW_PART_SEQUENCE, /* owned by a column */
    SW_PART_TABLE,    /* a partition or heir, or one of those */
};

/* What bears a name of its own: where it is to be looked for, and no part of what must be
 * alike. */
struct sw_schema_part {
    enum sw_part_kind kind;
    const char *schema, *name;
};

/* A trigger of the user's, enabled, also one of a partition or an heir. */
struct sw_schema_trigger {
    const char *name, *function_schema, *function, *definition;
};

enum sw_volatility { SW_IMMUTABLE, SW_STABLE, SW_VOLATILE };

/* A function of the user's that PostgreSQL calls when the table is written: in a default, a
 * check, an index. */
struct sw_schema_use {
    const char *purpose, *function_schema, *function;
    enum sw_volatility volatility;
    const char *extension; /* that the function belongs to; NULL: none */
};

struct sw_schema_table {
    const char *schema, *name;
    enum sw_table_kind kind;
    bool has_row_security;
    const char *rules;                /* names; "": none */
    const char *foreign_descendant;   /* a partition or heir that is a foreign table; NULL: none
                                       */
    struct sw_schema_column *columns; /* in their order, dropped ones left out */
    int column_count;
    const struct sw_schema_constraint *constraints;
    int constraint_count;
    const struct sw_schema_part *parts;
    int part_count;
    const struct sw_schema_trigger *triggers;
    int trigger_count;
    const struct sw_schema_use *uses;
    int use_count;
};

struct sw_schema_function {
    const char *schema, *name;
    const char *arguments; /* their types, as "bigint, text" */
    int argument_count, default_count;
    bool is_variadic;
    enum sw_volatility volatility;
    const char *language;
    const char *extension; /* NULL: none */
    bool is_lookalike;     /* pg_catalog has a function of that name */
};

struct sw_schema_operator {
    const char *schema, *name, *function_schema, *function;
    enum sw_volatility volatility;
    const char *extension;
};

struct sw_schema_cast {
    const char *from, *to, *function_schema, *function;
    enum sw_volatility volatility;
    const char *extension;
};

struct sw_schema_type {
    const char *schema, *name;
    uint32_t oid;
    bool is_row; /* the type of a table's rows, or an array of them */
    uint32_t
        table_oid; /* of the table, or composite, whose rows it has; 0: none, or not said */
    struct sw_shape shape;
};

/* What decides where rows live, as it was when rows were put there (see accepted.h). */
struct sw_accepted {
    const char *what, *text;
};

enum sw_note_age {
    SW_NOTE_NEW,      /* nobody has seen yet that all of its places have it */
    SW_NOTE_FINISHED, /* all had it */
    SW_NOTE_OLD,      /* all had it a month ago: it may be missing by now */
};

/* A change of the schema that was made through shardward, as this database has noted it. */
struct sw_schema_ddl {
    const char *id, *at;
    const char *const *places; /* names of shards; "catalog" */
    int place_count;
    const char *const *tables; /* "schema.name" */
    int table_count;
    bool changes_rows; /* tables of equal shape may hold other rows without it */
    const char *statement;
    enum sw_note_age age;
};

struct sw_schema {
    struct sw_arena arena;
    struct sw_schema_table *tables;
    const struct sw_schema_part *sequences; /* that no table owns */
    int table_count, sequence_count;
    struct sw_textmap by_name; /* "schema.name" -> struct sw_schema_table */
    const struct sw_schema_function *functions;
    int function_count;
    const struct sw_schema_operator *operators;
    int operator_count;
    const struct sw_schema_cast *casts;
    int cast_count;
    const struct sw_schema_type *types;
    int type_count;
    int installed;   /* version of schema shardward; 0: it is not there */
    int map_version; /* 0: no map has been accepted */
    const struct sw_accepted *accepted;
    int accepted_count;
    const struct sw_schema_ddl *ddl; /* in the order of time */
    int ddl_count;
};

/* Read a text of @len bytes. NULL: 22P02, with the number of the line that cannot be read. */
struct sw_schema *sw_schema_read(const char *text, size_t len, struct sw_error *err);
void sw_schema_free(struct sw_schema *schema);

/* NULL when there is no such thing. */
const struct sw_schema_table *sw_schema_find(const struct sw_schema *schema,
                                             const char *table_schema, const char *table);
int sw_schema_column_index(const struct sw_schema_table *table, const char *name); /* or -1 */

/* How the default of a column numbers rows. */
enum sw_numbering {
    SW_NUMBERING_NONE, /* it does not */
    SW_NUMBERING_IDENTITY,
    SW_NUMBERING_NEXTVAL, /* nextval() of a sequence, and nothing besides */
    SW_NUMBERING_NEXT_ID, /* shardward.next_id() of a literal, and nothing besides */
    SW_NUMBERING_ODD,     /* by a sequence, but not so plainly, or not as an integer */
};

enum sw_numbering sw_schema_numbering(const struct sw_schema_column *column);

/* Append @text as one cell of a line; NULL is \N. */
void sw_schema_write_cell(struct sw_buf *out, const char *text);

/* How much of a table sw_schema_describe() shows. */
enum sw_schema_depth {
    SW_SCHEMA_SHAPE, /* kind, columns, constraints: what the catalog database must have too */
    SW_SCHEMA_WHOLE, /* and what happens on the way: triggers, rules, row security */
};

/* One line for each thing that must be alike on all shards. */
void sw_schema_describe(const struct sw_schema_table *table, enum sw_schema_depth depth,
                        struct sw_buf *out);

#endif
