/*
 * install - puts schema shardward on every shard and catalog database, and accepts maps.
 *
 * Its SQL is built into the program: files numbered from 1, each run once, in a transaction
 * with the note that it was. Running it again changes nothing; an older schema is brought up to
 * date. What is done and found is told line by line.
 */
#ifndef SW_CATALOG_INSTALL_H
#define SW_CATALOG_INSTALL_H

#include "shardward/topology/map.h"

#include <stdio.h>

enum sw_install_mode {
    SW_INSTALL, /* accept a map where none was, and what is new in it; no change */
    SW_ACCEPT,  /* accept the map whatever it changes */
};

/* Install, then accept @map, on all its shards; what one shard refuses does not keep the others
 * from it. False: some shard is not as it should be; @out says why. */
bool sw_install(const struct sw_map *map, enum sw_install_mode mode, FILE *out);

/* What a cluster with failover: managed keeps in its control database; also what its control
 * user may not do there. sw_install() does it for all such clusters. */
bool sw_install_control(const struct sw_cluster *cluster, FILE *out);

/* What the control user of a cluster with failover lacks to watch its nodes and follow its
 * primary: each as a statement for a superuser. sw_install() tells it, too. False: 08006, 25006
 * or what the server says. */
bool sw_watching_rights(const struct sw_cluster *cluster,
                        void (*on_missing)(void *owner, const char *statement), void *owner,
                        struct sw_error *err);

/* The SQL that brings any database up to date, for people to run. */
void sw_install_print(FILE *out);

#endif
