/*
 * census - how many clients of each user and each database are logged in, over all workers.
 */
#ifndef SW_SESSION_CENSUS_H
#define SW_SESSION_CENSUS_H

#include "shardward/topology/map.h"

struct sw_census;

struct sw_census *sw_census_create(void);
void sw_census_free(struct sw_census *census); /* all have left; accepts NULL */

/* A client is logged in, by the names of user and database; sw_census_leave() follows. False:
 * one of them has as many as it may have (53300, in PostgreSQL's words). From any thread. */
bool sw_census_enter(struct sw_census *census, const char *user, int user_limit,
                     const struct sw_database *database, struct sw_error *err);
void sw_census_leave(struct sw_census *census, const char *user, const char *database);

#endif
