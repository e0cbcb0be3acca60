/*
 * sql - the SQL that is built into the program; tools/embed-sql makes sql.c of the files.
 */
#ifndef SW_CATALOG_SQL_H
#define SW_CATALOG_SQL_H

extern const char sw_sql_reading[];  /* reading.sql */
extern const char sw_sql_accepted[]; /* accepted.sql */
extern const char sw_sql_journal[];  /* journal.sql */

extern const char sw_sql_control[];        /* sql/control/control.sql */
extern const char sw_sql_control_rights[]; /* control_rights.sql */

/* A file of sql/shardward/. */
struct sw_migration {
    int version; /* from 1, without a gap */
    const char *name, *sql;
};

extern const struct sw_migration sw_migrations[];
extern const int sw_migration_count;

#endif
