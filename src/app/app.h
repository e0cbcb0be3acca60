/*
 * The files of this room: main.c reads the command line; run.c is the control thread, worker.c
 * a worker, spread.c chooses between them; offline.c answers from the configuration alone.
 */
#ifndef SW_APP_APP_H
#define SW_APP_APP_H

#include "shardward/topology/map.h"

/* Exit codes: 0 done, 1 the configuration or the question is at fault, 2 the command line is.
 */

/* The map of the file at @path, or NULL: its faults have been printed as file:line:column. */
struct sw_map *sw_app_read_map(const char *path);

int sw_app_run(const char *path);
int sw_app_check(const char *path);
/* @database NULL: the only one of the file. */
int sw_app_explain(const char *path, const char *database, const char *sql);
/* @keys: a value for each column of the table's key. */
int sw_app_locate(const char *path, const char *database, const char *table,
                  const char *const *keys, int key_count);

#endif
