/*
 * The files of this room: main.c reads the command line; run.c is the control thread, reload.c
 * its new configurations, notify.c what it tells systemd; worker.c a worker, spread.c chooses
 * between them; offline.c answers from the configuration alone; switches.c has the
 * catalog read anew behind a failover; schema.c installs on servers, and saves what they hold.
 */
#ifndef SW_APP_APP_H
#define SW_APP_APP_H

#include "shardward/topology/map.h"

/* Exit codes: 0 done, 1 the configuration or the question is at fault, 2 the command line is.
 */

/* The map of the file at @path, or NULL: its faults have been printed as file:line:column. */
struct sw_map *sw_app_read_map(const char *path);

int sw_app_run(const char *path);
/* Put schema shardward on all shards, and accept the map; also its changes if @accepts_changes.
 */
int sw_app_install(const char *path, bool accepts_changes);
int sw_app_print_install(void);
/* Finish DDL that a crash has left on some of its shards. */
int sw_app_repair(const char *path);
/* Print what all shards hold, as a file for --catalog. */
int sw_app_save_catalog(const char *path);
/* @is_online: also what the shards say. Warnings do not change the exit code. */
int sw_app_check(const char *path, bool is_online);
/* @database NULL: the only one of the file. */
/* @catalog_path: what the shards hold, as saved; NULL: unknown. */
int sw_app_explain(const char *path, const char *catalog_path, const char *database,
                   const char *sql);
/* @keys: a value for each column of the table's key. */
int sw_app_locate(const char *path, const char *database, const char *table,
                  const char *const *keys, int key_count);

#endif
