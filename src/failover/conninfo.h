/*
 * conninfo - how a standby is told whom to follow: its own primary_conninfo with another host,
 * so that user, password and TLS stay what an operator has made them.
 *
 * A standby that follows nobody keeps them in the same place, with a host that cannot be: so
 * that nothing is lost when we crash between taking it from one primary and giving it to
 * another, and nobody but who may read primary_conninfo sees a password.
 */
#ifndef SW_FAILOVER_CONNINFO_H
#define SW_FAILOVER_CONNINFO_H

#include "shardward/topology/map.h"

/* @conninfo that leads nowhere, or to @to as @name; free() it. NULL: it cannot be read, or is
 * empty: nothing is known of how the node logs in. */
char *sw_conninfo_detach(const char *conninfo);
char *sw_conninfo_follow(const char *conninfo, const struct sw_node *to, const char *name);
bool sw_conninfo_is_detached(const char *conninfo);
/* Does it lead to @to, as @name? */
bool sw_conninfo_follows(const char *conninfo, const struct sw_node *to, const char *name);

#endif
