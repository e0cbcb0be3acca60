/*
 * prepared - a statement that a client prepared, as servers know it.
 *
 * A named statement's name on servers is a hash of all that gives it its meaning (text,
 * parameter types, search_path, role), so that clients share what a server has parsed and a
 * server that lacks it is sent a Parse on the way. An unnamed statement is unnamed on servers
 * too. Immutable but for its count and what is learned of it; one thread.
 */
#ifndef SW_BACKEND_PREPARED_H
#define SW_BACKEND_PREPARED_H

#include <stdbool.h>
#include <stdint.h>

enum { SW_PREPARED_NAME = 40 };

struct sw_prepared {
    int refs;
    /* "sw_" and 32 hexadecimal digits; empty of an unnamed statement. */
    char server_name[SW_PREPARED_NAME];
    char *query;
    uint32_t *types; /* OIDs as the client declared them */
    int type_count;
    /* A named one that a server must have to run this one: of EXECUTE, which names it. NULL:
     * none. Shared. */
    struct sw_prepared *needs;
    uint32_t *learned; /* OIDs of its parameters as the client was told them; NULL: never */
    int learned_count;
    bool is_fetch;  /* what it gives is what the cursor gives that has its name then */
    bool is_cursor; /* not for servers: a portal that DECLARE has made */
};

/* @scope: whatever else gives the text its meaning. One reference. */
struct sw_prepared *sw_prepared_create(const char *query, const uint32_t *types, int type_count,
                                       const char *scope);
struct sw_prepared *sw_prepared_create_unnamed(const char *query, const uint32_t *types,
                                               int type_count);
/* An unnamed statement without parameters that names @needs in its text. */
struct sw_prepared *sw_prepared_create_naming(const char *query, struct sw_prepared *needs);
/* A server has told the types of its parameters, which are copied. */
void sw_prepared_learn(struct sw_prepared *prepared, const uint32_t *types, int count);
struct sw_prepared *sw_prepared_ref(struct sw_prepared *prepared);
void sw_prepared_unref(struct sw_prepared *prepared); /* accepts NULL */

#endif
