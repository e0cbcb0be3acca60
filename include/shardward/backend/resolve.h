/*
 * resolve - the addresses of a host's name, looked up without holding anybody up.
 *
 * getaddrinfo(3) takes as long as name servers let it, half a minute by default, and cannot be
 * ended. So a thread of its own asks, one for a name at a time, and goes on when whoever wanted
 * to know has given up; who wants to know the same meanwhile waits for the same.
 *
 * Where name servers fail, or are late, what they have said last holds: connections that could
 * be opened then still can. What is known of names is the process's, and never forgotten, but
 * for names of which a server says that there are none.
 */
#ifndef SW_BACKEND_RESOLVE_H
#define SW_BACKEND_RESOLVE_H

#include "shardward/base/error.h"

struct sw_resolve;

enum sw_resolved { SW_RESOLVE_GOES_ON, SW_RESOLVE_FOUND, SW_RESOLVE_FAILED };

/* After so long, what was known before is good enough. */
enum { SW_RESOLVE_LATE_MS = 150 };

/* Is it a name, and neither a numeric address nor the directory of a socket? */
bool sw_resolve_is_name(const char *host);
/* From any thread. Never waits. */
struct sw_resolve *sw_resolve_begin(const char *host);
/* Readable once nothing more will be learned. */
int sw_resolve_fd(const struct sw_resolve *resolve);
/* FOUND: *addresses is one or several numeric ones, parted by commas; free() it. FAILED: 08006.
 * Ask again when the descriptor is readable, and SW_RESOLVE_LATE_MS after it has begun. */
enum sw_resolved sw_resolve_look(const struct sw_resolve *resolve, char **addresses,
                                 struct sw_error *err);
/* Accepts NULL. */
void sw_resolve_end(struct sw_resolve *resolve);

#endif
